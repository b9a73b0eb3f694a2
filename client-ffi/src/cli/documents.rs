//! The voucher at a terminal: reading it, signing it, what changed since it was signed, the customer's copy.

use docket_sync_core::facts::values::{Opinion, OpinionGrade};
use docket_sync_core::reference;
use docket_sync_core::voucher::Voucher;
use docket_sync_core::voucher::strokes::Strokes;
use serde_json::{Value, json};

use super::args;
use super::error::CliError;
use super::field::to_reference;
use super::messages::filled;
use super::{App, TerminalClient};
use crate::signing::{Consent, Signed, SigningError};

impl App<'_> {
    pub(super) fn voucher(&mut self, asked: &args::Voucher) -> Result<(), CliError> {
        let client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        let signed = client.changed_since_signed(&shown)?;
        if self.json {
            let leaves = voucher.leaves.iter().map(|leaf| json!({"path": leaf.path, "value": leaf.value()}));
            let leaves: Vec<Value> = leaves.collect();
            let since = signed.as_ref().map(|signed| self.since_json(signed));
            return self.say_json(&json!({
                "digest": voucher.digest().to_string(), "leaves": leaves, "changed_since_signed": since,
            }));
        }
        self.say_voucher(&client, &voucher, signed.as_ref())
    }

    pub(super) fn sign(&mut self, asked: &args::Sign) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let path = asked.from.display().to_string();
        let drawing = std::fs::read(&asked.from).map_err(|source| CliError::File { path, source })?;
        let strokes = Strokes::from_json(&drawing).map_err(|error| SigningError::Sign(error.into()))?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        if !self.json {
            let signed = client.changed_since_signed(&shown)?;
            self.say_voucher(&client, &voucher, signed.as_ref())?;
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

    fn say_voucher(
        &mut self,
        client: &TerminalClient,
        voucher: &Voucher,
        signed: Option<&Signed>,
    ) -> Result<(), CliError> {
        for line in voucher.render_text(to_reference(self.language)).lines() {
            self.say(line)?;
        }
        let Some(signed) = signed else { return Ok(()) };
        let policy = super::field::policy(client)?;
        let at = policy.local_time(signed.at);
        let heading = if signed.changes.is_empty() { "device.shown.as_signed" } else { "device.shown.since_signed" };
        self.say(&filled(heading, self.language, &[("name", &signed.name), ("time", &at)]))?;
        for change in &signed.changes {
            self.say(&format!("  {}", change.render_text(to_reference(self.language))))?;
        }
        Ok(())
    }

    fn since_json(&self, signed: &Signed) -> Value {
        let changes = signed.changes.iter().map(|change| {
            json!({
                "kind": change.kind.code(), "path": change.path, "before": change.before, "after": change.after,
                "text": change.render_text(to_reference(self.language)),
            })
        });
        let changes: Vec<Value> = changes.collect();
        json!({"fact": signed.fact.to_string(), "name": signed.name, "signed_at": signed.at.0, "changes": changes})
    }

    pub(super) fn customer_language(&self, named: Option<&str>) -> reference::Language {
        named.and_then(reference::Language::from_code).unwrap_or(to_reference(self.language))
    }
}
