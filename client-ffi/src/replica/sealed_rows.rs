//! What is stored of documents that left the scope, and small things about it.

use docket_sync_core::document::{Chains, Record};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::BlobId;
use docket_sync_core::limits;
use docket_sync_core::sync::frames::{Sealed, SealedBundle};
use minicbor::{Decode, Encode};

use super::ReplicaError;
use super::stored::from_bytes;

/// A document that left the scope: the value of its row in the table of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct EvictedRow {
    /// Bytes of what is sealed; 0 while it is not sealed yet.
    #[n(0)]
    pub(super) bytes: u64,
    /// Ends of the chains in what is sealed. A restored store may send the document without them, readable again: what
    /// is sealed stays beside it until the store has it back.
    #[n(1)]
    pub(super) chains: Option<Chains>,
}

impl EvictedRow {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ReplicaError> {
        // Rows of the first version hold nothing.
        if bytes.is_empty() { Ok(Self::default()) } else { Ok(from_bytes("evicted document", bytes)?) }
    }
}

/// What is sealed of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct SealedRow {
    #[n(0)]
    pub(super) bundles: Vec<SealedBundle>,
}

impl SealedRow {
    /// Bytes of what is sealed.
    pub(super) fn size(&self) -> u64 {
        let bytes = self.bundles.iter().fold(0_usize, |sum, bundle| sum.saturating_add(bundle.bytes.len()));
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// The longer of each chain.
pub(super) fn joined(mut chains: Chains, others: Chains) -> Chains {
    for (actor, head) in others {
        let known = chains.entry(actor).or_insert(head);
        if known.sequence < head.sequence {
            *known = head;
        }
    }
    chains
}

/// Puts bundles into frames that fit into a message.
pub(super) fn frames_of(bundles: Vec<SealedBundle>) -> Vec<Sealed> {
    let mut frames: Vec<Sealed> = Vec::new();
    let mut bytes = usize::MAX;
    for bundle in bundles {
        bytes = bytes.saturating_add(bundle.bytes.len()).saturating_add(64);
        if bytes > limits::MESSAGE_BYTES_MAX / 4 {
            frames.push(Sealed { bundles: Vec::new() });
            bytes = bundle.bytes.len();
        }
        if let Some(frame) = frames.last_mut() {
            frame.bundles.push(bundle);
        }
    }
    frames
}

/// The proofs that signatures among `records` name.
pub(super) fn signed_blobs(records: &[Record]) -> Vec<BlobId> {
    let stated = records.iter().filter_map(|record| StatedFact::from_bytes(&record.bytes).ok());
    stated.flat_map(|stated| stated.content.body.proofs()).collect()
}
