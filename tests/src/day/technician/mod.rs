//! A technician at work: what he does depends on his seed and on what his device shows him, on nothing else.

mod steps;

use std::collections::BTreeSet;

use docket_client::client::{ExecuteError, Shown};
use docket_client::orders::OrderRow;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{ServiceClass, Urgency};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::lifecycle::view::{AssignmentFacet, OrderState, OrderView, Visit, VisitState};
use docket_sync_core::reference::Language;

use super::Trouble;
use super::acts::Act;
use super::clock::DayClock;
use super::device::{Carrier, Device};
use super::network::{self, Signal};
use super::setting::Codes;
use super::visit::{Known, Plan, Step};
use crate::demo::names;
use crate::random::Random;

/// The last minute at which a visit begins: ten hours after the day's beginning.
pub const LAST_START: i64 = 570;

/// Minutes between two looks at a contested order, and looks before he leaves.
const CONTESTED_PAUSE: i64 = 12;
const CONTESTED_LOOKS_MAX: u32 = 4;

/// A technician.
pub struct Technician {
    /// His login, as acts name him.
    pub login: String,
    /// Who he is.
    pub person: PersonId,
    /// His device.
    pub device: Device,
    /// Facts that he made while there was no signal.
    pub offline_facts: u64,
    clock: DayClock,
    language: Language,
    currency: String,
    codes: Codes,
    /// To whom he hands in cash.
    cashier: PersonId,
    /// What he draws as he goes; what belongs to one order is a fork of `plans`.
    random: Random,
    plans: Random,
    network: Random,
    signal: Signal,
    work: Option<Work>,
    /// Orders that he will not look at again today.
    left: BTreeSet<DocumentId>,
    next_act: i64,
    next_sync: i64,
    has_news: bool,
}

/// What he is at.
struct Work {
    order: DocumentId,
    serial: String,
    plan: Plan,
    /// He knows that it was cancelled, and works on because the customer wants it.
    insists: bool,
    contested: u32,
}

/// Why he stops.
enum Stop {
    /// It was cancelled, taken from him, or done by somebody else.
    CalledOff(&'static str),
    /// It is not clear whether it was: he asks the customer and waits.
    Contested,
}

impl Technician {
    /// A technician at the beginning of his day. `random` is his own.
    #[must_use]
    pub fn new(
        (login, person): (String, PersonId),
        device: Device,
        clock: DayClock,
        (language, currency): (Language, String),
        (codes, cashier): (Codes, PersonId),
        random: &Random,
        signal: Signal,
    ) -> Self {
        let mut own = random.fork("acts");
        let network = random.fork("network");
        Self {
            login,
            person,
            device,
            offline_facts: 0,
            clock,
            language,
            currency,
            codes,
            cashier,
            next_act: own.between(0, 8),
            next_sync: own.between(0, 3),
            random: own,
            plans: random.fork("plans"),
            network,
            signal,
            work: None,
            left: BTreeSet::new(),
            has_news: true,
        }
    }

    /// Whether he is on an order.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.work.is_some()
    }

    /// Whether he has a signal.
    #[must_use]
    pub fn has_signal(&self, minute: i64) -> bool {
        self.signal.is_there(minute)
    }

    /// Does what is to be done at this minute, on the device alone.
    ///
    /// # Errors
    /// When the device fails.
    pub fn act(&mut self, minute: i64) -> Result<Vec<Act>, Trouble> {
        if minute < self.next_act {
            return Ok(Vec::new());
        }
        let (facts, mut acts) = (self.facts_made(), Vec::new());
        match self.work.take() {
            Some(work) => self.go_on(work, minute, &mut acts)?,
            None => self.look_for_work(minute)?,
        }
        if !self.has_signal(minute) {
            self.offline_facts = self.offline_facts.saturating_add(self.facts_made().saturating_sub(facts));
        }
        Ok(acts)
    }

    /// Syncs, when it is time.
    ///
    /// # Errors
    /// When the device or the server fails; a broken line is no failure.
    pub async fn sync(&mut self, minute: i64) -> Result<(), Trouble> {
        if minute < self.next_sync {
            return Ok(());
        }
        // Drawn before anything depends on the line.
        let tries = network::tries(&mut self.network);
        let idle = self.work.is_none();
        let pause = if idle { self.network.between(4, 9) } else { self.network.between(12, 28) };
        let live = idle && self.network.chance(1, 3);
        self.next_sync = minute.saturating_add(pause);
        if !self.has_signal(minute) {
            self.next_sync = minute.saturating_add(10);
            return self.device.try_without_signal().await;
        }
        self.device.sync(&tries, if live { Carrier::Live } else { Carrier::Post }).await?;
        self.device.send_files().await?;
        self.has_news = true;
        Ok(())
    }

    fn facts_made(&self) -> u64 {
        u64::try_from(self.device.client.replica().journal().count()).unwrap_or(0)
    }

    /// Takes an order that his device shows as his.
    fn look_for_work(&mut self, minute: i64) -> Result<(), Trouble> {
        self.next_act = minute.saturating_add(1);
        if !std::mem::take(&mut self.has_news) || minute > LAST_START {
            return Ok(());
        }
        let rows = self.device.client.list()?;
        let mine = rows.iter().filter(|(id, row)| self.is_mine(row) && !self.left.contains(id));
        // What is dangerous first, then in the order of the register.
        let rank = |row: &OrderRow| match row.urgency {
            Some(Urgency::Hazard) => 0,
            Some(Urgency::Urgent) => 1,
            Some(Urgency::Normal) | None => 2,
        };
        let Some((order, row)) = mine.min_by_key(|(_, row)| (rank(row), row.serial.clone())) else { return Ok(()) };
        let view = self.device.client.show(*order)?.view;
        let skill = view.request.as_ref().and_then(|request| request.skill.as_deref()).unwrap_or_default();
        let trade = names::trade(skill).or_else(|| names::lists().trades.first()).ok_or("there are no trades")?;
        let serial = row.serial.clone().unwrap_or_default();
        let mut random = self.plans.fork(&format!("{serial} {}", view.visits.len()));
        let chargeable = row.class == Some(ServiceClass::Chargeable);
        let known = Known { language: self.language, currency: &self.currency, trade, chargeable };
        let mut plan = Plan::draw(&mut random, known);
        // He does not ring before the time that was agreed.
        let agreed = row.appointment.filter(|_| row.confirmed).map(|window| self.clock.minute_of(window.from));
        if let Some(early) = agreed.map(|agreed| agreed.saturating_sub(minute).saturating_sub(40)) {
            plan.set_out_later(early.clamp(0, 240));
        }
        self.next_act = minute.saturating_add(plan.pause().unwrap_or(1));
        self.work = Some(Work { order: *order, serial, plan, insists: false, contested: 0 });
        Ok(())
    }

    fn is_mine(&self, row: &OrderRow) -> bool {
        let waits = matches!(
            row.assignment,
            Some(AssignmentFacet::Pending | AssignmentFacet::Seen | AssignmentFacet::Accepted)
        );
        row.technician == Some(self.person) && row.state == OrderState::Dispatched && waits && !row.evicted
    }

    /// The next step of the order he is at.
    fn go_on(&mut self, mut work: Work, minute: i64, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let shown = self.device.client.show(work.order)?;
        if !work.insists
            && let Some(stop) = stop(&shown.view, self.person)
        {
            return self.stopped(work, &shown, &stop, minute, acts);
        }
        let Some(step) = work.plan.take() else { return Ok(()) };
        let what = match self.take(&shown, &step)? {
            Ok(()) => step.code().to_owned(),
            Err(refusal) => format!("{} refused: {refusal}", step.code()),
        };
        let refused = what.contains("refused: ");
        acts.push(Act::new(minute, &self.login, &what, &work.serial));
        if matches!(step, Step::Accept | Step::Arrive | Step::Done(_) | Step::Unfinished(..))
            && self.random.chance(1, 2)
        {
            self.next_sync = minute;
        }
        match work.plan.pause().filter(|_| !refused) {
            Some(pause) => {
                self.next_act = minute.saturating_add(pause);
                self.work = Some(work);
            }
            None => self.come_back(work.order, minute, refused),
        }
        Ok(())
    }

    fn come_back(&mut self, order: DocumentId, minute: i64, leave: bool) {
        if leave {
            self.left.insert(order);
        }
        self.has_news = true;
        self.next_sync = minute;
        self.next_act = minute.saturating_add(1);
    }

    /// Somebody decided otherwise meanwhile.
    fn stopped(
        &mut self,
        mut work: Work,
        shown: &Shown,
        stop: &Stop,
        minute: i64,
        acts: &mut Vec<Act>,
    ) -> Result<(), Trouble> {
        let at_work = own_visit(&shown.view, self.person).filter(|visit| visit.state != VisitState::Ended);
        let reason = match stop {
            Stop::Contested => {
                work.contested = work.contested.saturating_add(1);
                if work.contested <= CONTESTED_LOOKS_MAX {
                    self.next_act = minute.saturating_add(CONTESTED_PAUSE);
                    self.next_sync = self.next_sync.min(minute.saturating_add(1));
                    self.work = Some(work);
                    return Ok(());
                }
                "contested"
            }
            Stop::CalledOff(reason) => reason,
        };
        let on_site = at_work.is_some_and(|visit| visit.started.is_some());
        if on_site && reason == "cancelled" && self.plans.fork(&format!("insists {}", work.serial)).chance(1, 3) {
            // The customer wants it all the same.
            work.insists = true;
            acts.push(Act::new(minute, &self.login, "insists", &work.serial));
            self.next_act = minute.saturating_add(1);
            self.work = Some(work);
            return Ok(());
        }
        if let Some(visit) = at_work {
            let end = Command::End { visit: visit.id.reference() };
            self.clock.step();
            match self.device.client.execute(shown, &end) {
                Ok(_) | Err(ExecuteError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        acts.push(Act::new(minute, &self.login, &format!("stops: {reason}"), &work.serial));
        self.come_back(work.order, minute, reason == "contested");
        Ok(())
    }
}

/// His visit: the one under way, or else his last.
fn own_visit(view: &OrderView, person: PersonId) -> Option<&Visit> {
    let mine = || view.visits.iter().filter(|visit| visit.technician == person);
    mine().find(|visit| visit.state != VisitState::Ended).or_else(|| mine().next_back())
}

/// Whether what he sees keeps him from going on.
#[expect(clippy::wildcard_enum_match_arm, reason = "the arms name every state that can stop him")]
fn stop(view: &OrderView, person: PersonId) -> Option<Stop> {
    let visit = own_visit(view, person);
    if visit.is_some_and(|visit| visit.outcome.is_some()) {
        // The work is done: the customer may still sign.
        return None;
    }
    let there = visit.is_some_and(|visit| visit.arrived.is_some());
    match view.state {
        OrderState::CancelContested => Some(Stop::Contested),
        OrderState::Cancelled | OrderState::Terminated => Some(Stop::CalledOff("cancelled")),
        OrderState::Completed | OrderState::Returned | OrderState::Closed => Some(Stop::CalledOff("done")),
        _ if !there && view.technician() != Some(person) => Some(Stop::CalledOff("reassigned")),
        _ => None,
    }
}
