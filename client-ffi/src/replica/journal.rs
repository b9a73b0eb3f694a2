//! The journal: stating facts, and stating them again under a new incarnation.

use docket_sync_core::document::{ChainHead, Record, rebuild};
use docket_sync_core::facts::values::Witness;
use docket_sync_core::facts::{
    Author, Content, FactBody, Head, Origin, Restates, SCHEMA_LEVEL, SeenRef, StatedFact, Statement,
};
use docket_sync_core::ids::{ActorId, BlobId, DocumentId, FactId, Incarnation};
use docket_sync_core::time::UnixMillis;

use super::stored::JournalEntry;
use super::{DeviceReplica, ReplicaError, Work, put_entry};
use crate::client::Draft;
use crate::store::{DeviceStore, Table};

/// A fact to be stated, decided on a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFact {
    /// The document.
    pub document: DocumentId,
    /// Who states it.
    pub author: Author,
    /// The frontier of the view it was decided on.
    pub seen: Vec<FactId>,
    /// Rare envelope fields; the times are filled in here.
    pub head: Head,
    /// What it says.
    pub body: FactBody,
    /// The claimed time where it was taken before, as in what a customer signed; else the wall clock now.
    pub claimed: Option<UnixMillis>,
    /// The proof that travels with it.
    pub proof: Option<Vec<u8>>,
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// States one fact: durable, and in the journal, when it returns.
    ///
    /// # Errors
    /// When the store fails, or the fact breaks a limit.
    pub fn state_fact(&mut self, fact: NewFact) -> Result<FactId, ReplicaError> {
        self.guarded(|this| {
            let mut work = Work::default();
            let id = this.add_fact(fact, &mut work)?;
            this.commit(work)?;
            Ok(id)
        })
    }

    fn add_fact(&mut self, fact: NewFact, work: &mut Work) -> Result<FactId, ReplicaError> {
        let stamped = self.stamp(fact)?;
        self.enter_stamped(stamped, work)
    }

    /// Stamps a fact without stating it.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn draft_fact(&mut self, fact: NewFact) -> Result<Draft, ReplicaError> {
        self.guarded(|this| {
            let Stamped { document, id, author, time, content, .. } = this.stamp(fact)?;
            this.commit(Work::default())?;
            let FactId { actor, sequence } = id;
            Ok(Draft { document, actor, sequence, author, time, content: content.to_bytes() })
        })
    }

    /// States a drafted fact with those who have signed it.
    ///
    /// # Errors
    /// [`ReplicaError::DraftOutdated`], or when the store fails.
    pub(crate) fn state_draft(&mut self, draft: &Draft, witnesses: Vec<Witness>) -> Result<FactId, ReplicaError> {
        let mut content = draft.stated()?.content;
        content.head.witnesses = Some(witnesses).filter(|witnesses| !witnesses.is_empty());
        let stamped = Stamped {
            document: draft.document,
            id: FactId { actor: draft.actor, sequence: draft.sequence },
            author: draft.author.clone(),
            time: draft.time,
            content,
            proof: None,
        };
        self.guarded(|this| {
            let mut work = Work::default();
            let id = this.enter_stamped(stamped, &mut work)?;
            this.commit(work)?;
            Ok(id)
        })
    }

    fn stamp(&mut self, fact: NewFact) -> Result<Stamped, ReplicaError> {
        let NewFact { document, author, seen, mut head, body, claimed, proof } = fact;
        let lo = self.state.clock.advance(self.platform.clock.monotonic());
        let mut clock = self.hybrid_clock();
        let time = clock.stamp(lo);
        self.state.hybrid = clock.last();
        let offset = |instant: UnixMillis| Some(instant.since(time)).filter(|offset| *offset != 0);
        head.claimed_offset = offset(claimed.unwrap_or_else(|| self.platform.clock.wall()));
        head.lo_offset = offset(lo);

        let mut end = self.chain_end(document, self.origin().actor())?;
        if self.is_sealed_beyond(document, &end)? {
            // The store lost what this actor had stated and sent the order without it: its places are taken.
            self.state.incarnation = self.draw_incarnation()?;
            end = self.chain_end(document, self.origin().actor())?;
        }
        let id = FactId { actor: end.actor, sequence: end.next() };
        let seen = seen.into_iter().map(|fact| seen_ref(fact, id)).collect();
        let content = Content { level: SCHEMA_LEVEL, seen, head, body };
        Ok(Stamped { document, id, author, time, content, proof })
    }

    /// Puts a stamped fact into the journal.
    fn enter_stamped(&mut self, stamped: Stamped, work: &mut Work) -> Result<FactId, ReplicaError> {
        let Stamped { document, id, author, time, content, proof } = stamped;
        let end = self.chain_end(document, self.origin().actor())?;
        if id != (FactId { actor: end.actor, sequence: end.next() }) {
            return Err(ReplicaError::DraftOutdated);
        }
        self.use_up(&content.body);
        let statement = self.statement(document, &end, &author, None)?;
        let bytes = StatedFact::new(statement, content).to_bytes();
        let record = Record { actor: end.actor, sequence: id.sequence, time, bytes };
        let proof = proof.map(|bytes| {
            let blob = BlobId(*blake3::hash(&bytes).as_bytes());
            work.batch.put(Table::Proof, blob.0, bytes);
            blob
        });
        let first = Restates { actor: id.actor, sequence: id.sequence };
        self.enter(JournalDraft { document, record, first, author, proof }, &end, work)?;
        Ok(id)
    }

    /// Puts a record behind its chain's end into the journal.
    fn enter(&mut self, draft: JournalDraft, end: &ChainEnd, work: &mut Work) -> Result<(), ReplicaError> {
        let JournalDraft { document, record, first, author, proof } = draft;
        let hash = rebuild(document, end.head.as_ref(), &record)?.hash;
        let entry = JournalEntry { document, record, first, author, hash, proof, refused: None };
        let row = self.next_row();
        put_entry(&mut work.batch, row, &entry);
        self.journal.insert(row, entry);
        work.touched.insert(document);
        Ok(())
    }

    /// Where this device states facts now.
    fn origin(&self) -> Origin {
        Origin::Device { device: self.identity.device, incarnation: self.state.incarnation }
    }

    /// The end of an actor's chain: in the journal, or else in the base.
    fn chain_end(&self, document: DocumentId, actor: ActorId) -> Result<ChainEnd, ReplicaError> {
        let in_journal = self
            .journal
            .values()
            .filter(|entry| entry.document == document && entry.record.actor == actor)
            .map(|entry| ChainHead { sequence: entry.record.sequence, hash: entry.hash })
            .max_by_key(|head| head.sequence);
        let head = match in_journal {
            Some(head) => Some(head),
            None => self.meta(document)?.and_then(|meta| meta.chains.get(&actor).copied()),
        };
        Ok(ChainEnd { actor, head })
    }

    /// Whether the actor's chain goes further in what is sealed of the document.
    fn is_sealed_beyond(&self, document: DocumentId, end: &ChainEnd) -> Result<bool, ReplicaError> {
        let sealed = self.sealed_chains(document)?.get(&end.actor).map_or(0, |head| head.sequence);
        Ok(sealed >= end.next())
    }

    /// What the next fact on a chain must state: the first one says where the actor comes from and who its
    /// author is; later ones say the author only where he differs.
    fn statement(
        &self,
        document: DocumentId,
        end: &ChainEnd,
        author: &Author,
        restates: Option<Restates>,
    ) -> Result<Statement, ReplicaError> {
        if end.head.is_none() {
            return Ok(Statement { origin: Some(self.origin()), author: Some(author.clone()), restates });
        }
        let differs = self.first_author(document, end.actor)?.is_none_or(|first| first != *author);
        Ok(Statement { origin: None, author: differs.then(|| author.clone()), restates })
    }

    /// The author of the first fact on a chain.
    fn first_author(&self, document: DocumentId, actor: ActorId) -> Result<Option<Author>, ReplicaError> {
        let is_first = |record: &Record| record.actor == actor && record.sequence == 1;
        let in_journal = self.journal.values().find(|entry| entry.document == document && is_first(&entry.record));
        if let Some(entry) = in_journal {
            return Ok(Some(entry.author.clone()));
        }
        let Some(base) = self.load_base(document)? else { return Ok(None) };
        match base.document.records().iter().find(|record| is_first(record)) {
            Some(first) => Ok(StatedFact::from_bytes(&first.bytes)?.statement.author),
            None => Ok(None),
        }
    }

    /// Takes the incarnation `fresh` and states every waiting fact again on its chains.
    pub(super) fn restate_waiting(&mut self, fresh: Incarnation, work: &mut Work) -> Result<(), ReplicaError> {
        let rows: Vec<u64> = self.journal.iter().filter(|(_, entry)| entry.waits()).map(|(row, _)| *row).collect();
        self.restate(fresh, &rows, work)
    }

    /// Takes the incarnation `fresh` and states the facts in `rows` again, in their order: the same content,
    /// time and author, naming the first statement.
    pub(super) fn restate(&mut self, fresh: Incarnation, rows: &[u64], work: &mut Work) -> Result<(), ReplicaError> {
        self.state.incarnation = fresh;
        for row in rows {
            let Some(old) = self.journal.remove(row) else { continue };
            work.batch.delete(Table::Journal, super::row_key(*row));
            let end = self.chain_end(old.document, self.origin().actor())?;
            let statement = self.statement(old.document, &end, &old.author, Some(old.first))?;
            let bytes = StatedFact::from_bytes(&old.record.bytes)?.restated(statement).to_bytes();
            let record = Record { actor: end.actor, sequence: end.next(), time: old.record.time, bytes };
            let JournalEntry { document, first, author, proof, .. } = old;
            self.enter(JournalDraft { document, record, first, author, proof }, &end, work)?;
        }
        Ok(())
    }
}

/// A fact with its identity and its times.
struct Stamped {
    document: DocumentId,
    id: FactId,
    author: Author,
    time: UnixMillis,
    content: Content,
    proof: Option<Vec<u8>>,
}

struct JournalDraft {
    document: DocumentId,
    record: Record,
    first: Restates,
    author: Author,
    proof: Option<BlobId>,
}

struct ChainEnd {
    actor: ActorId,
    head: Option<ChainHead>,
}

impl ChainEnd {
    /// The sequence that follows.
    fn next(&self) -> u64 {
        self.head.map_or(0, |head| head.sequence).saturating_add(1)
    }
}

/// How the fact `of` names a fact it has seen.
fn seen_ref(seen: FactId, of: FactId) -> SeenRef {
    if seen.actor == of.actor && seen.sequence.checked_add(1) == Some(of.sequence) {
        SeenRef::Previous
    } else {
        SeenRef::Fact(seen.reference())
    }
}
