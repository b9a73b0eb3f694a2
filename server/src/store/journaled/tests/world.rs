//! A small store whose contents after any number of batches are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::platform::Platform;
use crate::store::disk::SimulatedDisk;
use crate::store::journal::{JournalId, JournalOptions};
use crate::store::journaled::{JournaledOptions, JournaledStore, MemoryHome};
use crate::store::{Batch, Engine, KeyRange, MemoryStore, Order, Store, StoreError, Table};

/// Everything that a store holds, header included.
pub(super) type Contents = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// A number that follows from another one (splitmix64).
pub(super) fn mixed(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// How many cases a test tries: `default`, or what the environment variable says.
pub(super) fn cases(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn bytes(seed: u64, length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| mixed(seed ^ (at << 20)).to_be_bytes()[0]).collect()
}

/// Batch `number`, from 1: something added, something replaced, something removed, now and then something large.
pub(super) fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    let length = if number.is_multiple_of(7) { 3_000 } else { 20 + number as usize * 13 % 300 };
    batch
        .put(Table::Log, number.to_be_bytes(), bytes(number, length))
        .put(Table::Meta, "count", number.to_be_bytes())
        .put(Table::Document, [(number % 5) as u8], bytes(number + 1_000, 64))
        .remove(Table::Document, [((number + 2) % 5) as u8]);
    batch
}

/// What the first `count` batches leave.
pub(super) fn after(count: u64) -> Contents {
    let mut contents = Contents::new();
    for number in 1..=count {
        for (table, key, value) in batch(number).writes() {
            match value {
                Some(value) => contents.insert((table.number(), key.to_vec()), value.to_vec()),
                None => contents.remove(&(table.number(), key.to_vec())),
            };
        }
    }
    contents
}

/// What a store holds.
pub(super) fn contents(store: &dyn Store) -> Contents {
    let mut contents = Contents::new();
    for table in Table::ALL {
        let entries = store.scan_stored(*table, &KeyRange::all(), usize::MAX, Order::Forward).unwrap();
        contents.extend(entries.into_iter().map(|(key, value)| ((table.number(), key), value)));
    }
    contents
}

/// Segments of 4 KiB and more.
pub(super) fn options(boot: &str) -> JournaledOptions {
    let mut options = JournaledOptions::of_system(&Platform::system(), 0);
    options.journal =
        JournalOptions { first_segment_bytes: 4_096, segment_bytes_max: 8_192, step_bytes: 2_048, reserve_bytes: 0 };
    options.checkpoint_bytes = 6_000;
    options.gathered_bytes = 1_500;
    options.new_journal = JournalId([7; 16]);
    options.boot = boot.to_owned();
    options
}

/// A simulated machine with one store.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) disk: SimulatedDisk,
    pub(super) home: MemoryHome,
    pub(super) boots: u64,
}

pub(super) type SimulatedStore = JournaledStore<Arc<MemoryStore>>;

impl World {
    pub(super) fn open(&self) -> Result<SimulatedStore, StoreError> {
        SimulatedStore::open_on(self.disk.mount(), &self.home, options(&self.boots.to_string()))
    }

    /// A store with `count` batches whose process was killed.
    pub(super) fn with_batches(count: u64) -> Self {
        let world = Self::default();
        let store = world.open().unwrap();
        for number in 1..=count {
            store.apply(&batch(number)).unwrap();
        }
        world.disk.end_process();
        drop(store);
        world
    }

    /// The power fails. What the engine had not made durable is gone; the machine knows that it was started again
    /// unless `seed` is even.
    pub(super) fn crash(&mut self, seed: u64) {
        self.disk.crash(seed);
        let engine = self.home.engine();
        engine.crash_keeping((mixed(seed) % 4) as usize);
        self.boots += seed % 2;
    }

    /// Writes batches up to `last`, counts what was acknowledged in `acknowledged`.
    pub(super) fn fill(&self, acknowledged: &mut u64, last: u64) -> Result<SimulatedStore, StoreError> {
        let store = self.open()?;
        while *acknowledged < last {
            store.apply(&batch(*acknowledged + 1))?;
            *acknowledged += 1;
        }
        Ok(store)
    }

    /// The promise: everything acknowledged is there and whole, at most the batch on its way beside it; the engine is
    /// what the journal says; writing goes on.
    pub(super) fn check(&self, acknowledged: u64, case: &str) {
        let store = self.open().unwrap_or_else(|error| panic!("{case}: not opened: {error}"));
        let found = contents(&store);
        let count = if found == after(acknowledged) { acknowledged } else { acknowledged + 1 };
        assert!(found == after(count), "{case}: {acknowledged} batches were acknowledged");
        assert_eq!(folded(&store), found, "{case}: the engine is not what the journal says");
        assert_eq!(store.engine().position().unwrap(), Some(store.position()).filter(|last| last.number > 0), "{case}");
        store.apply(&batch(count + 1)).unwrap_or_else(|error| panic!("{case}: writing does not go on: {error}"));
        drop(store);
        let store = self.open().unwrap();
        assert!(contents(&store) == after(count + 1), "{case}: after one more batch");
    }
}

/// What all frames of the journal leave together.
pub(super) fn folded<E: Engine>(store: &JournaledStore<E>) -> Contents {
    let all = MemoryStore::new();
    for frame in store.journal().unwrap().frames(1) {
        all.apply(&frame.unwrap().batch().unwrap()).unwrap();
    }
    contents(&all)
}
