//! What a field means to the person who fills it in: its name, its unit, and which facts it can be about.

use super::read::{FieldType, FormField};
use crate::facts::FactKind;
use crate::lifecycle::messages::{Language, coded};

/// Facts by which something is charged or done.
const LINES: &[FactKind] = &[FactKind::RecordLine, FactKind::ReplaceLine];

impl FormField {
    /// Its name in words.
    #[must_use]
    pub fn text(&self, language: Language) -> &'static str {
        let name = match (self.name, &self.field_type) {
            ("from", FieldType::Time) => "window_from",
            ("to", FieldType::Time) => "window_to",
            ("from", FieldType::Id(_)) => "giver",
            ("customer", FieldType::Id(_)) => "customer_record",
            ("unit", FieldType::Id(_)) => "unit_record",
            (name, _) => name,
        };
        coded("field", name, language)
    }

    /// The unit of its number; absent where the number has none, or another field names it.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        match self.name {
            "permille" => Some("\u{2030}"),
            "accuracy_m" => Some("m"),
            _ => None,
        }
    }

    /// The greatest number that makes sense, where its type would take more.
    #[must_use]
    pub fn most(&self) -> Option<i64> {
        (self.name == "permille").then_some(1_000)
    }

    /// The kinds of facts that it can name; empty where any will do, or it names none.
    #[must_use]
    pub fn facts(&self) -> &'static [FactKind] {
        match self.name {
            "cancel" => &[FactKind::CancelByOffice, FactKind::CancelByCustomer],
            "close" => &[FactKind::Close],
            "collected" => &[FactKind::CollectCash],
            "complaint" => &[FactKind::OpenComplaint],
            "custody" => &[FactKind::TakeCustody],
            "hold" => &[FactKind::Hold],
            "invoice" => &[FactKind::Invoice],
            "line" | "lines" => LINES,
            "link" => &[FactKind::LinkDuplicate],
            "quote" => &[FactKind::IssueQuote],
            "request" => &[FactKind::RequestParts, FactKind::Hold],
            "visit" => &[FactKind::Depart, FactKind::Arrive],
            _ => &[],
        }
    }
}
