//! The folder of a backup: who writes into it, and files that appear whole or not at all.
//!
//! Everything that a backup writes goes through a [`Disk`], so that each of its calls can be made to fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::error::BackupError;
use crate::attachments::BLOBS;
use crate::store::disk::{self, Disk, DiskFile, RealDisk, length_of};

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
    clear(&RealDisk::new(folder))?;
    Ok(held)
}

/// Removes files that are half written: a disk that is full needs the room. Who does this holds the folder.
pub(super) fn clear(disk: &dyn Disk) -> Result<(), BackupError> {
    clear_folder(disk, "")?;
    if !disk::holds(disk, "", BLOBS).map_err(io_error("reading the folder", disk, ""))? {
        return Ok(());
    }
    for part in disk.list(BLOBS).map_err(io_error("reading the folder", disk, BLOBS))? {
        clear_folder(disk, &format!("{BLOBS}/{part}"))?;
    }
    Ok(())
}

fn clear_folder(disk: &dyn Disk, folder: &str) -> Result<(), BackupError> {
    let names = match disk.list(folder) {
        // Somebody's file among the folders of attachments.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(()),
        names => names.map_err(io_error("reading the folder", disk, folder))?,
    };
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        disk.remove(&path).map_err(io_error("removing the unfinished", disk, &path))?;
    }
    Ok(())
}

/// The name under which a file is written before it is whole.
fn unfinished(name: &str) -> String {
    format!("{name}{UNFINISHED}")
}

/// The error of an operation on a file of `disk`.
pub(super) fn io_error(
    attempt: &'static str,
    disk: &dyn Disk,
    name: &str,
) -> impl FnOnce(io::Error) -> BackupError + use<> {
    BackupError::io(attempt, Path::new(&disk.full_path(name)))
}

/// A file that is being written, from its beginning on.
#[derive(Debug)]
pub struct Unfinished {
    file: Box<dyn DiskFile>,
    at: u64,
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(self.at, bytes)?;
        self.at = self.at.saturating_add(length_of(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is read from its beginning on.
#[derive(Debug)]
pub struct Reading {
    file: Box<dyn DiskFile>,
    at: u64,
}

impl Reading {
    /// At the beginning of `file`.
    pub(super) fn new(file: Box<dyn DiskFile>) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// Opens the unfinished form of a file for writing, readable by its owner only.
pub(super) fn create_unfinished(disk: &dyn Disk, name: &str) -> Result<Unfinished, BackupError> {
    let name = unfinished(name);
    let made = match disk.create(&name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(&name).and_then(|()| disk.create(&name))
        }
        made => made,
    };
    Ok(Unfinished { file: made.map_err(io_error("writing", disk, &name))?, at: 0 })
}

/// Removes the unfinished form of a file that will not be whole.
pub(super) fn remove_unfinished(disk: &dyn Disk, name: &str) -> Result<(), BackupError> {
    let name = unfinished(name);
    disk.remove(&name).map_err(io_error("removing the unfinished", disk, &name))
}

/// The unfinished file is whole: makes it durable and gives it its name.
pub(super) fn finish(disk: &dyn Disk, name: &str, file: &Unfinished) -> Result<(), BackupError> {
    file.file.sync().map_err(io_error("making durable", disk, name))?;
    disk.rename(&unfinished(name), name).map_err(io_error("writing", disk, name))?;
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    disk.sync_folder(folder).map_err(io_error("making durable", disk, folder))
}

/// Writes a small file whole or not at all.
pub(super) fn write_whole(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = create_unfinished(disk, name)?;
    file.write_all(bytes).map_err(io_error("writing", disk, name))?;
    finish(disk, name, &file)
}

/// Reads a file of at most `limit` bytes; `None` when there is none.
pub(super) fn read_small(disk: &dyn Disk, name: &str, limit: u64) -> Result<Option<Vec<u8>>, BackupError> {
    let file = match disk.open_to_read(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("reading", disk, name)(error)),
    };
    let length = file.length().map_err(io_error("reading", disk, name))?;
    let room = usize::try_from(length)
        .ok()
        .filter(|_| length <= limit)
        .ok_or_else(|| io_error("reading", disk, name)(io::Error::other(format!("it is larger than {limit} bytes"))))?;
    let mut bytes = vec![0; room];
    let read = file.read_at(0, &mut bytes).map_err(io_error("reading", disk, name))?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

/// The disk and the name of a file of the file system.
pub(super) fn at(path: &Path) -> (RealDisk, String) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (RealDisk::new(folder), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_and_what_was_cut_off_is_cleared_away() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let held = hold(&folder).unwrap();
        fs::write(folder.join("piece.part"), b"half").unwrap();
        fs::write(folder.join("whole"), b"whole").unwrap();
        assert!(matches!(hold(&folder), Err(BackupError::Busy { .. })));
        assert!(folder.join("piece.part").exists(), "who does not hold the folder clears nothing away");
        drop(held);
        let _held = hold(&folder).unwrap();
        assert!(!folder.join("piece.part").exists() && folder.join("whole").exists());
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(folder.path());
        let read = |limit| read_small(&disk, "file", limit);
        assert_eq!(read(10).unwrap(), None);
        write_whole(&disk, "file", b"0123456789").unwrap();
        let mut second = create_unfinished(&disk, "file").unwrap();
        second.write_all(b"abc").unwrap();
        assert_eq!(read(10).unwrap().unwrap(), b"0123456789");
        finish(&disk, "file", &second).unwrap();
        assert_eq!(read(10).unwrap().unwrap(), b"abc");
        assert!(read(2).unwrap_err().to_string().contains("larger than 2 bytes"));
        // One that was cut off in the same place does not hinder the next.
        drop(create_unfinished(&disk, "file").unwrap());
        write_whole(&disk, "file", b"new").unwrap();
        assert_eq!(read(10).unwrap().unwrap(), b"new");
    }
}
