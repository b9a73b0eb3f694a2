//! What each judgement of a cancel shows, whom it tells, and which review it raises.

use super::{Cancels, Contest, Goods, Standing, Verdict, World, because, began_knowing, contest, goods, promises};
use crate::facts::values::ReviewChoice;
use crate::facts::{FactBody, Role};
use crate::lifecycle::causality::Node;
use crate::lifecycle::findings::{Because, Findings};
use crate::lifecycle::ground::Ground;
use crate::lifecycle::reviews::{Terms, terms};
use crate::lifecycle::view::{CancelEffect, ReviewKind, Rule};
use crate::lifecycle::visits::{VisitFacts, Visits};

/// Files one cancel's reviews, notices and reasons; answers its effect.
pub(super) fn apply<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    world: &World<'_, 'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    verdict: &Verdict<'a>,
) -> CancelEffect {
    let visits = world.visits;
    match verdict {
        Verdict::Void => CancelEffect::Void,
        Verdict::Withdrawn => {
            report_decided(ground, findings, world, cancel);
            findings.explain(because("withdrawn", None, "explain.cancel_withdrawn"), &[], &[cancel]);
            CancelEffect::Withdrawn
        }
        Verdict::Cancelled => {
            cancels.standing = Some((Standing::Cancelled, cancel));
            report_decided(ground, findings, world, cancel);
            cancelled(ground, findings, visits, cancel);
            CancelEffect::Cancelled
        }
        Verdict::TerminatedKnowing => {
            cancels.standing = Some((Standing::Terminated, cancel));
            findings.explain(because("terminated", None, "explain.r3_b"), &[cancel], &[]);
            stop_visits(findings, visits, cancel);
            CancelEffect::Terminated
        }
        Verdict::TerminatedAfter(work) => {
            cancels.standing = Some((Standing::Terminated, cancel));
            report_decided(ground, findings, world, cancel);
            terminated(ground, findings, visits, cancels, cancel, *work);
            CancelEffect::Terminated
        }
        Verdict::Goods(goods) => {
            cancels.standing = Some((Standing::Terminated, cancel));
            for contest in goods {
                let because = Because { rule: Rule::R1, ..because("in_custody", Some("X-07"), "explain.x_07") };
                findings.raise(ground, &contest.terms, &[cancel, contest.against], Rule::R1);
                findings.explain(because, &[contest.against], &[cancel]);
                findings.tell(None, Role::Clerk, "notice.goods_after_cancel", contest.against);
            }
            stop_visits(findings, visits, cancel);
            CancelEffect::Terminated
        }
        Verdict::Contested(contests) => {
            cancels.standing = Some((Standing::Contested, cancel));
            for contest in contests {
                contested(ground, findings, cancels, cancel, *contest);
            }
            CancelEffect::Contested
        }
        Verdict::Late { unaware, aware } => {
            for done in unaware {
                late(ground, findings, cancels, cancel, *done);
            }
            for done in aware {
                work_after(ground, findings, visits, cancels, cancel, *done);
            }
            CancelEffect::Late
        }
    }
}

/// Shows the reviews of a contest that has been decided, so that the decision stays visible.
fn report_decided<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, world: &World<'_, 'a>, cancel: Node<'a>) {
    let mut contests = promises(ground, cancel);
    contests.extend(goods(ground, world, cancel, Goods::Ever));
    contests.extend(world.visits.all.iter().filter_map(|visit| contest(ground, visit, cancel)));
    for contest in contests {
        let causes = [cancel, contest.against];
        if findings.decision(ground, &contest.terms, &causes).is_some() {
            findings.raise(ground, &contest.terms, &causes, Rule::R3);
        }
    }
}

/// nothing had begun. The trip remains as cost, other intents are kept as superseded.
fn cancelled<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>, cancel: Node<'a>) {
    let unknown = |node: &Node<'a>| ground.concurrent(*node, cancel);
    let trips: Vec<_> = ground
        .live()
        .filter(|node| matches!(node.fact.body(), FactBody::Accept(_) | FactBody::Depart(_)))
        .filter(unknown)
        .collect();
    let intents: Vec<_> = ground
        .live()
        .filter(|node| {
            matches!(
                node.fact.body(),
                FactBody::Assign(_)
                    | FactBody::Unassign(_)
                    | FactBody::ProposeAppointment(_)
                    | FactBody::Hold(_)
                    | FactBody::Release(_)
                    | FactBody::EditHeader(_)
                    | FactBody::SelfDispatch(_)
                    | FactBody::RequestParts(_)
            )
        })
        .filter(unknown)
        .collect();
    if !trips.is_empty() {
        findings.explain(because("cancelled", Some("X-01"), "explain.x_01"), &[cancel], &trips);
        for trip in &trips {
            findings.tell_author(*trip, "notice.stop", cancel);
        }
    }
    if !intents.is_empty() {
        let because = Because { rule: Rule::R2, ..because("cancelled", Some("X-10"), "explain.x_10") };
        findings.explain(because, &[cancel], &intents);
        for intent in &intents {
            findings.tell_author(*intent, "notice.superseded_by_cancel", *intent);
        }
    }
    if trips.is_empty() && intents.is_empty() {
        findings.explain(because("cancelled", None, "explain.r3_a"), &[cancel], &[]);
    }
    stop_visits(findings, visits, cancel);
}

fn stop_visits<'a>(findings: &mut Findings<'a>, visits: &Visits<'a>, cancel: Node<'a>) {
    for visit in visits.all.iter().filter(|visit| visit.is_open()) {
        findings.tell(Some(visit.technician), Role::Technician, "notice.stop", cancel);
    }
}

/// the visits have ended without DONE; what they did stands.
fn terminated<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    work: Node<'a>,
) {
    let unfinished: Vec<_> = visits
        .all
        .iter()
        .flat_map(|visit| visit.unfinished.iter().copied())
        .filter(|outcome| ground.concurrent(*outcome, cancel))
        .collect();
    if unfinished.is_empty() {
        findings.explain(because("terminated", None, "explain.r3_c"), &[cancel], &[work]);
    } else {
        findings.explain(because("terminated", Some("X-06"), "explain.x_06"), &[cancel], &unfinished);
        findings.tell(None, Role::Clerk, "notice.tell_customer_cancelled", cancel);
    }
    for visit in visits.all.iter().filter(|visit| !visit.work.is_empty()) {
        if began_knowing(ground, visit, cancel) {
            bar(ground, findings, cancels, cancel, visit);
        }
    }
    stop_visits(findings, visits, cancel);
}

/// a person decides; until then the visit goes on.
fn contested<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    contest: Contest<'a>,
) {
    let causes = [cancel, contest.against];
    if contest.terms.kind == ReviewKind::WorkAfterCancel {
        let decision = findings.raise(ground, &contest.terms, &causes, Rule::R3);
        if decision.is_none_or(|decision| decision.choice != ReviewChoice::Consented) {
            cancels.barred.push(cancel);
        }
        findings.explain(because("contested", Some("X-80"), "explain.x_80_open"), &[contest.against], &[cancel]);
        return;
    }
    if contest.terms.owner == Role::Clerk {
        let because = Because { rule: Rule::R1, ..because("contested", Some("X-11"), "explain.x_11") };
        findings.raise(ground, &contest.terms, &causes, Rule::R1);
        findings.explain(because, &[contest.against], &[cancel]);
        findings.tell(None, Role::Clerk, "notice.call_customer", cancel);
    } else {
        findings.raise(ground, &contest.terms, &causes, Rule::R3);
        findings.explain(because("contested", Some("X-02"), "explain.x_02"), &[contest.against], &[cancel]);
        findings.tell_author(contest.against, "notice.ask_customer", cancel);
        findings.tell(None, Role::Supervisor, "notice.decide_cancel", cancel);
    }
}

/// two promises of the customer's side; nothing is charged until the supervisor has called him (R8).
pub(super) fn late_terms(cancel: Node<'_>) -> Terms {
    let late = terms(ReviewKind::LateCancel);
    let by_customer = matches!(cancel.fact.body(), FactBody::CancelByCustomer(_));
    if by_customer { Terms { limit_ms: None, blocking: true, ..late } } else { late }
}

/// the work was done in ignorance of the cancel, so it counts.
fn late<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    done: Node<'a>,
) {
    let proof = ground
        .proofs()
        .iter()
        .map(|proof| proof.node)
        .find(|proof| ground.knows(*proof, done) && !ground.knows(cancel, *proof));
    let by_customer = matches!(cancel.fact.body(), FactBody::CancelByCustomer(_));
    let late = late_terms(cancel);
    let decision = findings.raise(ground, &late, &[cancel, done], if by_customer { Rule::R8 } else { Rule::R3 });
    let choice = decision.map(|decision| decision.choice);
    // what nobody signed for waits until the supervisor has decided, or a day has passed.
    cancels.awaits_decision |= choice.is_none() && !by_customer && proof.is_none();
    cancels.awaits_call |= choice.is_none() && by_customer;
    cancels.written_off |= choice == Some(ReviewChoice::WriteOff);
    match proof {
        _ if by_customer => {
            let because = Because { rule: Rule::R8, ..because("late", Some("X-05"), "explain.x_05") };
            let winners: Vec<_> = [done].into_iter().chain(proof).collect();
            findings.explain(because, &winners, &[cancel]);
        }
        Some(proof) => {
            findings.explain(because("late", Some("X-04"), "explain.x_04"), &[done, proof], &[cancel]);
        }
        None => findings.explain(because("late", Some("X-03"), "explain.x_03"), &[done], &[cancel]),
    }
    findings.tell_author(cancel, "notice.late_cancel", done);
    findings.tell(None, Role::Supervisor, "notice.late_cancel", done);
}

/// X-80, R3(d): done knowing of the cancel.
fn work_after<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    done: Node<'a>,
) {
    if let Some((_, visit)) = visits.of(done) {
        bar(ground, findings, cancels, cancel, visit);
    }
    findings.explain(because("late", Some("X-80"), "explain.x_80"), &[done], &[cancel]);
    findings.tell(None, Role::Supervisor, "notice.work_after_cancel", done);
}

fn bar<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    visit: &VisitFacts<'a>,
) {
    let Some(first) = visit.work.first().copied() else {
        return;
    };
    let decision = findings.raise(ground, &terms(ReviewKind::WorkAfterCancel), &[cancel, first], Rule::R3);
    if decision.is_none_or(|decision| decision.choice != ReviewChoice::Consented)
        && cancels.barred.last() != Some(&cancel)
    {
        cancels.barred.push(cancel);
    }
}
