//! What the small store sends: heads, digests, one batch with everything that is new.

use docket_sync_core::document::Record;
use docket_sync_core::facts::Origin;
use docket_sync_core::ids::{Digest, DocumentId, Signature};
use docket_sync_core::proof::{Receipt, ReceiptDocument};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::sync::frames::{
    Batch, BatchDocument, DocumentHeads, Frame, Have, News, ProofBytes, ReceiptLine, RecordSet,
};

use super::{DEVICE, FakeOrder, FakeStore, STORE};

impl FakeStore {
    fn in_scope(&self) -> impl Iterator<Item = (&DocumentId, &FakeOrder)> {
        self.orders.iter().filter(|(_, order)| order.evicted_at.is_none())
    }

    pub(super) fn digest(&self) -> Digest {
        let mut sum = DigestSum::default();
        for (id, order) in self.in_scope() {
            for hash in order.document.change_hashes() {
                sum = sum.plus(DigestSum::of_change(*id, hash));
            }
        }
        for (id, (_, record)) in &self.references {
            if self.in_scope().any(|(_, order)| order.customer == *id) {
                sum = sum.plus(DigestSum::of_reference(*id, record.version));
            }
        }
        sum.to_digest()
    }

    pub(super) fn have(&self, theirs: &[DocumentHeads]) -> Frame {
        let documents = theirs.iter().filter_map(|theirs| {
            let order = self.orders.get(&theirs.document);
            let heads = order.map(|order| order.document.heads()).unwrap_or_default();
            (heads != theirs.heads).then_some(DocumentHeads { document: theirs.document, heads, receipt: None })
        });
        Frame::Have(Have { documents: documents.collect(), damaged: None })
    }

    /// What a cursor carries of the chain at `number`.
    pub(crate) fn chain_at(&self, number: usize) -> [u8; 8] {
        let (short, _) = self.chain[number].0.split_first_chunk().unwrap();
        *short
    }

    pub(crate) fn batch(&mut self, from: u64, wanted: &[DocumentId]) -> Option<Batch> {
        let number = self.number();
        if from >= number && wanted.is_empty() {
            return None;
        }
        let mut documents = Vec::new();
        let mut receipts = Vec::new();
        let mut set = RecordSet::default();
        for (id, order) in &self.orders {
            if self.withheld.contains(&id.0) {
                continue;
            }
            let heads = ReceiptDocument { document: *id, heads: order.document.heads() };
            if let Some(evicted_at) = order.evicted_at {
                if evicted_at > from {
                    documents.push(BatchDocument { document: *id, news: News::Evict });
                }
                continue;
            }
            if from == 0 || order.entered_at > from || wanted.contains(id) {
                documents.push(BatchDocument { document: *id, news: News::Whole { bytes: order.document.save() } });
                receipts.push(heads);
                continue;
            }
            let is_new = |record: &Record| {
                let own = Origin::Device { device: DEVICE, incarnation: self.session.incarnation.unwrap() }.actor();
                order.numbers[&(record.actor, record.sequence)] > from && record.actor != own
            };
            let records: Vec<Record> = order.document.records().unwrap().into_iter().filter(is_new).collect();
            if !records.is_empty() {
                set.push(*id, &records);
                let runs = set.documents.last().unwrap().runs.clone();
                documents.push(BatchDocument { document: *id, news: News::Records { runs } });
                receipts.push(heads);
            }
        }
        let chain = *self.chain.last().unwrap();
        let receipt = (!receipts.is_empty()).then(|| {
            let mut receipt = Receipt::signed(STORE, self.epoch, number, chain, receipts, &self.key);
            if self.forgeries > 0 {
                self.forgeries -= 1;
                receipt.signature = Signature([1; 64]);
            }
            ReceiptLine { number, chain, signature: receipt.signature }
        });
        let references = self
            .references
            .iter()
            .filter(|(id, (at, _))| *at > from && self.in_scope().any(|(_, order)| order.customer == **id));
        let references = references.filter(|(id, _)| !self.withheld.contains(&id.0));
        let references = references.map(|(_, (_, record))| ProofBytes(record.to_bytes())).collect();
        self.withheld.clear();
        Some(Batch {
            at: None,
            from,
            to: Cursor::new(self.epoch, number, chain),
            actors: set.actors,
            documents,
            references,
            proofs: Vec::new(),
            receipt,
            digest: Some(self.digest()),
        })
    }
}
