//! `backed-up.json` in the data folder: how far the last backup went. The running server reads it again whenever it
//! has changed, and tells devices, which may then forget what they hold for the server's sake (sync.md, Evict).
//!
//! Invariant: a number is only told when the store's log has the chain value there that the backup has. A store that
//! was rolled back or restored beside an old record tells 0.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use docket_sync_core::ids::Digest;
use docket_sync_core::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::folder::{self, io_error};
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

    /// What the last backup left in a data folder; `None` before the first one.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or is not what a backup writes: then nothing counts as backed up.
    pub fn read(data: &Path) -> Result<Option<Self>, BackupError> {
        Self::read_on(&RealDisk::new(data))
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// As [`BackedUp::read`].
    pub fn read_on(data: &dyn Disk) -> Result<Option<Self>, BackupError> {
        let Some(bytes) = folder::read_small(data, FILE, TOLD_BYTES_MAX)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| io_error("reading", data, FILE)(error.into());
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
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
    changed: Option<Mark>,
    told: Option<BackedUp>,
}

/// What is another for every record, and for the same one under other rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    File { inode: u64, modified: (i64, i64), changed: (i64, i64) },
    Unseen(io::ErrorKind),
}

impl Mark {
    /// The mark of the file at `path` now; `None` where there is none.
    fn of(path: &Path) -> Option<Self> {
        match std::fs::metadata(path) {
            Ok(file) => Some(Self::File {
                inode: file.ino(),
                modified: (file.mtime(), file.mtime_nsec()),
                changed: (file.ctime(), file.ctime_nsec()),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(Self::Unseen(error.kind())),
        }
    }
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

    /// The record as it is now: one look at the file's times, and reading it only when it has changed. One that cannot
    /// be read counts as none, and the log says so once.
    #[must_use]
    pub fn told(&self) -> Option<BackedUp> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.look() {
            tracing::warn!(
                %error,
                "the record of the last backup cannot be read, so devices are told of no backup and keep everything: \
                 run `docket backup` as the user who runs this server"
            );
        }
        state.told.clone()
    }
}

impl State {
    /// Reads the record when it has changed; gives why it could not be, each time anew.
    fn look(&mut self) -> Option<BackupError> {
        let data = self.data.as_ref()?;
        let changed = Mark::of(&data.join(FILE));
        if changed == self.changed {
            return None;
        }
        self.changed = changed;
        let (told, error) = match BackedUp::read(data) {
            Ok(told) => (told, None),
            Err(error) => (None, Some(error)),
        };
        self.told = told;
        error
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
            // Two backups within the resolution of a file's times are one to the server: the later one is told late.
            let file = std::fs::File::open(data.path().join(FILE)).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number)).unwrap();
            assert_eq!(last.told(), Some(told(number)));
            assert_eq!(last.told(), Some(told(number)));
        }
        std::fs::write(data.path().join(FILE), b"{\"number\": 9").unwrap();
        assert_eq!(last.told(), None, "half a record counts as none");
        std::fs::remove_file(data.path().join(FILE)).unwrap();
        assert_eq!(last.told(), None);
    }

    #[test]
    fn a_record_that_cannot_be_read_is_said_once_and_again_when_it_has_changed() {
        let data = tempfile::tempdir().unwrap();
        let mut state = State { data: Some(data.path().to_owned()), ..State::default() };
        assert!(state.look().is_none(), "no backup yet is no problem");
        let file = data.path().join(FILE);
        // A folder in its place: cannot be read by any user.
        std::fs::create_dir(&file).unwrap();
        let said = state.look().map(|error| error.to_string()).unwrap();
        assert!(said.contains(FILE), "{said}");
        assert!(state.look().is_none() && state.told.is_none());
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, b"{\"number\": 9").unwrap();
        assert!(state.look().is_some());
        std::fs::remove_file(&file).unwrap();
        told(7).write(&RealDisk::new(data.path())).unwrap();
        assert!(state.look().is_none());
        assert_eq!(state.told, Some(told(7)));
    }
}
