//! Agreement by code and on paper, and the seal, at a terminal.

use docket_sync_core::facts::values::{Demand, Opinion, OpinionGrade};

use super::App;
use super::args;
use super::error::CliError;
use super::messages::filled;
use crate::other_ways::Words;

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

    pub(super) fn seal(&mut self, asked: &args::Seal) -> Result<(), CliError> {
        let mut client = self.open()?;
        let shown = client.show(client.find(&asked.order)?)?;
        let path = asked.photo.display().to_string();
        let bytes = std::fs::read(&asked.photo).map_err(|source| CliError::File { path, source })?;
        let done = client.file_document(&shown, Demand::Seal, None, &bytes)?;
        self.say_executed(&client, &done)
    }
}

/// What the customer says beside his agreement, from the command line.
pub(super) fn words(asked: &args::Words) -> Words {
    let grade = OpinionGrade::from_code(&asked.opinion).unwrap_or(OpinionGrade::NoneGiven);
    let opinion = Opinion { grade, text: asked.comment.clone() };
    Words { name: asked.name.clone(), relation: asked.relation.clone(), opinion }
}
