//! What a cancel meets and does not touch: parts that were fitted, cash that was taken, complaints.

use super::because;
use crate::facts::values::LineKind;
use crate::lifecycle::causality::Node;
use crate::lifecycle::findings::{Because, Findings};
use crate::lifecycle::ground::{Ground, each};
use crate::lifecycle::view::{CancelEffect, Rule};

///
pub(super) fn beside<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, cancel: Node<'a>, effect: CancelEffect) {
    if matches!(effect, CancelEffect::Void | CancelEffect::Duplicate) {
        return;
    }
    let unknown = |node: &Node<'a>| ground.concurrent(*node, cancel);
    let parts: Vec<Node<'a>> = each!(ground, RecordLine)
        .filter(|(node, body)| body.line.kind == LineKind::Part && !ground.is_withdrawn(*node))
        .map(|(node, _)| node)
        .filter(unknown)
        .collect();
    if !parts.is_empty() {
        let because = Because { field: "line", rule: Rule::R5, ..because("consumed", Some("X-08"), "explain.x_08") };
        findings.explain(because, &parts, &[cancel]);
    }
    let cash: Vec<Node<'a>> = each!(ground, CollectCash)
        .map(|(node, _)| node)
        .filter(|node| unknown(node) && !ground.is_withdrawn(*node))
        .collect();
    if !cash.is_empty() {
        let because = Because { field: "money", rule: Rule::R5, ..because("kept", Some("X-09"), "explain.x_09") };
        findings.explain(because, &cash, &[cancel]);
    }
    let complaints: Vec<Node<'a>> = each!(ground, OpenComplaint).map(|(node, _)| node).filter(unknown).collect();
    if !complaints.is_empty() {
        let because =
            Because { field: "complaint", rule: Rule::R1, ..because("on_its_own", Some("X-13"), "explain.x_13") };
        findings.explain(because, &complaints, &[]);
    }
}
