//! A company in one thread: an office, phones, the wire between them, and what happens to them.
//!
//! Invariant: everything that varies comes from the seed and the luck of the actions, so that a list of actions
//! does the same whenever and wherever it is run.

use std::collections::BTreeSet;
use std::sync::Arc;

use docket_client::enrolment::{EnrolledAt, accept, request};
use docket_client::replica::ReplicaError;
use docket_server::auth::people::NewPerson;
use docket_server::feed::enrol;
use docket_sync_core::facts::{Ledger as Receipts, Role, SCHEMA_LEVEL};
use docket_sync_core::ids::{DocumentId, PersonId, RecordId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::policy::{DEFAULT_JSON, ServicePolicy};
use docket_sync_core::reference::{Language, PolicyRecord};

use super::coverage::Coverage;
use super::faults::Fault;
use super::ledger::{FactName, Ledger};
use super::network::Wire;
use super::office::{OfficeSide, at_once};
use super::phone::{Phone, states};
use super::{Violation, checks, hostile, invariants};
use crate::random::Random;
use crate::world::device::Blank;
use crate::world::{Device, Trouble};

/// Technicians; the last one's phone is in the wrong hands, too.
const TECHNICIANS: usize = 3;
/// Numbers of receipts that a phone gets at first: so few that it needs more soon.
const NUMBERS: u64 = 4;

/// A simulated company.
pub(super) struct Company {
    pub(super) office: OfficeSide,
    pub(super) phones: Vec<Phone>,
    pub(super) technicians: Vec<PersonId>,
    /// People at the office with their roles.
    pub(super) people: Vec<(PersonId, Vec<Role>)>,
    pub(super) orders: Vec<DocumentId>,
    /// A customer and his site, as the office has them on file.
    pub(super) site: Option<(RecordId, RecordId)>,
    /// What people at the office have on their screens.
    pub(super) pages: Vec<(DocumentId, OrderView)>,
    pub(super) wire: Wire,
    pub(super) ledger: Ledger,
    pub(super) coverage: Coverage,
    /// Bytes of all messages, both ways.
    pub(super) bytes: usize,
    /// Steps for which the office still runs a program of the level before.
    pub(super) older_for: u64,
    /// Whether it is summer time, and the version of the policy that says so.
    pub(super) is_summer: bool,
    pub(super) policy_version: u32,
    seed: u64,
    enrolled: u64,
    crashes: u64,
}

impl Company {
    /// Opens a company: an office with people, technicians with phones, an order for each.
    pub(super) fn open(seed: u64) -> Result<Self, Trouble> {
        let office = OfficeSide::new(seed)?;
        let mut company = Self {
            office,
            phones: Vec::new(),
            technicians: Vec::new(),
            people: Vec::new(),
            orders: Vec::new(),
            site: None,
            pages: Vec::new(),
            wire: Wire::default(),
            ledger: Ledger::default(),
            coverage: Coverage::default(),
            bytes: 0,
            older_for: 0,
            is_summer: false,
            policy_version: 1,
            seed,
            enrolled: 0,
            crashes: 0,
        };
        let policy = ServicePolicy::from_json(DEFAULT_JSON.as_bytes())?;
        company.policy_version = policy.version;
        let record = PolicyRecord { version: policy.version, json: DEFAULT_JSON.as_bytes().to_vec() };
        company.office.run(move |writer| writer.write_company("清风", record, None))?;
        let roles: [&[Role]; 7] = [
            &[Role::Clerk, Role::Dispatcher, Role::Supervisor],
            &[Role::Clerk],
            &[Role::Dispatcher],
            &[Role::Quality],
            &[Role::Accountant],
            &[Role::Storekeeper, Role::CallbackAgent],
            &[Role::Supervisor],
        ];
        for roles in roles {
            let person = company.person(roles)?;
            company.people.push((person, roles.to_vec()));
        }
        for number in 0..TECHNICIANS {
            let person = company.person(&[Role::Technician])?;
            company.technicians.push(person);
            let device = company.enrol(person)?;
            company.phones.push(Phone::new(device, number + 1 == TECHNICIANS));
        }
        for number in 0..TECHNICIANS {
            company.call(number)?;
            company.assign(number)?;
        }
        let first = company.orders.first().copied().ok_or("an order")?;
        company.site = company.view(first)?.request.as_ref().map(|request| (request.customer, request.site));
        company.back_up_the_office()?;
        for phone in 0..TECHNICIANS {
            company.sync(phone)?;
        }
        Ok(company)
    }

    fn person(&mut self, roles: &[Role]) -> Result<PersonId, Trouble> {
        let number = self.people.len().saturating_add(self.technicians.len());
        let (login, name) = (format!("p{number}"), format!("员工 {number}"));
        let new = NewPerson::new(&login, &name, roles.iter().copied(), ["aircon"], Language::Zh)?;
        Ok(self.office.run(move |writer| writer.add_person(new, None, None))?.id)
    }

    /// Enrols a new phone for `person`, with numbers of receipts.
    pub(super) fn enrol(&mut self, person: PersonId) -> Result<Device, Trouble> {
        let by = self.people.first().map_or(person, |(clerk, _)| *clerk);
        let (code, _) = self.office.run(move |writer| writer.new_enrolment_code(person, by))?;
        self.enrolled = self.enrolled.saturating_add(1);
        let luck = self.seed.wrapping_mul(1_000_003).wrapping_add(self.enrolled);
        let blank = Blank::new(self.office.now(), luck);
        let platform = blank.platform();
        let mut store = blank.disk.open()?;
        let wish = request(&store, &platform, &code.reveal())?;
        let answer = at_once(enrol::enrol(&self.office.office, wish))?.map_err(|error| format!("{error:?}"))?;
        let at = EnrolledAt { server: "http://127.0.0.1".to_owned(), fingerprint: None };
        accept(&mut store, &platform, &answer, at)?;
        let device = blank.enrolled(store, person)?;
        let id = device.client.replica().identity().device;
        self.office.run(move |writer| {
            for ledger in Receipts::ALL {
                writer.issue_block(id, *ledger, NUMBERS, None)?;
            }
            Ok(())
        })?;
        Ok(device)
    }

    /// A phone; a number beyond the last begins again at the first.
    pub(super) fn phone(&mut self, index: usize) -> &mut Phone {
        let index = self.number(index);
        self.phones.get_mut(index).unwrap_or_else(|| unreachable!("a company has phones"))
    }

    /// The number of the phone that an index means.
    pub(super) fn number(&self, index: usize) -> usize {
        index.checked_rem(self.phones.len()).unwrap_or(0)
    }

    /// A copy of a phone works on beside it, with luck of its own.
    pub(super) fn clone_phone(&mut self, index: usize) -> Result<(), Trouble> {
        self.enrolled = self.enrolled.saturating_add(1);
        let luck = self.seed.wrapping_mul(1_000_003).wrapping_add(self.enrolled);
        let phone = self.phone(index);
        phone.is_doubled = true;
        let mut twin = Phone::new(phone.device.cloned(luck)?, phone.is_rogue);
        twin.waiting.clone_from(&phone.waiting);
        twin.read.clone_from(&phone.read);
        (twin.is_doubled, twin.is_twin, twin.is_revoked) = (true, true, phone.is_revoked);
        self.phones.push(twin);
        Ok(())
    }

    /// Whether another phone is a copy of this one, or it is a copy itself.
    pub(super) fn is_cloned(&self, index: usize) -> bool {
        let id = self.phones.get(self.number(index)).map(Phone::id);
        self.phones.iter().filter(|phone| Some(phone.id()) == id).count() > 1
    }

    /// A phone goes back to its backup; what it alone had since is gone with it.
    pub(super) fn restore_phone(&mut self, index: usize) -> Result<bool, Trouble> {
        if !self.phone(index).go_back()? {
            return Ok(false);
        }
        self.look_at_the_journal(index)?;
        let held = self.held()?;
        self.ledger.forget_except(&held);
        Ok(true)
    }

    /// Everything that some phone holds.
    pub(super) fn held(&self) -> Result<BTreeSet<FactName>, Trouble> {
        let mut held = BTreeSet::new();
        for phone in &self.phones {
            held.extend(phone.holds()?);
        }
        Ok(held)
    }

    /// The planned failure of a phone's disk: it starts again on what was durable.
    pub(super) fn phone_crashed(&mut self, index: usize) -> Result<(), Trouble> {
        self.coverage.fault(Fault::PhoneCrash);
        self.phone(index).restart()?;
        checks::what_is_acknowledged_is_durable(self, index)?;
        self.look_at_the_journal(index)
    }

    /// What waits on a phone after it started again: it may be more than it knew, never less.
    pub(super) fn look_at_the_journal(&mut self, index: usize) -> Result<(), Trouble> {
        let number = self.number(index);
        let Some(phone) = self.phones.get_mut(number) else { return Ok(()) };
        phone.waiting.clear();
        let entries: Vec<_> = phone.device.client.replica().journal().cloned().collect();
        for entry in entries {
            let (document, id) = (entry.document, entry.id());
            let shown = match phone.device.client.show(document) {
                Ok(shown) => shown,
                Err(ReplicaError::NoDocument(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let refused = shown.refused.iter().map(|refused| &refused.fact);
            for fact in shown.facts.iter().chain(refused).filter(|fact| states(&entry, fact)) {
                phone.waiting.insert(id, (document, fact.digest));
                // Stated by a command that did not live to say so.
                if !hostile::is_forbidden(fact) {
                    self.ledger.state(document, fact);
                }
            }
        }
        Ok(())
    }

    /// The office's disk failed, and the process with it; mostly the machine lost power, too.
    pub(super) fn office_crashed(&mut self) -> Result<(), Trouble> {
        if !self.office.power_goes {
            self.coverage.fault(Fault::OfficeCrash);
        }
        self.crashes = self.crashes.wrapping_add(1);
        let luck = Random::from_seed(self.seed ^ self.crashes.rotate_left(32)).next_u64();
        if luck & 3 != 0 || self.office.power_goes {
            return self.lose_power(luck);
        }
        self.office.start()?;
        self.came_back()
    }

    /// The office lost power: `luck` says what of all that was not durable had reached the disk.
    pub(super) fn lose_power(&mut self, luck: u64) -> Result<(), Trouble> {
        if self.office.lose_power(luck)? {
            self.coverage.fault(Fault::LostWrites);
        }
        self.came_back()
    }

    fn came_back(&mut self) -> Result<(), Trouble> {
        checks::nothing_that_left_is_gone(self)?;
        self.ledger.follow(&self.office)?;
        checks::what_is_refused_lies_whole(self)
    }

    /// Something was refused for want of room.
    pub(super) fn found_no_room(&mut self) {
        if self.office.is_full {
            self.coverage.fault(Fault::FullDisk);
        }
    }

    /// The office takes a backup.
    pub(super) fn back_up_the_office(&mut self) -> Result<(), Trouble> {
        self.ledger.follow(&self.office)?;
        self.office.back_up();
        self.ledger.backed_up();
        Ok(())
    }

    /// The office goes back to its backup.
    pub(super) fn office_goes_back(&mut self, renews_epoch: bool) -> Result<(), Trouble> {
        if !self.office.has_backup() {
            return Ok(());
        }
        for index in 0..self.phones.len() {
            self.look_at_the_journal(index)?;
            self.phone(index).hang_up();
        }
        let held = self.held()?;
        self.office.go_back(renews_epoch)?;
        self.ledger.office_was_rolled_back |= !renews_epoch;
        self.pages.clear();
        self.ledger.went_back(&self.office, &held)?;
        self.orders = self.orders_at_the_office()?;
        let end = self.ledger.read;
        for phone in self.phones.iter_mut().filter(|_| !renews_epoch) {
            let stands_before = phone.device.client.replica().cursor().is_some_and(|cursor| cursor.number <= end);
            phone.is_ahead |= stands_before && phone.own.values().any(|own| own.number > end);
        }
        Ok(())
    }

    /// An order as the office shows it.
    pub(super) fn view(&self, order: DocumentId) -> Result<Arc<OrderView>, Trouble> {
        Ok(self.office.run(move |writer| writer.current_view(order))?)
    }

    /// All that the office knows of an order: the order's own facts and those of its books.
    pub(super) fn both(&self, order: DocumentId) -> Result<FactSet, Trouble> {
        Ok(self.office.run(move |writer| writer.both(order))?)
    }

    /// An order as the office shows it, without what it knows alone; `field` are the order's own facts.
    pub(super) fn view_of_field(&self, order: DocumentId, field: &FactSet) -> Result<Arc<OrderView>, Trouble> {
        let is_all = self.both(order)?.len() == field.len();
        if is_all { self.view(order) } else { Ok(Arc::new(fold(field))) }
    }

    /// What must hold of an order is checked wherever facts were added.
    pub(super) fn look_at_what_changed(&mut self) -> Result<(), Trouble> {
        // What an older program shows of newer facts is no matter: it is looked at after the upgrade.
        if self.office.is_older() {
            return Ok(());
        }
        let mut touched = BTreeSet::new();
        for document in std::mem::take(&mut self.ledger.touched) {
            touched.extend(self.order_of(document)?);
        }
        for order in touched {
            invariants::of_an_order(self, order)?;
        }
        Ok(())
    }

    /// A step of an office that runs an older program: at the end of its time it is upgraded.
    pub(super) fn count_older(&mut self) -> Result<(), Trouble> {
        if !self.office.is_older() {
            return Ok(());
        }
        match self.older_for.checked_sub(1) {
            Some(left) => self.older_for = left,
            None => self.run_level(SCHEMA_LEVEL)?,
        }
        Ok(())
    }

    /// The office stops its program and starts one of this level.
    pub(super) fn run_level(&mut self, level: u8) -> Result<(), Trouble> {
        self.office.level = level;
        self.ledger.shown.clear();
        self.pages.clear();
        self.office.start()?;
        self.ledger.follow(&self.office)
    }

    /// Something that must hold does not.
    pub(super) fn broken<T>(&self, rule: &'static str, told: String) -> Result<T, Trouble> {
        Err(Violation::new(rule, told).into())
    }
}
