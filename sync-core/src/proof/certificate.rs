//! Being written.

/// Placeholder until the real one is merged.
#[derive(Debug)]
pub struct Certificate;
