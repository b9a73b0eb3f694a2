//! The table of fact kinds: number, code, class, audience and who may state it (lifecycle table 4.4).
//!
//! The device's offered actions, the gate and the generated documentation come from this table.

use super::bodies::*;
use super::rights::{Audience, Class, Reach, Right, Role};
use crate::wire::coded_enum;

use Role::{Accountant, CallbackAgent, Clerk, Dispatcher, Quality, Storekeeper, Supervisor, Technician};

const OFFICE: &[Role] = &[Clerk, Dispatcher, Supervisor];
const DISPATCH: &[Role] = &[Dispatcher, Supervisor];
const FIELD: &[Role] = &[Technician];
const ANYONE: &[Role] = &[Clerk, Dispatcher, Supervisor, Technician];
/// Everybody who sees orders.
const READERS: &[Role] = &[Clerk, Dispatcher, Supervisor, Technician, Quality, Accountant, Storekeeper, CallbackAgent];
const DESK: &[Role] = &[Clerk, Supervisor];
const VISIT: &[Role] = &[Technician, Supervisor];
const BOOKS: &[Role] = &[Accountant];
const STORE: &[Role] = &[Clerk, Storekeeper, Supervisor];
/// Who spoils a receipt says so: the technician for numbers of his own block.
const NUMBERS: &[Role] = &[Clerk, Storekeeper, Supervisor, Technician];
/// Everybody who states what happened in the world, and may take it back.
const GOODS: &[Role] = &[Technician, Storekeeper, Clerk, Supervisor];
const STAFF: &[Role] = &[Clerk, Dispatcher, Supervisor, Quality];
const QUALITY: &[Role] = &[Quality, Supervisor];
const SUPERVISOR: &[Role] = &[Supervisor];
const APPROVERS: &[Role] = &[Supervisor, Technician, Accountant, Quality];
const COSTS: &[Role] = &[Accountant, Clerk, Supervisor];
const LIABILITY: &[Role] = &[Clerk, Supervisor, Quality];
const CALLERS: &[Role] = &[CallbackAgent, Clerk, Supervisor];
const NOBODY: &[Role] = &[];

macro_rules! fact_kinds {
    ($($number:literal $code:literal $body:ident $class:ident $audience:ident $roles:ident $system:literal
        $reach:ident $level:literal $checks:literal;)*) => {
        coded_enum! {
            /// The kind of a fact. Numbers and codes are frozen; the list only grows.
            FactKind { $(
                #[doc = concat!("`", $code, "`.")]
                $body = $number $code
            ),* }
        }

        impl FactKind {
            /// Its class.
            #[must_use]
            pub fn class(self) -> Class {
                match self { $(Self::$body => Class::$class),* }
            }

            /// Its audience.
            #[must_use]
            pub fn audience(self) -> Audience {
                match self { $(Self::$body => Audience::$audience),* }
            }

            /// Who may state it.
            #[must_use]
            pub fn right(self) -> Right {
                match self { $(Self::$body => Right { roles: $roles, system: $system }),* }
            }

            /// Where it can be stated.
            #[must_use]
            pub fn reach(self) -> Reach {
                match self { $(Self::$body => Reach::$reach),* }
            }

            /// The first schema level that knows it.
            #[must_use]
            pub fn level(self) -> u8 {
                match self { $(Self::$body => $level),* }
            }

            /// What `decide` checks against the author's own view, for the generated documentation.
            #[must_use]
            pub fn checks(self) -> &'static str {
                match self { $(Self::$body => $checks),* }
            }

            /// Names and types of its fields, by position.
            #[must_use]
            pub fn fields(self) -> &'static [(&'static str, &'static str)] {
                match self { $(Self::$body => $body::FIELDS),* }
            }
        }

        /// The content of a fact by kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant wraps the body of the same name, documented there")]
        pub enum FactBody {
            $($body($body),)*
            /// A kind of a later schema level: kept whole, forwarded, not interpreted (U-15).
            Unknown {
                /// Its number.
                kind: u8,
                /// Its CBOR.
                bytes: Vec<u8>,
            },
        }

        impl FactBody {
            /// The kind, unless this version does not know it.
            #[must_use]
            pub fn kind(&self) -> Option<FactKind> {
                match self {
                    $(Self::$body(_) => Some(FactKind::$body),)*
                    Self::Unknown { .. } => None,
                }
            }

            /// The kind's number on the wire.
            #[must_use]
            pub fn kind_number(&self) -> u8 {
                match self {
                    $(Self::$body(_) => $number,)*
                    Self::Unknown { kind, .. } => *kind,
                }
            }

            /// The first field that is empty, too long or out of range, with the code of the refusal.
            #[must_use]
            pub fn problem(&self) -> Option<(&'static str, &'static str)> {
                match self {
                    $(Self::$body(body) => body.problem(),)*
                    Self::Unknown { .. } => None,
                }
            }

            /// The fields of a kind, as a person fills them in.
            pub(crate) fn form(kind: FactKind) -> Vec<crate::commands::form::FormField> {
                match kind { $(FactKind::$body => $body::form()),* }
            }

            /// A body of a kind, from what a person filled in.
            pub(crate) fn from_form(
                kind: FactKind,
                form: &crate::commands::form::Reader<'_>,
            ) -> Result<Self, crate::commands::form::FormError> {
                match kind { $(FactKind::$body => $body::from_form(form).map(Self::$body)),* }
            }

            pub(super) fn encode_into(&self, bytes: &mut Vec<u8>) {
                match self {
                    $(Self::$body(body) => bytes.extend(crate::wire::encode(body)),)*
                    Self::Unknown { bytes: unknown, .. } => bytes.extend(unknown),
                }
            }

            /// A body that does not read as its kind is an error; from a later level it may hold values that this
            /// version does not know, and is kept whole (U-15).
            pub(super) fn decode_from(kind: u8, level: u8, item: &[u8]) -> Result<Self, crate::DecodeError> {
                let knows = super::level::known_level();
                let known = match kind {
                    $($number if $level <= knows => {
                        crate::wire::decode(concat!("fact ", $code), item).map(Self::$body)
                    })*
                    _ => return Ok(Self::Unknown { kind, bytes: item.to_vec() }),
                };
                match known {
                    Err(_) if level > knows => Ok(Self::Unknown { kind, bytes: item.to_vec() }),
                    known => known,
                }
            }
        }

        $(impl From<$body> for FactBody {
            fn from(body: $body) -> Self {
                Self::$body(body)
            }
        })*
    };
}

fact_kinds! {
    1 "register_call" RegisterCall Admin Field OFFICE true Branch 1
        "mandatory fields (C-001)";
    2 "confirm_request" ConfirmRequest Commitment Field OFFICE true Branch 1
        "content, time, amount, guarantee flag (C-006)";
    3 "assign" Assign Intent Field DISPATCH true Branch 1
        "confirmed or hazard; no dispute about who pays (C-028); skill or reason; an override needs a reason (C-041, C-046)";
    4 "unassign" Unassign Intent Field DISPATCH true Branch 1
        "he is assigned";
    5 "accept" Accept Intent Field FIELD false Off 1
        "assigned in own view";
    6 "refuse" Refuse Intent Field FIELD false Off 1
        "assigned in own view; no visit begun; reason";
    7 "propose_appointment" ProposeAppointment Intent Field ANYONE true Off 1
        "a window that runs forward";
    8 "confirm_appointment" ConfirmAppointment Commitment Field ANYONE false Off 1
        "customer's person and channel";
    9 "seen" Seen Admin Field FIELD false Off 1
        "assigned in own view";
    10 "depart" Depart Physical Field FIELD false Off 1
        "assigned or dispatched himself; no visit of his open";
    11 "arrive" Arrive Physical Field FIELD false Off 1
        "as depart, or his visit is en route";
    12 "start" Start Physical Field FIELD false Off 1
        "his visit is on site";
    13 "pause" Pause Physical Field FIELD false Off 1
        "his visit is working; reason";
    14 "resume" Resume Physical Field FIELD false Off 1
        "his visit is paused";
    15 "end" End Physical Field FIELD false Off 1
        "his visit is open";
    16 "record_line" RecordLine Physical Field FIELD false Off 1
        "his visit; quantity, unit, photo or result as the kind of line asks";
    17 "reverse_line" ReverseLine Physical Field GOODS false Off 1
        "an effective line; its author or a supervisor; reason";
    18 "add_note" AddNote Admin Field READERS false Off 1
        "at most 8 KiB";
    19 "outcome_done" OutcomeDone Physical Field FIELD false Off 1
        "his visit has started; the item is not done";
    20 "outcome_unfinished" OutcomeUnfinished Physical Field FIELD false Off 1
        "his visit has arrived; reason, or the next visit (C-140)";
    21 "sign_document" SignDocument Commitment Field FIELD false Off 1
        "an outcome; content, fee and time are stated (C-083)";
    22 "refuse_signature" RefuseSignature Commitment Field FIELD false Off 1
        "an outcome; name and reason";
    23 "return_voucher" ReturnVoucher Admin Field DESK false Branch 1
        "voucher is out, order is over; signed or reason (C-085)";
    24 "withdraw_own" WithdrawOwn Physical Field GOODS false Off 1
        "his own physical fact that no signature covers and nobody else builds on; else a supervisor";
    25 "acknowledge" Acknowledge Physical Field READERS false Off 1
        "names a two-party fact and its digest";
    26 "cancel_by_office" CancelByOffice Intent Field DISPATCH false Branch 1
        "reason; no DONE in own view (R3)";
    27 "reinstate" Reinstate Intent Field DISPATCH false Branch 1
        "names a cancel that does something";
    28 "close" Close Admin Field DESK false Branch 1
        "no blocking review, voucher back, no custody open, no cash unremitted";
    29 "review_default" ReviewDefault Admin Field NOBODY true Branch 1
        "by the timer, for a review with a limit";
    30 "resolve_review" ResolveReview Admin Field READERS false Off 1
        "owner of the review or a supervisor; a choice of the review; reason";
    31 "reject_signature" RejectSignature Admin Field NOBODY true Branch 1
        "by the rule that checks proofs: the signature contradicts its proof";
    32 "hold" Hold Intent Field ANYONE true Off 2
        "order not over; reason";
    33 "release" Release Intent Field ANYONE true Off 2
        "names a hold in force";
    34 "edit_header" EditHeader Intent Field OFFICE false Branch 2
        "field by field; the customer's words never change (C-031)";
    35 "decline" Decline Admin Field STAFF false Branch 2
        "no physical fact; reason (C-007)";
    36 "add_work_item" AddWorkItem Commitment Field ANYONE false Off 2
        "a free number from 2; customer's person";
    37 "drop_work_item" DropWorkItem Commitment Field ANYONE false Off 2
        "an open item; customer's person; reason";
    38 "set_warranty" SetWarranty Admin Field DESK true Branch 2
        "class; end of the guarantee; once the quality department has decided, only a dispute (C-028)";
    39 "quality_verdict" QualityVerdict Admin Field QUALITY false Online 2
        "the guarantee is disputed; evidence (C-028)";
    40 "issue_quote" IssueQuote Admin Field ANYONE false Off 2
        "at least one line; the next version";
    41 "give_consent" GiveConsent Commitment Field ANYONE false Off 2
        "names the current quote and version; customer's person and channel";
    42 "refuse_consent" RefuseConsent Commitment Field ANYONE false Off 2
        "names the current quote and version; customer's person and channel";
    43 "cancel_by_customer" CancelByCustomer Commitment Field ANYONE false Off 2
        "customer's person and channel; no DONE in own view";
    44 "create_emergency_order" CreateEmergencyOrder Physical Field ANYONE false Off 2
        "basis, problem, contact; begins the document (C-045)";
    45 "complete_paperwork" CompletePaperwork Admin Field DESK false Branch 2
        "the paperwork is due";
    46 "self_dispatch" SelfDispatch Intent Field FIELD false Off 2
        "not assigned to him; basis (C-048)";
    47 "handover_visit" HandoverVisit Physical Field FIELD false Off 2
        "his visit is open; the taker is another; what is open";
    48 "take_custody" TakeCustody Physical Field FIELD false Off 2
        "a visit of his; goods, receipt number from his own block (C-130)";
    49 "transfer_custody" TransferCustody Physical Field GOODS false Off 2
        "an open custody; he gives as its holder or takes it";
    50 "return_custody" ReturnCustody Physical Field GOODS false Off 2
        "he holds it; repaired goods were inspected (C-134); statement if the receipt is lost";
    51 "bench_work" BenchWork Physical Field GOODS false Branch 2
        "an open custody; card step (C-133)";
    52 "inspect" Inspect Admin Field SUPERVISOR false Branch 2
        "repaired, not yet inspected";
    53 "collect_cash" CollectCash Physical Field FIELD false Off 2
        "amount at most what is due, or reason (C-090); receipt number from his own block";
    54 "remit_cash" RemitCash Physical Field FIELD false Branch 2
        "at most what he holds (C-093)";
    55 "book_transfer" BookTransfer Admin Field BOOKS true Branch 2
        "amount, reference";
    56 "approve" Approve Admin Field APPROVERS false Off 2
        "names subject and digest; a technician only with a witness or code (U-21)";
    57 "reject" Reject Admin Field APPROVERS false Off 2
        "names subject and digest; reason; a technician only with a witness or code (U-21)";
    58 "grant_discount" GrantDiscount Admin Field ANYONE false Off 2
        "amount and reason (C-095)";
    59 "correct_fact" CorrectFact Admin Field SUPERVISOR false Branch 2
        "names a fact; reason";
    60 "reopen" Reopen Admin Field SUPERVISOR false Branch 2
        "names the close; reason";
    61 "admit" Admit Admin Field SUPERVISOR false Online 1
        "names the refused fact, which it contains whole; stated at the store";
    62 "discard" Discard Admin Field SUPERVISOR false Online 1
        "names the refused fact; stated at the store";
    63 "pass_over" PassOver Admin Field NOBODY true Online 1
        "by the quarantine: what a refused fact had seen";
    64 "renumber" Renumber Admin Field NOBODY true Online 1
        "by the register: an earlier order has the number (X-75)";
    65 "link_duplicate" LinkDuplicate Admin Field DESK true Branch 2
        "another order; names the survivor";
    66 "unlink" Unlink Admin Field DESK true Branch 2
        "names a link; reason";
    67 "request_parts" RequestParts Intent Field FIELD false Off 2
        "at least one part (C-069)";
    68 "receive_parts" ReceiveParts Admin Field STORE true Branch 2
        "names a request or a hold for parts";
    69 "escalate" Escalate Intent Field FIELD false Off 2
        "in words (C-068)";
    70 "outcome_not_repairable" OutcomeNotRepairable Physical Field FIELD false Off 2
        "his visit has started; finding (C-029)";
    71 "sign_by_code" SignByCode Commitment Field ANYONE false Off 2
        "an outcome; a code not used on this order; content, fee and time are stated";
    72 "attach_paper" AttachPaper Commitment Field ANYONE false Off 2
        "an outcome; photo, name (U-09)";
    73 "file_document" FileDocument Admin Field ANYONE false Off 2
        "names a fact that lacks this document";
    74 "assign_number" AssignNumber Admin Field STORE true Branch 2
        "numbering ledger";
    75 "void_number" VoidNumber Admin Field NUMBERS true Off 2
        "numbering ledger; reason; a technician only a number of his own block";
    76 "open_complaint" OpenComplaint Commitment Field READERS true Off 2
        "kind, severity, words";
    77 "replace_line" ReplaceLine Physical Field VISIT false Off 2
        "an effective line of his own, or a supervisor";
    78 "plan_line" PlanLine Intent Field OFFICE false Branch 2
        "a line";
    79 "drop_planned_line" DropPlannedLine Intent Field OFFICE false Branch 2
        "a planned line";
    80 "report_contact" ReportContact Physical Field FIELD false Off 2
        "a name";
    81 "swap_unit" SwapUnit Physical Field FIELD false Off 2
        "a visit of his; the new serial";
    82 "issue_block" IssueBlock Admin Office STORE true Branch 2
        "numbering ledger; a block that overlaps no other";
    83 "invoice" Invoice Admin Office BOOKS true Online 2
        "covered or consented lines only";
    84 "credit" Credit Admin Office BOOKS true Online 2
        "amount and reason";
    85 "settle" Settle Admin Office BOOKS true Online 2
        "effective lines only";
    86 "record_cost" RecordCost Admin Office COSTS true Branch 2
        "name and amount";
    87 "set_liability" SetLiability Admin Office LIABILITY false Branch 2
        "joint shares add up to 1000 (C-027)";
    88 "record_callback" RecordCallback Admin Office CALLERS false Branch 2
        "names the DONE";
    89 "handle_complaint" HandleComplaint Admin Office CALLERS false Branch 2
        "names the complaint; words";
    95 "print_voucher" PrintVoucher Admin Field ANYONE false Off 2
        "an outcome; content, fee and time are stated (C-083)";
    96 "state_finding" StateFinding Admin Field NOBODY true Online 2
        "by the ledger: what lies across orders (lifecycle 4.5)";
    97 "lift_finding" LiftFinding Admin Field NOBODY true Online 2
        "by the ledger: it does not hold any more";
}
