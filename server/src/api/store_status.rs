//! Which store this is, and how far its log goes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::guard::{Permit, Reads};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::restore::Restored;
use crate::restore::report::healing_report;

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
    /// Last number that a backup holds; 0 before the first one.
    backed_up_to: u64,
    /// When that backup ended, milliseconds since 1970 UTC; absent before the first one.
    backed_up_at: Option<i64>,
    /// When the store last lost something: it was restored, or a device showed that its disk was rolled back.
    lost_at: Option<i64>,
    /// Whether nobody restored it on purpose.
    lost_unnoticed: bool,
    /// A number that a device claims to have seen and this log has never had, where no loss is known.
    claimed_number: Option<u64>,
    /// When the server had last read all closed files of the journal again; absent before the first time.
    journal_read_at: Option<i64>,
    /// A sentence for each file of the journal that the disk has changed since it was written.
    journal_damage: Vec<String>,
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
    let (durable, backup, report) = super::reading::blocking(&office, |office| {
        let (durable, backup) = {
            let durable = office.hub.read();
            (*durable, office.backed_up()?)
        };
        Ok((durable, backup, healing_report(office)?))
    })
    .await?;
    let loss = report.loss.as_ref();
    let scrub = office.scrub.shown();
    Ok(Json(StoreAnswer {
        store: office.identity.store.to_string(),
        epoch: office.identity.epoch.to_string(),
        fingerprint: office.keys.fingerprint().to_string(),
        number: durable.number,
        chain: durable.chain.to_string(),
        backed_up_to: backup.as_ref().map_or(0, |last| last.number),
        backed_up_at: backup.map(|last| last.at_ms),
        lost_at: loss.map(|loss| loss.at.0),
        lost_unnoticed: loss.is_some_and(Restored::was_unnoticed),
        claimed_number: if loss.is_none() { report.seen_to } else { None },
        journal_read_at: scrub.round_ended_at.map(|at| at.0),
        journal_damage: scrub.damage.into_values().collect(),
    }))
}
