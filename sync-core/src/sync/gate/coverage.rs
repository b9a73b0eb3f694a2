//! What the proof of a push vouches for.

use std::collections::BTreeSet;

use super::chain::{Chained, hash_of};
use super::{Maker, Proof};
use crate::ids::{ActorId, ChangeHash, DocumentId, StoreId};
use crate::proof::{Envelope, EnvelopeDocument, Receipt};

/// What a good proof covers.
pub(super) enum Coverage {
    /// The changes with these hashes, by this device.
    By(Box<Maker>, BTreeSet<ChangeHash>),
    /// The changes with these hashes, judged once already.
    Receipt(BTreeSet<ChangeHash>),
    /// Nothing.
    Nothing,
    /// Not to be known: the envelope came without its list, and a change before the ones of this push is missing.
    Unknown,
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
            if envelope.documents.is_empty() {
                let rebuilt: Option<Vec<_>> = documents.iter().map(|(id, records)| hashes(*id, records)).collect();
                let Some(rebuilt) = rebuilt else { return (None, Coverage::Unknown) };
                envelope.documents = rebuilt;
            }
            if envelope.store != store || envelope.device != maker.device || envelope.verify(&maker.key).is_err() {
                return (None, Coverage::Nothing);
            }
            // A hash is of one document: its chain begins at that document's skeleton.
            let covered = envelope.documents.iter().flat_map(|document| document.changes.iter().copied()).collect();
            (Some(envelope), Coverage::By(Box::new(maker), covered))
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

fn hashes(document: DocumentId, records: &[Chained]) -> Option<EnvelopeDocument> {
    let changes = records.iter().map(|chained| hash_of(&chained.place)).collect::<Option<Vec<_>>>()?;
    Some(EnvelopeDocument { document, changes })
}
