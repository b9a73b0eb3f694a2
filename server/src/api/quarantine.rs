//! What the gate kept apart.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::guard::{Permit, Reads};
use super::paging::{Page, PageQuery};
use super::reading::{Reading, blocking};
use super::request::Params;
use crate::commit::{QuarantineEntry, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Table, record};

/// Entries looked at: beyond it the oldest documents are shown first and the total says so.
const ENTRIES_MAX: usize = 20_000;

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

    fn key(&self) -> (i64, String, String, u64) {
        (self.received_at.saturating_neg(), self.document.clone(), self.actor.clone(), self.sequence)
    }

    fn cursor(&self) -> String {
        format!("{}/{}/{}/{}", self.received_at, self.document, self.actor, self.sequence)
    }
}

fn read_cursor(cursor: &str) -> Option<(i64, String, String, u64)> {
    let mut parts = cursor.split('/');
    let received_at: i64 = parts.next()?.parse().ok()?;
    let (document, actor) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    Some((received_at.saturating_neg(), document, actor, parts.next()?.parse().ok()?))
}

/// What was not admitted, the newest first.
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
    let mut items = blocking(&office, |office| {
        let reading = Reading::begin(office);
        let entries = Tables::scan(reading.store(), Table::Quarantine, &KeyRange::all(), ENTRIES_MAX)?;
        drop(reading);
        let read = |bytes: &[u8]| record::decode::<QuarantineEntry>("quarantine entry", bytes);
        entries.iter().map(|(_, bytes)| Ok(QuarantineItem::of(&read(bytes)?))).collect::<Result<Vec<_>, ApiError>>()
    })
    .await?;
    items.sort_by_key(QuarantineItem::key);
    Ok(Json(paging.cut(items, QuarantineItem::key, QuarantineItem::cursor, read_cursor)?))
}
