//! Facts of colleagues that were handed over where no network exists (U-08): a third layer beside base and journal.
//!
//! What came in bundles is kept as the pushes that it came in, each under its maker's envelope or the store's receipt.
//! What the gate lets in here is shown with the rest; all of it is relayed to the store, ahead of this device's own
//! facts, and goes from here when the store has sent it, or does not send it because the order is not this person's.
//!
//! Invariant: the base and its digest concern only what the store said; nothing in this layer touches them.

mod look;
mod make;
mod relay;
mod take;

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::bundle::Trusted;
use docket_sync_core::document::{ChainHead, Chains, Record, rebuild_unchecked};
use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, DocumentId, RecordId};
use docket_sync_core::proof::{Certificate, Revocation};
use docket_sync_core::reference::{Reference, ReferenceRecord};
use docket_sync_core::sync::frames::Push;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

pub use self::make::Share;
pub(super) use self::relay::UnderWay;
pub use self::take::{Taken, TakenOrder};
use super::base::Base;
use super::stored::{from_bytes, row_number};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{DeviceStore, Table, scan_all};

/// One push that came in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct CarriedPush {
    /// The device that handed it over.
    #[n(0)]
    from: DeviceId,
    /// When: this device's lower bound of the true time.
    #[n(1)]
    at: UnixMillis,
    /// The push, as it came, without what was here already.
    #[n(2)]
    push: Push,
    /// What the gate let in here.
    #[n(3)]
    entered: Vec<Entered>,
    /// The log number with which the store answered it.
    #[n(4)]
    relayed: Option<u64>,
    /// How often it was sent.
    #[n(5)]
    tries: u32,
}

/// One change that the gate let in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
struct Entered {
    #[n(0)]
    document: DocumentId,
    #[n(1)]
    actor: ActorId,
    #[n(2)]
    sequence: u64,
    #[n(3)]
    hash: ChangeHash,
}

/// The pushes that are carried, by row.
pub(super) type Carried = BTreeMap<u64, CarriedPush>;

impl CarriedPush {
    fn records(&self) -> Vec<(DocumentId, Vec<Record>)> {
        // It was read when it came.
        self.push.records.unpack().unwrap_or_default()
    }

    fn documents(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.push.records.documents.iter().map(|document| document.document)
    }

    /// Changes of it that the gate here has not let in.
    fn waiting(&self) -> usize {
        let all = self.push.records.documents.iter().flat_map(|document| &document.runs);
        let all = all.fold(0_usize, |sum, run| sum.saturating_add(run.items.len()));
        all.saturating_sub(self.entered.len())
    }
}

pub(super) fn read_carried<S: DeviceStore>(store: &S) -> Result<Carried, ReplicaError> {
    let mut carried = Carried::new();
    for (key, value) in scan_all(store, Table::Carried)? {
        carried.insert(row_number(&key)?, from_bytes("carried push", &value)?);
    }
    Ok(carried)
}

/// What a device carries for others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CarriedHere {
    /// Orders with something of it.
    pub orders: usize,
    /// Facts that are shown here.
    pub shown: usize,
    /// Facts that only the store can judge: kept for it, and not shown.
    pub waiting: usize,
    /// Pushes that the store has not answered yet.
    pub unsent: usize,
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// What this device carries for others.
    #[must_use]
    pub fn carried(&self) -> CarriedHere {
        let pushes = || self.carried.values();
        let orders: BTreeSet<DocumentId> = pushes().flat_map(CarriedPush::documents).collect();
        CarriedHere {
            orders: orders.len(),
            shown: pushes().map(|push| push.entered.len()).sum(),
            waiting: pushes().map(CarriedPush::waiting).sum(),
            unsent: pushes().filter(|push| push.relayed.is_none()).count(),
        }
    }

    /// What was handed over of one order, as far as it follows on `base`: in the order of its chains.
    pub(super) fn carried_over(&self, id: DocumentId, base: Option<&Base>) -> Vec<(Record, ChangeHash)> {
        let mut found: BTreeMap<(ActorId, u64), Vec<(Record, ChangeHash)>> = BTreeMap::new();
        for carried in self.carried.values().filter(|carried| carried.documents().any(|document| document == id)) {
            let of_this = carried.entered.iter().filter(|entered| entered.document == id);
            let entered: BTreeMap<(ActorId, u64), ChangeHash> =
                of_this.map(|entered| ((entered.actor, entered.sequence), entered.hash)).collect();
            for (_, records) in carried.records().into_iter().filter(|(document, _)| *document == id) {
                for record in records {
                    let place = (record.actor, record.sequence);
                    if let Some(hash) = entered.get(&place) {
                        found.entry(place).or_default().push((record, *hash));
                    }
                }
            }
        }
        let mut tips: Chains = base.map(|base| base.meta.chains.clone()).unwrap_or_default();
        let mut follows = Vec::new();
        for ((actor, sequence), candidates) in found {
            let tip = tips.get(&actor).copied();
            if sequence != tip.map_or(0, |tip| tip.sequence).saturating_add(1) {
                continue;
            }
            let built = |record: &Record| rebuild_unchecked(id, tip.as_ref(), record).hash;
            if let Some((record, hash)) = candidates.into_iter().find(|(record, hash)| built(record) == *hash) {
                tips.insert(actor, ChainHead { sequence, hash });
                follows.push((record, hash));
            }
        }
        follows
    }

    /// A reference record as a colleague's device had it, where the store has not sent it here.
    pub(crate) fn told_reference(&self, id: RecordId) -> Result<Option<ReferenceRecord>, ReplicaError> {
        match self.store.get(Table::Told, &id.0)? {
            Some(bytes) => Ok(Some(ReferenceRecord::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Whether the store has told that it does not vouch for a device any more.
    fn is_revoked(&self, device: DeviceId) -> Result<bool, ReplicaError> {
        let record = self.reference(Revocation::record(device))?;
        Ok(record.is_some_and(|record| matches!(record.content, Reference::Revocation(_)) && !record.deleted))
    }

    fn trusted(&self) -> Trusted {
        Trusted { store: self.identity.store, store_key: self.certificate.store_key }
    }

    /// Keeps the certificate of somebody who witnessed a fact: whoever gets the fact from here checks it with that.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn keep_certificate(&mut self, bytes: &[u8]) -> Result<(), ReplicaError> {
        let mut work = Work::default();
        self.certificate_into(bytes.to_vec(), &mut work)?;
        self.guarded(|this| this.commit(work))
    }

    /// Checks a certificate of this store's, and keeps it with what else is written.
    fn certificate_into(&self, bytes: Vec<u8>, work: &mut Work) -> Result<Certificate, ReplicaError> {
        let certificate = self.trusted().certificate(&bytes)?;
        work.batch.put(Table::Certificate, certificate.key_id().0, bytes);
        Ok(certificate)
    }
}
