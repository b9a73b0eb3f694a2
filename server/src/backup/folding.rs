//! Folding every document that frames make: the proof that what was kept is not only whole but means something.
//!
//! Frames come in the order of commits, and a document's changes lie all over them. So the documents are taken in the
//! order of their ids, as many at once as fit into memory ([`MEMORY_BYTES`]), and the frames are read again for the
//! rest. Nothing is written: what a backup holds must not lie about in clear.

use std::collections::BTreeMap;

use docket_sync_core::document::Document;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::sync::digest::DigestSum;

use super::contents::content;
use super::error::BackupError;
use crate::commit::meta::{ChangeEntry, DocumentMeta};
use crate::commit::tables::{resolve, to_record};
use crate::commit::{CommitError, keys};
use crate::log::{LogEntry, LogRecord, read_entry};
use crate::store::{Batch, Table, record, value};

/// Documents whose problems are told one by one.
const PROBLEMS_MAX: usize = 100;

/// Bytes of documents that are kept in memory at once; one that is larger is kept alone.
pub const MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// Bytes that an entry costs beside what it holds, about.
const ENTRY_BYTES: u64 = 64;

/// Documents between two words of progress.
const TOLD_EVERY: u64 = 512;

/// What folding every document found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// Documents.
    pub documents: u64,
    /// Their facts.
    pub facts: u64,
    /// What is wrong, one sentence a document; at most 100.
    pub problems: Vec<String>,
    /// How many documents are wrong.
    pub wrong: u64,
    /// How often the frames were read.
    pub passes: u64,
    /// Most bytes of documents that were in memory at once.
    pub peak_bytes: u64,
}

/// Some of the documents, gathered from frames.
#[derive(Debug)]
pub struct Gathering {
    documents: BTreeMap<DocumentId, Gathered>,
    /// Documents before this one are folded already.
    from: DocumentId,
    /// Documents from this one on had no room.
    until: Option<DocumentId>,
    bytes: u64,
    bytes_max: u64,
    peak_bytes: u64,
}

/// What folding needs of one document.
#[derive(Debug, Default)]
struct Gathered {
    save: Option<Vec<u8>>,
    meta: Option<Vec<u8>>,
    /// Log number up to which the save goes: facts before it are in it.
    saved_to: u64,
    changes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Log records of its facts behind the save, by number.
    facts: BTreeMap<u64, Vec<u8>>,
}

impl Gathering {
    /// Nothing yet: all documents, as far as `bytes_max` goes.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        Self {
            documents: BTreeMap::new(),
            from: DocumentId([0; DocumentId::LENGTH]),
            until: None,
            bytes: 0,
            bytes_max,
            peak_bytes: 0,
        }
    }

    /// Takes the writes of the next frame.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn take(&mut self, batch: &Batch) -> Result<(), BackupError> {
        for (table, key, stored) in batch.writes() {
            let of = match table {
                Table::Document | Table::DocumentMeta | Table::Change => document_of(key),
                // A log record says itself whose it is.
                Table::Log => Some(self.from),
                _ => None,
            };
            if of.is_none_or(|document| self.is_elsewhere(document)) {
                continue;
            }
            let plain = stored.map(|stored| value::decode(stored.to_vec())).transpose();
            let plain = plain.map_err(|error| content(&error.to_string()))?.map(|value| value.payload);
            self.keep(table, key, plain);
            self.make_room();
        }
        Ok(())
    }

    fn is_elsewhere(&self, document: DocumentId) -> bool {
        document < self.from || self.until.is_some_and(|until| document >= until)
    }

    fn keep(&mut self, table: Table, key: &[u8], value: Option<Vec<u8>>) {
        if table == Table::Log {
            let (Some(number), Some(entry)) = (keys::read_number(key), value) else { return };
            // What the log's chain has and nobody can read is missed where a document needs it.
            let Ok(LogEntry { record: LogRecord::Fact(fact), .. }) = read_entry(&entry) else { return };
            if self.is_elsewhere(fact.document) {
                return;
            }
            let gathered = self.documents.entry(fact.document).or_default();
            if number > gathered.saved_to {
                self.bytes = self.bytes.saturating_add(size(&entry));
                gathered.facts.insert(number, entry);
            }
            return;
        }
        let Some(document) = document_of(key) else { return };
        let gathered = self.documents.entry(document).or_default();
        self.bytes = self.bytes.saturating_add(value.as_ref().map_or(0, |value| size(value)));
        let before = match (table, value) {
            (Table::Document, value) => core::mem::replace(&mut gathered.save, value),
            (Table::Change, Some(value)) => gathered.changes.insert(key.to_vec(), value),
            (Table::Change, None) => gathered.changes.remove(key),
            (_, value) => {
                let meta = value.as_ref().map(|value| record::decode::<DocumentMeta>("document meta", value));
                if let Some(Ok(meta)) = meta {
                    gathered.saved_to = meta.saved_to;
                    let behind = gathered.facts.split_off(&meta.saved_to.saturating_add(1));
                    let saved = core::mem::replace(&mut gathered.facts, behind);
                    self.bytes = saved.values().fold(self.bytes, |bytes, fact| bytes.saturating_sub(size(fact)));
                }
                core::mem::replace(&mut gathered.meta, value)
            }
        };
        self.bytes = self.bytes.saturating_sub(before.map_or(0, |before| size(&before)));
    }

    /// Lets the last documents go when there is more than may be; half is let go at once, for it costs a reading of
    /// all frames to come back to them.
    fn make_room(&mut self) {
        self.peak_bytes = self.peak_bytes.max(self.bytes);
        if self.bytes <= self.bytes_max {
            return;
        }
        while self.bytes > self.bytes_max / 2 && self.documents.len() > 1 {
            let Some((document, gathered)) = self.documents.pop_last() else { return };
            self.bytes = self.bytes.saturating_sub(gathered.bytes());
            self.until = Some(document);
        }
    }

    /// Folds what was gathered. Gives where the frames have to be read again for more, if they have.
    pub fn fold(self, folded: &mut Folded, told: &mut dyn FnMut(&Folded)) -> Option<Self> {
        folded.passes = folded.passes.saturating_add(1);
        folded.peak_bytes = folded.peak_bytes.max(self.peak_bytes);
        for (document, gathered) in &self.documents {
            // A fact whose document was never written is no document: the log's chain has it.
            let Some(meta) = &gathered.meta else { continue };
            folded.documents = folded.documents.saturating_add(1);
            match gathered.fold(*document, meta) {
                Ok(facts) => folded.facts = folded.facts.saturating_add(facts),
                Err(problem) => {
                    folded.wrong = folded.wrong.saturating_add(1);
                    if folded.problems.len() < PROBLEMS_MAX {
                        folded.problems.push(format!("document {document}: {problem}"));
                    }
                }
            }
            if folded.documents.is_multiple_of(TOLD_EVERY) {
                told(folded);
            }
        }
        told(folded);
        let from = self.until?;
        Some(Self { from, ..Self::new(self.bytes_max) })
    }
}

impl Gathered {
    fn bytes(&self) -> u64 {
        let single = self.save.iter().chain(&self.meta);
        let all = single.chain(self.changes.values()).chain(self.facts.values());
        all.fold(0, |bytes, value| bytes.saturating_add(size(value)))
    }

    /// Loads, checks and folds it. Gives the number of facts.
    fn fold(&self, id: DocumentId, meta: &[u8]) -> Result<u64, String> {
        let said = |error: CommitError| error.to_string();
        let meta: DocumentMeta = record::decode("document meta", meta).map_err(|error| error.to_string())?;
        let document = self.load(id, &meta).map_err(said)?;
        if *document.chains() != meta.chains {
            return Err("its changes do not end where its metadata says".to_owned());
        }
        let mut sum = DigestSum::of_change(id, docket_sync_core::document::skeleton_hash(id));
        for value in self.changes.values() {
            let entry: ChangeEntry = record::decode("change", value).map_err(|error| error.to_string())?;
            sum = sum.plus(DigestSum::of_change(id, entry.hash));
        }
        if sum.to_digest() != meta.sum().to_digest() {
            return Err("the digest of its changes is not what its metadata says".to_owned());
        }
        let mut facts = FactSet::new(id);
        let mut count = 0_u64;
        for fact in resolve(&document).map_err(said)? {
            facts.insert(fact);
            count = count.saturating_add(1);
        }
        let _view = fold(&facts);
        Ok(count)
    }

    fn load(&self, id: DocumentId, meta: &DocumentMeta) -> Result<Document, CommitError> {
        let mut document = match &self.save {
            Some(bytes) => Document::load(id, bytes)?,
            None => Document::new(id)?,
        };
        if meta.unsaved > 0 {
            for entry in self.facts.values() {
                if let LogRecord::Fact(fact) = read_entry(entry)?.record {
                    document.append(&to_record(fact))?;
                }
            }
        }
        Ok(document)
    }
}

fn document_of(key: &[u8]) -> Option<DocumentId> {
    DocumentId::from_slice(key.get(..DocumentId::LENGTH)?)
}

fn size(value: &[u8]) -> u64 {
    u64::try_from(value.len()).unwrap_or(u64::MAX).saturating_add(ENTRY_BYTES)
}
