//! What the companion document adds to an order: callbacks and complaints, invoices and credits, costs,
//! settlement, liability. Empty on a device; nothing of the field depends on it.

use std::collections::BTreeMap;

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment};
use super::invoices;
use super::line_edits::line_of;
use super::reviews::terms;
use super::view::{LineView, Moment, ReviewKind, Rule};
use crate::facts::values::{CallbackResult, Liability, Money, Share};
use crate::facts::{Author, Role};
use crate::ids::{FactId, FactRef, PersonId};

/// The office's side of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfficeView {
    /// Where the follow-up call stands; absent before the first one. A complaint that was opened meanwhile governs
    ///
    pub callback: Option<CallbackResult>,
    /// Every follow-up call, in canonical order.
    pub callbacks: Vec<CallbackView>,
    /// Steps in handling complaints, in canonical order.
    pub handled: Vec<HandledView>,
    /// Every invoice, in canonical order.
    pub invoices: Vec<InvoiceView>,
    /// What invoices bill that count and were not credited in full.
    pub billed: Vec<BilledLine>,
    /// Invoiced, minor units by currency; void invoices do not count.
    pub invoiced: BTreeMap<String, i64>,
    /// Credited.
    pub credited: BTreeMap<String, i64>,
    /// Costs.
    pub costs: BTreeMap<String, i64>,
    /// Settled with people, by person and currency.
    pub settled: BTreeMap<(PersonId, String), i64>,
    /// Whose fault it was, as decided last, and who bears which share.
    pub liability: Option<(Liability, Vec<Share>)>,
}

/// One follow-up call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackView {
    /// When and by which fact.
    pub at: Moment,
    /// Who called.
    pub by: Author,
    /// What he found.
    pub result: CallbackResult,
    /// In words.
    pub text: Option<String>,
    /// The complaint that governs instead, since neither knew of the other.
    pub overruled: Option<FactId>,
}

/// One step in handling a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandledView {
    /// When and by which fact.
    pub at: Moment,
    /// The complaint.
    pub complaint: FactRef,
    /// What was done.
    pub text: String,
    /// Whether it is settled.
    pub settled: bool,
}

/// One invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceView {
    /// When and by which fact.
    pub at: Moment,
    /// Its number.
    pub number: String,
    /// The lines that it names.
    pub lines: Vec<FactRef>,
    /// Its total.
    pub amount: Money,
    /// Who pays, where it is not the customer (C-027).
    pub payer: Option<String>,
    /// What credits that name it give back, minor units.
    pub credited: i64,
    /// Whether it does not count: it bills a line again, more than its lines cost, or nothing (R7).
    pub void: bool,
}

/// A line that an invoice bills, by any of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledLine {
    /// The line, or one that took its place.
    pub line: FactRef,
    /// Who pays, where it is not the customer.
    pub payer: Option<String>,
    /// How much of it.
    pub amount: Money,
}

fn add(sums: &mut BTreeMap<String, i64>, amount: &Money) {
    let sum = sums.entry(amount.currency.clone()).or_insert(0);
    *sum = sum.saturating_add(amount.minor);
}

/// The office's side. `lines` and `billable` say what may be charged.
pub(super) fn office<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    lines: &[LineView],
    billable: &BTreeMap<String, i64>,
) -> OfficeView {
    let mut office = OfficeView::default();
    callbacks(ground, findings, &mut office);
    for (_, body) in each!(ground, Credit) {
        add(&mut office.credited, &body.amount);
    }
    invoices::invoices(ground, findings, (lines, billable), &mut office);
    for (_, body) in each!(ground, RecordCost) {
        add(&mut office.costs, &body.amount);
    }
    for (node, body) in each!(ground, Settle) {
        // A line that has not arrived may be one.
        let is_no_line = |line: &FactRef| {
            let mut named = ground.causality.resolve(*line).peekable();
            named.peek().is_some() && named.all(|fact| line_of(fact).is_none())
        };
        if body.lines.iter().any(is_no_line) {
            findings.void(node, Rule::R5);
            continue;
        }
        let sum = office.settled.entry((body.payee, body.amount.currency.clone())).or_insert(0);
        *sum = sum.saturating_add(body.amount.minor);
    }
    // The later one in canonical order: class ADMIN, the later authorised act.
    office.liability = each!(ground, SetLiability).last().map(|(_, body)| (body.case, body.shares.clone()));
    shares(ground, findings);
    office
}

/// C-027: joint costs of which not every share was agreed to are an open item.
fn shares<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    let last = each!(ground, SetLiability).last().map(|(node, _)| node);
    let open = each!(ground, SetLiability).filter(|(_, body)| !invoices::is_settled(body.case, &body.shares));
    for (node, _) in open {
        let terms = terms(ReviewKind::SharesOpen);
        if last == Some(node) {
            let (value, rule, message) = ("shares_open", Rule::R8, "explain.shares_open");
            findings.explain(Because { field: "liability", value, rule, pair: None, message }, &[], &[node]);
            findings.raise(ground, &terms, &[node], rule);
        } else {
            findings.lapse(ground, &terms, &[node], Rule::R8);
        }
    }
}

/// a customer who is satisfied on the telephone and a complaint opened meanwhile: the complaint governs.
fn callbacks<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, office: &mut OfficeView) {
    let complaints: Vec<Node<'a>> = each!(ground, OpenComplaint).map(|(node, _)| node).collect();
    let settled = |complaint: &Node<'a>| {
        each!(ground, HandleComplaint).any(|(_, body)| body.settled && body.complaint == complaint.id().reference())
    };
    for (node, body) in each!(ground, RecordCallback) {
        let satisfied = body.result == CallbackResult::Ok;
        let meanwhile = complaints.iter().copied().find(|complaint| satisfied && ground.concurrent(*complaint, node));
        office.callbacks.push(CallbackView {
            at: moment(node),
            by: node.fact.author.clone(),
            result: body.result,
            text: body.text.clone(),
            overruled: meanwhile.map(|complaint| complaint.id()),
        });
        office.callback = Some(if meanwhile.is_some() { CallbackResult::Complaint } else { body.result });
        let Some(complaint) = meanwhile else { continue };
        let because = Because {
            field: "callback",
            value: "complaint",
            rule: Rule::R1,
            pair: Some("X-65"),
            message: "explain.x_65",
        };
        findings.explain(because, &[complaint], &[node]);
        findings.tell(None, Role::Supervisor, "notice.visit_complainer", complaint);
        findings.tell_author(node, "notice.complaint_governs", complaint);
        let causes = [complaint, node];
        if settled(&complaint) {
            findings.lapse(ground, &terms(ReviewKind::ComplaintGoverns), &causes, Rule::R1);
        } else {
            findings.raise(ground, &terms(ReviewKind::ComplaintGoverns), &causes, Rule::R1);
        }
    }
    for (node, body) in each!(ground, HandleComplaint) {
        let (complaint, text, settled) = (body.complaint, body.text.clone(), body.settled);
        office.handled.push(HandledView { at: moment(node), complaint, text, settled });
    }
}
