//! The table of pairs in `docs/pairs.md`, written from the stories' own data. `UPDATE_GOLDEN=1` writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use crate::lifecycle::fold;
use crate::lifecycle::scenario::{STORIES, Scenario};

/// Pairs that one order's facts do not decide, with where they are decided.
const ELSEWHERE: &[(&str, &str)] = &[
    ("X-23", "the gate: quarantine after a revocation"),
    ("X-24", "ledger: dispatch"),
    ("X-35", "ledger: serial numbers; tests/books"),
    ("X-36", "ledger: stock; tests/books"),
    ("X-41", "ledger: stocktake; tests/books"),
    ("X-42", "lines add up (X-34); overlap on two orders is the ledger's: tests/books"),
    ("X-64", "ledger: hours"),
    ("X-65", "companion document: callbacks"),
    ("X-66", "ledger: settlement"),
    ("X-68", "ledger: duplicates"),
    ("X-69", "ledger: duplicates"),
    ("X-70", "ledger: duplicates"),
    ("X-74", "restore: healing by devices"),
    ("X-75", "ledger: numbers; tests/healing"),
    ("X-76", "tests/pairs: cloned devices"),
];

/// `x_04_...` is about X-04.
fn pair(name: &str) -> Option<String> {
    let number = name.strip_prefix("x_")?.get(..2)?;
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
    for (pair, place) in ELSEWHERE {
        rows.entry((*pair).to_owned()).or_insert_with(|| vec![format!("| {pair} | | | | {place} |")]);
    }
    let mut text = String::from(
        "# Pairs\n\nWhat every replica shows for two facts whose authors did not know of each other.\n\
         Written by a test from the stories in `sync-core/src/lifecycle/scenario`; each is folded in every order of \
         delivery.\n\n\
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
