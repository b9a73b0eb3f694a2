//! Tests of vouchers, signatures and copies over one sample order.

mod golden;
mod pages;
mod sample;
mod tampering;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use self::sample::sample;
use super::copy::Problem::{BadCertificate, NotSigned, OtherDevice, OtherFingerprint, OtherKey, OtherStore};
use super::copy::{Answer, verify_copy};
use super::*;
use crate::facts::values::{Opinion, OpinionGrade};
use crate::ids::Signature;
use crate::lifecycle::view::NotBillable;
use crate::limits;

#[test]
fn the_voucher_carries_content_fee_and_time_in_the_customers_language() {
    let text = sample().voucher().render_text(Language::Zh);
    for shown in [
        "服务凭证",
        "清风售后服务有限公司",
        "王秀英",
        "解放路 12 号",
        "2024-06-001234",
        "空调不制冷，外机异响",
        "李师傅",
        "2025-11-21 19:30 +08:00",
        "制冷剂不足，已补充",
        "电容 45 µF",
        "2 件",
        "35.00 CNY",
        "1.5 小时",
        "免费",
        "费用合计: 155.00 CNY",
        "技术员",
        "满意",
        "解放",
    ] {
        let found = text.contains(shown) || sample().statement_text().contains(shown);
        assert!(found, "{shown} is not in\n{text}");
    }
    let mut english = sample();
    english.language = Language::En;
    let voucher = english.voucher();
    assert_eq!(voucher.value("order.class"), Some("chargeable"));
    assert!(voucher.render_text(Language::En).contains("Total fee: 155.00 CNY"));
    assert_ne!(voucher.digest(), sample().voucher().digest(), "the language is part of what is signed");
}

#[test]
fn c_083_a_fee_of_zero_is_shown_and_missing_content_or_time_is_not_offered() {
    let mut order = sample();
    order.view.lines.clear();
    assert_eq!(order.voucher().value("total.CNY"), Some("0.00 CNY"));
    let mut order = sample();
    order.view.visits.clear();
    assert_eq!(order.try_voucher(), Err(VoucherError::Missing("visit")));
    let mut order = sample();
    order.view.request = None;
    assert_eq!(order.try_voucher(), Err(VoucherError::Missing("request")));
}

#[test]
fn reversed_lines_are_not_shown_and_not_charged() {
    let mut order = sample();
    let shown = shown_facts(&order.view).len();
    order.view.lines[0].standing = crate::lifecycle::view::LineStanding::Reversed;
    let voucher = order.voucher();
    assert!(voucher.leaves.iter().all(|leaf| leaf.value() != Some("电容 45 µF (CAP-45, SN-9)")));
    assert_eq!(voucher.value("total.CNY"), Some("120.00 CNY"));
    assert_eq!(shown_facts(&order.view).len(), shown - 1);
}

#[test]
fn c_080_a_signature_verifies_against_the_bytes_shown_with_no_network() {
    let order = sample();
    let signed = order.signed();
    assert!(signed.proof.len() <= limits::PROOF_BYTES_MAX);
    let verified = verify_sign(&order.fact(&signed.body), &signed.proof, &order.device_key()).unwrap();
    assert_eq!(verified.proof.voucher, order.voucher());
    assert!(verified.erased.is_empty());
    assert_eq!(signed.body.covered.len(), order.covered.len());
    assert_eq!(signed.body.proof, blob_id(&signed.proof));
}

#[test]
fn c_081_no_opinion_is_stated_as_none_given() {
    let mut order = sample();
    order.signing.opinion = Opinion { grade: OpinionGrade::NoneGiven, text: None };
    let signed = order.signed();
    let verified = verify_sign(&order.fact(&signed.body), &signed.proof, &order.device_key()).unwrap();
    assert_eq!(verified.proof.statement.opinion.grade, OpinionGrade::NoneGiven);
    assert!(verified.proof.statement.render_text(Language::Zh).contains("签署意见: 未填写"));
}

#[test]
fn a_key_store_that_only_signs_gives_the_same_signature() {
    let order = sample();
    let key = order.key();
    let prepared = Prepared::new(&order.voucher(), order.signing.clone(), &key.verifying_key().to_bytes()).unwrap();
    let signature = ed25519_dalek::Signer::sign(&key, &prepared.bytes());
    assert_eq!(prepared.complete(Signature(signature.to_bytes())), order.signed());
}

#[test]
fn nobody_signs_without_a_name() {
    let mut order = sample();
    order.signing.name = "  ".into();
    assert_eq!(sign(&order.voucher(), order.signing.clone(), &order.key()), Err(SignError::Missing("name")));
    order.signing.name = "王".repeat(limits::TEXT_BYTES_MAX);
    assert_eq!(sign(&order.voucher(), order.signing.clone(), &order.key()), Err(SignError::TooLong("name")));
}

#[test]
fn many_lines_and_a_long_drawing_still_fit_into_one_proof() {
    let mut order = sample();
    let line = order.view.lines[0].clone();
    order.view.lines = vec![line.clone(); 90];
    order.signing.strokes = strokes::Strokes::from_drawing(&strokes::tests::sample(6_000)).unwrap();
    let voucher = order.voucher();
    assert_eq!(voucher.value("line.90"), Some("电容 45 µF (CAP-45, SN-9); 2 件; 35.00 CNY"));
    assert_eq!(voucher.value("total.CNY"), Some("3150.00 CNY"));
    let signed = order.signed();
    assert!(signed.proof.len() <= limits::PROOF_BYTES_MAX, "{} bytes", signed.proof.len());
    verify_sign(&order.fact(&signed.body), &signed.proof, &order.device_key()).unwrap();

    order.view.lines = vec![line; 400];
    assert!(matches!(order.try_voucher(), Err(VoucherError::TooLarge { .. })));
}

#[test]
fn the_largest_voucher_leaves_room_for_the_longest_words_and_a_drawing() {
    let mut order = sample();
    order.signing.strokes = strokes::Strokes::from_drawing(&strokes::tests::sample(6_000)).unwrap();
    order.signing.name = "n".repeat(limits::TEXT_BYTES_MAX);
    order.signing.relation = "r".repeat(limits::TEXT_BYTES_MAX);
    order.signing.opinion.text = Some("o".repeat(limits::TEXT_BYTES_MAX));
    let request = order.view.request.as_mut().unwrap();
    request.problem = "x".repeat(request.problem.len() + limits::VOUCHER_BYTES_MAX - 8_000);
    let spare = limits::VOUCHER_BYTES_MAX - order.voucher().to_bytes().len();
    order.view.request.as_mut().unwrap().problem.push_str(&"x".repeat(spare));
    assert_eq!(order.voucher().to_bytes().len(), limits::VOUCHER_BYTES_MAX);
    let signed = order.signed();
    assert!(signed.proof.len() <= limits::PROOF_BYTES_MAX, "{} bytes", signed.proof.len());
    assert!(Proof::from_bytes(&signed.proof).unwrap().strokes.strokes.iter().flatten().count() > 100);
}

#[test]
fn u_17_an_erased_field_cannot_be_read_and_the_signature_still_verifies() {
    let order = sample();
    let signed = order.signed();
    let proof = Proof::from_bytes(&signed.proof).unwrap();
    for leaf in &proof.voucher.leaves {
        let erased = proof.with_erased(&leaf.path).unwrap().to_bytes();
        let verified = verify_sign(&order.fact(&signed.body), &erased, &order.device_key()).unwrap();
        assert_eq!(verified.erased, [&*leaf.path]);
        assert_eq!(verified.proof.voucher.digest(), signed.body.voucher);
        assert_eq!(verified.proof.voucher.value(&leaf.path), None);
    }
    let mut all = proof.clone();
    for leaf in &proof.voucher.leaves {
        all = all.with_erased(&leaf.path).unwrap();
    }
    let bytes = all.to_bytes();
    assert!(verify_sign(&order.fact(&signed.body), &bytes, &order.device_key()).is_ok());
    assert!(!String::from_utf8_lossy(&bytes).contains("解放路"));
    assert!(proof.with_erased("no.such.field").is_none());
    assert!(all.voucher.render_text(Language::Zh).contains("客户: （已删除）"));
}

#[test]
fn salts_hide_equal_values_from_each_other() {
    let order = sample();
    let first = order.voucher();
    let second = Voucher::build(&order.input(), &[8; 32]).unwrap();
    for (one, other) in first.leaves.iter().zip(&second.leaves) {
        assert_eq!(one.value(), other.value());
        assert_ne!(one.commitment, other.commitment, "{}", one.path);
    }
    let mut salts: Vec<_> = first.leaves.iter().map(|leaf| leaf.opened.as_ref().unwrap().salt.0).collect();
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), first.leaves.len());
    assert_eq!(first.first_difference(&second), None);
}

#[test]
fn x_44_what_changed_after_signing_is_named() {
    let order = sample();
    let signed = order.voucher();
    let mut later = sample();
    later.names.address = "新址".into();
    assert_eq!(signed.first_difference(&later.voucher()), Some("site.address".to_owned()));
    later.names.address = order.names.address.clone();
    later.view.lines.truncate(1);
    assert_eq!(signed.first_difference(&later.voucher()), Some("line.2.item".to_owned()));

    let mut present = order.covered.clone();
    assert_eq!(signed.first_not_in(&present), None);
    present[2].1 = Digest([0; 32]);
    assert_eq!(signed.first_not_in(&present), Some(order.covered[2].0));
}

#[test]
fn u_09_changes_since_signing_name_added_changed_and_removed_lines_with_the_totals() {
    let order = sample();
    let signed = order.voucher();
    assert_eq!(signed.changes(&order.voucher()), []);
    let mut later = sample();
    let gone = later.view.lines.remove(1);
    later.view.lines[0].line.quantity = 3_000;
    let mut added = gone.clone();
    added.line.name = "延长管".into();
    later.view.lines.push(added);
    let now = later.voucher();
    let text = |language| signed.changes(&now).iter().map(|change| change.render_text(language)).collect::<Vec<_>>();
    assert_eq!(
        text(Language::En),
        [
            "Changed: Part: 电容 45 µF (CAP-45, SN-9); 2 件; 35.00 CNY → 电容 45 µF (CAP-45, SN-9); 3 件; 35.00 CNY",
            "Taken back: Labour: 维修工时; 1.5 小时; 120.00 CNY",
            "Added: Labour: 延长管; 1.5 小时; 120.00 CNY",
        ]
    );
    assert!(text(Language::Zh)[2].starts_with("新增：工时：延长管"));
    later.view.lines.truncate(1);
    let fewer = signed.changes(&later.voucher());
    let total = fewer.iter().find(|change| change.path == "total.CNY").unwrap();
    assert_eq!((total.before.as_deref(), total.after.as_deref()), (Some("155.00 CNY"), Some("35.00 CNY")));
    // Lines after one that was taken back do not look changed, and what was erased is passed over.
    assert_eq!(fewer.iter().filter(|change| change.kind == ChangeKind::Changed).count(), 2, "{fewer:?}");
    let erased = signed.with_erased("line.2.item").unwrap();
    assert!(erased.changes(&now).iter().all(|change| !change.path.starts_with("line.2")));
}

#[test]
fn the_voucher_shows_everything_that_binds_the_customer() {
    let mut order = sample();
    sample::with_terms(&mut order);
    let voucher = order.voucher();
    let shown = |path: &str| voucher.value(path).unwrap_or_default().to_owned();
    assert_eq!(shown("quote.version"), "2");
    assert_eq!(shown("quote.amount"), "160.00 CNY");
    assert_eq!(shown("quote.consent"), "已同意, 2025-11-21 19:40 +08:00, 王秀英, 业主, 现场");
    assert_eq!((shown("discount.1.amount"), shown("discount.1.reason")), ("-15.00 CNY".into(), "老客户".into()));
    assert_eq!((shown("paid.1.amount"), shown("paid.1.receipt")), ("100.00 CNY".into(), "R-0007".into()));
    assert_eq!((shown("custody.1.goods"), shown("custody.1.receipt")), ("主板 (MB-1)".into(), "K-0003".into()));
    assert_eq!(shown("custody.1.state"), "由本公司保管");
    assert_eq!(shown("guarantee.repair"), "90 天，至 2026-02-19 21:05 +08:00");
    assert_eq!(shown("next.appointment"), "2025-11-23 09:00 +08:00 – 2025-11-23 11:00 +08:00 (已确认)");
    // C-095, C-020: 155.00 less 35.00 that is not charged, less the discount.
    assert_eq!(shown("line.1.held"), "本单对客户免费");
    assert_eq!(shown("total.CNY"), "105.00 CNY");
    let covered = shown_facts(&order.view);
    for sequence in [20, 21, 22, 23, 24, 25] {
        assert!(covered.iter().any(|fact| fact.sequence == sequence), "fact {sequence} is shown and not covered");
    }
}

#[test]
fn x_43_only_what_signing_makes_due_is_in_the_total() {
    for held in NotBillable::ALL {
        let mut order = sample();
        order.view.lines[0].held = Some(*held);
        let voucher = order.voucher();
        let total = if held.ends_by_signing() { "155.00 CNY" } else { "120.00 CNY" };
        assert_eq!(voucher.value("total.CNY"), Some(total), "{held:?}");
        assert_eq!(voucher.value("line.1.held").is_some(), !held.ends_by_signing() && *held != NotBillable::NoCharge);
    }
}

#[test]
fn covered_digest_does_not_depend_on_order_or_repetition() {
    let covered = sample().covered;
    let mut other = covered.clone();
    other.reverse();
    other.extend(&covered);
    assert_eq!(covered_digest(&covered), covered_digest(&other));
    assert_ne!(covered_digest(&covered), covered_digest(&covered[1..]));
}

#[test]
fn u_22_a_copy_answers_three_questions() {
    let order = sample();
    let bytes = order.copy().to_bytes();
    let known = verify_copy(&bytes, Some(order.fingerprint()));
    assert!(known.passed());
    assert_eq!(known.render_text(Language::En).lines().filter(|line| line.ends_with("Yes.")).count(), 3);
    let unknown = verify_copy(&bytes, None);
    assert!(unknown.passed());
    let text = unknown.render_text(Language::Zh);
    assert!(text.contains(&order.fingerprint().to_string()) && text.contains("请与您所知的指纹核对"), "{text}");
    assert_eq!(unknown.proof.unwrap().voucher.value("customer.name"), Some("王秀英"));
}

#[test]
fn wrong_company_wrong_device_and_wrong_key_fail_the_question_they_belong_to() {
    let order = sample();
    let other_store = SigningKey::from_bytes(&[77; 32]);
    let check = |copy: &copy::CustomerCopy, expected: Option<_>| {
        let report = verify_copy(&copy.to_bytes(), expected);
        [report.intact, report.signed, report.vouched]
    };
    let (yes, no) = (Answer::Yes, Answer::No);
    let good = order.copy();
    let unexpected = crate::proof::certificate::Fingerprint([1; 16]);
    assert_eq!(check(&good, Some(unexpected)), [yes.clone(), yes.clone(), no(OtherFingerprint)]);

    let with_certificate = |certificate: crate::proof::certificate::Certificate| copy::CustomerCopy {
        certificate: certificate.to_bytes(),
        ..good.clone()
    };
    let by_other = with_certificate(order.certificate(&order.key(), &other_store));
    assert_eq!(check(&by_other, None), [yes.clone(), yes.clone(), no(OtherStore)]);
    assert_eq!(check(&by_other, Some(order.fingerprint())), [yes.clone(), yes.clone(), no(OtherFingerprint)]);

    let other_key = with_certificate(order.certificate(&other_store, &order.store_key()));
    assert_eq!(check(&other_key, None), [yes.clone(), no(OtherKey), yes.clone()]);

    let mut forged = order.certificate(&order.key(), &order.store_key());
    forged.device = crate::ids::DeviceId([3; 16]);
    assert_eq!(check(&with_certificate(forged.clone()), None)[2], no(BadCertificate));
    let mut said = order.certified(&order.key());
    said.device = forged.device;
    let issued = crate::proof::certificate::Certificate::issue(said, &order.store_key());
    assert_eq!(check(&with_certificate(issued), None), [yes.clone(), yes.clone(), no(OtherDevice)]);

    let mut unsigned = good.clone();
    unsigned.body.signature.0[5] ^= 1;
    assert_eq!(check(&unsigned, None), [yes.clone(), no(NotSigned), yes]);
    let unreadable = copy::CustomerCopy { certificate: vec![1, 2, 3], ..good };
    let [intact, signed, vouched] = check(&unreadable, None);
    assert!(matches!(
        (intact, signed, vouched),
        (Answer::Yes, Answer::Unknown, Answer::No(copy::Problem::Unreadable(_)))
    ));
}

#[test]
fn control_characters_do_not_reach_a_terminal() {
    let mut order = sample();
    order.names.customer = "\u{1b}[2J王".into();
    order.signing.name = "\u{7}王".into();
    assert!(!order.voucher().render_text(Language::En).contains('\u{1b}'));
    assert!(!order.statement_text().contains('\u{7}'));
    let signed = order.signed();
    let proof = Proof::from_bytes(&signed.proof).unwrap();
    assert_eq!(proof.voucher.value("customer.name"), Some("\u{1b}[2J王"), "what is signed stays as it was shown");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_voucher_survives_its_bytes(
        customer in "\\PC{0,40}", problem in "[一-龥a-z\n ]{0,200}", seed: [u8; 32],
        covered in proptest::collection::btree_map((any::<[u8; 16]>(), any::<u64>()), any::<[u8; 32]>(), 0..20),
    ) {
        let mut order = sample();
        order.names.customer = customer.clone();
        order.view.request.as_mut().unwrap().problem = problem.clone();
        order.covered = covered.into_iter().map(|((actor, sequence), digest)| {
            (FactId { actor: ActorId(actor), sequence }, Digest(digest))
        }).collect();
        let voucher = Voucher::build(&order.input(), &seed).unwrap();
        let read = Voucher::from_bytes(&voucher.to_bytes()).unwrap();
        prop_assert_eq!(&read, &voucher);
        prop_assert_eq!(read.first_broken(), None);
        prop_assert_eq!(read.value("customer.name"), Some(&*customer));
        prop_assert_eq!(read.value("order.problem"), Some(&*problem));
        prop_assert_eq!(read.digest(), voucher.digest());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Voucher::from_bytes(&bytes).is_err());
        prop_assert!(Proof::from_bytes(&bytes).is_err());
        prop_assert!(Statement::from_bytes(&bytes).is_err());
        let report = verify_copy(&bytes, None);
        prop_assert!(!report.passed());
        let framed: Vec<u8> = copy::MAGIC.into_iter().chain(bytes).collect();
        prop_assert!(!verify_copy(&framed, None).passed());
    }
}
