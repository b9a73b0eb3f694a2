//! Dispatch (派工): who goes to which order.
//!
//! `rules` decides, `records` keeps what was decided and who is out, `desk` dispatches inside a job of the commit
//! thread, `reactor` follows the log and works off what waits, `api` is for people.

pub mod api;
pub mod desk;
#[cfg(test)]
pub(crate) mod http_tests;
pub mod reactor;
pub mod records;
pub mod rules;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;

pub use desk::{Desk, DispatchChoice, dispatch_order};
pub use records::DispatchRecord;
