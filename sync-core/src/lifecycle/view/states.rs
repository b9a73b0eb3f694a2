//! The states, facets and rules of a view: names with stable numbers, for rows and messages.

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
    /// Why a line is not billed: the first reason that applies.
    NotBillable {
        /// It does not count any more: reversed, withdrawn, replaced or void.
        Gone = 0 "gone",
        /// Nothing is asked for it.
        NoCharge = 1 "no_charge",
        /// 免费, 内部: the order is free for the customer (C-020, X-47).
        Free = 2 "free",
        /// The second of two visits is our own cost.
        InternalVisit = 3 "internal_visit",
        /// Done knowing of a cancel, or written off with it (R3).
        Cancelled = 4 "cancelled",
        /// Stated on a closed order, and no amendment has admitted it.
        AfterClosing = 5 "after_closing",
        /// He signed it when it was shown as not charged; what was judged or decided since charges nothing on that
        /// signature (R7, X-48).
        SignedAsFree = 6 "signed_as_free",
        /// He signed without it.
        OutsideSignature = 7 "outside_signature",
        /// A part that was fitted before he consented (C-025).
        NoPriorConsent = 8 "no_prior_consent",
        /// He has neither signed for it nor consented (C-023, C-024).
        NotAgreed = 9 "not_agreed",
        /// He signed without it, and it was written off.
        WrittenOff = 10 "written_off",
        /// The ledger asks about it: two lines claim one serial number.
        LedgerAsks = 11 "ledger_asks",
        /// Done in ignorance of a cancel: it waits for the supervisor, or the customer's signature.
        AwaitsDecision = 12 "awaits_decision",
        /// The customer cancelled while it was done: the supervisor calls him first.
        AwaitsCall = 13 "awaits_call",
    }
}

impl NotBillable {
    /// Whether it is charged once the customer signs a voucher that shows it.
    #[must_use]
    pub fn ends_by_signing(self) -> bool {
        match self {
            Self::SignedAsFree
            | Self::OutsideSignature
            | Self::NoPriorConsent
            | Self::NotAgreed
            | Self::WrittenOff
            | Self::AwaitsDecision => true,
            Self::Gone
            | Self::NoCharge
            | Self::Free
            | Self::InternalVisit
            | Self::Cancelled
            | Self::AfterClosing
            | Self::LedgerAsks
            | Self::AwaitsCall => false,
        }
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
        /// Signed as not charged, judged or decided as charged since (X-48, R7).
        NotCharged = 21 "not_charged",
        /// A document that a policy demanded is missing.
        PolicyException = 22 "policy_exception",
        /// It cannot be repaired (C-029).
        NotRepairable = 23 "not_repairable",
        /// An approval covers an older version.
        ApprovalOutdated = 24 "approval_outdated",
        /// The technician cannot solve it (C-068).
        Escalation = 25 "escalation",
        /// Something cannot be used before a time (C-063); then people are reminded.
        NotUsableYet = 26 "not_usable_yet",
        /// One serial number was used more than once.
        SerialConflict = 40 "serial_conflict",
        /// More was drawn from a stock than was there.
        StockDispute = 41 "stock_dispute",
        /// One person worked on two orders at one time.
        TimeOverlap = 42 "time_overlap",
        /// Cash was not handed in on its day (C-093).
        CashOvernight = 43 "cash_overnight",
        /// The old part is owed (C-116).
        CoreOwed = 44 "core_owed",
        /// Goods on the bench are late (C-136).
        BenchLate = 45 "bench_late",
        /// Nobody knows where a fitted part came from (C-064).
        PartSource = 46 "part_source",
        /// A complaint was opened while the customer was said to be satisfied.
        ComplaintGoverns = 50 "complaint_governs",
        /// An invoice bills what cannot be charged any more, or more than that (R7).
        InvoiceDoubtful = 51 "invoice_doubtful",
        /// Joint costs whose shares are not agreed (C-027).
        SharesOpen = 52 "shares_open",
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
