//! A small honest world: one office, two devices, one order.

use docket_sync_core::document::{ChainHead, Chains, Record, rebuild_unchecked};
use docket_sync_core::facts::bodies::{AddNote, RegisterCall};
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::facts::{Author, Content, FactBody, Head, Origin, SeenRef, StatedFact, Statement};
use docket_sync_core::ids::{ChangeHash, DeviceId, DocumentId, Incarnation, PersonId, RecordId, StoreId};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::SigningKey;

pub(crate) const STORE: StoreId = StoreId([0x5a; 16]);
pub(crate) const ORDER: DocumentId = DocumentId([0x0d; 16]);
pub(crate) const OTHER_ORDER: DocumentId = DocumentId([0x0e; 16]);
/// 2025-11-21T08:30:00Z.
pub(crate) const NOON: UnixMillis = UnixMillis(1_763_713_800_000);

/// A device and its technician.
#[derive(Clone, Copy)]
pub(crate) struct Device(pub(crate) u8);

impl Device {
    pub(crate) fn id(self) -> DeviceId {
        DeviceId([self.0; 16])
    }

    pub(crate) fn person(self) -> PersonId {
        PersonId([self.0; 16])
    }

    pub(crate) fn origin(self) -> Origin {
        Origin::Device { device: self.id(), incarnation: Incarnation([self.0; 16]) }
    }

    pub(crate) fn key(self) -> SigningKey {
        SigningKey::from_bytes(&[self.0; 32])
    }

    /// His note at this place of his chain.
    pub(crate) fn note(self, sequence: u64) -> Record {
        self.says(sequence, AddNote { text: format!("note {sequence}") })
    }

    pub(crate) fn says(self, sequence: u64, body: impl Into<FactBody>) -> Record {
        self.states(sequence, self.statement(sequence), content(body))
    }

    /// The statement that an honest device makes at this place.
    pub(crate) fn statement(self, sequence: u64) -> Statement {
        if sequence > 1 {
            return Statement::default();
        }
        Statement { origin: Some(self.origin()), author: Some(Author::Person(self.person())), restates: None }
    }

    pub(crate) fn states(self, sequence: u64, statement: Statement, content: Content) -> Record {
        let bytes = StatedFact::new(statement, content).to_bytes();
        Record { actor: self.origin().actor(), sequence, time: later(sequence), bytes }
    }
}

pub(crate) fn content(body: impl Into<FactBody>) -> Content {
    Content { level: 1, seen: vec![SeenRef::Previous], head: Head::default(), body: body.into() }
}

pub(crate) fn later(sequence: u64) -> UnixMillis {
    NOON.plus(i64::try_from(sequence.min(1_000)).unwrap() * 1_000)
}

pub(crate) fn register_call() -> RegisterCall {
    RegisterCall {
        customer: RecordId([1; 16]),
        site: RecordId([2; 16]),
        unit: None,
        channel: Channel::OnSite,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Normal,
        problem: "does not cool".into(),
        serial: None,
        skill: None,
        origin: None,
    }
}

/// Hashes of records along their chains, which begin where `chains` ends.
pub(crate) fn hashes(document: DocumentId, chains: &Chains, records: &[Record]) -> Vec<ChangeHash> {
    let mut chains = chains.clone();
    let mut hashes = Vec::new();
    for record in records {
        let hash = rebuild_unchecked(document, chains.get(&record.actor), record).hash;
        chains.insert(record.actor, ChainHead { sequence: record.sequence, hash });
        hashes.push(hash);
    }
    hashes
}
