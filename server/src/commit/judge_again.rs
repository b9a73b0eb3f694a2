//! Changes in quarantine whose reason to be there has gone: their kind is known now (sync.md, Versions), or their order
//! has begun. With them what stood behind them: nobody has to decide about those.
//!
//! Looked at by [`super::upgrade`], and when an order begins here or comes back. Not here: other reasons to be in
//! quarantine, which a person decides about.

use docket_sync_core::facts::{FactBody, Origin, StatedFact};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::sync::gate::{self, Ground, Judged, JudgedDocument, Maker, Verdict};

use super::error::CommitError;
use super::look::Look;
use super::order::Admission;
use super::quarantine::QuarantineEntry;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::DeviceRecord;
use crate::restore::last_loss;
use crate::store::{KeyRange, Table, record};

/// Changes of one order that are looked at in one job; what is beyond waits for the next upgrade.
const WAITING_MAX: usize = 256;

/// Whether an entry waits for a program that knows its kind, and this one does. What a person decided stays decided.
fn is_known_now(entry: &QuarantineEntry) -> bool {
    let stated = StatedFact::from_bytes(&entry.record.bytes);
    // What does not decode as the kind that it says is not of the form: it is told so.
    let is_known = stated.map_or(true, |stated| !matches!(stated.content.body, FactBody::Unknown { .. }));
    entry.code == Some(QuarantineCode::NewerKind) && is_known
}

impl Writer {
    /// Whether an entry's reason to be in quarantine may have gone.
    pub(super) fn may_enter_now(&self, entry: &QuarantineEntry) -> Result<bool, CommitError> {
        if entry.decided.is_some() {
            return Ok(false);
        }
        let row = || self.meta(entry.document);
        Ok(match entry.code {
            Some(QuarantineCode::NewerKind) => is_known_now(entry),
            // Its order has begun since.
            Some(QuarantineCode::UnknownDocument) => row()?.is_some(),
            // What stood in front of it has come in since. Its proof may not have been looked at: only what its maker
            // brought himself, in a session that he signed, needs none.
            None => {
                let end = row()?.and_then(|row| row.chains.get(&entry.record.actor).map(|head| head.sequence));
                let is_next = end.and_then(|end| end.checked_add(1)) == Some(entry.record.sequence);
                is_next && self.maker_of(entry)?.is_some_and(|maker| maker.device == entry.device)
            }
            Some(_) => false,
        })
    }

    /// An order began in this job, or something of it came back: what waited for that enters.
    pub(super) fn judge_waiting(&mut self, document: DocumentId) -> Result<(), CommitError> {
        let range = KeyRange::prefix(document.0.to_vec());
        let mut has_entered = true;
        while core::mem::take(&mut has_entered) {
            for (key, value) in self.scan(Table::Quarantine, &range, WAITING_MAX)? {
                let Ok(entry) = record::decode::<QuarantineEntry>("quarantine entry", &value) else { continue };
                // Whose order it is by now says its scope.
                self.settle_order(document)?;
                has_entered |= self.may_enter_now(&entry)? && self.judge_again(&key, entry)?;
            }
        }
        Ok(())
    }

    /// Judges the entry under `key`; tells whether it entered. What may enter enters; what may not waits on with the
    /// reason that it has now.
    pub(super) fn judge_again(&mut self, key: &[u8], entry: QuarantineEntry) -> Result<bool, CommitError> {
        let Some(maker) = self.maker_of(&entry)? else { return Ok(false) };
        let (document, record) = (entry.document, entry.record.clone());
        // After a loss its ground may still come back.
        let ground = if last_loss(self)?.is_some() { Ground::MayReturn } else { Ground::Whole };
        let look = Look::over(self, core::iter::once(document), ground)?;
        let Some(verdict) = gate::judge_again(&look, document, record.clone(), maker, self.now()) else {
            return Ok(false);
        };
        match &verdict {
            Verdict::Accept { fact, first, .. } => {
                let (stated, carried_by) = (fact.id, Some(entry.device));
                let (fact, first) = ((**fact).clone(), first.clone());
                match self.admit(Admission { document, record: &record, fact, first, carried_by }) {
                    Ok(_) => {}
                    // The order is full: it waits on.
                    Err(error) if error.is_for_want_of_room() => {
                        return Ok(false);
                    }
                    Err(error) => return Err(error),
                }
                self.leave_quarantine(key, &entry)?;
                self.release(entry.device, document, &record, stated)?;
                let documents = vec![JudgedDocument { document, records: vec![(record, verdict)] }];
                let judged = Judged { documents, envelope: None, renew: None };
                self.settle_new(entry.device, &judged)?;
                return Ok(true);
            }
            Verdict::Duplicate => self.leave_quarantine(key, &entry)?,
            // What was held is not refused now: its maker states it again where it must.
            Verdict::Quarantine { code, hash } if entry.code.is_some_and(|before| before != *code) => {
                let (code, hash) = (Some(*code), Some(*hash));
                self.leave_quarantine(key, &entry)?;
                self.quarantine(&QuarantineEntry { code, hash, good: None, ..entry })?;
            }
            Verdict::Quarantine { .. } | Verdict::Held { .. } => {}
        }
        Ok(false)
    }

    fn leave_quarantine(&mut self, key: &[u8], entry: &QuarantineEntry) -> Result<(), CommitError> {
        self.remove(Table::Quarantine, key);
        self.weigh(entry, u64::saturating_sub)
    }

    /// The device of the change's actor, as it stood when the change came: one that was revoked since was not then.
    fn maker_of(&self, entry: &QuarantineEntry) -> Result<Option<Maker>, CommitError> {
        let row = self.meta(entry.document)?;
        let known = row.and_then(|row| row.firsts.get(&entry.record.actor)?.origin);
        let stated = || StatedFact::from_bytes(&entry.record.bytes).ok()?.statement.origin;
        let Some(Origin::Device { device, .. }) = known.or_else(stated) else { return Ok(None) };
        let record: Option<DeviceRecord> = self.read(Table::Device, &device.0)?;
        Ok(record.and_then(|record| record.maker()).map(|maker| Maker { revoked: false, ..maker }))
    }
}
