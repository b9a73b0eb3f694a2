//! A foreign check: the bytes of our documents load in the JavaScript implementation of Automerge, which reads the facts
//! by the layout published in `schemas/` (`read.mjs`; none of our code is in it).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use docket_harness::world::Trouble;
use docket_sync_core::document::{Document, Record};
use docket_sync_core::facts::{Author, Content, Fact, Head, SCHEMA_LEVEL, StatedFact, Statement, bodies};
use docket_sync_core::ids::{ActorId, DocumentId, PersonId};
use docket_sync_core::lifecycle::scenario::{START, STORIES, Scenario};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign")
}

fn golden(name: &str) -> Result<Vec<u8>, Trouble> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schemas/golden/document/{name}.hex"));
    let text = std::fs::read_to_string(path)?;
    Ok(data_encoding::HEXLOWER_PERMISSIVE.decode(text.split_whitespace().collect::<String>().as_bytes())?)
}

/// What the foreign reader makes of each document.
fn read(documents: &[Vec<u8>]) -> Result<Vec<Value>, Trouble> {
    if !folder().join("node_modules").is_dir() {
        return Err("the foreign reader's packages are not there: run `cargo xtask setup`".into());
    }
    let mut node = Command::new("node");
    node.arg("read.mjs").current_dir(folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = node.spawn().map_err(|error| format!("node: {error}; run `cargo xtask setup`"))?;
    let lines: String =
        documents.iter().map(|bytes| data_encoding::HEXLOWER.encode(bytes) + "\n").collect::<Vec<_>>().concat();
    let mut input = running.stdin.take().ok_or("an input")?;
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = running.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "the foreign reader failed: {said}");
    writing.join().map_err(|_panic| "writing panicked")??;
    let lines = String::from_utf8(output.stdout)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// What we make of a document, in the reader's form; `seen`, head and body are checked by the digest.
fn ours(id: DocumentId, bytes: &[u8]) -> Result<Value, Trouble> {
    let document = Document::load(id, bytes)?;
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut facts: Vec<(String, u64, Value)> = Vec::new();
    for fact in document.facts()? {
        let author = match &fact.author {
            Author::Person(person) => hex(&person.0),
            Author::System(rule) => rule.clone(),
        };
        let (actor, sequence) = (hex(&fact.id.actor.0), fact.id.sequence);
        let told = json!({
            "actor": actor, "sequence": sequence, "time": fact.time.0, "kind": fact.body().kind_number(),
            "level": fact.content.level, "author": author, "digest": hex(&fact.digest.0),
        });
        facts.push((actor, sequence, told));
    }
    facts.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    let facts: Vec<Value> = facts.into_iter().map(|(_, _, told)| told).collect();
    let mut heads: Vec<String> = document.heads().iter().map(|head| hex(&head.0)).collect();
    heads.sort();
    Ok(json!({ "id": hex(&id.0), "heads": heads, "facts": facts }))
}

/// The foreign reader's answer without what the digest covers.
fn without_content(mut told: Value) -> Value {
    for fact in told["facts"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = fact.as_object_mut() {
            fields.retain(|name, _| !matches!(name.as_str(), "seen" | "head" | "body"));
        }
    }
    told
}

fn check(documents: &[(DocumentId, Vec<u8>)]) -> Result<Vec<Value>, Trouble> {
    let bytes: Vec<Vec<u8>> = documents.iter().map(|(_, bytes)| bytes.clone()).collect();
    let told = read(&bytes)?;
    assert_eq!(told.len(), documents.len(), "one answer for each document");
    for ((id, bytes), told) in documents.iter().zip(&told) {
        assert_eq!(without_content(told.clone()), ours(*id, bytes)?, "{id}");
    }
    Ok(told)
}

#[test]
fn golden_documents_are_read_by_another_implementation() -> Result<(), Trouble> {
    let id = DocumentId::from_slice(&golden("id")?).ok_or("an id")?;
    let told = check(&[(id, golden("saved")?), (id, golden("saved-with-tail")?)])?;
    assert_eq!(told[0]["facts"], told[1]["facts"], "loose changes behind a save are read alike");
    let facts = told[0]["facts"].as_array().ok_or("facts")?;
    assert_eq!(facts.len(), 4);
    assert_eq!(facts[0]["body"][6], "空调不制冷，外机异响", "the customer's words");
    assert_eq!(facts[1]["body"], json!(["客户要求下午三点以后上门"]));
    assert_eq!(facts[2]["seen"], json!(["h'3ac35fefe902'"]), "what its author had seen");
    Ok(())
}

/// A document of these facts, each chain in its order.
fn document(id: DocumentId, facts: &[Fact]) -> Result<Vec<u8>, Trouble> {
    let mut chains: BTreeMap<(ActorId, u64), &Fact> = BTreeMap::new();
    chains.extend(facts.iter().map(|fact| ((fact.id.actor, fact.id.sequence), fact)));
    let mut document = Document::new(id)?;
    for ((actor, sequence), fact) in chains {
        let statement = Statement { origin: fact.origin, author: Some(fact.author.clone()), restates: None };
        let bytes = StatedFact::new(statement, fact.content.clone()).to_bytes();
        document.append(&Record { actor, sequence, time: fact.time, bytes })?;
    }
    Ok(document.save())
}

/// Every story of the pairs, in its order's document and in its companion.
#[test]
fn documents_of_every_story_are_read_by_another_implementation() -> Result<(), Trouble> {
    let mut documents = Vec::new();
    for story in STORIES {
        let mut scenario = Scenario::default();
        (story.play)(&mut scenario);
        let facts = scenario.facts();
        let (office, field): (Vec<Fact>, Vec<Fact>) = facts.iter().cloned().partition(Fact::is_of_office);
        documents.push((facts.document(), document(facts.document(), &field)?));
        if !office.is_empty() {
            let companion = facts.document().companion();
            documents.push((companion, document(companion, &office)?));
        }
    }
    assert!(documents.len() > STORIES.len(), "companions, too");
    check(&documents).map(drop)
}

/// Two actors with one prefix put their facts under one key, and both are read.
#[test]
fn facts_under_one_key_are_both_read_by_another_implementation() -> Result<(), Trouble> {
    let id = DocumentId::new(START, [9; 10]);
    let mut document = Document::new(id)?;
    for last in [1_u8, 2] {
        let mut actor = [7_u8; 16];
        actor[15] = last;
        let body = bodies::AddNote { text: format!("note {last}") }.into();
        let content = Content { level: SCHEMA_LEVEL, seen: Vec::new(), head: Head::default(), body };
        let author = Some(Author::Person(PersonId([last; 16])));
        let bytes = StatedFact::new(Statement { origin: None, author, restates: None }, content).to_bytes();
        document.append(&Record { actor: ActorId(actor), sequence: 1, time: START, bytes })?;
    }
    let told = check(&[(id, document.save())])?;
    assert_eq!(told[0]["facts"].as_array().map(Vec::len), Some(2));
    Ok(())
}
