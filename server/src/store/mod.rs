//! The store of the office: ordered tables of keys and values, written in atomic batches with conditions.
//!
//! A [`Store`] knows nothing of work orders. What is applied is visible to every reader at once and durable
//! only after [`Store::flush`]: whoever lets something leave the process (an acknowledgement, an answer, an
//! event) flushes first, or uses [`Store::commit`]. There is one writer of documents and feeds, the commit path; several writers are safe
//! through the conditions of a [`Batch`].
//!
//! The store of a server is a [`JournaledStore`]: a [`journal`] that an acknowledgement depends on, in front of an
//! engine that can be made from it again. Engines: [`memory`] (tests and simulation, loses what was not flushed on
//! demand) and [`sled`] (the default on disk). Every one of them passes the same conformance suite.

pub mod batch;
#[cfg(test)]
mod conformance;
pub mod disk;
pub(crate) mod folder;
pub mod journal;
pub mod journaled;
mod layout;
pub mod memory;
pub mod range;
pub mod record;
pub mod sled;
pub mod space;
pub mod table;
pub mod value;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use docket_sync_core::ids::KeyId;

pub use batch::{Batch, Expect};
pub use journaled::{Engine, JournaledStore};
pub use memory::MemoryStore;
pub use range::{KeyRange, Order};
pub use sled::{SledOptions, SledStore};
pub use table::Table;
pub use value::{StoredValue, ValueError};

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// An ordered, multi-table key-value engine.
///
/// Each call sees all of a batch or nothing of it; a scan is one consistent read.
pub trait Store: Send + Sync {
    /// The value under `key` as stored, header included.
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` entries of `range` in `order`, values as stored, header included.
    fn scan_stored(&self, table: Table, range: &KeyRange, limit: usize, order: Order)
    -> Result<Vec<Entry>, StoreError>;

    /// Applies all writes of `batch` at once, or nothing when a condition does not hold or there is no room.
    /// Readers see it when this returns; it is durable after the next [`Store::flush`].
    fn apply(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Returns when everything applied before this call is durable.
    ///
    /// An error is final: nothing more can be written and the process must end. A flush is never retried, for
    /// the system may have dropped the pages that it could not write.
    fn flush(&self) -> Result<(), StoreError>;

    /// Applies `batch` and makes it durable; calls `before_visible` once, before readers can see anything of it.
    ///
    /// When this returns, all of it is visible and durable. Who keeps readers out from `before_visible` until then
    /// shows them nothing that a crash could take back, and a store that writes ahead keeps them out only while it
    /// changes its memory, not while it waits for the disk.
    fn commit(&self, batch: &Batch, before_visible: &mut dyn FnMut()) -> Result<(), StoreError> {
        before_visible();
        self.apply(batch)?;
        self.flush()
    }

    /// The plain value under `key`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get_stored(table, key)?.map(|stored| plain_payload(table, stored)).transpose()
    }

    /// The value under `key` and the key it is encrypted with, if it is.
    fn get_value(&self, table: Table, key: &[u8]) -> Result<Option<StoredValue>, StoreError> {
        let stored = self.get_stored(table, key)?;
        stored.map(|stored| value::decode(stored).map_err(|source| StoreError::Value { table, source })).transpose()
    }

    /// At most `limit` entries of `range` in `order`, with plain values.
    fn scan(&self, table: Table, range: &KeyRange, limit: usize, order: Order) -> Result<Vec<Entry>, StoreError> {
        let entries = self.scan_stored(table, range, limit, order)?;
        entries.into_iter().map(|(key, stored)| Ok((key, plain_payload(table, stored)?))).collect()
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        S::get_stored(self, table, key)
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        S::scan_stored(self, table, range, limit, order)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        S::apply(self, batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        S::flush(self)
    }

    fn commit(&self, batch: &Batch, before_visible: &mut dyn FnMut()) -> Result<(), StoreError> {
        S::commit(self, batch, before_visible)
    }
}

fn plain_payload(table: Table, stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let value = value::decode(stored).map_err(|source| StoreError::Value { table, source })?;
    match value.key {
        None => Ok(value.payload),
        Some(key) => Err(StoreError::Encrypted { table, key }),
    }
}

/// What a store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition of the batch does not hold; nothing was applied.
    #[error("the value of a key in table {} is not what the batch expects", table.name())]
    Conflict {
        /// The table of the condition.
        table: Table,
        /// The key of the condition.
        key: Vec<u8>,
    },
    /// The disk is nearly full; nothing was applied. Reading goes on, and writing when there is room again.
    #[error("the disk has {free} bytes left and {reserve} must stay free: make room, writing then goes on")]
    Full {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
    },
    /// A key, value or batch above its limit; nothing was applied.
    #[error("a {what} of {size} bytes is above the limit of {limit}")]
    TooLarge {
        /// `key`, `value` or `batch`.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Another process holds the store.
    #[error(
        "the store in {} is in use by {holder}: stop that process first, one store belongs to one process",
        path.display()
    )]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// The process that holds it, as far as known.
        holder: String,
    },
    /// The store cannot be opened: it is damaged or made by another version.
    #[error("the store in {} cannot be opened: {problem}", path.display())]
    Open {
        /// The data directory.
        path: PathBuf,
        /// What the engine said.
        problem: String,
    },
    /// What an upgrade keeps finds no room; nothing of the store was changed.
    #[error(
        "upgrading the store in {} keeps a copy first: that needs {needed} bytes and {free} are free; nothing was \
         changed: make room and start again, or go on with the program of before",
        path.display()
    )]
    NoRoom {
        /// The data directory.
        path: PathBuf,
        /// Bytes that must be free, what must stay free included.
        needed: u64,
        /// Free bytes.
        free: u64,
    },
    /// The journal cannot be opened or read.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// A file operation failed.
    #[error("{attempt}: {source}")]
    Io {
        /// What was attempted, with its path.
        attempt: String,
        /// What the system said.
        source: io::Error,
    },
    /// The engine failed; nothing more can be written.
    #[error("{attempt} failed: {problem}; the process must end")]
    Engine {
        /// What was attempted.
        attempt: &'static str,
        /// What the engine said.
        problem: String,
    },
    /// The flush failed; nothing more can be written.
    #[error("writes could not be made durable: {problem}; the process must end")]
    FlushFailed {
        /// What the engine or the system said.
        problem: String,
    },
    /// The store has failed for good before.
    #[error("the store has stopped after an earlier failure; the process must end")]
    Stopped,
    /// A stored value has no header that this program knows.
    #[error("in table {}: {source}", table.name())]
    Value {
        /// Its table.
        table: Table,
        /// What is wrong with it.
        source: ValueError,
    },
    /// A value in the engine is damaged.
    #[error("a value in table {} is damaged: {problem}", table.name())]
    Damaged {
        /// Its table.
        table: Table,
        /// What is wrong.
        problem: &'static str,
    },
    /// A plain value was asked for and the value is encrypted.
    #[error("a value in table {} is encrypted with key {key}", table.name())]
    Encrypted {
        /// Its table.
        table: Table,
        /// The key it is encrypted with.
        key: KeyId,
    },
}

impl StoreError {
    /// Whether the store has failed for good, so that the process must end.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Engine { .. } | Self::FlushFailed { .. } | Self::Stopped => true,
            Self::Conflict { .. }
            | Self::Full { .. }
            | Self::TooLarge { .. }
            | Self::Locked { .. }
            | Self::Open { .. }
            | Self::NoRoom { .. }
            | Self::Journal(_)
            | Self::Io { .. }
            | Self::Value { .. }
            | Self::Damaged { .. }
            | Self::Encrypted { .. } => false,
        }
    }
}
