//! The office of a simulated company: the real server over a disk that forgets, stepped by hand.
//!
//! Not here: what people do (`users`), what must hold (`checks`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use docket_server::backup::BackedUp;
use docket_server::commit::{CommitError, Inline, Writer};
use docket_server::feed::adapter;
use docket_server::hub::Durable;
use docket_server::identity::{Identity, StoreKeys};
use docket_server::office::Office;
use docket_server::platform::Platform;
use docket_server::reactor::{Runner, all};
use docket_server::restore::{RestoredFrom, renew_epoch};
use docket_server::store::MemoryStore;
use docket_server::store::disk::simulated::{DiskFailure, DiskSnapshot, SimulatedDisk};
use docket_server::store::journal::{JournalId, JournalOptions};
use docket_server::store::journaled::{JournaledOptions, JournaledStore, MemoryHome};
use docket_sync_core::facts::{SCHEMA_LEVEL, as_level};
use docket_sync_core::ids::{Epoch, StoreId};
use docket_sync_core::time::UnixMillis;

pub(super) use crate::world::at_once;
use crate::world::{MORNING, OfficeClock, SeededRandom, Trouble};

/// The store of a simulated office.
pub(super) type SimulatedStore = JournaledStore<Arc<MemoryStore>>;

/// Small segments, so that a history changes them; and a small reserve.
const JOURNAL: JournalOptions = JournalOptions {
    first_segment_bytes: 64 * 1024,
    segment_bytes_max: 128 * 1024,
    step_bytes: 16 * 1024,
    reserve_bytes: 4 * 1024,
};

/// The office.
pub(super) struct OfficeSide {
    pub(super) office: Arc<Office>,
    pub(super) store: Arc<SimulatedStore>,
    disk: SimulatedDisk,
    home: MemoryHome,
    boots: u64,
    inline: Inline,
    runners: Vec<Runner>,
    clock: Arc<OfficeClock>,
    platform: Platform,
    backup: Option<(DiskSnapshot, u64)>,
    /// What `backed-up.json` in its data folder says.
    told: Option<BackedUp>,
    starts: u64,
    pub(super) is_full: bool,
    /// When its disk fails the next time the machine has lost power.
    pub(super) power_goes: bool,
    /// One call will find no room, or has: in one place of the journal that is told and is no failure.
    finds_no_room: bool,
    /// Schema level of the program that it runs.
    pub(super) level: u8,
}

impl OfficeSide {
    pub(super) fn new(seed: u64) -> Result<Self, Trouble> {
        let clock = Arc::new(OfficeClock(AtomicI64::new(MORNING.0)));
        let random = Arc::new(SeededRandom { seed, drawn: AtomicU64::new(0) });
        let platform = Platform { clock: clock.clone(), random };
        let (disk, home, boots) = (SimulatedDisk::new(), MemoryHome::default(), 1);
        let store = open_store(&disk, &home, &platform, boots)?;
        let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
        let (office, inline) = Office::open_inline(store.clone(), keys(), platform.clone(), Some(new))?;
        let runners = all(&office);
        Ok(Self {
            office,
            store,
            inline,
            runners,
            disk,
            home,
            boots,
            clock,
            platform,
            backup: None,
            told: None,
            starts: 0,
            is_full: false,
            power_goes: false,
            finds_no_room: false,
            level: SCHEMA_LEVEL,
        })
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

    /// How often the server was started.
    pub(super) fn starts(&self) -> u64 {
        self.starts
    }

    /// Whether it runs an older program.
    pub(super) fn is_older(&self) -> bool {
        self.level < SCHEMA_LEVEL
    }

    /// What the office's program does: one of an older level knows no newer kinds.
    pub(super) fn with_program<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        as_level(self.level, || work(self))
    }

    /// A job of the commit path.
    pub(super) fn run<T, W>(&self, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    {
        let done = self.with_program(|office| at_once(office.office.committer.run(work)));
        done.unwrap_or_else(|error| Err(CommitError::Internal(error.to_string())))
    }

    /// One message of a device and its answer; `None` when the server went down over it.
    pub(super) fn carry(&self, message: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        match self.with_program(|office| at_once(adapter::answer_message(office.office.clone(), message)))? {
            Ok(answer) => Ok(Some(answer)),
            Err(_) if self.is_down() => Ok(None),
            // A full disk is said in an answer; reading goes on.
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a process would have ended: its disk failed.
    pub(super) fn is_down(&self) -> bool {
        self.inline.has_failed()
    }

    pub(super) fn tidy(&self) {
        self.with_program(|office| office.inline.tidy());
    }

    /// The reactors read everything that is durable, and look at what is due.
    pub(super) fn react(&mut self) -> Result<(), Trouble> {
        for runner in &mut self.runners {
            let done = as_level(self.level, || {
                at_once(async {
                    runner.catch_up().await?;
                    runner.tick().await
                })
            })?;
            match done {
                Ok(()) => {}
                Err(_) if self.inline.has_failed() || self.may_be_full() => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// One of the next calls of the disk fails, and the process with it.
    pub(super) fn plan_crash(&mut self, luck: u64) {
        let failure = match luck % 3 {
            0 => DiskFailure::Broken,
            1 => DiskFailure::Short,
            _ => DiskFailure::Full,
        };
        self.finds_no_room |= failure == DiskFailure::Full;
        let soon = (luck / 3) % 24;
        self.disk.fail_call(self.disk.calls().saturating_add(1).saturating_add(soon), failure);
    }

    /// One of the next calls of the disk is the last before the machine loses power.
    pub(super) fn plan_power_loss(&mut self, luck: u64) {
        self.power_goes = true;
        let soon = luck % 24;
        self.disk.fail_call(self.disk.calls().saturating_add(1).saturating_add(soon), DiskFailure::Broken);
    }

    /// The machine loses power; `luck` says what of all that was not durable reached the disk.
    /// Tells whether something that was written is gone.
    pub(super) fn lose_power(&mut self, luck: u64) -> Result<bool, Trouble> {
        self.boots = self.boots.saturating_add(1);
        let lost = self.disk.crash(luck);
        // The engine's own files lose what they did not flush; the start does not trust them anyway.
        self.home.engine().crash_keeping(usize::try_from(luck % 3).unwrap_or(0));
        self.start()?;
        Ok(lost)
    }

    /// The process ends and the machine goes on: the server starts on what is there.
    pub(super) fn start(&mut self) -> Result<(), Trouble> {
        self.disk.end_process();
        self.disk.heal();
        self.disk.set_capacity(None);
        (self.finds_no_room, self.power_goes) = (false, false);
        self.store = open_store(&self.disk, &self.home, &self.platform, self.boots)?;
        let (store, platform) = (self.store.clone(), self.platform.clone());
        let (office, inline) = as_level(self.level, || Office::open_inline(store, keys(), platform, None))?;
        self.starts = self.starts.saturating_add(1);
        self.runners = all(&office);
        (self.office, self.inline) = (office, inline);
        self.tell_of_the_backup();
        self.set_full(self.is_full);
        Ok(())
    }

    /// Whether a refusal for want of room is as it must be.
    pub(super) fn may_be_full(&self) -> bool {
        self.is_full || self.finds_no_room
    }

    pub(super) fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
        self.disk.set_capacity(is_full.then(|| self.disk.used()));
    }

    /// Takes a backup, which is the disk as it is. From now on devices are told of it.
    pub(super) fn back_up(&mut self) {
        let Durable { number, chain } = self.durable();
        self.backup = Some((self.disk.snapshot(), number));
        self.told = Some(BackedUp { number, chain, at_ms: self.now().0, to: "simulated".to_owned() });
        self.tell_of_the_backup();
    }

    fn tell_of_the_backup(&self) {
        if let Some(told) = self.told.clone() {
            self.office.last_backup.tell(told);
        }
    }

    pub(super) fn has_backup(&self) -> bool {
        self.backup.is_some()
    }

    /// Starts on the last backup; as a restore does it under a new epoch, or as nobody notices.
    pub(super) fn go_back(&mut self, renews_epoch: bool) -> Result<(), Trouble> {
        let Some((backup, until_number)) = &self.backup else { return Ok(()) };
        self.disk.heal();
        self.disk.set_capacity(None);
        self.disk.restore(backup);
        // The engine is not in a backup: it is made again from the journal.
        self.home = MemoryHome::default();
        if renews_epoch {
            // A restore makes a new data folder; one that is rolled back keeps what the newer one said.
            self.told = None;
            let from = RestoredFrom { backup: "simulated".to_owned(), until_number: *until_number, until_at: None };
            let store = open_store(&self.disk, &self.home, &self.platform, self.boots)?;
            renew_epoch(store, keys(), self.platform.clone(), from)?;
        }
        self.start()
    }
}

fn open_store(
    disk: &SimulatedDisk,
    home: &MemoryHome,
    platform: &Platform,
    boots: u64,
) -> Result<Arc<SimulatedStore>, Trouble> {
    let options = JournaledOptions {
        journal: JOURNAL,
        checkpoint_bytes: 64 * 1024,
        // So that a start has many heaps.
        gathered_bytes: 20_000,
        clock: platform.clock.clone(),
        new_journal: JournalId([3; 16]),
        boot: format!("boot {boots}"),
        progress: None,
    };
    Ok(Arc::new(JournaledStore::open_on(disk.mount(), home, options)?))
}

fn keys() -> StoreKeys {
    StoreKeys::from_secret(&[7; StoreKeys::LENGTH])
}
