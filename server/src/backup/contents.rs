//! What a backup has to know of the contents of frames: which store they are of, and the log's chain.

use docket_sync_core::ids::{Digest, StoreId};
use docket_sync_core::proof::chain_next;

use super::error::BackupError;
use crate::commit::keys;
use crate::identity::Identity;
use crate::store::journal::{Frame, Reader};
use crate::store::{Batch, Table, record, value};

/// Frames looked at for the store's identity: it is in the first one, unless the journal begins with a large table.
const IDENTITY_FRAMES_MAX: usize = 1_000;

/// The store whose journal this is.
pub fn store_of(reader: &Reader) -> Result<StoreId, BackupError> {
    for frame in reader.frames(1).take(IDENTITY_FRAMES_MAX) {
        if let Some(identity) = identity_in(&batch_of(&frame?)?)? {
            return Ok(identity.store);
        }
    }
    Err(content("the journal does not say which store it is of"))
}

/// The identity that these writes set, if they do.
pub fn identity_in(batch: &Batch) -> Result<Option<Identity>, BackupError> {
    let mut meta = batch.writes().filter(|(table, key, _)| *table == Table::Meta && *key == keys::IDENTITY);
    let Some((_, _, Some(stored))) = meta.next() else { return Ok(None) };
    let plain = value::decode(stored.to_vec()).map_err(|error| content(&error.to_string()))?;
    record::decode("identity", &plain.payload).map(Some).map_err(|error| content(&error.to_string()))
}

/// The writes of a frame.
pub fn batch_of(frame: &Frame) -> Result<Batch, BackupError> {
    frame.batch().ok_or_else(|| {
        let why = frame.problem().map_or_else(String::new, |problem| format!(": {problem}"));
        content(&format!("the writes of frame {} cannot be read{why}", frame.header.number))
    })
}

/// The log's chain value after a frame that holds log records.
pub fn log_chain_after(frame: &Frame) -> Result<Digest, BackupError> {
    let batch = batch_of(frame)?;
    let last = log_records(&batch).last().transpose()?;
    last.map(|last| last.chain).ok_or_else(|| content(&format!("frame {} holds no log record", frame.header.number)))
}

/// A log record as it stands in a frame.
pub(crate) struct LoggedRecord {
    pub(crate) number: u64,
    pub(crate) chain: Digest,
    /// The bytes that the chain covers.
    pub(crate) bytes: Vec<u8>,
}

impl LoggedRecord {
    /// Whether it continues the log that ends at `number` with `chain`.
    pub(crate) fn continues(&self, number: u64, chain: Digest) -> bool {
        number.checked_add(1) == Some(self.number) && chain_next(chain, self.number, &self.bytes) == self.chain
    }
}

/// The log records among these writes, in their order.
pub(crate) fn log_records(batch: &Batch) -> impl Iterator<Item = Result<LoggedRecord, BackupError>> {
    let writes = batch.writes().filter(|(table, _, _)| *table == Table::Log);
    writes.filter_map(|(_, key, stored)| stored.map(|stored| logged(key, stored)))
}

fn logged(key: &[u8], stored: &[u8]) -> Result<LoggedRecord, BackupError> {
    let number = keys::read_number(key).ok_or_else(|| content("a log record has no number"))?;
    let unreadable = || content(&format!("log record {number} cannot be read"));
    let payload = value::decode(stored.to_vec()).or(Err(unreadable()))?.payload;
    let (chain, bytes) = payload.split_at_checked(Digest::LENGTH).ok_or_else(unreadable)?;
    let chain = Digest::from_slice(chain).ok_or_else(unreadable)?;
    Ok(LoggedRecord { number, chain, bytes: bytes.to_vec() })
}

/// What is whole and yet not as it should be.
pub(crate) fn content(problem: &str) -> BackupError {
    BackupError::Content { problem: problem.to_owned() }
}
