//! Saved documents read and extended without the library: what a device does a thousand times in a first pull.
//!
//! A document of ours has one form (`schemas/document.md`), so its records stand in its columns as they are. They are
//! read from there, every change is written anew from its record, and its hash taken: the heads that result prove
//! the content exactly as loading does, since each hash covers the one before it. Bytes in any other form are given
//! to [`Document::load`], which stays the judge of what can be read.
//!
//! Invariant: `bytes` hold exactly the changes in `records` and the skeleton.

use super::change::Record;
use super::chunk::{CHANGE_CHUNK, DOCUMENT_CHUNK, change_chunk, change_hash};
use super::columns::Reader;
use super::reading::{Chunk, read_change, read_document};
use super::{ChainHead, Chains, Document, DocumentError, check_record, heads_of, limit, load, skeleton_hash};
use crate::ids::{ActorId, ChangeHash, DocumentId};
use crate::limits;

/// Raw changes behind a save after which it is written anew: more take longer to read.
const TAIL_MAX: usize = 64;

/// A saved document with what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedDocument {
    id: DocumentId,
    bytes: Vec<u8>,
    chains: Chains,
    // Invariant: by actor and sequence, without a gap; the hash of each beside it.
    records: Vec<Record>,
    hashes: Vec<ChangeHash>,
    tail: usize,
}

impl SavedDocument {
    /// A document that holds only its skeleton.
    ///
    /// # Errors
    /// As [`Document::new`].
    pub fn new(id: DocumentId) -> Result<Self, DocumentError> {
        Self::read(id, Document::new(id)?.save())
    }

    /// Reads a saved document, or one with raw changes appended to it. Only for bytes of our own store or of a
    /// server whose receipt covers them.
    ///
    /// # Errors
    /// As [`Document::load`]; also when a change holds no fact.
    pub fn read(id: DocumentId, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        let content = match Content::read(id, &bytes) {
            Some(content) => content,
            None => Content::loaded(&Document::load(id, &bytes)?)?,
        };
        let Content { chains, records, hashes, tail } = content;
        Ok(Self { id, bytes, chains, records, hashes, tail })
    }

    /// Whether the bytes of a document are of the form that is read without the library.
    #[must_use]
    pub fn is_plain(id: DocumentId, bytes: &[u8]) -> bool {
        Content::read(id, bytes).is_some()
    }

    /// The document's id.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// The bytes, to be stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The chains by actor.
    #[must_use]
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Heads of the change graph, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        heads_of(self.id, &self.chains)
    }

    /// Every record, in the order of actors and sequences.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Bytes of the facts in it, as they were stated.
    #[must_use]
    pub fn fact_bytes(&self) -> usize {
        self.records.iter().fold(0, |sum, record| sum.saturating_add(record.bytes.len()))
    }

    /// Refuses a record with which the document would hold more than `bytes_max` bytes of facts. The store asks this of
    /// what it admits; a device takes what its store has taken.
    ///
    /// # Errors
    /// [`DocumentError::Limit`].
    pub fn check_room(&self, record: &Record, bytes_max: usize) -> Result<(), DocumentError> {
        limit("bytes of facts", self.fact_bytes().saturating_add(record.bytes.len()), bytes_max)
    }

    /// Every record with the hash of its change, in the same order.
    pub fn changes(&self) -> impl Iterator<Item = (&Record, ChangeHash)> {
        self.records.iter().zip(self.hashes.iter().copied())
    }

    /// Hash of every change, the skeleton's first.
    pub fn change_hashes(&self) -> impl Iterator<Item = ChangeHash> + '_ {
        core::iter::once(skeleton_hash(self.id)).chain(self.hashes.iter().copied())
    }

    /// Hash of the change (actor, sequence), if the document has it.
    #[must_use]
    pub fn change_hash(&self, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        let place = self.records.binary_search_by_key(&(actor, sequence), |record| (record.actor, record.sequence));
        self.hashes.get(place.ok()?).copied()
    }

    /// Appends one record to its actor's chain; gives the hash of its change.
    ///
    /// # Errors
    /// When the record does not follow its actor's chain or breaks a limit; nothing is changed then.
    pub fn append(&mut self, record: &Record) -> Result<ChangeHash, DocumentError> {
        check_record(self.chains.get(&record.actor), record)?;
        limit("number of facts", self.records.len().saturating_add(1), limits::FACTS_PER_DOCUMENT_MAX)?;
        if !self.chains.contains_key(&record.actor) {
            let actors = self.chains.len().saturating_add(1);
            limit("number of actors", actors, limits::ACTORS_PER_DOCUMENT_MAX)?;
        }
        let chunk = change_chunk(self.id, self.chains.get(&record.actor), record);
        if self.tail >= TAIL_MAX {
            self.fold_in()?;
        }
        self.bytes.extend_from_slice(&chunk.bytes);
        self.tail = self.tail.saturating_add(1);
        self.chains.insert(record.actor, ChainHead { sequence: record.sequence, hash: chunk.hash });
        let place = self.records.partition_point(|other| other.actor <= record.actor);
        self.records.insert(place, record.clone());
        self.hashes.insert(place, chunk.hash);
        Ok(chunk.hash)
    }

    /// Writes the save anew when raw changes stand behind it; gives the bytes, which then are one save.
    ///
    /// # Errors
    /// [`DocumentError::Library`] or [`DocumentError::Unreadable`] when the library does not read what was written
    /// here (a defect); nothing is changed then.
    pub fn fold_in(&mut self) -> Result<&[u8], DocumentError> {
        if self.tail > 0 {
            // Its heads are compared: they prove every change, so that no form needs to be looked at again.
            let bytes = load::saved_anew(self.id, &self.bytes, &self.heads())?;
            (self.bytes, self.tail) = (bytes, 0);
        }
        Ok(&self.bytes)
    }
}

/// What stands in saved bytes.
struct Content {
    chains: Chains,
    records: Vec<Record>,
    hashes: Vec<ChangeHash>,
    tail: usize,
}

impl Content {
    fn loaded(document: &Document) -> Result<Self, DocumentError> {
        let records = document.records()?;
        let hashes: Option<Vec<ChangeHash>> =
            records.iter().map(|record| document.change_hash(record.actor, record.sequence)).collect();
        let problem = || "a change that its record does not give".to_owned();
        let hashes = hashes.ok_or_else(|| DocumentError::Unreadable { document: document.id(), problem: problem() })?;
        Ok(Self { chains: document.chains().clone(), records, hashes, tail: 0 })
    }

    fn read(id: DocumentId, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let chunk = Chunk::read(&mut reader, bytes)?;
        if chunk.kind != DOCUMENT_CHUNK {
            return None;
        }
        let (by_actor, heads) = read_document(id, chunk.content)?;
        let mut content = Self { chains: Chains::new(), records: Vec::new(), hashes: Vec::new(), tail: 0 };
        let skeleton = skeleton_hash(id);
        for record in by_actor.into_values().flatten() {
            let previous = content.chains.get(&record.actor);
            let hash = change_hash(previous.map_or(skeleton, |head| head.hash), &record);
            content.chains.insert(record.actor, ChainHead { sequence: record.sequence, hash });
            content.records.push(record);
            content.hashes.push(hash);
        }
        if heads_of(id, &content.chains) != heads {
            return None;
        }
        while !reader.is_at_end() {
            content.read_tail(id, &mut reader)?;
        }
        Some(content)
    }

    /// One raw change behind the save: byte for byte the one that its record gives.
    fn read_tail(&mut self, id: DocumentId, reader: &mut Reader<'_>) -> Option<()> {
        let rest = reader.rest();
        let chunk = Chunk::read(reader, rest)?;
        if chunk.kind != CHANGE_CHUNK {
            return None;
        }
        let record = read_change(chunk.content)?;
        let previous = self.chains.get(&record.actor);
        check_record(previous, &record).ok()?;
        let written = change_chunk(id, previous, &record);
        let length = rest.len().checked_sub(reader.rest().len())?;
        if rest.get(..length)? != written.bytes {
            return None;
        }
        self.chains.insert(record.actor, ChainHead { sequence: record.sequence, hash: written.hash });
        let place = self.records.partition_point(|other| other.actor <= record.actor);
        self.records.insert(place, record);
        self.hashes.insert(place, written.hash);
        self.tail = self.tail.saturating_add(1);
        Some(())
    }
}
