//! The real server process against what a network and a stranger can do to it: every answer is typed, none is late,
//! and what was sent through it all arrives once.

mod commands;
mod doors;
mod frames;
mod line;
pub(crate) mod setting;
