//! Work items: `register_call` opens item 1, others are added and dropped with the customer; outcomes and lines name
//! theirs.
//!
//! Two people who add an item at once may take the same number. An item is therefore its number and the fact that
//! added it: a fact names the one that its author knew.

use super::causality::Node;
use super::facets::{ItemState, WorkItem};
use super::findings::{Because, Findings};
use super::ground::{Ground, each};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::FactKind;
use crate::facts::values::ReviewChoice;

/// Identity of a work item: its number and the place of the fact that added it.
pub(super) type ItemId = (u8, Option<usize>);

/// Every work item.
pub(super) struct Items<'a> {
    added: Vec<(u8, Node<'a>, &'a str)>,
    drops: Vec<(ItemId, Node<'a>)>,
}

impl<'a> Items<'a> {
    /// Reads what was added and dropped.
    pub(super) fn new(ground: &Ground<'a>) -> Self {
        let added = each!(ground, AddWorkItem).map(|(node, body)| (body.item, node, body.name.as_str())).collect();
        let mut items = Self { added, drops: Vec::new() };
        items.drops =
            each!(ground, DropWorkItem).map(|(node, body)| (items.named(ground, node, body.item), node)).collect();
        items
    }

    /// The item that a fact belongs to.
    pub(super) fn of(&self, ground: &Ground<'a>, node: Node<'a>) -> ItemId {
        self.named(ground, node, node.fact.content.head.work_item.unwrap_or(1))
    }

    fn named(&self, ground: &Ground<'a>, node: Node<'a>, number: u8) -> ItemId {
        let of_number = || self.added.iter().filter(|(other, _, _)| *other == number);
        let known = of_number().find(|(_, added, _)| ground.knows(node, *added));
        (number, known.or_else(|| of_number().next()).map(|(_, added, _)| added.place()))
    }

    /// Every item that somebody opened or named in an outcome, in order.
    pub(super) fn all(&self, ground: &Ground<'a>) -> Vec<ItemId> {
        let mut all: Vec<ItemId> = vec![(1, None)];
        all.extend(self.added.iter().map(|(number, node, _)| (*number, Some(node.place()))));
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
        self.drops.iter().find(|(dropped, _)| *dropped == item).map(|(_, node)| *node)
    }

    /// The items for the view.
    pub(super) fn views(&self, ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) -> Vec<WorkItem> {
        self.twice(ground, findings);
        self.beside(ground, findings, visits);
        let all = self.all(ground);
        all.into_iter()
            .map(|item| {
                let name = self.added.iter().find(|(_, node, _)| Some(node.place()) == item.1);
                let (state, by) = self.state(ground, visits, item);
                WorkItem {
                    number: item.0,
                    name: name.map(|(_, _, name)| (*name).to_owned()),
                    state,
                    by: by.map(|node| node.id()),
                }
            })
            .collect()
    }

    /// An effective DONE before everything (R1), then a drop, then the last other outcome.
    fn state(&self, ground: &Ground<'a>, visits: &Visits<'a>, item: ItemId) -> (ItemState, Option<Node<'a>>) {
        let is = |node: &Node<'a>| self.of(ground, *node) == item;
        if let Some((_, _, done)) = visits.dones().find(|(_, _, done)| is(done)) {
            return (ItemState::Done, Some(done));
        }
        if let Some(drop) = self.dropped(item) {
            return (ItemState::Dropped, Some(drop));
        }
        let hopeless = visits.all.iter().flat_map(|visit| visit.not_repairable.iter().copied()).find(is);
        let unfinished = visits.all.iter().flat_map(|visit| visit.unfinished.iter().copied()).rfind(is);
        match (hopeless, unfinished) {
            (Some(node), _) => (ItemState::NotRepairable, Some(node)),
            (None, Some(node)) => (ItemState::Unfinished, Some(node)),
            (None, None) => (ItemState::Open, None),
        }
    }

    /// one item was signed for as done while another stayed unfinished.
    fn beside(&self, ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) {
        for outcome in visits.all.iter().flat_map(|visit| visit.unfinished.iter().copied()) {
            let proof = ground.proofs().iter().map(|proof| proof.node).find(|proof| ground.concurrent(*proof, outcome));
            let other = |done: Node<'a>| self.of(ground, done) != self.of(ground, outcome);
            let done = visits.dones().map(|(_, _, done)| done).find(|done| other(*done));
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
        for (index, (number, node, _)) in self.added.iter().enumerate() {
            let other = self
                .added
                .iter()
                .skip(index.saturating_add(1))
                .find(|(other, later, _)| other == number && ground.concurrent(*node, *later));
            if let Some((_, later, _)) = other {
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
