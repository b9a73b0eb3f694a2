//! What the gate kept apart.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::guard::{Permit, Reads};
use super::paging::{Page, PageQuery, Paging};
use super::reading::{Reading, blocking};
use super::request::Params;
use crate::commit::{CommitError, QuarantineEntry, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Order, Table, record};

/// Entries read at once: an entry carries its whole change, so that few of them are in memory together.
const ENTRIES_AT_ONCE: usize = 16;
/// Devices whose loads are counted for the total.
const DEVICES_MAX: usize = 10_000;
/// Prefix of what each device has in quarantine, in the table of metadata.
const LOADS: &[u8] = b"quarantine/";

/// One change that was not admitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineItem {
    /// The device that carried it here.
    device: String,
    document: String,
    actor: String,
    sequence: u64,
    /// Stable code; `held` for one that waits behind another.
    reason: &'static str,
    /// Its size.
    bytes: usize,
    received_at: i64,
}

impl QuarantineItem {
    fn of(entry: &QuarantineEntry) -> Self {
        Self {
            device: entry.device.to_string(),
            document: entry.document.to_string(),
            actor: entry.record.actor.to_string(),
            sequence: entry.record.sequence,
            reason: entry.code.map_or("held", |code| code.code()),
            bytes: entry.record.bytes.len(),
            received_at: entry.received_at.0,
        }
    }
}

/// What was not admitted, by order, the newest order first.
#[utoipa::path(
    get, path = "/api/quarantine", tag = "technicians", params(PageQuery),
    responses(
        (status = 200, description = "Changes in quarantine", body = Page<QuarantineItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn list_quarantine(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<QuarantineItem>>, ApiError> {
    let paging = query.check()?;
    Ok(Json(blocking(&office, move |office| page(office, &paging)).await?))
}

/// The cursor is the key of the last item. Between two reads commits go on: a long page holds nobody up.
fn page(office: &Office, paging: &Paging) -> Result<Page<QuarantineItem>, ApiError> {
    let hexadecimal = data_encoding::HEXLOWER;
    let no_page = || ApiError::invalid_field("after", "this is not the end of a page");
    let mut range = match paging.after.as_deref() {
        None => KeyRange::all(),
        Some(after) => KeyRange::before(hexadecimal.decode(after.as_bytes()).map_err(|_not_hexadecimal| no_page())?),
    };
    let mut items: Vec<QuarantineItem> = Vec::new();
    let mut last = Vec::new();
    loop {
        // One more than wanted says whether there is another page.
        let wanted = paging.limit.saturating_sub(items.len()).saturating_add(1).min(ENTRIES_AT_ONCE);
        let entries = Reading::begin(office).store().scan(Table::Quarantine, &range, wanted, Order::Reverse)?;
        let is_end = entries.len() < wanted;
        for (key, bytes) in entries {
            if items.len() == paging.limit {
                let next = Some(hexadecimal.encode(&last));
                return Ok(Page { items, next, total: total(&Reading::begin(office))? });
            }
            let entry = record::decode::<QuarantineEntry>("quarantine entry", &bytes).map_err(CommitError::from)?;
            items.push(QuarantineItem::of(&entry));
            last = key;
        }
        if is_end {
            return Ok(Page { items, next: None, total: total(&Reading::begin(office))? });
        }
        range = range.continued_before(last.clone());
    }
}

/// Items of all devices: each device's load is kept as `[items, bytes]`.
fn total(reading: &Reading<'_>) -> Result<usize, CommitError> {
    let mut total = 0_u64;
    for (_, bytes) in Tables::scan(reading.store(), Table::Meta, &KeyRange::prefix(LOADS), DEVICES_MAX)? {
        let [items, _bytes]: [u64; 2] = record::decode("quarantine load", &bytes)?;
        total = total.saturating_add(items);
    }
    Ok(usize::try_from(total).unwrap_or(usize::MAX))
}
