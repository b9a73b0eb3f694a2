//! Showing: the list, one order, the device's standing.

use docket_sync_core::facts::Author;
use docket_sync_core::facts::values::{Money, Window};
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::messages::coded;
use docket_sync_core::lifecycle::view::{NotBillable, Outcome};
use docket_sync_core::lifecycle::{explain, summary};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::UnixMillis;
use serde_json::{Value, json};

use super::args;
use super::clocks::clocks_json;
use super::error::CliError;
use super::field::policy;
use super::messages::{filled, text};
use super::network::verified_key;
use super::{App, TerminalClient};
use crate::client::Shown;
use crate::orders::OrderRow;

impl App<'_> {
    pub(super) fn list(&mut self, asked: &args::List) -> Result<(), CliError> {
        let client = self.open()?;
        let mut rows = client.list()?;
        rows.retain(|(_, row)| asked.all || !row.is_over() || row.unsent > 0);
        if self.json {
            let rows: Vec<Value> = rows.iter().map(|(id, row)| self.row_json(*id, row)).collect();
            return self.say_json(&json!({ "items": rows }));
        }
        if rows.is_empty() {
            return self.say(text("device.shown.no_orders", self.language));
        }
        let policy = policy(&client)?;
        for (id, row) in &rows {
            let line = self.row_line(*id, row, &policy);
            self.say(&line)?;
        }
        Ok(())
    }

    fn row_line(&self, id: DocumentId, row: &OrderRow, policy: &ServicePolicy) -> String {
        let name = row.serial.clone().unwrap_or_else(|| id.to_string());
        let state = coded("state", row.state.code(), self.language);
        let visit = row.visit.map(|visit| format!(" ({})", coded("visit", visit.code(), self.language)));
        let time = row.appointment.map(|window| format!("  {}", span(policy, window)));
        let mut marks = String::new();
        if row.unsent > 0 {
            marks.push_str(&filled("device.shown.mark_unsent", self.language, &[("count", &row.unsent.to_string())]));
        }
        if row.unreadable == Some(true) {
            marks.push_str(text("device.shown.mark_unreadable", self.language));
        }
        if row.refused > 0 {
            marks.push_str(&filled("device.shown.mark_refused", self.language, &[("count", &row.refused.to_string())]));
        }
        let parts = [visit.unwrap_or_default(), time.unwrap_or_default(), marks];
        format!("{name}  {state}{}  {}  {}  {}", parts.concat(), row.customer, row.address, row.problem)
    }

    fn row_json(&self, id: DocumentId, row: &OrderRow) -> Value {
        json!({
            "id": id.to_string(),
            "serial": row.serial,
            "state": row.state.code(),
            "state_text": coded("state", row.state.code(), self.language),
            "class": row.class,
            "urgency": row.urgency,
            "customer": row.customer,
            "address": row.address,
            "problem": row.problem,
            "technician": row.technician.map(|technician| technician.to_string()),
            "assignment": row.assignment,
            "appointment": row.appointment.map(|window| window_json(window, row.confirmed)),
            "visit": row.visit,
            "signature": row.signature.code(),
            "open_reviews": row.open_reviews,
            "unsent": row.unsent,
            "refused": row.refused,
            "evicted": row.evicted,
            "unreadable": row.unreadable == Some(true),
            "updated_at": row.updated.0,
        })
    }

    pub(super) fn show(&mut self, asked: &args::Show) -> Result<(), CliError> {
        let client = self.open()?;
        let mut shown = client.show(client.find(&asked.order)?)?;
        if let Some(name) = &asked.known_to {
            let named = |id: &FactId| id.to_string() == *name || id.reference().to_string() == *name;
            let fact = shown.facts.iter().map(|fact| fact.id).find(named);
            let unknown = || CliError::Value { what: "fact of this order", value: name.clone() };
            shown = shown.known_to(fact.ok_or_else(unknown)?);
        }
        if self.json {
            let mut order = self.order_json(&client, &shown)?;
            if let (Some(fact), Some(fields)) = (&asked.known_to, order.as_object_mut()) {
                let then = [
                    ("known_to", json!(fact)),
                    ("state", json!(shown.view.state.code())),
                    ("signature", json!(shown.view.signature.code())),
                ];
                fields.extend(then.into_iter().map(|(key, value)| (key.to_owned(), value)));
            }
            return self.say_json(&order);
        }
        let policy = policy(&client)?;
        self.say_head(&client, &shown, &policy)?;
        self.say_visits(&client, &shown)?;
        self.say_clocks(&shown, &policy)?;
        self.say_lines(&shown)?;
        self.say_timeline(&client, &shown, &policy)?;
        for refused in &shown.refused {
            let what = summary(&refused.fact, self.language);
            let why = text(refusal_key(refused.code), self.language);
            self.say(&filled("device.shown.refused", self.language, &[("what", &what), ("why", why)]))?;
            if let Some(reason) = &refused.discarded {
                self.say(&filled("device.shown.discarded", self.language, &[("reason", reason)]))?;
            }
        }
        for reason in explain(&shown.view, &shown.facts, self.language) {
            self.say(&format!("[{} {}] {}", reason.rule.code(), reason.pair.unwrap_or("-"), reason.text))?;
        }
        let offered: Vec<&str> =
            client.offered(&shown)?.iter().map(|code| coded("command", code.code(), self.language)).collect();
        self.say(&filled("device.shown.offered", self.language, &[("commands", &offered.join(", "))]))
    }

    fn say_head(&mut self, client: &TerminalClient, shown: &Shown, policy: &ServicePolicy) -> Result<(), CliError> {
        let view = &shown.view;
        let state = coded("state", view.state.code(), self.language);
        let serial = view.request.as_ref().and_then(|request| request.serial.clone()).unwrap_or_default();
        self.say(&format!("{serial}  {state}  {}", shown.id))?;
        let row = client.list()?.into_iter().find(|(id, _)| *id == shown.id).map(|(_, row)| row);
        let technician = match view.technician() {
            Some(technician) => client.person_name(technician)?,
            None => "-".to_owned(),
        };
        let appointment = view.appointment.as_ref().map(|appointment| span(policy, appointment.window));
        let problem = view.request.as_ref().map(|request| request.problem.clone()).unwrap_or_default();
        let fields = [
            ("device.shown.customer", row.as_ref().map(|row| row.customer.clone()).unwrap_or_default()),
            ("device.shown.address", row.map(|row| row.address).unwrap_or_default()),
            ("device.shown.problem", problem),
            ("device.shown.technician", technician),
            ("device.shown.appointment", appointment.unwrap_or_else(|| "-".to_owned())),
            ("device.shown.signature", coded("signature", view.signature.code(), self.language).to_owned()),
        ];
        for (key, value) in fields {
            self.say(&format!("{}: {value}", text(key, self.language)))?;
        }
        if let Some(order) = view.facets.repeat_of {
            self.say(&format!("{}: {order}", text("device.shown.repeat_of", self.language)))?;
        }
        Ok(())
    }

    fn say_visits(&mut self, client: &TerminalClient, shown: &Shown) -> Result<(), CliError> {
        for visit in &shown.view.visits {
            let outcome = match &visit.outcome {
                Some(Outcome::Done { finding, .. }) => finding.clone().unwrap_or_default(),
                Some(Outcome::Unfinished { reason, text, .. }) => {
                    let reason = coded("unfinished", reason.code(), self.language);
                    format!("{reason} {}", text.as_deref().unwrap_or_default())
                }
                Some(Outcome::NotRepairable { finding, .. }) => {
                    format!("{} {finding}", coded("item", "not_repairable", self.language))
                }
                None => String::new(),
            };
            let technician = client.person_name(visit.technician)?;
            let state = coded("visit", visit.state.code(), self.language);
            self.say(&format!("  {technician}: {state}  {outcome}"))?;
        }
        Ok(())
    }

    fn say_lines(&mut self, shown: &Shown) -> Result<(), CliError> {
        for line in &shown.view.lines {
            let kind = coded("line", line.line.kind.code(), self.language);
            let amount = line.line.amount.as_ref().map(money).unwrap_or_default();
            let covered =
                text(if line.covered { "device.shown.covered" } else { "device.shown.uncovered" }, self.language);
            let name = &line.line.name;
            let quantity = decimal(line.line.quantity);
            self.say(&format!("  {kind}: {name}  {quantity} {}  {amount}  {covered}", line.line.unit))?;
            if let Some(held) = line.held.filter(|held| *held != NotBillable::NoCharge) {
                let reason = coded("not_billable", held.code(), self.language);
                self.say(&filled("device.shown.not_billable", self.language, &[("reason", reason)]))?;
            }
        }
        let coverage = coded("coverage", shown.view.coverage.code(), self.language);
        self.say(&format!("{}: {coverage}", text("device.shown.coverage", self.language)))?;
        for (currency, minor) in &shown.view.billable {
            let billable = money(&Money { minor: *minor, currency: currency.clone() });
            self.say(&format!("{}: {billable}", text("device.shown.billable", self.language)))?;
        }
        Ok(())
    }

    fn say_timeline(&mut self, client: &TerminalClient, shown: &Shown, policy: &ServicePolicy) -> Result<(), CliError> {
        self.say(text("device.shown.timeline", self.language))?;
        for (id, at, author, what) in self.timeline(shown) {
            let name = client.author_name(&author)?;
            let mark = if shown.unsent.contains(&id) { text("device.shown.unsent", self.language) } else { "" };
            self.say(&format!("  {}  {name}: {what} {mark}", policy.local_time(at)))?;
        }
        Ok(())
    }

    /// Facts by time: identity, time, author, one line.
    fn timeline(&self, shown: &Shown) -> Vec<(FactId, UnixMillis, Author, String)> {
        let mut facts: Vec<_> = shown.facts.iter().collect();
        facts.sort_by_key(|fact| (fact.time, fact.id));
        let line = |fact: &&docket_sync_core::facts::Fact| {
            (fact.id, fact.time, fact.author.clone(), summary(fact, self.language))
        };
        facts.iter().map(line).collect()
    }

    pub(super) fn order_json(&self, client: &TerminalClient, shown: &Shown) -> Result<Value, CliError> {
        let view = &shown.view;
        let row = client.list()?.into_iter().find(|(id, _)| *id == shown.id);
        let mut order = row.map_or_else(|| json!({}), |(id, row)| self.row_json(id, &row));
        let mut timeline = Vec::new();
        for (id, at, author, what) in self.timeline(shown) {
            timeline.push(json!({
                "fact": id.to_string(), "time_at": at.0, "author": client.author_name(&author)?, "summary": what,
                "unsent": shown.unsent.contains(&id), "void": view.void.contains(&id),
            }));
        }
        let technician = |person: PersonId| client.person_name(person);
        let mut visits = Vec::new();
        for visit in &view.visits {
            visits.push(json!({
                "id": visit.id.to_string(), "technician": technician(visit.technician)?, "state": visit.state.code(),
                "departed_at": visit.departed.map(|at| at.claimed.0), "arrived_at": visit.arrived.map(|at| at.claimed.0),
                "started_at": visit.started.map(|at| at.claimed.0), "ended_at": visit.ended.map(|at| at.claimed.0),
            }));
        }
        let lines = view.lines.iter().map(|line| {
            json!({
                "fact": line.at.fact.to_string(), "kind": line.line.kind.code(), "name": line.line.name,
                "quantity_thousandths": line.line.quantity, "unit": line.line.unit, "amount": line.line.amount,
                "standing": line.standing.code(), "covered": line.covered, "billable": line.billable,
                "held": line.held.map(|held| held.code()), "charge": line.charge,
                "held_text": line.held.map(|held| coded("not_billable", held.code(), self.language)),
            })
        });
        let refused = shown.refused.iter().map(|refused| {
            json!({
                "fact": refused.fact.id.to_string(), "code": refused.code.code(),
                "summary": summary(&refused.fact, self.language), "why": text(refusal_key(refused.code), self.language),
                "discarded": refused.discarded,
            })
        });
        let explanations = explain(view, &shown.facts, self.language).into_iter().map(|reason| {
            json!({"field": reason.field, "value": reason.value, "rule": reason.rule.code(), "pair": reason.pair, "text": reason.text})
        });
        let offered = client.offered(shown)?;
        let parts = [
            ("timeline", json!(timeline)),
            ("visits", json!(visits)),
            ("low_confidence", clocks_json(shown)),
            ("lines", lines.collect()),
            ("coverage", json!(view.coverage.code())),
            ("repeat_of", json!(view.facets.repeat_of.map(|order| order.to_string()))),
            ("billable", json!(view.billable)),
            ("refused_facts", refused.collect()),
            ("explanations", explanations.collect()),
            ("commands", offered.iter().map(|code| code.code()).collect()),
            ("frontier", view.frontier.iter().map(ToString::to_string).collect()),
        ];
        if let Some(order) = order.as_object_mut() {
            order.extend(parts.into_iter().map(|(key, value): (&str, Value)| (key.to_owned(), value)));
        }
        Ok(order)
    }

    pub(super) fn status(&mut self) -> Result<(), CliError> {
        let client = self.open()?;
        let status = client.status();
        let orders = client.list()?.len();
        let identity = client.replica().identity();
        if self.json {
            let refused = status.refused.iter().map(|(order, fact, code)| {
                json!({"order": order.to_string(), "fact": fact.to_string(), "code": code.code()})
            });
            return self.say_json(&json!({
                "device": identity.device, "person": identity.person, "server": identity.server, "store": identity.store,
                "orders": orders, "unsent": status.pending.map_or(0, |pending| pending.count),
                "unsent_oldest_at": status.pending.map(|pending| pending.oldest.0),
                "refused": refused.collect::<Vec<Value>>(), "last_sync_at": status.last_sync.map(|at| at.0),
                "verified": status.verified, "differences": status.differences, "number": status.number,
                "carried": {
                    "orders": status.carried.orders, "shown": status.carried.shown, "waiting": status.carried.waiting,
                },
            }));
        }
        let policy = policy(&client)?;
        let person = client.person_name(identity.person)?;
        let never = || text("device.shown.never", self.language).to_owned();
        let last = status.last_sync.map_or_else(never, |at| policy.local_time(at));
        let unsent = status.pending.map_or(0, |pending| pending.count).to_string();
        let values = [
            ("person", person.as_str()),
            ("device", &identity.device.to_string()),
            ("server", &identity.server),
            ("orders", &orders.to_string()),
            ("unsent", &unsent),
            ("refused", &status.refused.len().to_string()),
            ("last", &last),
        ]
        .map(|(key, value)| (key, value.to_owned()));
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        for key in ["device.shown.status_who", "device.shown.status_work", "device.shown.status_sync"] {
            self.say(&filled(key, self.language, &values))?;
        }
        if status.carried.orders > 0 {
            let carried = status.carried;
            let [orders, shown, waiting] =
                [carried.orders, carried.shown, carried.waiting].map(|count| count.to_string());
            let values = [("orders", orders.as_str()), ("shown", &shown), ("waiting", &waiting)];
            self.say(&filled("device.shown.carried", self.language, &values))?;
        }
        self.say(text(verified_key(status.verified), self.language))
    }
}

fn window_json(window: Window, confirmed: bool) -> Value {
    json!({"from": window.from.0, "to": window.to.0, "confirmed": confirmed})
}

fn span(policy: &ServicePolicy, window: Window) -> String {
    format!("{} – {}", policy.local_time(window.from), policy.local_time(window.to))
}

pub(super) fn money(money: &Money) -> String {
    let sign = if money.minor < 0 { "-" } else { "" };
    let minor = money.minor.unsigned_abs();
    format!("{sign}{}.{:02} {}", minor / 100, minor % 100, money.currency)
}

/// A quantity in thousandths as a decimal.
pub(super) fn decimal(quantity: i64) -> String {
    let sign = if quantity < 0 { "-" } else { "" };
    let quantity = quantity.unsigned_abs();
    let decimal = format!("{sign}{}.{:03}", quantity / 1_000, quantity % 1_000);
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Why the server did not accept a fact.
pub(super) fn refusal_key(code: docket_sync_core::sync::frames::QuarantineCode) -> &'static str {
    use docket_sync_core::sync::frames::QuarantineCode as Code;
    match code {
        Code::Malformed => "device.shown.code_malformed",
        Code::Limit => "device.shown.code_limit",
        Code::TimeAhead => "device.shown.code_time_ahead",
        Code::NoProof => "device.shown.code_no_proof",
        Code::WrongActor => "device.shown.code_wrong_actor",
        Code::ForgedAuthor => "device.shown.code_forged_author",
        Code::NotPermitted => "device.shown.code_not_permitted",
        Code::OutOfScope => "device.shown.code_out_of_scope",
        Code::Revoked => "device.shown.code_revoked",
        Code::NewerKind => "device.shown.code_newer_kind",
        Code::UnknownDocument => "device.shown.code_unknown_document",
        Code::Library => "device.shown.code_library",
        Code::TwoContents => "device.shown.code_two_contents",
        Code::BadWitness => "device.shown.code_bad_witness",
        Code::BadCode => "device.shown.code_bad_code",
        Code::UsedCode => "device.shown.code_used_code",
        Code::ForeignNumber => "device.shown.code_foreign_number",
        Code::UsedNumber => "device.shown.code_used_number",
        Code::OfficeKind => "device.shown.code_office_kind",
    }
}
