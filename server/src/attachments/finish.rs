//! A whole upload becomes a file: hashed, recognised, moved to its address, kept in the store.
//!
//! Order of what is made durable: the bytes, the file under its address, the row and its log record, that the upload
//! has finished. A crash between two of them is taken up again by whoever asks for the upload next.

use std::io;
use std::sync::Arc;

use axum::http::StatusCode;
use docket_sync_core::attachments::{AttachmentError, MediaType};

use super::Place;
use super::blobs::digest_of;
use super::records::{self, Arrival};
use super::uploads::{Partial, Upload, UploadId};
use crate::api::blocking;
use crate::error::ApiError;
use crate::office::Office;

/// Finishes an upload of which every byte counts; the caller holds it. Gives the number of the log under which the
/// file has arrived.
///
/// # Errors
/// When the bytes are not what was announced (then the upload is forgotten), or disk or store fail.
pub(super) async fn finish(
    office: &Arc<Office>,
    place: &Arc<Place>,
    id: UploadId,
    upload: &Upload,
) -> Result<u64, ApiError> {
    let (checking, asked) = (place.clone(), upload.clone());
    let checked = blocking(office, move |_| check(&checking, id, &asked)).await;
    let medium = match checked {
        Ok(medium) => medium,
        // The machine's own failure: the bytes stay, and the next request tries again.
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => {
            let forgetting = place.clone();
            let forgotten = blocking(office, move |_| forgetting.uploads.forget(id).map_err(|error| failed(&error)));
            // The sender is told what is wrong with his bytes; that they stay is the next start's matter.
            drop(forgotten.await);
            return Err(error);
        }
    };
    let settling = place.settling.lock().await;
    let (moving, asked) = (place.clone(), upload.clone());
    blocking(office, move |_| {
        let path = moving.uploads.path(id);
        if path.exists() { moving.blobs.take(asked.blob, &path).map_err(|error| failed(&error)) } else { Ok(()) }
    })
    .await?;
    let arrival = Arrival {
        order: upload.order,
        blob: upload.blob,
        size: upload.length,
        media_type: medium.name().to_owned(),
        sender: upload.sender,
        name: upload.name.clone(),
    };
    let number = office.committer.run(move |writer| records::receive(writer, arrival)).await?;
    drop(settling);
    let finishing = place.clone();
    blocking(office, move |_| finishing.uploads.finish(id, number).map_err(|error| failed(&error))).await?;
    if medium.has_thumbnail() {
        place.thumbnails.want(upload.blob);
    }
    Ok(number)
}

fn failed(error: &io::Error) -> ApiError {
    super::tus::disk(error)
}

/// Whether the bytes are what was announced, and of a medium that is taken.
fn check(place: &Place, id: UploadId, upload: &Upload) -> Result<MediaType, ApiError> {
    let head = match Partial::open(&place.uploads.path(id)).map_err(|error| failed(&error))? {
        Some(partial) => {
            partial.trim().map_err(|error| failed(&error))?;
            let (digest, head) = digest_of(partial.path(), MediaType::HEAD_BYTES).map_err(|error| failed(&error))?;
            if digest != upload.blob {
                let message = format!("the file has the digest {digest}, announced was {}", upload.blob);
                return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_digest", message).at("digest"));
            }
            head
        }
        // It was moved before a crash: what lies there has the digest.
        None => place.read(upload.blob, 0, u64::try_from(MediaType::HEAD_BYTES).unwrap_or(16))?.unwrap_or_default(),
    };
    MediaType::of_content(&head).ok_or_else(|| {
        let error = AttachmentError::UnknownMedium;
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error.code(), error.to_string())
    })
}
