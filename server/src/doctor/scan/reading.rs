//! Reading a segment whose disk fails: what cannot be read is zeros, and where that is is known.

use std::io;
use std::ops::Range;

use crate::store::disk::DiskFile;

/// Bytes that are read at once where nothing fails.
const READ_AT_ONCE: usize = 1024 * 1024;

/// Bytes that are given up together: what a disk fails to read is a sector, and a page of the system.
const BLOCK: usize = 4_096;

/// Largest segment file that is looked at.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A segment as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Its bytes; zeros where they cannot be read.
    pub(super) bytes: Vec<u8>,
    /// Where that is, in order, and what the system said of the first block.
    pub(super) unreadable: Vec<(Range<usize>, String)>,
}

impl Segment {
    /// Reads a file; fails only when its length is not told or is beyond every segment's.
    pub(super) fn read(file: &dyn DiskFile) -> io::Result<Self> {
        let length = file.length()?;
        let room = usize::try_from(length).ok().filter(|_| length <= BYTES_MAX);
        let room = room.ok_or_else(|| io::Error::other(format!("it has {length} bytes, more than any segment")))?;
        let mut segment = Self { bytes: vec![0; room], unreadable: Vec::new() };
        let Self { bytes, unreadable } = &mut segment;
        for (offset, part) in (0..).step_by(READ_AT_ONCE).zip(bytes.chunks_mut(READ_AT_ONCE)) {
            if file.read_at(place(offset), part).is_ok() {
                continue;
            }
            for (offset, block) in (offset..).step_by(BLOCK).zip(part.chunks_mut(BLOCK)) {
                if let Err(error) = file.read_at(place(offset), block) {
                    block.fill(0);
                    give_up(unreadable, offset..offset.saturating_add(block.len()), &error);
                }
            }
        }
        Ok(segment)
    }

    /// Whether something in `range` could not be read.
    pub(super) fn is_unreadable(&self, range: &Range<usize>) -> bool {
        self.unreadable.iter().any(|(found, _)| found.start < range.end && range.start < found.end)
    }
}

fn place(offset: usize) -> u64 {
    u64::try_from(offset).unwrap_or(u64::MAX)
}

fn give_up(unreadable: &mut Vec<(Range<usize>, String)>, block: Range<usize>, error: &io::Error) {
    match unreadable.last_mut() {
        Some((before, _)) if before.end == block.start => before.end = block.end,
        _ => unreadable.push((block, error.to_string())),
    }
}
