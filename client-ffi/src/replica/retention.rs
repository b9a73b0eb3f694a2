//! Documents that left the scope: kept for the store, unreadable here, until they are safe there.
//!
//! When an order leaves the scope its records, its receipt and envelopes of its own facts are sealed to the store's
//! public key, and the readable document goes (sync.md, "Evict never drops work"). A store that lost them gets the
//! sealed bytes back. They go when 30 days have passed and the store has a backup of what this device stated in the
//! document; above 256 MB the oldest of those go first. What is not acknowledged is never sealed and never goes.

use std::collections::BTreeSet;

use docket_sync_core::document::{ChainHead, Chains, Record};
use docket_sync_core::ids::{ChangeHash, DocumentId, Epoch};
use docket_sync_core::proof::sealed::{SealedFor, seal};
use docket_sync_core::proof::{Envelope, EnvelopeDocument};
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::frames::{DocumentHeads, Frame, Push, SealedBundle};
use docket_sync_core::sync::message::{Light, pack};
use docket_sync_core::{limits, time};

use super::base::Base;
use super::heal::{Lacking, PUSH_BYTES, size_of};
use super::sealed_rows::{EvictedRow, SealedRow, joined, signed_blobs};
use super::stored::{DocumentMeta, ReceiptRow, from_bytes, row_key, row_number, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::platform::random_bytes;
use crate::store::{DeviceStore, Table, scan_all};

/// How long and how much a device keeps of what left its scope, and of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retention {
    /// Milliseconds after which a document or a file may go.
    pub(super) kept_ms: i64,
    /// Bytes of all sealed documents above which the oldest go first.
    pub(super) bytes_max: u64,
    /// Bytes of all files.
    pub(super) file_bytes_max: u64,
}

impl Default for Retention {
    /// sync.md, "Evict never drops work".
    fn default() -> Self {
        Self { kept_ms: 30 * time::DAY, bytes_max: 256 * 1024 * 1024, file_bytes_max: super::KEPT_BYTES_MAX }
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// The document left the scope: nobody sees it any more, unless this device has stated what the store lacks.
    pub(super) fn evict(&mut self, id: DocumentId, work: &mut Work) -> Result<(), ReplicaError> {
        let (at, lived) = (self.time().lo, self.lived());
        work.touched.insert(id);
        if sabotage::is_on(Bug::EvictsUnsent) {
            self.journal.retain(|row, entry| {
                if entry.document == id {
                    work.batch.delete(Table::Journal, row_key(*row));
                }
                entry.document != id
            });
        }
        let Some(meta) = self.meta(id)?.filter(|meta| meta.evicted_at.is_none()) else { return Ok(()) };
        self.flight.swept = false;
        self.state.sum = self.sum().minus(meta.sum()).to_digest();
        match self.base(work, id) {
            Ok(Some(base)) => {
                base.meta.evicted_at = Some(at);
                base.meta.evicted_from = Some(lived);
                let before = self.store.get(Table::Evicted, &id.0)?.map(|row| EvictedRow::read(&row)).transpose()?;
                let row = EvictedRow { bytes: 0, ..before.unwrap_or_default() };
                work.batch.put(Table::Evicted, id.0, to_bytes(&row));
            }
            // Damaged, and not wanted any more.
            Ok(None) | Err(ReplicaError::Document(_)) => drop_document(id, work),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The document is to be unreadable from now on.
    pub(super) fn forget(&mut self, id: DocumentId, work: &mut Work) -> Result<(), ReplicaError> {
        self.flight.swept = false;
        let meta = self.meta(id)?.filter(|meta| meta.evicted_at.is_none()).unwrap_or_default();
        self.state.sum = self.sum().minus(meta.sum()).to_digest();
        drop_document(id, work);
        Ok(())
    }

    /// The document is in scope again: what was sealed of it goes when the store's has all of it.
    pub(super) fn keep_again(&self, base: &Base, old: &DocumentMeta, work: &mut Work) -> Result<(), ReplicaError> {
        let id = base.document.id();
        let Some(row) = self.store.get(Table::Evicted, &id.0)? else { return Ok(()) };
        let sealed = EvictedRow::read(&row)?.chains;
        let has = |(actor, head): (&_, &ChainHead)| base.document.change_hash(*actor, head.sequence) == Some(head.hash);
        if sealed.as_ref().unwrap_or(&old.chains).iter().all(has) {
            work.batch.delete(Table::Evicted, id.0).delete(Table::Sealed, id.0);
        }
        Ok(())
    }

    /// The chains of a document with those that are only sealed here.
    pub(super) fn chains_with_sealed(&self, id: DocumentId, meta: &DocumentMeta) -> Result<Chains, ReplicaError> {
        Ok(joined(meta.chains.clone(), self.sealed_chains(id)?))
    }

    /// The chains of what is sealed of a document.
    pub(super) fn sealed_chains(&self, id: DocumentId) -> Result<Chains, ReplicaError> {
        let row = self.store.get(Table::Evicted, &id.0)?.map(|row| EvictedRow::read(&row)).transpose()?;
        Ok(row.and_then(|row| row.chains).unwrap_or_default())
    }

    /// Whether a document is here for the store alone.
    pub(super) fn is_sealed(&self, id: DocumentId) -> Result<bool, ReplicaError> {
        Ok(self.store.get(Table::Sealed, &id.0)?.is_some())
    }

    /// Own facts that the store acknowledged after their document had been sealed: they are sealed behind it, and
    /// stay as long.
    fn seal_what_came_behind(&mut self, work: &mut Work) -> Result<(), ReplicaError> {
        for (id, (to, added)) in core::mem::take(&mut work.behind_seal) {
            let (Some(mut meta), Some(sealed)) = (self.meta(id)?, self.store.get(Table::Sealed, &id.0)?) else {
                continue;
            };
            let mut row: SealedRow = from_bytes("sealed document", &sealed)?;
            let records: Vec<Record> = added.iter().map(|(record, _)| record.clone()).collect();
            for (record, hash) in &added {
                meta.chains.insert(record.actor, ChainHead { sequence: record.sequence, hash: *hash });
            }
            meta.own_to = meta.own_to.max(to);
            let added = self.pieces(id, added)?;
            let pushes = self.listed_pushes(added);
            // There was a key to seal to when the document was sealed.
            row.bundles.extend(self.sealed_pushes(id, pushes)?.unwrap_or_default());
            for blob in signed_blobs(&records) {
                work.batch.delete(Table::Proof, blob.0);
            }
            work.batch
                .put(
                    Table::Evicted,
                    id.0,
                    to_bytes(&EvictedRow { bytes: row.size(), chains: Some(meta.chains.clone()) }),
                )
                .put(Table::Sealed, id.0, to_bytes(&row))
                .put(Table::DocumentMeta, id.0, to_bytes(&meta));
        }
        Ok(())
    }

    /// Seals what left the scope and has nothing in the journal.
    pub(super) fn seal_evicted(&mut self, work: &mut Work) -> Result<(), ReplicaError> {
        self.seal_what_came_behind(work)?;
        let left = work.bases.iter().filter(|(_, base)| base.meta.evicted_at.is_some());
        let mut left: BTreeSet<DocumentId> = left.map(|(id, _)| *id).collect();
        for (key, value) in scan_all(&self.store, Table::Evicted)? {
            if EvictedRow::read(&value)?.bytes == 0 {
                left.extend(DocumentId::from_slice(&key));
            }
        }
        let is_safe = |id: &DocumentId| !self.journal.values().any(|entry| entry.document == *id);
        let left: Vec<DocumentId> = left.into_iter().filter(|id| !work.gone.contains(id)).filter(is_safe).collect();
        for id in left {
            let base = match self.base(work, id) {
                Ok(Some(base)) if base.meta.evicted_at.is_some() => base.clone(),
                // In scope again, or damaged: that shows elsewhere.
                Ok(_) | Err(ReplicaError::Document(_)) => continue,
                Err(error) => return Err(error),
            };
            self.seal_one(&base, work)?;
        }
        Ok(())
    }

    fn seal_one(&mut self, base: &Base, work: &mut Work) -> Result<(), ReplicaError> {
        let id = base.document.id();
        let Some(bundles) = self.bundles(base)? else { return Ok(()) };
        // What a store that had lost it has not taken back yet stays in front.
        let before = self.store.get(Table::Sealed, &id.0)?;
        let mut sealed: SealedRow =
            before.map(|row| from_bytes("sealed document", &row)).transpose()?.unwrap_or_default();
        let chains = self.chains_with_sealed(id, &base.meta)?;
        sealed.bundles.extend(bundles);
        let mut meta = base.meta.clone();
        if meta.own_to == 0 && !self.own_actors(base).is_empty() {
            // The store sent what this device had stated: it had it when it signed that.
            meta.own_to = meta.receipt.map_or(0, |receipt| receipt.number);
        }
        // The receipt itself lies in the bundle.
        meta.receipt = meta.receipt.map(|receipt| ReceiptRow { row: 0, ..receipt });
        meta.older = None;
        meta.references.clear();
        let row = EvictedRow { bytes: sealed.size(), chains: Some(chains) };
        for blob in signed_blobs(base.document.records()) {
            work.batch.delete(Table::Proof, blob.0);
        }
        work.bases.remove(&id);
        work.gone.insert(id);
        work.touched.insert(id);
        work.batch
            .put(Table::Sealed, id.0, to_bytes(&sealed))
            .put(Table::Evicted, id.0, to_bytes(&row))
            .put(Table::DocumentMeta, id.0, to_bytes(&meta))
            .delete(Table::Document, id.0);
        Ok(())
    }

    /// Everything of a document, sealed: under its receipt, and under an envelope for own facts behind it. `None`
    /// when the store has no key to seal to.
    fn bundles(&mut self, base: &Base) -> Result<Option<Vec<SealedBundle>>, ReplicaError> {
        let document = base.document.id();
        let all: Vec<(Record, ChangeHash)> =
            base.document.changes().map(|(record, hash)| (record.clone(), hash)).collect();
        let (covered, own) = self.split_by_receipts(base, all)?;
        let mut pushes = Vec::new();
        for (row, records) in covered {
            pushes.extend(self.receipt_pushes(row.row, self.pieces(document, records)?)?);
        }
        let own = self.pieces(document, own)?;
        pushes.extend(self.listed_pushes(own));
        self.sealed_pushes(document, pushes)
    }

    fn sealed_pushes(
        &self,
        document: DocumentId,
        pushes: Vec<Push>,
    ) -> Result<Option<Vec<SealedBundle>>, ReplicaError> {
        let belongs = SealedFor { store: self.identity.store, document };
        let mut bundles = Vec::new();
        for push in pushes {
            let message = pack(&[Frame::Push(push)], &mut Light);
            let secret = random_bytes(&self.platform.random)?;
            let Some(bytes) = seal(&self.certificate.sealing_key, belongs, &message, secret) else { return Ok(None) };
            bundles.push(SealedBundle { document, bytes });
        }
        Ok(Some(bundles))
    }

    /// Records with their proofs, in pieces of which each fits into a message. A receipt names the heads only, and what
    /// lies before them is proven by what comes with them: what fits is not taken apart.
    fn pieces(&self, document: DocumentId, records: Vec<(Record, ChangeHash)>) -> Result<Vec<Lacking>, ReplicaError> {
        let mut pieces: Vec<Lacking> = Vec::new();
        let mut bytes = usize::MAX;
        for one in records {
            let proofs = self.proofs_of(core::slice::from_ref(&one))?;
            let size = size_of(core::slice::from_ref(&one), &proofs);
            bytes = bytes.saturating_add(size);
            let is_full = |piece: &Lacking| piece.records.len() >= limits::RECORDS_PER_PUSH_MAX;
            if bytes > PUSH_BYTES || pieces.last().is_none_or(is_full) {
                pieces.push(Lacking { document, records: Vec::new(), proofs: Vec::new() });
                bytes = size;
            }
            if let Some(piece) = pieces.last_mut() {
                piece.records.push(one);
                piece.proofs.extend(proofs);
            }
        }
        Ok(pieces)
    }

    /// An envelope with the next counter. It is durable with what is signed: see [`DeviceReplica::commit`].
    pub(super) fn envelope(&mut self, listed: Vec<EnvelopeDocument>) -> Envelope {
        self.envelopes_used = self.envelopes_used.saturating_add(1);
        Envelope::signed(self.identity.store, self.identity.device, self.envelopes_used, listed, &self.key)
    }

    /// Whether what this device stated in an order is still here, readable or sealed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keeps(&self, document: DocumentId) -> Result<bool, ReplicaError> {
        let is_in = |table| Ok::<_, ReplicaError>(self.store.get(table, &document.0)?.is_some());
        Ok(is_in(Table::Document)? || is_in(Table::Sealed)?)
    }

    /// What is sealed of a document whose heads the store does not name.
    pub(super) fn sealed_for(&self, theirs: &DocumentHeads) -> Result<Vec<SealedBundle>, ReplicaError> {
        let Some(meta) = self.meta(theirs.document)? else { return Ok(Vec::new()) };
        let chains = self.chains_with_sealed(theirs.document, &meta)?;
        if chains.values().all(|head| theirs.heads.contains(&head.hash)) {
            return Ok(Vec::new());
        }
        match self.store.get(Table::Sealed, &theirs.document.0)? {
            Some(bytes) => Ok(from_bytes::<SealedRow>("sealed document", &bytes)?.bundles),
            None => Ok(Vec::new()),
        }
    }

    /// Drops what left the scope long ago and is in a backup of the store, and above the limit of bytes the oldest
    /// of what is. Only where the store is known to stand in the log of which the numbers here are, and to have what it
    /// had: at the end of a pull that went on where this device stood, with an equal digest. A store that was restored,
    /// or whose disk was rolled back unnoticed, may still need what lies here, whatever numbers it has backed up.
    pub(super) fn drop_evicted(&mut self, epoch: Epoch, work: &mut Work) -> Result<(), ReplicaError> {
        if self.state.healed_epoch != epoch || self.state.verified != Some(true) {
            return Ok(());
        }
        let mut total = 0_u64;
        let mut safe = Vec::new();
        for (key, value) in scan_all(&self.store, Table::Evicted)? {
            let row = EvictedRow::read(&value)?;
            total = total.saturating_add(row.bytes);
            let Some(id) = DocumentId::from_slice(&key) else { continue };
            let Some(meta) = self.meta(id)? else { continue };
            let Some(at) = meta.evicted_at else { continue };
            let waits = self.journal.values().any(|entry| entry.document == id);
            // What was given back to a restored store is as new as that.
            let own_to = if meta.own_to == 0 { 0 } else { meta.own_to.max(self.state.healed_at.unwrap_or(0)) };
            if !waits && (own_to <= self.state.backed_up_to || sabotage::is_on(Bug::RetentionIgnored)) {
                safe.push((at, id, row.bytes, meta.evicted_from));
            }
        }
        safe.sort_unstable();
        for (_, id, bytes, from) in safe {
            let is_over = self.is_kept_long_enough(from) || total > self.retention.bytes_max;
            if is_over || sabotage::is_on(Bug::RetentionIgnored) {
                total = total.saturating_sub(bytes);
                drop_document(id, work);
            }
        }
        Ok(())
    }

    /// Drops receipts that no document names any more.
    pub(super) fn sweep_receipts(&self, work: &mut Work) -> Result<(), ReplicaError> {
        let mut used: BTreeSet<u64> = BTreeSet::new();
        for (key, value) in scan_all(&self.store, Table::DocumentMeta)? {
            let changed = DocumentId::from_slice(&key).and_then(|id| work.bases.get(&id));
            let meta = match changed {
                Some(base) => base.meta.clone(),
                None => from_bytes::<DocumentMeta>("document metadata", &value)?,
            };
            used.extend(meta.receipts().map(|receipt| receipt.row));
        }
        for (key, _) in scan_all(&self.store, Table::Receipt)? {
            if !used.contains(&row_number(&key)?) {
                work.batch.delete(Table::Receipt, key);
            }
        }
        Ok(())
    }
}

/// Removes everything that is kept of a document.
pub(super) fn drop_document(id: DocumentId, work: &mut Work) {
    work.bases.remove(&id);
    work.gone.insert(id);
    work.touched.insert(id);
    for table in [Table::Document, Table::DocumentMeta, Table::Evicted, Table::Sealed] {
        work.batch.delete(table, id.0);
    }
}
