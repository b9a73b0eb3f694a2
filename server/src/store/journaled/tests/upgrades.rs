//! A store of every earlier format is upgraded whole or not at all; a newer one is refused.

use std::collections::BTreeMap;

use super::world::{World, after, batch, contents, folded, mixed, options};
use crate::store::disk::{DiskFailure, SimulatedDisk};
use crate::store::journaled::{FORMAT, JournaledStore, Progress};
use crate::store::{SledOptions, SledStore, Store, StoreError, Table};

const SLED: SledOptions = SledOptions { cache_bytes: 8 << 20, reserve_bytes: 0 };

#[test]
fn a_store_of_format_1_is_upgraded_and_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let old = SledStore::open(folder.path(), SLED).unwrap();
    (1..=50).for_each(|number| old.apply(&batch(number)).unwrap());
    old.flush().unwrap();
    drop(old);
    crate::store::folder::wait_until_free(&folder.path().join("sled/db")).unwrap();
    let before = files(&folder.path().join("sled"));
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
    // What was kept is what was there, to the byte: nothing has opened it since. It is a store by itself.
    let backup = std::path::PathBuf::from(backup);
    assert!(files(&backup.join("sled")) == before, "the old store was changed");
    assert!(!folder.path().join("upgrading").exists(), "what was only read is removed");
    assert!(contents(&SledStore::open(&backup, SLED).unwrap()) == after(50));
    // A program without a journal must not write behind the journal's back.
    let error = SledStore::open(folder.path(), SLED).unwrap_err();
    assert!(error.to_string().contains("format [2]"), "{error}");
}

/// Every file below a folder.
fn files(folder: &std::path::Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found.into_iter().map(|(path, bytes)| (path.strip_prefix(folder).map_or(path.clone(), Into::into), bytes)).collect()
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
fn what_the_old_program_wrote_after_an_upgrade_was_cut_off_is_in_the_next_one() {
    // Format 1: the journal is made, the format is not written.
    let cut_off = |number| {
        let world = World::default();
        let old = world.home.engine();
        (1..=30).for_each(|number| old.apply(&batch(number)).unwrap());
        old.flush().unwrap();
        world.disk.fail_call(number, DiskFailure::Broken);
        let _stopped = world.open().map(drop);
        world.disk.heal();
        let files = world.disk.files();
        let is_between = files.iter().any(|path| path.starts_with("journal/")) && !files.contains(&"format".to_owned());
        // The simulated engine is put aside with the journal's last call.
        (is_between && world.home.put_aside() == 0).then_some((world, old))
    };
    let (world, old) = (1..200).find_map(cut_off).expect("no call between the journal and the format");
    (31..=40).for_each(|number| old.apply(&batch(number)).unwrap());
    old.flush().unwrap();
    world.check(40, "the old program went on with its store");
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

/// What the program of before reads of a store: the small files and the journal, each with its bytes. `prefix` is where
/// it lies.
fn read_by_format_2(disk: &SimulatedDisk, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let read = |path: String| {
        let name = path.strip_prefix(prefix)?;
        let is_read = ["format", "running", "rebuild"].contains(&name)
            || (name.starts_with("journal/") && name.ends_with(".journal"));
        is_read.then(|| (name.to_owned(), disk.bytes(&path).unwrap()))
    };
    disk.files().into_iter().filter_map(read).collect()
}

/// Whole copies of a store of format 2, and whether there is one that is half made.
fn copies(disk: &SimulatedDisk) -> (Vec<String>, bool) {
    let names = disk.mount().list("").unwrap();
    let whole = names.iter().filter(|name| name.starts_with("store.format-2-")).cloned().collect();
    (whole, names.contains(&"store.format-2.part".to_owned()))
}

/// A store of format 2 in several segments whose process was killed.
fn of_format_2(batches: u64) -> World {
    let world = World::with_batches(batches);
    world.disk.put("format", b"2\n".to_vec()).unwrap();
    assert!(read_by_format_2(&world.disk, "").len() >= 5, "format, running, three segments");
    world
}

/// Opens what was kept of a store as a store by itself.
fn put_back(world: &World, copy: &str) -> World {
    let back = World::default();
    for (name, bytes) in read_by_format_2(&world.disk, &format!("{copy}/")) {
        if let Some((folder, _)) = name.split_once('/') {
            back.disk.mount().make_folder(folder).unwrap();
            back.disk.mount().sync_folder("").unwrap();
        }
        back.disk.put(&name, bytes).unwrap();
    }
    back
}

#[test]
fn a_store_of_format_2_is_kept_as_it_was_before_the_first_byte_changes() {
    let world = of_format_2(30);
    let (before, used) = (read_by_format_2(&world.disk, ""), world.disk.used());
    let store = world.open().unwrap();
    let (kept, is_half_made) = copies(&world.disk);
    assert!(kept.len() == 1 && !is_half_made, "{kept:?}");
    assert_eq!(store.report().upgraded.as_deref(), Some(format!("simulated:/{}", kept[0]).as_str()));
    assert!(read_by_format_2(&world.disk, &format!("{}/", kept[0])) == before, "not what was there");
    // Closed segments lie there once: the copy costs the open one.
    assert!(world.disk.used() < used + 3 * 8_192, "{used} became {}", world.disk.used());
    // The store goes on, over changes of segments; what was kept stays what it was.
    (31..=80).for_each(|number| store.apply(&batch(number)).unwrap());
    drop(store);
    assert!(read_by_format_2(&world.disk, &format!("{}/", kept[0])) == before, "the copy was written to");
    let back = put_back(&world, &kept[0]);
    assert_eq!(back.disk.bytes("format"), Some(b"2\n".to_vec()));
    assert!(contents(&back.open().unwrap()) == after(30), "not the store of before");
    // Once is enough.
    let store = world.open().unwrap();
    assert_eq!((store.report().upgraded.clone(), copies(&world.disk).0.len()), (None, 1));
}

#[test]
fn an_upgrade_of_format_2_that_is_cut_off_at_any_call_leaves_the_old_store_or_the_whole_copy() {
    for ends in [true, false] {
        let mut number = 0;
        loop {
            number += 1;
            let mut world = of_format_2(30);
            let before = read_by_format_2(&world.disk, "");
            let failure = [DiskFailure::Short, DiskFailure::Full, DiskFailure::Broken];
            world.disk.fail_call(world.disk.calls() + number, failure[number as usize % 3]);
            let opened = world.open().map(drop);
            let was_spared = world.disk.failure_is_due();
            assert!(!was_spared || opened.is_ok());
            world.disk.heal();
            if ends {
                world.disk.end_process();
            } else {
                world.crash(mixed(number));
            }
            let case = format!("call {number}");
            // Either nothing of the old store has changed, or all of it is kept.
            let is_old = world.disk.bytes("format") == Some(b"2\n".to_vec());
            let whole = copies(&world.disk).0;
            let is_kept = |copy: &String| read_by_format_2(&world.disk, &format!("{copy}/")) == before;
            assert!(whole.iter().all(is_kept), "{case}: {whole:?} is not whole");
            assert!(if is_old { read_by_format_2(&world.disk, "") == before } else { !whole.is_empty() }, "{case}");
            let store = world.open().unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(contents(&store) == after(30), "{case}");
            assert_eq!(world.disk.bytes("format"), Some(b"3\n".to_vec()));
            let (whole, is_half_made) = copies(&world.disk);
            assert!(whole.len() == 1 && !is_half_made, "{case}: {whole:?}, half made: {is_half_made}");
            assert!(read_by_format_2(&world.disk, &format!("{}/", whole[0])) == before, "{case}");
            if was_spared {
                break;
            }
        }
        assert!(number > 30, "{number} calls");
    }
}

#[test]
fn an_older_copy_is_never_written_over_and_an_equal_one_is_not_made_twice() {
    let world = of_format_2(20);
    drop(world.open().unwrap());
    let first = copies(&world.disk).0;
    let before = read_by_format_2(&world.disk, &format!("{}/", first[0]));
    // The operator went back, the old program worked on, and he upgrades once more.
    let back = put_back(&world, &first[0]);
    let store = back.open().unwrap();
    (21..=24).for_each(|number| store.apply(&batch(number)).unwrap());
    back.disk.end_process();
    drop(store);
    for copy in copies(&back.disk).0 {
        back.disk.mount().remove(&copy).unwrap();
    }
    back.disk.put("format", b"2\n".to_vec()).unwrap();
    let older = "store.format-2-2020-01-01T00-00-00.000Z";
    back.disk.mount().make_folder(older).unwrap();
    back.disk.mount().make_folder(&format!("{older}/journal")).unwrap();
    for (name, bytes) in &before {
        back.disk.put(&format!("{older}/{name}"), bytes.clone()).unwrap();
    }
    let now = read_by_format_2(&back.disk, "");
    for _ in 0..3 {
        drop(back.open().unwrap());
        let copies = copies(&back.disk).0;
        assert!(copies.len() == 2 && copies[0] == older, "{copies:?}");
        assert!(read_by_format_2(&back.disk, &format!("{older}/")) == before, "it was written over");
        assert!(read_by_format_2(&back.disk, &format!("{}/", copies[1])) == now);
        // As if the last start had ended right before it wrote the format.
        for (name, bytes) in &now {
            back.disk.put(name, bytes.clone()).unwrap();
        }
    }
}

#[test]
fn an_upgrade_without_room_for_the_copy_says_how_many_bytes_and_changes_nothing() {
    let world = of_format_2(30);
    let mut small = options("0");
    small.journal.reserve_bytes = 5_000;
    world.disk.set_capacity(Some(world.disk.used() + 6_000));
    let before = read_by_format_2(&world.disk, "");
    let opened = || super::world::SimulatedStore::open_on(world.disk.mount(), &world.home, small.clone());
    for _ in 0..2 {
        let error = opened().map(drop).unwrap_err();
        let StoreError::NoRoom { needed, free, .. } = error else { panic!("{error}") };
        assert!(needed > 5_000 + 4_096 && free == 6_000, "{needed} of {free}");
        let said = error.to_string();
        assert!(said.contains(&needed.to_string()) && said.contains("nothing was changed"), "{said}");
        assert!(read_by_format_2(&world.disk, "") == before && copies(&world.disk).0.is_empty());
    }
    world.disk.set_capacity(None);
    assert!(contents(&opened().unwrap()) == after(30));
}

#[test]
fn copying_before_an_upgrade_says_how_far_it_is() {
    let world = of_format_2(30);
    let said: std::sync::Arc<std::sync::Mutex<Vec<Progress>>> = std::sync::Arc::default();
    let (told, mut options) = (said.clone(), options("0"));
    options.progress = Some(std::sync::Arc::new(move |progress| told.lock().unwrap().push(progress)));
    drop(super::world::SimulatedStore::open_on(world.disk.mount(), &world.home, options).unwrap());
    let said = said.lock().unwrap();
    let copying: Vec<(u64, u64)> = said
        .iter()
        .filter_map(|progress| match progress {
            Progress::Copying { bytes, of } => Some((*bytes, *of)),
            Progress::Reading { .. } => None,
        })
        .collect();
    assert!(copying.is_sorted() && copying.last().is_some_and(|(bytes, of)| bytes == of), "{copying:?}");
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
