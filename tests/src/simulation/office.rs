//! The office of a simulated company: the real server over a disk that forgets, stepped by hand.
//!
//! Not here: what people do (`users`), what must hold (`checks`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use docket_server::commit::{CommitError, Inline, Writer};
use docket_server::feed::adapter;
use docket_server::hub::Durable;
use docket_server::identity::{Identity, StoreKeys};
use docket_server::office::Office;
use docket_server::platform::Platform;
use docket_server::reactor::{Runner, all};
use docket_server::store::memory::Faults as StoreFaults;
use docket_server::store::{Batch, MemoryStore, Store, Table, record};
use docket_sync_core::ids::{Epoch, StoreId};
use docket_sync_core::time::UnixMillis;

use crate::world::{MORNING, OfficeClock, SeededRandom, Trouble};

/// Key of the identity in table Meta.
const IDENTITY: &[u8] = b"identity";

/// The office.
pub(super) struct OfficeSide {
    pub(super) office: Arc<Office>,
    pub(super) store: Arc<MemoryStore>,
    inline: Inline,
    runners: Vec<Runner>,
    clock: Arc<OfficeClock>,
    platform: Platform,
    backup: Option<MemoryStore>,
    restores: u8,
    pub(super) is_full: bool,
}

/// Runs a future that never waits.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Result<T, Trouble> {
    let mut future = core::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err("the office waits for something, with nobody there to do it".into()),
    }
}

impl OfficeSide {
    pub(super) fn new(seed: u64) -> Result<Self, Trouble> {
        let clock = Arc::new(OfficeClock(AtomicI64::new(MORNING.0)));
        let random = Arc::new(SeededRandom { seed, drawn: AtomicU64::new(0) });
        let platform = Platform { clock: clock.clone(), random };
        let store = Arc::new(MemoryStore::new());
        let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
        let (office, inline) = Office::open_inline(store.clone(), keys(), platform.clone(), Some(new))?;
        let runners = all(&office);
        Ok(Self { office, store, inline, runners, clock, platform, backup: None, restores: 0, is_full: false })
    }

    pub(super) fn now(&self) -> UnixMillis {
        UnixMillis(self.clock.0.load(Ordering::SeqCst))
    }

    /// Lets time pass; a jump is the same, in either direction.
    pub(super) fn pass(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(super) fn durable(&self) -> Durable {
        self.office.hub.durable()
    }

    /// A job of the commit path.
    pub(super) fn run<T, W>(&self, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    {
        at_once(self.office.committer.run(work)).unwrap_or_else(|error| Err(CommitError::Internal(error.to_string())))
    }

    /// One message of a device and its answer; `None` when the server went down over it.
    pub(super) fn carry(&self, message: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        match at_once(adapter::answer_message(self.office.clone(), message))? {
            Ok(answer) => Ok(Some(answer)),
            Err(_) if self.is_down() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a process would have ended: its disk failed.
    pub(super) fn is_down(&self) -> bool {
        self.inline.has_failed()
    }

    pub(super) fn tidy(&self) {
        self.inline.tidy();
    }

    /// The reactors read everything that is durable, and look at what is due.
    pub(super) fn react(&mut self) -> Result<(), Trouble> {
        for runner in &mut self.runners {
            let done = at_once(async {
                runner.catch_up().await?;
                runner.tick().await
            })?;
            match done {
                Ok(()) => {}
                Err(_) if self.inline.has_failed() || self.is_full => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The disk fails at one of the next writes.
    pub(super) fn plan_crash(&self, luck: u64) {
        let at = Some(luck % 4 + 1);
        let full = self.full();
        self.store.set_faults(if luck & 64 == 0 {
            StoreFaults { fail_apply: at, full, ..StoreFaults::default() }
        } else {
            StoreFaults { fail_flush: at, full, ..StoreFaults::default() }
        });
    }

    /// The machine loses power; of what was not flushed, `kept` batches had reached the disk.
    pub(super) fn lose_power(&mut self, kept: usize) -> Result<(), Trouble> {
        self.store.crash_keeping(kept);
        self.start()
    }

    /// Starts the server on what is on the disk.
    pub(super) fn start(&mut self) -> Result<(), Trouble> {
        self.store.set_faults(StoreFaults::default());
        let (office, inline) = Office::open_inline(self.store.clone(), keys(), self.platform.clone(), None)?;
        self.runners = all(&office);
        (self.office, self.inline) = (office, inline);
        self.store.set_faults(StoreFaults { full: self.full(), ..StoreFaults::default() });
        Ok(())
    }

    pub(super) fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
        self.store.set_faults(StoreFaults { full: self.full(), ..StoreFaults::default() });
    }

    fn full(&self) -> Option<u64> {
        self.is_full.then_some(0)
    }

    /// Takes a backup, which is what is durable.
    pub(super) fn back_up(&mut self) {
        self.backup = Some(self.store.copy());
    }

    pub(super) fn has_backup(&self) -> bool {
        self.backup.is_some()
    }

    /// Starts on the last backup; as a restore does it under a new epoch, or as nobody notices.
    pub(super) fn go_back(&mut self, renews_epoch: bool) -> Result<(), Trouble> {
        let Some(backup) = &self.backup else { return Ok(()) };
        let store = Arc::new(backup.copy());
        if renews_epoch {
            self.restores = self.restores.wrapping_add(1);
            let bytes = store.get(Table::Meta, IDENTITY)?.ok_or("an identity in a backup")?;
            let mut identity: Identity = record::decode("identity", &bytes)?;
            let mut epoch = [self.restores; 8];
            epoch[0] = 9;
            identity.epoch = Epoch(epoch);
            store.apply(Batch::new().put(Table::Meta, IDENTITY, record::encode(&identity)))?;
            store.flush()?;
        }
        self.store = store;
        self.start()
    }
}

fn keys() -> StoreKeys {
    StoreKeys::from_secret(&[7; StoreKeys::LENGTH])
}
