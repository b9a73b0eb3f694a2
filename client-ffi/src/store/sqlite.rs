//! The native device store: one SQLite file, one table of rows.
//!
//! Every batch is one transaction in a write-ahead log with `synchronous=FULL`, so that it is on disk when
//! `write` returns (on Apple systems with `F_FULLFSYNC`). Settings that durability hangs on are read back and
//! refused when they did not take. A lock file beside the database and SQLite's exclusive locking keep every
//! other process out.
//!
//! It does not encrypt: wrap it in a [`super::sealed::SealedStore`].

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Batch, DeviceStore, Row, StoreError, Table};

/// `PRAGMA application_id`: the ASCII letters "Dckt".
const APPLICATION_ID: i64 = 0x4463_6b74;
/// `PRAGMA user_version`: the format of this file.
const FORMAT: i64 = 1;
/// The file inside the store's directory.
const DATABASE_FILE: &str = "device.sqlite";
/// How long opening waits for somebody who is about to let go.
const PATIENCE: Duration = Duration::from_millis(500);
/// The file whose lock says that the store is in use.
const LOCK_FILE: &str = "device.lock";

/// A store in a directory.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    // Invariant: locked while the connection is open; the lock ends with the file handle.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in `directory`, or makes a new one there (the directory too).
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it; otherwise what the operating system or SQLite said.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(|error| StoreError::engine("making the data directory", error))?;
        let lock = lock(&directory.join(LOCK_FILE))?;
        let connection =
            Connection::open(directory.join(DATABASE_FILE)).map_err(|error| from_sqlite("opening the store", error))?;
        // The lock file keeps our own kind out; others (a backup tool) get the moment they need.
        connection.busy_timeout(PATIENCE).map_err(|error| from_sqlite("opening the store", error))?;
        configure(&connection)?;
        prepare_format(&connection)?;
        check(&connection)?;
        Ok(Self { connection, _lock: lock })
    }
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|error| StoreError::engine("opening the lock file", error))?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // A lock outlives its holder for a moment where a process was just started: until it runs its own
            // program it has a copy of every open file.
            Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => std::thread::sleep(PATIENCE / 50),
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(StoreError::engine("locking the store", error)),
        }
    }
}

fn from_sqlite(attempt: &'static str, error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => StoreError::InUse,
        Some(DiskFull) => StoreError::Full,
        _ => StoreError::engine(attempt, error),
    }
}

/// Sets what durability hangs on and reads it back: a pragma that does not take is silent.
fn configure(connection: &Connection) -> Result<(), StoreError> {
    set(connection, "locking_mode", "exclusive", "exclusive")?;
    set(connection, "journal_mode", "wal", "wal")?;
    set(connection, "synchronous", "full", "2")?;
    set(connection, "fullfsync", "on", "1")?;
    set(connection, "checkpoint_fullfsync", "on", "1")?;
    // Sealed values are ciphertext, but a deleted row should not linger; temporary files stay in memory.
    set(connection, "secure_delete", "on", "1")?;
    set(connection, "temp_store", "memory", "2")
}

fn set(connection: &Connection, name: &'static str, value: &str, expected: &str) -> Result<(), StoreError> {
    let failed = |error| from_sqlite("setting up the store", error);
    connection.pragma_update(None, name, value).map_err(failed)?;
    let found = connection.pragma_query_value(None, name, |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Text(text) => String::from_utf8_lossy(text).to_lowercase(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => String::new(),
        })
    });
    let found = found.map_err(failed)?;
    if found == expected {
        Ok(())
    } else {
        Err(StoreError::engine("setting up the store", format!("{name} is {found}, needed {expected}")))
    }
}

fn prepare_format(connection: &Connection) -> Result<(), StoreError> {
    let failed = |error| from_sqlite("reading the store's format", error);
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION_ID, FORMAT) => Ok(()),
        (0, 0) => connection
            .execute_batch(&format!(
                // Rows are small but for documents, and are read by key: the table is its own index.
                "BEGIN IMMEDIATE;
                 CREATE TABLE entry (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID, STRICT;
                 PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = {FORMAT};
                 COMMIT;"
            ))
            .map_err(|error| from_sqlite("making a new store", error)),
        (_, found) => Err(StoreError::Format { found, known: FORMAT }),
    }
}

/// Whether every row is where it is looked for: a flipped bit in the tree hides rows without a word, and SQLite's own
/// check does not compare keys. The rows' bytes are checked when they are opened.
fn check(connection: &Connection) -> Result<(), StoreError> {
    let failed = |error| from_sqlite("checking the store", error);
    let damaged = |what: &str| StoreError::engine("checking the store", what.to_owned());
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if said != "ok" {
        return Err(damaged(&said));
    }
    // In the order of the tree, which is the order of the keys.
    let mut statement = connection.prepare("SELECT key FROM entry NOT INDEXED").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut before: Vec<u8> = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let key = row.get_ref(0).and_then(|key| Ok(key.as_blob()?)).map_err(failed)?;
        if key <= before.as_slice() || !Table::ALL.iter().any(|table| key.first() == Some(&table.number())) {
            return Err(damaged("a row is not where it belongs"));
        }
        before.clear();
        before.extend_from_slice(key);
    }
    Ok(())
}

/// The key on disk: the table's byte, then the row's key.
fn full_key(table: Table, key: &[u8]) -> Vec<u8> {
    core::iter::once(table.number()).chain(key.iter().copied()).collect()
}

impl DeviceStore for SqliteStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached("SELECT value FROM entry WHERE key = ?1")?;
            statement.query_row(params![full_key(table, key)], |row| row.get(0)).optional()
        };
        read().map_err(|error| from_sqlite("reading a row", error))
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        // Every key starts with the table's byte and is at least that long, so the empty key is before the
        // first row only with `>=`.
        let (from, query) = match after {
            Some(key) => {
                (full_key(table, key), "SELECT key, value FROM entry WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3")
            }
            None => (
                full_key(table, &[]),
                "SELECT key, value FROM entry WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
            ),
        };
        let end = [table.number().saturating_add(1)];
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map(params![from, end, limit], |row| {
                let key: Vec<u8> = row.get(0)?;
                Ok((key.get(1..).unwrap_or_default().to_vec(), row.get(1)?))
            })?;
            rows.collect::<Result<Vec<Row>, _>>()
        };
        read().map_err(|error| from_sqlite("reading rows", error))
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut write = || {
            let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            {
                let mut put = transaction.prepare_cached(
                    "INSERT INTO entry (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?;
                let mut delete = transaction.prepare_cached("DELETE FROM entry WHERE key = ?1")?;
                for change in batch.changes() {
                    let key = full_key(change.table, &change.key);
                    match &change.value {
                        Some(value) => put.execute(params![key, value])?,
                        None => delete.execute(params![key])?,
                    };
                }
            }
            transaction.commit()
        };
        write().map_err(|error| from_sqlite("writing a batch", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::CountingRandom;
    use crate::store::sealed::SealedStore;

    #[test]
    fn durability_settings_are_in_force() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let number = |name: &str| -> i64 { store.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
        assert_eq!(number("synchronous"), 2);
        assert_eq!(number("fullfsync"), 1);
        assert_eq!(number("checkpoint_fullfsync"), 1);
        let mode: String = store.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn a_second_opening_says_that_the_store_is_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let second = SqliteStore::open(directory.path());
        assert_eq!(second.unwrap_err().to_string(), "the store is in use by another process");
        drop(store);
        assert!(SqliteStore::open(directory.path()).is_ok());
    }

    #[test]
    fn another_program_that_holds_the_database_is_in_use_too() {
        let directory = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(directory.path()).unwrap());
        let other = Connection::open(directory.path().join(DATABASE_FILE)).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(matches!(SqliteStore::open(directory.path()), Err(StoreError::InUse)));
    }

    #[test]
    fn a_store_of_a_later_version_is_refused_and_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        store.connection.pragma_update(None, "user_version", 99).unwrap();
        drop(store);
        assert!(matches!(SqliteStore::open(directory.path()), Err(StoreError::Format { found: 99, known: 1 })));
    }

    #[test]
    fn a_store_whose_making_was_cut_is_made_when_it_is_opened_again() {
        let made = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(made.path()).unwrap());
        for cut in 0..3 {
            let directory = tempfile::tempdir().unwrap();
            let database = directory.path().join(DATABASE_FILE);
            match cut {
                // After the lock file; after the empty database; inside the transaction that makes the table.
                0 => drop(File::create(directory.path().join(LOCK_FILE)).unwrap()),
                1 => drop(File::create(&database).unwrap()),
                _ => {
                    let connection = Connection::open(&database).unwrap();
                    configure(&connection).unwrap();
                    connection.execute_batch("BEGIN IMMEDIATE; CREATE TABLE entry (key BLOB)").unwrap();
                }
            }
            let mut store = SqliteStore::open(directory.path()).unwrap();
            let mut batch = Batch::new();
            batch.put(Table::Meta, "there", "x");
            store.write(batch).unwrap();
            assert_eq!(store.get(Table::Meta, b"there").unwrap().as_deref(), Some(b"x".as_slice()), "cut {cut}");
        }
    }

    #[test]
    fn an_unfinished_transaction_is_not_there_after_reopening() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let key = full_key(Table::Meta, b"half");
        store.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        store.connection.execute("INSERT INTO entry VALUES (?1, ?2)", params![key, b"x"]).unwrap();
        drop(store);
        let store = SqliteStore::open(directory.path()).unwrap();
        assert_eq!(store.get(Table::Meta, b"half").unwrap(), None);
    }

    /// Rows as a phone has them: journal rows of all sizes, one of several pages.
    fn rows() -> Vec<(Table, Vec<u8>, Vec<u8>)> {
        let value = |number: u32, size: usize| {
            (0..size).map(|at| u8::try_from((at + number as usize) % 251).unwrap_or(0)).collect::<Vec<u8>>()
        };
        let journal = (0..60).map(|number: u32| {
            (Table::Journal, number.to_be_bytes().to_vec(), value(number, 80 + 37 * number as usize % 400))
        });
        journal.chain([(Table::Meta, b"state".to_vec(), value(7, 9_000))]).collect()
    }

    fn sealed(directory: &Path) -> Result<SealedStore<SqliteStore, CountingRandom>, StoreError> {
        Ok(SealedStore::new(SqliteStore::open(directory)?, CountingRandom::new(1), &[7; 32]))
    }

    /// Every row again. A row that a flipped bit has moved to another place is noticed where that place is read.
    fn read_again(directory: &Path) -> Result<Vec<(Table, Vec<u8>, Vec<u8>)>, StoreError> {
        let store = sealed(directory)?;
        let mut found = Vec::new();
        for table in Table::ALL.iter().copied() {
            let rows = crate::store::scan_all(&store, table)?;
            found.extend(rows.into_iter().map(|(key, value)| (table, key, value)));
        }
        for (table, key, value) in rows() {
            if store.get(table, &key)?.as_ref() != Some(&value) {
                return Ok(Vec::new());
            }
        }
        Ok(found)
    }

    #[test]
    fn a_flipped_bit_is_an_error_and_never_a_row_less() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = sealed(directory.path()).unwrap();
        for (table, key, value) in rows() {
            let mut batch = Batch::new();
            batch.put(table, key, value);
            store.write(batch).unwrap();
        }
        drop(store);
        let mut expected = read_again(directory.path()).unwrap();
        assert_eq!(expected.len(), rows().len());
        expected.sort();
        let database = directory.path().join(DATABASE_FILE);
        let whole = std::fs::read(&database).unwrap();
        let (mut errors, mut whole_again, mut lost) = (0, 0, Vec::new());
        for at in (0..whole.len()).step_by(31) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(&database, &flipped).unwrap();
            match read_again(directory.path()) {
                Err(_) => errors += 1,
                Ok(mut found) => {
                    found.sort();
                    if found == expected {
                        whole_again += 1;
                    } else {
                        lost.push((at, found.len()));
                    }
                }
            }
            for file in ["-wal", "-shm"] {
                let _absent = std::fs::remove_file(directory.path().join(format!("{DATABASE_FILE}{file}")));
            }
        }
        println!("{} bytes: {errors} errors, {whole_again} whole, lost at {lost:?}", whole.len());
        assert!(errors > 0 && lost.is_empty(), "{lost:?}");
    }
}
