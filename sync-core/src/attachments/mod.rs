//! Attachments: photos, scans and voice notes that facts name by the digest of their bytes (sync.md, Large things stay
//! out).
//!
//! The bytes travel apart from documents and hold none of them up. Here is what device and server must agree on: what
//! a body names, which media are taken, and how the content tells them. Not here: bytes on their way
//! (`schemas/attachments.md`), or on a disk.

mod media;
mod paper;

pub use media::MediaType;
pub use paper::{Covered, covered_by_paper, read_printed_digest};

use crate::facts::values::{Blob, Correction, Demand, Line};
use crate::facts::{FactBody, FactKind};
use crate::ids::BlobId;
use crate::limits;

/// Content address of these bytes.
#[must_use]
pub fn blob_id(bytes: &[u8]) -> BlobId {
    BlobId(*blake3::hash(bytes).as_bytes())
}

/// Why bytes are no attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// There are none.
    #[error("the file is empty")]
    Empty,
    /// More than [`limits::ATTACHMENT_BYTES_MAX`].
    #[error("the file has {size} bytes, at most {} are taken", limits::ATTACHMENT_BYTES_MAX)]
    TooLarge {
        /// Size in bytes.
        size: u64,
    },
    /// The content is of no medium that is taken, whatever its name says.
    #[error("the file is no photo, scan or voice note of a kind that is taken ({})", MediaType::names())]
    UnknownMedium,
}

impl AttachmentError {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "attachment_empty",
            Self::TooLarge { .. } => "attachment_too_large",
            Self::UnknownMedium => "attachment_unknown_medium",
        }
    }
}

/// What a fact says of these bytes.
///
/// # Errors
/// When they may not be attached.
pub fn describe(bytes: &[u8]) -> Result<Blob, AttachmentError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    check_size(size)?;
    let media = MediaType::of_content(bytes).ok_or(AttachmentError::UnknownMedium)?;
    Ok(Blob { hash: blob_id(bytes), size, media_type: media.name().to_owned() })
}

/// Whether a file may have this size, in bytes.
///
/// # Errors
/// [`AttachmentError::Empty`] and [`AttachmentError::TooLarge`].
pub fn check_size(size: u64) -> Result<(), AttachmentError> {
    match size {
        0 => Err(AttachmentError::Empty),
        size if size > limits::ATTACHMENT_BYTES_MAX => Err(AttachmentError::TooLarge { size }),
        _ => Ok(()),
    }
}

/// What an attachment is to its fact: which ones travel first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It stands for a signature: a signed paper, a seal, a filed document.
    Signature,
    /// It shows what was found or done.
    Evidence,
}

/// An attachment as a fact names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Content address.
    pub blob: BlobId,
    /// Size in bytes, where the fact says it.
    pub size: Option<u64>,
    /// Media type, where the fact says it.
    pub media_type: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// What people call it: the line's name, where it has one.
    pub name: Option<String>,
}

impl Named {
    fn blob(blob: &Blob, purpose: Purpose, name: Option<&str>) -> Self {
        Self {
            blob: blob.hash,
            size: Some(blob.size),
            media_type: Some(blob.media_type.clone()),
            purpose,
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        }
    }

    fn bare(blob: BlobId) -> Self {
        Self { blob, size: None, media_type: None, purpose: Purpose::Signature, name: None }
    }
}

/// The attachment that a body names. Proofs of signatures are none: they travel with the facts.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds name no attachment")]
pub fn named_by(body: &FactBody) -> Option<Named> {
    let line = |line: &Line| line.blob.as_ref().map(|blob| Named::blob(blob, Purpose::Evidence, Some(&line.name)));
    match body {
        FactBody::RecordLine(body) => line(&body.line),
        FactBody::ReplaceLine(body) => line(&body.new),
        FactBody::PlanLine(body) => line(&body.line),
        FactBody::BenchWork(body) => body.line.as_ref().and_then(line),
        FactBody::CorrectFact(body) => match &body.correction {
            Correction::Line(corrected) => line(corrected),
            Correction::Time(_) | Correction::Text(_) => None,
        },
        FactBody::QualityVerdict(body) => body.blob.as_ref().map(|blob| Named::blob(blob, Purpose::Evidence, None)),
        FactBody::AttachPaper(body) => Some(Named::bare(body.photo)),
        FactBody::FileDocument(body) => {
            body.blob.as_ref().map(|blob| Named::blob(blob, Purpose::Signature, body.reference.as_deref()))
        }
        FactBody::TakeCustody(body) => body.countersigned.map(Named::bare),
        FactBody::ReturnCustody(body) => body.signed.map(Named::bare),
        _ => None,
    }
}

/// Whether facts of this kind may name an attachment.
#[must_use]
pub fn may_name(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::RecordLine
            | FactKind::ReplaceLine
            | FactKind::PlanLine
            | FactKind::BenchWork
            | FactKind::CorrectFact
            | FactKind::QualityVerdict
            | FactKind::AttachPaper
            | FactKind::FileDocument
            | FactKind::TakeCustody
            | FactKind::ReturnCustody
            | FactKind::Admit
    )
}

/// Whether this demand is met by a photo only: a seal is on paper (C-084).
#[must_use]
pub fn needs_photo(demand: Demand) -> bool {
    demand == Demand::Seal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::bodies;
    use crate::facts::values::LineKind;
    use crate::ids::FactRef;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";

    #[test]
    fn bytes_are_described_by_their_content() {
        let blob = describe(JPEG).unwrap();
        assert_eq!((blob.size, blob.media_type.as_str(), blob.hash), (10, "image/jpeg", blob_id(JPEG)));
        assert_eq!(describe(b""), Err(AttachmentError::Empty));
        assert_eq!(describe(b"<html>"), Err(AttachmentError::UnknownMedium));
        let large = limits::ATTACHMENT_BYTES_MAX + 1;
        assert_eq!(check_size(large), Err(AttachmentError::TooLarge { size: large }));
        assert_eq!(check_size(limits::ATTACHMENT_BYTES_MAX), Ok(()));
    }

    #[test]
    fn a_line_names_its_photo_and_a_seal_goes_first() {
        let visit = FactRef::from_bytes(&[1, 2, 3, 4, 5, 6]).unwrap();
        let blob = describe(JPEG).unwrap();
        let line = Line {
            kind: LineKind::Photo,
            name: "name plate".into(),
            quantity: 0,
            unit: String::new(),
            amount: None,
            code: None,
            serial: None,
            source: None,
            result: None,
            blob: Some(blob.clone()),
            entry: None,
            usable_from: None,
        };
        let named = named_by(&bodies::RecordLine { visit, line }.into()).unwrap();
        assert_eq!((named.blob, named.size, named.purpose), (blob.hash, Some(10), Purpose::Evidence));
        assert_eq!(named.name.as_deref(), Some("name plate"));
        let filed =
            bodies::FileDocument { fact: visit, demand: Demand::Seal, blob: Some(blob.clone()), reference: None };
        let seal = named_by(&filed.into()).unwrap();
        assert_eq!((seal.blob, seal.purpose, seal.name), (blob.hash, Purpose::Signature, None));
        assert!(Purpose::Signature < Purpose::Evidence);
        assert_eq!(named_by(&bodies::Seen {}.into()), None);
    }
}
