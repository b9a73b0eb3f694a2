use super::*;
use crate::facts::bodies::AddNote;
use crate::facts::{Content, Head, SCHEMA_LEVEL, SeenRef, Statement};
use crate::ids::{DeviceId, Incarnation, PersonId};

fn origin(device: u8) -> Origin {
    Origin::Device { device: DeviceId([device; 16]), incarnation: Incarnation([device; 16]) }
}

fn note(device: u8, sequence: u64, text: &str) -> Record {
    let statement = if sequence == 1 {
        Statement { origin: Some(origin(device)), author: Some(Author::Person(PersonId([device; 16]))), restates: None }
    } else {
        Statement::default()
    };
    let content = Content {
        level: SCHEMA_LEVEL,
        seen: vec![SeenRef::Previous],
        head: Head::default(),
        body: AddNote { text: text.to_owned() }.into(),
    };
    Record {
        actor: origin(device).actor(),
        sequence,
        time: UnixMillis(1_700_000_000_000).plus(i64::try_from(sequence).unwrap()),
        bytes: StatedFact::new(statement, content).to_bytes(),
    }
}

fn id() -> DocumentId {
    DocumentId([9; 16])
}

#[test]
fn chains_of_two_actors_merge_in_any_order() {
    let records = [note(1, 1, "a"), note(1, 2, "b"), note(2, 1, "c"), note(2, 2, "d")];
    let orders = [[0, 1, 2, 3], [2, 3, 0, 1], [0, 2, 1, 3]];
    let documents: Vec<_> = orders
        .iter()
        .map(|order| {
            let mut document = Document::new(id()).unwrap();
            for index in order {
                document.append(&records[*index]).unwrap();
            }
            document
        })
        .collect();
    for document in &documents {
        assert_eq!(document.heads(), documents[0].heads());
        assert_eq!(document.facts().unwrap(), documents[0].facts().unwrap());
        assert_eq!(document.records().unwrap().len(), 4);
        let again = Document::load(id(), &document.save()).unwrap();
        assert_eq!(again.chains(), document.chains());
        assert_eq!(again.records().unwrap(), document.records().unwrap());
        assert_eq!(read_saved_heads(&document.save()).unwrap().heads, document.heads());
    }
}

#[test]
fn raw_changes_may_be_appended_to_a_save() {
    let mut document = Document::new(id()).unwrap();
    document.append(&note(1, 1, "a")).unwrap();
    let mut bytes = document.save();
    let built = document.append(&note(1, 2, "b")).unwrap();
    bytes.extend(built.raw_bytes());
    assert_eq!(Document::load(id(), &bytes).unwrap().heads(), document.heads());
    assert!(read_saved_heads(&bytes).unwrap().has_tail);
}

#[test]
fn a_gap_and_a_repetition_are_refused_and_change_nothing() {
    let mut document = Document::new(id()).unwrap();
    document.append(&note(1, 1, "a")).unwrap();
    for wrong in [note(1, 1, "a"), note(1, 3, "c"), note(2, 2, "x")] {
        assert!(matches!(document.append(&wrong), Err(DocumentError::Sequence { .. })));
    }
    assert_eq!(document.length(), 1);
}

#[test]
fn a_change_of_one_document_is_not_valid_in_another() {
    let first = rebuild(id(), None, &note(1, 1, "a")).unwrap();
    let other = rebuild(DocumentId([8; 16]), None, &note(1, 1, "a")).unwrap();
    assert_ne!(first.hash, other.hash);
    let document = Document::new(id()).unwrap();
    assert!(matches!(Document::load(DocumentId([8; 16]), &document.save()), Err(DocumentError::WrongSkeleton { .. })));
}

#[test]
fn two_actors_with_one_prefix_keep_both_facts() {
    let mut left = note(1, 1, "left");
    let mut right = note(2, 1, "right");
    left.actor = ActorId([1; 16]);
    let mut near = [1; 16];
    near[15] = 2;
    right.actor = ActorId(near);
    let mut document = Document::new(id()).unwrap();
    document.append(&left).unwrap();
    document.append(&right).unwrap();
    assert_eq!(document.facts().unwrap().len(), 2);
    assert_eq!(Document::load(id(), &document.save()).unwrap().facts().unwrap().len(), 2);
}

#[test]
fn limits_of_size_and_time_are_refused() {
    let mut document = Document::new(id()).unwrap();
    let mut late = note(1, 1, "a");
    late.time = UnixMillis(i64::MAX);
    assert!(matches!(document.append(&late), Err(DocumentError::Limit { .. })));
    let mut large = note(1, 1, "a");
    large.bytes = vec![0; limits::FACT_BYTES_MAX + 1];
    assert!(matches!(document.append(&large), Err(DocumentError::Limit { .. })));
}

#[test]
fn damaged_saves_are_errors_never_panics() {
    let mut document = Document::new(id()).unwrap();
    for sequence in 1..=5 {
        document.append(&note(1, sequence, "some text")).unwrap();
    }
    let bytes = document.save();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x41;
        if let Ok(loaded) = Document::load(id(), &damaged) {
            assert_eq!(loaded.heads(), document.heads(), "byte {position}");
        }
        assert!(Document::load(id(), &bytes[..position]).is_err());
    }
}
