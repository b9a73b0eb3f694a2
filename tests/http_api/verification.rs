//! The customer's copy in his own browser, with the company gone: the page that verifies it, opened from a disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use docket_harness::world::{Trouble, World};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::HOUR;
use docket_sync_core::voucher::copy::{Answer, CustomerCopy, verify_copy};
use docket_sync_core::voucher::page::verify_file;
use serde_json::Value;

use super::Page;
use super::browser::chromium;

/// What the office hands out for the customer: the page and the bytes, with the company's fingerprint.
async fn handed_out() -> Result<(Vec<u8>, Vec<u8>, docket_sync_core::proof::Fingerprint), Trouble> {
    let world = World::new(62).await?;
    let mut li = world.technician("李师傅").await?;
    let order: DocumentId = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    world.pass(HOUR);
    li.work(order)?;
    let fact = li.sign(order)?;
    let own: CustomerCopy = li.client.customer_copy(&li.show(order)?, fact)?.ok_or("the copy on the device")?;
    world.settle(&mut [&mut li]).await?;
    let page = Page::open(&world, world.clerk).await?;
    let path = format!("/api/orders/{order}/signatures/{}", fact.reference());
    let (status, html) = page.get(&format!("{path}/page")).await?;
    assert!(status.is_success(), "{}", String::from_utf8_lossy(&html));
    let (status, bytes) = page.get(&format!("{path}/copy")).await?;
    assert!(status.is_success());
    assert_eq!(bytes, own.to_bytes(), "the office's copy is the one that the customer got on site");
    assert_eq!(html, own.to_page()?.into_bytes());
    Ok((html, bytes, world.office.keys.fingerprint()))
}

/// Every field of the page with one byte of its value changed, by the name of the field.
fn changed_pages(page: &str) -> BTreeMap<String, Vec<u8>> {
    let mut changed = BTreeMap::new();
    let mut offset = 0;
    for row in page.split_inclusive('\n') {
        let path = row.split_once("<tr data-path=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(path, _)| path);
        let value = row.find("<td>").map(|at| at + 4);
        if let (Some(path), Some(value)) = (path, value) {
            let first = &row[value..].chars().next().map_or(1, char::len_utf8);
            let mut bytes = page.as_bytes().to_vec();
            bytes[offset + value + first - 1] ^= 1;
            changed.insert(path.to_owned(), bytes);
        }
        offset += row.len();
    }
    changed
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
    Ok(std::fs::write(folder.join(name), bytes)?)
}

#[tokio::test]
async fn u_22_the_copy_is_verified_in_a_browser_after_the_server_was_wiped() -> Result<(), Trouble> {
    // 1. The customer has his copy; then the company, its server and its store are gone.
    let (html, bytes, fingerprint) = handed_out().await?;
    let text = String::from_utf8(html.clone())?;
    let folder = tempfile::tempdir()?;
    write(folder.path(), "0-page.html", &html)?;
    write(folder.path(), "0-bytes.cbor", &bytes)?;
    // 2. Somebody changes one byte of every field, in the page or in the signed bytes.
    let changed = changed_pages(&text);
    assert!(changed.len() > 20, "{:?}", changed.keys());
    for (path, page) in &changed {
        write(folder.path(), &format!("page {path}.html"), page)?;
        assert_eq!(verify_file(page, Some(fingerprint)).first_difference.as_deref(), Some(path.as_str()));
    }
    for (word, _) in [("更换电容", 0), ("南京西路 1266 号", 0)] {
        let at = bytes.windows(word.len()).position(|found| found == word.as_bytes()).ok_or("the word in the copy")?;
        let mut other = bytes.clone();
        other[at + 2] ^= 1;
        let named = verify_copy(&other, Some(fingerprint)).first_difference.ok_or("a field")?;
        write(folder.path(), &format!("bytes {named}.cbor"), &other)?;
    }
    let mut unsigned = CustomerCopy::from_bytes(&bytes)?;
    unsigned.body.signature.0[5] ^= 1;
    assert_eq!(verify_copy(&unsigned.to_bytes(), None).vouched, Answer::Yes);
    write(folder.path(), "signature.cbor", &unsigned.to_bytes())?;

    // 3. The page that verifies answers each of them, without a network.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let verifier = root.join("../server/web/dist/verify.html");
    assert!(verifier.exists(), "the verification page is not built: run `cargo xtask setup`");
    let run = Command::new("node")
        .arg("verify.mjs")
        .args([verifier, PathBuf::from(folder.path())])
        .arg(fingerprint.to_string())
        .current_dir(root.join("browser"))
        .env("CHROMIUM", chromium()?)
        .output()?;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut answers = BTreeMap::new();
    for line in String::from_utf8(run.stdout)?.lines() {
        let answer: Value = serde_json::from_str(line)?;
        answers.insert(answer["file"].as_str().unwrap_or_default().to_owned(), answer);
    }
    let code = verify_copy(&bytes, None).code().ok_or("a code")?.to_string();
    for name in ["0-page.html", "0-bytes.cbor"] {
        let answer = &answers[name];
        assert_eq!((&answer["passed"], &answer["vouched"]), (&true.into(), &"yes".into()), "{answer}");
        assert_eq!((&answer["code"], &answer["customer"]), (&code.as_str().into(), &"陈静".into()));
    }
    assert_eq!(answers.len(), changed.len() + 5, "{:?}", answers.keys());
    for (name, answer) in answers.iter().filter(|(name, _)| !name.starts_with("0-")) {
        assert_eq!(answer["passed"], false, "{answer}");
        let field = name.trim_end_matches(".html").trim_end_matches(".cbor").split_once(' ').map(|(_, field)| field);
        match field {
            Some(field) => assert_eq!(answer["field"], field, "{answer}"),
            None => assert_eq!((&answer["intact"], &answer["signed"]), (&"yes".into(), &"no".into()), "{answer}"),
        }
    }
    Ok(())
}
