//! How the small store takes pushes, and what was sealed to it.

use std::collections::BTreeMap;

use docket_sync_core::document::Document;
use docket_sync_core::facts::FactBody;
use docket_sync_core::ids::RecordId;
use docket_sync_core::proof::sealed::{SealedFor, open};
use docket_sync_core::proof::{Certificate, Receipt};
use docket_sync_core::sync::frames::{Ack, Cover, Frame, Hello, Push, Renew, Sealed};
use docket_sync_core::sync::gate::{Judged, Maker, Proof, Verdict, judge, own_proof};
use docket_sync_core::sync::message::unpack;
use docket_sync_core::sync::server::ack;
use ed25519_dalek::SigningKey;

use super::{FakeOrder, FakeStore, PERSON, STORE, sealing};

impl FakeStore {
    /// Opens what a device could not read and takes it.
    pub(super) fn open_sealed(&mut self, sealed: &Sealed, hello: &Hello) -> Frame {
        let mut exceptions = Vec::new();
        for bundle in &sealed.bundles {
            let belongs = SealedFor { store: STORE, document: bundle.document };
            let message = open(&sealing(), belongs, &bundle.bytes).expect("sealed to this store");
            for frame in unpack(&message).unwrap() {
                let Frame::Push(push) = frame else { panic!("{frame:?} in a bundle") };
                let Ok(Frame::Ack(ack)) = self.push(&push, hello) else { panic!("a bundle was refused") };
                exceptions.extend(ack.exceptions);
            }
            self.opened += 1;
        }
        Frame::Ack(Ack { number: self.number(), exceptions, ..Ack::default() })
    }

    pub(super) fn push(&mut self, push: &Push, hello: &Hello) -> Result<Frame, Renew> {
        let key = SigningKey::from_bytes(&[0xde; 32]).verifying_key();
        let maker = Maker {
            device: hello.device,
            key,
            persons: vec![PERSON],
            since: docket_sync_core::time::UnixMillis(0),
            revoked: false,
        };
        let proof = match &push.cover {
            Cover::Own { .. } => own_proof(&push.cover, STORE, maker),
            Cover::Receipt { receipt } => {
                let receipt = Receipt::from_bytes(receipt).unwrap();
                receipt.verify(&self.key.verifying_key()).unwrap();
                Proof::Receipt(receipt)
            }
            Cover::Relayed { envelope, certificate } => {
                let certificate = Certificate::from_bytes(certificate).unwrap();
                certificate.verify().unwrap();
                assert_eq!(certificate.store_key, self.key.verifying_key().to_bytes());
                Proof::Envelope { maker, envelope: envelope.clone() }
            }
            Cover::None => Proof::None,
        };
        let mut judged = judge(self, STORE, push, proof, self.now).unwrap();
        if let Some(renew) = judged.renew {
            return Err(renew);
        }
        self.refuse_forbidden(&mut judged);
        hold_unknown(&mut judged);
        self.proofs.extend(push.proofs.iter().map(|proof| proof.0.clone()));
        let number = self.take(&judged);
        Ok(Frame::Ack(ack(&judged, &push.cover, number)))
    }

    /// Turns accepted notes with a forbidden text, and what follows on their chain, into refusals.
    fn refuse_forbidden(&self, judged: &mut Judged) {
        for document in &mut judged.documents {
            let mut broken: Option<u64> = None;
            for (record, verdict) in &mut document.records {
                let Verdict::Accept { hash, fact, .. } = verdict else { continue };
                let hash = *hash;
                if let Some(missing) = broken {
                    *verdict = Verdict::Held { missing, hash: Some(hash), good: None };
                } else if matches!(fact.body(), FactBody::AddNote(note) if self.forbidden.contains(&note.text)) {
                    broken = Some(record.sequence);
                    let code = docket_sync_core::sync::frames::QuarantineCode::NotPermitted;
                    *verdict = Verdict::Quarantine { code, hash };
                }
            }
        }
    }

    fn take(&mut self, judged: &Judged) -> u64 {
        for document in &judged.documents {
            for (record, verdict) in &document.records {
                match verdict {
                    Verdict::Accept { .. } => {
                        let number = self.log();
                        let id = document.document;
                        let order = self.orders.entry(id).or_insert_with(|| FakeOrder {
                            document: Document::new(id).unwrap(),
                            numbers: BTreeMap::new(),
                            customer: RecordId([0; 16]),
                            evicted_at: None,
                            entered_at: 0,
                        });
                        order.document.append(record).unwrap();
                        order.numbers.insert((record.actor, record.sequence), number);
                    }
                    Verdict::Held { hash: Some(hash), .. } | Verdict::Quarantine { hash, .. } => {
                        self.quarantine.insert((document.document, record.actor, record.sequence), *hash);
                    }
                    Verdict::Held { hash: None, .. } | Verdict::Duplicate => {}
                }
            }
        }
        self.number()
    }
}

/// Orders that this store does not know are not refused: a restored store may still learn of them.
fn hold_unknown(judged: &mut Judged) {
    let unknown = docket_sync_core::sync::frames::QuarantineCode::UnknownDocument;
    for (record, verdict) in judged.documents.iter_mut().flat_map(|document| &mut document.records) {
        if let Verdict::Quarantine { code, hash } = *verdict {
            if code == unknown {
                *verdict = Verdict::Held { missing: record.sequence, hash: Some(hash), good: None };
            }
        }
    }
}
