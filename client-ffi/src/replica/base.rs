//! Base documents: what the store has acknowledged or sent, with what is known of them.

use std::collections::btree_map::Entry;

use docket_sync_core::document::{BuiltChange, Document, DocumentError, FactReader, Record};
use docket_sync_core::facts::Fact;
use docket_sync_core::ids::{Digest, DocumentId};
use docket_sync_core::sync::digest::DigestSum;

use super::stored::{DocumentMeta, from_bytes, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{Batch, DeviceStore, Table};

/// One base document in memory.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) document: Document,
    pub(super) meta: DocumentMeta,
    /// Its bytes, where they are known and nothing was appended since: a whole document is kept as it came.
    bytes: Option<Vec<u8>>,
    /// Whether the store has these bytes already.
    is_stored: bool,
    /// Its records, where they were read and nothing was appended since.
    records: Option<Vec<Record>>,
}

impl Base {
    /// A document that was loaded, with what follows from it.
    pub(super) fn of(document: Document) -> Self {
        let id = document.id();
        let sum = document
            .change_hashes()
            .into_iter()
            .fold(DigestSum::default(), |sum, hash| sum.plus(DigestSum::of_change(id, hash)));
        let meta =
            DocumentMeta { chains: document.chains().clone(), sum: Some(sum.to_digest()), ..DocumentMeta::default() };
        Self { document, meta, bytes: None, is_stored: false, records: None }
    }

    /// A document as it came from the store, and its bytes.
    pub(super) fn whole(id: DocumentId, bytes: &[u8]) -> Result<Self, DocumentError> {
        Ok(Self { bytes: Some(bytes.to_vec()), ..Self::of(Document::load(id, bytes)?) })
    }

    /// Reads its records, for now and for the row that is made of them later.
    pub(super) fn read_records(&mut self) -> Result<&[Record], DocumentError> {
        let records = match self.records.take() {
            Some(records) => records,
            None => self.document.records()?,
        };
        Ok(self.records.insert(records))
    }

    /// Its part of the scope's digest.
    pub(super) fn sum(&self) -> DigestSum {
        self.meta.sum()
    }

    /// Appends one record to its actor's chain.
    pub(super) fn append(&mut self, record: &Record) -> Result<BuiltChange, DocumentError> {
        let built = self.document.append(record)?;
        (self.bytes, self.is_stored, self.records) = (None, false, None);
        let sum = self.sum().plus(DigestSum::of_change(self.document.id(), built.hash));
        self.meta.sum = Some(sum.to_digest());
        self.meta.chains = self.document.chains().clone();
        Ok(built)
    }

    pub(super) fn write(&self, id: DocumentId, batch: &mut Batch) {
        if !self.is_stored {
            batch.put(Table::Document, id.0, self.bytes.clone().unwrap_or_else(|| self.document.save()));
        }
        batch.put(Table::DocumentMeta, id.0, to_bytes(&self.meta));
    }
}

impl DocumentMeta {
    pub(super) fn sum(&self) -> DigestSum {
        DigestSum::from_digest(self.sum.unwrap_or(Digest([0; 32])))
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// The base of a document, from `work` or from the store. `None` when there is none.
    pub(super) fn base<'w>(&self, work: &'w mut Work, id: DocumentId) -> Result<Option<&'w mut Base>, ReplicaError> {
        Ok(match work.bases.entry(id) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(entry) => self.load_base(id)?.map(|base| entry.insert(base)),
        })
    }

    /// The base of a document from the store.
    pub(super) fn load_base(&self, id: DocumentId) -> Result<Option<Base>, ReplicaError> {
        let (Some(meta), Some(bytes)) = (self.meta(id)?, self.store.get(Table::Document, &id.0)?) else {
            return Ok(None);
        };
        let document = Document::load(id, &bytes)?;
        Ok(Some(Base { document, meta, bytes: None, is_stored: true, records: None }))
    }

    /// What is known of a document.
    pub(super) fn meta(&self, id: DocumentId) -> Result<Option<DocumentMeta>, ReplicaError> {
        match self.store.get(Table::DocumentMeta, &id.0)? {
            Some(bytes) => Ok(Some(from_bytes("document metadata", &bytes)?)),
            None => Ok(None),
        }
    }

    /// Every fact of a document that this device shows: the base, then what waits in the journal. Refused
    /// facts are not among them.
    ///
    /// # Errors
    /// When the document is not here, or damaged.
    pub fn facts(&self, id: DocumentId) -> Result<Vec<Fact>, ReplicaError> {
        let base = self.load_base(id)?;
        self.facts_over(id, base.as_ref())
    }

    /// The same over a base that may not be stored yet.
    pub(super) fn facts_over(&self, id: DocumentId, base: Option<&Base>) -> Result<Vec<Fact>, ReplicaError> {
        let mut reader = FactReader::new(id);
        let mut facts = Vec::new();
        if let Some(base) = base {
            let read;
            let records = match &base.records {
                Some(records) => records,
                None => {
                    read = base.document.records()?;
                    &read
                }
            };
            for record in records {
                facts.push(reader.read(record)?);
            }
        }
        for entry in self.journal.values().filter(|entry| entry.document == id && entry.waits()) {
            facts.push(reader.read(&entry.record)?);
        }
        if facts.is_empty() && base.is_none() { Err(ReplicaError::NoDocument(id)) } else { Ok(facts) }
    }
}
