//! The push envelope: a device vouches for the changes it made, many at once.

use ed25519_dalek::{SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use super::{BadSignature, sign, verify};
use crate::ids::{ChangeHash, DeviceId, DocumentId, KeyId, Signature, StoreId};
use crate::{DecodeError, wire};

/// Changes of one document, in the order in which they travel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EnvelopeDocument {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Full hashes of the changes.
    #[n(1)]
    pub changes: Vec<ChangeHash>,
}

/// Signed by the device that made the changes. To the store it travels without the list, which the store
/// rebuilds from the records; to others it travels whole, with the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// The store the changes are meant for.
    #[n(0)]
    pub store: StoreId,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// The device's key.
    #[n(2)]
    pub key: KeyId,
    /// Counts the device's envelopes.
    #[n(3)]
    pub counter: u64,
    /// The changes.
    #[n(4)]
    pub documents: Vec<EnvelopeDocument>,
    /// Over all of the above.
    #[n(5)]
    pub signature: Signature,
}

/// A good signature: by this key, over these bytes. Only [`Envelope::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    key: VerifyingKey,
    bytes: Vec<u8>,
    signature: Signature,
}

impl Envelope {
    /// Signs the changes in `documents`.
    #[must_use]
    pub fn signed(
        store: StoreId,
        device: DeviceId,
        counter: u64,
        documents: Vec<EnvelopeDocument>,
        key: &SigningKey,
    ) -> Self {
        let key_id = KeyId::of(key.verifying_key().as_bytes());
        let mut envelope =
            Self { store, device, key: key_id, counter, documents, signature: Signature([0; Signature::LENGTH]) };
        envelope.signature = sign(key, &envelope.signed_bytes());
        envelope
    }

    fn signed_bytes(&self) -> Vec<u8> {
        wire::encode(&("docket-push-1", self.store, self.device, self.key, self.counter, &self.documents))
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When it is not this key's over these changes.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadSignature> {
        verify(key, "push envelope", &self.signed_bytes(), &self.signature)
    }

    /// Checks the signature as [`Envelope::verify`] does; what it gives spares a second check of the same.
    ///
    /// # Errors
    /// As [`Envelope::verify`].
    pub fn check(&self, key: &VerifyingKey) -> Result<Checked, BadSignature> {
        self.verify(key)?;
        Ok(Checked { key: *key, bytes: self.signed_bytes(), signature: self.signature })
    }

    /// Whether `checked` says that this very envelope has a good signature of `key`.
    #[must_use]
    pub fn is_checked(&self, key: &VerifyingKey, checked: &Checked) -> bool {
        checked.key == *key && checked.signature == self.signature && checked.bytes == self.signed_bytes()
    }

    /// The stored form, whole.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the bytes are not an envelope.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        wire::decode_checked("push envelope", bytes)
    }
}
