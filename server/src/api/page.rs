//! The office page, embedded in the program. Every path that is no file of it shows its index.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;

/// The built page.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Files;

const INDEX: &str = "index.html";
/// The page that verifies customers' copies: a file to keep and to open from a disk, never a page of this server.
const VERIFICATION: &str = "verify.html";
/// Files in here have a hash of their content in their name.
const HASHED: &str = "assets/";

/// Answers what no route answers.
pub(super) async fn serve(request: Request) -> Response {
    std::future::ready(()).await;
    let path = request.uri().path().trim_start_matches('/');
    if !matches!(*request.method(), Method::GET | Method::HEAD) || is_reserved(path) {
        return ApiError::not_found("path").into_response();
    }
    let (path, file) = match Files::get(path) {
        Some(file) => (path, Some(file)),
        None if path.starts_with(HASHED) => (path, None),
        None => (INDEX, Files::get(INDEX)),
    };
    match file {
        Some(file) => answer(&request, path, file),
        None => ApiError::not_found("file").into_response(),
    }
}

/// Paths of programs: a wrong one is an error, not the page.
fn is_reserved(path: &str) -> bool {
    ["api", "device"].iter().any(|prefix| path == *prefix || path.starts_with(&format!("{prefix}/")))
}

fn answer(request: &Request, path: &str, file: EmbeddedFile) -> Response {
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()));
    let cache = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let (status, body) =
        if known { (StatusCode::NOT_MODIFIED, Body::empty()) } else { (StatusCode::OK, Body::from(file.data)) };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if path == VERIFICATION {
        let keep = HeaderValue::from_static("attachment; filename=\"verify.html\"");
        headers.insert(header::CONTENT_DISPOSITION, keep);
    }
    for (name, value) in [(header::CONTENT_TYPE, file.metadata.mimetype()), (header::ETAG, &etag)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}
