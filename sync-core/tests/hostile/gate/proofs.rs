//! Proofs that cover nothing, a part or something else; chains that are broken or end twice.

use docket_sync_core::document::{ChainHead, Record};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::facts::bodies::{AddNote, CancelByOffice};
use docket_sync_core::ids::{ChangeHash, Digest, Epoch, KeyId, Signature, StoreId};
use docket_sync_core::proof::{Envelope, Receipt, ReceiptDocument};
use docket_sync_core::sync::frames::{Cover, QuarantineCode, RenewReason};
use docket_sync_core::sync::gate::{GateStore, Maker, Proof, Verdict, check_ahead, judge};
use docket_sync_core::time::{DAY, MINUTE};

use super::super::sample::{Device, NOON, ORDER, OTHER_ORDER, STORE, content, hashes, later};
use super::{
    Accepted, COLLEAGUE, Documents, Duplicate, Held, MAKER, Memory, Refused, envelope, maker, next, note, own_push,
    push, relayed_push, told,
};

/// Ways in which a push is not proved.
fn bad_proofs(memory: &Memory, documents: &Documents) -> Vec<(&'static str, Proof)> {
    let good = envelope(memory, MAKER, documents);
    let by = |envelope: Envelope| Proof::Envelope { maker: maker(MAKER), envelope };
    let mut other_hashes = good.documents.clone();
    other_hashes[0].changes = vec![ChangeHash([9; 32]), ChangeHash([8; 32])];
    other_hashes[1].changes[0] = ChangeHash([9; 32]);
    let signed = |store, listed| Envelope::signed(store, MAKER.id(), 7, listed, &MAKER.key());
    let other_store = StoreId([1; 16]);
    let zero = Signature([0; 64]);
    vec![
        ("nothing", Proof::None),
        ("signature of zeros", by(Envelope { signature: zero, ..good.clone() })),
        ("key of another", Proof::Envelope { maker: maker(COLLEAGUE), envelope: good.clone() }),
        ("other counter", by(Envelope { counter: 8, ..good.clone() })),
        ("other key id", by(Envelope { key: KeyId([0; 8]), ..good.clone() })),
        ("other store", by(signed(other_store, good.documents.clone()))),
        ("other hashes, signed", by(signed(STORE, other_hashes.clone()))),
        ("other hashes", by(Envelope { documents: other_hashes, ..good.clone() })),
        ("list cut away", by(Envelope { documents: vec![], signature: zero, ..good })),
    ]
}

#[test]
fn what_no_good_envelope_covers_is_quarantined_without_proof() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(2), MAKER.note(3)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    for (name, proof) in bad_proofs(&memory, &documents) {
        let judged = judge(&memory, STORE, &push(Cover::None, &documents), proof, NOON.plus(MINUTE)).unwrap();
        let refused = Refused(QuarantineCode::NoProof);
        assert_eq!(told(&judged), [vec![refused, refused], vec![refused]], "{name}");
    }
}

#[test]
fn a_signature_that_was_checked_ahead_is_good_for_its_own_changes_only() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(2), MAKER.note(3)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let (push_own, own) = own_push(&memory, MAKER, &documents);
    let now = NOON.plus(MINUTE);
    let end = |document, actor| memory.chain(document, actor);
    let proof = check_ahead(&push_own, own.clone(), end);
    let Proof::Checked { envelope, checked, .. } = proof.clone() else { panic!("it is good: {proof:?}") };
    let judged = judge(&memory, STORE, &push_own, proof, now).unwrap();
    assert_eq!(told(&judged), [vec![Accepted, Accepted], vec![Accepted]]);
    // Shown for other changes, by another key or for a revoked device, it is worth nothing more than the envelope.
    let (other, _) = own_push(&memory, MAKER, &vec![(ORDER, vec![MAKER.note(2)])]);
    let of = |maker| Proof::Checked { maker, envelope: envelope.clone(), checked: checked.clone() };
    let no_proof = Refused(QuarantineCode::NoProof);
    assert_eq!(told(&judge(&memory, STORE, &other, of(maker(MAKER)), now).unwrap()), [vec![no_proof]]);
    assert_eq!(told(&judge(&memory, STORE, &push_own, of(maker(COLLEAGUE)), now).unwrap())[0][0], no_proof);
    let revoked = Maker { revoked: true, ..maker(MAKER) };
    let judged = judge(&memory, STORE, &push_own, of(revoked), now).unwrap();
    assert_eq!(told(&judged)[0][0], Refused(QuarantineCode::Revoked));
    // Nothing is checked ahead where the signature is bad or the chain ends elsewhere: it is judged as ever.
    let Proof::Envelope { maker, envelope } = own.clone() else { panic!("an envelope") };
    let forged = Proof::Envelope { maker, envelope: Envelope { signature: Signature([0; 64]), ..envelope } };
    let forged = check_ahead(&push_own, forged, end);
    assert!(matches!(forged, Proof::Envelope { .. }));
    assert_eq!(told(&judge(&memory, STORE, &push_own, forged, now).unwrap())[0][0], no_proof);
    let behind = check_ahead(&push_own, own, |_, _| None);
    assert!(matches!(behind, Proof::Envelope { .. }));
    assert_eq!(told(&judge(&memory, STORE, &push_own, behind, now).unwrap())[0], [Accepted, Accepted]);
}

#[test]
fn an_envelope_that_lists_a_part_covers_that_part() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(2)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let listed = envelope(&memory, MAKER, &documents[1..].to_vec());
    let proof = Proof::Envelope { maker: maker(MAKER), envelope: listed };
    let judged = judge(&memory, STORE, &push(Cover::None, &documents), proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[Refused(QuarantineCode::NoProof)], [Accepted]]);
}

#[test]
fn a_gap_holds_its_chain_and_never_lets_anything_pass_without_proof() {
    let memory = Memory::new();
    let gap = vec![(ORDER, vec![MAKER.note(5), MAKER.note(6)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let (push_own, own) = own_push(&memory, MAKER, &gap);
    let judged = judge(&memory, STORE, &push_own, own, NOON.plus(MINUTE)).unwrap();
    // The list cannot be rebuilt, so nothing of the push can be proved now; nothing of it is refused either.
    assert_eq!(told(&judged), [vec![Held(2), Held(2)], vec![Held(2)]]);
    assert!(judged.envelope.is_none());
    let (relayed, proof) = relayed_push(&memory, MAKER, &gap);
    let judged = judge(&memory, STORE, &relayed, proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [vec![Held(2), Held(2)], vec![Accepted]]);
    // A forged relay with a gap in it: the signature is of somebody else.
    let forged = Proof::Envelope { maker: maker(MAKER), envelope: envelope(&memory, COLLEAGUE, &gap) };
    let judged = judge(&memory, STORE, &relayed, forged, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [vec![Held(2), Held(2)], vec![Refused(QuarantineCode::NoProof)]]);
    let unlisted = Envelope { documents: vec![], ..envelope(&memory, COLLEAGUE, &gap) };
    let forged = Proof::Envelope { maker: maker(MAKER), envelope: unlisted };
    let judged = judge(&memory, STORE, &relayed, forged, NOON.plus(MINUTE)).unwrap();
    assert!(told(&judged).concat().iter().all(|told| *told != Accepted), "{:?}", told(&judged));
}

#[test]
fn what_follows_a_refused_change_of_an_earlier_push_is_held_with_its_hash() {
    let mut memory = Memory::new();
    let refused = next(CancelByOffice { reason: "no".into() });
    let actor = MAKER.origin().actor();
    let hash = hashes(ORDER, &memory.chains(ORDER), &[refused])[0];
    memory.refused.insert((ORDER, actor, 2), hash);
    let mut chains = memory.chains(ORDER);
    chains.insert(actor, ChainHead { sequence: 2, hash });
    let expected = hashes(ORDER, &chains, &[MAKER.note(3)])[0];
    let documents = vec![(ORDER, vec![MAKER.note(3)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    // The device signs behind its own chain, in which the refused change is one like any other.
    let mut of_device = Memory::new();
    of_device.changes.insert((ORDER, actor, 2), hash);
    let (push, proof) = own_push(&of_device, MAKER, &documents);
    let judged = judge(&memory, STORE, &push, proof, NOON.plus(MINUTE)).unwrap();
    let Verdict::Held { missing: 2, hash: Some(hash), .. } = judged.documents[0].records[0].1 else {
        panic!("{:?}", told(&judged));
    };
    assert_eq!(hash, expected);
    assert_eq!(told(&judged), [[Held(2)], [Accepted]]);
}

#[test]
fn the_same_change_again_is_a_duplicate_and_another_content_in_its_place_asks_for_renewal() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(1), MAKER.note(2)])];
    let (again, proof) = own_push(&Memory::default(), MAKER, &documents);
    let judged = judge(&memory, STORE, &again, proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[Duplicate, Accepted]]);
    let other = MAKER.states(1, MAKER.statement(1), content(note()));
    let documents = vec![(ORDER, vec![other]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let (second, proof) = own_push(&Memory::default(), MAKER, &documents);
    let renew = judge(&memory, STORE, &second, proof, NOON.plus(MINUTE)).unwrap().renew.unwrap();
    assert_eq!((renew.sequence, renew.reason), (1, RenewReason::TwoContents));
    assert_eq!(renew.actor, Some(MAKER.origin().actor()));
}

#[test]
fn a_receipt_covers_its_heads_and_what_lies_before_them_and_nothing_else() {
    let memory = Memory::new();
    let records = vec![MAKER.note(2), MAKER.note(3), MAKER.note(4)];
    let heads = vec![hashes(ORDER, &memory.chains(ORDER), &records)[1]];
    let epoch = Epoch([1; 8]);
    let listed = vec![ReceiptDocument { document: ORDER, heads }];
    let receipt = Receipt::signed(STORE, epoch, 9, Digest([1; 32]), listed, &Device(1).key());
    let documents = vec![(ORDER, records), (OTHER_ORDER, vec![MAKER.note(2)])];
    let push = push(Cover::None, &documents);
    let judged = judge(&memory, STORE, &push, Proof::Receipt(receipt), NOON.plus(MINUTE)).unwrap();
    let refused = Refused(QuarantineCode::NoProof);
    assert_eq!(told(&judged), [vec![Accepted, Accepted, refused], vec![refused]]);
    let forged = next(AddNote { text: "forged".into() });
    let documents = vec![(ORDER, vec![forged, MAKER.note(3)])];
    let heads = vec![hashes(ORDER, &memory.chains(ORDER), &[MAKER.note(2), MAKER.note(3)])[1]];
    let listed = vec![ReceiptDocument { document: ORDER, heads }];
    let receipt = Receipt::signed(STORE, epoch, 9, Digest([1; 32]), listed, &Device(1).key());
    let push = super::push(Cover::None, &documents);
    let judged = judge(&memory, STORE, &push, Proof::Receipt(receipt), NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[refused, refused]]);
}

#[test]
fn what_a_receipt_covers_was_judged_once_and_is_not_judged_again() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(2)])];
    let heads = hashes(ORDER, &memory.chains(ORDER), &documents[0].1);
    let listed = vec![ReceiptDocument { document: ORDER, heads }];
    let receipt = Receipt::signed(STORE, Epoch([1; 8]), 9, Digest([1; 32]), listed, &Device(1).key());
    // The clock has gone back by ten years since.
    let now = NOON.plus(-3_650 * DAY);
    let judged = judge(&memory, STORE, &push(Cover::None, &documents), Proof::Receipt(receipt), now).unwrap();
    assert_eq!(told(&judged), [[Accepted]]);
    // What nobody has judged yet is judged by that clock.
    let (push, proof) = own_push(&memory, MAKER, &documents);
    let judged = judge(&memory, STORE, &push, proof, now).unwrap();
    assert_eq!(told(&judged), [[Refused(QuarantineCode::TimeAhead)]]);
}

#[test]
fn facts_of_another_order_or_place_do_not_fit_their_envelope() {
    let memory = Memory::new();
    let signed = vec![(ORDER, vec![MAKER.note(2)])];
    let proof = || Proof::Envelope { maker: maker(MAKER), envelope: envelope(&memory, MAKER, &signed) };
    let moved = [
        vec![(OTHER_ORDER, vec![MAKER.note(2)])],
        vec![(ORDER, vec![Record { time: later(3), ..MAKER.note(2) }])],
        vec![(ORDER, vec![next(note())])],
    ];
    for documents in moved {
        let judged = judge(&memory, STORE, &push(Cover::None, &documents), proof(), NOON.plus(MINUTE)).unwrap();
        assert_eq!(told(&judged), [[Refused(QuarantineCode::NoProof)]]);
    }
    let stated = StatedFact::from_bytes(&MAKER.note(2).bytes).unwrap();
    assert_eq!(stated.to_bytes(), MAKER.note(2).bytes);
}
