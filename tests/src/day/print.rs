//! The demo's lines: one for a moment of the day, and the summary.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use docket_sync_core::lifecycle;
use docket_sync_core::lifecycle::messages::coded;
use docket_sync_core::lifecycle::view::OrderState;

use super::messages::{Language, filled, text};
use super::summary::{Status, Summary};

/// Hour at which minute 0 is.
const FIRST_HOUR: i64 = 8;

/// The time of a minute of the day.
#[must_use]
pub fn time_of_day(minute: i64) -> String {
    format!("{:02}:{:02}", minute.div_euclid(60).saturating_add(FIRST_HOUR), minute.rem_euclid(60))
}

/// One line about a moment of the day.
#[must_use]
pub fn status_line(status: &Status, language: Language) -> String {
    let number = |states: &[OrderState]| status.in_states(states).to_string();
    let all: usize = status.orders.values().sum();
    let values = [
        ("time", time_of_day(status.minute)),
        ("orders", all.to_string()),
        ("waiting", number(&[OrderState::Registered, OrderState::Ready, OrderState::Unfinished])),
        ("out", number(&[OrderState::Dispatched, OrderState::InProgress, OrderState::CancelContested])),
        ("done", number(&[OrderState::Completed, OrderState::Returned, OrderState::Closed])),
        ("dark", status.without_signal.to_string()),
        ("devices", status.devices.to_string()),
        ("unsent", status.waiting.to_string()),
        ("syncs", status.syncs.syncs.to_string()),
        ("cuts", status.syncs.cuts.to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    filled("demo.status", language, &values)
}

/// The summary, a line each.
#[must_use]
pub fn summary_lines(summary: &Summary, language: Language) -> String {
    let mut lines = text("demo.summary.head", language).to_owned();
    let mut say = |key: &'static str, values: &[(&str, String)]| {
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Writing to a text cannot fail.
        let _written = write!(lines, "\n  {}", filled(key, language, &values));
    };
    let orders: usize = summary.orders.values().sum();
    let states = named(&summary.orders, "state", language);
    say("demo.summary.orders", &[("number", orders.to_string()), ("states", states)]);
    let facts = [
        ("facts", summary.facts.to_string()),
        ("offline", summary.facts_offline.to_string()),
        ("concurrent", summary.facts_concurrent.to_string()),
    ];
    say("demo.summary.facts", &facts);
    let pairs = summary.pairs.iter().map(|(pair, number)| format!("{pair} {number}")).collect::<Vec<_>>().join(", ");
    if !pairs.is_empty() {
        say("demo.summary.pairs", &[("pairs", pairs)]);
    }
    let number: usize = summary.reviews.values().sum();
    let kinds = named(&summary.reviews, "review", language);
    let open = summary.reviews_open.to_string();
    say("demo.summary.reviews", &[("number", number.to_string()), ("open", open), ("kinds", kinds)]);
    let signatures = [
        ("verified", summary.signatures_verified.to_string()),
        ("signatures", summary.signatures.to_string()),
        ("returned", summary.vouchers_returned.to_string()),
    ];
    say("demo.summary.signatures", &signatures);
    let devices = [("equal", summary.devices_equal.to_string()), ("devices", summary.devices.to_string())];
    say("demo.summary.devices", &devices);
    let network = [
        ("up", (summary.bytes.up / 1_024).to_string()),
        ("down", (summary.bytes.down / 1_024).to_string()),
        ("syncs", summary.syncs.syncs.to_string()),
        ("live", summary.syncs.live.to_string()),
        ("cuts", summary.syncs.cuts.to_string()),
        ("dark", summary.syncs.without_signal.to_string()),
    ];
    say("demo.summary.network", &network);
    for failure in &summary.failures {
        say("demo.summary.failure", &[("failure", failure.clone())]);
    }
    if summary.passed() {
        say("demo.summary.passed", &[]);
    }
    lines
}

/// Counts with the names that people know.
fn named(counts: &BTreeMap<&'static str, usize>, prefix: &str, language: Language) -> String {
    let language = match language {
        Language::En => lifecycle::Language::En,
        Language::Zh => lifecycle::Language::Zh,
    };
    let words = counts.iter().map(|(code, number)| format!("{} {number}", coded(prefix, code, language)));
    words.collect::<Vec<_>>().join(", ")
}
