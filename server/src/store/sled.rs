//! The default engine: sled 0.34.7, called so that "flushed" means "on disk". Nothing but this and `writing` names sled.
//!
//! What is special about it (measured in simulated power losses, docs/adr/0002-one-sled-tree.md):
//!
//! - sled's own `flush` is `sync_file_range` on Linux, which makes nothing durable. [`Store::flush`] adds
//!   `syncfs` on the file system of the store; its result is the one that counts.
//! - Large pages go to files that sled never syncs. Segments of 8 MiB and values of at most 16 KiB keep every
//!   page in the log: larger values are cut into pieces here, and `blobs/` stays empty.
//! - sled may panic on a damaged directory. Every call is contained; after a panic nothing more is written.
//!
//! All tables lie in one tree: a key is the table's number and the key itself, so that one `apply_batch`, atomic
//! at recovery, covers all of them. Conditions are checked under the mutex of the one writer.
//!
//! Keys and values: `layout`. Behind a journal ([`SledStore::open_engine`]) nothing needs to be durable before the
//! next checkpoint, and the tree says up to which frame of the journal it goes.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use sled::IVec;
use writing::Writer;

use super::journal::Position;
use super::journaled::Engine;
use super::layout::{AIM_KEY, FORMAT_KEY, Head, PIECES_PREFIX, POSITION_KEY, full_key, full_range, piece_key};
use super::{Batch, Entry, KeyRange, Order, Store, StoreError, Table, folder, space};

/// Segment of sled's log in bytes, fixed when the store is made. Pages above a quarter of it would leave the log.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;

/// Milliseconds between sled's own flushes. Needed for its segment collector, not for durability.
const BACKGROUND_FLUSH_MS: u64 = 500;

/// Format of a tree that is a store by itself, as programs without a journal made it.
const FORMAT_ALONE: u8 = 1;

/// Format of a tree behind a journal: another number, so that a program without a journal refuses it.
const FORMAT_BEHIND_JOURNAL: u8 = 2;

/// How often opening waits for a store of this process that lets go of its lock, and how long each time.
const OPEN_WAITS: u32 = 250;
const OPEN_WAIT: std::time::Duration = std::time::Duration::from_millis(20);

/// How to open a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SledOptions {
    /// Memory for sled's page cache in bytes.
    pub cache_bytes: u64,
    /// Bytes of the disk that stay free: below, [`Store::apply`] answers [`StoreError::Full`].
    pub reserve_bytes: u64,
}

impl Default for SledOptions {
    /// 256 MiB of cache (sled's own default is 1 GiB), 256 MiB of reserve.
    fn default() -> Self {
        Self { cache_bytes: 256 * 1024 * 1024, reserve_bytes: space::RESERVE_BYTES }
    }
}

/// A store on disk.
#[derive(Debug)]
pub struct SledStore {
    db: ::sled::Db,
    /// sled's log file, for the barrier.
    barrier: File,
    /// Readers hold it shared, an apply alone: nobody sees half a batch.
    gate: RwLock<()>,
    writer: Mutex<Writer>,
    stopped: AtomicBool,
    path: PathBuf,
    reserve_bytes: u64,
    format: u8,
    /// Held while the store is open; released by the system when the process ends, however it ends. None when who
    /// opened it holds it.
    _lock: Option<File>,
}

impl SledStore {
    /// Opens the store in the folder `path`, or makes it: a tree alone, without a journal. Blocks for seconds with
    /// millions of entries.
    pub fn open(path: &Path, options: SledOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path).map_err(folder::io_error("making the folder", path))?;
        let lock = folder::lock(path)?;
        Self::open_as(path, options, FORMAT_ALONE, Some(lock))
    }

    /// Opens a tree without a journal for its reader, who holds the lock of `path`.
    pub(super) fn open_alone(path: &Path, options: SledOptions) -> Result<Self, StoreError> {
        Self::open_as(path, options, FORMAT_ALONE, None)
    }

    /// Opens or makes the tree behind a journal; the caller holds the lock of `path`.
    pub(super) fn open_engine(path: &Path, options: SledOptions) -> Result<Self, StoreError> {
        Self::open_as(path, options, FORMAT_BEHIND_JOURNAL, None)
    }

    fn open_as(path: &Path, options: SledOptions, format: u8, lock: Option<File>) -> Result<Self, StoreError> {
        let tree = path.join("sled");
        std::fs::create_dir_all(&tree).map_err(|error| {
            if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) {
                return StoreError::Open { path: path.to_owned(), problem: "`sled` is no folder".into() };
            }
            folder::io_error("making the folder", &tree)(error)
        })?;
        let db = open_db(path, &tree, options.cache_bytes)?;
        let log = tree.join("db");
        let barrier = File::options().read(true).write(true).open(&log).map_err(folder::io_error("opening", &log))?;
        barrier.sync_all().map_err(folder::io_error("syncing", &log))?;
        for made in [Some(tree.as_path()), Some(path), path.parent()].into_iter().flatten() {
            folder::sync(made)?;
        }
        let store = Self {
            db,
            barrier,
            gate: RwLock::default(),
            writer: Mutex::default(),
            stopped: AtomicBool::new(false),
            path: path.to_owned(),
            reserve_bytes: options.reserve_bytes,
            format,
            _lock: lock,
        };
        store.check_format()?;
        store.find_pieces()?;
        Ok(store)
    }

    /// Bytes that the store takes on disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.contained("reading the size", || self.db.size_on_disk())
    }

    /// Writes the format of a new store, refuses one that another program or version has made.
    fn check_format(&self) -> Result<(), StoreError> {
        let refuse = |problem: String| Err(StoreError::Open { path: self.path.clone(), problem });
        let found = self.contained("reading the format", || self.db.get(FORMAT_KEY))?;
        match found.as_deref() {
            Some([format]) if *format == self.format => Ok(()),
            Some(other) => refuse(format!("it has format {other:?}, and {} was expected here", self.format)),
            None if self.contained("reading the first key", || self.db.first())?.is_none() => {
                self.contained("writing the format", || self.db.insert(FORMAT_KEY, &[self.format]))?;
                self.flush()
            }
            None => refuse("it was not made by this program".into()),
        }
    }

    fn find_pieces(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        for number in Table::ALL.iter().map(|table| table.number()) {
            let first = || self.db.scan_prefix([PIECES_PREFIX, number]).next().transpose();
            if self.contained("looking for pieces", first)?.is_some() {
                writer.in_pieces.insert(number);
            }
        }
        Ok(())
    }

    /// Runs `work`, turning a panic or an error of sled into an error that stops the store.
    fn contained<T>(&self, attempt: &'static str, work: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreError> {
        let problem = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_text(&*panic),
        };
        self.stopped.store(true, Ordering::SeqCst);
        Err(StoreError::Engine { attempt, problem })
    }

    fn check_running(&self) -> Result<(), StoreError> {
        if self.stopped.load(Ordering::SeqCst) { Err(StoreError::Stopped) } else { Ok(()) }
    }

    /// The stored value whose head lies in sled, pieces put together. The caller holds the gate.
    fn whole(&self, table: Table, key: &[u8], head: &IVec) -> Result<Vec<u8>, StoreError> {
        let damaged = |problem| StoreError::Damaged { table, problem };
        match Head::read(head).ok_or_else(|| damaged("its head is not known"))? {
            Head::Whole(value) => Ok(value.to_vec()),
            Head::InPieces { length, pieces } => {
                let mut value = Vec::new();
                for number in 0..pieces {
                    let piece_key = piece_key(table.number(), key, number);
                    let piece = self.contained("reading a piece", || self.db.get(piece_key))?;
                    value.extend_from_slice(&piece.ok_or_else(|| damaged("a piece is missing"))?);
                }
                if value.len() == length { Ok(value) } else { Err(damaged("its pieces have another length")) }
            }
        }
    }
}

impl Store for SledStore {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let _reading = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let head = self.contained("reading a value", || self.db.get(full_key(table.number(), key)))?;
        head.map(|head| self.whole(table, key, &head)).transpose()
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let bounds = full_range(table.number(), range);
        let _reading = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let heads: Vec<(IVec, IVec)> = self.contained("scanning", || {
            let iterator = self.db.range(bounds);
            match order {
                Order::Forward => iterator.take(limit).collect(),
                Order::Reverse => iterator.rev().take(limit).collect(),
            }
        })?;
        let mut entries = Vec::with_capacity(heads.len());
        for (full, head) in heads {
            let key = full.get(1..).unwrap_or_default();
            entries.push((key.to_vec(), self.whole(table, key, &head)?));
        }
        Ok(entries)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check_limits()?;
        self.check_running()?;
        space::check_reserve(&self.path, self.reserve_bytes)?;
        self.write(batch, |_| {})
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.check_running()?;
        let logged = self.contained("flushing", || self.db.flush()).map_err(|error| error.to_string());
        let result = logged.and_then(|_| barrier(&self.barrier).map_err(|error| error.to_string()));
        result.map_err(|problem| {
            self.stopped.store(true, Ordering::SeqCst);
            StoreError::FlushFailed { problem }
        })
    }
}

impl Engine for SledStore {
    fn position(&self) -> Result<Option<Position>, StoreError> {
        let stored = self.contained("reading the position", || self.db.get(POSITION_KEY))?;
        Ok(stored.and_then(|bytes| Position::from_bytes(&bytes)))
    }

    fn apply_at(&self, batch: &Batch, position: Position) -> Result<(), StoreError> {
        self.write(batch, |writes| writes.insert(POSITION_KEY, position.to_bytes()))
    }

    fn aim(&self) -> Result<Option<Position>, StoreError> {
        let stored = self.contained("reading the aim", || self.db.get(AIM_KEY))?;
        Ok(stored.and_then(|bytes| Position::from_bytes(&bytes)))
    }

    fn apply_part(&self, batch: &Batch, aim: Position) -> Result<(), StoreError> {
        self.write_part(batch, aim)
    }
}

fn open_db(path: &Path, tree: &Path, cache_bytes: u64) -> Result<::sled::Db, StoreError> {
    let config = ::sled::Config::new()
        .path(tree)
        .cache_capacity(cache_bytes)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(Some(BACKGROUND_FLUSH_MS));
    let mut waits = OPEN_WAITS;
    loop {
        let problem = match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(db)) => return Ok(db),
            // The folder is ours already; a store of this process that was just closed lets go in the background.
            Ok(Err(::sled::Error::Io(error))) if error.to_string().contains("acquire lock") && waits > 0 => {
                waits = waits.saturating_sub(1);
                std::thread::park_timeout(OPEN_WAIT);
                continue;
            }
            Ok(Err(::sled::Error::Io(error))) if is_outside(&error) => {
                return Err(folder::io_error("opening the engine in", tree)(error));
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_text(&*panic),
        };
        return Err(StoreError::Open { path: path.to_owned(), problem });
    }
}

/// Whether an error says nothing about the engine's files: making them anew would not help.
fn is_outside(error: &io::Error) -> bool {
    use io::ErrorKind::{OutOfMemory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | PermissionDenied | ReadOnlyFilesystem | OutOfMemory)
        || error.to_string().contains("acquire lock")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the engine panicked: {}", text.unwrap_or("without a message"))
}

/// Makes everything written to the file system of `log` durable: log, snapshots and directory entries.
#[cfg(target_os = "linux")]
fn barrier(log: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(log)?)
}

/// Makes the log durable. Where there is no `syncfs`, this suffices while `blobs/` stays empty.
#[cfg(not(target_os = "linux"))]
fn barrier(log: &File) -> io::Result<()> {
    log.sync_all()
}

#[cfg(test)]
mod tests;
mod writing;
