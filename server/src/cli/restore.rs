//! `docket restore`: a store from a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use docket_sync_core::time::UnixMillis;

use super::{Failure, data, say};
use crate::backup::attachments::PutBack;
use crate::backup::reading::{Backup, Cut, Reached};
use crate::backup::restore::restore_journal;
use crate::backup::sealing::Identities;
use crate::identity::StoreKeys;
use crate::platform::Platform;
use crate::restore::{RestoredFrom, renew_epoch};
use crate::store::disk::{Disk, RealDisk};
use crate::store::journal::JournalOptions;
use crate::store::{JournaledStore, SledOptions, folder};

/// Attachments that are named one by one where they are missing; the rest is counted.
const MISSING_NAMED: usize = 3;

/// Makes a store from a backup, as it is or as it was.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  docket restore --from /mnt/backup --identity backup.key --data /var/lib/docket\n  \
    docket restore --from /mnt/backup --identity backup.key --data /var/lib/docket --until 2026-11-21T08:00:00Z\n\n\
    The new store is the same store in a new epoch: devices notice, compare what they hold and give back what it lacks.\n\
    Never serve the old store and the new one both. A restore that was cut off can be run again."
)]
pub(super) struct RestoreOptions {
    /// Folder of the backup.
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// File of an identity that opens it.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// Folder of the new store; must not hold one.
    #[arg(long, value_name = "NEWDIR")]
    data: PathBuf,
    /// Leaves out what was written later, by the server's clock (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "to_number")]
    until: Option<UnixMillis>,
    /// Leaves out what has a greater number in the log.
    #[arg(long, value_name = "NUMBER")]
    to_number: Option<u64>,
    /// Number of an earlier series, as the manifest has it; the newest when absent.
    #[arg(long, value_name = "NUMBER")]
    series: Option<u32>,
}

pub(super) fn run(options: &RestoreOptions) -> Result<(), Failure> {
    data::check_new(&options.data)?;
    let backup = Backup::open(&options.from, Identities::read(&options.identity)?, options.series)?;
    let (files, keys, secret) = backup.keys()?;
    let secret = zeroize::Zeroizing::new(secret);
    std::fs::create_dir_all(&options.data)
        .map_err(|error| Failure::new(format!("making the folder {}: {error}", options.data.display())))?;
    data::begin_keys(&options.data, &secret)?;
    data::make_private(&options.data.join("tls"))?;
    files.restore(&options.data, "keys/store.key")?;
    let store = options.data.join("store");
    let lock = folder::lock(&store)?;
    let cut = match (options.until, options.to_number) {
        (Some(time), _) => Cut::Until(time),
        (None, Some(number)) => Cut::ToNumber(number),
        (None, None) => Cut::Nothing,
    };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(&store));
    let restored = restore_journal(&backup, &disk, JournalOptions::default(), cut, |piece| {
        say(&format!("Restored {}", piece.name));
    })?;
    let reached = restored.reached;
    drop(lock);
    say(&format!("{} frames are back; attachments follow.", reached.frames));
    let put_back = backup.restore_attachments(&RealDisk::new(&options.data), &restored.attachments)?;
    say("The engine is made from the frames now.");
    begin_epoch(options, &store, keys, reached)?;
    data::finish_keys(&options.data)?;
    report(options, &backup, reached);
    report_attachments(&put_back);
    Ok(())
}

/// What is back, and what of the restored store is not: the frames name it, the backup does not have it whole.
fn report_attachments(put_back: &PutBack) {
    let PutBack { files, missing, problems } = put_back;
    say(&format!("{files} attachments are back."));
    for problem in problems {
        say(&format!("Not put back: {problem}."));
    }
    if !missing.is_empty() {
        let mut names: Vec<String> = missing.iter().take(MISSING_NAMED).map(ToString::to_string).collect();
        if let Some(more) = missing.len().checked_sub(MISSING_NAMED).filter(|more| *more > 0) {
            names.push(format!("and {more} more"));
        }
        say(&format!("{} attachments of this store are not in the backup: {}.", missing.len(), names.join(", ")));
    }
    if !missing.is_empty() || !problems.is_empty() {
        say("Devices that still hold them give them back; `docket doctor` names those that are gone.");
    }
}

fn begin_epoch(options: &RestoreOptions, store: &Path, keys: StoreKeys, reached: Reached) -> Result<(), Failure> {
    let platform = Platform::system();
    let opened = JournaledStore::open(store, SledOptions::default(), &platform)?;
    let from = RestoredFrom {
        backup: options.from.display().to_string(),
        until_number: reached.log_to,
        until_at: Some(reached.at),
    };
    renew_epoch(Arc::new(opened), keys, platform, from)?;
    Ok(())
}

fn report(options: &RestoreOptions, backup: &Backup, reached: Reached) {
    let folder = options.data.display();
    say(&format!(
        "Store {} is restored in {folder} until number {}, {}.",
        backup.manifest().store,
        reached.log_to,
        reached.at
    ));
    let last = backup.series().ok().and_then(|series| series.last());
    if let Some(last) = last.filter(|_| reached.is_cut) {
        let (from, at) = (reached.log_to.saturating_add(1), UnixMillis(last.last_at));
        say(&format!("Left out, and still in the backup: numbers {from} to {}, until {at}.", last.log_to));
    }
    say(&format!("Store key fingerprint (on every voucher): {}", backup.manifest().fingerprint));
    say(&format!("Next: docket serve --data {folder} --listen ADDRESS:PORT, in place of the old server."));
    say("Devices then give back by themselves what this store lacks; the office page shows what came back.");
    say("Devices that were enrolled after this point wait there until an administrator confirms them.");
    say("Office people log in again; open enrolment codes are void.");
}

fn time(text: &str) -> Result<UnixMillis, String> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|time| UnixMillis(time.timestamp_millis()))
        .map_err(|error| format!("a time is written like 2026-11-21T08:00:00Z: {error}"))
}
