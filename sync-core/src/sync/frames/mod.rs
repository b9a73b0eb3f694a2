//! The frames of the protocol [frozen]: identical over a WebSocket and over one HTTP POST.

mod healing;
mod records;
mod sealed;

use minicbor::{Decode, Encode};

pub use healing::{DocumentHeads, Have, Heads, Introduce, References, Want};
pub use records::{DocumentRuns, RecordSet, Run, RunItem};
pub use sealed::{Sealed, SealedBundle};

use super::cursor::Cursor;
use crate::ids::{ActorId, DeviceId, Digest, DocumentId, Epoch, Incarnation};
use crate::ids::{KeyId, Nonce, Signature, StoreId};
use crate::proof::Envelope;
use crate::time::UnixMillis;
use crate::wire::{self, coded_enum};

/// Version of the protocol.
pub const PROTOCOL: u8 = 1;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[expect(missing_docs, reason = "each variant wraps the frame of the same name, documented there")]
pub enum Frame {
    #[n(1)]
    Hello(#[n(0)] Hello),
    #[n(2)]
    Push(#[n(0)] Push),
    #[n(3)]
    Welcome(#[n(0)] Welcome),
    #[n(4)]
    Ack(#[n(0)] Ack),
    #[n(5)]
    Batch(#[n(0)] Batch),
    #[n(6)]
    Stored(#[n(0)] Stored),
    #[n(7)]
    Heads(#[n(0)] Heads),
    #[n(8)]
    Want(#[n(0)] Want),
    #[n(9)]
    Nonce(#[n(0)] NonceFrame),
    #[n(10)]
    Renew(#[n(0)] Renew),
    #[n(11)]
    Stop(#[n(0)] Stop),
    #[n(12)]
    Have(#[n(0)] Have),
    #[n(13)]
    Sealed(#[n(0)] Sealed),
    #[n(14)]
    Introduce(#[n(0)] Introduce),
    #[n(15)]
    References(#[n(0)] References),
}

/// A device opens a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hello {
    /// [`PROTOCOL`].
    #[n(0)]
    pub protocol: u8,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Its incarnation.
    #[n(2)]
    pub incarnation: Incarnation,
    /// Session counter, durable before it leaves.
    #[n(3)]
    pub counter: u64,
    /// The nonce of the previous answer.
    #[n(4)]
    pub nonce: Nonce,
    /// Where it stands; absent before the first pull.
    #[n(5)]
    pub cursor: Option<Cursor>,
    /// Schema level it knows.
    #[n(6)]
    pub level: u8,
    /// Over store id and all other fields.
    #[n(7)]
    pub signature: Signature,
    /// Digest of the other frames in this message; absent when there are none.
    #[n(8)]
    pub travels: Option<Digest>,
    /// Facts not yet acknowledged, those in this message included.
    #[n(9)]
    pub pending: Option<Pending>,
}

/// What exists on the device only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Pending {
    /// How many facts.
    #[n(0)]
    pub count: u64,
    /// Hybrid time of the oldest.
    #[n(1)]
    pub oldest: UnixMillis,
}

impl Hello {
    /// The bytes that the device signs.
    #[must_use]
    pub fn signed_bytes(&self, store: StoreId) -> Vec<u8> {
        wire::encode(&(
            "docket-hello-1",
            store,
            (self.protocol, self.device, self.incarnation, self.counter),
            (self.nonce, self.cursor, self.level, self.travels, self.pending),
        ))
    }
}

/// What covers the changes of a push.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Cover {
    /// An envelope of the session's own device; the receiver rebuilds the list of hashes.
    #[n(0)]
    Own {
        /// The key.
        #[n(0)]
        key: KeyId,
        /// Envelope counter.
        #[n(1)]
        counter: u64,
        /// The signature.
        #[n(2)]
        signature: Signature,
    },
    /// Somebody's envelope with its list, and the certificate of the device.
    #[n(1)]
    Relayed {
        /// The envelope.
        #[n(0)]
        envelope: Envelope,
        /// The certificate's bytes.
        #[cbor(n(1), with = "minicbor::bytes")]
        certificate: Vec<u8>,
    },
    /// A receipt of this store, of whatever epoch (healing).
    #[n(2)]
    Receipt {
        /// The receipt's bytes.
        #[cbor(n(0), with = "minicbor::bytes")]
        receipt: Vec<u8>,
    },
    /// Nothing: everything is quarantined.
    #[n(3)]
    None,
}

impl Cover {
    /// The counter under which a push is acknowledged, and whose it is where that is not the session's own device.
    #[must_use]
    pub fn counted(&self) -> (u64, Option<DeviceId>) {
        match self {
            Self::Own { counter, .. } => (*counter, None),
            Self::Relayed { envelope, .. } => (envelope.counter, Some(envelope.device)),
            Self::Receipt { .. } | Self::None => (0, None),
        }
    }
}

/// Changes on their way to the store.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Push {
    /// What covers them.
    #[n(0)]
    pub cover: Cover,
    /// The records.
    #[n(1)]
    pub records: RecordSet,
    /// Proofs (voucher, salts, strokes) of signatures among them.
    #[n(2)]
    pub proofs: Vec<ProofBytes>,
}

/// Bytes of one proof.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ProofBytes(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

/// The store answers a Hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Welcome {
    /// The store's epoch.
    #[n(0)]
    pub epoch: Epoch,
    /// The server's time.
    #[n(1)]
    pub server_time: UnixMillis,
    /// The nonce of the next Hello.
    #[n(2)]
    pub nonce: Nonce,
    /// Everything up to here is on the store's disk.
    #[n(3)]
    pub durable_to: u64,
    /// Everything up to here is in a backup.
    #[n(4)]
    pub backed_up_to: u64,
    /// Schema level the server knows.
    #[n(5)]
    pub level: u8,
    /// Digest of the device's scope at its cursor, when no Batch follows.
    #[n(6)]
    pub digest: Option<Digest>,
    /// Tighter limits than the protocol's.
    #[n(7)]
    pub limits: Option<Limits>,
}

/// Limits that a server sets below those of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Limits {
    /// Largest message in bytes.
    #[n(0)]
    pub message_bytes: u64,
    /// Largest number of records in one push.
    #[n(1)]
    pub records_per_push: u64,
}

coded_enum! {
    /// Why something was put into quarantine. Codes are stable; the device shows their text.
    QuarantineCode {
        /// The bytes are not a fact of the layout.
        Malformed = 1 "malformed",
        /// Larger, longer or more than a limit allows.
        Limit = 2 "limit",
        /// `lo` or hybrid time lies in the server's future.
        TimeAhead = 3 "time_ahead",
        /// No envelope, or one whose signature is wrong.
        NoProof = 4 "no_proof",
        /// The actor is not the digest of the stated origin, or of another device.
        WrongActor = 5 "wrong_actor",
        /// The author is not one of the device's persons.
        ForgedAuthor = 6 "forged_author",
        /// The author's roles may not state this kind.
        NotPermitted = 7 "not_permitted",
        /// The order was never the technician's.
        OutOfScope = 8 "out_of_scope",
        /// The device was revoked.
        Revoked = 9 "revoked",
        /// A kind of a later schema level: kept whole, judged after the upgrade.
        NewerKind = 10 "newer_kind",
        /// The document is unknown and this fact does not begin one.
        UnknownDocument = 11 "unknown_document",
        /// The document library failed on it.
        Library = 12 "library",
        /// Its place on the chain holds another content, and who carried it did not make it.
        TwoContents = 13 "two_contents",
        /// A witness's signature is not his over this fact, or his key is not known.
        BadWitness = 16 "bad_witness",
        /// The one-time code is not one of the approver's, or he may not approve.
        BadCode = 17 "bad_code",
        /// The one-time code was used before.
        UsedCode = 18 "used_code",
        /// The number of the receipt is not of the device's own block.
        ForeignNumber = 19 "foreign_number",
        /// The number of the receipt was used before.
        UsedNumber = 20 "used_number",
        /// A kind that lies in the companion document, which no device has.
        OfficeKind = 30 "office_kind",
    }
}

/// What became of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// In the document, durable.
    #[n(0)]
    Accepted,
    /// It was there already.
    #[n(1)]
    Duplicate,
    /// Waits behind a refused or missing change of its actor.
    #[n(2)]
    Held {
        /// The sequence that is missing or refused.
        #[n(0)]
        missing: u64,
    },
    /// Kept apart until a person decides.
    #[n(3)]
    Quarantined {
        /// Why.
        #[n(0)]
        code: QuarantineCode,
    },
}

/// Answers one push. Changes that are not listed were accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ack {
    /// Counter of the push's envelope; 0 for one without.
    #[n(0)]
    pub counter: u64,
    /// Log number at which it became durable.
    #[n(1)]
    pub number: u64,
    /// Everything that was not simply accepted.
    #[n(2)]
    pub exceptions: Vec<AckRun>,
    /// Whose envelope it was, where another device carried it: counters are of one device.
    #[n(3)]
    pub device: Option<DeviceId>,
    /// The server's time when it was durable: the upper bound of the true time of what was accepted (U-10).
    #[n(4)]
    pub at: Option<UnixMillis>,
}

/// Consecutive changes with the same outcome.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AckRun {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The actor.
    #[n(1)]
    pub actor: ActorId,
    /// First sequence.
    #[n(2)]
    pub first: u64,
    /// How many.
    #[n(3)]
    pub count: u64,
    /// What became of them.
    #[n(4)]
    pub outcome: Outcome,
}

/// News for a device: everything in its scope from one number to another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Batch {
    /// Number after which it begins.
    #[n(0)]
    pub from: u64,
    /// The cursor after applying it.
    #[n(1)]
    pub to: Cursor,
    /// The actors of the records in `documents`.
    #[n(2)]
    pub actors: Vec<ActorId>,
    /// The documents.
    #[n(3)]
    pub documents: Vec<BatchDocument>,
    /// Reference records, newest version each.
    #[n(4)]
    pub references: Vec<ProofBytes>,
    /// Proofs of signatures.
    #[n(5)]
    pub proofs: Vec<ProofBytes>,
    /// The receipt without its list of documents; absent when no document changed.
    #[n(6)]
    pub receipt: Option<ReceiptLine>,
    /// Digest of the scope after the last batch; absent before.
    #[n(7)]
    pub digest: Option<Digest>,
    /// The server's time when it was made: an upper bound of the true time of every fact in it (U-10).
    #[n(8)]
    pub at: Option<UnixMillis>,
}

/// A receipt whose list the receiver derives from the batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReceiptLine {
    /// Log number of the heads.
    #[n(0)]
    pub number: u64,
    /// Chain value there.
    #[n(1)]
    pub chain: Digest,
    /// The store's signature.
    #[n(2)]
    pub signature: Signature,
}

/// One document in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BatchDocument {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// What is new.
    #[n(1)]
    pub news: News,
}

/// What is new about a document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum News {
    /// Changes since the last batch.
    #[n(0)]
    Records {
        /// The runs; actors by index in the batch's table.
        #[n(0)]
        runs: Vec<Run>,
    },
    /// It entered the scope: the whole document as an uncompressed save.
    #[n(1)]
    Whole {
        /// The bytes.
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// It left the scope.
    #[n(2)]
    Evict,
    /// It is to be forgotten.
    #[n(3)]
    Forget,
}

/// What the device has on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stored {
    /// Up to this number.
    #[n(0)]
    pub to: u64,
}

/// The nonce was unknown, or the counter too low: say Hello again with this one. Nothing else happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NonceFrame {
    /// The nonce of the next Hello.
    #[n(0)]
    pub nonce: Nonce,
    /// The last counter the server knows of this device.
    #[n(1)]
    pub last_counter: u64,
}

coded_enum! {
    /// Why a device must take a new incarnation.
    RenewReason {
        /// A session counter was used for two contents.
        CounterReused = 1 "counter_reused",
        /// One (actor, sequence) has two contents.
        TwoContents = 2 "two_contents",
        /// The incarnation is not the one the store knows as the device's last.
        OldIncarnation = 3 "old_incarnation",
    }
}

/// Take a new incarnation and state the journal again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Renew {
    /// The actor concerned, where there is one.
    #[n(0)]
    pub actor: Option<ActorId>,
    /// The sequence concerned.
    #[n(1)]
    pub sequence: u64,
    /// Why.
    #[n(2)]
    pub reason: RenewReason,
}

coded_enum! {
    /// Why the server ends a session.
    StopCode {
        /// The bytes were not frames of this protocol.
        BadFrame = 1 "bad_frame",
        /// A frame or message was larger than its limit.
        TooLarge = 2 "too_large",
        /// The device is not known or its signature is wrong.
        NotAuthentic = 3 "not_authentic",
        /// The device was revoked.
        Revoked = 4 "revoked",
        /// The disk is nearly full: pushes wait, reading goes on.
        StorageFull = 5 "storage_full",
        /// The device's quarantine is full: nothing was acknowledged.
        QuarantineFull = 6 "quarantine_full",
        /// Too busy now.
        Busy = 7 "busy",
        /// The server stops.
        ShuttingDown = 8 "shutting_down",
        /// A newer protocol is spoken here.
        Protocol = 9 "protocol",
        /// A frame came where it is not allowed.
        OutOfOrder = 10 "out_of_order",
        /// The store does not remember the device: say Hello again with [`Introduce`] right behind it.
        UnknownDevice = 11 "unknown_device",
        /// The store has forgotten the device: what it sends is held until it is confirmed, and it gets nothing.
        NotConfirmed = 12 "not_confirmed",
        /// Nobody who works here now uses the device: it may leave what it has and gets nothing.
        Deactivated = 13 "deactivated",
        /// The device does not read what it is sent: nothing more is kept for it; it comes again when it likes.
        SlowReader = 14 "slow_reader",
    }
}

/// The session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stop {
    /// Why.
    #[n(0)]
    pub code: StopCode,
    /// Milliseconds after which to try again; absent: not without a change.
    #[n(1)]
    pub retry_after_ms: Option<u64>,
}
