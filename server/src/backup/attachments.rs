//! Attachments in a backup: every file by itself, encrypted, under its content address; written once and never again.
//!
//! Which files there must be follows from the frames, so the manifest does not list them. They are copied behind the
//! frames and before it is told how far the backup goes: a number that is told has its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use docket_sync_core::ids::BlobId;
use docket_sync_core::limits::ATTACHMENT_BYTES_MAX;

use super::error::BackupError;
use super::folder;
use super::piece::Hashed;
use super::sealing::{Identities, Recipients};
use crate::attachments::blobs::{BlobStore, FolderBlobs};
use crate::attachments::{BLOBS, FOLDER};
use crate::store::disk::RealDisk;
use crate::store::{Batch, Table};

/// Bytes of a file that are copied at once.
const COPIED_AT_ONCE: u64 = 1024 * 1024;

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were not in the backup yet.
    pub files: u64,
    /// Bytes added.
    pub bytes: u64,
}

/// Copies every attachment of the data folder that the backup does not have yet.
///
/// # Errors
/// When a disk fails.
pub fn copy(data: &Path, to: &Path, recipients: &Recipients) -> Result<Copied, BackupError> {
    let from = data.join(FOLDER).join(BLOBS);
    let mut copied = Copied::default();
    if !from.exists() {
        return Ok(copied);
    }
    let reading = |error| BackupError::io("reading", &from)(error);
    let blobs = FolderBlobs::open(from.clone()).map_err(reading)?;
    let mut found = Vec::new();
    blobs.each(&mut |blob, _| Ok(found.push(blob))).map_err(reading)?;
    let disk = RealDisk::new(to);
    for blob in found {
        let path = sealed_path(to, blob);
        let name = path.strip_prefix(to).unwrap_or(&path).to_string_lossy().into_owned();
        if path.exists() {
            continue;
        }
        // It may have been tidied away since it was listed.
        let Some(size) = blobs.size(blob).map_err(reading)? else { continue };
        let parent = path.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(BackupError::io("making the folder", parent))?;
        let writing = |error| BackupError::io("writing", &path)(error);
        let mut output = recipients.seal(Hashed::new(folder::create_unfinished(&disk, &name)?)).map_err(writing)?;
        let mut at = 0;
        while at < size {
            let part = blobs.read(blob, at, COPIED_AT_ONCE).map_err(reading)?.unwrap_or_default();
            if part.is_empty() {
                break;
            }
            at = at.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
            output.write_all(&part).map_err(writing)?;
        }
        let (file, bytes, _) = output.finish().and_then(Hashed::finish).map_err(writing)?;
        folder::finish(&disk, &name, &file)?;
        copied = Copied { files: copied.files.saturating_add(1), bytes: copied.bytes.saturating_add(bytes) };
    }
    Ok(copied)
}

/// The files that the store has, followed through its frames.
#[derive(Debug, Default)]
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

/// Opens every expected file of the backup and takes its digest; gives how many there are.
///
/// # Errors
/// At the first one that is missing or damaged.
pub fn verify(from: &Path, identities: &Identities, expected: &Expected) -> Result<u64, BackupError> {
    let mut checked = 0_u64;
    for blob in expected.blobs() {
        let mut nowhere = io::sink();
        unseal(from, identities, blob, &mut nowhere)?;
        checked = checked.saturating_add(1);
    }
    Ok(checked)
}

/// What was put back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Files.
    pub files: u64,
    /// What could not be put back, a sentence each; devices that still hold these files give them back.
    pub problems: Vec<String>,
}

/// Puts every file of a backup into a data folder. One that is damaged stops nothing else.
///
/// # Errors
/// When the disk of the data folder fails.
pub fn restore(from: &Path, identities: &Identities, data: &Path) -> Result<PutBack, BackupError> {
    let mut put_back = PutBack::default();
    let sealed = from.join(BLOBS);
    if !sealed.exists() {
        return Ok(put_back);
    }
    let to = data.join(FOLDER).join(BLOBS);
    let blobs = FolderBlobs::open(to.clone()).map_err(BackupError::io("making the folder", &to))?;
    for blob in listed(&sealed)? {
        let part = to.join("restored.part");
        let mut file = File::create(&part).map_err(BackupError::io("writing", &part))?;
        match unseal(from, identities, blob, &mut file) {
            Ok(()) => {
                blobs.take(blob, &part).map_err(BackupError::io("writing", &part))?;
                put_back.files = put_back.files.saturating_add(1);
            }
            Err(error) => put_back.problems.push(error.to_string()),
        }
    }
    match fs::remove_file(to.join("restored.part")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::io("removing", &to)(error)),
        _ => Ok(put_back),
    }
}

fn sealed_path(folder: &Path, blob: BlobId) -> PathBuf {
    let name = blob.to_string();
    folder.join(BLOBS).join(name.get(..2).unwrap_or("00")).join(format!("{name}.age"))
}

/// The files in the folder of a backup.
fn listed(sealed: &Path) -> Result<Vec<BlobId>, BackupError> {
    let reading = |error| BackupError::io("reading the folder", sealed)(error);
    let mut found = Vec::new();
    for part in fs::read_dir(sealed).map_err(reading)? {
        for file in fs::read_dir(part.map_err(reading)?.path()).map_err(reading)? {
            let name = file.map_err(reading)?.file_name();
            let blob: Option<BlobId> =
                name.to_str().and_then(|name| name.strip_suffix(".age")).and_then(|name| name.parse().ok());
            found.extend(blob);
        }
    }
    Ok(found)
}

/// Writes the bytes of a file of the backup, checked against its address.
fn unseal(from: &Path, identities: &Identities, blob: BlobId, to: &mut dyn io::Write) -> Result<(), BackupError> {
    let path = sealed_path(from, blob);
    let name = format!("{BLOBS}/{blob}.age");
    let file = File::open(&path).map_err(|error| BackupError::piece(&name, format!("it cannot be opened: {error}")))?;
    let opened = identities.open(&name, &[], BufReader::new(file))?;
    let mut input = opened.take(ATTACHMENT_BYTES_MAX.saturating_add(1));
    let mut hasher = blake3::Hasher::new();
    let mut part = vec![0; 256 * 1024];
    loop {
        let read = input.read(&mut part).map_err(|error| BackupError::piece(&name, error.to_string()))?;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        to.write_all(bytes).map_err(BackupError::io("writing", &path))?;
    }
    if BlobId(*hasher.finalize().as_bytes()) == blob {
        Ok(())
    } else {
        Err(BackupError::piece(&name, "its bytes have another digest than its name"))
    }
}

#[cfg(test)]
mod tests {
    use docket_sync_core::attachments::blob_id;

    use super::*;
    use crate::backup::sealing::make_identity;

    #[test]
    fn files_are_copied_once_checked_and_put_back_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (data, to, new) = (folder.path().join("data"), folder.path().join("to"), folder.path().join("new"));
        let (text, recipient) = make_identity("today");
        fs::write(folder.path().join("identity"), text.as_bytes()).unwrap();
        let identities = Identities::read(&folder.path().join("identity")).unwrap();
        let recipients = Recipients::read(&[recipient]).unwrap();
        assert_eq!(copy(&data, &to, &recipients).unwrap(), Copied::default());
        let blobs = FolderBlobs::open(data.join(FOLDER).join(BLOBS)).unwrap();
        let mut expected = Expected::default();
        let mut take = |bytes: &[u8]| {
            let part = folder.path().join("part");
            fs::write(&part, bytes).unwrap();
            let blob = blob_id(bytes);
            blobs.take(blob, &part).unwrap();
            let mut batch = Batch::new();
            batch.put(Table::Attachment, [b"b", blob.0.as_slice(), &[7; 16]].concat(), "size");
            expected.take(&batch);
            blob
        };
        let (one, two) = (take(b"one"), take(&[5; 3_000_000]));
        assert_eq!(copy(&data, &to, &recipients).unwrap().files, 2);
        assert_eq!(copy(&data, &to, &recipients).unwrap(), Copied::default(), "what is there is not written again");
        assert_eq!(verify(&to, &identities, &expected).unwrap(), 2);
        assert!(!fs::read(sealed_path(&to, two)).unwrap().windows(64).any(|bytes| bytes == [5; 64]), "encrypted");
        assert_eq!(restore(&to, &identities, &new).unwrap(), PutBack { files: 2, problems: vec![] });
        let restored = FolderBlobs::open(new.join(FOLDER).join(BLOBS)).unwrap();
        assert_eq!(restored.read(one, 0, 10).unwrap().unwrap(), b"one");
        assert_eq!(restored.size(two).unwrap(), Some(3_000_000));
        // One byte of one file.
        let path = sealed_path(&to, two);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let problem = verify(&to, &identities, &expected).unwrap_err().to_string();
        assert!(problem.contains(&two.to_string()), "{problem}");
        let put_back = restore(&to, &identities, &folder.path().join("third")).unwrap();
        assert_eq!((put_back.files, put_back.problems.len()), (1, 1));
        fs::remove_file(sealed_path(&to, one)).unwrap();
        assert!(verify(&to, &identities, &expected).is_err(), "a missing one is noticed");
    }
}
