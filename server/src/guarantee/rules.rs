//! Whether a call is a repeat: the same unit, within the guarantee of an earlier repair (维修保修, C-026). Pure.

use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{Between, DAY, UnixMillis};

/// An earlier order of the same unit whose work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// The order.
    pub order: DocumentId,
    /// When it was done.
    pub done_at: UnixMillis,
}

/// The repair whose guarantee covers a call, and when that guarantee ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// The repair.
    pub of: Repair,
    /// End of its guarantee.
    pub until: UnixMillis,
}

/// When a repair counts as done: as the phone claims where that can be true, else at the bound that favours the
/// customer (R7, R11); a repair that was called about again was done before that.
#[must_use]
pub fn done_at(claimed: UnixMillis, between: Between, called_at: UnixMillis) -> UnixMillis {
    if between.holds(claimed) {
        return claimed;
    }
    between.hi.filter(|hi| *hi <= called_at).unwrap_or(between.lo)
}

/// The last repair before the call, when the call came within `days` days of it; the last day counts whole.
#[must_use]
pub fn repeat(repairs: &[Repair], called_at: UnixMillis, days: u32) -> Option<Repeat> {
    let of = *repairs.iter().filter(|repair| repair.done_at <= called_at).max_by_key(|repair| repair.done_at)?;
    let until = of.done_at.plus(i64::from(days).saturating_mul(DAY));
    (days > 0 && called_at <= until).then_some(Repeat { of, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u_10_a_guarantee_begins_within_the_bounds_whatever_the_phone_claimed() {
        let day = |day: i64| UnixMillis(day.saturating_mul(DAY));
        let between = Between { lo: day(10), hi: Some(day(12)) };
        let cases = [(11, 11), (10, 10), (12, 12), (-400, 12), (400, 12)];
        for (claimed, expected) in cases {
            assert_eq!(done_at(day(claimed), between, day(60)), day(expected), "claimed on day {claimed}");
        }
        assert_eq!(done_at(day(-400), between, day(11)), day(10), "it came here after the call");
        assert_eq!(done_at(day(1), Between { hi: None, ..between }, day(60)), day(10));
    }

    #[test]
    fn c_026_a_call_within_the_days_of_the_last_repair_is_a_repeat() {
        let order = |number| DocumentId([number; 16]);
        let day = |day: i64| UnixMillis(day.saturating_mul(DAY));
        let repairs = [Repair { order: order(1), done_at: day(0) }, Repair { order: order(2), done_at: day(100) }];
        let found = |called, days| repeat(&repairs, day(called), days).map(|repeat| (repeat.of.order, repeat.until));
        assert_eq!(found(60, 90), Some((order(1), day(90))));
        assert_eq!(found(90, 90), Some((order(1), day(90))));
        assert_eq!(found(91, 90), None);
        assert_eq!(found(101, 90), Some((order(2), day(190))), "the last one");
        assert_eq!(found(-1, 90), None, "before any repair");
        assert_eq!(found(60, 0), None, "a policy that gives none");
        assert_eq!(repeat(&[], day(60), 90), None);
    }
}
