//! One order as the log has it, with both its documents: every fact with the time at which it was received.

use std::collections::BTreeMap;

use docket_sync_core::document::FactReader;
use docket_sync_core::ids::{Digest, DocumentId, FactId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::time::UnixMillis;

use crate::api::reading::Reading;
use crate::commit::tables::to_record;
use crate::commit::{CommitError, RowRecord, Tables};
use crate::store::Table;

/// An order of one durable moment.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Its row in lists.
    pub(crate) row: RowRecord,
    /// Its facts.
    pub(crate) facts: FactSet,
    /// Server time at which each fact first arrived: the upper bound `hi` of its true time (U-10).
    received: BTreeMap<(FactId, Digest), UnixMillis>,
}

impl Loaded {
    /// The order as somebody knew it.
    pub(super) fn as_known(&self, facts: FactSet, row: RowRecord) -> Self {
        Self { row, facts, received: self.received.clone() }
    }

    /// When a fact first arrived here.
    pub(super) fn received_at(&self, id: FactId, digest: Digest) -> Option<UnixMillis> {
        self.received.get(&(id, digest)).copied()
    }
}

/// Reads an order; `None` when it is not known.
pub(crate) fn load(reading: &Reading<'_>, document: DocumentId) -> Result<Option<Loaded>, CommitError> {
    let Some(row) = reading.store().read::<RowRecord>(Table::View, &document.0)? else { return Ok(None) };
    let mut facts = FactSet::new(document);
    let mut received = BTreeMap::new();
    for part in [document, document.companion()] {
        let mut reader = FactReader::new(part);
        for (_, stored) in reading.store().facts_after(part, 0)? {
            let received_at = stored.received_at;
            let fact = reader.read(&to_record(stored))?;
            received.entry((fact.id, fact.digest)).or_insert(received_at);
            facts.insert(fact);
        }
    }
    Ok(Some(Loaded { row, facts, received }))
}
