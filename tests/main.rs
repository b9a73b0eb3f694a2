//! The one integration binary: it links once. A module is a room; name a new one here.
//!
//! Tests of the whole product build on the harness (`tests/src/lib.rs` says how); tests that read the source
//! tree are in `tidy`; tests that read real records, where `DOCKET_DATA` names them, are in `real_data`.

#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "in a test an overflow or a bad cut is a failure, as it should be"
)]

mod attachments;
mod backup;
mod bench;
mod books;
mod bounded_time;
mod bundles;
mod convergence;
mod devices;
mod field_acts;
mod foreign;
mod forms;
mod healing;
mod http_api;
mod journeys;
mod kills;
mod network;
mod pairs;
mod power;
mod quarantine;
mod real_data;
mod real_server;
mod scope;
mod simulation;
mod tidy;
mod upgrade;
