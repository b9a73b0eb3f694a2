//! The one error of the chores: what went wrong, and what the reader can do next.

use core::fmt;

/// A chore could not be done. Both texts are for the person at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    what: String,
    next: String,
}

impl Failure {
    /// `what` went wrong; `next` says what to do about it.
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }

    /// An option that `command` does not have.
    pub(crate) fn unknown_option(command: &str, option: &str) -> Self {
        Self::new(
            format!("'{command}' does not know '{option}'"),
            format!("`cargo xtask {command} --help` lists its options"),
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n next: {}", self.what, self.next)
    }
}

impl core::error::Error for Failure {}
