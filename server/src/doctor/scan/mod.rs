//! Looking through the files of a journal: which frames are whole, where they stop being so, and where they go on.
//!
//! What it is not: the journal's reader, which stops at damage because nothing after it may be used. This one goes on
//! behind it, for what can be saved, and says of every frame whether it stands behind damage.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::journal::frame::{ALIGNMENT, Frame, MAGIC};
use crate::store::journal::segment::{HEAD_BYTES, read_head};
use crate::store::journal::{JournalId, Position};

/// Places of damage that are told one by one.
const GAPS_MAX: usize = 100;

/// Bytes at the end of a segment file that are looked at for its name.
const EXTENSION: &str = "journal";

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
    pub problem: &'static str,
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
    /// Bytes of a write at the end that was never acknowledged, where one was cut off.
    pub torn_bytes: u64,
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
    /// No head of any segment is readable.
    #[error("no segment in {} has a readable head: whose journal it is cannot be told", folder.display())]
    NoHead {
        /// The folder.
        folder: PathBuf,
    },
}

/// Gives every whole frame of the journal in `folder` to `each`, with whether it stands behind damage.
///
/// A segment at a time is in memory.
///
/// # Errors
/// When the folder cannot be read.
pub fn scan(folder: &Path, each: &mut dyn FnMut(&Frame, bool)) -> Result<Scanned, ScanError> {
    let files = segments(folder)?;
    let journal =
        files.iter().find_map(|(_, path)| id_of(path)).ok_or(ScanError::NoHead { folder: folder.to_owned() })?;
    let mut scan = Scan {
        found: Scanned {
            journal,
            segments: files.len(),
            sound_to: journal.start(),
            behind: 0,
            gaps: Vec::new(),
            gaps_total: 0,
            torn_bytes: 0,
        },
        last: journal.start(),
        is_behind: false,
        each,
    };
    let count = files.len();
    for (index, (number, path)) in (1_u64..).zip(files) {
        if number != index && scan.found.gaps_total == 0 {
            scan.gap(Gap {
                file: path.clone(),
                offset: 0,
                until: None,
                before: scan.last.number,
                after: None,
                problem: "the segment before it is missing",
            });
        }
        let bytes = fs::read(&path).map_err(|source| ScanError::Io { path: path.clone(), source })?;
        let is_last = usize::try_from(index).is_ok_and(|index| index == count);
        scan.segment(&path, &bytes, is_last);
    }
    Ok(scan.found)
}

/// Numbers and paths of segment files, in order.
fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, ScanError> {
    let failed = |source: io::Error| {
        let folder = folder.to_owned();
        let is_absent = source.kind() == io::ErrorKind::NotFound;
        if is_absent { ScanError::Absent { folder } } else { ScanError::Io { path: folder, source } }
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_segment = path.extension().is_some_and(|extension| extension == EXTENSION);
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        files.extend(number.filter(|_| is_segment).map(|number| (number, path)));
    }
    files.sort();
    if files.is_empty() { Err(ScanError::Absent { folder: folder.to_owned() }) } else { Ok(files) }
}

fn id_of(path: &Path) -> Option<JournalId> {
    let mut head = [0; 512];
    let file = fs::File::open(path).ok()?;
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut head, 0).ok()?;
    read_head(&head).ok().map(|(journal, _, _)| journal)
}

struct Scan<'a> {
    found: Scanned,
    last: Position,
    is_behind: bool,
    each: &'a mut dyn FnMut(&Frame, bool),
}

impl Scan<'_> {
    fn gap(&mut self, gap: Gap) {
        self.is_behind = true;
        self.found.gaps_total = self.found.gaps_total.saturating_add(1);
        if self.found.gaps.len() < GAPS_MAX {
            self.found.gaps.push(gap);
        }
    }

    fn segment(&mut self, path: &Path, bytes: &[u8], is_last: bool) {
        let head = read_head(bytes.get(..512).unwrap_or(bytes));
        let gap = |scan: &Self, offset, problem| Gap {
            file: path.to_owned(),
            offset,
            until: None,
            before: scan.last.number,
            after: None,
            problem,
        };
        match head {
            Ok((journal, _, before)) if journal == self.found.journal => {
                if before != self.last && !self.is_behind {
                    self.gap(gap(self, 0, "frames between the segment before it and this one are missing"));
                }
            }
            Ok(_) => return self.gap(gap(self, 0, "the segment belongs to another journal")),
            Err(_) => self.gap(gap(self, 0, "the head of the segment is not what was written")),
        }
        let mut offset = usize::try_from(HEAD_BYTES).unwrap_or(usize::MAX);
        while let Some((at, frame)) = self.next_frame(bytes, offset) {
            let follows =
                frame.header.number == self.last.number.saturating_add(1) && frame.header.previous == self.last.hash;
            if at > offset || !follows {
                self.gap(Gap {
                    until: u64::try_from(at).ok(),
                    after: Some(frame.header.number),
                    ..gap(self, u64::try_from(offset).unwrap_or(u64::MAX), "bytes of frames are not what was written")
                });
            }
            self.take(&frame);
            offset = at.saturating_add(frame.header.frame_bytes());
        }
        let rest = bytes.get(offset..).unwrap_or_default();
        let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        if written > 0 && is_last {
            self.found.torn_bytes = u64::try_from(written).unwrap_or(u64::MAX);
        } else if written > 0 {
            self.gap(gap(self, u64::try_from(offset).unwrap_or(u64::MAX), "bytes of frames are not what was written"));
        }
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

#[cfg(test)]
mod tests;
