//! two technicians worked on one item, and neither knew of the other.

use std::collections::BTreeMap;

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, later};
use super::items::{ItemId, Items};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use super::visits::{VisitFacts, Visits};
use crate::facts::Role;
use crate::facts::values::ReviewChoice;
use crate::ids::PersonId;

/// DONEs of one item that others' work is held against: the first; honest orders have a few.
const RIVALS_MAX: usize = 64;

/// two technicians worked on one item and neither knew of the other. Both visits stand; the earlier DONE
/// is billable, the other's lines are internal cost. One who begins knowing the other's DONE does further work.
/// Said once for each visit and item, against the first of its rivals: a review for every pair would be as many as the
/// square of what two devices send.
pub(super) fn double_visits<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    items: &Items<'a>,
    visits: &mut Visits<'a>,
) {
    let mut dones: BTreeMap<ItemId, Vec<(usize, PersonId, Node<'a>)>> = BTreeMap::new();
    for (index, visit, done) in visits.dones() {
        let of_item = dones.entry(items.of(ground, done)).or_default();
        if of_item.len() < RIVALS_MAX {
            of_item.push((index, visit.technician, done));
        }
    }
    let mut pairs: Vec<(Node<'a>, Node<'a>, usize)> = Vec::new();
    for (index, visit) in visits.all.iter().enumerate() {
        let Some(work) = visit.real_work() else { continue };
        for (item, own) in worked_on(ground, items, visit, work) {
            let rival = dones.get(&item).into_iter().flatten().find(|(other, technician, done)| {
                *other != index
                    && *technician != visit.technician
                    && own.is_none_or(|own| later(*done, own).is_lt())
                    && ground.concurrent(work, *done)
            });
            pairs.extend(rival.map(|(_, _, done)| (*done, work, index)));
        }
    }
    let terms = terms(ReviewKind::DoubleVisit);
    for (done, work, internal) in pairs {
        let decision = findings.raise(ground, &terms, &[done, work], Rule::R7);
        let because = Because {
            field: "visits",
            value: "double_visit",
            rule: Rule::R7,
            pair: Some("X-16"),
            message: "explain.x_16",
        };
        findings.explain(because, &[done], &[work]);
        findings.tell(None, Role::Supervisor, "notice.double_visit", work);
        visits.internal.insert(internal);
        if decision.is_some_and(|decision| decision.choice == ReviewChoice::WriteOff) {
            // Written off: neither visit is charged.
            visits.internal.extend(visits.of(done).map(|(index, _)| index));
        }
    }
}

/// The items that somebody worked on, each with his first DONE of it: those that he stated an outcome for; steps alone
/// name no item.
fn worked_on<'a>(
    ground: &Ground<'a>,
    items: &Items<'a>,
    visit: &VisitFacts<'a>,
    work: Node<'a>,
) -> BTreeMap<ItemId, Option<Node<'a>>> {
    let mut worked_on: BTreeMap<ItemId, Option<Node<'a>>> = BTreeMap::new();
    for done in &visit.dones {
        worked_on.entry(items.of(ground, *done)).or_insert(Some(*done));
    }
    for outcome in visit.unfinished.iter().chain(&visit.not_repairable) {
        worked_on.entry(items.of(ground, *outcome)).or_insert(None);
    }
    if worked_on.is_empty() {
        worked_on.insert(items.of(ground, work), None);
    }
    worked_on
}
