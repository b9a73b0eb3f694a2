//! The next segment, made ready ahead of need: a file of zeros, filled in small steps after frames, so that no
//! commit waits for 64 MiB.

use super::{JournalError, JournalOptions};
use crate::store::disk::{self, Disk, DiskFile, fill_with_zeros};

/// Its name until it becomes a segment.
pub(super) const NAME: &str = "next";

/// A file that becomes the next segment.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) file: Box<dyn DiskFile>,
    /// Bytes filled with zeros so far, all durable.
    filled: u64,
    pub(super) length: u64,
}

impl Next {
    pub(super) fn new(disk: &dyn Disk, folder: &str, length: u64) -> Result<Self, JournalError> {
        remove(disk, folder)?;
        let path = path(folder);
        let file = disk.create(&path).map_err(JournalError::io("making", &disk.full_path(&path)))?;
        Ok(Self { file, filled: 0, length })
    }

    /// Bytes still to be filled.
    pub(super) fn missing(&self) -> u64 {
        self.length.saturating_sub(self.filled)
    }

    /// Fills at most `bytes` more and makes them durable.
    pub(super) fn fill(&mut self, disk: &dyn Disk, folder: &str, bytes: u64) -> Result<(), JournalError> {
        let to = self.filled.saturating_add(bytes).min(self.length);
        if to > self.filled {
            let filled = fill_with_zeros(self.file.as_ref(), self.filled, to).and_then(|()| self.file.sync());
            filled.map_err(JournalError::io("preparing", &disk.full_path(&path(folder))))?;
            self.filled = to;
        }
        Ok(())
    }
}

pub(super) fn path(folder: &str) -> String {
    format!("{folder}/{NAME}")
}

/// Removes what an earlier process prepared: it may not be whole.
pub(super) fn remove(disk: &dyn Disk, folder: &str) -> Result<(), JournalError> {
    let full = disk.full_path(&path(folder));
    if disk::holds(disk, folder, NAME).map_err(JournalError::io("reading the folder", &disk.full_path(folder)))? {
        disk.remove(&path(folder)).map_err(JournalError::io("removing", &full))?;
    }
    Ok(())
}

/// Whether it is time for a step: the present segment is half full.
pub(super) fn is_due(options: &JournalOptions, number: u64, offset: u64) -> bool {
    offset >= options.segment_bytes(number) / 2
}
