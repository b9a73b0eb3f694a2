//! What proves a push, and the comparison of heads by which a store is healed.

use docket_sync_core::document::heads_of;
use docket_sync_core::ids::{ChangeHash, DocumentId};
use docket_sync_core::proof::Certificate;
use docket_sync_core::sync::frames::{Cover, DocumentHeads, Have, Heads, Push};
use docket_sync_core::sync::gate::{self, Proof};

use super::devices::read_device;
use super::session::{ServerSession, Speaker};
use crate::commit::{CommitError, Tables};
use crate::restore;
use crate::store::StoreError;

impl ServerSession {
    /// What covers a push: this device's envelope, a colleague's with his certificate, or a receipt.
    pub(super) fn proof(&self, cover: &Cover, speaker: &Speaker) -> Result<Proof, CommitError> {
        let (identity, key) = (self.office.identity, self.office.keys.signing().verifying_key());
        restore::proof_of(self.office.store.as_ref(), (identity.store, &key), cover, &speaker.maker)
    }

    /// Checks a push's signature here, while the commit thread works for others.
    pub(super) fn checked_ahead(&self, push: &Push, proof: Proof) -> Proof {
        let _durable = self.office.hub.read();
        // What cannot be read or has moved on meanwhile is looked at by the commit thread.
        gate::check_ahead(push, proof, |document, actor| {
            let meta = self.office.store.meta(document).ok().flatten();
            meta.and_then(|meta| meta.chains.get(&actor).copied())
        })
    }

    /// A certificate, where this store signed it.
    pub(super) fn our_certificate(&self, bytes: &[u8]) -> Option<Certificate> {
        restore::our_certificate(bytes, self.office.identity.store, &self.office.keys.signing().verifying_key())
    }

    /// The certificate of the device whose envelope somebody carries, where the store has forgotten that device.
    pub(super) fn forgotten_maker(&self, cover: &Cover) -> Result<Option<Certificate>, CommitError> {
        let Cover::Relayed { certificate, .. } = cover else { return Ok(None) };
        let Some(certificate) = self.our_certificate(certificate) else { return Ok(None) };
        let store = self.office.store.as_ref();
        let is_known =
            read_device(store, certificate.device)?.is_some() || restore::was_revoked(store, certificate.device)?;
        Ok((!is_known).then_some(certificate))
    }

    /// What the store has of the documents that a device names; what it lacks of them is remembered until somebody
    /// has brought it back.
    pub(super) async fn have(&self, heads: &Heads) -> Result<Have, CommitError> {
        let mut documents = Vec::new();
        let (mut lacking, mut damaged) = (Vec::new(), Vec::new());
        {
            let _durable = self.office.hub.read();
            for held in &heads.documents {
                let known = match self.heads(held.document) {
                    Err(error) if error.is_damage() => {
                        tracing::error!(work_order.id = %held.document, %error, "an order is damaged: nobody can give it back");
                        damaged.push(held.document);
                        continue;
                    }
                    known => known?,
                };
                if known != held.heads {
                    lacking.push(held.clone());
                    documents.push(DocumentHeads { document: held.document, heads: known, receipt: None });
                }
            }
        }
        if let (Some(speaker), false) = (&self.speaker, lacking.is_empty()) {
            let device = speaker.record.device;
            match self.office.committer.run(move |writer| writer.keep_claims(device, &lacking)).await {
                Ok(()) => {}
                // Reading goes on. The device cannot give anything back now either: it sends its heads again, and
                // what they claim is kept then.
                Err(CommitError::Store(error @ StoreError::Full { .. })) => {
                    tracing::warn!(device.id = %device, %error, "what a device has seen of lost orders is not kept yet");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Have { documents, damaged: Some(damaged).filter(|damaged| !damaged.is_empty()) })
    }

    fn heads(&self, document: DocumentId) -> Result<Vec<ChangeHash>, CommitError> {
        // Of a companion a device learns no more than of a document that is not there.
        let meta = self.office.store.meta(document)?.filter(|meta| meta.companion_of.is_none());
        Ok(meta.map(|meta| heads_of(document, &meta.chains)).unwrap_or_default())
    }
}
