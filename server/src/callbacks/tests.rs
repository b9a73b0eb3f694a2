//! Follow-up calls over a real commit thread, and after every possible crash.

use std::sync::Arc;

use docket_sync_core::facts::bodies::{CancelByOffice, WithdrawOwn};
use docket_sync_core::facts::values::Urgency;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{DAY, HOUR};

use super::reactor::FollowUp;
use super::records::{self, CallbackRecord, FEATURE, Filter};
use super::rules::{Answer, Call, Callback, Outcome, is_overdue};
use crate::commit::{CommitError, Tables};
use crate::dispatch::world::{CLERK, Recorded, World, after_a_crash, order, person};
use crate::log::LogRecord;
use crate::store::MemoryStore;

fn company() -> World {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire("A B");
    world
}

fn list(world: &World, filter: Filter) -> Vec<(DocumentId, Callback)> {
    let page = world.run(move |writer| records::page(writer, filter, None, 100));
    assert_eq!(page.total, u64::try_from(page.items.len()).unwrap(), "{filter:?}");
    page.items
}

fn call(world: &World, number: u8, answer: Answer) -> Result<Callback, CommitError> {
    world.office.committer.run_blocking(move |writer| {
        let at = writer.now();
        records::call(writer, order(number), Call { answer, note: None, by: CLERK, at, seen: Vec::new() })
    })
}

fn logged(world: &World) -> Vec<(DocumentId, CallbackRecord)> {
    world.run(|writer| {
        let mut found = Vec::new();
        for (_, entry) in writer.log_after(0, usize::MAX)? {
            if let LogRecord::Office { feature, document: Some(document), bytes, .. } = entry.record
                && feature == FEATURE
            {
                found.push((document, crate::store::record::decode("callback record", &bytes)?));
            }
        }
        Ok(found)
    })
}

#[tokio::test]
async fn c_150_every_completed_order_is_called_back_once() {
    let world = company();
    for number in 1..=3 {
        world.call(number, Urgency::Normal, "");
    }
    world.complete(1, 'A');
    world.pass(HOUR);
    world.complete(2, 'B');
    world.follow(FollowUp).await;
    let due = list(&world, Filter::Due);
    assert_eq!(due.iter().map(|(order, _)| *order).collect::<Vec<_>>(), [order(1), order(2)]);
    assert_eq!(due[0].1.completion.technician, Some(person('A')));
    world.follow(FollowUp).await;
    assert_eq!(logged(&world).len(), 2);
    // Whatever happens to the order afterwards, it stays one callback.
    world.state(order(1), CLERK, CancelByOffice { reason: "too late".to_owned() });
    world.follow(FollowUp).await;
    assert_eq!(list(&world, Filter::Due).len(), 2);
    assert_eq!(list(&world, Filter::All).len(), 2);
}

#[tokio::test]
async fn c_151_overdue_counts_from_the_field_time_of_the_completion() {
    let world = company();
    world.call(1, Urgency::Normal, "");
    let completed = world.office.platform.clock.now();
    world.complete(1, 'A');
    // The office hears of it two days later.
    world.pass(2 * DAY);
    world.follow(FollowUp).await;
    let (_, callback) = list(&world, Filter::Due).remove(0);
    assert_eq!(callback.completion.at, completed, "c_198: field time decides");
    assert!(!is_overdue(&callback, callback.due_at) && is_overdue(&callback, callback.due_at.plus(1)));
    assert!(callback.due_at.since(completed) > 3 * DAY && callback.due_at.since(completed) <= 4 * DAY);
}

#[tokio::test]
async fn c_150_a_callback_is_answered_exactly_once() {
    let world = company();
    world.call(1, Urgency::Normal, "");
    assert!(matches!(call(&world, 1, Answer::NoAnswer), Err(CommitError::NotFound { .. })));
    world.complete(1, 'A');
    world.follow(FollowUp).await;
    assert_eq!(call(&world, 1, Answer::NoAnswer).unwrap().attempts, 1);
    assert_eq!(list(&world, Filter::Due).len(), 1);
    let answered = call(&world, 1, Answer::Reached(Outcome::Redo)).unwrap();
    assert_eq!((answered.attempts, answered.outcome, answered.by), (2, Some(Outcome::Redo), Some(CLERK)));
    assert!(matches!(call(&world, 1, Answer::Reached(Outcome::Ok)), Err(CommitError::AlreadyDone { .. })));
    assert_eq!((list(&world, Filter::Due).len(), list(&world, Filter::Done).len()), (0, 1));
    world.follow(FollowUp).await;
    let kinds: Vec<bool> = logged(&world).iter().map(|(_, record)| matches!(record, CallbackRecord::Due(_))).collect();
    assert_eq!(kinds, [true, false, false]);
}

#[tokio::test]
async fn c_150_a_withdrawn_completion_takes_the_order_off_the_list() {
    let world = company();
    world.call(1, Urgency::Normal, "");
    let done = world.complete(1, 'A');
    world.follow(FollowUp).await;
    let withdraw = WithdrawOwn { fact: done.reference(), reason: "wrong order".to_owned() };
    world.state(order(1), person('A'), withdraw);
    world.follow(FollowUp).await;
    assert_eq!((list(&world, Filter::Due).len(), list(&world, Filter::All).len()), (0, 0));
    assert_eq!(logged(&world).last().unwrap().1, CallbackRecord::Withdrawn);
}

#[tokio::test]
async fn the_list_is_paged_without_gap_or_repetition() {
    let world = company();
    for number in 1..=5 {
        world.call(number, Urgency::Normal, "");
        world.complete(number, 'A');
        world.pass(DAY);
    }
    world.follow(FollowUp).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let from = after.clone();
        let page = world.run(move |writer| records::page(writer, Filter::Due, from.as_deref(), 2));
        assert_eq!(page.total, 5);
        seen.extend(page.items.into_iter().map(|(order, _)| order));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=5).map(order).collect::<Vec<_>>());
}

#[tokio::test]
async fn c_150_after_any_crash_there_is_exactly_one_callback() {
    let recorded = Arc::new(Recorded::default());
    let world = World::open(recorded.clone());
    world.hire("A B");
    for number in 1..=3 {
        world.call(number, Urgency::Normal, "");
        world.complete(number, 'A');
        if number != 2 {
            world.follow(FollowUp).await;
        }
    }
    drop(world);
    let states = recorded.states();
    for (index, state) in states.iter().enumerate() {
        let world = World::open(Arc::new(after_a_crash(state)));
        world.follow(FollowUp).await;
        let completed: Vec<DocumentId> = (1..=3)
            .filter(|number| {
                let number = *number;
                let view = world.office.committer.run_blocking(move |writer| writer.current_view(order(number)));
                view.is_ok_and(|view| view.completed.is_some())
            })
            .map(order)
            .collect();
        let mut due: Vec<DocumentId> = list(&world, Filter::Due).into_iter().map(|(order, _)| order).collect();
        due.sort();
        assert_eq!(due, completed, "after crash {index}");
        let mut announced: Vec<DocumentId> = logged(&world).into_iter().map(|(order, _)| order).collect();
        announced.sort();
        assert_eq!(announced, completed, "after crash {index}");
        // Everything again from the start of the log changes nothing.
        let before = logged(&world);
        world.run(|writer| {
            writer.remove(crate::store::Table::Reactor, b"callbacks".to_vec());
            Ok(())
        });
        world.follow(FollowUp).await;
        assert_eq!(logged(&world), before, "after crash {index}");
    }
    assert!(states.len() > 15, "{} crashes to survive", states.len());
}
