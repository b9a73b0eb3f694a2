//! Sending a file: whole or in part, to those who may read the order, and never as anything that runs.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use docket_sync_core::attachments::MediaType;
use docket_sync_core::ids::{BlobId, DocumentId};
use tokio_stream::wrappers::ReceiverStream;

use super::Place;
use super::caller::{Caller, Wants};
use super::limits::{READ_BYTES, THUMBNAIL_BYTES_MAX};
use super::records;
use super::thumbnails::Small;
use crate::api::{Reading, blocking, id_in_path};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// Parts of a file that wait for a slow reader.
const PARTS_WAITING: usize = 2;

/// The file, whole or the part that Range asks for.
#[utoipa::path(
    get, path = "/api/orders/{id}/attachments/{blob}", tag = "attachments",
    params(
        ("id" = String, Path, description = "The order"), ("blob" = String, Path, description = "Content address"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
    ),
    responses(
        (status = 200, description = "The file; ETag is its content address", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part"),
        (status = 304, description = "The reader has it"),
        (status = 403, description = "not_permitted, device_refused", body = ErrorBody),
        (status = 404, description = "not_found, attachment_pending: a fact names it and it has not arrived", body = ErrorBody),
        (status = 416, description = "range_not_there", body = ErrorBody),
    )
)]
pub(super) async fn get_attachment(
    State(office): State<Arc<Office>>,
    Path((id, blob)): Path<(String, String)>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = find(&office, &caller, &id, &blob).await?;
    let etag = format!("\"{}\"", found.blob);
    let mut said = HeaderMap::new();
    said.insert(header::ETAG, value(&etag)?);
    said.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.split(',').any(|tag| tag.trim() == etag)) {
        return Ok((StatusCode::NOT_MODIFIED, said).into_response());
    }
    said.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let medium = MediaType::from_name(&found.media_type);
    let media_type = medium.map_or("application/octet-stream", MediaType::name);
    said.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    said.insert(header::CONTENT_DISPOSITION, value(&disposition(&found, medium))?);
    // Nothing in the file may act in the page's name, whatever a browser takes it for.
    said.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    let asked = text(header::RANGE).filter(|_| text(header::IF_RANGE).is_none_or(|tag| tag == etag));
    let (status, from, length) = match asked.map_or(Part::Whole, |range| part(range, found.size)) {
        Part::Whole => (StatusCode::OK, 0, found.size),
        Part::Some { from, length } => {
            let last = from.saturating_add(length).saturating_sub(1);
            said.insert(header::CONTENT_RANGE, value(&format!("bytes {from}-{last}/{}", found.size))?);
            (StatusCode::PARTIAL_CONTENT, from, length)
        }
        Part::None => {
            let error =
                ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_there", "the file has no such part");
            let range = [(header::CONTENT_RANGE, format!("bytes */{}", found.size))];
            return Ok((range, error).into_response());
        }
    };
    said.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok((status, said, Body::from_stream(stream(office, found, from, length))).into_response())
}

/// A small form of a photo, turned upright, without what the camera wrote into it.
#[utoipa::path(
    get, path = "/api/orders/{id}/attachments/{blob}/thumbnail", tag = "attachments",
    params(("id" = String, Path, description = "The order"), ("blob" = String, Path, description = "Content address")),
    responses(
        (status = 200, description = "JPEG", content_type = "image/jpeg", body = Vec<u8>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found, attachment_pending, no_thumbnail", body = ErrorBody),
        (status = 503, description = "busy: it is being made", body = ErrorBody),
    )
)]
pub(super) async fn get_thumbnail(
    State(office): State<Arc<Office>>,
    Path((id, blob)): Path<(String, String)>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let found = find(&office, &caller, &id, &blob).await?;
    let none = || ApiError::new(StatusCode::NOT_FOUND, "no_thumbnail", "there is no small form of this file");
    if !MediaType::from_name(&found.media_type).is_some_and(MediaType::has_thumbnail) {
        return Err(none());
    }
    let bytes = match found.place.thumbnails.get(found.blob, THUMBNAIL_BYTES_MAX).await {
        Small::Made(bytes) => bytes,
        Small::Impossible => return Err(none()),
        Small::Waiting => {
            let message = "the small form is being made: try again";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    Ok((headers, bytes).into_response())
}

struct Found {
    place: Arc<Place>,
    blob: BlobId,
    size: u64,
    media_type: String,
    name: Option<String>,
}

async fn find(office: &Arc<Office>, caller: &Caller, order: &str, blob: &str) -> Result<Found, ApiError> {
    caller.check(Wants::Read)?;
    let (order, blob): (DocumentId, BlobId) = (id_in_path(order, "order")?, id_in_path(blob, "attachment")?);
    let (place, caller) = (office.attachments.place()?, caller.clone());
    let pending = || {
        let message = "the attachment has not arrived yet; the device that took it still has it";
        ApiError::new(StatusCode::NOT_FOUND, "attachment_pending", message)
    };
    blocking(office, move |office| {
        let row = {
            let reading = Reading::begin(office);
            if !caller.may(reading.store(), order, Wants::Read)? {
                return Err(ApiError::not_found("order"));
            }
            records::row(reading.store(), order, blob)?.ok_or_else(|| ApiError::not_found("attachment"))?
        };
        let received = row.received.ok_or_else(pending)?;
        let size = place.size(blob)?.ok_or_else(pending)?;
        let name = row.named.and_then(|named| named.name).or(received.name);
        Ok(Found { place, blob, size, media_type: received.media_type, name })
    })
    .await
}

fn value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|error| ApiError::internal("writing a header", &error))
}

/// Pictures are shown, everything else is saved (RFC 6266); the name is quoted so that nothing in it is a parameter.
fn disposition(found: &Found, medium: Option<MediaType>) -> String {
    let kind = if medium.is_some_and(MediaType::is_shown_inline) { "inline" } else { "attachment" };
    let extension = medium.map_or("bin", MediaType::extension);
    let short: String = found.blob.to_string().chars().take(12).collect();
    let name = found.name.as_ref().map(|name| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let quoted = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        format!("; filename*=UTF-8''{}", name.bytes().map(quoted).collect::<String>())
    });
    format!("{kind}; filename=\"{short}.{extension}\"{}", name.unwrap_or_default())
}

/// What a Range asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Some { from: u64, length: u64 },
    None,
}

/// One range of bytes (RFC 9110, 14.1); several, or another unit, are answered with the whole, as it allows.
fn part(range: &str, size: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 18;
    if !digits(first) || !digits(last) || (first.is_empty() && last.is_empty()) {
        return Part::Whole;
    }
    let (from, to) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last < first => return Part::Whole,
        (Ok(first), Ok(last)) => (first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) => (first, size),
        (Err(_), Ok(tail)) => (size.saturating_sub(tail), size),
        (Err(_), Err(_)) => return Part::Whole,
    };
    if from >= to { Part::None } else { Part::Some { from, length: to.saturating_sub(from) } }
}

/// The bytes, read as fast as they are taken.
fn stream(office: Arc<Office>, found: Found, from: u64, length: u64) -> ReceiverStream<Result<Bytes, ApiErrorText>> {
    let (parts, receiver) = tokio::sync::mpsc::channel(PARTS_WAITING);
    tokio::spawn(async move {
        let (mut at, end) = (from, from.saturating_add(length));
        while at < end {
            let (place, blob, take) = (found.place.clone(), found.blob, READ_BYTES.min(end.saturating_sub(at)));
            let read = blocking(&office, move |_| place.read(blob, at, take)).await;
            let part = match read {
                Ok(Some(bytes)) if !bytes.is_empty() => Ok(Bytes::from(bytes)),
                // The length was promised: the reader must notice that the end is missing.
                Ok(_) | Err(_) => Err(ApiErrorText),
            };
            let over = part.is_err();
            at = at.saturating_add(part.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(0)));
            if parts.send(part).await.is_err() || over {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// The file could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[error("the attachment could not be read to its end")]
struct ApiErrorText;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_norm_says() {
        let some = |from, length| Part::Some { from, length };
        let cases = [
            ("bytes=0-0", some(0, 1)),
            ("bytes=5-", some(5, 5)),
            ("bytes=5-100", some(5, 5)),
            ("bytes=-3", some(7, 3)),
            ("bytes=-100", some(0, 10)),
            ("bytes=9-9", some(9, 1)),
            ("bytes=10-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("items=0-1", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
        ];
        for (range, expected) in cases {
            assert_eq!(part(range, 10), expected, "{range}");
        }
    }
}
