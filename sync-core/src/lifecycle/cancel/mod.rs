//! R3: what became of every cancel. The decisive question is what its author knew of the work.
//!
//! This file judges; `effects` says what each judgement shows, whom it tells and which review it raises.

mod beside;
mod effects;
mod known;

use effects::apply;
use known::Known;

use std::collections::BTreeMap;

use super::causality::Node;
use super::custody::Custodies;
use super::findings::{Because, Decision, Findings};
use super::ground::{Ground, each, moment};
use super::reviews::{Terms, terms};
use super::view::{CancelEffect, CancelView, ReviewKind, Rule};
use super::visits::{VisitFacts, Visits};
use crate::facts::values::ReviewChoice;
use crate::facts::{Author, FactBody, FactKind, Role};
use crate::sabotage::breaks;
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
    /// He has not decided yet about work that nobody signed for.
    pub(super) awaits_decision: bool,
    /// He has not called the customer yet who cancelled.
    pub(super) awaits_call: bool,
    /// What readers knew of all this.
    pub(super) known: Known<'a>,
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
    /// R3(c): all visits ended or went on, but goods are with us; the first work he did not know.
    Goods(Vec<Contest<'a>>),
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
pub(super) fn cancels<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    custodies: &Custodies<'a>,
) -> Cancels<'a> {
    let world = World { visits, custodies };
    let mut taken_back = taken_back(ground, findings);
    taken_back.extend(continued(ground, findings, &world));
    let verdicts: Vec<(Node<'a>, Verdict<'a>)> = judged(ground)
        .into_iter()
        .map(|cancel| (cancel, verdict(ground, findings, &world, &taken_back, cancel)))
        .collect();
    let chosen = chosen(&verdicts);
    let mut verdicts = verdicts.into_iter().peekable();
    let mut cancels = Cancels {
        views: Vec::new(),
        standing: None,
        barred: Vec::new(),
        written_off: false,
        awaits_decision: false,
        awaits_call: false,
        known: Known::new(ground, findings, visits, &taken_back),
    };
    for cancel in stated(ground) {
        let verdict = verdicts.next_if(|(judged, _)| *judged == cancel).map(|(_, verdict)| verdict);
        let effect = match verdict {
            Some(verdict @ (Verdict::Void | Verdict::Withdrawn)) => {
                apply(ground, findings, &world, &mut cancels, cancel, &verdict)
            }
            Some(verdict) if chosen.is_none_or(|chosen| chosen == cancel) => {
                apply(ground, findings, &world, &mut cancels, cancel, &verdict)
            }
            Some(_) | None => {
                let because = because("duplicate", Some("X-12"), "explain.x_12");
                findings.explain(because, &chosen.into_iter().collect::<Vec<_>>(), &[cancel]);
                CancelEffect::Duplicate
            }
        };
        beside::beside(ground, findings, cancel, effect);
        if let Some(reason) = reason(cancel) {
            let by = cancel.fact.author.clone();
            cancels.views.push(CancelView { at: moment(cancel), by, reason: reason.to_owned(), effect });
        }
    }
    cancels
}

/// What happened on site and what is still with us.
pub(super) struct World<'w, 'a> {
    visits: &'w Visits<'a>,
    custodies: &'w Custodies<'a>,
}

/// Every cancel, by the office or by the customer, in canonical order.
fn stated<'a>(ground: &Ground<'a>) -> Vec<Node<'a>> {
    let mut stated: Vec<Node<'a>> =
        ground.of(FactKind::CancelByOffice).chain(ground.of(FactKind::CancelByCustomer)).collect();
    stated.sort_by_key(Node::place);
    stated
}

/// Cancels of one author that are judged: honest people cancel once or twice. The others are shown as one with these
///
const OF_ONE_AUTHOR_MAX: usize = 8;

/// The cancels that may do something: the first of each author, in canonical order.
fn judged<'a>(ground: &Ground<'a>) -> Vec<Node<'a>> {
    let mut of_author: BTreeMap<&Author, usize> = BTreeMap::new();
    let mut judged = stated(ground);
    judged.retain(|cancel| {
        let count = of_author.entry(&cancel.fact.author).or_insert(0);
        *count = count.saturating_add(1);
        *count <= OF_ONE_AUTHOR_MAX
    });
    judged
}

/// The reason of a cancel; `None` for other facts.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds do not cancel")]
fn reason<'a>(node: Node<'a>) -> Option<&'a str> {
    match node.fact.body() {
        FactBody::CancelByOffice(body) => Some(&body.reason),
        FactBody::CancelByCustomer(body) => Some(&body.reason),
        _ => None,
    }
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
        match named.find(|cancel| reason(*cancel).is_some()) {
            Some(cancel) => valid.push((node, cancel)),
            None => findings.void(node, Rule::R10),
        }
    }
    valid
}

fn verdict<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    world: &World<'_, 'a>,
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
    let visits = world.visits;
    let stops: Vec<_> = decisions(ground, findings, world, cancel)
        .into_iter()
        .filter(|decision| decision.choice == ReviewChoice::Terminate)
        .collect();
    for (_, visit, done) in visits.dones() {
        let told_to_stop = stops.iter().any(|stop| ground.knows(done, stop.node));
        if told_to_stop || began_knowing(ground, visit, cancel) {
            aware.push(done);
        } else {
            unaware.push(done);
        }
    }
    if !(unaware.is_empty() && aware.is_empty() || breaks(Rule::R3)) {
        return Verdict::Late { unaware, aware };
    }
    let takes = world.custodies.takes.iter().map(|(take, _)| *take);
    let all_work: Vec<Node<'a>> = visits.all.iter().flat_map(|visit| visit.work.iter().copied()).chain(takes).collect();
    if all_work.is_empty() {
        let promises = promises(ground, cancel);
        return decided(ground, findings, cancel, promises).map_or(Verdict::Cancelled, Verdict::Contested);
    }
    match all_work.iter().find(|work| !ground.knows(cancel, **work)) {
        None => Verdict::TerminatedKnowing,
        Some(unknown) => {
            let goods = goods(ground, world, cancel, Goods::StillHere);
            if !goods.is_empty() {
                return Verdict::Goods(goods);
            }
            let contests: Vec<_> = visits
                .all
                .iter()
                .filter(|visit| visit.is_open())
                .filter_map(|visit| contest(ground, visit, cancel))
                .collect();
            decided(ground, findings, cancel, contests).map_or(Verdict::TerminatedAfter(*unknown), Verdict::Contested)
        }
    }
}

/// The contests that are still to be decided; `None` when there are none, or "terminate" was decided for each.
fn decided<'a>(
    ground: &Ground<'a>,
    findings: &Findings<'a>,
    cancel: Node<'a>,
    contests: Vec<Contest<'a>>,
) -> Option<Vec<Contest<'a>>> {
    let terminated = |contest: &Contest<'a>| {
        let decision = findings.decision(ground, &contest.terms, &[cancel, contest.against]);
        decision.is_some_and(|decision| decision.choice == ReviewChoice::Terminate)
    };
    (!contests.iter().all(terminated)).then_some(contests)
}

/// R3(d) begins where all work of a visit was done knowing of the cancel, or its DONE knowing of the decision to
/// stop. A visit that had begun unaware goes on by design (X-02, "ask the customer"), so its DONE counts as R3(c).
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
            let promise = matches!(
                node.fact.body(),
                FactBody::ConfirmRequest(_) | FactBody::ConfirmAppointment(_) | FactBody::GiveConsent(_)
            );
            promise && ground.concurrent(*node, cancel)
        })
        .map(|against| Contest { against, terms })
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Goods {
    StillHere,
    Ever,
}

/// goods that were taken in ignorance of the cancel.
fn goods<'a>(ground: &Ground<'a>, world: &World<'_, 'a>, cancel: Node<'a>, which: Goods) -> Vec<Contest<'a>> {
    let terms = terms(ReviewKind::GoodsAfterCancel);
    let takes = world.custodies.takes.iter().filter(|(_, open)| *open || which == Goods::Ever);
    takes
        .filter(|(take, _)| ground.concurrent(*take, cancel))
        .map(|(take, _)| Contest { against: *take, terms })
        .collect()
}

/// What people or the timer decided about a cancel: the reviews of every visit that it met, ended or not, and of
/// promises.
fn decisions<'a>(
    ground: &Ground<'a>,
    findings: &Findings<'a>,
    world: &World<'_, 'a>,
    cancel: Node<'a>,
) -> Vec<Decision<'a>> {
    let contests = world.visits.all.iter().filter_map(|visit| contest(ground, visit, cancel));
    contests
        .chain(goods(ground, world, cancel, Goods::Ever))
        .chain(promises(ground, cancel))
        .filter_map(|contest| findings.decision(ground, &contest.terms, &[cancel, contest.against]))
        .collect()
}

/// Cancels that a decision took back. "Continue", or the customer's consent to work done all the same, takes back
/// every cancel that the decider knew, as a reinstating fact does.
fn continued<'a>(ground: &Ground<'a>, findings: &Findings<'a>, world: &World<'_, 'a>) -> Vec<(Node<'a>, Node<'a>)> {
    let goes_on = |decision: &Decision<'a>| matches!(decision.choice, ReviewChoice::Continue | ReviewChoice::Consented);
    judged(ground)
        .into_iter()
        .flat_map(|cancel| {
            decisions(ground, findings, world, cancel)
                .into_iter()
                .filter(goes_on)
                .map(move |decision| (decision.node, cancel))
        })
        .collect()
}

/// of several cancels one is shown as effective, the first in canonical order of those with the strongest
/// effect. One that knew more of the work decides over one that knew less.
fn chosen<'a>(verdicts: &[(Node<'a>, Verdict<'a>)]) -> Option<Node<'a>> {
    let strength = |verdict: &Verdict<'a>| match verdict {
        Verdict::Cancelled | Verdict::TerminatedKnowing | Verdict::TerminatedAfter(_) | Verdict::Goods(_) => 3,
        Verdict::Contested(_) => 2,
        Verdict::Late { .. } => 1,
        Verdict::Void | Verdict::Withdrawn => 0,
    };
    let strongest = verdicts.iter().map(|(_, verdict)| strength(verdict)).max().filter(|strength| *strength > 0)?;
    verdicts.iter().find(|(_, verdict)| strength(verdict) == strongest).map(|(cancel, _)| *cancel)
}

fn because(value: &'static str, pair: Option<&'static str>, message: &'static str) -> Because {
    Because { field: "cancel", value, rule: Rule::R3, pair, message }
}
