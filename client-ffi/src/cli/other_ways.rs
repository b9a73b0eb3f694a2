//! Agreement by code and on paper, and the seal, at a terminal.

use std::path::Path;

use docket_sync_core::facts::values::{Blob, Opinion, OpinionGrade};
use docket_sync_core::ids::BlobId;

use super::App;
use super::args;
use super::error::CliError;
use super::field::policy;
use super::messages::filled;
use super::values::time;
use crate::other_ways::{Paper, Words};

impl App<'_> {
    pub(super) fn sign_by_code(&mut self, asked: &args::SignByCode) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        let done = client.sign_by_code(&shown, &voucher, (asked.number, &asked.code), words(&asked.words))?;
        self.say_executed(&client, &done)
    }

    pub(super) fn print(&mut self, asked: &args::Print) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let voucher = client.voucher(&shown, self.customer_language(asked.customer_lang.as_deref()))?;
        let (done, page) = client.print_voucher(&shown, &voucher)?;
        let path = asked.out.display().to_string();
        std::fs::write(&asked.out, page).map_err(|source| CliError::File { path: path.clone(), source })?;
        if !self.json {
            self.say(&filled("device.said.copy", self.language, &[("file", &path)]))?;
        }
        self.say_executed(&client, &done)
    }

    pub(super) fn paper(&mut self, asked: &args::Paper) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let signed_at = time(&asked.signed_at, policy(&client)?.utc_offset_minutes)?;
        let paper = Paper { code: asked.code.clone(), photo: photo(&asked.photo)?.hash, signed_at };
        let done = client.attach_paper(&shown, &paper, words(&asked.words))?;
        self.say_executed(&client, &done)
    }

    pub(super) fn seal(&mut self, asked: &args::Seal) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let done = client.file_seal(&shown, photo(&asked.photo)?)?;
        self.say_executed(&client, &done)
    }
}

fn words(asked: &args::Words) -> Words {
    let grade = OpinionGrade::from_code(&asked.opinion).unwrap_or(OpinionGrade::NoneGiven);
    let opinion = Opinion { grade, text: asked.comment.clone() };
    Words { name: asked.name.clone(), relation: asked.relation.clone(), opinion }
}

/// The digest of a photo stands in the fact.
fn photo(path: &Path) -> Result<Blob, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::File { path: path.display().to_string(), source })?;
    let png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    let media_type = if png { "image/png" } else { "image/jpeg" };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(Blob { hash: BlobId(*blake3::hash(&bytes).as_bytes()), size, media_type: media_type.to_owned() })
}
