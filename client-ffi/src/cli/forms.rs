//! Forms on the device: what is still to be filled in, and filling a step in.

use clap::Args;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{CheckResult, FormEntry, Line, LineKind};
use docket_sync_core::forms::{Decimal, Form, Step, StepRecord, StepState, Takes};
use docket_sync_core::lifecycle::messages::coded;
use docket_sync_core::policy::ServicePolicy;
use serde_json::{Value, json};

use super::error::CliError;
use super::field::{current_visit, policy, to_reference};
use super::messages::{filled, text};
use super::{App, TerminalClient};
use crate::client::Shown;

/// `docket-device form`.
#[derive(Debug, Args)]
pub(super) struct ShowForms {
    pub(super) order: String,
}

/// `docket-device check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    pub(super) order: String,
    /// `form.step`, or the step alone where only one form has it.
    pub(super) step: String,
    #[arg(long, value_parser = ["ok", "fault", "not_applicable"])]
    pub(super) result: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    pub(super) value: Option<String>,
    #[arg(long)]
    pub(super) text: Option<String>,
    #[arg(long = "with", value_name = "PERSON")]
    pub(super) with: Vec<String>,
}

impl App<'_> {
    pub(super) fn forms(&mut self, asked: &ShowForms) -> Result<(), CliError> {
        let client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let forms = client.forms(&shown)?;
        if self.json {
            let forms: Vec<Value> = forms.iter().map(|form| form_json(form, &shown)).collect();
            return self.say_json(&json!({ "items": forms }));
        }
        if forms.is_empty() {
            return self.say(text("device.shown.no_forms", self.language));
        }
        let policy = policy(&client)?;
        let language = to_reference(self.language);
        for form in &forms {
            self.say(&format!("{} ({} v{})", form.title.text(language), form.code, form.version))?;
            for step in &form.record(&shown.view.lines).steps {
                let line = self.step_line(step, &policy);
                self.say(&line)?;
            }
        }
        Ok(())
    }

    fn step_line(&self, record: &StepRecord<'_>, policy: &ServicePolicy) -> String {
        let mark = match record.state {
            StepState::NotAsked => '-',
            StepState::Filled if record.is_whole() => 'x',
            StepState::Filled => '!',
            StepState::Open => ' ',
        };
        let mut told = Vec::new();
        if let Some(value) = &record.value {
            told.push(match &record.step.takes {
                Takes::Check => {
                    value.line.result.map_or("", |result| coded("result", result.code(), self.language)).to_owned()
                }
                Takes::Reading { unit, .. } => format!("{} {unit}", Decimal(value.line.quantity)),
                Takes::Photo => String::new(),
                Takes::Text | Takes::People { .. } => {
                    value.line.entry.as_ref().and_then(|entry| entry.text.clone()).unwrap_or_default()
                }
            });
            told.push(policy.local_time(value.at));
        } else if let Takes::Reading { unit, min, max } = &record.step.takes {
            let bound = |bound: &Option<Decimal>| bound.map_or_else(String::new, |bound| bound.to_string());
            told.push(format!("[{}..{}] {unit}", bound(min), bound(max)));
        }
        let flags = [
            (record.at_fault, "device.shown.step_at_fault"),
            (record.too_early, "device.shown.step_too_early"),
            (record.photo_lacking, "device.shown.step_photo_lacking"),
        ];
        told.extend(flags.into_iter().filter(|(is, _)| *is).map(|(_, key)| text(key, self.language).to_owned()));
        told.retain(|told| !told.is_empty());
        let title = record.step.title.text(to_reference(self.language));
        format!("  [{mark}] {}: {title}  {}", record.step.code, told.join("  ")).trim_end().to_owned()
    }

    pub(super) fn check(&mut self, asked: &Check) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let forms = client.forms(&shown)?;
        let (form, step) = named(&forms, &asked.step)?;
        let line = self.step_entry(&client, form, step, asked)?;
        let visit = current_visit(&client, &shown)?;
        let done = client.execute(&shown, &Command::RecordLine { visit, line })?;
        self.say_executed(&client, &done)?;
        let out_of_range = {
            let record = form.record(&done.order.view.lines);
            record.steps.iter().any(|record| record.step.code == step.code && record.at_fault)
        };
        if out_of_range && !self.json {
            let title = step.title.text(to_reference(self.language));
            self.say(&filled("device.said.step_at_fault", self.language, &[("step", title)]))?;
        }
        Ok(())
    }

    /// The line that fills a step in. What it takes decides which option is needed.
    fn step_entry(&self, client: &TerminalClient, form: &Form, step: &Step, asked: &Check) -> Result<Line, CliError> {
        let wrong = |what| CliError::Value { what, value: asked.step.clone() };
        let people = asked.with.iter().map(|person| person.parse().map_err(|_| wrong("device.error.person")));
        let people: Vec<_> = people.collect::<Result<_, _>>()?;
        let entry = FormEntry {
            form: form.code.clone(),
            version: form.version,
            step: step.code.clone(),
            text: asked.text.clone(),
            people: Some(people).filter(|people| !people.is_empty()),
        };
        let result = asked.result.as_deref().and_then(CheckResult::from_code);
        let name = step.title.text(to_reference(self.language)).to_owned();
        let check = |result| Line { result: Some(result), ..Line::new(LineKind::Checklist, name.clone(), 0, "") };
        let line = match &step.takes {
            Takes::Check => check(result.ok_or_else(|| wrong("device.error.step_result"))?),
            Takes::Reading { unit, .. } => {
                let value = asked.value.as_deref().and_then(Decimal::parse);
                let value = value.ok_or_else(|| wrong("device.error.step_value"))?;
                Line::new(LineKind::Reading, name.clone(), value.0, unit.clone())
            }
            Takes::Text if asked.text.is_none() => return Err(wrong("device.error.step_text")),
            Takes::People { least } if asked.with.len().saturating_add(1) < usize::from(*least) => {
                return Err(wrong("device.error.step_people"));
            }
            Takes::Text => check(result.unwrap_or(CheckResult::Ok)),
            Takes::People { .. } => {
                let mut names = vec![client.person_name(client.person())?];
                for person in entry.people.iter().flatten() {
                    names.push(client.person_name(*person)?);
                }
                let entry = FormEntry { text: Some(names.join(", ")), ..entry };
                return Ok(Line { entry: Some(entry), ..check(CheckResult::Ok) });
            }
            Takes::Photo => return Err(wrong("device.error.step_photo")),
        };
        Ok(Line { entry: Some(entry), ..line })
    }
}

/// The step that `text` names: `form.step`, or the step alone where only one form has it.
fn named<'a>(forms: &'a [Form], text: &str) -> Result<(&'a Form, &'a Step), CliError> {
    let (in_form, code) = match text.split_once('.') {
        Some((form, step)) => (Some(form), step),
        None => (None, text),
    };
    let mut found = forms
        .iter()
        .filter(|form| in_form.is_none_or(|code| form.code == code))
        .filter_map(|form| Some((form, form.step(code)?)));
    match (found.next(), found.next()) {
        (Some(found), None) => Ok(found),
        _ => Err(CliError::Value { what: "device.error.step", value: text.to_owned() }),
    }
}

fn form_json(form: &Form, shown: &Shown) -> Value {
    let record = form.record(&shown.view.lines);
    let steps = record.steps.iter().map(|step| {
        json!({
            "code": step.step.code,
            "state": match step.state {
                StepState::NotAsked => "not_asked",
                StepState::Open => "open",
                StepState::Filled => "filled",
            },
            "whole": step.is_whole(),
            "at_fault": step.at_fault,
            "too_early": step.too_early,
            "photo_lacking": step.photo_lacking,
            "time_at": step.value.as_ref().map(|value| value.at.0),
        })
    });
    json!({ "code": form.code, "version": form.version, "steps": steps.collect::<Vec<_>>() })
}
