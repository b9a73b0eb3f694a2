//! The end of a history: faults stop, everybody meets, and within a bounded number of rounds all is at rest and
//! equal (liveness). Then what must hold in the end is checked.

use std::collections::BTreeSet;

use docket_server::commit::Tables;
use docket_server::log::LogRecord;
use docket_server::store::{KeyRange, Store, Table};
use docket_sync_core::document::FactReader;
use docket_sync_core::facts::SCHEMA_LEVEL;
use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::proof::{chain_next, chain_start};
use docket_sync_core::reference::ReferenceRecord;
use docket_sync_core::sync::frames::{QuarantineCode, StopCode};
use docket_sync_core::time::MINUTE;

use super::company::Company;
use super::ledger::names;
use super::network::Step;
use super::phone::Phone;
use super::{Violation, checks, invariants};
use crate::world::Trouble;

/// Rounds in which everybody syncs once until nothing may be new.
const ROUNDS_MAX: usize = 12;
/// Messages of a sync without news: one, or a few when a copy of the phone, or whoever sent a recorded message again,
/// has used up its nonce.
const QUIET_MESSAGES_MAX: u64 = 3;
/// Bytes, both ways, of a sync without news.
const QUIET_BYTES_MAX: usize = 600;
/// Records of the log read at once.
const PAGE: usize = 512;

impl Company {
    /// Faults stop and everything comes to rest; then everything that must hold is checked.
    pub(super) fn come_to_rest(&mut self) -> Result<(), Trouble> {
        self.faults_stop()?;
        let newcomer = Phone::new(self.enrol(self.technicians.first().copied().ok_or("a technician")?)?, false);
        newcomer.device.clock.pass(MINUTE);
        self.phones.push(newcomer);
        self.everybody_meets()?;
        cost_follows_what_changed(self)?;
        every_phone_is_as_the_office(self)?;
        every_fact_is_at_the_office(self)?;
        the_log_is_whole(self)?;
        checks::quarantine_is_for_the_hostile(self)?;
        checks::what_is_refused_lies_whole(self)?;
        invariants::at_rest(self)?;
        let mut pairs = BTreeSet::new();
        for order in self.orders_at_the_office()? {
            invariants::invariant_01_kept_up(self, order)?;
            let view = invariants::of_an_order(self, order)?;
            pairs.extend(view.explanations.iter().filter_map(|explanation| explanation.pair));
        }
        self.coverage.pairs(&pairs);
        let kinds = self.ledger.kinds.clone();
        self.coverage.kinds(&kinds);
        Ok(())
    }

    fn faults_stop(&mut self) -> Result<(), Trouble> {
        self.office.level = SCHEMA_LEVEL;
        self.ledger.shown.clear();
        self.wire.late.clear();
        self.office.set_full(false);
        self.office.start()?;
        self.ledger.follow(&self.office)?;
        for index in 0..self.phones.len() {
            let phone = self.phone(index);
            (phone.one_way, phone.page) = (None, None);
            // A plan of a crash that never struck goes with the copy.
            phone.hang_up();
            let disk = phone.device.backup();
            phone.device.restore(disk)?;
        }
        Ok(())
    }

    fn everybody_meets(&mut self) -> Result<(), Trouble> {
        let (mut told, mut before) = (String::new(), 0);
        for _ in 0..ROUNDS_MAX {
            before = self.ledger.read;
            told.clear();
            for index in 0..self.phones.len() {
                let step = self.sync(index)?;
                let phone = self.phone(index);
                if phone.is_revoked || step == Step::Stopped(StopCode::Revoked) {
                    continue;
                }
                let status = phone.device.client.status();
                // Behind what the office was brought before its clock went back, it waits for a person with that.
                let may_wait =
                    self.ledger.office_clock_low.is_some() && !checks::waiting_at_the_office(self)?.is_empty();
                let is_pending = status.pending.is_some() && !may_wait;
                if step != Step::Done || status.verified != Some(true) || is_pending {
                    told = format!("phone {index}: {step:?}, {status:?}");
                }
            }
            self.confirm_the_forgotten()?;
            self.office.pass(2 * MINUTE);
            self.tidy()?;
            self.react()?;
            if told.is_empty() && self.ledger.read == before {
                return Ok(());
            }
        }
        let told = if told.is_empty() {
            let store: &dyn Store = self.office.store.as_ref();
            let last = store.log_after(before, PAGE)?;
            let last: Vec<_> = last.into_iter().map(|(_, entry)| entry.record).collect();
            format!("the log goes on and on: {last:?}")
        } else {
            format!("{told}{}", self.differing()?)
        };
        Err(Violation::new("everything_converges", told).into())
    }

    /// What the phones and the office have differently, in words.
    pub(super) fn differing(&self) -> Result<String, Trouble> {
        let store: &dyn Store = self.office.store.as_ref();
        let mut told = String::new();
        for (index, phone) in self.phones.iter().enumerate() {
            for order in phone.orders()? {
                let (here, there) =
                    (phone.device.show(order)?.facts.len(), checks::facts_at_office(self, order)?.len());
                if here != there {
                    told.push_str(&format!(
                        "\n    order {order}: {here} facts on phone {index}, {there} at the office"
                    ));
                }
            }
            for record in phone.device.client.replica().references()? {
                let there = Tables::get(store, Table::Reference, &record.id.0)?;
                let there =
                    there.map(|bytes| ReferenceRecord::from_bytes(&bytes)).transpose()?.map(|there| there.version);
                if there != Some(record.version) {
                    let (id, kind, version) = (record.id, record.content.kind(), record.version);
                    told.push_str(&format!(
                        "\n    record {id} {kind:?}: version {version} on phone {index}, {there:?} there"
                    ));
                }
            }
        }
        Ok(told)
    }

    pub(super) fn orders_at_the_office(&self) -> Result<Vec<DocumentId>, Trouble> {
        let store: &dyn Store = self.office.store.as_ref();
        let rows = Tables::scan(store, Table::DocumentMeta, &KeyRange::all(), usize::MAX)?;
        let documents = rows.iter().filter_map(|(key, _)| DocumentId::from_slice(key));
        let orders = documents.filter_map(|document| self.order_of(document).transpose());
        Ok(orders.collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect())
    }

    /// The order that a document is of: itself, or the one whose office facts it holds.
    pub(super) fn order_of(&self, document: DocumentId) -> Result<Option<DocumentId>, Trouble> {
        let store: &dyn Store = self.office.store.as_ref();
        Ok(store.meta(document)?.map(|meta| meta.companion_of.unwrap_or(document)))
    }
}

/// Promise 6: where nothing changed, a sync is a few messages of a size that does not depend on the number of
/// documents.
fn cost_follows_what_changed(company: &mut Company) -> Result<(), Trouble> {
    for index in 0..company.phones.len() {
        if company.phone(index).is_revoked {
            continue;
        }
        let (messages, bytes) = (company.coverage.messages, company.bytes);
        company.sync(index)?;
        let messages = company.coverage.messages.saturating_sub(messages);
        let bytes = company.bytes.saturating_sub(bytes);
        if messages > QUIET_MESSAGES_MAX || bytes > QUIET_BYTES_MAX {
            let told = format!("phone {index} has nothing new and needs {messages} messages, {bytes} bytes");
            return company.broken("cost_follows_what_changed", told);
        }
    }
    Ok(())
}

/// Promise 4: every phone holds exactly what the office has for it, and shows the same. Invariant 14: and nothing
/// that is not in its scope.
fn every_phone_is_as_the_office(company: &mut Company) -> Result<(), Trouble> {
    for index in 0..company.phones.len() {
        if company.phone(index).is_revoked {
            continue;
        }
        for (order, row) in company.phone(index).device.client.list()? {
            let shown = company.phone(index).device.show(order)?;
            // It left the scope, or never was in it, and is shown for what was refused of it.
            let is_kept = company.phone(index).device.client.replica().keeps(order)?;
            if (row.evicted || !is_kept) && !shown.refused.is_empty() {
                continue;
            }
            let office = checks::facts_at_office(company, order)?;
            // What waits behind something that a person has to decide about is not there yet.
            let mut here = names(&shown.facts);
            here.retain(|(id, _)| !shown.unsent.contains(id));
            if here != names(&office) {
                let told = format!(
                    "order {order} on phone {index} (evicted {}, kept {is_kept}) has {} facts, at the office {}; {:?}",
                    row.evicted,
                    shown.facts.len(),
                    office.len(),
                    company.phone(index).device.client.status()
                );
                return company.broken("everything_converges", told);
            }
        }
        invariants::invariant_01_convergence(company, index)?;
    }
    Ok(())
}

/// Promises 1 and 5; invariant 13 where the office went back (heal), else invariant 2: every fact that somebody stated
/// and that was not lost with all who held it is in the office's documents, or its phone says why not.
fn every_fact_is_at_the_office(company: &Company) -> Result<(), Trouble> {
    let ledger = &company.ledger;
    let mut refused = BTreeSet::new();
    for (index, phone) in company.phones.iter().enumerate() {
        let is_cloned = company.is_cloned(index);
        let all = phone.device.client.status().refused;
        let newer: BTreeSet<DocumentId> = all
            .iter()
            .filter(|(_, _, code)| *code == QuarantineCode::NewerKind && ledger.office_was_older)
            .map(|(order, ..)| *order)
            .collect();
        for (order, fact, code) in all {
            let by_clock = matches!(code, QuarantineCode::TimeAhead | QuarantineCode::UnknownDocument);
            // Behind a change that was stated again under another actor it waits for a person after the upgrade, too.
            let is_newer =
                newer.contains(&order) && matches!(code, QuarantineCode::NewerKind | QuarantineCode::UnknownDocument);
            let is_printed_twice = code == QuarantineCode::UsedNumber && is_cloned;
            let is_ahead = by_clock && ledger.office_clock_low.is_some();
            let is_explained = phone.is_revoked || is_newer || is_printed_twice || is_ahead;
            if is_explained || checks::is_decided(company, order, fact)? {
                refused.insert((order, fact));
            }
        }
    }
    // What newly arrives from a revoked phone waits for a person's decision: an office that lost it, too.
    let mut revoked = BTreeSet::new();
    for phone in company.phones.iter().filter(|phone| phone.is_revoked) {
        revoked.extend(if ledger.office_went_back {
            phone.holds()?
        } else {
            phone.waiting.values().copied().collect()
        });
    }
    let mut twins = checks::lost_twins(company)?;
    twins.extend(checks::waiting_at_the_office(company)?);
    for name in ledger.alive.iter().filter(|name| !ledger.in_log.contains_key(name) && !twins.contains(name)) {
        let Some(fact) = ledger.honest.get(name) else { continue };
        if !refused.contains(&(name.0, *fact)) && !revoked.contains(name) {
            let told =
                format!("{fact:?} of order {} is nowhere at the office;{}", name.0, who_has(company, name.0, *fact));
            let rule = if ledger.office_went_back { "invariant_13_heal" } else { "no_fact_is_lost" };
            return company.broken(rule, told);
        }
    }
    Ok(())
}

/// What the phones say about a fact.
fn who_has(company: &Company, order: DocumentId, fact: FactId) -> String {
    let mut told = String::new();
    for (index, phone) in company.phones.iter().enumerate() {
        let Ok(shown) = phone.device.show(order) else { continue };
        let refused = shown.refused.iter().find(|refused| refused.fact.id == fact);
        if let Some(refused) = refused {
            let (body, code) = (refused.fact.body(), refused.code);
            told.push_str(&format!(" refused on phone {index} with {code:?}, rogue {}: {body:?}", phone.is_rogue));
        } else if let Some(kept) = shown.facts.get(fact) {
            let is_unsent = shown.unsent.contains(&fact);
            told.push_str(&format!(" on phone {index}, unsent {is_unsent}: {:?}", kept.body()));
        }
    }
    told
}

/// The log is one chain from its beginning, and the documents hold exactly its facts (invariant 2).
fn the_log_is_whole(company: &Company) -> Result<(), Trouble> {
    let store: &dyn Store = company.office.store.as_ref();
    let mut chain = chain_start(company.office.office.identity.store);
    let mut number = 0_u64;
    let mut documents: std::collections::BTreeMap<DocumentId, (FactReader, FactSet)> =
        std::collections::BTreeMap::new();
    loop {
        let page = store.log_after(number, PAGE)?;
        if page.is_empty() {
            break;
        }
        for (at, entry) in page {
            chain = chain_next(chain, at, &entry.record.to_bytes());
            if at != number.saturating_add(1) || chain != entry.chain {
                return company.broken("the_log_is_whole", format!("record {at} does not follow record {number}"));
            }
            number = at;
            if let LogRecord::Fact(fact) = entry.record {
                let document = fact.document;
                let (reader, facts) =
                    documents.entry(document).or_insert_with(|| (FactReader::new(document), FactSet::new(document)));
                let fact = reader.read(&docket_server::commit::tables::to_record(fact))?;
                facts.insert(fact);
            }
        }
    }
    for (document, (_, facts)) in documents {
        if names(&facts) != names(&checks::facts_at_office(company, document)?) {
            return company.broken("the_log_is_whole", format!("the document of order {document} is not its log"));
        }
    }
    Ok(())
}
