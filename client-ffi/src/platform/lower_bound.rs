//! `lo`, the lower bound of the true time that every fact carries (U-10): the server time of the last Welcome
//! plus the monotonic time since. It never follows the wall clock, which people set.
//!
//! After a reboot the monotonic clock starts anew; then `lo` stays at the latest value that was kept, which is
//! still a lower bound, until the next Welcome. A server whose clock is set back a little does not move it; one that
//! shows it to be wrong does, since what is stated with a bound in the server's future is not accepted.

use docket_sync_core::limits::HYBRID_AHEAD_MAX_MS;
use docket_sync_core::time::UnixMillis;

use super::Monotonic;

/// A server's time, and when this device learnt it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct ServerTime {
    /// What the server said.
    #[n(0)]
    pub time: UnixMillis,
    /// When its answer arrived, so that the sum is never ahead of the true time.
    #[n(1)]
    pub at: Monotonic,
}

/// The lower bound of the true time, kept across restarts.
///
/// Invariant: what [`LowerBound::at`] gives never decreases, but where a Welcome shows it to be further ahead than a
/// server accepts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct LowerBound {
    /// The latest bound that was given out.
    #[n(0)]
    latest: UnixMillis,
    /// The last server time, if there was one.
    #[n(1)]
    server: Option<ServerTime>,
}

impl LowerBound {
    /// Takes the server's time of a Welcome that arrived at `now`.
    pub fn welcomed(&mut self, server: UnixMillis, now: Monotonic) {
        let latest = self.at(now);
        self.latest = if latest.since(server) > HYBRID_AHEAD_MAX_MS { server } else { latest.max(server) };
        self.server = Some(ServerTime { time: server, at: now });
    }

    /// The bound at `now`; remembers it.
    pub fn advance(&mut self, now: Monotonic) -> UnixMillis {
        self.latest = self.at(now);
        self.latest
    }

    /// Milliseconds from the last Welcome to `now`; `None` where the machine was started anew in between.
    #[must_use]
    pub fn since_welcome(&self, now: Monotonic) -> Option<i64> {
        let server = self.server.filter(|server| server.at.boot == now.boot)?;
        Some(now.millis.saturating_sub(server.at.millis)).filter(|passed| *passed >= 0)
    }

    /// The bound at `now`: 1970 for a device that never met a server.
    #[must_use]
    pub fn at(&self, now: Monotonic) -> UnixMillis {
        match (self.server, self.since_welcome(now)) {
            (Some(server), Some(passed)) => self.latest.max(server.time.plus(passed)),
            _ => self.latest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: u8, millis: i64) -> Monotonic {
        Monotonic { boot: [boot; 16], millis }
    }

    #[test]
    fn the_bound_follows_the_monotonic_clock_and_falls_back_after_a_reboot() {
        let mut bound = LowerBound::default();
        assert_eq!(bound.advance(at(1, 5)), UnixMillis(0));
        bound.welcomed(UnixMillis(1_000_000), at(1, 100));
        assert_eq!(bound.advance(at(1, 100)), UnixMillis(1_000_000));
        assert_eq!(bound.advance(at(1, 4_100)), UnixMillis(1_004_000));
        // Another boot: readings of the old one say nothing, however they compare.
        assert_eq!(bound.advance(at(2, 9_000_000)), UnixMillis(1_004_000));
        assert_eq!(bound.advance(at(2, 1)), UnixMillis(1_004_000));
        bound.welcomed(UnixMillis(2_000_000), at(2, 10));
        assert_eq!(bound.advance(at(2, 20)), UnixMillis(2_000_010));
    }

    #[test]
    fn the_bound_goes_back_only_with_a_server_that_would_refuse_it() {
        let mut bound = LowerBound::default();
        bound.welcomed(UnixMillis(2_000_000), at(1, 0));
        bound.welcomed(UnixMillis(1_800_000), at(1, 10));
        assert_eq!(bound.at(at(1, 10)), UnixMillis(2_000_010));
        bound.welcomed(UnixMillis(1_000_000), at(1, 20));
        assert_eq!(bound.at(at(1, 30)), UnixMillis(1_000_010));
    }

    #[test]
    fn the_bound_survives_its_bytes() {
        let mut bound = LowerBound::default();
        bound.welcomed(UnixMillis(2_000_000), at(1, 7));
        let bytes = minicbor::to_vec(bound).unwrap();
        assert_eq!(minicbor::decode::<LowerBound>(&bytes).unwrap(), bound);
    }
}
