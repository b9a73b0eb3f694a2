//! Photos and other files on this device: kept in parts in the sealed store, sent apart from documents, dropped when
//! the server has them in a backup.
//!
//! An entry is written before the parts and marked whole after them; what a crash left half written is removed when the
//! entries are read. Which of them may go is said in `files_safe`.

use docket_sync_core::attachments::{AttachmentError, blob_id, describe};
use docket_sync_core::facts::values::Blob;
use docket_sync_core::ids::{BlobId, DocumentId};
use docket_sync_core::limits::ATTACHMENT_CHUNK_BYTES;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::files_safe::Confirmed;
use super::stored::{from_bytes, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{Batch, DeviceStore, Table, scan_all};

/// Bytes of files that a device keeps: two weeks of work with a photo of 3 MB every quarter of an hour.
pub const KEPT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Parts written with one flush.
const PARTS_AT_ONCE: usize = 16;

/// A file on this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeptAttachment {
    /// The order it is for.
    #[n(0)]
    pub order: DocumentId,
    /// Content address, size and media type.
    #[n(1)]
    pub blob: Blob,
    /// What its maker calls it.
    #[n(2)]
    pub name: Option<String>,
    /// Whether it stands for a signature: it is sent first.
    #[n(3)]
    pub signs: bool,
    /// Counts up: the oldest is sent first.
    #[n(4)]
    pub row: u64,
    /// When it came here: the lower bound of the true time.
    #[n(5)]
    pub kept_at: UnixMillis,
    /// Whether every part is here.
    #[n(6)]
    pub whole: bool,
    /// Whether it was fetched from the server.
    #[n(7)]
    pub fetched: bool,
    /// Address of the upload that was begun.
    #[n(8)]
    pub upload: Option<String>,
    /// The server has it.
    #[n(9)]
    pub confirmed: Option<Confirmed>,
    /// Code with which the server refused it for good.
    #[n(10)]
    pub refused: Option<String>,
    /// When it came here, or was found lost at the server and sent again: milliseconds that this device had lived
    /// through by then.
    #[n(11)]
    pub kept_from: Option<i64>,
}

/// Why a file was not attached.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It may not be attached.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// The device keeps as much as it may; what is in a backup of the server goes with the next sync.
    #[error("this device keeps {kept} bytes of attachments, at most {KEPT_BYTES_MAX}: sync first")]
    Full {
        /// Bytes kept.
        kept: u64,
    },
    /// The device failed.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

impl KeptAttachment {
    fn key(&self) -> Vec<u8> {
        key(self.order, self.blob.hash)
    }

    fn parts(&self) -> u64 {
        self.blob.size.div_ceil(part_bytes())
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Keeps a file for an order; durable when it returns. The same file a second time changes nothing.
    ///
    /// # Errors
    /// When it may not be attached, the device keeps too much, or fails.
    pub fn attach(
        &mut self,
        order: DocumentId,
        bytes: &[u8],
        name: Option<&str>,
        signs: bool,
    ) -> Result<Blob, AttachError> {
        let blob = describe(bytes)?;
        self.drop_backed_up()?;
        let kept: u64 = self.attachments()?.iter().map(|kept| kept.blob.size).sum();
        if kept.saturating_add(blob.size) > self.retention.file_bytes_max {
            return Err(AttachError::Full { kept });
        }
        self.keep_file(order, &blob, bytes, name, signs, false)?;
        Ok(blob)
    }

    /// Keeps a file that the server sent; gives whether the bytes are those of the address.
    ///
    /// # Errors
    /// When the device fails.
    pub fn keep_fetched(&mut self, order: DocumentId, blob: BlobId, bytes: &[u8]) -> Result<bool, ReplicaError> {
        match describe(bytes) {
            Ok(described) if described.hash == blob => {
                self.keep_file(order, &described, bytes, None, false, true)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn keep_file(
        &mut self,
        order: DocumentId,
        blob: &Blob,
        bytes: &[u8],
        name: Option<&str>,
        signs: bool,
        fetched: bool,
    ) -> Result<(), ReplicaError> {
        if self.entry(order, blob.hash)?.is_some_and(|kept| kept.whole) {
            return Ok(());
        }
        let (kept_at, kept_from) = (self.time().lo, Some(self.lived()));
        // What was fetched is the server's, until it is a server that may have lost something.
        let confirmed = fetched.then(|| self.confirmed(0));
        self.guarded(|this| {
            let mut entry = KeptAttachment {
                order,
                blob: blob.clone(),
                name: name.map(str::to_owned),
                signs,
                row: this.next_row(),
                kept_at,
                whole: false,
                fetched,
                upload: None,
                confirmed,
                refused: None,
                kept_from,
            };
            let mut work = Work::default();
            work.batch.put(Table::Attachment, entry.key(), to_bytes(&entry));
            this.commit(work)?;
            let mut batch = Batch::new();
            for (index, part) in bytes.chunks(ATTACHMENT_CHUNK_BYTES).enumerate() {
                batch.put(Table::AttachmentPart, part_key(blob.hash, u64::try_from(index).unwrap_or(u64::MAX)), part);
                if batch.changes().len() >= PARTS_AT_ONCE {
                    this.store.write(core::mem::take(&mut batch))?;
                }
            }
            entry.whole = true;
            batch.put(Table::Attachment, entry.key(), to_bytes(&entry));
            Ok(this.store.write(batch)?)
        })
    }

    /// Every file on this device, the one that came first at the top. What was half written is removed.
    ///
    /// # Errors
    /// When the device fails.
    pub fn attachments(&mut self) -> Result<Vec<KeptAttachment>, ReplicaError> {
        let mut entries: Vec<KeptAttachment> = Vec::new();
        for (_, value) in scan_all(&self.store, Table::Attachment)? {
            entries.push(from_bytes("attachment", &value)?);
        }
        entries.sort_by_key(|entry| entry.row);
        let (whole, half): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.whole);
        for entry in half {
            self.drop_file(&entry, &whole)?;
        }
        Ok(whole)
    }

    /// The bytes of a file; `None` when it is not here.
    ///
    /// # Errors
    /// When the device fails.
    pub fn attachment_bytes(&self, order: DocumentId, blob: BlobId) -> Result<Option<Vec<u8>>, ReplicaError> {
        let Some(entry) = self.entry(order, blob)?.filter(|entry| entry.whole) else { return Ok(None) };
        let mut bytes = Vec::new();
        for index in 0..entry.parts() {
            let Some(part) = self.store.get(Table::AttachmentPart, &part_key(blob, index))? else { return Ok(None) };
            bytes.extend_from_slice(&part);
        }
        Ok((blob_id(&bytes) == blob).then_some(bytes))
    }

    /// At most one part of a file from `offset`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn attachment_part(&self, blob: BlobId, offset: u64) -> Result<Option<Vec<u8>>, ReplicaError> {
        let (index, within) = (offset.div_euclid(part_bytes()), offset.rem_euclid(part_bytes()));
        let part = self.store.get(Table::AttachmentPart, &part_key(blob, index))?;
        let within = usize::try_from(within).unwrap_or(usize::MAX);
        Ok(part.and_then(|part| part.get(within..).map(<[u8]>::to_vec)).filter(|rest| !rest.is_empty()))
    }

    /// Notes where the upload of a file was begun, or that it is gone.
    ///
    /// # Errors
    /// When the device fails.
    pub fn note_upload(&mut self, order: DocumentId, blob: BlobId, upload: Option<String>) -> Result<(), ReplicaError> {
        self.change_entry(order, blob, |entry| entry.upload = upload)
    }

    /// The server refused the file for good.
    ///
    /// # Errors
    /// When the device fails.
    pub fn refuse_attachment(&mut self, order: DocumentId, blob: BlobId, code: &str) -> Result<(), ReplicaError> {
        self.change_entry(order, blob, |entry| {
            entry.upload = None;
            entry.refused = Some(code.to_owned());
        })
    }

    fn entry(&self, order: DocumentId, blob: BlobId) -> Result<Option<KeptAttachment>, ReplicaError> {
        let value = self.store.get(Table::Attachment, &key(order, blob))?;
        Ok(value.map(|value| from_bytes("attachment", &value)).transpose()?)
    }

    pub(super) fn change_entry(
        &mut self,
        order: DocumentId,
        blob: BlobId,
        change: impl FnOnce(&mut KeptAttachment),
    ) -> Result<(), ReplicaError> {
        let Some(mut entry) = self.entry(order, blob)? else { return Ok(()) };
        change(&mut entry);
        let mut batch = Batch::new();
        batch.put(Table::Attachment, entry.key(), to_bytes(&entry));
        self.guarded(|this| Ok(this.store.write(batch)?))
    }

    /// Removes an entry, and the parts where no other entry has the same file.
    pub(super) fn drop_file(&mut self, entry: &KeptAttachment, others: &[KeptAttachment]) -> Result<(), ReplicaError> {
        let mut batch = Batch::new();
        if others.iter().all(|other| other.blob.hash != entry.blob.hash) {
            for index in 0..entry.parts() {
                batch.delete(Table::AttachmentPart, part_key(entry.blob.hash, index));
            }
        }
        batch.delete(Table::Attachment, entry.key());
        self.guarded(|this| Ok(this.store.write(batch)?))
    }
}

fn part_bytes() -> u64 {
    u64::try_from(ATTACHMENT_CHUNK_BYTES).unwrap_or(u64::MAX)
}

fn key(order: DocumentId, blob: BlobId) -> Vec<u8> {
    [order.0.as_slice(), &blob.0].concat()
}

fn part_key(blob: BlobId, index: u64) -> Vec<u8> {
    [blob.0.as_slice(), &index.to_be_bytes()].concat()
}
