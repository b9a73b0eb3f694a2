//! Deciding about the quarantine: a supervisor lets a refused fact in, or leaves it out for good (lifecycle 4.4).

use docket_sync_core::document::{FactReader, FirstStatement};
use docket_sync_core::facts::bodies::{Admit, Discard};
use docket_sync_core::facts::{Author, Fact, FactBody, FactKind, Head, Role, StatedFact};
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::limits;
use docket_sync_core::sync::frames::QuarantineCode;

use super::error::CommitError;
use super::keys;
use super::quarantine::{Decided, QuarantineEntry};
use super::state::Statement;
use super::tables::Tables;
use super::writer::Writer;
use crate::log::LogRecord;
use crate::store::Table;

/// A refused fact, whole.
struct Refused {
    fact: Fact,
    content_bytes: Vec<u8>,
    code: QuarantineCode,
}

impl Writer {
    /// Lets the fact under `key` of the quarantine in: the supervisor states a fact that contains it whole, its
    /// author, time and `seen` included; every replica takes it as its author's.
    ///
    /// # Errors
    /// No such entry; it was decided already, is held only, or is no fact whose author is known; its order is not
    /// known and it does not begin one; no reason.
    pub fn admit_refused(&mut self, key: &[u8], by: PersonId, reason: &str) -> Result<FactId, CommitError> {
        let entry = self.undecided(key)?;
        check_reason(reason)?;
        let refused = self.refused_fact(&entry)?.ok_or_else(|| not_possible("it is not the form of a fact"))?;
        let begins = refused.fact.kind().is_some_and(FactKind::begins_order);
        if !begins && self.order(entry.document)?.is_none() {
            return Err(not_possible("its order is not known here, and it does not begin one"));
        }
        let Refused { fact, content_bytes, code } = refused;
        let body = Admit::of(&fact, &content_bytes, code, reason.to_owned());
        if body.fact(entry.document).is_none() {
            return Err(not_possible("it is not a fact that can be let in"));
        }
        let stated = self.state_decision(entry.document, by, body.into())?;
        self.keep_decision(key, entry, Decided { admitted: true, by, reason: reason.to_owned(), at: self.now() })?;
        Ok(stated)
    }

    /// Leaves what lies under `key` of the quarantine out for good. Its bytes stay, with the reason.
    ///
    /// # Errors
    /// No such entry, it was decided already, or no reason.
    pub fn discard_refused(&mut self, key: &[u8], by: PersonId, reason: &str) -> Result<(), CommitError> {
        let entry = self.undecided(key)?;
        check_reason(reason)?;
        // Its author's device hears of it where there is an order to say it in and a fact to speak of.
        if let (Some(Refused { fact, code, .. }), true) =
            (self.refused_fact(&entry)?, self.order(entry.document)?.is_some())
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

    /// The fact of an entry, where its bytes are one and its author is known: stated in it, or by the first fact of
    /// its actor, here or in quarantine. A held one has no reason to be refused for.
    fn refused_fact(&mut self, entry: &QuarantineEntry) -> Result<Option<Refused>, CommitError> {
        let Some(code) = entry.code else {
            return Err(not_possible("it only waits behind another: decide about that one"));
        };
        let Ok(stated) = StatedFact::from_bytes(&entry.record.bytes) else { return Ok(None) };
        let (actor, document) = (entry.record.actor, entry.document);
        let known = self.order(document)?.and_then(|order| order.meta.firsts.get(&actor).cloned());
        let first = match known {
            Some(first) => Some(first),
            None => self.refused_first(document, actor)?,
        };
        if first.is_none() && stated.statement.author.is_none() {
            return Ok(None);
        }
        let first = first.unwrap_or_else(|| FirstStatement { origin: None, author: stated.statement.author.clone() });
        let content_bytes = stated.content_bytes.clone();
        let fact = FactReader::starting_with(document, actor, first).resolve(&entry.record, stated);
        Ok(Some(Refused { fact, content_bytes, code }))
    }

    /// What the first fact of an actor states that lies in quarantine itself; the actor is the digest of its origin.
    fn refused_first(
        &self,
        document: DocumentId,
        actor: docket_sync_core::ids::ActorId,
    ) -> Result<Option<FirstStatement>, CommitError> {
        let first: Option<QuarantineEntry> = self.read(Table::Quarantine, &keys::change(document, actor, 1))?;
        let stated = first.and_then(|first| StatedFact::from_bytes(&first.record.bytes).ok());
        let statement = stated.map(|stated| stated.statement);
        Ok(statement
            .filter(|statement| statement.origin.is_some_and(|origin| origin.actor() == actor))
            .map(|statement| FirstStatement { origin: statement.origin, author: statement.author }))
    }
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
