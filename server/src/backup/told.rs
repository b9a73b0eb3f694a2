//! `backed-up.json` in the data folder: how far the last backup went. The running server reads it again whenever it
//! has changed, and tells devices, which may then forget what they hold for the server's sake (sync.md, Evict).
//!
//! Invariant: a number is only told when the store's log has the chain value there that the backup has. A store that
//! was rolled back or restored beside an old record tells 0.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use docket_sync_core::ids::Digest;
use docket_sync_core::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::folder;
use super::limits::TOLD_BYTES_MAX;
use crate::store::disk::{Disk, RealDisk};

/// Its file name.
pub const FILE: &str = "backed-up.json";

/// How far the last backup went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Last number of the log in it.
    pub number: u64,
    /// The log's chain value there.
    pub chain: Digest,
    /// When the backup ended, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Its folder, for people.
    pub to: String,
}

impl BackedUp {
    /// When the backup ended.
    #[must_use]
    pub fn at(&self) -> UnixMillis {
        UnixMillis(self.at_ms)
    }

    /// Leaves it in a data folder, whole or not at all.
    pub fn write(&self, data: &dyn Disk) -> Result<(), BackupError> {
        // Numbers and strings: writing them cannot fail.
        folder::write_whole(data, FILE, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// What the last backup left in a data folder; `None` before the first one, and when the file is not readable:
    /// then nothing counts as backed up.
    #[must_use]
    pub fn read(data: &Path) -> Option<Self> {
        Self::read_on(&RealDisk::new(data))
    }

    /// The same on any disk.
    #[must_use]
    pub fn read_on(data: &dyn Disk) -> Option<Self> {
        let bytes = folder::read_small(data, FILE, TOLD_BYTES_MAX).ok()??;
        serde_json::from_slice(&bytes).ok()
    }
}

/// What the running server knows of its last backup.
#[derive(Debug, Default)]
pub struct LastBackup {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    data: Option<PathBuf>,
    changed: Option<SystemTime>,
    told: Option<BackedUp>,
}

impl LastBackup {
    /// Follows the record in a data folder from now on.
    pub fn follow(&self, data: &Path) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
            State { data: Some(data.to_owned()), ..State::default() };
    }

    /// Tells this backup from now on and reads no folder: for a store whose disk is simulated.
    pub fn tell(&self, told: BackedUp) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State { told: Some(told), ..State::default() };
    }

    /// The record as it is now: one look at the file's time, and reading it only when it has changed.
    #[must_use]
    pub fn told(&self) -> Option<BackedUp> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(data) = state.data.clone() else { return state.told.clone() };
        let changed = std::fs::metadata(data.join(FILE)).and_then(|metadata| metadata.modified()).ok();
        if changed != state.changed {
            state.told = changed.and_then(|_| BackedUp::read(&data));
            state.changed = changed;
        }
        state.told.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(number: u64) -> BackedUp {
        BackedUp { number, chain: Digest([3; 32]), at_ms: 1_795_000_000_123, to: "/backup".to_owned() }
    }

    #[test]
    fn a_running_server_sees_each_new_backup_and_nothing_of_a_damaged_record() {
        let data = tempfile::tempdir().unwrap();
        let last = LastBackup::default();
        assert_eq!(last.told(), None, "nothing is followed");
        last.follow(data.path());
        assert_eq!(last.told(), None);
        for number in [4_711, 4_712] {
            told(number).write(&RealDisk::new(data.path())).unwrap();
            // Two backups within the resolution of a file's time are one to the server: the later one is told late.
            let file = std::fs::File::open(data.path().join(FILE)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number)).unwrap();
            assert_eq!(last.told(), Some(told(number)));
            assert_eq!(last.told(), Some(told(number)));
        }
        std::fs::write(data.path().join(FILE), b"{\"number\": 9").unwrap();
        assert_eq!(last.told(), None, "half a record counts as none");
        std::fs::remove_file(data.path().join(FILE)).unwrap();
        assert_eq!(last.told(), None);
    }
}
