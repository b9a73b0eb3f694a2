//! What the gate asks the store while it judges one push.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use docket_sync_core::document::{ChainHead, FirstStatement};
use docket_sync_core::facts::{Block, Role};
use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, DocumentId, FactId, KeyId, PersonId};
use docket_sync_core::sync::gate::{GateStore, Ground, KnownCode, OneTime};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;

use super::error::CommitError;
use super::keys;
use super::meta::{ChangeEntry, DocumentMeta};
use super::quarantine::QuarantineEntry;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::DeviceRecord;
use crate::store::{KeyRange, Table};

/// The look-ups over the writer. Beside the orders' rows, a store that fails to read answers as if it knew nothing: the
/// change is then held or quarantined, never lost, and the store's failure shows at the flush.
pub(super) struct Look<'a> {
    writer: &'a Writer,
    ground: Ground,
    /// Rows of the documents that the writer does not hold decoded.
    rows: BTreeMap<DocumentId, DocumentMeta>,
    /// Devices by who witnesses on them, read when the first witness is asked for.
    devices: OnceCell<BTreeMap<PersonId, Vec<DeviceRecord>>>,
}

impl<'a> Look<'a> {
    /// Over the documents of one push, each row read once. What cannot be read is an error: the gate would take it for
    /// unknown.
    pub(super) fn over(
        writer: &'a Writer,
        documents: impl Iterator<Item = DocumentId>,
        ground: Ground,
    ) -> Result<Self, CommitError> {
        let mut rows = BTreeMap::new();
        for document in documents.filter(|document| !writer.orders.contains_key(document)) {
            if let Some(row) = writer.meta(document)? {
                rows.insert(document, row);
            }
        }
        Ok(Self { writer, ground, rows, devices: OnceCell::new() })
    }

    fn row(&self, document: DocumentId) -> Option<&DocumentMeta> {
        self.writer.orders.get(&document).map(|order| &order.meta).or_else(|| self.rows.get(&document))
    }
}

impl GateStore for Look<'_> {
    fn chain(&self, document: DocumentId, actor: ActorId) -> Option<ChainHead> {
        self.row(document)?.chains.get(&actor).copied()
    }

    fn accepted(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        let key = keys::change(document, actor, sequence);
        self.writer.read::<ChangeEntry>(Table::Change, &key).ok().flatten().map(|entry| entry.hash)
    }

    fn refused(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        let key = keys::change(document, actor, sequence);
        self.writer.read::<QuarantineEntry>(Table::Quarantine, &key).ok().flatten()?.hash
    }

    fn first(&self, document: DocumentId, actor: ActorId) -> Option<FirstStatement> {
        self.row(document)?.firsts.get(&actor).cloned()
    }

    fn is_known(&self, document: DocumentId) -> bool {
        self.row(document).is_some()
    }

    fn roles(&self, person: PersonId, since: UnixMillis) -> Vec<Role> {
        self.writer.roles_since(person, since).unwrap_or_default()
    }

    fn was_in_scope(&self, document: DocumentId, person: PersonId) -> bool {
        self.writer.ever_in_scope(document, person).unwrap_or(false)
    }

    fn holds_unknown(&self, document: DocumentId) -> bool {
        self.row(document).is_some_and(|row| row.unknown.is_some())
    }

    fn witness_key(&self, person: PersonId, key: KeyId, at: UnixMillis) -> Option<VerifyingKey> {
        let devices = self.devices.get_or_init(|| devices_by_person(self.writer).unwrap_or_default());
        // The key is of a device of his that was not revoked before.
        let is_good = |record: &&DeviceRecord| record.revoked_at.is_none_or(|revoked| revoked > at);
        let mut his = devices.get(&person)?.iter().filter(is_good);
        VerifyingKey::from_bytes(&his.find(|record| KeyId::of(&record.key) == key)?.key).ok()
    }

    fn code(&self, approver: PersonId, number: u32) -> Option<KnownCode> {
        self.writer.known_code(approver, number).ok().flatten()
    }

    fn blocks(&self, device: DeviceId) -> Vec<Block> {
        self.writer.all_blocks(device).unwrap_or_default()
    }

    fn used_by(&self, once: &OneTime) -> Option<(DocumentId, FactId)> {
        self.writer.used_by(once).ok().flatten()
    }

    fn ground(&self) -> Ground {
        self.ground
    }
}

fn devices_by_person(writer: &Writer) -> Result<BTreeMap<PersonId, Vec<DeviceRecord>>, CommitError> {
    let mut by_person: BTreeMap<PersonId, Vec<DeviceRecord>> = BTreeMap::new();
    for (row, value) in writer.scan(Table::Device, &KeyRange::all(), usize::MAX)? {
        if row.len() == DeviceId::LENGTH {
            let record: DeviceRecord = crate::store::record::decode("device", &value)?;
            for person in &record.persons {
                by_person.entry(*person).or_default().push(record.clone());
            }
        }
    }
    Ok(by_person)
}
