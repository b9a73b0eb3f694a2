//! Reading what people type: decimals, amounts, times.

use docket_sync_core::facts::values::{Money, Window};
use docket_sync_core::time::{MINUTE, UnixMillis};

use super::error::CliError;

/// A quantity in thousandths: `1`, `1.5`, `0.125`.
pub(super) fn thousandths(text: &str) -> Result<i64, CliError> {
    decimal(text, 3).ok_or_else(|| wrong("device.error.quantity", text))
}

/// An amount in minor units of `currency`: `35`, `35.5`, `35.00`.
pub(super) fn money(text: &str, currency: &str) -> Result<Money, CliError> {
    let minor = decimal(text, 2).ok_or_else(|| wrong("device.error.amount", text))?;
    Ok(Money { minor, currency: currency.trim().to_uppercase() })
}

/// A span `FROM/TO`; each a time with its offset (`2026-11-23T09:00+08:00`), or without one in the company's
/// local time, `offset_minutes` east of UTC.
pub(super) fn window(text: &str, offset_minutes: i32) -> Result<Window, CliError> {
    let read = || {
        let (from, to) = text.split_once('/')?;
        Some(Window { from: instant(from, offset_minutes)?, to: instant(to, offset_minutes)? })
    };
    read().ok_or_else(|| wrong("device.error.window", text))
}

fn wrong(what: &'static str, text: &str) -> CliError {
    CliError::Value { what, value: text.to_owned() }
}

/// A decimal with at most `places` digits after the point, in units of the last of them.
fn decimal(text: &str, places: usize) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > places || !digits(whole) || !digits(fraction) {
        return None;
    }
    let padded = format!("{whole}{fraction:0<places$}");
    padded.parse().ok()
}

/// A time with its offset, or in the company's local time.
pub(super) fn instant(text: &str, offset_minutes: i32) -> Option<UnixMillis> {
    let text = text.trim();
    for form in ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%:z"] {
        if let Ok(time) = chrono::DateTime::parse_from_str(&text.replace('Z', "+00:00"), form) {
            return Some(UnixMillis(time.timestamp_millis()));
        }
    }
    let local = chrono::NaiveDateTime::parse_from_str(&text.replace(' ', "T"), "%Y-%m-%dT%H:%M").ok()?;
    let utc = UnixMillis(local.and_utc().timestamp_millis());
    Some(utc.plus(MINUTE.saturating_mul(i64::from(offset_minutes)).saturating_neg()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        let cases = [("1", Some(1_000)), ("1.5", Some(1_500)), ("0.125", Some(125)), ("1.0001", None), ("-1", None)];
        for (text, expected) in cases.into_iter().chain([("", None), (".5", None), ("1e3", None), ("1,5", None)]) {
            assert_eq!(thousandths(text).ok(), expected, "{text}");
        }
        assert_eq!(money("35.5", "cny").unwrap(), Money { minor: 3_550, currency: "CNY".to_owned() });
        assert!(money("35.555", "CNY").is_err());
    }

    #[test]
    fn times_without_an_offset_are_the_companys() {
        let local = window("2026-11-23T09:00/2026-11-23 11:00", 480).unwrap();
        let named = window("2026-11-23T09:00+08:00/2026-11-23T03:00Z", 0).unwrap();
        assert_eq!(local, named);
        assert_eq!(local.to.since(local.from), 2 * 60 * MINUTE);
        assert!(window("tomorrow", 480).is_err());
        assert!(window("2026-11-23T09:00", 480).is_err());
    }
}
