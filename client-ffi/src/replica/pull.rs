//! Taking the store's news: one batch, checked against its receipt, applied in one transaction.

use std::collections::BTreeSet;

use docket_sync_core::document::Record;
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::{BlobId, DocumentId, RecordId};
use docket_sync_core::proof::{Receipt, ReceiptDocument};
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::device::{Applied, WANT_DOCUMENTS_MAX};
use docket_sync_core::sync::frames::{Batch, DocumentRuns, News, ProofBytes, RecordSet, Run};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;

use super::base::Base;
use super::stored::{ReceiptRow, row_key};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{DeviceStore, Table};

/// How often one session asks for one document: what still does not fit then is damage at the other end.
const WANTED_MAX: u8 = 3;

/// New receipts after which those that cover nothing any more are dropped.
const RECEIPTS_BEFORE_SWEEP: u64 = 64;

/// What a document becomes by a batch, before it is trusted.
struct Candidate {
    id: DocumentId,
    base: Base,
    whole: bool,
    /// The records that are new, where it is not whole.
    added: Vec<Record>,
}

impl<S: DeviceStore> DeviceReplica<S> {
    pub(super) fn apply_batch(&mut self, batch: &Batch) -> Result<Applied, ReplicaError> {
        let known = self.state.cursor.filter(|cursor| cursor.epoch == batch.to.epoch);
        let is_first = !core::mem::replace(&mut self.flight.has_pulled, true);
        let anew = is_first && batch.from == 0 && known.is_some_and(|cursor| cursor.number > 0);
        if let Some(cursor) = known.filter(|cursor| !anew && cursor.number > batch.to.number) {
            // It arrived before, and more after it.
            return Ok(Applied { to: cursor.number, ..Applied::default() });
        }
        let heads = anew && self.flight.healing.is_none() && self.holds_what_may_be_lost()?;
        if heads {
            self.begin_anew();
            self.flight.healing = Some(super::heal::Healing::of(batch.to.epoch));
        }
        if batch.from == 0 && known.is_none() && self.state.pulled_again.is_some() {
            self.flight.came = Some(BTreeSet::new());
        }
        if batch.from == 0 && (known.is_none() || anew) {
            self.flight.came_references = Some(BTreeSet::new());
            self.flight.swept = false;
        }
        self.state.forgotten = None;
        let mut work = Work::default();
        self.keep_references(&batch.references, &mut work)?;
        let progress = self.apply_documents(batch, &mut work)?;
        self.touch_named(&mut work)?;
        if batch.digest.is_some() {
            self.want_what_did_not_come(&work)?;
            self.drop_unnamed(&mut work)?;
            self.drop_relayed(batch.to.number, &mut work)?;
        }
        self.state_reclaimed(&mut work)?;
        keep_proofs(&batch.proofs, &mut work);
        self.seal_evicted(&mut work)?;
        // What comes before everything is pulled again does not make up for that.
        if known.is_some() || batch.from == 0 {
            let begun = self.state.walk_from.filter(|_| known.is_some() && !anew);
            self.state.walk_from = batch.digest.is_none().then(|| begun.unwrap_or(batch.from));
            self.state.cursor = Some(batch.to);
        }
        self.flight.caught_up = batch.digest.is_some();
        // A difference is told once in a session: it makes the session compare heads.
        let verified = batch.digest.map(|digest| self.compare_digest(digest));
        if verified.is_some() && known.is_some() && !anew {
            self.drop_evicted(batch.to.epoch, &mut work)?;
        }
        let verified = verified.filter(|equal| *equal || self.may_compare());
        if sabotage::is_on(Bug::CursorBeforeData) {
            self.commit(Work::default())?;
        }
        self.commit(work)?;
        Ok(Applied { wanted: self.next_wanted(progress), to: batch.to.number, verified, heads })
    }

    /// The documents to ask for now. With `progress`, something came that had been asked for: the store answers a
    /// Want with one batch, and what did not fit is asked for again.
    pub(super) fn next_wanted(&mut self, progress: bool) -> Vec<DocumentId> {
        if progress {
            let asked = core::mem::take(&mut self.flight.asked);
            self.flight.behind.extend(asked);
        }
        let wanted: Vec<DocumentId> = self.flight.behind.iter().take(WANT_DOCUMENTS_MAX).copied().collect();
        for document in &wanted {
            self.flight.behind.remove(document);
            self.flight.asked.insert(*document);
        }
        wanted
    }

    /// After everything was pulled again: documents that did not come are asked for, so that the store says that
    /// they left the scope.
    fn want_what_did_not_come(&mut self, work: &Work) -> Result<(), ReplicaError> {
        let Some(came) = self.flight.came.take() else { return Ok(()) };
        let metas = self.metas_with(work)?;
        let kept = metas.into_iter().filter(|(id, meta)| meta.evicted_at.is_none() && !came.contains(id));
        self.flight.behind.extend(kept.map(|(id, _)| id));
        Ok(())
    }

    /// Applies the documents, or none of them when their receipt does not fit, and notes those to ask for. Tells
    /// whether something came that had been asked for.
    fn apply_documents(&mut self, batch: &Batch, work: &mut Work) -> Result<bool, ReplicaError> {
        let mut candidates = Vec::new();
        let mut wanted: BTreeSet<DocumentId> = BTreeSet::new();
        let mut missing = false;
        let mut progress = false;
        for news in &batch.documents {
            progress |= self.flight.asked.remove(&news.document);
            if let Some(came) = &mut self.flight.came {
                came.insert(news.document);
            }
            let candidate = match &news.news {
                News::Records { runs } => self.with_records(news.document, batch, runs)?,
                News::Whole { bytes } => read_whole(news.document, bytes),
                News::Evict => {
                    self.evict(news.document, work)?;
                    continue;
                }
                News::Forget => {
                    self.forget(news.document, work)?;
                    continue;
                }
            };
            if let Some(candidate) = candidate {
                candidates.push(candidate);
            } else {
                missing = true;
                match news.news {
                    News::Whole { .. } => self.mark_unreadable(news.document, work)?,
                    News::Records { .. } | News::Evict | News::Forget => drop(wanted.insert(news.document)),
                }
            }
        }
        let receipt = if missing { None } else { self.good_receipt(batch, &candidates) };
        match receipt {
            Some(receipt) => self.accept(candidates, &receipt, batch.at, work)?,
            None => wanted.extend(candidates.iter().map(|candidate| candidate.id)),
        }
        for document in wanted {
            if self.may_want(document) {
                self.flight.behind.insert(document);
            }
        }
        Ok(progress)
    }

    fn may_want(&mut self, document: DocumentId) -> bool {
        let times = self.flight.wanted.entry(document).or_insert(0);
        *times = times.saturating_add(1);
        *times <= WANTED_MAX
    }

    /// The stored base with the batch's records behind it; `None` when they do not fit.
    fn with_records(&self, id: DocumentId, batch: &Batch, runs: &[Run]) -> Result<Option<Candidate>, ReplicaError> {
        let document = DocumentRuns { document: id, runs: runs.to_vec() };
        let set = RecordSet { actors: batch.actors.clone(), documents: vec![document] };
        let Ok(unpacked) = set.unpack() else { return Ok(None) };
        let mut base = match self.load_base(id) {
            Ok(Some(base)) => base,
            // Damaged here, or never here: it comes whole.
            Ok(None) | Err(ReplicaError::Document(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut added = Vec::new();
        for record in unpacked.into_iter().flat_map(|(_, records)| records) {
            let known = base.meta.chains.get(&record.actor).map_or(0, |head| head.sequence);
            if record.sequence <= known {
                continue;
            }
            if base.append(&record).is_err() {
                return Ok(None);
            }
            added.push(record);
        }
        Ok(Some(Candidate { id, base, whole: false, added }))
    }

    /// The receipt, completed with the heads that result, when the store's signature is on exactly that.
    fn good_receipt(&self, batch: &Batch, candidates: &[Candidate]) -> Option<Receipt> {
        let line = batch.receipt.as_ref()?;
        let documents = candidates
            .iter()
            .map(|candidate| ReceiptDocument { document: candidate.id, heads: candidate.base.document.heads() });
        let receipt = Receipt {
            store: self.identity.store,
            epoch: batch.to.epoch,
            number: line.number,
            chain: line.chain,
            documents: documents.collect(),
            signature: line.signature,
        };
        let key = VerifyingKey::from_bytes(&self.certificate.store_key).ok()?;
        receipt.verify(&key).is_ok().then_some(receipt)
    }

    fn accept(
        &mut self,
        candidates: Vec<Candidate>,
        receipt: &Receipt,
        at: Option<UnixMillis>,
        work: &mut Work,
    ) -> Result<(), ReplicaError> {
        let row = self.next_row();
        work.batch.put(Table::Receipt, row_key(row), receipt.to_bytes());
        let receipt = ReceiptRow { row, number: receipt.number };
        for mut candidate in candidates {
            if candidate.whole {
                candidate.base.meta.received = self.meta(candidate.id)?.and_then(|old| old.received);
            }
            if let Some(at) = at {
                let received = candidate.base.meta.received.get_or_insert_default();
                for (actor, head) in &candidate.base.meta.chains {
                    received.note(*actor, head.sequence, at);
                }
            }
            self.accept_one(candidate, receipt, work)?;
        }
        if row.checked_rem(RECEIPTS_BEFORE_SWEEP) == Some(0) {
            self.sweep_receipts(work)?;
        }
        Ok(())
    }

    fn accept_one(&mut self, candidate: Candidate, receipt: ReceiptRow, work: &mut Work) -> Result<(), ReplicaError> {
        let Candidate { id, mut base, whole, added } = candidate;
        let old = self.meta(id)?;
        base.meta.receipt = Some(receipt);
        base.meta.older = None;
        if whole {
            base.meta.own_to = old.as_ref().map_or(0, |old| old.own_to);
            if old.is_some() && self.keep_what_the_store_lacks(&mut base, work)? {
                // The older receipts are the proof for what the store has lost, and it may lose the rest once more.
                base.meta.older = old.as_ref().map(|old| old.receipts().collect());
            }
        }
        (base.meta.evicted_at, base.meta.evicted_from) = (None, None);
        if let Some(old) = old.as_ref().filter(|old| old.evicted_at.is_none()) {
            self.state.sum = self.sum().minus(old.sum()).to_digest();
        }
        self.state.sum = self.sum().plus(base.sum()).to_digest();
        let is_changed = whole || !added.is_empty();
        if whole {
            self.observe_times(base.document.records());
            base.meta.references = named_in(base.document.records());
        } else {
            self.observe_times(&added);
            for named in named_in(&added) {
                if !base.meta.references.contains(&named) {
                    base.meta.references.push(named);
                }
            }
        }
        if self.settle_what_came_back(id, &base, work) {
            base.meta.own_to = base.meta.own_to.max(receipt.number);
        }
        self.settle_admitted(id, &base, work)?;
        if let Some(old) = &old {
            self.keep_again(&base, old, work)?;
        }
        if is_changed {
            work.touched.insert(id);
        }
        work.bases.insert(id, base);
        Ok(())
    }

    /// Follows the hybrid times of others.
    pub(super) fn observe_times(&mut self, records: &[Record]) {
        let lo = self.state.clock.at(self.platform.clock.monotonic());
        let mut clock = self.hybrid_clock();
        for record in records {
            clock.observe(record.time, lo);
        }
        self.state.hybrid = clock.last();
    }

    /// Own facts that the store sent were accepted, although the acknowledgement was lost. Tells whether there were
    /// any.
    fn settle_what_came_back(&mut self, id: DocumentId, base: &Base, work: &mut Work) -> bool {
        let came_back = |record: &Record, hash| {
            let known = base.meta.chains.get(&record.actor).map_or(0, |head| head.sequence);
            record.sequence <= known && base.document.change_hash(record.actor, record.sequence) == Some(hash)
        };
        let rows: Vec<u64> = self
            .journal
            .iter()
            .filter(|(_, entry)| entry.document == id && came_back(&entry.record, entry.hash))
            .map(|(row, _)| *row)
            .collect();
        for row in &rows {
            self.journal.remove(row);
            work.batch.delete(Table::Journal, row_key(*row));
            work.touched.insert(id);
        }
        !rows.is_empty()
    }
}

fn keep_proofs(proofs: &[ProofBytes], work: &mut Work) {
    for ProofBytes(bytes) in proofs {
        let blob = BlobId(*blake3::hash(bytes).as_bytes());
        work.batch.put(Table::Proof, blob.0, bytes.as_slice());
    }
}

fn read_whole(id: DocumentId, bytes: &[u8]) -> Option<Candidate> {
    let base = Base::whole(id, bytes.to_vec()).ok()?;
    Some(Candidate { id, base, whole: true, added: Vec::new() })
}

/// The reference records that facts among them name, each once.
fn named_in(records: &[Record]) -> Vec<RecordId> {
    let mut named = Vec::new();
    for record in records {
        let Ok(stated) = StatedFact::from_bytes(&record.bytes) else { continue };
        for id in stated.content.body.named_records() {
            if !named.contains(&id) {
                named.push(id);
            }
        }
    }
    named
}
