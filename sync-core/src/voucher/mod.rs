//! The voucher (服务凭证): the document that the customer sees and signs on the device, offline.
//!
//! A [`Voucher`] copies every field *as shown* out of the order and the reference records, and names the
//! facts it covers. Each field is a leaf with its own salted commitment, and the digest that is signed is over
//! the ordered commitments: so a changed field can be named, and a field can be erased later without breaking
//! the signature. [`sign`] makes the fact and the *proof* (voucher, salts, strokes) from a voucher;
//! [`verify_sign`] checks a proof against a fact; [`copy`] is the file the customer keeps, which anybody can
//! verify without us.
//!
//! Not here: what a signature means for the order (the fold), who carries proofs (sync), keys and random
//! numbers (arguments).
//!
//! Invariant: the bytes of a voucher are deterministic (RFC 8949 4.2), so that two ways to the same voucher
//! give one digest and one content address.
//!
//! Format, frozen: `schemas/voucher.md`; golden bytes: `schemas/golden/voucher`.

mod build;
mod changes;
mod code;
pub mod copy;
pub mod custody;
mod labels;
mod leaf;
pub mod one_time;
pub mod page;
mod proof;
mod render;
mod sign;
pub mod strokes;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

pub use build::{Names, VoucherInput, shown_facts};
pub use changes::{Change, ChangeKind};
pub use code::VerificationCode;
pub use labels::text as voucher_text;
pub use leaf::{Leaf, Opened, Salt};
pub use proof::{Proof, Statement, blob_id};
pub use terms::guarantee_until;

pub use sign::{
    Mismatch, Prepared, Question, SignError, SignedFact, SignedVoucher, Signing, Verified, sign, verify_sign,
};

use crate::ids::{ActorId, Digest, DocumentId, FactId, FactRef, StoreId};
use crate::proof::certificate::Fingerprint;
use crate::reference::Language;
use crate::{DecodeError, limits, wire};

const DOMAIN: &str = "docket-voucher-1";

/// What a voucher is of: the same for every field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name of the template.
    pub template: String,
    /// Version of the template.
    pub template_version: u32,
    /// Version of the policy that gave template and terms.
    pub policy: u32,
    /// Language that the customer read.
    pub language: Language,
    /// The store of the company.
    pub store: StoreId,
    /// Fingerprint of the store's key, as printed on the voucher.
    pub fingerprint: Fingerprint,
    /// The order.
    pub document: DocumentId,
}

/// A signable document: fields as shown, with salts, and the facts it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// What it is of.
    pub header: Header,
    /// Commitment to the header.
    pub header_commitment: Digest,
    /// The fields, in the order in which they are shown.
    pub leaves: Vec<Leaf>,
    /// The facts it shows with their content digests, ascending.
    pub covered: Vec<(FactId, Digest)>,
}

/// Why no voucher can be offered for signing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VoucherError {
    /// A report carries content, fee and time (C-083); this part of it is not there yet.
    #[error("the voucher cannot be offered for signing: {0} is missing")]
    Missing(&'static str),
    /// It would not fit into a proof even with one field for each line.
    #[error("the voucher has {bytes} bytes, at most {max}")]
    TooLarge {
        /// Bytes it would have.
        bytes: usize,
        /// Bytes it may have.
        max: usize,
    },
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct HeaderWire {
    #[n(0)]
    domain: String,
    #[n(1)]
    template: String,
    #[n(2)]
    template_version: u32,
    #[n(3)]
    policy: u32,
    #[n(4)]
    language: Language,
    #[n(5)]
    store: StoreId,
    #[cbor(n(6), with = "minicbor::bytes")]
    fingerprint: [u8; 16],
    #[n(7)]
    document: DocumentId,
}

/// The covered facts of one actor.
#[derive(Encode, Decode)]
#[cbor(array)]
struct CoveredWire {
    #[n(0)]
    actor: ActorId,
    #[n(1)]
    facts: Vec<(u64, Digest)>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct VoucherWire {
    #[n(0)]
    header: HeaderWire,
    #[n(1)]
    header_commitment: Digest,
    #[n(2)]
    leaves: Vec<Leaf>,
    #[n(3)]
    covered: Vec<CoveredWire>,
}

impl Header {
    /// The commitment to it; not salted, since nothing in it is personal.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        Digest(*blake3::hash(&wire::encode(&self.to_wire())).as_bytes())
    }

    fn to_wire(&self) -> HeaderWire {
        HeaderWire {
            domain: DOMAIN.to_owned(),
            template: self.template.clone(),
            template_version: self.template_version,
            policy: self.policy,
            language: self.language,
            store: self.store,
            fingerprint: self.fingerprint.0,
            document: self.document,
        }
    }
}

impl Voucher {
    /// The voucher of the order in `input`. `seed` are 32 fresh random bytes; every salt is derived from
    /// them, and they are not kept.
    ///
    /// # Errors
    /// When content, fee or time is missing (C-083), or it is too large.
    pub fn build(input: &VoucherInput<'_>, seed: &[u8; 32]) -> Result<Self, VoucherError> {
        build::build(input, seed)
    }

    /// What the device signs: BLAKE3 over a domain name, the header's and the leaves' commitments in order,
    /// and the digest of the covered facts.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"docket-voucher-digest-1");
        hasher.update(&self.header_commitment.0);
        hasher.update(&u64::try_from(self.leaves.len()).unwrap_or(u64::MAX).to_be_bytes());
        for leaf in &self.leaves {
            hasher.update(&leaf.commitment.0);
        }
        hasher.update(&covered_digest(&self.covered).0);
        Digest(*hasher.finalize().as_bytes())
    }

    /// The path of the first part that does not match its own commitment: `header` or a leaf's path.
    #[must_use]
    pub fn first_broken(&self) -> Option<&str> {
        if self.header.commitment() != self.header_commitment {
            return Some("header");
        }
        self.leaves.iter().find(|leaf| !leaf.holds()).map(|leaf| leaf.path.as_str())
    }

    /// The leaf at `path`.
    #[must_use]
    pub fn leaf(&self, path: &str) -> Option<&Leaf> {
        self.leaves.iter().find(|leaf| leaf.path == path)
    }

    /// The value shown at `path`, unless it was erased or never there.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&str> {
        self.leaf(path).and_then(Leaf::value)
    }

    /// The paths of erased leaves.
    #[must_use]
    pub fn erased(&self) -> Vec<String> {
        self.leaves.iter().filter(|leaf| leaf.opened.is_none()).map(|leaf| leaf.path.clone()).collect()
    }

    /// The same voucher with the value and salt at `path` erased: its digest stays (U-17). `None` when there
    /// is no such leaf.
    #[must_use]
    pub fn with_erased(&self, path: &str) -> Option<Self> {
        let mut erased = self.clone();
        erased.leaves.iter_mut().find(|leaf| leaf.path == path)?.opened = None;
        Some(erased)
    }

    /// The first covered fact that is not in `present` with the same digest: what the voucher showed and the
    /// order does not say (any more) in that way.
    #[must_use]
    pub fn first_not_in(&self, present: &[(FactId, Digest)]) -> Option<FactId> {
        let present: BTreeSet<_> = present.iter().collect();
        self.covered.iter().find(|covered| !present.contains(covered)).map(|(fact, _)| *fact)
    }

    /// The path of the first field that shows another value in `other`, in this voucher's order; a field that
    /// only one of them has differs. Erased fields cannot be compared and are passed over. ("Changed after
    /// signing", X-44; [`Self::changes`] says what changed as people read it.)
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        let erased =
            |path: &str| [self, other].iter().any(|one| one.leaf(path).is_some_and(|leaf| leaf.opened.is_none()));
        let paths = self.leaves.iter().chain(&other.leaves).map(|leaf| leaf.path.as_str());
        let mut shown = paths.filter(|path| !erased(path));
        shown.find(|path| self.value(path) != other.value(path)).map(str::to_owned)
    }

    /// References to the covered facts, as the sign fact holds them.
    #[must_use]
    pub fn covered_references(&self) -> Vec<FactRef> {
        self.covered.iter().map(|(fact, _)| fact.reference()).collect()
    }

    /// Deterministic CBOR.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(&self.to_wire())
    }

    /// Reads a voucher. Commitments are not checked: see [`Self::first_broken`].
    ///
    /// # Errors
    /// When the bytes are not of the layout, not deterministic, too large, or name facts out of order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "voucher";
        if bytes.len() > limits::PROOF_BYTES_MAX {
            let problem = format!("{} bytes, at most {}", bytes.len(), limits::PROOF_BYTES_MAX);
            return Err(DecodeError::new(WHAT, problem));
        }
        let voucher: VoucherWire = wire::decode_deterministic(WHAT, bytes)?;
        if voucher.header.domain != DOMAIN {
            return Err(DecodeError::new(WHAT, format!("not of the format {DOMAIN}")));
        }
        let covered = ungroup(&voucher.covered);
        if !covered.is_sorted_by(|one, next| one < next) || voucher.covered.iter().any(|group| group.facts.is_empty()) {
            return Err(DecodeError::new(WHAT, "covered facts are out of order"));
        }
        let header = Header {
            template: voucher.header.template,
            template_version: voucher.header.template_version,
            policy: voucher.header.policy,
            language: voucher.header.language,
            store: voucher.header.store,
            fingerprint: Fingerprint(voucher.header.fingerprint),
            document: voucher.header.document,
        };
        let read = Self { header, header_commitment: voucher.header_commitment, leaves: voucher.leaves, covered };
        // Facts of one actor may lie in one group only.
        if read.to_wire().covered.len() == voucher.covered.len() {
            Ok(read)
        } else {
            Err(DecodeError::new(WHAT, "covered facts of one actor lie in two groups"))
        }
    }

    fn to_wire(&self) -> VoucherWire {
        VoucherWire {
            header: self.header.to_wire(),
            header_commitment: self.header_commitment,
            leaves: self.leaves.clone(),
            covered: group(&self.covered),
        }
    }
}

/// BLAKE3 over a domain name and, ascending and without repetition, each covered fact: actor, sequence
/// (8 bytes, big endian), content digest.
#[must_use]
pub fn covered_digest(covered: &[(FactId, Digest)]) -> Digest {
    let mut sorted = covered.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-covered-1");
    for (fact, digest) in sorted {
        hasher.update(&fact.actor.0);
        hasher.update(&fact.sequence.to_be_bytes());
        hasher.update(&digest.0);
    }
    Digest(*hasher.finalize().as_bytes())
}

fn group(covered: &[(FactId, Digest)]) -> Vec<CoveredWire> {
    let mut groups: Vec<CoveredWire> = Vec::new();
    for (fact, digest) in covered {
        match groups.last_mut() {
            Some(last) if last.actor == fact.actor => last.facts.push((fact.sequence, *digest)),
            Some(_) | None => groups.push(CoveredWire { actor: fact.actor, facts: vec![(fact.sequence, *digest)] }),
        }
    }
    groups
}

fn ungroup(groups: &[CoveredWire]) -> Vec<(FactId, Digest)> {
    let facts =
        groups.iter().flat_map(|group| group.facts.iter().map(|(sequence, digest)| (group.actor, *sequence, *digest)));
    facts.map(|(actor, sequence, digest)| (FactId { actor, sequence }, digest)).collect()
}
