//! Putting the files of a backup into a data folder.

use std::io::Write as _;

use docket_sync_core::ids::BlobId;

use super::super::error::BackupError;
use super::super::folder::{self, io_error};
use super::super::sealing::Identities;
use super::sealed::Sealed;
use super::{Expected, Folders, SEALED, kept_folder, listed, path_of};
use crate::attachments::BLOBS;
use crate::store::disk::Disk;

/// What was put back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Files.
    pub files: u64,
    /// Files that the restored store had and the backup does not have; devices that still hold these give them back.
    pub missing: Vec<BlobId>,
    /// What is in the backup and could not be put back, a sentence each.
    pub problems: Vec<String>,
}

/// Puts every file of a backup into a data folder. One that is damaged stops nothing else; of those `expected` it is
/// told which the backup does not have.
///
/// # Errors
/// When the disk of the data folder fails, or the files of the backup cannot be listed.
pub fn restore(
    from: &dyn Disk,
    identities: &Identities,
    data: &dyn Disk,
    expected: &Expected,
) -> Result<PutBack, BackupError> {
    let there = listed(from, BLOBS, SEALED)?;
    let missing = expected.blobs().filter(|blob| !there.contains(blob)).collect();
    let mut put_back = PutBack { files: 0, missing, problems: Vec::new() };
    let mut folders = Folders::default();
    for blob in there {
        match put_back_one(from, identities, data, blob, &mut folders)? {
            None => put_back.files = put_back.files.saturating_add(1),
            Some(problem) => put_back.problems.push(problem.to_string()),
        }
    }
    Ok(put_back)
}

/// Puts one file back, or gives what is wrong with it in the backup.
fn put_back_one(
    from: &dyn Disk,
    identities: &Identities,
    data: &dyn Disk,
    blob: BlobId,
    folders: &mut Folders,
) -> Result<Option<BackupError>, BackupError> {
    let mut sealed = match Sealed::open(from, identities, blob) {
        Ok(sealed) => sealed,
        Err(problem) => return Ok(Some(problem)),
    };
    let name = path_of(&kept_folder(), blob, "");
    folders.make_for(data, &name)?;
    let mut file = folder::create_unfinished(data, &name)?;
    loop {
        match sealed.next() {
            Ok(Some(bytes)) => file.write_all(bytes).map_err(io_error("writing", data, &name))?,
            Ok(None) => break,
            Err(problem) => {
                drop(file);
                folder::remove_unfinished(data, &name)?;
                return Ok(Some(problem));
            }
        }
    }
    folder::finish(data, &name, &file)?;
    Ok(None)
}
