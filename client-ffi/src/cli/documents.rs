//! The voucher at a terminal: reading it, signing it, what changed since it was signed, the customer's copy.

use std::path::Path;

use docket_sync_core::reference;
use docket_sync_core::voucher::Voucher;
use docket_sync_core::voucher::copy::{CustomerCopy, verify_copy};
use docket_sync_core::voucher::strokes::Strokes;
use serde_json::{Value, json};

use super::args;
use super::error::CliError;
use super::field::to_reference;
use super::messages::filled;
use super::other_ways::words;
use super::{App, TerminalClient};
use crate::other_ways::Words;
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
        let strokes = drawn(&asked.from)?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        if !self.json {
            let signed = client.changed_since_signed(&shown)?;
            self.say_voucher(&client, &voucher, signed.as_ref())?;
        }
        let Words { name, relation, opinion } = words(&asked.words);
        let consent = Consent { strokes, name, relation, opinion };
        let done = client.sign(&shown, &voucher, consent)?;
        if let Some(path) = &asked.copy {
            let copy = client.customer_copy(&done.order, done.fact)?.ok_or(CliError::NoSignature)?;
            write_copy(&copy, path)?;
        }
        self.say_executed(&client, &done)
    }

    /// The customer's copy of the last signature: a file, and the code by which copies are compared (U-22).
    pub(super) fn copy(&mut self, asked: &args::Copy) -> Result<(), CliError> {
        let client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let valid = shown.view.signatures.iter().filter(|signature| !signature.rejected);
        let last = valid.max_by_key(|signature| signature.at.time).ok_or(CliError::NoSignature)?;
        let copy = client.customer_copy(&shown, last.at.fact)?.ok_or(CliError::NoSignature)?;
        if let Some(path) = &asked.out {
            write_copy(&copy, path)?;
        }
        let code = verify_copy(&copy.to_bytes(), None).code().ok_or(CliError::NoSignature)?;
        if self.json {
            let qr = code.qr_text();
            return self.say_json(&json!({
                "fact": last.at.fact.to_string(), "code": code.to_string(), "short": code.short(), "qr": qr,
                "file": asked.out.as_ref().map(|path| path.display().to_string()),
            }));
        }
        for line in code.qr_terminal().lines() {
            self.say(line)?;
        }
        self.say(&filled("device.shown.code", self.language, &[("code", &code.to_string())]))?;
        if let Some(path) = &asked.out {
            self.say(&filled("device.said.copy", self.language, &[("file", &path.display().to_string())]))?;
        }
        Ok(())
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

/// What the customer drew, from a file.
pub(super) fn drawn(file: &Path) -> Result<Strokes, CliError> {
    let path = file.display().to_string();
    let drawing = std::fs::read(file).map_err(|source| CliError::File { path, source })?;
    Ok(Strokes::from_json(&drawing).map_err(|error| SigningError::Sign(error.into()))?)
}

/// A file whose name ends in `.html` is the page; every other is the bytes alone.
fn write_copy(copy: &CustomerCopy, path: &Path) -> Result<(), CliError> {
    let page = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    // What was signed here reads here.
    let bytes = if page { copy.to_page().map(String::into_bytes).unwrap_or_default() } else { copy.to_bytes() };
    std::fs::write(path, bytes).map_err(|source| CliError::File { path: path.display().to_string(), source })
}
