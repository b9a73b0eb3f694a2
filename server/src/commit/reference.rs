//! Reference records: written by the office, versioned, sent to the devices whose orders name them.

use docket_sync_core::ids::{PersonId, RecordId};
use docket_sync_core::reference::{Reference, ReferenceRecord, ReferenceScope};

use super::error::CommitError;
use super::keys::{self, ScopeId};
use super::tables::Tables;
use super::writer::Writer;
use crate::log::LogRecord;
use crate::store::Table;

impl Writer {
    /// Writes a reference record as its next version; gives that version.
    pub fn write_reference(
        &mut self,
        id: RecordId,
        content: Reference,
        by: Option<PersonId>,
    ) -> Result<u64, CommitError> {
        let old = self.reference(id)?.map(|record| record.version);
        let version = old.unwrap_or(0).saturating_add(1);
        self.put_reference(ReferenceRecord::new(id, version, content), by)?;
        Ok(version)
    }

    /// Writes a version of a reference record; the caller has seen that it is later than the one here. What is given to
    /// be used without asking is signed.
    pub(crate) fn put_reference(&mut self, record: ReferenceRecord, by: Option<PersonId>) -> Result<(), CommitError> {
        let record = record.signed_as_given(self.identity().store, self.store_keys().signing());
        let (id, version) = (record.id, record.version);
        let old = self.reference(id)?.map(|record| record.version);
        let scope = match (record.content.scope(), record.content.holder()) {
            (Some(ReferenceScope::Company), _) => Some(ScopeId::COMPANY),
            (Some(ReferenceScope::Holder), Some(person)) => Some(ScopeId::of(person)),
            (Some(ReferenceScope::Orders | ReferenceScope::Holder) | None, _) => None,
        };
        let bytes = record.to_bytes();
        let at = self.now();
        let number = self.log(&LogRecord::Reference { bytes: bytes.clone(), by, at });
        self.put(Table::Reference, id.0, bytes);
        if let Reference::FormRecord(form) = &record.content {
            self.put(Table::Index, keys::form(&form.code), id.0.to_vec());
        }
        self.move_reference(id, scope, old, version, number)
    }
}
