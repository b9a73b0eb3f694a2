//! Why an order waits: a set of reasons, each until it is released.

use std::collections::BTreeMap;

use super::causality::{Node, Places};
use super::facets::HoldView;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::values::HoldReason;
use crate::facts::{FactBody, FactKind, Role};

const KINDS: &[FactKind] = &[FactKind::Hold, FactKind::RequestParts, FactKind::Escalate];

/// Holds in force, in canonical order.
pub(super) fn holds<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) -> Vec<HoldView> {
    if !ground.has(KINDS) {
        return Vec::new();
    }
    let mut nodes: Vec<(Node<'a>, HoldReason)> =
        KINDS.iter().flat_map(|kind| ground.of(*kind)).filter_map(|node| reason(node).map(|why| (node, why))).collect();
    nodes.sort_by_key(|(node, _)| node.place());
    let ends = Ends::new(ground);
    escalations(ground, findings, &ends);
    met_by_visits(ground, findings, visits, &nodes);
    let mut in_force: Vec<(Node<'a>, HoldReason)> = Vec::new();
    for (node, reason) in nodes {
        let lapsed = visits.completed.is_some_and(|done| !ground.knows(node, done));
        if !released(ground, findings, &ends, node, reason) && !lapsed {
            in_force.push((node, reason));
        }
    }
    together(ground, findings, &in_force);
    in_force
        .into_iter()
        .map(|(node, reason)| HoldView { at: moment(node), by: node.fact.author.clone(), reason })
        .collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds do not hold")]
fn reason(node: Node<'_>) -> Option<HoldReason> {
    match node.fact.body() {
        FactBody::Hold(body) => Some(body.reason),
        FactBody::RequestParts(_) => Some(HoldReason::Parts),
        FactBody::Escalate(_) => Some(HoldReason::Escalated),
        _ => None,
    }
}

/// What ends holds: by name, or because their need is met.
struct Ends<'a> {
    released: Places,
    arrived: BTreeMap<usize, Node<'a>>,
    /// Parts that arrived, whatever they name.
    parts: Vec<Node<'a>>,
    /// No request for parts is left.
    nothing_wanted: bool,
}

impl<'a> Ends<'a> {
    fn new(ground: &Ground<'a>) -> Self {
        let released = each!(ground, Release).flat_map(|(_, body)| ground.causality.resolve(body.hold)).collect();
        let mut ends = Self { released, arrived: BTreeMap::new(), parts: Vec::new(), nothing_wanted: true };
        for (node, body) in each!(ground, ReceiveParts) {
            ends.parts.push(node);
            for request in ground.causality.resolve(body.request) {
                ends.arrived.entry(request.place()).or_insert(node);
            }
        }
        ends.nothing_wanted = each!(ground, RequestParts)
            .all(|(request, _)| ends.released.contains(request) || ends.arrived.contains_key(&request.place()));
        ends
    }
}

/// Released by name, or because its need was met (X-31: parts arrived, whoever knew of it). Parts that arrive meet the
/// request or the hold that they name; a hold that says only that parts are missing is met when no request is left.
fn released<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    ends: &Ends<'a>,
    hold: Node<'a>,
    reason: HoldReason,
) -> bool {
    if ends.released.contains(hold) {
        return true;
    }
    let is_plain = matches!(hold.fact.body(), FactBody::Hold(_));
    let any = || ends.parts.iter().copied().find(|node| !ground.knows(hold, *node));
    let met = ends.arrived.get(&hold.place()).copied();
    let met = met.or_else(|| any().filter(|_| is_plain && ends.nothing_wanted));
    let Some(received) = met.filter(|_| reason == HoldReason::Parts) else { return false };
    if ground.concurrent(received, hold) {
        let because = because("released", Rule::R1, Some("X-31"), "explain.x_31");
        findings.explain(because, &[received], &[hold]);
    }
    findings.tell(None, Role::Dispatcher, "notice.parts_arrived", received);
    true
}

/// Holds that are held against what happened on site: honest orders have a few.
const HOLDS_MAX: usize = 64;

/// a visit that took place meanwhile stands; the hold waits for the next one, or lapses with DONE.
fn met_by_visits<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    holds: &[(Node<'a>, HoldReason)],
) {
    for (hold, _) in holds.iter().take(HOLDS_MAX) {
        let work = visits.all.iter().flat_map(|visit| visit.work.iter().copied());
        if let Some(work) = work.into_iter().find(|work| ground.concurrent(*work, *hold)) {
            findings.explain(because("visit_stands", Rule::R1, Some("X-30"), "explain.x_30"), &[work], &[*hold]);
        }
    }
}

/// two reasons are two; the order waits for both.
fn together<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, in_force: &[(Node<'a>, HoldReason)]) {
    let Some((first, rest)) = in_force.split_first() else {
        return;
    };
    let others: Vec<_> = rest.iter().map(|(node, _)| *node).filter(|node| ground.concurrent(*node, first.0)).collect();
    if !others.is_empty() {
        let both: Vec<_> = [first.0].into_iter().chain(others).collect();
        findings.explain(because("both", Rule::R2, Some("X-32"), "explain.x_32"), &both, &[]);
    }
}

/// C-068: the supervisor's queue has it at once.
fn escalations<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, ends: &Ends<'a>) {
    for (node, _) in each!(ground, Escalate) {
        let terms = terms(ReviewKind::Escalation);
        if ends.released.contains(node) {
            findings.lapse(ground, &terms, &[node], Rule::R1);
        } else {
            findings.explain(because("escalated", Rule::R1, None, "explain.escalated"), &[node], &[]);
            findings.raise(ground, &terms, &[node], Rule::R1);
            findings.tell(None, Role::Supervisor, "notice.escalated", node);
        }
    }
}

fn because(value: &'static str, rule: Rule, pair: Option<&'static str>, message: &'static str) -> Because {
    Because { field: "hold", value, rule, pair, message }
}
