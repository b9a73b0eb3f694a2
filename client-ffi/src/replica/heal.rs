//! Healing: comparing heads with the store and giving it back what it lost.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{Record, heads_of};
use docket_sync_core::facts::{Origin, StatedFact};
use docket_sync_core::ids::{ActorId, ChangeHash, DocumentId, Epoch};
use docket_sync_core::limits;
use docket_sync_core::proof::EnvelopeDocument;
use docket_sync_core::reference::{Reference, ReferenceRecord, ReferenceScope};
use docket_sync_core::sync::device::Healed;
use docket_sync_core::sync::frames::{
    Ack, Cover, DocumentHeads, Have, Heads, ProofBytes, Push, RecordSet, References, Sealed,
};

use super::base::Base;
use super::sealed_rows::frames_of;
use super::stored::{DocumentMeta, ReceiptRow, from_bytes, row_key};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{DeviceStore, Table, scan_all};

/// Healing that is going on.
#[derive(Debug)]
pub(super) struct Healing {
    epoch: Epoch,
    /// Pushes not yet answered; `None` before the store said what it has.
    awaiting: Option<usize>,
}

impl Healing {
    pub(super) fn of(epoch: Epoch) -> Self {
        Self { epoch, awaiting: None }
    }
}

/// Records of one document that the store lacks, each with its hash.
pub(super) struct Lacking {
    pub(super) document: DocumentId,
    pub(super) records: Vec<(Record, ChangeHash)>,
    /// Proofs of the signatures among them, as far as they are here.
    pub(super) proofs: Vec<ProofBytes>,
}

/// Records that the store signed, and cannot make again when it has lost them.
pub(super) fn is_signed_by_store(content: &Reference) -> bool {
    matches!(content, Reference::Revocation(_) | Reference::ApprovalCodes(_) | Reference::NumberBlocks(_))
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Whether there is something that a store may have lost: documents, a revocation, which a device without an order
    /// has heard of, too, or what the store gave for use without asking.
    pub(super) fn holds_what_may_be_lost(&self) -> Result<bool, ReplicaError> {
        if !self.store.scan(Table::DocumentMeta, None, 1)?.is_empty() {
            return Ok(true);
        }
        let records = scan_all(&self.store, Table::Reference)?;
        let mut read = records.iter().filter_map(|(_, bytes)| ReferenceRecord::from_bytes(bytes).ok());
        Ok(read.any(|record| is_signed_by_store(&record.content)))
    }

    fn metas(&self) -> Result<Vec<(DocumentId, DocumentMeta)>, ReplicaError> {
        let mut metas = Vec::new();
        for (key, value) in scan_all(&self.store, Table::DocumentMeta)? {
            if let Some(id) = DocumentId::from_slice(&key) {
                metas.push((id, from_bytes("document metadata", &value)?));
            }
        }
        Ok(metas)
    }

    /// Heads of every document, with the numbers of their receipts.
    pub(super) fn all_heads(&self) -> Result<Heads, ReplicaError> {
        let mut documents = Vec::new();
        for (document, meta) in self.metas()? {
            documents.push(DocumentHeads {
                document,
                heads: heads_of(document, &self.chains_with_sealed(document, &meta)?),
                receipt: meta.receipt.map(|receipt| receipt.number),
            });
        }
        Ok(Heads { documents })
    }

    /// What a store that lost something cannot make again: names and addresses that orders name, revocations. With
    /// the newest receipt, which shows how far the store had come.
    pub(super) fn references_to_give_back(&self) -> Result<Vec<References>, ReplicaError> {
        let newest =
            self.metas()?.into_iter().filter_map(|(_, meta)| meta.receipt).max_by_key(|receipt| receipt.number);
        let receipt = match newest {
            Some(newest) => self.store.get(Table::Receipt, &row_key(newest.row))?.map(ProofBytes),
            None => None,
        };
        let mut frames: Vec<References> = Vec::new();
        let mut size = usize::MAX;
        for (_, bytes) in scan_all(&self.store, Table::Reference)? {
            let Ok(record) = ReferenceRecord::from_bytes(&bytes) else { continue };
            let is_wanted =
                is_signed_by_store(&record.content) || record.content.scope() == Some(ReferenceScope::Orders);
            if !is_wanted {
                continue;
            }
            size = size.saturating_add(bytes.len());
            if size > limits::MESSAGE_BYTES_MAX / 4 {
                frames.push(References { receipt: receipt.clone(), records: Vec::new() });
                size = bytes.len();
            }
            if let Some(frame) = frames.last_mut() {
                frame.records.push(ProofBytes(bytes));
            }
        }
        Ok(frames)
    }

    /// What follows from a comparison of heads: pushes of what the store lacks, and what is to be asked for.
    pub(super) fn compared(&mut self, have: &Have) -> Result<Healed, ReplicaError> {
        let mut pushes = self.healing_pushes(have)?;
        pushes.append(&mut self.flight.aside);
        let sealed = self.healing_bundles(have)?;
        self.healing_awaits(pushes.len().saturating_add(sealed.len()))?;
        let is_equal =
            pushes.is_empty() && sealed.is_empty() && self.flight.behind.is_empty() && self.flight.asked.is_empty();
        if is_equal && self.state.verified == Some(false) && self.state.pulled_again.is_none() {
            // The difference is in something that heads do not show: reference records, or documents that one
            // side does not name at all.
            self.state.pulled_again = Some(self.state.cursor.map_or(0, |cursor| cursor.number));
            self.state.cursor = None;
            self.flight.caught_up = false;
            self.flight.compared = false;
            self.commit(Work::default())?;
        }
        Ok(Healed { pushes, sealed, wanted: self.next_wanted(false) })
    }

    /// Pushes of what the store lacks: under the receipts that cover it, and under an envelope of our own for
    /// own facts that no receipt covers.
    fn healing_pushes(&mut self, have: &Have) -> Result<Vec<Push>, ReplicaError> {
        let mut by_receipt: BTreeMap<u64, Vec<Lacking>> = BTreeMap::new();
        let mut own: Vec<Lacking> = Vec::new();
        self.flight.damaged.extend(have.damaged.iter().flatten());
        for theirs in &have.documents {
            let base = match self.load_base(theirs.document) {
                Ok(Some(base)) => base,
                Ok(None) => continue,
                // Damaged here: it comes whole.
                Err(ReplicaError::Document(_)) => {
                    self.flight.behind.insert(theirs.document);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let lacking = self.lacking(&base, &theirs.heads)?;
            if lacking.is_empty() {
                continue;
            }
            let (covered, uncovered) = self.split_by_receipts(&base, lacking)?;
            let document = theirs.document;
            for (receipt, records) in covered {
                let proofs = self.proofs_of(&records)?;
                by_receipt.entry(receipt.row).or_default().push(Lacking { document, records, proofs });
            }
            if !uncovered.is_empty() {
                self.note_given_back(document, &uncovered);
                let proofs = self.proofs_of(&uncovered)?;
                own.push(Lacking { document, records: uncovered, proofs });
            }
        }
        let mut pushes = Vec::new();
        for (row, lacking) in by_receipt {
            pushes.extend(self.receipt_pushes(row, lacking)?);
        }
        for part in parts(own) {
            let listed = part.iter().map(|lacking| EnvelopeDocument {
                document: lacking.document,
                changes: lacking.records.iter().map(|(_, hash)| *hash).collect(),
            });
            let cover = self.cover_own(listed.collect())?;
            pushes.push(Push { cover, records: pack_records(&part), proofs: proofs(part) });
        }
        Ok(pushes)
    }

    /// Pushes of what a receipt covers; none where the receipt is gone.
    pub(super) fn receipt_pushes(&self, row: u64, lacking: Vec<Lacking>) -> Result<Vec<Push>, ReplicaError> {
        let Some(receipt) = self.store.get(Table::Receipt, &row_key(row))? else { return Ok(Vec::new()) };
        let push = |part: Vec<Lacking>| {
            let cover = Cover::Receipt { receipt: receipt.clone() };
            Push { cover, records: pack_records(&part), proofs: proofs(part) }
        };
        Ok(parts(lacking).into_iter().map(push).collect())
    }

    /// Pushes of own facts, each under an envelope of this device with its list, so that whoever has it can relay it.
    pub(super) fn listed_pushes(&mut self, own: Vec<Lacking>) -> Vec<Push> {
        let mut pushes = Vec::new();
        for part in parts(own) {
            let listed = part.iter().map(|lacking| EnvelopeDocument {
                document: lacking.document,
                changes: lacking.records.iter().map(|(_, hash)| *hash).collect(),
            });
            let envelope = self.envelope(listed.collect());
            let cover = Cover::Relayed { envelope, certificate: self.identity.certificate.clone() };
            pushes.push(Push { cover, records: pack_records(&part), proofs: proofs(part) });
        }
        pushes
    }

    /// What is kept sealed, when the store has lost something: then it cannot be told what of it.
    fn healing_bundles(&self, have: &Have) -> Result<Vec<Sealed>, ReplicaError> {
        let mut bundles = Vec::new();
        if self.flight.healing.is_some() {
            for theirs in &have.documents {
                bundles.extend(self.sealed_for(theirs)?);
            }
        }
        Ok(frames_of(bundles))
    }

    /// Records behind the heads that the store has, and every record of chains whose end it does not name.
    fn lacking(&mut self, base: &Base, theirs: &[ChangeHash]) -> Result<Vec<(Record, ChangeHash)>, ReplicaError> {
        let document = base.document.id();
        let theirs: BTreeSet<ChangeHash> = theirs.iter().copied().collect();
        let mut lacking: Vec<(Record, ChangeHash)> = Vec::new();
        let mut met = 0_usize;
        for (record, hash) in base.document.changes() {
            if theirs.contains(&hash) {
                met = met.saturating_add(1);
                lacking.retain(|(earlier, _)| earlier.actor != record.actor);
            } else {
                lacking.push((record.clone(), hash));
            }
        }
        let skeleton_only = heads_of(document, &BTreeMap::new());
        if met < theirs.len() && !theirs.iter().all(|head| skeleton_only.contains(head)) {
            self.flight.behind.insert(document);
        }
        Ok(lacking)
    }

    /// Which records lie at or before a head of which receipt of the document; of the others, our own.
    #[expect(clippy::type_complexity, reason = "two lists of the same kind")]
    pub(super) fn split_by_receipts(
        &self,
        base: &Base,
        lacking: Vec<(Record, ChangeHash)>,
    ) -> Result<(Vec<(ReceiptRow, Vec<(Record, ChangeHash)>)>, Vec<(Record, ChangeHash)>), ReplicaError> {
        let mut by_receipt = Vec::new();
        let mut rest = lacking;
        for receipt in base.meta.receipts() {
            let heads = self.receipt_heads(base.document.id(), receipt)?;
            let mut covered_to: BTreeMap<ActorId, u64> = BTreeMap::new();
            for (record, hash) in &rest {
                if heads.contains(hash) {
                    covered_to.insert(record.actor, record.sequence);
                }
            }
            let (covered, others): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|(record, _)| covered_to.get(&record.actor).is_some_and(|to| record.sequence <= *to));
            if !covered.is_empty() {
                by_receipt.push((receipt, covered));
            }
            rest = others;
        }
        let own = self.own_actors(base);
        Ok((by_receipt, rest.into_iter().filter(|(record, _)| own.contains(&record.actor)).collect()))
    }

    /// The proofs of the signatures among `records`, as far as this device has them.
    pub(super) fn proofs_of(&self, records: &[(Record, ChangeHash)]) -> Result<Vec<ProofBytes>, ReplicaError> {
        let mut proofs = Vec::new();
        for (record, _) in records {
            let Ok(stated) = StatedFact::from_bytes(&record.bytes) else { continue };
            for proof in stated.content.body.proofs() {
                proofs.extend(self.store.get(Table::Proof, &proof.0)?.map(ProofBytes));
            }
        }
        Ok(proofs)
    }

    fn receipt_heads(&self, document: DocumentId, row: ReceiptRow) -> Result<BTreeSet<ChangeHash>, ReplicaError> {
        let Some(bytes) = self.store.get(Table::Receipt, &row_key(row.row))? else { return Ok(BTreeSet::new()) };
        let receipt = docket_sync_core::proof::Receipt::from_bytes(&bytes)?;
        let line = receipt.documents.into_iter().find(|line| line.document == document);
        Ok(line.map(|line| line.heads.into_iter().collect()).unwrap_or_default())
    }

    /// Actors of this device, in whatever incarnation.
    pub(super) fn own_actors(&self, base: &Base) -> BTreeSet<ActorId> {
        let mut own = BTreeSet::new();
        for record in base.document.records().iter().filter(|record| record.sequence == 1) {
            let Ok(stated) = StatedFact::from_bytes(&record.bytes) else { continue };
            if matches!(stated.statement.origin, Some(Origin::Device { device, .. }) if device == self.identity.device)
            {
                own.insert(record.actor);
            }
        }
        own
    }

    fn healing_awaits(&mut self, pushes: usize) -> Result<(), ReplicaError> {
        let Some(healing) = &mut self.flight.healing else { return Ok(()) };
        healing.awaiting = Some(healing.awaiting.unwrap_or(0).saturating_add(pushes));
        self.healing_answered(0)
    }

    /// An answer to a healing push: what the store has now quarantined shows there.
    pub(super) fn settle_healing(&mut self, ack: &Ack) {
        self.state.healed_at = self.state.healed_at.max(Some(ack.number));
        if let Some(Healing { awaiting: Some(awaiting), .. }) = &mut self.flight.healing {
            *awaiting = awaiting.saturating_sub(1);
        }
        self.finish_healing();
    }

    fn healing_answered(&mut self, answers: usize) -> Result<(), ReplicaError> {
        if let Some(Healing { awaiting: Some(awaiting), .. }) = &mut self.flight.healing {
            *awaiting = awaiting.saturating_sub(answers);
        }
        self.finish_healing();
        self.commit(Work::default())
    }

    /// With every push answered, the store of this epoch has what this device held.
    fn finish_healing(&mut self) {
        if let Some(Healing { epoch, awaiting: Some(0) }) = self.flight.healing {
            self.state.healed_epoch = epoch;
            self.flight.healing = None;
            // What the store could not judge before it had these documents back is sent again, and what it has now is
            // compared once more.
            self.flight.parked.clear();
            self.flight.compared = false;
        }
    }
}

/// Bytes of one push that gives something back, proofs of signatures among them: sealed it still fits into a message.
pub(super) const PUSH_BYTES: usize = limits::MESSAGE_BYTES_MAX / 4;
/// Bytes of a record beside its fact, about.
const RECORD_OVERHEAD: usize = 64;

/// Bytes of records with their proofs in a push, about.
pub(super) fn size_of(records: &[(Record, ChangeHash)], proofs: &[ProofBytes]) -> usize {
    let records = records.iter().map(|(record, _)| record.bytes.len().saturating_add(RECORD_OVERHEAD));
    records.chain(proofs.iter().map(|proof| proof.0.len())).fold(0, usize::saturating_add)
}

/// Splits documents into pushes within the limits.
pub(super) fn parts(documents: Vec<Lacking>) -> Vec<Vec<Lacking>> {
    let mut parts: Vec<Vec<Lacking>> = Vec::new();
    let (mut records, mut bytes) = (usize::MAX, usize::MAX);
    for lacking in documents {
        let size = size_of(&lacking.records, &lacking.proofs);
        records = records.saturating_add(lacking.records.len());
        bytes = bytes.saturating_add(size);
        if records > limits::RECORDS_PER_PUSH_MAX || bytes > PUSH_BYTES {
            parts.push(Vec::new());
            (records, bytes) = (lacking.records.len(), size);
        }
        if let Some(part) = parts.last_mut() {
            part.push(lacking);
        }
    }
    parts
}

pub(super) fn proofs(part: Vec<Lacking>) -> Vec<ProofBytes> {
    part.into_iter().flat_map(|lacking| lacking.proofs).collect()
}

pub(super) fn pack_records(part: &[Lacking]) -> RecordSet {
    let mut set = RecordSet::default();
    for lacking in part {
        let records: Vec<Record> = lacking.records.iter().map(|(record, _)| record.clone()).collect();
        set.push(lacking.document, &records);
    }
    set
}
