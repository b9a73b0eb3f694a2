//! Hostile inputs: raw changes and documents, records at the gate, bytes at every decoder.
//!
//! What is proved: only records enter, each is judged by itself, and no bytes make the process panic or allocate
//! without a bound.

#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "in a test an overflow is a failure, as it should be")]

mod chunk;
mod decoders;
mod gate;
#[path = "../golden/mod.rs"]
mod golden;
mod raw_changes;
mod sample;
