//! What passes from one person to another: who took a visit over, and whose word is still missing.

use super::findings::Findings;
use super::ground::{Ground, each};
use super::withdrawals::parties;
use crate::facts::{FactKind, Role};
use crate::ids::{Digest, FactId, PersonId};

/// A two-party fact that waits for the other side's word (U-08, U-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnconfirmedView {
    /// The fact.
    pub fact: FactId,
    /// Its content digest: the version that is confirmed.
    pub digest: Digest,
    /// Whose word is missing.
    pub person: PersonId,
}

/// A visit that was handed over counts as confirmed when the colleague has witnessed it; else he is asked.
pub(super) fn handed_over<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    for (node, body) in each!(ground, HandoverVisit).filter(|(node, _)| !ground.is_withdrawn(*node)) {
        if !ground.is_confirmed_by(node, body.to) {
            findings.tell(Some(body.to), Role::Technician, "notice.confirm_handover", node);
        }
    }
}

/// People to whom a visit was handed over.
pub(super) fn handed_to(ground: &Ground<'_>) -> Vec<PersonId> {
    let standing = each!(ground, HandoverVisit).filter(|(node, _)| !ground.is_withdrawn(*node));
    let mut people: Vec<PersonId> = standing.map(|(_, body)| body.to).collect();
    people.sort_unstable();
    people.dedup();
    people
}

/// Two-party facts that stand and wait for the other side's word, with whose.
pub(super) fn unconfirmed(ground: &Ground<'_>, findings: &Findings<'_>) -> Vec<UnconfirmedView> {
    let two_party = [FactKind::HandoverVisit, FactKind::RemitCash, FactKind::TransferCustody];
    let standing = two_party
        .into_iter()
        .flat_map(|kind| ground.of(kind))
        .filter(|node| !ground.is_withdrawn(*node) && !findings.is_void(*node));
    let mut all: Vec<UnconfirmedView> = Vec::new();
    for node in standing {
        let silent = parties(node.fact.body()).into_iter().flatten();
        let silent = silent.filter(|person| !ground.is_confirmed_by(node, *person));
        all.extend(silent.map(|person| UnconfirmedView { fact: node.id(), digest: node.fact.digest, person }));
    }
    all
}
