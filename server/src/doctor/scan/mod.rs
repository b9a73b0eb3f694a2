//! Looking through the files of a journal: which frames are whole, where they stop being so, and where they go on.
//!
//! What it is not: the journal's reader, which stops at damage because nothing after it may be used. This one goes on
//! behind it, for what can be saved, and says of every frame whether it stands behind damage. A read that fails is
//! damage of a block, not the end of looking.

mod journal;
mod reading;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::store::disk::Disk;
use crate::store::journal::frame::{ALIGNMENT, Frame, MAGIC};
use crate::store::journal::segment::{HEAD_BYTES, read_head};
use crate::store::journal::{JournalId, Position};

pub use journal::journal_id;
use reading::Segment;

/// Places of damage that are told one by one.
const GAPS_MAX: usize = 100;

/// End of the name of a segment file.
const EXTENSION: &str = ".journal";

/// What is wrong where bytes can be read and are others.
const CHANGED: &str = "bytes of frames are not what was written";

/// What is wrong where they cannot.
const UNREADABLE: &str = "bytes of frames cannot be read";

/// A place where bytes are not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The file.
    pub file: PathBuf,
    /// Byte at which it begins.
    pub offset: u64,
    /// Byte at which whole frames go on in this file, if they do.
    pub until: Option<u64>,
    /// The last whole frame before it; 0 when there is none.
    pub before: u64,
    /// The first whole frame after it, if there is one.
    pub after: Option<u64>,
    /// What is wrong.
    pub problem: String,
}

/// Bytes that the disk does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The file.
    pub file: PathBuf,
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// What the system said.
    pub problem: String,
}

/// What looking through a journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The journal's id.
    pub journal: JournalId,
    /// Segment files.
    pub segments: usize,
    /// Whole frames that follow each other from the first one on.
    pub sound_to: Position,
    /// Whole frames behind damage.
    pub behind: u64,
    /// The damage, in order; at most 100 places.
    pub gaps: Vec<Gap>,
    /// How many places there are.
    pub gaps_total: usize,
    /// What could not be read, in order; at most 100 places.
    pub unreadable: Vec<Unreadable>,
    /// Bytes of a write at the end that was never acknowledged, where one was cut off.
    pub torn_bytes: u64,
}

impl Scanned {
    /// Whether every byte could be read and is what was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.gaps_total == 0 && self.unreadable.is_empty()
    }
}

/// A journal that cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A file operation failed.
    #[error("reading {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No segment.
    #[error("{} holds no journal", folder.display())]
    Absent {
        /// The folder.
        folder: PathBuf,
    },
    /// No head of any segment is whole, and nothing else says whose frames they are.
    #[error(
        "no segment in {} has a whole head, so whose frames these are cannot be told: name the journal's id by \
         --journal; manifest.json of a backup has it, as `journal` of its last series",
        folder.display()
    )]
    NoHead {
        /// The folder.
        folder: PathBuf,
    },
}

/// Gives every whole frame of the journal in `folder` of `disk` to `each`, with whether it stands behind damage; `known`
/// are ids that the journal may have where no head of a segment is whole.
///
/// A segment at a time is in memory.
///
/// # Errors
/// When there is no journal, its files may not be read, or nothing says whose it is.
pub fn scan(
    disk: &dyn Disk,
    folder: &str,
    known: &[JournalId],
    each: &mut dyn FnMut(&Frame, bool),
) -> Result<Scanned, ScanError> {
    let files = segments(disk, folder)?;
    let journal = journal_id(disk, folder, known)?;
    let mut scan = Scan {
        found: Scanned {
            journal,
            segments: files.len(),
            sound_to: journal.start(),
            behind: 0,
            gaps: Vec::new(),
            gaps_total: 0,
            unreadable: Vec::new(),
            torn_bytes: 0,
        },
        last: journal.start(),
        is_behind: false,
        each,
    };
    let count = files.len();
    for (index, (number, path)) in (1_u64..).zip(files) {
        let file = PathBuf::from(disk.full_path(&path));
        if number != index && scan.found.gaps_total == 0 {
            scan.gap(&file, 0, "the segment before it is missing");
        }
        let is_last = usize::try_from(index).is_ok_and(|index| index == count);
        match disk.open_to_read(&path).and_then(|opened| Segment::read(opened.as_ref())) {
            Ok(segment) => scan.segment(&file, &segment, is_last),
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                return Err(ScanError::Io { path: file, source });
            }
            Err(error) => scan.gap(&file, 0, &format!("the segment cannot be opened: {error}")),
        }
    }
    Ok(scan.found)
}

/// Numbers and paths of segment files, in order.
fn segments(disk: &dyn Disk, folder: &str) -> Result<Vec<(u64, String)>, ScanError> {
    let full = || PathBuf::from(disk.full_path(folder));
    let names = disk.list(folder).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ScanError::Absent { folder: full() },
        _ => ScanError::Io { path: full(), source },
    })?;
    let numbered = names.iter().filter_map(|name| {
        let number = name.strip_suffix(EXTENSION)?.parse::<u64>().ok()?;
        Some((number, format!("{folder}/{name}")))
    });
    let mut files: Vec<(u64, String)> = numbered.collect();
    files.sort();
    if files.is_empty() { Err(ScanError::Absent { folder: full() }) } else { Ok(files) }
}

struct Scan<'a> {
    found: Scanned,
    last: Position,
    is_behind: bool,
    each: &'a mut dyn FnMut(&Frame, bool),
}

impl Scan<'_> {
    /// Damage from `offset` to the end of what is known of the file.
    fn gap(&mut self, file: &Path, offset: usize, problem: &str) {
        self.gap_until(file, offset..usize::MAX, None, problem);
    }

    /// A head is lost: whether frames are, too, is said by their own chain.
    fn lost_head(&mut self, file: &Path, problem: &str) {
        let was_behind = self.is_behind;
        self.gap(file, 0, problem);
        self.is_behind = was_behind;
    }

    /// Damage of a range of a file, behind which frames go on with `after`.
    fn gap_until(&mut self, file: &Path, range: Range<usize>, after: Option<u64>, problem: &str) {
        self.is_behind = true;
        self.found.gaps_total = self.found.gaps_total.saturating_add(1);
        if self.found.gaps.len() < GAPS_MAX {
            self.found.gaps.push(Gap {
                file: file.to_owned(),
                offset: u64::try_from(range.start).unwrap_or(u64::MAX),
                until: after.and_then(|_| u64::try_from(range.end).ok()),
                before: self.last.number,
                after,
                problem: problem.to_owned(),
            });
        }
    }

    fn segment(&mut self, file: &Path, segment: &Segment, is_last: bool) {
        self.note_unreadable(file, segment);
        let bytes = &segment.bytes;
        let head = usize::try_from(HEAD_BYTES).unwrap_or(usize::MAX);
        match read_head(bytes.get(..head).unwrap_or(bytes)) {
            Ok((journal, _, before)) if journal == self.found.journal => {
                if before != self.last && !self.is_behind {
                    self.gap(file, 0, "frames between the segment before it and this one are missing");
                }
            }
            Ok(_) => return self.gap(file, 0, "the segment belongs to another journal"),
            Err(_) if segment.is_unreadable(&(0..head)) => {
                self.lost_head(file, "the head of the segment cannot be read")
            }
            Err(_) => self.lost_head(file, "the head of the segment is not what was written"),
        }
        let problem = |range: &Range<usize>| if segment.is_unreadable(range) { UNREADABLE } else { CHANGED };
        let mut offset = head;
        while let Some((at, frame)) = self.next_frame(bytes, offset) {
            let follows =
                frame.header.number == self.last.number.saturating_add(1) && frame.header.previous == self.last.hash;
            if at > offset || !follows {
                let range = offset..at;
                self.gap_until(file, range.clone(), Some(frame.header.number), problem(&range));
            }
            self.take(&frame);
            offset = at.saturating_add(frame.header.frame_bytes());
        }
        let rest = offset..bytes.len();
        let written = bytes.get(rest.clone()).unwrap_or_default().iter().rposition(|byte| *byte != 0);
        let written = written.map_or(0, |last| last.saturating_add(1));
        if is_last && segment.is_unreadable(&rest) {
            // Frames that were acknowledged may have lain there. In an earlier segment the next head says so.
            self.gap(file, offset, UNREADABLE);
        } else if written > 0 && is_last {
            self.found.torn_bytes = u64::try_from(written).unwrap_or(u64::MAX);
        } else if written > 0 {
            self.gap(file, offset, problem(&rest));
        }
    }

    fn note_unreadable(&mut self, file: &Path, segment: &Segment) {
        let room = GAPS_MAX.saturating_sub(self.found.unreadable.len());
        self.found.unreadable.extend(segment.unreadable.iter().take(room).map(|(range, problem)| Unreadable {
            file: file.to_owned(),
            offset: u64::try_from(range.start).unwrap_or(u64::MAX),
            bytes: u64::try_from(range.len()).unwrap_or(u64::MAX),
            problem: problem.clone(),
        }));
    }

    fn take(&mut self, frame: &Frame) {
        self.last = frame.header.position();
        if self.is_behind {
            self.found.behind = self.found.behind.saturating_add(1);
        } else {
            self.found.sound_to = self.last;
        }
        (self.each)(frame, self.is_behind);
    }

    /// The first whole frame at or after `offset` that is later than what was read.
    fn next_frame(&self, bytes: &[u8], offset: usize) -> Option<(usize, Frame)> {
        let mut at = offset;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with(&MAGIC) {
                let frame =
                    Frame::read(self.found.journal, rest).filter(|found| found.header.number > self.last.number);
                if let Some(frame) = frame {
                    return Some((at, frame));
                }
            }
            at = at.saturating_add(ALIGNMENT);
        }
        None
    }
}
