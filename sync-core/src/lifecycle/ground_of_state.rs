//! The plain reason for a state: the fact that its predicate rests on (lifecycle 4.2). Where rules had to
//! decide between facts, the view's explanations say more.

use super::fact_set::FactSet;
use super::view::{CancelEffect, OrderState, OrderView, Outcome, VisitState};
use crate::facts::FactKind;
use crate::ids::FactId;

/// The fact that the state of `view` rests on, if it rests on one.
#[must_use]
pub fn ground_of_state(view: &OrderView, facts: &FactSet) -> Option<FactId> {
    match view.state {
        OrderState::Registered => view.request.as_ref().map(|request| request.at.fact),
        OrderState::Ready => view.confirmation.as_ref().map(|confirmation| confirmation.at.fact),
        OrderState::Dispatched => view.assignment().map(|assignment| assignment.at.fact),
        OrderState::InProgress => last_step(view),
        OrderState::Unfinished => view.visits.iter().rev().find_map(|visit| match &visit.outcome {
            Some(Outcome::Unfinished { at, .. }) => Some(at.fact),
            _ => None,
        }),
        OrderState::Completed => view.completed.as_ref().map(|moment| moment.fact),
        OrderState::Returned => last_of(facts, FactKind::ReturnVoucher),
        OrderState::Closed => view.closed.as_ref().map(|moment| moment.fact),
        OrderState::Cancelled => cancel(view, CancelEffect::Cancelled),
        OrderState::Terminated => cancel(view, CancelEffect::Terminated),
        OrderState::CancelContested => cancel(view, CancelEffect::Contested),
        OrderState::OnHold => view.facets.holds.first().map(|hold| hold.at.fact),
        OrderState::AwaitingConsent => view.facets.current_quote().map(|quote| quote.at.fact),
        OrderState::InCustody => {
            view.facets.custody.iter().find(|custody| custody.is_open()).map(|custody| custody.at.fact)
        }
        OrderState::Merged => last_of(facts, FactKind::LinkDuplicate),
        OrderState::Declined => last_of(facts, FactKind::Decline),
    }
}

/// The latest step of a visit that goes on.
fn last_step(view: &OrderView) -> Option<FactId> {
    let open = view.visits.iter().filter(|visit| visit.state != VisitState::Ended);
    open.filter_map(|visit| visit.started.or(visit.arrived).or(visit.departed))
        .max_by_key(|moment| (moment.time, moment.fact))
        .map(|moment| moment.fact)
}

fn cancel(view: &OrderView, effect: CancelEffect) -> Option<FactId> {
    view.cancels.iter().find(|cancel| cancel.effect == effect).map(|cancel| cancel.at.fact)
}

fn last_of(facts: &FactSet, kind: FactKind) -> Option<FactId> {
    let of_kind = facts.iter().filter(|fact| fact.kind() == Some(kind));
    of_kind.max_by_key(|fact| (fact.time, fact.id)).map(|fact| fact.id)
}
