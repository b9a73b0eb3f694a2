//! Real maintenance records as they were typed: they go through the formats unchanged.
//!
//! The records are not in the repository. `DOCKET_DATA` names the folder that holds them; without it these
//! tests say so and check nothing.

mod day;

use std::path::PathBuf;

use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Content, FactBody, Head, SCHEMA_LEVEL, SeenRef, StatedFact, Statement};

/// The file below `DOCKET_DATA`, when there is one.
fn real_file(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKET_DATA").filter(|folder| !folder.is_empty());
    let Some(folder) = folder else {
        println!("DOCKET_DATA is not set: {path} is not read");
        return None;
    };
    let file = PathBuf::from(folder).join(path);
    if file.is_file() {
        return Some(file);
    }
    println!("{} does not exist: it is not read", file.display());
    None
}

/// Texts of a file with one token a line and an empty line between texts; the token is before the tab.
fn texts_by_token(file: &str) -> Vec<String> {
    let texts = file.split("\n\n").map(|text| {
        let tokens = text.lines().map(|line| line.split('\t').next().unwrap_or_default());
        tokens.collect::<Vec<_>>().join(" ")
    });
    texts.filter(|text| !text.trim().is_empty()).collect()
}

/// The text column of a record: the quoting of this file is broken, so two fields are split off at each side.
fn text_of_record(line: &str) -> Option<&str> {
    let mut fields = line.splitn(3, ',');
    let (_, _) = (fields.next()?, fields.next()?);
    fields.next()?.rsplitn(3, ',').nth(2)
}

fn survives(text: &str) {
    let content = Content {
        level: SCHEMA_LEVEL,
        seen: vec![SeenRef::Previous],
        head: Head::default(),
        body: AddNote { text: text.to_owned() }.into(),
    };
    let bytes = StatedFact::new(Statement::default(), content).to_bytes();
    let FactBody::AddNote(note) = StatedFact::from_bytes(&bytes).unwrap().content.body else { panic!("not a note") };
    assert_eq!(note.text, text);
    assert!(bytes.len() <= text.len() + 16, "{} bytes for {text:?}", bytes.len());
}

#[test]
fn real_short_texts_survive_as_notes() {
    for company in ["a", "b", "c"] {
        let Some(file) = real_file(&format!("maintnorm/company_{company}.train.norm")) else { return };
        let texts = texts_by_token(&std::fs::read_to_string(file).unwrap());
        assert!(texts.len() > 3_000, "{} texts", texts.len());
        for text in &texts {
            survives(text);
        }
    }
}

#[test]
fn real_work_orders_with_broken_quoting_survive_line_by_line() {
    let Some(file) = real_file("excavator-mwo/excavators.csv") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let records: Vec<&str> = text.lines().skip(1).map(|line| text_of_record(line).unwrap()).collect();
    assert!(records.len() > 3_000, "{} records", records.len());
    assert!(records.iter().any(|record| record.contains('"')), "the trap is in the file");
    for record in &records {
        survives(record);
    }
}

#[test]
fn the_readers_of_real_files_take_them_apart() {
    assert_eq!(texts_by_token("A\tb\nC\td\n\nE\t\n"), ["A C", "E"]);
    assert_eq!(text_of_record("2004-07-01,A,SWAP, \\B\\\"\" BUCKET,PM01,0"), Some("SWAP, \\B\\\"\" BUCKET"));
}
