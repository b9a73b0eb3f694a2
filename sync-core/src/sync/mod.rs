//! How facts travel: frames, both sessions, digest, cursor. All sans-IO.
//!
//! Format of frames: `schemas/frames.md`; golden bytes: `schemas/golden`.

pub mod cursor;
pub mod device;
pub mod digest;
mod form;
pub mod frames;
pub mod gate;
pub mod message;
pub mod server;
