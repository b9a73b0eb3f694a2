//! The frames of the protocol [frozen]: identical over a WebSocket and over one HTTP POST.

mod greeting;
mod healing;
mod push;
mod records;
mod sealed;

use minicbor::{Decode, Encode};

pub use greeting::{Hello, Limits, NonceFrame, Pending, Renew, RenewReason, Stop, StopCode, Welcome};
pub use healing::{DocumentHeads, Have, Heads, Introduce, References, Want};
pub use push::{Ack, AckRun, Cover, Outcome, ProofBytes, Push, QuarantineCode};
pub use records::{DocumentRuns, RecordSet, Run, RunItem};
pub use sealed::{Sealed, SealedBundle};

use super::cursor::Cursor;
use crate::ids::{ActorId, Digest, DocumentId, Signature};
use crate::time::UnixMillis;

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
