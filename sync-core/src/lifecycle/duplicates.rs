//! Orders of one call: links that the clerk or a rule of the server states in each of them.

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later};
use super::view::Rule;
use crate::facts::FactKind;
use crate::ids::DocumentId;

/// The links in force.
#[derive(Default)]
pub(super) struct Duplicates {
    /// Every order of the same call, sorted.
    pub(super) linked: Vec<DocumentId>,
    /// The order that goes on in place of this one.
    pub(super) survivor: Option<DocumentId>,
}

/// Links without those that somebody took back. Of two at once about one order the later counts (an office act).
/// No order is its own duplicate.
pub(super) fn duplicates<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, document: DocumentId) -> Duplicates {
    if !ground.has(&[FactKind::LinkDuplicate]) {
        return Duplicates::default();
    }
    let taken_back = |link: Node<'a>| {
        each!(ground, Unlink).any(|(_, body)| ground.causality.resolve(body.link).any(|node| node == link))
    };
    for (node, _) in each!(ground, LinkDuplicate).filter(|(_, body)| body.other == document) {
        findings.void(node, Rule::R10);
    }
    let links: Vec<_> =
        each!(ground, LinkDuplicate).filter(|(node, body)| body.other != document && !taken_back(*node)).collect();
    let known = ground.causality.known_to_any(links.iter().map(|(node, _)| *node));
    let mut current: Vec<_> = links.iter().copied().filter(|(node, _)| !known.contains(*node)).collect();
    current.sort_by(|(one, _), (other, _)| later(*one, *other));
    let mut linked: Vec<DocumentId> = links.iter().map(|(_, body)| body.other).collect();
    linked.sort_unstable();
    linked.dedup();
    let Some((node, body)) = current.pop() else {
        return Duplicates { linked, survivor: None };
    };
    let others: Vec<Node<'a>> =
        current.iter().filter(|(_, other)| other.survives != body.survives).map(|(other, _)| *other).collect();
    if !others.is_empty() {
        let because =
            Because { field: "state", value: "linked", rule: Rule::R1, pair: None, message: "explain.two_links" };
        findings.explain(because, &[node], &others);
    }
    Duplicates { linked, survivor: (!body.survives).then_some(body.other) }
}
