//! Revocations: the store says that it does not vouch for a device any more.
//!
//! They travel to every device as reference records, so that any of them can tell a store that was restored and has
//! forgotten them. A CBOR array followed by the store's Ed25519 signature over exactly that array [frozen].
//!
//! Format: `schemas/certificate.md`; golden bytes: `schemas/golden/voucher/revocation.hex`.

use ed25519_dalek::{SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use super::{BadSignature, sign, verify};
use crate::ids::{DeviceId, RecordId, Signature, StoreId};
use crate::time::UnixMillis;
use crate::{DecodeError, wire};

const DOMAIN: &str = "docket-revocation-1";

/// A store does not vouch for a device any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The store.
    pub store: StoreId,
    /// The device.
    pub device: DeviceId,
    /// Since when, by the store's clock.
    pub at: UnixMillis,
    /// Why, in words.
    pub reason: String,
    /// The store's signature.
    pub signature: Signature,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Body {
    #[n(0)]
    domain: String,
    #[n(1)]
    store: StoreId,
    #[n(2)]
    device: DeviceId,
    #[n(3)]
    at: UnixMillis,
    #[n(4)]
    reason: String,
}

impl Revocation {
    /// Revokes `device`.
    #[must_use]
    pub fn signed(store: StoreId, device: DeviceId, at: UnixMillis, reason: String, key: &SigningKey) -> Self {
        let mut revocation = Self { store, device, at, reason, signature: Signature([0; Signature::LENGTH]) };
        revocation.signature = sign(key, &revocation.body_bytes());
        revocation
    }

    /// The reference record that carries the revocation of `device`: one for each device.
    #[must_use]
    pub fn record(device: DeviceId) -> RecordId {
        let mut id = [0; RecordId::LENGTH];
        blake3::Hasher::new().update(b"docket-revocation-record-1").update(&device.0).finalize_xof().fill(&mut id);
        RecordId(id)
    }

    /// Whether the store with this key signed it.
    ///
    /// # Errors
    /// [`BadSignature`] when it did not.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadSignature> {
        verify(key, "revocation", &self.body_bytes(), &self.signature)
    }

    /// Bytes: the array, then the signature.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.body_bytes();
        bytes.extend(self.signature.0);
        bytes
    }

    /// Reads the bytes; does not verify the signature.
    ///
    /// # Errors
    /// When the bytes are not of the layout or not deterministic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "revocation";
        let split = bytes.len().saturating_sub(Signature::LENGTH);
        let (body, signature) = bytes.split_at_checked(split).unwrap_or_default();
        let signature = Signature::from_slice(signature).ok_or_else(|| DecodeError::new(WHAT, "truncated"))?;
        let Body { domain, store, device, at, reason } = wire::decode_deterministic(WHAT, body)?;
        if domain != DOMAIN {
            return Err(DecodeError::new(WHAT, format!("not of the format {DOMAIN}")));
        }
        Ok(Self { store, device, at, reason, signature })
    }

    fn body_bytes(&self) -> Vec<u8> {
        let (domain, reason) = (DOMAIN.to_owned(), self.reason.clone());
        wire::encode(&Body { domain, store: self.store, device: self.device, at: self.at, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_is_read_back_and_only_its_store_can_make_it() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let made = Revocation::signed(StoreId([1; 16]), DeviceId([2; 16]), UnixMillis(3), "丢失".to_owned(), &key);
        let read = Revocation::from_bytes(&made.to_bytes()).unwrap();
        assert_eq!(read, made);
        assert!(read.verify(&key.verifying_key()).is_ok());
        assert!(read.verify(&SigningKey::from_bytes(&[8; 32]).verifying_key()).is_err());
        assert!(Revocation { device: DeviceId([3; 16]), ..read }.verify(&key.verifying_key()).is_err());
        for cut in 0..made.to_bytes().len() {
            assert!(Revocation::from_bytes(&made.to_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
