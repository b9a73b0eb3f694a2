//! The source tree as text: files, code without comments and strings, and names in it.

use std::path::{Path, PathBuf};

/// Folders that are results or belong to others.
const NOT_OURS: &[&str] = &["target", "node_modules", "dist", ".git"];

/// One file of the repository.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Path from the root, with `/`.
    pub(super) path: String,
    /// Its text; files that are not UTF-8 are not read.
    pub(super) text: String,
}

impl File {
    /// Whether its name ends with a dot and this.
    pub(super) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

/// The repository's root.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every text file of the repository, in the order of paths.
pub(super) fn files() -> Vec<File> {
    let mut files = Vec::new();
    collect(&root(), "", &mut files);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the repository was not found at {}", root().display());
    files
}

/// Every Rust file.
pub(super) fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| file.has_extension("rs")).collect()
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
}

/// The code alone: comments and the insides of strings and characters become spaces; lines stay where they are.
pub(super) fn code_of(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut position = 0;
    while position < characters.len() {
        let length = skipped(&characters, position);
        if length == 0 {
            code.push(characters[position]);
            position += 1;
        } else {
            let end = (position + length).min(characters.len());
            code.extend(characters[position..end].iter().map(|character| if *character == '\n' { '\n' } else { ' ' }));
            position = end;
        }
    }
    code
}

/// How many characters at `position` are a comment, a string or a character; 0 when it is code.
fn skipped(characters: &[char], position: usize) -> usize {
    let rest = &characters[position..];
    match rest {
        ['/', '/', ..] => rest.iter().position(|character| *character == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => quoted(rest, '"'),
        ['r', '#' | '"', ..] if !follows_a_name(characters, position) => raw_string(rest),
        // A lifetime has no closing quote after one character.
        ['\'', '\\', ..] => quoted(rest, '\''),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

fn follows_a_name(characters: &[char], position: usize) -> bool {
    // The b of a raw byte string is not a name.
    let before = |back: usize| position.checked_sub(back).map(|at| characters[at]);
    match before(1) {
        Some('b') => before(2).is_some_and(is_name),
        Some(character) => is_name(character),
        None => false,
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            character if character == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|character| **character == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &rest[2 + hashes..];
    let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
    2 + hashes + length + end.len()
}

/// The code without its `#[cfg(test)]` items; lines stay where they are.
pub(super) fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    while let Some(start) = kept.find("#[cfg(test)]") {
        let end = end_of_item(&kept[start..]) + start;
        let blank: String =
            kept[start..end].chars().map(|character| if character == '\n' { '\n' } else { ' ' }).collect();
        kept.replace_range(start..end, &blank);
    }
    kept
}

/// Where the item ends: its closing brace, or its semicolon when it has none.
fn end_of_item(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in item.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// Lines (from 1) on which the code names `name`: a whole word, or a path such as `std::fs`, grouped imports
/// (`use std::{fs, io}`) included.
pub(super) fn lines_naming(code: &str, name: &str) -> Vec<usize> {
    let mut places = words(code, name);
    if let Some((parent, child)) = name.rsplit_once("::") {
        for start in words(code, parent) {
            let rest = code[start + parent.len()..].trim_start();
            if let Some(group) = rest.strip_prefix("::").map(str::trim_start).and_then(|rest| rest.strip_prefix('{')) {
                let items = group.split_once('}').map_or(group, |(items, _)| items);
                if items.split(',').any(|item| item.trim() == child || item.trim().starts_with(&format!("{child}::"))) {
                    places.push(start);
                }
            }
        }
    }
    let mut lines: Vec<usize> = places.iter().map(|place| code[..*place].matches('\n').count() + 1).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

fn words(code: &str, word: &str) -> Vec<usize> {
    let starts_a_name = word.chars().next().is_some_and(is_name);
    let ends_a_name = word.chars().last().is_some_and(is_name);
    code.match_indices(word)
        .filter(|(at, _)| !starts_a_name || !code[..*at].chars().next_back().is_some_and(is_name))
        .filter(|(at, _)| !ends_a_name || !code[at + word.len()..].chars().next().is_some_and(is_name))
        .map(|(at, _)| at)
        .collect()
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, expected: &[usize]) {
        assert_eq!(lines_naming(&code_of(text), name), expected, "{name} in {text:?}");
    }

    #[test]
    fn names_are_found_as_whole_words_in_code_only() {
        check("use automerge::Change;\n", "automerge", &[1]);
        check("// automerge\n/* automerge /* automerge */ */ let a = \"automerge\";", "automerge", &[]);
        check("let automerge_like = 1;\nlet my_automerge = 2;", "automerge", &[]);
        check("let a = 'x'; let b: &'a str = r#\"sled \"# ; sled::open()", "sled", &[1]);
        check("let q = '\"'; sled", "sled", &[1]);
        check("let s = \"a \\\" sled\";\nsled", "sled", &[2]);
        check("let r = br\"sled\"; let rr = bar;", "sled", &[]);
    }

    #[test]
    fn paths_are_found_in_groups_too() {
        check("std::fs::read(p)", "std::fs", &[1]);
        check("use std::{collections::BTreeMap, fs};", "std::fs", &[1]);
        check("use std::{\n  fs::File,\n};", "std::fs", &[1]);
        check("use std::{collections::BTreeMap, fmt};", "std::fs", &[]);
        check("std::fs_extra", "std::fs", &[]);
    }

    #[test]
    fn tests_are_taken_out_and_the_rest_stays() {
        let text = "fn a() { b() }\n#[cfg(test)]\nmod tests {\n  fn c() { std::fs::x() }\n}\nfn d() { todo!() }\n";
        let code = without_tests(&code_of(text));
        assert!(lines_naming(&code, "std::fs").is_empty());
        assert_eq!(lines_naming(&code, "todo!"), [6]);
        assert!(!without_tests("#[cfg(test)]\nmod tests;\nfn x() {}").contains("tests"));
    }
}
