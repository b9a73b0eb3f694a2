//! What was not admitted, kept whole with its reason until a person decides.

use docket_sync_core::document::{FirstStatement, Record};
use docket_sync_core::ids::{ChangeHash, DeviceId, DocumentId, FactId, PersonId};
use docket_sync_core::limits;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::sync::gate::{Judged, Verdict};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::keys;
use super::tables::Tables;
use super::writer::Writer;
use crate::log::LogRecord;
use crate::store::{KeyRange, Store, Table, record};

/// One change in quarantine, or held behind one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct QuarantineEntry {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The record, whole.
    #[n(1)]
    pub record: Record,
    /// Hash of its change, where it could be known.
    #[n(2)]
    pub hash: Option<ChangeHash>,
    /// Why; absent when it is held behind another.
    #[n(3)]
    pub code: Option<QuarantineCode>,
    /// Who carried it here.
    #[n(4)]
    pub device: DeviceId,
    /// When.
    #[n(5)]
    pub received_at: UnixMillis,
    /// What a person decided; it is kept with its bytes for ever.
    #[n(6)]
    pub decided: Option<Decided>,
    /// For a held one of which nothing but its place speaks against it: the origin and author with which the gate has
    /// judged it. Nobody else is its author, whatever other first facts lie here.
    #[n(7)]
    pub good: Option<FirstStatement>,
}

/// A decision about a change in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Decided {
    /// Whether its fact was let in.
    #[n(0)]
    pub admitted: bool,
    /// Who decided.
    #[n(1)]
    pub by: PersonId,
    /// Why.
    #[n(2)]
    pub reason: String,
    /// When.
    #[n(3)]
    pub at: UnixMillis,
}

impl QuarantineEntry {
    /// A change that nobody has decided about.
    #[must_use]
    pub fn new(
        document: DocumentId,
        record: Record,
        hash: Option<ChangeHash>,
        code: Option<QuarantineCode>,
        device: DeviceId,
        received_at: UnixMillis,
    ) -> Self {
        Self { document, record, hash, code, device, received_at, decided: None, good: None }
    }
}

/// Every change in quarantine that waits for a decision, of all devices.
///
/// # Errors
/// When the store fails.
pub fn quarantine_total(tables: &dyn Store) -> Result<usize, CommitError> {
    let mut total = 0_u64;
    for (_, bytes) in Tables::scan(tables, Table::Meta, &KeyRange::prefix(LOADS), DEVICES_MAX)? {
        total = total.saturating_add(record::decode::<Load>("quarantine load", &bytes)?.items);
    }
    Ok(usize::try_from(total).unwrap_or(usize::MAX))
}

/// Meta: prefix of [`load_key`].
const LOADS: &[u8] = b"quarantine/";
/// Devices whose loads are counted for the total.
const DEVICES_MAX: usize = 20_000;

/// How much of one device lies in quarantine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Load {
    #[n(0)]
    items: u64,
    #[n(1)]
    bytes: u64,
}

fn load_key(device: DeviceId) -> Vec<u8> {
    [LOADS, &device.0].concat()
}

impl Writer {
    /// Whether a device's quarantine has no room for what a push would add to it. What lies there already adds
    /// nothing.
    pub(super) fn quarantine_overflows(&self, device: DeviceId, judged: &Judged) -> Result<bool, CommitError> {
        let mut load: Load = self.read(Table::Meta, &load_key(device))?.unwrap_or_default();
        let before = load;
        for document in &judged.documents {
            for (record, verdict) in &document.records {
                let code = match verdict {
                    Verdict::Accept { .. } | Verdict::Duplicate => continue,
                    Verdict::Held { .. } => None,
                    Verdict::Quarantine { code, .. } => Some(*code),
                };
                let (_, known) = self.kept_as(document.document, record)?;
                if known.is_none_or(|known| known.code != code && known.decided.is_none()) {
                    load.items = load.items.saturating_add(1);
                    load.bytes = load.bytes.saturating_add(u64::try_from(record.bytes.len()).unwrap_or(u64::MAX));
                }
            }
        }
        let items = u64::try_from(limits::QUARANTINE_ITEMS_PER_DEVICE_MAX).unwrap_or(u64::MAX);
        let bytes = u64::try_from(limits::QUARANTINE_BYTES_PER_DEVICE_MAX).unwrap_or(u64::MAX);
        Ok(load != before && (load.items > items || load.bytes > bytes))
    }

    /// The key under which a change lies or would lie, and what lies there.
    pub(super) fn kept_as(
        &self,
        document: DocumentId,
        change: &Record,
    ) -> Result<(Vec<u8>, Option<QuarantineEntry>), CommitError> {
        let mut key = keys::change(document, change.actor, change.sequence);
        let mut known: Option<QuarantineEntry> = self.read(Table::Quarantine, &key)?;
        if known.as_ref().is_some_and(|known| known.record != *change) {
            key.extend(blake3::hash(&change.bytes).as_bytes());
            known = self.read(Table::Quarantine, &key)?;
        }
        Ok((key, known))
    }

    /// Keeps a refused or held change. The same change again is kept once; another content for the same place is
    /// kept beside the first, so that nobody can push it out.
    pub(super) fn quarantine(&mut self, entry: &QuarantineEntry) -> Result<(), CommitError> {
        let (key, known) = self.kept_as(entry.document, &entry.record)?;
        if let Some(known) = known {
            if known.decided.is_some() {
                return Ok(());
            }
            if known.code == entry.code {
                // Its proof came with another carrying: nothing else about it changes.
                if known.good.is_none() && entry.good.is_some() {
                    let (hash, good) = (entry.hash, entry.good.clone());
                    self.write(Table::Quarantine, key, &QuarantineEntry { hash, good, ..known });
                }
                return Ok(());
            }
            self.weigh(&known, u64::saturating_sub)?;
        }
        self.write(Table::Quarantine, key, entry);
        self.weigh(entry, u64::saturating_add)?;
        self.log(&LogRecord::Quarantined {
            document: entry.document,
            actor: entry.record.actor,
            sequence: entry.record.sequence,
            code: entry.code,
            device: entry.device,
            at: entry.received_at,
        });
        Ok(())
    }

    /// A change was accepted: neither it nor what it states again waits any more. What was refused under the place
    /// that it names stays: a person decides about that.
    pub(super) fn release(
        &mut self,
        by: DeviceId,
        document: DocumentId,
        record: &Record,
        fact: FactId,
    ) -> Result<(), CommitError> {
        let first = (fact.actor, fact.sequence);
        let is_statement = (record.actor, record.sequence) == first;
        self.take_out(keys::change(document, record.actor, record.sequence), |entry| entry.record == *record)?;
        if !is_statement {
            let held = |entry: &QuarantineEntry| entry.code.is_none() && entry.device == by;
            self.take_out(keys::change(document, fact.actor, fact.sequence), held)?;
        }
        Ok(())
    }

    fn take_out(&mut self, key: Vec<u8>, fits: impl FnOnce(&QuarantineEntry) -> bool) -> Result<(), CommitError> {
        let entry: Option<QuarantineEntry> = self.read(Table::Quarantine, &key)?;
        let Some(entry) = entry.filter(|entry| entry.decided.is_none()).filter(fits) else { return Ok(()) };
        self.remove(Table::Quarantine, key);
        self.weigh(&entry, u64::saturating_sub)
    }

    /// Counts an entry in or out of what its device has in quarantine.
    pub(super) fn weigh(&mut self, entry: &QuarantineEntry, change: fn(u64, u64) -> u64) -> Result<(), CommitError> {
        let mut load: Load = self.read(Table::Meta, &load_key(entry.device))?.unwrap_or_default();
        load.items = change(load.items, 1);
        load.bytes = change(load.bytes, u64::try_from(entry.record.bytes.len()).unwrap_or(u64::MAX));
        self.write(Table::Meta, load_key(entry.device), &load);
        Ok(())
    }
}
