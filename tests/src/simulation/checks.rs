//! What must hold while a history goes on: one function a promise (sync.md) or an invariant (lifecycle.md 4.6), run
//! after the steps that may break it. What must hold in the end is in `rest`.

use docket_client::client::Shown;
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Store, Table, record};
use docket_sync_core::facts::{Fact, FactBody, SeenRef};
use docket_sync_core::ids::{DocumentId, FactId, FactRef};
use docket_sync_core::lifecycle::view::{OrderState, OrderView, ReviewStatus};
use docket_sync_core::lifecycle::{FactSet, fold, known_to};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::voucher::copy::verify_copy;
use docket_sync_core::voucher::shown_facts;

use super::company::Company;
use super::ledger::names;
use crate::world::Trouble;

/// Promise 1: what left a phone's journal as acknowledged is in the office's log.
pub(super) fn what_is_acknowledged_is_durable(company: &mut Company, index: usize) -> Result<(), Trouble> {
    let number = company.number(index);
    let Some(phone) = company.phones.get_mut(number) else { return Ok(()) };
    let replica = phone.device.client.replica();
    let still: std::collections::BTreeSet<FactId> =
        replica.journal().map(docket_client::replica::JournalEntry::id).collect();
    let gone: Vec<_> =
        phone.waiting.iter().filter(|(id, _)| !still.contains(id)).map(|(id, name)| (*id, *name)).collect();
    for (id, name) in gone {
        phone.waiting.remove(&id);
        if !company.ledger.in_log.contains_key(&name) && !company.ledger.discarded.contains(&name) {
            let told = format!("{id:?} of order {} left the journal of phone {number} and is in no log", name.0);
            return company.broken("what_is_acknowledged_is_durable", told);
        }
        // Acknowledged at this number or before it.
        phone.own.insert(name.0, company.ledger.read);
    }
    Ok(())
}

/// Promise 1: after a crash the log still goes up to what anybody was told, and says the same there.
pub(super) fn nothing_that_left_is_gone(company: &Company) -> Result<(), Trouble> {
    let store: &dyn Store = company.office.store.as_ref();
    let entry = store.log_entry(company.ledger.read)?;
    if company.ledger.read > 0 && entry.map(|entry| entry.chain) != company.ledger.chain {
        let told = format!("log record {} was told to somebody and did not outlive a crash", company.ledger.read);
        return company.broken("what_is_acknowledged_is_durable", told);
    }
    Ok(())
}

/// What must hold on a phone whose sync came to its end.
pub(super) fn after_a_sync(company: &mut Company, index: usize) -> Result<(), Trouble> {
    nothing_legitimate_is_refused(company, index)?;
    own_work_is_kept(company, index)?;
    a_cursor_is_of_this_log(company, index)?;
    let phone = company.phone(index);
    let (verified, differences) = (phone.device.client.status().verified, phone.device.client.status().differences);
    let is_doubled = phone.is_doubled;
    if differences > 0 && !is_doubled && !company.ledger.office_went_back {
        let told = format!("phone {index} saw {differences} different digests, and nothing was lost");
        return company.broken("digests_agree", told);
    }
    if verified == Some(true) {
        folds_agree(company, index)?;
    }
    Ok(())
}

/// Evict never drops work: what a phone stated stays on it until the office says that it is in a backup, also when
/// the order left its scope.
fn own_work_is_kept(company: &mut Company, index: usize) -> Result<(), Trouble> {
    let phone = company.phone(index);
    if phone.is_revoked {
        return Ok(());
    }
    let backed_up_to = phone.device.client.status().backed_up_to;
    let gone = phone.own.iter().find(|(order, number)| {
        **number > backed_up_to && !phone.device.client.replica().keeps(**order).unwrap_or(false)
    });
    let gone = gone.map(|(order, number)| (*order, *number));
    match gone {
        Some((order, number)) => {
            let told = format!("phone {index} dropped order {order}, backed up to {backed_up_to}, stated at {number}");
            company.broken("own_work_is_kept", told)
        }
        None => Ok(()),
    }
}

/// Promise 2: what a person did legitimately is never refused.
pub(super) fn nothing_legitimate_is_refused(company: &mut Company, index: usize) -> Result<(), Trouble> {
    let phone = company.phone(index);
    if phone.is_rogue || phone.is_revoked {
        return Ok(());
    }
    let refused = phone.device.client.status().refused;
    for (order, fact, code) in refused {
        let shown = company.phone(index).device.show(order).ok();
        let stated = shown.and_then(|shown| shown.refused.into_iter().find(|refused| refused.fact.id == fact));
        let was_ahead = stated.is_some_and(|refused| company.ledger.was_ahead(refused.fact.time, refused.fact.lo()));
        if code != QuarantineCode::TimeAhead || !was_ahead {
            return company.broken("nothing_legitimate_is_refused", format!("{fact:?} of order {order}: {code}"));
        }
    }
    Ok(())
}

/// A cursor is of the log that the office has now: a disk that was rolled back does not go unnoticed.
fn a_cursor_is_of_this_log(company: &mut Company, index: usize) -> Result<(), Trouble> {
    let phone = company.phone(index);
    let Some(cursor) = phone.device.client.replica().cursor() else { return Ok(()) };
    let store: &dyn Store = company.office.store.as_ref();
    let entry = store.log_entry(cursor.number)?;
    let now = entry.map(|entry| {
        docket_sync_core::sync::cursor::Cursor::new(company.office.office.identity.epoch, cursor.number, entry.chain)
    });
    if now == Some(cursor) {
        return Ok(());
    }
    company.broken("a_cursor_is_of_this_log", format!("phone {index} stands at {cursor:?}, the log there is {now:?}"))
}

/// Invariant 1: with the same facts, a phone shows what the office shows, explanations included.
pub(super) fn folds_agree(company: &mut Company, index: usize) -> Result<(), Trouble> {
    let orders = company.phone(index).orders()?;
    for order in orders {
        let shown = company.phone(index).device.show(order)?;
        let office = facts_at_office(company, order)?;
        if names(&shown.facts) != names(&office) {
            continue;
        }
        let view = company.view(order)?;
        if shown.view != *view {
            let told = format!("order {order} on phone {index}:\n{:#?}\nat the office:\n{view:#?}", shown.view);
            return company.broken("folds_agree", told);
        }
    }
    Ok(())
}

/// The facts of an order in the office's document.
pub(super) fn facts_at_office(company: &Company, order: DocumentId) -> Result<FactSet, Trouble> {
    Ok(company
        .office
        .run(move |writer| Ok(writer.order(order)?.map_or_else(|| FactSet::new(order), |order| order.facts.clone())))?)
}

/// Knowledge is stated, not inferred: a fact names the frontier of the page that its author had before him.
pub(super) fn a_fact_says_what_its_author_was_shown(
    company: &Company,
    shown: &Shown,
    fact: &Fact,
) -> Result<(), Trouble> {
    let before = FactId { actor: fact.id.actor, sequence: fact.id.sequence.saturating_sub(1) }.reference();
    let mut said: Vec<FactRef> = fact
        .content
        .seen
        .iter()
        .map(|seen| match seen {
            SeenRef::Previous => before,
            SeenRef::Fact(fact) => *fact,
        })
        .collect();
    let mut shown: Vec<FactRef> = shown.view.frontier.iter().map(FactId::reference).collect();
    said.sort_unstable();
    shown.sort_unstable();
    if said == shown {
        return Ok(());
    }
    company.broken("a_fact_says_what_its_author_was_shown", format!("said {said:?}, shown {shown:?}"))
}

/// Invariant 4: a signature covers what the customer was shown, and his copy verifies without us.
pub(super) fn a_signature_covers_what_was_shown(
    company: &mut Company,
    index: usize,
    shown: &Shown,
    fact: &Fact,
) -> Result<(), Trouble> {
    let FactBody::SignDocument(sign) = fact.body() else { return Ok(()) };
    let covered: Vec<FactRef> = shown_facts(&shown.view).iter().map(FactId::reference).collect();
    let client = &company.phone(index).device.client;
    let now = client.show(shown.id)?;
    let copy = client.customer_copy(&now, fact.id)?;
    let passed = copy
        .is_some_and(|copy| verify_copy(&copy.to_bytes(), Some(client.replica().certificate().fingerprint())).passed());
    if sign.covered == covered && passed {
        return Ok(());
    }
    let told = format!("covered {:?}, shown {covered:?}, verifies: {passed}", sign.covered);
    company.broken("a_signature_covers_what_was_shown", told)
}

/// What must hold of every order at the office, whatever state it is in.
pub(super) fn of_every_order(company: &Company, order: DocumentId, facts: &FactSet) -> Result<OrderView, Trouble> {
    let view = fold(facts);
    if view != *company.view(order)? {
        return company.broken("folds_agree", format!("the office's own view of {order} is not the fold of its facts"));
    }
    cancels_are_safe(company, &view, facts)?;
    reviews_live(company, &view)?;
    lines_add_up(company, &view)?;
    dispatch_has_reasons(company, &view)?;
    Ok(view)
}

/// Invariant 8: no order with a DONE unknown to the canceller is ever cancelled.
fn cancels_are_safe(company: &Company, view: &OrderView, facts: &FactSet) -> Result<(), Trouble> {
    if view.state != OrderState::Cancelled {
        return Ok(());
    }
    let withdrawn = |done: &Fact| {
        facts.iter().any(|fact| match fact.body() {
            FactBody::WithdrawOwn(withdraw) => withdraw.fact == done.id.reference(),
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
            return company.broken("cancels_are_safe", told);
        }
    }
    Ok(())
}

/// Invariant 10: each open review has an owner who can decide it, and a limit with a default, or it blocks.
fn reviews_live(company: &Company, view: &OrderView) -> Result<(), Trouble> {
    for review in view.reviews.iter().filter(|review| review.status == ReviewStatus::Open) {
        let decided = company.people.iter().any(|(_, roles)| roles.contains(&review.owner));
        let ends = review.due.is_some() || review.blocking;
        if !decided || !ends || !review.choices.contains(&review.default) {
            return company.broken("reviews_live", format!("{review:?}"));
        }
    }
    Ok(())
}

/// Invariant 2: what may be billed is the sum of lines that count.
fn lines_add_up(company: &Company, view: &OrderView) -> Result<(), Trouble> {
    let mut sums: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    for line in view.lines.iter().filter(|line| line.billable) {
        if let Some(amount) = &line.line.amount {
            let sum = sums.entry(amount.currency.clone()).or_insert(0);
            *sum = sum.saturating_add(amount.minor);
        }
    }
    if sums == view.billable {
        return Ok(());
    }
    company.broken("lines_add_up", format!("lines give {sums:?}, the view says {:?}", view.billable))
}

/// Invariant 9: every dispatch has a turn of the rotation or a reason, and each passed man has one.
fn dispatch_has_reasons(company: &Company, view: &OrderView) -> Result<(), Trouble> {
    let wrong = view.assignments.iter().find(|assignment| assignment.turn.is_none() && assignment.reason.is_none());
    match wrong {
        Some(assignment) => company.broken("dispatch_has_reasons", format!("{assignment:?}")),
        None => Ok(()),
    }
}

/// Promise 3: what lies in quarantine was not to enter, lies there whole, and says why.
pub(super) fn quarantine_is_for_the_hostile(company: &Company) -> Result<(), Trouble> {
    let store: &dyn Store = company.office.store.as_ref();
    for (_, value) in Tables::scan(store, Table::Quarantine, &KeyRange::all(), usize::MAX)? {
        let entry: QuarantineEntry = record::decode("quarantine", &value)?;
        let sender = company.phones.iter().filter(|phone| phone.id() == entry.device);
        let is_excused = sender.clone().any(|phone| phone.is_rogue || phone.is_revoked);
        let is_ahead = entry.code == Some(QuarantineCode::TimeAhead) && company.ledger.office_clock_low.is_some();
        if !is_excused && !is_ahead && entry.code.is_some() {
            let told = format!("{:?} of order {} by an honest phone: {:?}", entry.record, entry.document, entry.code);
            return company.broken("quarantine_is_for_the_hostile", told);
        }
    }
    Ok(())
}
