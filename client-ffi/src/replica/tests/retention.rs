//! What a device keeps of documents that left its scope (sync.md, "Evict never drops work").

use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::DAY;

use super::super::retention::Retention;
use super::fake_store::FakeStore;
use super::{Device, note, sync, texts};
use crate::replica::ReplicaError;
use crate::store::{Table, scan_all};
use crate::sync::Exchange;

/// A device that stated a fact in each of `count` orders, which then left its scope.
fn left_the_scope(store: &mut FakeStore, count: u8) -> (Device, Vec<DocumentId>) {
    let documents: Vec<DocumentId> = (1..=count).map(|customer| store.order(customer)).collect();
    let device = Device::enrolled(store);
    device.sync(store);
    for document in &documents {
        device.open().state_fact(note(*document, "a word of the technician")).unwrap();
    }
    device.sync(store);
    for document in &documents {
        store.evict(*document);
        device.sync(store);
        device.clock.pass(DAY);
        store.pass(DAY);
    }
    (device, documents)
}

fn sealed(device: &Device) -> Vec<DocumentId> {
    let rows = scan_all(&device.open().into_store(), Table::Sealed).unwrap();
    rows.iter().filter_map(|(key, _)| DocumentId::from_slice(key)).collect()
}

fn pass_days(device: &Device, store: &mut FakeStore, days: i64) {
    device.clock.pass(days * DAY);
    store.pass(days * DAY);
    device.sync(store);
}

#[test]
fn what_left_the_scope_cannot_be_read_on_the_device() {
    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 1);
    assert!(matches!(device.open().facts(documents[0]), Err(ReplicaError::NoDocument(_))));
    assert_eq!(sealed(&device), documents);
    // Not even with the device's own keys: the rows lie open in this store.
    let words = b"a word of the technician";
    for (table, _, value) in device.disk.dump() {
        assert!(!value.windows(words.len()).any(|bytes| bytes == words), "table {table}");
    }
    assert_eq!(device.sync(&mut store).verified, Some(true));
}

#[test]
fn it_stays_until_thirty_days_have_passed_and_it_is_in_a_backup() {
    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 1);
    pass_days(&device, &mut store, 40);
    assert_eq!(sealed(&device), documents, "long ago, and in no backup");

    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 1);
    store.back_up();
    pass_days(&device, &mut store, 28);
    assert_eq!(sealed(&device), documents, "in a backup, and not long ago");
    pass_days(&device, &mut store, 2);
    assert_eq!(sealed(&device), []);
    let rows = device.disk.dump();
    let metas = rows.iter().filter(|(table, ..)| *table == Table::DocumentMeta.number()).count();
    assert_eq!(metas, 0, "nothing of it is left");
}

#[test]
fn a_clock_of_the_office_that_stands_in_another_year_lets_nothing_go() {
    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 1);
    store.back_up();
    for started_anew in [false, true] {
        store.pass(3_650 * DAY);
        if started_anew {
            device.clock.reboot();
        }
        device.sync(&mut store);
        device.sync(&mut store);
        assert_eq!(sealed(&device), documents);
    }
    // Right again: what it jumped counts for nothing, and for one day.
    store.pass(-7_300 * DAY);
    pass_days(&device, &mut store, 27);
    assert_eq!(sealed(&device), documents);
    pass_days(&device, &mut store, 3);
    assert_eq!(sealed(&device), []);
}

#[test]
fn above_the_limit_of_bytes_the_oldest_in_a_backup_go_first() {
    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 3);
    let sync_with_room_for = |store: &mut FakeStore, bundles: u64| {
        let mut replica = device.open();
        let rows = scan_all(replica.store(), Table::Sealed).unwrap();
        let largest = rows.iter().map(|(_, value)| value.len()).max().unwrap();
        replica.retention = Retention { bytes_max: bundles * u64::try_from(largest).unwrap(), ..Retention::default() };
        sync(&mut replica, store).unwrap();
    };
    sync_with_room_for(&mut store, 1);
    assert_eq!(sealed(&device).len(), 3, "in no backup");
    store.back_up();
    sync_with_room_for(&mut store, 2);
    let left: Vec<DocumentId> = documents[1..].to_vec();
    let mut found = sealed(&device);
    found.sort_unstable();
    assert_eq!(found, left, "the one that left first");
}

#[test]
fn what_is_not_acknowledged_is_never_sealed_and_never_goes() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    store.forbid("refused");
    device.open().state_fact(note(document, "refused")).unwrap();
    store.evict(document);
    device.sync(&mut store);
    store.back_up();
    let mut replica = device.open();
    replica.retention = Retention { kept_ms: 0, bytes_max: 0, ..Retention::default() };
    device.clock.pass(60 * DAY);
    store.pass(60 * DAY);
    sync(&mut replica, &mut store).unwrap();
    sync(&mut replica, &mut store).unwrap();
    assert!(replica.facts(document).is_ok(), "still readable here");
    assert_eq!(replica.journal().count(), 1);
    drop(replica);
    assert_eq!(sealed(&device), []);
}

#[test]
fn a_restored_store_gets_back_what_it_alone_can_read() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let backup = store.clone();
    store.note(document, "of the office");
    device.sync(&mut store);
    device.open().state_fact(note(document, "own, behind the receipt")).unwrap();
    device.sync(&mut store);
    let everything = store.texts(document);
    store.evict(document);
    device.sync(&mut store);
    assert_eq!(sealed(&device), [document]);

    let mut restored = backup.restored();
    assert!(restored.texts(document).is_empty());
    restored.evict(document);
    device.sync(&mut restored);
    assert_eq!(restored.opened, 2, "what the receipt covers, and what an envelope does");
    assert_eq!(restored.texts(document), everything);
    assert_eq!(device.sync(&mut restored).verified, Some(true));
    assert_eq!(restored.opened, 2, "given back once");
    // It is as new as that: the backup from before does not cover it.
    pass_days(&device, &mut restored, 40);
    assert_eq!(sealed(&device), [document]);
    restored.back_up();
    pass_days(&device, &mut restored, 1);
    assert_eq!(sealed(&device), []);
}

#[test]
fn what_is_stated_on_a_page_left_open_is_sealed_behind_its_order() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let backup = store.clone();
    device.open().state_fact(note(document, "before it left")).unwrap();
    device.sync(&mut store);
    store.evict(document);
    device.sync(&mut store);
    assert_eq!(sealed(&device), [document]);
    // Two facts, on a page that was opened before.
    device.open().state_fact(note(document, "after it left")).unwrap();
    device.open().state_fact(note(document, "and once more")).unwrap();
    assert_eq!(device.sync(&mut store).verified, Some(true), "what is not in scope is not counted");
    let everything = store.texts(document);
    assert_eq!(everything.len(), 3);
    assert_eq!(device.open().journal().count(), 0);
    assert!(matches!(device.open().facts(document), Err(ReplicaError::NoDocument(_))), "still only sealed");
    pass_days(&device, &mut store, 40);
    assert_eq!(sealed(&device), [document], "in no backup");

    let mut restored = backup.restored();
    restored.evict(document);
    device.sync(&mut restored);
    assert_eq!(restored.texts(document), everything);
}

#[test]
fn what_was_refused_of_an_order_that_left_is_still_shown() {
    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 1);
    store.forbid("refused");
    device.open().state_fact(note(documents[0], "refused")).unwrap();
    device.sync(&mut store);
    let replica = device.open();
    assert_eq!(replica.facts(documents[0]).unwrap(), [], "of the order itself nothing");
    let rows = replica.rows().unwrap();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].1.evicted && rows[0].1.refused == 1);
}

#[test]
fn a_store_that_loses_the_same_order_twice_gets_it_back_under_both_receipts() {
    let mut cut_between = false;
    for messages in 1..10 {
        let mut store = FakeStore::new();
        let document = store.order(1);
        let backup = store.clone();
        store.note(document, "before the first loss");
        let device = Device::enrolled(&store);
        device.sync(&mut store);
        // The connection breaks after some messages, and the store is lost again.
        let mut once = backup.clone().restored();
        once.note(document, "between the losses");
        let mut replica = device.open();
        let mut exchange = Exchange::begin(&mut replica);
        for _ in 0..messages {
            let Some(message) = exchange.next_message(&mut replica).unwrap() else { break };
            exchange.answered(&mut replica, &once.answer(&message)).unwrap();
        }
        let shown = texts(&replica, document);
        drop(replica);
        cut_between |= shown.len() == 2 && once.texts(document).len() == 1;
        let mut twice = backup.restored().restored();
        device.sync(&mut twice);
        assert_eq!(device.sync(&mut twice).verified, Some(true), "after {messages}");
        let mut back = twice.texts(document);
        back.sort();
        assert_eq!(back, shown, "after {messages}");
    }
    assert!(cut_between, "the order came before the device had given back what the store lost");
}

#[test]
fn an_order_that_comes_back_into_scope_is_readable_again() {
    let mut store = FakeStore::new();
    let (device, documents) = left_the_scope(&mut store, 1);
    store.enter(documents[0]);
    assert_eq!(device.sync(&mut store).verified, Some(true));
    assert_eq!(texts(&device.open(), documents[0]), ["a word of the technician"]);
    assert_eq!(sealed(&device), []);
    assert_eq!(device.open().rows().unwrap().len(), 1);
}
