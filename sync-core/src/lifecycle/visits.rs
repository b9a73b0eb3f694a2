//! Visits: each has exactly one writer, its technician (R4). A visit that took place counts, whoever was assigned.

use std::collections::{BTreeMap, BTreeSet};

use super::causality::{Node, Places};
use super::double_visits::double_visits;
use super::findings::Findings;
use super::ground::{Ground, each, moment};
use super::handovers::handed_over;
use super::items::{ItemId, Items};
use super::view::{Moment, Outcome, Rule, Visit, VisitState};
use crate::facts::FactBody;
use crate::facts::values::{LineKind, VisitRef};
use crate::ids::{FactId, PersonId};

/// The facts of one visit.
pub(super) struct VisitFacts<'a> {
    /// Identity of its first fact.
    pub(super) id: FactId,
    /// Its writer.
    pub(super) technician: PersonId,
    /// What moved it, without what was withdrawn or is void; canonical order.
    steps: Vec<Node<'a>>,
    /// Work facts of R3: arrival or anything after it. Accepting, driving and travel expenses are not work.
    pub(super) work: Vec<Node<'a>>,
    /// Outcomes that say done.
    pub(super) dones: Vec<Node<'a>>,
    /// Outcomes that say unfinished.
    pub(super) unfinished: Vec<Node<'a>>,
    /// Outcomes that say not repairable (C-029).
    pub(super) not_repairable: Vec<Node<'a>>,
    /// Where it stands.
    pub(super) state: VisitState,
}

impl<'a> VisitFacts<'a> {
    /// Whether the technician may still act in it.
    pub(super) fn is_open(&self) -> bool {
        self.state != VisitState::Ended
    }

    /// Its first step.
    pub(super) fn begin(&self) -> Option<Node<'a>> {
        self.steps.first().copied()
    }

    /// The first step of this kind of progress.
    fn first(&self, wanted: fn(&FactBody) -> bool) -> Option<Node<'a>> {
        self.steps.iter().copied().find(|node| wanted(node.fact.body()))
    }

    /// Arrival on site.
    pub(super) fn arrived(&self) -> Option<Node<'a>> {
        self.first(|body| matches!(body, FactBody::Arrive(_)))
    }

    /// First start of work.
    pub(super) fn started(&self) -> Option<Node<'a>> {
        self.first(|body| matches!(body, FactBody::Start(_)))
    }

    /// End or outcome.
    pub(super) fn ended(&self) -> Option<Node<'a>> {
        self.first(ends)
    }

    /// What B did when he "started or finished": work beyond having been there.
    pub(super) fn real_work(&self) -> Option<Node<'a>> {
        self.work.iter().copied().find(|node| !matches!(node.fact.body(), FactBody::Arrive(_)))
    }

    pub(super) fn view(&self, ground: &Ground<'a>, items: &Items<'a>) -> Visit {
        Visit {
            id: self.id,
            technician: self.technician,
            state: self.state,
            departed: self.first(|body| matches!(body, FactBody::Depart(_))).map(moment),
            arrived: self.arrived().map(moment),
            started: self.started().map(moment),
            ended: self.ended().map(moment),
            outcome: self.outcome(ground, items),
        }
    }

    /// The outcome that shows: unfinished while one of its items is not done.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only outcomes are collected")]
    fn outcome(&self, ground: &Ground<'a>, items: &Items<'a>) -> Option<Outcome> {
        let done_items: BTreeSet<_> = self.dones.iter().map(|node| items.of(ground, *node)).collect();
        let open = |node: &&Node<'a>| !done_items.contains(&items.of(ground, **node));
        let unfinished = self.unfinished.iter().rev().find(open);
        let hopeless = self.not_repairable.iter().rev().find(open);
        let node = unfinished.or(hopeless).or(self.dones.last()).copied()?;
        match node.fact.body() {
            FactBody::OutcomeDone(body) => Some(Outcome::Done { at: moment(node), finding: body.finding.clone() }),
            FactBody::OutcomeUnfinished(body) => Some(Outcome::Unfinished {
                at: moment(node),
                reason: body.reason,
                text: body.text.clone(),
                next: body.next,
            }),
            FactBody::OutcomeNotRepairable(body) => {
                Some(Outcome::NotRepairable { at: moment(node), finding: body.finding.clone() })
            }
            _ => None,
        }
    }
}

/// Every visit, with what lies across them.
pub(super) struct Visits<'a> {
    /// In canonical order of their first facts.
    pub(super) all: Vec<VisitFacts<'a>>,
    /// Index of the visit of a fact, by the fact's place.
    of: BTreeMap<usize, usize>,
    /// Visits whose lines are internal cost, by index.
    pub(super) internal: BTreeSet<usize>,
    /// The DONE that completed the last work item, when all are done.
    pub(super) completed: Option<Node<'a>>,
}

impl<'a> Visits<'a> {
    /// The visit that a line or step belongs to.
    pub(super) fn of(&self, node: Node<'a>) -> Option<(usize, &VisitFacts<'a>)> {
        let index = *self.of.get(&node.place())?;
        self.all.get(index).map(|visit| (index, visit))
    }

    /// Every outcome that says done.
    pub(super) fn dones(&self) -> impl Iterator<Item = (usize, &VisitFacts<'a>, Node<'a>)> {
        let each = |(index, visit): (usize, &'_ VisitFacts<'a>)| (index, visit.dones.clone());
        self.all
            .iter()
            .enumerate()
            .map(each)
            .flat_map(|(index, dones)| dones.into_iter().map(move |done| (index, done)))
            .filter_map(|(index, done)| self.all.get(index).map(|visit| (index, visit, done)))
    }

    /// When the last work item was completed.
    pub(super) fn completed(&self) -> Option<Moment> {
        self.completed.map(moment)
    }
}

/// How a fact belongs to a visit.
enum Belongs {
    /// It begins one.
    Begins,
    /// It names one.
    Names(VisitRef),
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds lie outside visits")]
fn belongs(body: &FactBody) -> Option<Belongs> {
    match body {
        FactBody::Depart(_) => Some(Belongs::Begins),
        FactBody::Arrive(arrive) => Some(arrive.visit.map_or(Belongs::Begins, Belongs::Names)),
        FactBody::Start(body) => Some(Belongs::Names(body.visit)),
        FactBody::Pause(body) => Some(Belongs::Names(body.visit)),
        FactBody::Resume(body) => Some(Belongs::Names(body.visit)),
        FactBody::End(body) => Some(Belongs::Names(body.visit)),
        FactBody::RecordLine(body) => Some(Belongs::Names(body.visit)),
        FactBody::OutcomeDone(body) => Some(Belongs::Names(body.visit)),
        FactBody::OutcomeUnfinished(body) => Some(Belongs::Names(body.visit)),
        FactBody::OutcomeNotRepairable(body) => Some(Belongs::Names(body.visit)),
        FactBody::HandoverVisit(body) => Some(Belongs::Names(body.visit)),
        FactBody::ReplaceLine(body) => Some(Belongs::Names(body.visit)),
        _ => None,
    }
}

fn ends(body: &FactBody) -> bool {
    matches!(
        body,
        FactBody::End(_)
            | FactBody::OutcomeDone(_)
            | FactBody::OutcomeUnfinished(_)
            | FactBody::OutcomeNotRepairable(_)
            | FactBody::HandoverVisit(_)
    )
}

/// Sorts the facts into visits and folds each.
pub(super) fn visits<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, items: &Items<'a>) -> Visits<'a> {
    let groups = grouped(ground, findings);
    let mut visits = Visits { all: Vec::new(), of: BTreeMap::new(), internal: BTreeSet::new(), completed: None };
    for (technician, facts) in groups {
        // Of a visit of which everything was withdrawn nothing is left.
        if let Some(visit) = visit(ground, findings, items, technician, &facts) {
            let index = visits.all.len();
            visits.of.extend(facts.iter().map(|node| (node.place(), index)));
            visits.all.push(visit);
        }
    }
    visits.completed = items.completed(ground, findings, &visits);
    double_visits(ground, findings, items, &mut visits);
    handed_over(ground, findings);
    visits
}

/// Facts by visit, in canonical order. A fact that names another technician's visit is void (R4); one whose
/// visit has not arrived stands in a visit of its own, since work that happened is never hidden (R10).
fn grouped<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<(PersonId, Vec<Node<'a>>)> {
    let mut begun: BTreeMap<usize, (PersonId, Vec<Node<'a>>)> = BTreeMap::new();
    let mut named = Vec::new();
    for node in ground.live() {
        let Some(belongs) = belongs(node.fact.body()) else {
            continue;
        };
        let Some(technician) = node.fact.person() else {
            findings.void(node, Rule::R4);
            continue;
        };
        match belongs {
            Belongs::Begins => {
                begun.insert(node.place(), (technician, vec![node]));
            }
            Belongs::Names(visit) => named.push((node, technician, visit)),
        }
    }
    let mut orphans: BTreeMap<(PersonId, VisitRef), usize> = BTreeMap::new();
    for (node, technician, visit) in named {
        let begins = |other: &Node<'a>| matches!(belongs(other.fact.body()), Some(Belongs::Begins));
        let candidates: Vec<_> = ground.causality.resolve(visit).filter(begins).collect();
        let own = candidates.iter().find(|other| other.fact.person() == Some(technician));
        let place = match own {
            Some(first) => first.place(),
            None if candidates.is_empty() => *orphans.entry((technician, visit)).or_insert(node.place()),
            None => {
                findings.void(node, Rule::R4);
                continue;
            }
        };
        begun.entry(place).or_insert((technician, Vec::new())).1.push(node);
    }
    begun.into_values().collect()
}

fn visit<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    items: &Items<'a>,
    technician: PersonId,
    facts: &[Node<'a>],
) -> Option<VisitFacts<'a>> {
    let mut effective: Vec<Node<'a>> = facts.iter().copied().filter(|node| !ground.is_withdrawn(*node)).collect();
    effective.sort_unstable_by_key(Node::place);
    let ended = Ended::new(ground, items, &effective);
    effective.retain(|node| {
        let contradicts = contradicts(ground, items, *node, &ended);
        if contradicts {
            findings.void(*node, Rule::R1);
        }
        !contradicts
    });
    let of_kind = |wanted: fn(&FactBody) -> bool| -> Vec<Node<'a>> {
        effective.iter().copied().filter(|node| wanted(node.fact.body())).collect()
    };
    let steps = of_kind(|body| !matches!(body, FactBody::RecordLine(_) | FactBody::ReplaceLine(_)));
    let first = effective.first()?;
    Some(VisitFacts {
        id: facts.first().unwrap_or(first).id(),
        technician,
        work: of_kind(is_work),
        dones: of_kind(|body| matches!(body, FactBody::OutcomeDone(_))),
        unfinished: of_kind(|body| matches!(body, FactBody::OutcomeUnfinished(_))),
        not_repairable: of_kind(|body| matches!(body, FactBody::OutcomeNotRepairable(_))),
        state: state(&steps),
        steps,
    })
}

/// What ended a visit: all of it, and what was done of each item.
struct Ended {
    all: Places,
    done: BTreeMap<ItemId, Places>,
}

impl Ended {
    fn new<'a>(ground: &Ground<'a>, items: &Items<'a>, effective: &[Node<'a>]) -> Self {
        let mut ended = Self { all: Places::default(), done: BTreeMap::new() };
        for node in effective.iter().copied().filter(|node| ends(node.fact.body())) {
            ended.all.insert(node);
            if matches!(node.fact.body(), FactBody::OutcomeDone(_)) {
                ended.done.entry(items.of(ground, node)).or_default().insert(node);
            }
        }
        ended
    }
}

/// A step after the visit's end, and "unfinished" after "done" of the same item, contradict their own past: the
/// technician withdraws the outcome or begins another visit.
#[expect(clippy::wildcard_enum_match_arm, reason = "lines, ends and DONE may follow an end")]
fn contradicts<'a>(ground: &Ground<'a>, items: &Items<'a>, node: Node<'a>, ended: &Ended) -> bool {
    let ends = match node.fact.body() {
        FactBody::Arrive(_) | FactBody::Start(_) | FactBody::Pause(_) | FactBody::Resume(_) => Some(&ended.all),
        FactBody::OutcomeUnfinished(_) => ended.done.get(&items.of(ground, node)),
        _ => None,
    };
    ends.is_some_and(|ends| ground.causality.knows_any(node, ends))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "departing and leaving are not work")]
fn is_work(body: &FactBody) -> bool {
    match body {
        FactBody::Arrive(_)
        | FactBody::Start(_)
        | FactBody::Pause(_)
        | FactBody::Resume(_)
        | FactBody::OutcomeDone(_)
        | FactBody::OutcomeUnfinished(_)
        | FactBody::OutcomeNotRepairable(_) => true,
        // Travel is a cost of the trip, not work.
        FactBody::RecordLine(body) => body.line.kind != LineKind::Expense,
        FactBody::ReplaceLine(body) => body.new.kind != LineKind::Expense,
        _ => false,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other steps do not move a visit")]
fn state(steps: &[Node<'_>]) -> VisitState {
    if steps.iter().any(|node| ends(node.fact.body())) {
        return VisitState::Ended;
    }
    let states = steps.iter().rev().find_map(|node| match node.fact.body() {
        FactBody::Depart(_) => Some(VisitState::EnRoute),
        FactBody::Arrive(_) => Some(VisitState::OnSite),
        FactBody::Start(_) | FactBody::Resume(_) => Some(VisitState::Working),
        FactBody::Pause(_) => Some(VisitState::Paused),
        _ => None,
    });
    // A line whose steps have not arrived was recorded while working.
    states.unwrap_or(VisitState::Working)
}

/// Outcomes that agreed a next visit with the customer.
pub(super) fn next_visits<'a>(
    ground: &Ground<'a>,
    visits: &Visits<'a>,
) -> Vec<(Node<'a>, crate::facts::values::Window)> {
    let effective: Places = visits.all.iter().flat_map(|visit| visit.unfinished.iter().copied()).collect();
    each!(ground, OutcomeUnfinished)
        .filter(|(node, _)| effective.contains(*node))
        .filter_map(|(node, body)| body.next.map(|next| (node, next)))
        .collect()
}
