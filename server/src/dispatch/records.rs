//! What dispatch keeps in its table, and the records it adds to the log. Format: `schemas/log-office.md`.
//!
//! The truth is the log: every other row can be computed again from records and views.

use std::collections::BTreeSet;

use docket_sync_core::facts::values::{Skip, SkipReason};
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::lifecycle::view::{Assignment, AssignmentFacet, OrderState, OrderView, VisitState};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::rules::{Move, Needs, Place, QueuePlace, Turn};

/// The feature's name in the log.
pub const FEATURE: &str = "dispatch";

/// The pointer's row.
pub(super) const POINTER: &[u8] = b"p";

/// What dispatch adds to the log [frozen].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DispatchRecord {
    /// A technician was sent.
    #[n(0)]
    Dispatched(#[n(0)] Dispatched),
    /// The assignment was released before he did anything: his turn is given back (X-15).
    #[n(1)]
    GivenBack(#[n(0)] TurnMoved),
    /// The released assignment stands again.
    #[n(2)]
    TakenAgain(#[n(0)] TurnMoved),
}

/// One dispatch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Dispatched {
    /// The order.
    #[n(0)]
    pub order: DocumentId,
    /// The fact of the assignment.
    #[n(1)]
    pub fact: FactRef,
    /// Who was sent.
    #[n(2)]
    pub technician: Place,
    /// The turn he took; absent when he took none.
    #[n(3)]
    pub turn: Option<u64>,
    /// Who was passed over, in the order of the rotation, each with his reason (C-040).
    #[n(4)]
    pub skipped: Vec<Skip>,
    /// The dispatcher's reason (C-041).
    #[n(5)]
    pub reason: Option<String>,
    /// When the assignment was stated.
    #[n(6)]
    pub at: UnixMillis,
    /// Who decided; absent for the rotation itself.
    #[n(7)]
    pub by: Option<PersonId>,
}

/// A turn that was given back, or stands again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct TurnMoved {
    /// The order.
    #[n(0)]
    pub order: DocumentId,
    /// The fact of the assignment.
    #[n(1)]
    pub fact: FactRef,
    /// The turn.
    #[n(2)]
    pub turn: Turn,
}

impl DispatchRecord {
    /// What it does to the pointer.
    #[must_use]
    pub fn step(&self) -> Move {
        match self {
            Self::Dispatched(dispatched) => match dispatched.turn {
                Some(number) => Move::Taken(Turn { number, place: dispatched.technician }),
                None => Move::None,
            },
            Self::GivenBack(moved) => Move::GivenBack(moved.turn),
            Self::TakenAgain(moved) => Move::TakenAgain(moved.turn),
        }
    }

    pub(super) fn order(&self) -> DocumentId {
        match self {
            Self::Dispatched(dispatched) => dispatched.order,
            Self::GivenBack(moved) | Self::TakenAgain(moved) => moved.order,
        }
    }
}

/// What became of the turn of one assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct TurnRow {
    /// The turn; absent when the dispatch took none.
    #[n(0)]
    pub(super) turn: Option<Turn>,
    /// Whether it is given back now.
    #[n(1)]
    pub(super) given_back: bool,
}

/// An order that waits for a technician, with what the rotation must know of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Waiting {
    /// Whether the rotation takes it by itself; else a dispatcher does.
    #[n(0)]
    pub(super) automatic: bool,
    /// Skill that the work needs.
    #[n(1)]
    pub(super) skill: Option<String>,
    /// Who refused it, or from whom it was taken.
    #[n(2)]
    pub(super) not_again: Vec<Skip>,
}

impl Waiting {
    pub(super) fn needs(&self) -> Needs {
        let those = |reason: SkipReason| {
            self.not_again.iter().filter(move |skip| skip.reason == reason).map(|skip| skip.technician).collect()
        };
        Needs {
            skill: self.skill.clone(),
            refused: those(SkipReason::Refused),
            taken_from: those(SkipReason::Overridden),
        }
    }
}

/// How one order stands in the indexes of dispatch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Standing {
    /// Its key in the queue, while it waits.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) queue_key: Option<Vec<u8>>,
    /// Technicians who have not returned from it.
    #[n(1)]
    pub(super) out: BTreeSet<PersonId>,
}

/// What the rotation must know of an order.
pub(super) fn needs(view: &OrderView) -> Needs {
    let with = |facet: AssignmentFacet| {
        let those = view.assignments.iter().filter(move |assignment| assignment.facet == facet);
        those.map(|assignment| assignment.technician).collect()
    };
    Needs {
        skill: view.request.as_ref().and_then(|request| request.skill.clone()),
        refused: with(AssignmentFacet::Refused),
        taken_from: with(AssignmentFacet::Superseded),
    }
}

/// The order's place in the queue and what it needs; `None` while nobody has to be found.
pub(super) fn waiting(order: DocumentId, view: &OrderView, policy: &ServicePolicy) -> Option<(QueuePlace, Waiting)> {
    let request = view.request.as_ref()?;
    let unconfirmed = view.state == OrderState::Registered && !policy.intake.confirmation_before_dispatch;
    let automatic = view.state == OrderState::Ready || unconfirmed;
    // After an unfinished visit the clerk agrees the next one with the customer first (C-141).
    if !automatic && view.state != OrderState::Unfinished {
        return None;
    }
    let needs = needs(view);
    let skip = |reason: SkipReason| move |technician: &PersonId| Skip { technician: *technician, reason };
    let not_again = needs.refused.iter().map(skip(SkipReason::Refused));
    let not_again = not_again.chain(needs.taken_from.iter().map(skip(SkipReason::Overridden))).collect();
    let place = QueuePlace::new(request.urgency, request.at.time, order);
    Some((place, Waiting { automatic, skill: needs.skill, not_again }))
}

/// Technicians who have not returned from the order (C-040): it is theirs and not finished, or they are there.
pub(super) fn out(view: &OrderView) -> BTreeSet<PersonId> {
    let sent = matches!(view.state, OrderState::Dispatched | OrderState::InProgress);
    let there = view.open_visits().map(|visit| visit.technician);
    view.technician().filter(|_| sent).into_iter().chain(there).collect()
}

/// Whether an assignment was released before its technician did anything (X-15). Who refused has used his turn.
pub(super) fn is_released(view: &OrderView, assignment: &Assignment) -> bool {
    let technician = assignment.technician;
    let over = matches!(assignment.facet, AssignmentFacet::Released | AssignmentFacet::Superseded);
    let visited = view.visits.iter().any(|visit| visit.technician == technician && visit.state != VisitState::EnRoute);
    over && !visited && view.technician() != Some(technician)
}

/// Prefix of the records, the newest first.
pub(super) const RECORDS: &[u8] = b"r";

pub(super) fn record_key(number: u64) -> Vec<u8> {
    [RECORDS, &u64::MAX.saturating_sub(number).to_be_bytes()].concat()
}

/// Log number of a record's key.
pub(super) fn record_number(key: &[u8]) -> Option<u64> {
    let bytes = <[u8; 8]>::try_from(key.get(RECORDS.len()..)?).ok()?;
    Some(u64::MAX.saturating_sub(u64::from_be_bytes(bytes)))
}

pub(super) fn turn_key(order: DocumentId, fact: FactRef) -> Vec<u8> {
    [b"f".as_slice(), &order.0, &fact.to_bytes()].concat()
}

pub(super) fn standing_key(order: DocumentId) -> Vec<u8> {
    [b"s".as_slice(), &order.0].concat()
}

/// Prefix of the queue.
pub(super) const QUEUE: &[u8] = b"w";

pub(super) fn queue_key(place: &QueuePlace) -> Vec<u8> {
    [QUEUE, &place.to_bytes()].concat()
}

/// The order of a key of the queue.
pub(super) fn queued_order(key: &[u8]) -> Option<DocumentId> {
    QueuePlace::order_in(key.get(QUEUE.len()..)?)
}

/// Prefix of who is out with which order.
pub(super) const OUT: &[u8] = b"o";

pub(super) fn out_key(technician: PersonId, order: DocumentId) -> Vec<u8> {
    [OUT, &technician.0, &order.0].concat()
}

/// The technician of such a key.
pub(super) fn out_technician(key: &[u8]) -> Option<PersonId> {
    key.get(OUT.len()..)?.get(..PersonId::LENGTH).and_then(PersonId::from_slice)
}
