//! The table of kinds in `schemas/fact.md` is written from the table in the code. `UPDATE_GOLDEN=1` writes it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use docket_sync_core::facts::{Audience, FactKind, Role};

const BEGIN: &str = "<!-- begin: kinds, written by the test kind_table -->\n";
const END: &str = "<!-- end: kinds -->\n";

fn who(kind: FactKind) -> String {
    let right = kind.right();
    let mut names: Vec<&str> = right.roles.iter().map(|role| Role::code(*role)).collect();
    if right.system {
        names.push("system");
    }
    names.join(", ")
}

fn audience(kind: FactKind) -> &'static str {
    match (kind.lies_in(Audience::Field), kind.lies_in(Audience::Office)) {
        (true, true) => "both",
        (true, false) => "field",
        (false, _) => "office",
    }
}

/// `customer: RecordId, unit?: RecordId`.
fn fields(kind: FactKind) -> String {
    let field = |(name, ty): &(&str, &str)| {
        let ty = bare(ty);
        match ty.strip_prefix("Option<").and_then(|inner| inner.strip_suffix('>')) {
            Some(inner) => format!("{name}?: {}", shape(inner)),
            None => format!("{name}: {}", shape(&ty)),
        }
    };
    let list: Vec<String> = kind.fields().iter().map(field).collect();
    if list.is_empty() { "(empty)".to_owned() } else { list.join(", ") }
}

/// `Option<super::values::Money>` as `Option<Money>`.
fn bare(ty: &str) -> String {
    let mut bare = String::new();
    for part in ty.replace(' ', "").split("::") {
        let keep = bare.rfind('<').map_or(0, |open| open + 1);
        bare.truncate(keep);
        bare.push_str(part);
    }
    bare
}

fn shape(ty: &str) -> String {
    let one = |ty: &str| match ty {
        "String" => "text".to_owned(),
        "u8" | "u16" | "u32" | "u64" => "unsigned".to_owned(),
        "UnixMillis" => "time".to_owned(),
        "FactRef" => "ref".to_owned(),
        "VisitRef" => "visit".to_owned(),
        "Bytes" => "bytes".to_owned(),
        "PersonId" | "RecordId" | "ActorId" | "DeviceId" | "DocumentId" | "ReviewId" => format!("{ty} (16)"),
        "Digest" | "BlobId" => format!("{ty} (32)"),
        "KeyId" => "KeyId (8)".to_owned(),
        "Signature" => "Signature (64)".to_owned(),
        other => other.to_owned(),
    };
    match ty.strip_prefix("Vec<").and_then(|inner| inner.strip_suffix('>')) {
        Some(inner) => format!("array of {}", one(inner)),
        None => one(ty),
    }
}

fn table() -> String {
    let mut text = String::new();
    text.push_str("| kind | code | level | class | audience | who may state it | offline | body |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for kind in FactKind::ALL {
        let (number, code, level, class) = (kind.number(), kind.code(), kind.level(), kind.class());
        let (audience, who, reach, body) = (audience(*kind), who(*kind), kind.reach(), fields(*kind));
        writeln!(text, "| {number} | {code} | {level} | {class} | {audience} | {who} | {reach} | {body} |").unwrap();
    }
    text.push_str(
        "\nWhat `decide` checks against the author's own view; a fact that arrives is never refused for it:\n\n",
    );
    text.push_str("| code | checks |\n|---|---|\n");
    for kind in FactKind::ALL {
        writeln!(text, "| {kind} | {} |", kind.checks()).unwrap();
    }
    text
}

#[test]
fn the_table_of_kinds_in_the_documentation_is_that_of_the_code() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/fact.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let expected = format!("\n{}\n", table());
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(found, expected, "write it again with UPDATE_GOLDEN=1");
}

#[test]
fn numbers_of_kinds_ascend_and_every_kind_says_what_is_checked() {
    for (kind, next) in FactKind::ALL.iter().zip(FactKind::ALL.iter().skip(1)) {
        assert!(kind.number() < next.number(), "{kind} {next}");
    }
    assert!(FactKind::ALL.iter().all(|kind| !kind.checks().is_empty()));
}
