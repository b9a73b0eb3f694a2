//! Random but legal users: technicians and people at the office, who use what is offered to them.

use docket_client::client::{Executed, Shown};
use docket_server::commit::{CommitError, Tables};
use docket_server::intake::register::{NewCall, NewConfirmation, NewCustomer, OnFile};
use docket_server::store::{KeyRange, Store, Table};
use docket_sync_core::commands::{Command, CommandCode, Context, SkillMatch, offered};
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::reference::Language;

use super::company::Company;
use super::phone::IsCrash;
use super::{acts, checks};
use crate::random::Random;
use crate::world::Trouble;
use crate::world::field::consent;

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
        let orders = phone.orders()?;
        let Some(order) = orders.get(random.position(orders.len())) else { return Ok(None) };
        Ok(Some(phone.device.show(*order)?))
    }

    /// A technician does something that his phone offers; on the page that he left open, or on an order as it is.
    pub(super) fn work(&mut self, index: usize, is_on_page: bool, random: &mut Random) -> Result<(), Trouble> {
        let page = self.phone(index).page.clone().filter(|_| is_on_page);
        let shown = match page {
            Some(page) => Some(page),
            None => self.some_order(index, random)?,
        };
        let Some(shown) = shown else { return Ok(()) };
        let phone = self.phone(index);
        let mut offered = phone.device.client.offered(&shown)?;
        offered.retain(|code| acts::knows(*code));
        // What makes a visit go on is as likely as all the rest together.
        let going: Vec<CommandCode> = offered.iter().copied().filter(|code| goes_on(*code)).collect();
        let codes = if going.is_empty() || random.chance(1, 2) { &offered } else { &going };
        let Some(code) = codes.get(random.position(codes.len())).copied() else { return Ok(()) };
        let done = if code == CommandCode::Sign { sign(phone, &shown) } else { act(phone, &shown, code, random) };
        match done {
            Ok(Some(executed)) => self.stated(index, &shown, &executed),
            Ok(None) => Ok(()),
            Err(error) if error.is_crash() => self.phone_crashed(index),
            Err(docket_client::client::ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A phone stated a fact: it is durable, shown, and says what its author was shown.
    fn stated(&mut self, index: usize, shown: &Shown, executed: &Executed) -> Result<(), Trouble> {
        let found = executed.order.facts.under(executed.fact).find(|fact| shown.facts.iter().all(|old| old != *fact));
        let Some(fact) = found else {
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
        let Some((order, page)) = self.pages.get(random.position(self.pages.len())).cloned() else { return Ok(()) };
        let (person, roles) = random.pick(&self.people).clone();
        let mut codes = offered(&page, &Context::new(person, &roles));
        codes.retain(|code| acts::knows(*code));
        let Some(code) = codes.get(random.position(codes.len())).copied() else { return Ok(()) };
        let command = if code == CommandCode::Acknowledge {
            self.acknowledge(order, random)?
        } else {
            acts::command(random, &page, person, code, &self.technicians)
        };
        let Some(command) = command else { return Ok(()) };
        self.office_acts(order, person, &page, command)
    }

    fn acknowledge(&self, order: DocumentId, random: &mut Random) -> Result<Option<Command>, Trouble> {
        let position = random.next_u64();
        Ok(self.office.run(move |writer| {
            let Some(order) = writer.order(order)? else { return Ok(None) };
            let at = usize::try_from(position).unwrap_or(0).checked_rem(order.facts.len()).unwrap_or(0);
            let fact = order.facts.iter().nth(at);
            Ok(fact.map(|fact| Command::Acknowledge { fact: fact.id.reference(), digest: fact.digest }))
        })?)
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
            Err(CommitError::Store(_)) if self.office.is_full => Ok(()),
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
        let done = self.office.run(move |writer| {
            let registered = writer.register_call(clerk, call)?;
            let content = "维修".to_owned();
            let given = NewConfirmation { content, window: None, amount: None, in_warranty: false };
            writer.confirm_call(clerk, registered.document, given)?;
            Ok(registered)
        });
        if self.office.is_down() {
            return self.office_crashed();
        }
        match done {
            Ok(registered) => self.orders.push(registered.document),
            Err(CommitError::Store(_)) if self.office.is_full => {}
            Err(error) => return Err(error.into()),
        }
        self.ledger.follow(&self.office)
    }

    /// Gives the order with this number to the technician with this number.
    pub(super) fn assign(&mut self, number: usize) -> Result<(), Trouble> {
        let order = self.orders.get(number).copied().ok_or("an order")?;
        let technician = self.technicians.get(number).copied().ok_or("a technician")?;
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
            Err(CommitError::Store(_)) if self.office.is_full => {}
            Err(error) => return Err(error.into()),
        }
        self.ledger.follow(&self.office)
    }

    /// A supervisor revokes a phone; all its twins with it.
    pub(super) fn revoke(&mut self, index: usize) -> Result<bool, Trouble> {
        let id = self.phone(index).id();
        if self.phone(index).is_revoked {
            return Ok(false);
        }
        let by = self.people.first().map(|(person, _)| *person).ok_or("a supervisor")?;
        let done = self.office.run(move |writer| writer.revoke(id, by, "lost".to_owned()));
        if self.office.is_down() {
            self.office_crashed()?;
        }
        if done.is_err() {
            return Ok(false);
        }
        for phone in self.phones.iter_mut().filter(|phone| phone.id() == id) {
            phone.is_revoked = true;
        }
        self.ledger.follow(&self.office)?;
        Ok(true)
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

/// Commands by which a visit goes on to its end.
fn goes_on(code: CommandCode) -> bool {
    matches!(
        code,
        CommandCode::Depart
            | CommandCode::Arrive
            | CommandCode::Start
            | CommandCode::Resume
            | CommandCode::RecordLine
            | CommandCode::Done
            | CommandCode::Sign
    )
}

type Done = Result<Option<Executed>, docket_client::client::ExecuteError>;

fn sign(phone: &mut super::phone::Phone, shown: &Shown) -> Done {
    let client = &mut phone.device.client;
    let Ok(consent) = consent() else { return Ok(None) };
    match client.voucher(shown, Language::Zh) {
        Ok(voucher) => match client.sign(shown, &voucher, consent) {
            Ok(executed) => Ok(Some(executed)),
            Err(docket_client::signing::SigningError::Execute(error)) => Err(error),
            Err(_) => Ok(None),
        },
        Err(_) => Ok(None),
    }
}

fn act(phone: &mut super::phone::Phone, shown: &Shown, code: CommandCode, random: &mut Random) -> Done {
    let command = if code == CommandCode::Acknowledge {
        let fact = shown.facts.iter().nth(random.position(shown.facts.len()));
        fact.map(|fact| Command::Acknowledge { fact: fact.id.reference(), digest: fact.digest })
    } else {
        acts::command(random, &shown.view, phone.device.person, code, &[])
    };
    let Some(command) = command else { return Ok(None) };
    phone.device.client.execute(shown, &command).map(Some)
}
