//! Segment files: their names, their head, and which there are. Frames are not read here.
//!
//! ```text
//! 0  "DktJrnl\0"        16  id of the journal (16)      48  hash before the first frame (32)
//! 8  version, 1 (4)     32  number of the segment (8)   80  BLAKE3 of bytes 0 to 79 (32)
//! 12 zeros (4)          40  number of its first frame   112 zeros to 512, then frames
//! ```

use docket_sync_core::ids::Digest;

use super::error::Damage;
use super::frame::take;
use super::{JournalError, JournalId, Position};
use crate::store::disk::Disk;

/// Version of the format [frozen].
pub const VERSION: u32 = 1;
/// Frames begin here.
pub const HEAD_BYTES: u64 = 512;

const MAGIC: [u8; 8] = *b"DktJrnl\0";
const HASHED_BYTES: usize = 80;
const EXTENSION: &str = ".journal";

/// One segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number, from 1.
    pub number: u64,
    /// Path on the journal's disk.
    pub path: String,
    /// The position that its first frame continues.
    pub before: Position,
}

/// Name of the file of a segment.
#[must_use]
pub fn file_name(number: u64) -> String {
    format!("{number:010}{EXTENSION}")
}

/// Whether a file of this name is a segment.
pub(crate) fn is_segment(name: &str) -> bool {
    number(name).is_some()
}

fn number(name: &str) -> Option<u64> {
    name.strip_suffix(EXTENSION)?.parse().ok()
}

/// Bytes of the head of a segment, zeros included.
pub(super) fn head(id: JournalId, number: u64, before: Position) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&id.0);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&before.number.saturating_add(1).to_be_bytes());
    bytes.extend_from_slice(&before.hash.0);
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes.resize(512, 0);
    bytes
}

/// Reads the head of a segment: whose it is, its number, and what its first frame continues. `Err` is the version of
/// a whole head of another version, or nothing.
pub(crate) fn read_head(bytes: &[u8]) -> Result<(JournalId, u64, Position), Option<u32>> {
    let read = || {
        let (hashed, mut hash) = bytes.split_at_checked(HASHED_BYTES)?;
        let whole = take::<32>(&mut hash)? == *blake3::hash(hashed).as_bytes();
        let mut rest = hashed.strip_prefix(&MAGIC)?;
        let version = u32::from_be_bytes(take(&mut rest)?);
        let _zeros = take::<4>(&mut rest)?;
        let id = JournalId(take(&mut rest)?);
        let number = u64::from_be_bytes(take(&mut rest)?);
        let first = u64::from_be_bytes(take(&mut rest)?);
        let hash = Digest(take(&mut rest)?);
        let position = Position { number: first.checked_sub(1)?, hash };
        whole.then_some((version, (id, number, position)))
    };
    match read() {
        Some((VERSION, head)) => Ok(head),
        Some((version, _)) => Err(Some(version)),
        None => Err(None),
    }
}

/// Every segment of the journal in `folder`, in their order, heads checked; at least one.
pub(super) fn list(disk: &dyn Disk, folder: &str) -> Result<(JournalId, Vec<SegmentInfo>), JournalError> {
    let absent = || JournalError::Absent { folder: disk.full_path(folder) };
    let names = match disk.list(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(absent()),
        names => names.map_err(JournalError::io("reading the folder", &disk.full_path(folder)))?,
    };
    let mut journal: Option<JournalId> = None;
    let mut segments: Vec<SegmentInfo> = Vec::new();
    let numbers = names.iter().filter_map(|name| number(name));
    for (expected, number) in (1..).zip(numbers) {
        let path = format!("{folder}/{}", file_name(number));
        let full = disk.full_path(&path);
        let last_good = segments.last().map_or(0, |segment| segment.before.number);
        let damaged = |problem| JournalError::Damaged { file: full.clone(), offset: 0, last_good, problem };
        if number != expected {
            let file = disk.full_path(&format!("{folder}/{}", file_name(expected)));
            return Err(JournalError::Damaged { file, offset: 0, last_good, problem: Damage::SegmentMissing });
        }
        let file = disk.open_to_read(&path).map_err(JournalError::io("opening", &full))?;
        let mut bytes = [0; 512];
        let length = file.read_at(0, &mut bytes).map_err(JournalError::io("reading", &full))?;
        let (id, own, before) =
            read_head(bytes.get(..length).unwrap_or_default()).map_err(|version| match version {
                Some(version) => JournalError::Version { file: full.clone(), version, known: VERSION },
                None => damaged(Damage::SegmentHead),
            })?;
        if own != number || journal.is_some_and(|journal| journal != id) {
            return Err(damaged(Damage::ForeignSegment));
        }
        let continues = match segments.last() {
            None => before == id.start(),
            Some(last) => before.number >= last.before.number,
        };
        if !continues {
            return Err(damaged(Damage::SegmentChain));
        }
        journal = Some(id);
        segments.push(SegmentInfo { number, path, before });
    }
    journal.map(|id| (id, segments)).ok_or_else(absent)
}
