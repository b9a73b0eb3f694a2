//! Which store this is, and how far its log goes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::guard::{Permit, Reads};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// The store.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoreAnswer {
    /// Its id.
    store: String,
    /// Its epoch; renewed by a restore.
    epoch: String,
    /// Fingerprint of its signing key, as printed on vouchers.
    fingerprint: String,
    /// Last durable number of its log.
    number: u64,
    /// Chain value there.
    chain: String,
}

/// The store's identity and the end of its log.
#[utoipa::path(
    get, path = "/api/store", tag = "administration",
    responses(
        (status = 200, description = "The store", body = StoreAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn get_store(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
) -> Result<Json<StoreAnswer>, ApiError> {
    let durable = super::reading::blocking(&office, |office| Ok(office.hub.durable())).await?;
    Ok(Json(StoreAnswer {
        store: office.identity.store.to_string(),
        epoch: office.identity.epoch.to_string(),
        fingerprint: office.keys.fingerprint().to_string(),
        number: durable.number,
        chain: durable.chain.to_string(),
    }))
}
