//! One unfinished upload on disk: its bytes, and how many of them were acknowledged.
//!
//! `ID.part` holds the bytes and `ID.at` two slots with the number of those that count, written in turn: a slot that a
//! crash tore is no slot, and the other one stands. Bytes behind the number are from a request that never ended; they
//! are written over.
//!
//! Invariant: a number is written after the bytes below it are durable, and durable before it is told.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Distance of the two slots: no disk tears both with one write.
const SLOT_DISTANCE: u64 = 4_096;
/// A slot: counter, offset, then 16 bytes of BLAKE3 over both.
const SLOT_BYTES: usize = 32;

/// An unfinished upload.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    bytes: File,
    at: File,
    counter: u64,
    offset: u64,
    /// End of what was written, durable or not.
    written: u64,
}

impl Partial {
    /// Makes an empty one; its name is durable when its folder is.
    ///
    /// # Errors
    /// When the disk fails, or it is there already.
    pub fn create(path: &Path) -> io::Result<Self> {
        let open = |path: &Path| OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        let (bytes, at) = (open(path)?, open(&at_path(path))?);
        let mut partial = Self { path: path.to_owned(), bytes, at, counter: 0, offset: 0, written: 0 };
        partial.keep()?;
        Ok(partial)
    }

    /// Opens one; `None` where there is none.
    ///
    /// # Errors
    /// When the disk fails or no slot can be read.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let open = |path: &Path| OpenOptions::new().read(true).write(true).open(path);
        let bytes = match open(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let at = open(&at_path(path))?;
        let slots = [read_slot(&at, 0)?, read_slot(&at, SLOT_DISTANCE)?];
        let newest = slots.into_iter().flatten().max().ok_or_else(|| io::Error::other("no slot can be read"))?;
        let (counter, offset) = newest;
        if bytes.metadata()?.len() < offset {
            return Err(io::Error::other("bytes that were acknowledged are missing"));
        }
        Ok(Some(Self { path: path.to_owned(), bytes, at, counter, offset, written: offset }))
    }

    /// Bytes that count.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes written, those that do not count yet included.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes behind what was written. They count after [`Partial::keep`].
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.write_all_at(bytes, self.written)?;
        self.written = self.written.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Makes everything written durable, and count.
    ///
    /// # Errors
    /// When the disk fails; then the bytes before count.
    pub fn keep(&mut self) -> io::Result<()> {
        if self.counter > 0 && self.written == self.offset {
            return Ok(());
        }
        self.bytes.sync_all()?;
        let counter = self.counter.saturating_add(1);
        let slot = slot_bytes(counter, self.written);
        let place = if counter.is_multiple_of(2) { 0 } else { SLOT_DISTANCE };
        self.at.write_all_at(&slot, place)?;
        self.at.sync_all()?;
        (self.counter, self.offset) = (counter, self.written);
        Ok(())
    }

    /// Takes back what was written and does not count.
    pub fn drop_written(&mut self) {
        self.written = self.offset;
    }

    /// Cuts off what a request left behind the bytes that count, so that the file is what was acknowledged.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn trim(&self) -> io::Result<()> {
        self.bytes.set_len(self.offset)?;
        self.bytes.sync_all()
    }

    /// The file of the bytes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes the files of an upload, as far as they are there.
///
/// # Errors
/// When the disk fails.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for file in [path.to_owned(), at_path(path)] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn at_path(path: &Path) -> PathBuf {
    path.with_extension("at")
}

fn slot_bytes(counter: u64, offset: u64) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    let said = [counter.to_be_bytes(), offset.to_be_bytes()].concat();
    let check = blake3::hash(&said);
    for (byte, value) in slot.iter_mut().zip(said.iter().chain(check.as_bytes())) {
        *byte = *value;
    }
    slot
}

fn read_slot(at: &File, place: u64) -> io::Result<Option<(u64, u64)>> {
    let mut slot = [0; SLOT_BYTES];
    match at.read_exact_at(&mut slot, place) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let number = |from: usize| {
        let bytes = slot.get(from..from.saturating_add(8)).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        u64::from_be_bytes(bytes.unwrap_or_default())
    };
    let (counter, offset) = (number(0), number(8));
    Ok((slot_bytes(counter, offset) == slot).then_some((counter, offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_counts_and_what_was_not_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.part");
        let mut partial = Partial::create(&path).unwrap();
        assert!(Partial::create(&path).is_err());
        partial.write(b"hello ").unwrap();
        partial.keep().unwrap();
        partial.write(b"unacknowledged").unwrap();
        drop(partial);
        let mut partial = Partial::open(&path).unwrap().unwrap();
        assert_eq!((partial.offset(), partial.written()), (6, 6));
        partial.write(b"world").unwrap();
        partial.keep().unwrap();
        partial.trim().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"hello world");
        partial.write(b"!").unwrap();
        partial.drop_written();
        partial.keep().unwrap();
        assert_eq!(partial.offset(), 11);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(Partial::open(&path).unwrap().is_none());
    }

    #[test]
    fn a_torn_slot_is_no_slot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.part");
        let mut partial = Partial::create(&path).unwrap();
        for byte in [b"a", b"b", b"c"] {
            partial.write(byte).unwrap();
            partial.keep().unwrap();
        }
        // The newest slot is the fourth, at the front; half of it was written.
        let at = OpenOptions::new().write(true).open(at_path(&path)).unwrap();
        at.write_all_at(&slot_bytes(6, 9)[..20], 0).unwrap();
        assert_eq!(Partial::open(&path).unwrap().unwrap().offset(), 2, "the one before it stands");
        at.write_all_at(&[0xff; 32], SLOT_DISTANCE).unwrap();
        assert!(Partial::open(&path).is_err());
    }
}
