//! A store in memory whose "disk" outlives it: for tests and simulations of crashes, restarts and restores.
//!
//! A [`MemoryDisk`] holds what is durable. [`MemoryDisk::open`] gives the one [`MemoryStore`] that may hold it;
//! dropping that store is a crash or a restart. A planned [`Fault`] makes the n-th write fail before or after
//! it became durable, and every later use of the same store too, as a process that lost power.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, DeviceStore, Row, StoreError, Table};

type Rows = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// When a planned fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPoint {
    /// Nothing of the batch is durable.
    BeforeCommit,
    /// The batch is durable, and its writer does not learn it.
    AfterCommit,
}

/// A write that shall fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Writes that still succeed before it, 0 for the next one.
    pub after_writes: u64,
    /// When it strikes.
    pub point: FaultPoint,
}

#[derive(Debug, Default)]
struct Disk {
    rows: Rows,
    fault: Option<Fault>,
    held: bool,
    writes: u64,
}

/// What is durable; cloning gives another handle to the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    disk: Arc<Mutex<Disk>>,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The store on this disk.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another store on it is open.
    pub fn open(&self) -> Result<MemoryStore, StoreError> {
        let mut disk = self.lock();
        if disk.held {
            return Err(StoreError::InUse);
        }
        disk.held = true;
        drop(disk);
        Ok(MemoryStore { disk: self.clone(), failed: false })
    }

    /// Plans that a write fails; replaces an earlier plan.
    pub fn plan(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// Another disk with the same content, as a backup that was restored elsewhere.
    #[must_use]
    pub fn copy(&self) -> Self {
        let rows = self.lock().rows.clone();
        Self { disk: Arc::new(Mutex::new(Disk { rows, ..Disk::default() })) }
    }

    /// Number of batches that became durable.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// Everything on the disk as it lies there: for tests of what a thief would read.
    #[must_use]
    pub fn dump(&self) -> Vec<(u8, Vec<u8>, Vec<u8>)> {
        self.lock().rows.iter().map(|((table, key), value)| (*table, key.clone(), value.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        // Rows change only by whole batches, so a panic elsewhere leaves them consistent.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store on a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryStore {
    disk: MemoryDisk,
    failed: bool,
}

impl MemoryStore {
    /// An empty store on a disk of its own.
    #[must_use]
    pub fn new() -> Self {
        let disk = MemoryDisk::new();
        disk.lock().held = true;
        Self { disk, failed: false }
    }

    /// The disk, which outlives this store.
    #[must_use]
    pub fn disk(&self) -> MemoryDisk {
        self.disk.clone()
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.failed { Err(StoreError::engine("using the store", "it failed before; open it again")) } else { Ok(()) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        self.disk.lock().held = false;
    }
}

impl DeviceStore for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.alive()?;
        Ok(self.disk.lock().rows.get(&(table.number(), key.to_vec())).cloned())
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.alive()?;
        let from = match after {
            Some(key) => Bound::Excluded((table.number(), key.to_vec())),
            None => Bound::Included((table.number(), Vec::new())),
        };
        let disk = self.disk.lock();
        let rows = disk.rows.range((from, Bound::Unbounded));
        Ok(rows
            .take_while(|((number, _), _)| *number == table.number())
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.alive()?;
        batch.check()?;
        let mut disk = self.disk.lock();
        let strikes = match &mut disk.fault {
            Some(fault) if fault.after_writes == 0 => Some(fault.point),
            Some(fault) => {
                fault.after_writes = fault.after_writes.saturating_sub(1);
                None
            }
            None => None,
        };
        if strikes.is_some() {
            disk.fault = None;
            self.failed = true;
        }
        if strikes != Some(FaultPoint::BeforeCommit) {
            disk.writes = disk.writes.saturating_add(1);
            for change in batch.into_changes() {
                let key = (change.table.number(), change.key);
                match change.value {
                    Some(value) => drop(disk.rows.insert(key, value)),
                    None => drop(disk.rows.remove(&key)),
                }
            }
        }
        match strikes {
            Some(_) => Err(StoreError::engine("writing a batch", "planned fault")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(key: &str, value: &str) -> Batch {
        let mut batch = Batch::new();
        batch.put(Table::Meta, key, value);
        batch
    }

    #[test]
    fn a_crash_before_commit_loses_the_whole_batch_and_nothing_else() {
        let disk = MemoryDisk::new();
        disk.plan(Fault { after_writes: 1, point: FaultPoint::BeforeCommit });
        let mut store = disk.open().unwrap();
        store.write(note("a", "1")).unwrap();
        let mut both = note("b", "2");
        both.append(note("a", "3"));
        assert!(store.write(both).is_err());
        assert!(store.get(Table::Meta, b"a").is_err(), "a failed store is not used again");
        drop(store);
        let store = disk.open().unwrap();
        assert_eq!(store.get(Table::Meta, b"a").unwrap().unwrap(), b"1");
        assert_eq!(store.get(Table::Meta, b"b").unwrap(), None);
    }

    #[test]
    fn a_crash_after_commit_keeps_the_whole_batch() {
        let disk = MemoryDisk::new();
        disk.plan(Fault { after_writes: 0, point: FaultPoint::AfterCommit });
        let mut store = disk.open().unwrap();
        assert!(store.write(note("a", "1")).is_err());
        drop(store);
        assert_eq!(disk.open().unwrap().get(Table::Meta, b"a").unwrap().unwrap(), b"1");
        assert_eq!(disk.writes(), 1);
    }

    #[test]
    fn a_copied_disk_is_independent() {
        let disk = MemoryDisk::new();
        let mut store = disk.open().unwrap();
        store.write(note("a", "1")).unwrap();
        let copy = disk.copy();
        store.write(note("a", "2")).unwrap();
        assert_eq!(copy.open().unwrap().get(Table::Meta, b"a").unwrap().unwrap(), b"1");
    }
}
