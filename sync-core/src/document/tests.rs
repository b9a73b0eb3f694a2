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

mod saved {
    use proptest::prelude::*;

    use super::*;

    /// A record of an actor whose first bytes may be those of another one.
    fn record(actor: u8, sequence: u64, later: i64, text: &str) -> Record {
        let mut bytes = [actor / 2; 16];
        bytes[15] = actor;
        let mut record = note(1, sequence, text);
        record.actor = ActorId(bytes);
        record.time = record.time.plus(later);
        record
    }

    /// Chains of up to six actors, built in a drawn order.
    fn documents() -> impl Strategy<Value = (Document, Vec<Record>)> {
        let step = (0_u8..6, -3_000_000_000_i64..3_000_000_000, "[a-z漏水]{0,40}");
        proptest::collection::vec(step, 0..60).prop_map(|steps| {
            let mut document = Document::new(id()).unwrap();
            let mut records = Vec::new();
            for (actor, later, text) in steps {
                let actor_id = record(actor, 1, 0, "").actor;
                let sequence = document.chains().get(&actor_id).map_or(0, |head| head.sequence) + 1;
                let record = record(actor, sequence, later, &text);
                document.append(&record).unwrap();
                records.push(record);
            }
            (document, records)
        })
    }

    fn same(saved: &SavedDocument, document: &Document) {
        assert_eq!(saved.chains(), document.chains());
        assert_eq!(saved.heads(), document.heads());
        assert_eq!(saved.records(), document.records().unwrap());
        assert_eq!(saved.change_hashes().collect::<Vec<_>>(), document.change_hashes());
        for (record, hash) in saved.changes() {
            assert_eq!(document.change_hash(record.actor, record.sequence), Some(hash));
            assert_eq!(saved.change_hash(record.actor, record.sequence), Some(hash));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_without_the_library_is_what_it_loads((document, _) in documents()) {
            let bytes = document.save();
            prop_assert!(SavedDocument::is_plain(id(), &bytes));
            same(&SavedDocument::read(id(), bytes).unwrap(), &document);
            prop_assert!(SavedDocument::read(DocumentId([8; 16]), document.save()).is_err());
        }

        #[test]
        fn changes_are_written_as_the_library_writes_them((_, records) in documents()) {
            let mut chains = Chains::new();
            for record in &records {
                let previous = chains.get(&record.actor).copied();
                let built = rebuild(id(), previous.as_ref(), record).unwrap();
                let chunk = change_chunk(id(), previous.as_ref(), record);
                prop_assert_eq!(chunk.hash, built.hash);
                prop_assert_eq!(chunk.bytes.as_slice(), built.raw_bytes());
                chains.insert(record.actor, ChainHead { sequence: record.sequence, hash: built.hash });
            }
            prop_assert_eq!(skeleton_hash(id()).0, change::skeleton(id()).hash().0);
        }

        #[test]
        fn a_document_grown_by_appending_loads_as_one_that_was_built((document, records) in documents()) {
            let mut saved = SavedDocument::new(id()).unwrap();
            for record in &records {
                saved.append(record).unwrap();
            }
            same(&saved, &document);
            same(&saved, &Document::load(id(), saved.bytes()).unwrap());
            prop_assert!(SavedDocument::is_plain(id(), saved.bytes()), "also with changes behind the save");
            same(&SavedDocument::read(id(), saved.bytes().to_vec()).unwrap(), &document);
            let folded = saved.fold_in().unwrap().to_vec();
            prop_assert!(!read_saved_heads(&folded).unwrap().has_tail);
            same(&saved, &document);
            same(&SavedDocument::read(id(), folded).unwrap(), &document);
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_or_changes_nothing() {
        let mut document = Document::new(id()).unwrap();
        for sequence in 1..=4 {
            document.append(&note(1, sequence, "some text")).unwrap();
            document.append(&note(2, sequence, "more")).unwrap();
        }
        let mut bytes = document.save();
        bytes.extend_from_slice(document.append(&note(2, 5, "behind it")).unwrap().raw_bytes());
        for position in 0..bytes.len() {
            for bit in [0x01, 0x41, 0x80] {
                let mut damaged = bytes.clone();
                damaged[position] ^= bit;
                assert!(!SavedDocument::is_plain(id(), &damaged), "byte {position}");
                if let Ok(read) = SavedDocument::read(id(), damaged) {
                    assert_eq!(read.heads(), document.heads(), "byte {position}");
                }
            }
            assert!(!SavedDocument::is_plain(id(), &bytes[..position]) || position == document_end(&bytes));
        }
    }

    /// Where the first chunk ends: cut there, the bytes are a whole document without its last change.
    fn document_end(bytes: &[u8]) -> usize {
        (9..bytes.len()).find(|at| bytes[*at..].starts_with(&chunk::MAGIC)).unwrap()
    }

    #[test]
    fn columns_with_a_right_checksum_and_a_wrong_content_are_refused() {
        use sha2::{Digest as _, Sha256};
        let mut document = Document::new(id()).unwrap();
        for sequence in 1..=3 {
            document.append(&note(1, sequence, "some text")).unwrap();
        }
        let bytes = document.save();
        for position in 8..bytes.len() {
            let mut forged = bytes.clone();
            forged[position] ^= 0x03;
            let checksum = Sha256::digest(&forged[8..]);
            forged[4..8].copy_from_slice(&checksum[..4]);
            if SavedDocument::is_plain(id(), &forged) {
                // Nothing but the checksum of the same content.
                let read = SavedDocument::read(id(), forged).unwrap();
                assert_eq!(read.records(), document.records().unwrap(), "byte {position}");
            }
        }
    }

    #[test]
    fn appending_keeps_gaps_and_repetitions_out() {
        let mut saved = SavedDocument::new(id()).unwrap();
        saved.append(&note(1, 1, "a")).unwrap();
        let before = saved.clone();
        for wrong in [note(1, 1, "a"), note(1, 3, "c"), note(2, 2, "x")] {
            assert!(matches!(saved.append(&wrong), Err(DocumentError::Sequence { .. })));
        }
        assert_eq!(saved, before);
    }
}
