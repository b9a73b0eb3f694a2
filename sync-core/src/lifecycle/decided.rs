//! What a person decided about facts that the gate had refused.

use super::causality::Node;
use super::ground::{Ground, moment};
use super::view::Moment;
use crate::facts::{Author, FactBody};
use crate::ids::FactId;

/// A decision about a refused fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedView {
    /// The fact.
    pub fact: FactId,
    /// Whether it was let in: then it is among the facts of this view.
    pub admitted: bool,
    /// The decision.
    pub at: Moment,
    /// Who decided.
    pub by: Author,
    /// Why.
    pub reason: String,
}

/// What was decided about refused facts.
pub(super) fn decided(ground: &Ground<'_>) -> Vec<DecidedView> {
    let decision = |node: Node<'_>| {
        let (fact, admitted, reason) = match node.fact.body() {
            FactBody::Admit(body) => (body.id(), true, &body.reason),
            FactBody::Discard(body) => (body.id(), false, &body.reason),
            _ => return None,
        };
        Some(DecidedView { fact, admitted, at: moment(node), by: node.fact.author.clone(), reason: reason.clone() })
    };
    ground.live().filter_map(decision).collect()
}
