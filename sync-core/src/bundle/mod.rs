//! Bundles: what one device hands to another where no network exists (U-08), as a file or as a sequence of QR codes.
//!
//! A bundle is a message of pushes, each under the envelope or receipt that covers it, with the certificates of those
//! who witnessed and the reference records that the orders name. The device that hands it over signs the whole, so
//! that a byte that changed on the way is noticed before anything is read; what lies inside is judged by the gate all
//! the same.
//!
//! What it is not: a way around the gate, or a place for photos (these travel to the server only).
//!
//! Format [frozen]: `schemas/bundle.md`; golden bytes: `schemas/golden/bundle`.

mod parts;
mod refusal;

use ed25519_dalek::{SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

pub use parts::{Added, Part, Parts, split};
pub use refusal::{BundleError, PartError};

use crate::ids::{Digest, Signature, StoreId};
use crate::proof::{Certificate, sign, verify};
use crate::sync::frames::Frame;
use crate::sync::message::{Light, pack, unpack_at_most};
use crate::time::UnixMillis;
use crate::{limits, wire};

const DOMAIN: &str = "docket-bundle-1";

/// What a device hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The company's store.
    pub store: StoreId,
    /// The certificate of the device that hands it over.
    pub sender: Certificate,
    /// When it was made: the sender's lower bound of the true time.
    pub made_at: UnixMillis,
    /// `Introduce` (certificates of witnesses), `Push` and `References` frames, in the order in which they are taken.
    pub frames: Vec<Frame>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Body {
    #[n(0)]
    domain: String,
    #[n(1)]
    store: StoreId,
    #[cbor(n(2), with = "minicbor::bytes")]
    certificate: Vec<u8>,
    #[n(3)]
    made_at: UnixMillis,
    #[cbor(n(4), with = "minicbor::bytes")]
    message: Vec<u8>,
}

/// Whose bundles a device takes.
#[derive(Debug, Clone, Copy)]
pub struct Trusted {
    /// The company's store.
    pub store: StoreId,
    /// Its public signing key.
    pub store_key: [u8; 32],
}

impl Trusted {
    /// A certificate, where this company's store signed it.
    ///
    /// # Errors
    /// [`BundleError::Certificate`] or [`BundleError::OtherCompany`].
    pub fn certificate(&self, bytes: &[u8]) -> Result<Certificate, BundleError> {
        let certificate = Certificate::from_bytes(bytes).map_err(|_unreadable| BundleError::Certificate)?;
        if certificate.store != self.store || certificate.store_key != self.store_key {
            return Err(BundleError::OtherCompany);
        }
        certificate.verify().map_err(|_not_signed| BundleError::Certificate)?;
        Ok(certificate)
    }
}

impl Bundle {
    /// Signs it with the key of the device that hands it over.
    ///
    /// # Errors
    /// When it is larger than [`limits::BUNDLE_BYTES_MAX`] or has more than [`limits::BUNDLE_FRAMES_MAX`] frames.
    pub fn seal(&self, key: &SigningKey) -> Result<Vec<u8>, BundleError> {
        if self.frames.len() > limits::BUNDLE_FRAMES_MAX {
            return Err(BundleError::TooLarge { bytes: self.frames.len(), most: limits::BUNDLE_FRAMES_MAX });
        }
        let body = Body {
            domain: DOMAIN.to_owned(),
            store: self.store,
            certificate: self.sender.to_bytes(),
            made_at: self.made_at,
            message: pack(&self.frames, &mut Light),
        };
        let mut bytes = wire::encode(&body);
        let signature = sign(key, &bytes);
        bytes.extend(signature.0);
        // A reader unpacks it within the limit, too: what compresses well is bounded there.
        let unpacked: usize = self.frames.iter().map(|frame| wire::encode(frame).len()).sum();
        let size = unpacked.max(bytes.len());
        if size > limits::BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge { bytes: size, most: limits::BUNDLE_BYTES_MAX });
        }
        Ok(bytes)
    }

    /// Opens a bundle: size, layout, company, certificate, signature, kinds of frames, in this order.
    ///
    /// # Errors
    /// The first of them that is not right; nothing else was read then.
    pub fn open(bytes: &[u8], trusted: &Trusted) -> Result<Self, BundleError> {
        if bytes.len() > limits::BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge { bytes: bytes.len(), most: limits::BUNDLE_BYTES_MAX });
        }
        let split = bytes.len().saturating_sub(Signature::LENGTH);
        let (body_bytes, signature) = bytes.split_at_checked(split).unwrap_or_default();
        let signature = Signature::from_slice(signature).ok_or(BundleError::Malformed)?;
        let body: Body = wire::check_shape("bundle", body_bytes)
            .and_then(|_| wire::decode_deterministic("bundle", body_bytes))
            .map_err(|_unreadable| BundleError::Malformed)?;
        if body.domain != DOMAIN {
            return Err(BundleError::Malformed);
        }
        if body.store != trusted.store {
            return Err(BundleError::OtherCompany);
        }
        let sender = trusted.certificate(&body.certificate)?;
        let key = VerifyingKey::from_bytes(&sender.device_key).map_err(|_unusable| BundleError::Certificate)?;
        verify(&key, "bundle", body_bytes, &signature).map_err(|_forged| BundleError::Signature)?;
        let frames = unpack_at_most(&body.message, limits::BUNDLE_FRAMES_MAX).map_err(|_bad| BundleError::Malformed)?;
        let fits = |frame: &Frame| matches!(frame, Frame::Introduce(_) | Frame::Push(_) | Frame::References(_));
        if !frames.iter().all(fits) {
            return Err(BundleError::Malformed);
        }
        Ok(Self { store: body.store, sender, made_at: body.made_at, frames })
    }
}

/// The digest by which the parts of a bundle know each other.
#[must_use]
pub fn digest(bundle: &[u8]) -> Digest {
    Digest(*blake3::hash(bundle).as_bytes())
}

#[cfg(test)]
mod tests;
