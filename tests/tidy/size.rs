//! Sizes and shapes of files: length, names, heads.

use super::layers::is_test_file;
use super::source::{self, File};

/// Lines of a file without its tests: more does not fit a mind.
const LINES_MAX: usize = 400;

/// Files that are longer, with the most lines they may have and the reason. The bound only goes down: when a
/// file has shrunk, the test asks for the lower number.
const LONGER: &[(&str, usize, &str)] = &[];

/// How far a bound may lie above the file before it has to follow.
const SLACK: usize = 30;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils.rs", "util.rs", "helpers.rs", "helper.rs", "common.rs", "misc.rs"];

fn is_source(path: &str) -> bool {
    [".rs", ".ts", ".tsx", ".js", ".mjs"].iter().any(|end| path.ends_with(end))
}

/// Lines that count: without the tests at the bottom of a Rust file.
fn lines_of(file: &File) -> usize {
    if !file.has_extension("rs") {
        return file.text.lines().count();
    }
    let tests_begin = file.text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(file.text.len());
    file.text[..tests_begin].lines().count()
}

fn length_problem(file: &File, longer: &[(&str, usize, &str)]) -> Option<String> {
    let lines = lines_of(file);
    let exception = longer.iter().find(|(path, _, _)| *path == file.path);
    let path = &file.path;
    match exception {
        None if lines > LINES_MAX => {
            Some(format!("{path}: {lines} lines without tests, at most {LINES_MAX}: split it"))
        }
        Some((_, most, _)) if lines > *most => Some(format!("{path}: {lines} lines, at most {most}: split it")),
        Some(_) if lines <= LINES_MAX => Some(format!("{path}: {lines} lines: take it off the list of longer files")),
        Some((_, most, _)) if lines + SLACK < *most => {
            Some(format!("{path}: {lines} lines: lower its bound from {most}"))
        }
        _ => None,
    }
}

#[test]
fn files_fit_a_mind() {
    let files = source::files();
    let mut found: Vec<String> =
        files.iter().filter(|file| is_source(&file.path)).filter_map(|file| length_problem(file, LONGER)).collect();
    let missing = LONGER.iter().filter(|(path, _, _)| files.iter().all(|file| file.path != *path));
    found.extend(missing.map(|(path, _, _)| format!("{path}: is gone, take it off the list of longer files")));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_length_bound_counts_code_and_only_tightens() {
    let file = |lines: usize, tests: usize| File {
        path: "a/b.rs".to_owned(),
        text: "x\n".repeat(lines) + "\n#[cfg(test)]\nmod tests {\n" + &"y\n".repeat(tests) + "}\n",
    };
    assert_eq!(length_problem(&file(399, 500), &[]), None);
    assert!(length_problem(&file(401, 0), &[]).unwrap().contains("split"));
    assert_eq!(length_problem(&file(480, 0), &[("a/b.rs", 500, "why")]), None);
    assert!(length_problem(&file(501, 0), &[("a/b.rs", 500, "why")]).unwrap().contains("split"));
    assert!(length_problem(&file(450, 0), &[("a/b.rs", 500, "why")]).unwrap().contains("lower"));
    assert!(length_problem(&file(300, 0), &[("a/b.rs", 500, "why")]).unwrap().contains("take it off"));
}

#[test]
fn file_names_say_what_is_inside() {
    let names = source::files().into_iter().map(|file| file.path);
    let found: Vec<String> =
        names.filter(|path| EMPTY_NAMES.iter().any(|name| path.ends_with(&format!("/{name}")))).collect();
    assert!(found.is_empty(), "name them after what they hold: {found:?}");
}

#[test]
fn every_module_begins_with_what_it_is() {
    let found: Vec<String> = source::rust_files()
        .into_iter()
        .filter(|file| !is_test_file(&file.path) && !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    assert!(found.is_empty(), "a module starts with `//!`: what it is, what it is not: {found:?}");
}
