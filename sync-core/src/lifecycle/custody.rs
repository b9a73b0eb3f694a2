//! The customer's goods with us: one holder, or an explicit conflict (R9, C-130 to C-136).

use std::collections::BTreeMap;

use super::bench::stage;
use super::causality::Node;
use super::facets::{CustodyStage, CustodyView, Holder, ReceiptState};
use super::findings::{Because, Findings};
use super::goods::{Things, steps};
use super::ground::{Ground, each, moment};
use super::ledger::Ledger;
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::values::{CustodyPlace, ReceiptFate, ReviewChoice};
use crate::facts::{Author, FactBody, FactKind, Role, bodies};
use crate::ids::{FactId, PersonId};
use crate::sabotage::breaks;

/// Hand-overs beside each other of which claims are kept; with more the goods are in conflict all the same.
pub(super) const CLAIMS_MAX: usize = 16;

/// Hand-overs before one that it is held against, and signed returns of one author that are judged: honest orders have
/// a few.
const HANDOVERS_MAX: usize = 64;
const RETURNS_MAX: usize = 16;

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
    let steps = steps(ground);
    let things = Things::new(&takes);
    let mut views: Vec<CustodyView> = Vec::with_capacity(takes.len());
    for (take, body) in &takes {
        // Of one thing that two say to have taken either may be the one who gives it back.
        let rivals = things.same(&body.goods).into_iter().filter_map(|index| takes.get(index));
        let rivals = rivals.filter(|(one, _)| one != take);
        let elsewhere = ledger.goods.iter().filter(|claimed| claimed.take == *take);
        let claimants = rivals.filter_map(|(other, _)| other.fact.person());
        let claimants = claimants.chain(elsewhere.flat_map(|claimed| claimed.others.iter().copied())).collect();
        let steps = steps.get(&take.place()).map_or(&[][..], Vec::as_slice);
        views.push(one(ground, findings, (*take, steps), body, claimants));
    }
    for ((take, body), mut view) in takes.iter().zip(views.clone()) {
        if view.is_open() {
            let other = |index: usize| {
                let ((take, _), view) = (takes.get(index)?, views.get(index)?);
                Some(Other { take: *take, view })
            };
            let others = things.same(&body.goods).into_iter().filter_map(other);
            claimed_twice(ground, findings, *take, others, &mut view);
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
    (take, steps): (Node<'a>, &[Node<'a>]),
    body: &bodies::TakeCustody,
    claimants: Vec<PersonId>,
) -> CustodyView {
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
    view.stage = stage(ground, steps.iter().copied());
    let passed_on = transfers(ground, findings, take, steps, &mut view);
    returned(ground, findings, (take, steps), (&passed_on, &claimants), &mut view);
    if !view.countersigned && steps.iter().any(|step| matches!(step.fact.body(), FactBody::TransferCustody(_))) {
        // C-131: booked in without the customer's countersignature.
        findings.tell(None, Role::Supervisor, "notice.not_countersigned", take);
        exception(ground, findings, "not_countersigned", "explain.not_countersigned", take);
    }
    view
}

/// A hand-over with those who have the goods after it.
type PassedOn<'a> = Vec<(Node<'a>, Vec<PersonId>)>;

/// Hand-overs: the last one counts; the giver's alone does not move the goods, the taker's alone is a claim.
#[expect(clippy::wildcard_enum_match_arm, reason = "other steps pass nothing on")]
fn transfers<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    take: Node<'a>,
    steps: &[Node<'a>],
    view: &mut CustodyView,
) -> PassedOn<'a> {
    let all: Vec<(Node<'a>, &bodies::TransferCustody)> = steps
        .iter()
        .filter_map(|step| match step.fact.body() {
            FactBody::TransferCustody(body) => Some((*step, body)),
            _ => None,
        })
        .collect();
    for (node, body) in &all {
        let confirmed = ground.is_confirmed_by(*node, body.from) && ground.is_confirmed_by(*node, body.to);
        if !confirmed {
            view.unconfirmed.push(node.id());
            let other = if node.fact.person() == Some(body.from) { body.to } else { body.from };
            findings.tell(Some(other), Role::Technician, "notice.confirm_goods", *node);
        }
    }
    let known = ground.causality.known_to_any(all.iter().map(|(node, _)| *node));
    let held = held_after(ground, findings, take, &all, &view.unconfirmed);
    let passed_on: PassedOn<'a> = all.iter().map(|(node, _)| *node).zip(held.iter().cloned()).collect();
    let mut holders: Vec<PersonId> = Vec::new();
    let mut last = Vec::new();
    for ((node, body), after) in all.iter().zip(held).filter(|((node, _), _)| !known.contains(*node)) {
        if !view.unconfirmed.contains(&node.id()) {
            view.place = body.place;
        }
        holders.extend(after);
        last.push(*node);
    }
    let holders = unique(holders);
    match holders.as_slice() {
        [] => {}
        [one] => view.holder = Holder::Person(*one),
        _ => view.holder = conflict(ground, findings, (Some("X-59"), "explain.x_59"), take, &last, holders),
    }
    passed_on
}

/// Who has the goods after each hand-over, or claims to. Nobody passes on what he does not hold, and nobody's claim ends
/// by what two others do: a hand-over takes the giver's place, beside the others' (R9). What a person has decided about
/// a conflict holds for what comes after it.
fn held_after<'a>(
    ground: &Ground<'a>,
    findings: &Findings<'a>,
    take: Node<'a>,
    all: &[(Node<'a>, &bodies::TransferCustody)],
    unconfirmed: &[FactId],
) -> Vec<Vec<PersonId>> {
    let mut held: Vec<Vec<PersonId>> = Vec::with_capacity(all.len());
    for (node, body) in all {
        let mut last: Vec<(Node<'a>, &Vec<PersonId>)> = Vec::new();
        for ((other, _), holders) in all.iter().zip(&held).rev().take(HANDOVERS_MAX) {
            let is_last = ground.knows(*node, *other) && !last.iter().any(|(later, _)| ground.knows(*later, *other));
            if is_last && last.len() < CLAIMS_MAX {
                last.push((*other, holders));
            }
        }
        last.reverse();
        let mut holders = unique(last.iter().flat_map(|(_, holders)| holders.iter().copied()).collect());
        if holders.is_empty() {
            holders.extend(take.fact.person());
        }
        if holders.len() > 1 {
            let causes: Vec<Node<'a>> = core::iter::once(take).chain(last.iter().map(|(other, _)| *other)).collect();
            let decision = findings.decision(ground, &terms(ReviewKind::CustodyConflict), &causes);
            holders = decided(decision.map(|decision| decision.choice), &holders).map_or(holders, |one| vec![one]);
        }
        let confirmed = !unconfirmed.contains(&node.id());
        let gives = confirmed && (breaks(Rule::R9) || holders.contains(&body.from));
        if gives {
            holders.retain(|holder| *holder != body.from && !breaks(Rule::R9));
        }
        // The giver's word alone does not move the goods.
        if confirmed || node.fact.person() == Some(body.to) {
            holders.push(body.to);
        }
        held.push(unique(holders));
    }
    held
}

/// Whom a decision about a conflict names.
fn decided(choice: Option<ReviewChoice>, holders: &[PersonId]) -> Option<PersonId> {
    match choice {
        Some(ReviewChoice::First) => holders.first().copied(),
        Some(ReviewChoice::Second) => holders.last().copied(),
        _ => None,
    }
}

/// Who had the goods as the author of `reader` knew it.
fn holders_known_to<'a>(
    ground: &Ground<'a>,
    take: Node<'a>,
    passed_on: &PassedOn<'a>,
    reader: Node<'a>,
) -> Vec<PersonId> {
    let known: Vec<&(Node<'a>, Vec<PersonId>)> =
        passed_on.iter().filter(|(node, _)| ground.knows(reader, *node)).collect();
    let earlier = ground.causality.known_to_any(known.iter().map(|(node, _)| *node));
    let last = known.iter().filter(|(node, _)| !earlier.contains(*node));
    let holders = unique(last.flat_map(|(_, holders)| holders.iter().copied()).collect());
    if holders.is_empty() { take.fact.person().into_iter().collect() } else { holders }
}

/// C-082, C-135: back only with the customer's second signature; then the receipt is void. Nobody gives back what he
/// knew another to hold: then the receipt lives until a supervisor has found out who had the goods (R9).
fn returned<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    (take, steps): (Node<'a>, &[Node<'a>]),
    (passed_on, claimants): (&PassedOn<'a>, &[PersonId]),
    view: &mut CustodyView,
) {
    let mut of_author: BTreeMap<&Author, usize> = BTreeMap::new();
    for step in steps {
        let FactBody::ReturnCustody(body) = step.fact.body() else {
            continue;
        };
        if body.signed.is_none() || ground.is_rejected(*step) {
            findings.tell_author(*step, "notice.second_signature", *step);
            continue;
        }
        let count = of_author.entry(&step.fact.author).or_insert(0);
        *count = count.saturating_add(1);
        if *count > RETURNS_MAX {
            continue;
        }
        let mut holders = holders_known_to(ground, take, passed_on, *step);
        if let Some(by) = step.fact.person().filter(|by| !holders.contains(by) && !claimants.contains(by)) {
            holders.push(by);
            let held = conflict(ground, findings, (None, "explain.returned_by_another"), take, &[*step], holders);
            if held != Holder::Person(by) {
                if view.stage != CustodyStage::Returned {
                    view.holder = held;
                }
                continue;
            }
        }
        uninspected(ground, findings, steps, *step);
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

/// C-134: given back although he knew that it had been on the bench and that nobody had inspected it since.
fn uninspected<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, steps: &[Node<'a>], back: Node<'a>) {
    let known = stage(ground, steps.iter().copied().filter(|step| ground.knows(back, *step)));
    if matches!(known, CustodyStage::OnBench | CustodyStage::Repaired) {
        exception(ground, findings, "not_inspected", "explain.not_inspected", back);
    }
}

fn exception<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    value: &'static str,
    message: &'static str,
    node: Node<'a>,
) {
    let rule = Rule::R10;
    findings.explain(Because { field: "custody", value, rule, pair: None, message }, &[node], &[]);
    findings.raise(ground, &terms(ReviewKind::PolicyException), &[node], rule);
}

/// A custody beside the one that is looked at.
struct Other<'a, 'v> {
    take: Node<'a>,
    view: &'v CustodyView,
}

/// two people took the same thing, and neither knew of the other; or one took what another holds, and nobody
/// passed it on. All receipts live, nobody guesses. Who took it twice, on two devices, holds it: of which receipt is
/// still a person's to say.
fn claimed_twice<'a, 'v>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    take: Node<'a>,
    others: impl Iterator<Item = Other<'a, 'v>>,
    view: &mut CustodyView,
) {
    let held_by_another = |other: &CustodyView| match (&other.holder, &view.holder) {
        (Holder::Person(there), Holder::Person(here)) => other.is_open() && there != here,
        _ => false,
    };
    let rivals = others
        .filter(|other| other.take != take && (ground.concurrent(other.take, take) || held_by_another(other.view)));
    let mut claims: Vec<Node<'a>> = rivals.map(|other| other.take).collect();
    if claims.is_empty() {
        return;
    }
    claims.push(take);
    claims.sort_by_key(Node::place);
    let holders = unique(claims.iter().filter_map(|claim| claim.fact.person()).collect());
    view.holder = conflict(ground, findings, (Some("X-55"), "explain.x_55"), take, &claims, holders);
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
    view.holder = conflict(ground, findings, (Some("X-55"), "explain.x_55"), take, &[take, claimed.finding], holders);
}

/// R9: no winner by itself; a supervisor decides which claim holds.
fn conflict<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    (pair, message): (Option<&'static str>, &'static str),
    take: Node<'a>,
    claims: &[Node<'a>],
    mut holders: Vec<PersonId>,
) -> Holder {
    let mut causes = claims.to_vec();
    if !causes.contains(&take) {
        causes.insert(0, take);
    }
    let because = Because { field: "custody", value: "conflict", rule: Rule::R9, pair, message };
    findings.explain_unless_said(because, &[], &causes);
    for claim in claims {
        findings.tell_author(*claim, "notice.who_holds", take);
    }
    if breaks(Rule::R9) {
        return holders.first().copied().map_or(Holder::Customer, Holder::Person);
    }
    let decision = findings.raise(ground, &terms(ReviewKind::CustodyConflict), &causes, Rule::R9);
    let decided = decided(decision.map(|decision| decision.choice), &holders);
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
