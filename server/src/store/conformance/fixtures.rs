//! The engines under test, and how each of them is started again.

use std::sync::Arc;

use super::Fixture;
use crate::platform::Platform;
use crate::store::disk::SimulatedDisk;
use crate::store::journal::JournalOptions;
use crate::store::journaled::{JournaledOptions, MemoryHome};
use crate::store::{JournaledStore, MemoryStore, SledOptions, SledStore, Store};

pub(super) struct InMemory(Arc<MemoryStore>);

impl Fixture for InMemory {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::<MemoryStore>::clone(&self.0)
    }

    fn restart(self) -> Self {
        self.0.crash();
        self
    }
}

pub(super) struct OnDisk {
    store: Arc<SledStore>,
    folder: tempfile::TempDir,
}

impl OnDisk {
    fn open(folder: tempfile::TempDir) -> Self {
        let options = SledOptions { cache_bytes: 16 << 20, reserve_bytes: 0 };
        Self { store: Arc::new(SledStore::open(folder.path(), options).unwrap()), folder }
    }
}

impl Fixture for OnDisk {
    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::<SledStore>::clone(&self.store)
    }

    fn restart(self) -> Self {
        let Self { store, folder } = self;
        drop(Arc::into_inner(store).expect("a test holds the store across a restart"));
        Self::open(folder)
    }
}

fn small(boot: u8) -> JournaledOptions {
    let mut options = JournaledOptions::of_system(&Platform::system(), 0);
    options.journal =
        JournalOptions { first_segment_bytes: 4_096, segment_bytes_max: 1 << 20, step_bytes: 4_096, reserve_bytes: 0 };
    options.boot = format!("boot {boot}");
    options
}

/// A journal on a simulated disk in front of memory; a restart is a power loss.
pub(super) struct JournaledInMemory {
    store: Arc<JournaledStore<Arc<MemoryStore>>>,
    disk: SimulatedDisk,
    home: MemoryHome,
    restarts: u8,
}

impl JournaledInMemory {
    fn open(disk: SimulatedDisk, home: MemoryHome, restarts: u8) -> Self {
        let store = JournaledStore::open_on(disk.mount(), &home, small(restarts % 2)).unwrap();
        Self { store: Arc::new(store), disk, home, restarts }
    }
}

impl Fixture for JournaledInMemory {
    fn new() -> Self {
        Self::open(SimulatedDisk::new(), MemoryHome::default(), 0)
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn restart(self) -> Self {
        let Self { store, disk, home, restarts } = self;
        assert_eq!(Arc::strong_count(&store), 1, "a test holds the store across a restart");
        disk.crash(u64::from(restarts));
        home.engine().crash();
        drop(store);
        Self::open(disk, home, restarts + 1)
    }
}

/// A journal on the real disk in front of sled.
pub(super) struct JournaledOnDisk {
    store: Arc<JournaledStore<SledStore>>,
    folder: tempfile::TempDir,
}

impl JournaledOnDisk {
    fn open(folder: tempfile::TempDir) -> Self {
        let options = SledOptions { cache_bytes: 16 << 20, reserve_bytes: 0 };
        Self { store: Arc::new(JournaledStore::open_with(folder.path(), options, small(0)).unwrap()), folder }
    }
}

impl Fixture for JournaledOnDisk {
    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn restart(self) -> Self {
        let Self { store, folder } = self;
        drop(Arc::into_inner(store).expect("a test holds the store across a restart"));
        Self::open(folder)
    }
}
