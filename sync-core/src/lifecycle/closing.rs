//! The end of an order: the voucher booked back once (C-085), the close, and what arrives after it (R12).

use super::causality::{Node, Places};
use super::findings::{Because, Findings};
use super::ground::{Ground, each};
use super::reviews::terms;
use super::view::{ReviewKind, Rule, VoucherFacet};
use crate::facts::values::ReviewChoice;
use crate::facts::{Class, Role};
use crate::sabotage::breaks;

/// How far the office has finished with the order.
pub(super) struct Closing<'a> {
    /// The close that counts.
    pub(super) closed: Option<Node<'a>>,
    /// The strike-off that counts.
    pub(super) returned: Option<Node<'a>>,
    /// Physical facts that the close did not know.
    pub(super) late: Places,
    /// Whether they count: yes, until the supervisor writes the amendment off.
    pub(super) late_counts: bool,
}

impl Closing<'_> {
    /// The voucher's facet.
    pub(super) fn voucher(&self, went_out: bool) -> VoucherFacet {
        match (self.returned.is_some(), went_out) {
            (true, _) => VoucherFacet::Returned,
            (false, true) => VoucherFacet::Out,
            (false, false) => VoucherFacet::NotOut,
        }
    }
}

///
pub(super) fn closing<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Closing<'a> {
    let returned = once(&ground_nodes(each!(ground, ReturnVoucher)), |first, others| {
        let because = Because {
            field: "voucher",
            value: "returned",
            rule: Rule::R10,
            pair: Some("X-62"),
            message: "explain.x_62",
        };
        findings.explain(because, &[first], others);
    });
    // A close that a supervisor took back does not count.
    let reopened = |close: &Node<'a>| {
        each!(ground, Reopen).any(|(_, body)| ground.causality.resolve(body.close).any(|node| node == *close))
    };
    let closes: Vec<Node<'a>> =
        ground_nodes(each!(ground, Close)).into_iter().filter(|close| !reopened(close)).collect();
    let closed = once(&closes, |first, others| {
        let because =
            Because { field: "state", value: "closed", rule: Rule::R10, pair: None, message: "explain.closed_once" };
        findings.explain(because, &[first], others);
    });
    let mut closing = Closing { closed, returned, late: Places::default(), late_counts: true };
    if let Some(close) = closed {
        amendments(ground, findings, &mut closing, close);
    }
    closing
}

fn ground_nodes<'a, B: 'a>(facts: impl Iterator<Item = (Node<'a>, &'a B)>) -> Vec<Node<'a>> {
    facts.map(|(node, _)| node).collect()
}

/// The first of several facts that say the same; the others are reported.
fn once<'a>(nodes: &[Node<'a>], mut report: impl FnMut(Node<'a>, &[Node<'a>])) -> Option<Node<'a>> {
    let (first, others) = nodes.split_first()?;
    if !others.is_empty() {
        report(*first, others);
    }
    Some(*first)
}

/// facts that the clerk did not know when he closed count all the same; a closed period is amended
/// forward. One review for each author's first late fact, since his later ones belong to the same story.
fn amendments<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, closing: &mut Closing<'a>, close: Node<'a>) {
    let mut first_of: Vec<Node<'a>> = Vec::new();
    for node in ground.live() {
        let physical = node.fact.kind().is_some_and(|kind| kind.class() == Class::Physical);
        if !physical || ground.knows(close, node) || findings.is_void(node) || breaks(Rule::R12) {
            continue;
        }
        if ground.concurrent(close, node) {
            closing.late.insert(node);
        }
        if first_of.iter().all(|first| first.fact.author != node.fact.author) {
            first_of.push(node);
        }
    }
    for first in first_of {
        let decision = findings.raise(ground, &terms(ReviewKind::Amendment), &[close, first], Rule::R12);
        closing.late_counts &= decision.is_none_or(|decision| decision.choice != ReviewChoice::WriteOff);
        let pair = ground.concurrent(close, first).then_some("X-63");
        let because = Because { field: "state", value: "closed", rule: Rule::R12, pair, message: "explain.x_63" };
        findings.explain(because, &[close], &[first]);
        findings.tell(None, Role::Supervisor, "notice.amendment", first);
        findings.tell_author(close, "notice.amendment", first);
    }
}
