//! Taking requests apart: JSON bodies, query parameters and ids in paths, each refused with a stable code.

use core::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use docket_sync_core::ids::{Digest, ParseIdError};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = json_bytes(request, state).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| ApiError::malformed(error.to_string()))
    }
}

/// A JSON body, and the digest of its bytes: the same request sent again has the same.
#[derive(Debug)]
pub(super) struct DigestedBody<T>(pub(super) T, pub(super) Digest);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for DigestedBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = json_bytes(request, state).await?;
        let body = serde_json::from_slice(&bytes).map_err(|error| ApiError::malformed(error.to_string()))?;
        Ok(Self(body, Digest(*blake3::hash(&bytes).as_bytes())))
    }
}

async fn json_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // A form of another site cannot send this media type without asking first.
    if !media_type.is_some_and(|value| value.trim_start().starts_with("application/json")) {
        let message = "the body must be application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "malformed_request", message));
    }
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "malformed_request" };
        ApiError::new(rejection.status(), code, rejection.body_text())
    })
}

/// Query parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(ApiError::malformed(rejection.body_text())),
        }
    }
}

/// An id in a path; what is no id is not known.
pub fn id_in_path<T: FromStr<Err = ParseIdError>>(text: &str, what: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_no_id| ApiError::not_found(what))
}

/// Text of a field that must be filled in.
pub(super) fn required<'a>(field: &str, text: Option<&'a str>) -> Result<&'a str, ApiError> {
    text.map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| ApiError::missing_field(field))
}

/// A code of a field that must be filled in.
pub(super) fn coded<T>(field: &str, code: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Result<T, ApiError> {
    let code = required(field, code)?;
    read(code).ok_or_else(|| ApiError::invalid_field(field, format!("'{code}' is not possible here")))
}
