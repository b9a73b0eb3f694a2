//! The time that this device has lived through, by which it keeps things for thirty days.
//!
//! Neither the phone's wall clock nor the office's counts: people set both, and what is kept must not go since one of
//! them stood in another year for a day. What counts is the clock that only goes forward; where the machine was
//! started anew since the last Welcome, the server's time, and of that at most one day for each contact.

use docket_sync_core::time::{DAY, UnixMillis};

use super::{DeviceReplica, DeviceState};
use crate::platform::Monotonic;
use crate::store::DeviceStore;

impl DeviceState {
    /// A Welcome with this server time arrived at `now`; call it before the clock takes the time.
    pub(super) fn live_on(&mut self, server: UnixMillis, now: Monotonic) {
        let by_server = || self.last_sync.map_or(0, |last| server.since(last).clamp(0, DAY));
        let passed = self.clock.since_welcome(now).unwrap_or_else(by_server);
        self.lived_ms = Some(self.lived_ms.unwrap_or(0).saturating_add(passed));
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Milliseconds that this device has lived through since it counts them.
    pub(super) fn lived(&self) -> i64 {
        let since = self.state.clock.since_welcome(self.platform.clock.monotonic());
        self.state.lived_ms.unwrap_or(0).saturating_add(since.unwrap_or(0))
    }

    /// Whether what came here at `from` has been here for as long as things are kept. What an older program noted
    /// counts from when this one began.
    pub(super) fn is_kept_long_enough(&self, from: Option<i64>) -> bool {
        self.lived().saturating_sub(from.unwrap_or(0)) > self.retention.kept_ms
    }
}
