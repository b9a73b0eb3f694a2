//! The bytes and the hash of a change, written directly: every change of ours has one form (`schemas/document.md`).
//!
//! It says the same as [`super::rebuild`], which lets the library write them, and is many times cheaper; a property
//! test keeps the two equal. What it is not: it checks no limits.

use sha2::{Digest as _, Sha256};

use super::change::{Record, SKELETON_OPERATIONS};
use super::columns::{put_length, put_number, put_signed};
use super::{ChainHead, skeleton_hash};
use crate::ids::{ActorId, ChangeHash, DocumentId, FactId};

/// The first bytes of every chunk.
pub(super) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Length of the checksum, which follows.
pub(super) const CHECKSUM_BYTES: usize = 4;
/// Type of a chunk that holds a document.
pub(super) const DOCUMENT_CHUNK: u8 = 0;
/// Type of a chunk that holds one change.
pub(super) const CHANGE_CHUNK: u8 = 1;

/// The actor of the skeleton.
pub(super) const SKELETON_ACTOR: [u8; 4] = [0; 4];

/// Value metadata of a byte string: its length above the type, 7.
pub(super) fn bytes_meta(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(16) | 7
}

/// One change as the library stores it, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeChunk {
    /// Hash of the change.
    pub hash: ChangeHash,
    /// The chunk, uncompressed.
    pub bytes: Vec<u8>,
}

/// The change of `record` behind `previous`, whatever its content.
#[must_use]
pub fn change_chunk(document: DocumentId, previous: Option<&ChainHead>, record: &Record) -> ChangeChunk {
    let dependency = previous.map_or_else(|| skeleton_hash(document), |head| head.hash);
    let content = change_content(dependency, record.actor, record);
    finish(CHANGE_CHUNK, &content)
}

/// The hash of the change of `record` behind `previous`, whatever its content: many times cheaper than
/// [`super::rebuild_unchecked`].
#[must_use]
pub fn hash_behind(document: DocumentId, previous: Option<&ChainHead>, record: &Record) -> ChangeHash {
    change_hash(previous.map_or_else(|| skeleton_hash(document), |head| head.hash), record)
}

/// The hash of the same change.
#[must_use]
pub(super) fn change_hash(dependency: ChangeHash, record: &Record) -> ChangeHash {
    let content = change_content(dependency, record.actor, record);
    let mut header = vec![CHANGE_CHUNK];
    put_length(&mut header, content.len());
    hash_of(&header, &content)
}

fn change_content(dependency: ChangeHash, actor: ActorId, record: &Record) -> Vec<u8> {
    let sequence = record.sequence;
    let mut content = Vec::with_capacity(record.bytes.len().saturating_add(128));
    content.push(1);
    content.extend_from_slice(&dependency.0);
    put_length(&mut content, actor.0.len());
    content.extend_from_slice(&actor.0);
    put_number(&mut content, sequence);
    put_number(&mut content, sequence.saturating_add(SKELETON_OPERATIONS));
    put_signed(&mut content, record.time.0);
    // No message; one other actor, the skeleton's.
    content.extend_from_slice(&[0, 1, 4]);
    content.extend_from_slice(&SKELETON_ACTOR);
    let key = FactId { actor, sequence }.reference().to_string();
    let mut key_column = vec![0x7f];
    put_length(&mut key_column, key.len());
    key_column.extend_from_slice(key.as_bytes());
    let mut meta = vec![0x7f];
    put_number(&mut meta, bytes_meta(record.bytes.len()));
    // Columns: object's actor and counter, key, insert, action, value metadata, value, predecessors. An empty
    // column is left out.
    let insert: &[u8] = &[1];
    let columns: [(u64, &[u8]); 8] = [
        (0x01, &[0x7f, 1]),
        (0x02, &[0x7f, 1]),
        (0x15, &key_column),
        (0x34, insert),
        (0x42, &[0x7f, 1]),
        (0x56, &meta),
        (0x57, &record.bytes),
        (0x70, &[0x7f, 0]),
    ];
    let there = || columns.iter().filter(|(_, column)| !column.is_empty());
    put_length(&mut content, there().count());
    for (specification, column) in there() {
        put_number(&mut content, *specification);
        put_length(&mut content, column.len());
    }
    for (_, column) in there() {
        content.extend_from_slice(column);
    }
    content
}

/// Hash of the skeleton change of a document, without the library.
pub(super) fn hash_of_skeleton(document: DocumentId) -> ChangeHash {
    // Dependencies none, actor, sequence 1, first operation 1, time 0, no message, no other actors; columns: key
    // ("facts", "id"), insert, action (make a map, put), value metadata and value (the id), predecessors.
    const BEFORE: &[u8] = b"\x00\x04\0\0\0\0\x01\x01\x00\x00\x00\x06\x15\x0a\x34\x01\x42\x03\x56\x04\x57\x10\x70\x02\
        \x7e\x05facts\x02id\x02\x7e\x00\x01\x7e\x00\x87\x02";
    let content = [BEFORE, &document.0, &[2, 0]].concat();
    let mut header = vec![CHANGE_CHUNK];
    put_length(&mut header, content.len());
    hash_of(&header, &content)
}

/// A chunk's hash: SHA-256 from the type on.
fn hash_of(header: &[u8], content: &[u8]) -> ChangeHash {
    let mut hasher = Sha256::new();
    hasher.update(header);
    hasher.update(content);
    ChangeHash(hasher.finalize().into())
}

fn finish(kind: u8, content: &[u8]) -> ChangeChunk {
    let mut header = vec![kind];
    put_length(&mut header, content.len());
    let hash = hash_of(&header, content);
    let mut bytes = Vec::with_capacity(content.len().saturating_add(16));
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(hash.0.get(..CHECKSUM_BYTES).unwrap_or_default());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(content);
    ChangeChunk { hash, bytes }
}

/// Whether the chunk that is `header` and `content` has this checksum: the first bytes of its hash.
pub(super) fn has_checksum(checksum: &[u8], chunk: &[u8]) -> bool {
    Sha256::digest(chunk).as_slice().get(..CHECKSUM_BYTES) == Some(checksum)
}
