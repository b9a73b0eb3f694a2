//! Lines add up (R5): nothing is overwritten, a correction is a reversing fact.

use std::collections::BTreeMap;

use super::cancel::Cancels;
use super::causality::Node;
use super::closing::Closing;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, role};
use super::reviews::terms;
use super::view::{Coverage, LineStanding, LineView, ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::Role;
use crate::facts::values::{Line, LineKind, ReviewChoice};

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

/// R5, R6 and R7 over all lines.
pub(super) fn lines<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &Cancels<'a>,
    closing: &Closing<'a>,
) -> Lines<'a> {
    let reversed = reversed(ground, findings);
    let signed = ground.signatures().next().map(|(signature, _)| signature);
    let mut lines =
        Lines { views: Vec::new(), uncovered: Vec::new(), coverage: Coverage::None, billable: BTreeMap::new() };
    let (mut covered_lines, mut open_lines) = (0_usize, 0_usize);
    for (node, body) in each!(ground, RecordLine) {
        let standing = standing(ground, findings, closing, &reversed, node);
        let covered = ground.signed.contains(node);
        let effective = standing == LineStanding::Effective;
        let mut consented = false;
        if effective && is_on_the_voucher(&body.line) {
            if covered {
                covered_lines = covered_lines.saturating_add(1);
            } else {
                open_lines = open_lines.saturating_add(1);
                if let Some(signature) = signed {
                    let settled = uncovered(ground, findings, signature, node);
                    consented = settled == Some(ReviewChoice::Consented);
                    if settled.is_none() {
                        lines.uncovered.push(node);
                    }
                }
            }
        }
        let visit = visits.of(node);
        let internal = visit.is_some_and(|(index, _)| visits.internal.contains(&index));
        let barred = cancels.written_off || cancels.barred.iter().any(|cancel| ground.knows(node, *cancel));
        let late = closing.late.contains(&node) && !closing.late_counts;
        let billable =
            effective && (covered || consented) && !internal && !barred && !late && body.line.amount.is_some();
        if let (true, Some(amount)) = (billable, &body.line.amount) {
            let sum = lines.billable.entry(amount.currency.clone()).or_insert(0);
            *sum = sum.saturating_add(amount.minor);
        }
        lines.views.push(LineView {
            at: moment(node),
            by: node.fact.author.clone(),
            visit: visit.map(|(_, visit)| visit.id),
            line: body.line.clone(),
            standing,
            covered,
            billable,
        });
    }
    lines.coverage = match (covered_lines, open_lines) {
        (0, 0) if signed.is_some() => Coverage::Full,
        (0, _) => Coverage::None,
        (_, 0) => Coverage::Full,
        (_, _) => Coverage::Partial,
    };
    together(ground, findings, visits);
    lines
}

/// What the customer must have seen: work, parts and expenses, and whatever has a price. Photos, readings and
/// checklist steps are evidence, not charges.
pub(super) fn is_on_the_voucher(line: &Line) -> bool {
    matches!(line.kind, LineKind::Labour | LineKind::Part | LineKind::Expense) || line.amount.is_some()
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
            matches!(target.fact.body(), crate::facts::FactBody::RecordLine(_))
                && (target.fact.author == node.fact.author || role(node) == Role::Supervisor)
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
    reversed: &BTreeMap<usize, Node<'a>>,
    node: Node<'a>,
) -> LineStanding {
    if ground.is_withdrawn(node) {
        return LineStanding::Withdrawn;
    }
    if reversed.contains_key(&node.place()) {
        return LineStanding::Reversed;
    }
    // A line on an order that its author knew to be closed contradicts its own past (R12).
    if closing.closed.is_some_and(|close| ground.knows(node, close)) {
        findings.void(node, Rule::R12);
    }
    if findings.is_void(node) {
        let decision = findings.decision(ground, &terms(ReviewKind::VoidFact), &[node]);
        if decision.is_none_or(|decision| decision.choice != ReviewChoice::Keep) {
            return LineStanding::Void;
        }
    }
    LineStanding::Effective
}

/// the line lies outside every signature. The signature stays valid, the line is not billable until
/// the customer has consented (R6, R7).
fn uncovered<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    signature: Node<'a>,
    line: Node<'a>,
) -> Option<ReviewChoice> {
    let pair = if ground.knows(line, signature) {
        Some("X-53")
    } else if ground.concurrent(line, signature) {
        Some("X-43")
    } else {
        None
    };
    let message = if pair == Some("X-53") { "explain.x_53" } else { "explain.x_43" };
    let because = Because { field: "signature", value: "signed_partial", rule: Rule::R6, pair, message };
    findings.explain(because, &[signature], &[line]);
    findings.tell_author(line, "notice.line_uncovered", line);
    findings.raise(ground, &terms(ReviewKind::UncoveredLines), &[line], Rule::R6).map(|decision| decision.choice)
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
