//! The folder of a backup: who writes into it, and files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::BackupError;

/// Held by the one backup that writes into the folder.
const LOCK_FILE: &str = "lock";

/// End of the name of a file that is being written.
const UNFINISHED: &str = ".part";

/// The folder, held by this process until the value is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

/// Makes the folder if need be and takes its lock; removes what a backup that was cut off left half written.
pub fn hold(folder: &Path) -> Result<Held, BackupError> {
    fs::create_dir_all(folder).map_err(BackupError::io("making the folder", folder))?;
    let path = folder.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(&path).map_err(BackupError::io("opening", &path))?;
    match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(BackupError::Busy { folder: folder.to_owned() }),
        Err(error) => return Err(BackupError::io("locking", &path)(error.into())),
    }
    let held = Held { _lock: lock };
    held.clear(folder)?;
    Ok(held)
}

impl Held {
    /// Removes files that are half written: a disk that is full needs the room.
    pub fn clear(&self, folder: &Path) -> Result<(), BackupError> {
        for entry in fs::read_dir(folder).map_err(BackupError::io("reading the folder", folder))? {
            let name = entry.map_err(BackupError::io("reading the folder", folder))?.file_name();
            if name.to_string_lossy().ends_with(UNFINISHED) {
                let path = folder.join(name);
                fs::remove_file(&path).map_err(BackupError::io("removing the unfinished", &path))?;
            }
        }
        Ok(())
    }
}

/// The name under which a file is written before it is whole.
#[must_use]
pub fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// Opens the unfinished form of `path` for writing, readable by its owner only.
pub fn create_unfinished(path: &Path) -> Result<File, BackupError> {
    let unfinished = unfinished(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&unfinished).map_err(BackupError::io("writing", &unfinished))
}

/// The unfinished file is whole: makes it durable and gives it its name.
pub fn finish(path: &Path, file: &File) -> Result<(), BackupError> {
    file.sync_all().map_err(BackupError::io("making durable", path))?;
    fs::rename(unfinished(path), path).map_err(BackupError::io("writing", path))?;
    sync_folder_of(path)
}

/// Writes a small file whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = create_unfinished(path)?;
    file.write_all(bytes).map_err(BackupError::io("writing", path))?;
    finish(path, &file)
}

/// Reads a file of at most `limit` bytes; `None` when there is none.
pub fn read_small(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, BackupError> {
    let reading = BackupError::io("reading", path);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(reading(error)),
    };
    let mut bytes = Vec::new();
    match file.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
        Err(error) => Err(reading(error)),
        Ok(_) if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) => {
            Err(reading(std::io::Error::other(format!("it is larger than {limit} bytes"))))
        }
        Ok(_) => Ok(Some(bytes)),
    }
}

/// Makes the names beside `path` durable.
pub fn sync_folder_of(path: &Path) -> Result<(), BackupError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::io("making durable", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_and_what_was_cut_off_is_cleared_away() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let held = hold(&folder).unwrap();
        fs::write(unfinished(&folder.join("piece")), b"half").unwrap();
        fs::write(folder.join("whole"), b"whole").unwrap();
        assert!(matches!(hold(&folder), Err(BackupError::Busy { .. })));
        assert!(unfinished(&folder.join("piece")).exists(), "who does not hold the folder clears nothing away");
        drop(held);
        let _held = hold(&folder).unwrap();
        assert!(!unfinished(&folder.join("piece")).exists() && folder.join("whole").exists());
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read_small(&path, 10).unwrap(), None);
        write_whole(&path, b"0123456789").unwrap();
        let mut second = create_unfinished(&path).unwrap();
        second.write_all(b"abc").unwrap();
        assert_eq!(read_small(&path, 10).unwrap().unwrap(), b"0123456789");
        finish(&path, &second).unwrap();
        assert_eq!(read_small(&path, 10).unwrap().unwrap(), b"abc");
        assert!(read_small(&path, 2).unwrap_err().to_string().contains("larger than 2 bytes"));
    }
}
