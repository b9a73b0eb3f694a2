//! Approvals: each covers one version of one fact, named by its digest (X-67, U-21).

use super::causality::Node;
use super::facets::ApprovalView;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, role};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::values::{ApprovalWay, Matter};
use crate::facts::{FactBody, FactKind, Role, bodies};

/// Every approval and rejection.
pub(super) fn approvals<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<ApprovalView> {
    let mut views = Vec::new();
    for (node, body) in each!(ground, Approve) {
        let Some(subject) = subject(ground, body) else {
            continue;
        };
        let valid = is_valid(ground, node, body);
        if !valid {
            // A technician's word alone approves nothing.
            findings.void(node, Rule::R10);
        }
        let newer = newer(ground, node, subject);
        if let (true, Some(newer)) = (valid, newer) {
            let because = Because {
                field: "approval",
                value: "older_version",
                rule: Rule::R6,
                pair: Some("X-67"),
                message: "explain.x_67",
            };
            findings.explain(because, &[node, subject], &[newer]);
            findings.raise(ground, &terms(ReviewKind::ApprovalOutdated), &[node, newer], Rule::R6);
            findings.tell(Some(body.approver), Role::Supervisor, "notice.approve_again", newer);
        }
        views.push(ApprovalView {
            at: moment(node),
            matter: body.matter,
            subject: subject.id(),
            approver: Some(body.approver),
            way: Some(body.way),
            covers: valid && newer.is_none(),
        });
    }
    for (node, body) in each!(ground, Reject) {
        if let Some(subject) = ground.causality.resolve(body.subject).find(|fact| fact.fact.digest == body.digest) {
            let (at, matter, approver) = (moment(node), body.matter, node.fact.person());
            views.push(ApprovalView { at, matter, subject: subject.id(), approver, way: None, covers: true });
        }
    }
    views
}

fn subject<'a>(ground: &Ground<'a>, body: &bodies::Approve) -> Option<Node<'a>> {
    ground.causality.resolve(body.subject).find(|fact| fact.fact.digest == body.digest)
}

/// Whether somebody with authority stands behind it: he is the author, or the witness on the technician's device, or
/// he has read out a code (whose number the office checks against its list).
fn is_valid<'a>(ground: &Ground<'a>, node: Node<'a>, body: &bodies::Approve) -> bool {
    match body.way {
        ApprovalWay::Office => role(node) != Role::Technician,
        ApprovalWay::Presence => ground.is_confirmed_by_another(node, body.approver) || role(node) != Role::Technician,
        ApprovalWay::Code => {
            let first = each!(ground, Approve).find(|(_, other)| {
                other.way == ApprovalWay::Code && (other.approver, other.code) == (body.approver, body.code)
            });
            body.code.is_some() && first.is_some_and(|(first, _)| first == node)
        }
    }
}

/// A version that the approver did not know and that takes the subject's place.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds replace nothing")]
fn newer<'a>(ground: &Ground<'a>, approval: Node<'a>, subject: Node<'a>) -> Option<Node<'a>> {
    let is_newer = |node: &Node<'a>| -> bool {
        let replaces = |reference| ground.causality.resolve(reference).any(|node| node == subject);
        match node.fact.body() {
            FactBody::IssueQuote(_) => matches!(subject.fact.body(), FactBody::IssueQuote(_)) && *node != subject,
            FactBody::ReplaceLine(body) => replaces(body.line),
            FactBody::CorrectFact(body) => replaces(body.fact),
            _ => false,
        }
    };
    let kinds = [FactKind::IssueQuote, FactKind::ReplaceLine, FactKind::CorrectFact];
    kinds
        .into_iter()
        .flat_map(|kind| ground.of(kind).collect::<Vec<_>>())
        .find(|node| is_newer(node) && !ground.knows(approval, *node) && !ground.knows(subject, *node))
}

/// Whether a fact is approved in a matter, and nobody who knew of that rejected it.
pub(super) fn is_approved<'a>(ground: &Ground<'a>, subject_node: Node<'a>, matter: Matter) -> bool {
    each!(ground, Approve).any(|(node, body)| {
        let rejected = each!(ground, Reject).any(|(rejection, other)| {
            other.digest == body.digest && other.matter == matter && !ground.knows(node, rejection)
        });
        body.matter == matter
            && subject(ground, body) == Some(subject_node)
            && is_valid(ground, node, body)
            && !rejected
    })
}
