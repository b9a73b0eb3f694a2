//! Taking a bundle: all of it in one batch, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::bundle::{Bundle, BundleError};
use docket_sync_core::document::Record;
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::{ActorId, BlobId, DeviceId, DocumentId, PersonId};
use docket_sync_core::limits;
use docket_sync_core::proof::{Certificate, Receipt};
use docket_sync_core::reference::{ReferenceRecord, ReferenceScope};
use docket_sync_core::sync::frames::{Cover, Frame, Push, QuarantineCode, RecordSet, References};
use docket_sync_core::sync::gate::{self, Judged, Maker, Proof, Verdict};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;

use super::look::Look;
use super::{CarriedPush, Entered};
use crate::replica::sealed_rows::signed_blobs;
use crate::replica::stored::{row_key, to_bytes};
use crate::replica::{DeviceReplica, ReplicaError, Work};
use crate::store::{DeviceStore, Table};

/// What came of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The device that handed it over.
    pub from: DeviceId,
    /// Who works with that device.
    pub persons: Vec<PersonId>,
    /// When it was made: that device's lower bound of the true time.
    pub made_at: UnixMillis,
    /// The orders in it.
    pub orders: BTreeMap<DocumentId, TakenOrder>,
}

/// What came of one order in a bundle, in facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenOrder {
    /// New here, and shown.
    pub entered: usize,
    /// Here already.
    pub known: usize,
    /// Kept for the store, which alone can judge them, and not shown.
    pub waiting: usize,
    /// Not taken: nobody had the right to state them. The device that made them keeps them, with the reason.
    pub refused: Vec<QuarantineCode>,
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Takes what a colleague's device hands over.
    ///
    /// # Errors
    /// [`ReplicaError::Bundle`] when nothing of it is taken, or when the store fails.
    pub fn take_bundle(&mut self, bytes: &[u8]) -> Result<Taken, ReplicaError> {
        let bundle = Bundle::open(bytes, &self.trusted())?;
        self.guarded(|this| this.take(bundle))
    }

    fn take(&mut self, bundle: Bundle) -> Result<Taken, ReplicaError> {
        let Bundle { sender, made_at, frames, .. } = bundle;
        if self.is_revoked(sender.device)? {
            return Err(BundleError::Revoked.into());
        }
        let mut work = Work::default();
        work.batch.put(Table::Certificate, sender.key_id().0, sender.to_bytes());
        let mut certificates = self.certificates()?;
        let mut pushes = Vec::new();
        for frame in frames {
            match frame {
                Frame::Introduce(introduced) => {
                    certificates.push(self.certificate_into(introduced.certificate, &mut work)?);
                }
                Frame::Push(push) => {
                    // Whose facts they are is said by the certificate beside them, through however many hands.
                    if let Cover::Relayed { certificate, .. } = &push.cover {
                        certificates.push(self.certificate_into(certificate.clone(), &mut work)?);
                    }
                    pushes.push(push);
                }
                Frame::References(told) => self.keep_told(&told, &mut work)?,
                // A bundle with anything else does not open.
                _ => return Err(BundleError::Malformed.into()),
            }
        }
        let persons = sender.persons.iter().map(|(person, _)| *person).collect();
        let mut taken = Taken { from: sender.device, persons, made_at, orders: BTreeMap::new() };
        certificates.push(sender);
        for push in pushes {
            self.take_push(push, &certificates, &mut taken, &mut work)?;
        }
        self.judge_what_waits(&certificates, &mut taken, &mut work)?;
        let bytes: usize = self.carried.values().map(|carried| to_bytes(carried).len()).sum();
        if self.carried.len() > limits::CARRIED_PUSHES_MAX || bytes > limits::CARRIED_BYTES_MAX {
            return Err(BundleError::CarriesTooMuch.into());
        }
        self.commit(work)?;
        Ok(taken)
    }

    fn take_push(
        &mut self,
        push: Push,
        certificates: &[Certificate],
        taken: &mut Taken,
        work: &mut Work,
    ) -> Result<(), ReplicaError> {
        let judged = self.judge(&push, certificates)?;
        let held = self.held_records();
        let mut rest = RecordSet::default();
        let mut entered = Vec::new();
        for document in judged.documents {
            let id = document.document;
            let order = taken.orders.entry(id).or_default();
            let mut kept: Vec<Record> = Vec::new();
            // By actor, why his chain ends here: without what is refused, what stands behind it proves nothing.
            let mut broken: BTreeMap<ActorId, QuarantineCode> = BTreeMap::new();
            for (record, verdict) in document.records {
                match verdict {
                    Verdict::Held { .. } if broken.contains_key(&record.actor) => {
                        order.refused.extend(broken.get(&record.actor));
                    }
                    Verdict::Accept { hash, .. } => {
                        order.entered = order.entered.saturating_add(1);
                        let (actor, sequence) = (record.actor, record.sequence);
                        entered.push(Entered { document: id, actor, sequence, hash });
                        kept.push(record);
                    }
                    Verdict::Duplicate => order.known = order.known.saturating_add(1),
                    // Whoever sends what nobody vouches for is not to be believed in the rest either.
                    Verdict::Quarantine { code: QuarantineCode::NoProof, .. } => {
                        return Err(BundleError::NoProof.into());
                    }
                    Verdict::Quarantine { code, .. } => {
                        broken.entry(record.actor).or_insert(code);
                        order.refused.push(code);
                    }
                    Verdict::Held { .. } if held.contains(&(id, record.clone())) => {
                        order.known = order.known.saturating_add(1);
                    }
                    Verdict::Held { .. } => {
                        order.waiting = order.waiting.saturating_add(1);
                        kept.push(record);
                    }
                }
            }
            if !kept.is_empty() {
                rest.push(id, &kept);
                work.touched.insert(id);
            }
        }
        if rest.documents.is_empty() {
            return Ok(());
        }
        let at = self.state.clock.at(self.platform.clock.monotonic());
        let push = Push { records: rest, ..push };
        self.keep_carried(None, CarriedPush { from: taken.from, at, push, entered, relayed: None, tries: 0 }, work);
        Ok(())
    }

    /// What waited for what has come now enters.
    fn judge_what_waits(
        &mut self,
        certificates: &[Certificate],
        taken: &mut Taken,
        work: &mut Work,
    ) -> Result<(), ReplicaError> {
        let waits = |carried: &CarriedPush| carried.waiting() > 0;
        let mut rows: Vec<u64> =
            self.carried.iter().filter(|(_, carried)| waits(carried)).map(|(row, _)| *row).collect();
        loop {
            let mut again = Vec::new();
            for row in &rows {
                let Some(mut carried) = self.carried.get(row).cloned() else { continue };
                let judged = self.judge(&carried.push, certificates)?;
                let before = carried.waiting();
                let mut rest = RecordSet::default();
                for document in judged.documents {
                    let id = document.document;
                    let mut kept = Vec::new();
                    for (record, verdict) in document.records {
                        let (actor, sequence) = (record.actor, record.sequence);
                        let is_this = |one: &Entered| (one.document, one.actor, one.sequence) == (id, actor, sequence);
                        let hash = match verdict {
                            Verdict::Accept { hash, .. } => Some(hash),
                            // It came by another way meanwhile: one of them is enough.
                            Verdict::Duplicate if !carried.entered.iter().any(is_this) => continue,
                            Verdict::Duplicate | Verdict::Held { .. } | Verdict::Quarantine { .. } => None,
                        };
                        if let Some(hash) = hash {
                            carried.entered.push(Entered { document: id, actor, sequence, hash });
                            work.touched.insert(id);
                            if let Some(order) = taken.orders.get_mut(&id) {
                                order.entered = order.entered.saturating_add(1);
                                order.waiting = order.waiting.saturating_sub(1);
                            }
                        }
                        kept.push(record);
                    }
                    if !kept.is_empty() {
                        rest.push(id, &kept);
                    }
                }
                carried.push.records = rest;
                if carried.push.records.documents.is_empty() {
                    self.carried.remove(row);
                    work.batch.delete(Table::Carried, row_key(*row));
                    continue;
                }
                if carried.waiting() < before {
                    if waits(&carried) {
                        again.push(*row);
                    }
                    self.keep_carried(Some(*row), carried, work);
                } else {
                    again.push(*row);
                }
            }
            if again.len() == rows.len() && again == rows {
                return Ok(());
            }
            rows = again;
        }
    }

    /// Keeps a push in its row, with what it brings: proofs of signatures, times of others.
    fn keep_carried(&mut self, row: Option<u64>, carried: CarriedPush, work: &mut Work) {
        let row = row.unwrap_or_else(|| self.next_row());
        let records: Vec<Record> = carried.records().into_iter().flat_map(|(_, records)| records).collect();
        self.observe_times(&records);
        let named: BTreeSet<BlobId> = signed_blobs(&records).into_iter().collect();
        for proof in carried.push.proofs.iter().filter(|proof| proof.0.len() <= limits::PROOF_BYTES_MAX) {
            let blob = BlobId(*blake3::hash(&proof.0).as_bytes());
            if named.contains(&blob) {
                work.batch.put(Table::Proof, blob.0, proof.0.as_slice());
            }
        }
        work.batch.put(Table::Carried, row_key(row), to_bytes(&carried));
        self.carried.insert(row, carried);
    }

    fn judge(&self, push: &Push, certificates: &[Certificate]) -> Result<Judged, ReplicaError> {
        let proof = self.proof_of_cover(&push.cover)?;
        let documents = push.records.documents.iter().map(|document| document.document);
        let look = Look::over(self, documents, certificates)?;
        // A device knows no upper bound of the true time: whether a colleague's is ahead is for the store to say.
        let judged = gate::judge(&look, self.identity.store, push, proof, limits::TIME_MAX);
        judged.map_err(|_contradicts_itself| BundleError::Malformed.into())
    }

    fn proof_of_cover(&self, cover: &Cover) -> Result<Proof, ReplicaError> {
        match cover {
            Cover::Relayed { envelope, certificate } => {
                let certificate = self.trusted().certificate(certificate)?;
                let key =
                    VerifyingKey::from_bytes(&certificate.device_key).map_err(|_unusable| BundleError::Certificate)?;
                let maker = Maker {
                    device: certificate.device,
                    key,
                    persons: certificate.persons.iter().map(|(person, _)| *person).collect(),
                    since: certificate.issued_at,
                    revoked: self.is_revoked(certificate.device)?,
                };
                Ok(Proof::Envelope { maker, envelope: envelope.clone() })
            }
            Cover::Receipt { receipt } => {
                let store_key = VerifyingKey::from_bytes(&self.certificate.store_key);
                let store_key = store_key.map_err(|_unusable| BundleError::Certificate)?;
                let receipt = Receipt::from_bytes(receipt).map_err(|_unreadable| BundleError::NoProof)?;
                if receipt.store != self.identity.store || receipt.verify(&store_key).is_err() {
                    return Err(BundleError::NoProof.into());
                }
                Ok(Proof::Receipt(receipt))
            }
            // Without its list an envelope says nothing to anybody but the store.
            Cover::Own { .. } | Cover::None => Err(BundleError::NoProof.into()),
        }
    }

    /// Records that are carried and wait for the store.
    fn held_records(&self) -> BTreeSet<(DocumentId, Record)> {
        let waits = self.carried.values().filter(|carried| carried.waiting() > 0);
        let all = waits.flat_map(CarriedPush::records);
        all.flat_map(|(id, records)| records.into_iter().map(move |record| (id, record))).collect()
    }

    /// Names and addresses that a colleague's device had, for orders that the store has not sent here.
    fn keep_told(&mut self, told: &References, work: &mut Work) -> Result<(), ReplicaError> {
        for bytes in told.records.iter().take(limits::LIST_MAX) {
            let Ok(record) = ReferenceRecord::from_bytes(&bytes.0) else { continue };
            if record.content.scope() != Some(ReferenceScope::Orders) || record.deleted {
                continue;
            }
            let known = self.told_reference(record.id)?;
            if known.is_none_or(|known| known.version < record.version) {
                work.batch.put(Table::Told, record.id.0, bytes.0.as_slice());
                work.told.insert(record.id, record);
            }
        }
        Ok(())
    }
}

/// The reference records that facts among them name.
pub(super) fn named_records(records: &[Record]) -> Vec<docket_sync_core::ids::RecordId> {
    let of = |record: &Record| StatedFact::from_bytes(&record.bytes).ok();
    records.iter().filter_map(of).flat_map(|stated| stated.content.body.named_records()).collect()
}
