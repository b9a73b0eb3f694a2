//! Frames between a device and a store that may have forgotten something [frozen].

use minicbor::{Decode, Encode};

use super::ProofBytes;
use crate::ids::{ChangeHash, DocumentId};

/// A device that the store does not remember shows what the store once said about it. Right behind the Hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Introduce {
    /// The certificate's bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
}

/// Reference records that a device holds, given back to a store that may have lost them. Sent ahead of Heads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct References {
    /// The newest receipt that the device holds: it shows how far the store had come.
    #[n(0)]
    pub receipt: Option<ProofBytes>,
    /// The records.
    #[n(1)]
    pub records: Vec<ProofBytes>,
}

/// Answers Heads: what the store has; the device sends records with receipts for what it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Have {
    /// The documents.
    #[n(0)]
    pub documents: Vec<DocumentHeads>,
    /// Documents that the store holds and cannot read: nothing is sent for them until somebody has mended it.
    #[n(1)]
    pub damaged: Option<Vec<DocumentId>>,
}

/// What a device holds, for healing and repair.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Heads {
    /// The documents.
    #[n(0)]
    pub documents: Vec<DocumentHeads>,
}

/// Heads of one document, as far as the store had acknowledged or sent them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentHeads {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Its heads, sorted; empty when it is not known.
    #[n(1)]
    pub heads: Vec<ChangeHash>,
    /// Number of the newest receipt that covers them.
    #[n(2)]
    pub receipt: Option<u64>,
}

/// Asks for whole documents.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Want {
    /// The documents.
    #[n(0)]
    pub documents: Vec<DocumentId>,
}
