//! What follows from the order as it shows: filled in unless a person says something else.

use serde_json::{Map, Value, json};

use crate::commands::{CommandCode, Context};
use crate::facts::values::{ApprovalWay, CustodyPlace};
use crate::facts::{FactKind, Role};
use crate::lifecycle::facets::{CustodyView, Holder, ItemState};
use crate::lifecycle::view::{CancelEffect, OrderView, VisitState};

/// The values of fields that need not be filled in, by name.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds follow from nothing")]
pub fn defaults(view: &OrderView, command: CommandCode, context: &Context) -> Map<String, Value> {
    let facets = &view.facets;
    let mut known = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            known.insert(name.to_owned(), value);
        }
    };
    let text = |value: String| Some(Value::from(value));
    match command.act() {
        Some(FactKind::HandoverVisit | FactKind::OutcomeNotRepairable | FactKind::ReplaceLine) => {
            let mine = || view.visits.iter().filter(|visit| visit.technician == context.person);
            let visit = mine().find(|visit| visit.state != VisitState::Ended).or_else(|| mine().next_back());
            set("visit", visit.map(|visit| visit.id.reference().to_string().into()));
        }
        Some(FactKind::GiveConsent | FactKind::RefuseConsent) => {
            if let Some(quote) = facets.current_quote() {
                set("quote", text(quote.at.fact.reference().to_string()));
                set("version", Some(quote.version.into()));
            }
        }
        Some(FactKind::IssueQuote) => {
            let last = facets.quotes.iter().map(|quote| quote.version).max().unwrap_or(0);
            set("version", Some(last.saturating_add(1).into()));
        }
        Some(FactKind::AddWorkItem) => {
            let last = facets.items.iter().map(|item| item.number).max().unwrap_or(1);
            set("item", Some(last.saturating_add(1).max(2).into()));
        }
        Some(FactKind::DropWorkItem) => {
            let open = facets.items.iter().filter(|item| !matches!(item.state, ItemState::Done | ItemState::Dropped));
            set("item", only(open.map(|item| item.number.into())));
        }
        Some(FactKind::Release) => {
            set("hold", only(facets.holds.iter().map(|hold| hold.at.fact.reference().to_string().into())));
        }
        Some(FactKind::TransferCustody | FactKind::ReturnCustody | FactKind::BenchWork | FactKind::Inspect) => {
            let open = || facets.custody.iter().filter(|custody| custody.is_open());
            set("custody", only(open().map(|custody: &CustodyView| custody.at.fact.reference().to_string().into())));
            if command == CommandCode::TransferCustody {
                let holder = only(open().filter_map(|custody| match custody.holder {
                    Holder::Person(person) => Some(Value::from(person.to_string())),
                    Holder::Customer | Holder::Conflict(_) => None,
                }));
                let me = Value::from(context.person.to_string());
                if holder.as_ref().is_some_and(|holder| *holder != me) {
                    set("to", Some(me));
                }
                set("from", holder);
                set("place", text(CustodyPlace::Van.code().to_owned()));
            }
        }
        Some(FactKind::RemitCash) => {
            let mine = || facets.money.pockets.iter().filter(|((person, _), _)| *person == context.person);
            set("amount", only(mine().map(|((_, currency), minor)| json!({"minor": minor, "currency": currency}))));
        }
        Some(FactKind::CollectCash) => {
            let due = || facets.money.due.iter().filter(|(_, minor)| **minor > 0);
            set("amount", only(due().map(|(currency, minor)| json!({"minor": minor, "currency": currency}))));
            // The device takes the next one of its block.
            set("receipt", text(String::new()));
        }
        Some(FactKind::TakeCustody) => set("receipt", text(String::new())),
        Some(FactKind::FileDocument) => {
            set("fact", only(facets.missing.iter().map(|missing| missing.fact.reference().to_string().into())));
            set("demand", only(facets.missing.iter().map(|missing| missing.demand.code().into())));
        }
        Some(FactKind::Reopen) => set("close", view.closed.map(|closed| closed.fact.reference().to_string().into())),
        Some(FactKind::HandleComplaint) => {
            set("complaint", only(facets.complaints.iter().map(|one| one.at.fact.reference().to_string().into())));
        }
        Some(FactKind::RecordCallback) => {
            set("about", view.completed.map(|done| done.fact.reference().to_string().into()));
        }
        Some(FactKind::Credit) => {
            set("invoice", only(view.office.invoices.iter().map(|one| one.at.fact.reference().to_string().into())));
        }
        // U-21: at the office nobody approves in another's name.
        Some(FactKind::Approve) if !context.roles.contains(&Role::Technician) => {
            set("approver", text(context.person.to_string()));
            set("way", text(ApprovalWay::Office.code().to_owned()));
        }
        Some(_) => {}
        None => plain(view, command, &mut set),
    }
    known
}

/// The commands of the normal path.
#[expect(clippy::wildcard_enum_match_arm, reason = "other commands follow from nothing")]
fn plain(view: &OrderView, command: CommandCode, set: &mut impl FnMut(&str, Option<Value>)) {
    match command {
        CommandCode::Reinstate => {
            let cancels = view.cancels.iter().filter(|cancel| cancel.effect != CancelEffect::Void);
            set("cancel", only(cancels.map(|cancel| cancel.at.fact.reference().to_string().into())));
        }
        CommandCode::Unassign => set("technician", view.technician().map(|person| person.to_string().into())),
        CommandCode::Confirm => set("content", view.request.as_ref().map(|request| request.problem.clone().into())),
        CommandCode::Reschedule => {
            let window = view.appointment.as_ref().map(|appointment| appointment.window);
            set("window", window.map(|window| json!({"from": window.from.0, "to": window.to.0})));
        }
        _ => {}
    }
}

/// The one of them, unless there are others.
fn only(mut values: impl Iterator<Item = Value>) -> Option<Value> {
    let one = values.next()?;
    values.next().is_none().then_some(one)
}
