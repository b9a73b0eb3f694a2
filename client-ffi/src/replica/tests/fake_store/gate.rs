//! What the gate looks up in the small store.

use docket_sync_core::document::{ChainHead, FirstStatement};
use docket_sync_core::facts::{Block, Role, StatedFact};
use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, DocumentId, FactId, KeyId, PersonId};
use docket_sync_core::sync::gate::{GateStore, KnownCode, OneTime};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;

use super::FakeStore;

impl GateStore for FakeStore {
    fn chain(&self, document: DocumentId, actor: ActorId) -> Option<ChainHead> {
        self.orders.get(&document)?.document.chains().get(&actor).copied()
    }

    fn accepted(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.orders.get(&document)?.document.change_hash(actor, sequence)
    }

    fn refused(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.quarantine.get(&(document, actor, sequence)).copied()
    }

    fn first(&self, document: DocumentId, actor: ActorId) -> Option<FirstStatement> {
        let records = self.orders.get(&document)?.document.records().unwrap();
        let first = records.iter().find(|record| record.actor == actor && record.sequence == 1)?;
        let statement = StatedFact::from_bytes(&first.bytes).unwrap().statement;
        Some(FirstStatement { origin: statement.origin, author: statement.author })
    }

    fn is_known(&self, document: DocumentId) -> bool {
        self.orders.contains_key(&document)
    }

    fn roles(&self, _person: PersonId, _since: UnixMillis) -> Vec<Role> {
        vec![Role::Technician]
    }

    fn was_in_scope(&self, _document: DocumentId, _person: PersonId) -> bool {
        true
    }

    fn witness_key(&self, _person: PersonId, _key: KeyId, _at: UnixMillis) -> Option<VerifyingKey> {
        None
    }

    fn code(&self, _approver: PersonId, _number: u32) -> Option<KnownCode> {
        None
    }

    fn blocks(&self, _device: DeviceId) -> Vec<Block> {
        vec![]
    }

    fn used_by(&self, _once: &OneTime) -> Option<(DocumentId, FactId)> {
        None
    }
}

impl FakeStore {
    /// Lets time pass at the store.
    pub(crate) fn pass(&mut self, millis: i64) {
        self.now = self.now.plus(millis);
    }

    pub(crate) fn back_up(&mut self) {
        self.backed_up_to = self.number();
    }
}
