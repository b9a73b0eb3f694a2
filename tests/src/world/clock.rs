//! The office's clock and luck, both chosen by the story; and futures that never wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use docket_server::platform::{Clock, Platform, Random};
use docket_sync_core::time::UnixMillis;

use super::Trouble;

/// Runs a future that never waits, as those of a [`World::stepped`] company.
///
/// # Errors
/// When it waits for something, with nobody there to do it.
pub fn at_once<T>(future: impl Future<Output = T>) -> Result<T, Trouble> {
    let mut future = core::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err("the office waits for something, with nobody there to do it".into()),
    }
}

pub(crate) struct OfficeClock(pub(crate) AtomicI64);

impl Clock for OfficeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct SeededRandom {
    pub(crate) seed: u64,
    pub(crate) drawn: AtomicU64,
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_be_bytes());
        hasher.update(&self.drawn.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

pub(super) fn clock_and_platform(seed: u64, now: UnixMillis) -> (Arc<OfficeClock>, Platform) {
    let clock = Arc::new(OfficeClock(AtomicI64::new(now.0)));
    let random = Arc::new(SeededRandom { seed, drawn: AtomicU64::new(0) });
    (clock.clone(), Platform { clock, random })
}
