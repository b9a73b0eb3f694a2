//! The command line of the server:
//! `docket init | serve | user | device | healing | import | backup | restore | doctor | verify`.
//!
//! Every command prints what it did; a refusal is one clear sentence on the error output and an exit code
//! that is not 0.

mod backup;
mod data;
mod device;
mod doctor;
mod healing;
mod import;
mod init;
mod owner;
mod restore;
mod serve;
mod user;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The office of an after-sales company: work orders that are right even where there is no signal.
#[derive(Debug, Parser)]
#[command(name = "docket", version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a company's store: keys, epoch, TLS certificate, first administrator.
    Init(init::InitOptions),
    /// Runs the server.
    Serve(crate::config::ServeOptions),
    /// Manages people.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manages technicians' devices.
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Shows what came back after a restore, and what nobody has returned.
    Healing(healing::HealingOptions),
    /// Takes over data from files.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Backs the store up, also while the server runs; makes keys for it; verifies a backup.
    Backup(backup::BackupOptions),
    /// Makes a store from a backup, as it is or as it was.
    Restore(restore::RestoreOptions),
    /// Looks at a store, also while the server runs: what is damaged, where, and what to do.
    Doctor(doctor::DoctorOptions),
    /// Checks a customer's signed copy; needs no server and no network.
    Verify(verify::VerifyOptions),
}

/// What a command says when it cannot go on: one sentence for a person.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Runs the command that the process was called with.
#[must_use]
pub fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Init(options) => init::run(options),
        Command::Serve(options) => serve::run(options),
        Command::User(command) => user::run(command),
        Command::Device(command) => device::run(command),
        Command::Healing(options) => healing::run(options),
        Command::Import(command) => import::run(command),
        Command::Backup(options) => backup::run(options),
        Command::Restore(options) => restore::run(&options),
        Command::Doctor(options) => return doctor::run(&options),
        Command::Verify(options) => return verify::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            say_error(&sentence);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the command line answers on the standard output")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "the command line complains on the error output")]
pub(crate) fn say_error(line: &str) {
    eprintln!("docket: {line}");
}
