//! Raw changes with one hostile edit each. Records are the only way in; our own store's bytes that were damaged
//! like this are an error, never a panic.

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId as AutomergeActor, Change, ExpandedChange, ScalarValue};
use docket_sync_core::document::{Document, DocumentError, Record, rebuild, skeleton_bytes, skeleton_hash};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::sync::message::unpack;

use super::chunk::{ChangeChunk, chunk, deflated, leb, repaired};
use super::golden::{Files, Room};
use super::sample::{Device, ORDER, OTHER_ORDER};

const MAKER: Device = Device(0xd1);

/// A document of three facts, and the honest change that would be its fourth.
fn honest() -> (Document, Vec<u8>) {
    let mut document = Document::new(ORDER).unwrap();
    for record in [Device(0x0f).note(1), Device(0x0f).note(2), MAKER.note(1)] {
        document.append(&record).unwrap();
    }
    let record = MAKER.note(2);
    let change = rebuild(ORDER, document.chains().get(&record.actor), &record).unwrap();
    (document, change.raw_bytes().to_vec())
}

/// The honest change after an edit that the library's own encoder can write.
fn expanded(edit: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = Change::from_bytes(honest().1).unwrap().decode();
    edit(&mut change);
    change.hash = None;
    Change::from(change).raw_bytes().to_vec()
}

/// The honest change after an edit of its bytes.
fn chunked(edit: impl FnOnce(&mut ChangeChunk)) -> Vec<u8> {
    let mut chunk = ChangeChunk::read(&honest().1);
    edit(&mut chunk);
    chunk.write()
}

fn start_op(start_op: u64) -> impl FnOnce(&mut ExpandedChange) {
    move |change| change.start_op = start_op.try_into().unwrap()
}

fn column(chunk: &mut ChangeChunk, wanted: u64) -> &mut Vec<u8> {
    &mut chunk.columns.iter_mut().find(|(column, _)| *column == wanted).unwrap().1
}

/// Edits of the change as a value.
fn edits_of_value() -> Files {
    let skeleton = automerge::ChangeHash(skeleton_hash(ORDER).0);
    let edits: Vec<(&str, Vec<u8>)> = vec![
        ("no-dependencies", expanded(|change| change.deps.clear())),
        ("dependency-skeleton", expanded(|change| change.deps = vec![skeleton])),
        (
            "dependency-skeleton-later-start",
            expanded(|change| {
                change.deps = vec![skeleton];
                change.start_op = 50.try_into().unwrap();
            }),
        ),
        ("dependency-unknown", expanded(|change| change.deps = vec![automerge::ChangeHash([7; 32])])),
        ("dependency-more", expanded(|change| change.deps.push(skeleton))),
        ("start-1", expanded(start_op(1))),
        ("start-near-u32-max", expanded(start_op(u64::from(u32::MAX) - 1))),
        ("start-later", expanded(start_op(1_004))),
        ("sequence-gap", expanded(|change| change.seq = 7)),
        ("sequence-again", expanded(|change| change.seq = 1)),
        (
            "first-change-with-gap",
            expanded(|change| {
                change.actor_id = AutomergeActor::from([3_u8; 16]);
                change.seq = 7;
            }),
        ),
        ("actor-empty", expanded(|change| change.actor_id = AutomergeActor::from([0_u8; 0].as_slice()))),
        ("actor-long", expanded(|change| change.actor_id = AutomergeActor::from([3_u8; 300].as_slice()))),
        ("message", expanded(|change| change.message = Some("hello".into()))),
        ("time-max", expanded(|change| change.time = i64::MAX)),
        ("extra-bytes", expanded(|change| change.extra_bytes = vec![1, 2, 3])),
    ];
    edits.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

/// Edits of what the change does.
fn edits_of_operations() -> Files {
    let operation = |edit: fn(&mut Op)| expanded(|change| edit(&mut change.operations[0]));
    let edits: Vec<(&str, Vec<u8>)> = vec![
        (
            "operation-in-root",
            operation(|operation| {
                operation.obj = ObjectId::Root;
                operation.key = Key::Map("id".into());
            }),
        ),
        ("operation-no-bytes", operation(|operation| operation.action = OpType::Put(ScalarValue::Uint(1)))),
        (
            "operation-deletes",
            operation(|operation| {
                operation.action = OpType::Delete;
                operation.pred = vec![OpId::new(3, &AutomergeActor::from(MAKER.origin().actor().0))].into();
            }),
        ),
        (
            "operation-object-unknown",
            operation(|operation| {
                operation.obj = ObjectId::Id(OpId::new(77, &AutomergeActor::from(MAKER.origin().actor().0)));
            }),
        ),
        ("operation-none", expanded(|change| change.operations.clear())),
        (
            "operation-two",
            expanded(|change| {
                let mut second = change.operations[0].clone();
                second.key = Key::Map("second".into());
                change.operations.push(second);
            }),
        ),
    ];
    edits.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

/// Edits of the bytes.
fn edits_of_bytes() -> Files {
    // Columns of a change: 0x15 the key's text, 0x56 lengths and types of the values.
    let edits: Vec<(&str, Vec<u8>)> = vec![
        ("column-unknown", chunked(|chunk| chunk.columns.push(((100 << 4) | 3, vec![0x7f, 0x01])))),
        ("column-missing", chunked(|chunk| drop(chunk.columns.pop()))),
        (
            "run-instead-of-literal",
            chunked(|chunk| {
                let key = column(chunk, 0x15);
                *key = [&[0x01], &key[1..]].concat();
            }),
        ),
        ("leb-padded", chunked(|chunk| chunk.numbers[0] = vec![0x82, 0x00])),
        (
            "value-length",
            chunked(|chunk| {
                let lengths = column(chunk, 0x56);
                *lengths = [vec![0x7f], leb((500 << 4) | 7)].concat();
            }),
        ),
        (
            "values-a-million",
            chunked(|chunk| {
                for (number, data) in &mut chunk.columns {
                    if *number % 8 == 2 {
                        *data = [leb(1_000_000 << 1), data[1..].to_vec()].concat();
                    }
                }
            }),
        ),
        ("dependency-twice", chunked(|chunk| chunk.dependencies.push(chunk.dependencies[0].clone()))),
        ("actor-unused", chunked(|chunk| chunk.other_actors.push(vec![9; 16]))),
        ("actor-missing", chunked(|chunk| drop(chunk.other_actors.pop()))),
        ("checksum", {
            let mut bytes = honest().1;
            bytes[4] ^= 1;
            bytes
        }),
        ("type-2", deflated(&honest().1)),
        ("type-2-garbage", chunk(2, &[0xff; 40])),
        ("type-unknown", chunked(|chunk| chunk.kind = 9)),
        ("cut", honest().1[..60].to_vec()),
    ];
    edits.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

fn files() -> Files {
    [vec![("honest".to_owned(), honest().1)], edits_of_value(), edits_of_operations(), edits_of_bytes()].concat()
}

#[test]
fn golden_hostile_changes_are_what_the_edits_give() {
    Room::open("hostile").check(&files());
}

/// What our store's bytes give when they end in `change`: the number of facts, or an error.
fn facts_with_tail(change: &[u8]) -> Result<usize, DocumentError> {
    let bytes = [honest().0.save(), change.to_vec()].concat();
    let document = Document::load(ORDER, &bytes)?;
    Ok(document.facts()?.len())
}

#[test]
fn the_honest_change_is_read_behind_a_save_and_its_deflated_form_is_the_same_change() {
    let room = Room::open("hostile");
    assert_eq!(facts_with_tail(&room.read("honest")).unwrap(), 4);
    // The library reads the compressed form, too. Only our own store could hold it, and it never writes it.
    assert_eq!(facts_with_tail(&room.read("type-2")).unwrap(), 4);
}

#[test]
fn every_hostile_change_in_our_store_is_an_error_and_never_a_panic() {
    let room = Room::open("hostile");
    let allowed = ["honest", "type-2"];
    let mut read = Vec::new();
    for name in room.names().iter().filter(|name| !allowed.contains(&name.as_str())) {
        if let Ok(facts) = facts_with_tail(&room.read(name)) {
            read.push(format!("{name}: {facts} facts"));
        }
    }
    assert!(read.is_empty(), "{read:#?}");
}

#[test]
fn a_hostile_change_alone_or_before_the_document_is_an_error() {
    let room = Room::open("hostile");
    for name in room.names() {
        let change = room.read(&name);
        assert!(Document::load(ORDER, &change).is_err(), "{name}");
        let behind_skeleton = [skeleton_bytes(ORDER), change.clone()].concat();
        assert!(Document::load(ORDER, &behind_skeleton).and_then(|document| document.facts()).is_err(), "{name}");
        let other = Document::new(OTHER_ORDER).unwrap().save();
        assert!(Document::load(OTHER_ORDER, &[other, change].concat()).is_err(), "{name}");
    }
}

#[test]
fn no_door_takes_raw_changes_or_documents() {
    let room = Room::open("hostile");
    let raw = room.names().into_iter().map(|name| room.read(&name)).chain([honest().0.save()]);
    for bytes in raw {
        assert!(StatedFact::from_bytes(&bytes).is_err());
        assert!(minicbor::decode::<Record>(&bytes).is_err());
        for packing in 0..=2 {
            assert!(unpack(&[&[1, packing], bytes.as_slice()].concat()).is_err());
        }
    }
}

#[test]
fn a_document_with_any_byte_changed_and_its_checksum_repaired_is_never_a_panic() {
    let (document, _) = honest();
    let bytes = document.save();
    for position in 8..bytes.len() {
        for flip in [0x01, 0x80, 0x55] {
            let mut damaged = bytes.clone();
            damaged[position] ^= flip;
            let loaded = Document::load(ORDER, &repaired(damaged));
            let Ok(loaded) = loaded else { continue };
            // What loads can be read and saved, or says why not.
            let facts = loaded.facts();
            assert!(facts.is_err() || loaded.heads() != document.heads() || facts == document.facts());
            assert!(Document::load(ORDER, &loaded.save()).is_ok(), "byte {position}");
        }
    }
}
