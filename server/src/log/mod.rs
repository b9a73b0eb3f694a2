//! The log is the truth: every record that a commit adds, numbered and chained [frozen].
//!
//! A record is a CBOR array `[kind, fields]`. Projections and reactors consume it with a cursor of their own
//! and never load a document. Format: `schemas/log.md`; golden bytes: `schemas/golden/log`.

use docket_sync_core::facts::Origin;
use docket_sync_core::ids::{ActorId, BlobId, ChangeHash, DeviceId, Digest, DocumentId, Epoch, PersonId};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use crate::store::record;

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum LogRecord {
    /// A server process began to write under a new actor.
    #[n(0)]
    Started {
        /// The actor's origin.
        #[n(0)]
        origin: Origin,
        /// When.
        #[n(1)]
        at: UnixMillis,
    },
    /// A device's push envelope; it covers the facts that follow.
    #[n(1)]
    Envelope {
        /// The envelope with its list.
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// A fact entered a document.
    #[n(2)]
    Fact(#[n(0)] FactRecord),
    /// A reference record was written.
    #[n(3)]
    Reference {
        /// The record.
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
        /// Who wrote it.
        #[n(1)]
        by: Option<PersonId>,
        /// When.
        #[n(2)]
        at: UnixMillis,
    },
    /// A person's rights were set; never the password.
    #[n(4)]
    Person {
        /// Who.
        #[n(0)]
        person: PersonId,
        /// Role numbers.
        #[n(1)]
        roles: Vec<u8>,
        /// May log in and be author.
        #[n(2)]
        active: bool,
        /// Who set it.
        #[n(3)]
        by: Option<PersonId>,
        /// When.
        #[n(4)]
        at: UnixMillis,
    },
    /// A device was enrolled.
    #[n(5)]
    Enrolled {
        /// Its certificate.
        #[cbor(n(0), with = "minicbor::bytes")]
        certificate: Vec<u8>,
        /// When.
        #[n(1)]
        at: UnixMillis,
    },
    /// A device was revoked.
    #[n(6)]
    Revoked {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// Who did it.
        #[n(1)]
        by: PersonId,
        /// Why.
        #[n(2)]
        reason: String,
        /// When.
        #[n(3)]
        at: UnixMillis,
    },
    /// A change was put into quarantine, or is held behind one.
    #[n(7)]
    Quarantined {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The actor.
        #[n(1)]
        actor: ActorId,
        /// The sequence.
        #[n(2)]
        sequence: u64,
        /// Why; absent when it is held behind another.
        #[n(3)]
        code: Option<QuarantineCode>,
        /// Who carried it.
        #[n(4)]
        device: DeviceId,
        /// When it arrived.
        #[n(5)]
        at: UnixMillis,
    },
    /// A proof arrived.
    #[n(8)]
    Proof {
        /// Its document.
        #[n(0)]
        document: DocumentId,
        /// Its content address.
        #[n(1)]
        proof: BlobId,
    },
    /// A decision of dispatch or callbacks that is not a fact of the order: bytes by the feature's own format.
    #[n(9)]
    Office {
        /// The feature: `dispatch`, `callbacks`.
        #[n(0)]
        feature: String,
        /// The order concerned.
        #[n(1)]
        document: Option<DocumentId>,
        /// What was decided.
        #[cbor(n(2), with = "minicbor::bytes")]
        bytes: Vec<u8>,
        /// Who decided; absent for a rule.
        #[n(3)]
        by: Option<PersonId>,
        /// When.
        #[n(4)]
        at: UnixMillis,
    },
    /// The store lost what came after a number: it was restored from a backup, or its disk was rolled back and a
    /// device showed it.
    #[n(10)]
    Restored {
        /// The backup, or what the device showed.
        #[n(0)]
        from: String,
        /// Last number that was kept.
        #[n(1)]
        until_number: u64,
        /// Time of the last record that was kept, where that is known.
        #[n(2)]
        until_at: Option<UnixMillis>,
        /// Epoch before.
        #[n(3)]
        epoch_before: Epoch,
        /// Epoch since; the same where nobody restored the store on purpose.
        #[n(4)]
        epoch: Epoch,
        /// When.
        #[n(5)]
        at: UnixMillis,
    },
    /// An administrator confirmed a device that the store had forgotten.
    #[n(11)]
    Confirmed {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// Who did it.
        #[n(1)]
        by: PersonId,
        /// When.
        #[n(2)]
        at: UnixMillis,
    },
    /// A supervisor decided about a change in quarantine.
    #[n(12)]
    Decided {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The actor.
        #[n(1)]
        actor: ActorId,
        /// The sequence.
        #[n(2)]
        sequence: u64,
        /// Whether its fact was let in.
        #[n(3)]
        admitted: bool,
        /// Who decided.
        #[n(4)]
        by: PersonId,
        /// Why.
        #[n(5)]
        reason: String,
        /// When.
        #[n(6)]
        at: UnixMillis,
    },
}

/// A fact in the log: the change and its fact in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FactRecord {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The actor.
    #[n(1)]
    pub actor: ActorId,
    /// Its sequence.
    #[n(2)]
    pub sequence: u64,
    /// Hybrid time.
    #[n(3)]
    pub time: UnixMillis,
    /// Bytes of the stated fact, `seen` included.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Hash of the change.
    #[n(5)]
    pub hash: ChangeHash,
    /// Server time at the commit: the upper bound `hi` of the true time (U-10).
    #[n(6)]
    pub received_at: UnixMillis,
    /// The device that carried it here; absent for the server's own.
    #[n(7)]
    pub carried_by: Option<DeviceId>,
}

impl LogRecord {
    /// Stored bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        record::encode(self)
    }
}

/// A log entry as stored: the chain value after the record, then the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// chain(n).
    pub chain: Digest,
    /// The record.
    pub record: LogRecord,
}

/// Bytes of a log entry: 32 bytes of chain value, then the record.
#[must_use]
pub fn entry_bytes(chain: Digest, record: &[u8]) -> Vec<u8> {
    [chain.0.as_slice(), record].concat()
}

/// Reads a log entry.
pub fn read_entry(bytes: &[u8]) -> Result<LogEntry, record::RecordError> {
    let problem = || record::RecordError { what: "log entry", position: 0, problem: "too short".to_owned() };
    let (chain, bytes) = bytes.split_at_checked(Digest::LENGTH).ok_or_else(problem)?;
    let chain = Digest::from_slice(chain).ok_or_else(problem)?;
    Ok(LogEntry { chain, record: record::decode("log record", bytes)? })
}

#[cfg(test)]
mod tests;
