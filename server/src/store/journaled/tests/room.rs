//! A full disk is met before it happens: nothing is written, reading goes on, writing resumes.

use super::world::{World, after, batch, contents, options};
use crate::store::disk::DiskFailure;
use crate::store::journal::FOLDER;
use crate::store::{Store, StoreError};

#[test]
fn below_the_reserve_writing_is_refused_reading_goes_on_and_room_resumes_it() {
    let world = World::default();
    let mut small = options("0");
    small.journal.reserve_bytes = 10_000;
    world.disk.set_capacity(Some(40_000));
    let store = super::world::SimulatedStore::open_on(world.disk.mount(), &world.home, small.clone()).unwrap();
    let mut count = 0;
    let refused = loop {
        match store.apply(&batch(count + 1)) {
            Ok(()) => count += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert!(!refused.is_final() && count > 20);
    assert!(world.disk.used() <= 30_000, "the reserve was touched: {} used", world.disk.used());
    let before = world.disk.snapshot();
    for _ in 0..5 {
        assert!(matches!(store.apply(&batch(count + 1)), Err(StoreError::Full { .. })));
        assert!(contents(&store) == after(count), "reading goes on");
        store.flush().unwrap();
    }
    let other = World::default();
    other.disk.restore(&before);
    assert_eq!(other.disk.files(), world.disk.files(), "nothing is written");
    world.disk.set_capacity(Some(80_000));
    store.apply(&batch(count + 1)).unwrap();
    assert!(contents(&store) == after(count + 1));
    world.disk.end_process();
    drop(store);
    world.check(count + 1, "after a full disk");
}

#[test]
fn a_store_on_a_full_disk_is_opened_and_read() {
    let world = World::with_batches(10);
    world.disk.set_capacity(Some(world.disk.used() + 300));
    let mut small = options("0");
    small.journal.reserve_bytes = 10_000;
    let store = super::world::SimulatedStore::open_on(world.disk.mount(), &world.home, small).unwrap();
    assert!(contents(&store) == after(10));
    assert!(matches!(store.apply(&batch(11)), Err(StoreError::Full { .. })));
}

/// Calls that stay final on a disk without room: asking for the free space, the folder after the new name, the frame
/// itself and its flush. Nobody knows what they left.
const FINAL_CALLS: u64 = 4;

#[test]
fn a_disk_that_is_suddenly_full_in_a_change_of_segment_refuses_one_batch_and_resumes() {
    let segments = |world: &World| {
        let files = world.disk.files();
        files.iter().filter(|path| path.starts_with(FOLDER) && !path.ends_with("next")).count()
    };
    // Which calls belong to batches that change the segment.
    let (quiet, mut changing) = (World::default(), Vec::new());
    let store = quiet.open().unwrap();
    for number in 1..=60 {
        let (calls, before) = (quiet.disk.calls(), segments(&quiet));
        store.apply(&batch(number)).unwrap();
        if segments(&quiet) > before {
            changing.push((number, calls + 1..=quiet.disk.calls()));
        }
    }
    assert!(changing.len() > 2, "{changing:?}");
    for (changes_at, calls) in changing {
        let (mut refused, mut finals) = (0, 0);
        for call in calls {
            let world = World::default();
            let store = world.open().unwrap();
            world.disk.fail_call(call, DiskFailure::Full);
            let mut acknowledged = 0;
            let case = format!("batch {changes_at}, call {call}");
            while acknowledged < changes_at {
                match store.apply(&batch(acknowledged + 1)) {
                    Ok(()) => acknowledged += 1,
                    Err(error) if error.is_final() => {
                        finals += 1;
                        break;
                    }
                    Err(error) => {
                        assert!(matches!(error, StoreError::Full { .. }), "{case}: {error}");
                        assert_eq!(acknowledged + 1, changes_at, "{case}");
                        assert!(contents(&store) == after(acknowledged), "{case}: reading goes on");
                        refused += 1;
                    }
                }
            }
            world.disk.heal();
            world.disk.end_process();
            drop(store);
            world.check(acknowledged, &case);
        }
        assert!(finals <= FINAL_CALLS && refused >= 3, "batch {changes_at}: {refused} refused, {finals} final");
    }
}
