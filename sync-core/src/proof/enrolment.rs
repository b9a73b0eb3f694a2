//! Enrolment: a device shows a one-time code and proves that it holds its key; the store certifies the key.
//!
//! The proof binds code, nonce and key together: who only saw the code cannot enrol another key under this
//! request, and the code itself is known to one store only. Both bodies are JSON (`POST /device/enrol`); every
//! byte string is lower-case hexadecimal.

use ed25519_dalek::{SigningKey, VerifyingKey};

use super::{BadSignature, sign, verify};
use crate::ids::{DeviceId, Epoch, Nonce, PersonId, Signature, StoreId};
use crate::time::UnixMillis;
use crate::wire;

/// What a device sends.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EnrolmentRequest {
    /// The code as the person typed it.
    pub code: String,
    /// The device's public signing key (Ed25519).
    pub device_key: HexKey,
    /// Drawn by the device.
    pub nonce: Nonce,
    /// Over all of the above.
    pub signature: Signature,
}

/// What the store answers. The same code with the same key gets the same answer again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EnrolmentAnswer {
    /// The store.
    pub store: StoreId,
    /// Its epoch.
    pub epoch: Epoch,
    /// The device.
    pub device: DeviceId,
    /// Whose device it is.
    pub person: PersonId,
    /// The device's certificate, hexadecimal.
    pub certificate: String,
    /// Nonce of the first Hello.
    pub nonce: Nonce,
    /// The server's time.
    pub server_time_at: UnixMillis,
}

/// A public key that reads and writes itself as hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HexKey(pub [u8; 32]);

impl serde::Serialize for HexKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<'de> serde::Deserialize<'de> for HexKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a key is 64 hexadecimal digits"))
    }
}

impl EnrolmentRequest {
    /// A request signed by the device's key. `nonce` are fresh random bytes.
    #[must_use]
    pub fn signed(code: &str, nonce: Nonce, key: &SigningKey) -> Self {
        let mut request = Self {
            code: code.to_owned(),
            device_key: HexKey(key.verifying_key().to_bytes()),
            nonce,
            signature: Signature([0; Signature::LENGTH]),
        };
        request.signature = sign(key, &request.signed_bytes());
        request
    }

    /// Checks that the sender holds the key he names.
    ///
    /// # Errors
    /// When the key is unusable or the signature is not its.
    pub fn verify(&self) -> Result<(), BadSignature> {
        let what = "enrolment";
        let key = VerifyingKey::from_bytes(&self.device_key.0).or(Err(BadSignature { what }))?;
        verify(&key, what, &self.signed_bytes(), &self.signature)
    }

    /// The bytes that the device signs: the code as it was typed, so that its reading stays the store's.
    fn signed_bytes(&self) -> Vec<u8> {
        wire::encode(&(
            "docket-enrol-1",
            self.code.as_str(),
            self.nonce,
            minicbor::bytes::ByteArray::from(self.device_key.0),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_proves_its_key_and_nothing_in_it_can_be_exchanged() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let request = EnrolmentRequest::signed("GAYT-EMZU", Nonce([3; 16]), &key);
        assert_eq!(request.verify(), Ok(()));
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<EnrolmentRequest>(&json).unwrap(), request);
        let changed = [
            EnrolmentRequest { code: "GAYT-EMZV".to_owned(), ..request.clone() },
            EnrolmentRequest { nonce: Nonce([4; 16]), ..request.clone() },
            EnrolmentRequest { device_key: HexKey(other.verifying_key().to_bytes()), ..request.clone() },
            EnrolmentRequest { signature: Signature([0; 64]), ..request },
        ];
        for request in changed {
            assert!(request.verify().is_err(), "{request:?}");
        }
    }
}
