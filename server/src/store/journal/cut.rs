//! The end of a journal: is what follows the last whole frame a torn tail, or damage before the tail?

use std::io;

use super::JournalId;
use super::frame::{ALIGNMENT, FrameHeader, MAGIC};
use super::reader::read_frame;
use super::window::Window;
use crate::store::disk::{DiskFile, fill_with_zeros, length_of};

/// Bytes looked through at once.
const LOOK_BYTES: usize = 64 * 1024;

/// Whether a whole frame with a number above `last` begins anywhere after `offset`.
pub(super) fn holds_later_frame(window: &mut Window, offset: u64, id: JournalId, last: u64) -> io::Result<bool> {
    window.forget();
    let mut at = offset;
    loop {
        let bytes = window.at(at, LOOK_BYTES)?;
        let looked = bytes.get(..LOOK_BYTES).unwrap_or(bytes);
        if looked.is_empty() {
            return Ok(false);
        }
        let length = length_of(looked);
        let places = looked.chunks(ALIGNMENT).enumerate().filter(|(_, chunk)| chunk.starts_with(&MAGIC));
        let places: Vec<u64> = places
            .filter_map(|(number, _)| u64::try_from(number.saturating_mul(ALIGNMENT)).ok())
            .map(|within| at.saturating_add(within))
            .collect();
        for place in places {
            let is_later = |header: FrameHeader| header.number > last;
            if read_frame(window, place, id)?.is_some_and(|frame| is_later(frame.header)) {
                return Ok(true);
            }
        }
        at = at.saturating_add(length);
    }
}

/// Number of bytes from `offset` to the last one that is not zero; 0 when there is none.
pub(super) fn tail_bytes(file: &dyn DiskFile, offset: u64) -> io::Result<u64> {
    let mut buffer = vec![0; LOOK_BYTES];
    let (mut at, mut end) = (offset, offset);
    loop {
        let read = file.read_at(at, &mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(end.saturating_sub(offset));
        }
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            end = at.saturating_add(u64::try_from(last).unwrap_or(u64::MAX)).saturating_add(1);
        }
        at = at.saturating_add(length_of(bytes));
    }
}

/// Makes the `bytes` of a tail zero again, so that nothing of a torn frame can be mistaken later.
pub(super) fn clear_tail(file: &dyn DiskFile, offset: u64, bytes: u64) -> io::Result<()> {
    if bytes > 0 {
        fill_with_zeros(file, offset, offset.saturating_add(bytes))?;
        file.sync()?;
    }
    Ok(())
}
