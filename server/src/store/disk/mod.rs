//! A disk as the journal needs it: files of one folder, named by paths with `/`, and when they are durable.
//!
//! Nothing here knows what a journal is. [`RealDisk`] is the file system; [`SimulatedDisk`] is one in memory
//! that loses, tears and refuses on command, for tests and for the simulation of the whole product.
//!
//! What a caller may rely on, and no more: written bytes are durable after [`DiskFile::sync`]; a name made, moved
//! or removed is durable after [`Disk::sync_folder`] of its folder; a write that failed may have happened in part;
//! after a sync that failed nothing is known of the bytes it was to make durable, whatever a read shows.

mod real;
pub mod simulated;

use std::io;

pub use real::RealDisk;
pub use simulated::{DiskFailure, SimulatedDisk};

/// Most bytes that one call of [`fill_with_zeros`] writes at once: the buffer lies in memory.
const ZEROS: usize = 256 * 1024;

/// The files of one folder and its subfolders.
pub trait Disk: Send + Sync + core::fmt::Debug {
    /// Makes an empty file for reading and writing; an error when the name is taken.
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and writing.
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and [`DiskFile::sync`].
    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Makes a folder that only its owner enters; nothing happens when it is there.
    fn make_folder(&self, path: &str) -> io::Result<()>;

    /// Names in a folder, in their order; the empty path is the folder of the disk itself.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Gives a file or folder another name in the same folder, in one step. A file of that name is replaced.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Gives a file that never changes again a second name. Where that cannot be done the caller copies it.
    fn link(&self, _from: &str, _to: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Removes a file, or a folder with everything in it.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Bytes that may still be written.
    fn free_space(&self) -> io::Result<u64>;

    /// The path as an operator knows it, for messages.
    fn full_path(&self, path: &str) -> String;
}

/// An open file.
pub trait DiskFile: Send + Sync + core::fmt::Debug {
    /// Reads from `offset` as much as there is, at most what `buffer` holds; gives how much that was.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`; the file grows when it must.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written before durable, and the length that reading it needs.
    fn sync(&self) -> io::Result<()>;

    /// Length in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// Writes zeros from `from` to `to`, so that writing there later changes nothing but bytes.
pub fn fill_with_zeros(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; ZEROS];
    let mut at = from;
    while at < to {
        let rest = usize::try_from(to.saturating_sub(at)).unwrap_or(ZEROS);
        let part = zeros.get(..rest).unwrap_or(&zeros);
        file.write_at(at, part)?;
        at = at.saturating_add(length_of(part));
    }
    Ok(())
}

/// Whether `folder` holds `name`; a folder that is absent holds nothing.
pub fn holds(disk: &dyn Disk, folder: &str, name: &str) -> io::Result<bool> {
    match disk.list(folder) {
        Ok(names) => Ok(names.iter().any(|found| found == name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The whole of a small file, at most `limit` bytes of it; `None` when there is none.
pub fn read_small(disk: &dyn Disk, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; limit];
    let length = file.read_at(0, &mut bytes)?;
    bytes.truncate(length);
    Ok(Some(bytes))
}

/// Replaces a small file in the disk's own folder, in one step and durably.
pub fn write_small(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = format!("{name}.new");
    if holds(disk, "", &new)? {
        disk.remove(&new)?;
    }
    let file = disk.create(&new)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    disk.rename(&new, name)?;
    disk.sync_folder("")
}

/// The length of a buffer as a length on disk.
pub(crate) fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
