//! The day's time: it stands still until the day moves it, and goes on by itself once the day is over.
//!
//! Every fact is made at a millisecond of its own ([`DayClock::step`]), so that no rule has to fall back on
//! identities, which are drawn anew for every store.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use docket_client::platform::{Clock as DeviceClockTrait, Monotonic};
use docket_server::platform::Clock as OfficeClock;
use docket_sync_core::time::{MINUTE, UnixMillis};

/// The time of one simulated day; cloning gives another handle to the same clock.
#[derive(Debug, Clone)]
pub struct DayClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    begins: UnixMillis,
    now: AtomicI64,
    /// Since when it goes by itself.
    released: OnceLock<Instant>,
}

impl DayClock {
    /// A clock that stands at the day's beginning.
    #[must_use]
    pub fn new(begins: UnixMillis) -> Self {
        let now = AtomicI64::new(begins.0);
        Self { shared: Arc::new(Shared { begins, now, released: OnceLock::new() }) }
    }

    /// The day's beginning.
    #[must_use]
    pub fn begins(&self) -> UnixMillis {
        self.shared.begins
    }

    /// Moves to a minute of the day; never back.
    pub fn move_to(&self, minute: i64) {
        let time = self.at(minute);
        self.shared.now.fetch_max(time.0, Ordering::SeqCst);
    }

    /// The time of a minute of the day.
    #[must_use]
    pub fn at(&self, minute: i64) -> UnixMillis {
        self.shared.begins.plus(minute.saturating_mul(MINUTE))
    }

    /// The minute of the day of a time.
    #[must_use]
    pub fn minute_of(&self, time: UnixMillis) -> i64 {
        time.since(self.shared.begins).div_euclid(MINUTE)
    }

    /// Lets one millisecond pass: before everything that makes a fact.
    pub fn step(&self) {
        self.shared.now.fetch_add(1, Ordering::SeqCst);
    }

    /// From now on it goes as fast as the real one.
    pub fn release(&self) {
        self.shared.released.get_or_init(Instant::now);
    }

    /// Now.
    #[must_use]
    pub fn time(&self) -> UnixMillis {
        let gone = self.shared.released.get().map_or(0, |since| since.elapsed().as_millis());
        UnixMillis(self.shared.now.load(Ordering::SeqCst)).plus(i64::try_from(gone).unwrap_or(0))
    }
}

impl OfficeClock for DayClock {
    fn now(&self) -> UnixMillis {
        self.time()
    }
}

/// A device's clocks: the day's time, and a wall clock that is a little wrong.
#[derive(Debug)]
pub struct DeviceClock {
    day: DayClock,
    /// By how many milliseconds the wall clock is ahead.
    ahead: i64,
}

impl DeviceClock {
    /// Clocks whose wall clock is `ahead` milliseconds ahead.
    #[must_use]
    pub fn new(day: DayClock, ahead: i64) -> Self {
        Self { day, ahead }
    }
}

impl DeviceClockTrait for DeviceClock {
    fn wall(&self) -> UnixMillis {
        self.day.time().plus(self.ahead)
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic { boot: [1; 16], millis: self.day.time().since(self.day.begins()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_and_stands_until_it_is_released() {
        let clock = DayClock::new(UnixMillis(1_000_000));
        clock.move_to(2);
        clock.step();
        clock.move_to(1);
        assert_eq!(clock.time(), UnixMillis(1_120_001));
        assert_eq!(clock.minute_of(clock.time()), 2);
        let device = DeviceClock::new(clock.clone(), -30_000);
        assert_eq!((device.wall(), device.monotonic().millis), (UnixMillis(1_090_001), 120_001));
    }
}
