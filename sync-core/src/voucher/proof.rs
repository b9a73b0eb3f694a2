//! The proof: everything that a sign fact only names by its digest, in one small blob.
//!
//! It travels beside the sign fact and is addressed by BLAKE3 of its bytes. It holds the voucher with its
//! salts, the strokes, and the statement that the device key signed.

use minicbor::{Decode, Encode};

use super::Voucher;
use super::strokes::Strokes;
use crate::facts::values::Opinion;
use crate::ids::{BlobId, DeviceId, Digest, DocumentId, KeyId, StoreId};
use crate::reference::Language;
use crate::time::UnixMillis;
use crate::{DecodeError, limits, wire};

const PROOF_DOMAIN: &str = "docket-proof-1";
const STATEMENT_DOMAIN: &str = "docket-sign-1";

/// What the device key signs: the deterministic CBOR of this ([`Statement::to_bytes`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The company's store.
    pub store: StoreId,
    /// The order.
    pub document: DocumentId,
    /// Digest of the voucher.
    pub voucher: Digest,
    /// Digest of the covered facts.
    pub covered: Digest,
    /// Digest of the strokes.
    pub strokes: Digest,
    /// The customer's opinion.
    pub opinion: Opinion,
    /// Name as written.
    pub name: String,
    /// Relation to the customer.
    pub relation: String,
    /// Language of the voucher.
    pub language: Language,
    /// What the device's clock said.
    pub claimed: UnixMillis,
    /// The device.
    pub device: DeviceId,
    /// The device key.
    pub key: KeyId,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StatementWire {
    #[n(0)]
    domain: String,
    #[n(1)]
    store: StoreId,
    #[n(2)]
    document: DocumentId,
    #[n(3)]
    voucher: Digest,
    #[n(4)]
    covered: Digest,
    #[n(5)]
    strokes: Digest,
    #[n(6)]
    opinion: Opinion,
    #[n(7)]
    name: String,
    #[n(8)]
    relation: String,
    #[n(9)]
    language: Language,
    #[n(10)]
    claimed: UnixMillis,
    #[n(11)]
    device: DeviceId,
    #[n(12)]
    key: KeyId,
}

impl Statement {
    /// Deterministic CBOR: what is signed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(&StatementWire {
            domain: STATEMENT_DOMAIN.to_owned(),
            store: self.store,
            document: self.document,
            voucher: self.voucher,
            covered: self.covered,
            strokes: self.strokes,
            opinion: self.opinion.clone(),
            name: self.name.clone(),
            relation: self.relation.clone(),
            language: self.language,
            claimed: self.claimed,
            device: self.device,
            key: self.key,
        })
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// When the bytes are not of the layout or not deterministic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let read: StatementWire = wire::decode_deterministic("signed statement", bytes)?;
        if read.domain != STATEMENT_DOMAIN {
            return Err(DecodeError::new("signed statement", format!("not of the format {STATEMENT_DOMAIN}")));
        }
        Ok(Self {
            store: read.store,
            document: read.document,
            voucher: read.voucher,
            covered: read.covered,
            strokes: read.strokes,
            opinion: read.opinion,
            name: read.name,
            relation: read.relation,
            language: read.language,
            claimed: read.claimed,
            device: read.device,
            key: read.key,
        })
    }

    /// The name of the first part that differs from `other`.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let parts = [
            ("document", self.document == other.document),
            ("store", self.store == other.store),
            ("language", self.language == other.language),
            ("covered", self.covered == other.covered),
            ("strokes", self.strokes == other.strokes),
            ("opinion.grade", self.opinion.grade == other.opinion.grade),
            ("opinion.text", self.opinion.text == other.opinion.text),
            ("name", self.name == other.name),
            ("relation", self.relation == other.relation),
            ("claimed", self.claimed == other.claimed),
            ("device", self.device == other.device),
            ("key", self.key == other.key),
            ("voucher", self.voucher == other.voucher),
        ];
        parts.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}

/// Voucher, strokes and statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What was shown.
    pub voucher: Voucher,
    /// What was drawn.
    pub strokes: Strokes,
    /// What was signed.
    pub statement: Statement,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct ProofWire {
    #[n(0)]
    domain: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    voucher: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    strokes: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    statement: Vec<u8>,
}

impl Proof {
    /// Deterministic CBOR.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(&ProofWire {
            domain: PROOF_DOMAIN.to_owned(),
            voucher: self.voucher.to_bytes(),
            strokes: self.strokes.to_bytes(),
            statement: self.statement.to_bytes(),
        })
    }

    /// Reads a proof; verifies nothing, see [`super::verify_sign`].
    ///
    /// # Errors
    /// When the bytes are not of the layout, not deterministic, or exceed [`limits::PROOF_BYTES_MAX`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > limits::PROOF_BYTES_MAX {
            let problem = format!("{} bytes, at most {}", bytes.len(), limits::PROOF_BYTES_MAX);
            return Err(DecodeError::new("proof", problem));
        }
        let read: ProofWire = wire::decode_deterministic("proof", bytes)?;
        if read.domain != PROOF_DOMAIN {
            return Err(DecodeError::new("proof", format!("not of the format {PROOF_DOMAIN}")));
        }
        Ok(Self {
            voucher: Voucher::from_bytes(&read.voucher)?,
            strokes: Strokes::from_bytes(&read.strokes)?,
            statement: Statement::from_bytes(&read.statement)?,
        })
    }

    /// The same proof with the field at `path` erased; its content address changes, what was signed does
    /// not. `None` when there is no such field.
    #[must_use]
    pub fn with_erased(&self, path: &str) -> Option<Self> {
        Some(Self { voucher: self.voucher.with_erased(path)?, ..self.clone() })
    }
}

/// The content address of a proof.
#[must_use]
pub fn blob_id(proof: &[u8]) -> BlobId {
    BlobId(*blake3::hash(proof).as_bytes())
}
