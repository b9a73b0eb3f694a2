//! How much one order holds: what a device states beyond it waits in quarantine, before anything of the push is kept;
//! what the office states beyond it is refused.

use std::collections::BTreeSet;

use docket_sync_core::document::{Record, SavedDocument};
use docket_sync_core::ids::ActorId;
use docket_sync_core::limits;
use docket_sync_core::sync::frames::{Cover, Push, QuarantineCode};
use docket_sync_core::sync::gate::{Judged, JudgedDocument, Verdict};

use super::error::CommitError;
use super::writer::Writer;

/// What one more change may still take.
#[derive(Debug, Clone, Copy)]
struct Room {
    bytes: usize,
    facts: usize,
    actors: usize,
}

/// An order with nothing in it.
const EMPTY: Room = Room {
    bytes: limits::DOCUMENT_BYTES_MAX,
    facts: limits::FACTS_PER_DOCUMENT_MAX,
    actors: limits::ACTORS_PER_DOCUMENT_MAX,
};

/// What devices leave free for the office: decisions, and an actor for each of its starts.
const OF_OFFICE: Room = Room { bytes: limits::DOCUMENT_BYTES_OF_OFFICE, facts: 500, actors: 100 };

/// Whether one more change fits into a document, the office's part included.
pub(super) fn has_room(document: &SavedDocument, record: &Record) -> bool {
    let begins = !document.chains().contains_key(&record.actor);
    document.check_room(record, limits::DOCUMENT_BYTES_MAX).is_ok()
        && document.records().len() < limits::FACTS_PER_DOCUMENT_MAX
        && (!begins || document.chains().len() < limits::ACTORS_PER_DOCUMENT_MAX)
}

impl Room {
    fn without(self, taken: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(taken.bytes),
            facts: self.facts.saturating_sub(taken.facts),
            actors: self.actors.saturating_sub(taken.actors),
        }
    }
}

impl Writer {
    /// The gate's verdicts, with what finds no more room in its order refused. What a receipt covers was in it before,
    /// and has the office's part, too.
    pub(super) fn within_limits(&mut self, push: &Push, mut judged: Judged) -> Result<Judged, CommitError> {
        let room = match push.cover {
            Cover::Receipt { .. } => EMPTY,
            Cover::Own { .. } | Cover::Relayed { .. } | Cover::None => EMPTY.without(OF_OFFICE),
        };
        for document in &mut judged.documents {
            let enters = |(_, verdict): &(_, Verdict)| matches!(verdict, Verdict::Accept { .. });
            if document.records.iter().any(enters) {
                self.refuse_beyond(document, room)?;
            }
        }
        Ok(judged)
    }

    fn refuse_beyond(&mut self, judged: &mut JudgedDocument, mut room: Room) -> Result<(), CommitError> {
        let mut known: BTreeSet<ActorId> = BTreeSet::new();
        if let Some(order) = self.order(judged.document)? {
            known.extend(order.document.chains().keys());
            let (bytes, facts) = (order.document.fact_bytes(), order.document.records().len());
            room = room.without(Room { bytes, facts, actors: known.len() });
        }
        let mut broken: BTreeSet<ActorId> = BTreeSet::new();
        for (record, verdict) in &mut judged.records {
            let Verdict::Accept { hash, .. } = verdict else { continue };
            let new_actors = usize::from(!known.contains(&record.actor));
            let left = Some(())
                .filter(|()| !broken.contains(&record.actor))
                .and_then(|()| room.bytes.checked_sub(record.bytes.len()))
                .and_then(|bytes| Some((bytes, room.facts.checked_sub(1)?, room.actors.checked_sub(new_actors)?)));
            if let Some((bytes, facts, actors)) = left {
                room = Room { bytes, facts, actors };
                known.insert(record.actor);
            } else {
                broken.insert(record.actor);
                *verdict = Verdict::Quarantine { code: QuarantineCode::Limit, hash: *hash };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use docket_sync_core::facts::bodies::{AddNote, Arrive, Assign, CancelByOffice, Start};
    use docket_sync_core::facts::values::Urgency;
    use docket_sync_core::facts::{Author, Head};
    use docket_sync_core::ids::{ActorId, DocumentId};
    use docket_sync_core::lifecycle::view::{OrderState, ReviewStatus};
    use docket_sync_core::time::{HOUR, MINUTE, SECOND, UnixMillis};

    use super::*;
    use crate::commit::{Statement, Tables as _, keys};
    use crate::dispatch::world::{CLERK, World, order, person};
    use crate::store::{KeyRange, MemoryStore, Table};

    /// The office cancels what a technician has begun: a review whose default is that he goes on.
    fn contested(world: &World, number: u8) {
        world.call(number, Urgency::Normal, "");
        let assign = Assign { technician: person('A'), skipped: Vec::new(), reason: None, turn: None };
        world.state(order(number), CLERK, assign);
        let before = world.view(number).frontier.clone();
        let visit = world.state(order(number), person('A'), Arrive { visit: None, place: None }).reference();
        world.state(order(number), person('A'), Start { visit });
        let body = CancelByOffice { reason: "ordered twice".to_owned() }.into();
        let author = Author::Person(CLERK);
        world.run(move |writer| {
            writer.state(order(number), Statement { author, head: Head::default(), body, seen: Some(before) })
        });
        assert_eq!(world.view(number).state, OrderState::CancelContested);
    }

    fn note(world: &World, number: u8, bytes: usize) -> Result<(), CommitError> {
        let body = AddNote { text: "x".repeat(bytes) }.into();
        let statement = Statement { author: Author::Person(CLERK), head: Head::default(), body, seen: None };
        world.office.committer.run_blocking(move |writer| writer.state(order(number), statement).map(drop))
    }

    /// Notes until not even the shortest one fits.
    fn fill(world: &World, number: u8) {
        for bytes in [60_000, 6_000, 600, 60, 0] {
            let mut full = Ok(());
            for _ in 0..100 {
                full = full.and_then(|()| note(world, number, bytes));
            }
            let error = full.expect_err("an order takes notes without end");
            assert!(matches!(error, CommitError::OrderFull(document) if document == order(number)), "{error}");
        }
    }

    /// When the order falls due, by the list of timers.
    fn timers(world: &World, number: u8) -> Vec<UnixMillis> {
        let entries = world.run(|writer| Ok(writer.scan(Table::Timer, &KeyRange::all(), usize::MAX)?));
        let timers = entries.iter().filter_map(|(key, _)| keys::read_timer(key));
        timers.filter(|(_, document)| *document == order(number)).map(|(due, _)| due).collect()
    }

    /// Runs empty jobs until `is_so`: the commit thread looks at what is due between them.
    fn until(world: &World, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_so() {
            assert!(Instant::now() < deadline, "it does not come to that");
            world.pass(SECOND);
            world.run(|_| Ok(()));
        }
    }

    #[test]
    fn u_19_a_default_that_finds_no_room_falls_due_once_and_holds_up_nobody() {
        let world = World::open(Arc::new(MemoryStore::new()));
        world.hire("A: B:");
        contested(&world, 1);
        contested(&world, 2);
        fill(&world, 1);
        assert_eq!((timers(&world, 1).len(), timers(&world, 2).len()), (1, 1));
        world.pass(31 * MINUTE);
        until(&world, || world.view(2).state == OrderState::InProgress && timers(&world, 1).is_empty());
        let view = world.view(1);
        assert_eq!((view.state, view.reviews[0].status), (OrderState::CancelContested, ReviewStatus::Open));
        // It does not come back: hours later nothing is written for it.
        let log = || world.run(|writer| Ok(writer.tip().number));
        let (before, mut rounds) = (log(), 0);
        world.pass(25 * HOUR);
        until(&world, || {
            rounds += 1;
            rounds > 5
        });
        assert_eq!((log(), timers(&world, 1)), (before, Vec::new()));
        // And other orders go on.
        note(&world, 2, 5).unwrap();
        assert!(matches!(note(&world, 1, 5), Err(CommitError::OrderFull(_))));
    }

    #[tokio::test]
    async fn a_reactor_sets_a_full_order_aside_once_and_goes_on_with_the_others() {
        let world = World::open(Arc::new(MemoryStore::new()));
        world.hire("A: B:");
        world.call(1, Urgency::Normal, "");
        world.call(2, Urgency::Normal, "");
        fill(&world, 1);
        world.follow(crate::dispatch::reactor::Rotation).await;
        assert_eq!((world.technician(1), world.technician(2)), ('-', 'A'));
        let aside = world.run(|writer| crate::reactor::dead_letters(writer, "dispatch"));
        assert_eq!(aside.iter().map(|letter| letter.order).collect::<Vec<_>>(), [order(1)]);
        assert!(aside[0].reason.contains("full"), "{}", aside[0].reason);
        // Somebody else's order makes it look at the queue again.
        let before = world.run(|writer| Ok(writer.tip().number));
        world.call(3, Urgency::Normal, "");
        world.follow(crate::dispatch::reactor::Rotation).await;
        assert_eq!((world.technician(1), world.technician(3)), ('-', 'B'));
        assert!(world.run(|writer| Ok(writer.tip().number)) > before);
    }

    #[test]
    fn a_document_is_full_by_facts_and_by_actors_too() {
        let id = DocumentId([1; 16]);
        let actor = |number: u16| {
            let [high, low] = number.to_be_bytes();
            ActorId([high, low, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
        };
        let record = |actor, sequence| Record { actor, sequence, time: UnixMillis(1_800_000_000_000), bytes: vec![1] };
        let mut by_actors = SavedDocument::new(id).unwrap();
        for number in 1..=u16::try_from(limits::ACTORS_PER_DOCUMENT_MAX).unwrap() {
            assert!(has_room(&by_actors, &record(actor(number), 1)));
            by_actors.append(&record(actor(number), 1)).unwrap();
        }
        assert!(!has_room(&by_actors, &record(actor(5_000), 1)), "one more actor");
        assert!(has_room(&by_actors, &record(actor(1), 2)), "who is in it goes on");
        let mut by_facts = SavedDocument::new(id).unwrap();
        let last = u64::try_from(limits::FACTS_PER_DOCUMENT_MAX).unwrap();
        for sequence in 1..=last {
            by_facts.append(&record(actor(1), sequence)).unwrap();
        }
        assert!(!has_room(&by_facts, &record(actor(1), last + 1)));
    }
}
