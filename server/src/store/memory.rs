//! A store in memory that fails on demand: tests and simulation. Not a store to keep anything in.
//!
//! It separates *applied* from *flushed* exactly as a disk does: [`MemoryStore::crash`] takes back whatever was
//! not flushed, so a program that acknowledges too early is caught.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::journal::Position;
use super::journaled::Engine;
use super::{Batch, Entry, KeyRange, Order, Store, StoreError, Table};

type Key = (u8, Vec<u8>);

/// Where the position in the journal lies: behind every table.
const POSITION: Place = (0xFF, b"position");
/// How far the frames go of which a part may be here.
const AIM: Place = (0xFF, b"aim");

type Place = (u8, &'static [u8]);

/// What shall go wrong, counted from when it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// The n-th apply from now fails and the store stops; 1 is the next one.
    pub fail_apply: Option<u64>,
    /// The n-th flush from now fails and the store stops; 1 is the next one.
    pub fail_flush: Option<u64>,
    /// Free bytes that the store reports when it refuses to write; `None` is a disk with room.
    pub full: Option<u64>,
}

/// The store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Key, Vec<u8>>,
    /// What each batch since the last flush replaced, oldest batch first; of a part each key is one.
    unflushed: VecDeque<Vec<(Key, Option<Vec<u8>>)>>,
    faults: Faults,
    stopped: bool,
    applies: u64,
    flushes: u64,
}

impl MemoryStore {
    /// An empty store without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the faults that are still to come.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Loses power and starts again: what was not flushed is gone, faults are cleared.
    pub fn crash(&self) {
        self.crash_keeping(0);
    }

    /// Loses power where the disk had already written the first `batches` batches after the last flush. A real
    /// engine may write early, but whole batches in their order.
    pub fn crash_keeping(&self, batches: usize) {
        let mut state = self.state();
        let kept = batches.min(state.unflushed.len());
        while state.unflushed.len() > kept {
            for (key, old) in state.unflushed.pop_back().into_iter().flatten().rev() {
                match old {
                    Some(value) => state.entries.insert(key, value),
                    None => state.entries.remove(&key),
                };
            }
        }
        state.unflushed.clear();
        state.faults = Faults::default();
        state.stopped = false;
    }

    /// Another store with what is durable here now: a backup, or a snapshot of the disk.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = State { entries: self.state().entries.clone(), ..State::default() };
        let undo: Vec<_> = self.state().unflushed.iter().rev().flat_map(|batch| batch.iter().rev().cloned()).collect();
        for (key, old) in undo {
            match old {
                Some(value) => copy.entries.insert(key, value),
                None => copy.entries.remove(&key),
            };
        }
        Self { state: Mutex::new(copy) }
    }

    /// Batches applied since the last flush.
    #[must_use]
    pub fn unflushed(&self) -> usize {
        self.state().unflushed.len()
    }

    /// Successful flushes so far.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.state().flushes
    }

    /// Batches applied so far.
    #[must_use]
    pub fn applies(&self) -> u64 {
        self.state().applies
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state().entries.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.stopped { Err(StoreError::Stopped) } else { Ok(state) }
    }
}

impl State {
    fn position(&self, (table, key): Place) -> Option<Position> {
        self.entries.get(&(table, key.to_vec())).and_then(|bytes| Position::from_bytes(bytes))
    }

    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        if let Some(free) = self.faults.full {
            return Err(StoreError::Full { free, reserve: super::space::RESERVE_BYTES });
        }
        for (table, key, expect) in batch.expectations() {
            let stored = self.entries.get(&(table.number(), key.to_vec()));
            if !expect.holds(stored.map(Vec::as_slice)) {
                return Err(StoreError::Conflict { table, key: key.to_vec() });
            }
        }
        Ok(())
    }

    /// Applies all of it, or stops.
    fn write(&mut self, batch: &Batch, position: Option<(Place, Position)>) -> Result<(), StoreError> {
        if strikes(&mut self.faults.fail_apply) {
            self.stopped = true;
            return Err(StoreError::Engine { attempt: "applying a batch", problem: "injected fault".into() });
        }
        let writes =
            batch.writes().map(|(table, key, value)| ((table.number(), key.to_vec()), value.map(<[u8]>::to_vec)));
        let position = position.map(|((table, key), position)| ((table, key.to_vec()), Some(position.to_bytes())));
        let mut undo = Vec::with_capacity(batch.len());
        for (key, value) in writes.chain(position) {
            let old = match value {
                Some(value) => self.entries.insert(key.clone(), value),
                None => self.entries.remove(&key),
            };
            undo.push((key, old));
        }
        self.unflushed.push_back(undo);
        self.applies = self.applies.saturating_add(1);
        Ok(())
    }
}

/// Counts one call towards a fault; true when it is the one that fails.
fn strikes(countdown: &mut Option<u64>) -> bool {
    match countdown {
        Some(left) if *left <= 1 => {
            *countdown = None;
            true
        }
        Some(left) => {
            *left = left.saturating_sub(1);
            false
        }
        None => false,
    }
}

impl Store for MemoryStore {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().entries.get(&(table.number(), key.to_vec())).cloned())
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let number = table.number();
        let from = match &range.from {
            Bound::Included(key) => Bound::Included((number, key.clone())),
            Bound::Excluded(key) => Bound::Excluded((number, key.clone())),
            Bound::Unbounded => Bound::Included((number, Vec::new())),
        };
        let to = match &range.to {
            Bound::Included(key) => Bound::Included((number, key.clone())),
            Bound::Excluded(key) => Bound::Excluded((number, key.clone())),
            Bound::Unbounded => Bound::Excluded((number.saturating_add(1), Vec::new())),
        };
        let state = self.state();
        let entries = state.entries.range((from, to)).map(|((_, key), value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Forward => entries.take(limit).collect(),
            Order::Reverse => entries.rev().take(limit).collect(),
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check_limits()?;
        let mut state = self.running()?;
        state.check(batch)?;
        state.write(batch, None)
    }

    fn flush(&self) -> Result<(), StoreError> {
        let mut state = self.running()?;
        if strikes(&mut state.faults.fail_flush) {
            state.stopped = true;
            return Err(StoreError::FlushFailed { problem: "injected fault".into() });
        }
        state.unflushed.clear();
        state.flushes = state.flushes.saturating_add(1);
        Ok(())
    }
}

impl Engine for MemoryStore {
    fn position(&self) -> Result<Option<Position>, StoreError> {
        Ok(self.state().position(POSITION))
    }

    fn apply_at(&self, batch: &Batch, position: Position) -> Result<(), StoreError> {
        self.running()?.write(batch, Some((POSITION, position)))
    }

    fn aim(&self) -> Result<Option<Position>, StoreError> {
        Ok(self.state().position(AIM))
    }

    fn apply_part(&self, batch: &Batch, aim: Position) -> Result<(), StoreError> {
        let mut state = self.running()?;
        state.write(&Batch::new(), Some((AIM, aim)))?;
        for (table, key, value) in batch.writes() {
            let mut one = Batch::new();
            one.put_stored(table, key.to_vec(), value.map(<[u8]>::to_vec));
            state.write(&one, None)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &MemoryStore, key: &str, value: &str) -> Result<(), StoreError> {
        store.apply(Batch::new().put(Table::Meta, key, value))
    }

    fn get(store: &MemoryStore, key: &str) -> Option<Vec<u8>> {
        store.get(Table::Meta, key.as_bytes()).unwrap()
    }

    #[test]
    fn a_crash_takes_back_what_was_not_flushed() {
        let store = MemoryStore::new();
        put(&store, "a", "1").unwrap();
        store.flush().unwrap();
        put(&store, "a", "2").unwrap();
        put(&store, "a", "3").unwrap();
        store.apply(Batch::new().remove(Table::Meta, "a").put(Table::Log, "b", "4")).unwrap();
        assert_eq!((get(&store, "a"), store.unflushed()), (None, 3));
        store.crash();
        assert_eq!(get(&store, "a"), Some(b"1".to_vec()));
        assert_eq!(store.get(Table::Log, b"b").unwrap(), None);
    }

    #[test]
    fn a_crash_may_keep_the_first_batches_whole() {
        let store = MemoryStore::new();
        put(&store, "a", "1").unwrap();
        put(&store, "a", "2").unwrap();
        put(&store, "a", "3").unwrap();
        store.crash_keeping(2);
        assert_eq!(get(&store, "a"), Some(b"2".to_vec()));
        store.crash();
        assert_eq!(get(&store, "a"), Some(b"2".to_vec()), "what a crash left is on the disk");
    }

    #[test]
    fn a_failed_flush_is_final_until_the_next_start() {
        let store = MemoryStore::new();
        put(&store, "a", "1").unwrap();
        store.flush().unwrap();
        store.set_faults(Faults { fail_flush: Some(2), ..Faults::default() });
        put(&store, "a", "2").unwrap();
        store.flush().unwrap();
        put(&store, "a", "3").unwrap();
        let error = store.flush().unwrap_err();
        assert!(error.is_final() && matches!(error, StoreError::FlushFailed { .. }));
        assert!(matches!(store.flush(), Err(StoreError::Stopped)));
        assert!(matches!(put(&store, "a", "4"), Err(StoreError::Stopped)));
        store.crash();
        assert_eq!(get(&store, "a"), Some(b"2".to_vec()));
        put(&store, "a", "5").unwrap();
    }

    #[test]
    fn a_failed_apply_leaves_nothing() {
        let store = MemoryStore::new();
        store.set_faults(Faults { fail_apply: Some(1), ..Faults::default() });
        assert!(put(&store, "a", "1").unwrap_err().is_final());
        assert_eq!(get(&store, "a"), None);
    }

    #[test]
    fn a_full_disk_refuses_and_resumes() {
        let store = MemoryStore::new();
        put(&store, "a", "1").unwrap();
        store.set_faults(Faults { full: Some(10), ..Faults::default() });
        assert!(matches!(put(&store, "a", "2"), Err(StoreError::Full { free: 10, .. })));
        assert_eq!(get(&store, "a"), Some(b"1".to_vec()), "reading goes on");
        store.set_faults(Faults::default());
        put(&store, "a", "2").unwrap();
    }
}
