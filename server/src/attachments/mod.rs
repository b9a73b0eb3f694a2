//! Attachments: photos, scans and voice notes that facts name by digest (sync.md, Large things stay out).
//!
//! They come by the upload protocol tus, resumable at the byte, from devices and from the office page, and hold no
//! document up: a fact may come before its photo, or after. They lie as files under their content address
//! ([`blobs`]), what is known of them in the store ([`records`]); who may read them follows from the order
//! ([`caller`]). Not here: what a photo means to an order, which is the fold's.

pub mod api;
pub mod blobs;
pub mod caller;
pub mod collect;
mod files;
mod finish;
pub mod limits;
pub mod options;
pub mod reactor;
pub mod records;
pub mod rules;
mod sent;
mod thumbnails;
mod tus;
pub mod uploads;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::http::StatusCode;
use docket_sync_core::ids::BlobId;

use crate::error::ApiError;
use crate::platform::Platform;

use blobs::{BlobStore, FolderBlobs};
use caller::Nonces;
use limits::Limits;
pub(crate) use sent::sent_file;
use thumbnails::Thumbnails;
use uploads::Uploads;

/// Folder of the attachments in a data folder.
pub const FOLDER: &str = "attachments";

/// Folder of the files in it.
pub const BLOBS: &str = "blobs";

/// The attachments of an office; nowhere until it is said where.
#[derive(Debug, Default)]
pub struct Attachments {
    place: OnceLock<Arc<Place>>,
}

/// Where attachments are kept.
#[derive(Debug)]
pub struct Place {
    /// The folder of unfinished uploads and small forms, and of the files where no service keeps them.
    pub folder: PathBuf,
    /// The files.
    pub blobs: Arc<dyn BlobStore>,
    /// What is on its way.
    pub uploads: Uploads,
    /// The operator's limits.
    pub limits: Limits,
    pub(crate) nonces: Nonces,
    pub(crate) thumbnails: Thumbnails,
    /// Held from a file's move to its address until its row is kept, and while a file without a row is removed.
    pub(crate) settling: tokio::sync::Mutex<()>,
}

impl Attachments {
    /// Keeps them in `folder` from now on. The first place that is said stands.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn keep_in(&self, folder: &Path, limits: Limits, platform: &Platform) -> io::Result<()> {
        let blobs: Arc<dyn BlobStore> = Arc::new(FolderBlobs::open(folder.join(BLOBS))?);
        let place = Place {
            folder: folder.to_owned(),
            uploads: Uploads::open(folder.join("uploads"))?,
            limits,
            nonces: Nonces::new(platform.bytes()),
            thumbnails: Thumbnails::start(folder.join("thumbnails"), blobs.clone())?,
            settling: tokio::sync::Mutex::new(()),
            blobs,
        };
        // A second place would find the first one's uploads half known.
        let _stands = self.place.set(Arc::new(place));
        Ok(())
    }

    /// Where they are kept.
    ///
    /// # Errors
    /// 503 where the server keeps none.
    pub fn place(&self) -> Result<Arc<Place>, ApiError> {
        let none = || {
            let message = "this server keeps no attachments";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_attachments", message)
        };
        self.place.get().cloned().ok_or_else(none)
    }
}

impl Place {
    /// Bytes of a file.
    pub(crate) fn size(&self, blob: BlobId) -> Result<Option<u64>, ApiError> {
        self.blobs.size(blob).map_err(|error| ApiError::internal("looking for an attachment", &error))
    }

    /// Whether a file is here with the digest it is named by: a damaged one is sent again by whoever has it.
    pub(crate) fn is_sound(&self, blob: BlobId) -> bool {
        let mut hasher = blake3::Hasher::new();
        let mut at = 0_u64;
        loop {
            match self.blobs.read(blob, at, limits::READ_BYTES) {
                Ok(Some(piece)) if piece.is_empty() => return *hasher.finalize().as_bytes() == blob.0,
                Ok(Some(piece)) => {
                    hasher.update(&piece);
                    at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                }
                Ok(None) => return false,
                Err(error) => {
                    tracing::error!(%blob, %error, "an attachment cannot be read: whoever has it may send it again");
                    return false;
                }
            }
        }
    }

    /// Bytes from a file.
    pub(crate) fn read(&self, blob: BlobId, offset: u64, length: u64) -> Result<Option<Vec<u8>>, ApiError> {
        self.blobs.read(blob, offset, length).map_err(|error| ApiError::internal("reading an attachment", &error))
    }
}
