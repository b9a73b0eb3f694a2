//! Room `document`: the skeleton, changes rebuilt from records, a saved document.

use docket_sync_core::document::{
    BuiltChange, ChainHead, Chains, Document, Record, read_saved_heads, rebuild, skeleton_bytes, skeleton_hash,
};
use docket_sync_core::ids::ChangeHash;
use docket_sync_core::lifecycle::view::{OrderState, VisitState};
use docket_sync_core::lifecycle::{FactSet, fold};

use super::golden::{Files, Room};
use super::samples::{TECHNICIAN, document, records};

/// BLAKE3 of the two saved documents as the first version wrote them.
const FIRST_SAVED: &str = "4fe9e930b71a6fc5bb44ad7b2535b193a6da746c4f3a95dab8b4c83ca9fc191e";
const FIRST_SAVED_WITH_TAIL: &str = "e4ff22b9327f29eb89e4db29c6d1f86e70dea3ea9cd0206f16f25615fa3ef53b";

/// The records with the change that each stands for.
fn changes() -> Vec<(Record, BuiltChange)> {
    let mut chains = Chains::new();
    let mut changes = Vec::new();
    for record in records() {
        let built = rebuild(document(), chains.get(&record.actor), &record).unwrap();
        chains.insert(record.actor, ChainHead { sequence: record.sequence, hash: built.hash });
        changes.push((record, built));
    }
    changes
}

/// All records in a document, and the raw change that was appended to its save last.
fn saved() -> (Document, Vec<u8>, Vec<u8>) {
    let mut document = Document::new(document()).unwrap();
    let mut tail = Vec::new();
    let mut before = Vec::new();
    for record in records() {
        before = document.save();
        tail = document.append(&record).unwrap().raw_bytes().to_vec();
    }
    let whole = document.save();
    (document, whole, [before, tail].concat())
}

fn files() -> Files {
    let mut files: Files = vec![
        ("id".into(), document().0.to_vec()),
        ("skeleton".into(), skeleton_bytes(document())),
        ("skeleton-hash".into(), skeleton_hash(document()).0.to_vec()),
    ];
    for (number, (record, built)) in (1..).zip(changes()) {
        files.push((format!("record-{number}"), minicbor::to_vec(&record).unwrap()));
        files.push((format!("change-{number}"), built.raw_bytes().to_vec()));
        files.push((format!("change-{number}-hash"), built.hash.0.to_vec()));
    }
    let (document, whole, with_tail) = saved();
    files.push(("saved".into(), whole));
    files.push(("saved-with-tail".into(), with_tail));
    files.push(("heads".into(), document.heads().iter().flat_map(|head| head.0).collect()));
    files
}

#[test]
fn golden_documents_are_what_this_version_writes() {
    Room::open("document").check(&files());
}

#[test]
fn golden_documents_are_read_to_the_same_records_and_heads() {
    let room = Room::open("document");
    let hash = |name: &str| ChangeHash::from_slice(&room.read(name)).unwrap();
    for name in ["saved", "saved-with-tail"] {
        let read = Document::load(document(), &room.read(name)).unwrap();
        let mut expected = records();
        expected.sort_unstable();
        assert_eq!(read.records().unwrap(), expected, "{name}");
        let mut heads = vec![hash("change-2-hash"), hash("change-4-hash")];
        heads.sort_unstable();
        assert_eq!(read.heads(), heads, "{name}");
        assert_eq!(read.facts().unwrap().len(), 4);
    }
    assert!(!read_saved_heads(&room.read("saved")).unwrap().has_tail);
    assert!(read_saved_heads(&room.read("saved-with-tail")).unwrap().has_tail);
    for (number, record) in (1..).zip(records()) {
        let read: Record = minicbor::decode(&room.read(&format!("record-{number}"))).unwrap();
        assert_eq!(read, record);
    }
}

#[test]
fn a_change_hash_is_the_one_of_its_chunk() {
    // Chunk: magic 4, first 4 bytes of the hash, type 1, length, content. The hash is SHA-256 over the rest
    // from the type on; the library computes it, the header must agree.
    let room = Room::open("document");
    for name in ["skeleton", "change-1", "change-2", "change-3", "change-4"] {
        let chunk = room.read(name);
        assert_eq!(chunk[..4], [0x85, 0x6f, 0x4a, 0x83], "{name}");
        assert_eq!(chunk[4..8], room.read(&format!("{name}-hash"))[..4], "{name}");
        assert_eq!(chunk[8], 1, "{name}");
    }
}

/// The bytes in this room are what the first version wrote, and never change: a document of that version folds to the
/// same order for ever (U-15).
#[test]
fn u_15_a_document_of_the_first_version_still_folds() {
    let room = Room::open("document");
    let digest = |name: &str| blake3::hash(&room.read(name)).to_hex().to_string();
    assert_eq!(digest("saved"), FIRST_SAVED);
    assert_eq!(digest("saved-with-tail"), FIRST_SAVED_WITH_TAIL);
    for name in ["saved", "saved-with-tail"] {
        let document = Document::load(document(), &room.read(name)).unwrap();
        let mut facts = FactSet::new(document.id());
        facts.extend(document.facts().unwrap());
        let view = fold(&facts);
        assert_eq!(view.state, OrderState::InProgress, "{name}");
        let visit = view.visits.first().unwrap();
        assert_eq!((visit.technician, visit.state), (TECHNICIAN, VisitState::OnSite));
        assert_eq!(view.notes.first().unwrap().text, "客户要求下午三点以后上门");
        assert!(view.request.is_some() && view.void.is_empty());
    }
}
