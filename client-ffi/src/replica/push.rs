//! Sending own facts, and settling what the store said about them.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{DocumentError, Record, SavedDocument};
use docket_sync_core::ids::{ActorId, DocumentId};
use docket_sync_core::limits;
use docket_sync_core::proof::{Envelope, EnvelopeDocument};
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::sync::frames::{Ack, Cover, Outcome, ProofBytes, Push, QuarantineCode, RecordSet};

use super::base::Base;
use super::stored::{DeviceState, JournalEntry};
use super::{DeviceReplica, ReplicaError, Work, put_entry, row_key};
use crate::store::{DeviceStore, Table};

/// Bytes of records and proofs in one push: a message has room for it and for what else travels.
const PUSH_BYTES: usize = 1024 * 1024;

/// Bytes a record costs beside its fact, at most.
const RECORD_OVERHEAD: usize = 64;

impl<S: DeviceStore> DeviceReplica<S> {
    /// The next push: waiting facts, oldest first, within the limits.
    pub(super) fn make_push(&mut self) -> Result<Option<Push>, ReplicaError> {
        let rows = if self.is_healing() { Vec::new() } else { self.rows_to_push()? };
        if rows.is_empty() {
            return Ok(None);
        }
        let mut documents: Vec<(DocumentId, Vec<Record>, EnvelopeDocument)> = Vec::new();
        let mut proofs = Vec::new();
        for entry in rows.iter().filter_map(|row| self.journal.get(row)) {
            let position = documents.iter().position(|(document, ..)| *document == entry.document);
            let at = position.unwrap_or(documents.len());
            if position.is_none() {
                let listed = EnvelopeDocument { document: entry.document, changes: Vec::new() };
                documents.push((entry.document, Vec::new(), listed));
            }
            if let Some((_, records, listed)) = documents.get_mut(at) {
                records.push(entry.record.clone());
                listed.changes.push(entry.hash);
            }
            if let Some(bytes) = self.proof_of(entry)? {
                proofs.push(ProofBytes(bytes));
            }
        }
        let records = RecordSet::pack(documents.iter().map(|(document, records, _)| (*document, records.as_slice())));
        let listed = documents.into_iter().map(|(.., listed)| listed).collect();
        let cover = self.cover_own(listed)?;
        self.flight.pushed.insert(self.envelopes_used, rows);
        Ok(Some(Push { cover, records, proofs }))
    }

    /// Signs an envelope with the next counter. Counters are reserved durably before one of them leaves: gaps do
    /// not matter, and stating a fact has mostly reserved one already.
    pub(super) fn cover_own(&mut self, listed: Vec<EnvelopeDocument>) -> Result<Cover, ReplicaError> {
        if self.envelopes_used >= self.state.envelope_counter {
            self.commit(Work::default())?;
        }
        self.envelopes_used = self.envelopes_used.saturating_add(1);
        let counter = self.envelopes_used;
        let envelope = Envelope::signed(self.identity.store, self.identity.device, counter, listed, &self.key);
        Ok(Cover::Own { key: envelope.key, counter, signature: envelope.signature })
    }

    fn rows_to_push(&self) -> Result<Vec<u64>, ReplicaError> {
        let in_flight: BTreeSet<u64> = self.flight.pushed.values().flatten().copied().collect();
        let records_max = self.state.records_per_push();
        let bytes_max = self.state.message_bytes().min(PUSH_BYTES);
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        for (row, entry) in &self.journal {
            if !entry.waits() || in_flight.contains(row) || self.flight.parked.contains(row) {
                continue;
            }
            let proof = self.proof_of(entry)?.map_or(0, |proof| proof.len());
            bytes =
                bytes.saturating_add(entry.record.bytes.len()).saturating_add(proof).saturating_add(RECORD_OVERHEAD);
            if rows.len() >= records_max || (bytes > bytes_max && !rows.is_empty()) {
                break;
            }
            rows.push(*row);
        }
        Ok(rows)
    }

    fn proof_of(&self, entry: &JournalEntry) -> Result<Option<Vec<u8>>, ReplicaError> {
        match entry.proof {
            Some(blob) => Ok(self.store.get(Table::Proof, &blob.0)?),
            None => Ok(None),
        }
    }

    /// Whether facts wait that this session may still send.
    pub(super) fn has_rows_to_push(&self) -> bool {
        let in_flight: BTreeSet<u64> = self.flight.pushed.values().flatten().copied().collect();
        let may_push = !self.is_healing();
        may_push
            && self
                .journal
                .iter()
                .any(|(row, entry)| entry.waits() && !in_flight.contains(row) && !self.flight.parked.contains(row))
    }

    /// Settles one push.
    pub(super) fn settle(&mut self, ack: &Ack) -> Result<(), ReplicaError> {
        let mut work = Work::default();
        if self.settle_relay(ack, &mut work) {
            return self.commit(work);
        }
        self.flight.damaged.extend(ack.damaged.iter().flatten());
        match self.flight.pushed.remove(&ack.counter) {
            // Nothing of it was kept: what is in other orders is sent again without those that the store cannot read.
            Some(rows) if ack.damaged.is_some() => {
                let damaged = |row: &&u64| {
                    self.journal.get(*row).is_none_or(|entry| self.flight.damaged.contains(&entry.document))
                };
                let stay: Vec<u64> = self.journal.keys().filter(damaged).copied().collect();
                // A store that names none of them would be asked for ever.
                let parked = if stay.is_empty() { rows } else { stay };
                self.flight.parked.extend(parked);
            }
            Some(rows) => {
                let mut refused = BTreeMap::new();
                for row in rows {
                    self.settle_row(row, ack, &mut refused, &mut work)?;
                }
                self.state_behind_refused(&refused, &mut work)?;
            }
            None => {
                self.settle_refused_returns(ack, &mut work)?;
                self.settle_healing(ack);
            }
        }
        self.seal_evicted(&mut work)?;
        self.commit(work)
    }

    fn settle_row(&mut self, row: u64, ack: &Ack, refused: &mut Refused, work: &mut Work) -> Result<(), ReplicaError> {
        let Some(entry) = self.journal.get(&row).cloned() else { return Ok(()) };
        match outcome(ack, entry.document, &entry.record) {
            Outcome::Accepted | Outcome::Duplicate => {
                let (id, actor, sequence) = (entry.document, entry.record.actor, entry.record.sequence);
                self.move_to_base(row, entry, ack.number, work)?;
                if let (Some(at), Some(base)) = (ack.at, work.bases.get_mut(&id)) {
                    base.meta.received.get_or_insert_default().note(actor, sequence, at);
                }
                Ok(())
            }
            Outcome::Held { .. } => {
                self.flight.parked.insert(row);
                Ok(())
            }
            Outcome::Quarantined { code } => {
                let place = (entry.document, entry.record.actor);
                refused.entry(place).or_insert(entry.record.sequence);
                self.mark_refused(row, entry, code, work);
                Ok(())
            }
        }
    }

    /// An acknowledged fact moves from the journal to the base.
    pub(super) fn move_to_base(
        &mut self,
        row: u64,
        entry: JournalEntry,
        number: u64,
        work: &mut Work,
    ) -> Result<(), ReplicaError> {
        let JournalEntry { document, record, hash, .. } = entry;
        let is_new = match self.base(work, document) {
            Ok(base) => base.is_none(),
            Err(ReplicaError::Document(_)) => {
                // The base is damaged: it comes whole, with this fact.
                self.flight.behind.insert(document);
                self.flight.parked.insert(row);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if is_new && self.is_sealed(document)? {
            // Stated on a page that stayed open after the order had left.
            let (to, behind) = work.behind_seal.entry(document).or_default();
            *to = number.max(*to);
            behind.push((record, hash));
            self.journal.remove(&row);
            work.batch.delete(Table::Journal, row_key(row));
            work.touched.insert(document);
            return Ok(());
        }
        if is_new {
            // The order was made here: the store has just learnt of it.
            let base = Base::of(SavedDocument::new(document)?);
            self.state.sum = self.sum().plus(base.sum()).to_digest();
            work.bases.insert(document, base);
        }
        let Some(base) = self.base(work, document)? else { return Err(ReplicaError::NoDocument(document)) };
        let known = base.meta.chains.get(&record.actor).map_or(0, |head| head.sequence);
        if record.sequence > known {
            match base.append(&record) {
                Ok(hash) if base.meta.evicted_at.is_none() => {
                    let term = DigestSum::of_change(document, hash);
                    self.state.sum = self.sum().plus(term).to_digest();
                }
                Ok(_) => {}
                // The base lacks something before it; it comes with the next whole document.
                Err(DocumentError::Sequence { .. }) => drop(self.flight.behind.insert(document)),
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(base) = work.bases.get_mut(&document) {
            base.meta.own_to = base.meta.own_to.max(number);
        }
        self.journal.remove(&row);
        work.batch.delete(Table::Journal, row_key(row));
        work.touched.insert(document);
        Ok(())
    }

    pub(super) fn mark_refused(&mut self, row: u64, mut entry: JournalEntry, code: QuarantineCode, work: &mut Work) {
        entry.refused = Some(code);
        put_entry(&mut work.batch, row, &entry);
        work.touched.insert(entry.document);
        self.journal.insert(row, entry);
    }

    /// Facts behind a refused one are stated again by a new incarnation, without it; so are later ones.
    pub(super) fn state_behind_refused(&mut self, refused: &Refused, work: &mut Work) -> Result<(), ReplicaError> {
        if refused.is_empty() {
            return Ok(());
        }
        let is_behind = |entry: &JournalEntry| {
            let broken = refused.get(&(entry.document, entry.record.actor));
            entry.waits() && broken.is_some_and(|sequence| entry.record.sequence > *sequence)
        };
        let rows: Vec<u64> = self.journal.iter().filter(|(_, entry)| is_behind(entry)).map(|(row, _)| *row).collect();
        let fresh = self.draw_incarnation()?;
        self.restate(fresh, &rows, work)
    }
}

/// First refused sequence by document and actor.
pub(super) type Refused = BTreeMap<(DocumentId, ActorId), u64>;

impl DeviceState {
    fn records_per_push(&self) -> usize {
        let server = self.limits.map_or(u64::MAX, |limits| limits.records_per_push);
        usize::try_from(server).unwrap_or(usize::MAX).clamp(1, limits::RECORDS_PER_PUSH_MAX)
    }

    pub(super) fn message_bytes(&self) -> usize {
        let server = self.limits.map_or(u64::MAX, |limits| limits.message_bytes);
        // Half of it: frames around the records and other frames need room.
        usize::try_from(server).unwrap_or(usize::MAX).min(limits::MESSAGE_BYTES_MAX) / 2
    }
}

/// What the store said about one fact: what it does not list was accepted.
pub(super) fn outcome(ack: &Ack, document: DocumentId, record: &Record) -> Outcome {
    let run = ack.exceptions.iter().find(|run| {
        run.document == document
            && run.actor == record.actor
            && record.sequence >= run.first
            && record.sequence < run.first.saturating_add(run.count)
    });
    run.map_or(Outcome::Accepted, |run| run.outcome)
}
