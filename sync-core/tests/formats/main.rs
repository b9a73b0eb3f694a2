//! The frozen formats as bytes: facts, documents, proofs, frames. One module a room of `schemas/golden`.
//!
//! Each room is written again and compared, then read back and compared by value. What is signed or hashed is
//! built here a second time, from the description in `schemas` and not by the code that writes it.

#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "in a test an overflow is a failure, as it should be")]

mod bundles;
mod documents;
mod facts;
mod frames;
#[path = "../golden/mod.rs"]
mod golden;
mod kind_table;
mod kinds;
mod later_kinds;
mod proofs;
mod samples;
