//! The customer's copy as a page: whatever is changed in it is noticed, and the field is named (U-22).

use super::sample::{sample, with_terms};
use super::*;
use crate::voucher::copy::{CustomerCopy, Problem};
use crate::voucher::page::verify_file;

fn page() -> (Vec<u8>, crate::proof::certificate::Fingerprint, CustomerCopy) {
    let order = sample();
    let copy = order.copy();
    (copy.to_page().unwrap().into_bytes(), order.fingerprint(), copy)
}

#[test]
fn u_22_the_page_is_read_without_us_and_verifies_from_itself() {
    let (page, fingerprint, copy) = page();
    let report = verify_file(&page, Some(fingerprint));
    assert!(report.passed(), "{}", report.render_text(Language::En));
    assert_eq!(report, verify_copy(&copy.to_bytes(), Some(fingerprint)), "the same answers as for the bytes alone");
    let text = String::from_utf8(page).unwrap();
    for shown in ["王秀英", "费用合计", "155.00 CNY", "解放路 12 号", "师傅很准时", "<svg", &fingerprint.to_string()]
    {
        assert!(text.contains(shown), "{shown}");
    }
    let code = report.code().unwrap();
    assert!(text.contains(&code.to_string()));
    // It loads nothing and runs nothing.
    for active in ["http:", "https:", " src=", " href=", "javascript", " on"] {
        let before = text.split("<script").next().unwrap();
        assert!(!before.contains(active) || active == " on" && !before.contains(" onload"), "{active}");
    }
    assert_eq!(text.matches("<script").count(), 1);
}

#[test]
fn u_22_every_changed_byte_of_the_page_is_noticed_and_its_field_is_named() {
    let (page, fingerprint, _) = page();
    let text = String::from_utf8(page.clone()).unwrap();
    let bytes_begin = text.find("id=\"docket-copy\"").unwrap();
    let (mut named, mut offset) = (std::collections::BTreeSet::new(), 0);
    for row in text.split_inclusive('\n') {
        let path = row.split_once("data-path=\"").map(|(_, rest)| rest.split('"').next().unwrap());
        // Every byte of a field, every seventh of the rest: the bytes inside are tried one by one elsewhere.
        let step = if path.is_some_and(|path| path != "qr" && path != "strokes") { 1 } else { 7 };
        for at in (offset..offset + row.len()).step_by(step) {
            let mut changed = page.clone();
            changed[at] ^= 1;
            let report = verify_file(&changed, Some(fingerprint));
            assert!(!report.passed(), "byte {at}: {row}");
            if let (Some(path), true) = (path, str::from_utf8(&changed).is_ok() && at < bytes_begin) {
                assert_eq!(report.intact, Answer::No(Problem::Field(path.to_owned())), "byte {at}: {row}");
                named.insert(path.to_owned());
            }
        }
        offset += row.len();
    }
    for path in ["customer.name", "line.1.amount", "total.CNY", "strokes", "name", "opinion.text", "code", "qr"] {
        assert!(named.contains(path), "{path}");
    }
    assert!(!verify_file(&page[..page.len() - 1], None).passed());
    assert!(!verify_file(&[&page[..], b" "].concat(), None).passed());
    assert!(!verify_file(b"<!DOCTYPE html>\n<html></html>", None).passed());
}

#[test]
fn u_09_the_printed_voucher_carries_digest_and_short_code_and_room_to_sign() {
    let order = sample();
    let voucher = order.voucher();
    let page = voucher.to_print();
    let code = VerificationCode(voucher.digest());
    for shown in [voucher.digest().to_string(), code.short(), "费用合计".into(), "\u{2610} 满意".into(), "<svg".into()]
    {
        assert!(page.contains(&shown), "{shown}");
    }
    assert!(!page.contains("<script"));
    assert!(code.begins_with(&code.short()) && code.begins_with(&code.short().to_lowercase().replace('-', " ")));
    assert!(!code.begins_with("AAAA-AAAA") && !code.begins_with(&code.short()[..6]));
}

#[test]
fn texts_of_people_stay_texts_on_the_page() {
    let mut order = sample();
    with_terms(&mut order);
    order.names.customer = "<script>alert(1)</script>&\"'".into();
    order.view.request.as_mut().unwrap().problem = "one\ntwo\u{202e}\u{1b}".into();
    let page = order.copy().to_page().unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"));
    assert!(page.contains("one<br>two\u{fffd}\u{fffd}"));
    assert!(verify_file(page.as_bytes(), Some(order.fingerprint())).passed());
}

#[test]
fn the_code_is_the_same_of_every_form_and_survives_paper_and_telephone() {
    let (_, _, copy) = page();
    let proof = Proof::from_bytes(&copy.proof).unwrap();
    let code = proof.statement.code();
    assert_eq!(proof.with_erased("customer.name").unwrap().statement.code(), code);
    for written in [code.to_string(), code.to_string().to_lowercase().replace('-', " "), code.qr_text()] {
        assert_eq!(written.parse::<VerificationCode>().unwrap(), code);
    }
    assert!("K7QM".parse::<VerificationCode>().is_err());
    assert_eq!(code.short().len(), 9);
    let modules = code.qr_modules();
    assert!(modules.len() >= 25 && modules.iter().all(|row| row.len() == modules.len()));
    let terminal = code.qr_terminal();
    assert!(terminal.lines().all(|line| line.chars().count() == modules.len() + 8));
}
