//! The rules of the rotation: who is next, who is passed over and why, and where the turn moves.
//!
//! Pure: plain values in, a decision out. The pointer is a fold over the records of dispatch ([`Pointer::apply`]),
//! so that it can be recomputed at any time. Not here: what the order or the store looks like.

use std::collections::BTreeSet;

use docket_sync_core::facts::values::{Skip, SkipReason, Urgency};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::policy::DispatchPolicy;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

/// A technician's place in the fixed order of the rotation: by the time he was entered, then by his id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Place {
    /// When he was entered.
    #[n(0)]
    pub entered_at: UnixMillis,
    /// Who.
    #[n(1)]
    pub technician: PersonId,
}

/// One technician of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who, and his place in the fixed order.
    pub place: Place,
    /// On duty: works here and holds the role.
    pub active: bool,
    /// Codes of his skills (C-046).
    pub skills: BTreeSet<String>,
    /// Orders that he was sent to and has neither finished nor given back.
    pub open_orders: u32,
}

/// What the rotation must know of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needs {
    /// Skill that the work needs.
    pub skill: Option<String>,
    /// Who refused this order before.
    pub refused: BTreeSet<PersonId>,
    /// From whom a dispatcher took this order; he gives the reason (C-041).
    pub taken_from: BTreeSet<PersonId>,
}

/// One turn of the rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Turn {
    /// Its number, from 1.
    #[n(0)]
    pub number: u64,
    /// Whose it is.
    #[n(1)]
    pub place: Place,
}

/// Where the rotation stands: a fold over the records of dispatch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Pointer {
    /// Who took the last turn in order; the next one is after him.
    #[n(0)]
    pub last: Option<Place>,
    /// Turns given back: who has one is asked before the others, the earlier turn first.
    #[n(1)]
    pub owed: Vec<Turn>,
    /// Turns taken so far; the next turn has the number after it.
    #[n(2)]
    pub turns: u64,
}

/// What one record of dispatch does to the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// He took this turn.
    Taken(Turn),
    /// He was dispatched without taking a turn: an override (C-041).
    None,
    /// His turn is given back: the assignment was released and he had done nothing.
    GivenBack(Turn),
    /// The released assignment stands again, and so does his turn.
    TakenAgain(Turn),
}

impl Pointer {
    /// The pointer after one more record.
    #[must_use]
    pub fn apply(mut self, step: Move) -> Self {
        match step {
            Move::Taken(turn) => {
                // Who uses a turn that he got back leaves the order of the others alone.
                if self.owed.contains(&turn) {
                    self.owed.retain(|owed| *owed != turn);
                } else {
                    self.turns = self.turns.max(turn.number);
                    self.last = Some(turn.place);
                }
            }
            Move::GivenBack(turn) => {
                let index = self.owed.partition_point(|owed| *owed < turn);
                self.owed.insert(index, turn);
            }
            Move::TakenAgain(turn) => self.owed.retain(|owed| *owed != turn),
            Move::None => {}
        }
        self
    }

    /// The number of the turn that a technician takes now: the one he got back, or a new one.
    #[must_use]
    pub fn turn_of(&self, place: Place) -> u64 {
        let owed = self.owed.iter().find(|owed| owed.place == place);
        owed.map_or(self.turns.saturating_add(1), |owed| owed.number)
    }

    /// The roster in the order in which it is asked now: turns given back, then the round from the pointer on.
    #[must_use]
    pub fn sequence<'a>(&self, roster: &'a [Candidate]) -> Vec<&'a Candidate> {
        let mut order: Vec<&Candidate> = roster.iter().collect();
        order.sort_by_key(|candidate| candidate.place);
        let start = order.partition_point(|candidate| self.last.is_some_and(|last| candidate.place <= last));
        order.rotate_left(start);
        let mut first: Vec<&Candidate> = Vec::new();
        for owed in &self.owed {
            let known = order.iter().find(|candidate| candidate.place == owed.place);
            first.extend(known.filter(|known| first.iter().all(|listed| listed.place != known.place)));
        }
        let rest = order.into_iter().filter(|candidate| self.owed.iter().all(|owed| owed.place != candidate.place));
        first.extend(rest.collect::<Vec<_>>());
        first
    }
}

/// A dispatch as decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Who goes.
    pub technician: Place,
    /// The turn he takes; absent when he takes none.
    pub turn: Option<u64>,
    /// Who was asked before him and passed over, in that order, each with his reason.
    pub skipped: Vec<Skip>,
}

/// Everybody was passed over; each with his reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NobodyFits {
    /// The whole roster, in the order in which it was asked.
    pub skipped: Vec<Skip>,
}

/// Why the rotation passes over a technician; `None` when he goes (C-040, C-046).
#[must_use]
pub fn obstacle(policy: &DispatchPolicy, candidate: &Candidate, needs: &Needs) -> Option<SkipReason> {
    let technician = candidate.place.technician;
    let lacks = needs.skill.as_ref().is_some_and(|skill| !candidate.skills.contains(skill));
    if !candidate.active {
        Some(SkipReason::Inactive)
    } else if policy.skip_refused && needs.refused.contains(&technician) {
        Some(SkipReason::Refused)
    } else if needs.taken_from.contains(&technician) {
        Some(SkipReason::Overridden)
    } else if policy.skip_unskilled && lacks {
        Some(SkipReason::Skill)
    } else if policy.skip_not_returned && is_out(policy, candidate) {
        Some(SkipReason::NotReturned)
    } else {
        None
    }
}

/// Whether a technician counts as not returned (C-040).
#[must_use]
pub fn is_out(policy: &DispatchPolicy, candidate: &Candidate) -> bool {
    candidate.open_orders >= policy.orders_at_once
}

/// The rotation's next technician for an order (C-040).
///
/// # Errors
/// [`NobodyFits`] when everybody is passed over.
pub fn next(
    policy: &DispatchPolicy,
    roster: &[Candidate],
    pointer: &Pointer,
    needs: &Needs,
) -> Result<Decision, NobodyFits> {
    let mut skipped = Vec::new();
    for candidate in pointer.sequence(roster) {
        let Some(reason) = obstacle(policy, candidate, needs) else {
            let turn = Some(pointer.turn_of(candidate.place));
            return Ok(Decision { technician: candidate.place, turn, skipped });
        };
        skipped.push(Skip { technician: candidate.place.technician, reason });
    }
    Err(NobodyFits { skipped })
}

/// A dispatch to a technician of the dispatcher's own choice (C-041). Who was before him in the rotation is
/// passed over: for his own obstacle, or by the override. `None` when the technician is not of the roster.
#[must_use]
pub fn chosen(
    policy: &DispatchPolicy,
    roster: &[Candidate],
    pointer: &Pointer,
    needs: &Needs,
    technician: PersonId,
) -> Option<Decision> {
    let sequence = pointer.sequence(roster);
    let index = sequence.iter().position(|candidate| candidate.place.technician == technician)?;
    let (before, from) = sequence.split_at_checked(index)?;
    let skipped = before
        .iter()
        .map(|candidate| Skip {
            technician: candidate.place.technician,
            reason: obstacle(policy, candidate, needs).unwrap_or(SkipReason::Overridden),
        })
        .collect();
    let place = from.first()?.place;
    let turn = policy.override_moves_pointer.then(|| pointer.turn_of(place));
    Some(Decision { technician: place, turn, skipped })
}

/// The place of a waiting order in the queue; the least is dispatched first.
///
/// Danger and urgency go first; among equals the earlier call, so that what was not dispatched yesterday
/// precedes every call of today (C-044).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuePlace {
    rank: u8,
    registered_at: UnixMillis,
    order: DocumentId,
}

impl QueuePlace {
    /// Length of [`QueuePlace::to_bytes`].
    pub const LENGTH: usize = 25;

    /// The place of an order registered at this time.
    #[must_use]
    pub fn new(urgency: Urgency, registered_at: UnixMillis, order: DocumentId) -> Self {
        let rank = match urgency {
            Urgency::Hazard => 0,
            Urgency::Urgent => 1,
            Urgency::Normal => 2,
        };
        Self { rank, registered_at, order }
    }

    /// The order.
    #[must_use]
    pub fn order(&self) -> DocumentId {
        self.order
    }

    /// Bytes that sort like the place. Times before 1970 sort as 1970.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let time = u64::try_from(self.registered_at.0).unwrap_or(0);
        [[self.rank].as_slice(), &time.to_be_bytes(), &self.order.0].concat()
    }

    /// The order in such bytes.
    #[must_use]
    pub fn order_in(bytes: &[u8]) -> Option<DocumentId> {
        (bytes.len() == Self::LENGTH).then(|| bytes.get(9..).and_then(DocumentId::from_slice)).flatten()
    }
}

#[cfg(test)]
mod tests;
