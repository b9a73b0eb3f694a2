//! Instants, bounds and the hybrid clock. Nothing here reads a clock: the time is always an argument.

use core::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z (UTC, no leap seconds).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    minicbor::Encode,
    minicbor::Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct UnixMillis(#[n(0)] pub i64);

impl UnixMillis {
    /// This instant plus `millis` (negative goes back); saturates.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; negative when this one is earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for UnixMillis {
    /// RFC 3339 in UTC with milliseconds, or the bare number outside the calendar's range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match chrono::DateTime::from_timestamp_millis(self.0) {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => write!(f, "{}ms", self.0),
        }
    }
}

/// Milliseconds in a second, a minute, an hour, a day.
pub const SECOND: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// What a device knows of the time when it states a fact (U-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeReading {
    /// What the device's wall clock says. May be wrong by years.
    pub claimed: UnixMillis,
    /// Server time of the last Welcome plus monotonic time since: a lower bound of the true time.
    pub lo: UnixMillis,
}

/// When something was, as far as anybody but the phone's own clock can tell (U-10, R11): not before `lo`, not after
/// `hi`, the server's time when it had the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// Lower bound of the true time.
    pub lo: UnixMillis,
    /// Upper bound; absent while the server has not told that it has the fact.
    pub hi: Option<UnixMillis>,
}

/// What an interval says about a limit (lifecycle 4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was in time, whenever it was.
    Met,
    /// It was late, whenever it was.
    Breached,
    /// The interval lies on both sides of the limit: nobody can tell.
    Uncertain,
}

impl Verdict {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Breached => "breached",
            Self::Uncertain => "uncertain",
        }
    }
}

impl Between {
    /// Whether a limit was kept: met if `hi` is not after it, breached if `lo` is, else uncertain. What a phone claimed
    /// decides nothing.
    #[must_use]
    pub fn against(self, limit: UnixMillis) -> Verdict {
        if self.lo > limit {
            Verdict::Breached
        } else if self.hi.is_some_and(|hi| hi <= limit) {
            Verdict::Met
        } else {
            Verdict::Uncertain
        }
    }

    /// Whether a claimed time can be true.
    #[must_use]
    pub fn holds(self, claimed: UnixMillis) -> bool {
        claimed >= self.lo && self.hi.is_none_or(|hi| claimed <= hi)
    }
}

/// The hybrid logical clock of one replica: follows `lo`, never the raw wall clock.
///
/// Invariant: every stamp is greater than every stamp issued or observed before, except observed ones more
/// than [`crate::limits::HYBRID_AHEAD_MAX_MS`] ahead, which are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HybridClock {
    last: UnixMillis,
}

impl HybridClock {
    /// A clock that continues after `last`.
    #[must_use]
    pub fn starting_after(last: UnixMillis) -> Self {
        Self { last }
    }

    /// The last stamp issued or observed.
    #[must_use]
    pub fn last(&self) -> UnixMillis {
        self.last
    }

    /// Takes notice of a stamp made elsewhere.
    pub fn observe(&mut self, stamp: UnixMillis, lo: UnixMillis) {
        if stamp > self.last && stamp.since(lo) <= crate::limits::HYBRID_AHEAD_MAX_MS {
            self.last = stamp;
        }
    }

    /// A new stamp: the later of `lo` and one millisecond after the last.
    pub fn stamp(&mut self, lo: UnixMillis) -> UnixMillis {
        self.last = lo.max(self.last.plus(1));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u_10_a_limit_is_judged_by_both_bounds_and_an_open_one_is_uncertain() {
        let at = |minutes: i64| UnixMillis(minutes * MINUTE);
        let between = |lo, hi: Option<i64>| Between { lo: at(lo), hi: hi.map(at) };
        let cases = [
            (between(1, Some(9)), Verdict::Met),
            (between(1, Some(10)), Verdict::Met),
            (between(1, Some(11)), Verdict::Uncertain),
            (between(1, None), Verdict::Uncertain),
            (between(10, Some(11)), Verdict::Uncertain),
            (between(11, Some(12)), Verdict::Breached),
            (between(11, None), Verdict::Breached),
        ];
        for (between, expected) in cases {
            assert_eq!(between.against(at(10)), expected, "{between:?}");
        }
        assert!(between(1, Some(9)).holds(at(9)) && !between(1, Some(9)).holds(at(0)));
        assert!(between(1, None).holds(at(99)) && !between(1, Some(9)).holds(at(10)));
    }

    #[test]
    fn stamps_grow_and_far_future_is_not_followed() {
        let mut clock = HybridClock::default();
        let lo = UnixMillis(1_000_000);
        assert_eq!(clock.stamp(lo), lo);
        assert_eq!(clock.stamp(lo), lo.plus(1));
        clock.observe(lo.plus(10 * DAY), lo);
        assert_eq!(clock.stamp(lo), lo.plus(2));
        clock.observe(lo.plus(MINUTE), lo);
        assert_eq!(clock.stamp(lo), lo.plus(MINUTE + 1));
    }
}
