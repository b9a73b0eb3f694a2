//! Which room may name what: the invariants of the architecture, as a list of bans.

use super::source::{self, File};

/// In these files these names must not occur.
struct Ban {
    /// What the ban protects.
    why: &'static str,
    /// Whether it holds in the file at this path.
    holds_in: fn(&str) -> bool,
    /// Words or paths.
    names: &'static [&'static str],
    /// Whether tests at the bottom of a file are held to it too.
    tests_too: bool,
}

const BANS: &[Ban] = &[
    Ban {
        why: "sync-core does no input or output: it runs in a simulation and in a browser",
        holds_in: |path| path.starts_with("sync-core/src/"),
        names: &[
            "tokio",
            "async_std",
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "std::env",
            "println!",
            "eprintln!",
        ],
        tests_too: false,
    },
    Ban {
        why: "sync-core has no ambient clock: time is an argument",
        holds_in: |path| path.starts_with("sync-core/src/"),
        names: &["SystemTime", "Instant", "Utc::now", "Local::now"],
        tests_too: false,
    },
    Ban {
        why: "sync-core has no ambient randomness: random bytes are an argument",
        holds_in: |path| path.starts_with("sync-core/src/"),
        names: &["rand", "getrandom", "thread_rng", "OsRng", "new_v4", "now_v7"],
        tests_too: false,
    },
    Ban {
        why: "sync-core has no map whose order could leak: the same inputs give the same bytes",
        holds_in: |path| path.starts_with("sync-core/src/"),
        names: &["HashMap", "HashSet", "RandomState"],
        tests_too: true,
    },
    Ban {
        why: "only sync-core/src/document names automerge: its panics are contained there",
        holds_in: |path| is_product(path) && !path.starts_with("sync-core/src/document/"),
        names: &["automerge"],
        tests_too: false,
    },
    Ban {
        why: "only server/src/store/sled.rs names sled: another store can take its place",
        // mod.rs declares the module, which has the library's name.
        holds_in: |path| {
            is_product(path)
                && !["server/src/store/sled.rs", "server/src/store/mod.rs"].contains(&path)
                && !path.starts_with("server/src/store/sled/")
        },
        names: &["sled::", "use sled"],
        tests_too: false,
    },
    Ban {
        why: "rules.rs is pure: plain values in, a decision out",
        holds_in: |path| path.ends_with("/rules.rs"),
        names: &[
            "std::fs",
            "std::net",
            "std::io",
            "std::process",
            "std::env",
            "tokio",
            "axum",
            "sled",
            "SystemTime",
            "Instant",
            "getrandom",
            "async",
            "await",
            "println!",
        ],
        tests_too: false,
    },
    Ban {
        why: "unfinished or forgotten code is not committed",
        holds_in: |_| true,
        names: &["todo!", "unimplemented!", "dbg!", "#[ignore"],
        tests_too: true,
    },
    Ban {
        why: "tests wait for a condition with a deadline (`docket_harness::condition`), they do not sleep",
        holds_in: |path| path.starts_with("tests/") && !path.starts_with("tests/src/"),
        names: &["sleep"],
        tests_too: true,
    },
];

fn is_product(path: &str) -> bool {
    ["sync-core/src/", "client-ffi/src/", "server/src/"].iter().any(|room| path.starts_with(room))
}

/// Each place where a ban is broken: `path:line: name: why`.
fn violations(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let whole = source::code_of(&file.text);
        let product = if is_test_file(&file.path) { String::new() } else { source::without_tests(&whole) };
        for ban in BANS.iter().filter(|ban| (ban.holds_in)(&file.path)) {
            let code = if ban.tests_too { &whole } else { &product };
            for name in ban.names {
                for line in source::lines_naming(code, name) {
                    found.push(format!("{}:{line}: {name}: {}", file.path, ban.why));
                }
            }
        }
    }
    found
}

/// Whether the whole file is a test module kept apart from what it tests.
pub(super) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[test]
fn every_room_names_only_what_it_may() {
    let found = violations(&source::rust_files());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn each_ban_is_noticed_and_names_its_place() {
    let check = |path: &str, text: &str, expected: &str| {
        let found = violations(&[File { path: path.to_owned(), text: text.to_owned() }]);
        let places: Vec<_> = found.iter().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(places.join(", "), expected, "{path}: {text}");
    };
    check("sync-core/src/a.rs", "\nuse std::{fs, io};", "sync-core/src/a.rs:2 std::fs");
    check("sync-core/src/a.rs", "let now = std::time::Instant::now();", "sync-core/src/a.rs:1 Instant");
    check("sync-core/src/a.rs", "let x: HashMap<u8, u8>;", "sync-core/src/a.rs:1 HashMap");
    check("sync-core/src/a.rs", "#[derive(Hash)] struct A; // HashMap", "");
    check("sync-core/src/a.rs", "#[cfg(test)]\nmod tests { use std::fs; }", "");
    check("sync-core/src/sync/a.rs", "use automerge::Automerge;", "sync-core/src/sync/a.rs:1 automerge");
    check("sync-core/src/document/a.rs", "use automerge::Automerge;", "");
    check("server/src/commit/mod.rs", "sled::open(p)", "server/src/commit/mod.rs:1 sled::");
    check("server/src/store/sled.rs", "sled::open(p)", "");
    check("server/src/sla/rules.rs", "async fn a() {}", "server/src/sla/rules.rs:1 async");
    check("client-ffi/src/a.rs", "fn a() { todo!() }", "client-ffi/src/a.rs:1 todo!");
    check("tests/journeys/a.rs", "tokio::time::sleep(x)", "tests/journeys/a.rs:1 sleep");
}
