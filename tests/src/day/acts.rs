//! What people did on the day, in order: the same list for the same seed, whatever the networks did meanwhile.

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Act {
    /// Minute of the day.
    pub minute: i64,
    /// Login of who did it.
    pub who: String,
    /// What: the code of a command, or what came instead of it.
    pub what: String,
    /// The order's serial.
    pub order: String,
}

impl Act {
    /// An act.
    #[must_use]
    pub fn new(minute: i64, who: &str, what: &str, order: &str) -> Self {
        Self { minute, who: who.to_owned(), what: what.to_owned(), order: order.to_owned() }
    }
}

impl core::fmt::Display for Act {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:4} {} {} {}", self.minute, self.who, self.what, self.order)
    }
}
