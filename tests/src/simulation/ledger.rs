//! What was said and promised in a history, kept apart from the product: the checks compare the product with it.

use std::collections::{BTreeMap, BTreeSet};

use docket_server::commit::Tables;
use docket_server::log::LogRecord;
use docket_sync_core::document::{FactReader, Record};
use docket_sync_core::facts::{Fact, FactBody, FactKind};
use docket_sync_core::ids::{Digest, DocumentId, FactId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::sync::frames::RecordSet;
use docket_sync_core::time::UnixMillis;

use super::Violation;
use super::office::OfficeSide;
use crate::world::Trouble;

/// A fact by its content: the same one under every statement of it.
pub(super) type FactName = (DocumentId, Digest);

/// The facts of a set by name.
pub(super) fn names(facts: &docket_sync_core::lifecycle::FactSet) -> BTreeSet<(FactId, Digest)> {
    facts.iter().map(|fact| (fact.id, fact.digest)).collect()
}

/// Records of the log that are read at once.
const PAGE: usize = 256;

/// What is known about a history from outside.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Every fact that somebody stated who may, and its identity.
    pub(super) honest: BTreeMap<FactName, FactId>,
    /// Those that must exist somewhere.
    pub(super) alive: BTreeSet<FactName>,
    /// What the office's log holds.
    pub(super) in_log: BTreeMap<FactName, FactId>,
    /// What its last backup holds.
    pub(super) in_backup: BTreeSet<FactName>,
    /// What a supervisor discarded: its phone has heard of it and lets go.
    pub(super) discarded: BTreeSet<FactName>,
    /// What the rogue sent past his library and the office acknowledged: it is in the log or in quarantine.
    pub(super) sent: Vec<(FactName, Record)>,
    /// Kinds that entered the log in this history.
    pub(super) kinds: BTreeSet<FactKind>,
    /// How far the log was read, and its chain value there.
    pub(super) read: u64,
    pub(super) chain: Option<Digest>,
    readers: BTreeMap<DocumentId, FactReader>,
    /// What is stated and what enters, in words, where somebody wants to read it.
    pub(super) story: Option<Vec<String>>,
    /// Orders with facts that were not looked at yet.
    pub(super) touched: BTreeSet<DocumentId>,
    /// Every order as it was last looked at.
    pub(super) shown: BTreeMap<DocumentId, OrderView>,
    /// The number that each order was given first.
    pub(super) given: BTreeMap<DocumentId, String>,
    /// The earliest time that the office's clock showed after it went back by more than the gate tolerates.
    pub(super) office_clock_low: Option<UnixMillis>,
    /// Whether the office ran an older program for a while.
    pub(super) office_was_older: bool,
    /// Whether its disk was rolled back and nobody told it: of a log that was lost like that numbers come again.
    pub(super) office_was_rolled_back: bool,
    /// Whether the office went back to an earlier state of its disk.
    pub(super) office_went_back: bool,
}

impl Ledger {
    /// Somebody stated a fact, durably.
    pub(super) fn state(&mut self, document: DocumentId, fact: &Fact) {
        self.honest.insert((document, fact.digest), fact.id);
        self.alive.insert((document, fact.digest));
        self.tell("states", document, fact);
    }

    fn tell(&mut self, what: &str, document: DocumentId, fact: &Fact) {
        if let Some(story) = &mut self.story {
            let (id, author, seen, body) = (fact.id, &fact.author, &fact.content.seen, fact.body());
            story.push(format!("{what} {id} of {document} by {author}, seen {seen:?}: {body:?}"));
        }
    }

    /// Whether a fact of this time may have been ahead of the office's clock, which went back.
    pub(super) fn was_ahead(&self, time: UnixMillis, lo: UnixMillis) -> bool {
        self.office_clock_low.is_some_and(|low| time.max(lo) > low)
    }

    /// Reads what is new in the office's log. What a device brought must have been stated by somebody who may.
    pub(super) fn follow(&mut self, office: &OfficeSide) -> Result<(), Trouble> {
        let durable = office.durable();
        let store: &dyn docket_server::store::Store = office.store.as_ref();
        while self.read < durable.number {
            for (number, entry) in store.log_after(self.read, PAGE)? {
                if number > durable.number {
                    break;
                }
                (self.read, self.chain) = (number, Some(entry.chain));
                if let LogRecord::Fact(fact) = entry.record {
                    let document = fact.document;
                    let record =
                        Record { actor: fact.actor, sequence: fact.sequence, time: fact.time, bytes: fact.bytes };
                    self.enter(document, &record, fact.carried_by.is_some())?;
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, document: DocumentId, record: &Record, is_carried: bool) -> Result<(), Trouble> {
        let reader = self.readers.entry(document).or_insert_with(|| FactReader::new(document));
        let fact = reader.read(record)?;
        let name = (document, fact.digest);
        if !self.honest.contains_key(&name) {
            if is_carried {
                let told = format!("{:?} by {} entered {document}", fact.kind(), fact.author);
                return Err(Violation::new("what_nobody_may_write_never_enters", told).into());
            }
            self.honest.insert(name, fact.id);
        }
        self.tell("enters", document, &fact);
        self.alive.insert(name);
        self.kinds.extend(fact.kind());
        self.touched.insert(document);
        match fact.body() {
            // Let in by a supervisor: the fact that it contains counts as its author's.
            FactBody::Admit(admit) => {
                if let Some(contained) = admit.fact(document) {
                    self.in_log.insert((document, contained.digest), contained.id);
                    self.honest.insert((document, contained.digest), contained.id);
                }
            }
            FactBody::Discard(discard) => {
                self.alive.remove(&(document, discard.digest));
                self.discarded.insert((document, discard.digest));
            }
            _ => {}
        }
        self.in_log.insert(name, fact.id);
        Ok(())
    }

    /// The office acknowledged these records, which it has no reason to let in.
    pub(super) fn acknowledged(&mut self, records: &RecordSet) -> Result<(), Trouble> {
        for (document, records) in records.unpack()? {
            for record in records {
                let fact = FactReader::new(document).read(&record)?;
                self.sent.push(((document, fact.digest), record));
            }
        }
        Ok(())
    }

    /// The office took a backup of all that its log holds.
    pub(super) fn backed_up(&mut self) {
        self.in_backup = self.in_log.keys().copied().collect();
    }

    /// The office went back to an earlier state of its disk: the log is read from its beginning, and of the facts
    /// only those must exist that it has or that `held` says some phone has.
    pub(super) fn went_back(&mut self, office: &OfficeSide, held: &BTreeSet<FactName>) -> Result<(), Trouble> {
        self.read = 0;
        self.chain = None;
        self.in_log.clear();
        self.readers.clear();
        self.shown.clear();
        self.touched.clear();
        // Nobody has it any more.
        self.sent.clear();
        self.office_went_back = true;
        self.follow(office)?;
        self.forget_except(held);
        Ok(())
    }

    /// Something was lost with a device: of the facts only those must exist that the office has or that `held` says.
    pub(super) fn forget_except(&mut self, held: &BTreeSet<FactName>) {
        let in_log = &self.in_log;
        self.alive.retain(|name| in_log.contains_key(name) || held.contains(name));
    }
}
