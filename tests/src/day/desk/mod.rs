//! The office of the day: clerks, dispatcher, supervisor. They decide on what the office's store shows them, every
//! few minutes, order by order in the order of the register.

mod choice;
mod fate;
mod intake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use docket_server::commit::{CommitError, Writer};
use docket_sync_core::ids::{DocumentId, FactId, FactRef, PersonId, ReviewId};
use docket_sync_core::lifecycle::view::{OrderView, ReviewKind};
use docket_sync_core::reference::Language;

use super::Trouble;
use super::acts::Act;
use super::setting::{Setting, language};
use crate::demo::Company;
use crate::random::Random;
use choice::{Decided, Look};
use fate::Fate;

/// Minutes between two looks at the orders.
const LOOK_EVERY: i64 = 5;

/// The last minute at which a time of the same day is agreed.
const TODAY_UNTIL: i64 = 420;

/// The office's people and what they are at.
pub struct Desk {
    /// Everything in the register, in its order.
    pub orders: Vec<Registered>,
    people: BTreeMap<String, PersonId>,
    language: Language,
    random: Random,
    /// Orders of the company's day that have not come in yet: the position of the first.
    next: usize,
    /// Named pairs of concurrent facts that decided something at some time of the day, each with its order.
    pub pairs: BTreeSet<(DocumentId, &'static str)>,
    /// Every review that was raised, with its kind and the minute at which it was seen first.
    pub reviews: BTreeMap<ReviewId, (ReviewKind, i64)>,
    /// Customers of these were called back.
    called: BTreeSet<DocumentId>,
}

/// An order in the register.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The order.
    pub document: DocumentId,
    /// Its serial.
    pub serial: String,
    /// Position in [`Company::orders`].
    position: usize,
    fate: Fate,
    /// What was done with it once and for all.
    done: BTreeSet<Once>,
}

/// What is done at most once with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Once {
    Confirmed,
    Whim,
    Impatience,
    Closed,
}

impl Desk {
    /// The office at the beginning of the day. `random` is its own.
    #[must_use]
    pub fn new(company: &Company, random: Random) -> Self {
        Self {
            orders: Vec::new(),
            people: company.people.iter().map(|person| (person.login.clone(), person.id)).collect(),
            language: language(company),
            random,
            next: 0,
            pairs: BTreeSet::new(),
            reviews: BTreeMap::new(),
            called: BTreeSet::new(),
        }
    }

    /// What the office does at this minute.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn act(&mut self, setting: &Setting, minute: i64) -> Result<Vec<Act>, Trouble> {
        let mut acts = Vec::new();
        if minute % 60 == 0 {
            self.register(setting, minute, &mut acts).await?;
            self.call_back(setting, minute, &mut acts).await?;
        }
        if minute % LOOK_EVERY == 0 {
            self.confirm(setting, minute, &mut acts).await?;
            self.look(setting, minute, &mut acts).await?;
        }
        Ok(acts)
    }

    fn person(&self, login: &str) -> Result<PersonId, Trouble> {
        Ok(*self.people.get(login).ok_or("nobody has this login")?)
    }

    /// Looks at every order and does what comes up.
    async fn look(&mut self, setting: &Setting, minute: i64, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let documents: Vec<DocumentId> = self.orders.iter().map(|order| order.document).collect();
        let read = move |writer: &mut Writer| {
            documents.iter().map(|document| writer.current_view(*document)).collect::<Result<Vec<_>, _>>()
        };
        let views: Vec<Arc<OrderView>> = setting.office.committer.run(read).await?;
        let mut decided = Vec::new();
        for (position, view) in views.iter().enumerate() {
            self.take_notice(position, view, minute);
            let Some(mut registered) = self.orders.get(position).cloned() else { continue };
            let random = self.random.fork(&format!("look {position} {minute}"));
            let look = Look { registered: &registered.clone(), view, minute, random };
            decided.extend(self.decide(setting, &look, &mut registered)?);
            if let Some(kept) = self.orders.get_mut(position) {
                *kept = registered;
            }
        }
        for decision in decided {
            self.carry_out(setting, minute, decision, acts).await?;
        }
        self.send_again(setting, minute, &views, acts).await
    }

    /// Remembers what an order shows: much of it is gone when the work is done.
    pub fn take_notice(&mut self, position: usize, view: &OrderView, minute: i64) {
        let Some(document) = self.orders.get(position).map(|order| order.document) else { return };
        self.pairs.extend(view.explanations.iter().filter_map(|one| one.pair).map(|pair| (document, pair)));
        for review in &view.reviews {
            self.reviews.entry(review.id).or_insert((review.kind, minute));
        }
    }

    async fn carry_out(
        &self,
        setting: &Setting,
        minute: i64,
        decided: Decided,
        acts: &mut Vec<Act>,
    ) -> Result<(), Trouble> {
        let (person, clock) = (self.person(decided.who)?, setting.clock.clone());
        let Decided { who, order, frontier, command } = decided;
        let what = command.code().code();
        let job = move |writer: &mut Writer| {
            clock.step();
            writer.office_command(order.document, person, &frontier, &command)
        };
        let what = match setting.office.committer.run(job).await {
            Ok(_) => what.to_owned(),
            Err(CommitError::Refused(refusal)) => format!("{what} refused: {}", refusal.code),
            Err(error) => return Err(error.into()),
        };
        acts.push(Act::new(minute, who, &what, &order.serial));
        Ok(())
    }
}

/// The frontier of a view, as commands name it.
fn frontier(view: &OrderView) -> Vec<FactRef> {
    view.frontier.iter().map(FactId::reference).collect()
}
