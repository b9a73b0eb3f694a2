//! One line for each fact, in both languages, for timelines and for the reasons of `explain`.

use super::messages::{Language, coded, filled};
use crate::facts::values::{Line, Window};
use crate::facts::{Fact, FactBody};
use crate::time::UnixMillis;

/// Longest free text quoted in a one-line summary, in characters.
const QUOTE_MAX: usize = 120;

/// One line for a timeline, without the author's name: the page puts it beside.
#[must_use]
pub fn summary(fact: &Fact, language: Language) -> String {
    body_summary(fact.body(), language)
}

/// The same for what may never have become a fact.
#[must_use]
pub fn body_summary(body: &FactBody, language: Language) -> String {
    let values = values(body, language);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match body.kind() {
        Some(kind) => filled(&format!("fact.{}", kind.code()), language, &values),
        None => filled("fact.unknown", language, &[("kind", &body.kind_number().to_string())]),
    }
}

/// What the sentence of a kind quotes; kinds of later levels are in `summary_terms`.
#[expect(clippy::wildcard_enum_match_arm, reason = "summary_terms reads the rest")]
fn values(body: &FactBody, language: Language) -> Vec<(&'static str, String)> {
    match body {
        FactBody::RegisterCall(body) => vec![("problem", quote(&body.problem))],
        FactBody::ConfirmRequest(body) => vec![("content", quote(&body.content))],
        FactBody::Unassign(body) => vec![("reason", quote(&body.reason))],
        FactBody::Refuse(body) => vec![("reason", quote(&body.reason))],
        FactBody::ProposeAppointment(body) => window(body.window),
        FactBody::ConfirmAppointment(body) => window(body.window),
        FactBody::Pause(body) => vec![("reason", quote(&body.reason))],
        FactBody::RecordLine(body) => line(&body.line, language),
        FactBody::ReverseLine(body) => vec![("reason", quote(&body.reason))],
        FactBody::AddNote(body) => vec![("text", quote(&body.text))],
        FactBody::OutcomeUnfinished(body) => {
            vec![("reason", coded("unfinished", body.reason.code(), language).to_owned())]
        }
        FactBody::SignDocument(body) => vec![
            ("name", quote(&body.name)),
            ("opinion", coded("opinion", body.opinion.grade.code(), language).to_owned()),
        ],
        FactBody::RefuseSignature(body) => {
            vec![("name", quote(&body.name)), ("reason", quote(&body.reason))]
        }
        FactBody::Admit(body) => vec![("reason", quote(&body.reason))],
        FactBody::Discard(body) => vec![("reason", quote(&body.reason))],
        FactBody::Renumber(body) => vec![("serial", quote(&body.serial))],
        FactBody::RejectSignature(body) => vec![("problem", quote(&body.problem))],
        FactBody::WithdrawOwn(body) => vec![("reason", quote(&body.reason))],
        FactBody::CancelByOffice(body) => vec![("reason", quote(&body.reason))],
        FactBody::Reinstate(body) => vec![("reason", quote(&body.reason))],
        FactBody::ReviewDefault(body) => vec![("choice", coded("choice", body.choice.code(), language).to_owned())],
        FactBody::ResolveReview(body) => {
            vec![("choice", coded("choice", body.choice.code(), language).to_owned()), ("reason", quote(&body.reason))]
        }
        FactBody::Assign(_)
        | FactBody::PassOver(_)
        | FactBody::Accept(_)
        | FactBody::Seen(_)
        | FactBody::Depart(_)
        | FactBody::Arrive(_)
        | FactBody::Start(_)
        | FactBody::Resume(_)
        | FactBody::End(_)
        | FactBody::OutcomeDone(_)
        | FactBody::Acknowledge(_)
        | FactBody::ReturnVoucher(_)
        | FactBody::Close(_)
        | FactBody::Unknown { .. } => Vec::new(),
        _ => super::summary_terms::values(body, language),
    }
}

/// The first line of what a person wrote, shortened.
pub(super) fn quote(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut quote: String = line.chars().take(QUOTE_MAX).collect();
    if line.chars().nth(QUOTE_MAX).is_some() || text.lines().nth(1).is_some() {
        quote.push('…');
    }
    quote
}

pub(super) fn line(line: &Line, language: Language) -> Vec<(&'static str, String)> {
    vec![("kind", coded("line", line.kind.code(), language).to_owned()), ("what", what(line, language))]
}

/// The name of a line and how much of it, or how it was found; a photo has neither.
fn what(line: &Line, language: Language) -> String {
    let amount = match line.result {
        Some(result) => coded("result", result.code(), language).to_owned(),
        None if line.quantity == 0 && line.unit.is_empty() => return quote(&line.name),
        None => format!("{} {}", thousandths(line.quantity), line.unit),
    };
    let comma = match language {
        Language::En => ", ",
        Language::Zh => "，",
    };
    format!("{}{comma}{}", quote(&line.name), amount.trim_end())
}

/// A quantity in thousandths as a decimal without trailing zeros.
fn thousandths(quantity: i64) -> String {
    let sign = if quantity < 0 { "-" } else { "" };
    let (whole, rest) = (quantity.unsigned_abs() / 1_000, quantity.unsigned_abs() % 1_000);
    let decimal = format!("{sign}{whole}.{rest:03}");
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An amount as people write it: minor units are hundredths.
pub(super) fn money(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, rest) = (minor.unsigned_abs() / 100, minor.unsigned_abs() % 100);
    format!("{sign}{whole}.{rest:02} {currency}")
}

pub(super) fn window(window: Window) -> Vec<(&'static str, String)> {
    vec![("from", minute(window.from)), ("to", minute(window.to))]
}

/// An instant to the minute in UTC; pages show local time from the fact itself.
fn minute(at: UnixMillis) -> String {
    match chrono::DateTime::from_timestamp_millis(at.0) {
        Some(time) => time.format("%Y-%m-%d %H:%M UTC").to_string(),
        None => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_decimals() {
        let cases = [(1_500, "1.5"), (2_000, "2"), (5, "0.005"), (-1_250, "-1.25"), (0, "0"), (10_000, "10")];
        for (quantity, expected) in cases {
            assert_eq!(thousandths(quantity), expected);
        }
    }
}
