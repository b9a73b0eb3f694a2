//! The fourteen invariants of lifecycle 4.6 by their numbers, against a whole company. What one order's facts can
//! show is in [`docket_sync_core::lifecycle::invariants`]; here it is asked of every order after every step that
//! touched it, and what lies across orders, phones and the office is asked at rest.

use std::collections::{BTreeMap, BTreeSet};

use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::dispatch::DispatchRecord;
use docket_server::dispatch::rules::Pointer;
use docket_server::log::LogRecord;
use docket_server::store::{KeyRange, Store, Table, record};
use docket_sync_core::facts::{Author, Class, Fact, FactBody, FactKind};
use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::lifecycle::invariants as of_one_order;
use docket_sync_core::lifecycle::view::{OrderState, OrderView, ReviewStatus, VoucherFacet};
use docket_sync_core::lifecycle::{FactSet, Language, explain, fold, known_to};

use super::checks;
use super::company::Company;
use super::hostile::FORGED_NAME;
use super::ledger::names;
use crate::world::Trouble;

/// The pointer's row in the table of dispatch (`schemas/log-office.md`).
const POINTER: &[u8] = b"p";
/// Records of the log read at once.
const PAGE: usize = 512;

/// What must hold of one order at the office whenever something was added to it.
pub(super) fn of_an_order(company: &mut Company, order: DocumentId) -> Result<OrderView, Trouble> {
    let field = checks::facts_at_office(company, order)?;
    let facts = company.both(order)?;
    let view = OrderView::clone(&*company.view(order)?);
    invariant_02_no_loss(company, &facts, &view)?;
    invariant_04_monotone_signature(company, order, &view)?;
    invariant_05_billing_safety(company, &facts, &view)?;
    invariant_06_single_holder(company, &view)?;
    invariant_08_cancel_safety(company, &view, &facts)?;
    invariant_09_rotation_names_everybody(company, &view)?;
    invariant_10_review_liveness(company, &view)?;
    invariant_11_sla_purity(company, &facts, &view)?;
    invariant_12_period_immutability(company, order, &facts, &view)?;
    invariant_14_least_data(company, &field)?;
    Ok(view)
}

/// What must hold of the whole company at rest, beside what holds of every order and every phone.
pub(super) fn at_rest(company: &Company) -> Result<(), Trouble> {
    invariant_03_no_rejection(company)?;
    invariant_07_register(company)?;
    invariant_09_rotation_is_a_fold(company)?;
    invariant_11_callbacks_count_from_the_field(company)?;
    for index in 0..company.phones.len() {
        invariant_14_a_phone_holds_its_scope(company, index)?;
    }
    Ok(())
}

fn broken(company: &Company, rule: &'static str, problems: &[String]) -> Result<(), Trouble> {
    if problems.is_empty() { Ok(()) } else { company.broken(rule, problems.join("; ")) }
}

/// 1. With the same facts a phone shows what the office shows, explanations included; they came another way, in
/// another order, some of them twice. (`FactSet` and `fold` against shuffled delivery: laws of the core.)
pub(super) fn invariant_01_convergence(company: &mut Company, index: usize) -> Result<(), Trouble> {
    // An older program shows what it knows, and no more.
    let orders = if company.office.is_older() { Vec::new() } else { company.phone(index).orders()? };
    for order in orders {
        let shown = company.phone(index).device.show(order)?;
        let office = checks::facts_at_office(company, order)?;
        // An order that began in a fact which was refused is on its phone alone.
        if office.is_empty() || names(&shown.facts) != names(&office) {
            continue;
        }
        let view = company.view_of_field(order, &office)?;
        if shown.view != *view {
            let told = format!("order {order} on phone {index}:\n{:#?}\nat the office:\n{view:#?}", shown.view);
            return company.broken("invariant_01_convergence", told);
        }
        for language in Language::ALL {
            let (here, there) = (explain(&shown.view, &shown.facts, *language), explain(&view, &office, *language));
            if format!("{here:?}") != format!("{there:?}") {
                return company.broken("invariant_01_convergence", format!("{order} is explained in two ways"));
            }
        }
    }
    Ok(())
}

/// 1. The office's own view, kept up job by job, is the fold of its facts.
pub(super) fn invariant_01_kept_up(company: &Company, order: DocumentId) -> Result<(), Trouble> {
    let facts = company.both(order)?;
    if fold(&facts) == *company.view(order)? {
        return Ok(());
    }
    company.broken("invariant_01_convergence", format!("the office's own view of {order} is not the fold of its facts"))
}

/// 2. Every accepted fact is readable, and sums of lines and cash are those of the facts. (That the documents hold
/// what the log holds: `the_log_is_whole`.)
fn invariant_02_no_loss(company: &Company, facts: &FactSet, view: &OrderView) -> Result<(), Trouble> {
    broken(company, "invariant_02_no_loss", &of_one_order::no_loss(facts, view))
}

/// 3. There is no outcome "your work was discarded": what a phone shows as not accepted lies at the office whole, or
/// a person has decided about it. (An office that went back lost its quarantine; the phone still shows the fact.)
fn invariant_03_no_rejection(company: &Company) -> Result<(), Trouble> {
    if company.ledger.office_went_back {
        return Ok(());
    }
    let store: &dyn Store = company.office.store.as_ref();
    let mut kept = BTreeSet::new();
    for (_, value) in Tables::scan(store, Table::Quarantine, &KeyRange::all(), usize::MAX)? {
        let entry: QuarantineEntry = record::decode("quarantine", &value)?;
        kept.insert((entry.document, entry.record.actor, entry.record.sequence, entry.record.bytes));
    }
    for (index, phone) in company.phones.iter().enumerate() {
        for entry in phone.device.client.replica().journal().filter(|entry| entry.refused.is_some()) {
            let record = &entry.record;
            // It entered since: after an upgrade, or let in by a person, while the order was in nobody's scope.
            let shown = phone.device.show(entry.document)?;
            let entered = shown.refused.iter().any(|refused| {
                let name = (entry.document, refused.fact.digest);
                refused.fact.id == entry.id() && company.ledger.in_log.contains_key(&name)
            });
            if !entered && !kept.contains(&(entry.document, record.actor, record.sequence, record.bytes.clone())) {
                let told = format!("phone {index}: {:?} was refused and lies nowhere", entry.id());
                return company.broken("invariant_03_no_rejection", told);
            }
        }
    }
    Ok(())
}

/// 4. A signature that was there is there, covers no less, and is not rejected afterwards. (That it verifies without
/// us is asked when it is made.)
fn invariant_04_monotone_signature(company: &mut Company, order: DocumentId, view: &OrderView) -> Result<(), Trouble> {
    let Some(before) = company.ledger.shown.insert(order, view.clone()) else { return Ok(()) };
    let mut problems = of_one_order::monotone_signature(&before, view);
    let rejected = view.signatures.iter().filter(|signature| signature.rejected && signature.name != FORGED_NAME);
    problems.extend(rejected.map(|signature| format!("the good signature {} is rejected", signature.at.fact)));
    broken(company, "invariant_04_monotone_signature", &problems)
}

/// 5. What is billable was covered or agreed to, and is billed once. (Invoices are facts of the office's books.)
fn invariant_05_billing_safety(company: &Company, facts: &FactSet, view: &OrderView) -> Result<(), Trouble> {
    broken(company, "invariant_05_billing_safety", &of_one_order::billing_safety(facts, view))
}

/// 6. Goods have one holder, or an explicit conflict. (Across orders: the ledgers'.)
fn invariant_06_single_holder(company: &Company, view: &OrderView) -> Result<(), Trouble> {
    broken(company, "invariant_06_single_holder", &of_one_order::single_holder(view))
}

/// 7. Two orders never show one number, however often the office went back; where it never did, no number of
/// a year is left out; and an order whose voucher was booked back is struck off once.
fn invariant_07_register(company: &Company) -> Result<(), Trouble> {
    let mut shown: BTreeMap<String, DocumentId> = BTreeMap::new();
    let mut years: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for order in company.orders_at_the_office()? {
        let view = company.view(order)?;
        let facts = checks::facts_at_office(company, order)?;
        let booked = facts.iter().any(|fact| fact.kind() == Some(FactKind::ReturnVoucher));
        if booked != (view.voucher == VoucherFacet::Returned) {
            return company.broken("invariant_07_register", format!("the voucher of {order} is {}", view.voucher));
        }
        let Some(serial) = view.request.as_ref().and_then(|request| request.serial.clone()) else { continue };
        if let Some((year, number)) = serial.rsplit_once('-') {
            years.entry(year.to_owned()).or_default().extend(number.parse::<u64>());
        }
        if let Some(other) = shown.insert(serial.clone(), order) {
            return company.broken("invariant_07_register", format!("{other} and {order} both show {serial}"));
        }
    }
    let gap = years.iter().find(|(_, numbers)| {
        let last = numbers.last().copied().unwrap_or(0);
        u64::try_from(numbers.len()).unwrap_or(0) != last
    });
    match gap.filter(|_| !company.ledger.office_went_back) {
        Some((year, numbers)) => company.broken("invariant_07_register", format!("{year}: {numbers:?}")),
        None => Ok(()),
    }
}

/// 8. No order with a DONE unknown to the canceller is ever cancelled.
fn invariant_08_cancel_safety(company: &Company, view: &OrderView, facts: &FactSet) -> Result<(), Trouble> {
    broken(company, "invariant_08_cancel_safety", &of_one_order::cancel_safety(view))?;
    if view.state != OrderState::Cancelled {
        return Ok(());
    }
    let withdrawn = |done: &Fact| {
        facts.iter().any(|fact| match fact.body() {
            FactBody::WithdrawOwn(withdraw) => withdraw.fact == done.id.reference() && !view.void.contains(&fact.id),
            _ => false,
        })
    };
    let done = facts.iter().filter(|fact| matches!(fact.body(), FactBody::OutcomeDone(_)) && !withdrawn(fact));
    for done in done.filter(|done| !view.void.contains(&done.id)) {
        let aware = view.cancels.iter().any(|cancel| known_to(facts, cancel.at.fact).get(done.id).is_some());
        let knew_of_the_cancel =
            view.cancels.iter().any(|cancel| known_to(facts, done.id).get(cancel.at.fact).is_some());
        if !aware && !knew_of_the_cancel {
            let told = format!("order {} is cancelled although {:?} was done", facts.document(), done.id);
            return company.broken("invariant_08_cancel_safety", told);
        }
    }
    Ok(())
}

/// 9. Every dispatch took a turn of the rotation or has a reason; whoever was passed over is named with his. (Who
/// must be named: a property of `dispatch::rules`.)
fn invariant_09_rotation_names_everybody(company: &Company, view: &OrderView) -> Result<(), Trouble> {
    let wrong = view.assignments.iter().find(|assignment| {
        let himself = assignment.skipped.iter().any(|skip| skip.technician == assignment.technician);
        himself
            || (assignment.turn.is_none()
                && assignment.reason.is_none()
                && assignment.by != Author::Person(assignment.technician))
    });
    match wrong {
        Some(assignment) => company.broken("invariant_09_rotation", format!("{assignment:?}")),
        None => Ok(()),
    }
}

/// 9. The pointer is the fold of what dispatch has entered in the log.
fn invariant_09_rotation_is_a_fold(company: &Company) -> Result<(), Trouble> {
    let store: &dyn Store = company.office.store.as_ref();
    let (mut pointer, mut number) = (Pointer::default(), 0);
    loop {
        let page = store.log_after(number, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        number = *last;
        for (_, entry) in page {
            let LogRecord::Office { feature, bytes, .. } = entry.record else { continue };
            if feature == docket_server::dispatch::records::FEATURE {
                pointer = pointer.apply(minicbor::decode::<DispatchRecord>(&bytes)?.step());
            }
        }
    }
    let kept: Pointer = store.read(Table::Dispatch, POINTER)?.unwrap_or_default();
    if kept == pointer {
        return Ok(());
    }
    company.broken("invariant_09_rotation", format!("kept {kept:?}, the log gives {pointer:?}"))
}

/// 10. Each open review has an owner who can decide it, and a limit with a default, or it blocks.
fn invariant_10_review_liveness(company: &Company, view: &OrderView) -> Result<(), Trouble> {
    broken(company, "invariant_10_review_liveness", &of_one_order::review_liveness(view))?;
    let technician = docket_sync_core::facts::Role::Technician;
    let nobody = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open).find(|review| {
        review.owner != technician && !company.people.iter().any(|(_, roles)| roles.contains(&review.owner))
    });
    match nobody {
        Some(review) => company.broken("invariant_10_review_liveness", format!("{review:?}")),
        None => Ok(()),
    }
}

/// 11. Every moment that shows is the field time of the fact that it names. The service clocks of 4.7 are not
/// computed yet; what is, the callback's, is asked below.
fn invariant_11_sla_purity(company: &Company, facts: &FactSet, view: &OrderView) -> Result<(), Trouble> {
    broken(company, "invariant_11_sla_purity", &of_one_order::sla_purity(facts, view))
}

/// 11. A callback counts from when the work was done, whenever the office came to know (C-198).
fn invariant_11_callbacks_count_from_the_field(company: &Company) -> Result<(), Trouble> {
    let store: &dyn Store = company.office.store.as_ref();
    for order in company.orders_at_the_office()? {
        let (Some(callback), Some(done)) =
            (docket_server::callbacks::records::get(store, order)?, company.view(order)?.completed)
        else {
            continue;
        };
        if callback.completion.fact == done.fact.reference() && callback.completion.at != done.lo {
            let told = format!("order {order}: {:?}, done at {}", callback.completion, done.lo);
            return company.broken("invariant_11_sla_purity", told);
        }
    }
    Ok(())
}

/// 12. A number that the register gave out stays the order's: it shows, or an entry of the register explains the
/// suffix; and what comes in after a close raises an amendment. (Published sheets are not built yet.)
fn invariant_12_period_immutability(
    company: &mut Company,
    order: DocumentId,
    facts: &FactSet,
    view: &OrderView,
) -> Result<(), Trouble> {
    let late = view.closed.map(|close| late(facts, view, close.fact)).unwrap_or_default();
    broken(company, "invariant_12_period_immutability", &of_one_order::period_immutability(view, &late))?;
    let stated = facts.iter().find_map(|fact| match fact.body() {
        FactBody::RegisterCall(call) if !view.void.contains(&fact.id) => call.serial.clone(),
        _ => None,
    });
    let Some(stated) = stated else { return Ok(()) };
    let given = company.ledger.given.entry(order).or_insert_with(|| stated.clone()).clone();
    let shown = view.request.as_ref().and_then(|request| request.serial.clone()).unwrap_or_default();
    let renumbered = facts.iter().any(|fact| fact.kind() == Some(FactKind::Renumber));
    if stated == given && (shown == given || (renumbered && shown.starts_with(&given))) {
        return Ok(());
    }
    company.broken("invariant_12_period_immutability", format!("order {order} was {given}, is {stated}, shows {shown}"))
}

/// Physical facts that the close that counts did not know.
fn late(facts: &FactSet, view: &OrderView, close: FactId) -> Vec<FactId> {
    let known = known_to(facts, close);
    let taken_back: BTreeSet<_> = facts
        .iter()
        .filter(|fact| !view.void.contains(&fact.id))
        .filter_map(|fact| match fact.body() {
            FactBody::WithdrawOwn(withdraw) => Some(withdraw.fact),
            _ => None,
        })
        .collect();
    let physical = |fact: &&Fact| fact.kind().is_some_and(|kind| kind.class() == Class::Physical);
    let late = facts.iter().filter(physical).map(|fact| fact.id);
    let stands = |id: &FactId| !view.void.contains(id) && !taken_back.contains(&id.reference());
    late.filter(|id| stands(id) && known.get(*id).is_none()).collect()
}

/// 14. An order's document holds field facts only: what a technician never reads is in none of them.
fn invariant_14_least_data(company: &Company, facts: &FactSet) -> Result<(), Trouble> {
    broken(company, "invariant_14_least_data", &of_one_order::least_data(facts))
}

/// 14. A phone holds, open to reading, what is in its technician's scope and nothing else.
fn invariant_14_a_phone_holds_its_scope(company: &Company, index: usize) -> Result<(), Trouble> {
    let Some(phone) = company.phones.get(index).filter(|phone| !phone.is_revoked) else { return Ok(()) };
    let store: &dyn Store = company.office.store.as_ref();
    for (order, row) in phone.device.client.list()? {
        let scopes = store.meta(order)?.map(|meta| meta.scopes).unwrap_or_default();
        let is_refused = phone.device.client.replica().journal().any(|entry| entry.document == order);
        if !row.evicted && !is_refused && !scopes.contains(&phone.device.person) {
            return company.broken("invariant_14_least_data", format!("phone {index} can read order {order}"));
        }
    }
    Ok(())
}
