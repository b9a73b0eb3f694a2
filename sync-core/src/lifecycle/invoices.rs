//! Invoices: each line is billed once to each payer, never above what it costs, and only what may be charged (R7,
//! C-027). What its author could know makes an invoice void; what came meanwhile makes it doubtful.

use std::collections::{BTreeMap, BTreeSet};

use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment};
use super::line_edits::line_of;
use super::office::{BilledLine, InvoiceView, OfficeView};
use super::reviews::terms;
use super::view::{LineView, ReviewKind, Rule};
use crate::facts::bodies;
use crate::facts::values::{Answer, Liability, Money, Share};
use crate::ids::FactRef;
use crate::sabotage::breaks;

/// Whether it is known who bears the costs: one party, or all have agreed to their shares of the whole.
#[must_use]
pub fn is_settled(case: Liability, shares: &[Share]) -> bool {
    let whole = || shares.iter().map(|share| u32::from(share.permille)).sum::<u32>() == 1_000;
    case != Liability::Joint || (whole() && shares.iter().all(|share| share.answer == Answer::Agreed))
}

/// An invoice that counts.
struct Billed<'a> {
    node: Node<'a>,
    body: &'a bodies::Invoice,
    /// How much of it each line bears, by the first version of the line.
    parts: BTreeMap<FactRef, i64>,
}

/// Every invoice in canonical order, and what they bill.
pub(super) fn invoices<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    (lines, billable): (&[LineView], &BTreeMap<String, i64>),
    office: &mut OfficeView,
) {
    let versions = Versions::new(ground);
    let mut counting: Vec<Billed<'a>> = Vec::new();
    for (node, body) in each!(ground, Invoice) {
        let bears =
            if breaks(Rule::R7) { Some(BTreeMap::new()) } else { bears(ground, &versions, &counting, node, body) };
        match bears {
            Some(parts) => {
                let sum = office.invoiced.entry(body.amount.currency.clone()).or_insert(0);
                *sum = sum.saturating_add(body.amount.minor);
                counting.push(Billed { node, body, parts });
            }
            None => findings.void(node, Rule::R7),
        }
        office.invoices.push(InvoiceView {
            at: moment(node),
            number: body.number.clone(),
            lines: body.lines.clone(),
            amount: body.amount.clone(),
            payer: payer(body).map(str::to_owned),
            credited: credited(ground, node, body, |_| true),
            void: findings.is_void(node),
        });
    }
    for billed in
        counting.iter().filter(|billed| credited(ground, billed.node, billed.body, |_| true) < billed.body.amount.minor)
    {
        let named = |root: &FactRef| versions.of(*root);
        office.billed.extend(billed.parts.iter().flat_map(|(root, minor)| {
            named(root).into_iter().map(|line| BilledLine {
                line,
                payer: payer(billed.body).map(str::to_owned),
                amount: Money { minor: *minor, currency: billed.body.amount.currency.clone() },
            })
        }));
    }
    doubtful(ground, findings, &counting, (lines, billable));
}

fn payer(body: &bodies::Invoice) -> Option<&str> {
    body.payer.as_deref().map(str::trim).filter(|payer| !payer.is_empty())
}

/// What credits that name the invoice, and pass, give back of it.
fn credited<'a>(ground: &Ground<'a>, node: Node<'a>, body: &bodies::Invoice, passes: impl Fn(Node<'a>) -> bool) -> i64 {
    each!(ground, Credit)
        .filter(|(credit, of)| of.amount.currency == body.amount.currency && passes(*credit))
        .filter(|(_, of)| of.invoice.is_some_and(|named| ground.causality.resolve(named).any(|named| named == node)))
        .fold(0, |sum, (_, of)| sum.saturating_add(of.amount.minor.max(0)))
}

/// How much of an invoice each of its lines bears; `None` where it does not count: it names nothing, a line twice, what
/// is no line, a line that its author's payer pays already, or asks for more than the lines cost. A second payer pays
/// only by agreed shares. What was credited in full, as far as its author knew, is free again.
fn bears<'a>(
    ground: &Ground<'a>,
    versions: &Versions,
    counting: &[Billed<'a>],
    node: Node<'a>,
    body: &bodies::Invoice,
) -> Option<BTreeMap<FactRef, i64>> {
    if body.lines.is_empty() || body.amount.minor <= 0 {
        return None;
    }
    let liability = each!(ground, SetLiability).filter(|(set, _)| ground.knows(node, *set)).last();
    let is_shared = liability.is_some_and(|(_, set)| set.case == Liability::Joint && is_settled(set.case, &set.shares));
    let stands = |other: &&Billed<'a>| {
        credited(ground, other.node, other.body, |credit| ground.knows(node, credit)) < other.body.amount.minor
    };
    let before: Vec<&Billed<'a>> = counting.iter().filter(stands).collect();
    let mut parts = BTreeMap::new();
    let (mut rest, mut all_there) = (body.amount.minor, true);
    for line in &body.lines {
        let root = versions.root(*line);
        let mut stated = ground.causality.resolve(*line).peekable();
        let arrived = stated.peek().is_some();
        let cost = stated.find_map(line_of).map(|entry| {
            let cost = entry.line.amount.as_ref().filter(|cost| cost.currency == body.amount.currency);
            cost.map_or(0, |cost| cost.minor.max(0))
        });
        let others = || before.iter().filter(|other| other.parts.contains_key(&root));
        let again = others().any(|other| !is_shared || payer(other.body) == payer(body));
        if again || (arrived && cost.is_none()) || parts.contains_key(&root) {
            return None;
        }
        all_there &= arrived;
        let taken =
            others().filter_map(|other| other.parts.get(&root)).fold(0_i64, |sum, part| sum.saturating_add(*part));
        let part = cost.map_or(0, |cost| cost.saturating_sub(taken).clamp(0, rest));
        rest = rest.saturating_sub(part);
        parts.insert(root, part);
    }
    // A line that has not arrived may cost anything.
    (rest == 0 || !all_there).then_some(parts)
}

/// Which lines took the place of which.
struct Versions {
    roots: BTreeMap<FactRef, FactRef>,
}

impl Versions {
    fn new(ground: &Ground<'_>) -> Self {
        let mut versions = Self { roots: BTreeMap::new() };
        for (node, body) in each!(ground, ReplaceLine) {
            let root = versions.root(body.line);
            versions.roots.insert(node.id().reference(), root);
        }
        versions
    }

    /// The first version of a line.
    fn root(&self, line: FactRef) -> FactRef {
        self.roots.get(&line).copied().unwrap_or(line)
    }

    /// Every version.
    fn of(&self, root: FactRef) -> BTreeSet<FactRef> {
        let later = self.roots.iter().filter(|(_, first)| **first == root).map(|(line, _)| *line);
        core::iter::once(root).chain(later).collect()
    }
}

/// R7: a line was taken back, judged as free or made cheaper while it was billed, or its shares were open: the
/// accountant gives it back, or says that it stands.
fn doubtful<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    counting: &[Billed<'a>],
    (lines, billable): (&[LineView], &BTreeMap<String, i64>),
) {
    let open = |billed: &Billed<'a>| {
        let credited = credited(ground, billed.node, billed.body, |_| true);
        billed.body.amount.minor.saturating_sub(credited).max(0)
    };
    let mut total: BTreeMap<&str, i64> = BTreeMap::new();
    for billed in counting {
        let sum = total.entry(billed.body.amount.currency.as_str()).or_insert(0);
        *sum = sum.saturating_add(open(billed));
        let currency = billed.body.amount.currency.as_str();
        let named = |line: &&LineView| billed.body.lines.contains(&line.at.fact.reference());
        let charge = |line: &LineView| {
            let charge = line.charge.as_ref().filter(|charge| line.billable && charge.currency == currency);
            charge.map_or(0, |charge| charge.minor)
        };
        let gone = billed.body.lines.iter().any(|wanted| {
            let mut under = lines.iter().filter(|line| line.at.fact.reference() == *wanted).peekable();
            under.peek().is_some() && under.all(|line| !line.billable)
        });
        let there = billed.body.lines.iter().all(|wanted| lines.iter().any(|line| line.at.fact.reference() == *wanted));
        let cost = lines.iter().filter(named).map(charge).fold(0_i64, i64::saturating_add);
        let known = each!(ground, SetLiability).filter(|(set, _)| ground.knows(billed.node, *set)).last();
        let shares_open = known.is_some_and(|(_, set)| !is_settled(set.case, &set.shares));
        let dear = there && (cost < open(billed) || billable.get(currency).copied().unwrap_or(0) < *sum);
        if !(gone || dear || shares_open) {
            continue;
        }
        let terms = terms(ReviewKind::InvoiceDoubtful);
        if open(billed) == 0 {
            findings.lapse(ground, &terms, &[billed.node], Rule::R7);
            continue;
        }
        let (value, rule, message) = ("doubtful", Rule::R7, "explain.invoice_doubtful");
        findings.explain(Because { field: "invoice", value, rule, pair: None, message }, &[], &[billed.node]);
        findings.raise(ground, &terms, &[billed.node], rule);
    }
}
