//! Cash, transfers and discounts: sums (R5); the customer never pays too much (R7).

use std::collections::BTreeMap;

use super::approvals::Approvals;
use super::causality::Node;
use super::facets::{DiscountView, MoneyView, PaymentView};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, role};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::values::{Matter, Money};
use crate::facts::{FactBody, FactKind, Role};

/// Facts of an order that one is held against to say that neither knew of the other: honest orders have a few.
const BESIDE_MAX: usize = 64;

type Sums = BTreeMap<String, i64>;

fn add(sums: &mut Sums, amount: &Money) {
    let sum = sums.entry(amount.currency.clone()).or_insert(0);
    *sum = sum.saturating_add(amount.minor);
}

/// Whether an amount says how much: nobody takes, pays or gives less than nothing. What does is void.
fn is_sum<'a>(findings: &mut Findings<'a>, node: Node<'a>, amount: &Money) -> bool {
    if amount.minor < 0 {
        findings.void(node, Rule::R5);
    }
    amount.minor >= 0
}

/// Discounts that count: by the office, or by a technician with an approval (C-095). Each is a credit on the terms
/// that the customer signed.
pub(super) fn discounts<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, approvals: &Approvals<'a>) -> Sums {
    let mut sums = Sums::new();
    for (node, body) in each!(ground, GrantDiscount) {
        if !is_sum(findings, node, &body.amount) {
            continue;
        }
        if !counts(ground, approvals, node) {
            findings.tell(None, Role::Supervisor, "notice.approve_discount", node);
            continue;
        }
        add(&mut sums, &body.amount);
        let mut proofs = ground.proofs().iter().take(BESIDE_MAX);
        if let Some(proof) = proofs.find(|proof| ground.concurrent(proof.node, node)) {
            let because = because("credited", Rule::R7, "X-46", "explain.x_46");
            findings.explain(because, &[proof.node, node], &[]);
        }
    }
    sums
}

/// Whether a discount is the office's, or approved.
fn counts<'a>(ground: &Ground<'a>, approvals: &Approvals<'a>, node: Node<'a>) -> bool {
    role(node) != Role::Technician || approvals.is_approved(ground, node, Matter::Discount)
}

/// Every discount, counting or not.
pub(super) fn discount_views<'a>(ground: &Ground<'a>, approvals: &Approvals<'a>) -> Vec<DiscountView> {
    each!(ground, GrantDiscount)
        .map(|(node, body)| DiscountView {
            at: moment(node),
            by: node.fact.author.clone(),
            amount: body.amount.clone(),
            reason: body.reason.clone(),
            counts: body.amount.minor >= 0 && counts(ground, approvals, node),
        })
        .collect()
}

/// Cash and transfers.
pub(super) fn payments(ground: &Ground<'_>) -> Vec<PaymentView> {
    let cash = each!(ground, CollectCash).filter(|(node, _)| !ground.is_withdrawn(*node));
    let cash = cash.map(|(node, body)| (node, &body.amount, &body.receipt, true));
    let transfers = each!(ground, BookTransfer).map(|(node, body)| (node, &body.amount, &body.reference, false));
    let mut all: Vec<_> = cash.chain(transfers).collect();
    all.retain(|(_, amount, ..)| amount.minor >= 0);
    all.sort_by_key(|(node, ..)| node.place());
    all.into_iter()
        .map(|(node, amount, receipt, cash)| PaymentView {
            at: moment(node),
            amount: amount.clone(),
            receipt: receipt.clone(),
            cash,
        })
        .collect()
}

/// Takes the discounts off what is billable, never below nothing.
pub(super) fn less(billable: &mut Sums, discounts: &Sums) {
    for (currency, off) in discounts {
        if let Some(sum) = billable.get_mut(currency) {
            *sum = sum.saturating_sub(*off).max(0);
        }
    }
}

/// What was taken, paid, handed in; what is due; what was paid too much. `settled` says that the bill is final: the
/// customer has agreed to it, or the office has, or the order has ended.
pub(super) fn money<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    billable: &Sums,
    discount: Sums,
    settled: bool,
) -> MoneyView {
    let mut money = MoneyView { discount, due: billable.clone(), ..MoneyView::default() };
    let mut payments: Vec<Node<'a>> = Vec::new();
    if ground.has(&[FactKind::CollectCash, FactKind::BookTransfer]) {
        for (node, body) in each!(ground, CollectCash).filter(|(node, _)| !ground.is_withdrawn(*node)) {
            if !is_sum(findings, node, &body.amount) {
                continue;
            }
            add(&mut money.taken, &body.amount);
            payments.push(node);
            if let Some(person) = node.fact.person() {
                let pocket = money.pockets.entry((person, body.amount.currency.clone())).or_insert(0);
                *pocket = pocket.saturating_add(body.amount.minor);
            }
        }
        for (node, body) in each!(ground, BookTransfer) {
            if !is_sum(findings, node, &body.amount) {
                continue;
            }
            add(&mut money.transferred, &body.amount);
            payments.push(node);
        }
        remittances(ground, findings, &mut money);
    }
    for (currency, paid) in money.taken.iter().chain(&money.transferred) {
        let due = money.due.entry(currency.clone()).or_insert(0);
        *due = due.saturating_sub(*paid);
    }
    money.overpaid = money
        .due
        .iter()
        .filter(|(_, due)| **due < 0)
        .map(|(currency, due)| (currency.clone(), due.saturating_neg()))
        .collect();
    money.due.retain(|_, due| *due > 0);
    payments.sort_by_key(Node::place);
    twice(ground, findings, &payments);
    if settled && !money.overpaid.is_empty() && !payments.is_empty() {
        let because =
            Because { field: "money", value: "overpaid", rule: Rule::R7, pair: None, message: "explain.overpaid" };
        findings.explain(because, &payments, &[]);
        findings.raise(ground, &terms(ReviewKind::RefundDue), &payments, Rule::R7);
    }
    money
}

/// C-093: handed in, once the accountant has confirmed it. Nobody hands anything in to himself (R9).
fn remittances<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, money: &mut MoneyView) {
    for (node, body) in each!(ground, RemitCash).filter(|(node, _)| !ground.is_withdrawn(*node)) {
        if node.fact.person() == Some(body.to) {
            findings.void(node, Rule::R9);
            continue;
        }
        if !is_sum(findings, node, &body.amount) {
            continue;
        }
        if !ground.is_confirmed_by_another(node, body.to) {
            findings.tell(Some(body.to), Role::Accountant, "notice.confirm_cash", node);
            continue;
        }
        add(&mut money.remitted, &body.amount);
        if let Some(person) = node.fact.person() {
            let pocket = money.pockets.entry((person, body.amount.currency.clone())).or_insert(0);
            *pocket = pocket.saturating_sub(body.amount.minor);
        }
    }
    money.pockets.retain(|_, minor| *minor != 0);
}

/// paid twice at once; both count, the rest goes back.
fn twice<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, payments: &[Node<'a>]) {
    for (index, one) in payments.iter().enumerate() {
        let later = payments.iter().skip(index.saturating_add(1)).take(BESIDE_MAX);
        if let Some(other) = later.into_iter().find(|other| ground.concurrent(*one, **other)) {
            let transfer = |node: &Node<'a>| matches!(node.fact.body(), FactBody::BookTransfer(_));
            let (pair, message) =
                if transfer(one) || transfer(other) { ("X-61", "explain.x_61") } else { ("X-60", "explain.x_60") };
            findings.explain(because("both", Rule::R5, pair, message), &[*one, *other], &[]);
        }
    }
}

fn because(value: &'static str, rule: Rule, pair: &'static str, message: &'static str) -> Because {
    Because { field: "money", value, rule, pair: Some(pair), message }
}
