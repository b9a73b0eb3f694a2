//! Docket on a technician's device: everything works without a network, and nothing that was done is lost.
//!
//! [`store`] keeps rows on the device, encrypted; [`platform`] is what the operating system gives (secrets,
//! clock, randomness); `transport` carries messages to the company's server.
//!
//! Invariant: without the features `sqlite`, `network` and `cli` nothing here needs a C compiler, so that the
//! same code builds for phones and WebAssembly.

pub mod attaching;
#[cfg(feature = "cli")]
pub mod cli;
pub mod client;
pub mod enrolment;
pub mod orders;
pub mod other_ways;
pub mod platform;
pub mod replica;
pub mod signing;
pub mod store;
pub mod sync;
#[cfg(feature = "network")]
pub mod transport;
