//! Announcing a file: who may, for which order, whether there is room; and that nothing is sent twice that is whole.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use docket_sync_core::attachments::check_size;
use docket_sync_core::ids::DocumentId;

use super::headers::{Metadata, number};
use super::{find, state};
use crate::api::{Reading, blocking};
use crate::attachments::Place;
use crate::attachments::caller::{Caller, Wants};
use crate::attachments::limits::FINISHED_MAX;
use crate::attachments::records::{self, Arrival};
use crate::attachments::rules::{Full, Usage, admit};
use crate::attachments::uploads::{Upload, UploadId};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{Store, space};

/// Orders looked at for one that has the file already and that the sender may read.
const ORDERS_LOOKED_AT: usize = 64;

/// Announces a file.
#[utoipa::path(
    post, path = "/api/attachments", tag = "attachments",
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "Size in bytes"),
        ("Upload-Metadata" = String, Header, description = "order, digest (BLAKE3, hexadecimal), filename; values in base64"),
    ),
    responses(
        (status = 201, description = "Location of the upload; Docket-Number when the file is here already"),
        (status = 400, description = "malformed_request, invalid_metadata", body = ErrorBody),
        (status = 401, description = "not_logged_in, request_not_proven", body = ErrorBody),
        (status = 403, description = "not_permitted, device_refused", body = ErrorBody),
        (status = 404, description = "not_found: no order that the sender may send for", body = ErrorBody),
        (status = 412, description = "upload_version", body = ErrorBody),
        (status = 413, description = "attachment_too_large, attachments_of_order_full, too_many_uploads", body = ErrorBody),
        (status = 507, description = "attachments_full, disk_full", body = ErrorBody),
    )
)]
pub(in crate::attachments) async fn create_upload(
    office: &Arc<Office>,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    caller.check(Wants::Send)?;
    let place = office.attachments.place()?;
    let (length, metadata) = announced(headers)?;
    let id = UploadId(office.platform.bytes());
    let upload = Upload {
        order: metadata.order,
        blob: metadata.digest,
        length,
        name: metadata.name,
        metadata: metadata.raw,
        sender: caller.sender(),
        touched_at: office.platform.clock.now(),
        finished: None,
    };
    let finished = place_for(office, &place, caller, &upload).await?;
    let upload = Upload { finished, ..upload };
    let beginning = place.clone();
    blocking(office, move |_| begin(&beginning, id, upload)).await?;
    let (_, upload) = find(office, &place, caller, &id.to_string())?;
    let mut answer = state(&place, &upload, if finished.is_some() { upload.length } else { 0 })?;
    let location = HeaderValue::from_str(&format!("/api/attachments/{id}"))
        .map_err(|error| ApiError::internal("naming an upload", &error))?;
    answer.insert(header::LOCATION, location);
    Ok((StatusCode::CREATED, answer).into_response())
}

/// What the headers announce.
fn announced(headers: &HeaderMap) -> Result<(u64, Metadata), ApiError> {
    if headers.contains_key("upload-defer-length") {
        let message = "say the length when you announce the upload";
        return Err(ApiError::malformed(message).at("Upload-Defer-Length"));
    }
    let length = number(headers, "upload-length")?;
    let length = length.ok_or_else(|| ApiError::malformed("Upload-Length is missing").at("Upload-Length"))?;
    let metadata = match headers.get("upload-metadata").map(HeaderValue::to_str) {
        Some(Ok(raw)) => Metadata::read(raw)?,
        Some(Err(_)) | None => Metadata::read("")?,
    };
    if let Err(error) = check_size(length) {
        let too_large = matches!(error, docket_sync_core::attachments::AttachmentError::TooLarge { .. });
        let status = if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        return Err(ApiError::new(status, error.code(), error.to_string()).at("Upload-Length"));
    }
    Ok((length, metadata))
}

/// Whether the file may come; the number under which it is here already, where it is and the sender may read it.
async fn place_for(
    office: &Arc<Office>,
    place: &Arc<Place>,
    caller: &Caller,
    upload: &Upload,
) -> Result<Option<u64>, ApiError> {
    let (asked, who, looking) = (upload.clone(), caller.clone(), place.clone());
    let known = blocking(office, move |office| look(office, &looking, &who, &asked)).await?;
    let Some(media_type) = known else { return Ok(None) };
    let arrival = Arrival {
        order: upload.order,
        blob: upload.blob,
        size: upload.length,
        media_type,
        sender: upload.sender,
        name: upload.name.clone(),
    };
    // Between the look and here the file may have been collected.
    let _settling = place.settling.lock().await;
    let (there, blob) = (place.clone(), upload.blob);
    let size = blocking(office, move |_| there.size(blob)).await?;
    if size != Some(upload.length) {
        return Ok(None);
    }
    Ok(Some(office.committer.run(move |writer| records::receive(writer, arrival)).await?))
}

/// The medium of a file that is here and that the sender may read; else whether there is room for it.
fn look(office: &Office, place: &Place, caller: &Caller, upload: &Upload) -> Result<Option<String>, ApiError> {
    let reading = Reading::begin(office);
    let store = reading.store();
    if !caller.may(store, upload.order, Wants::Send)? {
        return Err(ApiError::not_found("order"));
    }
    let known = known(store, place, caller, upload)?;
    if let Some((order, media_type)) = &known
        && *order == upload.order
    {
        return Ok(Some(media_type.clone()));
    }
    let kept = records::of_order(store, upload.order, usize::MAX)?;
    // What the order has of this very file does not stand in its own way when it was lost and comes again.
    let others = kept.iter().filter(|(blob, _)| *blob != upload.blob);
    let received = others.filter_map(|(_, row)| row.received.as_ref());
    let (files, bytes) = received.fold((0_u64, 0_u64), |(files, bytes), received| {
        (files.saturating_add(1), bytes.saturating_add(received.size))
    });
    let coming = place.uploads.sums(|other| other.order == upload.order);
    let own = place.uploads.sums(|other| other.sender == upload.sender);
    let usage = Usage {
        order_files: files.saturating_add(coming.uploads),
        order_bytes: bytes.saturating_add(coming.bytes),
        sender_uploads: own.uploads,
        sender_bytes: own.bytes,
        total_bytes: records::total(store)?.bytes.saturating_add(place.uploads.sums(|_| true).bytes),
        uploads: place.uploads.sums(|_| true).uploads,
        free_bytes: space::free_space(&place.folder)?,
    };
    match admit(&place.limits, &usage, upload.length) {
        // Nothing comes that needs room, but for a row of the order.
        Err(Full::Sender | Full::Total | Full::Disk) if known.is_some() => {}
        admitted => admitted.map_err(full)?,
    }
    Ok(known.map(|(_, media_type)| media_type))
}

/// An order that has the file already and that the sender may read, this one before others, and the file's medium.
/// None where the file is not what its name says any more.
fn known(
    store: &dyn Store,
    place: &Place,
    caller: &Caller,
    upload: &Upload,
) -> Result<Option<(DocumentId, String)>, ApiError> {
    if place.size(upload.blob)? != Some(upload.length) {
        return Ok(None);
    }
    // Who names a digest has not shown that he has the bytes: only one who could read them need not send them.
    let others = records::orders_of(store, upload.blob, ORDERS_LOOKED_AT)?.into_iter();
    for order in std::iter::once(upload.order).chain(others.filter(|order| *order != upload.order)) {
        let is_own = order == upload.order && caller.may(store, order, Wants::Send)?;
        let readable = is_own || caller.may(store, order, Wants::Read)?;
        if readable && let Some(received) = records::row(store, order, upload.blob)?.and_then(|row| row.received) {
            return Ok(place.is_sound(upload.blob).then_some((order, received.media_type)));
        }
    }
    Ok(None)
}

fn full(full: Full) -> ApiError {
    let status = if full.is_the_servers() { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::PAYLOAD_TOO_LARGE };
    let message = match full {
        Full::File => "the file is larger than this server takes",
        Full::Order => "this order has as many attachments as one may have",
        Full::Sender => "too many uploads are unfinished: finish or delete one first",
        Full::Total => "the server has as many attachments as it may have",
        Full::Disk => "the server's disk is full; reading goes on",
    };
    ApiError::new(status, full.code(), message)
}

fn begin(place: &Place, id: UploadId, upload: Upload) -> Result<(), ApiError> {
    let sender = upload.sender;
    let begun = place.uploads.begin(id, upload).and_then(|()| place.uploads.forget_finished(sender, FINISHED_MAX));
    begun.map_err(|error| super::patch::disk(&error))
}
