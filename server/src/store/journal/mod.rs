//! The journal: every group commit as one frame, appended to preallocated segments and chained by hashes. An
//! acknowledgement depends on it and on nothing else; what an engine holds can be made from it again.
//!
//! What it is not: an index. It is read from a frame on, in the order of frames. Format: `schemas/journal.md`.
//!
//! Invariant: frames have numbers without gaps and each names the hash of the one before it. At most one frame at
//! a time is not durable, so whatever is wrong *before* a valid frame is damage and is said loudly; only what is
//! wrong after the last one is a torn tail, which no one was ever told of, and is cut.

mod cut;
pub mod error;
pub mod frame;
mod next;
pub mod reader;
pub mod segment;
mod window;
mod write;

#[cfg(test)]
mod every_byte;
#[cfg(test)]
mod tests;

use docket_sync_core::ids::Digest;

pub use error::JournalError;
pub use frame::Frame;
pub use reader::{Frames, Reader};
pub use segment::SegmentInfo;
pub use write::{Ended, Journal, NewFrame, Opened};

/// Folder of the journal in the folder of a store.
pub const FOLDER: &str = "journal";

/// Largest payload of a frame before packing: a batch of the greatest size with the most keys, and room to spare.
pub const PAYLOAD_BYTES_MAX: usize = 96 * 1024 * 1024;

/// Id of one journal, made with it: random, so that nobody can write bytes into a value that look like a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalId(pub [u8; 16]);

/// A place in the journal: after the frame with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Number of the last frame; 0 before the first one.
    pub number: u64,
    /// Its hash; that of [`JournalId::start`] before the first one.
    pub hash: Digest,
}

impl JournalId {
    /// The position before the first frame.
    #[must_use]
    pub fn start(self) -> Position {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"docket-journal-1").update(&self.0);
        Position { number: 0, hash: Digest(*hasher.finalize().as_bytes()) }
    }
}

impl Position {
    /// Bytes of [`Position::to_bytes`].
    pub const LENGTH: usize = 40;

    /// Number (8 bytes big endian) and hash.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        [self.number.to_be_bytes().as_slice(), &self.hash.0].concat()
    }

    /// Reads [`Position::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, hash) = bytes.split_first_chunk::<8>()?;
        Some(Self { number: u64::from_be_bytes(*number), hash: Digest(hash.try_into().ok()?) })
    }
}

/// Sizes of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalOptions {
    /// Bytes of the first segment; each next one is twice as long, so that a small company pays little.
    pub first_segment_bytes: u64,
    /// Bytes of the longest segment.
    pub segment_bytes_max: u64,
    /// Bytes of the next segment that are filled with zeros and flushed at once, after a frame.
    pub step_bytes: u64,
    /// Bytes of the disk that stay free: below, an append answers [`JournalError::Full`].
    pub reserve_bytes: u64,
}

impl Default for JournalOptions {
    /// 1 MiB to 64 MiB, prepared in steps of 1 MiB.
    fn default() -> Self {
        Self {
            first_segment_bytes: 1 << 20,
            segment_bytes_max: 64 << 20,
            step_bytes: 1 << 20,
            reserve_bytes: super::space::RESERVE_BYTES,
        }
    }
}

impl JournalOptions {
    /// Bytes of the segment with this number.
    pub(super) fn segment_bytes(&self, number: u64) -> u64 {
        let doublings = u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX).min(32);
        self.first_segment_bytes.saturating_mul(1 << doublings).min(self.segment_bytes_max)
    }
}
