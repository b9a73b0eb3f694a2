//! The books (账册): what lies across orders. Serial numbers, stocks, time, cash, the customer's goods.
//!
//! `entries` is what one order says, `rules` decide (pure), `desk` and `settle` bring both together inside a job of the
//! commit thread, `enter` states findings in the orders concerned, `stock` is the storekeeper's hand, `reactor` follows
//! the log, `api` is for people. Not here: what one order's facts decide alone, which is the fold's.

pub mod api;
pub mod desk;
mod enter;
pub mod entries;
#[cfg(test)]
mod http_tests;
pub mod reactor;
pub mod records;
pub mod rules;
mod settle;
#[cfg(test)]
mod stage;
pub mod stock;
#[cfg(test)]
mod tests;

use docket_sync_core::time::UnixMillis;

/// An instant as people edit it (RFC 3339).
pub(super) fn instant(text: &str) -> Option<UnixMillis> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|time| UnixMillis(time.timestamp_millis()))
}
