//! Who was given the order, or took it: assignments and self-dispatch read alike.

use super::assignment::explain;
use super::causality::Node;
use super::findings::Findings;
use super::ground::{Ground, each};
use super::view::Rule;
use crate::facts::values::Skip;
use crate::ids::PersonId;

/// An order given to somebody, or taken by himself (C-048).
#[derive(Clone, Copy)]
pub(super) struct Dispatch<'a> {
    /// Who is to do it.
    pub(super) technician: PersonId,
    /// Who was passed over.
    pub(super) skipped: &'a [Skip],
    /// Turn of the rotation.
    pub(super) turn: Option<u64>,
    /// Why.
    pub(super) reason: Option<&'a str>,
    /// He took it himself.
    pub(super) by_himself: bool,
}

/// Every assignment, in canonical order.
pub(super) fn dispatches<'a>(ground: &Ground<'a>) -> Vec<(Node<'a>, Dispatch<'a>)> {
    let given = each!(ground, Assign).map(|(node, body)| {
        let (skipped, reason) = (body.skipped.as_slice(), body.reason.as_deref());
        (node, Dispatch { technician: body.technician, skipped, turn: body.turn, reason, by_himself: false })
    });
    let taken = each!(ground, SelfDispatch).filter_map(|(node, body)| {
        let technician = node.fact.person()?;
        let reason = body.reason.as_deref().or(Some(body.basis.code()));
        Some((node, Dispatch { technician, skipped: &[], turn: None, reason, by_himself: true }))
    });
    let mut all: Vec<_> = given.chain(taken).collect();
    all.sort_by_key(|(node, _)| node.place());
    all
}

/// another technician has taken goods with him; he keeps them until he has passed them on.
pub(super) fn goods_taken<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, won: Node<'a>, technician: PersonId) {
    for (take, _) in each!(ground, TakeCustody) {
        if !ground.is_withdrawn(take) && ground.concurrent(take, won) && take.fact.person() != Some(technician) {
            explain(findings, Rule::R9, "X-19", "explain.x_19", take, won);
            findings.tell_author(take, "notice.pass_goods_on", won);
        }
    }
}
