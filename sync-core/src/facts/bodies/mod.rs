//! What each kind of fact says, by position. New fields go to the end and are optional.
//!
//! One file a subject: here the normal path, beside it planning, terms with the customer, work, custody, money, and
//! the office's books.

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $index:literal $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
        #[cbor(array)]
        pub struct $name {
            $($(#[$field_doc])* #[n($index)] pub $field: $type),*
        }

        impl $name {
            /// Names and types of its fields, by position.
            pub const FIELDS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), stringify!($type))),*];

            /// The first field that is empty, too long or out of range, with the code of the refusal.
            #[must_use]
            pub fn problem(&self) -> Option<(&'static str, &'static str)> {
                $(if let Some(problem) = crate::facts::complete::Complete::problem(&self.$field) {
                    return Some((problem, stringify!($field)));
                })*
                None
            }

            /// Its fields, as a person fills them in.
            #[must_use]
            pub(crate) fn form() -> Vec<crate::commands::form::FormField> {
                vec![$(<$type as crate::commands::form::FromForm>::field(stringify!($field))),*]
            }

            /// The body, from what a person filled in.
            #[expect(clippy::allow_attributes, reason = "a body without fields reads nothing")]
            #[allow(unused_variables, reason = "a body without fields reads nothing")]
            pub(crate) fn from_form(
                form: &crate::commands::form::Reader<'_>,
            ) -> Result<Self, crate::commands::form::FormError> {
                Ok(Self { $($field: form.read(stringify!($field))?),* })
            }
        }
    )*};
}

mod books;
mod custody;
mod ledger;
mod money;
mod planning;
mod terms;
mod work;

pub use books::*;
pub use custody::*;
pub use ledger::*;
pub use money::*;
pub use planning::*;
pub use terms::*;
pub use work::*;

use super::values::{
    Channel, Line, Opinion, Place, ReviewChoice, ServiceClass, Skip, UnfinishedReason, Urgency, VisitRef, Window,
};
use super::{Author, Origin};
use crate::ids::{ActorId, BlobId, Digest, DocumentId, FactRef, KeyId, PersonId, RecordId, ReviewId, Signature};
use crate::sync::frames::QuarantineCode;
use crate::time::UnixMillis;
use crate::wire::Bytes;

bodies! {
    /// The customer's request as he made it (叫修登记). Never changes (C-031).
    RegisterCall {
        /// The customer's reference record.
        0 customer: RecordId,
        /// The site's reference record.
        1 site: RecordId,
        /// The unit's reference record, where one is known.
        2 unit: Option<RecordId>,
        /// How the request came in.
        3 channel: Channel,
        /// Service class.
        4 class: ServiceClass,
        /// Urgency.
        5 urgency: Urgency,
        /// The customer's words.
        6 problem: String,
        /// Serial in the service call register, taken in the same commit.
        7 serial: Option<String>,
        /// Skill that the work needs, where one is known (C-046).
        8 skill: Option<String>,
        /// Reference in the system the order was imported from.
        9 origin: Option<String>,
    }

    /// The clerk confirmed work, time and amount with the customer (C-006).
    ConfirmRequest {
        /// What was agreed to be done.
        0 content: String,
        /// When, where a time was agreed.
        1 window: Option<Window>,
        /// Estimated amount; 0 is stated too.
        2 amount: Option<super::values::Money>,
        /// In or out of guarantee.
        3 in_warranty: bool,
    }

    /// A technician is to do the order (派工).
    Assign {
        /// Who.
        0 technician: PersonId,
        /// Who was passed over, in the rotation's order (C-040).
        1 skipped: Vec<Skip>,
        /// Why the rotation was overridden (C-041), or why it is reassigned.
        2 reason: Option<String>,
        /// Turn of the rotation that this dispatch took; absent when it took none.
        3 turn: Option<u64>,
    }

    /// The technician need not do the order.
    Unassign {
        /// Who.
        0 technician: PersonId,
        /// Why.
        1 reason: String,
    }

    /// The technician takes the assignment.
    Accept {
        /// The assignment he accepts.
        0 assignment: FactRef,
    }

    /// The technician refuses the assignment.
    Refuse {
        /// The assignment he refuses.
        0 assignment: FactRef,
        /// Why.
        1 reason: String,
    }

    /// A time is planned, not yet confirmed with the customer.
    ProposeAppointment {
        /// The time.
        0 window: Window,
        /// Why it moved, where it did.
        1 reason: Option<String>,
    }

    /// A time was agreed with the customer; the envelope's `customer` says with whom.
    ConfirmAppointment {
        /// The time.
        0 window: Window,
    }

    /// The technician has seen the order as it was then.
    Seen {}

    /// The technician sets out: the first fact of a visit.
    Depart {}

    /// The technician is on site.
    Arrive {
        /// The visit, unless this fact begins it.
        0 visit: Option<VisitRef>,
        /// Where the device believed to be.
        1 place: Option<Place>,
    }

    /// Work begins.
    Start {
        /// The visit.
        0 visit: VisitRef,
    }

    /// Work stops for a while.
    Pause {
        /// The visit.
        0 visit: VisitRef,
        /// Why.
        1 reason: String,
    }

    /// Work goes on.
    Resume {
        /// The visit.
        0 visit: VisitRef,
    }

    /// The technician leaves.
    End {
        /// The visit.
        0 visit: VisitRef,
    }

    /// One line: time, part, expense, reading, photo, checklist step.
    RecordLine {
        /// The visit.
        0 visit: VisitRef,
        /// The line.
        1 line: Line,
    }

    /// A line is taken back; both stay visible (R5).
    ReverseLine {
        /// The line.
        0 line: FactRef,
        /// Why.
        1 reason: String,
    }

    /// A note.
    AddNote {
        /// At most 8 KiB of UTF-8.
        0 text: String,
    }

    /// The work is done.
    OutcomeDone {
        /// The visit.
        0 visit: VisitRef,
        /// What was found, as found (C-031).
        1 finding: Option<String>,
    }

    /// The work is not finished (C-140).
    OutcomeUnfinished {
        /// The visit.
        0 visit: VisitRef,
        /// Why.
        1 reason: UnfinishedReason,
        /// In words.
        2 text: Option<String>,
        /// The next visit, as agreed with the customer; absent is NO_DATE_AGREED.
        3 next: Option<Window>,
    }

    /// The customer signed the voucher on the device (C-080); see the voucher module.
    SignDocument {
        /// Digest of the voucher.
        0 voucher: Digest,
        /// The facts that the voucher shows.
        1 covered: Vec<FactRef>,
        /// BLAKE3 over the identities and content digests of the covered facts.
        2 covered_digest: Digest,
        /// The customer's opinion.
        3 opinion: Opinion,
        /// Name as written.
        4 name: String,
        /// Relation to the customer.
        5 relation: String,
        /// Content address of the proof: voucher, salts, strokes.
        6 proof: BlobId,
        /// The device key that signed.
        7 key: KeyId,
        /// Signature over the voucher's digest and this signing (see `voucher`).
        8 signature: Signature,
    }

    /// The customer refused to sign (C-086).
    RefuseSignature {
        /// Who refused.
        0 name: String,
        /// Why, in his words.
        1 reason: String,
    }

    /// The taker of a two-party fact confirms it afterwards.
    Acknowledge {
        /// The fact.
        0 fact: FactRef,
        /// Its content digest.
        1 digest: Digest,
    }

    /// The clerk booked the voucher back and struck the call off (注销, C-085).
    ReturnVoucher {
        /// Why, where the voucher came back unsigned.
        0 reason: Option<String>,
    }

    /// The author takes back his own physical fact; both stay visible.
    WithdrawOwn {
        /// The fact.
        0 fact: FactRef,
        /// Why.
        1 reason: String,
    }

    /// The office cancels the order.
    CancelByOffice {
        /// Why.
        0 reason: String,
    }

    /// A cancel is taken back.
    Reinstate {
        /// The cancel.
        0 cancel: FactRef,
        /// Why.
        1 reason: String,
    }

    /// The order is closed and filed.
    Close {}

    /// Nobody decided a review in time: its default fires. Stated by `system:review-default`.
    ReviewDefault {
        /// The review.
        0 review: ReviewId,
        /// The default.
        1 choice: ReviewChoice,
    }

    /// The owner of a review decided it.
    ResolveReview {
        /// The review.
        0 review: ReviewId,
        /// The choice.
        1 choice: ReviewChoice,
        /// Why.
        2 reason: String,
    }

    /// A signature does not verify against its proof: it does not count. Stated by `system:signature-check`.
    RejectSignature {
        /// The signature.
        0 signature: FactRef,
        /// Content digest of that fact: two contents may stand under one identity.
        1 digest: Digest,
        /// What differs, in the words of the check.
        2 problem: String,
    }

    /// A supervisor lets in what the gate refused: the refused fact whole, which counts as its author's.
    Admit {
        /// Actor of the refused fact's first statement.
        0 actor: ActorId,
        /// Its sequence.
        1 sequence: u64,
        /// Where the actor comes from, where it was stated.
        2 origin: Option<Origin>,
        /// Its author.
        3 author: Author,
        /// Its hybrid time.
        4 time: UnixMillis,
        /// Its content's bytes, `seen` included.
        5 content: Bytes,
        /// Why the gate refused it.
        6 code: QuarantineCode,
        /// Why it is let in.
        7 reason: String,
    }

    /// A supervisor decided that what the gate refused stays out. Its bytes stay in quarantine.
    Discard {
        /// Actor of the refused fact's first statement.
        0 actor: ActorId,
        /// Its sequence.
        1 sequence: u64,
        /// Its content digest.
        2 digest: Digest,
        /// Why the gate refused it.
        3 code: QuarantineCode,
        /// Why it stays out.
        4 reason: String,
    }

    /// What the author of a refused fact had seen, for those of his facts that name it as seen: their knowledge
    /// does not end there. Stated by `system:quarantine`.
    PassOver {
        /// The refused fact.
        0 fact: FactRef,
        /// What it had seen.
        1 seen: Vec<FactRef>,
    }

    /// An order's number in the register was given to an earlier order, too: this one has another from now
    /// on. Stated by `system:register`.
    Renumber {
        /// The number now: the old one with a suffix.
        0 serial: String,
        /// The order that keeps the number.
        1 kept_by: DocumentId,
    }
}
