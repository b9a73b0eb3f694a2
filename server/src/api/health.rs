//! Whether the process lives, and whether it can commit.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// How long the commit thread may take to answer before the server counts as not ready.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// `ok`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    /// Always `ok`.
    status: &'static str,
}

const OK: HealthAnswer = HealthAnswer { status: "ok" };

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "server", responses((status = 200, description = "Alive", body = HealthAnswer)))]
pub(crate) async fn get_health() -> Json<HealthAnswer> {
    std::future::ready(()).await;
    Json(OK)
}

/// The server can commit.
#[utoipa::path(
    get, path = "/readyz", tag = "server",
    responses(
        (status = 200, description = "Ready", body = HealthAnswer),
        (status = 503, description = "not_ready", body = ErrorBody),
    )
)]
pub(crate) async fn get_readiness(State(office): State<Arc<Office>>) -> Result<Json<HealthAnswer>, ApiError> {
    let not_ready = || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "the server cannot commit now");
    let commits = tokio::time::timeout(READY_WITHIN, office.committer.run(|_| Ok(()))).await;
    match commits {
        Ok(Ok(())) => Ok(Json(OK)),
        Ok(Err(_)) | Err(_) => Err(not_ready()),
    }
}
