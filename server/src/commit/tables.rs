//! Reading tables: the same look-ups for the writer, who sees what is decided, and for readers, who see what
//! is durable (while they hold the hub's read lock).

use docket_sync_core::document::{Document, FactReader, Record, SavedDocument};
use docket_sync_core::facts::Fact;
use docket_sync_core::ids::{DocumentId, FactId, PersonId, RecordId};
use docket_sync_core::reference::ReferenceRecord;
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::time::UnixMillis;

use super::error::CommitError;
use super::keys::{self, ScopeId};
use super::meta::{ChangeEntry, DocumentMeta};
use crate::auth::people::PersonRecord;
use crate::log::{FactRecord, LogEntry, LogRecord, read_entry};
use crate::store::{Entry, KeyRange, Order, Store, StoreError, Table, record};

/// Entries read at once where a scan has no natural end.
pub const PAGE: usize = 512;

/// Tables that can be read.
pub trait Tables {
    /// The value under `key`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` entries of `range`, forward.
    fn scan(&self, table: Table, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// The record under `key`.
    fn read<T: for<'b> minicbor::Decode<'b, ()>>(&self, table: Table, key: &[u8]) -> Result<Option<T>, CommitError> {
        match self.get(table, key)? {
            Some(bytes) => Ok(Some(record::decode(table.name(), &bytes)?)),
            None => Ok(None),
        }
    }

    /// Metadata of a document, if it is known.
    fn meta(&self, document: DocumentId) -> Result<Option<DocumentMeta>, CommitError> {
        self.read(Table::DocumentMeta, &document.0)
    }

    /// One entry of the log.
    fn log_entry(&self, number: u64) -> Result<Option<LogEntry>, CommitError> {
        match self.get(Table::Log, &keys::number(number))? {
            Some(bytes) => Ok(Some(read_entry(&bytes)?)),
            None => Ok(None),
        }
    }

    /// When a fact arrived here: the upper bound `hi` of its true time (U-10).
    fn received_at(&self, document: DocumentId, fact: FactId) -> Result<Option<UnixMillis>, CommitError> {
        let entry: Option<ChangeEntry> =
            self.read(Table::Change, &keys::change(document, fact.actor, fact.sequence))?;
        let Some(entry) = entry else { return Ok(None) };
        Ok(match self.log_entry(entry.number)?.map(|entry| entry.record) {
            Some(LogRecord::Fact(fact)) => Some(fact.received_at),
            _ => None,
        })
    }

    /// Entries of the log after `number`, with their numbers; at most `limit`.
    fn log_after(&self, number: u64, limit: usize) -> Result<Vec<(u64, LogEntry)>, CommitError> {
        let range = KeyRange::starting_at(keys::number(number.saturating_add(1)));
        let mut entries = Vec::new();
        for (key, value) in self.scan(Table::Log, &range, limit)? {
            entries.push((keys::read_number(&key).unwrap_or(0), read_entry(&value)?));
        }
        Ok(entries)
    }

    /// Facts of a document whose log numbers are above `number`, in the order of the log.
    fn facts_after(&self, document: DocumentId, number: u64) -> Result<Vec<(u64, FactRecord)>, CommitError> {
        let mut facts = Vec::new();
        let mut range =
            KeyRange::prefix(keys::document_numbers(document)).continued_after(keys::document_number(document, number));
        loop {
            let page = self.scan(Table::Index, &range, PAGE)?;
            let full = page.len() == PAGE;
            let last = page.last().map(|(key, _)| key.clone());
            for (key, _) in page {
                let number = keys::read_number(&key).unwrap_or(0);
                if let Some(LogEntry { record: LogRecord::Fact(fact), .. }) = self.log_entry(number)? {
                    facts.push((number, fact));
                }
            }
            match last {
                Some(last) if full => range = range.continued_after(last),
                _ => return Ok(facts),
            }
        }
    }

    /// A document: its save, and the changes since.
    fn document(&self, document: DocumentId, meta: &DocumentMeta) -> Result<Document, CommitError> {
        let mut loaded = match self.get(Table::Document, &document.0)? {
            Some(bytes) => Document::load(document, &bytes)?,
            None => Document::new(document)?,
        };
        if meta.unsaved > 0 {
            for (_, fact) in self.facts_after(document, meta.saved_to)? {
                loaded.append(&to_record(fact))?;
            }
        }
        Ok(loaded)
    }

    /// The same without the library, which is called only for bytes in a form that is not ours.
    fn saved_document(&self, document: DocumentId, meta: &DocumentMeta) -> Result<SavedDocument, CommitError> {
        let mut saved = match self.get(Table::Document, &document.0)? {
            Some(bytes) => SavedDocument::read(document, bytes)?,
            None => SavedDocument::new(document)?,
        };
        if meta.unsaved > 0 {
            for (_, fact) in self.facts_after(document, meta.saved_to)? {
                saved.append(&to_record(fact))?;
            }
        }
        Ok(saved)
    }

    /// Bytes of a document as it travels: the save, folded in where changes came since.
    fn document_bytes(&self, document: DocumentId, meta: &DocumentMeta) -> Result<Vec<u8>, CommitError> {
        if meta.unsaved == 0 {
            if let Some(bytes) = self.get(Table::Document, &document.0)? {
                return Ok(bytes);
            }
        }
        Ok(self.saved_document(document, meta)?.fold_in()?.to_vec())
    }

    /// A reference record.
    fn reference(&self, record: RecordId) -> Result<Option<ReferenceRecord>, CommitError> {
        match self.get(Table::Reference, &record.0)? {
            Some(bytes) => ReferenceRecord::from_bytes(&bytes)
                .map(Some)
                .map_err(|error| CommitError::Internal(format!("reference record {record}: {error}"))),
            None => Ok(None),
        }
    }

    /// A person, if known.
    fn person(&self, person: PersonId) -> Result<Option<PersonRecord>, CommitError> {
        match self.get(Table::Person, &person.0)? {
            Some(bytes) => Ok(Some(PersonRecord::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Digest of a scope.
    fn scope_sum(&self, scope: ScopeId) -> Result<DigestSum, CommitError> {
        let digest = self.read(Table::Scope, &keys::scope_digest(scope))?;
        Ok(digest.map(DigestSum::from_digest).unwrap_or_default())
    }
}

impl Tables for dyn Store + '_ {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Store::get(self, table, key)
    }

    fn scan(&self, table: Table, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, StoreError> {
        Store::scan(self, table, range, limit, Order::Forward)
    }
}

/// The record that travels.
#[must_use]
pub fn to_record(fact: FactRecord) -> Record {
    Record { actor: fact.actor, sequence: fact.sequence, time: fact.time, bytes: fact.bytes }
}

/// The facts of a loaded document, resolved.
pub fn resolve(document: &Document) -> Result<Vec<Fact>, CommitError> {
    resolve_records(document.id(), &document.records()?)
}

/// The facts of a document's records, resolved; records of one actor in the order of their sequences.
pub(super) fn resolve_records(document: DocumentId, records: &[Record]) -> Result<Vec<Fact>, CommitError> {
    let mut reader = FactReader::new(document);
    let mut facts = Vec::with_capacity(records.len());
    for record in records {
        facts.push(reader.read(record)?);
    }
    Ok(facts)
}
