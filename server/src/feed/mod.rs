//! What goes to devices: batches cut from the feed index, sessions over WebSocket and HTTP, enrolment.

pub mod adapter;
pub mod ahead;
pub mod compress;
pub mod devices;
pub mod enrol;
mod healing;
pub mod pull;
mod sealed;
pub mod session;
pub(crate) mod standing;
