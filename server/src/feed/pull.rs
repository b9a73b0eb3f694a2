//! Batches: what is new in a device's scope after its cursor, cut at the size that the caller aims at.
//!
//! The caller holds the hub's read lock, so that everything in a batch is durable and of one moment. Saved
//! bytes are copied; no document is decoded unless changes came since its last save.

use std::collections::BTreeSet;

use docket_sync_core::document::{Record, heads_of};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::{ActorId, BlobId, DeviceId, DocumentId, RecordId};
use docket_sync_core::limits::{BATCH_BYTES, DOCUMENTS_PER_FRAME_MAX};
use docket_sync_core::proof::{Receipt, ReceiptDocument};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::frames::{Batch, BatchDocument, News, ProofBytes, ReceiptLine, RecordSet};
use docket_sync_core::time::UnixMillis;

use super::ahead::Ahead;
use crate::commit::meta::{DocumentMeta, ScopeEntry};
use crate::commit::reasons::is_over;
use crate::commit::tables::to_record;
use crate::commit::{CommitError, Item, RowRecord, ScopeId, Tables, keys};
use crate::hub::Durable;
use crate::identity::{Identity, StoreKeys};
use crate::log::FactRecord;
use crate::store::{KeyRange, Store, Table};

/// Proofs that travel with one order, the latest first: 256 KiB at most. An order has one or two.
const PROOFS_PER_ORDER: usize = 8;
/// Largest order that is sent, whole or what is new of it. One at its limits has 2.6 MiB; one that was filled before
/// there was a limit would make a message that its device cannot read, and hold up everything behind it.
const ORDER_BYTES_MAX: usize = 2_816 * 1024;
/// Bytes of a batch that are sent ahead, and the largest order that is: the largest in its turn fits in beside them.
const AHEAD_BYTES_MAX: usize = BATCH_BYTES / 2;
const AHEAD_ORDER_BYTES_MAX: usize = 64 * 1024;
/// Feed entries looked at for one batch.
const ENTRIES: usize = 1_024;

/// Whose news, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// What is durable.
    pub durable: Durable,
    /// Who the store is.
    pub identity: &'a Identity,
    /// The keys that sign receipts.
    pub keys: &'a StoreKeys,
    /// The technician's scope.
    pub scope: ScopeId,
    /// Where the device states facts now: these do not come back. Those of its earlier incarnations do, since it
    /// cannot know which of them arrived when an answer was lost before it was renewed.
    pub own: ActorId,
    /// The device.
    pub device: DeviceId,
    /// Where the device had everything of its scope. An order that entered later may lie between two batches: its
    /// place in the feed is that of its last change, which may come behind a cut after it entered before it.
    pub complete_to: u64,
    /// The server's time.
    pub now: UnixMillis,
}

impl core::fmt::Debug for dyn Store + '_ {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Store")
    }
}

/// A batch in the making.
#[derive(Default)]
struct Draft {
    records: RecordSet,
    documents: Vec<BatchDocument>,
    references: Vec<ProofBytes>,
    proofs: Vec<ProofBytes>,
    heads: Vec<ReceiptDocument>,
    bytes: usize,
}

impl Pull<'_> {
    /// The next batch after `from`, of about `aim` bytes, what is sent `ahead` first; `None` when there is nothing
    /// new.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next(&self, from: u64, aim: usize, ahead: &mut Ahead) -> Result<Option<Batch>, CommitError> {
        let (entries, complete) = self.entries(from)?;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut draft = Draft::default();
        let mut to = from;
        let mut cut = false;
        self.add_ahead(&mut draft, aim, ahead)?;
        for (number, item) in entries {
            // At least one number, so that the cursor moves whatever was sent ahead.
            if draft.bytes >= aim && number > to && to > from {
                cut = true;
                break;
            }
            self.add(&mut draft, (number, item), from, ahead)?;
            to = number;
        }
        let last = complete && !cut;
        if last {
            to = self.durable.number;
        }
        self.finish(draft, from, to, last).map(Some)
    }

    /// Whether nothing is new after `from`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_current(&self, from: u64) -> Result<bool, CommitError> {
        for scope in [self.scope, ScopeId::COMPANY] {
            let range = KeyRange::new(keys::feed_after(scope, from), keys::feed_after(scope, u64::MAX));
            if !Tables::scan(self.store, Table::Feed, &range, 1)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whole documents that a device asked for, where they are in its scope.
    ///
    /// # Errors
    /// When the store fails or holds damage.
    pub fn whole(&self, wanted: &BTreeSet<DocumentId>, at: u64) -> Result<Batch, CommitError> {
        let mut draft = Draft::default();
        for document in wanted.iter().take(DOCUMENTS_PER_FRAME_MAX) {
            if draft.bytes >= BATCH_BYTES {
                // The device asks again for what did not come.
                break;
            }
            let entry = self.scope_entry(Item::Document(*document))?;
            match (entry, readable(*document, self.store.meta(*document))?) {
                (Some(ScopeEntry { left_at: None, .. }), Readable::Yes(Some(meta))) => {
                    self.add_whole(&mut draft, *document, &meta)?;
                }
                (Some(ScopeEntry { left_at: None, .. }), Readable::Damaged) => {}
                _ => draft.document(*document, News::Evict, None),
            }
        }
        let is_current = self.is_current(at)?;
        self.finish(draft, at, at, is_current)
    }

    /// The device's digest at the durable number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn digest(&self) -> Result<docket_sync_core::ids::Digest, CommitError> {
        let own = self.store.scope_sum(self.scope)?;
        Ok(own.plus(self.store.scope_sum(ScopeId::COMPANY)?).to_digest())
    }

    /// Feed entries of the device's two scopes in the order of their numbers, and whether these are all.
    fn entries(&self, from: u64) -> Result<(Vec<(u64, Item)>, bool), CommitError> {
        let mut entries = Vec::new();
        let mut end = u64::MAX;
        for scope in [self.scope, ScopeId::COMPANY] {
            let range = KeyRange::new(keys::feed_after(scope, from), keys::feed_after(scope, u64::MAX));
            let page = Tables::scan(self.store, Table::Feed, &range, ENTRIES)?;
            let numbered: Vec<_> = page.iter().filter_map(|(key, _)| keys::read_feed(key)).collect();
            if page.len() == ENTRIES {
                // The number at the end of the page may go on behind it.
                end = end.min(numbered.last().map_or(u64::MAX, |(number, _)| *number));
            }
            entries.extend(numbered);
        }
        entries.retain(|(number, _)| *number < end);
        entries.sort_unstable();
        Ok((entries, end == u64::MAX))
    }

    fn scope_entry(&self, item: Item) -> Result<Option<ScopeEntry>, CommitError> {
        self.store.read(Table::Scope, &keys::scope_item(self.scope, item))
    }

    /// Orders that ask for work, each with the records that it names, before their turn.
    fn add_ahead(&self, draft: &mut Draft, aim: usize, ahead: &mut Ahead) -> Result<(), CommitError> {
        let aim = aim.min(AHEAD_BYTES_MAX);
        while draft.bytes < aim {
            let Some(document) = ahead.take() else { break };
            let before = draft.bytes;
            let Readable::Yes(Some(meta)) = readable(document, self.store.meta(document))? else { continue };
            let Readable::Yes(bytes) = readable(document, self.store.document_bytes(document, &meta))? else {
                continue;
            };
            if bytes.len() > AHEAD_ORDER_BYTES_MAX {
                continue;
            }
            for record in &meta.references {
                let item = Item::Reference(*record);
                if !ahead.has_sent(item) && draft.bytes < aim {
                    self.add_reference(draft, *record)?;
                    ahead.note(item, self.durable.number, 0);
                }
            }
            self.add_saved(draft, document, &meta, bytes)?;
            ahead.note(Item::Document(document), self.durable.number, draft.bytes.saturating_sub(before));
        }
        Ok(())
    }

    fn add(&self, draft: &mut Draft, feed: (u64, Item), from: u64, ahead: &Ahead) -> Result<(), CommitError> {
        let (number, item) = feed;
        let after = ahead.news_after(item, from);
        if number <= after {
            // It was sent ahead, and nothing came since.
            return Ok(());
        }
        match item {
            Item::Reference(record) => self.add_reference(draft, record),
            Item::Document(document) if ahead.has_sent(item) => self.add_document(draft, document, (after, after)),
            Item::Document(document) => self.add_document(draft, document, (after, self.complete_to.min(after))),
        }
    }

    /// What the device brought itself it has. Work of its own that a colleague carried here may have been refused when it
    /// came from the device.
    fn has(&self, fact: &FactRecord) -> bool {
        fact.actor == self.own && fact.carried_by == Some(self.device)
    }

    fn add_reference(&self, draft: &mut Draft, record: RecordId) -> Result<(), CommitError> {
        if let Some(bytes) = Tables::get(self.store, Table::Reference, &record.0)? {
            draft.bytes = draft.bytes.saturating_add(bytes.len());
            draft.references.push(ProofBytes(bytes));
        }
        Ok(())
    }

    /// What came after the first number, or the whole order where it entered the scope after the second.
    fn add_document(
        &self,
        draft: &mut Draft,
        document: DocumentId,
        (from, held_at): (u64, u64),
    ) -> Result<(), CommitError> {
        let Some(entry) = self.scope_entry(Item::Document(document))? else { return Ok(()) };
        if entry.left_at.is_some() {
            // Held since an earlier stay, perhaps; an eviction of what is not held does nothing.
            if from > 0 {
                draft.document(document, News::Evict, None);
            }
            return Ok(());
        }
        let Readable::Yes(Some(meta)) = readable(document, self.store.meta(document))? else { return Ok(()) };
        if entry.entered_at > held_at {
            return self.add_whole(draft, document, &meta);
        }
        let Readable::Yes(facts) = readable(document, self.store.facts_after(document, from))? else { return Ok(()) };
        let records: Vec<Record> =
            facts.into_iter().filter(|(_, fact)| !self.has(fact)).map(|(_, fact)| to_record(fact)).collect();
        if is_too_large(document, records.iter().fold(0, |sum, record| record.bytes.len().saturating_add(sum))) {
            return Ok(());
        }
        let proofs: Vec<BlobId> = records.iter().flat_map(proofs_of).collect();
        for proof in proofs.iter().rev().take(PROOFS_PER_ORDER).rev() {
            self.add_proof(draft, *proof)?;
        }
        draft.records(document, sorted(records), &meta);
        Ok(())
    }

    /// A whole document, with the proofs of its signatures while the order is open: the phone of whoever takes it
    /// over shows what was drawn.
    fn add_whole(&self, draft: &mut Draft, document: DocumentId, meta: &DocumentMeta) -> Result<(), CommitError> {
        match readable(document, self.store.document_bytes(document, meta))? {
            Readable::Yes(bytes) => self.add_saved(draft, document, meta, bytes),
            Readable::Damaged => Ok(()),
        }
    }

    fn add_saved(
        &self,
        draft: &mut Draft,
        document: DocumentId,
        meta: &DocumentMeta,
        bytes: Vec<u8>,
    ) -> Result<(), CommitError> {
        if is_too_large(document, bytes.len()) {
            return Ok(());
        }
        draft.document(document, News::Whole { bytes }, Some(meta));
        let Some(proofs) = &meta.proofs else { return Ok(()) };
        let row = readable(document, self.store.read::<RowRecord>(Table::View, &document.0))?;
        let is_open = matches!(row, Readable::Yes(Some(row)) if !is_over(row.state));
        for proof in proofs.iter().rev().take(PROOFS_PER_ORDER).filter(|_| is_open) {
            self.add_proof(draft, *proof)?;
        }
        Ok(())
    }

    /// The bytes of a proof, once they have arrived.
    fn add_proof(&self, draft: &mut Draft, proof: BlobId) -> Result<(), CommitError> {
        if let Some(bytes) = Tables::get(self.store, Table::Blob, &proof.0)? {
            draft.bytes = draft.bytes.saturating_add(bytes.len());
            draft.proofs.push(ProofBytes(bytes));
        }
        Ok(())
    }

    fn finish(&self, draft: Draft, from: u64, to: u64, last: bool) -> Result<Batch, CommitError> {
        let chain = match self.store.log_entry(to)? {
            Some(entry) => entry.chain,
            None => self.durable.chain,
        };
        let receipt = (!draft.heads.is_empty()).then(|| self.receipt(draft.heads));
        Ok(Batch {
            from,
            to: Cursor::new(self.identity.epoch, to, chain),
            actors: draft.records.actors,
            documents: draft.documents,
            references: draft.references,
            proofs: draft.proofs,
            receipt,
            digest: if last { Some(self.digest()?) } else { None },
            at: Some(self.now),
        })
    }

    fn receipt(&self, heads: Vec<ReceiptDocument>) -> ReceiptLine {
        let Durable { number, chain } = self.durable;
        let signing = self.keys.signing();
        let receipt = Receipt::signed(self.identity.store, self.identity.epoch, number, chain, heads, signing);
        ReceiptLine { number, chain, signature: receipt.signature }
    }
}

impl Draft {
    fn document(&mut self, document: DocumentId, news: News, meta: Option<&DocumentMeta>) {
        if let News::Whole { bytes } = &news {
            self.bytes = self.bytes.saturating_add(bytes.len());
        }
        if let Some(meta) = meta {
            self.heads.push(ReceiptDocument { document, heads: heads_of(document, &meta.chains) });
        }
        self.documents.push(BatchDocument { document, news });
    }

    /// Records of one document; none still means that its receipt is renewed.
    fn records(&mut self, document: DocumentId, records: Vec<Record>, meta: &DocumentMeta) {
        let size: usize = records.iter().map(|record| record.bytes.len()).sum();
        self.bytes = self.bytes.saturating_add(size);
        self.records.push(document, &records);
        let runs = self.records.documents.pop().map(|packed| packed.runs).unwrap_or_default();
        self.document(document, News::Records { runs }, Some(meta));
    }
}

/// What was read of one order.
enum Readable<T> {
    Yes(T),
    /// Told on the process's log; the device's digest differs until it is mended, and the other orders go on.
    Damaged,
}

fn readable<T>(document: DocumentId, read: Result<T, CommitError>) -> Result<Readable<T>, CommitError> {
    match read {
        Ok(value) => Ok(Readable::Yes(value)),
        Err(error) if error.is_damage() => {
            tracing::error!(work_order.id = %document, %error, "an order is damaged and is not sent");
            Ok(Readable::Damaged)
        }
        Err(error) => Err(error),
    }
}

/// Told like damage: the device's digest differs, and the other orders go on.
fn is_too_large(document: DocumentId, bytes: usize) -> bool {
    if bytes > ORDER_BYTES_MAX {
        tracing::error!(work_order.id = %document, bytes, "an order is too large for a message and is not sent");
    }
    bytes > ORDER_BYTES_MAX
}

/// By chain: consecutive records of one actor travel as one run.
fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|record| (record.actor, record.sequence));
    records
}

fn proofs_of(record: &Record) -> Vec<BlobId> {
    StatedFact::from_bytes(&record.bytes).map(|stated| stated.content.body.proofs()).unwrap_or_default()
}
