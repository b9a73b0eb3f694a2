//! A device's push: gate, admission, quarantine, proofs.

use std::collections::BTreeSet;

use docket_sync_core::facts::bodies::{AssignNumber, RegisterCall};
use docket_sync_core::facts::{Fact, FactBody, FactKind};
use docket_sync_core::ids::{BlobId, DeviceId, Digest, DocumentId, StoreId};
use docket_sync_core::limits;
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::frames::{Ack, Cover, Push, QuarantineCode, Renew, StopCode};
use docket_sync_core::sync::gate::{self, GateStore as _, Ground, Judged, Proof, Verdict};
use docket_sync_core::sync::server::ack;

use super::error::CommitError;
use super::look::Look;
use super::order::Admission;
use super::quarantine::QuarantineEntry;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::DeviceRecord;
use crate::log::LogRecord;
use crate::store::Table;

/// The ledger of calls, from which every order has its serial.
pub(super) const CALLS: &str = "call";
/// The rule that gives numbers.
const REGISTER_RULE: &str = "register";

/// What a push is answered with once it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushDone {
    /// Every change by itself.
    Acked(Ack),
    /// The device must take a new incarnation.
    Renew(Renew),
    /// Nothing of it was kept.
    Stop(StopCode),
}

impl Writer {
    /// Judges and commits one push that `device` carried here.
    ///
    /// # Errors
    /// When the store fails.
    pub fn push(&mut self, device: DeviceId, push: &Push, proof: Proof) -> Result<PushDone, CommitError> {
        self.push_on(device, push, proof, Ground::Whole)
    }

    /// The same, where the store may have lost what the push builds on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn push_on(
        &mut self,
        device: DeviceId,
        push: &Push,
        mut proof: Proof,
        ground: Ground,
    ) -> Result<PushDone, CommitError> {
        let store: StoreId = self.identity.store;
        if let Proof::Envelope { maker, .. } | Proof::Checked { maker, .. } = &mut proof {
            // Revoked since the session began?
            let known: Option<DeviceRecord> = self.read(Table::Device, &maker.device.0)?;
            maker.revoked |= known.is_some_and(|record| record.revoked_at.is_some());
        }
        if let Proof::Receipt(receipt) = &proof {
            self.shows_loss(device, receipt)?;
        }
        let now = self.now();
        let documents = push.records.documents.iter().map(|packed| packed.document);
        let look = Look::over(self, documents, ground)?;
        let all = push.records.documents.iter().map(|packed| packed.document);
        let begun: Vec<DocumentId> = all.filter(|document| !look.is_known(*document)).collect();
        let judged = match gate::judge(&look, store, push, proof, now) {
            Ok(judged) => judged,
            Err(error) => {
                tracing::info!(device.id = %device, %error, "a push contradicts itself");
                return Ok(PushDone::Stop(StopCode::BadFrame));
            }
        };
        if let Some(renew) = judged.renew {
            return Ok(PushDone::Renew(renew));
        }
        let judged = self.within_limits(push, judged)?;
        if self.quarantine_overflows(device, &judged)? {
            return Ok(PushDone::Stop(StopCode::QuarantineFull));
        }
        if let Some(envelope) = &judged.envelope {
            if self.has_news(&judged)? {
                self.log(&LogRecord::Envelope { bytes: envelope.to_bytes() });
            }
        }
        let judged = self.admit_all(device, judged)?;
        self.keep_proofs(push, &judged)?;
        self.settle_new(device, &judged)?;
        let came_back = judged.documents.iter().map(|one| one.document);
        let came_back = came_back.filter(|_| matches!(push.cover, Cover::Receipt { .. }));
        for document in begun.iter().copied().chain(came_back).collect::<BTreeSet<_>>() {
            self.judge_waiting(document)?;
        }
        self.count_push(device, push, &judged)?;
        Ok(PushDone::Acked(Ack { at: Some(now), ..ack(&judged, &push.cover, self.tip().number) }))
    }

    /// Whether a push holds something that is neither in the log nor in quarantine: a device that waits behind a refused
    /// fact sends the same again whenever it comes.
    fn has_news(&self, judged: &Judged) -> Result<bool, CommitError> {
        for document in &judged.documents {
            for (record, verdict) in &document.records {
                let is_here = match verdict {
                    Verdict::Accept { .. } => false,
                    Verdict::Duplicate => true,
                    Verdict::Held { .. } | Verdict::Quarantine { .. } => {
                        self.kept_as(document.document, record)?.1.is_some()
                    }
                };
                if !is_here {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Documents of a push that the store holds and cannot read. The gate must not take them for unknown.
    ///
    /// # Errors
    /// When the store fails.
    pub fn damaged_of(&mut self, push: &Push) -> Result<Vec<DocumentId>, CommitError> {
        let mut damaged = Vec::new();
        for packed in &push.records.documents {
            match self.order(packed.document) {
                Ok(_) => {}
                Err(error) if error.is_damage() => {
                    tracing::error!(work_order.id = %packed.document, %error, "an order is damaged: what is sent for it stays with its device");
                    damaged.push(packed.document);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(damaged)
    }

    /// Admits what the gate accepted. A change on which the document library fails is quarantined.
    fn admit_all(&mut self, device: DeviceId, mut judged: Judged) -> Result<Judged, CommitError> {
        for document in &mut judged.documents {
            let id = document.document;
            for (record, verdict) in &mut document.records {
                if let Verdict::Accept { fact, first, hash } = verdict {
                    let stated = fact.id;
                    let (fact, first, hash) = ((**fact).clone(), first.clone(), *hash);
                    let admission = Admission { document: id, record, fact, first, carried_by: Some(device) };
                    match self.admit(admission) {
                        Ok(_) => self.release(device, id, record, stated)?,
                        // The order is full: this change waits in quarantine, everything else goes on.
                        Err(error) if error.is_for_want_of_room() => {
                            *verdict = Verdict::Quarantine { code: QuarantineCode::Limit, hash };
                        }
                        Err(error) => return Err(error),
                    }
                }
                if sabotage::is_on(Bug::HeldDropped) && matches!(verdict, Verdict::Held { .. }) {
                    // Acknowledged as if it had been there before, and not kept.
                    *verdict = Verdict::Duplicate;
                }
                let (hash, code, good) = match verdict {
                    Verdict::Accept { .. } | Verdict::Duplicate => continue,
                    Verdict::Held { hash, good, .. } => (*hash, None, good.clone()),
                    Verdict::Quarantine { code, hash } => (Some(*hash), Some(*code), None),
                };
                let entry = QuarantineEntry::new(id, record.clone(), hash, code, device, self.now());
                self.quarantine(&QuarantineEntry { good, ..entry })?;
            }
        }
        Ok(judged)
    }

    /// What follows from accepted facts in the commit that accepts them.
    pub(super) fn settle_new(&mut self, device: DeviceId, judged: &Judged) -> Result<(), CommitError> {
        self.pass_over_refused(device, judged)?;
        self.settle_serials(judged)?;
        self.number_new(judged)
    }

    /// orders that came here with a serial of the register.
    fn settle_serials(&mut self, judged: &Judged) -> Result<(), CommitError> {
        for document in &judged.documents {
            for (_, verdict) in &document.records {
                let Verdict::Accept { fact, .. } = verdict else { continue };
                if let Some(serial) = serial_in(fact.body()) {
                    self.settle_serial(serial)?;
                }
            }
        }
        Ok(())
    }

    /// An order that began on a device takes its serial of the register here, in the commit that first receives it
    /// (lifecycle 4.8, C-045).
    fn number_new(&mut self, judged: &Judged) -> Result<(), CommitError> {
        let begun: Vec<(DocumentId, Digest)> = judged
            .documents
            .iter()
            .flat_map(|document| document.records.iter().map(|(_, verdict)| (document.document, verdict)))
            .filter_map(|(document, verdict)| match verdict {
                Verdict::Accept { fact, .. } if fact.kind() == Some(FactKind::CreateEmergencyOrder) => {
                    Some((document, fact.digest))
                }
                _ => None,
            })
            .collect();
        for (document, cause) in begun {
            self.number_one(document, cause)?;
        }
        Ok(())
    }

    fn number_one(&mut self, document: DocumentId, cause: Digest) -> Result<(), CommitError> {
        let numbered =
            self.known_order(document)?.facts.iter().any(
                |fact| matches!(fact.body(), FactBody::AssignNumber(AssignNumber { ledger, .. }) if ledger == CALLS),
            );
        if !numbered {
            let number = self.next_serial()?;
            let body = AssignNumber { ledger: CALLS.to_owned(), number, alias: None };
            let numbered = self.state_by_rule(document, REGISTER_RULE, &[cause], body.into());
            CommitError::unless_full(numbered, "the number of an order that began on a device")?;
        }
        Ok(())
    }

    /// An order with facts that an older program took without knowing them (R10): what the indexes, the register and
    /// the store's one-time things have from them is made up for.
    pub(super) fn read_again(&mut self, document: DocumentId) -> Result<(), CommitError> {
        let facts: Vec<Fact> = self.known_order(document)?.facts.iter().cloned().collect();
        for fact in &facts {
            let made_by = self.known_order(document)?.meta.maker(fact.id.actor);
            self.index_fact(document, fact, made_by)?;
        }
        for serial in facts.iter().filter_map(|fact| serial_in(fact.body())) {
            self.settle_serial(serial)?;
        }
        let begun = facts.iter().find(|fact| fact.kind() == Some(FactKind::CreateEmergencyOrder));
        begun.map_or(Ok(()), |begun| self.number_one(document, begun.digest))
    }

    /// Keeps the proofs of signatures: those that a fact of this push, or of the named order, names.
    fn keep_proofs(&mut self, push: &Push, judged: &Judged) -> Result<(), CommitError> {
        for proof in push.proofs.iter().filter(|proof| proof.0.len() <= limits::PROOF_BYTES_MAX) {
            let id = BlobId(*blake3::hash(&proof.0).as_bytes());
            let Some(document) = names_proof(judged, id) else { continue };
            if self.get(Table::Blob, &id.0)?.is_none() {
                self.put(Table::Blob, id.0, proof.0.clone());
                self.log(&LogRecord::Proof { document, proof: id });
                self.job_touched.orders.insert(document);
            }
        }
        Ok(())
    }
}

/// The serial of the register that a fact gives its order.
pub(super) fn serial_in(body: &FactBody) -> Option<&str> {
    match body {
        FactBody::RegisterCall(RegisterCall { serial, .. }) => serial.as_deref(),
        FactBody::AssignNumber(AssignNumber { ledger, number, .. }) if ledger == CALLS => Some(number),
        // One that comes back after a loss may show what was given again since.
        FactBody::Renumber(body) => body.serial.rsplit_once('-').map(|(serial, _)| serial),
        _ => None,
    }
}

fn names_proof(judged: &Judged, proof: BlobId) -> Option<DocumentId> {
    judged.documents.iter().find_map(|document| {
        let named: BTreeSet<BlobId> = document
            .records
            .iter()
            .filter_map(|(record, _)| docket_sync_core::facts::StatedFact::from_bytes(&record.bytes).ok())
            .flat_map(|stated| stated.content.body.proofs())
            .collect();
        named.contains(&proof).then_some(document.document)
    })
}
