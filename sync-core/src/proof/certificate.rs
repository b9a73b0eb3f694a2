//! Certificates: the store says which key belongs to which device, and who may be author on it.
//!
//! A certificate is a CBOR array followed by the 64 bytes of the store's Ed25519 signature over exactly that
//! array. It is deterministic: what decodes encodes to the same bytes. It carries the store's own key, so
//! [`Certificate::verify`] alone proves only that *some* store vouches; whoever relies on it compares
//! [`Certificate::store_key`] or its [`Fingerprint`] with the one he trusts.
//!
//! Not here: revocation (a record in the store's log) and whether an author held a role at a moment.
//!
//! Format, frozen: `schemas/certificate.md`; golden bytes: `schemas/golden/voucher/certificate.hex`.

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use crate::facts::Role;
use crate::ids::{DeviceId, KeyId, ParseIdError, PersonId, Signature, StoreId};
use crate::time::UnixMillis;
use crate::{DecodeError, limits, wire};

const DOMAIN: &str = "docket-certificate-1";

impl KeyId {
    /// The id of a public key: the first 8 bytes of its BLAKE3.
    #[must_use]
    pub fn of(public_key: &[u8; 32]) -> Self {
        let mut id = [0; Self::LENGTH];
        blake3::Hasher::new().update(public_key).finalize_xof().fill(&mut id);
        Self(id)
    }
}

/// The fingerprint of a store's public signing key: the first 16 bytes of its BLAKE3.
///
/// It is printed on every voucher for people to compare: eight groups of four hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of `store_key`.
    #[must_use]
    pub fn of(store_key: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        blake3::Hasher::new().update(store_key).finalize_xof().fill(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.0.chunks(2).enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&data_encoding::HEXLOWER.encode(group))?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = ParseIdError;

    /// Reads the groups; spaces, hyphens, colons and capitals do not matter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|char| !matches!(char, ' ' | '-' | ':')).collect();
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(ParseIdError { kind: "fingerprint", expected: "32 hexadecimal digits in groups" })
    }
}

/// A device's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The store that vouches.
    pub store: StoreId,
    /// Number in the store's list of certificates, from 1.
    pub number: u64,
    /// The device.
    pub device: DeviceId,
    /// The device's public signing key (Ed25519).
    pub device_key: [u8; 32],
    /// Who may be author on the device, with their roles. Sorted by person, roles by number, none twice.
    pub persons: Vec<(PersonId, Vec<Role>)>,
    /// When it was issued, by the store's clock.
    pub issued_at: UnixMillis,
    /// The store's public signing key (Ed25519).
    pub store_key: [u8; 32],
    /// The store's public sealing key (X25519).
    pub sealing_key: [u8; 32],
    /// The store's signature over the CBOR array of all the above.
    pub signature: Signature,
}

/// What a store says in a certificate, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The store that vouches.
    pub store: StoreId,
    /// Number in the store's list of certificates, from 1.
    pub number: u64,
    /// The device.
    pub device: DeviceId,
    /// The device's public signing key (Ed25519).
    pub device_key: [u8; 32],
    /// Who may be author on the device, with their roles; in any order.
    pub persons: Vec<(PersonId, Vec<Role>)>,
    /// When it is issued, by the store's clock.
    pub issued_at: UnixMillis,
    /// The store's public sealing key (X25519).
    pub sealing_key: [u8; 32],
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The bytes are no certificate.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The store's key is no usable Ed25519 key.
    #[error("the store's key in the certificate is not a usable Ed25519 key")]
    StoreKey,
    /// The signature is not by the store's key.
    #[error("the certificate is not signed by the store key it names")]
    Signature,
}

/// The array on the wire.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Body {
    #[n(0)]
    domain: String,
    #[n(1)]
    store: StoreId,
    #[n(2)]
    number: u64,
    #[n(3)]
    device: DeviceId,
    #[cbor(n(4), with = "minicbor::bytes")]
    device_key: [u8; 32],
    #[n(5)]
    persons: Vec<(PersonId, Vec<Role>)>,
    #[n(6)]
    issued_at: UnixMillis,
    #[cbor(n(7), with = "minicbor::bytes")]
    store_key: [u8; 32],
    #[cbor(n(8), with = "minicbor::bytes")]
    sealing_key: [u8; 32],
}

impl Certificate {
    /// Signs a certificate with the store's key.
    #[must_use]
    pub fn issue(said: Certified, store_key: &SigningKey) -> Self {
        let mut persons = said.persons;
        persons.sort();
        persons.dedup_by(|next, first| {
            next.0 == first.0 && {
                first.1.append(&mut next.1);
                true
            }
        });
        for (_, roles) in &mut persons {
            roles.sort_by_key(|role| role.number());
            roles.dedup();
        }
        let mut certificate = Self {
            store: said.store,
            number: said.number,
            device: said.device,
            device_key: said.device_key,
            persons,
            issued_at: said.issued_at,
            store_key: store_key.verifying_key().to_bytes(),
            sealing_key: said.sealing_key,
            signature: Signature([0; 64]),
        };
        certificate.signature = Signature(store_key.sign(&certificate.body_bytes()).to_bytes());
        certificate
    }

    /// Whether the signature is by the store key that the certificate itself names.
    ///
    /// # Errors
    /// When the key is unusable or the signature is not its.
    pub fn verify(&self) -> Result<(), CertificateError> {
        let key = VerifyingKey::from_bytes(&self.store_key).map_err(|_opaque| CertificateError::StoreKey)?;
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature.0);
        key.verify_strict(&self.body_bytes(), &signature).map_err(|_opaque| CertificateError::Signature)
    }

    /// Fingerprint of the store key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.store_key)
    }

    /// Id of the device key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::of(&self.device_key)
    }

    /// The roles of `person` on this device; `None` when he may not be author on it.
    #[must_use]
    pub fn roles(&self, person: PersonId) -> Option<&[Role]> {
        self.persons.iter().find(|(id, _)| *id == person).map(|(_, roles)| roles.as_slice())
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
    /// When the bytes are not of the layout, not deterministic, or list persons or roles out of order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "certificate";
        if bytes.len() > limits::CERTIFICATE_BYTES_MAX {
            let problem = format!("{} bytes, at most {}", bytes.len(), limits::CERTIFICATE_BYTES_MAX);
            return Err(DecodeError::new(WHAT, problem));
        }
        let split = bytes.len().saturating_sub(Signature::LENGTH);
        let (body_bytes, signature) = bytes.split_at_checked(split).unwrap_or_default();
        let signature = Signature::from_slice(signature).ok_or_else(|| DecodeError::new(WHAT, "truncated"))?;
        let body: Body = wire::decode_deterministic(WHAT, body_bytes)?;
        if body.domain != DOMAIN {
            return Err(DecodeError::new(WHAT, format!("not of the format {DOMAIN}")));
        }
        let persons_ascend = body.persons.is_sorted_by(|one, next| one.0 < next.0);
        let roles_ascend = body.persons.iter().all(|(_, roles)| roles.is_sorted_by(|one, next| one < next));
        if !persons_ascend || !roles_ascend {
            return Err(DecodeError::new(WHAT, "persons or roles are out of order"));
        }
        Ok(Self {
            store: body.store,
            number: body.number,
            device: body.device,
            device_key: body.device_key,
            persons: body.persons,
            issued_at: body.issued_at,
            store_key: body.store_key,
            sealing_key: body.sealing_key,
            signature,
        })
    }

    /// The bytes that the store signs.
    fn body_bytes(&self) -> Vec<u8> {
        wire::encode(&Body {
            domain: DOMAIN.to_owned(),
            store: self.store,
            number: self.number,
            device: self.device,
            device_key: self.device_key,
            persons: self.persons.clone(),
            issued_at: self.issued_at,
            store_key: self.store_key,
            sealing_key: self.sealing_key,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn sample(device_key: &SigningKey, store_key: &SigningKey) -> Certificate {
        let said = Certified {
            store: StoreId([0x5a; 16]),
            number: 17,
            device: DeviceId([0xd1; 16]),
            device_key: device_key.verifying_key().to_bytes(),
            persons: vec![
                (PersonId([2; 16]), vec![Role::Technician, Role::Supervisor, Role::Technician]),
                (PersonId([1; 16]), vec![Role::Technician]),
            ],
            issued_at: UnixMillis(1_763_700_000_000),
            sealing_key: [0x77; 32],
        };
        Certificate::issue(said, store_key)
    }

    fn keys() -> (SigningKey, SigningKey) {
        (SigningKey::from_bytes(&[11; 32]), SigningKey::from_bytes(&[22; 32]))
    }

    #[test]
    fn a_certificate_survives_its_bytes_and_verifies() {
        let (device, store) = keys();
        let certificate = sample(&device, &store);
        assert_eq!(certificate.verify(), Ok(()));
        let read = Certificate::from_bytes(&certificate.to_bytes()).unwrap();
        assert_eq!(read, certificate);
        assert_eq!(read.verify(), Ok(()));
        assert_eq!(read.roles(PersonId([2; 16])), Some([Role::Supervisor, Role::Technician].as_slice()));
        assert_eq!(read.roles(PersonId([3; 16])), None);
        assert_eq!(read.key_id(), KeyId::of(&device.verifying_key().to_bytes()));
        assert!(read.fingerprint().0.starts_with(&KeyId::of(&read.store_key).0));
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let (device, store) = keys();
        let bytes = sample(&device, &store).to_bytes();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let verified = Certificate::from_bytes(&changed).map_err(CertificateError::from).and_then(|c| c.verify());
            assert!(verified.is_err(), "byte {position}");
            assert!(Certificate::from_bytes(&bytes[..position]).is_err(), "cut at {position}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(Certificate::from_bytes(&longer).is_err());
    }

    #[test]
    fn another_store_key_in_the_same_certificate_does_not_verify() {
        let (device, store) = keys();
        let mut certificate = sample(&device, &store);
        certificate.store_key = SigningKey::from_bytes(&[33; 32]).verifying_key().to_bytes();
        assert_eq!(certificate.verify(), Err(CertificateError::Signature));
        // A point of small order would verify anything without the strict check.
        certificate.store_key = [0; 32];
        certificate.signature = Signature([0; 64]);
        assert!(certificate.verify().is_err());
    }

    #[test]
    fn persons_out_of_order_are_refused() {
        let (device, store) = keys();
        let mut certificate = sample(&device, &store);
        certificate.persons.reverse();
        certificate.signature = Signature(store.sign(&certificate.body_bytes()).to_bytes());
        assert_eq!(certificate.verify(), Ok(()));
        assert!(Certificate::from_bytes(&certificate.to_bytes()).is_err());
    }

    #[test]
    fn fingerprints_read_as_people_write_them() {
        let fingerprint = Fingerprint::of(&[1; 32]);
        let text = fingerprint.to_string();
        assert_eq!(text.len(), 39);
        assert_eq!(text.split(' ').count(), 8);
        for written in [text.clone(), text.replace(' ', ""), text.to_uppercase(), text.replace(' ', ":")] {
            assert_eq!(written.parse::<Fingerprint>().unwrap(), fingerprint);
        }
        assert!("12ab".parse::<Fingerprint>().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Certificate::from_bytes(&bytes).is_err());
        }
    }
}
