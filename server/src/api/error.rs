//! What is answered when a commit was not made, a handler panicked or nothing fits the request.

use std::any::Any;

use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use docket_sync_core::commands::Refusal;
use docket_sync_core::lifecycle::Language;

use crate::commit::CommitError;
use crate::error::ApiError;

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => refused(&refusal, Language::En),
            CommitError::NoOrder(_) => Self::not_found("order"),
            CommitError::NotFound { what } => {
                Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} is not known"))
            }
            CommitError::UnknownFrontier(fact) => {
                let message = format!("this store does not have fact {fact}, on which the request was decided");
                Self::new(StatusCode::CONFLICT, "unknown_frontier", message)
            }
            CommitError::AlreadyDone { what } => {
                Self::new(StatusCode::CONFLICT, "already_done", format!("{what} was done already"))
            }
            CommitError::Invalid { field, code, problem } => {
                // Not wrong in itself: somebody else was first.
                let status =
                    if code == "login_taken" { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
                Self::new(status, code, problem).at(field)
            }
            CommitError::InvalidPath { field, code, problem } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, problem).at(&field)
            }
            CommitError::OrderFull(_) => {
                let message = "this order holds as much as one order may: nothing was stated; go on in a new order";
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "order_full", message)
            }
            CommitError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the server is busy: try again"),
            CommitError::Stopping => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the server is stopping: try again")
            }
            CommitError::Store(error) => error.into(),
            CommitError::Record(error) => error.into(),
            CommitError::Document(_) | CommitError::Internal(_) => Self::internal("committing", &error),
        }
    }
}

/// A refusal of the business in the person's language: 403 where the role does not allow it, else 422.
pub(crate) fn refused(refusal: &Refusal, language: Language) -> ApiError {
    let status = if refusal.code == "not_permitted" { StatusCode::FORBIDDEN } else { StatusCode::UNPROCESSABLE_ENTITY };
    let error = ApiError::new(status, refusal.code, refusal.text(language));
    match refusal.field {
        // The form asks for its two ends.
        Some("window") => error.at("from"),
        Some(field) => error.at(field),
        None => error,
    }
}

/// Answers a panic of a handler. The panic itself is on the process's log already.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response<axum::body::Body> {
    #[derive(Debug, thiserror::Error)]
    #[error("a handler panicked")]
    struct Panicked;
    ApiError::internal("answering a request", &Panicked).into_response()
}

/// Answers a known path with another method.
pub(super) async fn method_not_allowed() -> ApiError {
    std::future::ready(()).await;
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path knows another method")
}
