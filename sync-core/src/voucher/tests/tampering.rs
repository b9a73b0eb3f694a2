//! Whatever is changed after signing is noticed, and where one side was changed the field is named (U-01).

use super::sample::{Sample, sample};
use super::*;
use crate::ids::{BlobId, DocumentId, FactRef, KeyId};
use crate::voucher::copy::{CustomerCopy, Problem};

/// What verifying says after `change` was done to the proof.
fn verify_changed(order: &Sample, change: impl FnOnce(&mut Proof)) -> Result<Verified, Mismatch> {
    let signed = order.signed();
    let mut proof = Proof::from_bytes(&signed.proof).unwrap();
    change(&mut proof);
    verify_sign(&order.fact(&signed.body), &proof.to_bytes(), &order.device_key())
}

fn field(path: &str) -> Result<Verified, Mismatch> {
    Err(Mismatch::Field(path.to_owned()))
}

/// The text with one byte changed so that it stays UTF-8: the last bit of an ASCII byte, or of the last byte
/// of a longer character.
fn with_changed_byte(text: &str, at: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= 1;
    String::from_utf8(bytes).ok()
}

#[test]
fn u_01_every_changed_byte_of_every_leaf_names_that_leaf() {
    let order = sample();
    let signed = order.signed();
    let proof = Proof::from_bytes(&signed.proof).unwrap();
    let mut tried = 0;
    for (index, leaf) in proof.voucher.leaves.iter().enumerate() {
        let mut check = |change: &dyn Fn(&mut Leaf)| {
            let mut changed = proof.clone();
            change(&mut changed.voucher.leaves[index]);
            let path = changed.voucher.leaves[index].path.clone();
            let verified = verify_sign(&order.fact(&signed.body), &changed.to_bytes(), &order.device_key());
            assert_eq!(verified, field(&path));
            let copy = CustomerCopy { proof: changed.to_bytes(), ..order.copy() };
            if tried % 16 == 0 {
                let report = verify_copy(&copy.to_bytes(), Some(order.fingerprint()));
                assert_eq!(report.first_difference, Some(path.clone()));
                assert_eq!(report.intact, Answer::No(Problem::Field(path)));
                assert_eq!((report.signed, report.vouched), (Answer::Yes, Answer::Yes), "asked apart");
            }
            tried += 1;
        };
        let opened = leaf.opened.as_ref().unwrap();
        for at in 0..opened.value.len() {
            if let Some(value) = with_changed_byte(&opened.value, at) {
                check(&|leaf| leaf.opened.as_mut().unwrap().value = value.clone());
            }
        }
        check(&|leaf| leaf.opened.as_mut().unwrap().value.push('0'));
        for at in 0..16 {
            check(&|leaf| leaf.opened.as_mut().unwrap().salt.0[at] ^= 0x80);
        }
        for at in 0..32 {
            check(&|leaf| leaf.commitment.0[at] ^= 1);
        }
        check(&|leaf| leaf.label = "phone_".into());
        check(&|leaf| leaf.path = "other".into());
    }
    assert!(tried > 1_000);
}

#[test]
fn a_changed_leaf_with_a_recomputed_commitment_is_noticed() {
    let order = sample();
    let mut other = sample();
    other.names.customer = "李四".into();
    let forged = other.voucher();
    assert_eq!(verify_changed(&order, |proof| proof.voucher = forged.clone()), field("voucher"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.leaves.swap(0, 1)), field("voucher"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.leaves.truncate(3)), field("voucher"));
}

#[test]
fn a_changed_header_is_named() {
    let order = sample();
    assert_eq!(verify_changed(&order, |proof| proof.voucher.header.document = DocumentId([9; 16])), field("document"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.header.store.0[0] ^= 1), field("store"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.header.language = Language::En), field("language"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.header.template_version += 1), field("header"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.header.policy += 1), field("header"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.header.fingerprint.0[3] ^= 1), field("header"));
}

#[test]
fn changed_strokes_and_covered_facts_are_named() {
    let order = sample();
    assert_eq!(verify_changed(&order, |proof| proof.strokes.strokes[1][4].x += 1), field("strokes"));
    assert_eq!(verify_changed(&order, |proof| proof.strokes.width += 1), field("strokes"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.covered[0].1.0[0] ^= 1), field("covered"));
    assert_eq!(verify_changed(&order, |proof| proof.voucher.covered.truncate(1)), field("covered"));
}

#[test]
fn a_changed_statement_is_named_part_by_part() {
    let order = sample();
    let check = |change: &dyn Fn(&mut Statement), path: &str| {
        assert_eq!(verify_changed(&order, |proof| change(&mut proof.statement)), field(path));
    };
    check(&|statement| statement.opinion.grade = OpinionGrade::Dissatisfied, "opinion.grade");
    check(&|statement| statement.opinion.text = None, "opinion.text");
    check(&|statement| statement.name.push('x'), "name");
    check(&|statement| statement.relation.clear(), "relation");
    check(&|statement| statement.claimed = statement.claimed.plus(1), "claimed");
    check(&|statement| statement.device.0[0] ^= 1, "device");
    check(&|statement| statement.key.0[0] ^= 1, "key");
    check(&|statement| statement.voucher.0[0] ^= 1, "voucher");
}

#[test]
fn a_changed_fact_is_named_field_by_field() {
    let order = sample();
    let signed = order.signed();
    let check = |change: &dyn Fn(&mut crate::facts::bodies::SignDocument), path: &str| {
        let mut body = signed.body.clone();
        change(&mut body);
        assert_eq!(verify_sign(&order.fact(&body), &signed.proof, &order.device_key()), field(path));
    };
    check(&|body| body.voucher.0[0] ^= 1, "voucher");
    check(&|body| body.covered.truncate(1), "covered");
    check(&|body| body.covered[0] = FactRef { prefix: [0; 5], sequence: 1 }, "covered");
    check(&|body| body.covered_digest.0[0] ^= 1, "covered");
    check(&|body| body.opinion.grade = OpinionGrade::Acceptable, "opinion.grade");
    check(&|body| body.opinion.text = Some("不满意".into()), "opinion.text");
    check(&|body| body.name = "张三".into(), "name");
    check(&|body| body.relation = "邻居".into(), "relation");
    check(&|body| body.key = KeyId([0; 8]), "key");
    check(&|body| body.proof = BlobId([0; 32]), "proof");
    let mut fact = order.fact(&signed.body);
    fact.claimed = fact.claimed.plus(1);
    assert_eq!(verify_sign(&fact, &signed.proof, &order.device_key()), field("claimed"));
    let mut fact = order.fact(&signed.body);
    fact.document = DocumentId([1; 16]);
    assert_eq!(verify_sign(&fact, &signed.proof, &order.device_key()), field("document"));
}

#[test]
fn another_key_and_another_signature_fail_the_second_question() {
    let order = sample();
    let signed = order.signed();
    let other = SigningKey::from_bytes(&[99; 32]).verifying_key().to_bytes();
    let mismatch = verify_sign(&order.fact(&signed.body), &signed.proof, &other).unwrap_err();
    assert_eq!((mismatch.question(), &mismatch), (Question::Signed, &Mismatch::Key));
    for byte in 0..64 {
        let mut body = signed.body.clone();
        body.signature.0[byte] ^= 1;
        let mismatch = verify_sign(&order.fact(&body), &signed.proof, &order.device_key()).unwrap_err();
        assert_eq!(mismatch, Mismatch::Signature);
    }
    // Both sides changed in the same way: the parts agree, and nobody signed them.
    let mut body = signed.body.clone();
    let mut proof = Proof::from_bytes(&signed.proof).unwrap();
    body.name = "张三".into();
    proof.statement.name = "张三".into();
    body.proof = blob_id(&proof.to_bytes());
    assert_eq!(verify_sign(&order.fact(&body), &proof.to_bytes(), &order.device_key()), Err(Mismatch::Signature));
}

#[test]
fn a_statement_that_names_another_key_than_its_signer_fails_the_second_question() {
    let order = sample();
    let other = SigningKey::from_bytes(&[99; 32]).verifying_key().to_bytes();
    let prepared = Prepared::new(&order.voucher(), order.signing.clone(), &other).unwrap();
    let signature = ed25519_dalek::Signer::sign(&order.key(), &prepared.bytes());
    let signed = prepared.complete(Signature(signature.to_bytes()));
    let verified = verify_sign(&order.fact(&signed.body), &signed.proof, &order.device_key());
    assert_eq!(verified, Err(Mismatch::Key));
}

#[test]
fn an_erased_leaf_does_not_hide_a_change_elsewhere() {
    let order = sample();
    let verified = verify_changed(&order, |proof| {
        *proof = proof.with_erased("customer.name").unwrap();
        proof.voucher.leaves.last_mut().unwrap().opened.as_mut().unwrap().value.push('!');
    });
    assert_eq!(verified, field("terms"));
    let verified = verify_changed(&order, |proof| {
        *proof = proof.with_erased("customer.name").unwrap();
        let erased = proof.voucher.leaves.iter_mut().find(|leaf| leaf.opened.is_none()).unwrap();
        erased.commitment.0[0] ^= 1;
    });
    assert_eq!(verified, field("voucher"), "the commitment of an erased leaf cannot be named, but is noticed");
}

#[test]
fn every_cut_is_an_error_and_every_changed_byte_is_noticed() {
    let order = sample();
    let signed = order.signed();
    let copy = order.copy().to_bytes();
    for cut in 0..signed.proof.len() {
        let verified = verify_sign(&order.fact(&signed.body), &signed.proof[..cut], &order.device_key());
        assert!(matches!(verified, Err(Mismatch::Unreadable(_))), "cut at {cut}");
    }
    for at in 0..copy.len() {
        assert!(!verify_copy(&copy[..at], None).passed(), "cut at {at}");
    }
    for at in 0..signed.proof.len() {
        let mut changed = signed.proof.clone();
        changed[at] ^= 1;
        assert!(verify_sign(&order.fact(&signed.body), &changed, &order.device_key()).is_err(), "byte {at}");
    }
    for at in (0..copy.len()).step_by(7) {
        let mut changed = copy.clone();
        changed[at] ^= 0x20;
        assert!(!verify_copy(&changed, Some(order.fingerprint())).passed(), "byte {at}");
    }
    let mut longer = copy;
    longer.push(0);
    assert!(!verify_copy(&longer, None).passed());
}
