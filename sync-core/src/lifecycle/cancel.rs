//! R3: what became of every cancel. The decisive question is what its author knew of the work.

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment};
use super::reviews::{Terms, terms};
use super::view::{CancelEffect, CancelView, ReviewKind, Rule};
use super::visits::{VisitFacts, Visits};
use crate::facts::values::ReviewChoice;
use crate::facts::{FactBody, Role};
use crate::time::DAY;

/// What the cancels do to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// R3(a).
    Cancelled,
    /// R3(b), or R3(c) with all visits ended.
    Terminated,
    /// To be decided.
    Contested,
}

/// Every cancel and what they do together.
pub(super) struct Cancels<'a> {
    /// Every cancel, in canonical order.
    pub(super) views: Vec<CancelView>,
    /// The cancel in force.
    pub(super) standing: Option<(Standing, Node<'a>)>,
    /// Cancels after which work was done knowing of them, without consent: what knew of them is not billable.
    pub(super) barred: Vec<Node<'a>>,
    /// The supervisor wrote the charge off after a late cancel.
    pub(super) written_off: bool,
}

impl<'a> Cancels<'a> {
    /// The cancel that ended the order, if it did.
    pub(super) fn ended(&self) -> Option<Node<'a>> {
        match self.standing {
            Some((Standing::Cancelled | Standing::Terminated, cancel)) => Some(cancel),
            Some((Standing::Contested, _)) | None => None,
        }
    }
}

/// What one cancel comes to by itself.
#[derive(Clone, PartialEq, Eq)]
enum Verdict<'a> {
    Void,
    Withdrawn,
    /// R3(a).
    Cancelled,
    /// R3(b): the author knew all work.
    TerminatedKnowing,
    /// R3(c): all visits ended without DONE; the first work he did not know.
    TerminatedAfter(Node<'a>),
    /// R3(c): visits go on; the work he did not know, one a visit, with its review.
    Contested(Vec<Contest<'a>>),
    /// R3(c), R3(d): DONE, with whether the work was done knowing of the cancel.
    Late {
        unaware: Vec<Node<'a>>,
        aware: Vec<Node<'a>>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Contest<'a> {
    against: Node<'a>,
    terms: Terms,
}

/// R3 over all cancels.
pub(super) fn cancels<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) -> Cancels<'a> {
    let taken_back = taken_back(ground, findings);
    let mut verdicts: Vec<(Node<'a>, Verdict<'a>)> = each!(ground, CancelByOffice)
        .map(|(cancel, _)| (cancel, verdict(ground, findings, visits, &taken_back, cancel)))
        .collect();
    continue_decisions(ground, findings, &mut verdicts);
    let chosen = chosen(&verdicts);
    let mut cancels = Cancels { views: Vec::new(), standing: None, barred: Vec::new(), written_off: false };
    for (cancel, verdict) in &verdicts {
        let duplicate =
            chosen.is_some_and(|chosen| chosen != *cancel) && !matches!(verdict, Verdict::Void | Verdict::Withdrawn);
        let effect = if duplicate {
            let because = because("duplicate", Some("X-12"), "explain.x_12");
            findings.explain(because, &chosen.into_iter().collect::<Vec<_>>(), &[*cancel]);
            CancelEffect::Duplicate
        } else {
            apply(ground, findings, visits, &mut cancels, *cancel, verdict)
        };
        if let FactBody::CancelByOffice(body) = cancel.fact.body() {
            let by = cancel.fact.author.clone();
            cancels.views.push(CancelView { at: moment(*cancel), by, reason: body.reason.clone(), effect });
        }
    }
    cancels
}

/// Reinstating facts with the cancel that each names. It takes back every cancel that its author knew; one he
/// did not know stays, the safer intent first (R2).
fn taken_back<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<(Node<'a>, Node<'a>)> {
    let mut valid = Vec::new();
    for (node, body) in each!(ground, Reinstate) {
        let mut named = ground.causality.resolve(body.cancel).peekable();
        if named.peek().is_none() {
            continue;
        }
        match named.find(|cancel| matches!(cancel.fact.body(), FactBody::CancelByOffice(_))) {
            Some(cancel) => valid.push((node, cancel)),
            None => findings.void(node, Rule::R10),
        }
    }
    valid
}

fn verdict<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    taken_back: &[(Node<'a>, Node<'a>)],
    cancel: Node<'a>,
) -> Verdict<'a> {
    // R3(b), last clause: knowing a DONE, cancel is not offered; such a fact contradicts its own past.
    let knew_done = each!(ground, OutcomeDone).any(|(done, _)| {
        ground.knows(cancel, done) && !ground.knows_withdrawn(cancel, done) && !findings.is_void(done)
    });
    if knew_done {
        findings.void(cancel, Rule::R3);
        return Verdict::Void;
    }
    if taken_back.iter().any(|(node, named)| *named == cancel || ground.knows(*node, cancel)) {
        return Verdict::Withdrawn;
    }
    let (mut unaware, mut aware) = (Vec::new(), Vec::new());
    for (_, visit, done) in visits.dones() {
        if began_knowing(ground, visit, cancel) {
            aware.push(done);
        } else {
            unaware.push(done);
        }
    }
    if !unaware.is_empty() || !aware.is_empty() {
        return Verdict::Late { unaware, aware };
    }
    let all_work: Vec<Node<'a>> = visits.all.iter().flat_map(|visit| visit.work.iter().copied()).collect();
    if all_work.is_empty() {
        let promises = promises(ground, cancel);
        return if promises.is_empty() { Verdict::Cancelled } else { Verdict::Contested(promises) };
    }
    match all_work.iter().find(|work| !ground.knows(cancel, **work)) {
        None => Verdict::TerminatedKnowing,
        Some(unknown) => {
            let contests: Vec<_> = visits
                .all
                .iter()
                .filter(|visit| visit.is_open())
                .filter_map(|visit| contest(ground, visit, cancel))
                .collect();
            if contests.is_empty() { Verdict::TerminatedAfter(*unknown) } else { Verdict::Contested(contests) }
        }
    }
}

/// R3(d) begins where all work of a visit was done knowing of the cancel. A visit that had begun unaware goes on
/// by design (X-02, "ask the customer"), so its DONE counts as R3(c).
fn began_knowing<'a>(ground: &Ground<'a>, visit: &VisitFacts<'a>, cancel: Node<'a>) -> bool {
    visit.work.iter().all(|work| ground.knows(*work, cancel))
}

/// The review about an open visit whose work the canceller did not know.
fn contest<'a>(ground: &Ground<'a>, visit: &VisitFacts<'a>, cancel: Node<'a>) -> Option<Contest<'a>> {
    if began_knowing(ground, visit, cancel) {
        let against = *visit.work.first()?;
        return Some(Contest { against, terms: terms(ReviewKind::WorkAfterCancel) });
    }
    let against = visit.work.iter().copied().find(|work| !ground.knows(cancel, *work))?;
    // "continue if the customer is present". Work that has started needs somebody who let the technician
    // in; one who only arrived may stand before a closed door.
    let default = if visit.started().is_some() { ReviewChoice::Continue } else { ReviewChoice::Terminate };
    Some(Contest { against, terms: Terms { default, ..terms(ReviewKind::CancelContested) } })
}

/// promises made with the customer at the same time (R1: commitment over intent). The clerk calls the same
/// day; in doubt the promise is kept (R7).
fn promises<'a>(ground: &Ground<'a>, cancel: Node<'a>) -> Vec<Contest<'a>> {
    let terms = Terms { owner: Role::Clerk, limit_ms: Some(DAY), ..terms(ReviewKind::CancelContested) };
    ground
        .live()
        .filter(|node| {
            let promise = matches!(node.fact.body(), FactBody::ConfirmRequest(_) | FactBody::ConfirmAppointment(_));
            promise && ground.concurrent(*node, cancel)
        })
        .map(|against| Contest { against, terms })
        .collect()
}

/// A decision "continue" takes back the cancel, and every other cancel that its author knew; "terminate" for
/// every visit in question ends the order.
fn continue_decisions<'a>(ground: &Ground<'a>, findings: &Findings<'a>, verdicts: &mut [(Node<'a>, Verdict<'a>)]) {
    let mut continued = Vec::new();
    for (cancel, verdict) in verdicts.iter_mut() {
        let Verdict::Contested(contests) = verdict else {
            continue;
        };
        let decisions: Vec<_> = contests
            .iter()
            .map(|contest| findings.decision(ground, &contest.terms, &[*cancel, contest.against]))
            .collect();
        let chose = |choice| decisions.iter().flatten().find(|decision| decision.choice == choice);
        if let Some(decision) = chose(ReviewChoice::Continue) {
            continued.push((*cancel, decision.node));
        } else if decisions
            .iter()
            .all(|decision| decision.is_some_and(|decision| decision.choice == ReviewChoice::Terminate))
        {
            let work = contests.iter().any(|contest| {
                !matches!(contest.against.fact.body(), FactBody::ConfirmRequest(_) | FactBody::ConfirmAppointment(_))
            });
            *verdict = if work {
                contests.first().map_or(Verdict::Cancelled, |contest| Verdict::TerminatedAfter(contest.against))
            } else {
                Verdict::Cancelled
            };
        }
    }
    for (cancel, verdict) in verdicts.iter_mut() {
        let contested = matches!(verdict, Verdict::Contested(_));
        if contested && continued.iter().any(|(other, node)| other == cancel || ground.knows(*node, *cancel)) {
            *verdict = Verdict::Withdrawn;
        }
    }
}

/// of several cancels one is shown as effective, the first in canonical order of those with the strongest
/// effect. One that knew more of the work decides over one that knew less.
fn chosen<'a>(verdicts: &[(Node<'a>, Verdict<'a>)]) -> Option<Node<'a>> {
    let strength = |verdict: &Verdict<'a>| match verdict {
        Verdict::Cancelled | Verdict::TerminatedKnowing | Verdict::TerminatedAfter(_) => 3,
        Verdict::Contested(_) => 2,
        Verdict::Late { .. } => 1,
        Verdict::Void | Verdict::Withdrawn => 0,
    };
    let strongest = verdicts.iter().map(|(_, verdict)| strength(verdict)).max().filter(|strength| *strength > 0)?;
    verdicts.iter().find(|(_, verdict)| strength(verdict) == strongest).map(|(cancel, _)| *cancel)
}

fn apply<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    verdict: &Verdict<'a>,
) -> CancelEffect {
    match verdict {
        Verdict::Void => CancelEffect::Void,
        Verdict::Withdrawn => {
            report_decided(ground, findings, visits, cancel);
            findings.explain(because("withdrawn", None, "explain.cancel_withdrawn"), &[], &[cancel]);
            CancelEffect::Withdrawn
        }
        Verdict::Cancelled => {
            cancels.standing = Some((Standing::Cancelled, cancel));
            report_decided(ground, findings, visits, cancel);
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
            report_decided(ground, findings, visits, cancel);
            terminated(ground, findings, visits, cancels, cancel, *work);
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

fn because(value: &'static str, pair: Option<&'static str>, message: &'static str) -> Because {
    Because { field: "cancel", value, rule: Rule::R3, pair, message }
}

/// Shows the reviews of a contest that has been decided, so that the decision stays visible.
fn report_decided<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>, cancel: Node<'a>) {
    let mut contests = promises(ground, cancel);
    contests.extend(visits.all.iter().filter_map(|visit| contest(ground, visit, cancel)));
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
            matches!(node.fact.body(), FactBody::Assign(_) | FactBody::Unassign(_) | FactBody::ProposeAppointment(_))
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

/// the work was done in ignorance of the cancel, so it counts.
fn late<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    cancels: &mut Cancels<'a>,
    cancel: Node<'a>,
    done: Node<'a>,
) {
    let signature = each!(ground, SignDocument)
        .map(|(signature, _)| signature)
        .find(|signature| ground.knows(*signature, done) && !ground.knows(cancel, *signature));
    let decision = findings.raise(ground, &terms(ReviewKind::LateCancel), &[cancel, done], Rule::R3);
    cancels.written_off |= decision.is_some_and(|decision| decision.choice == ReviewChoice::WriteOff);
    match signature {
        Some(signature) => {
            findings.explain(because("late", Some("X-04"), "explain.x_04"), &[done, signature], &[cancel]);
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
    if decision.is_none_or(|decision| decision.choice != ReviewChoice::Consented) {
        cancels.barred.push(cancel);
    }
}
