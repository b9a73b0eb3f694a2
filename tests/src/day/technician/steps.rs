//! How a technician takes a step of his plan on his device.

use docket_client::client::{ExecuteError, Shown};
use docket_client::other_ways::Words;
use docket_client::signing::{Consent, SigningError};
use docket_sync_core::commands::{Command, CommandCode};
use docket_sync_core::facts::values::{Channel, CustomerPerson, Opinion, Window};
use docket_sync_core::reference::Reference;
use docket_sync_core::time::HOUR;
use serde_json::json;

use super::{Technician, own_visit};
use crate::day::handwriting::signature;
use crate::day::visit::Step;
use crate::day::{Trouble, onsite};

impl Technician {
    /// Takes a step; the inner error is a refusal's code.
    pub(super) fn take(&mut self, shown: &Shown, step: &Step) -> Result<Result<(), String>, Trouble> {
        self.clock.step();
        if let Step::Sign(opinion) = step {
            return self.sign(shown, opinion);
        }
        if let Some(outcome) = self.on_site(shown, step)? {
            return Ok(outcome);
        }
        let Some(command) = self.command(shown, step)? else { return Ok(Err("no_visit".to_owned())) };
        match self.device.client.execute(shown, &command) {
            Ok(_) => Ok(Ok(())),
            Err(ExecuteError::Refused(refusal)) => Ok(Err(refusal.code.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// What he does by the form of a command; `None` for the other steps.
    fn on_site(&mut self, shown: &Shown, step: &Step) -> Result<Option<onsite::Outcome>, Trouble> {
        let by_form = match step {
            Step::Forms => {
                return onsite::fill_forms(&mut self.device.client, shown.id, &self.clock, self.language).map(Some);
            }
            Step::Photo(name, seed) => {
                return onsite::photograph(&mut self.device.client, shown, name, *seed).map(Some);
            }
            Step::Goods(name, serial) => {
                let goods = json!({"name": name, "serial": serial, "pieces": 1});
                (CommandCode::TakeCustody, json!({"goods": goods}))
            }
            Step::Quote(lines) => (CommandCode::IssueQuote, json!({"lines": lines})),
            Step::Consent(agrees) => {
                let CustomerPerson { name, relation, channel } = self.customer(shown)?;
                let customer = json!({"name": name, "relation": relation, "channel": channel.code()});
                let code = if *agrees { CommandCode::GiveConsent } else { CommandCode::RefuseConsent };
                (code, json!({"customer": customer}))
            }
            Step::Cash if shown.view.facets.money.due.values().all(|minor| *minor <= 0) => {
                return Ok(Some(Err("nothing_due".to_owned())));
            }
            Step::Cash => (CommandCode::CollectCash, json!({})),
            Step::Remit => (CommandCode::RemitCash, json!({"to": self.cashier.to_string()})),
            Step::Accept
            | Step::Refuse(_)
            | Step::Depart
            | Step::Arrive
            | Step::Start
            | Step::Line(_)
            | Step::Note(_)
            | Step::Pause(_)
            | Step::Resume
            | Step::Done(_)
            | Step::Unfinished(..)
            | Step::Sign(_)
            | Step::RefuseSignature(_) => return Ok(None),
        };
        let (command, filled) = by_form;
        onsite::state_by_form(&mut self.device.client, shown, command, &filled).map(Some)
    }

    fn command(&self, shown: &Shown, step: &Step) -> Result<Option<Command>, Trouble> {
        let own = own_visit(&shown.view, self.person).map(|visit| visit.id.reference());
        let Some(visit) = own else {
            return Ok(match step {
                Step::Accept => Some(Command::Accept),
                Step::Refuse(reason) => Some(Command::Refuse { reason: reason.clone() }),
                Step::Depart => Some(Command::Depart),
                Step::Arrive
                | Step::Start
                | Step::Line(_)
                | Step::Note(_)
                | Step::Pause(_)
                | Step::Resume
                | Step::Done(_)
                | Step::Unfinished(..)
                | Step::Sign(_)
                | Step::RefuseSignature(_)
                | Step::Forms
                | Step::Photo(..)
                | Step::Goods(..)
                | Step::Quote(_)
                | Step::Consent(_)
                | Step::Cash
                | Step::Remit => None,
            });
        };
        Ok(Some(match step.clone() {
            Step::Forms
            | Step::Photo(..)
            | Step::Goods(..)
            | Step::Quote(_)
            | Step::Consent(_)
            | Step::Cash
            | Step::Remit
            | Step::Accept
            | Step::Sign(_) => Command::Accept,
            Step::Refuse(reason) => Command::Refuse { reason },
            Step::Depart => Command::Depart,
            Step::Arrive => Command::Arrive { visit: Some(visit), place: None },
            Step::Start => Command::Start { visit },
            Step::Line(line) => Command::RecordLine { visit, line: *line },
            Step::Note(text) => Command::Note { text },
            Step::Pause(reason) => Command::Pause { visit, reason },
            Step::Resume => Command::Resume { visit },
            Step::Done(finding) => Command::Done { visit, finding: Some(finding) },
            Step::Unfinished(reason, text, next) => {
                let from = |hours: i64| self.clock.at(0).plus(hours.saturating_mul(HOUR));
                let next = next.map(|hours| Window { from: from(hours), to: from(hours.saturating_add(2)) });
                let customer = next.map(|_| self.customer(shown)).transpose()?;
                Command::Unfinished { visit, reason, text: Some(text), next, customer }
            }
            Step::RefuseSignature(reason) => Command::RefuseSignature { name: self.customer(shown)?.name, reason },
        }))
    }

    /// The customer reads the voucher and signs on the glass.
    fn sign(&mut self, shown: &Shown, opinion: &Opinion) -> Result<Result<(), String>, Trouble> {
        let voucher = match self.device.client.voucher(shown, self.language) {
            Ok(voucher) => voucher,
            Err(SigningError::Voucher(error)) => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let CustomerPerson { name, relation, .. } = self.customer(shown)?;
        let code = self.codes.lock().map_err(|_poisoned| "the codes are gone")?.remove(&shown.id);
        let signed = if let Some((number, code)) = code {
            let words = Words { name, relation, opinion: opinion.clone() };
            self.device.client.sign_by_code(shown, &voucher, (number, &code), words)
        } else {
            let consent = Consent { strokes: signature(&name)?, name, relation, opinion: opinion.clone() };
            self.device.client.sign(shown, &voucher, consent)
        };
        match signed {
            Ok(_) => Ok(Ok(())),
            Err(SigningError::Execute(ExecuteError::Refused(refusal))) => Ok(Err(refusal.code.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// The person he deals with on site.
    fn customer(&self, shown: &Shown) -> Result<CustomerPerson, Trouble> {
        let site = shown.view.request.as_ref().map(|request| request.site);
        let site = site.map(|site| self.device.client.reference(site)).transpose()?.flatten();
        let contact = match site {
            Some(Reference::Site(site)) => site.contact,
            _ => None,
        };
        let relation = crate::day::messages::text("demo.text.relation", self.language).to_owned();
        Ok(CustomerPerson { name: contact.unwrap_or_else(|| "?".to_owned()), relation, channel: Channel::OnSite })
    }
}
