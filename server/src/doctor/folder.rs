//! The data folder around the journal: format, keys, whether a server runs, room on the disk, the last backup.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use docket_sync_core::time::{DAY, HOUR, UnixMillis};

use super::finding::Finding;
use crate::backup::BackedUp;
use crate::identity::StoreKeys;
use crate::store::journaled::FORMAT;
use crate::store::space;

/// What to do about keys or a journal that only a backup has.
pub(super) const RESTORE: &str =
    "Restore the newest backup with `docket restore` into a new folder; devices give back what it lacks.";

/// What to do where the one who looks may not.
const AS_OWNER: &str = "Run it as the user to whom the store belongs.";

/// Parts of the data folder that the server reads; of each also what lies directly in it.
const PARTS: [&str; 7] = ["backed-up.json", "keys", "tls", "store", "store/journal", "store/sled", "attachments"];

/// Hours after which a backup is old.
const OLD_BACKUP: i64 = DAY + 2 * HOUR;

/// Whether a process has the store open; else the lock is held so that none opens it meanwhile.
#[derive(Debug)]
pub(super) enum Use {
    Running { process: String },
    Free { _lock: Option<File> },
}

/// Looks at the lock of the store without writing to it.
pub(super) fn look_at_lock(store: &Path) -> Use {
    let Ok(mut file) = File::open(store.join("lock")) else { return Use::Free { _lock: None } };
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut process = String::new();
            let _unreadable = file.read_to_string(&mut process);
            Use::Running { process: process.trim().to_owned() }
        }
        Ok(()) | Err(_) => Use::Free { _lock: Some(file) },
    }
}

/// The file that says which format the store has.
pub(super) fn format(store: &Path) -> Finding {
    match fs::read_to_string(store.join("format")) {
        Ok(text) if text.trim() == FORMAT.to_string() => {
            Finding::sound("format", format!("The store has format {FORMAT}, which this program writes."))
        }
        Ok(text) => match text.trim().parse::<u32>() {
            Ok(format) if format > FORMAT => Finding::damage(
                "format",
                format!("The store has format {format}, this program knows {FORMAT}."),
                "Use the newer docket that wrote it.",
            ),
            Ok(format) if format > 1 => Finding::note(
                "format",
                format!("The store has format {format}, this program writes {FORMAT}."),
                "Start `docket serve` once: it upgrades the store and keeps the old one.",
            ),
            _ => Finding::damage(
                "format",
                "The file `format` is damaged.",
                "Write the number of the format into it, or restore a backup.",
            ),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::note(
            "format",
            "The store does not say which format it has: it is of format 1.",
            "Start `docket serve` once: it upgrades the store and keeps the old one.",
        ),
        Err(error) => Finding::damage("format", format!("The file `format` cannot be read: {error}."), RESTORE),
    }
}

/// The keys: there, readable, and by nobody else.
pub(super) fn keys(data: &Path) -> Vec<Finding> {
    let path = data.join("keys").join("store.key");
    let text = match fs::read_to_string(&path) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(error) => {
            let next = if error.kind() == io::ErrorKind::PermissionDenied { AS_OWNER } else { RESTORE };
            return vec![Finding::damage("keys", format!("{} cannot be read: {error}.", path.display()), next)];
        }
    };
    let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    let Some(secret) = decoded.and_then(|bytes| <[u8; StoreKeys::LENGTH]>::try_from(bytes).ok()) else {
        return vec![Finding::damage("keys", format!("{} is damaged.", path.display()), RESTORE)];
    };
    let fingerprint = StoreKeys::from_secret(&secret).fingerprint();
    let mut findings = vec![Finding::sound("keys", format!("The store's key is there, fingerprint {fingerprint}."))];
    for part in ["keys", "keys/store.key", "store", "tls"] {
        let path = data.join(part);
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.permissions().mode() & 0o077 != 0 {
            let next = format!("Take the rights of others away: chmod go= {}", path.display());
            findings.push(Finding::note("keys", format!("Others than the owner can reach {}.", path.display()), &next));
        }
    }
    findings
}

/// What belongs to another user than the keys: the server cannot read it, or will not be able to replace it.
pub(super) fn owner(data: &Path) -> Option<Finding> {
    let owner = fs::metadata(data.join("keys")).ok()?.uid();
    let mut others = Vec::new();
    // The folder itself may be root's, lent by its group as in a container.
    if fs::metadata(data).is_ok_and(|folder| folder.uid() != owner && folder.uid() != 0) {
        others.push(data.display().to_string());
    }
    let mut look = |path: &Path| {
        if fs::symlink_metadata(path).is_ok_and(|found| found.uid() != owner) {
            others.push(path.display().to_string());
        }
    };
    for part in PARTS {
        let path = data.join(part);
        look(&path);
        for inside in fs::read_dir(&path).into_iter().flatten().flatten() {
            look(&inside.path());
        }
    }
    let first = others.first()?;
    let said = format!(
        "{} files and folders belong to another user than the keys do, who may not be able to read them: {first}{}.",
        others.len(),
        if others.len() > 1 { ", ..." } else { "" }
    );
    let next = format!("Give the whole folder to the server's user: chown -R USER {}", data.display());
    Some(Finding::damage("owner", said, &next))
}

/// Free space against what must stay free.
pub(super) fn room(store: &Path, reserve: u64) -> Finding {
    match space::free_space(store) {
        Ok(free) if free < reserve => Finding::note(
            "room",
            format!("The disk has {free} bytes left and {reserve} must stay free: nothing can be written."),
            "Make room; writing then goes on by itself.",
        ),
        Ok(free) if free < reserve.saturating_mul(4) => Finding::note(
            "room",
            format!("The disk has {free} bytes left; below {reserve} nothing is written any more."),
            "Make room soon.",
        ),
        Ok(free) => Finding::sound("room", format!("The disk has {free} bytes left, {reserve} must stay free.")),
        Err(error) => Finding::note("room", format!("The room on the disk is not known: {error}."), "Look with `df`."),
    }
}

/// The age of the last backup.
pub(super) fn last_backup(data: &Path, now: UnixMillis) -> Finding {
    const NEXT: &str = "Run `docket backup` now, and every hour by a timer.";
    match BackedUp::read(data) {
        Err(error) => Finding::note(
            "backup",
            format!("How far the last backup went cannot be read, so devices are told of none: {error}."),
            "Run `docket backup` as the user who runs the server.",
        ),
        Ok(None) => Finding::note("backup", "No backup of this store is known.", NEXT),
        Ok(Some(last)) => {
            let hours = now.since(last.at()) / HOUR;
            let said = format!(
                "The last backup ended {hours} hours ago and goes to number {}, into {}.",
                last.number, last.to
            );
            if now.since(last.at()) > OLD_BACKUP {
                Finding::note("backup", said, NEXT)
            } else {
                Finding::sound("backup", said)
            }
        }
    }
}
