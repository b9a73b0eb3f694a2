//! Changes whose kind an older program did not know: kept whole then, judged now that the kind is known (sync.md,
//! Versions). Not here: when that is done, which is [`super::upgrade`]'s, and other reasons to be in quarantine, which
//! a person decides about.

use docket_sync_core::document::DocumentError;
use docket_sync_core::facts::{FactBody, Origin, StatedFact};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::sync::gate::{self, Ground, Maker, Verdict};

use super::error::CommitError;
use super::keys;
use super::look::Look;
use super::meta::DocumentMeta;
use super::order::Admission;
use super::quarantine::QuarantineEntry;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::DeviceRecord;
use crate::store::{KeyRange, Table};

/// Changes of one order in quarantine that are looked at in one job.
const WITHOUT_ORDER_MAX: usize = 256;

/// Whether an entry waits for a program that knows its kind, and this one does. What a person decided stays decided.
pub(super) fn is_known_now(entry: &QuarantineEntry) -> bool {
    let stated = StatedFact::from_bytes(&entry.record.bytes);
    // What does not decode as the kind that it says is not of the form: it is told so.
    let is_known = stated.map_or(true, |stated| !matches!(stated.content.body, FactBody::Unknown { .. }));
    entry.code == Some(QuarantineCode::NewerKind) && entry.decided.is_none() && is_known
}

/// Whether an entry was refused because nobody knew the beginning of its order.
fn had_no_order(entry: &QuarantineEntry) -> bool {
    entry.code == Some(QuarantineCode::UnknownDocument) && entry.decided.is_none()
}

impl Writer {
    /// Judges the entry under `key`. What may enter enters; what may not waits on with the reason that it has now.
    /// What stands behind a change that is not there waits as before, and a person decides.
    pub(super) fn judge_again(&mut self, key: &[u8], entry: QuarantineEntry) -> Result<(), CommitError> {
        let document = entry.document;
        self.judge_chain(key, entry)?;
        if self.order(document)?.is_none() {
            return Ok(());
        }
        // What was stated on an order of which nobody knew the beginning: it has its order now.
        let range = KeyRange::prefix(document.0.to_vec());
        for (key, _) in self.scan(Table::Quarantine, &range, WITHOUT_ORDER_MAX)? {
            let entry: Option<QuarantineEntry> = self.read(Table::Quarantine, &key)?;
            if let Some(entry) = entry.filter(|entry| had_no_order(entry)) {
                self.judge_chain(&key, entry)?;
            }
        }
        Ok(())
    }

    fn judge_chain(&mut self, key: &[u8], entry: QuarantineEntry) -> Result<(), CommitError> {
        let (document, actor, sequence) = (entry.document, entry.record.actor, entry.record.sequence);
        self.judge_one_again(key, entry)?;
        // What was held behind it has its place now. Its device may have stated it again under another actor: that
        // is the same fact (sync.md, Identity), and what stands behind it was not stated again.
        let mut last = sequence;
        while self.row_now(document)?.and_then(|row| Some(row.chains.get(&actor)?.sequence)) == Some(last) {
            last = last.saturating_add(1);
            let key = keys::change(document, actor, last);
            let next: Option<QuarantineEntry> = self.read(Table::Quarantine, &key)?;
            let waits = |next: &QuarantineEntry| next.code.is_none() && next.decided.is_none();
            let Some(next) = next.filter(|next| waits(next) || is_known_now(next) || had_no_order(next)) else {
                break;
            };
            self.judge_one_again(&key, next)?;
        }
        Ok(())
    }

    fn judge_one_again(&mut self, key: &[u8], entry: QuarantineEntry) -> Result<(), CommitError> {
        let Some(maker) = self.maker_of(&entry)? else { return Ok(()) };
        let (document, record) = (entry.document, entry.record.clone());
        let look = Look::over(self, core::iter::once(document), Ground::Whole)?;
        match gate::judge_again(&look, document, record, maker, self.now()) {
            Some(Verdict::Accept { fact, first, .. }) => {
                let (record, fact, carried_by) = (&entry.record, *fact, Some(entry.device));
                match self.admit(Admission { document, record, fact, first, carried_by }) {
                    // The order has been filled meanwhile: it waits on.
                    Err(CommitError::Document(DocumentError::Limit { .. })) => return Ok(()),
                    admitted => drop(admitted?),
                }
                self.leave_quarantine(key, &entry)
            }
            Some(Verdict::Duplicate) => self.leave_quarantine(key, &entry),
            Some(Verdict::Quarantine { code, hash }) if code != QuarantineCode::NewerKind => {
                self.leave_quarantine(key, &entry)?;
                self.quarantine(&QuarantineEntry { code: Some(code), hash: Some(hash), ..entry })
            }
            Some(Verdict::Quarantine { .. } | Verdict::Held { .. }) | None => Ok(()),
        }
    }

    /// As it is in this job, which may have begun the order.
    fn row_now(&mut self, document: DocumentId) -> Result<Option<&DocumentMeta>, CommitError> {
        Ok(self.order(document)?.map(|order| &order.meta))
    }

    fn leave_quarantine(&mut self, key: &[u8], entry: &QuarantineEntry) -> Result<(), CommitError> {
        self.remove(Table::Quarantine, key);
        self.weigh(entry, u64::saturating_sub)
    }

    /// The device of the change's actor, as it stood when the change came: one that was revoked since was not then.
    fn maker_of(&mut self, entry: &QuarantineEntry) -> Result<Option<Maker>, CommitError> {
        let known = self.row_now(entry.document)?.and_then(|row| row.firsts.get(&entry.record.actor)?.origin);
        let stated = || StatedFact::from_bytes(&entry.record.bytes).ok()?.statement.origin;
        let Some(Origin::Device { device, .. }) = known.or_else(stated) else { return Ok(None) };
        let record: Option<DeviceRecord> = self.read(Table::Device, &device.0)?;
        Ok(record.and_then(|record| record.maker()).map(|maker| Maker { revoked: false, ..maker }))
    }
}
