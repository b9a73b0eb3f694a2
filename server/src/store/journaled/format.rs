//! Small files beside the journal: the format of the store, and what a process leaves for the next one.
//!
//! - `format`: the version of the whole folder as decimal digits. A folder without it is of format 1 (sled alone)
//!   when it holds no journal.
//! - `running`: which start of the machine the store is open under; removed when it is closed in order. While it is
//!   there with another start, the power failed, and an engine without a barrier cannot be trusted.
//! - `rebuild`: the engine failed while running; why.

use std::io;

use crate::store::StoreError;
use crate::store::disk::{self, Disk};

/// The format that this program writes: raised with every table that is added, so that a program which does not know
/// the table refuses the store instead of calling its journal damaged. 1: the engine alone; 2: behind a journal; 3: with
/// the tables 27 and 28.
pub const FORMAT: u32 = 3;

/// The first format with a journal. What is behind one is upgraded by writing the new number, when it has been kept.
pub(super) const WITH_JOURNAL: u32 = 2;

const FORMAT_FILE: &str = "format";
const RUNNING_FILE: &str = "running";
const REBUILD_FILE: &str = "rebuild";

/// All of them.
pub(super) const SMALL_FILES: [&str; 3] = [FORMAT_FILE, RUNNING_FILE, REBUILD_FILE];

/// Longest of these files in bytes.
const BYTES_MAX: usize = 1_024;

fn read(disk: &dyn Disk, name: &str) -> Result<Option<String>, StoreError> {
    let bytes = disk::read_small(disk, name, BYTES_MAX).map_err(io_error("reading", disk, name))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

fn write(disk: &dyn Disk, name: &str, text: &str) -> Result<(), StoreError> {
    disk::write_small(disk, name, format!("{text}\n").as_bytes()).map_err(io_error("writing", disk, name))
}

fn remove(disk: &dyn Disk, name: &str) -> Result<(), StoreError> {
    let removed = disk::holds(disk, "", name)
        .and_then(|is_there| if is_there { disk.remove(name).and_then(|()| disk.sync_folder("")) } else { Ok(()) });
    removed.map_err(io_error("removing", disk, name))
}

pub(super) fn io_error(attempt: &'static str, disk: &dyn Disk, path: &str) -> impl FnOnce(io::Error) -> StoreError {
    let attempt = format!("{attempt} {}", disk.full_path(path));
    move |source| StoreError::Io { attempt, source }
}

/// The format of the folder, when it says one. A newer one is refused.
pub(super) fn check(disk: &dyn Disk) -> Result<Option<u32>, StoreError> {
    format_in(disk, "")
}

/// The format of the store in a folder of the disk, when it says one. A newer one is refused.
///
/// # Errors
/// When the disk fails, the file is damaged or the format is newer than this program.
pub fn format_in(disk: &dyn Disk, folder: &str) -> Result<Option<u32>, StoreError> {
    let path = if folder.is_empty() { FORMAT_FILE.to_owned() } else { format!("{folder}/{FORMAT_FILE}") };
    let Some(text) = read(disk, &path)? else { return Ok(None) };
    let refuse = |problem| StoreError::Open { path: disk.full_path(folder).into(), problem };
    match text.parse::<u32>() {
        Ok(format) if (1..=FORMAT).contains(&format) => Ok(Some(format)),
        Ok(format) => Err(refuse(format!(
            "it has format {format} and this program knows formats up to {FORMAT}: start a newer version of docket"
        ))),
        Err(_) => Err(refuse(format!("its file `{FORMAT_FILE}` is damaged: it should contain {FORMAT}"))),
    }
}

pub(super) fn write_format(disk: &dyn Disk) -> Result<(), StoreError> {
    write(disk, FORMAT_FILE, &FORMAT.to_string())
}

/// The start of the machine under which the store was opened and not closed.
pub(super) fn running(disk: &dyn Disk) -> Result<Option<String>, StoreError> {
    read(disk, RUNNING_FILE)
}

pub(super) fn write_running(disk: &dyn Disk, boot: &str) -> Result<(), StoreError> {
    // A disk without any room can still be opened after a kill.
    if running(disk)?.as_deref() == Some(boot) {
        return Ok(());
    }
    write(disk, RUNNING_FILE, boot)
}

pub(super) fn remove_running(disk: &dyn Disk) -> Result<(), StoreError> {
    remove(disk, RUNNING_FILE)
}

/// Why the engine is not to be trusted, if it is not.
pub(super) fn rebuild(disk: &dyn Disk) -> Result<Option<String>, StoreError> {
    read(disk, REBUILD_FILE)
}

pub(super) fn write_rebuild(disk: &dyn Disk, why: &str) -> Result<(), StoreError> {
    let why: String = why.chars().filter(|character| !character.is_control()).take(200).collect();
    write(disk, REBUILD_FILE, &why)
}

pub(super) fn remove_rebuild(disk: &dyn Disk) -> Result<(), StoreError> {
    remove(disk, REBUILD_FILE)
}
