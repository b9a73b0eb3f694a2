//! The request and what was confirmed with the customer. The customer's words never change (C-031).

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, moment};
use super::reviews::terms;
use super::view::{Confirmation, Request, ReviewKind, Rule};
use crate::facts::bodies;
use crate::facts::values::ReviewChoice;

/// The request: the first in canonical order. An order has one; another register fact for it is void.
pub(super) fn request<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Option<Request> {
    let mut calls = each!(ground, RegisterCall);
    let (node, body) = calls.next()?;
    for (other, _) in calls {
        findings.void(other, Rule::R10);
    }
    Some(Request {
        at: moment(node),
        by: node.fact.author.clone(),
        customer: body.customer,
        site: body.site,
        unit: body.unit,
        channel: body.channel,
        class: body.class,
        urgency: body.urgency,
        problem: body.problem.clone(),
        serial: renumbered(ground).or_else(|| body.serial.clone()),
        skill: body.skill.clone(),
    })
}

/// another order had the number before; the suffixed one is the last that the register gave.
fn renumbered(ground: &Ground<'_>) -> Option<String> {
    each!(ground, Renumber).last().map(|(_, body)| body.serial.clone())
}

/// The confirmation that shows: the causally last; of two concurrent ones the later, and both stand until a
/// person has talked to the customer (R8).
pub(super) fn confirmation<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Option<Confirmation> {
    let all: Vec<_> = each!(ground, ConfirmRequest).collect();
    let replaced = ground.causality.known_to_any(all.iter().map(|(node, _)| *node));
    let mut current: Vec<(Node<'a>, &bodies::ConfirmRequest)> =
        all.into_iter().filter(|(node, _)| !replaced.contains(*node)).collect();
    current.sort_by(|(one, _), (other, _)| later(*one, *other));
    let (mut node, mut body) = current.pop()?;
    for (other, other_body) in current {
        let same = other_body.amount == body.amount && other_body.in_warranty == body.in_warranty;
        if same {
            continue;
        }
        let because = Because {
            field: "confirmation",
            value: "two_promises",
            rule: Rule::R8,
            pair: None,
            message: "explain.two_confirmations",
        };
        findings.explain(because, &[node], &[other]);
        let terms = terms(ReviewKind::ConflictingCommitments);
        let decision = findings.raise(ground, &terms, &[node, other], Rule::R8);
        if decision.is_some_and(|decision| decision.choice == ReviewChoice::First) {
            (node, body) = (other, other_body);
        }
    }
    Some(Confirmation {
        at: moment(node),
        content: body.content.clone(),
        amount: body.amount.clone(),
        in_warranty: body.in_warranty,
    })
}
