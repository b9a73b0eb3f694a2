//! What the store gives away to be used without asking: codes of approvers, blocks of numbers.
//!
//! Who has such a record may approve or print a receipt by it. So the store signs it: any device can give it back to a
//! store that was restored and has lost it, and none can make its own.
//!
//! Format: `schemas/reference.md`.

use ed25519_dalek::{SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use super::{Reference, ReferenceRecord};
use crate::ids::{Signature, StoreId};
use crate::{proof, wire};

const DOMAIN: &str = "docket-given-1";

#[derive(Encode, Decode)]
#[cbor(array)]
struct Signed {
    #[n(0)]
    domain: String,
    #[n(1)]
    store: StoreId,
    #[cbor(n(2), with = "minicbor::bytes")]
    record: Vec<u8>,
}

impl ReferenceRecord {
    /// The record, signed by the store where it is of a kind that the store gives.
    #[must_use]
    pub fn signed_as_given(self, store: StoreId, key: &SigningKey) -> Self {
        let mut record = self.with_signature(None);
        if record.content.signature().is_some() {
            let signature = proof::sign(key, &signed_bytes(store, &record));
            record = record.with_signature(Some(signature));
        }
        record
    }

    /// Whether the store with this key gave exactly this.
    #[must_use]
    pub fn is_given_by(&self, store: StoreId, key: &VerifyingKey) -> bool {
        let Some(Some(signature)) = self.content.signature() else { return false };
        let bytes = signed_bytes(store, &self.clone().with_signature(None));
        proof::verify(key, "given record", &bytes, &signature).is_ok()
    }

    fn with_signature(mut self, given: Option<Signature>) -> Self {
        if let Reference::ApprovalCodes(codes) = &mut self.content {
            codes.signature = given;
        }
        if let Reference::NumberBlocks(numbers) = &mut self.content {
            numbers.signature = given;
        }
        self
    }
}

impl Reference {
    /// The store's signature, which may be missing; `None` for kinds that are not signed.
    #[must_use]
    pub fn signature(&self) -> Option<Option<Signature>> {
        match self {
            Self::ApprovalCodes(codes) => Some(codes.signature),
            Self::NumberBlocks(numbers) => Some(numbers.signature),
            Self::Customer(_)
            | Self::Site(_)
            | Self::Unit(_)
            | Self::Person(_)
            | Self::CatalogueItem(_)
            | Self::PolicyRecord(_)
            | Self::Revocation(_)
            | Self::PartQuota(_)
            | Self::FormRecord(_)
            | Self::Company(_)
            | Self::Unknown { .. } => None,
        }
    }
}

fn signed_bytes(store: StoreId, record: &ReferenceRecord) -> Vec<u8> {
    wire::encode(&Signed { domain: DOMAIN.to_owned(), store, record: record.to_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::tests::samples;

    #[test]
    fn only_its_store_gives_codes_and_blocks_and_nobody_else_changes_them() {
        let (store, key) = (StoreId([1; 16]), SigningKey::from_bytes(&[7; 32]));
        let (public, other) = (key.verifying_key(), SigningKey::from_bytes(&[8; 32]).verifying_key());
        let mut given = 0;
        for (name, record) in samples() {
            assert!(!record.is_given_by(store, &public), "{name}");
            let signed = record.clone().signed_as_given(store, &key);
            if record.content.signature().is_none() {
                assert_eq!(signed, record, "{name} is as it was");
                continue;
            }
            given += 1;
            let read = ReferenceRecord::from_bytes(&signed.to_bytes()).unwrap();
            assert!(read.is_given_by(store, &public), "{name}");
            assert!(!read.is_given_by(store, &other) && !read.is_given_by(StoreId([2; 16]), &public), "{name}");
            assert!(!ReferenceRecord { version: read.version + 1, ..read.clone() }.is_given_by(store, &public));
            let mut changed = read.clone();
            match &mut changed.content {
                Reference::ApprovalCodes(codes) => codes.hashes[0].0[0] ^= 1,
                Reference::NumberBlocks(numbers) => numbers.blocks[0].last += 1,
                other => panic!("{other:?}"),
            }
            assert!(!changed.is_given_by(store, &public), "{name}");
        }
        assert_eq!(given, 2);
    }
}
