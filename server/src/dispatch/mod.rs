//! Dispatch (派工): who goes to which order. `rules` decides, `reactor` follows the log, `records` keeps what was
//! decided.

pub mod rules;
