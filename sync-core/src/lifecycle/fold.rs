//! The fold itself: each rule in turn, and the state that their results make (lifecycle 4.2).

use std::collections::{BTreeMap, BTreeSet};

use super::approvals::Approvals;
use super::assignment;
use super::cancel::{self, Standing};
use super::causality::Node;
use super::closing;
use super::corrections::{self, Corrections};
use super::facets::{ConsentState, Facets, WarrantyFacet};
use super::fact_set::FactSet;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, moment_of};
use super::items::Items;
use super::lines::{Barriers, Terms};
use super::reviews::terms;
use super::view::{NoteView, OrderState, OrderView, ReviewKind, Rule, Stated, Visit, VoucherFacet};
use super::{
    appointment, approvals, consent, custody, duplicates, handovers, header, holds, intake, ledger, lines, money,
    records, signature, visits, withdrawals,
};
use crate::facts::{Fact, FactBody};
use crate::ids::{ActorId, FactId};
use crate::time::UnixMillis;

/// The order as people see it: a pure function of the set. No clock, no policy, no reference record; the same
/// facts give the same view on every replica, however they arrived.
#[must_use]
#[expect(clippy::too_many_lines, reason = "each rule in turn, then each field of the view")]
pub fn fold(facts: &FactSet) -> OrderView {
    let mut findings = Findings::default();
    let ground = Ground::new(facts, &mut findings);
    findings.hear_decisions(&ground);
    let ledger = ledger::ledger(&ground, &mut findings);
    let request = intake::request(&ground, &mut findings);
    let confirmation = intake::confirmation(&ground, &mut findings);
    let declined = intake::declined(&ground, &mut findings);
    let items = Items::new(&ground);
    let visits = visits::visits(&ground, &mut findings, &items);
    let custodies = custody::custodies(&ground, &mut findings, &ledger);
    let cancels = cancel::cancels(&ground, &mut findings, &visits, &custodies);
    let closing = closing::closing(&ground, &mut findings);
    let assignments = assignment::assignments(&ground, &mut findings, &visits, &cancels);
    let appointments = appointment::appointments(&ground, &mut findings, &visits, &cancels, &assignments);
    let warranty = header::warranty(&ground, &mut findings, request.as_ref());
    let mut consents = consent::consents(&ground, &mut findings, &visits);
    let mut terms = Terms { request: request.as_ref(), warranty: &warranty, consents: &mut consents };
    let mut lines = lines::lines(
        &ground,
        &mut findings,
        &visits,
        &Barriers { cancels: &cancels, closing: &closing, ledger: &ledger },
        &mut terms,
    );
    let signatures = signature::signatures(&ground, &mut findings, &lines);
    cloned_devices(&ground, &mut findings);
    let duplicates = duplicates::duplicates(&ground, &mut findings, facts.document());
    let approvals = Approvals::new(&ground);
    let discount = money::discounts(&ground, &mut findings, &approvals);
    money::less(&mut lines.billable, &discount);
    let office = super::office::office(&ground, &mut findings, &lines.views, &lines.billable);
    // R7: what he paid goes back, too, when the office has struck the order off and he never signed.
    let filed = closing.returned.is_some() || closing.closed.is_some();
    let settled = !ground.proofs().is_empty() || cancels.ended().is_some() || filed;
    let money = money::money(&ground, &mut findings, &lines.billable, discount, settled);
    let holds = holds::holds(&ground, &mut findings, &visits);
    let corrections = Corrections::new(&ground);
    corrections.explain(&mut findings, &lines.views);
    let facets = Facets {
        items: items.views(&ground, &mut findings, &visits),
        holds,
        header: header::header(&ground, &mut findings),
        class: warranty.class,
        warranty: warranty.facet,
        repeat_of: warranty.repeat_of,
        verdict: warranty.verdict,
        paperwork_due: records::paperwork_due(&ground, &mut findings),
        no_consent: consents.no_consent
            || consent::is_unasked(&ground, &visits, &warranty, confirmation.is_some(), &consents),
        custody: custodies.views.clone(),
        money,
        discounts: money::discount_views(&ground, &approvals),
        payments: money::payments(&ground),
        approvals: approvals::approvals(&ground, &mut findings, &approvals),
        complaints: records::complaints(&ground),
        contacts: records::contacts(&ground, &mut findings),
        units: records::units(&ground),
        numbers: records::numbers(&ground, &mut findings),
        missing: records::missing(&ground, &mut findings),
        proofs: records::proofs(&ground),
        prints: records::prints(&ground),
        planned: records::planned(&ground, &mut findings),
        made_by: each!(ground, CreateEmergencyOrder).next().and_then(|(node, _)| node.fact.person()),
        handed_to: handovers::handed_to(&ground),
        linked: duplicates.linked,
        survivor: duplicates.survivor,
        findings: ledger.views.clone(),
        corrections: corrections.views(),
        unconfirmed: handovers::unconfirmed(&ground, &findings),
        physical: withdrawals::standing(&ground),
        relied_on: withdrawals::bound(&ground),
        low_confidence: records::low_confidence(&ground, &mut findings, &corrections),
        quotes: std::mem::take(&mut consents.views),
    };
    corrections::said_over(&ground, &mut findings, &facets.discounts);
    records::differences(&ground, &mut findings, &visits);
    records::not_usable_yet(&ground, &mut findings, &lines.views);
    let voucher = closing.voucher(assignment::went_out(&assignments, &visits));
    let state = state(&Standings {
        merged: facets.survivor.is_some(),
        closed: closing.closed.is_some(),
        cancelled: cancels.standing.map(|(standing, _)| standing),
        in_custody: custodies.open(),
        completed: visits.completed.is_some(),
        returned: voucher == VoucherFacet::Returned,
        visiting: visits.all.iter().any(visits::VisitFacts::is_open),
        on_hold: !facets.holds.is_empty(),
        unfinished: visits.all.iter().any(|visit| !visit.unfinished.is_empty() || !visit.not_repairable.is_empty()),
        assigned: assignments.effective.is_some(),
        awaited: facets.quotes.iter().any(|quote| quote.current && quote.consent != ConsentState::Given)
            && facets.warranty == Some(WarrantyFacet::Paid),
        ready: confirmation.is_some(),
        declined: declined.is_some(),
    });
    let report = findings.finish(&ground);
    let mut shown: Vec<Visit> = visits.all.iter().map(|visit| visit.view(&ground, &items)).collect();
    let mut notes = notes(&ground);
    corrections.reword(&mut shown, &mut notes);
    OrderView {
        document: facts.document(),
        stated: stated(&ground),
        state,
        frontier: ground.causality.frontier(),
        facts: facts.len(),
        updated: facts.iter().map(|fact| fact.time).max().unwrap_or(UnixMillis(0)),
        request,
        confirmation,
        assigned: assignments.effective,
        assignments: assignments.all,
        visits: shown,
        appointment: appointments.effective,
        blocked_windows: appointments.blocked,
        lines: lines.views,
        notes,
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
        facets,
        decided: super::decided::decided(&ground),
        office,
    }
}

/// What table 4.2 asks.
#[expect(clippy::struct_excessive_bools, reason = "one question of the table each")]
struct Standings {
    merged: bool,
    closed: bool,
    cancelled: Option<Standing>,
    in_custody: bool,
    completed: bool,
    returned: bool,
    visiting: bool,
    on_hold: bool,
    unfinished: bool,
    assigned: bool,
    awaited: bool,
    ready: bool,
    declined: bool,
}

/// The first predicate that holds, in the order of table 4.2. What was terminated with goods still with us shows as in
/// custody until they are back (R3(b)).
fn state(order: &Standings) -> OrderState {
    match order.cancelled {
        _ if order.merged => OrderState::Merged,
        _ if order.closed => OrderState::Closed,
        Some(Standing::Cancelled) => OrderState::Cancelled,
        Some(Standing::Terminated) if !order.in_custody => OrderState::Terminated,
        Some(Standing::Contested) => OrderState::CancelContested,
        _ if order.in_custody => OrderState::InCustody,
        _ if order.completed && order.returned => OrderState::Returned,
        _ if order.completed => OrderState::Completed,
        _ if order.declined => OrderState::Declined,
        _ if order.visiting => OrderState::InProgress,
        _ if order.on_hold => OrderState::OnHold,
        _ if order.unfinished && !order.assigned => OrderState::Unfinished,
        _ if order.assigned => OrderState::Dispatched,
        _ if order.awaited => OrderState::AwaitingConsent,
        _ if order.ready => OrderState::Ready,
        _ => OrderState::Registered,
    }
}

/// A fact by its name.
pub(super) fn stated_view(fact: &Fact) -> Stated {
    Stated { reference: fact.id.reference(), digest: fact.digest, kind: fact.kind() }
}

fn stated(ground: &Ground<'_>) -> Vec<Stated> {
    let mut stated: Vec<Stated> = ground.live().map(|node| stated_view(node.fact)).collect();
    stated.sort_unstable();
    stated
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
