//! A file read from front to back through a small piece of memory.

use std::io;

use crate::store::disk::DiskFile;

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// The part of a file that is in memory.
#[derive(Debug)]
pub(super) struct Window {
    file: Box<dyn DiskFile>,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn new(file: Box<dyn DiskFile>) -> Self {
        Self { file, start: 0, bytes: Vec::new() }
    }

    /// At least `length` bytes from `offset` on, fewer only where the file ends.
    pub(super) fn at(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let within = offset.checked_sub(self.start).and_then(|within| usize::try_from(within).ok());
        let held = within.filter(|within| within.saturating_add(length) <= self.bytes.len());
        let within = if let Some(within) = held {
            within
        } else {
            self.bytes.resize(length.max(READ_BYTES), 0);
            let read = self.file.read_at(offset, &mut self.bytes)?;
            self.bytes.truncate(read);
            self.start = offset;
            0
        };
        Ok(self.bytes.get(within..).unwrap_or_default())
    }

    /// Forgets what is in memory: the file may have changed.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
    }
}
