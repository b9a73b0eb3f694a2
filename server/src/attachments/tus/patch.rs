//! Appending bytes to an upload.
//!
//! A request whose bytes carry a checksum counts whole or not at all; another one counts as far as it came. The bytes
//! are taken by a task of its own, so that a connection that dies loses nothing that had come.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use tokio::sync::Notify;

use super::headers::{Checksum, number};
use super::{busy, find, state, unknown};
use crate::attachments::Place;
use crate::attachments::caller::Caller;
use crate::attachments::finish::finish;
use crate::attachments::limits::{KEEP_BYTES, SILENCE, WRITE_BYTES};
use crate::attachments::uploads::{Partial, Upload, UploadId};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{StoreError, space};

/// Appends bytes.
#[utoipa::path(
    patch, path = "/api/attachments/{upload}", operation_id = "append_upload", tag = "attachments",
    params(
        ("upload" = String, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Bytes that the server has"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1 or sha256 of these bytes, in base64"),
    ),
    responses(
        (status = 204, description = "Upload-Offset, Upload-Expires; Docket-Number once the file has arrived"),
        (status = 400, description = "malformed_request, invalid_checksum, upload_too_long", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 408, description = "upload_cut: what came is kept", body = ErrorBody),
        (status = 409, description = "upload_offset: ask where it stands", body = ErrorBody),
        (status = 410, description = "upload_expired", body = ErrorBody),
        (status = 412, description = "upload_version", body = ErrorBody),
        (status = 415, description = "unsupported_media_type, attachment_unknown_medium", body = ErrorBody),
        (status = 422, description = "wrong_digest: the upload is forgotten", body = ErrorBody),
        (status = 423, description = "upload_busy", body = ErrorBody),
        (status = 460, description = "checksum_mismatch: these bytes do not count", body = ErrorBody),
        (status = 507, description = "disk_full", body = ErrorBody),
    )
)]
pub(in crate::attachments) async fn patch(
    office: &Arc<Office>,
    caller: &Caller,
    name: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let place = office.attachments.place()?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media_type != Some("application/offset+octet-stream") {
        let message = "send the bytes as application/offset+octet-stream";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
    }
    let offset = number(headers, "upload-offset")?;
    let offset = offset.ok_or_else(|| ApiError::malformed("Upload-Offset is missing").at("Upload-Offset"))?;
    let checksum = Checksum::read(headers)?;
    let (id, upload) = find(office, &place, caller, name)?;
    space::check_reserve(&place.folder, place.limits.reserve_bytes)?;
    let task = {
        let (office, place) = (office.clone(), place.clone());
        tokio::spawn(async move {
            let held = place.uploads.hold(id).ok_or_else(busy)?;
            let asked = held.asked();
            take(&office, &place, Request { id, upload, offset, checksum, body }, &asked).await
        })
    };
    let (upload, offset) = task.await.map_err(|error| ApiError::internal("taking an upload", &error))??;
    Ok((StatusCode::NO_CONTENT, state(&place, &upload, offset)?).into_response())
}

struct Request {
    id: UploadId,
    upload: Upload,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
}

async fn take(
    office: &Arc<Office>,
    place: &Arc<Place>,
    request: Request,
    asked: &Notify,
) -> Result<(Upload, u64), ApiError> {
    let Request { id, upload, offset, checksum, body } = request;
    if upload.finished.is_some() {
        return Err(wrong_offset());
    }
    let path = place.uploads.path(id);
    let opened = tokio::task::spawn_blocking(move || Partial::open(&path)).await;
    let partial = opened.map_err(|error| ApiError::internal("opening an upload", &error))?;
    let partial = partial.map_err(|error| disk(&error))?.ok_or_else(unknown)?;
    if partial.offset() != offset {
        return Err(wrong_offset());
    }
    let mut taking = Taking { partial: Some(partial), waiting: Vec::new(), length: upload.length, checksum };
    let ended = taking.body(office, body, asked).await;
    let kept = taking.end(ended.is_ok()).await;
    let now = office.platform.clock.now();
    let touching = place.clone();
    let touched_at = tokio::task::spawn_blocking(move || touching.uploads.touch(id, now)).await;
    let touched_at = touched_at.map_err(|error| ApiError::internal("prolonging an upload", &error))?;
    ended?;
    let offset = kept?;
    let mut upload = Upload { touched_at: touched_at.map_err(|error| disk(&error))?, ..upload };
    if offset == upload.length {
        upload.finished = Some(finish(office, place, id, &upload).await?);
    }
    Ok((upload, offset))
}

fn wrong_offset() -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "upload_offset", "the server has another number of bytes: ask where it stands")
        .at("Upload-Offset")
}

fn cut(message: &str) -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "upload_cut", message)
}

/// A disk that is full says so.
pub(in crate::attachments) fn disk(error: &std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        StoreError::Full { free: 0, reserve: 0 }.into()
    } else {
        ApiError::internal("writing an upload", error)
    }
}

/// The bytes of one request on their way to the disk.
struct Taking {
    /// Away while a write is at work.
    partial: Option<Partial>,
    waiting: Vec<u8>,
    length: u64,
    checksum: Option<Checksum>,
}

impl Taking {
    /// Takes the body until its end.
    async fn body(&mut self, office: &Arc<Office>, mut body: Body, asked: &Notify) -> Result<(), ApiError> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = tokio::time::timeout(SILENCE, body.frame()) => frame,
                () = asked.notified() => return Err(cut("somebody asked where this upload stands")),
                () = office.stopping() => return Err(cut("the server is stopping: go on with the next one")),
            };
            match frame {
                Ok(None) => return Ok(()),
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.bytes(bytes).await?;
                    }
                }
                Ok(Some(Err(_))) => return Err(cut("the connection was cut; what came is kept")),
                Err(_elapsed) => return Err(cut("nothing came for too long; what came is kept")),
            }
        }
    }

    async fn bytes(&mut self, bytes: Bytes) -> Result<(), ApiError> {
        let written = self.partial.as_ref().map_or(0, Partial::written);
        let here = u64::try_from(self.waiting.len().saturating_add(bytes.len())).unwrap_or(u64::MAX);
        if written.saturating_add(here) > self.length {
            self.waiting.clear();
            let message = "more bytes came than were announced";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "upload_too_long", message));
        }
        self.waiting.extend_from_slice(&bytes);
        if self.waiting.len() >= WRITE_BYTES { self.write(false).await } else { Ok(()) }
    }

    /// Writes what waits; without a checksum it counts from time to time, or at `once`.
    async fn write(&mut self, once: bool) -> Result<(), ApiError> {
        let Some(mut partial) = self.partial.take() else { return Err(unknown()) };
        let (waiting, mut checksum) = (std::mem::take(&mut self.waiting), self.checksum.take());
        let joined = tokio::task::spawn_blocking(move || {
            let done = partial.write(&waiting).and_then(|()| {
                let due = partial.written().saturating_sub(partial.offset()) >= KEEP_BYTES;
                if checksum.is_none() && (due || once) { partial.keep() } else { Ok(()) }
            });
            if let Some(checksum) = &mut checksum {
                checksum.update(&waiting);
            }
            (partial, checksum, done)
        });
        let (partial, checksum, done) =
            joined.await.map_err(|error| ApiError::internal("writing an upload", &error))?;
        (self.partial, self.checksum) = (Some(partial), checksum);
        done.map_err(|error| disk(&error))
    }

    /// The body has ended, as it should or not; gives the bytes that count.
    async fn end(&mut self, whole: bool) -> Result<u64, ApiError> {
        let checked = self.checksum.is_some();
        if whole || !checked {
            self.write(true).await?;
        }
        let Some(mut partial) = self.partial.take() else { return Err(unknown()) };
        if let Some(checksum) = self.checksum.take() {
            if !whole || !checksum.agrees() {
                partial.drop_written();
                let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
                let message = "these bytes do not have the checksum that came with them; they do not count";
                return Err(ApiError::new(status, "checksum_mismatch", message));
            }
            let joined = tokio::task::spawn_blocking(move || partial.keep().map(|()| partial.offset()));
            let kept = joined.await.map_err(|error| ApiError::internal("writing an upload", &error))?;
            return kept.map_err(|error| disk(&error));
        }
        Ok(partial.offset())
    }
}
