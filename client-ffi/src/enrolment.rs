//! Enrolment: the device makes its key, shows a one-time code, and keeps what the store certified.

use docket_sync_core::DecodeError;
use docket_sync_core::ids::{Digest, Incarnation, Nonce};
use docket_sync_core::proof::Certificate;
use docket_sync_core::proof::certificate::CertificateError;
use docket_sync_core::proof::enrolment::{EnrolmentAnswer, EnrolmentRequest};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::platform::{LowerBound, Platform, PlatformError, SecretName, random_bytes};
use crate::replica::{DeviceState, IDENTITY, Identity, STATE, to_bytes};
use crate::store::sealed::DATA_KEY_BYTES;
use crate::store::{Batch, DeviceStore, StoreError, Table};

/// Why a device was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// It is enrolled already; another enrolment needs another data directory.
    #[error("this device is enrolled already")]
    AlreadyEnrolled,
    /// The certificate is not for this device, or not by the store it names.
    #[error("the server's certificate for this device does not hold: {0}")]
    Certificate(#[from] CertificateError),
    /// The answer contradicts itself.
    #[error("the server's answer names another {0} than its certificate")]
    Contradiction(&'static str),
    /// The answer is not of its form.
    #[error("the server's answer cannot be understood: {0}")]
    Malformed(#[from] DecodeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
}

/// Where the device was enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledAt {
    /// Address of the server.
    pub server: String,
    /// Fingerprint of the server's certificate; absent for a server on this machine.
    pub fingerprint: Option<Digest>,
}

/// The request for a code. The key is made at the first try and kept: after a lost answer the same code with
/// the same key gets the same answer.
///
/// # Errors
/// When the device is enrolled already, or store or platform fail.
pub fn request<S: DeviceStore>(store: &S, platform: &Platform, code: &str) -> Result<EnrolmentRequest, EnrolmentError> {
    if store.get(Table::Meta, IDENTITY)?.is_some() {
        return Err(EnrolmentError::AlreadyEnrolled);
    }
    let nonce = Nonce(random_bytes(&platform.random)?);
    Ok(EnrolmentRequest::signed(code, nonce, &signing_key(platform)?))
}

/// Takes the server's answer: after it the device is enrolled.
///
/// # Errors
/// When the certificate does not hold for this device's key, or store or platform fail.
pub fn accept<S: DeviceStore>(
    store: &mut S,
    platform: &Platform,
    answer: &EnrolmentAnswer,
    at: EnrolledAt,
) -> Result<Identity, EnrolmentError> {
    let key = signing_key(platform)?;
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(answer.certificate.as_bytes())
        .map_err(|error| DecodeError::new("certificate", error.to_string()))?;
    let certificate = Certificate::from_bytes(&bytes)?;
    certificate.verify()?;
    check(answer, &certificate, &key)?;
    let identity = Identity {
        store: answer.store,
        device: answer.device,
        person: answer.person,
        certificate: bytes,
        server: at.server,
        fingerprint: at.fingerprint,
    };
    let incarnation = Incarnation(random_bytes(&platform.random)?);
    platform.keys.put(SecretName::Incarnation, &incarnation.0)?;
    let mut clock = LowerBound::default();
    clock.welcomed(answer.server_time_at, platform.clock.monotonic());
    let state = DeviceState::enrolled(incarnation, answer.nonce, answer.epoch, clock);
    let mut batch = Batch::new();
    batch.put(Table::Meta, IDENTITY, to_bytes(&identity)).put(Table::Meta, STATE, to_bytes(&state));
    store.write(batch)?;
    Ok(identity)
}

fn check(answer: &EnrolmentAnswer, certificate: &Certificate, key: &SigningKey) -> Result<(), EnrolmentError> {
    let fits = [
        ("store", certificate.store == answer.store),
        ("device", certificate.device == answer.device),
        ("key", certificate.device_key == key.verifying_key().to_bytes()),
        ("person", certificate.roles(answer.person).is_some()),
    ];
    match fits.iter().find(|(_, fits)| !fits) {
        Some((what, _)) => Err(EnrolmentError::Contradiction(what)),
        None => Ok(()),
    }
}

fn signing_key(platform: &Platform) -> Result<SigningKey, PlatformError> {
    let secret = secret(platform, SecretName::SigningKey)?;
    Ok(SigningKey::from_bytes(&secret))
}

/// The key of the sealed store, made at the first time.
///
/// # Errors
/// When the platform fails.
pub fn data_key(platform: &Platform) -> Result<Zeroizing<[u8; DATA_KEY_BYTES]>, PlatformError> {
    secret(platform, SecretName::DataKey)
}

/// A secret of 32 bytes, drawn and kept at the first time.
fn secret(platform: &Platform, name: SecretName) -> Result<Zeroizing<[u8; 32]>, PlatformError> {
    if let Some(kept) = platform.keys.get(name)? {
        let kept: [u8; 32] =
            kept.as_slice().try_into().map_err(|error| PlatformError::new("reading a secret of 32 bytes", error))?;
        return Ok(Zeroizing::new(kept));
    }
    let drawn = Zeroizing::new(random_bytes(&platform.random)?);
    platform.keys.put(name, drawn.as_slice())?;
    Ok(drawn)
}
