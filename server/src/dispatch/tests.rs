//! The rotation at work over a real commit thread, and after every possible crash.

use docket_sync_core::commands::CommandCode;
use docket_sync_core::facts::Author;
use docket_sync_core::facts::bodies::{Assign, CancelByOffice};
use docket_sync_core::facts::values::{SkipReason, Urgency};
use docket_sync_core::lifecycle::view::OrderState;
use docket_sync_core::time::{DAY, HOUR};

use super::desk::{Desk, DispatchChoice, dispatch_order};
use super::reactor::Rotation;
use super::records::{DispatchRecord, FEATURE};
use super::rules::{Move, Pointer};
use super::world::{CLERK, Recorded, World, after_a_crash, order, person};
use crate::commit::{CommitError, Tables};
use crate::log::LogRecord;
use crate::store::MemoryStore;
use std::collections::BTreeMap;
use std::sync::Arc;

fn company(technicians: &str) -> World {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire(technicians);
    world
}

/// Who has the orders 1, 2, ... in this order.
fn who(world: &World, orders: u8) -> String {
    (1..=orders).map(|number| world.technician(number)).collect()
}

fn records(world: &World) -> Vec<DispatchRecord> {
    world.run(|writer| {
        let mut records = Vec::new();
        for (_, entry) in writer.log_after(0, usize::MAX)? {
            if let LogRecord::Office { feature, bytes, .. } = entry.record
                && feature == FEATURE
            {
                records.push(crate::store::record::decode("dispatch record", &bytes)?);
            }
        }
        Ok(records)
    })
}

fn desk(world: &World) -> Desk {
    world.run(|writer| Desk::open(writer, writer.identity().store))
}

/// Invariant 9, and one record for every assignment.
fn check_rotation(world: &World, orders: u8) {
    let records = records(world);
    let folded = records.iter().fold(Pointer::default(), |pointer, record| pointer.apply(record.step()));
    assert_eq!(desk(world).pointer, folded, "the pointer is the fold of the records");
    for number in 1..=orders {
        let Ok(view) = world.office.committer.run_blocking(move |writer| writer.current_view(order(number))) else {
            continue;
        };
        for assignment in &view.assignments {
            let fact = assignment.at.fact.reference();
            let of_it = records.iter().filter(|record| {
                matches!(record, DispatchRecord::Dispatched(done) if done.order == order(number) && done.fact == fact)
            });
            assert_eq!(of_it.count(), 1, "records of assignment {fact} of order {number}");
        }
    }
    // Who was passed over is exactly who stood before the one who went, each once.
    let roster = desk(world).roster;
    let mut pointer = Pointer::default();
    for record in &records {
        if let DispatchRecord::Dispatched(done) = record {
            let sequence: Vec<_> = pointer.sequence(&roster).iter().map(|one| one.place.technician).collect();
            let passed: Vec<_> = done.skipped.iter().map(|skip| skip.technician).collect();
            if matches!(record.step(), Move::Taken(_)) {
                assert_eq!(sequence[..passed.len()], passed[..], "{done:?}");
                assert_eq!(sequence[passed.len()], done.technician.technician, "{done:?}");
            }
        }
        pointer = pointer.apply(record.step());
    }
}

#[tokio::test]
async fn c_040_what_is_confirmed_goes_to_the_next_man_and_who_is_out_is_passed_over() {
    let world = company("A B C");
    for number in 1..=4 {
        world.call(number, Urgency::Normal, "");
        world.follow(Rotation).await;
    }
    assert_eq!(who(&world, 4), "ABC-");
    // B returns: the fourth is his, and A is passed over with the reason.
    world.complete(2, 'B');
    world.follow(Rotation).await;
    assert_eq!(who(&world, 4), "ABCB");
    let fourth = world.view(4);
    let assignment = fourth.assignment().unwrap();
    assert_eq!(assignment.by, Author::System("rotation".to_owned()));
    assert_eq!(assignment.turn, Some(4));
    assert_eq!(
        assignment.skipped.iter().map(|skip| (skip.technician, skip.reason)).collect::<Vec<_>>(),
        [(person('A'), SkipReason::NotReturned)]
    );
    check_rotation(&world, 4);
}

#[tokio::test]
async fn c_040_the_policy_says_how_many_orders_at_once() {
    let world = company("A B");
    world.set_policy(|policy| policy.dispatch.orders_at_once = 2);
    for number in 1..=5 {
        world.call(number, Urgency::Normal, "");
    }
    world.follow(Rotation).await;
    assert_eq!(who(&world, 5), "ABAB-");
    world.set_policy(|policy| policy.dispatch.orders_at_once = 3);
    world.follow(Rotation).await;
    assert_eq!(who(&world, 5), "ABABA");
    check_rotation(&world, 5);
}

#[tokio::test]
async fn c_046_an_order_waits_until_somebody_with_the_skill_is_there() {
    let world = company("A B:boiler");
    world.set_active('B', false);
    world.call(1, Urgency::Normal, "boiler");
    world.follow(Rotation).await;
    assert_eq!(who(&world, 1), "-");
    world.set_active('B', true);
    world.follow(Rotation).await;
    assert_eq!(who(&world, 1), "B");
    check_rotation(&world, 1);
}

#[tokio::test]
async fn c_044_yesterdays_calls_are_dispatched_before_todays() {
    let world = company("A");
    world.set_active('A', false);
    world.register(3, Urgency::Normal, "");
    world.pass(DAY);
    world.call(1, Urgency::Normal, "");
    world.pass(HOUR);
    world.call(2, Urgency::Urgent, "");
    // Registered yesterday, confirmed today after the others.
    world.confirm(3);
    world.follow(Rotation).await;
    let mut done = Vec::new();
    for _ in 1..=3 {
        world.set_active('A', true);
        world.follow(Rotation).await;
        let number = (1..=3).find(|number| world.view(*number).state == OrderState::Dispatched).unwrap();
        world.complete(number, 'A');
        world.set_active('A', false);
        done.push(number);
    }
    assert_eq!(done, [2, 3, 1]);
}

#[tokio::test]
async fn c_040_a_refused_order_goes_to_another_and_the_turn_is_used() {
    let world = company("A B C");
    world.call(1, Urgency::Normal, "");
    world.follow(Rotation).await;
    world.refuse(1, 'A');
    world.follow(Rotation).await;
    assert_eq!(who(&world, 1), "B");
    world.call(2, Urgency::Normal, "");
    world.follow(Rotation).await;
    assert_eq!(who(&world, 2), "BC");
    check_rotation(&world, 2);
}

#[tokio::test]
async fn x_15_who_loses_his_order_gets_his_turn_back() {
    let world = company("A B C");
    world.call(1, Urgency::Normal, "");
    world.follow(Rotation).await;
    world.unassign(1, 'A');
    world.follow(Rotation).await;
    assert_eq!(who(&world, 1), "B", "not to him from whom it was just taken");
    world.call(2, Urgency::Normal, "");
    world.follow(Rotation).await;
    assert_eq!(who(&world, 2), "BA", "his turn was given back");
    world.call(3, Urgency::Normal, "");
    world.follow(Rotation).await;
    assert_eq!(who(&world, 3), "BAC", "the round goes on where it was");
    world.state(order(3), CLERK, CancelByOffice { reason: "double".to_owned() });
    world.call(4, Urgency::Normal, "");
    world.follow(Rotation).await;
    assert_eq!(world.technician(4), 'C', "cancelled before he went");
    check_rotation(&world, 4);
}

#[tokio::test]
async fn c_041_an_override_needs_a_reason_and_leaves_the_pointer() {
    let world = company("A B C");
    world.set_active('A', false);
    world.set_active('B', false);
    world.set_active('C', false);
    world.call(1, Urgency::Normal, "");
    world.call(2, Urgency::Normal, "");
    world.follow(Rotation).await;
    for letter in ['A', 'B', 'C'] {
        world.set_active(letter, true);
    }
    let choose = |reason: Option<&str>| {
        let choice = DispatchChoice {
            technician: Some(person('C')),
            reason: reason.map(str::to_owned),
            frontier: world.frontier(1),
        };
        world.office.committer.run_blocking(move |writer| dispatch_order(writer, order(1), CLERK, &choice))
    };
    let Err(CommitError::Refused(refusal)) = choose(None) else { panic!("dispatched without a reason") };
    assert_eq!((refusal.code, refusal.command), ("override_reason", CommandCode::Assign));
    choose(Some("knows the boiler")).unwrap();
    let view = world.view(1);
    let assignment = view.assignment().unwrap();
    assert_eq!((assignment.turn, assignment.reason.as_deref()), (None, Some("knows the boiler")));
    assert_eq!(assignment.skipped.iter().map(|skip| skip.reason).collect::<Vec<_>>(), [SkipReason::Overridden; 2]);
    world.follow(Rotation).await;
    assert_eq!(who(&world, 2), "CA");
    check_rotation(&world, 2);
}

#[tokio::test]
async fn c_041_nobody_fits_is_said_and_the_rotations_next_is_no_override() {
    let world = company("A B");
    world.call(1, Urgency::Normal, "lift");
    world.follow(Rotation).await;
    let dispatch = |choice: DispatchChoice| {
        world.office.committer.run_blocking(move |writer| dispatch_order(writer, order(1), CLERK, &choice))
    };
    let nobody = dispatch(DispatchChoice { technician: None, reason: None, frontier: world.frontier(1) });
    assert!(matches!(nobody, Err(CommitError::Invalid { code: "nobody_fits", .. })), "{nobody:?}");
    let stranger = DispatchChoice { technician: Some(CLERK), reason: None, frontier: world.frontier(1) };
    assert!(matches!(dispatch(stranger), Err(CommitError::Invalid { code: "not_a_technician", .. })));
    world.register(2, Urgency::Normal, "");
    world.confirm(2);
    let next = DispatchChoice { technician: Some(person('A')), reason: None, frontier: world.frontier(2) };
    world.office.committer.run_blocking(move |writer| dispatch_order(writer, order(2), CLERK, &next)).unwrap();
    assert_eq!(world.view(2).assignment().unwrap().turn, Some(1));
    check_rotation(&world, 2);
}

#[tokio::test]
async fn c_041_a_persons_assignment_is_in_the_records_too() {
    let world = company("A B");
    world.set_policy(|policy| policy.dispatch.override_moves_pointer = true);
    world.call(1, Urgency::Normal, "");
    let assign = |letter| Assign {
        technician: person(letter),
        skipped: vec![],
        reason: Some("asked for".to_owned()),
        turn: None,
    };
    world.state(order(1), CLERK, assign('B'));
    world.follow(Rotation).await;
    let dispatched: Vec<_> = records(&world)
        .into_iter()
        .map(|record| match record {
            DispatchRecord::Dispatched(done) => (done.technician.technician, done.turn, done.by),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(dispatched, [(person('B'), Some(1), Some(CLERK))]);
    assert_eq!(desk(&world).pointer.last.unwrap().technician, person('B'));
}

#[tokio::test]
async fn c_044_orders_that_nobody_can_do_hold_up_none_behind_them() {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire_clerk();
    let many = |number: u16| {
        let mut id = [0xEE; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        docket_sync_core::ids::DocumentId(id)
    };
    // More than one page of the queue needs what nobody has learnt.
    for number in 0..1_100 {
        world.call_as(many(number), Urgency::Normal, "crane");
    }
    world.pass(1);
    world.call(1, Urgency::Normal, "");
    world.follow(Rotation).await;
    assert_eq!(world.technician(1), '-');
    world.hire("A");
    world.follow(Rotation).await;
    assert_eq!(world.technician(1), 'A');
}

#[tokio::test]
async fn c_041_the_rotations_next_needs_no_reason_for_an_unfinished_order_and_another_does() {
    let world = company("A B C");
    world.call(1, Urgency::Normal, "");
    world.follow(Rotation).await;
    assert_eq!(world.technician(1), 'A');
    world.leave_unfinished(1, 'A');
    world.follow(Rotation).await;
    assert_eq!(world.view(1).state, OrderState::Unfinished);
    let dispatch = |technician: Option<char>| {
        let choice = DispatchChoice { technician: technician.map(person), reason: None, frontier: world.frontier(1) };
        world.office.committer.run_blocking(move |writer| dispatch_order(writer, order(1), CLERK, &choice))
    };
    let refused = dispatch(Some('C'));
    assert!(matches!(&refused, Err(CommitError::Refused(refusal)) if refusal.code == "override_reason"), "{refused:?}");
    dispatch(None).unwrap();
    assert_eq!(world.technician(1), 'B');
    check_rotation(&world, 1);
}

/// A morning: what people do, one step after the other, with the reactor running in between.
async fn morning(world: &World) {
    world.hire("A B C");
    for number in 1..=4 {
        world.call(number, Urgency::Normal, "");
    }
    world.follow(Rotation).await;
    world.refuse(1, 'A');
    world.follow(Rotation).await;
    world.unassign(2, 'B');
    world.complete(3, 'C');
    world.follow(Rotation).await;
    world.state(order(4), CLERK, CancelByOffice { reason: "withdrawn".to_owned() });
    world.follow(Rotation).await;
}

/// Facts that assign, and facts that end an assignment, of each order.
fn balance(world: &World) -> BTreeMap<u8, (usize, usize)> {
    use docket_sync_core::facts::FactKind;
    (1..=4)
        .map(|number| {
            let counts = world.run(move |writer| {
                let Some(found) = writer.order(order(number))? else { return Ok((0, 0)) };
                let count = |kinds: &[FactKind]| {
                    found.facts.iter().filter(|fact| fact.kind().is_some_and(|kind| kinds.contains(&kind))).count()
                };
                Ok((count(&[FactKind::Assign]), count(&[FactKind::Refuse, FactKind::Unassign])))
            });
            (number, counts)
        })
        .collect()
}

#[tokio::test]
async fn c_040_after_any_crash_each_order_is_dispatched_exactly_once() {
    let recorded = Arc::new(Recorded::default());
    let world = World::open(recorded.clone());
    morning(&world).await;
    drop(world);
    let states = recorded.states();
    assert!(states.len() > 20, "{} crashes to survive", states.len());
    for (index, state) in states.iter().enumerate() {
        let world = World::open(Arc::new(after_a_crash(state)));
        world.follow(Rotation).await;
        let first: Vec<_> = balance(&world).into_iter().collect();
        check_rotation(&world, 4);
        for (number, (assigned, ended)) in &first {
            let number = *number;
            if *assigned == 0 && *ended == 0 {
                continue;
            }
            let stands = usize::from(world.technician(number) != '-');
            let cancelled = usize::from(world.view(number).state == OrderState::Cancelled);
            let least = *ended + stands;
            assert!(
                (least..=least + cancelled).contains(assigned),
                "after crash {index} order {number} has {assigned} assignments, {ended} ended, {stands} stands"
            );
        }
        // Nobody who could take a waiting order is left idle.
        let desk = desk(&world);
        let idle = desk.roster.iter().any(|one| one.active && one.open_orders == 0);
        for number in 1..=4 {
            let known = first[usize::from(number) - 1].1 != (0, 0);
            if known && idle && world.view(number).state == OrderState::Ready {
                let needs = super::records::needs(&world.view(number));
                assert!(desk.next(&needs).is_err(), "after crash {index} order {number} waits for no reason");
            }
        }
        // Everything again from the start of the log changes nothing.
        world.run(|writer| {
            writer.remove(crate::store::Table::Reactor, b"dispatch".to_vec());
            Ok(())
        });
        let before = records(&world);
        world.follow(Rotation).await;
        assert_eq!(records(&world), before, "after crash {index}");
    }
}
