//! The manifest of a backup: what lies in the folder, in clear, signed by the store. It names no person.
//!
//! Invariant: the file is exactly what [`Manifest::render`] gives, so a changed byte anywhere in it is found; the
//! signature is the store's, so nobody else's frames pass for its history. Format: `schemas/backup.md`.

use std::path::Path;

use docket_sync_core::ids::{Digest, StoreId};
use docket_sync_core::proof::Fingerprint;
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::folder;
use super::limits::MANIFEST_BYTES_MAX;
use crate::store::disk::{Disk, RealDisk};

/// Its file name.
pub const FILE: &str = "manifest.json";

/// The format that this program writes, and the greatest that it reads. 1: without the format of the store.
pub const FORMAT: u32 = 2;

/// What the signature begins with.
const DOMAIN: &[u8] = b"docket-backup-1";

/// What lies in the folder of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version.
    pub format: u32,
    /// The greatest format that the store had when a run added to this backup: a program that does not know it cannot
    /// read all of the frames. Absent: not known, so of format 3 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_format: Option<u32>,
    /// The store.
    pub store: StoreId,
    /// Its public signing key, as 32 bytes in hexadecimal.
    pub store_key: Digest,
    /// The same as people compare it: printed on every voucher.
    pub fingerprint: String,
    /// When the manifest was written, RFC 3339.
    pub written_at: String,
    /// The store's keys and certificates, the newest last.
    pub keys: Vec<KeysPiece>,
    /// One history of the store each, the newest last.
    pub series: Vec<Series>,
    /// Ed25519 over `docket-backup-1` and the BLAKE3 of this file with an empty signature, in hexadecimal.
    pub signature: String,
}

/// One piece with keys and certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysPiece {
    /// File name.
    pub name: String,
    /// When it was written, RFC 3339.
    pub written_at: String,
    /// Tells whether keys and certificates have changed since: a keyed digest of what is inside, of no use without.
    pub content: Digest,
    /// Who can open it.
    pub recipients: Vec<String>,
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub blake3: Digest,
}

/// The pieces of one history: frames from 1 on without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Its number, from 1.
    pub number: u32,
    /// Id of the journal whose frames they are, as 16 bytes in hexadecimal.
    pub journal: StoreId,
    /// Why it was begun, for people.
    pub reason: String,
    /// When it was begun, RFC 3339.
    pub begun_at: String,
    /// Its pieces, in the order of the frames.
    pub pieces: Vec<Piece>,
}

/// One piece: consecutive frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// File name.
    pub name: String,
    /// Number of its first frame.
    pub first_frame: u64,
    /// Number of its last frame.
    pub last_frame: u64,
    /// Hash of the frame before its first.
    pub previous_hash: Digest,
    /// Hash of its last frame.
    pub last_hash: Digest,
    /// The log's last number before it.
    pub log_before: u64,
    /// The log's last number after it.
    pub log_to: u64,
    /// The log's chain value after it.
    pub log_chain: Digest,
    /// Time of its first frame, milliseconds since 1970 UTC.
    pub first_at: i64,
    /// Time of its last frame.
    pub last_at: i64,
    /// Bytes of its frames before compression.
    pub frame_bytes: u64,
    /// Who can open it.
    pub recipients: Vec<String>,
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub blake3: Digest,
}

impl Series {
    /// Its last piece.
    #[must_use]
    pub fn last(&self) -> Option<&Piece> {
        self.pieces.last()
    }
}

impl Manifest {
    /// An empty manifest of a store.
    #[must_use]
    pub fn new(store: StoreId, key: &VerifyingKey) -> Self {
        Self {
            format: FORMAT,
            store_format: None,
            store,
            store_key: Digest(key.to_bytes()),
            fingerprint: Fingerprint::of(&key.to_bytes()).to_string(),
            written_at: String::new(),
            keys: Vec::new(),
            series: Vec::new(),
            signature: String::new(),
        }
    }

    /// The series that was begun last.
    #[must_use]
    pub fn newest(&self) -> Option<&Series> {
        self.series.last()
    }

    /// The bytes of the file.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        // Strings, numbers and lists: writing them cannot fail.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Takes notice of the format that the store has now. Tells whether a program that reads the manifest as it was may
    /// not read it any more.
    pub fn raise(&mut self, store_format: Option<u32>) -> bool {
        let before = (self.format, self.store_format);
        self.format = FORMAT;
        self.store_format = self.store_format.max(store_format);
        before != (self.format, self.store_format)
    }

    /// The name under which a manifest is kept that is about to be raised.
    #[must_use]
    pub fn kept_name(&self) -> String {
        let format = self.store_format.map_or_else(|| "unknown".to_owned(), |format| format.to_string());
        format!("manifest.store-format-{format}.json")
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let unsigned = Self { signature: String::new(), ..self.clone() };
        [DOMAIN, blake3::hash(&unsigned.render()).as_bytes()].concat()
    }

    /// Signs and writes it, whole or not at all.
    pub fn write(&mut self, folder: &dyn Disk, key: &SigningKey, now: UnixMillis) -> Result<(), BackupError> {
        self.sign(key, now);
        folder::write_whole(folder, FILE, &self.render())
    }

    fn sign(&mut self, key: &SigningKey, now: UnixMillis) {
        self.written_at = now.to_string();
        self.signature = data_encoding::HEXLOWER.encode(&key.sign(&self.signed_bytes()).to_bytes());
    }

    /// Reads the manifest of a folder; `None` when it has none.
    pub fn read(folder: &dyn Disk) -> Result<Option<Self>, BackupError> {
        let Some(bytes) = folder::read_small(folder, FILE, MANIFEST_BYTES_MAX)? else { return Ok(None) };
        Self::parse(Path::new(&folder.full_path(FILE)), &bytes).map(Some)
    }

    /// Reads the manifest of a folder that must have one.
    pub fn require(folder: &Path) -> Result<Self, BackupError> {
        Self::read(&RealDisk::new(folder))?.ok_or_else(|| BackupError::NoBackup { folder: folder.to_owned() })
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, BackupError> {
        let damaged = |problem: String| BackupError::Manifest { path: path.to_owned(), problem };
        let format: Format = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if format.format > FORMAT {
            return Err(BackupError::NewerFormat { path: path.to_owned(), found: format.format, known: FORMAT });
        }
        let known = crate::store::journaled::FORMAT;
        if let Some(found) = format.store_format.filter(|found| *found > known) {
            return Err(BackupError::NewerStore { path: path.to_owned(), found, known });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if manifest.render() != bytes {
            return Err(damaged("it was changed since it was written".to_owned()));
        }
        manifest.check_signature().map_err(damaged)?;
        manifest.check_series().map_err(damaged)?;
        Ok(manifest)
    }

    fn check_signature(&self) -> Result<(), String> {
        let unsigned = || "its signature is not the store's".to_owned();
        let bytes = data_encoding::HEXLOWER.decode(self.signature.as_bytes()).or(Err(unsigned()))?;
        let signature = Signature::from_slice(&bytes).or(Err(unsigned()))?;
        let key = VerifyingKey::from_bytes(&self.store_key.0).or(Err(unsigned()))?;
        key.verify_strict(&self.signed_bytes(), &signature).or(Err(unsigned()))?;
        let shown = Fingerprint::of(&self.store_key.0).to_string();
        if self.fingerprint == shown { Ok(()) } else { Err("its fingerprint is not its key's".to_owned()) }
    }

    /// The pieces of a series follow each other without a gap, and names stay in the folder.
    fn check_series(&self) -> Result<(), String> {
        for (expected, series) in (1_u32..).zip(&self.series) {
            if series.number != expected {
                return Err(format!("series {} stands where {expected} should", series.number));
            }
            let mut last: Option<&Piece> = None;
            for piece in &series.pieces {
                let follows = last.map_or(piece.first_frame == 1 && piece.log_before == 0, |last| {
                    last.last_frame.checked_add(1) == Some(piece.first_frame)
                        && last.last_hash == piece.previous_hash
                        && last.log_to == piece.log_before
                });
                if !follows || piece.last_frame < piece.first_frame || piece.log_to < piece.log_before {
                    return Err(format!("{} does not follow the piece before it", piece.name));
                }
                last = Some(piece);
            }
        }
        let pieces = self.series.iter().flat_map(|series| &series.pieces).map(|piece| &piece.name);
        let mut names = pieces.chain(self.keys.iter().map(|keys| &keys.name));
        let strange = |name: &&String| name.starts_with('.') || name.contains(['/', '\\', '\0']) || name.is_empty();
        names.find(strange).map_or(Ok(()), |name| Err(format!("'{name}' is not the name of a piece")))
    }
}

/// What is read of every format.
#[derive(Deserialize)]
struct Format {
    format: u32,
    store_format: Option<u32>,
}

#[cfg(test)]
mod tests;
