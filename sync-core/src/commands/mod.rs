//! Commands: what a person does. [`decide`] turns one into one fact, or into a refusal that says why.
//!
//! Decided against the author's own view only (table 4.4): what others did meanwhile is settled by the fold, and a
//! check that would fail on another replica never deletes the fact (R10). Not here: proof and rights of what arrives
//! (the gate), policy (it narrows what is offered, and is written into the fact).
//!
//! `availability` says which commands a person has at all, from the state of the order; `office` and `field` check
//! what he filled in; `desk` is what every check reads and how it refuses.

mod acts;
mod availability;
mod command;
mod desk;
mod field;
pub mod form;
mod money;
mod names;
mod office;

pub use command::{Act, Command, CommandCode, SkillMatch};

use std::collections::BTreeMap;

use crate::facts::values::{Demand, VisitRef};
use crate::facts::{Author, FactBody, FactKind, Head, Role, bodies, once_digest};
use crate::forms::{self, Form};
use crate::ids::{Digest, PersonId};
use crate::lifecycle::messages::{Language, coded, filled};
use crate::lifecycle::view::{OrderState, OrderView, Review, ReviewStatus};
use crate::lifecycle::{FactSet, REVIEW_DEFAULT_RULE};
use crate::reference::Translated;
use desk::{Desk, Made};

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
    /// What the policy demands with this command and is not there (C-042, C-084).
    pub missing: Vec<Demand>,
    /// Version of the tariff that prices are taken from.
    pub tariff: Option<u32>,
    /// The colleague's visit that this one continues.
    pub continues: Option<VisitRef>,
    /// The forms that he holds for this order (C-060 to C-070).
    pub forms: Vec<Form>,
    /// What is left of his quotas, thousandths by the part's code (U-13).
    pub quotas: BTreeMap<String, i64>,
}

impl Context {
    /// A person with his roles, on work item 1, without a policy.
    #[must_use]
    pub fn new(person: PersonId, roles: &[Role]) -> Self {
        Self {
            person,
            roles: roles.to_vec(),
            policy: None,
            work_item: None,
            missing: Vec::new(),
            tariff: None,
            continues: None,
            forms: Vec::new(),
            quotas: BTreeMap::new(),
        }
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
    /// What the text names beside field and state: the step of a form, in each language.
    pub about: Option<Translated>,
}

impl Refusal {
    /// Why, in words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let values = [
            ("field", self.field.map_or("", |field| coded("field", field, language))),
            ("state", coded("state", self.from.code(), language)),
            ("command", coded("command", self.command.code(), language)),
            ("about", self.about.as_ref().map_or("", |about| about.text(language.into()))),
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
    let mut witnesses = Vec::new();
    let (body, customer) = if let Command::State(act) = command {
        witnesses.clone_from(&act.witnesses);
        acts::decide(&desk, act)?
    } else {
        match office::decide(&desk, command)? {
            Some(made) => made,
            None => field::decide(&desk, command)?,
        }
    };
    let head = Head {
        customer,
        policy: context.policy,
        work_item: context.work_item.filter(|item| *item != 1),
        role: body.kind().and_then(|kind| stated_role(kind, context)),
        witnesses: Some(witnesses).filter(|witnesses| !witnesses.is_empty()),
        missing: Some(missing(&desk)?).filter(|missing| !missing.is_empty()),
        tariff: context.tariff,
        continues: context.continues,
        ..Head::default()
    };
    Ok(Decision { body, head })
}

/// What is owed with the fact: what the caller found lacking, and with an outcome what the forms find.
fn missing(desk: &Desk<'_>) -> Result<Vec<Demand>, Refusal> {
    let mut missing = desk.context.missing.clone();
    if desk.code == CommandCode::Done {
        let lines = &desk.view.lines;
        let for_order = desk.context.forms.iter().filter(|form| form.is_for(desk.view));
        let records: Vec<_> = for_order.map(|form| form.record(lines)).collect();
        if let Some(step) = forms::refused_step(&records) {
            return desk.refuse_about("form_step_lacking", &step.title);
        }
        missing.extend(forms::demands(&records, lines));
        missing.sort_unstable();
        missing.dedup();
    }
    Ok(missing)
}

/// The commands that this person may use now, in the order of [`CommandCode`].
#[must_use]
pub fn offered(view: &OrderView, context: &Context) -> Vec<CommandCode> {
    let usable = |code: &CommandCode| availability::available(&Desk { view, context, code: *code }).is_ok();
    CommandCode::ALL.iter().copied().filter(usable).collect()
}

/// One command as it is offered, or why it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The command.
    pub command: CommandCode,
    /// Why it is not there now.
    pub refusal: Option<Refusal>,
}

/// Every command that this person's roles allow, with the reason for each that the order does not.
#[must_use]
pub fn offers(view: &OrderView, context: &Context) -> Vec<Offer> {
    let offer = |command: CommandCode| {
        let refusal = availability::available(&Desk { view, context, code: command }).err();
        Offer { command, refusal }
    };
    let allowed = |offer: &Offer| offer.refusal.as_ref().is_none_or(|refusal| refusal.code != "not_permitted");
    CommandCode::ALL.iter().copied().map(offer).filter(allowed).collect()
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
    // Under the identity of a cloned phone each of its facts may have a review: the default of one is not the other's.
    if review.causes.iter().any(|cause| facts.under(*cause).nth(1).is_some()) {
        causes.push(Digest(*blake3::hash(&review.id.0).as_bytes()));
    }
    let once = once_digest(&format!("{REVIEW_DEFAULT_RULE}:{}", review.kind.code()), &causes);
    let body = bodies::ReviewDefault { review: review.id, choice: review.default }.into();
    Some(Decision { body, head: Head { once: Some(once), ..Head::default() } })
}

/// The role is stated where the fold could not guess it from the kind and where it matters: intents are ranked by
/// role (R2), and corrections depend on it.
fn stated_role(kind: FactKind, context: &Context) -> Option<Role> {
    let allowed = kind.right().roles;
    let ranked = [
        Role::Supervisor,
        Role::Dispatcher,
        Role::Clerk,
        Role::Technician,
        Role::Quality,
        Role::Accountant,
        Role::Storekeeper,
        Role::CallbackAgent,
    ];
    let role = ranked.into_iter().find(|role| context.has(*role) && allowed.contains(role))?;
    (kind.role_counts() && role != crate::lifecycle::suggested_role(kind)).then_some(role)
}

#[cfg(test)]
mod named_tests;
#[cfg(test)]
mod terms_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod withdraw_tests;
