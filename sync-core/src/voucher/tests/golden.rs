//! Golden bytes: what this version writes is what every released version wrote. `UPDATE_GOLDEN=1` rewrites
//! the files; a change in one of them is a change of a frozen format.

use std::{env, fs, path::PathBuf};

use super::sample::sample;
use super::*;
use crate::proof::certificate::Certificate;
use crate::reference::ReferenceRecord;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/golden/voucher")
}

/// Sixty-four digits a line.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|line| data_encoding::HEXLOWER.encode(line) + "\n").collect()
}

fn all() -> Vec<(String, Vec<u8>)> {
    let order = sample();
    let copy = order.copy();
    let proof = Proof::from_bytes(&copy.proof).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("voucher".into(), proof.voucher.to_bytes()),
        ("voucher-digest".into(), proof.voucher.digest().0.to_vec()),
        ("covered-digest".into(), copy.body.covered_digest.0.to_vec()),
        ("strokes".into(), proof.strokes.to_bytes()),
        ("statement".into(), proof.statement.to_bytes()),
        ("proof".into(), copy.proof.clone()),
        ("proof-erased".into(), proof.with_erased("customer.name").unwrap().to_bytes()),
        ("certificate".into(), copy.certificate.clone()),
        ("copy".into(), copy.to_bytes()),
    ];
    for (name, record) in crate::reference::tests::samples() {
        files.push((format!("reference-{name}"), record.to_bytes()));
    }
    files
}

fn read(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(folder().join(format!("{name}.hex"))).unwrap_or_default();
    data_encoding::HEXLOWER.decode(text.replace('\n', "").as_bytes()).unwrap()
}

#[test]
fn golden_bytes_are_what_this_version_writes() {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for (name, bytes) in all() {
            fs::write(folder().join(format!("{name}.hex")), hexadecimal(&bytes)).unwrap();
        }
    }
    for (name, bytes) in all() {
        assert_eq!(hexadecimal(&read(&name)), hexadecimal(&bytes), "{name}");
    }
}

#[test]
fn golden_bytes_are_read_and_verify() {
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
