//! What the proof of a push vouches for.

use std::collections::BTreeSet;

use super::chain::{Chained, hash_of};
use super::{Maker, Proof};
use crate::ids::{ActorId, ChangeHash, DocumentId, StoreId};
use crate::proof::{Envelope, EnvelopeDocument, Receipt};

/// What a good proof covers.
pub(super) enum Coverage {
    /// Everything, by this device.
    By(Maker),
    /// The changes with these hashes, judged once already.
    Receipt(BTreeSet<ChangeHash>),
    /// Nothing.
    Nothing,
}

pub(super) fn check_proof(
    store: StoreId,
    documents: &[(DocumentId, Vec<Chained>)],
    proof: Proof,
) -> (Option<Envelope>, Coverage) {
    match proof {
        Proof::None => (None, Coverage::Nothing),
        Proof::Receipt(receipt) => (None, Coverage::Receipt(under_receipt(documents, &receipt))),
        Proof::Envelope { maker, mut envelope } => {
            let listed = !envelope.documents.is_empty();
            let rebuilt: Option<Vec<_>> = documents.iter().map(|(id, records)| hashes(*id, records)).collect();
            match rebuilt {
                Some(rebuilt) if listed && !covers(&envelope.documents, &rebuilt) => (None, Coverage::Nothing),
                Some(rebuilt) => {
                    if !listed {
                        envelope.documents = rebuilt;
                    }
                    let good = envelope.store == store && envelope.verify(&maker.key).is_ok();
                    if good { (Some(envelope), Coverage::By(maker)) } else { (None, Coverage::Nothing) }
                }
                // A predecessor is missing, so hashes are missing: such records are held, not judged.
                None => (None, Coverage::By(maker)),
            }
        }
    }
}

/// Changes that are a head in the receipt, or lie before one on its chain.
fn under_receipt(documents: &[(DocumentId, Vec<Chained>)], receipt: &Receipt) -> BTreeSet<ChangeHash> {
    let mut covered = BTreeSet::new();
    for (document, records) in documents {
        let heads = receipt.documents.iter().find(|line| line.document == *document).map(|line| &line.heads);
        let mut later_is_covered: BTreeSet<ActorId> = BTreeSet::new();
        for chained in records.iter().rev() {
            let Some(hash) = hash_of(&chained.place) else { continue };
            if heads.is_some_and(|heads| heads.contains(&hash)) {
                later_is_covered.insert(chained.record.actor);
            }
            if later_is_covered.contains(&chained.record.actor) {
                covered.insert(hash);
            }
        }
    }
    covered
}

fn covers(listed: &[EnvelopeDocument], rebuilt: &[EnvelopeDocument]) -> bool {
    rebuilt.iter().all(|document| {
        listed.iter().any(|list| {
            list.document == document.document && document.changes.iter().all(|hash| list.changes.contains(hash))
        })
    })
}

fn hashes(document: DocumentId, records: &[Chained]) -> Option<EnvelopeDocument> {
    let changes = records.iter().map(|chained| hash_of(&chained.place)).collect::<Option<Vec<_>>>()?;
    Some(EnvelopeDocument { document, changes })
}
