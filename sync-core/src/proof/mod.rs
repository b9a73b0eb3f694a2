//! Who vouches for what: envelopes of devices, receipts and certificates of the store, the log's hash chain.
//!
//! Proof travels with changes, not with connections, and never costs a signature per change. Everything
//! signed is deterministic CBOR that begins with a domain name. Formats: `schemas/proof.md`.

mod approval_code;
pub mod certificate;
pub mod enrolment;
mod envelope;
mod log_chain;
mod receipt;
pub mod request;
mod revocation;
pub mod sealed;
mod witness;

pub use approval_code::ApprovalCode;
pub use certificate::{Certificate, Certified, Fingerprint};
pub use envelope::{Checked, Envelope, EnvelopeDocument};
pub use log_chain::{chain_next, chain_start};
pub use receipt::{Receipt, ReceiptDocument};
pub use revocation::Revocation;
pub use witness::unwitnessed_digest;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use crate::ids::Signature;

/// A signature does not belong to these bytes and this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {what} does not carry a valid signature")]
pub struct BadSignature {
    /// What was to be signed.
    pub what: &'static str,
}

/// Signs `bytes`.
#[must_use]
pub fn sign(key: &SigningKey, bytes: &[u8]) -> Signature {
    Signature(key.sign(bytes).to_bytes())
}

/// Checks a signature strictly (small-order keys and malleable signatures are refused).
///
/// # Errors
/// [`BadSignature`] naming `what`.
pub fn verify(key: &VerifyingKey, what: &'static str, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    key.verify_strict(bytes, &signature).or(Err(BadSignature { what }))
}
