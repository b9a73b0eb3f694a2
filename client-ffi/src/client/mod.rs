//! The typed API of a device: what the terminal program and the phone bindings call.
//!
//! Reading and commands work without a network. A command is decided on the order *as it was shown*, and what
//! had been shown is what its fact says its author knew; a sync in between changes neither.

mod bundles;
mod countersigning;
mod drafts;
mod held;
mod one_time;
mod status;
#[cfg(test)]
mod tests;

pub use held::{HeldHere, PartLeft};

use std::collections::BTreeMap;

use docket_sync_core::commands::{
    Command, CommandCode, Context, Decision, Offer, Refusal, decide, form, offered, offers,
};
use docket_sync_core::facts::{Audience, Author, Fact, Role};
use docket_sync_core::forms::Form;
use docket_sync_core::ids::{DocumentId, FactId, PersonId, RecordId};
use docket_sync_core::lifecycle::view::{Moment, OrderView, Visit, VisitState};
use docket_sync_core::lifecycle::{FactSet, fold, known_to};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference::{Reference, ReferenceRecord};
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::time::{Between, UnixMillis};
use serde_json::{Map, Value};

pub use self::bundles::HandedOver;
pub use self::drafts::{Draft, WitnessError, Witnessed};
use self::one_time::Completed;
pub use self::status::Status;
use crate::orders::{OrderRow, find};
use crate::platform::Platform;
use crate::replica::{DeviceReplica, NewFact, POLICY, ReplicaError};
use crate::store::DeviceStore;

/// A device that was enrolled.
#[derive(Debug)]
pub struct Client<S> {
    replica: DeviceReplica<S>,
    author: PersonId,
    /// The work item of the command that is decided now.
    work_item: Option<u8>,
}

/// One order as it was shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The order.
    pub id: DocumentId,
    /// The order as the fold shows it.
    pub view: OrderView,
    /// The facts it was folded from.
    pub facts: FactSet,
    /// Facts made here that the server does not have yet.
    pub unsent: Vec<FactId>,
    /// Facts made here that the server did not accept; they are not in the view.
    pub refused: Vec<RefusedFact>,
    /// When the server had each fact, as far as it has told (U-10).
    pub received: BTreeMap<FactId, UnixMillis>,
}

/// A fact that the server did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFact {
    /// The fact.
    pub fact: Fact,
    /// Why.
    pub code: QuarantineCode,
    /// Why the office left it out for good, once it has decided so.
    pub discarded: Option<String>,
}

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Executed {
    /// The fact it made.
    pub fact: FactId,
    /// The order now.
    pub order: Shown,
    /// Facts that had arrived and were not shown to the author.
    pub not_seen: Vec<FactId>,
}

/// Why a command made no fact.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The business says no.
    #[error("refused: {}", .0.code)]
    Refused(Box<Refusal>),
    /// The device failed.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

impl<S: DeviceStore> Client<S> {
    /// Opens an enrolled device.
    ///
    /// # Errors
    /// When it is not enrolled, its key is gone, or store or platform fail.
    pub fn open(store: S, platform: Platform) -> Result<Self, ReplicaError> {
        let replica = DeviceReplica::open(store, platform)?;
        let author = replica.identity().person;
        Ok(Self { replica, author, work_item: None })
    }

    /// The replica, for syncing.
    pub fn replica_mut(&mut self) -> &mut DeviceReplica<S> {
        &mut self.replica
    }

    /// The replica.
    #[must_use]
    pub fn replica(&self) -> &DeviceReplica<S> {
        &self.replica
    }

    /// Who works with the device.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.author
    }

    /// Every order on this device: work that is going on first, what is over last.
    ///
    /// # Errors
    /// When the store fails or a row is damaged.
    pub fn list(&self) -> Result<Vec<(DocumentId, OrderRow)>, ReplicaError> {
        self.replica.rows()
    }

    /// The order that `text` names: its id, its serial, or a beginning of one of them that only it has.
    ///
    /// # Errors
    /// When none or several are named, or the store fails.
    pub fn find(&self, text: &str) -> Result<DocumentId, find::FindError> {
        find::find(&self.list()?, text)
    }

    /// One order.
    ///
    /// # Errors
    /// When it is not on this device, or damaged.
    pub fn show(&self, id: DocumentId) -> Result<Shown, ReplicaError> {
        let mut facts = FactSet::new(id);
        facts.extend(self.replica.facts(id)?);
        let view = fold(&facts);
        let of_this = || self.replica.journal().filter(|entry| entry.document == id);
        let unsent = of_this().filter(|entry| entry.waits()).map(crate::replica::JournalEntry::id).collect();
        let refused = of_this().filter_map(|entry| Some((entry, entry.refused?)));
        let refused = refused
            .map(|(entry, code)| {
                let left_out = view.decided.iter().find(|decided| decided.fact == entry.id() && !decided.admitted);
                let discarded = left_out.map(|decided| decided.reason.clone());
                Ok(RefusedFact { fact: entry.fact()?, code, discarded })
            })
            .collect::<Result<Vec<_>, ReplicaError>>()?;
        let received = self.replica.received(id, facts.iter().map(|fact| fact.id))?;
        Ok(Shown { id, view, facts, unsent, refused, received })
    }

    /// The commands that may be used on the order as it is shown.
    ///
    /// # Errors
    /// When the store fails.
    pub fn offered(&self, shown: &Shown) -> Result<Vec<CommandCode>, ReplicaError> {
        let mut offered = offered(&shown.view, &self.context()?);
        // What a device states lies in the order's own document.
        offered.retain(|code| code.act().is_none_or(|kind| kind.lies_in(Audience::Field)) && self.server_knows(*code));
        Ok(offered)
    }

    /// Servers are upgraded first: a device states only kinds of the level that its server announced.
    fn server_knows(&self, code: CommandCode) -> bool {
        code.act().is_none_or(|kind| kind.level() <= self.replica.state().server_level)
    }

    /// Every command that this person's roles allow, with the reason for each that the order does not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn offers(&self, shown: &Shown) -> Result<Vec<Offer>, ReplicaError> {
        Ok(offers(&shown.view, &self.context()?))
    }

    /// What follows from the order as it is shown for a command that states the kind of its name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn defaults(&self, shown: &Shown, command: CommandCode) -> Result<Map<String, Value>, ReplicaError> {
        Ok(form::defaults(&shown.view, command, &self.context()?))
    }

    /// An order that is to begin here (先抢修后补单, C-045): nothing is stated yet. The first command on it must begin
    /// one.
    ///
    /// # Errors
    /// When the platform has no randomness.
    pub fn blank_order(&self) -> Result<Shown, ReplicaError> {
        let platform = self.replica.platform();
        let random = crate::platform::random_bytes(&platform.random)?;
        let id = DocumentId::new(self.replica.time().lo, random);
        let facts = FactSet::new(id);
        Ok(Shown::of(id, facts))
    }

    /// Decides a command that is about one work item, on the order as it was shown.
    ///
    /// # Errors
    /// A refusal, or a failure of the device.
    pub fn execute_on(
        &mut self,
        shown: &Shown,
        command: &Command,
        work_item: Option<u8>,
    ) -> Result<Executed, ExecuteError> {
        self.work_item = work_item;
        let done = self.execute(shown, command);
        self.work_item = None;
        done
    }

    /// Decides a command on the order as it was shown. When it returns, the fact is durable on this device.
    ///
    /// # Errors
    /// A refusal, or a failure of the device.
    pub fn execute(&mut self, shown: &Shown, command: &Command) -> Result<Executed, ExecuteError> {
        let fact = self.decided(shown, command)?;
        self.state(shown, fact)
    }

    /// Decides a command: the fact to state.
    fn decided(&mut self, shown: &Shown, command: &Command) -> Result<NewFact, ExecuteError> {
        let Completed { command, takes } = self.completed(shown, command)?;
        let Decision { body, head } = self.decide(shown, &command)?;
        if let Some(ledger) = takes {
            // It was looked at before; nobody else takes numbers here.
            self.replica.take_number(ledger)?;
        }
        Ok(NewFact {
            document: shown.id,
            author: Author::Person(self.author),
            seen: if sabotage::is_on(Bug::FrontierOfHeads) {
                self.show(shown.id)?.view.frontier
            } else {
                shown.view.frontier.clone()
            },
            head,
            body,
            claimed: None,
            proof: None,
        })
    }

    /// States a decided fact and shows the order again.
    pub(crate) fn state(&mut self, shown: &Shown, fact: NewFact) -> Result<Executed, ExecuteError> {
        let fact = self.replica.state_fact(fact)?;
        let order = self.show(shown.id)?;
        let not_seen = order.facts.iter().map(|fact| fact.id);
        let not_seen = not_seen.filter(|id| *id != fact && shown.facts.get(*id).is_none()).collect();
        Ok(Executed { fact, order, not_seen })
    }

    pub(crate) fn decide(&self, shown: &Shown, command: &Command) -> Result<Decision, ExecuteError> {
        let refused = |refusal| ExecuteError::Refused(Box::new(refusal));
        let code = command.code();
        if !self.server_knows(code) {
            let (field, from, about) = (None, shown.view.state, None);
            return Err(refused(Refusal { code: "server_older", field, command: code, from, about }));
        }
        let mut context = Context { quotas: self.quotas(command)?, ..self.context()? };
        // Only this command asks them.
        if matches!(command, Command::Done { .. }) {
            context.forms = self.replica.forms()?;
        }
        let decision = decide(&shown.view, command, &context).map_err(refused)?;
        if decision.body.kind().is_some_and(|kind| !kind.lies_in(Audience::Field)) {
            let (command, from) = (command.code(), shown.view.state);
            return Err(refused(Refusal { code: "not_permitted", field: None, command, from, about: None }));
        }
        Ok(decision)
    }

    fn context(&self) -> Result<Context, ReplicaError> {
        let roles: Vec<Role> = self.replica.certificate().roles(self.author).unwrap_or_default().to_vec();
        let policy = self.policy()?.map(|policy| policy.version);
        Ok(Context { policy, work_item: self.work_item, ..Context::new(self.author, &roles) })
    }

    /// The company's forms that are for this order (C-060 to C-070).
    ///
    /// # Errors
    /// When the store fails or a form is damaged.
    pub fn forms(&self, shown: &Shown) -> Result<Vec<Form>, ReplicaError> {
        let mut forms = self.replica.forms()?;
        forms.retain(|form| form.is_for(&shown.view));
        Ok(forms)
    }

    /// The newest service policy that this device holds.
    ///
    /// # Errors
    /// When the store fails or the policy is damaged.
    pub fn policy(&self) -> Result<Option<ServicePolicy>, ReplicaError> {
        let Some(Reference::PolicyRecord(policy)) = self.replica.single_reference(POLICY)? else { return Ok(None) };
        // A policy of a later format is for a later version of this program.
        Ok(ServicePolicy::from_json(&policy.json).ok())
    }

    /// A reference record, unless it is gone or not here.
    ///
    /// # Errors
    /// When the store fails or the record is damaged.
    pub fn reference(&self, id: RecordId) -> Result<Option<Reference>, ReplicaError> {
        let record: Option<ReferenceRecord> = match self.replica.reference(id)? {
            Some(record) => Some(record),
            None => self.replica.told_reference(id)?,
        };
        Ok(record.filter(|record| !record.deleted).map(|record| record.content))
    }

    /// A person's name, or his id where it is not known here.
    ///
    /// # Errors
    /// When the store fails.
    pub fn person_name(&self, person: PersonId) -> Result<String, ReplicaError> {
        let record = self.reference(docket_sync_core::reference::person_record(person))?;
        Ok(match record {
            Some(Reference::Person(record)) => record.name,
            _ => person.to_string(),
        })
    }

    /// A name for the author of a fact.
    ///
    /// # Errors
    /// When the store fails.
    pub fn author_name(&self, author: &Author) -> Result<String, ReplicaError> {
        match author {
            Author::Person(person) => self.person_name(*person),
            Author::System(_) => Ok(author.to_string()),
        }
    }
}

impl Shown {
    /// The order as the author of a fact knew it when he stated it, from what is on this device (U-18). No command is
    /// decided on it.
    #[must_use]
    pub fn known_to(&self, fact: FactId) -> Self {
        let facts = known_to(&self.facts, fact);
        Self::of(self.id, facts)
    }

    /// An order of `facts`, of which nothing waits.
    #[must_use]
    pub fn of(id: DocumentId, facts: FactSet) -> Self {
        let (unsent, refused, received) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { id, view: fold(&facts), facts, unsent, refused, received }
    }

    /// Within which bounds a moment lies, whatever the phone's clock said (U-10).
    #[must_use]
    pub fn between(&self, moment: Moment) -> Between {
        Between { lo: moment.lo, hi: self.received.get(&moment.fact).copied() }
    }

    /// The visit of `person` that a command without further words is about: the one under way, or else his last.
    #[must_use]
    pub fn visit_of(&self, person: PersonId) -> Option<&Visit> {
        let mine = || self.view.visits.iter().filter(|visit| visit.technician == person);
        mine().find(|visit| visit.state != VisitState::Ended).or_else(|| mine().next_back())
    }
}
