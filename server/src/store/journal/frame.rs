//! One frame: the writes of one group commit, whole or not there [frozen, schemas/journal.md].
//!
//! ```text
//! 0   "DktF"                 24  time, ms since 1970 UTC      48  hash of the frame before (32)
//! 4   flags, then 3 zeros    32  first log number or 0        80  hash (32)
//! 8   bytes of the payload   40  last log number or 0         112 payload, then zeros to a multiple of 8
//! 12  bytes when unpacked
//! 16  number                 all numbers big endian
//!
//! hash = BLAKE3(journal id, bytes 0 to 79, payload)
//! payload, unpacked: table (1), bytes of the key (2), key, bytes of the value (4; FFFFFFFF removed), value; ...
//! ```

use docket_sync_core::ids::Digest;
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::time::UnixMillis;

use super::error::Damage;
use super::{JournalError, JournalId, PAYLOAD_BYTES_MAX, Position};
use crate::store::{Batch, Table};

/// First bytes of every frame.
pub(crate) const MAGIC: [u8; 4] = *b"DktF";
/// Bytes before the payload.
pub const HEADER_BYTES: usize = 112;
/// Frames begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// The payload is one zstd frame.
const FLAG_PACKED: u8 = 1;
/// The writes are the state at the beginning of the journal, not a commit.
const FLAG_BASE: u8 = 2;
/// Payloads below this are not packed: it would not pay.
const PACKED_FROM: usize = 256;
/// Level of zstd: the fastest one; the next finds 5 % more for twice the time.
const LEVEL: i32 = 1;
/// Length of a value that is a removal.
const REMOVED: u32 = u32::MAX;

/// What a frame says about itself beside its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    flags: u8,
    stored: u32,
    unpacked: u32,
    /// Number of the frame, from 1 without gaps.
    pub number: u64,
    /// When it was written, by the server's clock.
    pub time: UnixMillis,
    /// First and last number of the log records in it; `None` when it holds none.
    pub log: Option<(u64, u64)>,
    /// Hash of the frame before it.
    pub previous: Digest,
    /// Its own hash.
    pub hash: Digest,
}

/// A whole frame whose hash is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it says about itself.
    pub header: FrameHeader,
    payload: Vec<u8>,
}

/// What is to be written in a frame beside the batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) previous: Position,
    pub(super) time: UnixMillis,
    pub(super) is_base: bool,
}

impl FrameHeader {
    /// Reads the header in front of `bytes`; `None` when there is none. The hash is not checked here.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let [flags, 0, 0, 0] = take::<4>(&mut rest)? else { return None };
        let header = Self {
            flags,
            stored: u32::from_be_bytes(take(&mut rest)?),
            unpacked: u32::from_be_bytes(take(&mut rest)?),
            number: u64::from_be_bytes(take(&mut rest)?),
            time: UnixMillis(i64::from_be_bytes(take(&mut rest)?)),
            log: match (u64::from_be_bytes(take(&mut rest)?), u64::from_be_bytes(take(&mut rest)?)) {
                (0, 0) => None,
                numbers => Some(numbers),
            },
            previous: Digest(take(&mut rest)?),
            hash: Digest(take(&mut rest)?),
        };
        let fits = flags & !(FLAG_PACKED | FLAG_BASE) == 0
            && header.payload_bytes() <= PAYLOAD_BYTES_MAX
            && size(header.unpacked) <= PAYLOAD_BYTES_MAX;
        fits.then_some(header)
    }

    /// The bytes that the hash covers beside the payload.
    fn hashed_bytes(&self) -> Vec<u8> {
        let (first, last) = self.log.unwrap_or_default();
        let mut bytes = Vec::with_capacity(padded(self.payload_end()));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[self.flags, 0, 0, 0]);
        bytes.extend_from_slice(&self.stored.to_be_bytes());
        bytes.extend_from_slice(&self.unpacked.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.time.0.to_be_bytes());
        bytes.extend_from_slice(&first.to_be_bytes());
        bytes.extend_from_slice(&last.to_be_bytes());
        bytes.extend_from_slice(&self.previous.0);
        bytes
    }

    /// Bytes of the payload as it lies in the file.
    pub(super) fn payload_bytes(&self) -> usize {
        size(self.stored)
    }

    /// Bytes of the frame without its padding.
    #[must_use]
    pub fn payload_end(&self) -> usize {
        HEADER_BYTES.saturating_add(self.payload_bytes())
    }

    /// Bytes of the whole frame, padding included.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        padded(self.payload_end())
    }

    /// Where the journal stands after this frame.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { number: self.number, hash: self.hash }
    }

    /// Whether the writes are the state at the beginning of the journal.
    #[must_use]
    pub fn is_base(&self) -> bool {
        self.flags & FLAG_BASE != 0
    }
}

impl Frame {
    /// The frame in front of `bytes` when it is whole and its hash is right. Total.
    #[must_use]
    pub fn read(id: JournalId, bytes: &[u8]) -> Option<Self> {
        let header = FrameHeader::read(bytes)?;
        let end = HEADER_BYTES.checked_add(header.payload_bytes())?;
        let payload = bytes.get(HEADER_BYTES..end)?;
        let hashed = bytes.get(..HASHED_BYTES)?;
        let is_whole = hash(id, hashed, payload) == header.hash || sabotage::is_on(Bug::TornTailAccepted);
        is_whole.then(|| Self { header, payload: payload.to_vec() })
    }

    /// The frame as it lies in a segment, padding included: what [`Frame::read`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.hashed_bytes();
        bytes.extend_from_slice(&self.header.hash.0);
        bytes.extend_from_slice(&self.payload);
        bytes.resize(padded(bytes.len()), 0);
        bytes
    }

    /// The writes. `None` when they cannot be read although the hash is right: see [`Frame::problem`].
    #[must_use]
    pub fn batch(&self) -> Option<Batch> {
        self.read_batch().ok()
    }

    /// Why the writes cannot be read: a newer program wrote them, or there is a defect of the writer.
    #[must_use]
    pub fn problem(&self) -> Option<Damage> {
        self.read_batch().err()
    }

    fn read_batch(&self) -> Result<Batch, Damage> {
        let mut newer = None;
        let batch = self.writes(&mut newer);
        batch.ok_or(newer.map_or(Damage::Payload, Damage::NewerTable))
    }

    fn writes(&self, newer: &mut Option<u8>) -> Option<Batch> {
        let unpacked;
        let mut rest = if self.header.flags & FLAG_PACKED == 0 {
            self.payload.as_slice()
        } else {
            unpacked = zstd::bulk::decompress(&self.payload, size(self.header.unpacked)).ok()?;
            unpacked.as_slice()
        };
        if rest.len() != size(self.header.unpacked) {
            return None;
        }
        let mut batch = Batch::new();
        while !rest.is_empty() {
            let [number] = take::<1>(&mut rest)?;
            let Some(table) = Table::ALL.iter().find(|table| table.number() == number) else {
                *newer = Some(number).filter(|number| *number <= Table::NUMBER_MAX);
                return None;
            };
            let key_bytes = usize::from(u16::from_be_bytes(take(&mut rest)?));
            let key = rest.split_off(..key_bytes)?;
            let value = match u32::from_be_bytes(take(&mut rest)?) {
                REMOVED => None,
                length => Some(rest.split_off(..size(length))?.to_vec()),
            };
            batch.put_stored(*table, key.to_vec(), value);
        }
        Some(batch)
    }
}

/// The bytes of a new frame, padding included.
pub(super) fn encode(id: JournalId, about: About, batch: &Batch) -> Result<(FrameHeader, Vec<u8>), JournalError> {
    let mut plain = Vec::new();
    let mut log: Option<(u64, u64)> = None;
    for (table, key, value) in batch.writes() {
        plain.push(table.number());
        plain.extend_from_slice(&u16::try_from(key.len()).or(Err(too_large(key.len())))?.to_be_bytes());
        plain.extend_from_slice(key);
        let length = value.map_or(Ok(REMOVED), |value| u32::try_from(value.len()).or(Err(too_large(value.len()))))?;
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(value.unwrap_or_default());
        if let (Table::Log, Ok(number), Some(_)) = (table, key.try_into().map(u64::from_be_bytes), value) {
            log = Some(log.map_or((number, number), |(first, last)| (first.min(number), last.max(number))));
        }
        if plain.len() > PAYLOAD_BYTES_MAX {
            return Err(too_large(plain.len()));
        }
    }
    let packed = if plain.len() < PACKED_FROM { None } else { zstd::bulk::compress(&plain, LEVEL).ok() };
    let unpacked = length(&plain)?;
    let (packing, payload) = match packed {
        // An eighth saved, or the time to unpack is not worth it.
        Some(packed) if packed.len() < plain.len().saturating_sub(plain.len() / 8) => (FLAG_PACKED, packed),
        _ => (0, plain),
    };
    let flags = packing | if about.is_base { FLAG_BASE } else { 0 };
    let number = about.previous.number.saturating_add(1);
    let stored = length(&payload)?;
    let (time, previous) = (about.time, about.previous.hash);
    let unsigned = FrameHeader { flags, stored, unpacked, number, time, log, previous, hash: Digest([0; 32]) };
    let hash = hash(id, &unsigned.hashed_bytes(), &payload);
    let header = FrameHeader { hash, ..unsigned };
    Ok((header, Frame { header, payload }.to_bytes()))
}

/// Bytes of a header that its hash covers.
const HASHED_BYTES: usize = HEADER_BYTES - 32;

fn hash(id: JournalId, header: &[u8], payload: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&id.0).update(header).update(payload);
    Digest(*hasher.finalize().as_bytes())
}

fn padded(bytes: usize) -> usize {
    bytes.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX)
}

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn length(bytes: &[u8]) -> Result<u32, JournalError> {
    u32::try_from(bytes.len()).or(Err(too_large(bytes.len())))
}

fn too_large(size: usize) -> JournalError {
    JournalError::TooLarge { size, limit: PAYLOAD_BYTES_MAX }
}

/// Takes the first `N` bytes away.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// The frame with another table in its first write, as a program that knows that table would have written it.
#[cfg(test)]
pub(super) fn with_first_table(id: JournalId, frame: &Frame, table: u8) -> Frame {
    let mut newer = frame.clone();
    if let (Some(first), 0) = (newer.payload.first_mut(), frame.header.flags & FLAG_PACKED) {
        *first = table;
    }
    newer.header.hash = hash(id, &newer.header.hashed_bytes(), &newer.payload);
    newer
}
