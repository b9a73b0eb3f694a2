//! How much one order holds: what a device states beyond it waits in quarantine, before anything of the push is kept.

use std::collections::BTreeSet;

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
