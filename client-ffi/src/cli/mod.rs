//! The terminal device: the typed API as a command line, for technicians at a desk, for scripts and for demos.
//!
//! Every command but `enrol` and `sync` works without a network. Errors are one sentence and what to do next;
//! exit codes are stable and listed in the help. Nothing here decides anything about orders.

mod acts;
mod args;
mod attachments;
mod bundles;
mod clocks;
mod documents;
mod error;
mod field;
mod forms;
mod held;
mod help;
mod messages;
mod network;
mod other_ways;
mod show;
#[cfg(test)]
mod tests;
mod values;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::FromArgMatches as _;
use docket_sync_core::lifecycle::Language;

use self::args::{Action, Cli, PhotoAction};
use self::error::CliError;
use crate::client::Client;
use crate::enrolment::data_key;
use crate::platform::terminal::{FileKeyStore, SystemClock, SystemRandom};
use crate::platform::{KeyStore as _, Platform, PlatformError, SecretName};
use crate::replica::ReplicaError;
use crate::store::sealed::SealedStore;
use crate::store::sqlite::SqliteStore;

/// The store of a terminal device.
type TerminalStore = SealedStore<SqliteStore, SystemRandom>;
/// The client of a terminal device.
type TerminalClient = Client<TerminalStore>;

/// What the program takes from its surroundings.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Value of `DOCKET_DEVICE_DATA`.
    pub data: Option<PathBuf>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// Value of `LC_ALL`, `LC_MESSAGES` or `LANG`.
    pub locale: Option<String>,
}

/// Where and how one run answers.
struct App<'a> {
    data: PathBuf,
    language: Language,
    json: bool,
    out: &'a mut dyn Write,
}

/// Runs the program; gives its exit code. Results go to `out`, errors to `err`.
pub fn run(arguments: &[OsString], surroundings: &Surroundings, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let language = language(arguments, surroundings.locale.as_deref());
    let parsed = help::command(language).try_get_matches_from(arguments);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let to: &mut dyn Write = if error.use_stderr() { err } else { out };
            // There is nobody left to tell when this fails.
            drop(write!(to, "{}", error.render()));
            return u8::try_from(error.exit_code()).unwrap_or(error::FAILED);
        }
    };
    let json = cli.json;
    let data = data_directory(cli.data, surroundings);
    let mut app = App { data, language, json, out };
    match app.act(cli.command) {
        Ok(()) => 0,
        Err(error) => {
            let told = error.told(language);
            let line =
                if json { serde_json::json!({"code": told.code, "message": told.text}).to_string() } else { told.text };
            drop(writeln!(err, "{line}"));
            told.exit
        }
    }
}

/// The language of `--lang`, else of the surroundings. Looked for before parsing: help and errors need it.
fn language(arguments: &[OsString], locale: Option<&str>) -> Language {
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let named = words.iter().find_map(|word| word.strip_prefix("--lang="));
    let after = words.windows(2).find_map(|pair| match pair {
        ["--lang", code] => Some(*code),
        _ => None,
    });
    let named = named.or(after).and_then(Language::from_code);
    named.unwrap_or(if locale.is_some_and(|locale| locale.starts_with("zh")) { Language::Zh } else { Language::En })
}

fn data_directory(named: Option<PathBuf>, surroundings: &Surroundings) -> PathBuf {
    let home = || surroundings.home.clone().unwrap_or_default().join(".docket-device");
    named.or_else(|| surroundings.data.clone()).unwrap_or_else(home)
}

impl App<'_> {
    fn act(&mut self, action: Action) -> Result<(), CliError> {
        match action {
            Action::Enrol(enrol) => self.enrol(&enrol),
            Action::List(list) => self.list(&list),
            Action::Show(asked) => self.show(&asked),
            Action::Form(asked) => self.forms(&asked),
            Action::Check(asked) => self.check(&asked),
            Action::Voucher(voucher) => self.voucher(&voucher),
            Action::Sign(sign) => self.sign(&sign),
            Action::Emergency(asked) => self.emergency(&asked),
            Action::Act(asked) => self.act_on(&asked),
            Action::Offers(order) => self.offers(&order.order),
            Action::Numbers => self.numbers(),
            Action::Draft(asked) => self.draft(&asked),
            Action::Witness(asked) => self.witness(&asked),
            Action::Confirm(asked) => self.confirm(&asked),
            Action::Countersign(asked) => self.countersign(&asked),
            Action::Copy(copy) => self.copy(&copy),
            Action::SignByCode(sign) => self.sign_by_code(&sign),
            Action::Print(print) => self.print(&print),
            Action::Seal(seal) => self.seal(&seal),
            Action::Bundle(asked) => self.bundle(&asked),
            Action::Receive(asked) => self.receive(&asked),
            Action::Sync(sync) => self.sync(&sync),
            Action::Held => self.held(),
            Action::Status => self.status(),
            Action::Photo(PhotoAction::Add(photo)) => self.add_photo(&photo),
            Action::Paper(paper) => self.attach_paper(&paper),
            Action::Document(document) => self.file_document(&document),
            Action::Attachments(order) => self.attachments(&order.order),
            Action::Fetch(fetch) => self.fetch(&fetch),
            Action::Accept(_)
            | Action::Refuse(_)
            | Action::Depart(_)
            | Action::Arrive(_)
            | Action::Start(_)
            | Action::Pause(_)
            | Action::Resume(_)
            | Action::End(_)
            | Action::Part(_)
            | Action::Labour(_)
            | Action::Note(_)
            | Action::Done(_)
            | Action::Unfinished(_)
            | Action::RefuseSignature(_) => self.execute(&action),
        }
    }

    /// One line of output.
    fn say(&mut self, line: &str) -> Result<(), CliError> {
        Ok(writeln!(self.out, "{}", printable(line))?)
    }

    /// One JSON document.
    fn say_json(&mut self, value: &serde_json::Value) -> Result<(), CliError> {
        Ok(writeln!(self.out, "{value:#}")?)
    }

    fn open(&self) -> Result<TerminalClient, CliError> {
        let platform = platform(&self.data)?;
        if !store_directory(&self.data).exists() {
            return Err(ReplicaError::NotEnrolled.into());
        }
        if platform.keys.get(SecretName::DataKey)?.is_none() {
            return Err(ReplicaError::KeyMissing.into());
        }
        let store = open_store(&self.data, &platform)?;
        Ok(Client::open(store, platform)?)
    }
}

fn store_directory(data: &Path) -> PathBuf {
    data.join("store")
}

fn platform(data: &Path) -> Result<Platform, PlatformError> {
    Ok(Platform {
        keys: Box::new(FileKeyStore::new(&data.join("keys"))),
        clock: Box::new(SystemClock::new(&SystemRandom)?),
        random: Box::new(SystemRandom),
    })
}

fn open_store(data: &Path, platform: &Platform) -> Result<TerminalStore, CliError> {
    let store = SqliteStore::open(&store_directory(data))?;
    let key = data_key(platform)?;
    Ok(SealedStore::new(store, SystemRandom, &key))
}

/// Without control characters: what people wrote must not move the cursor of whoever reads it.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
