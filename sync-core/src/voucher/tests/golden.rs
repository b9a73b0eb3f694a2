//! Golden bytes of vouchers, proofs, copies, certificates and reference records.

#[path = "../../../tests/golden/mod.rs"]
mod golden_files;

use golden_files::{Files, Room};

use super::sample::sample;
use super::*;
use crate::proof::certificate::Certificate;
use crate::reference::ReferenceRecord;

fn room() -> Room {
    Room::open("voucher")
}

fn all() -> Files {
    let order = sample();
    let copy = order.copy();
    let proof = Proof::from_bytes(&copy.proof).unwrap();
    let mut files: Files = vec![
        ("voucher".into(), proof.voucher.to_bytes()),
        ("voucher-digest".into(), proof.voucher.digest().0.to_vec()),
        ("covered-digest".into(), copy.body.covered_digest.0.to_vec()),
        ("strokes".into(), proof.strokes.to_bytes()),
        ("statement".into(), proof.statement.to_bytes()),
        ("proof".into(), copy.proof.clone()),
        ("proof-erased".into(), proof.with_erased("customer.name").unwrap().to_bytes()),
        ("certificate".into(), copy.certificate.clone()),
        ("copy".into(), copy.to_bytes()),
        ("page".into(), copy.to_page().unwrap().into_bytes()),
    ];
    // Signed by an earlier version, with the fields that vouchers had then: never written again.
    files.push(("copy-template-1".into(), room().read("copy-template-1")));
    for (name, record) in crate::reference::tests::samples() {
        files.push((format!("reference-{name}"), record.to_bytes()));
    }
    files
}

#[test]
fn golden_bytes_are_what_this_version_writes() {
    room().check(&all());
}

#[test]
fn u_01_a_voucher_signed_before_it_had_more_fields_still_verifies() {
    let report = verify_copy(&room().read("copy-template-1"), Some(sample().fingerprint()));
    assert!(report.passed());
    let voucher = report.proof.unwrap().voucher;
    assert_eq!((voucher.header.template_version, voucher.value("total.CNY")), (1, Some("155.00 CNY")));
    assert_eq!(voucher.value("guarantee.repair"), None);
}

#[test]
fn golden_bytes_are_read_and_verify() {
    let read = |name: &str| room().read(name);
    let order = sample();
    let report = verify_copy(&read("copy"), Some(order.fingerprint()));
    assert!(report.passed());
    assert_eq!(report.proof.unwrap().voucher.value("customer.name"), Some("王秀英"));
    assert_eq!(Certificate::from_bytes(&read("certificate")).unwrap().verify(), Ok(()));
    let body = order.copy().body;
    let erased = verify_sign(&order.fact(&body), &read("proof-erased"), &order.device_key()).unwrap();
    assert_eq!(erased.erased, ["customer.name"]);
    for (name, record) in crate::reference::tests::samples() {
        assert_eq!(ReferenceRecord::from_bytes(&read(&format!("reference-{name}"))).unwrap(), record);
    }
}
