//! What a device does about stores that lost something, and about what it cannot read.

use docket_sync_core::facts::bodies::SignDocument;
use docket_sync_core::facts::values::{Opinion, OpinionGrade};
use docket_sync_core::ids::{BlobId, Digest, DocumentId, KeyId, RecordId, Signature};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::device::{Replica as _, WANT_DOCUMENTS_MAX};
use docket_sync_core::sync::frames::Batch;

use super::fake_store::FakeStore;
use super::{Device, NewFact, note, sync, texts};

#[test]
fn an_order_that_cannot_be_read_does_not_stop_the_others() {
    let mut store = FakeStore::new();
    let (bad, good) = (store.order(1), store.order(2));
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    store.spoil(bad);
    store.note(good, "later");
    let mut replica = device.open();
    let report = sync(&mut replica, &mut store).unwrap();
    assert_eq!(report.verified, Some(true), "its bytes are kept");
    assert!(report.rounds <= 3, "asked for once");
    assert_eq!(texts(&replica, good), ["later"]);
    let rows = replica.rows().unwrap();
    let marked = |id| rows.iter().find(|(row, _)| *row == id).map(|(_, row)| (row.serial.clone(), row.unreadable));
    assert_eq!(marked(bad), Some((Some("S-1".to_owned()), Some(true))), "the row it had");
    assert_eq!(marked(good), Some((Some("S-1".to_owned()), None)));
    // A device that meets it for the first time.
    let fresh = Device::enrolled(&FakeStore::new());
    let mut replica = fresh.open();
    let mut store = FakeStore::new();
    let (bad, good) = (store.order(1), store.order(2));
    store.spoil(bad);
    store.note(good, "there");
    assert_eq!(sync(&mut replica, &mut store).unwrap().verified, Some(true));
    assert_eq!(texts(&replica, good), ["there"]);
    assert_eq!(replica.rows().unwrap().len(), 2);
}

#[test]
fn a_disk_rolled_back_unnoticed_is_healed_within_its_epoch() {
    // With 0 the store stays behind the device's number; with 9 it has gone on past it.
    for news in [0, 9] {
        let mut store = FakeStore::new();
        let document = store.order(1);
        let device = Device::enrolled(&store);
        device.sync(&mut store);
        let backup = store.clone();
        let mut replica = device.open();
        for number in 0..3 {
            replica.state_fact(note(document, &format!("own {number}"))).unwrap();
        }
        sync(&mut replica, &mut store).unwrap();
        store.note(document, "of the office");
        sync(&mut replica, &mut store).unwrap();
        let lost = store.texts(document);

        let mut store = backup.rolled_back();
        for number in 0..news {
            store.note(document, &format!("since {number}"));
        }
        sync(&mut replica, &mut store).unwrap();
        let report = sync(&mut replica, &mut store).unwrap();
        assert_eq!((report.verified, report.rounds), (Some(true), 1), "{news} news");
        let healed = store.texts(document);
        assert!(lost.iter().all(|text| healed.contains(text)), "{healed:?}");
        assert_eq!(texts(&replica, document), healed);
        // Not deaf: news arrive.
        store.note(document, "heard");
        sync(&mut replica, &mut store).unwrap();
        assert!(texts(&replica, document).contains(&"heard".to_owned()));
    }
}

#[test]
fn a_document_that_heads_show_to_be_behind_is_asked_for() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    store.note(document, "missed");
    store.withhold(document.0);
    assert_eq!(device.sync(&mut store).verified, Some(true));
    assert_eq!(texts(&device.open(), document), ["missed"]);
}

#[test]
fn a_difference_that_heads_do_not_show_pulls_everything_once() {
    let mut store = FakeStore::new();
    store.order(1);
    let name = RecordId([0xc1; 16]);
    store.reference(name, "Mr. Wang");
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    store.reference(name, "Mr. Wang the younger");
    store.withhold(name.0);
    assert_eq!(device.sync(&mut store).verified, Some(true), "a reference record");
    let added = store.order(2);
    store.withhold(added.0);
    assert_eq!(device.sync(&mut store).verified, Some(true), "a document that was never here");
    assert!(device.open().facts(added).is_ok());
}

#[test]
fn facts_for_an_order_the_restored_store_does_not_know_wait_until_it_is_healed() {
    let mut store = FakeStore::new();
    let (document, other) = (store.order(1), store.order(2));
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut replica = device.open();
    let incarnation = replica.incarnation();
    let mut restored = store.clone().restored();
    restored.lose(document);
    let id = replica.state_fact(note(document, "meanwhile")).unwrap();
    replica.state_fact(note(other, "elsewhere")).unwrap();
    let report = sync(&mut replica, &mut restored).unwrap();
    assert_eq!(report.unsent, 0, "sent again in the same sync");
    assert_eq!(restored.texts(document), ["meanwhile"]);
    assert_eq!(replica.incarnation(), incarnation, "not stated again");
    assert!(replica.facts(document).unwrap().iter().any(|fact| fact.id == id));
}

pub(super) fn signing(document: DocumentId, proof: &[u8]) -> NewFact {
    let body = SignDocument {
        voucher: Digest([1; 32]),
        covered: Vec::new(),
        covered_digest: Digest([1; 32]),
        opinion: Opinion { grade: OpinionGrade::NoneGiven, text: None },
        name: "王秀英".into(),
        relation: "owner".into(),
        proof: BlobId(*blake3::hash(proof).as_bytes()),
        key: KeyId([1; 8]),
        signature: Signature([1; 64]),
    };
    NewFact { body: body.into(), proof: Some(proof.to_vec()), ..note(document, "") }
}

#[test]
fn proofs_of_signatures_heal_with_them() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let backup = store.clone();
    let mut replica = device.open();
    replica.state_fact(signing(document, b"strokes under a receipt")).unwrap();
    sync(&mut replica, &mut store).unwrap();
    store.note(document, "so that a receipt covers it");
    sync(&mut replica, &mut store).unwrap();
    replica.state_fact(signing(document, b"strokes after it")).unwrap();
    sync(&mut replica, &mut store).unwrap();

    let mut restored = backup.restored();
    sync(&mut replica, &mut restored).unwrap();
    // A proof may arrive twice, like every frame: it is known by its content.
    restored.proofs.sort();
    restored.proofs.dedup();
    assert_eq!(restored.proofs, [b"strokes after it".to_vec(), b"strokes under a receipt".to_vec()]);
}

/// The first batch of a store that begins from nothing: the reference records alone; the documents follow.
fn in_two(store: &mut FakeStore) -> [Batch; 2] {
    let all = store.batch(0, &[]).unwrap();
    let to = Cursor { number: 1, chain: store.chain_at(1), ..all.to };
    let first = Batch { to, documents: Vec::new(), receipt: None, digest: None, ..all.clone() };
    [first, Batch { from: 1, references: Vec::new(), ..all }]
}

#[test]
fn a_record_that_only_a_later_batch_names_is_kept_until_the_last() {
    let mut store = FakeStore::new();
    store.order(1);
    let name = RecordId([0xc1; 16]);
    store.reference(name, "Mr. Wang");
    let device = Device::enrolled(&store);
    let mut replica = device.open();
    let [first, second] = in_two(&mut store);
    replica.apply(first).unwrap();
    assert!(replica.reference(name).unwrap().is_some(), "named by nothing yet");
    assert_eq!(replica.apply(second).unwrap().verified, Some(true));
    assert_eq!(replica.rows().unwrap()[0].1.customer, "Mr. Wang");
}

#[test]
fn a_pull_from_nothing_that_begins_below_the_cursor_is_followed_to_its_end() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    store.reference(RecordId([0xc1; 16]), "Mr. Wang");
    store.note(document, "there");
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut replica = device.open();
    let before = replica.state().cursor.unwrap();
    let [first, second] = in_two(&mut store);
    assert!(first.to.number < before.number);
    let applied = replica.apply(first).unwrap();
    assert!(applied.heads, "the store may have lost something");
    assert_eq!(applied.to, 1, "not taken for one that arrived before");
    assert_eq!(replica.apply(second.clone()).unwrap().verified, Some(true));
    assert_eq!(replica.state().cursor, Some(before));
    assert_eq!(texts(&replica, document), ["there"]);
    // Once it is followed, the same batch again is one that arrived before.
    let again = replica.apply(Batch { to: Cursor { number: 1, ..second.to }, ..second }).unwrap();
    assert_eq!((again.to, again.heads), (before.number, false));
}

#[test]
fn more_documents_than_one_want_may_name_are_asked_for_in_turn() {
    let store = FakeStore::new();
    let mut replica = Device::enrolled(&store).open();
    let id = |number: u16| {
        DocumentId::new(super::START, [[0; 8].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap())
    };
    replica.flight.behind = (0..620).map(id).collect();
    let first = replica.next_wanted(false);
    assert_eq!(first.len(), WANT_DOCUMENTS_MAX);
    // The store's one batch had room for 450 of them.
    for document in first.iter().take(450) {
        assert!(replica.flight.asked.remove(document));
    }
    let second = replica.next_wanted(true);
    assert_eq!(second.len(), 50 + 120, "those left out, and the others");
    assert!(first[450..].iter().all(|document| second.contains(document)));
    for document in &second {
        replica.flight.asked.remove(document);
    }
    assert!(replica.next_wanted(true).is_empty());
}
