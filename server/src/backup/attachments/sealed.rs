//! Reading the files of a backup, each checked against its address.

use std::io::{BufReader, Read as _, Take};

use docket_sync_core::ids::BlobId;
use docket_sync_core::limits::ATTACHMENT_BYTES_MAX;

use super::super::error::BackupError;
use super::super::folder::Reading;
use super::super::sealing::Identities;
use super::{Expected, SEALED, path_of};
use crate::attachments::BLOBS;
use crate::store::disk::Disk;

/// Bytes that are read at once.
const READ_AT_ONCE: usize = 256 * 1024;

/// Opens every expected file of the backup and takes its digest; gives how many there are.
///
/// # Errors
/// When any is missing or damaged: the error names them all.
pub fn verify(from: &dyn Disk, identities: &Identities, expected: &Expected) -> Result<u64, BackupError> {
    let (mut checked, mut problems) = (0_u64, Vec::new());
    for blob in expected.blobs() {
        let read = Sealed::open(from, identities, blob).and_then(|mut sealed| {
            while sealed.next()?.is_some() {}
            Ok(())
        });
        match read {
            Ok(()) => checked = checked.saturating_add(1),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if problems.is_empty() { Ok(checked) } else { Err(BackupError::SealedAttachments { problems }) }
}

/// A file of a backup that is being read.
pub(super) struct Sealed {
    name: String,
    blob: BlobId,
    input: Take<age::stream::StreamReader<BufReader<Reading>>>,
    hasher: blake3::Hasher,
    part: Vec<u8>,
}

impl Sealed {
    /// Opens the file of `blob`.
    pub(super) fn open(from: &dyn Disk, identities: &Identities, blob: BlobId) -> Result<Self, BackupError> {
        let name = path_of(BLOBS, blob, SEALED);
        let file = from
            .open_to_read(&name)
            .map_err(|error| BackupError::piece(&name, format!("it cannot be opened: {error}")))?;
        let opened = identities.open(&name, &[], BufReader::with_capacity(READ_AT_ONCE, Reading::new(file)))?;
        let input = opened.take(ATTACHMENT_BYTES_MAX.saturating_add(1));
        Ok(Self { name, blob, input, hasher: blake3::Hasher::new(), part: vec![0; READ_AT_ONCE] })
    }

    /// The next bytes; `None` at the end, when all together have the digest of its address.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, BackupError> {
        let read =
            self.input.read(&mut self.part).map_err(|error| BackupError::piece(&self.name, error.to_string()))?;
        let bytes = self.part.get(..read).unwrap_or_default();
        self.hasher.update(bytes);
        if !bytes.is_empty() {
            Ok(Some(bytes))
        } else if BlobId(*self.hasher.finalize().as_bytes()) == self.blob {
            Ok(None)
        } else {
            Err(BackupError::piece(&self.name, "its bytes have another digest than its name"))
        }
    }
}
