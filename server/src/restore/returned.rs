//! What devices give back: reference records, revocations, and how far they had seen the log.

use std::collections::BTreeSet;

use docket_sync_core::ids::{DeviceId, DocumentId, Epoch, RecordId};
use docket_sync_core::proof::{Receipt, Revocation};
use docket_sync_core::reference::{
    ApprovalCodes, NumberBlocks, Reference, ReferenceRecord, ReferenceScope, codes_record, numbers_record,
};
use docket_sync_core::sync::frames::{Cover, Push, References};
use docket_sync_core::sync::gate::{Judged, Verdict};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};

use super::losses::{Losses, Restored, last_loss};
use super::{RETURNED, REVOKED, key};
use crate::commit::{CommitError, Tables, Writer, keys};
use crate::feed::devices::DeviceRecord;
use crate::log::LogRecord;
use crate::store::{KeyRange, Table};

/// Epochs of which one device may show receipts: each needs a restore.
const EPOCHS_MAX: usize = 64;
/// Versions of a record that a store may have lost: a name or an address is corrected a few times.
const VERSIONS_AHEAD_MAX: u64 = 16;

/// What one device gave back since the last loss.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Returned {
    /// Facts that the store had had before: they came under its own receipts.
    #[n(0)]
    pub known: u64,
    /// Facts that came under envelopes from a device that knew more than the store: lost ones, or new work.
    #[n(1)]
    pub brought: u64,
    /// Reference records.
    #[n(2)]
    pub references: u64,
    /// When it last gave something back.
    #[n(3)]
    pub at: Option<UnixMillis>,
    /// Whether blocks of numbers were taken from it that no store had signed.
    #[n(4)]
    pub unsigned: Option<bool>,
    /// Greatest number of a receipt that it has shown, as an older program noted it, without its epoch.
    #[n(5)]
    pub shown_to: Option<u64>,
    /// Documents of which it said to have more than the store.
    #[n(6)]
    pub claims: Option<u64>,
    /// How far the store had come in each epoch of which it has shown a receipt.
    #[n(7)]
    pub shown: Option<Vec<Shown>>,
}

/// How far the store had come in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Shown {
    /// The epoch.
    #[n(0)]
    pub epoch: Epoch,
    /// Greatest number of a receipt.
    #[n(1)]
    pub number: u64,
}

impl Returned {
    /// What it has shown; `unsaid` is the epoch of what an older program noted.
    #[must_use]
    pub(super) fn shown(&self, unsaid: Option<Epoch>) -> Vec<Shown> {
        let mut shown = self.shown.clone().unwrap_or_default();
        if let (Some(number), Some(epoch)) = (self.shown_to, unsaid) {
            note(&mut shown, Shown { epoch, number });
        }
        shown
    }
}

/// Notes how far an epoch came.
fn note(shown: &mut Vec<Shown>, more: Shown) {
    if let Some(known) = shown.iter_mut().find(|known| known.epoch == more.epoch) {
        known.number = known.number.max(more.number);
    } else if shown.len() < EPOCHS_MAX {
        shown.push(more);
    }
}

impl Writer {
    /// Takes reference records that a device gives back: those that the store has lost, and what it has signed. A
    /// device that cannot show with a receipt that the store lost something gives nothing but what this store signed:
    /// one that was enrolled after the backup has its numbers, and no receipt yet.
    ///
    /// # Errors
    /// When the store fails.
    pub fn take_references(&mut self, device: DeviceId, given: &References) -> Result<(), CommitError> {
        let receipt = given.receipt.as_ref().and_then(|bytes| Receipt::from_bytes(&bytes.0).ok());
        let shows_loss = match &receipt {
            Some(receipt) => self.shows_loss(device, receipt)?,
            None => false,
        };
        let key = self.store_keys().signing().verifying_key();
        let mut taken = 0_u64;
        for bytes in &given.records {
            let Ok(record) = ReferenceRecord::from_bytes(&bytes.0) else { continue };
            let is_news = match &record.content {
                Reference::Revocation(revocation) => {
                    self.take_revocation(&revocation.signed)?;
                    false
                }
                _ if !shows_loss && !record.is_given_by(self.identity().store, &key) => false,
                // What was given for use without asking is needed to judge what was done with it.
                Reference::ApprovalCodes(codes) => self.take_codes(&record, codes)?,
                Reference::NumberBlocks(numbers) => self.take_blocks(device, &record, numbers)?,
                content if content.scope() == Some(ReferenceScope::Orders) => self.take_named(record)?,
                _ => false,
            };
            taken = taken.saturating_add(u64::from(is_news));
        }
        if taken > 0 {
            self.count_returned(device, |returned| returned.references = returned.references.saturating_add(taken))?;
        }
        Ok(())
    }

    /// Whether this store signed the record, under the id that such a record has.
    fn has_given(&self, record: &ReferenceRecord, id: RecordId) -> bool {
        record.id == id && record.is_given_by(self.identity().store, &self.store_keys().signing().verifying_key())
    }

    /// Hashes of codes: who could choose them could approve whatever he likes.
    fn take_codes(&mut self, record: &ReferenceRecord, codes: &ApprovalCodes) -> Result<bool, CommitError> {
        if !self.has_given(record, codes_record(codes.approver)) || !self.is_later(record, u64::MAX)? {
            return Ok(false);
        }
        self.know_codes(codes)?;
        self.put_reference(record.clone(), None)?;
        Ok(true)
    }

    /// Blocks of numbers that this store gave; of those that it gave before it signed them, what does no harm, once.
    fn take_blocks(
        &mut self,
        device: DeviceId,
        record: &ReferenceRecord,
        numbers: &NumberBlocks,
    ) -> Result<bool, CommitError> {
        let (id, key) = (numbers_record(numbers.device), key(RETURNED, &device.0));
        let blocks = if self.has_given(record, id) {
            numbers.blocks.clone()
        } else {
            let returned: Returned = self.read(Table::Meta, &key)?.unwrap_or_default();
            let is_old = numbers.signature.is_none() && (numbers.device, record.id) == (device, id);
            if !is_old || returned.unsigned == Some(true) {
                return Ok(false);
            }
            self.harmless_blocks(&numbers.blocks)?
        };
        if !self.know_blocks(numbers.device, &blocks)? {
            return Ok(false);
        }
        if numbers.signature.is_none() {
            self.count_returned(device, |returned| returned.unsigned = Some(true))?;
        }
        let believed = VERSIONS_AHEAD_MAX.saturating_add(self.version_of(id)?);
        let version = if numbers.signature.is_some() { record.version } else { record.version.min(believed) };
        self.list_blocks(numbers.device, version, &blocks)?;
        Ok(true)
    }

    /// A record that orders name, which the store does not have, or has in a version of shortly before: nothing says
    /// that the office wrote it, so it must not be beyond what the office can write over.
    fn take_named(&mut self, record: ReferenceRecord) -> Result<bool, CommitError> {
        let known = self.reference(record.id)?;
        let is_same_kind = known.is_none_or(|known| known.content.kind() == record.content.kind());
        if !is_same_kind || !self.is_later(&record, VERSIONS_AHEAD_MAX)? {
            return Ok(false);
        }
        self.put_reference(record, None)?;
        Ok(true)
    }

    fn version_of(&self, id: RecordId) -> Result<u64, CommitError> {
        Ok(self.reference(id)?.map_or(0, |known| known.version))
    }

    /// Whether a record is later than what the store has, by at most `ahead` versions.
    fn is_later(&self, record: &ReferenceRecord, ahead: u64) -> Result<bool, CommitError> {
        let known = self.version_of(record.id)?;
        Ok(record.version > known && record.version <= known.saturating_add(ahead))
    }

    /// A revocation that this store signed and has forgotten.
    fn take_revocation(&mut self, signed: &[u8]) -> Result<(), CommitError> {
        let key = self.store_keys().signing().verifying_key();
        let Some(revocation) = Revocation::from_bytes(signed)
            .ok()
            .filter(|revocation| revocation.store == self.identity().store && revocation.verify(&key).is_ok())
        else {
            return Ok(());
        };
        let known: Option<DeviceRecord> = self.read(Table::Device, &revocation.device.0)?;
        match known {
            Some(record) if record.revoked_at.is_none() => self.revoke_again(record, &revocation),
            Some(_) => Ok(()),
            None => {
                let forgotten = key_of_revoked(revocation.device);
                if self.get(Table::Meta, &forgotten)?.is_some() {
                    return Ok(());
                }
                self.put(Table::Meta, forgotten, signed.to_vec());
                self.tell_revocation(&revocation)
            }
        }
    }

    /// Whether a receipt of this store shows that it had come further than it knows now. A loss that nobody had
    /// noticed is told loudly, once.
    ///
    /// # Errors
    /// When the store fails.
    pub fn shows_loss(&mut self, device: DeviceId, receipt: &Receipt) -> Result<bool, CommitError> {
        let key: VerifyingKey = self.store_keys().signing().verifying_key();
        let identity = *self.identity();
        if receipt.store != identity.store || receipt.verify(&key).is_err() {
            return Ok(false);
        }
        let chain = self.log_entry(receipt.number)?.map(|entry| entry.chain);
        if chain == Some(receipt.chain) {
            return Ok(false);
        }
        let losses = Losses::read(self)?;
        if receipt.epoch == identity.epoch && losses.of(receipt.epoch, receipt.number).is_none() {
            // What this process has written it has not lost: what was lost lay before its start.
            let until_number = self.started_at().saturating_sub(1).min(receipt.number.saturating_sub(1));
            tracing::error!(
                device.id = %device, log.number = receipt.number, log.until = until_number,
                "THE STORE HAS LOST WRITES: a device holds its receipt for a record that is not in its log; the disk was \
                 rolled back or an old copy was put in place; devices give back what they hold"
            );
            self.keep_loss(Restored {
                from: format!("noticed: device {device} holds a receipt for number {}", receipt.number),
                until_number,
                until_at: None,
                at: self.now(),
                epoch_before: identity.epoch,
                epoch: identity.epoch,
            })?;
        }
        self.note_shown(device, Shown { epoch: receipt.epoch, number: receipt.number })?;
        Ok(true)
    }

    /// How far the store had come, as the receipt of a device shows. What it says besides is believed up to there.
    fn note_shown(&mut self, device: DeviceId, more: Shown) -> Result<(), CommitError> {
        let key = key(RETURNED, &device.0);
        let returned: Returned = self.read(Table::Meta, &key)?.unwrap_or_default();
        let before = returned.shown(Losses::read(self)?.unsaid_epoch());
        let mut shown = before.clone();
        note(&mut shown, more);
        if shown != before {
            self.write(Table::Meta, key, &Returned { shown: Some(shown), shown_to: None, ..returned });
        }
        Ok(())
    }

    /// Counts what a push of `device` gave back.
    pub(crate) fn count_push(&mut self, device: DeviceId, push: &Push, judged: &Judged) -> Result<(), CommitError> {
        let verdicts = judged.documents.iter().flat_map(|document| &document.records);
        let accepted = verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Accept { .. })).count();
        let accepted = u64::try_from(accepted).unwrap_or(u64::MAX);
        if accepted == 0 || last_loss(self)?.is_none() {
            return Ok(());
        }
        let is_known = matches!(push.cover, Cover::Receipt { .. });
        self.count_returned(device, |returned| {
            let count = if is_known { &mut returned.known } else { &mut returned.brought };
            *count = count.saturating_add(accepted);
        })
    }

    fn count_returned(&mut self, device: DeviceId, count: impl FnOnce(&mut Returned)) -> Result<(), CommitError> {
        let key = key(RETURNED, &device.0);
        let mut returned: Returned = self.read(Table::Meta, &key)?.unwrap_or_default();
        count(&mut returned);
        returned.at = Some(self.now());
        self.write(Table::Meta, key, &returned);
        self.touch_device(device);
        Ok(())
    }

    /// a healed order brings the number that the register gave it. Where the restored store has given the same
    /// number again, the later order gets a suffix, and the counter goes on above it.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn settle_serial(&mut self, serial: &str) -> Result<(), CommitError> {
        if let Some((year, number)) =
            serial.split_once('-').and_then(|(year, number)| Some((year, number.parse().ok()?)))
        {
            let counter = [keys::SERIAL, year.as_bytes()].concat();
            if year.len() == 4 && self.read::<u64>(Table::Meta, &counter)?.unwrap_or(0) < number {
                self.write::<u64>(Table::Meta, counter, &number);
            }
        }
        let mut holders = Vec::new();
        for (key, _) in self.scan(Table::Index, &KeyRange::prefix(keys::serials(serial)), usize::MAX)? {
            let Some(document) = keys::read_serial(&key, serial) else { continue };
            let view = self.current_view(document)?;
            let Some(request) = &view.request else { continue };
            holders.push((request.at.time, document, request.serial.clone().unwrap_or_default()));
        }
        holders.sort_unstable();
        let Some((_, kept_by, first)) = holders.first().cloned() else { return Ok(()) };
        // A suffix may have been lost and given again, too: every order keeps the one it shows, unless an earlier
        // one shows the same.
        let mut taken: BTreeSet<String> = holders.iter().map(|(.., shown)| shown.clone()).collect();
        let mut kept = BTreeSet::from([first]);
        for (_, document, shown) in holders.into_iter().skip(1) {
            if !kept.insert(shown) {
                let suffixes = (2_u64..).map(|suffix| format!("{serial}-{suffix}"));
                let Some(free) = suffixes.into_iter().find(|suffixed| !taken.contains(suffixed)) else { continue };
                taken.insert(free.clone());
                self.renumber(document, serial, free, kept_by)?;
            }
        }
        Ok(())
    }

    fn renumber(
        &mut self,
        document: DocumentId,
        serial: &str,
        suffixed: String,
        kept_by: DocumentId,
    ) -> Result<(), CommitError> {
        tracing::warn!(work_order.id = %document, serial, %suffixed, "a number of the register was given twice");
        let cause = docket_sync_core::ids::Digest(*blake3::hash(suffixed.as_bytes()).as_bytes());
        let body = docket_sync_core::facts::bodies::Renumber { serial: suffixed, kept_by };
        let renumbered = self.state_by_rule(document, "register", &[cause], body.into());
        CommitError::unless_full(renumbered, "the number of an order that came back")?;
        Ok(())
    }

    fn revoke_again(&mut self, mut record: DeviceRecord, revocation: &Revocation) -> Result<(), CommitError> {
        let device = record.device;
        tracing::warn!(device.id = %device, "a device brought back a revocation that this store had lost");
        record.revoked_at = Some(revocation.at);
        self.write(Table::Device, device.0, &record);
        let reason = format!("brought back: {}", revocation.reason);
        self.log(&LogRecord::Revoked { device, by: docket_sync_core::ids::PersonId([0; 16]), reason, at: self.now() });
        self.tell_revocation(revocation)?;
        Ok(())
    }
}

fn key_of_revoked(device: DeviceId) -> Vec<u8> {
    key(REVOKED, &device.0)
}
