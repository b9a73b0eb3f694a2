//! Whose journal it is: what the heads of its segments say, and where none is whole, what else is known, proven by a
//! frame. The hash of every frame covers the journal's id, so that a wrong one reads none.

use super::{ScanError, Segment, segments};
use crate::store::disk::Disk;
use crate::store::journal::JournalId;
use crate::store::journal::frame::{ALIGNMENT, Frame, MAGIC};
use crate::store::journal::segment::{HEAD_BYTES, read_head};

/// Where the id lies in a head.
const ID: std::ops::Range<usize> = 16..32;

/// Places of a segment that are tried as a frame: the first ones may be the damaged ones.
const TRIED: usize = 16;

/// The id of the journal in `folder`; `known` are those that it may have where its heads do not say.
///
/// # Errors
/// When there is no journal, it may not be read, or nothing says whose it is.
pub fn journal_id(disk: &dyn Disk, folder: &str, known: &[JournalId]) -> Result<JournalId, ScanError> {
    let files = segments(disk, folder)?;
    // A head is small: the segments are read only where none is whole.
    let heads: Vec<Vec<u8>> = files.iter().filter_map(|(_, path)| head(disk, path)).collect();
    if let Some((journal, _, _)) = heads.iter().find_map(|head| read_head(head).ok()) {
        return Ok(journal);
    }
    let told = heads.iter().filter_map(|head| head.get(ID)?.try_into().ok().map(JournalId));
    let candidates: Vec<JournalId> = known.iter().copied().chain(told.flat_map(one_bit_away)).collect();
    for (_, path) in &files {
        let Ok(segment) = disk.open_to_read(path).and_then(|file| Segment::read(file.as_ref())) else { continue };
        if let Some(journal) = candidates.iter().find(|journal| reads_a_frame(**journal, &segment.bytes)) {
            return Ok(*journal);
        }
    }
    Err(ScanError::NoHead { folder: disk.full_path(folder).into() })
}

fn head(disk: &dyn Disk, path: &str) -> Option<Vec<u8>> {
    let mut head = vec![0; usize::try_from(HEAD_BYTES).ok()?];
    let read = disk.open_to_read(path).and_then(|file| file.read_at(0, &mut head)).ok()?;
    (read == head.len()).then_some(head)
}

/// The id itself, and every one that differs in one bit.
fn one_bit_away(id: JournalId) -> impl Iterator<Item = JournalId> {
    let number = u128::from_be_bytes(id.0);
    std::iter::once(id).chain((0..u128::BITS).map(move |bit| JournalId((number ^ (1 << bit)).to_be_bytes())))
}

fn reads_a_frame(journal: JournalId, bytes: &[u8]) -> bool {
    let places = (usize::try_from(HEAD_BYTES).unwrap_or(usize::MAX)..bytes.len()).step_by(ALIGNMENT);
    let mut frames = places.filter_map(|at| bytes.get(at..).filter(|rest| rest.starts_with(&MAGIC)));
    frames.by_ref().take(TRIED).any(|rest| Frame::read(journal, rest).is_some())
}
