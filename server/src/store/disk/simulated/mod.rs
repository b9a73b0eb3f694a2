//! A disk in memory that fails on command: lost and torn writes, names that were never made durable, failing
//! calls, a full disk, flipped bits. Everything follows from seeds; nothing here is random by itself.
//!
//! What it models: bytes are durable after a sync of their file, names after a sync of their folder, and only
//! then. A crash keeps of everything else what its seed says: of writes any 512-byte sectors, of changes of names
//! the first ones in their order. A sync that fails drops what it was to make durable and still shows it to
//! readers, as Linux does.

mod tree;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile};
use tree::{Seed, Tree};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFailure {
    /// An I/O error; a write or sync did nothing.
    Broken,
    /// No room; a write did nothing.
    Full,
    /// An I/O error after half of a write; other calls just fail.
    Short,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

/// The whole disk at one moment.
#[derive(Debug, Clone)]
pub struct DiskSnapshot(Tree);

#[derive(Debug, Default)]
struct State {
    tree: Tree,
    /// Handles of earlier lives are dead.
    life: u64,
    calls: u64,
    fail: Option<(u64, DiskFailure)>,
    /// Bytes of all files together, when the disk is small.
    capacity: Option<u64>,
}

impl SimulatedDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls so far: for tests that let each of them fail.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// The call with this number, counted as [`SimulatedDisk::calls`] counts, fails; the first one has number 1.
    pub fn fail_call(&self, number: u64, failure: DiskFailure) {
        self.state().fail = Some((number, failure));
    }

    /// No call fails from now on.
    pub fn heal(&self) {
        self.state().fail = None;
    }

    /// Whether a failure was ordered that has not happened yet.
    #[must_use]
    pub fn failure_is_due(&self) -> bool {
        let state = self.state();
        state.fail.is_some_and(|(number, _)| number > state.calls)
    }

    /// All files together may have this many bytes; `None` is a disk with room.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// The disk as one process sees it: dead after the next crash, end of the process or restore.
    #[must_use]
    pub fn mount(&self) -> Arc<dyn Disk> {
        let life = self.state().life;
        Arc::new(Mounted { disk: self.clone(), life })
    }

    /// Bytes of all files together.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.state().tree.used()
    }

    /// Loses power: of what was not made durable `seed` decides what is kept. Open files are dead, faults cleared. Tells
    /// whether something that was written is gone.
    pub fn crash(&self, seed: u64) -> bool {
        let mut state = self.state();
        let lost = state.tree.crash(&mut Seed::new(seed));
        state.life = state.life.saturating_add(1);
        state.fail = None;
        lost
    }

    /// The process ends, the machine goes on: everything written is still there. Open files are dead, faults stay.
    pub fn end_process(&self) {
        let mut state = self.state();
        state.life = state.life.saturating_add(1);
    }

    /// The disk as it is now, durable or not.
    #[must_use]
    pub fn snapshot(&self) -> DiskSnapshot {
        DiskSnapshot(self.state().tree.clone())
    }

    /// Puts an earlier disk in place of this one. Open files are dead.
    pub fn restore(&self, snapshot: &DiskSnapshot) {
        let mut state = self.state();
        state.tree = snapshot.0.clone();
        state.life = state.life.saturating_add(1);
    }

    /// Paths of all files.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.state().tree.files()
    }

    /// Bytes of a file; no call is counted.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.state().tree.bytes(path)
    }

    /// Replaces a file's bytes durably, as damage or an operator does.
    pub fn put(&self, path: &str, bytes: Vec<u8>) -> io::Result<()> {
        self.state().tree.put(path, bytes)
    }

    /// Flips the bits of `mask` in one byte, durably; false when there is no such byte.
    pub fn flip(&self, path: &str, offset: u64, mask: u8) -> bool {
        self.state().tree.flip(path, offset, mask)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; gives the state, or the failure that was ordered for it.
    fn call(&self) -> Result<MutexGuard<'_, State>, (MutexGuard<'_, State>, DiskFailure)> {
        let mut state = self.state();
        state.calls = state.calls.saturating_add(1);
        match state.fail {
            Some((number, failure)) if number == state.calls => Err((state, failure)),
            _ => Ok(state),
        }
    }
}

impl DiskFailure {
    fn error(self) -> io::Error {
        match self {
            Self::Broken | Self::Short => io::Error::other("simulated I/O error"),
            Self::Full => io::Error::new(io::ErrorKind::StorageFull, "simulated full disk"),
        }
    }
}

/// What one process sees of the disk.
#[derive(Debug)]
struct Mounted {
    disk: SimulatedDisk,
    life: u64,
}

impl State {
    fn alive(&self, life: u64) -> io::Result<()> {
        if self.life == life { Ok(()) } else { Err(io::Error::other("the simulated machine was restarted")) }
    }
}

impl Mounted {
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.call().map_err(|(_, failure)| failure.error())?;
        state.alive(self.life)?;
        Ok(state)
    }

    fn file(&self, node: u64) -> Box<dyn DiskFile> {
        Box::new(SimulatedFile { disk: self.disk.clone(), node, life: self.life })
    }
}

impl Disk for Mounted {
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.call()?;
        let node = state.tree.create(path)?;
        Ok(self.file(node))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let state = self.call()?;
        let node = state.tree.file(path)?;
        Ok(self.file(node))
    }

    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.call()?.tree.make_folder(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.call()?.tree.list(folder)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.call()?.tree.rename(from, to)
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.call()?.tree.link(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.call()?.tree.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.call()?.tree.sync_folder(folder)
    }

    fn free_space(&self) -> io::Result<u64> {
        let state = self.call()?;
        Ok(state.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(state.tree.used())))
    }

    fn full_path(&self, path: &str) -> String {
        format!("simulated:/{path}")
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    node: u64,
    life: u64,
}

impl SimulatedFile {
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.call().map_err(|(_, failure)| failure.error())?;
        state.alive(self.life)?;
        Ok(state)
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.call()?;
        Ok(state.tree.read(self.node, offset, buffer))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (mut state, written, result) = match self.disk.call() {
            Ok(state) => (state, bytes, Ok(())),
            Err((state, failure)) => {
                let half = if failure == DiskFailure::Short { bytes.len() / 2 } else { 0 };
                (state, bytes.get(..half).unwrap_or_default(), Err(failure.error()))
            }
        };
        state.alive(self.life)?;
        let grows = state.tree.growth(self.node, offset, written.len());
        let used = state.tree.used();
        if state.capacity.is_some_and(|capacity| used.saturating_add(grows) > capacity) {
            return Err(DiskFailure::Full.error());
        }
        state.tree.write(self.node, offset, written);
        result
    }

    fn sync(&self) -> io::Result<()> {
        match self.disk.call() {
            Ok(mut state) => {
                state.alive(self.life)?;
                state.tree.sync(self.node);
                Ok(())
            }
            Err((mut state, failure)) => {
                state.alive(self.life)?;
                state.tree.forget_unsynced(self.node);
                Err(failure.error())
            }
        }
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.call()?;
        Ok(state.tree.length(self.node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk_with(bytes: &[u8]) -> (SimulatedDisk, Box<dyn DiskFile>) {
        let disk = SimulatedDisk::new();
        let file = disk.mount().create("a").unwrap();
        file.write_at(0, bytes).unwrap();
        file.sync().unwrap();
        disk.mount().sync_folder("").unwrap();
        (disk, file)
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_is_lost_or_torn_by_sector() {
        let mut kept = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let (disk, file) = disk_with(&[1; 2_048]);
            file.write_at(0, &[2; 2_048]).unwrap();
            disk.crash(seed);
            assert!(file.read_at(0, &mut [0]).is_err(), "a handle of the life before");
            let bytes = disk.bytes("a").unwrap();
            assert_eq!(bytes.len(), 2_048);
            let sectors: Vec<u8> = bytes.chunks(512).map(|sector| sector[0]).collect();
            assert!(bytes.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
            kept.insert(sectors);
        }
        assert!(kept.contains(&vec![1; 4]) && kept.contains(&vec![2; 4]) && kept.len() > 6, "{kept:?}");
    }

    #[test]
    fn a_name_is_durable_only_after_its_folder_was_synced() {
        let (mut lost, mut kept) = (0, 0);
        for seed in 0..100 {
            let (disk, _) = disk_with(b"x");
            disk.mount().rename("a", "b").unwrap();
            disk.mount().create("c").unwrap();
            disk.crash(seed);
            let files = disk.files();
            assert!(files == ["a"] || files == ["b"] || files == ["b", "c"], "{files:?}");
            if files == ["a"] {
                lost += 1;
            } else {
                kept += 1;
            }
            let (disk, _) = disk_with(b"x");
            disk.mount().rename("a", "b").unwrap();
            disk.mount().sync_folder("").unwrap();
            disk.crash(seed);
            assert_eq!(disk.files(), ["b"]);
        }
        assert!(lost > 5 && kept > 5);
    }

    #[test]
    fn a_failed_sync_shows_what_is_not_there() {
        for seed in 0..20 {
            let (disk, file) = disk_with(b"old");
            file.write_at(0, b"new").unwrap();
            disk.fail_call(disk.calls() + 1, DiskFailure::Broken);
            assert!(file.sync().is_err());
            file.sync().unwrap();
            assert_eq!(disk.bytes("a").unwrap(), b"new", "readers see it");
            disk.crash(seed);
            assert_eq!(disk.bytes("a").unwrap(), b"old", "a second sync does not bring it back");
        }
    }

    #[test]
    fn a_full_disk_refuses_growth_and_nothing_else() {
        let (disk, file) = disk_with(&[1; 100]);
        disk.set_capacity(Some(110));
        assert_eq!(disk.mount().free_space().unwrap(), 10);
        assert_eq!(file.write_at(100, &[2; 20]).unwrap_err().kind(), io::ErrorKind::StorageFull);
        file.write_at(0, &[2; 100]).unwrap();
        file.write_at(100, &[2; 10]).unwrap();
        disk.set_capacity(None);
        file.write_at(100, &[2; 20]).unwrap();
    }

    #[test]
    fn a_snapshot_is_the_whole_disk() {
        let (disk, _) = disk_with(b"one");
        let before = disk.snapshot();
        disk.put("a", b"two".to_vec()).unwrap();
        disk.mount().create("b").unwrap();
        disk.restore(&before);
        assert_eq!((disk.files(), disk.bytes("a").unwrap()), (vec!["a".to_owned()], b"one".to_vec()));
        assert!(disk.flip("a", 0, 1) && !disk.flip("a", 3, 1));
        assert_eq!(disk.bytes("a").unwrap(), b"nne");
    }
}
