//! What lies in the device store, by table: positional CBOR that may grow at the end.

use std::collections::BTreeMap;

use docket_sync_core::DecodeError;
use docket_sync_core::document::{Chains, Record};
use docket_sync_core::facts::{Author, Fact, Restates, StatedFact, content_digest};
use docket_sync_core::ids::{
    ActorId, BlobId, ChangeHash, DeviceId, Digest, DocumentId, Epoch, FactId, Incarnation, Nonce, PersonId, RecordId,
    StoreId,
};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::frames::{Limits, QuarantineCode};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::one_time::{OpenNumber, SpentCode};
use crate::platform::LowerBound;

/// Key of [`Identity`] in the table of fixed names.
pub(crate) const IDENTITY: &[u8] = b"identity";
/// Key of [`DeviceState`] in the table of fixed names.
pub(crate) const STATE: &[u8] = b"state";

/// Key of the record id of the newest service policy.
pub(crate) const POLICY: &[u8] = b"policy";
/// Meta: prefix of the ids of forms, by their codes.
pub(crate) const FORM: &[u8] = b"form/";
/// Key of the record id of the company.
pub(crate) const COMPANY: &[u8] = b"company";

/// Who this device is: written at enrolment, never changed by a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Identity {
    /// The company's store.
    #[n(0)]
    pub store: StoreId,
    /// This device.
    #[n(1)]
    pub device: DeviceId,
    /// Who works with it.
    #[n(2)]
    pub person: PersonId,
    /// The store's certificate for this device.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// Address of the server.
    #[n(4)]
    pub server: String,
    /// Fingerprint of the server's certificate; absent for a server on this machine.
    #[n(5)]
    pub fingerprint: Option<Digest>,
}

/// Where this device stands; rewritten with every batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct DeviceState {
    /// The incarnation whose actor states new facts.
    #[n(0)]
    pub(crate) incarnation: Incarnation,
    /// Counter of the last Hello.
    #[n(1)]
    pub(crate) session_counter: u64,
    /// The nonce of the next Hello.
    #[n(2)]
    pub(crate) nonce: Nonce,
    /// Where it stands in the store's log.
    #[n(3)]
    pub(crate) cursor: Option<Cursor>,
    /// The epoch whose store has everything that this device held when it met it.
    #[n(4)]
    pub(crate) healed_epoch: Epoch,
    /// The store has everything up to here on its disk.
    #[n(5)]
    pub(crate) durable_to: u64,
    /// The store has everything up to here in a backup.
    #[n(6)]
    pub(crate) backed_up_to: u64,
    /// Schema level of the server.
    #[n(7)]
    pub(crate) server_level: u8,
    /// Limits below those of the protocol.
    #[n(8)]
    pub(crate) limits: Option<Limits>,
    /// Envelope counters up to this one may have been used.
    #[n(9)]
    pub(crate) envelope_counter: u64,
    /// Lower bound of the true time.
    #[n(10)]
    pub(crate) clock: LowerBound,
    /// Last hybrid stamp.
    #[n(11)]
    pub(crate) hybrid: UnixMillis,
    /// Digest of the base in scope.
    #[n(12)]
    pub(crate) sum: Digest,
    /// Whether the last comparison of digests agreed.
    #[n(13)]
    pub(crate) verified: Option<bool>,
    /// How often it did not, and no loss of the store's explains it: damage, or a bug.
    #[n(14)]
    pub(crate) differences: u64,
    /// Server time of the last Welcome.
    #[n(15)]
    pub(crate) last_sync: Option<UnixMillis>,
    /// Number of the next row in tables that count.
    #[n(16)]
    pub(crate) next_row: u64,
    /// The number at which everything was pulled again since digests differed and heads did not; absent once they
    /// agree. It is tried once.
    #[n(17)]
    pub(crate) pulled_again: Option<u64>,
    /// Number at which a store that had lost something took the last of what this device gave back.
    #[n(18)]
    pub(crate) healed_at: Option<u64>,
    /// Whether the store does not remember this device, which introduces itself until it gets news again.
    #[n(19)]
    pub(crate) forgotten: Option<bool>,
    /// Numbers of receipts that were given out and that no fact names yet.
    #[n(20)]
    pub(crate) open_numbers: Option<Vec<OpenNumber>>,
    /// Codes of approvers that were used here.
    #[n(21)]
    pub(crate) spent_codes: Option<Vec<SpentCode>>,
    /// Whether the store lost something since this device knew it, and the two have not been equal again yet.
    #[n(22)]
    pub(crate) after_a_loss: Option<bool>,
    /// Where the walk through the feed began that `cursor` is in the middle of; absent once it came to its end.
    #[n(23)]
    pub(crate) walk_from: Option<u64>,
    /// How often the store was found to have lost something within its epoch.
    #[n(24)]
    pub(crate) losses: Option<u64>,
    /// Milliseconds that this device has lived through up to the last Welcome: see `lived`.
    #[n(25)]
    pub(crate) lived_ms: Option<i64>,
}

impl DeviceState {
    /// The state of a device that was just enrolled.
    pub(crate) fn enrolled(incarnation: Incarnation, nonce: Nonce, epoch: Epoch, clock: LowerBound) -> Self {
        Self {
            incarnation,
            session_counter: 0,
            nonce,
            cursor: None,
            healed_epoch: epoch,
            durable_to: 0,
            backed_up_to: 0,
            server_level: docket_sync_core::facts::SCHEMA_LEVEL,
            limits: None,
            envelope_counter: 0,
            clock,
            hybrid: UnixMillis(0),
            sum: Digest([0; 32]),
            verified: None,
            differences: 0,
            last_sync: None,
            next_row: 1,
            pulled_again: None,
            forgotten: None,
            healed_at: None,
            open_numbers: None,
            spent_codes: None,
            after_a_loss: None,
            walk_from: None,
            losses: None,
            lived_ms: None,
        }
    }
}

/// What is known of a document without loading it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct DocumentMeta {
    /// Its chains.
    #[n(0)]
    pub(crate) chains: Chains,
    /// Its part of the scope's digest.
    #[n(1)]
    pub(crate) sum: Option<Digest>,
    /// Row of the newest receipt that covers it, and the receipt's number.
    #[n(2)]
    pub(crate) receipt: Option<ReceiptRow>,
    /// Log number at which the last fact of this device in it became durable.
    #[n(3)]
    pub(crate) own_to: u64,
    /// When it left the scope.
    #[n(4)]
    pub(crate) evicted_at: Option<UnixMillis>,
    /// Reference records that its request names.
    #[n(5)]
    pub(crate) references: Vec<RecordId>,
    /// Older receipts that prove what the newest one does not cover: the store had lost it.
    #[n(6)]
    pub(crate) older: Option<Vec<ReceiptRow>>,
    /// When the store had the facts of each actor.
    #[n(7)]
    pub(crate) received: Option<Received>,
    /// Milliseconds that this device had lived through when it left the scope.
    #[n(8)]
    pub(crate) evicted_from: Option<i64>,
}

/// When the store had the facts of each actor: up to which sequence by when, as far as it has told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct Received(#[n(0)] BTreeMap<ActorId, Vec<(u64, UnixMillis)>>);

/// Steps kept of one actor; of older facts a later bound stays, which is true as well.
const RECEIVED_STEPS_MAX: usize = 64;

impl Received {
    /// The store had everything of `actor` up to `sequence` at `at`.
    pub(crate) fn note(&mut self, actor: ActorId, sequence: u64, at: UnixMillis) {
        let steps = self.0.entry(actor).or_default();
        if steps.last().is_some_and(|(to, _)| *to >= sequence) {
            return;
        }
        steps.push((sequence, at));
        if steps.len() > RECEIVED_STEPS_MAX {
            steps.remove(0);
        }
    }

    /// By when it had one fact.
    pub(crate) fn by(&self, fact: FactId) -> Option<UnixMillis> {
        let steps = self.0.get(&fact.actor)?;
        steps.iter().find(|(to, _)| *to >= fact.sequence).map(|(_, at)| *at)
    }
}

impl DocumentMeta {
    /// Every receipt that covers something of it, the newest first.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = ReceiptRow> + '_ {
        self.receipt.into_iter().chain(self.older.iter().flatten().copied())
    }
}

/// A receipt in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct ReceiptRow {
    /// The row.
    #[n(0)]
    pub(crate) row: u64,
    /// The receipt's number.
    #[n(1)]
    pub(crate) number: u64,
}

/// One fact of this device that the store has not yet acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JournalEntry {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The record as it travels.
    #[n(1)]
    pub record: Record,
    /// Its first statement.
    #[n(2)]
    pub first: Restates,
    /// Its author.
    #[n(3)]
    pub author: Author,
    /// Hash of its change.
    #[n(4)]
    pub hash: ChangeHash,
    /// The proof that travels with it.
    #[n(5)]
    pub proof: Option<BlobId>,
    /// Why the store did not accept it; absent while it waits.
    #[n(6)]
    pub refused: Option<QuarantineCode>,
}

impl JournalEntry {
    /// The fact's identity.
    #[must_use]
    pub fn id(&self) -> FactId {
        FactId { actor: self.first.actor, sequence: self.first.sequence }
    }

    /// The fact itself.
    pub(crate) fn fact(&self) -> Result<Fact, DecodeError> {
        let stated = StatedFact::from_bytes(&self.record.bytes)?;
        let digest = content_digest(self.document, self.id(), &self.author, self.record.time, &stated.content_bytes);
        let (id, author, time) = (self.id(), self.author.clone(), self.record.time);
        Ok(Fact { id, origin: stated.statement.origin, author, time, content: stated.content, digest })
    }

    /// Whether it still waits for the store.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.refused.is_none()
    }
}

/// The journal, by row.
pub(crate) type Journal = BTreeMap<u64, JournalEntry>;

/// The CBOR of a stored value.
pub(crate) fn to_bytes<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail: its error type has no values.
    minicbor::encode(value, &mut bytes).unwrap_or_default();
    bytes
}

/// Reads a stored value.
pub(crate) fn from_bytes<T: for<'b> Decode<'b, ()>>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    minicbor::decode(bytes).map_err(|error| DecodeError::new(what, error.to_string()))
}

/// The key of a row in a table that counts.
pub(crate) fn row_key(row: u64) -> [u8; 8] {
    row.to_be_bytes()
}

/// The number of such a key.
pub(crate) fn row_number(key: &[u8]) -> Result<u64, DecodeError> {
    let bytes = key.try_into().map_err(|_ignored| DecodeError::new("row key", "not 8 bytes"))?;
    Ok(u64::from_be_bytes(bytes))
}
