//! The store of a server: a journal that an acknowledgement depends on, in front of an engine that answers reads.
//!
//! A commit is durable with its frame and nothing else; the engine follows and is made durable now and then, so
//! that opening has little to replay. An engine that is damaged, fails, or does not agree with the journal is put
//! aside and made again from the frames, by itself.
//!
//! Invariant: the engine holds exactly the writes of the frames up to its position, but for a start that was stopped while
//! it gave the engine later ones, which the next start gives it again before anybody reads; and its position is never ahead
//! of what is durable in the journal. Decisions: `docs/adr/0004-a-journal-in-front-of-the-engine.md`.

mod engine;
mod format;
mod keeping;
mod open;
mod replay;
mod report;
#[cfg(test)]
mod tests;
mod upgrade;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use engine::{Aside, Engine, EngineHome, MemoryHome, SledHome};
pub use format::{FORMAT, format_in};
pub use open::JournaledOptions;
pub use report::{OpenReport, Progress, Rebuild, RebuildReason};

use super::disk::{Disk, RealDisk};
use super::journal::{Journal, JournalError, NewFrame, Position, Reader};
use super::{Batch, Entry, KeyRange, Order, SledOptions, SledStore, Store, StoreError, Table, folder};
use crate::platform::{Clock, Platform};

/// A journal and the engine behind it.
pub struct JournaledStore<E: Engine> {
    engine: E,
    writer: Mutex<Writer>,
    has_stopped: AtomicBool,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    checkpoint_bytes: u64,
    report: OpenReport,
    /// Held while the store is open; last, so that it is released last.
    lock: Option<File>,
}

struct Writer {
    journal: Journal,
    /// Bytes of frames since the engine was made durable.
    since_checkpoint: u64,
}

impl<E: Engine> core::fmt::Debug for JournaledStore<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("JournaledStore").field("disk", &self.disk).finish_non_exhaustive()
    }
}

impl JournaledStore<SledStore> {
    /// Opens the store in the folder `path`, or makes it; upgrades a folder of an earlier format.
    ///
    /// # Errors
    /// When another process holds it, the journal is damaged before its tail, or the disk fails.
    pub fn open(path: &Path, options: SledOptions, platform: &Platform) -> Result<Self, StoreError> {
        Self::open_with(path, options, JournaledOptions::of_system(platform, options.reserve_bytes))
    }

    /// As [`JournaledStore::open`], with options of one's own.
    ///
    /// # Errors
    /// As [`JournaledStore::open`].
    pub fn open_with(path: &Path, sled: SledOptions, options: JournaledOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path).map_err(folder::io_error("making the folder", path))?;
        let lock = folder::lock(path)?;
        if let Some(parent) = path.parent() {
            folder::sync(parent)?;
        }
        let home = SledHome { folder: path.to_owned(), options: sled };
        let mut store = Self::open_on(Arc::new(RealDisk::new(path)), &home, options)?;
        store.lock = Some(lock);
        Ok(store)
    }
}

impl<E: Engine> JournaledStore<E> {
    /// What opening it found and did.
    #[must_use]
    pub fn report(&self) -> &OpenReport {
        &self.report
    }

    /// Where the journal ends: everything up to there is durable.
    #[must_use]
    pub fn position(&self) -> Position {
        self.writer().journal.position()
    }

    /// The journal for reading, while this store goes on writing.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn journal(&self) -> Result<Reader, StoreError> {
        Ok(self.writer().journal.reader()?)
    }

    /// The engine, for comparing it with another one.
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Makes the engine durable, so that opening has nothing to replay.
    ///
    /// # Errors
    /// When the engine fails; that is final.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.checkpoint_of(&mut self.writer())
    }

    fn checkpoint_of(&self, writer: &mut Writer) -> Result<(), StoreError> {
        self.check_running()?;
        self.engine.flush().map_err(|error| self.engine_failed(error))?;
        writer.since_checkpoint = 0;
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_running(&self) -> Result<(), StoreError> {
        if self.has_stopped.load(Ordering::SeqCst) { Err(StoreError::Stopped) } else { Ok(()) }
    }

    /// The journal has it and the engine does not: the next start makes the engine anew.
    fn engine_failed(&self, error: StoreError) -> StoreError {
        self.has_stopped.store(true, Ordering::SeqCst);
        if let Err(marking) = format::write_rebuild(self.disk.as_ref(), &error.to_string()) {
            tracing::error!(error = %marking, "the failure of the engine could not be noted for the next start");
        }
        if error.is_final() {
            return error;
        }
        StoreError::Engine { attempt: "applying a durable batch", problem: error.to_string() }
    }

    fn append(&self, writer: &mut Writer, batch: &Batch) -> Result<Position, StoreError> {
        let new = NewFrame { batch, time: self.clock.now(), is_base: false };
        match writer.journal.append(&new) {
            Ok((position, bytes)) => {
                writer.since_checkpoint = writer.since_checkpoint.saturating_add(bytes);
                Ok(position)
            }
            Err(JournalError::Full { free, reserve }) => Err(StoreError::Full { free, reserve }),
            Err(JournalError::TooLarge { size, limit }) => Err(StoreError::TooLarge { what: "batch", size, limit }),
            Err(error) => {
                self.has_stopped.store(true, Ordering::SeqCst);
                Err(StoreError::FlushFailed { problem: error.to_string() })
            }
        }
    }
}

impl<E: Engine> Store for JournaledStore<E> {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.engine.get_stored(table, key)
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        self.engine.scan_stored(table, range, limit, order)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.commit(batch, &mut || {})
    }

    /// Nothing is left to do: what was applied is durable in the journal.
    fn flush(&self) -> Result<(), StoreError> {
        self.check_running()
    }

    fn commit(&self, batch: &Batch, before_visible: &mut dyn FnMut()) -> Result<(), StoreError> {
        batch.check_limits()?;
        let mut writer = self.writer();
        self.check_running()?;
        for (table, key, expect) in batch.expectations() {
            let stored = self.engine.get_stored(table, key)?;
            if !expect.holds(stored.as_deref()) {
                return Err(StoreError::Conflict { table, key: key.to_vec() });
            }
        }
        if writer.since_checkpoint >= self.checkpoint_bytes {
            self.checkpoint_of(&mut writer)?;
        }
        if batch.is_empty() {
            before_visible();
            return Ok(());
        }
        let position = self.append(&mut writer, batch)?;
        before_visible();
        self.engine.apply_at(batch, position).map_err(|error| self.engine_failed(error))
    }
}

impl<E: Engine> Drop for JournaledStore<E> {
    /// A close in order: the engine becomes durable, and only then the mark of a running process goes.
    fn drop(&mut self) {
        // A disk that is gone (a simulated crash) has no store any more that could be closed.
        if self.has_stopped.load(Ordering::SeqCst) || format::running(self.disk.as_ref()).is_err() {
            return;
        }
        let closed = self.engine.flush().and_then(|()| format::remove_running(self.disk.as_ref()));
        if let Err(error) = closed {
            tracing::warn!(%error, "the store was not closed in order; the next start has more to do");
        }
    }
}
