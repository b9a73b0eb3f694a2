//! What a device kept of documents that left its scope, given back to the store that alone can read it.

use minicbor::{Decode, Encode};

use crate::ids::DocumentId;

/// Gives back what was sealed. The store opens each bundle and takes its pushes as if they had come now; it answers
/// the frame with one Ack of counter 0.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sealed {
    /// The bundles.
    #[n(0)]
    pub bundles: Vec<SealedBundle>,
}

/// A message (see [`crate::sync::message`]) of Push frames, sealed to the store (see [`crate::proof::sealed`]).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedBundle {
    /// The document that it is about.
    #[n(0)]
    pub document: DocumentId,
    /// The sealed bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}
