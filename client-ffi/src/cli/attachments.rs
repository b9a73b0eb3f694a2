//! Files at the terminal: photos, papers, documents; what is kept and where it stands.

use docket_sync_core::facts::values::{Demand, Opinion, OpinionGrade};
use docket_sync_core::ids::BlobId;

use super::App;
use super::args;
use super::error::CliError;
use super::field::policy;
use super::messages::{filled, text};
use super::network::runtime;
use super::values::instant;
use crate::attaching::{AttachingError, Paper};
use crate::other_ways::{self, Words};
use crate::replica::{DeviceReplica, KeptAttachment};
use crate::store::DeviceStore;
use crate::sync::fetch_attachment;
use crate::transport::{Http, Server};

/// Bytes of a file that are read: more than any that may be attached, so that one too large is told its size.
const READ_MAX: u64 = 64 * 1024 * 1024;

impl App<'_> {
    pub(super) fn add_photo(&mut self, asked: &args::PhotoAdd) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let done = client.add_photo(&shown, &asked.name, &read(&asked.file)?)?;
        self.say_executed(&client, &done)
    }

    pub(super) fn attach_paper(&mut self, asked: &args::Paper) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let offset = policy(&client)?.utc_offset_minutes;
        let wrong = |what, value: &str| CliError::Value { what, value: value.to_owned() };
        let signed_at =
            instant(&asked.signed_at, offset).ok_or_else(|| wrong("device.error.time", &asked.signed_at))?;
        let grade = OpinionGrade::from_code(&asked.opinion).unwrap_or(OpinionGrade::NoneGiven);
        let (name, relation, opinion) = (asked.name.clone(), asked.relation.clone(), Opinion { grade, text: None });
        let bytes = read(&asked.file)?;
        let done = match &asked.code {
            Some(code) => {
                let photo =
                    client.replica_mut().attach(shown.id, &bytes, None, true).map_err(AttachingError::from)?.hash;
                let paper = other_ways::Paper { code: code.clone(), photo, signed_at };
                client.attach_printed(&shown, &paper, Words { name, relation, opinion })?
            }
            None => {
                let paper = Paper { printed: None, name, relation, opinion, signed_at };
                client.attach_paper(&shown, paper, &bytes)?
            }
        };
        self.say_executed(&client, &done)
    }

    pub(super) fn file_document(&mut self, asked: &args::Document) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let demand = Demand::from_code(&asked.demand)
            .ok_or_else(|| CliError::Value { what: "device.error.demand", value: asked.demand.clone() })?;
        let done = client.file_document(&shown, demand, asked.reference.clone(), &read(&asked.file)?)?;
        self.say_executed(&client, &done)
    }

    pub(super) fn attachments(&mut self, order: &str) -> Result<(), CliError> {
        let mut client = self.open()?;
        let id = client.find(order)?;
        let kept: Vec<_> = client.replica_mut().attachments()?.into_iter().filter(|entry| entry.order == id).collect();
        if self.json {
            let items: Vec<_> = kept
                .iter()
                .map(|entry| {
                    serde_json::json!({
                        "blob": entry.blob.hash, "bytes": entry.blob.size, "media_type": entry.blob.media_type,
                        "name": entry.name, "state": state(client.replica(), entry), "refused": entry.refused,
                        "number": entry.confirmed.map(|confirmed| confirmed.number),
                    })
                })
                .collect();
            return self.say_json(&serde_json::Value::Array(items));
        }
        if kept.is_empty() {
            return self.say(text("device.said.no_attachments", self.language));
        }
        for entry in &kept {
            let (bytes, blob) = (entry.blob.size.to_string(), entry.blob.hash.to_string());
            let state = coded_state(state(client.replica(), entry), self.language);
            let name = entry.name.as_deref().unwrap_or("-");
            let values = [("name", name), ("bytes", &bytes), ("state", state), ("blob", &blob)];
            self.say(&filled("device.said.attachment", self.language, &values))?;
        }
        Ok(())
    }

    pub(super) fn fetch(&mut self, asked: &args::Fetch) -> Result<(), CliError> {
        let mut client = self.open()?;
        let order = client.find(&asked.order)?;
        let wrong = |_| CliError::Value { what: "device.error.printed", value: asked.attachment.clone() };
        let blob: BlobId = asked.attachment.parse().map_err(wrong)?;
        let identity = client.replica().identity();
        let server = Server::new(&identity.server, identity.fingerprint)?;
        let mut http = Http::new(server);
        let bytes = runtime()?.block_on(fetch_attachment(client.replica_mut(), &mut http, order, blob))?;
        let path = asked.out.display().to_string();
        std::fs::write(&asked.out, &bytes).map_err(|source| CliError::File { path: path.clone(), source })?;
        let size = bytes.len().to_string();
        self.say(&filled("device.said.fetched", self.language, &[("bytes", &size), ("path", &path)]))
    }
}

/// Where a file stands: a code.
fn state<S: DeviceStore>(replica: &DeviceReplica<S>, entry: &KeptAttachment) -> &'static str {
    match &entry.refused {
        Some(_) => "refused",
        None if replica.is_confirmed(entry) => "confirmed",
        None if entry.upload.is_some() => "sending",
        None => "waiting",
    }
}

fn coded_state(state: &str, language: docket_sync_core::lifecycle::Language) -> &'static str {
    match state {
        "refused" => text("device.said.attachment.refused", language),
        "confirmed" => text("device.said.attachment.confirmed", language),
        "sending" => text("device.said.attachment.sending", language),
        _ => text("device.said.attachment.waiting", language),
    }
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, CliError> {
    use std::io::Read as _;
    let failed = |source| CliError::File { path: path.display().to_string(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(READ_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
