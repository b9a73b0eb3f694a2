//! Base documents: what the store has acknowledged or sent, with what is known of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use docket_sync_core::document::{DocumentError, FactReader, Record, SavedDocument};
use docket_sync_core::facts::Fact;
use docket_sync_core::ids::{ChangeHash, Digest, DocumentId, FactId};
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::time::UnixMillis;

use super::stored::{DocumentMeta, from_bytes, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{Batch, DeviceStore, Table};

/// One base document in memory.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) document: SavedDocument,
    pub(super) meta: DocumentMeta,
    /// Whether the store has its bytes already.
    is_stored: bool,
}

impl Base {
    /// A document that was read, with what follows from it.
    pub(super) fn of(document: SavedDocument) -> Self {
        let id = document.id();
        let sum =
            document.change_hashes().fold(DigestSum::default(), |sum, hash| sum.plus(DigestSum::of_change(id, hash)));
        let meta =
            DocumentMeta { chains: document.chains().clone(), sum: Some(sum.to_digest()), ..DocumentMeta::default() };
        Self { document, meta, is_stored: false }
    }

    /// A document as it came from the store.
    pub(super) fn whole(id: DocumentId, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        Ok(Self::of(SavedDocument::read(id, bytes)?))
    }

    /// Its part of the scope's digest.
    pub(super) fn sum(&self) -> DigestSum {
        self.meta.sum()
    }

    /// Appends one record to its actor's chain; gives the hash of its change.
    pub(super) fn append(&mut self, record: &Record) -> Result<ChangeHash, DocumentError> {
        let hash = self.document.append(record)?;
        self.is_stored = false;
        let sum = self.sum().plus(DigestSum::of_change(self.document.id(), hash));
        self.meta.sum = Some(sum.to_digest());
        self.meta.chains = self.document.chains().clone();
        Ok(hash)
    }

    pub(super) fn write(&self, id: DocumentId, batch: &mut Batch) {
        if !self.is_stored {
            batch.put(Table::Document, id.0, self.document.bytes());
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
        let document = SavedDocument::read(id, bytes)?;
        Ok(Some(Base { document, meta, is_stored: true }))
    }

    /// What is known of a document.
    pub(super) fn meta(&self, id: DocumentId) -> Result<Option<DocumentMeta>, ReplicaError> {
        match self.store.get(Table::DocumentMeta, &id.0)? {
            Some(bytes) => Ok(Some(from_bytes("document metadata", &bytes)?)),
            None => Ok(None),
        }
    }

    /// By when the store had these facts of a document, as far as it has told (U-10).
    ///
    /// # Errors
    /// When the store fails.
    pub fn received(
        &self,
        id: DocumentId,
        facts: impl Iterator<Item = FactId>,
    ) -> Result<BTreeMap<FactId, UnixMillis>, ReplicaError> {
        let received = self.meta(id)?.and_then(|meta| meta.received).unwrap_or_default();
        Ok(facts.filter_map(|fact| Some((fact, received.by(fact)?))).collect())
    }

    /// Every fact of a document that this device shows: the base, what colleagues handed over, then what waits in the
    /// journal. Refused facts are not among them.
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
        let records = base.map(|base| base.document.records()).unwrap_or_default();
        let mut facts = Vec::with_capacity(records.len());
        for record in records {
            facts.push(reader.read(record)?);
        }
        let carried = self.carried_over(id, base);
        for (record, _) in &carried {
            facts.push(reader.read(record)?);
        }
        for entry in self.journal.values().filter(|entry| entry.document == id && entry.waits()) {
            facts.push(reader.read(&entry.record)?);
        }
        // What was refused of an order that is only sealed here is still shown.
        let is_here = base.is_some() || !carried.is_empty() || self.journal.values().any(|entry| entry.document == id);
        if is_here { Ok(facts) } else { Err(ReplicaError::NoDocument(id)) }
    }
}
