//! What every check of a command reads, and how it says no. Not here: which checks there are.

use super::{CommandCode, Context, Refusal};
use crate::facts::FactBody;
use crate::facts::values::{CustomerPerson, Window};
use crate::lifecycle::view::OrderView;
use crate::reference::Translated;

/// What every check reads.
pub(super) struct Desk<'a> {
    pub(super) view: &'a OrderView,
    pub(super) context: &'a Context,
    pub(super) code: CommandCode,
}

/// A body with the customer's person whose promise it records.
pub(super) type Made = (FactBody, Option<CustomerPerson>);

impl Desk<'_> {
    pub(super) fn refuse<T>(&self, code: &'static str) -> Result<T, Refusal> {
        Err(Refusal { code, field: None, command: self.code, from: self.view.state, about: None })
    }

    pub(super) fn refuse_about<T>(&self, code: &'static str, about: &Translated) -> Result<T, Refusal> {
        let about = Some(about.clone());
        Err(Refusal { code, field: None, command: self.code, from: self.view.state, about })
    }

    pub(super) fn wrong<T>(&self, code: &'static str, field: &'static str) -> Result<T, Refusal> {
        Err(Refusal { code, field: Some(field), command: self.code, from: self.view.state, about: None })
    }

    /// Text that a person must fill in.
    pub(super) fn text(&self, field: &'static str, text: &str) -> Result<String, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return self.wrong("missing_field", field);
        }
        self.short(field, text)
    }

    /// Text that he may leave out; blank is absent.
    pub(super) fn optional(&self, field: &'static str, text: Option<&str>) -> Result<Option<String>, Refusal> {
        text.map(str::trim).filter(|text| !text.is_empty()).map(|text| self.short(field, text)).transpose()
    }

    pub(super) fn short(&self, field: &'static str, text: &str) -> Result<String, Refusal> {
        if text.len() > crate::limits::TEXT_BYTES_MAX {
            return self.wrong("too_long", field);
        }
        Ok(text.to_owned())
    }

    pub(super) fn window(&self, field: &'static str, window: Window) -> Result<Window, Refusal> {
        if window.to < window.from {
            return self.wrong("window_reversed", field);
        }
        Ok(window)
    }
}
