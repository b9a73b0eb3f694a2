//! Making a bundle: what a colleague gets of the orders that are handed to him.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::bundle::{Bundle, BundleError};
use docket_sync_core::document::Record;
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::{BlobId, ChangeHash, DocumentId, KeyId, RecordId};
use docket_sync_core::limits;
use docket_sync_core::reference::ReferenceScope;
use docket_sync_core::sync::frames::{Cover, Frame, Introduce, ProofBytes, Push, RecordSet, References};

use super::super::base::Base;
use super::super::heal::Lacking;
use super::super::sealed_rows::signed_blobs;
use super::super::{DeviceReplica, ReplicaError, Work};
use super::CarriedPush;
use super::take::named_records;
use crate::store::{DeviceStore, Table};

/// How much of the orders a bundle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Everything: for a colleague who has not got them.
    Whole,
    /// What the server does not have as far as this device knows: for one who has the rest, and for few QR codes.
    Unsent,
}

/// What goes into a bundle, while it is gathered.
#[derive(Default)]
struct Gathered {
    by_receipt: BTreeMap<u64, Vec<Lacking>>,
    own: Vec<Lacking>,
    relayed: Vec<Push>,
    references: BTreeSet<RecordId>,
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// A bundle of `orders`, signed by this device.
    ///
    /// # Errors
    /// [`ReplicaError::Bundle`] when there is nothing in it or too much, [`ReplicaError::NoDocument`] for an order that
    /// is not here, or when the store fails.
    pub fn make_bundle(&mut self, orders: &BTreeSet<DocumentId>, share: Share) -> Result<Vec<u8>, ReplicaError> {
        self.guarded(|this| {
            let mut gathered = Gathered::default();
            for order in orders {
                this.gather(*order, share, &mut gathered)?;
            }
            let frames = this.bundle_frames(orders, gathered)?;
            let bundle = Bundle {
                store: this.identity.store,
                sender: this.certificate.clone(),
                made_at: this.time().lo,
                frames,
            };
            let bytes = bundle.seal(&this.key)?;
            // The counters of its envelopes are used from now on.
            this.commit(Work::default())?;
            Ok(bytes)
        })
    }

    fn gather(&self, order: DocumentId, share: Share, gathered: &mut Gathered) -> Result<(), ReplicaError> {
        let base = self.load_base(order)?;
        let mut own: Vec<(Record, ChangeHash)> = Vec::new();
        if let (Some(base), Share::Whole) = (&base, share) {
            let all = base.document.changes().map(|(record, hash)| (record.clone(), hash)).collect();
            let (covered, uncovered) = self.split_by_receipts(base, all)?;
            for (receipt, records) in covered {
                let proofs = self.proofs_of(&records)?;
                gathered.by_receipt.entry(receipt.row).or_default().push(Lacking { document: order, records, proofs });
            }
            own = uncovered;
        }
        let waiting = self.journal.values().filter(|entry| entry.document == order && entry.waits());
        own.extend(waiting.map(|entry| (entry.record.clone(), entry.hash)));
        let records: Vec<Record> = own.iter().map(|(record, _)| record.clone()).collect();
        gathered.references.extend(named_records(&records));
        if !own.is_empty() {
            let proofs = self.proofs_of(&own)?;
            gathered.own.push(Lacking { document: order, records: own, proofs });
        }
        let carried = self.gather_carried(order, share, gathered);
        let is_here = base.is_some() || carried || !records.is_empty();
        gathered.references.extend(base.iter().flat_map(|base: &Base| base.meta.references.iter().copied()));
        if is_here { Ok(()) } else { Err(ReplicaError::NoDocument(order)) }
    }

    /// What others handed over goes on as it came, without their other orders: an envelope covers each by itself.
    fn gather_carried(&self, order: DocumentId, share: Share, gathered: &mut Gathered) -> bool {
        let mut any = false;
        // The store has what its receipt covers.
        let fits =
            |carried: &&CarriedPush| share == Share::Whole || !matches!(carried.push.cover, Cover::Receipt { .. });
        for carried in self.carried.values().filter(fits) {
            for (document, records) in carried.records().into_iter().filter(|(document, _)| *document == order) {
                let named: BTreeSet<BlobId> = signed_blobs(&records).into_iter().collect();
                let is_named = |proof: &&ProofBytes| named.contains(&BlobId(*blake3::hash(&proof.0).as_bytes()));
                let proofs = carried.push.proofs.iter().filter(is_named).cloned().collect();
                gathered.references.extend(named_records(&records));
                let records = RecordSet::pack([(document, records.as_slice())]);
                gathered.relayed.push(Push { cover: carried.push.cover.clone(), records, proofs });
                any = true;
            }
        }
        any
    }

    fn bundle_frames(&mut self, orders: &BTreeSet<DocumentId>, gathered: Gathered) -> Result<Vec<Frame>, ReplicaError> {
        let Gathered { by_receipt, own, relayed, references } = gathered;
        let mut pushes = Vec::new();
        for (row, lacking) in by_receipt {
            pushes.extend(self.receipt_pushes(row, lacking)?);
        }
        pushes.extend(relayed);
        pushes.extend(self.listed_pushes(own));
        if pushes.is_empty() || orders.is_empty() {
            return Err(BundleError::Empty.into());
        }
        let too_many = |push: &Push| push.records.unpack().is_err();
        if pushes.iter().any(too_many) {
            return Err(BundleError::TooLarge { bytes: usize::MAX, most: limits::RECORDS_PER_PUSH_MAX }.into());
        }
        let mut frames = self.introductions(&pushes)?;
        frames.extend(pushes.into_iter().map(Frame::Push));
        frames.extend(self.told(&references)?);
        Ok(frames)
    }

    /// Certificates of those who witnessed, as far as they are here: without them the facts wait for the store.
    fn introductions(&self, pushes: &[Push]) -> Result<Vec<Frame>, ReplicaError> {
        let mut keys: BTreeSet<KeyId> = BTreeSet::new();
        for push in pushes {
            let records = push.records.unpack().unwrap_or_default();
            for record in records.iter().flat_map(|(_, records)| records) {
                let Ok(stated) = StatedFact::from_bytes(&record.bytes) else { continue };
                keys.extend(stated.content.head.witnesses.iter().flatten().map(|witness| witness.key));
            }
        }
        let mut frames = Vec::new();
        for key in keys {
            if let Some(certificate) = self.store.get(Table::Certificate, &key.0)? {
                frames.push(Frame::Introduce(Introduce { certificate }));
            }
        }
        Ok(frames)
    }

    fn told(&self, named: &BTreeSet<RecordId>) -> Result<Option<Frame>, ReplicaError> {
        let mut records = Vec::new();
        for id in named {
            let record = match self.reference(*id)? {
                Some(record) => Some(record),
                None => self.told_reference(*id)?,
            };
            let record = record.filter(|record| record.content.scope() == Some(ReferenceScope::Orders));
            records.extend(record.filter(|record| !record.deleted).map(|record| ProofBytes(record.to_bytes())));
        }
        records.truncate(limits::LIST_MAX);
        Ok((!records.is_empty()).then_some(Frame::References(References { receipt: None, records })))
    }
}
