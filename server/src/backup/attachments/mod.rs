//! Attachments in a backup: every file by itself, encrypted, under its content address; written once and never again.
//!
//! Which files there must be follows from the frames, so the manifest does not list them. They are copied behind the
//! frames and before it is told how far the backup goes: a number that is told has its files.
//!
//! Invariant: what gets its name here, in a backup or in a data folder, has been hashed to it. All files are reached
//! through a [`Disk`], so that each of its calls can be made to fail.

mod copy;
mod put_back;
mod sealed;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use docket_sync_core::ids::BlobId;

use super::error::BackupError;
use super::folder::io_error;
use crate::attachments::{BLOBS, FOLDER};
use crate::store::disk::Disk;
use crate::store::{Batch, Table};

pub use copy::{Copied, copy};
pub use put_back::{PutBack, restore};
pub use sealed::verify;

/// End of the name of a file in a backup.
const SEALED: &str = ".age";

/// The files that the store has, followed through its frames.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Files, and for how many orders each has arrived.
    orders: BTreeMap<BlobId, BTreeSet<Vec<u8>>>,
}

impl Expected {
    /// Takes the writes of the next frame.
    pub fn take(&mut self, batch: &Batch) {
        for (_, key, stored) in batch.writes().filter(|(table, _, _)| *table == Table::Attachment) {
            let Some((b'b', rest)) = key.split_first() else { continue };
            let Some((blob, order)) = rest.split_at_checked(BlobId::LENGTH) else { continue };
            let Some(blob) = BlobId::from_slice(blob) else { continue };
            let orders = self.orders.entry(blob).or_default();
            if stored.is_some() {
                orders.insert(order.to_vec());
            } else {
                orders.remove(order);
            }
            if orders.is_empty() {
                self.orders.remove(&blob);
            }
        }
    }

    /// The files.
    pub fn blobs(&self) -> impl Iterator<Item = BlobId> {
        self.orders.keys().copied()
    }
}

/// Folder of the files in a data folder.
fn kept_folder() -> String {
    format!("{FOLDER}/{BLOBS}")
}

/// Path of a file: 256 sub-folders by the first byte.
fn path_of(folder: &str, blob: BlobId, end: &str) -> String {
    let name = blob.to_string();
    format!("{folder}/{}/{name}{end}", name.get(..2).unwrap_or("00"))
}

/// The files in `folder` whose names end with `end`.
fn listed(disk: &dyn Disk, folder: &str, end: &str) -> Result<BTreeSet<BlobId>, BackupError> {
    let mut found = BTreeSet::new();
    for part in names(disk, folder)? {
        // What has another name was put there by somebody else.
        if part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let names = names(disk, &format!("{folder}/{part}"))?;
            found.extend(names.iter().filter_map(|name| name.strip_suffix(end)?.parse::<BlobId>().ok()));
        }
    }
    Ok(found)
}

/// Names in a folder; one that is absent holds nothing.
fn names(disk: &dyn Disk, folder: &str) -> Result<Vec<String>, BackupError> {
    match disk.list(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        names => names.map_err(io_error("reading the folder", disk, folder)),
    }
}

/// Folders that were made in this run, each durable under its name before a file in it is.
#[derive(Debug, Default)]
struct Folders(BTreeSet<String>);

impl Folders {
    /// Makes the folder of the file `path`, and those around it.
    fn make_for(&mut self, disk: &dyn Disk, path: &str) -> Result<(), BackupError> {
        for (end, _) in path.match_indices('/') {
            let folder = path.get(..end).unwrap_or_default();
            if self.0.contains(folder) {
                continue;
            }
            disk.make_folder(folder).map_err(io_error("making the folder", disk, folder))?;
            let around = folder.rsplit_once('/').map_or("", |(around, _)| around);
            disk.sync_folder(around).map_err(io_error("making durable", disk, around))?;
            self.0.insert(folder.to_owned());
        }
        Ok(())
    }
}
