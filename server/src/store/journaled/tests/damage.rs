//! Torn tails are cut; damage before the tail is said loudly; a flipped bit is detected or harmless.

use super::world::{World, after, batch, cases, contents, mixed};
use crate::store::disk::SimulatedDisk;
use crate::store::journal::{FOLDER, JournalError, Reader};
use crate::store::journaled::{MemoryHome, RebuildReason};
use crate::store::{Store, StoreError};

const BATCHES: u64 = 25;

/// Where each frame of the last segment begins, and where the last one ends.
struct Tail {
    path: String,
    bytes: Vec<u8>,
    /// Number, first byte, byte after its payload, byte after its padding.
    frames: Vec<(u64, usize, usize, usize)>,
}

fn tail(world: &World) -> Tail {
    let reader = Reader::open(world.disk.mount(), FOLDER).unwrap();
    let segment = reader.segments().last().unwrap().clone();
    let (mut at, mut frames) = (512, Vec::new());
    for frame in reader.frames(segment.before.number + 1) {
        let header = frame.unwrap().header;
        let end = at + header.frame_bytes();
        frames.push((header.number, at, at + header.payload_end(), end));
        at = end;
    }
    assert!(frames.len() >= 3, "the last segment should hold several frames");
    Tail { bytes: world.disk.bytes(&segment.path).unwrap(), path: segment.path, frames }
}

/// The same disk with other bytes in one file, and an engine that has seen nothing or everything.
fn changed(world: &World, path: &str, bytes: Vec<u8>, knows: bool) -> World {
    let other = World { disk: SimulatedDisk::new(), home: MemoryHome::default(), boots: 0 };
    other.disk.restore(&world.disk.snapshot());
    if knows {
        super::engines::copy(&world.home.engine(), &other.home.engine());
    }
    other.disk.put(path, bytes).unwrap();
    other
}

/// Positions from the first to the last frame, `cases` of them at most.
fn positions(tail: &Tail, most: usize) -> Vec<usize> {
    let last = tail.frames.len() - 3;
    let (from, to) = (tail.frames[last].1, tail.frames.last().unwrap().3);
    let step = ((to - from) / most).max(1);
    (from..to).step_by(step).collect()
}

/// Opening it gives exactly the frames up to `last`.
fn check_holds(world: &World, last: u64, knows: bool, case: &str) {
    let store = world.open().unwrap_or_else(|error| panic!("{case}: {error}"));
    assert!(contents(&store) == after(last), "{case}: not the first {last} batches");
    let rebuild = store.report().rebuild.clone().map(|rebuild| rebuild.reason);
    if knows && last < BATCHES {
        assert_eq!(rebuild, Some(RebuildReason::Ahead { engine: BATCHES, journal: last }), "{case}: lost in silence");
    }
}

fn check_damaged(world: &World, last_good: u64, case: &str) {
    match world.open().map(drop) {
        Err(StoreError::Journal(error @ JournalError::Damaged { .. })) => {
            let said = error.to_string();
            let JournalError::Damaged { file, last_good: found, .. } = error else { unreachable!() };
            assert_eq!(found, last_good, "{case}");
            assert!(file.contains(".journal") && said.contains("docket doctor"), "{case}: {said}");
        }
        other => panic!("{case}: expected damage, got {other:?}"),
    }
}

#[test]
fn a_torn_tail_is_cut_to_the_last_whole_frame() {
    let world = World::with_batches(BATCHES);
    let tail = tail(&world);
    for (number, at) in positions(&tail, cases("DOCKET_TORN_TAILS", 1_000) / 3).into_iter().enumerate() {
        let knows = number % 2 == 0;
        let whole = tail.frames.iter().filter(|(_, _, end, _)| *end <= at).map(|frame| frame.0).next_back();
        let whole = whole.unwrap_or(tail.frames[0].0 - 1);
        let cut = changed(&world, &tail.path, tail.bytes[..at].to_vec(), knows);
        check_holds(&cut, whole, knows, &format!("cut at {at}"));
        let mut zeroed = tail.bytes.clone();
        zeroed[at..].fill(0);
        let meant = tail.bytes[at..].iter().all(|byte| *byte == 0);
        // Zeros that were zeros change nothing.
        let same = (0..=tail.frames.len()).rev().find_map(|frames| {
            let (number, _, end, _) = *tail.frames.get(frames.checked_sub(1)?)?;
            (zeroed[..end] == tail.bytes[..end]).then_some(number)
        });
        assert!(!meant || same == Some(BATCHES));
        let zeroed = changed(&world, &tail.path, zeroed, knows);
        check_holds(&zeroed, same.unwrap_or(tail.frames[0].0 - 1), knows, &format!("zeros from {at}"));
        let mut garbage = tail.bytes.clone();
        for (offset, byte) in garbage[at..].iter_mut().enumerate() {
            *byte = mixed(offset as u64).to_be_bytes()[0];
        }
        let garbage = changed(&world, &tail.path, garbage, knows);
        check_holds(&garbage, whole, knows, &format!("garbage from {at}"));
        // What was cut does not come back, and writing goes on.
        let again = garbage.open().unwrap();
        assert_eq!(again.report().cut_bytes, 0, "garbage from {at}: cut twice");
    }
}

#[test]
fn damage_before_the_tail_is_said_and_nothing_is_changed() {
    let world = World::with_batches(BATCHES);
    let tail = tail(&world);
    let most = cases("DOCKET_TORN_TAILS", 1_000) / 2;
    for at in positions(&tail, most) {
        let (frame, _, payload_end, _) = *tail.frames.iter().find(|frame| at < frame.3).unwrap();
        let mut flipped = tail.bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let knows = at % 2 == 0;
        let flipped = changed(&world, &tail.path, flipped, knows);
        let before = flipped.disk.bytes(&tail.path).unwrap();
        let case = format!("byte {at} of frame {frame} flipped");
        if at >= payload_end {
            check_holds(&flipped, BATCHES, knows, &case);
        } else if frame == BATCHES {
            check_holds(&flipped, BATCHES - 1, knows, &case);
        } else {
            check_damaged(&flipped, frame - 1, &case);
            assert!(flipped.disk.bytes(&tail.path).unwrap() == before, "{case}: the damaged file was changed");
            let said = flipped.disk.bytes("running");
            assert_eq!(said, world.disk.bytes("running"), "{case}");
        }
    }
}

#[test]
fn a_bit_flipped_anywhere_is_detected_or_harmless() {
    let world = World::with_batches(BATCHES);
    let tail = tail(&world);
    let files: Vec<String> = world.disk.files();
    let (mut detected, mut harmless) = (0, 0);
    let seed = 5;
    for case in 0..cases("DOCKET_BIT_FLIPS", 1_000) as u64 {
        let path = &files[mixed(case ^ seed) as usize % files.len()];
        let mut bytes = world.disk.bytes(path).unwrap();
        let at = mixed(case * 3 + 1) as usize % bytes.len();
        bytes[at] ^= 1 << (case % 8);
        let knows = case % 2 == 0;
        let said = format!("case {case}: {path} byte {at}");
        let flipped = changed(&world, path, bytes, knows);
        let Ok(store) = flipped.open() else {
            detected += 1;
            continue;
        };
        let found = contents(&store);
        let last = *tail.frames.last().unwrap();
        if path == &tail.path && (last.1..last.2).contains(&at) {
            // The last frame looks torn; an engine that has seen it gives the loss away.
            assert!(found == after(BATCHES - 1), "{said}");
            assert!(!knows || store.report().rebuild.is_some(), "{said}");
            detected += 1;
        } else if found == after(BATCHES) && store.journal().unwrap().frames(1).all(|frame| frame.is_ok()) {
            harmless += 1;
        } else {
            // In a segment that opening does not read: found by everything that does read it.
            assert!(found == after(BATCHES), "{said}");
            assert!(knows && store.journal().unwrap().frames(1).any(|frame| frame.is_err()), "{said}");
            detected += 1;
        }
    }
    // Harmless are the zeros of preallocated space, paddings, and the lock-free small files.
    assert!(detected > harmless / 2, "{detected} detected, {harmless} harmless");
}

#[test]
fn a_missing_or_foreign_segment_is_said() {
    let world = World::with_batches(BATCHES);
    let segments: Vec<String> = world.disk.files().into_iter().filter(|path| path.contains(".journal")).collect();
    assert!(segments.len() >= 3);
    for removed in &segments[..segments.len() - 1] {
        let other = changed(&world, removed, Vec::new(), true);
        other.disk.mount().remove(removed).unwrap();
        assert!(matches!(other.open(), Err(StoreError::Journal(JournalError::Damaged { .. }))), "{removed}");
    }
    // Two segments change places.
    let second = world.disk.bytes(&segments[1]).unwrap();
    let swapped = changed(&world, &segments[2], second, true);
    assert!(matches!(swapped.open(), Err(StoreError::Journal(JournalError::Damaged { .. }))));
    // Without the journal's folder nothing is begun anew.
    let empty = changed(&world, "x", Vec::new(), true);
    empty.disk.mount().remove(FOLDER).unwrap();
    assert!(matches!(empty.open(), Err(StoreError::Journal(JournalError::Absent { .. }))));
}

#[test]
fn bytes_that_a_user_wrote_are_never_taken_for_a_frame() {
    use crate::store::{Batch, Store as _, Table};
    // A value that contains a whole frame of this journal's format, made with another id, in a frame that is torn.
    let other = World::with_batches(BATCHES);
    let stolen = tail(&other).bytes;
    let world = World::default();
    let mut options = super::world::options("0");
    options.new_journal = crate::store::journal::JournalId([8; 16]);
    let store = super::world::SimulatedStore::open_on(world.disk.mount(), &world.home, options).unwrap();
    store.apply(Batch::new().put(Table::Meta, "a", "1")).unwrap();
    for alignment in 0..8 {
        let value = [vec![0; alignment], stolen[512..].to_vec()].concat();
        store.apply(Batch::new().put(Table::Blob, [u8::try_from(alignment).unwrap()], value)).unwrap();
    }
    world.disk.end_process();
    drop(store);
    let reader = Reader::open(world.disk.mount(), FOLDER).unwrap();
    let path = &reader.segments().last().unwrap().path;
    assert!(world.disk.flip(path, 512 + 20, 1));
    let opened = world.open();
    assert!(opened.is_ok_and(|store| store.report().cut_bytes > 0), "the torn frame was not cut");
}

/// The last frame of a store that was closed in order was acknowledged: it is no torn write.
#[test]
fn damage_in_the_last_frame_of_a_closed_store_is_told_and_nothing_is_cut() {
    let world = World::default();
    let store = world.open().unwrap();
    (1..=9).for_each(|number| store.apply(&batch(number)).unwrap());
    drop(store);
    assert_eq!(world.disk.bytes("running"), None, "it was closed in order");
    let path = world.disk.files().into_iter().rfind(|path| path.ends_with(".journal")).unwrap();
    let whole = world.disk.bytes(&path).unwrap();
    let last = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut flipped = whole.clone();
    flipped[last] ^= 1;
    world.disk.put(&path, flipped.clone()).unwrap();
    for _ in 0..2 {
        let error = world.open().map(drop).unwrap_err().to_string();
        assert!(error.contains("closed in order") && error.contains("frames up to 8 are whole"), "{error}");
        assert_eq!(world.disk.bytes(&path).as_ref(), Some(&flipped), "nothing was changed");
    }
    // The same bytes behind a process that was killed are a write that was cut off.
    world.disk.put("running", b"0\n".to_vec()).unwrap();
    assert!(world.open().unwrap().report().cut_bytes > 0);
    world.disk.end_process();
    world.disk.put(&path, whole).unwrap();
}
