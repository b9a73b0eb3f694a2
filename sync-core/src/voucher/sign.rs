//! Signing a voucher on the device, and verifying a signature against its proof, with no network (C-080).
//!
//! A verification asks two questions apart: are the bytes intact, and did this device's key sign them. Where
//! a value was changed on one side only, the first part that differs is named: a leaf of the voucher by its
//! commitment, a part of the statement by comparing the proof's statement with the fact's fields.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use super::proof::{Proof, Statement, blob_id};
use super::strokes::{Strokes, StrokesError};
use super::{Voucher, covered_digest};
use crate::facts::bodies::SignDocument;
use crate::facts::values::Opinion;
use crate::ids::{DeviceId, DocumentId, KeyId, Signature};
use crate::time::UnixMillis;
use crate::{DecodeError, limits};

/// Bytes that the frame of a proof takes beside voucher, strokes and statement.
const FRAME_BYTES: usize = 64;

/// What the customer adds to the voucher when he signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// What he drew.
    pub strokes: Strokes,
    /// His opinion, explicit even when he gave none (C-081).
    pub opinion: Opinion,
    /// His name as written.
    pub name: String,
    /// His relation to the customer.
    pub relation: String,
    /// The claimed time; the sign fact must carry the same.
    pub claimed: UnixMillis,
    /// The device.
    pub device: DeviceId,
}

/// Why a voucher cannot be signed in this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A text that must be there is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A text is longer than [`limits::TEXT_BYTES_MAX`].
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The voucher shows more facts than a fact can name.
    #[error("the voucher covers {0} facts, at most {max}", max = limits::LIST_MAX)]
    TooManyFacts(usize),
    /// The drawing does not fit.
    #[error(transparent)]
    Strokes(#[from] StrokesError),
}

/// A statement ready to be signed by a key that may live in a key store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    proof: Proof,
}

/// What signing gives: the body of the fact, and the proof that travels beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedVoucher {
    /// Body of the sign fact.
    pub body: SignDocument,
    /// Bytes of the proof; [`SignDocument::proof`] is their content address.
    pub proof: Vec<u8>,
}

impl Prepared {
    /// Puts voucher, drawing and words together for the key whose public part is `device_key`. The drawing is
    /// thinned where the proof would exceed [`limits::PROOF_BYTES_MAX`].
    ///
    /// # Errors
    /// When a text is missing or too long, or the drawing cannot be made to fit.
    pub fn new(voucher: &Voucher, signing: Signing, device_key: &[u8; 32]) -> Result<Self, SignError> {
        let opinion_text = signing.opinion.text.as_deref().unwrap_or_default();
        for (part, text) in [("name", &*signing.name), ("relation", &*signing.relation), ("opinion", opinion_text)] {
            if text.len() > limits::TEXT_BYTES_MAX {
                return Err(SignError::TooLong(part));
            }
        }
        if signing.name.trim().is_empty() {
            return Err(SignError::Missing("name"));
        }
        if voucher.covered.len() > limits::LIST_MAX {
            return Err(SignError::TooManyFacts(voucher.covered.len()));
        }
        let mut statement = Statement {
            store: voucher.header.store,
            document: voucher.header.document,
            voucher: voucher.digest(),
            covered: covered_digest(&voucher.covered),
            strokes: signing.strokes.digest(),
            opinion: signing.opinion,
            name: signing.name,
            relation: signing.relation,
            language: voucher.header.language,
            claimed: signing.claimed,
            device: signing.device,
            key: KeyId::of(device_key),
        };
        let taken = voucher.to_bytes().len().saturating_add(statement.to_bytes().len()).saturating_add(FRAME_BYTES);
        let strokes = signing.strokes.fitted(limits::PROOF_BYTES_MAX.saturating_sub(taken))?;
        statement.strokes = strokes.digest();
        Ok(Self { proof: Proof { voucher: voucher.clone(), strokes, statement } })
    }

    /// The bytes to sign with Ed25519.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.proof.statement.to_bytes()
    }

    /// The fact and the proof with the signature made over [`Self::bytes`].
    #[must_use]
    pub fn complete(self, signature: Signature) -> SignedVoucher {
        let proof = self.proof.to_bytes();
        let (voucher, statement) = (self.proof.voucher, self.proof.statement);
        let body = SignDocument {
            voucher: statement.voucher,
            covered: voucher.covered_references(),
            covered_digest: statement.covered,
            opinion: statement.opinion,
            name: statement.name,
            relation: statement.relation,
            proof: blob_id(&proof),
            key: statement.key,
            signature,
        };
        SignedVoucher { body, proof }
    }
}

/// Signs a voucher with a key at hand.
///
/// # Errors
/// As [`Prepared::new`].
pub fn sign(voucher: &Voucher, signing: Signing, device_key: &SigningKey) -> Result<SignedVoucher, SignError> {
    let prepared = Prepared::new(voucher, signing, &device_key.verifying_key().to_bytes())?;
    let signature = Signature(device_key.sign(&prepared.bytes()).to_bytes());
    Ok(prepared.complete(signature))
}

/// What a verification knows of the sign fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedFact<'a> {
    /// The order that the fact lies in.
    pub document: DocumentId,
    /// The fact's claimed time.
    pub claimed: UnixMillis,
    /// The device that the fact's actor belongs to.
    pub device: DeviceId,
    /// The fact's body.
    pub body: &'a SignDocument,
}

/// The questions of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Are the bytes intact?
    Intact,
    /// Did this device's key sign them?
    Signed,
}

/// Why a signature does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The proof cannot be read.
    #[error("the bytes are not intact: {0}")]
    Unreadable(#[from] DecodeError),
    /// This part is not what was signed: a path of the voucher (`line.2.amount`, `header`), or a part of
    /// what was signed with it (`name`, `opinion.grade`, `strokes`, `covered`, ...).
    #[error("'{0}' is not what was signed")]
    Field(String),
    /// The proof was made with another key than this device's.
    #[error("the fact names another key than this device's")]
    Key,
    /// The key did not sign this.
    #[error("this device's key did not sign this")]
    Signature,
}

impl Mismatch {
    /// The question that failed.
    #[must_use]
    pub fn question(&self) -> Question {
        match self {
            Self::Unreadable(_) | Self::Field(_) => Question::Intact,
            Self::Key | Self::Signature => Question::Signed,
        }
    }
}

/// A signature that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was shown, drawn and signed.
    pub proof: Proof,
    /// Fields of the voucher that were erased since; everything else is as signed.
    pub erased: Vec<String>,
}

/// Verifies a sign fact against its proof and the device's public key. Strict: keys of small order and
/// malleable signatures are refused.
///
/// # Errors
/// Names the first part that differs, else the question that failed. A changed part is named before a failed
/// signature.
pub fn verify_sign(fact: &SignedFact<'_>, proof: &[u8], device_key: &[u8; 32]) -> Result<Verified, Mismatch> {
    let examined = examine(fact, proof, device_key)?;
    examined.intact?;
    examined.signed?;
    Ok(Verified { erased: examined.proof.voucher.erased(), proof: examined.proof })
}

/// Both answers, apart.
pub(super) struct Examined {
    pub(super) proof: Proof,
    pub(super) intact: Result<(), Mismatch>,
    pub(super) signed: Result<(), Mismatch>,
}

/// Answers both questions where the proof can be read at all.
pub(super) fn examine(
    fact: &SignedFact<'_>,
    proof_bytes: &[u8],
    device_key: &[u8; 32],
) -> Result<Examined, DecodeError> {
    let proof = Proof::from_bytes(proof_bytes)?;
    let by_fact = statement_by(fact, &proof);
    let holds = |statement: &Statement| signature_holds(statement, &fact.body.signature, device_key);
    // One side may have been changed: whichever the signature is over is the true one.
    let (fact_holds, proof_holds) = (holds(&by_fact), holds(&proof.statement));
    let signed = if fact_holds || proof_holds {
        Ok(())
    } else if fact.body.key == KeyId::of(device_key) {
        Err(Mismatch::Signature)
    } else {
        Err(Mismatch::Key)
    };
    let truth = if fact_holds && !proof_holds { &by_fact } else { &proof.statement };
    let differing = first_difference(fact, &proof, &by_fact, truth).or_else(|| {
        // An erased field changes the content address and nothing else.
        let same = blob_id(proof_bytes) == fact.body.proof || !proof.voucher.erased().is_empty();
        (!same).then(|| "proof".to_owned())
    });
    let intact = differing.map_or(Ok(()), |path| Err(Mismatch::Field(path)));
    Ok(Examined { proof, intact, signed })
}

/// The first part of voucher or statement that is not as in `truth`, what was signed.
fn first_difference(fact: &SignedFact<'_>, proof: &Proof, by_fact: &Statement, truth: &Statement) -> Option<String> {
    let voucher = &proof.voucher;
    let header = &voucher.header;
    let named = [
        ("document", header.document == truth.document),
        ("store", header.store == truth.store),
        ("language", header.language == truth.language),
    ];
    let named = named.into_iter().find(|(_, same)| !same).map(|(part, _)| part);
    let named = named.or_else(|| voucher.first_broken()).or_else(|| {
        let covered =
            covered_digest(&voucher.covered) == truth.covered && voucher.covered_references() == fact.body.covered;
        (!covered).then_some("covered")
    });
    let named = named.or_else(|| proof.statement.first_difference(by_fact));
    let named = named.or_else(|| (voucher.digest() != truth.voucher).then_some("voucher"));
    named.map(str::to_owned)
}

/// The statement as the fact has it; what a fact does not hold is taken from the proof.
fn statement_by(fact: &SignedFact<'_>, proof: &Proof) -> Statement {
    Statement {
        store: proof.voucher.header.store,
        document: fact.document,
        voucher: fact.body.voucher,
        covered: fact.body.covered_digest,
        strokes: proof.strokes.digest(),
        opinion: fact.body.opinion.clone(),
        name: fact.body.name.clone(),
        relation: fact.body.relation.clone(),
        language: proof.voucher.header.language,
        claimed: fact.claimed,
        device: fact.device,
        key: fact.body.key,
    }
}

fn signature_holds(statement: &Statement, signature: &Signature, device_key: &[u8; 32]) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    statement.key == KeyId::of(device_key)
        && VerifyingKey::from_bytes(device_key)
            .is_ok_and(|key| key.verify_strict(&statement.to_bytes(), &signature).is_ok())
}
