//! Where whole files lie, by their content address: a folder today; a service that speaks S3 fits the same trait.
//!
//! Invariant: what lies under an address has been hashed to it, and lies there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use docket_sync_core::ids::BlobId;
use docket_sync_core::time::UnixMillis;

/// A place for whole files.
pub trait BlobStore: Send + Sync + core::fmt::Debug {
    /// Bytes of a file; `None` where there is none.
    ///
    /// # Errors
    /// When the place fails.
    fn size(&self, blob: BlobId) -> io::Result<Option<u64>>;

    /// At most `length` bytes from `offset`, fewer at the end; `None` where there is no such file.
    ///
    /// # Errors
    /// When the place fails.
    fn read(&self, blob: BlobId, offset: u64, length: u64) -> io::Result<Option<Vec<u8>>>;

    /// Takes a finished file, whose digest the caller has checked; durable when it returns. `file` is gone then. What
    /// lay under the address is replaced by the same bytes.
    ///
    /// # Errors
    /// When the place fails; then `file` may still be there.
    fn take(&self, blob: BlobId, file: &Path) -> io::Result<()>;

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When the place fails.
    fn remove(&self, blob: BlobId) -> io::Result<()>;

    /// Calls `told` with every file and the time it was taken, in no order.
    ///
    /// # Errors
    /// When the place fails, or `told` does.
    fn each(&self, told: &mut dyn FnMut(BlobId, UnixMillis) -> io::Result<()>) -> io::Result<()>;
}

/// Files in a folder, spread over 256 sub-folders by their first byte.
#[derive(Debug)]
pub struct FolderBlobs {
    folder: PathBuf,
}

impl FolderBlobs {
    /// The files in `folder`, which is made when absent.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        make_private(&folder)?;
        Ok(Self { folder })
    }

    /// Where a file lies, or would.
    #[must_use]
    pub fn path(&self, blob: BlobId) -> PathBuf {
        let name = blob.to_string();
        self.folder.join(name.get(..2).unwrap_or("00")).join(name)
    }
}

impl BlobStore for FolderBlobs {
    fn size(&self, blob: BlobId) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(blob)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, blob: BlobId, offset: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.path(blob)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let rest = file.metadata()?.len().saturating_sub(offset).min(length);
        let mut bytes = vec![0; usize::try_from(rest).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Some(bytes))
    }

    fn take(&self, blob: BlobId, file: &Path) -> io::Result<()> {
        let path = self.path(blob);
        let folder = path.parent().unwrap_or(&self.folder);
        if !folder.exists() {
            make_private(folder)?;
            sync_folder(&self.folder)?;
        }
        File::open(file)?.sync_all()?;
        fs::rename(file, &path)?;
        sync_folder(folder)
    }

    fn remove(&self, blob: BlobId) -> io::Result<()> {
        match fs::remove_file(self.path(blob)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn each(&self, told: &mut dyn FnMut(BlobId, UnixMillis) -> io::Result<()>) -> io::Result<()> {
        for part in fs::read_dir(&self.folder)? {
            let part = part?;
            if !part.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(part.path())? {
                // What has another name was put there by somebody else.
                let file = file?;
                if let Some(blob) = file.file_name().to_str().and_then(|name| name.parse().ok()) {
                    told(blob, taken_at(&file.metadata()?)?)?;
                }
            }
        }
        Ok(())
    }
}

fn taken_at(metadata: &fs::Metadata) -> io::Result<UnixMillis> {
    let since = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// Makes a folder that only its owner reads.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The digest of a file's bytes and its first bytes.
pub(crate) fn digest_of(file: &Path, head: usize) -> io::Result<(BlobId, Vec<u8>)> {
    let mut hasher = blake3::Hasher::new();
    let mut first = Vec::new();
    let mut file = File::open(file)?;
    let mut piece = vec![0; super::limits::WRITE_BYTES];
    loop {
        let read = io::Read::read(&mut file, &mut piece)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        if first.is_empty() {
            first.extend_from_slice(bytes.get(..head).unwrap_or(bytes));
        }
    }
    Ok((BlobId(*hasher.finalize().as_bytes()), first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_read_in_parts_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FolderBlobs::open(folder.path().join("blobs")).unwrap();
        let part = folder.path().join("part");
        let (bytes, blob) = (b"0123456789", docket_sync_core::attachments::blob_id(b"0123456789"));
        assert_eq!((blobs.size(blob).unwrap(), blobs.read(blob, 0, 5).unwrap()), (None, None));
        // Twice: the same bytes under the same address are one file.
        for _ in 0..2 {
            fs::write(&part, bytes).unwrap();
            assert_eq!(digest_of(&part, 4).unwrap(), (blob, b"0123".to_vec()));
            blobs.take(blob, &part).unwrap();
            assert!(!part.exists());
        }
        assert_eq!(blobs.size(blob).unwrap(), Some(10));
        assert_eq!(blobs.read(blob, 4, 3).unwrap().unwrap(), b"456");
        assert_eq!(blobs.read(blob, 8, 100).unwrap().unwrap(), b"89");
        assert_eq!(blobs.read(blob, 11, 1).unwrap().unwrap(), b"");
        let mut found = Vec::new();
        fs::write(folder.path().join("blobs").join("readme"), "").unwrap();
        blobs.each(&mut |blob, at| Ok(found.push((blob, at.0 > 1_600_000_000_000)))).unwrap();
        assert_eq!(found, [(blob, true)]);
        blobs.remove(blob).unwrap();
        blobs.remove(blob).unwrap();
        assert_eq!(blobs.size(blob).unwrap(), None);
    }
}
