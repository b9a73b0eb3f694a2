//! Commands: what a person does. [`decide`] turns one into one fact, or into a refusal that says why.
//!
//! Decided against the author's own view only (table 4.4): what others did meanwhile is settled by the fold, and a
//! check that would fail on another replica never deletes the fact (R10). Not here: proof and rights of what arrives
//! (the gate), policy (it narrows what is offered, and is written into the fact).
//!
//! `availability` says which commands a person has at all, from the state of the order; `office` and `field` check
//! what he filled in; `desk` is what every check reads and how it refuses.

mod availability;
mod desk;
mod field;
mod office;

use crate::facts::bodies::SignDocument;
use crate::facts::values::{
    Channel, CustomerPerson, Line, Money, Place, ReviewChoice, ServiceClass, Skip, UnfinishedReason, Urgency, VisitRef,
    Window,
};
use crate::facts::{Author, FactBody, FactKind, Head, Role, bodies, once_digest};
use crate::ids::{Digest, FactRef, PersonId, RecordId, ReviewId};
use crate::lifecycle::messages::{Language, coded, filled};
use crate::lifecycle::view::{OrderState, OrderView, Review, ReviewStatus};
use crate::lifecycle::{FactSet, REVIEW_DEFAULT_RULE};
use crate::wire::coded_enum;
use desk::{Desk, Made};

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
        }
    }
}

/// Who decides, and what he held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The person.
    pub person: PersonId,
    /// His roles.
    pub roles: Vec<Role>,
    /// Version of the policy that he held.
    pub policy: Option<u32>,
    /// The work item that he acts on; absent is item 1.
    pub work_item: Option<u8>,
}

impl Context {
    /// A person with his roles, on work item 1, without a policy.
    #[must_use]
    pub fn new(person: PersonId, roles: &[Role]) -> Self {
        Self { person, roles: roles.to_vec(), policy: None, work_item: None }
    }

    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// The fact that a command makes, without time and `seen`, which its replica adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Kind and fields.
    pub body: FactBody,
    /// Customer, policy, work item, role; and `once` for a default.
    pub head: Head,
}

/// The business says no. Not an error: nothing failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// The field that is missing or wrong.
    pub field: Option<&'static str>,
    /// The command that was refused.
    pub command: CommandCode,
    /// The state that the order was in.
    pub from: OrderState,
}

impl Refusal {
    /// Why, in words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let values = [
            ("field", self.field.map_or("", |field| coded("field", field, language))),
            ("state", coded("state", self.from.code(), language)),
            ("command", coded("command", self.command.code(), language)),
        ];
        filled(&format!("refusal.{}", self.code), language, &values)
    }
}

/// Turns a command into a fact, or says why not.
///
/// # Errors
/// A [`Refusal`] where the person has not the right, the order is not in a state for it, or a field is missing.
pub fn decide(view: &OrderView, command: &Command, context: &Context) -> Result<Decision, Refusal> {
    let desk = Desk { view, context, code: command.code() };
    availability::available(&desk)?;
    let (body, customer) = match office::decide(&desk, command)? {
        Some(made) => made,
        None => field::decide(&desk, command)?,
    };
    let head = Head {
        customer,
        policy: context.policy,
        work_item: context.work_item.filter(|item| *item != 1),
        role: body.kind().and_then(|kind| stated_role(kind, context)),
        ..Head::default()
    };
    Ok(Decision { body, head })
}

/// The commands that this person may use now, in the order of [`CommandCode`].
#[must_use]
pub fn offered(view: &OrderView, context: &Context) -> Vec<CommandCode> {
    let usable = |code: &CommandCode| availability::available(&Desk { view, context, code: *code }).is_ok();
    CommandCode::ALL.iter().copied().filter(usable).collect()
}

/// The author of a default that fires.
#[must_use]
pub fn default_author() -> Author {
    Author::System(REVIEW_DEFAULT_RULE.to_owned())
}

/// The fact by which a review's default fires, when it is open and has a limit. Its time is the timer's affair. Two
/// nodes may state it: both carry the same `once`.
#[must_use]
pub fn review_default(review: &Review, facts: &FactSet) -> Option<Decision> {
    if review.status != ReviewStatus::Open || review.due.is_none() {
        return None;
    }
    let mut causes: Vec<Digest> =
        review.causes.iter().flat_map(|cause| facts.under(*cause)).map(|fact| fact.digest).collect();
    causes.sort_unstable();
    causes.dedup();
    let once = once_digest(&format!("{REVIEW_DEFAULT_RULE}:{}", review.kind.code()), &causes);
    let body = bodies::ReviewDefault { review: review.id, choice: review.default }.into();
    Some(Decision { body, head: Head { once: Some(once), ..Head::default() } })
}

/// The role is stated where the fold could not guess it from the kind and where it matters: intents are ranked by
/// role (R2), and corrections depend on it.
fn stated_role(kind: FactKind, context: &Context) -> Option<Role> {
    let allowed = kind.right().roles;
    let ranked = [Role::Supervisor, Role::Dispatcher, Role::Clerk, Role::Technician];
    let role = ranked.into_iter().find(|role| context.has(*role) && allowed.contains(role))?;
    let matters = matches!(
        kind,
        FactKind::Assign
            | FactKind::Unassign
            | FactKind::ProposeAppointment
            | FactKind::CancelByOffice
            | FactKind::Reinstate
            | FactKind::ReverseLine
            | FactKind::WithdrawOwn
            | FactKind::ResolveReview
    );
    (matters && role != crate::lifecycle::suggested_role(kind)).then_some(role)
}

#[cfg(test)]
mod tests;
