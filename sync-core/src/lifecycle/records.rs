//! What stands beside the order's way and is only kept and shown: complaints, contacts, units, numbers, planned lines,
//! documents that are missing, clocks that were wrong, policies that differed.

use std::collections::{BTreeMap, BTreeSet};

use super::causality::Node;
use super::corrections::Corrections;
use super::facets::{
    ComplaintView, ContactView, MissingView, NumberView, PlannedLine, PrintView, ProofView, ProofWay, UnitSwap,
};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, moment};
use super::reviews::{Terms, terms};
use super::view::{LineStanding, LineView, ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::values::{Demand, HeaderField, SkipReason};
use crate::facts::{FactBody, FactKind, Role};
use crate::ids::{BlobId, Digest, FactId, FactRef};
use crate::limits;
use crate::sabotage::breaks;

/// Facts that can matter to others: a note only joins the notes, whatever its head says (see `folded`).
fn live<'g, 'a>(ground: &'g Ground<'a>) -> impl Iterator<Item = Node<'a>> + 'g {
    ground.live().filter(|node| node.fact.kind() != Some(FactKind::AddNote))
}

pub(super) fn complaints(ground: &Ground<'_>) -> Vec<ComplaintView> {
    each!(ground, OpenComplaint)
        .map(|(node, body)| ComplaintView {
            at: moment(node),
            kind: body.kind,
            severity: body.severity,
            text: body.text.clone(),
        })
        .collect()
}

pub(super) fn units(ground: &Ground<'_>) -> Vec<UnitSwap> {
    each!(ground, SwapUnit)
        .filter(|(node, _)| !ground.is_withdrawn(*node))
        .map(|(node, body)| UnitSwap {
            at: moment(node),
            old_serial: body.old_serial.clone(),
            new_serial: body.new_serial.clone(),
        })
        .collect()
}

/// contacts as found and as edited are all kept; what the customer himself said comes first, then the later.
pub(super) fn contacts<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<ContactView> {
    let confirmed = |node: Node<'a>| node.fact.content.head.customer.is_some();
    let found = each!(ground, ReportContact).filter(|(node, _)| !ground.is_withdrawn(*node));
    let reported = found.map(|(node, body)| (node, Some(body.name.clone()), body.phone.clone()));
    let edited = each!(ground, EditHeader).filter_map(|(node, body)| {
        let value =
            |field| body.changes.iter().find(|change| change.field == field).and_then(|change| change.value.clone());
        let (name, phone) = (value(HeaderField::Contact), value(HeaderField::Phone));
        (name.is_some() || phone.is_some()).then_some((node, name, phone))
    });
    let mut all: Vec<_> = reported.chain(edited).collect();
    all.sort_by(|(one, ..), (other, ..)| confirmed(*other).cmp(&confirmed(*one)).then_with(|| later(*other, *one)));
    if let Some((first, rest)) = all.split_first() {
        let others: Vec<Node<'a>> =
            rest.iter().map(|(node, ..)| *node).filter(|node| ground.concurrent(*node, first.0)).collect();
        if !others.is_empty() {
            let because = Because {
                field: "contact",
                value: "both",
                rule: Rule::R1,
                pair: Some("X-71"),
                message: "explain.x_71",
            };
            findings.explain(because, &[first.0], &others);
        }
    }
    all.into_iter()
        .map(|(node, name, phone)| ContactView { at: moment(node), name, phone, confirmed: confirmed(node) })
        .collect()
}

/// the first number of each ledger is the official one; later ones and provisional ones stay as aliases.
pub(super) fn numbers<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<NumberView> {
    let mut official: BTreeMap<&str, Node<'a>> = BTreeMap::new();
    let mut views: Vec<NumberView> = Vec::new();
    let because =
        Because { field: "number", value: "alias", rule: Rule::R10, pair: Some("X-73"), message: "explain.x_73" };
    for (node, body) in each!(ground, AssignNumber) {
        let void = each!(ground, VoidNumber)
            .find(|(_, void)| void.ledger == body.ledger && void.number == body.number)
            .map(|(_, void)| void.reason.clone());
        let number = |number: &str, official| NumberView {
            at: moment(node),
            ledger: body.ledger.clone(),
            number: number.to_owned(),
            official,
            void: void.clone().filter(|_| number == body.number),
        };
        let first = void.is_none() && *official.entry(&body.ledger).or_insert(node) == node;
        views.push(number(&body.number, first));
        if let Some(alias) = &body.alias {
            views.push(number(alias, false));
            findings.explain(because, &[node], &[]);
        } else if let Some(other) = official.get(body.ledger.as_str()).filter(|other| **other != node) {
            findings.explain(because, &[*other], &[node]);
        }
    }
    views
}

/// Agreements by code and on paper.
pub(super) fn proofs(ground: &Ground<'_>) -> Vec<ProofView> {
    let covered = |node, covered: &[FactRef]| {
        covered.iter().filter_map(|reference| ground.covered_by(node, *reference)).map(|node| node.id()).collect()
    };
    let coded = ground.codes().map(|(node, body)| {
        let view = ProofView {
            at: moment(node),
            way: ProofWay::Code,
            voucher: body.voucher,
            name: body.name.clone(),
            relation: body.relation.clone(),
            code: Some(body.code),
            photo: None,
            document: body.document,
            opinion: body.opinion.clone(),
            covered: covered(node, &body.covered),
        };
        (node.place(), view)
    });
    let mut printed: BTreeMap<Digest, BlobId> = BTreeMap::new();
    for (_, body) in each!(ground, PrintVoucher) {
        printed.entry(body.voucher).or_insert(body.document);
    }
    let papers = each!(ground, AttachPaper).map(|(node, body)| {
        let view = ProofView {
            at: moment(node),
            way: ProofWay::Paper,
            voucher: body.voucher,
            name: body.name.clone(),
            relation: body.relation.clone(),
            code: None,
            photo: Some(body.photo),
            document: printed.get(&body.voucher).copied(),
            opinion: body.opinion.clone(),
            covered: covered(node, &body.covered),
        };
        (node.place(), view)
    });
    let mut views: Vec<(usize, ProofView)> = coded.chain(papers).collect();
    views.sort_by_key(|(place, _)| *place);
    views.into_iter().map(|(_, view)| view).collect()
}

/// Vouchers that were printed.
pub(super) fn prints(ground: &Ground<'_>) -> Vec<PrintView> {
    each!(ground, PrintVoucher)
        .map(|(node, body)| PrintView {
            at: moment(node),
            voucher: body.voucher,
            covered: body.covered.clone(),
            covered_digest: body.covered_digest,
            document: body.document,
        })
        .collect()
}

/// a planned line that was taken off the plan is gone; what was fitted meanwhile stands.
pub(super) fn planned<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<PlannedLine> {
    let drops: Vec<_> = each!(ground, DropPlannedLine).collect();
    let mut planned = Vec::new();
    for (node, body) in each!(ground, PlanLine) {
        let drop = drops.iter().find(|(_, drop)| ground.causality.resolve(drop.line).any(|line| line == node));
        let Some((drop, _)) = drop else {
            planned.push(PlannedLine { at: moment(node), line: body.line.clone() });
            continue;
        };
        let used = each!(ground, RecordLine).find(|(line, recorded)| {
            let same = recorded.line.code.is_some() && recorded.line.code == body.line.code;
            (same || recorded.line.name == body.line.name) && ground.concurrent(*line, *drop)
        });
        if let Some((line, _)) = used {
            let because =
                Because { field: "line", value: "stands", rule: Rule::R1, pair: Some("X-38"), message: "explain.x_38" };
            findings.explain(because, &[line], &[*drop]);
        }
    }
    planned
}

/// X-33, C-084: documents that a policy demanded. What was done stands; the exception is open until they are filed.
pub(super) fn missing<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<MissingView> {
    let mut missing = Vec::new();
    let filed: BTreeSet<(FactRef, Demand)> =
        each!(ground, FileDocument).map(|(_, body)| (body.fact, body.demand)).collect();
    for node in live(ground) {
        let demands = node.fact.content.head.missing.iter().flatten();
        let mut waits = false;
        for demand in demands {
            let filed = filed.contains(&(node.id().reference(), *demand));
            waits |= !filed;
            if !filed {
                missing.push(MissingView { fact: node.id(), demand: *demand });
            }
        }
        let demanded = node.fact.content.head.missing.as_ref().is_some_and(|demands| !demands.is_empty());
        if demanded && !ground.is_withdrawn(node) {
            let terms = terms(ReviewKind::PolicyException);
            let because = Because {
                field: "policy",
                value: "exception",
                rule: Rule::R10,
                pair: Some("X-33"),
                message: "explain.x_33",
            };
            findings.explain(because, &[node], &[]);
            if waits {
                findings.raise(ground, &terms, &[node], Rule::R10);
            } else {
                findings.lapse(ground, &terms, &[node], Rule::R10);
            }
        }
    }
    missing
}

/// C-063: what cannot be used before a time; the default of its review is the reminder.
pub(super) fn not_usable_yet<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, lines: &[LineView]) {
    let effective = lines.iter().filter(|line| line.standing == LineStanding::Effective);
    let effective: BTreeSet<FactId> = effective.map(|line| line.at.fact).collect();
    for (node, body) in each!(ground, RecordLine) {
        if let Some(usable_from) = body.line.usable_from.filter(|_| effective.contains(&node.id())) {
            let wait = usable_from.0.saturating_sub(node.fact.lo().0).max(0);
            let terms = Terms { limit_ms: Some(wait), ..terms(ReviewKind::NotUsableYet) };
            findings.raise(ground, &terms, &[node], Rule::R11);
        }
    }
}

/// what a wrong clock claimed stays; the time that counts is the interval from the server's contacts.
/// Until a supervisor has found the true time; a correction of anything else says nothing about the clock.
pub(super) fn low_confidence<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    corrections: &Corrections<'a>,
) -> Vec<FactId> {
    let off = |node: &Node<'a>| {
        let head = &node.fact.content.head;
        head.claimed_offset.is_some_and(|offset| offset.unsigned_abs() > limits::CLOCK_OFF_MS.unsigned_abs())
            && !breaks(Rule::R11)
            && node.fact.person().is_some()
    };
    let facts: Vec<Node<'a>> = live(ground).filter(off).filter(|node| corrections.time(*node).is_none()).collect();
    if let Some(first) = facts.first() {
        let because = Because {
            field: "time",
            value: "low_confidence",
            rule: Rule::R11,
            pair: Some("X-77"),
            message: "explain.x_77",
        };
        findings.explain(because, &[], &[*first]);
    }
    facts.iter().map(Node::id).collect()
}

/// knowledge that differed, said once each.
pub(super) fn differences<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) {
    let versions = |of: &dyn Fn(&Node<'a>) -> Option<u32>| -> Option<(Node<'a>, Node<'a>)> {
        let stated: Vec<(Node<'a>, u32)> =
            live(ground).filter_map(|node| of(&node).map(|version| (node, version))).collect();
        let newest = stated.iter().max_by_key(|(node, version)| (*version, std::cmp::Reverse(node.place())))?;
        let older = stated.iter().find(|(node, version)| *version < newest.1 && ground.concurrent(*node, newest.0))?;
        Some((older.0, newest.0))
    };
    if let Some((older, newest)) = versions(&|node| node.fact.content.head.policy) {
        let because =
            Because { field: "policy", value: "as_held", rule: Rule::R11, pair: Some("X-79"), message: "explain.x_79" };
        findings.explain(because, &[older], &[newest]);
    }
    if let Some((older, newest)) = versions(&|node| node.fact.content.head.tariff) {
        let because =
            Because { field: "line", value: "as_shown", rule: Rule::R7, pair: Some("X-40"), message: "explain.x_40" };
        findings.explain(because, &[older], &[newest]);
    }
    let unknown: Vec<Node<'a>> =
        ground.live().filter(|node| matches!(node.fact.body(), FactBody::Unknown { .. })).collect();
    if !unknown.is_empty() {
        let because =
            Because { field: "facts", value: "kept", rule: Rule::R10, pair: Some("X-78"), message: "explain.x_78" };
        findings.explain(because, &unknown, &[]);
    }
    skipped(ground, findings, visits);
}

/// he was passed over as not returned, and had come back meanwhile: the skip stands, with a note.
fn skipped<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) {
    for (assign, body) in each!(ground, Assign) {
        for skip in body.skipped.iter().filter(|skip| skip.reason == SkipReason::NotReturned) {
            let his = visits.all.iter().filter(|visit| visit.technician == skip.technician);
            let back = his.filter_map(super::visits::VisitFacts::ended).find(|end| ground.concurrent(*end, assign));
            if let Some(back) = back {
                let because = Because {
                    field: "assignment",
                    value: "skip_stands",
                    rule: Rule::R1,
                    pair: Some("X-25"),
                    message: "explain.x_25",
                };
                findings.explain(because, &[assign], &[back]);
                findings.tell(None, Role::Dispatcher, "notice.returned_unknown", back);
            }
        }
    }
}

/// C-045: the paper of an emergency order is due until somebody completes it.
pub(super) fn paperwork_due<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> bool {
    let Some(order) = ground.of(FactKind::CreateEmergencyOrder).next() else {
        return false;
    };
    let complete = ground.has(&[FactKind::CompletePaperwork, FactKind::RegisterCall]);
    let terms = terms(ReviewKind::PaperworkDue);
    if complete {
        findings.lapse(ground, &terms, &[order], Rule::R10);
    } else {
        let because =
            Because { field: "paperwork", value: "due", rule: Rule::R10, pair: None, message: "explain.paperwork_due" };
        findings.explain(because, &[order], &[]);
        findings.raise(ground, &terms, &[order], Rule::R10);
    }
    !complete
}
