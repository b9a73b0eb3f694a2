//! Manifests: every dependency says why it is there, no file names a registry, the device's core is free of C.

use std::process::Command;

use super::source::{self, File};

/// Lines of the root manifest's dependency table that do not say why.
fn dependencies_without_reason(manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for (number, line) in (1..).zip(manifest.lines()) {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        }
        let names_one = inside && line.contains('=') && !line.starts_with('#');
        // Our own crates explain themselves.
        if names_one && !line.contains("path =") && !line.contains(" # ") {
            found.push(format!("Cargo.toml:{number}: {line}"));
        }
    }
    found
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = std::fs::read_to_string(source::root().join("Cargo.toml")).unwrap();
    let found = dependencies_without_reason(&manifest);
    assert!(found.is_empty(), "write a comment behind each:\n{}", found.join("\n"));
    assert_eq!(dependencies_without_reason("[workspace.dependencies]\na = \"1\"\nb = \"2\" # why\n").len(), 1);
}

/// Lines of a member's manifest that take a dependency past the workspace's table.
fn dependencies_past_the_table(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside
            && line.contains('=')
            && !line.trim_start().starts_with('#')
            && !line.contains("workspace = true")
        {
            found.push(format!("{}:{number}: {line}", file.path));
        }
    }
    found
}

#[test]
fn members_take_dependencies_from_the_workspace() {
    let members = source::files().into_iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let found: Vec<String> = members.flat_map(|file| dependencies_past_the_table(&file)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    let bad = File {
        path: "a/Cargo.toml".to_owned(),
        text: "[dependencies]\nserde = \"1\"\nclap.workspace = true\n".to_owned(),
    };
    assert_eq!(dependencies_past_the_table(&bad), ["a/Cargo.toml:2: serde = \"1\""]);
}

/// Lines of a manifest that turn deliberate bugs on for somebody who did not ask for them.
fn deliberate_bugs_turned_on(file: &File) -> Vec<String> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.to_owned();
        }
        // The feature itself, which only forwards to the same of others.
        let is_its_own = section == "[features]" && line.starts_with("sabotage = [");
        if line.contains("sabotage") && !is_its_own {
            found.push(format!("{}:{number}: {line}", file.path));
        }
    }
    found
}

#[test]
fn no_default_feature_and_no_dependency_turns_deliberate_bugs_on() {
    let manifests: Vec<File> = source::files().into_iter().filter(|file| file.path.ends_with("Cargo.toml")).collect();
    let found: Vec<String> = manifests.iter().flat_map(deliberate_bugs_turned_on).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert!(manifests.iter().any(|file| file.text.contains("\nsabotage = [")), "the feature has another name now");
    for bad in [
        "[features]\ndefault = [\"sabotage\"]\n",
        "[dependencies]\na = { workspace = true, features = [\"sabotage\"] }\n",
        "[dev-dependencies.a]\nfeatures = [\"sabotage\"]\n",
    ] {
        let file = File { path: "a/Cargo.toml".to_owned(), text: bad.to_owned() };
        assert_eq!(deliberate_bugs_turned_on(&file).len(), 1, "{bad}");
    }
}

/// Hosts that builds fetch from; written in halves so that this file does not name them.
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npm", "js."),
    concat!("pypi", ".org"),
    concat!("python", "hosted"),
    concat!("deb.deb", "ian.org"),
    concat!("docker", ".io"),
    concat!("ghcr", ".io"),
];

fn registry_hosts(file: &File) -> Vec<String> {
    if file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let lines = (1..).zip(file.text.lines());
    let named = lines.filter(|(_, line)| REGISTRIES.iter().any(|host| line.contains(host)));
    named.map(|(number, _)| format!("{}:{number}", file.path)).collect()
}

#[test]
fn no_file_names_a_registry_host() {
    // The npm lock file too: it is written with omit-lockfile-registry-resolved.
    let found: Vec<String> = source::files().iter().flat_map(registry_hosts).collect();
    assert!(found.is_empty(), "{found:?}");
    let text = format!("ok\nfetch https://registry.{}org/a\n", REGISTRIES[1]);
    assert_eq!(registry_hosts(&File { path: "a".to_owned(), text }), ["a:2"]);
}

/// Packages that compile C or link a C library.
const C_PACKAGES: &[&str] =
    &["ring", "libsqlite3-sys", "rusqlite", "zstd-sys", "zstd-safe", "aws-lc-sys", "openssl-sys"];

/// Packages that may have a C compiler among their build dependencies, and why no C is compiled.
const CC_BUT_NO_C: &[&str] = &[
    // With the feature `pure` its build script compiles nothing.
    "blake3",
];

/// Problems in the output of `cargo tree --prefix depth`.
fn c_in_tree(tree: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let digits = line.len() - line.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let depth: usize = line[..digits].parse().unwrap_or(0);
        let name = line[digits..].split(' ').next().unwrap_or_default();
        path.truncate(depth);
        let parent = path.last().copied().unwrap_or_default();
        if C_PACKAGES.contains(&name) || (name == "cc" && !CC_BUT_NO_C.contains(&parent)) {
            found.push(format!("{name} under {parent}"));
        }
        path.push(name);
    }
    found
}

#[test]
fn the_devices_core_is_free_of_c() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["tree", "--offline", "--package", "docket-client", "--no-default-features"]);
    command.args(["--edges", "normal,build", "--prefix", "depth", "--no-dedupe"]).current_dir(source::root());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("docket-sync-core"), "{tree}");
    assert_eq!(c_in_tree(&tree), Vec::<String>::new());
}

#[test]
fn c_is_noticed_in_a_tree() {
    assert_eq!(c_in_tree("0a v1\n1blake3 v1\n2cc v1\n1ring v1\n2cc v1\n"), ["ring under a", "cc under ring"]);
}
