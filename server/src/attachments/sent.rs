//! Files that commands name: what came in on paper is photographed and sent before it is entered (U-09, C-084).

use docket_sync_core::facts::values::Blob;
use docket_sync_core::ids::{BlobId, DocumentId};

use super::records;
use crate::commit::{CommitError, Writer};

/// A file that has arrived for this order; `field` names the one that says its address.
pub(crate) fn sent_file(
    writer: &Writer,
    order: DocumentId,
    field: &'static str,
    address: &str,
) -> Result<Blob, CommitError> {
    let invalid = |code, problem: &str| CommitError::Invalid { field, code, problem: problem.to_owned() };
    let text = address.trim();
    if text.is_empty() {
        return Err(invalid("missing_field", "a file is missing"));
    }
    let blob: BlobId = text.parse().map_err(|_no_id| invalid("invalid_field", "this names no attachment"))?;
    let received = records::row(writer, order, blob)?.and_then(|row| row.received);
    let received = received.ok_or_else(|| invalid("attachment_pending", "send the file first"))?;
    Ok(Blob { hash: blob, size: received.size, media_type: received.media_type })
}
