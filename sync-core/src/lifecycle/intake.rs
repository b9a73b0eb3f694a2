//! The request and what was confirmed with the customer. The customer's words never change (C-031).

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, moment};
use super::reviews::terms;
use super::view::{Confirmation, Request, ReviewKind, Rule};
use crate::facts::values::{Channel, ReviewChoice, ServiceClass, Urgency};
use crate::facts::{Class, FactKind, bodies};
use crate::ids::RecordId;

/// The request: the first in canonical order. An order has one; another register fact for it is void. An emergency
/// order has the paper that was completed for it (C-045).
pub(super) fn request<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Option<Request> {
    let mut calls = each!(ground, RegisterCall);
    let Some((node, body)) = calls.next() else {
        return emergency(ground);
    };
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

/// An emergency order as it was stated on site; where its paper is complete, with that.
fn emergency(ground: &Ground<'_>) -> Option<Request> {
    let (node, body) = each!(ground, CreateEmergencyOrder).next()?;
    let unknown = RecordId([0; RecordId::LENGTH]);
    let stated = Request {
        at: moment(node),
        by: node.fact.author.clone(),
        customer: body.customer.unwrap_or(unknown),
        site: body.site.unwrap_or(unknown),
        unit: body.unit,
        channel: Channel::OnSite,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Hazard,
        problem: body.problem.clone(),
        serial: numbered(ground),
        skill: None,
    };
    let Some((_, paper)) = each!(ground, CompletePaperwork).last() else {
        return Some(stated);
    };
    Some(Request {
        customer: paper.customer,
        site: paper.site,
        unit: paper.unit.or(stated.unit),
        channel: paper.channel,
        class: paper.class,
        urgency: paper.urgency,
        serial: renumbered(ground).or_else(|| paper.serial.clone()).or_else(|| stated.serial.clone()),
        ..stated
    })
}

/// The serial that an order which began on a device was given when it first arrived.
fn numbered(ground: &Ground<'_>) -> Option<String> {
    let first = each!(ground, AssignNumber).find(|(_, body)| body.ledger == "call");
    renumbered(ground).or_else(|| first.map(|(_, body)| body.number.clone()))
}

/// another order had the number before; the suffixed one is the last that the register gave.
fn renumbered(ground: &Ground<'_>) -> Option<String> {
    each!(ground, Renumber).last().map(|(_, body)| body.serial.clone())
}

/// C-007: declined, unless somebody has begun or agreed something with the customer meanwhile (R1).
pub(super) fn declined<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Option<Node<'a>> {
    let (decline, _) = each!(ground, Decline).next()?;
    let happened = |node: &Node<'a>| {
        let beside = matches!(
            node.fact.kind(),
            Some(
                FactKind::CreateEmergencyOrder
                    | FactKind::ReportContact
                    | FactKind::Acknowledge
                    | FactKind::WithdrawOwn
                    | FactKind::ReverseLine
            )
        );
        node.fact.kind().is_some_and(|kind| kind.class() == Class::Physical) && !beside && !ground.is_withdrawn(*node)
    };
    let promised = |node: &Node<'a>| {
        let complaint = node.fact.kind() == Some(FactKind::OpenComplaint);
        node.fact.kind().is_some_and(|kind| kind.class() == Class::Commitment) && !complaint
    };
    // He who declines knows what was agreed so far, and tells the customer; what is agreed meanwhile stands.
    let stronger = ground.live().find(|node| happened(node) || (promised(node) && !ground.knows(decline, *node)));
    let because = |value| Because { field: "state", value, rule: Rule::R1, pair: None, message: "explain.declined" };
    match stronger {
        Some(other) if ground.knows(decline, other) => {
            findings.void(decline, Rule::R1);
            None
        }
        Some(other) => {
            findings.explain(because("not_declined"), &[other], &[decline]);
            None
        }
        None => {
            findings.explain(because("declined"), &[decline], &[]);
            Some(decline)
        }
    }
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
