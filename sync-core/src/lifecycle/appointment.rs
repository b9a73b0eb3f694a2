//! The time promised to the customer. A promise made with him beats a plan (R1); two promises are both kept (R8).

use super::assignment::Assignments;
use super::cancel::Cancels;
use super::causality::{Node, Places};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, moment, r2};
use super::reviews::terms;
use super::view::{Appointment, ReviewKind, Rule};
use super::visits::{Visits, next_visits};
use crate::facts::values::{ReviewChoice, Window};
use crate::facts::{FactBody, Role};
use crate::sabotage::breaks;

/// The effective time, and others that block the calendar.
#[derive(Default)]
pub(super) struct Appointments {
    /// The time that shows.
    pub(super) effective: Option<Appointment>,
    /// Other promised times.
    pub(super) blocked: Vec<Window>,
}

#[derive(Clone, Copy)]
struct Candidate<'a> {
    node: Node<'a>,
    window: Window,
    promised: bool,
}

/// R1, R2 and R8 over all times.
pub(super) fn appointments<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &Cancels<'a>,
    assignments: &Assignments<'a>,
) -> Appointments {
    let all = candidates(ground, visits);
    let (open, withdrawn) = open(ground, visits, cancels, &all);
    withdrawn_by_end(ground, findings, visits, cancels, &withdrawn);
    let mut promises: Vec<_> = open.iter().copied().filter(|candidate| candidate.promised).collect();
    let mut plans: Vec<_> = open.iter().copied().filter(|candidate| !candidate.promised).collect();
    promises.sort_by(|one, other| later(one.node, other.node));
    plans.sort_by(|one, other| r2(one.node, other.node));
    let Some(promise) = promises.pop() else {
        let Some(plan) = plans.pop() else {
            return Appointments::default();
        };
        if !plans.is_empty() {
            let losers: Vec<_> = plans.iter().map(|plan| plan.node).collect();
            findings.explain(because("planned", Rule::R2, Some("X-26"), "explain.x_26"), &[plan.node], &losers);
            for loser in losers {
                findings.tell_author(loser, "notice.superseded", plan.node);
            }
        }
        return Appointments { effective: Some(shown(plan)), blocked: Vec::new() };
    };
    for plan in &plans {
        promise_stands(ground, findings, promise, *plan);
    }
    kept_for_the_next(ground, findings, assignments, promise);
    let (promise, others) = both_kept(ground, findings, promise, promises);
    Appointments {
        effective: Some(shown(promise)),
        blocked: others.into_iter().map(|other| other.window).filter(|window| *window != promise.window).collect(),
    }
}

/// Every time ever stated. "Unfinished" with a next visit is a promise made face to face.
fn candidates<'a>(ground: &Ground<'a>, visits: &Visits<'a>) -> Vec<Candidate<'a>> {
    let mut all: Vec<Candidate<'a>> = Vec::new();
    all.extend(each!(ground, ProposeAppointment).map(|(node, body)| Candidate {
        node,
        window: body.window,
        promised: false,
    }));
    all.extend(each!(ground, ConfirmAppointment).map(|(node, body)| Candidate {
        node,
        window: body.window,
        promised: true,
    }));
    all.extend(
        each!(ground, ConfirmRequest)
            .filter_map(|(node, body)| body.window.map(|window| Candidate { node, window, promised: true })),
    );
    let next = next_visits(ground, visits).into_iter();
    all.extend(next.map(|(node, window)| Candidate { node, window, promised: true }));
    if breaks(Rule::R1) {
        all.iter_mut().for_each(|candidate| candidate.promised = false);
    }
    all
}

/// Times that nothing later replaced, and those that an end of the order withdrew.
///
/// A promise gives way to a later promise only; a plan to any later time (R1). An outcome uses up the times that
/// its technician knew; DONE withdraws the others too, unless they were set knowing it.
fn open<'a>(
    ground: &Ground<'a>,
    visits: &Visits<'a>,
    cancels: &Cancels<'a>,
    all: &[Candidate<'a>],
) -> (Vec<Candidate<'a>>, Vec<Candidate<'a>>) {
    let promises = || all.iter().filter(|candidate| candidate.promised).map(|candidate| candidate.node);
    let by_promise = ground.causality.known_to_any(promises());
    let by_any = ground.causality.known_to_any(all.iter().map(|candidate| candidate.node));
    let outcomes = visits.all.iter().flat_map(|visit| visit.dones.iter().chain(&visit.unfinished)).copied();
    let used: Places = ground.causality.known_to_any(outcomes);
    let current: Vec<Candidate<'a>> = all
        .iter()
        .copied()
        .filter(|candidate| {
            let replaced = if candidate.promised { &by_promise } else { &by_any };
            !replaced.contains(candidate.node) && !used.contains(candidate.node)
        })
        .collect();
    let ended = |candidate: &Candidate<'a>| {
        cancels.ended().is_some() || visits.completed.is_some_and(|done| !ground.knows(candidate.node, done))
    };
    current.into_iter().partition(|candidate| !ended(candidate))
}

fn withdrawn_by_end<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &Cancels<'a>,
    withdrawn: &[Candidate<'a>],
) {
    let cause = cancels.ended().or(visits.completed);
    for candidate in withdrawn {
        let Some(cause) = cause.filter(|cause| *cause != candidate.node) else {
            continue;
        };
        let by_done = cancels.ended().is_none();
        let (pair, message) = if by_done && ground.concurrent(cause, candidate.node) {
            (Some("X-29"), "explain.x_29_done")
        } else {
            (None, "explain.appointment_withdrawn")
        };
        findings.explain(because("withdrawn", Rule::R1, pair, message), &[cause], &[candidate.node]);
        if candidate.promised {
            findings.tell(None, Role::Clerk, "notice.tell_customer_time_withdrawn", candidate.node);
        }
    }
}

/// a promise made with the customer stands over a plan, concurrent or later; the planner is told.
fn promise_stands<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, promise: Candidate<'a>, plan: Candidate<'a>) {
    let pair = ground.concurrent(promise.node, plan.node).then_some("X-28");
    findings.explain(because("promised", Rule::R1, pair, "explain.x_28"), &[promise.node], &[plan.node]);
    findings.tell_author(plan.node, "notice.promise_stands", promise.node);
}

/// the new technician comes at the time that the old one promised. X-29: a time set meanwhile stays as the
/// next appointment.
fn kept_for_the_next<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    assignments: &Assignments<'a>,
    promise: Candidate<'a>,
) {
    let Some(assigned) = assignments.node else {
        return;
    };
    let unfinished = matches!(promise.node.fact.body(), FactBody::OutcomeUnfinished(_));
    if unfinished && ground.concurrent(assigned, promise.node) {
        let because = because("promised", Rule::R8, Some("X-20"), "explain.x_20");
        findings.explain(because, &[promise.node], &[assigned]);
        if let FactBody::Assign(body) = assigned.fact.body() {
            findings.tell(Some(body.technician), Role::Technician, "notice.time_promised", promise.node);
        }
        findings.tell_author(promise.node, "notice.reassigned", assigned);
    }
}

/// of concurrent promises the later shows, the others block the calendar, and somebody calls the customer.
fn both_kept<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    mut shown: Candidate<'a>,
    others: Vec<Candidate<'a>>,
) -> (Candidate<'a>, Vec<Candidate<'a>>) {
    let terms = terms(ReviewKind::AppointmentConflict);
    let mut blocked = Vec::new();
    let latest = shown;
    for other in others {
        if other.window == latest.window || breaks(Rule::R8) {
            continue;
        }
        let because = because("two_promises", Rule::R8, Some("X-27"), "explain.x_27");
        findings.explain(because, &[latest.node], &[other.node]);
        findings.tell(None, Role::Clerk, "notice.call_customer_times", other.node);
        let decision = findings.raise(ground, &terms, &[latest.node, other.node], Rule::R8);
        match decision.map(|decision| decision.choice) {
            Some(ReviewChoice::First) => shown = other,
            Some(ReviewChoice::Second) => {}
            _ => blocked.push(other),
        }
    }
    (shown, blocked)
}

fn shown(candidate: Candidate<'_>) -> Appointment {
    Appointment {
        at: moment(candidate.node),
        by: candidate.node.fact.author.clone(),
        window: candidate.window,
        confirmed: candidate.promised,
        customer: candidate.node.fact.content.head.customer.clone(),
    }
}

fn because(value: &'static str, rule: Rule, pair: Option<&'static str>, message: &'static str) -> Because {
    Because { field: "appointment", value, rule, pair, message }
}
