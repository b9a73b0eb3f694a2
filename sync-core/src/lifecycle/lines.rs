//! Lines add up (R5): nothing is overwritten, a correction is a reversing fact.

use std::collections::BTreeMap;

use super::as_signed::{self, AsSigned};
use super::cancel::Cancels;
use super::causality::{Node, Places};
use super::closing::Closing;
use super::consent::Consents;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, role};
use super::header::{Warranty, is_free};
use super::ledger::Ledger;
use super::line_edits::{Entry, corrected, entries, line_of, possible_duplicates, replaced};
use super::reviews::terms as terms_of;
use super::view::{Coverage, LineStanding, LineView, NotBillable, Request, ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::values::{Line, LineKind, Money, PartSource, ReviewChoice};
use crate::facts::{FactBody, Role};
use crate::sabotage::breaks;

/// Every line with its facts.
pub(super) struct Lines<'a> {
    /// For the view, in canonical order.
    pub(super) views: Vec<LineView>,
    /// Effective chargeable lines outside every signature that nobody has settled.
    pub(super) uncovered: Vec<Node<'a>>,
    /// Coverage of effective lines.
    pub(super) coverage: Coverage,
    /// Minor units by currency.
    pub(super) billable: BTreeMap<String, i64>,
}

/// What was agreed with the customer about paying.
pub(super) struct Terms<'t, 'a> {
    /// The request.
    pub(super) request: Option<&'t Request>,
    /// Who pays.
    pub(super) warranty: &'t Warranty<'a>,
    /// What he agreed to beforehand.
    pub(super) consents: &'t mut Consents<'a>,
}

/// What may keep a line from being charged.
#[derive(Clone, Copy)]
pub(super) struct Barriers<'t, 'a> {
    /// Cancels.
    pub(super) cancels: &'t Cancels<'a>,
    /// The close.
    pub(super) closing: &'t Closing<'a>,
    /// What the ledger found.
    pub(super) ledger: &'t Ledger<'a>,
}

/// R5, R6 and R7 over all lines.
pub(super) fn lines<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    barriers: &Barriers<'_, 'a>,
    terms: &mut Terms<'_, 'a>,
) -> Lines<'a> {
    let Barriers { cancels, closing, ledger } = *barriers;
    let gone = Gone { reversed: reversed(ground, findings), replaced: replaced(ground, findings) };
    let signed = ground.proofs().first().map(|proof| proof.node);
    // C-020: nothing is charged on a free or internal order, whatever a line says.
    let judged_free = free(ground, findings, terms.warranty);
    let free = judged_free || terms.warranty.class.is_some_and(is_free);
    let mut lines =
        Lines { views: Vec::new(), uncovered: Vec::new(), coverage: Coverage::None, billable: BTreeMap::new() };
    let mut seen = AsSigned {
        request: terms.request,
        warranty: terms.warranty,
        cancels,
        ledger,
        visits,
        all: BTreeMap::new(),
        asked: BTreeMap::new(),
    };
    let (mut covered_lines, mut open_lines) = (0_usize, 0_usize);
    let mut counting = Vec::new();
    for entry in entries(ground) {
        let Entry { node, line } = entry;
        let standing = standing(ground, findings, closing, &gone, node);
        let covered = ground.signed.contains(node) || (breaks(Rule::R6) && signed.is_some());
        let effective = standing == LineStanding::Effective;
        let mut agreement = Agreement::None;
        if effective && is_on_the_voucher(line) {
            counting.push(entry);
            if covered {
                covered_lines = covered_lines.saturating_add(1);
            } else {
                open_lines = open_lines.saturating_add(1);
                agreement = terms.consents.takes(ground, node, line);
                if let Some(signature) = signed.filter(|_| agreement != Agreement::Given) {
                    agreement = match uncovered(ground, findings, signature, node) {
                        Some(ReviewChoice::Consented) => Agreement::Given,
                        Some(_) => Agreement::WrittenOff,
                        None => {
                            lines.uncovered.push(node);
                            Agreement::OutsideSignature
                        }
                    };
                }
            }
        }
        let visit = visits.of(node);
        let corrected = corrected(ground, node);
        let charge = as_signed::at_most(ground, node, line, charge(line, corrected));
        let held = if effective {
            let late = closing.late.contains(node) && !closing.late_counts;
            let internal = visit.is_some_and(|(index, _)| visits.internal.contains(&index));
            let barred = cancels.written_off || cancels.barred.iter().any(|cancel| ground.knows(node, *cancel));
            // What ends by signing comes last: a voucher shows the line as charged only where nothing else stands.
            let obstacles = [
                (ledger.held.contains(node), NotBillable::LedgerAsks),
                (charge.is_none(), NotBillable::NoCharge),
                (free, NotBillable::Free),
                (internal, NotBillable::InternalVisit),
                (barred, NotBillable::Cancelled),
                (late, NotBillable::AfterClosing),
                (cancels.awaits_call, NotBillable::AwaitsCall),
                (cancels.awaits_decision, NotBillable::AwaitsDecision),
            ];
            let obstacle = obstacles.into_iter().find(|(stands, _)| *stands).map(|(_, why)| why);
            let as_free = obstacle.is_none() && covered && seen.not_charged(ground, findings, node);
            obstacle.or(agreement.held(as_free, covered))
        } else {
            Some(NotBillable::Gone)
        };
        let priced = charge.is_some_and(|charge| charge.minor > 0);
        if effective && priced && terms.warranty.is_free_now() && Warranty::was_free(ground, terms.request, node) {
            // C-020: he knew that the customer pays nothing.
            let (value, rule, message) = ("priced_on_free_order", Rule::R7, "explain.free_order");
            findings.explain_unless_said(Because { field: "lines", value, rule, pair: None, message }, &[node], &[]);
            findings.raise(ground, &terms_of(ReviewKind::PolicyException), &[node], rule);
        }
        if effective && is_of_unknown_source(corrected.unwrap_or(line)) {
            // C-064: a part whose source nobody knows is flagged, never dropped.
            let (value, rule, message) = ("unknown_source", Rule::R5, "explain.unknown_source");
            findings.explain_unless_said(Because { field: "lines", value, rule, pair: None, message }, &[node], &[]);
            findings.raise(ground, &terms_of(ReviewKind::PartSource), &[node], rule);
        }
        if let Some(amount) = charge.filter(|_| held.is_none()) {
            let sum = lines.billable.entry(amount.currency.clone()).or_insert(0);
            *sum = if breaks(Rule::R5) { amount.minor } else { sum.saturating_add(amount.minor) };
        }
        lines.views.push(LineView {
            at: moment(node),
            by: node.fact.author.clone(),
            visit: visit.map(|(_, visit)| visit.id),
            line: corrected.unwrap_or(line).clone(),
            standing,
            covered,
            billable: held.is_none(),
            held,
            charge: charge.cloned(),
        });
    }
    lines.coverage = match (covered_lines, open_lines) {
        (0, 0) if signed.is_some() => Coverage::Full,
        (0, _) => Coverage::None,
        (_, 0) => Coverage::Full,
        (_, _) => Coverage::Partial,
    };
    together(ground, findings, visits);
    possible_duplicates(ground, findings, &counting);
    lines
}

/// What the customer said to a line beside his signature.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Agreement {
    /// He consented, to the quote or since.
    Given,
    /// Nothing.
    None,
    /// He consented, and the part was fitted before (C-025).
    TooLate,
    /// He signed without it.
    OutsideSignature,
    /// The same, and somebody wrote it off.
    WrittenOff,
}

impl Agreement {
    /// Why the line is not billed for want of agreement. `as_free` says that he signed it as not charged.
    fn held(self, as_free: bool, covered: bool) -> Option<NotBillable> {
        match self {
            Self::Given => None,
            _ if as_free => Some(NotBillable::SignedAsFree),
            _ if covered => None,
            Self::None => Some(NotBillable::NotAgreed),
            Self::TooLate => Some(NotBillable::NoPriorConsent),
            Self::OutsideSignature => Some(NotBillable::OutsideSignature),
            Self::WrittenOff => Some(NotBillable::WrittenOff),
        }
    }
}

/// A correction in the customer's favour applies to what he signed, another one does not (R7). Less than nothing is no
/// charge (R5).
pub(super) fn charge<'a>(line: &'a Line, corrected: Option<&'a Line>) -> Option<&'a Money> {
    let charge = match (&line.amount, corrected.map(|line| &line.amount)) {
        (Some(signed), Some(Some(correct))) if correct.currency == signed.currency && correct.minor < signed.minor => {
            Some(correct)
        }
        (Some(_), Some(None)) | (None, _) => None,
        (Some(signed), _) => Some(signed),
    };
    charge.filter(|charge| charge.minor >= 0)
}

/// Lines that do not count any more.
struct Gone<'a> {
    reversed: BTreeMap<usize, Node<'a>>,
    replaced: Places,
}

/// judged as free since the call was registered: the signed facts stand, the charge is cancelled.
fn free<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, warranty: &Warranty<'a>) -> bool {
    let Some(judged) = warranty.freed else {
        return false;
    };
    if let Some(proof) = ground.proofs().iter().find(|proof| !ground.knows(proof.node, judged)) {
        let because =
            Because { field: "warranty", value: "free", rule: Rule::R7, pair: Some("X-47"), message: "explain.x_47" };
        findings.explain(because, &[judged], &[proof.node]);
    }
    true
}

/// What the customer must have seen: work, parts and expenses, and whatever has a price. Photos, readings and
/// checklist steps are evidence, not charges.
pub(super) fn is_on_the_voucher(line: &Line) -> bool {
    matches!(line.kind, LineKind::Labour | LineKind::Part | LineKind::Expense) || line.amount.is_some()
}

/// Whether it is a part that its author could not say the source of.
fn is_of_unknown_source(line: &Line) -> bool {
    line.kind == LineKind::Part && line.source == Some(PartSource::Unknown)
}

/// Reversing facts by the place of their line: by its author, or by a supervisor.
fn reversed<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> BTreeMap<usize, Node<'a>> {
    let mut reversed = BTreeMap::new();
    let mut refused = Vec::new();
    for (node, body) in each!(ground, ReverseLine) {
        let mut targets = ground.causality.resolve(body.line).peekable();
        if targets.peek().is_none() {
            continue;
        }
        let target = targets.find(|target| {
            line_of(*target).is_some() && (target.fact.author == node.fact.author || role(node) == Role::Supervisor)
        });
        match target {
            Some(target) => {
                reversed.entry(target.place()).or_insert(node);
            }
            None => refused.push(node),
        }
    }
    for node in refused {
        findings.void(node, Rule::R5);
    }
    reversed
}

fn standing<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    closing: &Closing<'a>,
    gone: &Gone<'a>,
    node: Node<'a>,
) -> LineStanding {
    if ground.is_withdrawn(node) {
        return LineStanding::Withdrawn;
    }
    if gone.reversed.contains_key(&node.place()) {
        return LineStanding::Reversed;
    }
    if gone.replaced.contains(node) {
        return LineStanding::Replaced;
    }
    // A line on an order that its author knew to be closed contradicts its own past (R12).
    if closing.closed.is_some_and(|close| ground.knows(node, close)) {
        findings.void(node, Rule::R12);
    }
    if findings.is_void(node) {
        let decision = findings.decision(ground, &terms_of(ReviewKind::VoidFact), &[node]);
        if decision.is_none_or(|decision| decision.choice != ReviewChoice::Keep) {
            return LineStanding::Void;
        }
    }
    LineStanding::Effective
}

/// Returns of goods that a bench line is held against: honest orders have one or two.
const RETURNS_MAX: usize = 16;

/// the line lies outside every signature. The signature stays valid, the line is not billable until
/// the customer has consented (R6, R7).
fn uncovered<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    signature: Node<'a>,
    line: Node<'a>,
) -> Option<ReviewChoice> {
    let returned = || {
        each!(ground, ReturnCustody)
            .take(RETURNS_MAX)
            .any(|(back, _)| ground.concurrent(back, line) && !ground.is_withdrawn(back))
    };
    let on_the_bench = matches!(line.fact.body(), FactBody::BenchWork(_));
    let pair = if on_the_bench && returned() {
        Some("X-57")
    } else if ground.knows(line, signature) {
        Some("X-53")
    } else if ground.concurrent(line, signature) {
        Some("X-43")
    } else {
        None
    };
    let message = match pair {
        Some("X-53") => "explain.x_53",
        Some("X-57") => "explain.x_57",
        _ => "explain.x_43",
    };
    let because = Because { field: "signature", value: "signed_partial", rule: Rule::R6, pair, message };
    findings.explain(because, &[signature], &[line]);
    findings.tell_author(line, "notice.line_uncovered", line);
    findings.raise(ground, &terms_of(ReviewKind::UncoveredLines), &[line], Rule::R6).map(|decision| decision.choice)
}

/// two technicians recorded lines without knowing of each other; everything adds up.
fn together<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) {
    let by_visit: Vec<(usize, Node<'a>)> = each!(ground, RecordLine)
        .filter(|(node, _)| !ground.is_withdrawn(*node) && !findings.is_void(*node))
        .filter_map(|(node, _)| visits.of(node).map(|(index, _)| (index, node)))
        .collect();
    let technician = |index: usize| visits.all.get(index).map(|visit| visit.technician);
    let Some((first_visit, first)) = by_visit.first().copied() else {
        return;
    };
    let others: Vec<Node<'a>> = by_visit
        .iter()
        .filter(|(index, node)| technician(*index) != technician(first_visit) && ground.concurrent(*node, first))
        .map(|(_, node)| *node)
        .collect();
    if !others.is_empty() {
        let because =
            Because { field: "line", value: "added_up", rule: Rule::R5, pair: Some("X-34"), message: "explain.x_34" };
        let winners: Vec<_> = [first].into_iter().chain(others).collect();
        findings.explain(because, &winners, &[]);
    }
}
