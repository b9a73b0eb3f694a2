//! The customer's copy: one file that anybody can verify without the company's help (U-22).
//!
//! It holds the proof, the fields of the sign fact and the device's certificate. [`verify_copy`] answers three
//! questions apart: are the bytes intact, did this device's key sign them, does this company vouch for the
//! key. It needs nothing but the file, and for the last question the fingerprint that the customer knows.

use minicbor::{Decode, Encode};

use super::code::VerificationCode;
use super::labels::{filled, text};
use super::proof::Proof;
use super::sign::{Mismatch, SignedFact, examine};
use crate::facts::bodies::SignDocument;
use crate::ids::{DeviceId, DocumentId};
use crate::proof::certificate::{Certificate, Fingerprint};
use crate::reference::Language;
use crate::time::UnixMillis;
use crate::{DecodeError, limits, wire};

const DOMAIN: &str = "docket-copy-1";

/// The self-described CBOR tag 55799 (RFC 8949 3.4.6): what the file begins with.
pub const MAGIC: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// What a customer's copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerCopy {
    /// The order.
    pub document: DocumentId,
    /// The sign fact's claimed time.
    pub claimed: UnixMillis,
    /// The device.
    pub device: DeviceId,
    /// The sign fact's body.
    pub body: SignDocument,
    /// Bytes of the proof.
    pub proof: Vec<u8>,
    /// Bytes of the device's certificate.
    pub certificate: Vec<u8>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct CopyWire {
    #[n(0)]
    domain: String,
    #[n(1)]
    document: DocumentId,
    #[n(2)]
    claimed: UnixMillis,
    #[n(3)]
    device: DeviceId,
    #[n(4)]
    body: SignDocument,
    #[cbor(n(5), with = "minicbor::bytes")]
    proof: Vec<u8>,
    #[cbor(n(6), with = "minicbor::bytes")]
    certificate: Vec<u8>,
}

impl CustomerCopy {
    /// The file: [`MAGIC`], then deterministic CBOR.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(wire::encode(&CopyWire {
            domain: DOMAIN.to_owned(),
            document: self.document,
            claimed: self.claimed,
            device: self.device,
            body: self.body.clone(),
            proof: self.proof.clone(),
            certificate: self.certificate.clone(),
        }));
        bytes
    }

    /// Reads a file; verifies nothing.
    ///
    /// # Errors
    /// When the bytes are not of the layout, not deterministic, or exceed [`limits::COPY_BYTES_MAX`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "customer's copy";
        if bytes.len() > limits::COPY_BYTES_MAX {
            return Err(DecodeError::new(WHAT, format!("{} bytes, at most {}", bytes.len(), limits::COPY_BYTES_MAX)));
        }
        let body = bytes.strip_prefix(&MAGIC).ok_or_else(|| DecodeError::new(WHAT, "does not begin as one"))?;
        let read: CopyWire = wire::decode_deterministic(WHAT, body)?;
        if read.domain != DOMAIN {
            return Err(DecodeError::new(WHAT, format!("not of the format {DOMAIN}")));
        }
        Ok(Self {
            document: read.document,
            claimed: read.claimed,
            device: read.device,
            body: read.body,
            proof: read.proof,
            certificate: read.certificate,
        })
    }
}

/// Answer to one question of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No, and why.
    No(Problem),
    /// It cannot be asked: what it would be asked of cannot be read.
    Unknown,
}

/// Why a question was answered no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The file or a part of it cannot be read.
    Unreadable(DecodeError),
    /// This part is not what was signed.
    Field(String),
    /// The fact names another key than the certificate's.
    OtherKey,
    /// The key did not sign this.
    NotSigned,
    /// The certificate is not signed by the store it names.
    BadCertificate,
    /// The certificate is for another device.
    OtherDevice,
    /// The certificate is by another store than the voucher names.
    OtherStore,
    /// The store's fingerprint is not the one expected.
    OtherFingerprint,
}

/// The three answers about a copy, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Are the bytes intact?
    pub intact: Answer,
    /// Did this device's key sign them?
    pub signed: Answer,
    /// Does the company vouch for the key? Where no fingerprint was expected, `Yes` means only that *some*
    /// company does: a person compares [`Self::fingerprint`].
    pub vouched: Answer,
    /// Fingerprint of the store that signed the certificate.
    pub fingerprint: Option<Fingerprint>,
    /// Whether the fingerprint was compared with an expected one.
    pub compared: bool,
    /// The first part that differs from what was signed.
    pub first_difference: Option<String>,
    /// Fields that were erased since signing.
    pub erased: Vec<String>,
    /// What was shown, drawn and signed, where it can be read.
    pub proof: Option<Proof>,
}

/// Verifies a customer's copy. Never fails: whatever is wrong is in the report.
#[must_use]
pub fn verify_copy(bytes: &[u8], expected: Option<Fingerprint>) -> Report {
    let mut report = Report {
        intact: Answer::Unknown,
        signed: Answer::Unknown,
        vouched: Answer::Unknown,
        fingerprint: None,
        compared: expected.is_some(),
        first_difference: None,
        erased: Vec::new(),
        proof: None,
    };
    let copy = match CustomerCopy::from_bytes(bytes) {
        Ok(copy) => copy,
        Err(error) => return Report::unreadable(error, expected),
    };
    let certificate = match Certificate::from_bytes(&copy.certificate) {
        Ok(certificate) => Some(certificate),
        Err(error) => {
            report.vouched = Answer::No(Problem::Unreadable(error));
            None
        }
    };
    report.ask_intact_and_signed(&copy, certificate.as_ref());
    if let Some(certificate) = &certificate {
        report.fingerprint = Some(certificate.fingerprint());
        let problem = doubt(&copy, certificate, report.proof.as_ref(), expected);
        report.vouched = problem.map_or(Answer::Yes, Answer::No);
    }
    report
}

/// The first reason not to believe that the company vouches for the key.
fn doubt(
    copy: &CustomerCopy,
    certificate: &Certificate,
    proof: Option<&Proof>,
    expected: Option<Fingerprint>,
) -> Option<Problem> {
    let fingerprint = certificate.fingerprint();
    let other_store = |proof: &Proof| {
        let header = &proof.voucher.header;
        header.store != certificate.store || header.fingerprint != fingerprint
    };
    if certificate.verify().is_err() {
        Some(Problem::BadCertificate)
    } else if certificate.device != copy.device {
        Some(Problem::OtherDevice)
    } else if expected.is_some_and(|expected| expected != fingerprint) {
        Some(Problem::OtherFingerprint)
    } else if proof.is_some_and(other_store) {
        Some(Problem::OtherStore)
    } else {
        None
    }
}

impl Report {
    /// Of what cannot be read as a copy.
    pub(super) fn unreadable(error: DecodeError, expected: Option<Fingerprint>) -> Self {
        Self {
            intact: Answer::No(Problem::Unreadable(error)),
            signed: Answer::Unknown,
            vouched: Answer::Unknown,
            fingerprint: None,
            compared: expected.is_some(),
            first_difference: None,
            erased: Vec::new(),
            proof: None,
        }
    }

    /// The code under which copies of this signature are compared, where it can be read.
    #[must_use]
    pub fn code(&self) -> Option<VerificationCode> {
        self.proof.as_ref().map(|proof| proof.statement.code())
    }

    /// Whether all three answers are yes. Without an expected fingerprint a person still has to compare it.
    #[must_use]
    pub fn passed(&self) -> bool {
        [&self.intact, &self.signed, &self.vouched].into_iter().all(|answer| *answer == Answer::Yes)
    }

    fn ask_intact_and_signed(&mut self, copy: &CustomerCopy, certificate: Option<&Certificate>) {
        let fact = SignedFact { document: copy.document, claimed: copy.claimed, device: copy.device, body: &copy.body };
        // Without a certificate no key is known: the bytes can still be held against each other.
        let key = certificate.map_or([0; 32], |certificate| certificate.device_key);
        match examine(&fact, &copy.proof, &key) {
            Ok(examined) => {
                self.intact = answer(examined.intact);
                if certificate.is_some() {
                    self.signed = answer(examined.signed);
                }
                self.erased = examined.proof.voucher.erased();
                self.proof = Some(examined.proof);
            }
            Err(error) => self.intact = Answer::No(Problem::Unreadable(error)),
        }
        if let Answer::No(Problem::Field(path)) = &self.intact {
            self.first_difference = Some(path.clone());
        }
    }

    /// The report for a terminal: the three answers, what differs, what was erased.
    #[must_use]
    pub fn render_text(&self, language: Language) -> String {
        let questions = [
            ("voucher.report.intact", &self.intact),
            ("voucher.report.signed", &self.signed),
            ("voucher.report.vouched", &self.vouched),
        ];
        let answered = |(question, answer): (&'static str, &Answer)| {
            format!("{} {}", text(question, language), answer.render_text(language))
        };
        let mut lines: Vec<String> = questions.into_iter().map(answered).collect();
        if let (Answer::Yes, Some(fingerprint), false) = (&self.vouched, self.fingerprint, self.compared) {
            let fingerprint = fingerprint.to_string();
            lines.push(filled("voucher.report.compare", language, &[("fingerprint", &fingerprint)]));
        }
        if let Some(code) = self.code() {
            lines.push(format!("{}: {code}", super::labels::label("code", language)));
        }
        if !self.erased.is_empty() {
            let paths = super::render::printable(&self.erased.join(", "));
            lines.push(filled("voucher.report.erased", language, &[("fields", &paths)]));
        }
        lines.join("\n")
    }
}

fn answer(result: Result<(), Mismatch>) -> Answer {
    match result {
        Ok(()) => Answer::Yes,
        Err(Mismatch::Unreadable(error)) => Answer::No(Problem::Unreadable(error)),
        Err(Mismatch::Field(path)) => Answer::No(Problem::Field(path)),
        Err(Mismatch::Key) => Answer::No(Problem::OtherKey),
        Err(Mismatch::Signature) => Answer::No(Problem::NotSigned),
    }
}

impl Answer {
    fn render_text(&self, language: Language) -> String {
        match self {
            Self::Yes => text("voucher.report.yes", language).to_owned(),
            Self::Unknown => text("voucher.report.unknown", language).to_owned(),
            Self::No(problem) => filled("voucher.report.no", language, &[("reason", &problem.render_text(language))]),
        }
    }
}

impl Problem {
    /// The reason in words.
    #[must_use]
    pub fn render_text(&self, language: Language) -> String {
        match self {
            Self::Unreadable(error) => filled(
                "voucher.report.unreadable",
                language,
                &[("error", &super::render::printable(&error.to_string()))],
            ),
            Self::Field(path) => filled("voucher.report.field", language, &[("path", &super::render::printable(path))]),
            Self::OtherKey => text("voucher.report.other_key", language).to_owned(),
            Self::NotSigned => text("voucher.report.not_signed", language).to_owned(),
            Self::BadCertificate => text("voucher.report.bad_certificate", language).to_owned(),
            Self::OtherDevice => text("voucher.report.other_device", language).to_owned(),
            Self::OtherStore => text("voucher.report.other_store", language).to_owned(),
            Self::OtherFingerprint => text("voucher.report.other_fingerprint", language).to_owned(),
        }
    }
}
