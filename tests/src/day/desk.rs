//! The office of the day: clerks, dispatcher, supervisor. They decide on what the office's store shows them, every
//! few minutes, order by order in the order of the register.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use docket_server::callbacks::records::{self, Filter};
use docket_server::callbacks::rules::{Answer, Call, Outcome};
use docket_server::commit::{CommitError, Writer};
use docket_server::dispatch::{DispatchChoice, dispatch_order};
use docket_server::intake::register::{NewCall, NewConfirmation, OnFile};
use docket_sync_core::commands::{Command, SkillMatch};
use docket_sync_core::facts::values::{Channel, CustomerPerson, Money, ServiceClass, Window};
use docket_sync_core::ids::{DocumentId, FactRef, PersonId, ReviewId};
use docket_sync_core::lifecycle::view::{
    AssignmentFacet, OrderState, OrderView, ReviewKind, ReviewStatus, SignatureFacet, VoucherFacet,
};
use docket_sync_core::reference::Language;
use docket_sync_core::time::{HOUR, MINUTE, UnixMillis};

use super::Trouble;
use super::acts::Act;
use super::messages::text;
use super::setting::{Setting, language};
use crate::demo::{Company, DayOrder};
use crate::random::Random;

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
    confirmed: bool,
    whim_done: bool,
    silence_done: bool,
    closed: bool,
}

/// What the office will make of an order, drawn when it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fate {
    /// Minute at which the customer confirms.
    confirms_at: i64,
    /// Agrees a time of today so many minutes later.
    agrees_in: Option<i64>,
    /// Something that comes up so many minutes after it was assigned.
    whim: Option<(i64, Whim)>,
    /// Nothing heard of it for so many minutes: somebody becomes impatient.
    patience: i64,
    on_silence: Whim,
    /// Minutes from the completion, as the office knows it, to the voucher's return.
    returns_after: i64,
    closes: bool,
    /// Minutes after which its reviews are decided, if anybody cares.
    resolves_after: Option<i64>,
}

/// Something that comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whim {
    Nothing,
    Note,
    /// Another time, agreed with the customer or not.
    Reschedule {
        confirmed: bool,
    },
    /// Two clerks give it another time, neither knowing of the other.
    TwoClerks {
        confirmed: bool,
    },
    Reassign,
    Cancel,
}

impl Fate {
    fn draw(random: &mut Random, minute: i64) -> Self {
        let whims = [
            Whim::Note,
            Whim::Reschedule { confirmed: random.chance(1, 2) },
            Whim::TwoClerks { confirmed: random.chance(1, 2) },
            Whim::Reassign,
            Whim::Cancel,
        ];
        let silences = [Whim::Nothing, Whim::Note, Whim::Reassign, Whim::Cancel, Whim::Cancel];
        Self {
            confirms_at: if random.chance(1, 5) { minute.saturating_add(30) } else { minute },
            agrees_in: random.chance(1, 4).then(|| random.between(60, 150)),
            whim: random.chance(2, 5).then(|| (random.between(10, 90), *random.pick(&whims))),
            patience: random.between(40, 90),
            on_silence: *random.pick(&silences),
            returns_after: random.between(15, 70),
            closes: random.chance(1, 3),
            resolves_after: random.chance(2, 3).then(|| random.between(10, 60)),
        }
    }
}

/// One look at one order.
struct Look<'a> {
    registered: &'a Registered,
    view: &'a OrderView,
    minute: i64,
    random: Random,
}

impl Look<'_> {
    fn frontier(&self) -> Vec<FactRef> {
        self.view.frontier.iter().map(docket_sync_core::ids::FactId::reference).collect()
    }
}

/// A command that somebody at the office decided on.
struct Decided {
    who: &'static str,
    order: Registered,
    frontier: Vec<FactRef>,
    command: Command,
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

    /// The calls of the hour up to now, in one batch; the office opens an hour before the technicians come.
    async fn register(&mut self, setting: &Setting, minute: i64, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let until = minute.saturating_add(60).saturating_mul(MINUTE);
        let clerk = self.person("clerk")?;
        while let Some(order) = setting.company.orders.get(self.next).filter(|order| order.comes_after_ms < until) {
            let call = call(&setting.company, order)?;
            let (note, clock) = (order.note.clone(), setting.clock.clone());
            let job = move |writer: &mut Writer| {
                clock.step();
                let registered = writer.register_call(clerk, call)?;
                if let Some(text) = note {
                    clock.step();
                    let view = writer.current_view(registered.document)?;
                    let frontier = frontier(&view);
                    writer.office_command(registered.document, clerk, &frontier, &Command::Note { text })?;
                }
                Ok(registered)
            };
            let registered = setting.office.committer.run(job).await?;
            acts.push(Act::new(minute, "clerk", "register", &registered.serial));
            self.orders.push(Registered {
                document: registered.document,
                serial: registered.serial,
                position: self.next,
                fate: Fate::draw(&mut self.random.fork(&format!("order {}", self.next)), minute),
                confirmed: false,
                whim_done: false,
                silence_done: false,
                closed: false,
            });
            self.next = self.next.saturating_add(1);
        }
        Ok(())
    }

    /// Confirms with customers what is not confirmed yet.
    async fn confirm(&mut self, setting: &Setting, minute: i64, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let clerk = self.person("clerk")?;
        let company = &setting.company;
        for registered in self.orders.iter_mut().filter(|order| !order.confirmed && order.fate.confirms_at <= minute) {
            registered.confirmed = true;
            let Some(order) = company.orders.get(registered.position) else { continue };
            let mut random = self.random.fork(&format!("amount {}", registered.position));
            let chargeable = order.class == ServiceClass::Chargeable;
            let minor = if chargeable { random.between(2, 12).saturating_mul(5_000) } else { 0 };
            let agrees_in = registered.fate.agrees_in.filter(|_| minute < TODAY_UNTIL);
            let given = NewConfirmation {
                content: order.problem.clone(),
                window: agrees_in.map(|minutes| window(setting.clock.at(minute.saturating_add(minutes)))),
                amount: Some(Money { minor, currency: company.currency.clone() }),
                in_warranty: order.class == ServiceClass::Free,
            };
            let (document, clock) = (registered.document, setting.clock.clone());
            let job = move |writer: &mut Writer| {
                clock.step();
                writer.confirm_call(clerk, document, given)
            };
            setting.office.committer.run(job).await?;
            acts.push(Act::new(minute, "clerk", "confirm", &registered.serial));
        }
        Ok(())
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

    /// What one order needs now.
    fn decide(&self, setting: &Setting, look: &Look<'_>, registered: &mut Registered) -> Result<Vec<Decided>, Trouble> {
        let (view, fate, minute) = (look.view, &look.registered.fate, look.minute);
        let minute_of = |time: UnixMillis| setting.clock.minute_of(time);
        let out = matches!(view.state, OrderState::Dispatched | OrderState::InProgress);
        let assigned = view.assignment().map(|assignment| minute_of(assignment.at.time));
        let mut decided = Vec::new();
        if let (Some(assigned), Some((after, whim)), true, false) = (assigned, fate.whim, out, registered.whim_done) {
            if minute >= assigned.saturating_add(after) {
                registered.whim_done = true;
                decided.extend(self.follow(setting, look, whim)?);
            }
        }
        let silent = minute.saturating_sub(minute_of(view.updated));
        if out && !registered.silence_done && decided.is_empty() && silent >= fate.patience {
            registered.silence_done = true;
            decided.extend(self.follow(setting, look, fate.on_silence)?);
        }
        decided.extend(self.reviews(look));
        let over = matches!(view.state, OrderState::Completed | OrderState::Cancelled | OrderState::Terminated);
        let known_for = minute.saturating_sub(minute_of(view.updated));
        if over && view.voucher == VoucherFacet::Out && known_for >= fate.returns_after {
            let unsigned = !matches!(view.signature, SignatureFacet::Signed | SignatureFacet::SignedPartial);
            let reason = unsigned.then(|| text("demo.text.unsigned", self.language).to_owned());
            decided.push(decision(look, "clerk", Command::ReturnVoucher { reason }));
        }
        let blocked = view.reviews.iter().any(|review| review.blocking && review.status == ReviewStatus::Open);
        if view.state == OrderState::Returned && fate.closes && !blocked && !registered.closed {
            registered.closed = true;
            decided.push(decision(look, "clerk2", Command::Close));
        }
        Ok(decided)
    }

    /// Reviews that somebody decides today.
    fn reviews(&self, look: &Look<'_>) -> Vec<Decided> {
        let Some(after) = look.registered.fate.resolves_after else { return Vec::new() };
        let open = look.view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
        // By kind: ids differ from run to run.
        let mut ripe: Vec<_> = open
            .filter(|review| {
                let since = self.reviews.get(&review.id).map_or(look.minute, |(_, since)| *since);
                look.minute.saturating_sub(since) >= after
            })
            .collect();
        ripe.sort_by_key(|review| review.kind);
        let reason = text("demo.text.review", self.language).to_owned();
        ripe.truncate(1);
        ripe.iter()
            .map(|review| {
                let command =
                    Command::ResolveReview { review: review.id, choice: review.default, reason: reason.clone() };
                decision(look, "chief", command)
            })
            .collect()
    }

    /// What comes up becomes commands.
    fn follow(&self, setting: &Setting, look: &Look<'_>, whim: Whim) -> Result<Vec<Decided>, Trouble> {
        let say = |key| text(key, self.language).to_owned();
        let mut random = look.random.clone();
        let later = |random: &mut Random| window(setting.clock.at(look.minute.saturating_add(random.between(45, 150))));
        let customer = || self.customer(&setting.company, look.registered);
        let mut reschedule = |who, confirmed: bool| -> Result<Decided, Trouble> {
            let window = later(&mut random);
            let customer = if confirmed { Some(customer()?) } else { None };
            let reason = Some(say("demo.text.reschedule"));
            Ok(decision(look, who, Command::Reschedule { window, confirmed, customer, reason }))
        };
        Ok(match whim {
            Whim::Nothing => Vec::new(),
            Whim::Note => vec![decision(look, "clerk", Command::Note { text: say("demo.text.urged") })],
            Whim::Reschedule { confirmed } => vec![reschedule("clerk", confirmed)?],
            Whim::TwoClerks { confirmed } => vec![reschedule("clerk", confirmed)?, reschedule("clerk2", confirmed)?],
            Whim::Reassign => {
                let other = self.other_technician(&setting.company, look);
                let reason = Some(say("demo.text.reassign"));
                let command = other.map(|technician| Command::Assign {
                    technician,
                    skipped: Vec::new(),
                    turn: None,
                    reason,
                    skill: SkillMatch::Fits,
                });
                command.map(|command| decision(look, "dispatch", command)).into_iter().collect()
            }
            Whim::Cancel => {
                let reasons = &crate::demo::names::lists().cancel_reasons;
                let reason = look.random.clone().pick(reasons).in_language(self.language.code()).to_owned();
                vec![decision(look, "dispatch", Command::Cancel { reason })]
            }
        })
    }

    fn customer(&self, company: &Company, registered: &Registered) -> Result<CustomerPerson, Trouble> {
        let order = company.orders.get(registered.position).ok_or("there is no such order")?;
        let customer = company.customers.get(order.customer).ok_or("there is no such customer")?;
        let relation = text("demo.text.relation", self.language).to_owned();
        Ok(CustomerPerson { name: customer.contact.clone(), relation, channel: Channel::Phone })
    }

    /// Somebody else with the skill.
    fn other_technician(&self, company: &Company, look: &Look<'_>) -> Option<PersonId> {
        let skill = look.view.request.as_ref()?.skill.clone()?;
        let refused = |person: PersonId| {
            let refused = look.view.assignments.iter().filter(|one| one.facet == AssignmentFacet::Refused);
            refused.map(|assignment| assignment.technician).any(|technician| technician == person)
        };
        let fit: Vec<PersonId> = company
            .technicians()
            .filter(|technician| technician.skills.contains(&skill))
            .map(|technician| technician.id)
            .filter(|technician| look.view.technician() != Some(*technician) && !refused(*technician))
            .collect();
        (!fit.is_empty()).then(|| *look.random.clone().pick(&fit))
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

    /// Unfinished in the morning: the rotation's next goes there on the same day.
    async fn send_again(
        &self,
        setting: &Setting,
        minute: i64,
        views: &[Arc<OrderView>],
        acts: &mut Vec<Act>,
    ) -> Result<(), Trouble> {
        let dispatcher = self.person("dispatch")?;
        for (registered, view) in self.orders.iter().zip(views) {
            let since = minute.saturating_sub(setting.clock.minute_of(view.updated));
            let again = registered.fate.closes && view.state == OrderState::Unfinished;
            if !again || minute >= TODAY_UNTIL || since < 15 {
                continue;
            }
            let (document, clock) = (registered.document, setting.clock.clone());
            let reason = Some(text("demo.text.again", self.language).to_owned());
            let job = move |writer: &mut Writer| {
                clock.step();
                dispatch_order(writer, document, dispatcher, &DispatchChoice { reason, ..DispatchChoice::default() })
            };
            match setting.office.committer.run(job).await {
                Ok(_) => acts.push(Act::new(minute, "dispatch", "dispatch", &registered.serial)),
                Err(CommitError::Refused(refusal)) => {
                    let what = format!("dispatch refused: {}", refusal.code);
                    acts.push(Act::new(minute, "dispatch", &what, &registered.serial));
                }
                // Everybody is out: at the next look.
                Err(CommitError::Invalid { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Calls some of the customers whose work is done.
    async fn call_back(&mut self, setting: &Setting, minute: i64, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let clerk = self.person("clerk2")?;
        let due = setting.office.committer.run(|writer| records::page(writer, Filter::Due, None, 200)).await?;
        let mut due: BTreeMap<DocumentId, i64> = due
            .items
            .into_iter()
            .map(|(order, callback)| (order, setting.clock.minute_of(callback.completion.at)))
            .collect();
        for registered in &self.orders {
            let Some(completed) = due.remove(&registered.document) else { continue };
            let mut random = self.random.fork(&format!("callback {} {minute}", registered.position));
            if minute.saturating_sub(completed) < 60
                || self.called.contains(&registered.document)
                || random.chance(1, 2)
            {
                continue;
            }
            self.called.insert(registered.document);
            let answer = match random.below(10) {
                0 => Answer::Reached(Outcome::Redo),
                1 => Answer::Reached(Outcome::Complaint),
                2 => Answer::Reached(Outcome::Refill),
                3 => Answer::NoAnswer,
                _ => Answer::Reached(Outcome::Ok),
            };
            let (document, clock) = (registered.document, setting.clock.clone());
            let job = move |writer: &mut Writer| {
                clock.step();
                let call = Call { answer, note: None, by: clerk, at: clock.time() };
                records::call(writer, document, call)
            };
            setting.office.committer.run(job).await?;
            let what = match answer {
                Answer::Reached(outcome) => format!("callback: {}", outcome.code()),
                Answer::NoAnswer => "callback: no_answer".to_owned(),
            };
            acts.push(Act::new(minute, "clerk2", &what, &registered.serial));
        }
        Ok(())
    }
}

fn decision(look: &Look<'_>, who: &'static str, command: Command) -> Decided {
    Decided { who, order: look.registered.clone(), frontier: look.frontier(), command }
}

fn frontier(view: &OrderView) -> Vec<FactRef> {
    view.frontier.iter().map(docket_sync_core::ids::FactId::reference).collect()
}

/// Two hours from a time on.
fn window(from: UnixMillis) -> Window {
    Window { from, to: from.plus(2 * HOUR) }
}

fn call(company: &Company, order: &DayOrder) -> Result<NewCall, Trouble> {
    let customer = company.customers.get(order.customer).ok_or("there is no such customer")?;
    let unit = customer.units.get(order.unit).ok_or("there is no such unit")?;
    Ok(NewCall {
        customer: OnFile::Known(customer.id),
        site: OnFile::Known(customer.site),
        unit: Some(OnFile::Known(unit.id)),
        channel: order.channel,
        class: order.class,
        urgency: order.urgency,
        problem: order.problem.clone(),
        skill: Some(order.skill.clone()),
        origin: None,
    })
}
