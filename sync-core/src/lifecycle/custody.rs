//! The customer's goods with us: one holder, or an explicit conflict (R9, C-130 to C-136).

use super::causality::Node;
use super::facets::{CustodyStage, CustodyView, Holder, ReceiptState};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment};
use super::ledger::Ledger;
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::values::{BenchStep, CustodyPlace, ReceiptFate, ReviewChoice};
use crate::facts::{FactBody, FactKind, Role, bodies};
use crate::ids::{FactRef, PersonId};
use crate::sabotage::breaks;

/// Every custody.
#[derive(Default)]
pub(super) struct Custodies<'a> {
    /// In canonical order.
    pub(super) views: Vec<CustodyView>,
    /// The facts by which goods were taken, with whether they are still with us.
    pub(super) takes: Vec<(Node<'a>, bool)>,
}

impl Custodies<'_> {
    /// Whether goods are with us.
    pub(super) fn open(&self) -> bool {
        self.takes.iter().any(|(_, open)| *open)
    }
}

/// Follows the goods.
pub(super) fn custodies<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, ledger: &Ledger<'a>) -> Custodies<'a> {
    let mut custodies = Custodies::default();
    if !ground.has(&[FactKind::TakeCustody]) {
        return custodies;
    }
    let takes: Vec<(Node<'a>, &'a bodies::TakeCustody)> =
        each!(ground, TakeCustody).filter(|(node, _)| !ground.is_withdrawn(*node)).collect();
    let views: Vec<CustodyView> = takes.iter().map(|(take, body)| one(ground, findings, *take, body)).collect();
    for ((take, body), mut view) in takes.iter().zip(views.clone()) {
        if view.is_open() {
            let others = || takes.iter().zip(&views).map(|((take, body), view)| Other { take: *take, body, view });
            claimed_twice(ground, findings, (*take, body), others(), &mut view);
            claimed_elsewhere(ground, findings, ledger, *take, &mut view);
        }
        custodies.takes.push((*take, view.is_open()));
        custodies.views.push(view);
    }
    custodies
}

fn one<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    take: Node<'a>,
    body: &bodies::TakeCustody,
) -> CustodyView {
    let is = |reference: FactRef| ground.causality.resolve(reference).any(|node| node == take);
    let mut view = CustodyView {
        at: moment(take),
        goods: body.goods.clone(),
        receipt: body.receipt.clone(),
        receipt_state: ReceiptState::Live,
        holder: take.fact.person().map_or(Holder::Customer, Holder::Person),
        place: CustodyPlace::Van,
        stage: CustodyStage::Taken,
        countersigned: body.countersigned.is_some() && !ground.is_rejected(take),
        unconfirmed: Vec::new(),
    };
    let steps = ground.live().filter(|node| about(node.fact.body()).is_some_and(is) && !ground.is_withdrawn(*node));
    let steps: Vec<Node<'a>> = steps.collect();
    for step in &steps {
        stage(&mut view, step.fact.body());
    }
    transfers(ground, findings, take, &steps, &mut view);
    returned(ground, findings, &steps, &mut view);
    if !view.countersigned && steps.iter().any(|step| matches!(step.fact.body(), FactBody::TransferCustody(_))) {
        // C-131: booked in without the customer's countersignature.
        findings.tell(None, Role::Supervisor, "notice.not_countersigned", take);
    }
    view
}

/// The custody that a fact is about.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are not about goods")]
fn about(body: &FactBody) -> Option<FactRef> {
    match body {
        FactBody::TransferCustody(body) => Some(body.custody),
        FactBody::ReturnCustody(body) => Some(body.custody),
        FactBody::BenchWork(body) => Some(body.custody),
        FactBody::Inspect(body) => Some(body.custody),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds do not move the repair")]
fn stage(view: &mut CustodyView, body: &FactBody) {
    view.stage = match body {
        FactBody::TransferCustody(body) => match body.place {
            CustodyPlace::Van if view.stage >= CustodyStage::Inspected => CustodyStage::Returning,
            CustodyPlace::Store if view.stage < CustodyStage::BookedIn => CustodyStage::BookedIn,
            CustodyPlace::Bench if view.stage < CustodyStage::OnBench => CustodyStage::OnBench,
            CustodyPlace::Van | CustodyPlace::Store | CustodyPlace::Bench => view.stage,
        },
        FactBody::BenchWork(body) => match body.step {
            BenchStep::Begin | BenchStep::Line if view.stage < CustodyStage::Repaired => CustodyStage::OnBench,
            BenchStep::Repaired | BenchStep::Unrepairable => CustodyStage::Repaired,
            BenchStep::Begin | BenchStep::Line => view.stage,
        },
        FactBody::Inspect(body) if body.passed => CustodyStage::Inspected,
        FactBody::Inspect(_) => CustodyStage::OnBench,
        _ => view.stage,
    };
}

/// Hand-overs: the last one counts; the giver's alone does not move the goods, the taker's alone is a claim.
#[expect(clippy::wildcard_enum_match_arm, reason = "other steps pass nothing on")]
fn transfers<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    take: Node<'a>,
    steps: &[Node<'a>],
    view: &mut CustodyView,
) {
    let all: Vec<(Node<'a>, &bodies::TransferCustody)> = steps
        .iter()
        .filter_map(|step| match step.fact.body() {
            FactBody::TransferCustody(body) => Some((*step, body)),
            _ => None,
        })
        .collect();
    let known = ground.causality.known_to_any(all.iter().map(|(node, _)| *node));
    let last: Vec<_> = all.iter().filter(|(node, _)| !known.contains(*node)).collect();
    for (node, body) in &all {
        let confirmed = ground.is_confirmed_by(*node, body.from) && ground.is_confirmed_by(*node, body.to);
        if !confirmed {
            view.unconfirmed.push(node.id());
            let other = if node.fact.person() == Some(body.from) { body.to } else { body.from };
            findings.tell(Some(other), Role::Technician, "notice.confirm_goods", *node);
        }
    }
    let mut holders: Vec<PersonId> = Vec::new();
    for (node, body) in &last {
        let confirmed = !view.unconfirmed.contains(&node.id());
        if confirmed {
            holders.push(body.to);
            view.place = body.place;
        } else if node.fact.person() == Some(body.to) {
            holders.extend([body.from, body.to]);
        } else {
            holders.push(body.from);
        }
    }
    let holders = unique(holders);
    view.holder = match holders.as_slice() {
        [] => return,
        [one] => Holder::Person(*one),
        _ => {
            let claims: Vec<Node<'a>> = last.iter().map(|(node, _)| *node).collect();
            conflict(ground, findings, ("X-59", "explain.x_59"), take, &claims, holders)
        }
    };
}

/// C-082, C-135: back only with the customer's second signature; then the receipt is void.
fn returned<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, steps: &[Node<'a>], view: &mut CustodyView) {
    for step in steps {
        let FactBody::ReturnCustody(body) = step.fact.body() else {
            continue;
        };
        if body.signed.is_none() || ground.is_rejected(*step) {
            findings.tell_author(*step, "notice.second_signature", *step);
            continue;
        }
        view.stage = CustodyStage::Returned;
        view.holder = Holder::Customer;
        view.receipt_state = match body.receipt {
            ReceiptFate::TakenBack => ReceiptState::Void,
            ReceiptFate::Lost => {
                let because = Because {
                    field: "custody",
                    value: "void_without_paper",
                    rule: Rule::R1,
                    pair: Some("X-58"),
                    message: "explain.x_58",
                };
                findings.explain(because, &[*step], &[]);
                ReceiptState::VoidWithoutPaper
            }
        };
    }
}

/// A custody beside the one that is looked at.
struct Other<'a, 'v> {
    take: Node<'a>,
    body: &'a bodies::TakeCustody,
    view: &'v CustodyView,
}

/// two people took the same thing, and neither knew of the other; or one took what another holds, and nobody
/// passed it on. All receipts live, nobody guesses. Who took it twice, on two devices, holds it: of which receipt is
/// still a person's to say.
fn claimed_twice<'a, 'v>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    (take, body): (Node<'a>, &bodies::TakeCustody),
    others: impl Iterator<Item = Other<'a, 'v>>,
    view: &mut CustodyView,
) {
    let same = |other: &bodies::TakeCustody| {
        (body.goods.serial.is_some() && body.goods.serial == other.goods.serial)
            || (body.goods.unit.is_some() && body.goods.unit == other.goods.unit)
    };
    let held_by_another = |other: &CustodyView| match (&other.holder, &view.holder) {
        (Holder::Person(there), Holder::Person(here)) => other.is_open() && there != here,
        _ => false,
    };
    let rivals =
        others.filter(|other| same(other.body) && (ground.concurrent(other.take, take) || held_by_another(other.view)));
    let mut claims: Vec<Node<'a>> = rivals.map(|other| other.take).collect();
    if claims.is_empty() {
        return;
    }
    claims.push(take);
    claims.sort_by_key(Node::place);
    let holders = unique(claims.iter().filter_map(|claim| claim.fact.person()).collect());
    view.holder = conflict(ground, findings, ("X-55", "explain.x_55"), take, &claims, holders);
}

/// R9 across orders: the same goods are held on another order, too. The earlier claim is this order's.
fn claimed_elsewhere<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    ledger: &Ledger<'a>,
    take: Node<'a>,
    view: &mut CustodyView,
) {
    let Some(claimed) = ledger.goods.iter().find(|claimed| claimed.take == take) else { return };
    let Holder::Person(here) = view.holder else { return };
    let holders = unique(core::iter::once(here).chain(claimed.others.iter().copied()).collect());
    view.holder = conflict(ground, findings, ("X-55", "explain.x_55"), take, &[take, claimed.finding], holders);
}

/// R9: no winner by itself; a supervisor decides which claim holds.
fn conflict<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    (pair, message): (&'static str, &'static str),
    take: Node<'a>,
    claims: &[Node<'a>],
    mut holders: Vec<PersonId>,
) -> Holder {
    let mut causes = claims.to_vec();
    if !causes.contains(&take) {
        causes.insert(0, take);
    }
    let because = Because { field: "custody", value: "conflict", rule: Rule::R9, pair: Some(pair), message };
    findings.explain_unless_said(because, &[], &causes);
    for claim in claims {
        findings.tell_author(*claim, "notice.who_holds", take);
    }
    if breaks(Rule::R9) {
        return holders.first().copied().map_or(Holder::Customer, Holder::Person);
    }
    let decision = findings.raise(ground, &terms(ReviewKind::CustodyConflict), &causes, Rule::R9);
    let decided = match decision.map(|decision| decision.choice) {
        Some(ReviewChoice::First) => holders.first().copied(),
        Some(ReviewChoice::Second) => holders.last().copied(),
        _ => None,
    };
    if let [one] = holders.as_slice() {
        return Holder::Person(*one);
    }
    holders.sort_unstable();
    decided.map_or(Holder::Conflict(holders), Holder::Person)
}

/// Each person once, in the order of the claims.
fn unique(holders: Vec<PersonId>) -> Vec<PersonId> {
    let mut unique: Vec<PersonId> = Vec::with_capacity(holders.len());
    for holder in holders {
        if !unique.contains(&holder) {
            unique.push(holder);
        }
    }
    unique
}
