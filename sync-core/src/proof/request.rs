//! A device's single request beside its sync sessions: an upload or download of an attachment.
//!
//! The device signs what it asks for together with a nonce of the server, so that neither a clock nor a bearer token is
//! needed (after RFC 9449). The nonce lives for minutes and is handed out with every answer; a request that is sent
//! again within them does what it did before, by the meaning of the upload protocol. Format: `schemas/proof.md`.

use ed25519_dalek::{SigningKey, VerifyingKey};

use super::{BadSignature, sign, verify};
use crate::ids::{DeviceId, Signature, StoreId};
use crate::wire;

/// The scheme in the header Authorization.
pub const SCHEME: &str = "Docket";

/// The header in which the server hands out the nonce of the next request.
pub const NONCE_HEADER: &str = "docket-nonce";

/// Longest nonce in characters.
const NONCE_MAX: usize = 128;

/// What a device asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The store that is asked.
    pub store: StoreId,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    /// Value of Upload-Offset; empty where there is none.
    pub offset: &'a str,
    /// Value of Upload-Length; empty where there is none.
    pub length: &'a str,
    /// Value of Upload-Metadata; empty where there is none.
    pub metadata: &'a str,
}

/// Who asks, and his signature: the value of the header Authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestProof {
    /// The device.
    pub device: DeviceId,
    /// The server's nonce, as it came.
    pub nonce: String,
    /// Over all of it.
    pub signature: Signature,
}

impl RequestProof {
    /// A request signed by the device's key.
    #[must_use]
    pub fn signed(device: DeviceId, nonce: &str, asked: &Asked<'_>, key: &SigningKey) -> Self {
        let signature = sign(key, &signed_bytes(device, nonce, asked));
        Self { device, nonce: nonce.to_owned(), signature }
    }

    /// Checks that the device's key signed this very request.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, asked: &Asked<'_>, key: &VerifyingKey) -> Result<(), BadSignature> {
        verify(key, "request", &signed_bytes(self.device, &self.nonce, asked), &self.signature)
    }

    /// The header's value: `Docket DEVICE:NONCE:SIGNATURE`.
    #[must_use]
    pub fn to_header(&self) -> String {
        format!("{SCHEME} {}:{}:{}", self.device, self.nonce, self.signature)
    }

    /// Reads the header's value.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let rest = value.strip_prefix(SCHEME)?.strip_prefix(' ')?;
        let mut parts = rest.splitn(3, ':');
        let (device, nonce, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let plain = nonce.len() <= NONCE_MAX && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (device, signature) = (device.parse().ok()?, signature.parse().ok()?);
        plain.then(|| Self { device, nonce: nonce.to_owned(), signature })
    }
}

fn signed_bytes(device: DeviceId, nonce: &str, asked: &Asked<'_>) -> Vec<u8> {
    let Asked { store, method, target, offset, length, metadata } = *asked;
    wire::encode(&("docket-request-1", store, device, nonce, method, target, (offset, length, metadata)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_this_devices_and_nothing_in_it_can_be_exchanged() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let asked = Asked {
            store: StoreId([3; 16]),
            method: "PATCH",
            target: "/api/attachments/00",
            offset: "5",
            length: "",
            metadata: "",
        };
        let proof = RequestProof::signed(DeviceId([4; 16]), "abc", &asked, &key);
        assert_eq!(RequestProof::from_header(&proof.to_header()), Some(proof.clone()));
        assert_eq!(proof.verify(&asked, &key.verifying_key()), Ok(()));
        assert!(proof.verify(&asked, &other.verifying_key()).is_err());
        let others = [
            Asked { store: StoreId([5; 16]), ..asked },
            Asked { method: "DELETE", ..asked },
            Asked { target: "/api/attachments/01", ..asked },
            Asked { offset: "6", ..asked },
            Asked { length: "5", offset: "", ..asked },
            Asked { metadata: "order AA==", ..asked },
        ];
        for asked in others {
            assert!(proof.verify(&asked, &key.verifying_key()).is_err(), "{asked:?}");
        }
        let mine = [
            RequestProof { device: DeviceId([5; 16]), ..proof.clone() },
            RequestProof { nonce: "abd".into(), ..proof.clone() },
        ];
        assert!(mine.iter().all(|proof| proof.verify(&asked, &key.verifying_key()).is_err()));
        for bad in ["", "Docket", "Bearer x", "Docket 00:ab:00", "Docket :::"] {
            assert_eq!(RequestProof::from_header(bad), None, "{bad}");
        }
    }
}
