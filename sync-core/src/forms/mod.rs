//! Forms: checklists and readings of a visit as versioned data (检查表, C-060 to C-070).
//!
//! A form is a JSON file that the office writes and that travels to devices as a reference record. A line that fills
//! in a step names form, version and step; nothing that was recorded is ever refused because of a form. What is
//! lacking is stated with the outcome (`missing`, head field 8) or, where the form says so, asked for before the
//! work can be reported done (C-062).
//!
//! Not here: the facts themselves ([`crate::facts::values::FormEntry`]), and the fold, which reads no form.
//!
//! Schema: `schemas/forms/service-form.schema.json`; what ships lies beside it.

mod check;
mod record;
mod shipped;

use serde::{Deserialize, Serialize};

pub use check::FormError;
pub use record::{FormRecord, StepRecord, StepState, demands, not_warned, refused_step};
pub use shipped::SHIPPED;

use crate::facts::values::{CheckResult, Demand, ServiceClass};
use crate::lifecycle::view::OrderView;
use crate::reference::Translated;

/// One version of a form. Made by [`Form::from_json`], which validates it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Format of the file; this program reads format 1.
    pub format: u32,
    /// Name of the form, which lines record: 1 to 64 of `a-z`, `0-9`, `_`.
    pub code: String,
    /// The form's own version, from 1; a changed form takes the next one.
    pub version: u32,
    /// Title as people read it.
    pub title: Translated,
    /// Orders that it is for.
    #[serde(default)]
    pub applies: Applies,
    /// The steps in the order in which they are shown.
    pub steps: Vec<Step>,
}

/// Orders that a form is for; an empty list is every one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// Skills that the request asks for.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Service classes.
    #[serde(default)]
    pub classes: Vec<ServiceClass>,
}

/// One step of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Name of the step, which lines record; once in a form.
    pub code: String,
    /// What is to be done, as people read it.
    pub title: Translated,
    /// What is filled in.
    pub takes: Takes,
    /// Asked only when an earlier step says so; absent is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// A photo belongs to it: a photo line that names this step.
    #[serde(default)]
    pub photo: bool,
    /// Steps that come before it (C-065).
    #[serde(default)]
    pub after: Vec<String>,
    /// What happens when it is lacking and the work is reported done.
    #[serde(default)]
    pub lacking: Lacking,
    /// The document that is then owed; absent is [`Demand::Record`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<Demand>,
}

/// What a step takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Takes {
    /// In order, at fault, or not applicable.
    Check,
    /// A measured value.
    Reading {
        /// Unit of the value: `kPa`, `Ω`, `°C`, ...
        unit: String,
        /// Least value that is in order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Decimal>,
        /// Greatest value that is in order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Decimal>,
    },
    /// A photo and nothing else.
    Photo,
    /// Words.
    Text,
    /// Who works here together; the author of the line leads (C-050).
    People {
        /// Least number of people, the lead among them: 2 to 16.
        least: u8,
    },
}

/// When a step is asked: one of the three, about an earlier step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The earlier step.
    pub step: String,
    /// Its result is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<CheckResult>,
    /// Its reading is below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Decimal>,
    /// Its reading is above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Decimal>,
}

/// What happens when a step is lacking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    /// Nothing.
    Optional,
    /// The work can be reported done; the record counts as incomplete until it is filed (C-060).
    #[default]
    Flag,
    /// The work cannot be reported done without it (C-062).
    Refuse,
}

/// A decimal number with at most three places, in thousandths; written as text: `"2.5"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(pub i64);

impl Decimal {
    /// Reads `-12.5`: digits, at most 12 before the point and three after it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !plain(whole, 12) || !plain(places, 3) {
            return None;
        }
        let thousandths: i64 = format!("{whole}{places:0<3}").parse().ok()?;
        Some(Self(if negative { thousandths.saturating_neg() } else { thousandths }))
    }
}

impl TryFrom<String> for Decimal {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a decimal number with at most three places, such as \"2.5\"")
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> Self {
        decimal.to_string()
    }
}

impl core::fmt::Display for Decimal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (whole, places) = (self.0.unsigned_abs() / 1_000, self.0.unsigned_abs() % 1_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if places == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{places:03}").trim_end_matches('0'))
    }
}

impl Form {
    /// Reads and validates a form.
    ///
    /// # Errors
    /// Names the first key that is unknown, missing or wrong, and what is wrong there.
    pub fn from_json(json: &[u8]) -> Result<Self, FormError> {
        check::read(json)
    }

    /// The file, as it is stored in a reference record.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether it is for this order.
    #[must_use]
    pub fn is_for(&self, order: &OrderView) -> bool {
        let Some(request) = &order.request else { return false };
        let skill = request.skill.as_deref();
        (self.applies.skills.is_empty() || self.applies.skills.iter().any(|named| Some(named.as_str()) == skill))
            && (self.applies.classes.is_empty() || self.applies.classes.contains(&request.class))
    }

    /// A step by its name.
    #[must_use]
    pub fn step(&self, code: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.code == code)
    }
}

#[cfg(test)]
mod tests;
