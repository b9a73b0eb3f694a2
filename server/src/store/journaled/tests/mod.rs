//! The journaled store on a simulated disk and on a real one, under every failure that a disk can have.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "small numbers of tests"
)]

mod damage;
mod engines;
mod faults;
mod measure;
mod room;
mod upgrades;
mod world;
