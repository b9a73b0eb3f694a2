//! The journaled store on a simulated disk and on a real one, under every failure that a disk can have.

mod damage;
mod engines;
mod faults;
mod measure;
mod room;
mod upgrades;
mod world;
