//! Facts inside Automerge: the only place that names the library.
//!
//! A document is a skeleton (one change computed from the document's id) and chains of changes, one chain per
//! actor. Every change puts one fact, as one bytes scalar, under a key derived from actor and sequence.
//! Dependencies, start operation and key follow from actor and sequence, so that a change travels as a
//! [`Record`] and is rebuilt by its receiver; changes and whole documents from strangers are never parsed.
//!
//! Panics of the library are contained here: see [`contained`].
//!
//! Format: `schemas/document.md`; golden bytes: `schemas/golden`.

mod change;
mod chunk;
mod columns;
mod load;
mod reading;
mod saved;

use std::collections::BTreeMap;

use automerge::{Automerge, ReadDoc, ScalarValueRef, ValueRef};
use minicbor::{Decode, Encode};

use change::check_record;
pub use change::{BuiltChange, Record, rebuild, rebuild_unchecked, skeleton_bytes, skeleton_hash};
pub use chunk::{ChangeChunk, change_chunk, hash_behind};
pub use load::{Loaded, SavedHeads, read_saved_heads};
pub use saved::SavedDocument;

use crate::DecodeError;
use crate::facts::{Author, Fact, FactBody, Origin, StatedFact, content_digest};
use crate::ids::{ActorId, ChangeHash, DocumentId, FactId};
use crate::limits;
use crate::time::UnixMillis;

/// The end of one actor's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ChainHead {
    /// Sequence of the last change, from 1.
    #[n(0)]
    pub sequence: u64,
    /// Its hash.
    #[n(1)]
    pub hash: ChangeHash,
}

/// The chains of a document by actor.
pub type Chains = BTreeMap<ActorId, ChainHead>;

/// The heads that chains give: their ends, or the skeleton where there is none; sorted.
#[must_use]
pub fn heads_of(document: DocumentId, chains: &Chains) -> Vec<ChangeHash> {
    let mut heads: Vec<_> = chains.values().map(|head| head.hash).collect();
    if heads.is_empty() {
        heads.push(skeleton_hash(document));
    }
    heads.sort_unstable();
    heads
}

/// What went wrong with the bytes or changes of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The bytes are not a document of ours.
    #[error("document {document} cannot be loaded: {problem}")]
    Unreadable {
        /// The document.
        document: DocumentId,
        /// What was wrong.
        problem: String,
    },
    /// The document's skeleton is not the one its id gives.
    #[error("document {document} was made for another id")]
    WrongSkeleton {
        /// The document.
        document: DocumentId,
    },
    /// The record does not continue its actor's chain.
    #[error("sequence {found} of {actor} does not follow {known}")]
    Sequence {
        /// The actor.
        actor: ActorId,
        /// Last known sequence.
        known: u64,
        /// Sequence of the record.
        found: u64,
    },
    /// A fact's bytes are not of the layout.
    #[error(transparent)]
    Fact(#[from] DecodeError),
    /// Too large, too late, too many.
    #[error("{what} is {found}, at most {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// What was found.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The library panicked on this input.
    #[error("the document library failed on document {document}: {problem}")]
    Library {
        /// The document.
        document: DocumentId,
        /// What it said.
        problem: String,
    },
}

/// Runs `work` and turns a panic of the library into an error. The values it touched must be thrown away.
pub(crate) fn contained<T>(
    document: DocumentId,
    work: impl FnOnce() -> Result<T, DocumentError>,
) -> Result<T, DocumentError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let problem = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "panic".to_owned());
        Err(DocumentError::Library { document, problem })
    })
}

/// One work order's document in memory.
#[derive(Debug, Clone)]
pub struct Document {
    id: DocumentId,
    inner: Automerge,
    // Invariant: exactly the chains in `inner`.
    chains: Chains,
    // Invariant: exactly the changes in `inner` but the skeleton. The library rebuilds its list on every call.
    changes: Changes,
}

/// Hash and time of each change by actor and sequence.
type Changes = BTreeMap<(ActorId, u64), (ChangeHash, UnixMillis)>;

impl Document {
    /// A document that holds only its skeleton.
    ///
    /// # Errors
    /// [`DocumentError::Library`] when the library refuses the skeleton (a defect).
    pub fn new(id: DocumentId) -> Result<Self, DocumentError> {
        let skeleton = change::skeleton(id);
        contained(id, || {
            let mut inner = Automerge::new();
            apply_one(id, &mut inner, skeleton)?;
            Ok(Self { id, inner, chains: Chains::new(), changes: Changes::new() })
        })
    }

    /// The document's id.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
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

    /// Number of facts (changes without the skeleton, restatements included).
    #[must_use]
    pub fn length(&self) -> u64 {
        self.chains.values().fold(0, |sum, head| sum.saturating_add(head.sequence))
    }

    /// Appends one record to its actor's chain; gives the change as stored.
    ///
    /// # Errors
    /// When the record does not follow its actor's chain, breaks a limit, or the library fails. After
    /// [`DocumentError::Library`] this value must be thrown away and loaded again.
    pub fn append(&mut self, record: &Record) -> Result<BuiltChange, DocumentError> {
        let built = rebuild(self.id, self.chains.get(&record.actor), record)?;
        self.check_size(record.actor)?;
        let change = built.change.clone();
        contained(self.id, || apply_one(self.id, &mut self.inner, change))?;
        self.chains.insert(record.actor, ChainHead { sequence: record.sequence, hash: built.hash });
        self.changes.insert((record.actor, record.sequence), (built.hash, record.time));
        Ok(built)
    }

    fn check_size(&self, actor: ActorId) -> Result<(), DocumentError> {
        let facts = usize::try_from(self.length()).unwrap_or(usize::MAX);
        limit("number of facts", facts.saturating_add(1), limits::FACTS_PER_DOCUMENT_MAX)?;
        if self.chains.contains_key(&actor) {
            return Ok(());
        }
        limit("number of actors", self.chains.len().saturating_add(1), limits::ACTORS_PER_DOCUMENT_MAX)
    }

    /// The document's bytes, uncompressed: sessions and stores compress across documents.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.inner.save_nocompress()
    }

    /// Every record, in the order of actors and sequences.
    ///
    /// # Errors
    /// When the content is not of the layout (damage).
    pub fn records(&self) -> Result<Vec<Record>, DocumentError> {
        self.records_after(&BTreeMap::new())
    }

    /// Records with sequences above those in `known`, in the order of actors and sequences.
    ///
    /// # Errors
    /// When the content is not of the layout (damage).
    pub fn records_after(&self, known: &BTreeMap<ActorId, u64>) -> Result<Vec<Record>, DocumentError> {
        let values = self.values()?;
        let mut records = Vec::new();
        for ((actor, sequence), (time, bytes)) in values {
            if sequence > known.get(&actor).copied().unwrap_or(0) {
                records.push(Record { actor, sequence, time, bytes });
            }
        }
        Ok(records)
    }

    /// Hash of every change, skeleton first, then by actor and sequence.
    #[must_use]
    pub fn change_hashes(&self) -> Vec<ChangeHash> {
        let hashes = self.changes.values().map(|(hash, _)| *hash);
        std::iter::once(skeleton_hash(self.id)).chain(hashes).collect()
    }

    /// Hash of the change (actor, sequence), if the document has it.
    #[must_use]
    pub fn change_hash(&self, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.changes.get(&(actor, sequence)).map(|(hash, _)| *hash)
    }

    /// Every fact, statements resolved, in the order of actors and sequences.
    ///
    /// # Errors
    /// When the content is not of the layout (damage).
    pub fn facts(&self) -> Result<Vec<Fact>, DocumentError> {
        let mut reader = FactReader::new(self.id);
        self.records()?.iter().map(|record| reader.read(record)).collect()
    }

    fn values(&self) -> Result<BTreeMap<(ActorId, u64), (UnixMillis, Vec<u8>)>, DocumentError> {
        let unreadable = |problem: &str| DocumentError::Unreadable { document: self.id, problem: problem.to_owned() };
        let facts = change::facts_object(&self.inner).ok_or_else(|| unreadable("no facts"))?;
        let mut values = BTreeMap::new();
        let mut conflicted = Vec::new();
        for item in self.inner.map_range(&facts, ..) {
            if item.conflict {
                conflicted.push(item.key.to_string());
            } else if let (Some(place), ValueRef::Scalar(ScalarValueRef::Bytes(bytes))) =
                (change::place_of(&item.id()), &item.value)
            {
                values.insert(place, (UnixMillis(0), bytes.to_vec()));
            }
        }
        // Two actors with one prefix: both values lie under one key, and both are facts.
        for key in conflicted {
            for (value, id) in self.inner.get_all(&facts, key.as_str()).unwrap_or_default() {
                if let (Some(place), Some(bytes)) = (change::place_of(&id), value.as_bytes()) {
                    values.insert(place, (UnixMillis(0), bytes.to_vec()));
                }
            }
        }
        for (place, (_, time)) in &self.changes {
            if let Some(value) = values.get_mut(place) {
                value.0 = *time;
            }
        }
        if u64::try_from(values.len()).is_ok_and(|length| length == self.length()) {
            Ok(values)
        } else {
            Err(unreadable("a change holds no fact"))
        }
    }
}

fn apply_one(document: DocumentId, inner: &mut Automerge, change: automerge::Change) -> Result<(), DocumentError> {
    inner.apply_changes([change]).map_err(|error| DocumentError::Library { document, problem: error.to_string() })
}

pub(crate) fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), DocumentError> {
    if found <= limit {
        return Ok(());
    }
    Err(DocumentError::Limit {
        what,
        found: u64::try_from(found).unwrap_or(u64::MAX),
        limit: u64::try_from(limit).unwrap_or(u64::MAX),
    })
}

/// Turns the records of one document into facts: resolves origin, author and identity.
///
/// Records of one actor must come in the order of their sequences, from 1.
#[derive(Debug, Clone)]
pub struct FactReader {
    document: DocumentId,
    first: BTreeMap<ActorId, FirstStatement>,
}

/// What the first fact of an actor stated.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FirstStatement {
    /// Where the actor comes from.
    #[n(0)]
    pub origin: Option<Origin>,
    /// Its author where later facts state none.
    #[n(1)]
    pub author: Option<Author>,
}

impl FactReader {
    /// A reader for an empty document.
    #[must_use]
    pub fn new(document: DocumentId) -> Self {
        Self { document, first: BTreeMap::new() }
    }

    /// A reader that knows what the first fact of `actor` stated.
    #[must_use]
    pub fn starting_with(document: DocumentId, actor: ActorId, first: FirstStatement) -> Self {
        Self { document, first: BTreeMap::from([(actor, first)]) }
    }

    /// What the first fact of `actor` stated, if it was read.
    #[must_use]
    pub fn first(&self, actor: ActorId) -> Option<&FirstStatement> {
        self.first.get(&actor)
    }

    /// Resolves one record.
    ///
    /// # Errors
    /// When the bytes are not of the layout.
    pub fn read(&mut self, record: &Record) -> Result<Fact, DocumentError> {
        let stated = StatedFact::from_bytes(&record.bytes)?;
        Ok(self.resolve(record, stated))
    }

    /// Resolves a record whose bytes were decoded before.
    pub fn resolve(&mut self, record: &Record, stated: StatedFact) -> Fact {
        let statement = stated.statement;
        let first = self
            .first
            .entry(record.actor)
            .or_insert_with(|| FirstStatement { origin: statement.origin, author: statement.author.clone() });
        let author =
            statement.author.or_else(|| first.author.clone()).unwrap_or_else(|| Author::System("unknown".to_owned()));
        let id = statement.restates.map_or(FactId { actor: record.actor, sequence: record.sequence }, |first| FactId {
            actor: first.actor,
            sequence: first.sequence,
        });
        let digest = content_digest(self.document, id, &author, record.time, &stated.content_bytes);
        Fact { id, origin: first.origin, author, time: record.time, content: stated.content, digest }
    }
}

/// Facts whose body this version does not know.
#[must_use]
pub fn is_unknown(fact: &Fact) -> bool {
    matches!(fact.content.body, FactBody::Unknown { .. })
}

#[cfg(test)]
mod tests;
