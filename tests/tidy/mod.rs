//! The promises of the architecture, checked on the source tree.
//!
//! Each check is a function from files to problems; beside each stands a test that it notices a made-up
//! breach, so that none of them can fall asleep.

mod documents;
mod layers;
mod manifests;
mod size;
mod source;
