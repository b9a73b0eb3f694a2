//! One field of a voucher, and the commitment to it.

use minicbor::{Decode, Encode};

use crate::ids::Digest;
use crate::wire;

/// Hides a value behind its commitment: 128 bits that nobody can guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Salt(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

/// What an erased leaf no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Opened {
    /// The value as shown.
    #[n(0)]
    pub value: String,
    /// Its salt.
    #[n(1)]
    pub salt: Salt,
}

/// One field as shown.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Leaf {
    /// Where it stands: `customer.name`, `line.2.amount`.
    #[n(0)]
    pub path: String,
    /// Key of its label in the message catalogue, without the prefix `voucher.label.`.
    #[n(1)]
    pub label: String,
    /// The commitment.
    #[n(2)]
    pub commitment: Digest,
    /// Value and salt; absent when erased.
    #[n(3)]
    pub opened: Option<Opened>,
}

/// What a commitment is over; its deterministic CBOR leaves no doubt where one part ends.
#[derive(Encode)]
#[cbor(array)]
struct Committed<'a> {
    #[n(0)]
    domain: &'a str,
    #[n(1)]
    salt: Salt,
    #[n(2)]
    path: &'a str,
    #[n(3)]
    label: &'a str,
    #[n(4)]
    value: &'a str,
}

impl Leaf {
    /// A leaf with the salt that `seed` gives its path.
    #[must_use]
    pub(super) fn new(path: String, label: &str, value: String, seed: &[u8; 32]) -> Self {
        let salt = salt(seed, &path);
        let commitment = commit(salt, &path, label, &value);
        Self { path, label: label.to_owned(), commitment, opened: Some(Opened { value, salt }) }
    }

    /// The value, unless erased.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.opened.as_ref().map(|opened| opened.value.as_str())
    }

    /// Whether value, salt, label and path are those of the commitment. An erased leaf holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.opened
            .as_ref()
            .is_none_or(|opened| commit(opened.salt, &self.path, &self.label, &opened.value) == self.commitment)
    }
}

/// BLAKE3 over the CBOR array of domain name, salt, path, label and value.
fn commit(salt: Salt, path: &str, label: &str, value: &str) -> Digest {
    let committed = Committed { domain: "docket-leaf-1", salt, path, label, value };
    Digest(*blake3::hash(&wire::encode(&committed)).as_bytes())
}

/// The first 16 bytes of BLAKE3 keyed with the seed, over a domain name and the path.
fn salt(seed: &[u8; 32], path: &str) -> Salt {
    let mut hasher = blake3::Hasher::new_keyed(seed);
    hasher.update(b"docket-salt-1");
    hasher.update(path.as_bytes());
    let mut salt = [0; 16];
    hasher.finalize_xof().fill(&mut salt);
    Salt(salt)
}
