//! How fast closed segments are read again: so many bytes a second and no more, and a rest between two rounds.

use std::time::{Duration, Instant};

/// How long the thread waits at once, before it looks whether the server stops.
const STEP: Duration = Duration::from_millis(100);
/// Between two rounds: a journal of one segment is not read all the time.
const REST: Duration = Duration::from_secs(3_600);

/// How fast, and what of it is used up.
#[derive(Debug, Clone)]
pub struct Pace {
    bytes_per_second: u64,
    rest: Duration,
    begun: Instant,
    taken: u64,
}

impl Pace {
    /// So many bytes a second, 1 at least.
    #[must_use]
    pub fn of(bytes_per_second: u64) -> Self {
        let bytes_per_second = bytes_per_second.max(1);
        Self { bytes_per_second, rest: REST, begun: Instant::now(), taken: 0 }
    }

    /// How long after the beginning so many bytes may have been read.
    fn due(bytes: u64, bytes_per_second: u64) -> Duration {
        let millis = u128::from(bytes).saturating_mul(1_000).checked_div(u128::from(bytes_per_second));
        Duration::from_millis(millis.and_then(|millis| u64::try_from(millis).ok()).unwrap_or(u64::MAX))
    }

    /// Bytes were read: waits until they were due. Tells whether to go on.
    pub(super) fn take(&mut self, bytes: u64, is_running: &dyn Fn() -> bool) -> bool {
        self.taken = self.taken.saturating_add(bytes);
        let due = Self::due(self.taken, self.bytes_per_second);
        wait(due.saturating_sub(self.begun.elapsed()), is_running)
    }

    /// Waits for the next round.
    pub(super) fn rest(&mut self, is_running: &dyn Fn() -> bool) {
        wait(self.rest, is_running);
        (self.begun, self.taken) = (Instant::now(), 0);
    }
}

/// Waits, or until the server stops. Tells whether it still runs.
fn wait(time: Duration, is_running: &dyn Fn() -> bool) -> bool {
    let until = Instant::now().checked_add(time);
    loop {
        let left = until.map_or(STEP, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return true;
        }
        if !is_running() {
            return false;
        }
        std::thread::park_timeout(left.min(STEP));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_mib_a_second_says_when_bytes_are_due() {
        const MIB: u64 = 1024 * 1024;
        for (bytes, rate, millis) in
            [(0, MIB, 0), (MIB, MIB, 1_000), (64 * MIB, 2 * MIB, 32_000), (MIB / 4, MIB, 250), (u64::MAX, 1, u64::MAX)]
        {
            assert_eq!(Pace::due(bytes, rate), Duration::from_millis(millis), "{bytes} at {rate}");
        }
        // Reading waits for them, and ends at once when the server stops.
        let mut pace = Pace::of(MIB);
        let begun = Instant::now();
        assert!(pace.take(MIB / 5, &|| true));
        assert!(begun.elapsed() >= Duration::from_millis(190), "{:?}", begun.elapsed());
        assert!(!pace.take(1_000 * MIB, &|| false));
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
