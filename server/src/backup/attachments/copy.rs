//! Copying the files of a store into a backup.

use std::io::{self, Write as _};

use docket_sync_core::ids::BlobId;

use super::super::error::BackupError;
use super::super::folder::{self, io_error};
use super::super::piece::Hashed;
use super::super::sealing::Recipients;
use super::{Folders, SEALED, kept_folder, listed, path_of};
use crate::attachments::BLOBS;
use crate::store::disk::{Disk, DiskFile, length_of};

/// Bytes of a file that are copied at once.
const COPIED_AT_ONCE: usize = 1024 * 1024;

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were not in the backup yet.
    pub files: u64,
    /// Bytes added.
    pub bytes: u64,
    /// Files of the store that are not what their name says, a sentence each: the backup has none of them.
    pub problems: Vec<String>,
}

/// What became of one file.
enum Outcome {
    Copied(u64),
    /// It was tidied away since it was listed.
    Gone,
    Damaged(String),
}

/// Copies every attachment of the data folder that the backup does not have yet, each checked against its digest.
///
/// # Errors
/// When the disk of the backup fails, or the files cannot be listed. A file that is damaged stops no other.
pub fn copy(data: &dyn Disk, to: &dyn Disk, recipients: &Recipients) -> Result<Copied, BackupError> {
    let there = listed(to, BLOBS, SEALED)?;
    let mut copied = Copied::default();
    let mut folders = Folders::default();
    for blob in listed(data, &kept_folder(), "")? {
        if there.contains(&blob) {
            continue;
        }
        match copy_one(data, to, recipients, blob, &mut folders)? {
            Outcome::Copied(bytes) => {
                copied.files = copied.files.saturating_add(1);
                copied.bytes = copied.bytes.saturating_add(bytes);
            }
            Outcome::Gone => {}
            Outcome::Damaged(problem) => {
                let path = data.full_path(&path_of(&kept_folder(), blob, ""));
                copied.problems.push(format!("{path}: {problem}"));
            }
        }
    }
    Ok(copied)
}

fn copy_one(
    data: &dyn Disk,
    to: &dyn Disk,
    recipients: &Recipients,
    blob: BlobId,
    folders: &mut Folders,
) -> Result<Outcome, BackupError> {
    let input = match data.open_to_read(&path_of(&kept_folder(), blob, "")) {
        Ok(input) => input,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Gone),
        Err(error) => return Ok(Outcome::Damaged(error.to_string())),
    };
    let name = path_of(BLOBS, blob, SEALED);
    folders.make_for(to, &name)?;
    let writing = || io_error("writing", to, &name);
    let mut output = recipients.seal(Hashed::new(folder::create_unfinished(to, &name)?)).map_err(writing())?;
    let mut reading = Reading { input, at: 0, hasher: blake3::Hasher::new() };
    let mut part = vec![0; COPIED_AT_ONCE];
    loop {
        match reading.next(blob, &mut part) {
            Ok([]) => break,
            Ok(bytes) => output.write_all(bytes).map_err(writing())?,
            Err(problem) => {
                drop(output);
                folder::remove_unfinished(to, &name)?;
                return Ok(Outcome::Damaged(problem));
            }
        }
    }
    let (file, bytes, _) = output.finish().and_then(Hashed::finish).map_err(writing())?;
    folder::finish(to, &name, &file)?;
    Ok(Outcome::Copied(bytes))
}

/// A file that is read from its beginning to its end, once.
struct Reading {
    input: Box<dyn DiskFile>,
    at: u64,
    hasher: blake3::Hasher,
}

impl Reading {
    /// The next bytes; none at the end, when all together have the digest of `blob`.
    fn next<'a>(&mut self, blob: BlobId, part: &'a mut [u8]) -> Result<&'a [u8], String> {
        let read = self.input.read_at(self.at, part).map_err(|error| error.to_string())?;
        let bytes = part.get(..read).unwrap_or_default();
        if bytes.is_empty() && BlobId(*self.hasher.finalize().as_bytes()) != blob {
            return Err("its bytes have another digest than its name".to_owned());
        }
        self.hasher.update(bytes);
        self.at = self.at.saturating_add(length_of(bytes));
        Ok(bytes)
    }
}
