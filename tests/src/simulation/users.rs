//! Random but legal users: technicians and people at the office, who use what is offered to them.

use docket_client::client::{Executed, Shown};
use docket_server::commit::{CommitError, Tables};
use docket_server::intake::register::{NewCall, NewConfirmation, NewCustomer, OnFile};
use docket_server::store::{KeyRange, Store, Table};
use docket_sync_core::commands::{Act, Command, CommandCode, Context, SkillMatch, offered};
use docket_sync_core::facts::bodies::{CreateEmergencyOrder, Decline};
use docket_sync_core::facts::values::{Channel, EmergencyBasis, ServiceClass, Urgency};
use docket_sync_core::facts::{Fact, Ledger, Role};
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::lifecycle::view::OrderView;

use super::company::Company;
use super::phone::IsCrash;
use super::{acts, checks, phone, technician};
use crate::random::Random;
use crate::world::Trouble;

impl Company {
    /// A technician opens an order and leaves it open.
    pub(super) fn open_page(&mut self, index: usize, random: &mut Random) -> Result<(), Trouble> {
        if let Some(shown) = self.some_order(index, random)? {
            self.phone(index).page = Some(shown);
        }
        Ok(())
    }

    fn some_order(&mut self, index: usize, random: &mut Random) -> Result<Option<Shown>, Trouble> {
        let phone = self.phone(index);
        let orders = phone.own_orders()?;
        let Some(order) = orders.get(random.position(orders.len())) else { return Ok(None) };
        Ok(Some(phone.device.show(*order)?))
    }

    /// A technician does something that his phone offers; on the page that he left open, or on an order as it is.
    pub(super) fn work(&mut self, index: usize, is_on_page: bool, random: &mut Random) -> Result<(), Trouble> {
        if !is_on_page && random.chance(1, 50) {
            return self.emergency(index, random);
        }
        let page = self.phone(index).page.clone().filter(|_| is_on_page);
        let shown = match page {
            Some(page) => Some(page),
            None => self.some_order(index, random)?,
        };
        let Some(shown) = shown else { return Ok(()) };
        let mut town = self.town();
        let phone = self.phone(index);
        if random.chance(1, 30) {
            // A slip of paper is spoiled: its number is void, or the next receipt is written on it.
            match phone.device.client.replica_mut().take_number(*random.pick(Ledger::ALL)) {
                Ok(_) => {}
                Err(error) if error.is_crash() => return self.phone_crashed(index),
                Err(error) => return Err(error.into()),
            }
        }
        for ledger in Ledger::ALL {
            let open = phone.device.client.replica().numbers(*ledger)?.open;
            town.spoiled.extend(open.into_iter().map(|number| (*ledger, number)));
        }
        let offered = phone.device.client.offered(&shown)?;
        let Some(code) = technician::one_of(random, offered) else { return Ok(()) };
        let done = match code {
            CommandCode::Sign => technician::sign(phone, &shown),
            CommandCode::PrintVoucher => technician::print(phone, &shown),
            _ => technician::act(phone, &shown, code, &town, random),
        };
        self.did(index, &shown, done)
    }

    /// Repair first, paper after: a technician begins an order on site (C-045).
    fn emergency(&mut self, index: usize, random: &mut Random) -> Result<(), Trouble> {
        let phone = self.phone(index);
        let id = DocumentId::new(phone.device.client.replica().time().claimed, random.bytes());
        let facts = FactSet::new(id);
        let shown = Shown::of(id, facts);
        let body = CreateEmergencyOrder {
            basis: *random.pick(EmergencyBasis::ALL),
            problem: "漏水".to_owned(),
            contact: "门卫 老王".to_owned(),
            customer: None,
            site: None,
            unit: None,
        };
        let done = phone.device.client.execute(&shown, &Command::State(Box::new(Act::new(body)))).map(Some);
        self.did(index, &shown, done)
    }

    fn did(&mut self, index: usize, shown: &Shown, done: technician::Done) -> Result<(), Trouble> {
        match done {
            Ok(Some(executed)) => self.stated(index, shown, &executed),
            Ok(None) => Ok(()),
            Err(error) if error.is_crash() => self.phone_crashed(index),
            Err(docket_client::client::ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A phone stated a fact: it is durable, shown, and says what its author was shown.
    fn stated(&mut self, index: usize, shown: &Shown, executed: &Executed) -> Result<(), Trouble> {
        let replica = self.phone(index).device.client.replica();
        let entry = replica.journal().filter(|entry| entry.document == shown.id && entry.id() == executed.fact).last();
        let is_this = |fact: &&Fact| entry.is_some_and(|entry| phone::states(entry, fact));
        let Some(fact) = executed.order.facts.under(executed.fact).find(is_this) else {
            return self.broken("what_was_stated_is_shown", format!("{:?} of {}", executed.fact, shown.id));
        };
        self.ledger.state(shown.id, fact);
        self.phone(index).waiting.insert(fact.id, (shown.id, fact.digest));
        self.phone(index).device.clock.pass(1_000);
        checks::a_fact_says_what_its_author_was_shown(self, shown, fact)?;
        checks::a_signature_covers_what_was_shown(self, index, shown, fact)
    }

    /// Somebody at the office opens an order and leaves it open.
    pub(super) fn read(&mut self, random: &mut Random) -> Result<(), Trouble> {
        let Some(order) = self.orders.get(random.position(self.orders.len())).copied() else { return Ok(()) };
        let view = self.view(order)?;
        if self.pages.len() == 6 {
            self.pages.remove(0);
        }
        self.pages.push((order, OrderView::clone(&view)));
        Ok(())
    }

    /// Somebody at the office does something on one of the pages that are open.
    pub(super) fn desk(&mut self, random: &mut Random) -> Result<(), Trouble> {
        if self.pages.is_empty() {
            self.read(random)?;
        }
        if random.chance(1, 5)
            && let Some((order, page, person, code)) = self.waited_for()?
        {
            return self.at_the_desk(order, &page, person, code, random);
        }
        let Some((order, page)) = self.pages.get(random.position(self.pages.len())).cloned() else { return Ok(()) };
        let (person, roles) = random.pick(&self.people).clone();
        let page = if random.chance(1, 3) { OrderView::clone(&*self.view(order)?) } else { page };
        let mut codes = offered(&page, &Context::new(person, &roles));
        codes.retain(|code| code.act().is_none_or(|kind| kind.level() <= self.office.level));
        let Some(code) = technician::one_of(random, codes) else { return Ok(()) };
        self.at_the_desk(order, &page, person, code, random)
    }

    fn at_the_desk(
        &mut self,
        order: DocumentId,
        page: &OrderView,
        person: PersonId,
        code: CommandCode,
        random: &mut Random,
    ) -> Result<(), Trouble> {
        let facts = checks::facts_at_office(self, order)?;
        let hand = acts::Hand { view: page, facts: &facts, person, town: &self.town() };
        let Some(command) = hand.command(random, code) else { return Ok(()) };
        self.office_acts(order, person, page, command)
    }

    /// What waits for one person of the office alone: it is done by him sooner than by chance.
    fn waited_for(&self) -> Result<Option<(DocumentId, OrderView, PersonId, CommandCode)>, Trouble> {
        use CommandCode as C;
        for order in &self.orders {
            let page = self.view(*order)?;
            for (person, roles) in self.people.iter().rev() {
                let codes = offered(&page, &Context::new(*person, roles));
                let is_known = |code: &C| code.act().is_none_or(|kind| kind.level() <= self.office.level);
                let awaited = [C::Inspect, C::QualityVerdict, C::CompletePaperwork, C::Invoice];
                let open = awaited.into_iter().find(|code| codes.contains(code) && is_known(code));
                // One invoice is enough.
                let open = open.filter(|code| *code != C::Invoice || page.office.invoiced.is_empty());
                if let Some(code) = open {
                    return Ok(Some((*order, OrderView::clone(&page), *person, code)));
                }
            }
        }
        Ok(None)
    }

    fn town(&self) -> acts::Town {
        let accountant = self.people.iter().find(|(_, roles)| roles.contains(&Role::Accountant));
        acts::Town {
            technicians: self.technicians.clone(),
            accountant: accountant.map(|(person, _)| *person),
            orders: self.orders.clone(),
            site: self.site,
            spoiled: Vec::new(),
        }
    }

    fn office_acts(
        &mut self,
        order: DocumentId,
        person: PersonId,
        page: &OrderView,
        command: Command,
    ) -> Result<(), Trouble> {
        let seen: Vec<_> = page.frontier.iter().map(FactId::reference).collect();
        let done = self.office.run(move |writer| writer.office_command(order, person, &seen, &command));
        if self.office.is_down() {
            return self.office_crashed();
        }
        match done {
            Ok(_) => self.ledger.follow(&self.office),
            Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(_)) if self.office.may_be_full() => {
                self.found_no_room();
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives an order to another technician, when it is somebody's.
    pub(super) fn reassign(&mut self, random: &mut Random) -> Result<bool, Trouble> {
        let Some(order) = self.orders.get(random.position(self.orders.len())).copied() else { return Ok(false) };
        let view = self.view(order)?;
        let Some((dispatcher, roles)) = self.people.get(2).cloned() else { return Ok(false) };
        let can = offered(&view, &Context::new(dispatcher, &roles)).contains(&CommandCode::Assign);
        let others = self.technicians.iter().filter(|technician| view.technician() != Some(**technician));
        let others: Vec<PersonId> = others.copied().collect();
        if !can || view.technician().is_none() {
            return Ok(false);
        }
        let command = assign_to(*random.pick(&others));
        self.office_acts(order, dispatcher, &OrderView::clone(&view), command)?;
        Ok(true)
    }

    /// A customer calls; the reactors find somebody for him.
    pub(super) fn call(&mut self, luck: usize) -> Result<(), Trouble> {
        let Some((clerk, _)) = self.people.first().cloned() else { return Ok(()) };
        let class = if luck % 4 == 3 { ServiceClass::Contract } else { ServiceClass::Chargeable };
        let call = NewCall {
            customer: OnFile::New(NewCustomer { name: "陈静".to_owned(), phone: "021-5550100".to_owned() }),
            site: OnFile::New("南京西路 1266 号".to_owned()),
            unit: None,
            channel: Channel::Phone,
            class,
            urgency: Urgency::Normal,
            problem: "空调不制冷".to_owned(),
            skill: (luck % 2 == 1).then(|| "aircon".to_owned()),
            origin: None,
        };
        // Some calls wait to be confirmed with the customer, or are declined.
        let waits = self.orders.len() > 3 && luck % 3 == 2;
        let done = self.office.run(move |writer| {
            let registered = writer.register_call(clerk, call)?;
            if waits {
                return Ok(registered);
            }
            let content = "维修".to_owned();
            let given = NewConfirmation { content, window: None, amount: None, in_warranty: false };
            writer.confirm_call(clerk, registered.document, given)?;
            Ok(registered)
        });
        if self.office.is_down() {
            return self.office_crashed();
        }
        match done {
            Ok(registered) => {
                self.orders.push(registered.document);
                if waits && luck == 2 && !self.office.is_older() {
                    let decline = Act::new(Decline { reason: "不在服务区".to_owned() });
                    let page = OrderView::clone(&*self.view(registered.document)?);
                    return self.office_acts(registered.document, clerk, &page, Command::State(Box::new(decline)));
                }
            }
            Err(CommitError::Store(_)) if self.office.may_be_full() => self.found_no_room(),
            Err(error) => return Err(error.into()),
        }
        self.ledger.follow(&self.office)
    }

    /// A customer calls, and the order goes to the technician of a phone at once.
    pub(super) fn call_for(&mut self, index: usize, luck: usize) -> Result<(), Trouble> {
        let before = self.orders.len();
        self.call(luck)?;
        let Some(order) = self.orders.get(before).copied() else { return Ok(()) };
        let technician = self.phone(index).device.person;
        self.assign_order(order, technician)?;
        self.sync(index).map(drop)
    }

    /// Gives the order with this number to the technician with this number.
    pub(super) fn assign(&mut self, number: usize) -> Result<(), Trouble> {
        let order = self.orders.get(number).copied().ok_or("an order")?;
        let technician = self.technicians.get(number).copied().ok_or("a technician")?;
        self.assign_order(order, technician)
    }

    fn assign_order(&mut self, order: DocumentId, technician: PersonId) -> Result<(), Trouble> {
        let (dispatcher, _) = self.people.get(2).cloned().ok_or("a dispatcher")?;
        let view = self.view(order)?;
        self.office_acts(order, dispatcher, &OrderView::clone(&view), assign_to(technician))
    }

    /// A supervisor lets in or discards something that lies in quarantine.
    pub(super) fn decide_about_quarantine(&mut self, random: &mut Random) -> Result<(), Trouble> {
        let store: &dyn Store = self.office.store.as_ref();
        let rows = Tables::scan(store, Table::Quarantine, &KeyRange::all(), 64)?;
        let Some((key, _)) = rows.get(random.position(rows.len())).cloned() else { return Ok(()) };
        let Some((by, _)) = self.people.last().cloned() else { return Ok(()) };
        let lets_in = random.chance(1, 2);
        let done = self.office.run(move |writer| {
            if lets_in {
                writer.admit_refused(&key, by, "他做过").map(drop)
            } else {
                writer.discard_refused(&key, by, "不是他").map(drop)
            }
        });
        if self.office.is_down() {
            return self.office_crashed();
        }
        // Some cannot be decided: what is held behind another, what has no order.
        match done {
            Ok(())
            | Err(CommitError::Invalid { .. } | CommitError::AlreadyDone { .. } | CommitError::NotFound { .. }) => {}
            Err(CommitError::Store(_)) if self.office.may_be_full() => self.found_no_room(),
            Err(error) => return Err(error.into()),
        }
        self.ledger.follow(&self.office)
    }
}

fn assign_to(technician: PersonId) -> Command {
    Command::Assign {
        technician,
        skipped: Vec::new(),
        turn: None,
        reason: Some("最近".to_owned()),
        skill: SkillMatch::Fits,
    }
}
