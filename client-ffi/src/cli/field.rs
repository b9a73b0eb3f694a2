//! Commands on orders: what was typed becomes a command of the core.

use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{
    Channel, CustomerPerson, Line, LineKind, Opinion, OpinionGrade, PartSource, UnfinishedReason,
};
use docket_sync_core::ids::FactRef;
use docket_sync_core::lifecycle::{Language, summary};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference;
use docket_sync_core::voucher::strokes::Strokes;

use super::args::{self, Action, LabourAction, PartAction, PhotoAction};
use super::error::CliError;
use super::messages::{filled, text};
use super::values::{money, thousandths, window};
use super::{App, TerminalClient};
use crate::client::{Executed, Shown};
use crate::signing::{Consent, SigningError};

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
            | Action::Voucher(_)
            | Action::Sign(_)
            | Action::Sync(_)
            | Action::Photo(_)
            | Action::Paper(_)
            | Action::Document(_)
            | Action::Attachments(_)
            | Action::Fetch(_)
            | Action::Held
            | Action::Status => return Err(CliError::NoVisit),
        })
    }

    fn labour_line(&self, labour: &args::LabourAdd, policy: &ServicePolicy) -> Result<Line, CliError> {
        let name = labour.name.clone().unwrap_or_else(|| text("device.said.labour", self.language).to_owned());
        let amount = amount(labour.amount.as_deref(), labour.currency.as_deref(), policy)?;
        let quantity = thousandths(&labour.hours)?;
        Ok(Line { amount, ..line(LineKind::Labour, name, quantity, "h") })
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

    pub(super) fn voucher(&mut self, asked: &args::Voucher) -> Result<(), CliError> {
        let client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        if self.json {
            let leaves =
                voucher.leaves.iter().map(|leaf| serde_json::json!({"path": leaf.path, "value": leaf.value()}));
            let leaves: Vec<serde_json::Value> = leaves.collect();
            return self.say_json(&serde_json::json!({"digest": voucher.digest().to_string(), "leaves": leaves}));
        }
        for line in voucher.render_text(to_reference(self.language)).lines() {
            self.say(line)?;
        }
        Ok(())
    }

    pub(super) fn sign(&mut self, asked: &args::Sign) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let path = asked.from.display().to_string();
        let drawing = std::fs::read(&asked.from).map_err(|source| CliError::File { path, source })?;
        let strokes = Strokes::from_json(&drawing).map_err(|error| SigningError::Sign(error.into()))?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        if !self.json {
            for line in voucher.render_text(to_reference(self.language)).lines() {
                self.say(line)?;
            }
        }
        let grade = OpinionGrade::from_code(&asked.opinion).unwrap_or(OpinionGrade::NoneGiven);
        let consent = Consent {
            strokes,
            name: asked.name.clone(),
            relation: asked.relation.clone(),
            opinion: Opinion { grade, text: asked.comment.clone() },
        };
        let done = client.sign(&shown, &voucher, consent)?;
        if let Some(path) = &asked.copy {
            let copy = client.customer_copy(&done.order, done.fact)?.unwrap_or_default();
            let name = path.display().to_string();
            std::fs::write(path, copy).map_err(|source| CliError::File { path: name, source })?;
        }
        self.say_executed(&client, &done)
    }

    fn customer_language(&self, named: Option<&str>) -> reference::Language {
        named.and_then(reference::Language::from_code).unwrap_or(to_reference(self.language))
    }
}

fn order_of(action: &Action) -> &str {
    match action {
        Action::Accept(named)
        | Action::Show(named)
        | Action::Depart(named)
        | Action::Arrive(named)
        | Action::Start(named)
        | Action::Resume(named)
        | Action::End(named) => &named.order,
        Action::Refuse(named) | Action::Pause(named) => &named.order,
        Action::Part(PartAction::Add(part)) => &part.order,
        Action::Labour(LabourAction::Add(labour)) => &labour.order,
        Action::Note(note) => &note.order,
        Action::Done(done) => &done.order,
        Action::Unfinished(unfinished) => &unfinished.order,
        Action::RefuseSignature(refused) => &refused.order,
        Action::Voucher(voucher) => &voucher.order,
        Action::Sign(sign) => &sign.order,
        Action::Photo(PhotoAction::Add(photo)) => &photo.order,
        Action::Paper(paper) => &paper.order,
        Action::Document(document) => &document.order,
        Action::Attachments(named) => &named.order,
        Action::Fetch(fetch) => &fetch.order,
        Action::Enrol(_) | Action::List(_) | Action::Sync(_) | Action::Held | Action::Status => "",
    }
}

fn to_reference(language: Language) -> reference::Language {
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
fn current_visit(client: &TerminalClient, shown: &Shown) -> Result<FactRef, CliError> {
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
        ..line(LineKind::Part, part.name.clone(), thousandths(&part.quantity)?, &part.unit)
    })
}

fn line(kind: LineKind, name: String, quantity: i64, unit: &str) -> Line {
    Line {
        kind,
        name,
        quantity,
        unit: unit.to_owned(),
        amount: None,
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
    }
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
