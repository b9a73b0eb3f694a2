//! `docket backup`: backs a store up, makes a key for that, verifies a backup.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use docket_sync_core::time::UnixMillis;

use super::{Failure, data, say};
use crate::backup::folding::MEMORY_BYTES;
use crate::backup::limits::PIECE_BYTES;
use crate::backup::reading::Backup;
use crate::backup::sealing::{Identities, Recipients, make_identity};
use crate::backup::take::{Request, Taken, take};
use crate::backup::verify::{Doing, verify};
use crate::platform::Platform;

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// Backs the store up, also while the server runs; makes keys for it; verifies a backup.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  docket backup key --out backup.key          once; keep the file away from this machine\n  \
    docket backup --data /var/lib/docket --to /mnt/backup --recipient age1...\n  \
    docket backup verify --from /mnt/backup --identity backup.key\n\n\
    Each run adds what is new since the last one and changes nothing that is there. It reads files only and needs no\n\
    pause of the server. Who has the identity of one recipient can restore it, with `docket restore`; nobody else can."
)]
pub(super) struct BackupOptions {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// Folder of the store.
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
    /// Folder of the backup; made when absent. Best on another machine's disk.
    #[arg(long, value_name = "FOLDER", required = true)]
    to: Option<PathBuf>,
    /// Who can open it (age1..., from `docket backup key`); repeat for several.
    #[arg(long = "recipient", value_name = "RECIPIENT", required = true)]
    recipients: Vec<String>,
    /// Largest piece in MiB, before compression.
    #[arg(long, value_name = "MIB", default_value_t = PIECE_BYTES / MIB, value_parser = clap::value_parser!(u64).range(1..=4_096))]
    piece_mib: u64,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Makes an identity that opens backups, and prints the recipient that they are encrypted to.
    #[command(after_help = "Example:\n  docket backup key --out backup.key\n\n\
        The file is all that opens the backups: print it, or keep copies in two safe places.")]
    Key {
        /// File of the identity; must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Checks a whole backup: every file, every frame, the log's chain, and folds every document. Writes nothing.
    #[command(after_help = "Example:\n  docket backup verify --from /mnt/backup --identity backup.key\n\n\
        Documents are kept in memory as far as --memory-mib goes; for the rest the backup is read again.")]
    Verify {
        /// Folder of the backup.
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// File of an identity that opens it.
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Number of an earlier series, as the manifest has it; the newest when absent.
        #[arg(long, value_name = "NUMBER")]
        series: Option<u32>,
        /// Memory in MiB for documents; a larger document is kept alone.
        #[arg(long, value_name = "MIB", default_value_t = MEMORY_BYTES / MIB, value_parser = clap::value_parser!(u64).range(1..=65_536))]
        memory_mib: u64,
    },
}

pub(super) fn run(options: BackupOptions) -> Result<(), Failure> {
    match options.command {
        Some(BackupCommand::Key { out }) => return make_key(&out),
        Some(BackupCommand::Verify { from, identity, series, memory_mib }) => {
            return check(&from, &identity, series, memory_mib.saturating_mul(MIB));
        }
        None => {}
    }
    let (Some(folder), Some(to)) = (options.data, options.to) else {
        return Err(Failure::new("--data and --to are needed: see `docket backup --help`"));
    };
    let recipients = Recipients::read(&options.recipients)?;
    let keys = data::read_keys(&folder)?;
    let piece_bytes = options.piece_mib.saturating_mul(MIB);
    let request = Request { data: &folder, to: &to, recipients: &recipients, keys: &keys, piece_bytes };
    let platform = Platform::system();
    let taken = take(&request, platform.clock.as_ref(), &mut |piece| {
        say(&format!(
            "Wrote {}: frames {} to {}, {} bytes",
            piece.name, piece.first_frame, piece.last_frame, piece.bytes
        ));
    })?;
    report(&taken, &to);
    Ok(())
}

fn report(taken: &Taken, to: &std::path::Path) {
    if let Some(reason) = &taken.begun {
        say(&format!("Series {} was begun: {reason}.", taken.series));
    }
    if taken.with_keys {
        say("Keys and certificates were written, encrypted like everything else.");
    }
    let Taken { pieces, frames, bytes, log_to, last_at, .. } = taken;
    say(&format!("Added {frames} frames in {pieces} pieces, {bytes} bytes."));
    if taken.attachments.files > 0 {
        say(&format!("Added {} attachments, {} bytes.", taken.attachments.files, taken.attachments.bytes));
    }
    say(&format!("{} holds everything up to number {log_to}, {last_at}.", to.display()));
}

fn make_key(out: &PathBuf) -> Result<(), Failure> {
    let now: UnixMillis = Platform::system().clock.now();
    let (text, recipient) = make_identity(&now.to_string());
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(out);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| Failure::new(format!("making {}: {error}", out.display())))?;
    say(&format!("Identity (keep it safe, not on the server): {}", out.display()));
    say(&format!("Recipient: {recipient}"));
    say(&format!("Next: docket backup --data DIR --to FOLDER --recipient {recipient}"));
    Ok(())
}

fn check(
    from: &std::path::Path,
    identity: &std::path::Path,
    series: Option<u32>,
    memory_bytes: u64,
) -> Result<(), Failure> {
    let backup = Backup::open(from, Identities::read(identity)?, series)?;
    say(&format!("Store {}, key fingerprint {}", backup.manifest().store, backup.manifest().fingerprint));
    let found = verify(&backup, memory_bytes, |doing| match doing {
        Doing::Piece(name) => say(&format!("Checked {name}")),
        Doing::Documents(count) => say(&format!("Folded {count} documents")),
        Doing::Again(pass) => say(&format!("More than fits into memory: reading the frames for the {pass}. time")),
    })?;
    let (reached, folded) = (found.reached, found.folded);
    say(&format!(
        "{} pieces and {} with keys are whole: {} frames, {} writes, {} log records in one chain, {} documents with {} \
         facts folded, {} attachments have their digests.",
        found.pieces,
        found.keys,
        reached.frames,
        found.writes,
        reached.log_to,
        folded.documents,
        folded.facts,
        found.attachments
    ));
    say(&format!("A restore of it goes until number {}, {}.", reached.log_to, reached.at));
    Ok(())
}
