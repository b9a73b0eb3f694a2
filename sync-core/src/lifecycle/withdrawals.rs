//! `withdraw_own`: its author takes a physical fact back until a signature covers it or somebody else's fact builds on
//! it; then a supervisor does (table 4.4). Anything else is void.

use std::collections::BTreeMap;

use super::causality::{Node, Places};
use super::findings::Findings;
use super::ground::{Ground, each, role};
use super::view::Rule;
use crate::facts::{Author, Class, FactBody, FactKind, Role};
use crate::ids::{FactId, FactRef, PersonId};

/// Facts on which others build, by place, with what builds on them.
pub(super) type RelianceByPlace<'a> = BTreeMap<usize, Vec<Reliance<'a>>>;

/// Something that builds on a fact.
#[derive(Clone, Copy)]
pub(super) struct Reliance<'a> {
    /// The fact that does; the fact itself, where another person signed it.
    by: Node<'a>,
    /// Whether only somebody who knew of that is bound by it: an office act yields to what happened on site (R1).
    if_known: bool,
}

/// Withdrawals that count, by the place of the fact that they take back.
pub(super) fn withdrawals<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> BTreeMap<usize, Vec<Node<'a>>> {
    let mut withdrawals: BTreeMap<usize, Vec<Node<'a>>> = BTreeMap::new();
    let mut refused = Vec::new();
    for (node, body) in each!(ground, WithdrawOwn) {
        let (targets, others): (Vec<Node<'a>>, Vec<Node<'a>>) =
            ground.causality.resolve(body.fact).partition(|one| can_be_withdrawn(*one));
        if targets.is_empty() {
            // A fact that has not arrived: the withdrawal waits for it. A promise, an office act or an intent is taken
            // back by its own kinds.
            if !others.is_empty() {
                refused.push((node, Rule::R1));
            }
            continue;
        }
        let is_signed = |target: &Node<'a>| ground.signed.contains(*target);
        let is_relied_on = |target: &Node<'a>| {
            ground.relied_on().get(&target.place()).into_iter().flatten().any(|reliance| {
                let stands = reliance.by == *target || !withdrawals.contains_key(&reliance.by.place());
                stands && (!reliance.if_known || ground.knows(node, reliance.by))
            })
        };
        let may = |target: &&Node<'a>| {
            role(node) == Role::Supervisor
                || (target.fact.author == node.fact.author && !is_signed(target) && !is_relied_on(target))
        };
        match targets.iter().find(may) {
            Some(target) => withdrawals.entry(target.place()).or_default().push(node),
            None => refused.push((node, if targets.iter().any(|one| is_signed(one)) { Rule::R6 } else { Rule::R1 })),
        }
    }
    for (node, rule) in refused {
        findings.void(node, rule);
    }
    withdrawals
}

/// Facts that only a supervisor may take back, since others build on them.
pub(super) fn bound(ground: &Ground<'_>) -> Vec<FactId> {
    let nodes = ground.causality.nodes();
    let standing = |(place, by): (&usize, &Vec<Reliance<'_>>)| {
        let node = *nodes.get(*place)?;
        let stands = |one: &Reliance<'_>| one.by == node || !ground.is_withdrawn(one.by);
        (!ground.is_withdrawn(node) && by.iter().any(stands)).then(|| node.id())
    };
    let mut bound: Vec<FactId> = ground.relied_on().iter().filter_map(standing).collect();
    bound.sort_unstable();
    bound.dedup();
    bound
}

/// What happened on site or with goods and cash can be withdrawn. An acknowledgement, a reversal or a withdrawal
/// cannot, and neither can the fact that an order begins with: it is cancelled, or linked to the right one.
fn can_be_withdrawn(node: Node<'_>) -> bool {
    node.fact.kind().is_some_and(is_retractable)
}

/// The same of a kind.
pub(super) fn is_retractable(kind: FactKind) -> bool {
    kind.class() == Class::Physical
        && !matches!(
            kind,
            FactKind::WithdrawOwn | FactKind::Acknowledge | FactKind::ReverseLine | FactKind::CreateEmergencyOrder
        )
}

/// Physical facts that stand, with their authors.
pub(super) fn standing(ground: &Ground<'_>) -> Vec<(FactId, Author)> {
    let stands = |node: &Node<'_>| can_be_withdrawn(*node) && !ground.is_withdrawn(*node);
    ground.live().filter(stands).map(|node| (node.id(), node.fact.author.clone())).collect()
}

/// What others build on: hand-overs that were confirmed, goods that went on, cash that was handed in, visits that
/// somebody continues, outcomes for which the voucher was struck off, receipts that the customer signed. Facts of the
/// office's own document bind nobody in the field.
pub(super) fn relied_on<'a>(ground: &Ground<'a>) -> RelianceByPlace<'a> {
    let mut found = Found { ground, by_place: BTreeMap::new(), joint: Places::default() };
    found.confirmed();
    found.goods();
    found.cash();
    found.visits();
    found.struck_off();
    found.by_place
}

/// Hand-overs of cash that a collection is held against: honest orders have a few.
const HANDED_MAX: usize = 64;

struct Found<'g, 'a> {
    ground: &'g Ground<'a>,
    by_place: RelianceByPlace<'a>,
    /// Facts to which two people are parties, and both said so.
    joint: Places,
}

impl<'a> Found<'_, 'a> {
    fn add(&mut self, target: Node<'a>, by: Node<'a>, if_known: bool) {
        if can_be_withdrawn(target) {
            self.by_place.entry(target.place()).or_default().push(Reliance { by, if_known });
        }
    }

    /// Whether it is somebody else's fact, or partly.
    fn is_of_another(&self, by: Node<'a>, target: Node<'a>) -> bool {
        by != target && (by.fact.author != target.fact.author || self.joint.contains(by))
    }

    fn name(&mut self, by: Node<'a>, reference: FactRef) {
        let targets: Vec<Node<'a>> = self.ground.causality.resolve(reference).collect();
        for target in targets {
            if self.is_of_another(by, target) {
                self.add(target, by, false);
            }
        }
    }

    /// Witnessed or acknowledged by the other party, or signed by the customer.
    fn confirmed(&mut self) {
        let ground = self.ground;
        let acknowledged = each!(ground, Acknowledge).flat_map(|(node, body)| {
            let said = move |target: &Node<'a>| {
                target.fact.digest == body.digest
                    && target.fact.person() != node.fact.person()
                    && node.fact.person().is_some_and(|person| parties(target.fact.body()).contains(&Some(person)))
            };
            ground.causality.resolve(body.fact).filter(said).map(move |target| (target, node))
        });
        let witnessed = ground.live().filter(|node| {
            let mut witnesses = node.fact.content.head.witnesses.iter().flatten();
            witnesses.any(|witness| node.fact.person() != Some(witness.person))
        });
        let both: Vec<(Node<'a>, Node<'a>)> = acknowledged.chain(witnessed.map(|node| (node, node))).collect();
        for (target, by) in both {
            self.joint.insert(target);
            self.add(target, by, false);
        }
        let taken = each!(ground, TakeCustody).filter(|(_, body)| body.countersigned.is_some()).map(|(node, _)| node);
        let back = each!(ground, ReturnCustody).filter(|(_, body)| body.signed.is_some()).map(|(node, _)| node);
        let signed: Vec<Node<'a>> = taken.chain(back).filter(|node| !ground.is_rejected(*node)).collect();
        for node in signed {
            self.add(node, node, false);
        }
    }

    fn goods(&mut self) {
        let ground = self.ground;
        let moved = each!(ground, TransferCustody).map(|(node, body)| (node, body.custody));
        let back = each!(ground, ReturnCustody).map(|(node, body)| (node, body.custody));
        let bench = each!(ground, BenchWork).map(|(node, body)| (node, body.custody));
        let inspected = each!(ground, Inspect).map(|(node, body)| (node, body.custody));
        let steps: Vec<(Node<'a>, FactRef)> = moved.chain(back).chain(bench).chain(inspected).collect();
        for (step, custody) in steps {
            self.name(step, custody);
        }
    }

    /// What was in his pocket when he handed cash in, as far as that was among the first hand-overs of the order.
    fn cash(&mut self) {
        let ground = self.ground;
        let handed: Vec<_> = each!(ground, RemitCash).filter(|(node, _)| self.joint.contains(*node)).collect();
        let collected: Vec<_> = each!(ground, CollectCash).collect();
        for (collect, body) in collected {
            let of_it = |(remit, other): &&(Node<'a>, &crate::facts::bodies::RemitCash)| {
                remit.fact.author == collect.fact.author
                    && other.amount.currency == body.amount.currency
                    && ground.knows(*remit, collect)
            };
            if let Some((remit, _)) = handed.iter().take(HANDED_MAX).find(of_it) {
                self.add(collect, *remit, false);
            }
        }
    }

    fn visits(&mut self) {
        let ground = self.ground;
        let handed = each!(ground, HandoverVisit).map(|(node, body)| (node, body.visit));
        let continued = ground.live().filter_map(|node| Some((node, node.fact.content.head.continues?)));
        let all: Vec<(Node<'a>, FactRef)> = handed.chain(continued).collect();
        for (node, visit) in all {
            self.name(node, visit);
        }
    }

    /// C-085: the call was struck off for the outcome that the clerk knew.
    fn struck_off(&mut self) {
        let ground = self.ground;
        let kinds = [FactKind::OutcomeDone, FactKind::OutcomeUnfinished, FactKind::OutcomeNotRepairable];
        let outcomes: Vec<Node<'a>> = kinds.into_iter().flat_map(|kind| ground.of(kind)).collect();
        for outcome in outcomes {
            let struck = each!(ground, ReturnVoucher).map(|(node, _)| node).find(|node| ground.knows(*node, outcome));
            if let Some(struck) = struck {
                self.add(outcome, struck, true);
            }
        }
    }
}

/// The people between whom a two-party fact (cash, a visit, goods) lies, beside its author.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are one person's")]
pub fn parties(body: &FactBody) -> [Option<PersonId>; 2] {
    match body {
        FactBody::RemitCash(body) => [Some(body.to), None],
        FactBody::HandoverVisit(body) => [Some(body.to), None],
        FactBody::TransferCustody(body) => [Some(body.from), Some(body.to)],
        _ => [None, None],
    }
}
