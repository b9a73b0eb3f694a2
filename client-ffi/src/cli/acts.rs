//! Facts beside the normal path, by the form of their kind; drafts that the other side signs; an order that begins here.

use std::path::Path;

use docket_sync_core::commands::form::{self, FieldType, Form, FormError, FormField};
use docket_sync_core::commands::{Command, CommandCode};
use docket_sync_core::facts::Ledger;
use docket_sync_core::facts::values::{Opinion, OpinionGrade};
use docket_sync_core::lifecycle::messages::coded;
use docket_sync_core::lifecycle::summary;
use serde_json::{Map, Value, json};

use super::args;
use super::documents::drawn;
use super::error::CliError;
use super::messages::{filled, text};
use super::{App, TerminalClient};
use crate::client::{Draft, Shown, Witnessed};
use crate::signing::{Consent, SigningError};

impl App<'_> {
    /// States a fact of a kind; without an order it shows the form.
    pub(super) fn act_on(&mut self, asked: &args::Act) -> Result<(), CliError> {
        let (code, form) = form_of(&asked.act)?;
        let Some(order) = &asked.order else { return self.show_form(code, &form) };
        let mut client = self.open()?;
        let shown = client.show(client.find(order)?)?;
        let (command, work_item) = self.fill(&client, &shown, (code, &form), &asked.fields)?;
        let done = client.execute_on(&shown, &command, work_item)?;
        self.say_executed(&client, &done)
    }

    /// Repair first, paper after: a new order, made here.
    pub(super) fn emergency(&mut self, asked: &args::Fields) -> Result<(), CliError> {
        let (code, form) = form_of(CommandCode::CreateEmergencyOrder.code())?;
        if asked.fields.is_empty() {
            return self.show_form(code, &form);
        }
        let mut client = self.open()?;
        let shown = client.blank_order()?;
        let (command, _) = self.fill(&client, &shown, (code, &form), &asked.fields)?;
        let done = client.execute(&shown, &command)?;
        self.say_executed(&client, &done)?;
        if self.json {
            return Ok(());
        }
        self.say(&filled("device.said.order_begun", self.language, &[("order", &done.order.id.to_string())]))
    }

    /// What can be done with an order now, and why not the rest.
    pub(super) fn offers(&mut self, order: &str) -> Result<(), CliError> {
        let client = self.open()?;
        let shown = client.show(client.find(order)?)?;
        let offers = client.offers(&shown)?;
        if self.json {
            let language = self.language;
            let offers = offers.iter().map(|offer| {
                let refusal = offer.refusal.as_ref();
                json!({
                    "command": offer.command.code(),
                    "refusal": refusal.map(|refusal| json!({"code": refusal.code, "message": refusal.text(language)})),
                })
            });
            return self.say_json(&offers.collect());
        }
        for offer in offers {
            let name = coded("command", offer.command.code(), self.language);
            match &offer.refusal {
                None => self.say(&format!("+ {:<24} {name}", offer.command.code()))?,
                Some(refusal) => {
                    self.say(&format!("- {:<24} {name}: {}", offer.command.code(), refusal.text(self.language)))?;
                }
            }
        }
        Ok(())
    }

    /// Numbers of receipts: how many are left, which were given out and not used.
    pub(super) fn numbers(&mut self) -> Result<(), CliError> {
        let client = self.open()?;
        for ledger in Ledger::ALL {
            let numbers = client.replica().numbers(*ledger)?;
            if self.json {
                self.say_json(&json!({
                    "ledger": ledger.code(), "next": numbers.next, "left": numbers.left, "open": numbers.open,
                }))?;
                continue;
            }
            let none = || text("device.said.no_number", self.language).to_owned();
            let next = numbers.next.unwrap_or_else(none);
            let (left, open) = (numbers.left.to_string(), numbers.open.join(", "));
            let values = [("ledger", ledger.code()), ("next", &next), ("left", &left), ("open", &open)];
            self.say(&filled("device.said.numbers", self.language, &values))?;
        }
        Ok(())
    }

    pub(super) fn draft(&mut self, asked: &args::Draft) -> Result<(), CliError> {
        let (code, form) = form_of(&asked.act)?;
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let (command, _) = self.fill(&client, &shown, (code, &form), &asked.fields)?;
        let draft = client.draft(&shown, &command)?;
        write(&asked.to, &draft.to_bytes())?;
        let path = asked.to.display().to_string();
        self.say(&filled("device.said.drafted", self.language, &[("path", &path)]))
    }

    pub(super) fn witness(&mut self, asked: &args::Witness) -> Result<(), CliError> {
        let client = self.open()?;
        let draft = Draft::from_bytes(&read(&asked.draft)?).map_err(crate::client::WitnessError::from)?;
        let fact = draft.fact().map_err(crate::client::WitnessError::from)?;
        // He reads what he signs.
        self.say(&summary(&fact, self.language))?;
        write(&asked.to, &client.witness(&draft)?.to_bytes())?;
        let path = asked.to.display().to_string();
        self.say(&filled("device.said.witnessed", self.language, &[("path", &path)]))
    }

    pub(super) fn confirm(&mut self, asked: &args::Confirm) -> Result<(), CliError> {
        let mut client = self.open()?;
        let draft = Draft::from_bytes(&read(&asked.draft)?).map_err(crate::client::WitnessError::from)?;
        let mut witnesses = Vec::new();
        for path in &asked.witness {
            witnesses.push(Witnessed::from_bytes(&read(path)?).map_err(crate::client::WitnessError::from)?);
        }
        let done = client.confirm(&draft, witnesses)?;
        self.say_executed(&client, &done)
    }

    /// The customer signs for his goods, when they leave (C-131) or when they are back (C-082).
    pub(super) fn countersign(&mut self, asked: &args::Countersign) -> Result<(), CliError> {
        let (code, form) = form_of(&asked.act)?;
        let strokes = drawn(&asked.from)?;
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let (command, work_item) = self.fill(&client, &shown, (code, &form), &asked.fields)?;
        let Command::State(act) = command else { return Err(SigningError::NoReceipt.into()) };
        if !self.json {
            // He reads what he signs.
            let read = client.to_countersign(&shown, &act)?;
            let key = if read.returned { "device.shown.goods_returned" } else { "device.shown.goods_taken" };
            let pieces = read.goods.pieces.to_string();
            let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            let (serial, condition) = (known(&read.goods.serial), known(&read.goods.condition));
            let values = [
                ("goods", read.goods.name.as_str()),
                ("pieces", &pieces),
                ("serial", &serial),
                ("condition", &condition),
                ("receipt", &read.receipt),
            ];
            self.say(&filled(key, self.language, &values))?;
        }
        let (name, relation) = (asked.name.clone(), asked.relation.clone());
        let opinion = Opinion { grade: OpinionGrade::NoneGiven, text: None };
        let done = client.countersigned(&shown, (&act, work_item), Consent { strokes, name, relation, opinion })?;
        self.say_executed(&client, &done)
    }

    /// What was typed over what follows from the order.
    fn fill(
        &self,
        client: &TerminalClient,
        shown: &Shown,
        (code, form): (CommandCode, &Form),
        typed: &[String],
    ) -> Result<(Command, Option<u8>), CliError> {
        let mut fields = client.defaults(shown, code)?;
        for one in typed {
            let (path, value) = one.split_once('=').ok_or_else(|| FormError {
                field: one.clone(),
                code: "invalid_field",
                problem: "FIELD=VALUE".to_owned(),
            })?;
            put(&mut fields, path, typed_value(value));
        }
        form::complete(code, &mut fields, &shown.view, &shown.facts)?;
        let filled = form.read(&fields.into())?;
        Ok((filled.command, filled.work_item))
    }

    fn show_form(&mut self, code: CommandCode, form: &Form) -> Result<(), CliError> {
        if self.json {
            return self.say_json(&form.schema());
        }
        self.say(&format!("{}: {}", code.code(), coded("command", code.code(), self.language)))?;
        self.show_fields(&form.fields, "")
    }

    fn show_fields(&mut self, fields: &[FormField], path: &str) -> Result<(), CliError> {
        for field in fields {
            let name = format!("{path}{}", field.name);
            let label = field.text(self.language);
            let must = if field.required { "*" } else { " " };
            if let FieldType::Group(inner) = &field.field_type {
                self.show_fields(inner, &format!("{name}."))?;
            } else {
                self.say(&format!("{must} {name:<26} {label} ({})", self.said_type(&field.field_type)))?;
            }
        }
        Ok(())
    }

    fn said_type(&self, field: &FieldType) -> String {
        let said = |key| text(key, self.language).to_owned();
        match field {
            FieldType::Text => said("device.shown.type_text"),
            FieldType::Flag => "true|false".to_owned(),
            FieldType::Number(..) => said("device.shown.type_number"),
            FieldType::Thousandths => said("device.shown.type_decimal"),
            FieldType::Time => "2026-11-23T09:00:00+08:00".to_owned(),
            FieldType::Amount => "35.00 CNY".to_owned(),
            FieldType::Id(kind) => format!("id: {kind}"),
            FieldType::Choice(_, codes) => codes.join("|"),
            FieldType::File => "{hash, size, media_type}".to_owned(),
            FieldType::Group(fields) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                format!("{{{}}}", names.join(", "))
            }
            FieldType::List(of) => format!("JSON [{}]", self.said_type(of)),
            FieldType::Made => said("device.shown.type_made"),
        }
    }
}

fn form_of(name: &str) -> Result<(CommandCode, Form), CliError> {
    let named = CommandCode::from_code(&name.replace('-', "_"));
    named.and_then(|code| Some((code, Form::of(code)?))).ok_or_else(|| CliError::NoCommand(name.to_owned()))
}

/// A value as it was typed: JSON where it is a list or an object, else text.
fn typed_value(text: &str) -> Value {
    let structured = text.starts_with(['[', '{']);
    let read = if structured { serde_json::from_str(text).ok() } else { None };
    read.unwrap_or_else(|| Value::from(text))
}

/// Puts a value at a path: `goods.name`.
fn put(fields: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        fields.insert(path.to_owned(), value);
        return;
    };
    let inner = fields.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|source| CliError::File { path: path.display().to_string(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(path, bytes).map_err(|source| CliError::File { path: path.display().to_string(), source })
}
