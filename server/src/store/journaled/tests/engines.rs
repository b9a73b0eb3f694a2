//! Engines behind a journal: two of them hold the same bytes, and a damaged one is made anew.

use std::fs;
use std::path::Path;

use docket_sync_core::ids::Digest;

use super::world::{Contents, World, after, batch, contents, folded, mixed, options};
use crate::store::journal::Position;
use crate::store::journaled::{JournaledStore, Progress, RebuildReason};
use crate::store::{Batch, Engine, MemoryStore, SledOptions, SledStore, Store, StoreError, Table};

const SLED: SledOptions = SledOptions { cache_bytes: 8 << 20, reserve_bytes: 0 };

/// Makes an empty engine the same as another one, position included.
pub(super) fn copy(from: &MemoryStore, to: &MemoryStore) {
    let mut all = Batch::new();
    for ((table, key), value) in contents(from) {
        let table = *Table::ALL.iter().find(|found| found.number() == table).unwrap();
        all.put_stored(table, key, Some(value));
    }
    to.apply_at(&all, from.position().unwrap().unwrap()).unwrap();
    to.flush().unwrap();
}

fn open(folder: &Path) -> Result<JournaledStore<SledStore>, StoreError> {
    JournaledStore::open_with(folder, SLED, options("0"))
}

/// Random writes of every table: large values, replaced and removed ones.
fn random_batch(seed: u64) -> Batch {
    let mut batch = Batch::new();
    for write in 0..=mixed(seed) % 8 {
        let random = mixed(seed * 100 + write);
        let table = Table::ALL[random as usize % Table::ALL.len()];
        let key = vec![(random >> 8) as u8 % 16; 1 + (random >> 16) as usize % 3];
        match (random >> 24) % 10 {
            0..3 => batch.remove(table, key),
            3 => batch.put(table, key, vec![random as u8; 16_000 + (random >> 32) as usize % 40_000]),
            _ => batch.put(table, key, random.to_be_bytes().repeat((random >> 32) as usize % 40)),
        };
    }
    batch
}

#[test]
fn memory_and_sled_hold_the_same_bytes_after_random_batches_and_after_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::default();
    let (on_disk, in_memory) = (open(folder.path()).unwrap(), world.open().unwrap());
    for seed in 0..400 {
        on_disk.apply(&random_batch(seed)).unwrap();
        in_memory.apply(&random_batch(seed)).unwrap();
    }
    let expected: Contents = contents(&in_memory);
    assert!(expected.len() > 300 && expected.values().any(|value| value.len() > 20_000));
    assert!(contents(&on_disk) == expected, "while running");
    drop(on_disk);
    let on_disk = open(folder.path()).unwrap();
    assert_eq!(on_disk.report().replayed_frames, 0, "a close in order leaves nothing to do");
    assert!(contents(&on_disk) == expected, "after a restart");
    drop(on_disk);
    fs::remove_dir_all(folder.path().join("sled")).unwrap();
    let on_disk = open(folder.path()).unwrap();
    assert_eq!(on_disk.report().replayed_frames, 400);
    assert!(contents(&on_disk) == expected, "after a rebuild");
    assert!(folded(&on_disk) == expected, "the journal itself");
}

#[test]
fn a_part_that_was_given_before_may_be_given_again_whole_or_longer() {
    let folder = tempfile::tempdir().unwrap();
    let engine = SledStore::open_engine(folder.path(), SLED).unwrap();
    let expected = MemoryStore::new();
    let heap = |seeds: core::ops::Range<u64>| {
        let mut heap = Batch::new();
        for seed in seeds {
            heap.append(random_batch(seed));
        }
        heap
    };
    let at = |number| Position { number, hash: Digest([number as u8; 32]) };
    // Values in pieces that shrink, go and come, over an engine that has some.
    for round in 0..12 {
        let (first, last) = (round * 40, round * 40 + 40);
        engine.apply_part(&heap(first..last - 15), at(last)).unwrap();
        assert_eq!(engine.aim().unwrap(), Some(at(last)));
        engine.apply_part(&heap(first..last), at(last)).unwrap();
        engine.apply_at(&Batch::new(), at(last)).unwrap();
        expected.apply_at(&heap(first..last), at(last)).unwrap();
        assert!(contents(&engine) == contents(&expected), "round {round}");
    }
    drop(engine);
    let engine = SledStore::open_engine(folder.path(), SLED).unwrap();
    assert!(contents(&engine) == contents(&expected), "after a restart");
    // Every piece belongs to a value: what is removed leaves none behind.
    let all: Vec<_> = contents(&expected).into_keys().collect();
    let mut removed = Batch::new();
    for (table, key) in all {
        removed.remove(*Table::ALL.iter().find(|found| found.number() == table).unwrap(), key);
    }
    engine.apply_part(&removed, at(500)).unwrap();
    assert_eq!((contents(&engine).len(), engine.pieces().unwrap()), (0, 0));
}

#[test]
fn an_engine_with_a_part_of_frames_that_the_journal_lost_is_made_anew() {
    let world = World::with_batches(10);
    let engine = world.home.engine();
    let position = engine.position().unwrap().unwrap();
    let mut later = Batch::new();
    later.put(Table::Log, 11_u64.to_be_bytes(), "of a frame that is lost");
    engine.apply_part(&later, Position { number: position.number + 1, hash: Digest([9; 32]) }).unwrap();
    engine.flush().unwrap();
    let store = world.open().unwrap();
    let reason = store.report().rebuild.as_ref().map(|rebuild| rebuild.reason.clone());
    assert_eq!(reason, Some(RebuildReason::Ahead { engine: position.number + 1, journal: position.number }));
    assert!(contents(&store) == after(10));
}

/// What happens to the files of sled.
type Damage = fn(&Path);

fn each_file(sled: &Path, change: impl Fn(&Path)) {
    for entry in fs::read_dir(sled).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            change(&path);
        }
    }
}

fn change(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn flip(path: &Path, from: usize, step: usize) {
    change(path, |bytes| {
        let end = bytes.len().min(400_000);
        for at in (from..end).step_by(step) {
            bytes[at] ^= 0x40;
        }
    });
}

const DAMAGES: &[(&str, Damage)] = &[
    ("the folder is gone", |sled| fs::remove_dir_all(sled).unwrap()),
    ("the folder is empty", |sled| each_file(sled, |path| fs::remove_file(path).unwrap())),
    ("the folder is a file", |sled| {
        fs::remove_dir_all(sled).unwrap();
        fs::write(sled, "not a folder").unwrap();
    }),
    ("the log is gone", |sled| fs::remove_file(sled.join("db")).unwrap()),
    ("the log is empty", |sled| fs::write(sled.join("db"), "").unwrap()),
    ("the log has one byte", |sled| fs::write(sled.join("db"), "x").unwrap()),
    ("the log is cut in half", |sled| change(&sled.join("db"), |bytes| bytes.truncate(bytes.len() / 2))),
    ("the log is cut early", |sled| change(&sled.join("db"), |bytes| bytes.truncate(5_000))),
    ("the log is all zeros", |sled| change(&sled.join("db"), |bytes| bytes.fill(0))),
    ("the log is garbage", |sled| {
        change(&sled.join("db"), |bytes| (0..).zip(bytes.iter_mut()).for_each(|(at, byte)| *byte = mixed(at) as u8));
    }),
    ("the log begins with garbage", |sled| change(&sled.join("db"), |bytes| bytes[..64].fill(0xA5))),
    ("the log has flipped bits near its start", |sled| flip(&sled.join("db"), 100, 9_001)),
    ("the log has flipped bits in the middle", |sled| flip(&sled.join("db"), 60_000, 20_011)),
    ("the log has many flipped bits", |sled| flip(&sled.join("db"), 0, 97)),
    ("the configuration is gone", |sled| fs::remove_file(sled.join("conf")).unwrap()),
    ("the configuration is empty", |sled| fs::write(sled.join("conf"), "").unwrap()),
    ("the configuration is another one", |sled| {
        fs::write(sled.join("conf"), "segment_size: 524288\nuse_compression: false\nversion: 0.34\n").unwrap();
    }),
    ("the configuration is garbage", |sled| fs::write(sled.join("conf"), [0xFF; 300]).unwrap()),
    ("the snapshots are gone", |sled| {
        each_file(sled, |path| {
            if path.file_name().unwrap().to_string_lossy().starts_with("snap") {
                fs::remove_file(path).unwrap();
            }
        });
    }),
    ("the snapshots are half written", |sled| {
        fs::write(sled.join("snap.0000000000000000"), [0; 12]).unwrap();
        fs::write(sled.join("snap.00000000000FFFFF"), [0xA5; 40]).unwrap();
    }),
    ("every file is empty", |sled| each_file(sled, |path| fs::write(path, "").unwrap())),
    ("every file has flipped bits", |sled| each_file(sled, |path| flip(path, 3, 501))),
];

#[test]
fn a_damaged_engine_is_put_aside_and_made_anew_with_the_same_contents() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for number in 1..=60 {
        store.apply(&batch(number)).unwrap();
    }
    store.apply(Batch::new().put(Table::Blob, "large", vec![5; 200_000])).unwrap();
    let expected = contents(&store);
    drop(store);
    let (mut rebuilt, mut kept) = (0, 0);
    for (name, damage) in DAMAGES {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), copy.path());
        damage(&copy.path().join("sled"));
        let store = open(copy.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(contents(&store) == expected, "{name}: other contents, {:?}", store.report());
        assert!(folded(&store) == expected, "{name}");
        rebuilt += u32::from(store.report().rebuild.is_some());
        kept += u32::from(store.report().rebuild.as_ref().is_some_and(|rebuild| rebuild.aside.is_some()));
        store.apply(Batch::new().put(Table::Meta, "x", "1")).unwrap_or_else(|error| panic!("{name}: {error}"));
        drop(store);
        let store = open(copy.path()).unwrap_or_else(|error| panic!("{name}, second start: {error}"));
        assert!(store.report().rebuild.is_none(), "{name}: made anew twice, {:?}", store.report());
    }
    assert!(rebuilt >= 12 && kept >= 4, "{rebuilt} of {} made anew, {kept} kept aside", DAMAGES.len());
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn an_engine_is_made_anew_when_the_machine_stopped_and_kept_when_the_process_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    (1..=20).for_each(|number| store.apply(&batch(number)).unwrap());
    // A kill leaves the mark of a running process.
    let mark = fs::read(folder.path().join("running")).unwrap();
    drop(store);
    assert!(!folder.path().join("running").exists(), "a close in order removes the mark");
    fs::write(folder.path().join("running"), &mark).unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!((store.report().rebuild.clone(), contents(&store) == after(20)), (None, true));
    drop(store);
    for round in 0..2 {
        fs::write(folder.path().join("running"), "another start of the machine").unwrap();
        let store = open(folder.path()).unwrap();
        let rebuild = store.report().rebuild.clone().unwrap();
        assert_eq!(rebuild.reason, RebuildReason::PowerLoss, "round {round}");
        assert!(rebuild.aside.unwrap().ends_with("sled.before-power-loss"), "one place, used again");
        assert!(contents(&store) == after(20));
    }
}

#[test]
fn making_an_engine_anew_says_how_far_it_is() {
    let world = World::with_batches(30);
    let other = World::default();
    other.disk.restore(&world.disk.snapshot());
    let said: std::sync::Arc<std::sync::Mutex<Vec<Progress>>> = std::sync::Arc::default();
    let mut options = options("0");
    let told = said.clone();
    options.progress = Some(std::sync::Arc::new(move |progress| told.lock().unwrap().push(progress)));
    drop(super::world::SimulatedStore::open_on(other.disk.mount(), &other.home, options).unwrap());
    let said = said.lock().unwrap();
    assert_eq!(said.last(), Some(&Progress::Reading { frame: 30, frames: 30, writes: 120 }));
}

#[test]
fn an_engine_that_differs_or_was_never_behind_this_journal_is_made_anew() {
    let (one, other) = (World::with_batches(12), World::default());
    let store = other.open().unwrap();
    // The same numbers, other writes.
    (1..=12).for_each(|number| store.apply(&batch(number + 50)).unwrap());
    other.disk.end_process();
    drop(store);
    let mixed = World { home: other.home.clone(), ..World::default() };
    mixed.disk.restore(&one.disk.snapshot());
    let store = mixed.open().unwrap();
    let reason = store.report().rebuild.clone().unwrap().reason;
    assert_eq!(reason, RebuildReason::Differs { number: 12 });
    assert!(contents(&store) == after(12));
    let foreign = World::default();
    foreign.disk.restore(&one.disk.snapshot());
    foreign.home.engine().apply(Batch::new().put(Table::Meta, "somebody's", "data")).unwrap();
    let store = foreign.open().unwrap();
    assert_eq!(store.report().rebuild.clone().unwrap().reason, RebuildReason::NoPosition);
    assert!(contents(&store) == after(12) && foreign.home.put_aside() == 1);
}

fn opened_with(folder: &Path, reserve_bytes: u64) -> Result<JournaledStore<SledStore>, StoreError> {
    JournaledStore::open_with(folder, SledOptions { reserve_bytes, ..SLED }, options("0"))
}

#[test]
fn after_a_power_loss_an_engine_without_room_for_two_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (mark, aside) = (folder.path().join("running"), folder.path().join("sled.before-power-loss"));
    let store = opened_with(folder.path(), 0).unwrap();
    (1..=20).for_each(|number| store.apply(&batch(number)).unwrap());
    drop(store);
    for (reserve, kept) in [(0, true), (u64::MAX / 2, false)] {
        fs::write(&mark, "another start of the machine").unwrap();
        let store = opened_with(folder.path(), reserve).unwrap();
        assert_eq!(store.report().rebuild.clone().unwrap().reason, RebuildReason::PowerLoss);
        assert!(contents(&store) == after(20));
        assert_eq!(aside.exists(), kept, "it holds nothing that the journal does not");
        drop(store);
    }
    // What was kept when there was room gives way when there is none any more.
    fs::write(&mark, "another start of the machine").unwrap();
    drop(opened_with(folder.path(), 0).unwrap());
    assert!(aside.exists());
    drop(opened_with(folder.path(), u64::MAX / 2).unwrap());
    assert!(!aside.exists());
}

#[test]
fn an_engine_that_somebody_may_want_to_look_at_is_never_removed_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened_with(folder.path(), 0).unwrap();
    (1..=20).for_each(|number| store.apply(&batch(number)).unwrap());
    drop(store);
    fs::write(folder.path().join("rebuild"), "an error").unwrap();
    let error = opened_with(folder.path(), u64::MAX / 2).map(drop).unwrap_err().to_string();
    assert!(error.contains("that needs 92233720368") && error.contains("are free"), "{error}");
    assert!(folder.path().join("sled").join("db").exists());
    let store = opened_with(folder.path(), 0).unwrap();
    assert!(matches!(store.report().rebuild.clone().unwrap().reason, RebuildReason::Failed(_)));
    assert!(contents(&store) == after(20));
}
