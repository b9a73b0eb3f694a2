//! Why an order is in a technician's scope, since when no reason holds any more, and until when it stays.
//!
//! Not here: moving feeds. Invariant: what arrives late about an order that nobody has a reason to hold brings it
//! into nobody's scope again.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::facts::{Fact, FactKind, Role};
use docket_sync_core::ids::PersonId;
use docket_sync_core::lifecycle::facets::Holder;
use docket_sync_core::lifecycle::view::{AssignmentFacet, OrderState, OrderView, Review, ReviewStatus, VisitState};
use docket_sync_core::lifecycle::{Causality, FactSet, parties};
use docket_sync_core::time::{DAY, UnixMillis};
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::meta::DocumentMeta;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::{DeviceContact, DeviceRecord, contact_key};
use crate::store::{KeyRange, Table};

/// An order stays in scope this long after the last reason for it ended (sync.md, Scope).
const STAYS: i64 = 14 * DAY;
/// Time between two looks at whether somebody has seen that an order was taken from him.
const LOOK_AGAIN: i64 = 7 * DAY;

/// The end of the last reason for which somebody held an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ended {
    /// When, by the server's clock.
    #[n(0)]
    pub at: UnixMillis,
    /// Log number of the change that ended it.
    #[n(1)]
    pub number: u64,
}

/// Who holds an order in scope, and when to look again; `None` has no end yet. Past times hold nothing.
pub(super) type Holders = BTreeMap<PersonId, Option<UnixMillis>>;

/// Whether an order is over: nobody's work any more.
pub(crate) fn is_over(state: OrderState) -> bool {
    match state {
        OrderState::Closed
        | OrderState::Cancelled
        | OrderState::Terminated
        | OrderState::Merged
        | OrderState::Declined => true,
        OrderState::Registered
        | OrderState::Ready
        | OrderState::Dispatched
        | OrderState::InProgress
        | OrderState::Unfinished
        | OrderState::Completed
        | OrderState::Returned
        | OrderState::CancelContested
        | OrderState::OnHold
        | OrderState::AwaitingConsent
        | OrderState::InCustody => false,
    }
}

/// Who has a reason to hold an order, and who ever had one.
pub(super) struct Reasons {
    pub(super) now: BTreeSet<PersonId>,
    ever: BTreeSet<PersonId>,
}

/// What an order is to people besides an assignment or a visit.
struct Ties {
    now: BTreeSet<PersonId>,
    ever: BTreeSet<PersonId>,
}

/// He holds its goods or cash, he made it on site, or a visit was handed to him.
fn ties(view: &OrderView) -> Ties {
    let facets = &view.facets;
    let mut ties = Ties { now: BTreeSet::new(), ever: BTreeSet::new() };
    for custody in facets.custody.iter().filter(|custody| custody.is_open()) {
        match &custody.holder {
            Holder::Person(person) => drop(ties.now.insert(*person)),
            Holder::Conflict(people) => ties.now.extend(people),
            Holder::Customer => {}
        }
    }
    ties.now.extend(facets.money.pockets.iter().filter(|(_, minor)| **minor > 0).map(|((person, _), _)| *person));
    let goes_on = !is_over(view.state) && !matches!(view.state, OrderState::Completed | OrderState::Returned);
    for person in facets.handed_to.iter().copied().chain(facets.made_by) {
        ties.ever.insert(person);
        let is_through = view.visits.iter().any(|visit| visit.technician == person && visit.state == VisitState::Ended);
        if goes_on && !(is_through && facets.handed_to.contains(&person)) {
            ties.now.insert(person);
        }
    }
    ties.ever.extend(&ties.now);
    ties
}

/// Between whom cash, a visit or goods went, whatever became of it since: it may have been taken back in the same push,
/// and he has worked on the order meanwhile.
fn given(facts: &FactSet) -> impl Iterator<Item = PersonId> {
    facts.iter().flat_map(|fact| parties(fact.body())).flatten()
}

/// Technicians whose reviews are open: those whose facts caused them.
fn asked(view: &OrderView, facts: &FactSet) -> BTreeSet<PersonId> {
    let his = |review: &&Review| review.owner == Role::Technician && review.status == ReviewStatus::Open;
    let causes = view.reviews.iter().filter(his).flat_map(|review| &review.causes);
    causes.flat_map(|cause| facts.under(*cause)).filter_map(Fact::person).collect()
}

/// Takes notice of whose reasons ended with the last change.
pub(super) fn note_ends(meta: &mut DocumentMeta, view: &OrderView, reasons: &Reasons, now: UnixMillis) {
    let known = meta.ended.take().unwrap_or_default();
    // Whose goods or cash it was is not told by the order as it is now.
    let before: BTreeSet<PersonId> = meta.scopes.iter().copied().chain(known.keys().copied()).collect();
    let ever: BTreeSet<PersonId> = reasons.ever.union(&before).copied().collect();
    let ended: BTreeMap<PersonId, Ended> = ever
        .difference(&reasons.now)
        .map(|person| {
            // Of reasons that came and went before anybody here knew only the facts tell when.
            let at = if meta.scopes.contains(person) { now } else { view.updated.min(now) };
            (*person, known.get(person).copied().unwrap_or(Ended { at, number: meta.last }))
        })
        .collect();
    meta.ended = (!ended.is_empty()).then_some(ended);
}

/// Whether the order was taken from him: cancelled, or given to somebody else.
fn was_taken(view: &OrderView, person: PersonId) -> bool {
    let last = view.assignments.iter().rev().find(|assignment| assignment.technician == person);
    let released = last
        .is_some_and(|assignment| matches!(assignment.facet, AssignmentFacet::Superseded | AssignmentFacet::Released));
    released || matches!(view.state, OrderState::Cancelled | OrderState::Terminated)
}

/// Whether a `seen` fact of his knows everything that can have taken the order from him.
fn has_seen(facts: &FactSet, person: PersonId) -> bool {
    let causality = Causality::new(facts);
    let of = |kinds: &'static [FactKind]| {
        causality.nodes().iter().filter(move |node| node.fact.kind().is_some_and(|kind| kinds.contains(&kind)))
    };
    of(&[FactKind::Seen]).filter(|seen| seen.fact.person() == Some(person)).any(|seen| {
        of(&[FactKind::CancelByOffice, FactKind::Unassign, FactKind::Assign])
            .all(|taken| causality.knows(*seen, *taken))
    })
}

impl Writer {
    /// Who has a reason now: the effective assignment names him, a visit of his is open, or he is tied to it or asked.
    pub(super) fn reasons(&self, view: &OrderView, facts: &FactSet) -> Result<Reasons, CommitError> {
        let assigned = view.technician().filter(|_| !is_over(view.state));
        let mut now: BTreeSet<PersonId> =
            assigned.into_iter().chain(view.open_visits().map(|visit| visit.technician)).collect();
        let assigned = view.assignments.iter().map(|assignment| assignment.technician);
        let mut ever: BTreeSet<PersonId> = assigned.chain(view.visits.iter().map(|visit| visit.technician)).collect();
        let Ties { now: mut tied, ever: mut was_tied } = ties(view);
        was_tied.extend(given(facts));
        let asked = asked(view, facts);
        tied.extend(&asked);
        was_tied.extend(&asked);
        for person in was_tied {
            // Goods and cash go through the hands of people who have no device.
            let is_known = now.contains(&person) || ever.contains(&person);
            if is_known || self.person(person)?.is_some_and(|record| record.roles.contains(&Role::Technician)) {
                ever.insert(person);
                if tied.contains(&person) {
                    now.insert(person);
                }
            }
        }
        Ok(Reasons { now, ever })
    }

    /// Who holds the order in scope.
    pub(super) fn holders(
        &self,
        meta: &DocumentMeta,
        view: &OrderView,
        facts: &FactSet,
        reasons: &BTreeSet<PersonId>,
    ) -> Result<Holders, CommitError> {
        let now = self.now();
        let mut holders: Holders = reasons.iter().map(|person| (*person, None)).collect();
        for (person, ended) in meta.ended.iter().flatten() {
            let until = ended.at.plus(STAYS);
            let unseen = until <= now
                && was_taken(view, *person)
                && !has_seen(facts, *person)
                && !self.has_on_disk(*person, ended.number)?;
            holders.entry(*person).or_insert(Some(if unseen { now.plus(LOOK_AGAIN) } else { until }));
        }
        Ok(holders)
    }

    /// Whether a device of his has stored everything up to `number`; who has no device has nothing to be told on.
    fn has_on_disk(&self, person: PersonId, number: u64) -> Result<bool, CommitError> {
        let mut has_device = false;
        for (key, value) in self.scan(Table::Device, &KeyRange::all(), usize::MAX)? {
            if key.len() != docket_sync_core::ids::DeviceId::LENGTH {
                continue;
            }
            let device: DeviceRecord = crate::store::record::decode("device", &value)?;
            if device.revoked_at.is_some() || device.persons.first() != Some(&person) {
                continue;
            }
            has_device = true;
            let contact: Option<DeviceContact> = self.read(Table::Device, &contact_key(device.device))?;
            if contact.is_some_and(|contact| contact.stored_to >= number) {
                return Ok(true);
            }
        }
        Ok(!has_device)
    }
}
