//! Follow-up calls (回访): every completed order is called back within the policy's days.
//!
//! `rules` decides, `records` keeps the list, `reactor` follows the log, `api` is for the clerk.

pub mod api;
pub mod reactor;
pub mod records;
pub mod rules;
#[cfg(test)]
mod tests;
