//! Bytes sealed to a store: whoever keeps them can give them back and cannot read them.
//!
//! A device seals what it knew of a document that left its scope (sync.md, "Evict never drops work"). What the bytes
//! say is the sender's matter; here they are only closed and opened.
//!
//! Format, frozen: `schemas/proof.md`; golden bytes: `schemas/golden/proof/sealed.hex`.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

use crate::ids::{DocumentId, StoreId};

/// First byte: which key agreement and cipher.
const FORMAT: u8 = 1;
const KEY_BYTES: usize = 32;
/// What goes into the derivation of the key, after the domain.
const DOMAIN: &str = "docket sealed to a store 1";

/// What a bundle belongs to; it opens only there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedFor {
    /// The store.
    pub store: StoreId,
    /// The document.
    pub document: DocumentId,
}

/// Closes `plain` for the store whose public sealing key (X25519, RFC 7748) is `sealing_key`. `secret` are 32 random
/// bytes, used once and forgotten. `None` when the key is one of the few on which nothing can be agreed.
#[must_use]
pub fn seal(sealing_key: &[u8; 32], belongs: SealedFor, plain: &[u8], mut secret: [u8; 32]) -> Option<Vec<u8>> {
    let once = StaticSecret::from(secret);
    secret.zeroize();
    let theirs = PublicKey::from(*sealing_key);
    let ours = PublicKey::from(&once);
    let cipher = cipher(&once, &theirs, &ours, &theirs)?;
    let sealed = cipher.encrypt(&XNonce::default(), Payload { msg: plain, aad: &associated(belongs) }).ok()?;
    Some([&[FORMAT], ours.as_bytes().as_slice(), &sealed].concat())
}

/// Opens what was sealed for the store that has `secret`. `None` when it was not, or is damaged.
#[must_use]
pub fn open(secret: &StaticSecret, belongs: SealedFor, bytes: &[u8]) -> Option<Vec<u8>> {
    let (&FORMAT, rest) = bytes.split_first()? else { return None };
    let (once, sealed) = rest.split_first_chunk::<KEY_BYTES>()?;
    let once = PublicKey::from(*once);
    let cipher = cipher(secret, &once, &once, &PublicKey::from(secret))?;
    cipher.decrypt(&XNonce::default(), Payload { msg: sealed, aad: &associated(belongs) }).ok()
}

/// Every secret is used once, so the nonce is zero.
fn cipher(secret: &StaticSecret, other: &PublicKey, once: &PublicKey, store: &PublicKey) -> Option<XChaCha20Poly1305> {
    let shared = secret.diffie_hellman(other);
    if !shared.was_contributory() {
        return None;
    }
    let material = Zeroizing::new([once.as_bytes().as_slice(), store.as_bytes(), shared.as_bytes()].concat());
    let mut key = blake3::derive_key(DOMAIN, &material);
    let cipher = XChaCha20Poly1305::new(&key.into());
    key.zeroize();
    Some(cipher)
}

fn associated(belongs: SealedFor) -> Vec<u8> {
    [belongs.store.0, belongs.document.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SealedFor = SealedFor { store: StoreId([1; 16]), document: DocumentId([2; 16]) };

    fn store() -> (StaticSecret, [u8; 32]) {
        let secret = StaticSecret::from([7; 32]);
        let public = PublicKey::from(&secret).to_bytes();
        (secret, public)
    }

    #[test]
    fn only_the_store_opens_it_and_only_in_its_place() {
        let (secret, public) = store();
        let sealed = seal(&public, HERE, "漏水 at Mr. Wang's".as_bytes(), [9; 32]).unwrap();
        assert!(!sealed.windows(4).any(|bytes| bytes == b"Wang"));
        assert_eq!(open(&secret, HERE, &sealed).unwrap(), "漏水 at Mr. Wang's".as_bytes());
        assert_eq!(open(&StaticSecret::from([8; 32]), HERE, &sealed), None);
        assert_eq!(open(&secret, SealedFor { document: DocumentId([3; 16]), ..HERE }, &sealed), None);
        assert_eq!(open(&secret, SealedFor { store: StoreId([3; 16]), ..HERE }, &sealed), None);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (secret, public) = store();
        let sealed = seal(&public, HERE, b"what it knew", [9; 32]).unwrap();
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert_eq!(open(&secret, HERE, &damaged), None, "byte {position}");
            assert_eq!(open(&secret, HERE, &sealed[..position]), None);
        }
    }

    #[test]
    fn a_key_on_which_nothing_is_agreed_is_refused() {
        assert_eq!(seal(&[0; 32], HERE, b"secret", [9; 32]), None);
    }
}
