//! The invariants of lifecycle 4.6 as checkers, one function each, named after it. For property tests and for the
//! simulation; behind the feature `scenario`.
//!
//! A checker answers what is wrong, or nothing. Those that lie outside one order (register, rotation, periods, heal,
//! least data) are checked where their data is; here is what one set of facts can show.

use std::collections::{BTreeMap, BTreeSet};

use super::facets::{ConsentState, CustodyView, Holder};
use super::fact_set::FactSet;
use super::messages::Language;
use super::office::InvoiceView;
use super::view::{
    LineStanding, LineView, OrderState, OrderView, Outcome, Review, ReviewKind, SignatureView, VoucherFacet,
};
use super::{explain, fold};
use crate::facts::values::{QuoteLine, ReviewChoice};
use crate::facts::{Class, Fact, FactBody, FactKind, SeenRef};
use crate::ids::FactId;

/// What a checker found wrong.
pub type Broken = Vec<String>;

fn found(invariant: &str, problems: impl IntoIterator<Item = String>) -> Broken {
    problems.into_iter().map(|problem| format!("{invariant}: {problem}")).collect()
}

/// 1. Same facts, same state and explanation, whatever the order of delivery. `shuffled` holds the same facts.
#[must_use]
pub fn convergence(facts: &FactSet, shuffled: &FactSet) -> Broken {
    let (one, other) = (fold(facts), fold(shuffled));
    let mut problems = Vec::new();
    if one != other {
        problems.push("two replicas show different views".to_owned());
    }
    for language in Language::ALL {
        if format!("{:?}", explain(&one, facts, *language)) != format!("{:?}", explain(&other, shuffled, *language)) {
            problems.push(format!("two explanations in {language}"));
        }
    }
    found("convergence", problems)
}

/// 2. Every fact is readable; sums of hours, parts and cash are the sums of line facts minus reversals.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds state no line")]
pub fn no_loss(facts: &FactSet, view: &OrderView) -> Broken {
    let mut problems = Vec::new();
    let lines = facts.iter().filter(|fact| match fact.body() {
        FactBody::RecordLine(_) | FactBody::ReplaceLine(_) => true,
        FactBody::BenchWork(body) => body.line.is_some(),
        _ => false,
    });
    let admitted = facts.iter().any(|fact| fact.kind() == Some(FactKind::Admit));
    if !admitted && lines.count() != view.lines.len() {
        problems.push(format!("{} lines are shown", view.lines.len()));
    }
    if view.facts < facts.len() {
        problems.push(format!("{} of {} facts are counted", view.facts, facts.len()));
    }
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    for fact in facts.iter() {
        if let FactBody::CollectCash(body) = fact.body() {
            let sum = taken.entry(&body.amount.currency).or_insert(0);
            *sum = sum.saturating_add(body.amount.minor);
        }
    }
    // What was taken is in a pocket or was handed in.
    let money = &view.facets.money;
    for currency in money.taken.keys().chain(money.remitted.keys()) {
        let pockets = money.pockets.iter().filter(|((_, of), _)| of == currency);
        let held = pockets.fold(0_i64, |sum, (_, minor)| sum.saturating_add(*minor));
        let sum = |sums: &BTreeMap<String, i64>| sums.get(currency).copied().unwrap_or(0);
        if sum(&money.taken).saturating_sub(sum(&money.remitted)) != held {
            problems.push(format!("{held} {currency} in pockets is not what was taken and not handed in"));
        }
    }
    for (currency, minor) in &view.facets.money.taken {
        if taken.get(currency.as_str()).is_none_or(|stated| stated < minor) {
            problems.push(format!("more {currency} is shown than was collected"));
        }
    }
    found("no_loss", problems)
}

/// 4. A signature that was there with fewer facts is there with more, and covers no less; coverage of lines may shrink
/// only by facts that name them.
#[must_use]
pub fn monotone_signature(less: &OrderView, more: &OrderView) -> Broken {
    let mut problems = Vec::new();
    for signature in &less.signatures {
        // A cloned phone may have signed twice under one identity: the voucher tells them apart.
        let same = |other: &&SignatureView| other.at == signature.at && other.voucher == signature.voucher;
        let later = more.signatures.iter().find(same);
        match later {
            None => problems.push(format!("the signature {} is gone", signature.at.fact)),
            Some(later) if !signature.covered.iter().all(|fact| later.covered.contains(fact)) => {
                problems.push(format!("the signature {} covers less", signature.at.fact));
            }
            Some(_) => {}
        }
    }
    found("monotone_signature", problems)
}

/// 5. What is billable counts, and was covered or agreed to; the sum is not more than its lines. Invoices that count
/// name lines, each once for each payer, and only what is billable, unless the accountant is asked.
#[must_use]
pub fn billing_safety(facts: &FactSet, view: &OrderView) -> Broken {
    let mut problems = Vec::new();
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for line in view.lines.iter().filter(|line| line.billable) {
        if line.standing != LineStanding::Effective {
            problems.push(format!("{} is billable and {}", line.at.fact, line.standing));
        }
        if !line.covered && !is_agreed(facts, view, line) {
            problems.push(format!("{} is billable, and nobody signed for it or agreed to it", line.at.fact));
        }
        if let Some(charge) = &line.charge {
            let sum = sums.entry(&charge.currency).or_insert(0);
            *sum = sum.saturating_add(charge.minor);
            if charge.minor < 0 || line.line.amount.as_ref().is_none_or(|shown| shown.minor < 0) {
                problems.push(format!("{} charges less than nothing", line.at.fact));
            }
        }
    }
    for (currency, minor) in &view.billable {
        if sums.get(currency.as_str()).is_none_or(|sum| sum < minor) {
            problems.push(format!("{minor} {currency} is billable beyond the lines"));
        }
    }
    problems.extend(invoices(view));
    found("billing_safety", problems)
}

/// Whether the customer agreed to the line beside a signature: by a quote that has it for no less, or when he was asked
/// about what he had not signed for. What he agreed to is the line as it was stated, not as somebody corrected it.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds state no line")]
fn is_agreed(facts: &FactSet, view: &OrderView, line: &LineView) -> bool {
    let Some(charge) = &line.charge else { return false };
    let stated = facts.under(line.at.fact).find_map(|fact| match fact.body() {
        FactBody::RecordLine(body) => Some(&body.line),
        FactBody::ReplaceLine(body) => Some(&body.new),
        FactBody::BenchWork(body) => body.line.as_ref(),
        _ => None,
    });
    // Let in by a person, it lies inside another fact.
    let stated = stated.unwrap_or(&line.line);
    let quoted = |quote: &QuoteLine| {
        let key = quote.code.as_deref().unwrap_or(&quote.name);
        let same = stated.code.as_deref() == Some(key) || stated.name == key;
        same && quote.amount.currency == charge.currency && quote.amount.minor >= charge.minor
    };
    let given = view.facets.quotes.iter().filter(|quote| quote.consent == ConsentState::Given);
    let asked = |review: &Review| {
        review.kind == ReviewKind::UncoveredLines
            && review.choice == Some(ReviewChoice::Consented)
            && review.causes.contains(&line.at.fact)
    };
    given.flat_map(|quote| &quote.lines).any(quoted) || view.reviews.iter().any(asked)
}

/// What is wrong with invoices, beside those that the accountant is asked about.
fn invoices(view: &OrderView) -> Vec<String> {
    let mut problems = Vec::new();
    let mut billed = BTreeSet::new();
    for one in &view.office.billed {
        if !billed.insert((one.line, one.payer.as_deref())) {
            problems.push(format!("{} is billed twice", one.line));
        }
    }
    let asked = |invoice: &InvoiceView| {
        let about = |review: &Review| review.causes == [invoice.at.fact];
        view.reviews.iter().any(|review| review.kind == ReviewKind::InvoiceDoubtful && about(review))
    };
    let open = |invoice: &InvoiceView| invoice.amount.minor.saturating_sub(invoice.credited).max(0);
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    for invoice in view.office.invoices.iter().filter(|invoice| !invoice.void) {
        let total = totals.entry(&invoice.amount.currency).or_insert(0);
        *total = total.saturating_add(open(invoice));
        let distinct: BTreeSet<_> = invoice.lines.iter().collect();
        if invoice.lines.is_empty() || distinct.len() != invoice.lines.len() || invoice.amount.minor <= 0 {
            problems.push(format!("{} bills nothing, or a line twice", invoice.at.fact));
        }
        let costs = invoice.lines.iter().map(|named| {
            let mut under = view.lines.iter().filter(|line| line.at.fact.reference() == *named).peekable();
            under.peek().is_some().then(|| under.filter(|line| line.billable).find_map(|line| line.charge.clone()))
        });
        // A line that has not arrived may cost anything.
        let Some(costs) = costs.collect::<Option<Vec<_>>>() else { continue };
        let charged = costs.iter().flatten().filter(|cost| cost.currency == invoice.amount.currency);
        let cost = charged.fold(0_i64, |sum, cost| sum.saturating_add(cost.minor));
        let billable = view.billable.get(&invoice.amount.currency).copied().unwrap_or(0);
        let dear = cost < open(invoice) || (billable < *total && open(invoice) > 0);
        if dear && !asked(invoice) {
            problems.push(format!("{} bills more than its lines cost, and nobody is asked", invoice.at.fact));
        }
    }
    problems
}

/// 6. Goods have one holder, or an explicit conflict with more than one claim.
#[must_use]
pub fn single_holder(view: &OrderView) -> Broken {
    let mut problems = Vec::new();
    let mut held: BTreeMap<&str, Vec<&CustodyView>> = BTreeMap::new();
    for custody in view.facets.custody.iter().filter(|custody| custody.is_open()) {
        if let Holder::Conflict(claims) = &custody.holder
            && claims.iter().collect::<BTreeSet<_>>().len() < 2
        {
            problems.push(format!("{} is a conflict of one", custody.at.fact));
        }
        if let Some(serial) = &custody.goods.serial {
            held.entry(serial).or_default().push(custody);
        }
    }
    // Somebody who takes the same thing again, knowing the first time, holds it once more: no two people may.
    for (serial, custodies) in held {
        let holders = custodies.iter().map(|custody| match &custody.holder {
            Holder::Person(person) => Some(*person),
            Holder::Customer | Holder::Conflict(_) => None,
        });
        let holders: BTreeSet<_> = holders.collect();
        let asked = custodies.iter().all(|custody| {
            let about = |review: &Review| review.causes.contains(&custody.at.fact);
            view.reviews.iter().any(|review| review.kind == ReviewKind::CustodyConflict && about(review))
        });
        if holders.len() > 1 && !asked {
            problems.push(format!("{serial} has {} holders, and nobody is asked", holders.len()));
        }
    }
    found("single_holder", problems)
}

/// 8. An order with an effective DONE is never cancelled or terminated.
#[must_use]
pub fn cancel_safety(view: &OrderView) -> Broken {
    let done = view.visits.iter().find(|visit| matches!(visit.outcome, Some(Outcome::Done { .. })));
    let ended = matches!(view.state, OrderState::Cancelled | OrderState::Terminated);
    found("cancel_safety", done.filter(|_| ended).map(|visit| format!("{} is done and {}", visit.id, view.state)))
}

/// 10. Each review has an owner who may decide it, a limit or blocks, and a default among its choices.
#[must_use]
pub fn review_liveness(view: &OrderView) -> Broken {
    let entitled = FactKind::ResolveReview.right().roles;
    let problems = view.reviews.iter().filter_map(|review| {
        let lives = review.choices.contains(&review.default)
            && (review.due.is_some() || review.blocking)
            && entitled.contains(&review.owner);
        (!lives).then(|| format!("{} has no way to end", review.kind))
    });
    found("review_liveness", problems)
}

/// 11. What the view says about times comes from the facts: every moment is that of the fact it names.
#[must_use]
pub fn sla_purity(facts: &FactSet, view: &OrderView) -> Broken {
    let visits = view.visits.iter().flat_map(|visit| [visit.departed, visit.arrived, visit.started, visit.ended]);
    let moments = visits.flatten().chain(view.completed).chain(view.closed);
    let wrong = moments.filter(|moment| {
        let mut under = facts.under(moment.fact).peekable();
        under.peek().is_some() && under.all(|fact| fact.lo() != moment.lo || fact.time != moment.time)
    });
    found("sla_purity", wrong.map(|moment| format!("{} is not the time of its fact", moment.fact)))
}

/// 12. What was known at a close is not changed by what came later: the close names the same facts, and late ones
/// raise an amendment.
#[must_use]
pub fn period_immutability(view: &OrderView, late: &[FactId]) -> Broken {
    let closed = view.closed.is_some() && view.state == OrderState::Closed;
    let amended = view.reviews.iter().any(|review| review.kind == ReviewKind::Amendment);
    let silent = closed && !late.is_empty() && !amended;
    found("period_immutability", silent.then(|| format!("{} late facts and no amendment", late.len())))
}

/// 14. The order's document holds field facts only.
#[must_use]
pub fn least_data(facts: &FactSet) -> Broken {
    let office = facts.iter().filter(|fact| !fact.is_of_office()).filter_map(|fact| {
        let kind = fact.kind()?;
        (!kind.lies_in(crate::facts::Audience::Field)).then(|| format!("{kind} lies in the order's document"))
    });
    found("least_data", office)
}

/// 14. What concerns the field is the same with and without the companion document: no device misses anything, and
/// none can tell that there is one.
#[must_use]
pub fn field_apart(facts: &FactSet) -> Broken {
    let (field, both) = (fold(&super::companion::field_facts(facts)), fold(facts));
    let mut problems = Vec::new();
    let without_office = OrderView {
        frontier: field.frontier.clone(),
        facts: field.facts,
        updated: field.updated,
        void: field.void.clone(),
        reviews: field.reviews.clone(),
        notices: field.notices.clone(),
        explanations: field.explanations.clone(),
        unknown_facts: field.unknown_facts,
        office: field.office.clone(),
        stated: field.stated.clone(),
        facets: super::facets::Facets {
            approvals: field.facets.approvals.clone(),
            corrections: field.facets.corrections.clone(),
            ..both.facets.clone()
        },
        ..both.clone()
    };
    if without_office != field {
        problems.push("the field looks different at the office".to_owned());
    }
    if !field.void.iter().all(|fact| both.void.contains(fact)) {
        problems.push("a fact is void on devices only".to_owned());
    }
    let same = |one: &Review| both.reviews.iter().any(|other| (other.id, other.status) == (one.id, one.status));
    if !field.reviews.iter().all(same) {
        problems.push("a review of the field stands elsewhere at the office".to_owned());
    }
    if !field.explanations.iter().all(|reason| both.explanations.contains(reason)) {
        problems.push("a reason is given on devices only".to_owned());
    }
    if facts.iter().any(|fact| !fact.is_of_office() && names_office(facts, fact)) {
        problems.push("a field fact names an office fact as seen".to_owned());
    }
    found("field_apart", problems)
}

fn names_office(facts: &FactSet, fact: &Fact) -> bool {
    fact.content.seen.iter().any(|seen| match seen {
        SeenRef::Previous => false,
        SeenRef::Fact(reference) => {
            facts.iter().any(|other| other.is_of_office() && other.id.reference() == *reference)
        }
    })
}

/// 7. The voucher is struck off once, however many clerks do it; every number of a ledger stands for one thing.
#[must_use]
pub fn register(facts: &FactSet, view: &OrderView) -> Broken {
    let mut problems = Vec::new();
    let strikes = facts.iter().filter(|fact| fact.kind() == Some(FactKind::ReturnVoucher)).count();
    let is_struck = view.voucher == VoucherFacet::Returned;
    let said = view.explanations.iter().any(|reason| reason.pair == Some("X-62"));
    if is_struck != (strikes > 0) {
        problems.push(format!("{strikes} strike-offs and the voucher is {}", view.voucher));
    }
    if strikes > 1 && !said {
        problems.push("a second strike-off is not told".to_owned());
    }
    let mut numbers: Vec<&str> = view.facets.numbers.iter().map(|number| number.number.as_str()).collect();
    numbers.sort_unstable();
    if numbers.iter().zip(numbers.iter().skip(1)).any(|(one, other)| one == other) {
        problems.push("one number stands twice".to_owned());
    }
    found("register", problems)
}

/// Physical facts that the close that counts did not know, and nobody withdrew.
#[must_use]
pub fn late_facts(facts: &FactSet, view: &OrderView) -> Vec<FactId> {
    let causality = super::Causality::new(facts);
    let close = view.closed.and_then(|closed| causality.nodes().iter().find(|node| node.id() == closed.fact));
    let Some(close) = close else { return Vec::new() };
    let physical = |fact: &Fact| fact.kind().is_some_and(|kind| kind.class() == Class::Physical);
    let late = causality.nodes().iter().filter(|node| causality.concurrent(**node, *close) && physical(node.fact));
    late.map(super::causality::Node::id).filter(|id| !view.void.contains(id)).collect()
}

/// Every checker that needs one order's facts alone.
#[must_use]
pub fn all(facts: &FactSet) -> Broken {
    let view = fold(facts);
    [
        no_loss(facts, &view),
        billing_safety(facts, &view),
        single_holder(&view),
        cancel_safety(&view),
        review_liveness(&view),
        sla_purity(facts, &view),
        least_data(facts),
        field_apart(facts),
        register(facts, &view),
        period_immutability(&view, &late_facts(facts, &view)),
    ]
    .concat()
}
