//! `docket doctor`: looks at a store and says what is wrong and what to do.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{say, say_error};
use crate::backup::folding::MEMORY_BYTES;
use crate::doctor::{Finding, Level, Options, Report, examine, known_journals, salvage};
use crate::platform::Platform;
use crate::store::journal::JournalId;
use crate::store::space::RESERVE_BYTES;

/// Exit code when something is damaged.
const DAMAGED: u8 = 1;

/// Exit code when it could not be looked at.
const NOT_LOOKED: u8 = 2;

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// How long flushes are measured.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// Looks at a store, also while the server runs: what is damaged, where, and what to do.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  docket doctor --data /var/lib/docket\n  docket doctor --data /var/lib/docket --salvage /mnt/saved\n\n\
    It changes nothing in the folder. Exit codes: 0 sound, 1 something is damaged, 2 it could not be looked at."
)]
pub(super) struct DoctorOptions {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Prints the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Writes everything readable, also what stands behind damage, into this new folder.
    #[arg(long, value_name = "TO")]
    salvage: Option<PathBuf>,
    /// Where a copy of the engine may lie meanwhile, which holds what the store holds; the system's folder for
    /// temporary files when absent.
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
    /// Memory in MiB for documents; the journal is read once more for each further share of this size.
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_BYTES / MIB, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    memory_mib: u64,
    /// Id of the journal, where no head of its files is whole: manifest.json of a backup has it in its last series.
    #[arg(long, value_name = "ID", value_parser = journal)]
    journal: Option<JournalId>,
    /// Disk space in MiB that the server is told to leave free.
    #[arg(long, value_name = "MIB", default_value_t = RESERVE_BYTES / MIB)]
    reserve_mib: u64,
}

pub(super) fn run(options: &DoctorOptions) -> ExitCode {
    if let Some(to) = &options.salvage {
        return save(&options.data, to, options.journal);
    }
    let how = Options {
        reserve_bytes: options.reserve_mib.saturating_mul(MIB),
        flush_time: FLUSH_TIME,
        scratch: options.scratch.clone().unwrap_or_else(std::env::temp_dir),
        memory_bytes: options.memory_mib.saturating_mul(MIB),
        journal: options.journal,
    };
    // On the stream of errors, so that the findings stay alone on theirs.
    let mut told = |documents: u64| say_error(&format!("{documents} documents are folded"));
    match examine(&options.data, &how, Platform::system().clock.now(), &mut told) {
        Err(error) => {
            say_error(&error.to_string());
            ExitCode::from(NOT_LOOKED)
        }
        Ok(report) => {
            if options.json {
                // Strings only: writing them cannot fail.
                say(&serde_json::to_string_pretty(&report).unwrap_or_default());
            } else {
                show(&report);
            }
            if report.is_damaged() { ExitCode::from(DAMAGED) } else { ExitCode::SUCCESS }
        }
    }
}

fn show(report: &Report) {
    for Finding { of, level, found, next } in &report.findings {
        let mark = match level {
            Level::Sound => "ok    ",
            Level::Note => "note  ",
            Level::Damage => "DAMAGE",
        };
        say(&format!("{mark} {of}: {found}"));
        if let Some(next) = next {
            say(&format!("       {next}"));
        }
    }
    say(if report.is_damaged() { "The store is damaged." } else { "The store is sound." });
}

fn save(data: &Path, to: &Path, journal: Option<JournalId>) -> ExitCode {
    match salvage::salvage(data, to, &known_journals(data, journal)) {
        Ok(saved) => {
            let scanned = saved.scanned;
            let to = to.display();
            for gone in &scanned.unreadable {
                let (file, offset, bytes) = (gone.file.display(), gone.offset, gone.bytes);
                say(&format!("{file}: {bytes} bytes from byte {offset} on cannot be read: {}", gone.problem));
            }
            say(&format!("{} frames before any damage: {to}/store/journal", scanned.sound_to.number));
            say(&format!("{} frames behind damage: {to}/behind-damage.frames", scanned.behind));
            say(&format!("{} log records: {to}/log-records.jsonl", saved.records));
            say("Next: restore the newest backup; keep this folder until the devices have given back what it lacks.");
            if scanned.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) }
        }
        Err(error) => {
            say_error(&error.to_string());
            ExitCode::from(NOT_LOOKED)
        }
    }
}

fn journal(text: &str) -> Result<JournalId, String> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    let id = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    id.map(JournalId).ok_or_else(|| "a journal's id has 32 hexadecimal digits".to_owned())
}
