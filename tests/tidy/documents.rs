//! Documents: the paths they name exist. Messages: every text is there in both languages.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, File};

/// Paths that a Markdown text names in code spans and that should exist.
fn paths_named(text: &str, top: &BTreeSet<String>) -> Vec<String> {
    let mut inside_fence = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside_fence = !inside_fence;
        }
        if inside_fence || line.starts_with("    ") {
            continue;
        }
        for span in line.split('`').skip(1).step_by(2) {
            let path = span.split("::").next().unwrap_or_default().trim_end_matches('/');
            let path = path.split('*').next().unwrap_or_default().trim_end_matches('/');
            let first = path.split('/').next().unwrap_or_default();
            let is_path = !path.contains(char::is_whitespace) && !path.contains('{') && !path.contains('<');
            let is_top_file = !path.contains('/') && [".md", ".toml"].iter().any(|end| path.ends_with(end));
            let is_below_top = span.contains('/') && top.contains(first);
            if is_path && (is_below_top || is_top_file) {
                found.push(path.to_owned());
            }
        }
    }
    found
}

/// Results of a build: they need not exist.
fn is_result(path: &str) -> bool {
    ["target", "dist", "node_modules"].iter().any(|result| path.split('/').any(|part| part == *result))
}

#[test]
fn documents_name_only_paths_that_exist() {
    let root = source::root();
    let top: BTreeSet<String> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "target")
        .collect();
    let mut named = 0;
    let mut missing = Vec::new();
    for file in source::files().into_iter().filter(|file| file.has_extension("md")) {
        for path in paths_named(&file.text, &top) {
            named += 1;
            let beside = root.join(&file.path).parent().unwrap().join(&path);
            if !is_result(&path) && !root.join(&path).exists() && !beside.exists() {
                missing.push(format!("{}: {path}", file.path));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
    assert!(named > 3, "README.md names where to read next");
}

#[test]
fn paths_in_documents_are_found() {
    let top = BTreeSet::from(["server".to_owned()]);
    let text = "See `server/src/a.rs::run`, `server/web/`, `server/`, `/api/x`, `GET server/x y`, `schemas.md`, `a/b`, `server/*.rs`.";
    assert_eq!(paths_named(text, &top), ["server/src/a.rs", "server/web", "server", "schemas.md", "server"]);
}

/// Names in braces.
/// `{n}` and `{n:one|many}` name the same value: Chinese has no plural.
fn placeholders(text: &str) -> BTreeSet<&str> {
    let named = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    named.map(|(inside, _)| inside.split_once(':').map_or(inside, |(name, _)| name)).collect()
}

/// What is wrong in one catalogue file; its keys are added to `keys`.
fn message_problems(file: &File, keys: &mut BTreeMap<String, String>) -> Vec<String> {
    let path = &file.path;
    let catalogue: BTreeMap<String, BTreeMap<String, String>> = match serde_json::from_str(&file.text) {
        Ok(catalogue) => catalogue,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    let mut found = Vec::new();
    for (key, texts) in catalogue {
        let text = |language: &str| texts.get(language).map(|text| text.trim()).filter(|text| !text.is_empty());
        match (text("en"), text("zh")) {
            (Some(en), Some(zh)) if placeholders(en) != placeholders(zh) => {
                found.push(format!(
                    "{path}: {key}: placeholders differ: {:?} and {:?}",
                    placeholders(en),
                    placeholders(zh)
                ));
            }
            (Some(_), Some(_)) => {}
            _ => found.push(format!("{path}: {key}: needs a text in en and in zh")),
        }
        if texts.len() > 2 {
            found.push(format!("{path}: {key}: has languages other than en and zh"));
        }
        if let Some(other) = keys.insert(key.clone(), path.clone()) {
            found.push(format!("{path}: {key}: is in {other} too"));
        }
    }
    found
}

#[test]
fn every_message_is_there_in_both_languages() {
    let is_catalogue = |file: &File| file.path.starts_with("schemas/messages/") && file.has_extension("json");
    let mut keys = BTreeMap::new();
    let files = source::files();
    let catalogues = files.iter().filter(|file| is_catalogue(file));
    let found: Vec<String> = catalogues.flat_map(|file| message_problems(file, &mut keys)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert!(!keys.is_empty(), "there is no message in schemas/messages");
}

#[test]
fn each_fault_of_a_catalogue_is_noticed() {
    let check = |text: &str, expected: &str| {
        let file = File { path: "m.json".to_owned(), text: text.to_owned() };
        let mut keys = BTreeMap::from([("taken".to_owned(), "other.json".to_owned())]);
        let found = message_problems(&file, &mut keys).join("; ");
        assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{text}: {found}");
    };
    check(r#"{"a": {"en": "{n} facts of {name}", "zh": "{name} 的 {n} 条"}}"#, "");
    check(r#"{"a": {"en": "{n} facts", "zh": "条"}}"#, "placeholders differ");
    check(r#"{"a": {"en": "facts"}}"#, "needs a text");
    check(r#"{"a": {"en": "facts", "zh": " "}}"#, "needs a text");
    check(r#"{"taken": {"en": "a", "zh": "甲"}}"#, "is in other.json too");
    check("{", "m.json");
}
