//! The real server process against what a network and a stranger can do to it: every answer is typed, none is late,
//! and what was sent through it all arrives once.

mod commands;
mod deaf;
mod doors;
mod frames;
mod line;
mod partition;
pub(crate) mod setting;
mod stopping;
pub(crate) mod street;
