//! Deciding about the quarantine: a supervisor lets a refused fact in, or leaves it out for good (lifecycle 4.4).
//!
//! What is held behind a refused change is its maker's to state again; where he does not come back it is decided about
//! like that one, once that one is decided. What would be refused by itself is not
//! held; what the gate could not look at can only be left out. Whoever comes back nevertheless states the same facts, which count once.

use docket_sync_core::document::{FactReader, FirstStatement};
use docket_sync_core::facts::bodies::{Admit, Discard};
use docket_sync_core::facts::{Author, Fact, FactBody, FactKind, Head, Origin, Role, StatedFact};
use docket_sync_core::ids::{ActorId, DeviceId, DocumentId, FactId, PersonId};
use docket_sync_core::limits;
use docket_sync_core::sync::frames::QuarantineCode;

use super::error::CommitError;
use super::keys;
use super::quarantine::{Decided, QuarantineEntry};
use super::state::Statement;
use super::tables::Tables;
use super::writer::Writer;
use crate::log::LogRecord;
use crate::store::{KeyRange, Table, record};

/// Contents for the first place of one chain that are looked at.
const FIRSTS_MAX: usize = 16;

/// A refused fact, whole.
struct Refused {
    fact: Fact,
    content_bytes: Vec<u8>,
}

impl Writer {
    /// Lets the fact under `key` of the quarantine in: the supervisor states a fact that contains it whole, its
    /// author, time and `seen` included; every replica takes it as its author's.
    ///
    /// # Errors
    /// No such entry; it was decided already, waits behind one that was not, or is no fact whose author is known; its
    /// order is not known and it does not begin one; no reason.
    pub fn admit_refused(&mut self, key: &[u8], by: PersonId, reason: &str) -> Result<FactId, CommitError> {
        let entry = self.undecided(key)?;
        check_reason(reason)?;
        let code = self.reason_of(&entry)?.ok_or_else(|| not_possible("what it waits for has not come"))?;
        let refused = self.refused_fact(&entry)?.ok_or_else(|| not_possible("it is not the form of a fact"))?;
        if entry.code.is_none() && entry.good.is_none() {
            return Err(not_possible("it waits behind another, and its proof was not good or could not be looked at"));
        }
        let begins = refused.fact.kind().is_some_and(FactKind::begins_order);
        if !begins && self.order(entry.document)?.is_none() {
            return Err(not_possible("its order is not known here, and it does not begin one"));
        }
        let Refused { fact, content_bytes } = refused;
        let body = Admit::of(&fact, &content_bytes, code, reason.to_owned());
        if body.fact(entry.document).is_none() {
            return Err(not_possible("it is not a fact that can be let in"));
        }
        let stated = self.state_decision(entry.document, by, body.into())?;
        self.pass_over_before(entry.document, &fact)?;
        self.keep_decision(key, entry, Decided { admitted: true, by, reason: reason.to_owned(), at: self.now() })?;
        Ok(stated)
    }

    /// Leaves what lies under `key` of the quarantine out for good. Its bytes stay, with the reason.
    ///
    /// # Errors
    /// No such entry, it was decided already, it waits behind one that was not, or no reason.
    pub fn discard_refused(&mut self, key: &[u8], by: PersonId, reason: &str) -> Result<(), CommitError> {
        let entry = self.undecided(key)?;
        check_reason(reason)?;
        self.reason_of(&entry)?;
        // Its author's device hears of it where there is an order to say it in and a fact to speak of. What was held only
        // is no fact that its device takes for refused: it states it again when it comes.
        if let (Some(code), Some(Refused { fact, .. }), true) =
            (entry.code, self.refused_fact(&entry)?, self.order(entry.document)?.is_some())
        {
            let FactId { actor, sequence } = fact.id;
            let body = Discard { actor, sequence, digest: fact.digest, code, reason: reason.to_owned() };
            self.state_decision(entry.document, by, body.into())?;
        }
        self.keep_decision(key, entry, Decided { admitted: false, by, reason: reason.to_owned(), at: self.now() })
    }

    fn undecided(&self, key: &[u8]) -> Result<QuarantineEntry, CommitError> {
        let entry: Option<QuarantineEntry> = self.read(Table::Quarantine, key)?;
        let entry = entry.ok_or(CommitError::NotFound { what: "this change in quarantine" })?;
        if entry.decided.is_some() {
            return Err(CommitError::AlreadyDone { what: "deciding about this change" });
        }
        Ok(entry)
    }

    fn state_decision(&mut self, document: DocumentId, by: PersonId, body: FactBody) -> Result<FactId, CommitError> {
        let head = Head { role: Some(Role::Supervisor), ..Head::default() };
        self.state(document, Statement { author: Author::Person(by), head, body, seen: None })
    }

    fn keep_decision(&mut self, key: &[u8], mut entry: QuarantineEntry, decided: Decided) -> Result<(), CommitError> {
        self.weigh(&entry, u64::saturating_sub)?;
        let Decided { admitted, by, reason, at } = decided.clone();
        let (document, actor, sequence) = (entry.document, entry.record.actor, entry.record.sequence);
        entry.decided = Some(decided);
        self.write(Table::Quarantine, key, &entry);
        self.log(&LogRecord::Decided { document, actor, sequence, admitted, by, reason, at });
        Ok(())
    }

    /// Why an entry is out: its own reason, or where it is held that of the refused change in front of it. `None` where
    /// what it waits for never came.
    fn reason_of(&self, entry: &QuarantineEntry) -> Result<Option<QuarantineCode>, CommitError> {
        let mut reason = entry.code;
        if reason.is_some() {
            return Ok(reason);
        }
        let chain = KeyRange::prefix(keys::chain(entry.document, entry.record.actor));
        for (_, value) in self.scan(Table::Quarantine, &chain, limits::QUARANTINE_ITEMS_PER_DEVICE_MAX)? {
            let before: QuarantineEntry = record::decode("quarantine entry", &value)?;
            if before.record.sequence >= entry.record.sequence {
                break;
            }
            if before.decided.is_none() {
                return Err(not_possible("it waits behind another: decide about that one first"));
            }
            reason = before.code.or(reason);
        }
        Ok(reason)
    }

    /// The fact of an entry, where its bytes are one and its author is known: stated in it, or by the first fact of
    /// its actor, here or in quarantine.
    fn refused_fact(&mut self, entry: &QuarantineEntry) -> Result<Option<Refused>, CommitError> {
        let Ok(stated) = StatedFact::from_bytes(&entry.record.bytes) else { return Ok(None) };
        let (actor, document) = (entry.record.actor, entry.document);
        let known = self.order(document)?.and_then(|order| order.meta.firsts.get(&actor).cloned());
        let first = match entry.good.clone().or(known) {
            Some(first) => Some(first),
            None => self.refused_first(document, actor)?,
        };
        if first.is_none() && stated.statement.author.is_none() {
            return Ok(None);
        }
        let first = first.unwrap_or_else(|| FirstStatement { origin: None, author: stated.statement.author.clone() });
        let content_bytes = stated.content_bytes.clone();
        let fact = FactReader::starting_with(document, actor, first).resolve(&entry.record, stated);
        Ok(Some(Refused { fact, content_bytes }))
    }

    /// What the first fact of an actor states that lies in quarantine itself; the actor is the digest of its origin.
    /// Of several the one that the actor's own device carried here: who brings another could name another author.
    fn refused_first(&self, document: DocumentId, actor: ActorId) -> Result<Option<FirstStatement>, CommitError> {
        let first = KeyRange::prefix(keys::change(document, actor, 1));
        let mut found = None;
        for (_, value) in self.scan(Table::Quarantine, &first, FIRSTS_MAX)? {
            let entry: QuarantineEntry = record::decode("quarantine entry", &value)?;
            let Ok(stated) = StatedFact::from_bytes(&entry.record.bytes) else { continue };
            let Some(origin) = stated.statement.origin.filter(|origin| origin.actor() == actor) else { continue };
            let is_own = is_of(origin, entry.device);
            if is_own || found.is_none() {
                found = Some(FirstStatement { origin: Some(origin), author: stated.statement.author });
            }
            if is_own {
                break;
            }
        }
        Ok(found)
    }
}

fn is_of(origin: Origin, by: DeviceId) -> bool {
    matches!(origin, Origin::Device { device, .. } if device == by)
}

fn check_reason(reason: &str) -> Result<(), CommitError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > limits::TEXT_BYTES_MAX {
        let problem = format!("say why, in at most {} bytes", limits::TEXT_BYTES_MAX);
        return Err(CommitError::Invalid { field: "reason", code: "missing_field", problem });
    }
    Ok(())
}

fn not_possible(problem: &str) -> CommitError {
    CommitError::Invalid { field: "key", code: "not_admissible", problem: format!("this cannot be let in: {problem}") }
}
