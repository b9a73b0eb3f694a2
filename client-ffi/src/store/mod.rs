//! The device store: a small synchronous key-value store that the typed API keeps everything in.
//!
//! A row lies in a [`Table`] under a key of bytes. [`DeviceStore::write`] takes one batch, which is atomic and
//! durable when it returns; there are no transactions besides. One process (or browser tab) holds a store.
//!
//! What it is not: it knows nothing of orders, facts or encryption. [`sealed`] wraps any store so that what
//! reaches the disk is ciphertext; every implementation passes the one suite in [`conformance`].

#[cfg(test)]
mod conformance;
pub mod memory;
pub mod sealed;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod tables;

pub use tables::{KeyOrder, Table};

/// Largest key of a row in bytes: ids and short names only.
pub const KEY_BYTES_MAX: usize = 128;

/// Largest value of a row in bytes: a document at its limit of facts stays far below.
pub const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Rows of one batch: a pulled batch of documents is a few thousand rows.
pub const BATCH_ROWS_MAX: usize = 50_000;

/// One row of a scan: key and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Why a store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the store.
    #[error("the store is in use by another process")]
    InUse,
    /// The disk is full: nothing of the batch was written.
    #[error("the disk is full")]
    Full,
    /// A row cannot be read: damaged on disk, or sealed with another key.
    #[error("a row of table {table} is damaged, or was written with another key")]
    Damaged {
        /// The table.
        table: &'static str,
    },
    /// The store on disk was made by a later version.
    #[error("the store has format {found}, this version reads {known}")]
    Format {
        /// Format on disk.
        found: i64,
        /// Format of this version.
        known: i64,
    },
    /// A key, value or batch is larger than a store takes.
    #[error("{what} of {size}, at most {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The operating system or the engine failed.
    #[error("{attempt}: {source}")]
    Engine {
        /// What was attempted.
        attempt: &'static str,
        /// What the engine said.
        source: Box<dyn core::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// An engine's failure, with what was attempted.
    pub fn engine(attempt: &'static str, source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self::Engine { attempt, source: source.into() }
    }
}

/// Changes that become durable together. A later change of the same row wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    changes: Vec<Change>,
}

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The table.
    pub table: Table,
    /// The row's key.
    pub key: Vec<u8>,
    /// The new value; `None` deletes the row (deleting an absent row is no error).
    pub value: Option<Vec<u8>>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row or replaces its value.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.changes.push(Change { table, key: key.into(), value: Some(value.into()) });
        self
    }

    /// Removes a row.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.changes.push(Change { table, key: key.into(), value: None });
        self
    }

    /// Adds everything of `later` behind what is there.
    pub fn append(&mut self, later: Self) -> &mut Self {
        self.changes.extend(later.changes);
        self
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, in the order they were added.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes, by value.
    #[must_use]
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Checks the limits; every implementation calls it before it writes anything.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn check(&self) -> Result<(), StoreError> {
        let too_large = |what, size, limit| Err(StoreError::TooLarge { what, size, limit });
        if self.changes.len() > BATCH_ROWS_MAX {
            return too_large("a batch", self.changes.len(), BATCH_ROWS_MAX);
        }
        for change in &self.changes {
            if change.key.len() > KEY_BYTES_MAX {
                return too_large("a key", change.key.len(), KEY_BYTES_MAX);
            }
            let size = change.value.as_ref().map_or(0, Vec::len);
            if size > VALUE_BYTES_MAX {
                return too_large("a value", size, VALUE_BYTES_MAX);
            }
        }
        Ok(())
    }
}

/// A place on this device that keeps rows.
pub trait DeviceStore {
    /// The value of one row; absence is not an error.
    ///
    /// # Errors
    /// When the store cannot be read, or the row is damaged.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` rows of a table, those after the row `after`, in the table's order (see [`KeyOrder`]).
    /// To read a whole table, ask again with the last key until nothing comes. `after` need not exist any more.
    ///
    /// # Errors
    /// When the store cannot be read, or a row is damaged.
    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Applies all changes of `batch`, or none. When it returns without an error they are durable. When it
    /// returns an error, whether they are is unknown until the store is opened again.
    ///
    /// # Errors
    /// When the store cannot be written, or a limit is passed.
    fn write(&mut self, batch: Batch) -> Result<(), StoreError>;
}

impl<S: DeviceStore + ?Sized> DeviceStore for Box<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        (**self).scan(table, after, limit)
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        (**self).write(batch)
    }
}

/// Rows that one step of [`scan_all`] reads.
const SCAN_STEP: usize = 1_000;

/// Every row of a table.
///
/// # Errors
/// As [`DeviceStore::scan`].
pub fn scan_all<S: DeviceStore + ?Sized>(store: &S, table: Table) -> Result<Vec<Row>, StoreError> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let step = store.scan(table, rows.last().map(|(key, _)| key.as_slice()), SCAN_STEP)?;
        let full = step.len() >= SCAN_STEP;
        rows.extend(step);
        if !full {
            return Ok(rows);
        }
    }
}
