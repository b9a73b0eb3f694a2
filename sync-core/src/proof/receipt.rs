//! The receipt: the store vouches for the state of documents at one number of its log.

use ed25519_dalek::{SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use super::{BadSignature, sign, verify};
use crate::ids::{ChangeHash, Digest, DocumentId, Epoch, Signature, StoreId};
use crate::{DecodeError, wire};

/// One document's heads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReceiptDocument {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Its heads, sorted.
    #[n(1)]
    pub heads: Vec<ChangeHash>,
}

/// Signed by the store, one per batch. The list need not travel: a device derives it from what it received.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Receipt {
    /// The store.
    #[n(0)]
    pub store: StoreId,
    /// Its epoch.
    #[n(1)]
    pub epoch: Epoch,
    /// Number of the log up to which the heads are taken.
    #[n(2)]
    pub number: u64,
    /// The log's chain value there.
    #[n(3)]
    pub chain: Digest,
    /// The documents, in the order of the batch.
    #[n(4)]
    pub documents: Vec<ReceiptDocument>,
    /// Over all of the above.
    #[n(5)]
    pub signature: Signature,
}

impl Receipt {
    /// Signs the heads in `documents`.
    #[must_use]
    pub fn signed(
        store: StoreId,
        epoch: Epoch,
        number: u64,
        chain: Digest,
        documents: Vec<ReceiptDocument>,
        key: &SigningKey,
    ) -> Self {
        let mut receipt = Self { store, epoch, number, chain, documents, signature: Signature([0; Signature::LENGTH]) };
        receipt.signature = sign(key, &receipt.signed_bytes());
        receipt
    }

    fn signed_bytes(&self) -> Vec<u8> {
        wire::encode(&("docket-receipt-1", self.store, self.epoch, self.number, self.chain, &self.documents))
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When it is not this store's over these heads.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadSignature> {
        verify(key, "receipt", &self.signed_bytes(), &self.signature)
    }

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the bytes are not a receipt.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        wire::decode_checked("receipt", bytes)
    }
}
