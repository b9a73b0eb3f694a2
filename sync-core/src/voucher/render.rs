//! A voucher as text for a terminal. The labels may be in another language than the values: those stay as
//! they were shown to the customer.

use super::labels::{label, text};
use super::{Leaf, Statement, Voucher};
use crate::facts::values::OpinionGrade;
use crate::reference::Language;

impl Voucher {
    /// The voucher with labels in `language`, one field a line.
    #[must_use]
    pub fn render_text(&self, language: Language) -> String {
        let header = &self.header;
        let mut lines = vec![
            format!("{} ({} {})", text("voucher.title", language), header.template, header.template_version),
            format!("{}: {}", label("document", language), header.document),
        ];
        lines.extend(self.leaves.iter().map(|leaf| render_leaf(leaf, language)));
        lines.push(format!("{}: {}", label("fingerprint", language), header.fingerprint));
        lines.push(format!("{}: {}", label("digest", language), self.digest()));
        lines.join("\n")
    }
}

impl Statement {
    /// Who signed, how he is related to the customer, his opinion and the claimed time (UTC).
    #[must_use]
    pub fn render_text(&self, language: Language) -> String {
        let grade = text(grade_key(self.opinion.grade), language);
        let opinion = self
            .opinion
            .text
            .as_ref()
            .map_or_else(|| grade.to_owned(), |words| format!("{grade}: {}", printable(words)));
        let lines = [
            format!("{}: {}", label("signed_by", language), printable(&self.name)),
            format!("{}: {}", label("relation", language), printable(&self.relation)),
            format!("{}: {opinion}", label("opinion", language)),
            format!("{}: {}", label("signed_at", language), self.claimed),
            format!("{}: {}", label("device", language), self.device),
        ];
        lines.join("\n")
    }
}

fn render_leaf(leaf: &Leaf, language: Language) -> String {
    // `line.2.quantity` is a part of the line above it; `line.2.item` and `line.2` begin one.
    let parts: Vec<&str> = leaf.path.split('.').collect();
    let indent = match parts.as_slice() {
        ["line", _, part] if *part != "item" => "    ",
        ["discount", _, "reason"] | ["paid", _, "receipt"] => "    ",
        ["custody", _, part] if *part != "goods" => "    ",
        _ => "",
    };
    let value = leaf.value().map_or_else(|| text("voucher.value.erased", language).to_owned(), printable);
    format!("{indent}{}: {value}", label(&leaf.label, language))
}

/// Without control characters: a name must not be able to move the cursor of whoever verifies a copy.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

pub(super) fn grade_key(grade: OpinionGrade) -> &'static str {
    match grade {
        OpinionGrade::NoneGiven => "voucher.value.no_opinion",
        OpinionGrade::Satisfied => "voucher.value.satisfied",
        OpinionGrade::Acceptable => "voucher.value.acceptable",
        OpinionGrade::Dissatisfied => "voucher.value.dissatisfied",
    }
}
