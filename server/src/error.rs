//! What a request is answered when it cannot be granted: a status, a stable code, a sentence and a field.
//!
//! The machine's own failures are logged here, once, under an incident number, and only the number is sent.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::auth::{CodeError, PersonError, SessionEnd, TooManyTries};
use crate::store::StoreError;
use crate::store::record::RecordError;

/// A refusal or failure as the client gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    body: ErrorBody,
    retry_after_s: Option<u64>,
}

/// The JSON of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// Stable code: programs decide by it, pages translate it.
    pub code: &'static str,
    /// A sentence in English.
    pub message: String,
    /// The field of the request that is wrong.
    pub field: Option<String>,
}

impl ApiError {
    /// An error that concerns no single field.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { code, message: message.into(), field: None }, retry_after_s: None }
    }

    /// The same error, naming the field that is wrong.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.body.field = Some(field.into());
        self
    }

    /// 422: a required field is absent or empty (C-001).
    #[must_use]
    pub fn missing_field(field: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "missing_field", format!("{field} is missing")).at(field)
    }

    /// 422: a field has a value that is not possible.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", message).at(field)
    }

    /// 400: the request is not of the shape this path wants.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", message)
    }

    /// 401: nobody is logged in.
    #[must_use]
    pub fn not_logged_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_logged_in", "log in first")
    }

    /// 401: login or password is wrong; it is not said which.
    #[must_use]
    pub fn wrong_login() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "wrong_login", "login or password is wrong")
    }

    /// 403: this person may not do this.
    pub fn not_permitted(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_permitted", message)
    }

    /// 404: there is no such thing, or not for this person.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 428: a command names no view it was decided on.
    #[must_use]
    pub fn precondition_required() -> Self {
        let message = "the header If-Match with the ETag of the order is missing";
        Self::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", message)
    }

    /// 500: the machine failed. Logs `cause` under an incident number and sends only the number.
    pub fn internal(attempt: &str, cause: &dyn std::error::Error) -> Self {
        let incident = incident();
        let causes = chain(cause);
        tracing::error!(incident, attempt, causes, "a request failed: {attempt}");
        let message = format!("something went wrong here; tell the administrator incident {incident}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The JSON of the answer.
    #[must_use]
    pub fn body(&self) -> &ErrorBody {
        &self.body
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self {
                retry_after_s: Some(60),
                ..Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", "the server's disk is full; reading goes on")
            },
            StoreError::Conflict { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", "somebody changed this at the same moment; look again")
            }
            StoreError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error.to_string()),
            StoreError::Locked { .. }
            | StoreError::Open { .. }
            | StoreError::NoRoom { .. }
            | StoreError::Journal(_)
            | StoreError::Io { .. }
            | StoreError::Engine { .. }
            | StoreError::FlushFailed { .. }
            | StoreError::Stopped
            | StoreError::Value { .. }
            | StoreError::Damaged { .. }
            | StoreError::Encrypted { .. } => Self::internal("using the store", &error),
        }
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        Self::internal("reading a stored record", &error)
    }
}

impl From<PersonError> for ApiError {
    fn from(error: PersonError) -> Self {
        let status = match error {
            PersonError::LoginTaken => StatusCode::CONFLICT,
            PersonError::Login
            | PersonError::Name
            | PersonError::Roles
            | PersonError::Skills
            | PersonError::PasswordShort
            | PersonError::PasswordLong
            | PersonError::PasswordSimple => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.code(), error.to_string()).at(error.field())
    }
}

impl From<CodeError> for ApiError {
    fn from(error: CodeError) -> Self {
        Self::new(StatusCode::FORBIDDEN, error.code(), error.to_string()).at("code")
    }
}

impl From<SessionEnd> for ApiError {
    fn from(_: SessionEnd) -> Self {
        Self::not_logged_in()
    }
}

impl From<TooManyTries> for ApiError {
    fn from(error: TooManyTries) -> Self {
        let seconds = error.retry_after_ms.div_euclid(1_000).saturating_add(1);
        Self {
            retry_after_s: u64::try_from(seconds).ok(),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", error.to_string())
        }
    }
}

/// Eight hexadecimal digits that find one line of the log.
fn incident() -> String {
    let mut random = [0; 4];
    // Without randomness the incident is 00000000: the answer must still go out.
    if getrandom::fill(&mut random).is_err() {
        random = [0; 4];
    }
    data_encoding::HEXLOWER.encode(&random)
}

/// The error and what caused it, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use docket_sync_core::ids::DocumentId;

    use super::*;
    use crate::commit::CommitError;
    use crate::store::Table;

    fn json(error: &ApiError) -> String {
        serde_json::to_string(error.body()).unwrap()
    }

    #[test]
    fn c_001_a_missing_field_is_named() {
        let error = ApiError::missing_field("problem");
        assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(json(&error), r#"{"code":"missing_field","message":"problem is missing","field":"problem"}"#);
    }

    #[test]
    fn the_field_is_null_where_none_is_wrong() {
        let golden = r#"{"code":"wrong_login","message":"login or password is wrong","field":null}"#;
        assert_eq!(json(&ApiError::wrong_login()), golden);
    }

    #[test]
    fn internal_errors_are_not_sent() {
        let error = ApiError::from(StoreError::Engine { attempt: "reading", problem: "secret detail".into() });
        assert_eq!((error.status(), error.body().code), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
        assert!(!json(&error).contains("secret"), "{}", json(&error));
        let other = ApiError::from(StoreError::Stopped);
        assert_ne!(error.body().message, other.body().message, "incidents differ");
    }

    #[test]
    fn refusals_have_their_status_and_code() {
        let cases: [(ApiError, u16, &str, Option<&str>); 7] = [
            (CommitError::OrderFull(DocumentId([1; 16])).into(), 413, "order_full", None),
            (StoreError::Full { free: 1, reserve: 2 }.into(), 507, "disk_full", None),
            (StoreError::Conflict { table: Table::Log, key: vec![] }.into(), 409, "conflict", None),
            (PersonError::LoginTaken.into(), 409, "login_taken", Some("login")),
            (PersonError::Name.into(), 422, "invalid_name", Some("name")),
            (CodeError::Expired.into(), 403, "code_expired", Some("code")),
            (SessionEnd::Idle.into(), 401, "not_logged_in", None),
        ];
        for (error, status, code, field) in cases {
            let body = error.body();
            assert_eq!((error.status().as_u16(), body.code, body.field.as_deref()), (status, code, field));
        }
    }

    #[test]
    fn a_client_is_told_when_to_try_again() {
        let response = ApiError::from(TooManyTries { retry_after_ms: 61_500 }).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "62");
    }

    #[test]
    fn every_code_is_in_the_message_catalogue() {
        type Catalogue = std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>;
        let catalogue: Catalogue = serde_json::from_str(include_str!("../../schemas/messages/errors.json")).unwrap();
        let own = [
            ApiError::missing_field("f"),
            ApiError::invalid_field("f", ""),
            ApiError::malformed(""),
            ApiError::not_logged_in(),
            ApiError::wrong_login(),
            ApiError::not_permitted(""),
            ApiError::not_found("order"),
            ApiError::precondition_required(),
            ApiError::internal("testing", &StoreError::Stopped),
            StoreError::Full { free: 1, reserve: 2 }.into(),
            StoreError::Conflict { table: Table::Log, key: vec![] }.into(),
            StoreError::TooLarge { what: "key", size: 2, limit: 1 }.into(),
            TooManyTries { retry_after_ms: 1 }.into(),
            CommitError::OrderFull(DocumentId([1; 16])).into(),
        ];
        let people = PersonError::ALL.map(ApiError::from);
        let codes = CodeError::ALL.map(ApiError::from);
        for error in own.iter().chain(&people).chain(&codes) {
            let texts = catalogue.get(&format!("error.{}", error.body().code));
            let complete = texts.is_some_and(|texts| ["en", "zh"].iter().all(|language| !texts[*language].is_empty()));
            assert!(complete, "{} is not in schemas/messages/errors.json in both languages", error.body().code);
        }
    }
}
