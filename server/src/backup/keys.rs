//! The store's keys and certificates in a backup: a small JSON object inside one encrypted piece.
//!
//! They are what a new machine needs to be the same server: devices know it by its certificate, customers by its
//! signing key, and what devices sealed only its sealing key opens.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use docket_sync_core::ids::Digest;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::error::BackupError;
use super::folder::{self, io_error};
use super::limits::{KEYS_BYTES_MAX, KEYS_FILES_MAX};
use super::manifest::KeysPiece;
use super::piece::{Hashed, check_file};
use super::sealing::{Identities, Recipients};
use crate::store::disk::Disk;

/// Folders of a data folder whose files are taken.
const FOLDERS: [&str; 2] = ["keys", "tls"];

/// Keys and certificates as they lie in the piece.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    format: u32,
    files: Vec<PackedFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedFile {
    /// `keys/NAME` or `tls/NAME`.
    path: String,
    /// Permissions.
    mode: u32,
    /// Contents in base64.
    base64: String,
}

impl Drop for PackedFile {
    fn drop(&mut self) {
        self.base64.zeroize();
    }
}

/// What a data folder has of keys and certificates.
pub struct KeyFiles {
    json: Zeroizing<Vec<u8>>,
}

impl core::fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyFiles")
    }
}

impl KeyFiles {
    /// Reads those of a data folder.
    pub fn read(data: &Path) -> Result<Self, BackupError> {
        let mut files = Vec::new();
        for name in FOLDERS {
            let folder = data.join(name);
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                entries => entries.map_err(BackupError::io("reading the folder", &folder))?,
            };
            for entry in entries {
                let path = entry.map_err(BackupError::io("reading the folder", &folder))?.path();
                let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
                // A file under another name is one that is being written.
                if Path::new(file).extension().is_some_and(|end| end == "pem" || end == "key") {
                    files.push(read_file(&path, &format!("{name}/{file}"))?);
                }
            }
        }
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        if files.len() > KEYS_FILES_MAX {
            let problem = format!("{} has {} files of keys, at most {KEYS_FILES_MAX}", data.display(), files.len());
            return Err(BackupError::Keys { problem });
        }
        // Strings and numbers: writing them cannot fail.
        Ok(Self { json: Zeroizing::new(serde_json::to_vec(&Packed { format: 1, files }).unwrap_or_default()) })
    }

    /// Tells keys apart without showing anything of them.
    #[must_use]
    pub fn content(&self) -> Digest {
        Digest(blake3::derive_key("docket backup 1 keys and certificates", &self.json))
    }

    /// Writes them as the piece `name` of the folder of `disk`.
    pub fn write(
        &self,
        disk: &dyn Disk,
        name: &str,
        recipients: &Recipients,
        written_at: &str,
    ) -> Result<KeysPiece, BackupError> {
        let writing = || io_error("writing", disk, name);
        let mut output = recipients.seal(Hashed::new(folder::create_unfinished(disk, name)?)).map_err(writing())?;
        output.write_all(&self.json).map_err(writing())?;
        let (file, bytes, blake3) = output.finish().and_then(Hashed::finish).map_err(writing())?;
        folder::finish(disk, name, &file)?;
        Ok(KeysPiece {
            name: name.to_owned(),
            written_at: written_at.to_owned(),
            content: self.content(),
            recipients: recipients.names(),
            bytes,
            blake3,
        })
    }

    /// Reads them from a piece, checked.
    pub fn open(folder: &Path, piece: &KeysPiece, identities: &Identities) -> Result<Self, BackupError> {
        let path = folder.join(&piece.name);
        let file = check_file(&path, &piece.name, piece.bytes, piece.blake3)?;
        let opened = identities.open(&piece.name, &piece.recipients, BufReader::new(file))?;
        let mut json = Zeroizing::new(Vec::new());
        let read = opened.take(KEYS_BYTES_MAX).read_to_end(&mut json);
        read.map_err(|error| BackupError::piece(&piece.name, error.to_string()))?;
        let keys = Self { json };
        if keys.content() == piece.content {
            keys.files().map(|_| keys)
        } else {
            Err(BackupError::piece(&piece.name, "its contents are not what the manifest says"))
        }
    }

    /// The contents of one file, `keys/store.key`.
    pub fn file(&self, path: &str) -> Result<Option<Zeroizing<Vec<u8>>>, BackupError> {
        let files = self.files()?;
        files.iter().find(|file| file.path == path).map(contents).transpose()
    }

    /// Writes every file but `except` into a data folder.
    pub fn restore(&self, data: &Path, except: &str) -> Result<(), BackupError> {
        for file in self.files()?.iter().filter(|file| file.path != except) {
            let path = data.join(&file.path);
            let (disk, name) = folder::at(&path);
            folder::write_whole(&disk, &name, &contents(file)?)?;
            let mode = fs::Permissions::from_mode(file.mode & 0o700);
            fs::set_permissions(&path, mode).map_err(BackupError::io("protecting", &path))?;
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<PackedFile>, BackupError> {
        let strange = || BackupError::Keys { problem: "the piece with the keys holds something else".to_owned() };
        let packed: Packed = serde_json::from_slice(&self.json).or(Err(strange()))?;
        let known = |file: &PackedFile| {
            file.path.split_once('/').is_some_and(|(folder, name)| {
                FOLDERS.contains(&folder) && !name.is_empty() && !name.starts_with('.') && !name.contains('/')
            })
        };
        let good = packed.format == 1 && packed.files.len() <= KEYS_FILES_MAX && packed.files.iter().all(known);
        if good { Ok(packed.files) } else { Err(strange()) }
    }
}

fn contents(file: &PackedFile) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    let strange = || BackupError::Keys { problem: format!("{} in the backup cannot be read", file.path) };
    data_encoding::BASE64.decode(file.base64.as_bytes()).map(Zeroizing::new).or(Err(strange()))
}

fn read_file(path: &Path, name: &str) -> Result<PackedFile, BackupError> {
    let (disk, file) = folder::at(path);
    let bytes = folder::read_small(&disk, &file, KEYS_BYTES_MAX / 4)?.map(Zeroizing::new).unwrap_or_default();
    let metadata = fs::metadata(path).map_err(BackupError::io("reading", path))?;
    Ok(PackedFile {
        path: name.to_owned(),
        mode: metadata.permissions().mode() & 0o777,
        base64: data_encoding::BASE64.encode(&bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sealing::make_identity;
    use super::*;

    #[test]
    fn keys_and_certificates_come_back_as_they_were_and_a_changed_byte_is_found() {
        let (from, backup, to) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in ["keys", "tls"] {
            fs::create_dir(from.path().join(folder)).unwrap();
            fs::create_dir(to.path().join(folder)).unwrap();
        }
        fs::write(from.path().join("keys/store.key"), "00ff").unwrap();
        fs::write(from.path().join("tls/given.pem"), [0, 159, 146, 150]).unwrap();
        fs::write(from.path().join("tls/key.pem.new"), "half written").unwrap();
        fs::set_permissions(from.path().join("tls/given.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        let (text, recipient) = make_identity("today");
        let file = to.path().join("identity");
        fs::write(&file, text.as_bytes()).unwrap();
        let identities = Identities::read(&file).unwrap();
        let keys = KeyFiles::read(from.path()).unwrap();
        let recipients = Recipients::read(&[recipient]).unwrap();
        let piece = keys
            .write(&crate::store::disk::RealDisk::new(backup.path()), "keys-0001.age", &recipients, "today")
            .unwrap();
        assert_eq!(
            piece.content,
            KeyFiles::read(from.path()).unwrap().content(),
            "the same keys are told to be the same"
        );
        let opened = KeyFiles::open(backup.path(), &piece, &identities).unwrap();
        assert_eq!(opened.file("keys/store.key").unwrap().unwrap().as_slice(), b"00ff");
        opened.restore(to.path(), "keys/store.key").unwrap();
        assert_eq!(fs::read(to.path().join("tls/given.pem")).unwrap(), [0, 159, 146, 150]);
        assert_eq!(fs::metadata(to.path().join("tls/given.pem")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!to.path().join("keys/store.key").exists() && !to.path().join("tls/key.pem.new").exists());
        let path = backup.path().join(&piece.name);
        let good = fs::read(&path).unwrap();
        for position in 0..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 1;
            fs::write(&path, &bad).unwrap();
            let said = KeyFiles::open(backup.path(), &piece, &identities).unwrap_err().to_string();
            assert!(said.contains("keys-0001.age"), "byte {position}: {said}");
        }
        fs::write(from.path().join("keys/store.key"), "00fe").unwrap();
        assert_ne!(piece.content, KeyFiles::read(from.path()).unwrap().content());
    }
}
