//! C-136, C-137: until when goods on the bench are due.

use docket_sync_core::time::UnixMillis;

use super::Zone;

/// When a batch is due: so many machines received on one day take a day for every `per_day` of them, and are due at
/// the end of the last one (C-137). Days are the calendar's; a calendar of working days is the policy's affair.
#[must_use]
pub fn batch_due(zone: Zone, received: UnixMillis, machines: u64, per_day: u32) -> UnixMillis {
    let days = machines.max(1).div_ceil(u64::from(per_day.max(1)));
    zone.end(zone.day(received).saturating_add(i64::try_from(days).unwrap_or(i64::MAX)))
}

/// What was promised to the customer goes before the batch's day.
#[must_use]
pub fn due(promised: Option<UnixMillis>, batch: Option<UnixMillis>) -> Option<UnixMillis> {
    promised.or(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_sync_core::time::DAY;

    #[test]
    fn c_137_a_batch_takes_a_day_for_every_ten_machines() {
        let zone = Zone(480);
        let monday = UnixMillis(4 * DAY);
        let day = |machines| zone.day(batch_due(zone, monday, machines, 10)) - zone.day(monday);
        assert_eq!([0, 1, 10, 11, 20, 23, 30, 31].map(day), [1, 1, 1, 2, 2, 3, 3, 4]);
        assert_eq!(batch_due(zone, monday, 5, 0), batch_due(zone, monday, 5, 1), "a policy of none is one");
    }

    #[test]
    fn c_136_a_promise_goes_before_the_batch() {
        let (promise, batch) = (Some(UnixMillis(1)), Some(UnixMillis(2)));
        assert_eq!((due(promise, batch), due(None, batch), due(None, None)), (promise, batch, None));
    }
}
