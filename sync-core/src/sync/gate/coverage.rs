//! What the proof of a push vouches for.

use std::collections::BTreeSet;

use super::chain::{Chained, hash_of};
use super::{Maker, Proof};
use crate::ids::{ActorId, ChangeHash, DocumentId, StoreId};
use crate::proof::{Checked, Envelope, EnvelopeDocument, Receipt};

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
        Proof::Envelope { maker, envelope } => under_envelope(store, documents, (maker, envelope), None),
        Proof::Checked { maker, envelope, checked } => {
            under_envelope(store, documents, (maker, envelope), Some(&checked))
        }
    }
}

/// `checked` is a signature that was found good before.
fn under_envelope(
    store: StoreId,
    documents: &[(DocumentId, Vec<Chained>)],
    (maker, mut envelope): (Maker, Envelope),
    checked: Option<&Checked>,
) -> (Option<Envelope>, Coverage) {
    if envelope.documents.is_empty() {
        let rebuilt: Option<Vec<_>> = documents.iter().map(|(id, records)| hashes(*id, records)).collect();
        let Some(rebuilt) = rebuilt else { return (None, Coverage::Unknown) };
        envelope.documents = rebuilt;
    }
    let is_good = || match checked {
        Some(checked) if envelope.is_checked(&maker.key, checked) => true,
        _ => envelope.verify(&maker.key).is_ok(),
    };
    if envelope.store != store || envelope.device != maker.device || !is_good() {
        return (None, Coverage::Nothing);
    }
    // A hash is of one document: its chain begins at that document's skeleton.
    let covered = envelope.documents.iter().flat_map(|document| document.changes.iter().copied()).collect();
    (Some(envelope), Coverage::By(Box::new(maker), covered))
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
