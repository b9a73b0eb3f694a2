//! Every I/O call fails once: an error or a stop, never a false acknowledgement, and the next start is clean.

use super::world::{World, batch, mixed};
use crate::store::disk::DiskFailure;
use crate::store::journaled::MemoryHome;
use crate::store::memory::Faults;
use crate::store::{Engine as _, Store, StoreError};

/// A life of a store: made, written over segment changes and checkpoints, closed, opened, made anew, written.
fn live(world: &mut World, acknowledged: &mut u64) -> Result<(), StoreError> {
    drop(world.fill(acknowledged, 18)?);
    let store = world.fill(acknowledged, 24)?;
    world.disk.end_process();
    drop(store);
    // The machine was started again meanwhile: the engine is made anew.
    world.boots += 1;
    drop(world.fill(acknowledged, 40)?);
    Ok(())
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    for failure in [DiskFailure::Broken, DiskFailure::Short, DiskFailure::Full] {
        let (mut number, mut stopped) = (0, 0);
        loop {
            number += 1;
            let mut world = World::default();
            let mut acknowledged = 0;
            world.disk.fail_call(number, failure);
            let result = live(&mut world, &mut acknowledged);
            if world.disk.failure_is_due() {
                break;
            }
            stopped += u64::from(result.is_err());
            let case = format!("{failure:?} at call {number}, {result:?}");
            world.disk.heal();
            if number % 3 == 0 {
                world.disk.end_process();
                if result.is_err() {
                    // The engine's process memory is not a disk; what it wrote stays.
                    world.home.engine().crash_keeping(usize::MAX);
                }
            } else {
                world.crash(mixed(number));
            }
            world.check(acknowledged, &case);
        }
        assert!(number > 150 && stopped > number / 3, "{number} calls, {stopped} stops: {failure:?}");
    }
}

#[test]
fn a_power_loss_after_any_batch_and_with_any_seed_loses_nothing_acknowledged() {
    for seed in 0..300 {
        let mut world = World::default();
        let mut acknowledged = 0;
        for life in 1..4 {
            let last = acknowledged + mixed(seed * 10 + life) % 20;
            let store = world.fill(&mut acknowledged, last).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            world.crash(mixed(seed + life * 1_000));
            drop(store);
        }
        world.check(acknowledged, &format!("seed {seed}"));
    }
}

#[test]
fn a_power_loss_in_the_middle_of_a_write_leaves_it_whole_or_not_there() {
    // The flush of the frame fails, so that nobody is told; the power fails with its sectors half written.
    for seed in 0..300 {
        let mut world = World::default();
        let mut acknowledged = 0;
        let store = world.fill(&mut acknowledged, 6 + seed % 9).unwrap();
        let before = world.disk.calls();
        // Free space, then the write, then the flush, unless the segment changes first.
        world.disk.fail_call(before + 3, DiskFailure::Broken);
        if store.apply(&batch(acknowledged + 1)).is_ok() {
            acknowledged += 1;
        } else {
            assert!(matches!(store.apply(&batch(acknowledged + 1)), Err(StoreError::Stopped)), "a failure is final");
            assert!(matches!(store.flush(), Err(StoreError::Stopped)));
        }
        world.crash(seed);
        drop(store);
        world.check(acknowledged, &format!("seed {seed}"));
    }
}

#[test]
fn an_engine_that_fails_stops_the_store_and_is_made_anew() {
    for number in 1..60 {
        for fails_apply in [true, false] {
            let world = World::default();
            let fault = Some(number);
            world.home.engine().set_faults(Faults {
                fail_apply: fault.filter(|_| fails_apply),
                fail_flush: fault.filter(|_| !fails_apply),
                full: None,
            });
            let mut acknowledged = 0;
            let result = world.fill(&mut acknowledged, 30);
            let Err(error) = result else { continue };
            assert!(error.is_final(), "{error}");
            world.disk.end_process();
            // Memory of the process that ended.
            world.home.engine().crash_keeping(usize::MAX);
            assert!(world.home.put_aside() == 0);
            world.check(acknowledged, &format!("engine fails at {number}, applying: {fails_apply}"));
            let kept = usize::from(acknowledged > 0);
            assert_eq!(world.home.put_aside(), kept, "the engine that failed is kept beside");
        }
    }
}

#[test]
fn an_engine_that_stops_anywhere_while_the_journal_is_read_into_it_goes_on_from_its_position() {
    for kept in [0, 1, 5, usize::MAX] {
        let mut stopped = 0;
        loop {
            let mut world = World::with_batches(12);
            world.home = MemoryHome::default();
            world.home.engine().set_faults(Faults { fail_apply: Some(stopped + 1), ..Faults::default() });
            let opened = world.open().map(drop);
            if opened.is_ok() {
                break;
            }
            stopped += 1;
            world.disk.end_process();
            world.home.engine().crash_keeping(kept);
            world.check(12, &format!("the write {stopped} fails, {kept} of those before it stay"));
            assert_eq!(world.home.put_aside(), 0, "what was half made is no engine to keep");
        }
        assert!(stopped > 15, "{stopped} writes");
    }
}

#[test]
fn an_engine_that_fails_when_it_is_given_what_it_lacks_is_made_anew_at_the_next_start() {
    let world = World::with_batches(30);
    let engine = world.home.engine();
    engine.crash();
    assert!(engine.position().unwrap().is_some_and(|position| (1..30).contains(&position.number)), "it lacks some");
    engine.set_faults(Faults { fail_apply: Some(2), ..Faults::default() });
    let error = world.open().unwrap_err();
    assert!(matches!(error, StoreError::Engine { .. }), "{error}");
    // It fails whenever it is written to; its process ends.
    world.disk.end_process();
    engine.crash_keeping(usize::MAX);
    engine.set_faults(Faults { fail_apply: Some(1), ..Faults::default() });
    world.check(30, "the engine that fails is put aside");
    assert_eq!(world.home.put_aside(), 1);
}

#[test]
fn a_batch_is_durable_before_it_is_visible() {
    let world = World::with_batches(5);
    let store = world.open().unwrap();
    let mut called = 0;
    let mut before_visible = || {
        called += 1;
        assert_eq!(super::world::contents(&store), super::world::after(5), "readers see it too early");
        let later = World::default();
        later.disk.restore(&world.disk.snapshot());
        later.disk.crash(0);
        assert_eq!(super::world::contents(&later.open().unwrap()), super::world::after(6), "it is not durable");
    };
    store.commit(&batch(6), &mut before_visible).unwrap();
    assert_eq!(called, 1);
    assert_eq!(super::world::contents(&store), super::world::after(6));
}
