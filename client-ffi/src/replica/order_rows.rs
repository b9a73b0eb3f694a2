//! Keeps the row of each changed order, and the reference records that rows take names from.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::forms::Form;
use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::reference::{Reference, ReferenceRecord, ReferenceScope};
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::sync::frames::ProofBytes;

use super::heal::is_signed_by_store;
use super::stored::{COMPANY, DocumentMeta, FORM, POLICY, from_bytes, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::orders::{Beside, OrderRow};
use crate::store::{DeviceStore, Table, scan_all};

impl<S: DeviceStore> DeviceReplica<S> {
    /// One reference record, the newest version here.
    ///
    /// # Errors
    /// When the store fails or the record is damaged.
    pub fn reference(&self, id: RecordId) -> Result<Option<ReferenceRecord>, ReplicaError> {
        match self.store.get(Table::Reference, &id.0)? {
            Some(bytes) => Ok(Some(ReferenceRecord::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Every reference record that is here; one that cannot be read is left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn references(&self) -> Result<Vec<ReferenceRecord>, ReplicaError> {
        let records = scan_all(&self.store, Table::Reference)?;
        Ok(records.iter().filter_map(|(_, bytes)| ReferenceRecord::from_bytes(bytes).ok()).collect())
    }

    /// The record that `name` stands for: a company has one policy and one record of itself.
    pub(crate) fn single_reference(&self, name: &[u8]) -> Result<Option<Reference>, ReplicaError> {
        let id = self.store.get(Table::Meta, name)?.and_then(|id| RecordId::from_slice(&id));
        let record = id.map(|id| self.reference(id)).transpose()?.flatten();
        Ok(record.filter(|record| !record.deleted).map(|record| record.content))
    }

    /// The forms of the company that this device holds, by code. One of a later format is for a later version of
    /// this program.
    ///
    /// # Errors
    /// When the store fails or a record is damaged.
    pub(crate) fn forms(&self) -> Result<Vec<Form>, ReplicaError> {
        let mut forms = Vec::new();
        for (name, _) in scan_all(&self.store, Table::Meta)? {
            if name.starts_with(FORM)
                && let Some(Reference::FormRecord(record)) = self.single_reference(&name)?
            {
                forms.extend(Form::from_json(&record.json).ok());
            }
        }
        Ok(forms)
    }

    /// The row of every order that this device shows, in the order of a list.
    ///
    /// # Errors
    /// When the store fails or a row is damaged.
    pub fn rows(&self) -> Result<Vec<(DocumentId, OrderRow)>, ReplicaError> {
        let mut rows = Vec::new();
        for (key, value) in scan_all(&self.store, Table::OrderRow)? {
            if let Some(id) = DocumentId::from_slice(&key) {
                rows.push((id, from_bytes("order row", &value)?));
            }
        }
        rows.sort_by_cached_key(|(id, row): &(DocumentId, OrderRow)| (row.rank(), *id));
        Ok(rows)
    }

    /// Folds a changed order and writes its row; no row for one that is not shown any more.
    pub(super) fn write_order_row(&self, id: DocumentId, work: &mut Work) -> Result<(), ReplicaError> {
        let is_stored = !work.bases.contains_key(&id) && !work.gone.contains(&id);
        let stored = if is_stored { self.load_base(id)? } else { None };
        let base = work.bases.get(&id).or(stored.as_ref());
        let evicted = match base {
            Some(base) => base.meta.evicted_at.is_some(),
            None => work.gone.contains(&id) || self.is_sealed(id)?,
        };
        let of_this = || self.journal.values().filter(|entry| entry.document == id);
        let unsent = of_this().filter(|entry| entry.waits()).count();
        let refused = of_this().count().saturating_sub(unsent);
        // Evicting never hides work that the store does not have.
        let carried = self.carried_over(id, base).len();
        if (base.is_none() || evicted) && unsent == 0 && refused == 0 && carried == 0 {
            work.batch.delete(Table::OrderRow, id.0);
            return Ok(());
        }
        let mut facts = FactSet::new(id);
        facts.extend(self.facts_over(id, base)?);
        let view = fold(&facts);
        let mut beside = Beside {
            unsent: u32::try_from(unsent).unwrap_or(u32::MAX),
            refused: u32::try_from(refused).unwrap_or(u32::MAX),
            carried: u32::try_from(carried).unwrap_or(u32::MAX),
            evicted,
            ..Beside::default()
        };
        if let Some(request) = &view.request {
            if let Some(Reference::Customer(customer)) = self.reference_in(work, request.customer)? {
                beside.customer = customer.name;
            }
            if let Some(Reference::Site(site)) = self.reference_in(work, request.site)? {
                beside.address = site.address;
            }
        }
        work.batch.put(Table::OrderRow, id.0, to_bytes(&OrderRow::of(&view, beside)));
        Ok(())
    }

    /// Keeps the row of an order that cannot be read, marked as such, and asks for the order once in a session.
    pub(super) fn mark_unreadable(&mut self, id: DocumentId, work: &mut Work) -> Result<(), ReplicaError> {
        let row = self.store.get(Table::OrderRow, &id.0)?;
        let row = row.and_then(|row| from_bytes("order row", &row).ok());
        let row = row.unwrap_or_else(|| OrderRow::of(&fold(&FactSet::new(id)), Beside::default()));
        work.batch.put(Table::OrderRow, id.0, to_bytes(&OrderRow { unreadable: Some(true), ..row }));
        if self.flight.unreadable.insert(id) {
            self.flight.behind.insert(id);
        }
        Ok(())
    }

    /// A record as it will be when `work` is durable.
    fn reference_in(&self, work: &Work, id: RecordId) -> Result<Option<Reference>, ReplicaError> {
        let record = match work.references.get(&id) {
            Some(record) => Some(record.clone()),
            None => self.reference(id)?,
        };
        let record = match (record, work.told.get(&id)) {
            (None, Some(told)) => Some(told.clone()),
            (None, None) => self.told_reference(id)?,
            (known, _) => known,
        };
        Ok(record.filter(|record| !record.deleted).map(|record| record.content))
    }

    /// Keeps newer versions of reference records.
    pub(super) fn keep_references(&mut self, references: &[ProofBytes], work: &mut Work) -> Result<(), ReplicaError> {
        for ProofBytes(bytes) in references {
            // One that this version cannot read stays with the store; the digest will say so.
            let Ok(record) = ReferenceRecord::from_bytes(bytes) else { continue };
            let known = match work.references.get(&record.id) {
                Some(known) => Some(known.version),
                None => self.reference(record.id)?.map(|known| known.version),
            };
            if let Some(came) = &mut self.flight.came_references {
                came.insert(record.id);
            }
            // A store that lost its newest versions counts the ones that it has.
            let adopts = self.adopts(&record) && known != Some(record.version);
            if known.is_some_and(|version| version >= record.version) && !adopts {
                continue;
            }
            let less = known.map(|version| DigestSum::of_reference(record.id, version)).unwrap_or_default();
            let more = DigestSum::of_reference(record.id, record.version);
            self.state.sum = self.sum().minus(less).plus(more).to_digest();
            work.batch.put(Table::Reference, record.id.0, bytes.as_slice());
            if let Some(name) = name_of(&record.content) {
                work.batch.put(Table::Meta, name, record.id.0);
            }
            self.flight.swept = false;
            work.references.insert(record.id, record);
        }
        Ok(())
    }

    /// Whether the store's word on a record is taken, older or not: while everything is pulled from the beginning,
    /// for what the company as a whole has; and for all of it once giving back what the store lost did not help.
    fn adopts(&self, record: &ReferenceRecord) -> bool {
        self.flight.came_references.is_some() && (is_company_wide(record) || self.state.pulled_again.is_some())
    }

    /// Rows show names: orders that name a changed record get theirs again.
    pub(super) fn touch_named(&self, work: &mut Work) -> Result<(), ReplicaError> {
        let changed: BTreeSet<RecordId> =
            work.references.values().filter(|record| !is_company_wide(record)).map(|record| record.id).collect();
        if changed.is_empty() {
            return Ok(());
        }
        for (id, meta) in self.metas_with(work)? {
            if meta.references.iter().any(|record| changed.contains(record)) {
                work.touched.insert(id);
            }
        }
        Ok(())
    }

    /// Drops records that no order in scope names: the store does not count them. Only after the last batch of a
    /// pull, since a later one may bring the order that names a record of an earlier one.
    pub(super) fn drop_unnamed(&mut self, work: &mut Work) -> Result<(), ReplicaError> {
        if core::mem::replace(&mut self.flight.swept, true) {
            return Ok(());
        }
        let in_scope = self.metas_with(work)?.into_iter().filter(|(_, meta)| meta.evicted_at.is_none());
        let named: BTreeSet<RecordId> = in_scope.flat_map(|(_, meta)| meta.references).collect();
        let mut here: BTreeMap<RecordId, ReferenceRecord> = BTreeMap::new();
        for (_, bytes) in scan_all(&self.store, Table::Reference)? {
            // One that cannot be read is not judged.
            let Ok(record) = ReferenceRecord::from_bytes(&bytes) else { continue };
            here.insert(record.id, record);
        }
        here.extend(work.references.iter().map(|(id, record)| (*id, record.clone())));
        for (id, record) in here {
            let came = self.flight.came_references.as_ref().is_none_or(|came| came.contains(&id));
            // What the store signed and lost is given back first; a revocation it takes in any case.
            let goes_back = match &record.content {
                Reference::Revocation(_) => true,
                content => is_signed_by_store(content) && self.state.pulled_again.is_none(),
            };
            let is_lost = !came && self.adopts(&record) && !goes_back;
            if !is_lost && (named.contains(&id) || is_company_wide(&record)) {
                continue;
            }
            work.references.remove(&id);
            self.state.sum = self.sum().minus(DigestSum::of_reference(id, record.version)).to_digest();
            work.batch.delete(Table::Reference, id.0);
        }
        Ok(())
    }

    /// Metadata of every document as it will be when `work` is durable; forgotten ones are left out.
    pub(super) fn metas_with(&self, work: &Work) -> Result<Vec<(DocumentId, DocumentMeta)>, ReplicaError> {
        let mut metas = Vec::new();
        for (key, value) in scan_all(&self.store, Table::DocumentMeta)? {
            let Some(id) = DocumentId::from_slice(&key) else { continue };
            if !work.bases.contains_key(&id) && !work.gone.contains(&id) {
                // What cannot be read names nothing.
                metas.extend(from_bytes("document metadata", &value).ok().map(|meta| (id, meta)));
            }
        }
        metas.extend(work.bases.iter().map(|(id, base)| (*id, base.meta.clone())));
        Ok(metas)
    }
}

/// Under which name a record is found of which a company has one, or one of each code.
#[expect(clippy::wildcard_enum_match_arm, reason = "of every other kind there are many")]
fn name_of(content: &Reference) -> Option<Vec<u8>> {
    match content {
        Reference::PolicyRecord(_) => Some(POLICY.to_vec()),
        Reference::Company(_) => Some(COMPANY.to_vec()),
        Reference::FormRecord(form) => Some([FORM, form.code.as_bytes()].concat()),
        _ => None,
    }
}

/// Whether no order has to name the record for it to be here: the company's own, and what concerns this person.
fn is_company_wide(record: &ReferenceRecord) -> bool {
    matches!(record.content.scope(), Some(ReferenceScope::Company | ReferenceScope::Holder))
}
