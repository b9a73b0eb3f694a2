//! The register: calls come in, are confirmed, go out once more, and are followed up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use docket_server::callbacks::records::{self, Filter};
use docket_server::callbacks::rules::{Answer, Call, Outcome};
use docket_server::commit::{CommitError, Writer};
use docket_server::dispatch::{DispatchChoice, dispatch_order};
use docket_server::intake::register::{NewCall, NewConfirmation, OnFile};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{Money, ServiceClass};
use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::lifecycle::view::{OrderState, OrderView};
use docket_sync_core::time::MINUTE;

use super::choice::window;
use super::fate::Fate;
use super::{Desk, Once, Registered, TODAY_UNTIL, frontier};
use crate::day::Trouble;
use crate::day::acts::Act;
use crate::day::messages::text;
use crate::day::setting::Setting;
use crate::demo::{Company, DayOrder};

impl Desk {
    /// The calls of the hour up to now, in one batch; the office opens an hour before the technicians come.
    pub(super) async fn register(
        &mut self,
        setting: &Setting,
        minute: i64,
        acts: &mut Vec<Act>,
    ) -> Result<(), Trouble> {
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
            // Some customers cannot sign on a glass: they get a code by message.
            if self.random.fork(&format!("code {}", self.next)).chance(1, 6) {
                let customer = setting.company.customers.get(order.customer).ok_or("there is no such customer")?.id;
                setting.give_code(registered.document, customer).await?;
            }
            self.orders.push(Registered {
                document: registered.document,
                serial: registered.serial,
                position: self.next,
                fate: Fate::draw(&mut self.random.fork(&format!("order {}", self.next)), minute),
                done: BTreeSet::new(),
            });
            self.next = self.next.saturating_add(1);
        }
        Ok(())
    }

    /// Confirms with customers what is not confirmed yet.
    pub(super) async fn confirm(&mut self, setting: &Setting, minute: i64, acts: &mut Vec<Act>) -> Result<(), Trouble> {
        let clerk = self.person("clerk")?;
        let company = &setting.company;
        for registered in self.orders.iter_mut().filter(|order| order.fate.confirms_at <= minute) {
            if !registered.done.insert(Once::Confirmed) {
                continue;
            }
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

    /// Unfinished in the morning: the rotation's next goes there on the same day.
    pub(super) async fn send_again(
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
            let frontier = view.frontier.iter().map(FactId::reference).collect();
            let choice = DispatchChoice { technician: None, reason, frontier };
            let job = move |writer: &mut Writer| {
                clock.step();
                dispatch_order(writer, document, dispatcher, &choice)
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
    pub(super) async fn call_back(
        &mut self,
        setting: &Setting,
        minute: i64,
        acts: &mut Vec<Act>,
    ) -> Result<(), Trouble> {
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
                let view = writer.current_view(document)?;
                let seen = view.frontier.iter().map(docket_sync_core::ids::FactId::reference).collect();
                let call = Call { answer, note: None, by: clerk, at: clock.time(), seen };
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
