//! Whether what a person filled in is complete and within the limits; the same for every kind of fact.
//!
//! Not a rule of business: only that texts are there and short, lists are bounded, amounts have a currency, windows
//! run forward. [`crate::commands::decide`] asks; a fact that arrives is judged by the gate's own form check.

use super::values::{
    Answer, ApprovalWay, BenchStep, Blob, CallbackResult, Channel, Claim, ComplaintKind, Correction, CustodyPlace,
    Demand, EmergencyBasis, EscalationKind, FindingKind, FormEntry, Goods, HeaderChange, HoldReason, Liability, Line,
    LineKind, Matter, Money, Opinion, PartWanted, Place, QuoteLine, ReceiptFate, ReviewChoice, ServiceClass, Severity,
    Share, Skip, UnfinishedReason, Urgency, Verdict, Window,
};
use super::{Author, Origin, SeenRef};
use crate::attachments::{MediaType, check_size};
use crate::ids::{
    ActorId, BlobId, DeviceId, Digest, DocumentId, FactRef, KeyId, PersonId, RecordId, ReviewId, Signature,
};
use crate::limits;
use crate::sync::frames::QuarantineCode;
use crate::time::UnixMillis;
use crate::wire::Bytes;

/// A value that may be filled in wrongly.
pub(crate) trait Complete {
    /// The refusal's code, when it is.
    fn problem(&self) -> Option<&'static str> {
        None
    }
}

macro_rules! always {
    ($($type:ty),* $(,)?) => { $(impl Complete for $type {})* };
}

always!(
    bool,
    u8,
    u16,
    u32,
    u64,
    UnixMillis,
    ActorId,
    BlobId,
    DeviceId,
    Digest,
    DocumentId,
    FactRef,
    KeyId,
    PersonId,
    RecordId,
    ReviewId,
    Signature,
    Author,
    Origin,
    QuarantineCode,
    SeenRef,
    Channel,
    ServiceClass,
    Urgency,
    Place,
    ReviewChoice,
    UnfinishedReason,
    Skip,
    HoldReason,
    EmergencyBasis,
    Verdict,
    CustodyPlace,
    ReceiptFate,
    BenchStep,
    Matter,
    ApprovalWay,
    EscalationKind,
    Demand,
    CallbackResult,
    ComplaintKind,
    Severity,
    Liability,
    Answer,
    Claim,
    FindingKind,
);

impl Complete for String {
    fn problem(&self) -> Option<&'static str> {
        if self.trim().is_empty() {
            Some("missing_field")
        } else if self.len() > limits::TEXT_BYTES_MAX {
            Some("too_long")
        } else {
            None
        }
    }
}

impl<T: Complete> Complete for Option<T> {
    fn problem(&self) -> Option<&'static str> {
        self.as_ref().and_then(Complete::problem)
    }
}

impl<T: Complete> Complete for Vec<T> {
    fn problem(&self) -> Option<&'static str> {
        if self.len() > limits::LIST_MAX {
            return Some("too_long");
        }
        self.iter().find_map(Complete::problem)
    }
}

impl Complete for Bytes {
    fn problem(&self) -> Option<&'static str> {
        (self.0.len() > limits::FACT_BYTES_MAX).then_some("too_long")
    }
}

impl Complete for Money {
    fn problem(&self) -> Option<&'static str> {
        let known = self.currency.len() == 3 && self.currency.bytes().all(|letter| letter.is_ascii_uppercase());
        (self.minor < 0 || !known).then_some("wrong_amount")
    }
}

impl Complete for Window {
    fn problem(&self) -> Option<&'static str> {
        (self.to < self.from).then_some("window_reversed")
    }
}

impl Complete for Blob {
    fn problem(&self) -> Option<&'static str> {
        let known = MediaType::from_name(&self.media_type).is_some() && check_size(self.size).is_ok();
        (!known).then_some("wrong_attachment")
    }
}

impl Complete for Opinion {
    fn problem(&self) -> Option<&'static str> {
        self.text.problem()
    }
}

impl Complete for Line {
    fn problem(&self) -> Option<&'static str> {
        self.name
            .problem()
            .or_else(|| self.amount.problem())
            // A reading may be below zero.
            .or_else(|| (self.quantity < 0 && self.kind != LineKind::Reading).then_some("wrong_quantity"))
            .or_else(|| self.entry.problem())
            .or_else(|| self.blob.problem())
    }
}

impl Complete for FormEntry {
    fn problem(&self) -> Option<&'static str> {
        let people = self.people.as_ref().map_or(0, Vec::len);
        let long = people > limits::LIST_MAX;
        self.form
            .problem()
            .or_else(|| self.step.problem())
            .or_else(|| self.text.problem())
            .or_else(|| long.then_some("too_long"))
    }
}

impl Complete for QuoteLine {
    fn problem(&self) -> Option<&'static str> {
        self.name
            .problem()
            .or_else(|| self.amount.problem())
            .or_else(|| (self.quantity <= 0).then_some("wrong_quantity"))
    }
}

impl Complete for PartWanted {
    fn problem(&self) -> Option<&'static str> {
        self.name.problem().or_else(|| (self.quantity <= 0).then_some("wrong_quantity"))
    }
}

impl Complete for HeaderChange {
    fn problem(&self) -> Option<&'static str> {
        self.value.problem()
    }
}

impl Complete for Goods {
    fn problem(&self) -> Option<&'static str> {
        self.name.problem().or_else(|| self.serial.problem())
    }
}

impl Complete for Share {
    fn problem(&self) -> Option<&'static str> {
        self.party.problem().or_else(|| (self.permille > 1_000).then_some("wrong_quantity"))
    }
}

impl Complete for Correction {
    fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Time(_) => None,
            Self::Line(line) => line.problem(),
            Self::Text(text) => text.problem(),
        }
    }
}
