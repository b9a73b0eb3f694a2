//! The fold itself: each rule in turn, and the state that their results make (lifecycle 4.2).

use std::collections::{BTreeMap, BTreeSet};

use super::assignment::{self, Assignments};
use super::cancel::{self, Cancels, Standing};
use super::causality::Node;
use super::closing;
use super::fact_set::FactSet;
use super::findings::{Because, Findings};
use super::ground::{Ground, moment, moment_of};
use super::reviews::terms;
use super::view::{NoteView, OrderState, OrderView, ReviewKind, Rule, VoucherFacet};
use super::visits::{self, Visits};
use super::{appointment, intake, lines, signature};
use crate::facts::{Fact, FactBody};
use crate::ids::{ActorId, FactId};
use crate::time::UnixMillis;

/// The order as people see it: a pure function of the set. No clock, no policy, no reference record; the same
/// facts give the same view on every replica, however they arrived.
#[must_use]
pub fn fold(facts: &FactSet) -> OrderView {
    let mut findings = Findings::default();
    let ground = Ground::new(facts, &mut findings);
    findings.hear_decisions(&ground);
    let request = intake::request(&ground, &mut findings);
    let confirmation = intake::confirmation(&ground, &mut findings);
    let visits = visits::visits(&ground, &mut findings);
    let cancels = cancel::cancels(&ground, &mut findings, &visits);
    let closing = closing::closing(&ground, &mut findings);
    let assignments = assignment::assignments(&ground, &mut findings, &visits, &cancels);
    let appointments = appointment::appointments(&ground, &mut findings, &visits, &cancels, &assignments);
    let lines = lines::lines(&ground, &mut findings, &visits, &cancels, &closing);
    let signatures = signature::signatures(&ground, &mut findings, &lines);
    cloned_devices(&ground, &mut findings);
    let voucher = closing.voucher(assignment::went_out(&assignments, &visits));
    let ready = confirmation.is_some();
    let state = state(closing.closed, &cancels, &visits, &assignments, voucher, ready);
    let report = findings.finish(&ground);
    OrderView {
        state,
        frontier: ground.causality.frontier(),
        facts: facts.len(),
        updated: facts.iter().map(|fact| fact.time).max().unwrap_or(UnixMillis(0)),
        request,
        confirmation,
        assigned: assignments.effective,
        assignments: assignments.all,
        visits: visits.all.iter().map(visits::VisitFacts::view).collect(),
        appointment: appointments.effective,
        blocked_windows: appointments.blocked,
        lines: lines.views,
        notes: notes(&ground),
        signature: signatures.facet,
        signatures: signatures.views,
        coverage: lines.coverage,
        billable: lines.billable,
        cancels: cancels.views,
        voucher,
        completed: visits.completed(),
        closed: closing.closed.map(moment),
        void: report.void,
        reviews: report.reviews,
        notices: report.notices,
        explanations: report.explanations,
        unknown_facts: ground.live().filter(|node| matches!(node.fact.body(), FactBody::Unknown { .. })).count(),
        decided: super::decided::decided(&ground),
    }
}

/// The first predicate that holds, in the order of table 4.2. Merged, awaiting consent, on hold, in
/// custody and declined have no facts at this schema level.
fn state(
    closed: Option<Node<'_>>,
    cancels: &Cancels<'_>,
    visits: &Visits<'_>,
    assignments: &Assignments<'_>,
    voucher: VoucherFacet,
    ready: bool,
) -> OrderState {
    let unfinished = visits.all.iter().any(|visit| !visit.unfinished.is_empty());
    match cancels.standing {
        _ if closed.is_some() => OrderState::Closed,
        Some((Standing::Cancelled, _)) => OrderState::Cancelled,
        Some((Standing::Terminated, _)) => OrderState::Terminated,
        Some((Standing::Contested, _)) => OrderState::CancelContested,
        None if visits.completed.is_some() && voucher == VoucherFacet::Returned => OrderState::Returned,
        None if visits.completed.is_some() => OrderState::Completed,
        None if visits.all.iter().any(visits::VisitFacts::is_open) => OrderState::InProgress,
        None if unfinished && assignments.effective.is_none() => OrderState::Unfinished,
        None if assignments.effective.is_some() => OrderState::Dispatched,
        None if ready => OrderState::Ready,
        None => OrderState::Registered,
    }
}

fn notes(ground: &Ground<'_>) -> Vec<NoteView> {
    ground.live().filter_map(|node| note_view(node.fact)).collect()
}

/// A note as it shows; `None` for another fact.
pub(super) fn note_view(fact: &Fact) -> Option<NoteView> {
    let FactBody::AddNote(body) = fact.body() else { return None };
    Some(NoteView { at: moment_of(fact), by: fact.author.clone(), text: body.text.clone() })
}

/// two contents under one identity. Both are kept; one review for each actor, from its first such pair.
fn cloned_devices<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    let mut ids: Vec<FactId> = ground.causality.nodes().iter().map(Node::id).collect();
    ids.sort_unstable();
    let twice: BTreeSet<FactId> =
        ids.iter().zip(ids.iter().skip(1)).filter(|(one, other)| one == other).map(|(one, _)| *one).collect();
    let mut by_id: BTreeMap<FactId, Vec<Node<'a>>> = BTreeMap::new();
    for node in ground.causality.nodes().iter().filter(|node| twice.contains(&node.id())) {
        by_id.entry(node.id()).or_default().push(*node);
    }
    let mut told: BTreeSet<ActorId> = BTreeSet::new();
    for (id, nodes) in by_id {
        if told.insert(id.actor) {
            let because =
                Because { field: "facts", value: "both", rule: Rule::R10, pair: Some("X-76"), message: "explain.x_76" };
            findings.explain(because, &nodes, &[]);
            findings.raise(ground, &terms(ReviewKind::ClonedDevice), &nodes, Rule::R10);
        }
    }
}
