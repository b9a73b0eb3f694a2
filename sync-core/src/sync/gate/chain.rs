//! Where a record stands on its actor's chain; takes the hash of its change.

use std::collections::BTreeMap;

use super::GateStore;
use crate::document::{ChainHead, Record, hash_behind};
use crate::ids::{ActorId, ChangeHash, DocumentId};
use crate::sync::frames::{Renew, RenewReason};

/// A record with what could be found out about its place.
pub(super) struct Chained {
    pub(super) record: Record,
    pub(super) place: Place,
}

pub(super) enum Place {
    /// It follows its chain.
    Next(ChangeHash),
    /// The same change was accepted before.
    Known(ChangeHash),
    /// It follows a change that was refused, or a chain whose end is not known here.
    Behind { missing: u64, hash: Option<ChangeHash> },
    /// Another content was accepted in its place.
    Twin(ChangeHash),
}

/// Takes the hash of every change along its chain. A second content for one (actor, sequence) asks its maker for a
/// renewal; who only carries it can do nothing about it.
pub(super) fn chain_up(
    store: &dyn GateStore,
    document: DocumentId,
    records: Vec<Record>,
    by_maker: ByMaker,
) -> Result<Vec<Chained>, Renew> {
    let mut ends: BTreeMap<ActorId, ChainEnd> = BTreeMap::new();
    let mut chained = Vec::new();
    for record in records {
        let end = ends.entry(record.actor).or_insert_with(|| ChainEnd::of(store, document, record.actor));
        let place = end.place(store, document, &record);
        if matches!((&place, by_maker), (Place::Twin(_), ByMaker::Yes)) {
            let (actor, sequence) = (Some(record.actor), record.sequence);
            return Err(Renew { actor, sequence, reason: RenewReason::TwoContents });
        }
        chained.push(Chained { record, place });
    }
    Ok(chained)
}

/// Whether the session's own device covers the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByMaker {
    Yes,
    No,
}

/// The end of a chain while a push is read.
struct ChainEnd {
    /// Last accepted sequence.
    accepted: u64,
    /// The change that the next record must follow.
    tip: Option<ChainHead>,
    /// Whether everything up to the tip is accepted or may be.
    unbroken: bool,
    /// The last of the changes whose place holds another content: what follows is behind them.
    twin: Option<ChainHead>,
}

impl ChainEnd {
    fn of(store: &dyn GateStore, document: DocumentId, actor: ActorId) -> Self {
        let tip = store.chain(document, actor);
        Self { accepted: tip.map_or(0, |head| head.sequence), tip, unbroken: true, twin: None }
    }

    fn place(&mut self, store: &dyn GateStore, document: DocumentId, record: &Record) -> Place {
        let previous = record.sequence.saturating_sub(1);
        let missing = self.twin.map_or(self.accepted.saturating_add(1), |twin| twin.sequence);
        if record.sequence <= self.accepted {
            let twin = self.twin.filter(|twin| twin.sequence == previous);
            let before = twin.or_else(|| head(previous, store.accepted(document, record.actor, previous)));
            let hash = hash_behind(document, before.as_ref(), record);
            if store.accepted(document, record.actor, record.sequence) == Some(hash) {
                return Place::Known(hash);
            }
            let end = ChainHead { sequence: record.sequence, hash };
            (self.tip, self.twin, self.unbroken) = (Some(end), Some(end), false);
            return Place::Twin(hash);
        }
        if previous != self.tip.map_or(0, |head| head.sequence) {
            let Some(refused) = head(previous, store.refused(document, record.actor, previous)) else {
                return Place::Behind { missing, hash: None };
            };
            self.tip = Some(refused);
            self.unbroken = false;
        }
        let hash = hash_behind(document, self.tip.as_ref(), record);
        self.tip = Some(ChainHead { sequence: record.sequence, hash });
        if self.unbroken { Place::Next(hash) } else { Place::Behind { missing, hash: Some(hash) } }
    }
}

fn head(sequence: u64, hash: Option<ChangeHash>) -> Option<ChainHead> {
    hash.map(|hash| ChainHead { sequence, hash })
}

pub(super) fn hash_of(place: &Place) -> Option<ChangeHash> {
    match place {
        Place::Next(hash) | Place::Twin(hash) | Place::Known(hash) => Some(*hash),
        Place::Behind { hash, .. } => *hash,
    }
}
