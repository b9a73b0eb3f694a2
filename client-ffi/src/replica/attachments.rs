//! Photos and other files on this device: kept in parts in the sealed store, sent apart from documents, dropped when
//! the server has them in a backup.
//!
//! An entry is written before the parts and marked whole after them; what a crash left half written is removed when the
//! entries are read. Invariant: a file made here is not dropped before the server has confirmed it and backed it up.

use docket_sync_core::attachments::{AttachmentError, blob_id, describe};
use docket_sync_core::facts::values::Blob;
use docket_sync_core::ids::{BlobId, DocumentId, Epoch};
use docket_sync_core::limits::ATTACHMENT_CHUNK_BYTES;
use docket_sync_core::time::{DAY, UnixMillis};
use minicbor::{Decode, Encode};

use super::stored::{from_bytes, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{Batch, DeviceStore, Table, scan_all};

/// Bytes of files that a device keeps: two weeks of work with a photo of 3 MB every quarter of an hour.
pub const KEPT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Milliseconds for which a file stays on the device that took it, even when it is safe elsewhere.
const KEPT_MS: i64 = 30 * DAY;

/// Parts written with one flush.
const PARTS_AT_ONCE: usize = 16;

/// The server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Confirmed {
    /// Number of the server's log under which it arrived.
    #[n(0)]
    pub number: u64,
    /// The epoch of the store that said so: one that was restored since may have lost it.
    #[n(1)]
    pub epoch: Epoch,
}

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
    /// When it came here, by the device's clock.
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
}

/// Why a file was not attached.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It may not be attached.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// The device keeps as much as it may, and none of it is safe elsewhere.
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

    /// Whether the store of this epoch has confirmed it.
    fn is_confirmed(&self, epoch: Option<Epoch>) -> bool {
        self.confirmed.is_some_and(|confirmed| epoch.is_none_or(|epoch| confirmed.epoch == epoch))
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
        if kept.saturating_add(blob.size) > KEPT_BYTES_MAX {
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
        let kept_at = self.time().claimed;
        // What was fetched is the server's, until it is a server that may have lost something.
        let epoch = self.state.cursor.map_or(self.state.healed_epoch, |cursor| cursor.epoch);
        let confirmed = fetched.then_some(Confirmed { number: 0, epoch });
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

    /// What the server is to be offered: signatures first, then the oldest. After a restore of the server that is
    /// everything that is here.
    ///
    /// # Errors
    /// When the device fails.
    pub fn attachments_to_send(&mut self) -> Result<Vec<KeptAttachment>, ReplicaError> {
        let epoch = self.state.cursor.map(|cursor| cursor.epoch);
        let mut waiting = self.attachments()?;
        waiting.retain(|entry| !entry.is_confirmed(epoch) && entry.refused.is_none());
        waiting.sort_by_key(|entry| (!entry.signs, entry.row));
        Ok(waiting)
    }

    /// Notes where the upload of a file was begun, or that it is gone.
    ///
    /// # Errors
    /// When the device fails.
    pub fn note_upload(&mut self, order: DocumentId, blob: BlobId, upload: Option<String>) -> Result<(), ReplicaError> {
        self.change_entry(order, blob, |entry| entry.upload = upload)
    }

    /// The server has the file under this number of its log.
    ///
    /// # Errors
    /// When the device fails.
    pub fn confirm_attachment(&mut self, order: DocumentId, blob: BlobId, number: u64) -> Result<(), ReplicaError> {
        let epoch = self.state.cursor.map_or(self.state.healed_epoch, |cursor| cursor.epoch);
        self.change_entry(order, blob, |entry| {
            entry.upload = None;
            entry.confirmed = Some(Confirmed { number, epoch });
        })
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

    /// Drops files that the server has in a backup and that are old enough; gives how many.
    ///
    /// # Errors
    /// When the device fails.
    pub fn drop_backed_up(&mut self) -> Result<usize, ReplicaError> {
        let (epoch, backed_up_to) = (self.state.cursor.map(|cursor| cursor.epoch), self.state.backed_up_to);
        let before = UnixMillis(self.time().claimed.0.saturating_sub(KEPT_MS));
        let mut kept = self.attachments()?;
        let is_safe = |entry: &KeptAttachment| {
            let backed_up = entry.confirmed.is_some_and(|confirmed| confirmed.number <= backed_up_to);
            entry.kept_at < before && (entry.fetched || (backed_up && entry.is_confirmed(epoch)))
        };
        let (safe, rest): (Vec<_>, Vec<_>) = kept.drain(..).partition(is_safe);
        for entry in &safe {
            self.drop_file(entry, &rest)?;
        }
        Ok(safe.len())
    }

    fn entry(&self, order: DocumentId, blob: BlobId) -> Result<Option<KeptAttachment>, ReplicaError> {
        let value = self.store.get(Table::Attachment, &key(order, blob))?;
        Ok(value.map(|value| from_bytes("attachment", &value)).transpose()?)
    }

    fn change_entry(
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
    fn drop_file(&mut self, entry: &KeptAttachment, others: &[KeptAttachment]) -> Result<(), ReplicaError> {
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
