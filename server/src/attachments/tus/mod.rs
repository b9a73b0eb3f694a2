//! The upload protocol tus 1.0.0 (<https://tus.io/protocols/resumable-upload>) with creation, termination, checksum and
//! expiration.
//!
//! `POST` announces a file with its length, its digest and its order; `PATCH` appends; `HEAD` says how much there is;
//! `DELETE` forgets it. An offset is told only when the bytes below it are durable. Not here: what a whole file becomes
//! ([`super::finish`]).

pub(super) mod create;
mod headers;
pub(super) mod patch;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_sync_core::time::UnixMillis;

use super::Place;
use super::caller::Caller;
use super::limits::HAND_OVER;
use super::uploads::{Partial, Upload, UploadId};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

pub(super) use patch::disk;

/// Number of the log under which a file has arrived.
pub(super) const NUMBER_HEADER: &str = "docket-number";

/// What the method really is: some networks let GET and POST pass only (Core protocol, X-HTTP-Method-Override).
fn method_of(request: &Request) -> Method {
    let named = request.headers().get("x-http-method-override").and_then(|value| value.to_str().ok());
    named.and_then(|name| Method::from_bytes(name.as_bytes()).ok()).unwrap_or_else(|| request.method().clone())
}

/// Adds what every answer of the protocol carries, and refuses versions that are not spoken.
fn speak(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let version = headers.get("tus-resumable").and_then(|value| value.to_str().ok());
    if *method == Method::OPTIONS || version == Some(headers::VERSION) {
        return Ok(());
    }
    let message = format!("this server speaks version {} of the upload protocol", headers::VERSION);
    Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "upload_version", message))
}

fn with_version(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(headers::VERSION));
    headers.insert("tus-version", HeaderValue::from_static(headers::VERSION));
    response
}

fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path knows another method")
}

/// `/api/attachments`.
pub(super) async fn collection(State(office): State<Arc<Office>>, request: Request) -> Response {
    let method = method_of(&request);
    let answer = match speak(&method, request.headers()) {
        Err(error) => Err(error),
        Ok(()) => match method {
            Method::POST => match split(&office, request).await {
                Ok((caller, headers, _body)) => create::create_upload(&office, &caller, &headers).await,
                Err(refused) => return with_version(refused),
            },
            Method::OPTIONS => options(&office),
            _ => Err(method_not_allowed()),
        },
    };
    with_version(answer.into_response())
}

/// `/api/attachments/{upload}`.
pub(super) async fn upload(State(office): State<Arc<Office>>, Path(id): Path<String>, request: Request) -> Response {
    let method = method_of(&request);
    if let Err(error) = speak(&method, request.headers()) {
        return with_version(error.into_response());
    }
    if method == Method::OPTIONS {
        return with_version(options(&office).into_response());
    }
    let (caller, headers, body) = match split(&office, request).await {
        Ok(parts) => parts,
        Err(refused) => return with_version(refused),
    };
    let answer = match method {
        Method::HEAD => head(&office, &caller, &id).await,
        Method::PATCH => patch::patch(&office, &caller, &id, &headers, body).await,
        Method::DELETE => delete(&office, &caller, &id).await,
        _ => Err(method_not_allowed()),
    };
    with_version(answer.into_response())
}

async fn split(office: &Arc<Office>, request: Request) -> Result<(Caller, HeaderMap, axum::body::Body), Response> {
    use axum::extract::FromRequestParts as _;
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, office).await?;
    Ok((caller, parts.headers, body))
}

/// What the server speaks.
#[utoipa::path(
    options, path = "/api/attachments", operation_id = "get_upload_protocol", tag = "attachments",
    responses((status = 204, description = "Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm"))
)]
pub(super) fn options(office: &Office) -> Result<Response, ApiError> {
    let most = office.attachments.place()?.limits.file_bytes;
    let headers = [
        (HeaderName::from_static("tus-extension"), HeaderValue::from_static(headers::EXTENSIONS)),
        (HeaderName::from_static("tus-max-size"), HeaderValue::from(most)),
        (HeaderName::from_static("tus-checksum-algorithm"), HeaderValue::from_static(headers::ALGORITHMS)),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

fn unknown() -> ApiError {
    ApiError::not_found("upload")
}

/// The upload with this name, if it is this caller's and not expired.
fn find(office: &Office, place: &Place, caller: &Caller, name: &str) -> Result<(UploadId, Upload), ApiError> {
    let id = UploadId::read(name).ok_or_else(unknown)?;
    let upload = place.uploads.get(id).filter(|upload| upload.sender == caller.sender()).ok_or_else(unknown)?;
    if expires_at(place, &upload) <= office.platform.clock.now() {
        return Err(ApiError::new(StatusCode::GONE, "upload_expired", "this upload was left too long: begin again"));
    }
    Ok((id, upload))
}

fn expires_at(place: &Place, upload: &Upload) -> UnixMillis {
    upload.touched_at.plus(place.limits.upload_ms)
}

/// What every answer about an upload says: where it stands and until when.
fn state(place: &Place, upload: &Upload, offset: u64) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert("upload-offset", HeaderValue::from(offset));
    let expires = HeaderValue::from_str(&http_date(expires_at(place, upload)))
        .map_err(|error| ApiError::internal("writing a date", &error))?;
    headers.insert("upload-expires", expires);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(number) = upload.finished {
        headers.insert(NUMBER_HEADER, HeaderValue::from(number));
    }
    Ok(headers)
}

/// A date as HTTP writes it (RFC 9110, 5.6.7).
pub(super) fn http_date(time: UnixMillis) -> String {
    let time = chrono::DateTime::from_timestamp_millis(time.0).unwrap_or_default();
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Where an upload stands.
#[utoipa::path(
    head, path = "/api/attachments/{upload}", operation_id = "get_upload_offset", tag = "attachments",
    params(("upload" = String, Path, description = "The upload"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 200, description = "Upload-Offset, Upload-Length, Upload-Metadata, Upload-Expires; Docket-Number once it has arrived"),
        (status = 404, description = "not_found"),
        (status = 410, description = "upload_expired"),
        (status = 412, description = "upload_version"),
        (status = 423, description = "upload_busy: another request has it"),
    )
)]
pub(super) async fn head(office: &Arc<Office>, caller: &Caller, name: &str) -> Result<Response, ApiError> {
    let place = office.attachments.place()?;
    let (id, _) = find(office, &place, caller, name)?;
    // Who asks where to go on sends nothing any more: the request that has the upload lost its connection.
    let held = place.uploads.take_over(id, HAND_OVER).await.ok_or_else(busy)?;
    let (_, mut upload) = find(office, &place, caller, name)?;
    let offset = match upload.finished {
        Some(_) => upload.length,
        None => {
            let offset = offset_of(office, &place, id, &upload).await?;
            if offset == upload.length {
                upload.finished = Some(super::finish::finish(office, &place, id, &upload).await?);
            }
            offset
        }
    };
    drop(held);
    let mut headers = state(&place, &upload, offset)?;
    headers.insert("upload-length", HeaderValue::from(upload.length));
    if let Ok(metadata) = HeaderValue::from_str(&upload.metadata) {
        headers.insert("upload-metadata", metadata);
    }
    Ok((StatusCode::OK, headers).into_response())
}

/// Bytes that count. Where the bytes are gone, they were moved to their place: the process died before it said so.
async fn offset_of(office: &Arc<Office>, place: &Arc<Place>, id: UploadId, upload: &Upload) -> Result<u64, ApiError> {
    let (place, upload) = (place.clone(), upload.clone());
    crate::api::blocking(office, move |_| {
        let failed = |error: std::io::Error| ApiError::internal("reading an upload", &error);
        match Partial::open(&place.uploads.path(id)).map_err(failed)? {
            Some(partial) => Ok(partial.offset()),
            None if place.blobs.size(upload.blob).map_err(failed)? == Some(upload.length) => Ok(upload.length),
            None => {
                place.uploads.forget(id).map_err(failed)?;
                Err(unknown())
            }
        }
    })
    .await
}

fn busy() -> ApiError {
    ApiError::new(StatusCode::LOCKED, "upload_busy", "another request is sending this upload: try again")
}

/// Forgets an unfinished upload. A file that has arrived stays.
#[utoipa::path(
    delete, path = "/api/attachments/{upload}", operation_id = "forget_upload", tag = "attachments",
    params(("upload" = String, Path, description = "The upload"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 423, description = "upload_busy", body = ErrorBody),
    )
)]
pub(super) async fn delete(office: &Arc<Office>, caller: &Caller, name: &str) -> Result<Response, ApiError> {
    let place = office.attachments.place()?;
    let (id, _) = find(office, &place, caller, name)?;
    let held = place.uploads.take_over(id, HAND_OVER).await.ok_or_else(busy)?;
    let forgetting = place.clone();
    crate::api::blocking(office, move |_| {
        forgetting.uploads.forget(id).map_err(|error| ApiError::internal("forgetting an upload", &error))
    })
    .await?;
    drop(held);
    Ok(StatusCode::NO_CONTENT.into_response())
}
