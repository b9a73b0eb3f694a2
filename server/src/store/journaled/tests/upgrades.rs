//! A store of every earlier format is upgraded whole or not at all; a newer one is refused.

use super::world::{World, after, batch, contents, folded, mixed, options};
use crate::store::disk::DiskFailure;
use crate::store::journaled::{FORMAT, JournaledStore};
use crate::store::{SledOptions, SledStore, Store, Table};

const SLED: SledOptions = SledOptions { cache_bytes: 8 << 20, reserve_bytes: 0 };

#[test]
fn a_store_of_format_1_is_upgraded_and_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let old = SledStore::open(folder.path(), SLED).unwrap();
    (1..=50).for_each(|number| old.apply(&batch(number)).unwrap());
    old.flush().unwrap();
    drop(old);
    let store = JournaledStore::open_with(folder.path(), SLED, options("0")).unwrap();
    assert!(contents(&store) == after(50) && folded(&store) == after(50));
    assert!(store.journal().unwrap().frames(1).all(|frame| frame.unwrap().header.is_base()));
    let backup = store.report().upgraded.clone().expect("it says where the old store is");
    store.apply(&batch(51)).unwrap();
    drop(store);
    let store = JournaledStore::open_with(folder.path(), SLED, options("0")).unwrap();
    assert!(contents(&store) == after(51));
    assert_eq!((store.report().upgraded.clone(), store.report().rebuild.clone()), (None, None), "once is enough");
    drop(store);
    // Rolling back: the old folder under its old name, and the rest away.
    let rolled_back = tempfile::tempdir().unwrap();
    std::fs::rename(&backup, rolled_back.path().join("sled")).unwrap();
    assert!(contents(&SledStore::open(rolled_back.path(), SLED).unwrap()) == after(50));
    // A program without a journal must not write behind the journal's back.
    let error = SledStore::open(folder.path(), SLED).unwrap_err();
    assert!(error.to_string().contains("format [2]"), "{error}");
}

#[test]
fn an_upgrade_that_is_cut_off_at_any_call_is_repeated() {
    let mut number = 0;
    loop {
        number += 1;
        let mut world = World::default();
        let old = world.home.engine();
        (1..=30).for_each(|number| old.apply(&batch(number)).unwrap());
        old.flush().unwrap();
        let failure = if number % 2 == 0 { DiskFailure::Short } else { DiskFailure::Full };
        world.disk.fail_call(number, failure);
        let opened = world.open().map(drop);
        if world.disk.failure_is_due() {
            assert!(opened.is_ok());
            break;
        }
        if number % 3 == 0 {
            world.disk.end_process();
        } else {
            world.crash(mixed(number));
        }
        let store = world.open().unwrap_or_else(|error| panic!("call {number}: {error}"));
        assert!(contents(&store) == after(30), "call {number}");
        drop(store);
        world.check(30, &format!("upgrade cut off at call {number}"));
    }
    assert!(number > 20, "{number} calls");
}

#[test]
fn a_newer_format_is_refused_and_nothing_is_touched() {
    for (said, expected) in [("4\n", "newer version"), ("no number", "damaged"), ("", "damaged")] {
        let world = World::with_batches(5);
        world.disk.put("format", said.as_bytes().to_vec()).unwrap();
        let before: Vec<_> = world.disk.files();
        let error = world.open().map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(world.disk.files(), before);
    }
    assert_eq!(
        (FORMAT, Table::ALL.len()),
        (3, 28),
        "a new table needs a new format, so that older programs refuse the store; and a folder of the old one in `tests/kept`"
    );
}

#[test]
fn a_store_of_format_2_is_upgraded_in_its_place_and_an_upgrade_that_is_cut_off_is_repeated() {
    let mut number = 0;
    loop {
        number += 1;
        let mut world = World::with_batches(12);
        world.disk.put("format", b"2\n".to_vec()).unwrap();
        world.disk.fail_call(number, if number % 2 == 0 { DiskFailure::Short } else { DiskFailure::Full });
        let opened = world.open().map(drop);
        let was_spared = world.disk.failure_is_due();
        assert!(!was_spared || opened.is_ok());
        world.crash(mixed(number));
        let store = world.open().unwrap_or_else(|error| panic!("call {number}: {error}"));
        assert!(contents(&store) == after(12) && store.report().upgraded.is_none(), "call {number}");
        assert_eq!(world.disk.bytes("format"), Some(b"3\n".to_vec()));
        if was_spared {
            break;
        }
    }
    assert!(number > 3, "{number} calls");
}

#[test]
fn a_journal_without_its_folder_is_missed_in_every_format_that_has_one() {
    for said in ["2\n", "3\n"] {
        let world = World::with_batches(3);
        world.disk.mount().remove("journal").unwrap();
        world.disk.put("format", said.as_bytes().to_vec()).unwrap();
        let error = world.open().map(drop).unwrap_err().to_string();
        assert!(error.contains("there is no journal"), "{error}");
    }
}

#[test]
fn a_lost_format_file_is_written_again() {
    let world = World::with_batches(5);
    world.disk.mount().remove("format").unwrap();
    let store = world.open().unwrap();
    assert!(contents(&store) == after(5));
    assert_eq!(world.disk.bytes("format"), Some(b"3\n".to_vec()));
}
