//! What a fold gives: the order as people see it. Plain values, no behaviour beyond look-ups.

use std::collections::BTreeMap;

use super::facets::Facets;
use crate::facts::values::{
    Channel, CustomerPerson, Line, Money, Opinion, ReviewChoice, ServiceClass, Skip, UnfinishedReason, Urgency, Window,
};
use crate::facts::{Author, Role};
use crate::ids::{BlobId, Digest, FactId, KeyId, PersonId, RecordId, ReviewId, Signature};
use crate::time::UnixMillis;
use crate::wire::coded_enum;

coded_enum! {
    /// Derived state of an order (lifecycle 4.2); the first predicate that holds wins.
    OrderState {
        /// 已登记.
        Registered = 0 "registered",
        /// 待派工: confirmed with the customer.
        Ready = 1 "ready",
        /// 已派工.
        Dispatched = 2 "dispatched",
        /// 处理中: some visit started and not ended.
        InProgress = 3 "in_progress",
        /// 未完工.
        Unfinished = 4 "unfinished",
        /// 已完工.
        Completed = 5 "completed",
        /// 已回单（注销）.
        Returned = 6 "returned",
        /// 已取消.
        Cancelled = 7 "cancelled",
        /// 已终止: work so far stands.
        Terminated = 8 "terminated",
        /// 取消待核.
        CancelContested = 9 "cancel_contested",
        /// 已归档.
        Closed = 10 "closed",
        /// 挂起.
        OnHold = 11 "on_hold",
        /// 待同意.
        AwaitingConsent = 12 "awaiting_consent",
        /// 携回修护.
        InCustody = 13 "in_custody",
        /// 并单.
        Merged = 14 "merged",
        /// 不受理.
        Declined = 15 "declined",
    }
}

coded_enum! {
    /// State of one visit.
    VisitState {
        /// 在途.
        EnRoute = 0 "en_route",
        /// 到场.
        OnSite = 1 "on_site",
        /// 施工.
        Working = 2 "working",
        /// 暂停.
        Paused = 3 "paused",
        /// Ended, or its outcome is stated.
        Ended = 4 "ended",
    }
}

coded_enum! {
    /// Facet of an assignment.
    AssignmentFacet {
        /// Not yet answered.
        Pending = 0 "pending",
        /// The technician has seen it.
        Seen = 1 "seen",
        /// Accepted.
        Accepted = 2 "accepted",
        /// Refused.
        Refused = 3 "refused",
        /// Another assignment or an unassign took its place.
        Superseded = 4 "superseded",
        /// Released by a rule: the work was done by someone else, or the order ended.
        Released = 5 "released",
    }
}

coded_enum! {
    /// Signature facet of a completed order.
    SignatureFacet {
        /// Nobody signed yet.
        Unsigned = 0 "unsigned",
        /// Everything billable is covered.
        Signed = 1 "signed",
        /// Some lines lie outside every signature.
        SignedPartial = 2 "signed_partial",
        /// The customer refused.
        Refused = 3 "refused",
        /// Signed by hand on paper, entered later (U-09).
        Paper = 4 "paper",
        /// Confirmed by a one-time code.
        Code = 5 "code",
    }
}

coded_enum! {
    /// Coverage of the effective lines by signatures.
    Coverage {
        /// Nothing is covered.
        None = 0 "none",
        /// Some lines are not covered.
        Partial = 1 "partial",
        /// Every line is covered.
        Full = 2 "full",
    }
}

coded_enum! {
    /// What became of a cancel.
    CancelEffect {
        /// R3(a): the order is cancelled.
        Cancelled = 0 "cancelled",
        /// R3(b) or R3(c) with all visits ended: work so far stands.
        Terminated = 1 "terminated",
        /// R3(c) with an open visit: to be decided.
        Contested = 2 "contested",
        /// R3(c) with a DONE: shown, without effect.
        Late = 3 "late",
        /// Taken back by a reinstate or by the review's decision.
        Withdrawn = 4 "withdrawn",
        /// It contradicts its own causal past (it knew of a DONE).
        Void = 5 "void",
        /// Another cancel says the same.
        Duplicate = 6 "duplicate",
    }
}

coded_enum! {
    /// The paper's way: is the voucher back? (C-085, C-143)
    VoucherFacet {
        /// The order never went out.
        NotOut = 0 "not_out",
        /// Out with the technician.
        Out = 1 "out",
        /// Booked back.
        Returned = 2 "returned",
    }
}

coded_enum! {
    /// A line's standing.
    LineStanding {
        /// Counts.
        Effective = 0 "effective",
        /// Reversed by a later line.
        Reversed = 1 "reversed",
        /// Withdrawn by its author.
        Withdrawn = 2 "withdrawn",
        /// It contradicts its own causal past; shown, does not count until reviewed.
        Void = 3 "void",
        /// A later edit took its place.
        Replaced = 4 "replaced",
    }
}

coded_enum! {
    /// Kinds of review items (U-19).
    ReviewKind {
        /// A cancel arrived while work was going on.
        CancelContested = 0 "cancel_contested",
        /// A cancel came after the work was done.
        LateCancel = 1 "late_cancel",
        /// Work was done knowing of the cancel.
        WorkAfterCancel = 2 "work_after_cancel",
        /// Another technician than the assigned one is on site.
        WorkByReplaced = 3 "work_by_replaced",
        /// Two technicians visited.
        DoubleVisit = 4 "double_visit",
        /// Two technicians believe to be assigned.
        DoubleAssigned = 5 "double_assigned",
        /// Two times were promised to the customer.
        AppointmentConflict = 6 "appointment_conflict",
        /// Lines outside every signature.
        UncoveredLines = 7 "uncovered_lines",
        /// The customer refused to sign.
        SignatureRefused = 8 "signature_refused",
        /// Facts arrived after closing.
        Amendment = 9 "amendment",
        /// Two contents under one identity: a cloned device.
        ClonedDevice = 10 "cloned_device",
        /// A fact contradicts its own causal past.
        VoidFact = 11 "void_fact",
        /// One person's commitment and another's refusal stand side by side.
        ConflictingCommitments = 12 "conflicting_commitments",
        /// A signature does not verify against its proof.
        SignatureUnverified = 13 "signature_unverified",
        /// An emergency order lacks its paper (C-045).
        PaperworkDue = 14 "paperwork_due",
        /// Two lines may be the same part.
        PossibleDuplicate = 15 "possible_duplicate",
        /// One line was edited on two devices.
        LineConflict = 16 "line_conflict",
        /// Two people claim to hold the same goods.
        CustodyConflict = 17 "custody_conflict",
        /// The order was cancelled while its goods are with us.
        GoodsAfterCancel = 18 "goods_after_cancel",
        /// More was paid than is billable.
        RefundDue = 19 "refund_due",
        /// The customer disputes who pays (C-028).
        WarrantyDisputed = 20 "warranty_disputed",
        /// Signed as free, judged as paid since.
        NotCharged = 21 "not_charged",
        /// A document that a policy demanded is missing.
        PolicyException = 22 "policy_exception",
        /// It cannot be repaired (C-029).
        NotRepairable = 23 "not_repairable",
        /// An approval covers an older version.
        ApprovalOutdated = 24 "approval_outdated",
        /// The technician cannot solve it (C-068).
        Escalation = 25 "escalation",
    }
}

coded_enum! {
    /// Where a review stands.
    ReviewStatus {
        /// Nobody has decided.
        Open = 0 "open",
        /// Its owner decided.
        Resolved = 1 "resolved",
        /// Its default fired.
        Defaulted = 2 "defaulted",
        /// A later fact made it pointless.
        Lapsed = 3 "lapsed",
    }
}

coded_enum! {
    /// The rules that `explain` cites (lifecycle 4.1).
    Rule {
        /// Class order among concurrent incompatible facts; later wins within a class.
        R1 = 1 "R1",
        /// Concurrent intents.
        R2 = 2 "R2",
        /// Cancel.
        R3 = 3 "R3",
        /// One writer per visit.
        R4 = 4 "R4",
        /// Sums over lines.
        R5 = 5 "R5",
        /// Signature binds to a version.
        R6 = 6 "R6",
        /// In doubt for the customer.
        R7 = 7 "R7",
        /// Two promises are both kept.
        R8 = 8 "R8",
        /// Single holder or conflict.
        R9 = 9 "R9",
        /// Nothing is dropped.
        R10 = 10 "R10",
        /// Time as an interval.
        R11 = 11 "R11",
        /// Closed books are amended forward.
        R12 = 12 "R12",
    }
}

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
    /// May be billed: effective, covered, and nothing speaks against it (R6, R7).
    pub billable: bool,
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

/// Somebody must be told; the message is a key of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whom: a person where one is named, else everybody with the role.
    pub person: Option<PersonId>,
    /// The role.
    pub role: Role,
    /// Message key.
    pub message: &'static str,
    /// The fact it is about.
    pub fact: FactId,
}

/// Why one field is what it is: the competing facts, the rule, the loser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The field: `state`, `assignment`, `appointment`, `signature`, `line`, `cancel`, ...
    pub field: &'static str,
    /// The value that shows.
    pub value: String,
    /// The rule that decided.
    pub rule: Rule,
    /// The pair, where one of the named pairs decided (`X-04`).
    pub pair: Option<&'static str>,
    /// The facts that won.
    pub winners: Vec<FactId>,
    /// The facts that lost or wait.
    pub losers: Vec<FactId>,
    /// Message key of the sentence.
    pub message: &'static str,
}

/// The order as the fold shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
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

    /// Visits that have not ended.
    pub fn open_visits(&self) -> impl Iterator<Item = &Visit> {
        self.visits.iter().filter(|visit| visit.state != VisitState::Ended)
    }
}
