//! Own facts that a store had acknowledged and lost, and does not take back: it has something else in their place,
//! since another phone with the same identity came first (X-74 and X-76 together), or it refuses them now. They go back
//! into the journal.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{FactReader, Record, SavedDocument};
use docket_sync_core::facts::Restates;
use docket_sync_core::ids::{ActorId, ChangeHash, DocumentId, Incarnation};
use docket_sync_core::sync::frames::{Ack, Outcome, Renew};

use super::base::Base;
use super::push::{Refused, outcome};
use super::stored::JournalEntry;
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::DeviceStore;

impl<S: DeviceStore> DeviceReplica<S> {
    /// Remembers which own facts travel back to the store.
    pub(super) fn note_given_back(&mut self, document: DocumentId, records: &[(Record, ChangeHash)]) {
        let records = records.iter().map(|(record, _)| record.clone()).collect();
        self.flight.given_back.insert(document, records);
    }

    /// Takes what was given back under the refused actor into the journal again, and its chain out of the base: the
    /// store's comes in its place.
    pub(super) fn reclaim(&mut self, renew: &Renew, work: &mut Work) -> Result<(), ReplicaError> {
        let Some(actor) = renew.actor else { return Ok(()) };
        for (document, records) in core::mem::take(&mut self.flight.given_back) {
            let lost: Vec<Record> = records.into_iter().filter(|record| record.actor == actor).collect();
            let old = if lost.is_empty() { None } else { self.load_base(document)? };
            let Some(old) = old else { continue };
            work.reclaimed.extend(self.reclaim_facts(&old, &lost)?);
            self.without_chain(old, actor, 1, work)?;
        }
        Ok(())
    }

    /// Facts that come back to the store and are refused there: they are shown as not accepted, and what stands behind
    /// them is stated again, as with facts that were never acknowledged.
    pub(super) fn settle_refused_returns(&mut self, ack: &Ack, work: &mut Work) -> Result<(), ReplicaError> {
        let mut refused = Refused::new();
        for (document, records) in self.flight.given_back.clone() {
            let code = |record: &Record| match outcome(ack, document, record) {
                Outcome::Quarantined { code } => Some(code),
                Outcome::Accepted | Outcome::Duplicate | Outcome::Held { .. } => None,
            };
            let mut ends: BTreeMap<ActorId, u64> = BTreeMap::new();
            for record in records.iter().filter(|record| code(record).is_some()) {
                ends.entry(record.actor).or_insert(record.sequence);
            }
            for (actor, first) in ends {
                let Some(old) = self.base(work, document)?.map(|base| base.clone()) else { continue };
                let is_lost = |record: &&Record| record.actor == actor && record.sequence >= first;
                let lost: Vec<Record> = records.iter().filter(is_lost).cloned().collect();
                for row in self.reclaim_facts(&old, &lost)? {
                    let entry = self.journal.get(&row).cloned();
                    if let Some((entry, code)) = entry.and_then(|entry| code(&entry.record).map(|code| (entry, code))) {
                        self.mark_refused(row, entry, code, work);
                    }
                }
                refused.insert((document, actor), first);
                self.without_chain(old, actor, first, work)?;
            }
        }
        self.state_behind_refused(&refused, work)
    }

    /// States the reclaimed facts again, before everything that waits, under a fresh incarnation.
    pub(super) fn state_reclaimed(&mut self, work: &mut Work) -> Result<(), ReplicaError> {
        if work.reclaimed.is_empty() {
            return Ok(());
        }
        let fresh = self.draw_incarnation()?;
        self.restate_all(fresh, work)
    }

    /// States reclaimed facts, then what waits, under `fresh`.
    pub(super) fn restate_all(&mut self, fresh: Incarnation, work: &mut Work) -> Result<(), ReplicaError> {
        let mut rows = core::mem::take(&mut work.reclaimed);
        let reclaimed: BTreeSet<u64> = rows.iter().copied().collect();
        let waiting = self.journal.iter().filter(|(row, entry)| entry.waits() && !reclaimed.contains(row));
        rows.extend(waiting.map(|(row, _)| *row));
        self.restate(fresh, &rows, work)
    }

    /// Puts own facts of a base into the journal; gives their rows.
    pub(super) fn reclaim_facts(&mut self, base: &Base, lost: &[Record]) -> Result<Vec<u64>, ReplicaError> {
        let document = base.document.id();
        let mut reader = FactReader::new(document);
        let mut facts = BTreeMap::new();
        for record in base.document.records() {
            facts.insert((record.actor, record.sequence), reader.read(record)?);
        }
        let mut rows = Vec::new();
        for record in lost {
            let place = (record.actor, record.sequence);
            let (Some(fact), Some(hash)) =
                (facts.remove(&place), base.document.change_hash(record.actor, record.sequence))
            else {
                continue;
            };
            let proof = fact.body().proof();
            let row = self.next_row();
            let first = Restates { actor: fact.id.actor, sequence: fact.id.sequence };
            let (record, author) = (record.clone(), fact.author);
            self.journal.insert(row, JournalEntry { document, record, first, author, hash, proof, refused: None });
            rows.push(row);
        }
        Ok(rows)
    }

    /// The base without one actor's chain from `first` on.
    fn without_chain(&mut self, old: Base, actor: ActorId, first: u64, work: &mut Work) -> Result<(), ReplicaError> {
        let document = old.document.id();
        let mut base = Base::of(SavedDocument::new(document)?);
        let stays = |record: &&Record| record.actor != actor || record.sequence < first;
        for record in old.document.records().iter().filter(stays) {
            base.append(record)?;
        }
        if old.meta.evicted_at.is_none() {
            self.state.sum = self.sum().minus(old.sum()).plus(base.sum()).to_digest();
        }
        let (chains, sum) = (base.meta.chains, base.meta.sum);
        base.meta = super::stored::DocumentMeta { chains, sum, ..old.meta };
        work.touched.insert(document);
        work.bases.insert(document, base);
        Ok(())
    }
}
