//! The table of pairs in `docs/pairs.md`, written from the stories' own data. `UPDATE_GOLDEN=1` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use crate::lifecycle::fold;
use crate::lifecycle::scenario::{STORIES, Scenario};

/// Pairs that one order's facts do not decide, with where they are decided. Their tests are found by name.
const ELSEWHERE: &[(&str, &str)] = &[
    ("X-23", "the gate: quarantine after a revocation"),
    ("X-24", "ledger: dispatch"),
    ("X-35", "ledger: serial numbers; tests/books"),
    ("X-36", "ledger: stock; tests/books"),
    ("X-41", "ledger: stocktake; tests/books"),
    ("X-42", "lines add up (X-34); overlap on two orders is the ledger's: tests/books"),
    ("X-64", "ledger: hours"),
    ("X-66", "ledger: settlement"),
    ("X-68", "ledger: duplicates"),
    ("X-69", "ledger: duplicates"),
    ("X-70", "ledger: duplicates"),
    ("X-74", "restore: healing by devices"),
    ("X-75", "ledger: numbers; tests/healing"),
    ("X-76", "tests/pairs: cloned devices"),
];

/// Folders in which tests of pairs lie, beside the stories.
const TESTS: [&str; 5] = ["tests", "server/src", "client-ffi/src", "sync-core/src", "sync-core/tests"];

/// The tests named after a pair that no story tells, by pair.
fn tests_elsewhere() -> BTreeMap<String, BTreeSet<String>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<PathBuf> = TESTS.iter().map(|folder| root.join(folder)).collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                let words = source.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
                for name in words.filter(|word| word.len() > "x_00_".len()) {
                    if let Some(pair) = pair(name) {
                        found.entry(pair).or_default().insert(name.to_owned());
                    }
                }
            }
        }
    }
    found
}

/// `x_04_...` is about X-04.
fn pair(name: &str) -> Option<String> {
    let rest = name.strip_prefix("x_")?;
    let number = rest.get(..2).filter(|_| rest.get(2..3) == Some("_"))?;
    number.parse::<u8>().ok().map(|_| format!("X-{number}"))
}

fn table() -> String {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for story in STORIES {
        let Some(pair) = pair(story.name) else { continue };
        let mut scenario = Scenario::default();
        (story.play)(&mut scenario);
        let view = fold(&scenario.facts());
        let expected = (story.expected)();
        let mut result = format!("{} / {}", view.state, view.signature);
        for cancel in &view.cancels {
            write!(result, ", cancel {}", cancel.effect).unwrap();
        }
        for (name, value) in &expected.facets {
            write!(result, ", {name} {}", if value.is_empty() { "none" } else { value }).unwrap();
        }
        let reviews: Vec<String> = view
            .reviews
            .iter()
            .map(|review| {
                let limit = if review.blocking && review.due.is_none() { "blocking" } else { "with a limit" };
                format!("{} ({}, {limit}, else {}): {}", review.kind, review.owner, review.default, review.status)
            })
            .collect();
        let mut rules: Vec<String> = view
            .explanations
            .iter()
            .filter(|reason| reason.pair == Some(pair.as_str()))
            .map(|reason| reason.rule.to_string())
            .collect();
        rules.sort();
        rules.dedup();
        let row = format!("| {pair} | {result} | {} | {} | {} |", reviews.join("; "), rules.join(", "), story.name);
        rows.entry(pair).or_default().push(row);
    }
    let tests = tests_elsewhere();
    for (pair, place) in ELSEWHERE {
        let named: Vec<&str> = tests.get(*pair).into_iter().flatten().map(String::as_str).collect();
        let named = if named.is_empty() { "none yet".to_owned() } else { named.join(", ") };
        rows.entry((*pair).to_owned()).or_insert_with(|| vec![format!("| {pair} | {place} | | | {named} |")]);
    }
    let mut text = String::from(
        "# Pairs\n\nWhat every replica shows for two facts whose authors did not know of each other.\n\
         Written by a test from the stories in `sync-core/src/lifecycle/scenario`.\n\
         Each is folded in every order of delivery (beyond six facts in a thousand random ones) and through documents, \
         and played by the same name on four phones, the session and the server's commit path \
         (`tests/pairs/replicas.rs`), with unsent work stated again, and with lost answers.\n\
         Pairs that no single order decides name where they are decided, and the tests that do so.\n\n\
         | pair | result | reviews | rule | test |\n|---|---|---|---|---|\n",
    );
    for row in rows.into_values().flatten() {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

#[test]
fn the_table_of_pairs_is_that_of_the_stories() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/pairs.md");
    let expected = table();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "write it again with UPDATE_GOLDEN=1");
}

#[test]
fn every_pair_of_the_contract_has_a_story_or_a_place() {
    let told: Vec<String> = STORIES.iter().filter_map(|story| pair(story.name)).collect();
    for number in 1..=80 {
        let pair = format!("X-{number:02}");
        let elsewhere = ELSEWHERE.iter().any(|(other, _)| *other == pair);
        assert!(told.contains(&pair) || elsewhere, "{pair}");
    }
}

/// A story named after a pair cites it, unless it tells what became of it afterwards.
#[test]
fn every_pair_is_cited_by_a_rule() {
    for story in STORIES {
        for (rule, pair) in (story.expected)().cites {
            assert!(crate::lifecycle::view::Rule::ALL.contains(&rule) && pair.starts_with("X-"), "{}", story.name);
        }
    }
    let cited =
        |wanted: &str| STORIES.iter().any(|story| (story.expected)().cites.iter().any(|(_, pair)| *pair == wanted));
    let told: std::collections::BTreeSet<String> = STORIES.iter().filter_map(|story| pair(story.name)).collect();
    // X-21 is idempotent: nothing is decided.
    let silent: Vec<&String> = told.iter().filter(|pair| !cited(pair) && pair.as_str() != "X-21").collect();
    assert!(silent.is_empty(), "{silent:?}");
}
