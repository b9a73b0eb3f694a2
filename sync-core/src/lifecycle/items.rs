//! Work items: `register_call` opens item 1, others are added and dropped with the customer; outcomes and lines name
//! theirs.
//!
//! Two people who add an item at once may take the same number. An item is therefore its number and the fact that
//! added it: a fact names the one that its author knew.

use std::collections::BTreeMap;

use super::causality::Node;
use super::facets::{ItemState, WorkItem};
use super::findings::{Because, Findings};
use super::ground::{Ground, PROOFS_BESIDE_MAX, each, later};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::FactKind;
use crate::facts::values::ReviewChoice;

/// Identity of a work item: its number and the place of the fact that added it.
pub(super) type ItemId = (u8, Option<usize>);

/// Things added under one number of which a fact names one; of more, which nobody honest adds, the first.
const OF_ONE_NUMBER_MAX: usize = 16;

/// Every work item.
pub(super) struct Items<'a> {
    /// By number, in canonical order.
    added: BTreeMap<u8, Vec<(Node<'a>, &'a str)>>,
    dropped: BTreeMap<ItemId, Node<'a>>,
    /// The item of every outcome, by the outcome's place.
    of_outcome: BTreeMap<usize, ItemId>,
}

/// What technicians said of each item, in canonical order of visits.
struct Outcomes<'a> {
    done: BTreeMap<ItemId, Vec<Node<'a>>>,
    unfinished: BTreeMap<ItemId, Node<'a>>,
    hopeless: BTreeMap<ItemId, Node<'a>>,
}

impl<'a> Items<'a> {
    /// Reads what was added and dropped.
    pub(super) fn new(ground: &Ground<'a>) -> Self {
        let mut items = Self { added: BTreeMap::new(), dropped: BTreeMap::new(), of_outcome: BTreeMap::new() };
        for (node, body) in each!(ground, AddWorkItem) {
            items.added.entry(body.item).or_default().push((node, body.name.as_str()));
        }
        for (node, body) in each!(ground, DropWorkItem) {
            let item = items.named(ground, node, body.item);
            items.dropped.entry(item).or_insert(node);
        }
        for kind in [FactKind::OutcomeDone, FactKind::OutcomeUnfinished, FactKind::OutcomeNotRepairable] {
            for node in ground.of(kind) {
                let item = items.stated(ground, node);
                items.of_outcome.insert(node.place(), item);
            }
        }
        items
    }

    /// The item that a fact belongs to.
    pub(super) fn of(&self, ground: &Ground<'a>, node: Node<'a>) -> ItemId {
        self.of_outcome.get(&node.place()).copied().unwrap_or_else(|| self.stated(ground, node))
    }

    fn stated(&self, ground: &Ground<'a>, node: Node<'a>) -> ItemId {
        self.named(ground, node, node.fact.content.head.work_item.unwrap_or(1))
    }

    fn named(&self, ground: &Ground<'a>, node: Node<'a>, number: u8) -> ItemId {
        let of_number = || self.added.get(&number).into_iter().flatten();
        let known = of_number().take(OF_ONE_NUMBER_MAX).find(|(added, _)| ground.knows(node, *added));
        (number, known.or_else(|| of_number().next()).map(|(added, _)| added.place()))
    }

    /// Every item that somebody opened or named in an outcome, in order.
    pub(super) fn all(&self, ground: &Ground<'a>) -> Vec<ItemId> {
        let mut all: Vec<ItemId> = vec![(1, None)];
        let places = |(number, added): (&u8, &Vec<(Node<'a>, &'a str)>)| -> Vec<ItemId> {
            added.iter().map(|(node, _)| (*number, Some(node.place()))).collect()
        };
        all.extend(self.added.iter().flat_map(places));
        for kind in [FactKind::OutcomeDone, FactKind::OutcomeUnfinished, FactKind::OutcomeNotRepairable] {
            all.extend(ground.of(kind).filter(|node| !ground.is_withdrawn(*node)).map(|node| self.of(ground, node)));
        }
        all.sort_unstable();
        all.dedup();
        // Item 1 is one, also when somebody adds it again.
        all.retain(|(number, added)| *number != 1 || added.is_none());
        all
    }

    /// The fact that dropped it.
    pub(super) fn dropped(&self, item: ItemId) -> Option<Node<'a>> {
        self.dropped.get(&item).copied()
    }

    /// What was said of each item.
    fn outcomes(&self, ground: &Ground<'a>, visits: &Visits<'a>) -> Outcomes<'a> {
        let mut outcomes = Outcomes { done: BTreeMap::new(), unfinished: BTreeMap::new(), hopeless: BTreeMap::new() };
        for visit in &visits.all {
            for node in &visit.dones {
                outcomes.done.entry(self.of(ground, *node)).or_default().push(*node);
            }
            for node in &visit.unfinished {
                outcomes.unfinished.insert(self.of(ground, *node), *node);
            }
            for node in &visit.not_repairable {
                outcomes.hopeless.entry(self.of(ground, *node)).or_insert(*node);
            }
        }
        outcomes
    }

    /// When all is done: every work item needs a DONE, unless it was dropped or a decision was taken about what cannot be
    /// repaired. Of several the earliest in field time counts (R7); the order is complete with the last item.
    pub(super) fn completed(
        &self,
        ground: &Ground<'a>,
        findings: &mut Findings<'a>,
        visits: &Visits<'a>,
    ) -> Option<Node<'a>> {
        let outcomes = self.outcomes(ground, visits);
        let mut last: Option<Node<'a>> = None;
        for wanted in self.all(ground) {
            let of_item = outcomes.done.get(&wanted).into_iter().flatten().copied();
            let done = of_item.min_by(|one, other| later(*one, *other));
            let finished = match (done, outcomes.hopeless.get(&wanted)) {
                (Some(done), _) => done,
                (None, Some(outcome)) if Items::decided(ground, findings, *outcome) => *outcome,
                (None, _) => self.dropped(wanted)?,
            };
            last = Some(last.filter(|other| later(*other, finished).is_gt()).unwrap_or(finished));
        }
        last
    }

    /// The items for the view.
    pub(super) fn views(&self, ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) -> Vec<WorkItem> {
        self.twice(ground, findings);
        self.beside(ground, findings, visits);
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        names.extend(self.added.values().flatten().map(|(node, name)| (node.place(), *name)));
        let outcomes = self.outcomes(ground, visits);
        let all = self.all(ground);
        all.into_iter()
            .map(|item| {
                let name = item.1.and_then(|place| names.get(&place));
                let (state, by) = self.state(&outcomes, item);
                WorkItem {
                    number: item.0,
                    name: name.map(|name| (*name).to_owned()),
                    state,
                    by: by.map(|node| node.id()),
                }
            })
            .collect()
    }

    /// An effective DONE before everything (R1), then a drop, then the last other outcome.
    fn state(&self, outcomes: &Outcomes<'a>, item: ItemId) -> (ItemState, Option<Node<'a>>) {
        if let Some(done) = outcomes.done.get(&item).and_then(|dones| dones.first().copied()) {
            return (ItemState::Done, Some(done));
        }
        if let Some(drop) = self.dropped(item) {
            return (ItemState::Dropped, Some(drop));
        }
        match (outcomes.hopeless.get(&item).copied(), outcomes.unfinished.get(&item).copied()) {
            (Some(node), _) => (ItemState::NotRepairable, Some(node)),
            (None, Some(node)) => (ItemState::Unfinished, Some(node)),
            (None, None) => (ItemState::Open, None),
        }
    }

    /// one item was signed for as done while another stayed unfinished.
    fn beside(&self, ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) {
        let proofs: Vec<Node<'a>> = ground.proofs().iter().take(PROOFS_BESIDE_MAX).map(|proof| proof.node).collect();
        // The first DONE, and the first one of another item than that.
        let of = |done: Node<'a>| self.of(ground, done);
        let first = visits.dones().map(|(_, _, done)| done).next();
        let second = visits.dones().map(|(_, _, done)| done).find(|done| first.is_some_and(|one| of(one) != of(*done)));
        for outcome in visits.all.iter().flat_map(|visit| visit.unfinished.iter().copied()) {
            let proof = proofs.iter().copied().find(|proof| ground.concurrent(*proof, outcome));
            let done = first.into_iter().chain(second).find(|done| of(*done) != of(outcome));
            if let (Some(proof), Some(done)) = (proof, done) {
                let because = Because {
                    field: "items",
                    value: "each",
                    rule: Rule::R4,
                    pair: Some("X-50"),
                    message: "explain.x_50",
                };
                findings.explain(because, &[done, proof], &[outcome]);
            }
        }
    }

    /// Two things under one number: both stay, each with its own outcomes.
    fn twice(&self, ground: &Ground<'a>, findings: &mut Findings<'a>) {
        for added in self.added.values() {
            for (index, (node, _)) in added.iter().enumerate() {
                let mut later = added.iter().skip(index.saturating_add(1)).take(OF_ONE_NUMBER_MAX);
                if let Some((later, _)) = later.find(|(later, _)| ground.concurrent(*node, *later)) {
                    let because = Because {
                        field: "items",
                        value: "two_items",
                        rule: Rule::R10,
                        pair: None,
                        message: "explain.two_items",
                    };
                    findings.explain(because, &[*node, *later], &[]);
                }
            }
        }
    }

    /// C-029: what cannot be repaired needs a decision: exchange, refund, or nothing more. Answers whether one was
    /// taken; then the item is as good as dropped.
    pub(super) fn decided(ground: &Ground<'a>, findings: &mut Findings<'a>, outcome: Node<'a>) -> bool {
        let terms = terms(ReviewKind::NotRepairable);
        let because = Because {
            field: "items",
            value: "not_repairable",
            rule: Rule::R1,
            pair: None,
            message: "explain.not_repairable",
        };
        findings.explain_unless_said(because, &[outcome], &[]);
        let decision = findings.raise(ground, &terms, &[outcome], Rule::R1);
        decision.is_some_and(|decision| {
            matches!(decision.choice, ReviewChoice::Exchange | ReviewChoice::Refund | ReviewChoice::Keep)
        })
    }
}
