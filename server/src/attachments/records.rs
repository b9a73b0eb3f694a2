//! What the store keeps of attachments: one row for each order and file, and the records they add to the log.
//!
//! A row says what a fact of the order names and what has arrived for it; either may be first. A file is one, however
//! many orders have it: it counts once, and goes when the last row of it goes. Formats: `schemas/attachments.md`,
//! `schemas/log-office.md`.

use docket_sync_core::attachments::{Named, Purpose};
use docket_sync_core::ids::{BlobId, DeviceId, DocumentId, FactRef, PersonId};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::store::{KeyRange, Table, record};

/// The feature's name in the log.
pub const FEATURE: &str = "attachments";

/// Who sent a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Sender {
    /// A device.
    #[n(0)]
    Device(#[n(0)] DeviceId),
    /// A person at the office page.
    #[n(1)]
    Person(#[n(0)] PersonId),
}

/// What attachments add to the log [frozen].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum AttachmentRecord {
    /// A file arrived for the order.
    #[n(0)]
    Received {
        /// Content address.
        #[n(0)]
        blob: BlobId,
        /// Size in bytes.
        #[n(1)]
        size: u64,
        /// Media type, by its content.
        #[n(2)]
        media_type: String,
        /// Who sent it.
        #[n(3)]
        sender: Sender,
    },
    /// No fact of the order named it for longer than such files are kept.
    #[n(1)]
    Removed {
        /// Content address.
        #[n(0)]
        blob: BlobId,
    },
}

/// A file that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Received {
    /// Size in bytes.
    #[n(0)]
    pub size: u64,
    /// Media type, by its content.
    #[n(1)]
    pub media_type: String,
    /// Who sent it.
    #[n(2)]
    pub sender: Sender,
    /// When it was whole.
    #[n(3)]
    pub at: UnixMillis,
    /// Number of the log under which it arrived.
    #[n(4)]
    pub number: u64,
    /// What its sender calls it.
    #[n(5)]
    pub name: Option<String>,
}

/// What a fact says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NamedBy {
    /// The first fact that names it.
    #[n(0)]
    pub fact: FactRef,
    /// When that was.
    #[n(1)]
    pub at: UnixMillis,
    /// The device that the fact is of: there the file is, while it is not here.
    #[n(2)]
    pub device: Option<DeviceId>,
    /// Size in bytes, where the fact says it.
    #[n(3)]
    pub size: Option<u64>,
    /// Media type, where the fact says it.
    #[n(4)]
    pub media_type: Option<String>,
    /// What people call it.
    #[n(5)]
    pub name: Option<String>,
    /// Whether it stands for a signature.
    #[n(6)]
    pub signs: bool,
    /// Who stated the fact.
    #[n(7)]
    pub by: Option<PersonId>,
}

/// One file of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AttachmentRow {
    /// What a fact of the order says of it.
    #[n(0)]
    pub named: Option<NamedBy>,
    /// What arrived.
    #[n(1)]
    pub received: Option<Received>,
}

/// Everything that has arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Total {
    /// Files.
    #[n(0)]
    pub files: u64,
    /// Their bytes.
    #[n(1)]
    pub bytes: u64,
}

/// The file of an order, if a fact names it or it has arrived.
///
/// # Errors
/// When the store fails.
pub fn row<T: Tables + ?Sized>(
    tables: &T,
    order: DocumentId,
    blob: BlobId,
) -> Result<Option<AttachmentRow>, CommitError> {
    tables.read(Table::Attachment, &row_key(order, blob))
}

/// The files of an order, at most `limit`.
///
/// # Errors
/// When the store fails.
pub fn of_order<T: Tables + ?Sized>(
    tables: &T,
    order: DocumentId,
    limit: usize,
) -> Result<Vec<(BlobId, AttachmentRow)>, CommitError> {
    let range = KeyRange::prefix([b"o", order.0.as_slice()].concat());
    let mut rows = Vec::new();
    for (key, value) in tables.scan(Table::Attachment, &range, limit)? {
        let Some((_, blob)) = read_row_key(&key) else { continue };
        rows.push((blob, record::decode("attachment", &value)?));
    }
    Ok(rows)
}

/// Rows of all orders after a key, at most `limit`, each with its key.
///
/// # Errors
/// When the store fails.
#[expect(clippy::type_complexity, reason = "one use, taken apart at once")]
pub fn after<T: Tables + ?Sized>(
    tables: &T,
    key: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Vec<u8>, DocumentId, BlobId, AttachmentRow)>, CommitError> {
    let range = KeyRange::prefix(b"o".as_slice());
    let range = match key {
        Some(key) => range.continued_after(key.to_vec()),
        None => range,
    };
    let mut rows = Vec::new();
    for (key, value) in tables.scan(Table::Attachment, &range, limit)? {
        let Some((order, blob)) = read_row_key(&key) else { continue };
        rows.push((key, order, blob, record::decode("attachment", &value)?));
    }
    Ok(rows)
}

/// Whether the file has arrived for any order.
///
/// # Errors
/// When the store fails.
pub fn is_kept<T: Tables + ?Sized>(tables: &T, blob: BlobId) -> Result<bool, CommitError> {
    Ok(!tables.scan(Table::Attachment, &KeyRange::prefix([b"b", blob.0.as_slice()].concat()), 1)?.is_empty())
}

/// The orders for which the file has arrived, at most `limit`.
///
/// # Errors
/// When the store fails.
pub fn orders_of<T: Tables + ?Sized>(tables: &T, blob: BlobId, limit: usize) -> Result<Vec<DocumentId>, CommitError> {
    let range = KeyRange::prefix([b"b", blob.0.as_slice()].concat());
    let found = tables.scan(Table::Attachment, &range, limit)?;
    Ok(found.iter().filter_map(|(key, _)| key.get(33..).and_then(DocumentId::from_slice)).collect())
}

/// Everything that has arrived.
///
/// # Errors
/// When the store fails.
pub fn total<T: Tables + ?Sized>(tables: &T) -> Result<Total, CommitError> {
    Ok(tables.read(Table::Attachment, TOTAL)?.unwrap_or_default())
}

/// A file that is whole and durable in its place.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The order it was sent for.
    pub order: DocumentId,
    /// Content address.
    pub blob: BlobId,
    /// Size in bytes.
    pub size: u64,
    /// Media type, by its content.
    pub media_type: String,
    /// Who sent it.
    pub sender: Sender,
    /// What he calls it.
    pub name: Option<String>,
}

/// Keeps that a file has arrived; gives the number of the log under which it did. The second time changes nothing.
///
/// # Errors
/// When the store fails.
pub fn receive(writer: &mut Writer, arrival: Arrival) -> Result<u64, CommitError> {
    let Arrival { order, blob, size, media_type, sender, name } = arrival;
    let kept = row(writer, order, blob)?.unwrap_or_default();
    if let Some(received) = kept.received {
        return Ok(received.number);
    }
    let is_new = !is_kept(writer, blob)?;
    let by = match sender {
        Sender::Device(_) => None,
        Sender::Person(person) => Some(person),
    };
    let number =
        log(writer, order, &AttachmentRecord::Received { blob, size, media_type: media_type.clone(), sender }, by);
    let received = Received { size, media_type, sender, at: writer.now(), number, name };
    writer.write(Table::Attachment, row_key(order, blob), &AttachmentRow { received: Some(received), ..kept });
    writer.put(Table::Attachment, order_key(blob, order), size.to_be_bytes().to_vec());
    if is_new {
        let Total { files, bytes } = total(writer)?;
        let total = Total { files: files.saturating_add(1), bytes: bytes.saturating_add(size) };
        writer.write(Table::Attachment, TOTAL, &total);
    }
    Ok(number)
}

/// Keeps that a fact names a file; the first one that does counts.
///
/// # Errors
/// When the store fails.
pub fn name(writer: &mut Writer, order: DocumentId, blob: BlobId, named: NamedBy) -> Result<(), CommitError> {
    let kept = row(writer, order, blob)?.unwrap_or_default();
    if kept.named.is_none() {
        writer.write(Table::Attachment, row_key(order, blob), &AttachmentRow { named: Some(named), ..kept });
    }
    Ok(())
}

/// Forgets a file of an order that no fact names; gives whether no other order has it either.
///
/// # Errors
/// When the store fails.
pub fn remove(writer: &mut Writer, order: DocumentId, blob: BlobId) -> Result<bool, CommitError> {
    let Some(AttachmentRow { named: None, received: Some(received) }) = row(writer, order, blob)? else {
        return Ok(false);
    };
    writer.remove(Table::Attachment, row_key(order, blob));
    writer.remove(Table::Attachment, order_key(blob, order));
    log(writer, order, &AttachmentRecord::Removed { blob }, None);
    let is_last = !is_kept(writer, blob)?;
    if is_last {
        let Total { files, bytes } = total(writer)?;
        let total = Total { files: files.saturating_sub(1), bytes: bytes.saturating_sub(received.size) };
        writer.write(Table::Attachment, TOTAL, &total);
    }
    Ok(is_last)
}

impl NamedBy {
    /// What a fact that names `named` says.
    pub(super) fn new(fact: &docket_sync_core::facts::Fact, named: Named) -> Self {
        use docket_sync_core::facts::{Author, Origin};
        Self {
            fact: fact.id.reference(),
            at: fact.time,
            device: match fact.origin {
                Some(Origin::Device { device, .. }) => Some(device),
                Some(Origin::Server { .. }) | None => None,
            },
            size: named.size,
            media_type: named.media_type,
            name: named.name,
            signs: named.purpose == Purpose::Signature,
            by: match fact.author {
                Author::Person(person) => Some(person),
                Author::System(_) => None,
            },
        }
    }
}

fn log(writer: &mut Writer, order: DocumentId, record: &AttachmentRecord, by: Option<PersonId>) -> u64 {
    let at = writer.now();
    let bytes = record::encode(record);
    writer.log(&LogRecord::Office { feature: FEATURE.to_owned(), document: Some(order), bytes, by, at })
}

const TOTAL: &[u8] = b"t";

fn row_key(order: DocumentId, blob: BlobId) -> Vec<u8> {
    [b"o", order.0.as_slice(), blob.0.as_slice()].concat()
}

fn order_key(blob: BlobId, order: DocumentId) -> Vec<u8> {
    [b"b", blob.0.as_slice(), order.0.as_slice()].concat()
}

fn read_row_key(key: &[u8]) -> Option<(DocumentId, BlobId)> {
    Some((DocumentId::from_slice(key.get(1..17)?)?, BlobId::from_slice(key.get(17..)?)?))
}
