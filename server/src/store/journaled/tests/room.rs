//! A full disk is met before it happens: nothing is written, reading goes on, writing resumes.

use super::world::{World, after, batch, contents, options};
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
