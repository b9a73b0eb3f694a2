//! What every engine must do: one suite, instantiated for each engine at the end of this file.
//!
//! An engine joins with a [`Fixture`] and one line of `conformance!`.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of tests")]

mod fixtures;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use docket_sync_core::ids::KeyId;

use self::fixtures::{InMemory, JournaledInMemory, JournaledOnDisk, OnDisk};
use super::{Batch, KeyRange, Order, Store, StoreError, StoredValue, Table, batch};

/// An engine under test, with a disk that outlives it.
trait Fixture {
    fn new() -> Self;
    fn store(&self) -> Arc<dyn Store>;
    /// Ends the engine as a process ends after its last flush, and starts it again on the same disk.
    fn restart(self) -> Self;
}

fn keys(store: &dyn Store, range: &KeyRange, limit: usize, order: Order) -> Vec<String> {
    let entries = store.scan(Table::Feed, range, limit, order).unwrap();
    entries.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
}

fn with_feed(store: &dyn Store, keys: &[&str]) {
    let mut batch = Batch::new();
    for key in keys {
        batch.put(Table::Feed, *key, format!("value of {key}"));
    }
    // Neighbours that no scan of the feed may ever return.
    batch.put(Table::Change, "zz", "before").put(Table::Scope, "", "after");
    store.apply(&batch).unwrap();
}

fn a_batch_is_visible_at_once_in_all_tables<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    assert_eq!(store.get(Table::Meta, b"a").unwrap(), None);
    store.apply(Batch::new().put(Table::Meta, "a", "1").put(Table::Log, "a", "2")).unwrap();
    assert_eq!(store.get(Table::Meta, b"a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.get(Table::Log, b"a").unwrap(), Some(b"2".to_vec()));
    assert_eq!(store.get(Table::Document, b"a").unwrap(), None, "tables are apart");
    store.apply(Batch::new().put(Table::Meta, "a", "3").remove(Table::Log, "a").remove(Table::Log, "none")).unwrap();
    assert_eq!(store.get(Table::Meta, b"a").unwrap(), Some(b"3".to_vec()));
    assert_eq!(store.get(Table::Log, b"a").unwrap(), None);
    store.apply(&Batch::new()).unwrap();
}

fn a_conflict_applies_nothing<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    store.apply(Batch::new().put(Table::DocumentMeta, "d", "v1 rest")).unwrap();
    let refused: [&dyn Fn(&mut Batch); 6] = [
        &|batch| _ = batch.expect_absent(Table::DocumentMeta, "d"),
        &|batch| _ = batch.expect_present(Table::DocumentMeta, "e"),
        &|batch| _ = batch.expect_equals(Table::DocumentMeta, "d", "v1"),
        &|batch| _ = batch.expect_equals(Table::DocumentMeta, "e", ""),
        &|batch| _ = batch.expect_version(Table::DocumentMeta, "d", "v2"),
        &|batch| _ = batch.expect_version(Table::DocumentMeta, "e", ""),
    ];
    for (case, expect) in refused.iter().enumerate() {
        let mut batch = Batch::new();
        batch.put(Table::DocumentMeta, "d", "x").put(Table::Log, "1", "x").expect_present(Table::DocumentMeta, "d");
        expect(&mut batch);
        let result = store.apply(&batch);
        assert!(
            matches!(result, Err(StoreError::Conflict { table: Table::DocumentMeta, .. })),
            "case {case}: {result:?}"
        );
        assert_eq!(store.get(Table::Log, b"1").unwrap(), None, "case {case}");
        assert_eq!(store.get(Table::DocumentMeta, b"d").unwrap(), Some(b"v1 rest".to_vec()), "case {case}");
    }
    let mut batch = Batch::new();
    batch
        .expect_present(Table::DocumentMeta, "d")
        .expect_version(Table::DocumentMeta, "d", "v1")
        .expect_equals(Table::DocumentMeta, "d", "v1 rest")
        .expect_absent(Table::DocumentMeta, "e")
        .put(Table::DocumentMeta, "d", "v2 rest")
        .put(Table::DocumentMeta, "e", "new");
    store.apply(&batch).unwrap();
    assert!(matches!(store.apply(&batch), Err(StoreError::Conflict { .. })), "conditions are about the state before");
}

fn keys_are_ordered_by_their_bytes<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let mut batch = Batch::new();
    let expected: [&[u8]; 7] = [b"", &[0], &[0, 0], &[1], &[1, 0xff], &[0x7f], &[0xff, 0xff]];
    for key in expected.iter().rev() {
        batch.put(Table::Feed, *key, "");
    }
    store.apply(&batch).unwrap();
    let read = store.scan(Table::Feed, &KeyRange::all(), 100, Order::Forward).unwrap();
    let read: Vec<&[u8]> = read.iter().map(|(key, _)| key.as_slice()).collect();
    assert_eq!(read, expected);
}

fn a_scan_keeps_bounds_limit_and_direction<F: Fixture>() {
    use Order::{Forward, Reverse};
    let fixture = F::new();
    let store = fixture.store();
    let store = &*store;
    with_feed(store, &["a", "b", "ba", "bb", "c"]);
    assert_eq!(keys(store, &KeyRange::all(), 100, Forward), ["a", "b", "ba", "bb", "c"]);
    assert_eq!(keys(store, &KeyRange::all(), 2, Reverse), ["c", "bb"]);
    assert_eq!(keys(store, &KeyRange::all(), 0, Forward), [""; 0]);
    assert_eq!(keys(store, &KeyRange::new("b", "bb"), 100, Forward), ["b", "ba"]);
    assert_eq!(keys(store, &KeyRange::new("b", "bb"), 1, Reverse), ["ba"]);
    assert_eq!(keys(store, &KeyRange::after("b"), 2, Forward), ["ba", "bb"]);
    assert_eq!(keys(store, &KeyRange::before("b"), 2, Reverse), ["a"]);
    assert_eq!(keys(store, &KeyRange::starting_at("bb"), 9, Reverse), ["c", "bb"]);
    assert_eq!(keys(store, &KeyRange::prefix("b"), 9, Forward), ["b", "ba", "bb"]);
    assert_eq!(keys(store, &KeyRange::prefix("b").continued_after("b"), 9, Forward), ["ba", "bb"]);
    assert_eq!(keys(store, &KeyRange::prefix("b").continued_before("bb"), 9, Reverse), ["ba", "b"]);
    assert_eq!(keys(store, &KeyRange::new("c", "a"), 9, Forward), [""; 0], "a reversed range is empty");
    assert_eq!(keys(store, &KeyRange::after("zzz"), 9, Reverse), [""; 0]);
    let first = store.scan(Table::Feed, &KeyRange::all(), 1, Forward).unwrap();
    assert_eq!(first, [(b"a".to_vec(), b"value of a".to_vec())]);
}

fn flushed_writes_survive_a_restart<F: Fixture>() {
    let mut fixture = F::new();
    for round in 0..3_u8 {
        let store = fixture.store();
        for number in 0..50_u8 {
            store.apply(Batch::new().put(Table::Log, [round, number], [number; 100])).unwrap();
        }
        store.apply(Batch::new().put(Table::Meta, "round", [round]).remove(Table::Log, [round, 49])).unwrap();
        store.flush().unwrap();
        drop(store);
        fixture = fixture.restart();
        let store = fixture.store();
        assert_eq!(store.get(Table::Meta, b"round").unwrap(), Some(vec![round]));
        let log = store.scan(Table::Log, &KeyRange::prefix([round]), 100, Order::Reverse).unwrap();
        assert_eq!(log.len(), 49);
        assert_eq!(log[0], (vec![round, 48], vec![48; 100]));
    }
}

fn values_of_every_size_come_back<F: Fixture>() {
    let sizes = [0_usize, 1, 16_380, 16_381, 16_382, 16_383, 16_384, 32_766, 32_767, 32_768, 1 << 20];
    let mut fixture = F::new();
    let value = |size: usize, salt: usize| -> Vec<u8> {
        (0..size).map(|at| u8::try_from((at * 31 + salt) % 251).unwrap()).collect()
    };
    for salt in 0..2 {
        let store = fixture.store();
        let mut batch = Batch::new();
        for (size, new) in sizes.iter().zip(sizes.iter().cycle().skip(salt * 5)) {
            batch.put(Table::Blob, size.to_be_bytes(), value(*new, salt));
        }
        store.apply(&batch).unwrap();
        store.flush().unwrap();
        drop(store);
        fixture = fixture.restart();
        let store = fixture.store();
        let entries = store.scan(Table::Blob, &KeyRange::all(), 100, Order::Forward).unwrap();
        assert_eq!(entries.len(), sizes.len());
        for ((size, new), (key, scanned)) in sizes.iter().zip(sizes.iter().cycle().skip(salt * 5)).zip(entries) {
            assert_eq!(key, size.to_be_bytes());
            assert!(scanned == value(*new, salt), "scan, size {new}");
            assert!(store.get(Table::Blob, &key).unwrap() == Some(scanned), "get, size {new}");
        }
    }
    let store = fixture.store();
    let large = value(*sizes.last().unwrap(), 0);
    store.apply(Batch::new().put(Table::Blob, "x", &large)).unwrap();
    store.apply(Batch::new().expect_equals(Table::Blob, "x", &large).put(Table::Blob, "x", "")).unwrap();
    assert_eq!(store.get(Table::Blob, b"x").unwrap(), Some(Vec::new()), "an empty value is not an absent one");
}

fn too_large_is_refused_before_anything<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let mut batch = Batch::new();
    batch.put(Table::Meta, "a", "1").put(Table::Meta, vec![0; batch::KEY_BYTES_MAX + 1], "");
    assert!(matches!(store.apply(&batch), Err(StoreError::TooLarge { what: "key", .. })));
    let mut batch = Batch::new();
    batch.put(Table::Meta, "a", "1").put(Table::Meta, "b", vec![0; batch::VALUE_BYTES_MAX]);
    assert!(matches!(store.apply(&batch), Err(StoreError::TooLarge { what: "value", .. })));
    assert_eq!(store.get(Table::Meta, b"a").unwrap(), None);
    store.apply(Batch::new().put(Table::Meta, vec![0xff; batch::KEY_BYTES_MAX], "1")).unwrap();
}

fn every_value_has_its_header<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let key = KeyId([9; 8]);
    store.apply(Batch::new().put(Table::Document, "p", "ab").put_encrypted(Table::Document, "e", key, "ab")).unwrap();
    assert_eq!(store.get_stored(Table::Document, b"p").unwrap(), Some(vec![1, 0, b'a', b'b']));
    let stored = store.get_stored(Table::Document, b"e").unwrap();
    assert_eq!(stored, Some(vec![1, 1, 9, 9, 9, 9, 9, 9, 9, 9, b'a', b'b']));
    let value = store.get_value(Table::Document, b"e").unwrap();
    assert_eq!(value, Some(StoredValue { key: Some(key), payload: b"ab".to_vec() }));
    assert!(matches!(store.get(Table::Document, b"e"), Err(StoreError::Encrypted { .. })), "ciphertext is no payload");
    assert!(store.scan(Table::Document, &KeyRange::all(), 9, Order::Forward).is_err());
}

fn readers_never_see_half_a_batch<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let write = |number: u32| {
        let mut batch = Batch::new();
        for key in 0..40_u8 {
            // Large enough that an engine which cuts values must keep the pieces together.
            batch.put(Table::View, [key], number.to_be_bytes().repeat(if key == 7 { 5_000 } else { 1 }));
        }
        store.apply(&batch).unwrap();
    };
    write(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut reads, mut last) = (0_u32, 0);
                    while !done.load(Ordering::SeqCst) || reads == 0 {
                        let entries = store.scan(Table::View, &KeyRange::all(), 100, Order::Forward).unwrap();
                        let number = u32::from_be_bytes(entries[0].1[..4].try_into().unwrap());
                        let whole =
                            entries.iter().all(|(_, value)| value.chunks(4).all(|part| part == number.to_be_bytes()));
                        assert!(whole && entries.len() == 40, "a torn batch at {number}");
                        assert!(number >= last, "readers go forward");
                        last = number;
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        (1..=60).for_each(write);
        done.store(true, Ordering::SeqCst);
        assert!(readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u32>() > 0);
    });
}

fn of_two_writers_with_one_version_one_wins<F: Fixture>() {
    let fixture = F::new();
    let store = fixture.store();
    store.apply(Batch::new().put(Table::Meta, "n", 0_u32.to_be_bytes())).unwrap();
    let add = || {
        let mut done = 0;
        while done < 100 {
            let old = store.get(Table::Meta, b"n").unwrap().unwrap();
            let new = u32::from_be_bytes(old.as_slice().try_into().unwrap()) + 1;
            let mut batch = Batch::new();
            batch.expect_equals(Table::Meta, "n", &old).put(Table::Meta, "n", new.to_be_bytes());
            match store.apply(&batch) {
                Ok(()) => done += 1,
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(add))));
    assert_eq!(store.get(Table::Meta, b"n").unwrap(), Some(300_u32.to_be_bytes().to_vec()));
}

macro_rules! conformance {
    ($engine:ident, $fixture:ident, [$($law:ident),* $(,)?]) => {
        mod $engine {
            $(#[test]
            fn $law() {
                super::$law::<super::$fixture>();
            })*
        }
    };
    ($engine:ident, $fixture:ident) => {
        conformance!($engine, $fixture, [
            a_batch_is_visible_at_once_in_all_tables,
            a_conflict_applies_nothing,
            keys_are_ordered_by_their_bytes,
            a_scan_keeps_bounds_limit_and_direction,
            flushed_writes_survive_a_restart,
            values_of_every_size_come_back,
            too_large_is_refused_before_anything,
            every_value_has_its_header,
            readers_never_see_half_a_batch,
            of_two_writers_with_one_version_one_wins,
        ]);
    };
}

conformance!(memory, InMemory);
conformance!(sled, OnDisk);
conformance!(journal_and_memory, JournaledInMemory);
conformance!(journal_and_sled, JournaledOnDisk);
