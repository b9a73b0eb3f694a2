//! Commands on orders: what was typed becomes a command of the core.

use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{Channel, CustomerPerson, Line, LineKind, PartSource, UnfinishedReason};
use docket_sync_core::ids::FactRef;
use docket_sync_core::lifecycle::{Language, summary};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference;

use super::args::{self, Action, LabourAction, PartAction, PhotoAction};
use super::error::CliError;
use super::messages::{filled, text};
use super::values::{money, thousandths, window};
use super::{App, TerminalClient};
use crate::client::{Executed, Shown};
use crate::signing::SigningError;

impl App<'_> {
    pub(super) fn execute(&mut self, action: &Action) -> Result<(), CliError> {
        let mut client = self.open()?;
        let id = client.find(order_of(action))?;
        let shown = client.show(id)?;
        let command = self.command(&client, &shown, action)?;
        let done = client.execute(&shown, &command)?;
        self.say_executed(&client, &done)
    }

    fn command(&self, client: &TerminalClient, shown: &Shown, action: &Action) -> Result<Command, CliError> {
        let visit = || current_visit(client, shown);
        Ok(match action {
            Action::Accept(_) => Command::Accept,
            Action::Refuse(refuse) => Command::Refuse { reason: refuse.reason.clone() },
            Action::Depart(_) => Command::Depart,
            Action::Arrive(_) => Command::Arrive { visit: open_visit(client, shown), place: None },
            Action::Start(_) => Command::Start { visit: visit()? },
            Action::Pause(pause) => Command::Pause { visit: visit()?, reason: pause.reason.clone() },
            Action::Resume(_) => Command::Resume { visit: visit()? },
            Action::End(_) => Command::End { visit: visit()? },
            Action::Part(PartAction::Add(part)) => {
                Command::RecordLine { visit: visit()?, line: part_line(part, &policy(client)?)? }
            }
            Action::Labour(LabourAction::Add(labour)) => {
                Command::RecordLine { visit: visit()?, line: self.labour_line(labour, &policy(client)?)? }
            }
            Action::Note(note) => Command::Note { text: note.text.clone() },
            Action::Done(done) => Command::Done { visit: visit()?, finding: done.finding.clone() },
            Action::Unfinished(unfinished) => unfinished_command(visit()?, unfinished, &policy(client)?)?,
            Action::RefuseSignature(refused) => {
                Command::RefuseSignature { name: refused.name.clone(), reason: refused.reason.clone() }
            }
            Action::Enrol(_)
            | Action::List(_)
            | Action::Show(_)
            | Action::Form(_)
            | Action::Check(_)
            | Action::Voucher(_)
            | Action::Sign(_)
            | Action::Emergency(_)
            | Action::Act(_)
            | Action::Offers(_)
            | Action::Numbers
            | Action::Draft(_)
            | Action::Witness(_)
            | Action::Confirm(_)
            | Action::Countersign(_)
            | Action::Copy(_)
            | Action::SignByCode(_)
            | Action::Print(_)
            | Action::Seal(_)
            | Action::Bundle(_)
            | Action::Receive(_)
            | Action::Sync(_)
            | Action::Held
            | Action::Photo(_)
            | Action::Paper(_)
            | Action::Document(_)
            | Action::Attachments(_)
            | Action::Fetch(_)
            | Action::Status => return Err(CliError::NoVisit),
        })
    }

    fn labour_line(&self, labour: &args::LabourAdd, policy: &ServicePolicy) -> Result<Line, CliError> {
        let name = labour.name.clone().unwrap_or_else(|| text("device.said.labour", self.language).to_owned());
        let amount = amount(labour.amount.as_deref(), labour.currency.as_deref(), policy)?;
        let quantity = thousandths(&labour.hours)?;
        Ok(Line { amount, ..Line::new(LineKind::Labour, name, quantity, "h") })
    }

    pub(super) fn say_executed(&mut self, client: &TerminalClient, done: &Executed) -> Result<(), CliError> {
        let state = docket_sync_core::lifecycle::messages::coded("state", done.order.view.state.code(), self.language);
        if self.json {
            let not_seen: Vec<String> = done.not_seen.iter().map(ToString::to_string).collect();
            let order = self.order_json(client, &done.order)?;
            return self.say_json(&serde_json::json!({
                "fact": done.fact.to_string(), "not_seen": not_seen, "order": order,
            }));
        }
        let what = done.order.facts.get(done.fact).map(|fact| summary(fact, self.language)).unwrap_or_default();
        let unsent = done.order.unsent.len().to_string();
        let values = [("what", what.as_str()), ("state", state), ("unsent", &unsent)];
        self.say(&filled("device.said.done", self.language, &values))?;
        if !done.not_seen.is_empty() {
            let count = done.not_seen.len().to_string();
            self.say(&filled("device.said.not_seen", self.language, &[("count", &count)]))?;
        }
        Ok(())
    }
}

fn order_of(action: &Action) -> &str {
    match action {
        Action::Accept(named)
        | Action::Depart(named)
        | Action::Arrive(named)
        | Action::Start(named)
        | Action::Resume(named)
        | Action::Offers(named)
        | Action::End(named) => &named.order,
        Action::Show(shown) => &shown.order,
        Action::Refuse(named) | Action::Pause(named) => &named.order,
        Action::Part(PartAction::Add(part)) => &part.order,
        Action::Labour(LabourAction::Add(labour)) => &labour.order,
        Action::Note(note) => &note.order,
        Action::Done(done) => &done.order,
        Action::Unfinished(unfinished) => &unfinished.order,
        Action::RefuseSignature(refused) => &refused.order,
        Action::Voucher(voucher) => &voucher.order,
        Action::Sign(sign) => &sign.order,
        Action::Copy(copy) => &copy.order,
        Action::SignByCode(sign) => &sign.order,
        Action::Print(print) => &print.order,
        Action::Seal(seal) => &seal.order,
        Action::Photo(PhotoAction::Add(photo)) => &photo.order,
        Action::Paper(paper) => &paper.order,
        Action::Document(document) => &document.order,
        Action::Attachments(named) => &named.order,
        Action::Fetch(fetch) => &fetch.order,
        Action::Form(named) => &named.order,
        Action::Check(check) => &check.order,
        Action::Draft(draft) => &draft.order,
        Action::Countersign(countersign) => &countersign.order,
        Action::Act(act) => act.order.as_deref().unwrap_or_default(),
        Action::Enrol(_)
        | Action::List(_)
        | Action::Emergency(_)
        | Action::Numbers
        | Action::Witness(_)
        | Action::Confirm(_)
        | Action::Bundle(_)
        | Action::Receive(_)
        | Action::Sync(_)
        | Action::Held
        | Action::Status => "",
    }
}

pub(super) fn to_reference(language: Language) -> reference::Language {
    match language {
        Language::En => reference::Language::En,
        Language::Zh => reference::Language::Zh,
    }
}

/// The policy that gives currency and local time: the company's, or the one that ships until it has arrived.
pub(super) fn policy(client: &TerminalClient) -> Result<ServicePolicy, CliError> {
    Ok(match client.policy()? {
        Some(policy) => policy,
        None => ServicePolicy::shipped().map_err(SigningError::from)?,
    })
}

/// The visit under way, or this person's last: what a line or an outcome is about.
pub(super) fn current_visit(client: &TerminalClient, shown: &Shown) -> Result<FactRef, CliError> {
    let visit = shown.visit_of(client.person()).ok_or(CliError::NoVisit)?;
    Ok(visit.id.reference())
}

/// The visit under way: arriving without one begins one.
fn open_visit(client: &TerminalClient, shown: &Shown) -> Option<FactRef> {
    let mut open = shown.view.open_visits().filter(|visit| visit.technician == client.person());
    open.next().map(|visit| visit.id.reference())
}

fn part_line(part: &args::PartAdd, policy: &ServicePolicy) -> Result<Line, CliError> {
    let source = match part.source.as_str() {
        "van" => PartSource::Van,
        "customer" => PartSource::Customer,
        _ => PartSource::Unknown,
    };
    Ok(Line {
        amount: amount(part.amount.as_deref(), part.currency.as_deref(), policy)?,
        code: part.code.clone(),
        serial: part.serial.clone(),
        source: Some(source),
        ..Line::new(LineKind::Part, part.name.clone(), thousandths(&part.quantity)?, &part.unit)
    })
}

fn amount(
    text: Option<&str>,
    currency: Option<&str>,
    policy: &ServicePolicy,
) -> Result<Option<docket_sync_core::facts::values::Money>, CliError> {
    text.map(|text| money(text, currency.unwrap_or(&policy.currency))).transpose()
}

fn unfinished_command(visit: FactRef, asked: &args::Unfinished, policy: &ServicePolicy) -> Result<Command, CliError> {
    let next = asked.next.as_deref().map(|next| window(next, policy.utc_offset_minutes)).transpose()?;
    let customer = asked.customer.as_ref().map(|name| CustomerPerson {
        name: name.clone(),
        relation: asked.relation.clone().unwrap_or_default(),
        channel: Channel::OnSite,
    });
    let reason = UnfinishedReason::from_code(&asked.reason).unwrap_or(UnfinishedReason::Other);
    Ok(Command::Unfinished { visit, reason, text: asked.text.clone(), next, customer })
}
