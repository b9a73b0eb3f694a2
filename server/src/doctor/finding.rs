//! What a look at a store found: one sentence each, and what to do next.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Sound,
    /// Nothing is lost; somebody should know.
    Note,
    /// Something is not what was written, or will be lost.
    Damage,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `journal`, `keys`.
    pub of: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found, one sentence.
    pub found: String,
    /// What to do next, one sentence; absent where nothing is to be done.
    pub next: Option<String>,
}

impl Finding {
    pub(super) fn sound(of: &'static str, found: impl Into<String>) -> Self {
        Self { of, level: Level::Sound, found: found.into(), next: None }
    }

    pub(super) fn note(of: &'static str, found: impl Into<String>, next: &str) -> Self {
        Self { of, level: Level::Note, found: found.into(), next: Some(next.to_owned()) }
    }

    pub(super) fn damage(of: &'static str, found: impl Into<String>, next: &str) -> Self {
        Self { of, level: Level::Damage, found: found.into(), next: Some(next.to_owned()) }
    }
}
