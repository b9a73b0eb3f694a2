//! The promises of sync.md while a history goes on, each checked after the steps that may break it. The invariants of
//! lifecycle.md 4.6 are in `invariants`, what must hold in the end in `rest`.

use std::collections::{BTreeMap, BTreeSet};

use docket_client::client::Shown;
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Store, Table, record};
use docket_sync_core::document::FactReader;
use docket_sync_core::facts::{Fact, FactBody, Origin, SeenRef, StatedFact};
use docket_sync_core::ids::{DocumentId, FactId, FactRef};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::voucher::copy::verify_copy;
use docket_sync_core::voucher::shown_facts;

use super::company::Company;
use super::invariants;
use super::ledger::FactName;
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
        let own = phone.own.entry(name.0).or_default();
        // Acknowledged at this number or before it.
        own.number = company.ledger.read;
        own.facts.insert(name);
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
    let is_doubled = phone.is_doubled || phone.is_ahead;
    let is_explained = is_doubled || company.ledger.office_was_rolled_back;
    if differences > 0 && !is_explained {
        let differing = company.differing()?;
        let told = format!("phone {index} saw {differences} different digests that no loss explains{differing}");
        return company.broken("digests_agree", told);
    }
    if verified == Some(true) {
        invariants::invariant_01_convergence(company, index)?;
    }
    Ok(())
}

/// Evict never drops work: what a phone stated stays on it until the office has it in a backup, also when the order
/// left its scope.
fn own_work_is_kept(company: &mut Company, index: usize) -> Result<(), Trouble> {
    company.phone(index).note_what_it_reads()?;
    let number = company.number(index);
    let Some(phone) = company.phones.get(number).filter(|phone| !phone.is_revoked) else { return Ok(()) };
    let ledger = &company.ledger;
    let is_safe = |name: &FactName| ledger.in_backup.contains(name) || ledger.discarded.contains(name);
    let gone = phone.own.iter().find(|(order, own)| {
        !own.facts.iter().all(is_safe) && !phone.device.client.replica().keeps(**order).unwrap_or(false)
    });
    match gone {
        Some((order, own)) => {
            let told = phone.device.client.status().backed_up_to;
            let told = format!("phone {index} dropped order {order}, backed up to {told}, stated at {}", own.number);
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
    let is_cloned = company.is_cloned(index);
    // An order that began ahead of the office's clock, or of its program, and what was stated on it since.
    let is_begun = |code: &QuarantineCode| matches!(code, QuarantineCode::TimeAhead | QuarantineCode::NewerKind);
    let begun_ahead: BTreeSet<DocumentId> =
        refused.iter().filter(|(_, _, code)| is_begun(code)).map(|(order, ..)| *order).collect();
    for (order, fact, code) in refused {
        let shown = company.phone(index).device.show(order).ok();
        let stated = shown.and_then(|shown| shown.refused.into_iter().find(|refused| refused.fact.id == fact));
        let was_ahead = stated.is_some_and(|refused| company.ledger.was_ahead(refused.fact.time, refused.fact.lo()));
        let is_excused = match code {
            QuarantineCode::TimeAhead => was_ahead,
            // Stated before the office went back to an older program: it waits for the upgrade.
            QuarantineCode::NewerKind => company.office.is_older() || company.ledger.office_was_older,
            // A person left it out before its order came, where nothing can be said to its phone.
            QuarantineCode::UnknownDocument => begun_ahead.contains(&order) || is_decided(company, order, fact)?,
            // The time of an order's id lies further ahead than any clock may.
            QuarantineCode::Malformed => was_ahead,
            // Two phones print the numbers of one block: the office asks a person about the second receipt.
            QuarantineCode::UsedNumber => is_cloned,
            _ => false,
        };
        if !is_excused {
            return company.broken("nothing_legitimate_is_refused", format!("{fact:?} of order {order}: {code}"));
        }
    }
    Ok(())
}

/// Whether a person has decided about a change in quarantine.
pub(super) fn is_decided(company: &Company, order: DocumentId, fact: FactId) -> Result<bool, Trouble> {
    let place = (order, fact.actor, fact.sequence);
    let of = |entry: &QuarantineEntry| (entry.document, entry.record.actor, entry.record.sequence);
    Ok(quarantine(company)?.iter().any(|entry| of(entry) == place && entry.decided.is_some()))
}

/// Facts that lie at the office and wait for a person, since its clock went back or its program was older when they
/// came, and what stands behind them.
pub(super) fn waiting_at_the_office(company: &Company) -> Result<BTreeSet<FactName>, Trouble> {
    let (clock, older) = (company.ledger.office_clock_low.is_some(), company.ledger.office_was_older);
    let store: &dyn Store = company.office.store.as_ref();
    let (mut waiting, mut readers) = (BTreeSet::new(), BTreeMap::new());
    for entry in quarantine(company)? {
        let (document, actor) = (entry.document, entry.record.actor);
        let known = store.meta(document)?.and_then(|meta| meta.firsts.get(&actor).cloned());
        let reader = readers.entry((document, actor)).or_insert_with(|| match known {
            Some(first) => FactReader::starting_with(document, actor, first),
            None => FactReader::new(document),
        });
        let waits = match entry.code {
            Some(QuarantineCode::TimeAhead | QuarantineCode::UnknownDocument | QuarantineCode::Malformed) => clock,
            Some(QuarantineCode::NewerKind) => older,
            None => clock || older,
            Some(_) => false,
        };
        // What is no fact has no name.
        if let Ok(fact) = reader.read(&entry.record)
            && waits
        {
            waiting.insert((document, fact.digest));
        }
    }
    Ok(waiting)
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

fn quarantine(company: &Company) -> Result<Vec<QuarantineEntry>, Trouble> {
    let store: &dyn Store = company.office.store.as_ref();
    let rows = Tables::scan(store, Table::Quarantine, &KeyRange::all(), usize::MAX)?;
    Ok(rows.iter().map(|(_, value)| record::decode("quarantine", value)).collect::<Result<_, _>>()?)
}

/// at once: the office lost what a phone had stated, and the phone, which was restored or copied, states
/// something else in its place. Somebody who still has the first brings it back: its place is taken, its maker knows
/// nothing of it, and a person decides (a fact and its twin, and what stood behind the fact).
pub(super) fn lost_twins(company: &Company) -> Result<BTreeSet<FactName>, Trouble> {
    let entries = quarantine(company)?;
    let is_twin = |entry: &QuarantineEntry| entry.code == Some(QuarantineCode::TwoContents);
    let mut twins = BTreeSet::new();
    for entry in &entries {
        let (document, actor) = (entry.document, entry.record.actor);
        let is_behind = entry.code.is_none()
            && entries.iter().any(|other| {
                is_twin(other)
                    && (other.document, other.record.actor) == (document, actor)
                    && other.record.sequence < entry.record.sequence
            });
        let store: &dyn Store = company.office.store.as_ref();
        let first = store.meta(document)?.and_then(|meta| meta.firsts.get(&actor).cloned());
        let Some(first) = first.filter(|_| is_twin(entry) || is_behind) else { continue };
        let is_double = |phone: &super::phone::Phone| {
            phone.is_doubled && matches!(first.origin, Some(Origin::Device { device, .. }) if device == phone.id())
        };
        if company.phones.iter().any(is_double) {
            let mut reader = FactReader::starting_with(document, actor, first.clone());
            twins.insert((document, reader.read(&entry.record)?.digest));
        }
    }
    Ok(twins)
}

/// Promise 3: what was refused is not thrown away. What the office has acknowledged and did not let in lies in quarantine,
/// byte for byte, also after a crash, until a person decides about it.
pub(super) fn what_is_refused_lies_whole(company: &Company) -> Result<(), Trouble> {
    let ledger = &company.ledger;
    if ledger.sent.is_empty() {
        return Ok(());
    }
    let kept: BTreeSet<_> = quarantine(company)?
        .into_iter()
        .map(|entry| (entry.document, entry.record.actor, entry.record.bytes))
        .collect();
    let gone = ledger.sent.iter().find(|(name, record)| {
        let is_decided = ledger.in_log.contains_key(name) || ledger.discarded.contains(name);
        !is_decided && !kept.contains(&(name.0, record.actor, record.bytes.clone()))
    });
    match gone {
        Some((name, record)) => {
            let told = format!("{record:?} of order {} was acknowledged and lies nowhere", name.0);
            company.broken("what_is_refused_lies_whole", told)
        }
        None => Ok(()),
    }
}

/// The phones of the device that made a change in quarantine; who carried it here may have had it from them.
fn makers<'a>(
    company: &'a Company,
    entries: &[QuarantineEntry],
    entry: &QuarantineEntry,
) -> Result<Vec<&'a super::phone::Phone>, Trouble> {
    let place = (entry.document, entry.record.actor);
    let store: &dyn Store = company.office.store.as_ref();
    let known = store.meta(entry.document)?.and_then(|meta| meta.maker(entry.record.actor));
    let stated = || {
        let mut of_actor = entries.iter().filter(|other| (other.document, other.record.actor) == place);
        of_actor.find_map(|other| match StatedFact::from_bytes(&other.record.bytes).ok()?.statement.origin? {
            Origin::Device { device, .. } => Some(device),
            Origin::Server { .. } => None,
        })
    };
    let maker = known.or_else(stated).unwrap_or(entry.device);
    Ok(company.phones.iter().filter(|phone| phone.id() == maker).collect())
}

/// Promise 3: what lies in quarantine was not to enter, lies there whole, and says why.
pub(super) fn quarantine_is_for_the_hostile(company: &Company) -> Result<(), Trouble> {
    let entries = quarantine(company)?;
    let has_lost_twins = !lost_twins(company)?.is_empty();
    let is_ahead = |entry: &QuarantineEntry| entry.code == Some(QuarantineCode::TimeAhead);
    let went_back = company.ledger.office_clock_low.is_some();
    let is_newer =
        |entry: &QuarantineEntry| entry.code == Some(QuarantineCode::NewerKind) && company.ledger.office_was_older;
    let begun_ahead: BTreeSet<DocumentId> =
        entries.iter().filter(|entry| is_ahead(entry) || is_newer(entry)).map(|entry| entry.document).collect();
    for entry in &entries {
        let sender = company.phones.iter().filter(|phone| phone.id() == entry.device);
        let makers = makers(company, &entries, entry)?;
        let is_excused = sender.chain(makers.iter().copied()).any(|phone| phone.is_rogue || phone.is_revoked);
        let is_printed_twice = entry.code == Some(QuarantineCode::UsedNumber) && makers.len() > 1;
        let began = entry.code == Some(QuarantineCode::UnknownDocument) && begun_ahead.contains(&entry.document);
        // Its order's id lies further ahead than any clock may.
        let is_far = entry.code == Some(QuarantineCode::Malformed);
        let is_early = is_newer(entry) || (went_back && (is_ahead(entry) || is_far)) || began;
        let is_twin = entry.code == Some(QuarantineCode::TwoContents) && has_lost_twins;
        // Left out by a person before its order came.
        let is_left_out = entry.code == Some(QuarantineCode::UnknownDocument) && entry.decided.is_some();
        if !is_excused && !is_left_out && !is_printed_twice && !is_early && !is_twin && entry.code.is_some() {
            let told = format!("{:?} of order {} by an honest phone: {:?}", entry.record, entry.document, entry.code);
            return company.broken("quarantine_is_for_the_hostile", told);
        }
    }
    Ok(())
}
