//! The program as it is used: arguments in, text and exit code out, data in a directory.

use std::ffi::OsString;
use std::path::Path;

use docket_sync_core::facts::bodies::Assign;
use docket_sync_core::lifecycle::Language;
use serde_json::Value;

use super::{Surroundings, open_store, platform, run};
use crate::client::Client;
use crate::platform::terminal::FileKeyStore;
use crate::platform::testing::MemoryKeyStore;
use crate::platform::{KeyStore as _, SecretName};
use crate::replica::tests::fake_store::{FakeStore, PERSON};
use crate::replica::tests::sync;
use crate::transport::Server;

/// What one run said.
struct Said {
    exit: u8,
    out: String,
    err: String,
}

fn device(data: &Path, arguments: &[&str]) -> Said {
    let mut all = vec![OsString::from("docket-device"), "--data".into(), data.into()];
    all.extend(arguments.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(&all, &Surroundings::default(), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { exit, out: text(out), err: text(err) }
}

fn json(data: &Path, arguments: &[&str]) -> Value {
    let said = device(data, &[arguments, &["--json"]].concat());
    assert_eq!(said.exit, 0, "{arguments:?}: {}", said.err);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{arguments:?}: {error} in {}", said.out))
}

/// A directory with an enrolled and synced device, as `enrol` and `sync` leave it.
fn enrolled(store: &mut FakeStore) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let platform = platform(directory.path()).unwrap();
    let mut rows = open_store(directory.path(), &platform).unwrap();
    let secrets = MemoryKeyStore::new();
    store.enrol(&mut rows, &secrets, &platform.clock);
    let files = FileKeyStore::new(&directory.path().join("keys"));
    for name in [SecretName::SigningKey, SecretName::Incarnation] {
        files.put(name, &secrets.get(name).unwrap().unwrap()).unwrap();
    }
    let mut client = Client::open(rows, platform).unwrap();
    sync(client.replica_mut(), store).unwrap();
    directory
}

#[test]
fn a_technicians_day_on_the_command_line() {
    let mut store = FakeStore::new();
    let order = store.order(1);
    store.office(order, Assign { technician: PERSON, skipped: Vec::new(), reason: None, turn: Some(1) }.into());
    let directory = enrolled(&mut store);
    let data = directory.path();
    let order = "S-1";
    assert_eq!(json(data, &["list"])["items"][0]["state"], "dispatched");
    for arguments in [
        vec!["accept", order],
        vec!["depart", order],
        vec!["arrive", order],
        vec!["start", order],
        vec!["pause", order, "--reason", "fetching a part"],
        vec!["resume", order],
        vec!["labour", "add", order, "--hours", "1.5", "--amount", "150.00"],
        vec!["part", "add", order, "--name", "Seal", "--amount", "12.5"],
        vec!["note", order, "the tap was closed"],
        vec!["done", order, "--finding", "seal replaced"],
    ] {
        let said = device(data, &arguments);
        assert_eq!(said.exit, 0, "{arguments:?}: {}", said.err);
    }
    let strokes = data.join("strokes.json");
    let drawing = r#"{"width":300,"height":100,"strokes":[[{"x":1,"y":2,"t":0},{"x":50,"y":60,"t":120}]]}"#;
    std::fs::write(&strokes, drawing).unwrap();
    let (strokes, copy) = (strokes.display().to_string(), data.join("copy.docket").display().to_string());
    let words = ["sign", order, "--from", &strokes, "--name", "Wang", "--relation", "owner", "--opinion", "satisfied"];
    let signed = json(data, &[words.as_slice(), &["--copy", &copy]].concat());
    assert_eq!((&signed["order"]["state"], &signed["order"]["signature"]), (&"completed".into(), &"signed".into()));
    let report = docket_sync_core::voucher::copy::verify_copy(&std::fs::read(copy).unwrap(), None);
    assert_eq!(report.intact, docket_sync_core::voucher::copy::Answer::Yes);
    assert_eq!(json(data, &["status"])["unsent"], 11);

    let shown = device(data, &["show", order, "--lang", "zh"]);
    assert!(shown.out.contains("已完工") && shown.out.contains("seal replaced"), "{}", shown.out);
    assert!(device(data, &["list"]).out.contains("[not sent: 11]"));
    assert!(device(data, &["list", "--all", "--lang=zh"]).out.contains("未发送 11"));
}

#[test]
fn errors_are_a_sentence_what_to_do_and_a_stable_exit_code() {
    let nowhere = tempfile::tempdir().unwrap();
    let said = device(nowhere.path(), &["list"]);
    assert_eq!(said.exit, 3);
    assert!(said.err.contains("not enrolled") && said.err.contains("docket-device enrol"), "{}", said.err);
    assert!(!nowhere.path().join("store").exists(), "asking makes nothing");

    let mut store = FakeStore::new();
    store.order(1);
    let directory = enrolled(&mut store);
    let data = directory.path();
    let exits = [
        (4, vec!["show", "no-such-order"], "no_order"),
        (5, vec!["depart", "S-1"], "not_assigned"),
        (5, vec!["pause", "S-1", "--reason", "x"], "no_visit"),
        (2, vec!["note", "S-1", " "], "missing_field"),
        (2, vec!["enrol", "--server", "http://192.0.2.1", "--code", "x"], "plain"),
        (2, vec!["enrol", "--server", "https://a.example", "--code", "x", "--fingerprint", "12"], "fingerprint"),
        (2, vec!["enrol", "--server", "http://localhost:1", "--code", "x"], "already_enrolled"),
        (6, vec!["sync"], "unreachable"),
    ];
    for (exit, arguments, code) in exits {
        let said = device(data, &[arguments.as_slice(), &["--json"]].concat());
        assert_eq!(said.exit, exit, "{arguments:?}: {}", said.err);
        let told: Value = serde_json::from_str(&said.err).unwrap();
        assert_eq!(told["code"], code, "{arguments:?}");
        assert!(!told["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(device(data, &["unknown-command"]).exit, 2);
    assert_eq!(device(data, &["--help"]).exit, 0);
}

#[test]
fn a_second_process_is_told_that_the_data_is_in_use() {
    let mut store = FakeStore::new();
    store.order(1);
    let directory = enrolled(&mut store);
    let platform = platform(directory.path()).unwrap();
    let held = open_store(directory.path(), &platform).unwrap();
    let said = device(directory.path(), &["list"]);
    assert_eq!(said.exit, 8);
    drop(held);
    assert_eq!(device(directory.path(), &["list"]).exit, 0);
}

#[test]
fn a_copied_directory_without_its_keys_shows_nothing_and_says_why() {
    let mut store = FakeStore::new();
    store.order(1);
    let directory = enrolled(&mut store);
    std::fs::remove_dir_all(directory.path().join("keys")).unwrap();
    let said = device(directory.path(), &["list"]);
    assert_eq!(said.exit, 3);
    assert!(said.err.contains("keys are gone"), "{}", said.err);
}

#[test]
fn help_speaks_the_language_that_was_asked_for() {
    let nowhere = tempfile::tempdir().unwrap();
    let help = device(nowhere.path(), &["sign", "--help", "--lang", "zh"]).out;
    assert!(help.contains("请客户签署服务凭证") && help.contains("示例："), "{help}");
    let help = device(nowhere.path(), &["--help"]).out;
    assert!(help.contains("Exit codes:") && help.contains("docket-device"), "{help}");
    assert_eq!(super::language(&[], Some("zh_CN.UTF-8")), Language::Zh);
    assert!(Server::new("http://localhost", None).is_ok());
}
