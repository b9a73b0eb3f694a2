//! What a journal could not do, said so that an operator knows the file, the place and the next step.

use std::io;

/// What a journal could not do.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error("{attempt}: {source}")]
    Io {
        /// What was attempted, with its path.
        attempt: String,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes before the end of the journal are not what was written.
    #[error(
        "the journal is damaged in {file} at byte {offset}: {problem}; frames up to {last_good} are whole; nothing \
         was changed: run `docket doctor` on this folder, or restore a backup"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Byte at which it stops being what was written.
        offset: u64,
        /// Number of the last frame that is whole, as far as was read.
        last_good: u64,
        /// What is wrong there.
        problem: Damage,
    },
    /// A format that this program does not know.
    #[error("the journal file {file} has version {version}, this program knows only {known}: use a newer program")]
    Version {
        /// The file.
        file: String,
        /// The version found.
        version: u32,
        /// The version known.
        known: u32,
    },
    /// There is no journal.
    #[error("there is no journal in {folder}: run `docket doctor` on this folder, or restore a backup")]
    Absent {
        /// Where it should be.
        folder: String,
    },
    /// There is a journal already where a new one should be made.
    #[error("there is a journal in {folder} already")]
    Exists {
        /// Where it is.
        folder: String,
    },
    /// More in one frame than a frame may hold; nothing was written.
    #[error("a frame of {size} bytes is above the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The disk is nearly full; nothing was written.
    #[error("the disk has {free} bytes left and {reserve} must stay free")]
    Full {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free, what this frame needs included.
        reserve: u64,
    },
    /// No frame has this number.
    #[error("the journal holds no frame {number}")]
    NoFrame {
        /// The number.
        number: u64,
    },
    /// An append failed before; nothing more can be written.
    #[error("the journal has stopped after an earlier failure; the process must end")]
    Stopped,
}

/// What is wrong with bytes of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The head of a segment.
    #[error("the head of the segment is not whole")]
    SegmentHead,
    /// A segment that belongs to another journal.
    #[error("the segment belongs to another journal")]
    ForeignSegment,
    /// A segment that does not begin where the one before it ends.
    #[error("the segment does not continue the one before it")]
    SegmentChain,
    /// A segment file is not there.
    #[error("the segment is missing")]
    SegmentMissing,
    /// A frame, while later ones are whole.
    #[error("a frame is not whole, and later ones are")]
    Frame,
    /// A frame with the right hash and unreadable contents.
    #[error("the contents of a frame cannot be read")]
    Payload,
    /// A frame that writes to a table which this program does not know.
    #[error("a newer program wrote table {0} into a frame: use that program; nothing is damaged")]
    NewerTable(u8),
    /// Bytes behind the last whole frame of a store that was closed in order: they were written and acknowledged.
    #[error("what follows the last whole frame is not whole, although the store was closed in order")]
    LastFrame,
}

impl JournalError {
    /// The error of a file operation; `attempt` reads like "opening".
    pub(super) fn io(attempt: &'static str, path: &str) -> impl FnOnce(io::Error) -> Self {
        let attempt = format!("{attempt} {path}");
        move |source| Self::Io { attempt, source }
    }

    /// Whether the disk, or this user's share of it, had no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(
            self,
            Self::Io { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        )
    }
}
