//! What a fold gives: the order as people see it. Plain values, no behaviour beyond look-ups.

mod states;

pub use states::{
    AssignmentFacet, CancelEffect, Coverage, LineStanding, NotBillable, OrderState, ReviewKind, ReviewStatus, Rule,
    SignatureFacet, VisitState, VoucherFacet,
};

use std::collections::BTreeMap;

use super::facets::Facets;
pub use super::told::{Explanation, Notice};
use crate::facts::values::{
    Channel, CustomerPerson, Line, Money, Opinion, ReviewChoice, ServiceClass, Skip, UnfinishedReason, Urgency, Window,
};
use crate::facts::{Author, FactKind, Role};
use crate::ids::{BlobId, Digest, DocumentId, FactId, FactRef, KeyId, PersonId, RecordId, ReviewId, Signature};
use crate::time::UnixMillis;

/// A moment stated by a fact: hybrid time, and the interval known so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The fact.
    pub fact: FactId,
    /// Hybrid time.
    pub time: UnixMillis,
    /// What the device's clock said.
    pub claimed: UnixMillis,
    /// Lower bound of the true time.
    pub lo: UnixMillis,
}

/// The customer's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// When and by which fact.
    pub at: Moment,
    /// Who registered it.
    pub by: Author,
    /// The customer's record.
    pub customer: RecordId,
    /// The site's record.
    pub site: RecordId,
    /// The unit's record.
    pub unit: Option<RecordId>,
    /// How it came in.
    pub channel: Channel,
    /// Service class.
    pub class: ServiceClass,
    /// Urgency.
    pub urgency: Urgency,
    /// The customer's words.
    pub problem: String,
    /// Serial in the call register.
    pub serial: Option<String>,
    /// Skill needed.
    pub skill: Option<String>,
}

/// What was confirmed with the customer (C-006).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// When and by which fact.
    pub at: Moment,
    /// What was agreed.
    pub content: String,
    /// Estimated amount.
    pub amount: Option<Money>,
    /// In guarantee?
    pub in_warranty: bool,
}

/// One assignment ever made, effective or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// When and by which fact.
    pub at: Moment,
    /// Who decided.
    pub by: Author,
    /// Who is to do it.
    pub technician: PersonId,
    /// Where it stands.
    pub facet: AssignmentFacet,
    /// Who was passed over.
    pub skipped: Vec<Skip>,
    /// Turn of the rotation.
    pub turn: Option<u64>,
    /// The dispatcher's reason.
    pub reason: Option<String>,
}

/// A time planned or promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// When and by which fact it was set.
    pub at: Moment,
    /// Who set it.
    pub by: Author,
    /// The time.
    pub window: Window,
    /// Whether the customer agreed.
    pub confirmed: bool,
    /// With whom.
    pub customer: Option<CustomerPerson>,
}

/// How a visit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; what was found.
    Done {
        /// When and by which fact.
        at: Moment,
        /// What was found.
        finding: Option<String>,
    },
    /// Not finished.
    Unfinished {
        /// When and by which fact.
        at: Moment,
        /// Why.
        reason: UnfinishedReason,
        /// In words.
        text: Option<String>,
        /// The next visit.
        next: Option<Window>,
    },
    /// It cannot be repaired (C-029).
    NotRepairable {
        /// When and by which fact.
        at: Moment,
        /// What was found.
        finding: String,
    },
}

/// One technician's visit. It has exactly one writer (R4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Identity of its first fact.
    pub id: FactId,
    /// Its technician.
    pub technician: PersonId,
    /// Where it stands.
    pub state: VisitState,
    /// Set out.
    pub departed: Option<Moment>,
    /// On site.
    pub arrived: Option<Moment>,
    /// First start of work.
    pub started: Option<Moment>,
    /// End or outcome.
    pub ended: Option<Moment>,
    /// Outcome, when stated and not withdrawn.
    pub outcome: Option<Outcome>,
}

/// One line with its standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    /// When and by which fact.
    pub at: Moment,
    /// Who recorded it.
    pub by: Author,
    /// Its visit.
    pub visit: Option<FactId>,
    /// The line.
    pub line: Line,
    /// Its standing.
    pub standing: LineStanding,
    /// Covered by a signature.
    pub covered: bool,
    /// May be billed: effective, agreed to, and nothing speaks against it (R6, R7).
    pub billable: bool,
    /// Why it may not; absent exactly where it may.
    pub held: Option<NotBillable>,
    /// What is charged for it where it is billed: as stated, or as corrected in the customer's favour (R7).
    pub charge: Option<Money>,
}

impl LineView {
    /// What the customer owes for it once he has signed a voucher that shows it.
    #[must_use]
    pub fn charge_if_signed(&self) -> Option<&Money> {
        self.charge.as_ref().filter(|_| self.held.is_none_or(NotBillable::ends_by_signing))
    }
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteView {
    /// When and by which fact.
    pub at: Moment,
    /// Who wrote it.
    pub by: Author,
    /// The text.
    pub text: String,
}

/// One signature; once it verified it never becomes invalid (R6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureView {
    /// When and by which fact.
    pub at: Moment,
    /// Whose device took it.
    pub by: Author,
    /// Digest of the voucher.
    pub voucher: Digest,
    /// Facts that the customer saw.
    pub covered: Vec<FactId>,
    /// Opinion.
    pub opinion: Opinion,
    /// Name as written.
    pub name: String,
    /// Relation to the customer.
    pub relation: String,
    /// Content address of the proof.
    pub proof: BlobId,
    /// The device key.
    pub key: KeyId,
    /// The signature.
    pub signature: Signature,
    /// It does not verify against its proof, and counts for nothing.
    pub rejected: bool,
}

/// One cancel ever stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelView {
    /// When and by which fact.
    pub at: Moment,
    /// Who cancelled.
    pub by: Author,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub effect: CancelEffect,
}

/// A person must decide, or a default fires (U-19).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Digest of kind and causes.
    pub id: ReviewId,
    /// What it is about.
    pub kind: ReviewKind,
    /// The facts that caused it, sorted.
    pub causes: Vec<FactId>,
    /// Who decides.
    pub owner: Role,
    /// When the default fires: milliseconds after the latest cause's `lo`; `None` never (blocking reviews).
    pub due: Option<UnixMillis>,
    /// What happens when nobody decides.
    pub default: ReviewChoice,
    /// What its owner may choose.
    pub choices: Vec<ReviewChoice>,
    /// Whether it blocks closing.
    pub blocking: bool,
    /// Where it stands.
    pub status: ReviewStatus,
    /// The decision.
    pub choice: Option<ReviewChoice>,
    /// The rule that raised it.
    pub rule: Rule,
}

/// One fact by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stated {
    /// What others name it by.
    pub reference: FactRef,
    /// Its content digest.
    pub digest: Digest,
    /// Its kind, where this version knows it.
    pub kind: Option<FactKind>,
}

/// The order as the fold shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// The order.
    pub document: DocumentId,
    /// Every fact by name, sorted: what a command may name.
    pub stated: Vec<Stated>,
    /// State.
    pub state: OrderState,
    /// Facts that no other fact of this set has seen, sorted: what a command decided on this view has seen.
    pub frontier: Vec<FactId>,
    /// Number of facts (restatements counted once).
    pub facts: usize,
    /// Time of the latest fact.
    pub updated: UnixMillis,
    /// The request.
    pub request: Option<Request>,
    /// The confirmation.
    pub confirmation: Option<Confirmation>,
    /// Every assignment, in canonical order.
    pub assignments: Vec<Assignment>,
    /// Index in `assignments` of the effective one.
    pub assigned: Option<usize>,
    /// Every visit, in canonical order.
    pub visits: Vec<Visit>,
    /// The effective appointment.
    pub appointment: Option<Appointment>,
    /// Other promised times that block the calendar.
    pub blocked_windows: Vec<Window>,
    /// Every line.
    pub lines: Vec<LineView>,
    /// Every note.
    pub notes: Vec<NoteView>,
    /// Signature facet.
    pub signature: SignatureFacet,
    /// Every signature.
    pub signatures: Vec<SignatureView>,
    /// Coverage of effective lines.
    pub coverage: Coverage,
    /// Billable total per currency, minor units.
    pub billable: BTreeMap<String, i64>,
    /// Every cancel.
    pub cancels: Vec<CancelView>,
    /// Voucher facet.
    pub voucher: VoucherFacet,
    /// When it was completed: the DONE that counts.
    pub completed: Option<Moment>,
    /// When it was closed.
    pub closed: Option<Moment>,
    /// Facts marked VOID by the fold.
    pub void: Vec<FactId>,
    /// Review items, in the order of their ids.
    pub reviews: Vec<Review>,
    /// Who must be told of what.
    pub notices: Vec<Notice>,
    /// Why every field that is not trivially set is what it is.
    pub explanations: Vec<Explanation>,
    /// The kinds of facts this version does not know.
    pub unknown_facts: usize,
    /// Everything beside the state (lifecycle 4.2).
    pub facets: Facets,
    /// What a person decided about facts that the gate had refused, in canonical order.
    pub decided: Vec<super::decided::DecidedView>,
    /// What never leaves the office; empty where the companion document is not known.
    pub office: super::office::OfficeView,
}

impl OrderView {
    /// The effective assignment.
    #[must_use]
    pub fn assignment(&self) -> Option<&Assignment> {
        self.assigned.and_then(|index| self.assignments.get(index))
    }

    /// The technician who is to do the order.
    #[must_use]
    pub fn technician(&self) -> Option<PersonId> {
        self.assignment().map(|assignment| assignment.technician)
    }

    /// The facts under a name: one, or several of a cloned phone.
    pub fn stated(&self, reference: FactRef) -> impl Iterator<Item = &Stated> {
        let start = self.stated.partition_point(|other| other.reference < reference);
        self.stated.iter().skip(start).take_while(move |other| other.reference == reference)
    }

    /// Visits that have not ended.
    pub fn open_visits(&self) -> impl Iterator<Item = &Visit> {
        self.visits.iter().filter(|visit| visit.state != VisitState::Ended)
    }
}
