//! What a person can want: the names of commands, and the commands with what he filled in.

use crate::facts::bodies::SignDocument;
use crate::facts::values::{
    Channel, CustomerPerson, Line, Money, Place, ReviewChoice, ServiceClass, Skip, UnfinishedReason, Urgency, VisitRef,
    Window, Witness,
};
use crate::facts::{FactBody, FactKind};
use crate::ids::{Digest, FactRef, PersonId, RecordId, ReviewId};
use crate::wire::coded_enum;

coded_enum! {
    /// The name of a command, as REST and the device offer it.
    CommandCode {
        /// Register a request.
        Register = 1 "register",
        /// Confirm work, time and amount with the customer.
        Confirm = 2 "confirm",
        /// Give the order to a technician.
        Assign = 3 "assign",
        /// Take it back from him.
        Unassign = 4 "unassign",
        /// Take the assignment.
        Accept = 5 "accept",
        /// Refuse the assignment.
        Refuse = 6 "refuse",
        /// Plan or agree a time.
        Reschedule = 7 "reschedule",
        /// State that the order was seen.
        Seen = 8 "seen",
        /// Set out.
        Depart = 9 "depart",
        /// Arrive on site.
        Arrive = 10 "arrive",
        /// Start working.
        Start = 11 "start",
        /// Pause.
        Pause = 12 "pause",
        /// Go on.
        Resume = 13 "resume",
        /// Leave.
        End = 14 "end",
        /// Record a line.
        RecordLine = 15 "record_line",
        /// Reverse a line.
        ReverseLine = 16 "reverse_line",
        /// Write a note.
        Note = 17 "note",
        /// Report the work done.
        Done = 18 "done",
        /// Report the work unfinished.
        Unfinished = 19 "unfinished",
        /// Let the customer sign.
        Sign = 20 "sign",
        /// Record that the customer refuses to sign.
        RefuseSignature = 21 "refuse_signature",
        /// Book the voucher back and strike the call off.
        ReturnVoucher = 22 "return_voucher",
        /// Take back an own physical fact.
        Withdraw = 23 "withdraw",
        /// Confirm a two-party fact.
        Acknowledge = 24 "acknowledge",
        /// Cancel the order.
        Cancel = 25 "cancel",
        /// Take a cancel back.
        Reinstate = 26 "reinstate",
        /// Close and file the order.
        Close = 27 "close",
        /// Decide a review.
        ResolveReview = 28 "resolve_review",
        /// States a fact of the kind of this name.
        Hold = 29 "hold",
        /// States a fact of the kind of this name.
        Release = 30 "release",
        /// States a fact of the kind of this name.
        EditHeader = 31 "edit_header",
        /// States a fact of the kind of this name.
        Decline = 32 "decline",
        /// States a fact of the kind of this name.
        AddWorkItem = 33 "add_work_item",
        /// States a fact of the kind of this name.
        DropWorkItem = 34 "drop_work_item",
        /// States a fact of the kind of this name.
        SetWarranty = 35 "set_warranty",
        /// States a fact of the kind of this name.
        QualityVerdict = 36 "quality_verdict",
        /// States a fact of the kind of this name.
        IssueQuote = 37 "issue_quote",
        /// States a fact of the kind of this name.
        GiveConsent = 38 "give_consent",
        /// States a fact of the kind of this name.
        RefuseConsent = 39 "refuse_consent",
        /// States a fact of the kind of this name.
        CancelByCustomer = 40 "cancel_by_customer",
        /// States a fact of the kind of this name.
        CreateEmergencyOrder = 41 "create_emergency_order",
        /// States a fact of the kind of this name.
        CompletePaperwork = 42 "complete_paperwork",
        /// States a fact of the kind of this name.
        SelfDispatch = 43 "self_dispatch",
        /// States a fact of the kind of this name.
        HandoverVisit = 44 "handover_visit",
        /// States a fact of the kind of this name.
        TakeCustody = 45 "take_custody",
        /// States a fact of the kind of this name.
        TransferCustody = 46 "transfer_custody",
        /// States a fact of the kind of this name.
        ReturnCustody = 47 "return_custody",
        /// States a fact of the kind of this name.
        BenchWork = 48 "bench_work",
        /// States a fact of the kind of this name.
        Inspect = 49 "inspect",
        /// States a fact of the kind of this name.
        CollectCash = 50 "collect_cash",
        /// States a fact of the kind of this name.
        RemitCash = 51 "remit_cash",
        /// States a fact of the kind of this name.
        BookTransfer = 52 "book_transfer",
        /// States a fact of the kind of this name.
        Approve = 53 "approve",
        /// States a fact of the kind of this name.
        Reject = 54 "reject",
        /// States a fact of the kind of this name.
        GrantDiscount = 55 "grant_discount",
        /// States a fact of the kind of this name.
        CorrectFact = 56 "correct_fact",
        /// States a fact of the kind of this name.
        Reopen = 57 "reopen",
        /// States a fact of the kind of this name.
        LinkDuplicate = 58 "link_duplicate",
        /// States a fact of the kind of this name.
        Unlink = 59 "unlink",
        /// States a fact of the kind of this name.
        RequestParts = 60 "request_parts",
        /// States a fact of the kind of this name.
        ReceiveParts = 61 "receive_parts",
        /// States a fact of the kind of this name.
        Escalate = 62 "escalate",
        /// States a fact of the kind of this name.
        OutcomeNotRepairable = 63 "outcome_not_repairable",
        /// States a fact of the kind of this name.
        SignByCode = 64 "sign_by_code",
        /// States a fact of the kind of this name.
        AttachPaper = 65 "attach_paper",
        /// States a fact of the kind of this name.
        FileDocument = 66 "file_document",
        /// States a fact of the kind of this name.
        OpenComplaint = 67 "open_complaint",
        /// States a fact of the kind of this name.
        ReplaceLine = 68 "replace_line",
        /// States a fact of the kind of this name.
        PlanLine = 69 "plan_line",
        /// States a fact of the kind of this name.
        DropPlannedLine = 70 "drop_planned_line",
        /// States a fact of the kind of this name.
        ReportContact = 71 "report_contact",
        /// States a fact of the kind of this name.
        SwapUnit = 72 "swap_unit",
        /// States a fact of the kind of this name.
        Invoice = 73 "invoice",
        /// States a fact of the kind of this name.
        Credit = 74 "credit",
        /// States a fact of the kind of this name.
        Settle = 75 "settle",
        /// States a fact of the kind of this name.
        RecordCost = 76 "record_cost",
        /// States a fact of the kind of this name.
        SetLiability = 77 "set_liability",
        /// States a fact of the kind of this name.
        RecordCallback = 78 "record_callback",
        /// States a fact of the kind of this name.
        HandleComplaint = 79 "handle_complaint",
        /// States a fact of the kind of this name.
        VoidNumber = 90 "void_number",
        /// States a fact of the kind of this name.
        PrintVoucher = 95 "print_voucher",
    }
}

/// The first command that is named as the kind that it states.
const FIRST_ACT: u8 = 29;

impl CommandCode {
    /// The kind that the command of the same name states; `None` for the commands of the normal path.
    #[must_use]
    pub fn act(self) -> Option<FactKind> {
        if self.number() < FIRST_ACT { None } else { FactKind::from_code(self.code()) }
    }
}

/// What a person wants to do, with what he filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is named in CommandCode; its fields are those of the fact it makes")]
pub enum Command {
    Register {
        customer: RecordId,
        site: RecordId,
        unit: Option<RecordId>,
        channel: Channel,
        class: ServiceClass,
        urgency: Urgency,
        problem: String,
        serial: Option<String>,
        skill: Option<String>,
        origin: Option<String>,
    },
    Confirm {
        content: String,
        window: Option<Window>,
        amount: Option<Money>,
        in_warranty: bool,
        customer: Option<CustomerPerson>,
    },
    /// `turn` is the turn of the rotation that this takes; without one it is an override and needs a reason.
    Assign {
        technician: PersonId,
        skipped: Vec<Skip>,
        turn: Option<u64>,
        reason: Option<String>,
        skill: SkillMatch,
    },
    Unassign {
        technician: PersonId,
        reason: String,
    },
    Accept,
    Refuse {
        reason: String,
    },
    /// With `confirmed` the time was agreed with `customer`, who is then required.
    Reschedule {
        window: Window,
        confirmed: bool,
        customer: Option<CustomerPerson>,
        reason: Option<String>,
    },
    Seen,
    Depart,
    /// Without a visit this begins one.
    Arrive {
        visit: Option<VisitRef>,
        place: Option<Place>,
    },
    Start {
        visit: VisitRef,
    },
    Pause {
        visit: VisitRef,
        reason: String,
    },
    Resume {
        visit: VisitRef,
    },
    End {
        visit: VisitRef,
    },
    RecordLine {
        visit: VisitRef,
        line: Line,
    },
    ReverseLine {
        line: FactRef,
        reason: String,
    },
    Note {
        text: String,
    },
    Done {
        visit: VisitRef,
        finding: Option<String>,
    },
    Unfinished {
        visit: VisitRef,
        reason: UnfinishedReason,
        text: Option<String>,
        next: Option<Window>,
        customer: Option<CustomerPerson>,
    },
    /// The body is computed by the voucher module from what the customer saw.
    Sign {
        visit: VisitRef,
        document: SignDocument,
    },
    RefuseSignature {
        name: String,
        reason: String,
    },
    ReturnVoucher {
        reason: Option<String>,
    },
    Withdraw {
        fact: FactRef,
        reason: String,
    },
    Acknowledge {
        fact: FactRef,
        digest: Digest,
    },
    Cancel {
        reason: String,
    },
    Reinstate {
        cancel: FactRef,
        reason: String,
    },
    Close,
    ResolveReview {
        review: ReviewId,
        choice: ReviewChoice,
        reason: String,
    },
    /// A fact of a later kind: what the person filled in is its body.
    State(Box<Act>),
}

/// What a person fills in for a fact of a later kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The fact's body.
    pub body: FactBody,
    /// The customer's person whose promise it records.
    pub customer: Option<CustomerPerson>,
    /// Who has witnessed it on this device.
    pub witnesses: Vec<Witness>,
}

impl Act {
    /// An act of one person alone.
    #[must_use]
    pub fn new(body: impl Into<FactBody>) -> Self {
        Self { body: body.into(), customer: None, witnesses: Vec::new() }
    }
}

/// Whether the technician has the skill that the order needs (C-046).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkillMatch {
    /// He has it, or the order needs none.
    Fits,
    /// He lacks it: only with a reason.
    Lacks,
}

impl Command {
    /// Its name.
    #[must_use]
    pub fn code(&self) -> CommandCode {
        match self {
            Self::Register { .. } => CommandCode::Register,
            Self::Confirm { .. } => CommandCode::Confirm,
            Self::Assign { .. } => CommandCode::Assign,
            Self::Unassign { .. } => CommandCode::Unassign,
            Self::Accept => CommandCode::Accept,
            Self::Refuse { .. } => CommandCode::Refuse,
            Self::Reschedule { .. } => CommandCode::Reschedule,
            Self::Seen => CommandCode::Seen,
            Self::Depart => CommandCode::Depart,
            Self::Arrive { .. } => CommandCode::Arrive,
            Self::Start { .. } => CommandCode::Start,
            Self::Pause { .. } => CommandCode::Pause,
            Self::Resume { .. } => CommandCode::Resume,
            Self::End { .. } => CommandCode::End,
            Self::RecordLine { .. } => CommandCode::RecordLine,
            Self::ReverseLine { .. } => CommandCode::ReverseLine,
            Self::Note { .. } => CommandCode::Note,
            Self::Done { .. } => CommandCode::Done,
            Self::Unfinished { .. } => CommandCode::Unfinished,
            Self::Sign { .. } => CommandCode::Sign,
            Self::RefuseSignature { .. } => CommandCode::RefuseSignature,
            Self::ReturnVoucher { .. } => CommandCode::ReturnVoucher,
            Self::Withdraw { .. } => CommandCode::Withdraw,
            Self::Acknowledge { .. } => CommandCode::Acknowledge,
            Self::Cancel { .. } => CommandCode::Cancel,
            Self::Reinstate { .. } => CommandCode::Reinstate,
            Self::Close => CommandCode::Close,
            Self::ResolveReview { .. } => CommandCode::ResolveReview,
            // A kind that no command states is refused as a note that nobody may write: see `decide`.
            Self::State(act) => {
                let kind = act.body.kind().filter(|kind| kind.level() > 1);
                kind.and_then(|kind| CommandCode::from_code(kind.code())).unwrap_or(CommandCode::Note)
            }
        }
    }
}
