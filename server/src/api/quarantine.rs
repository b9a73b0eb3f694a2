//! What the gate kept apart, and a supervisor's decision about it.

use core::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use docket_sync_core::facts::{Role, StatedFact};
use docket_sync_core::ids::{DeviceId, DocumentId};
use docket_sync_core::lifecycle::Language;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::sync::gate::OneTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guard::{Permit, Reads, Rule};
use super::paging::{Page, PageQuery, Paging};
use super::reading::{Reading, blocking};
use super::request::{Body, Params, required};
use crate::commit::{CommitError, QuarantineEntry, RowRecord, Tables, quarantine_total};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Order, Table, record};

/// Entries read at once: an entry carries its whole change, so that few of them are in memory together.
const ENTRIES_AT_ONCE: usize = 16;

/// Changes that one request decides about.
const DECIDED_AT_ONCE: usize = 256;

/// Decides about the quarantine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decides;

impl Rule for Decides {
    const ROLES: &'static [Role] = &[Role::Supervisor];
    const CHANGES: bool = true;
}

/// One change that was not admitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineItem {
    /// Under which it is decided about.
    key: String,
    /// The device that carried it here.
    device: String,
    document: String,
    /// Its number in the register, once it has one.
    serial: Option<String>,
    actor: String,
    sequence: u64,
    /// Stable code; `held` for one that waits behind another.
    reason: &'static str,
    /// Its size.
    bytes: usize,
    received_at: i64,
    /// What the fact says, where its bytes are one.
    summary: Option<String>,
    /// For a code or a receipt number that was used before: where.
    used_in: Option<UsedIn>,
    /// What a supervisor decided.
    decided: Option<DecidedItem>,
}

/// The fact that used the code or the receipt number first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsedIn {
    order: String,
    /// The order's number in the register.
    serial: Option<String>,
    fact: String,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecidedItem {
    admitted: bool,
    by: String,
    reason: String,
    at: i64,
}

impl QuarantineItem {
    fn of(reading: &Reading<'_>, key: &[u8], entry: &QuarantineEntry, language: Language) -> Result<Self, ApiError> {
        let decided = entry.decided.as_ref().map(|decided| DecidedItem {
            admitted: decided.admitted,
            by: decided.by.to_string(),
            reason: decided.reason.clone(),
            at: decided.at.0,
        });
        let stated = StatedFact::from_bytes(&entry.record.bytes).ok();
        let was_used = matches!(entry.code, Some(QuarantineCode::UsedNumber | QuarantineCode::UsedCode));
        let once = stated.as_ref().filter(|_| was_used).and_then(|stated| OneTime::of(&stated.content.body));
        let used_in = match once {
            Some(once) => reading.store().used_by(&once)?,
            None => None,
        };
        let used_in = match used_in {
            Some((order, fact)) => {
                let (serial, fact) = (serial(reading, order)?, fact.to_string());
                Some(UsedIn { order: order.to_string(), serial, fact })
            }
            None => None,
        };
        Ok(Self {
            key: data_encoding::HEXLOWER.encode(key),
            summary: stated.map(|stated| docket_sync_core::lifecycle::body_summary(&stated.content.body, language)),
            decided,
            used_in,
            serial: serial(reading, entry.document)?,
            device: entry.device.to_string(),
            document: entry.document.to_string(),
            actor: entry.record.actor.to_string(),
            sequence: entry.record.sequence,
            reason: entry.code.map_or("held", |code| code.code()),
            bytes: entry.record.bytes.len(),
            received_at: entry.received_at.0,
        })
    }
}

fn serial(reading: &Reading<'_>, order: DocumentId) -> Result<Option<String>, ApiError> {
    let row: Option<RowRecord> = reading.store().read(Table::View, &order.0)?;
    Ok(row.and_then(|row| row.serial))
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
    permit: Permit<Reads>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<QuarantineItem>>, ApiError> {
    let paging = query.check()?;
    let language = permit.signed.language();
    Ok(Json(blocking(&office, move |office| page(office, &paging, language)).await?))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DecisionBody {
    /// In words; the author's device shows it.
    reason: Option<String>,
}

/// Lets a refused fact in, or one held behind a refused one that is decided: it counts as its author's from now on.
#[utoipa::path(
    post, path = "/api/quarantine/{key}/admit", tag = "technicians", request_body = DecisionBody,
    params(("key" = String, Path, description = "Its key in the list")),
    responses(
        (status = 204, description = "It is in its order"),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "already_done", body = ErrorBody),
        (status = 422, description = "missing_field, not_admissible", body = ErrorBody),
    )
)]
pub(crate) async fn admit_refused(
    State(office): State<Arc<Office>>,
    permit: Permit<Decides>,
    Path(key): Path<String>,
    Body(body): Body<DecisionBody>,
) -> Result<StatusCode, ApiError> {
    let (key, reason) = (read_key(&key)?, required("reason", body.reason.as_deref())?.to_owned());
    let by = permit.signed.person.id;
    let fact = office.committer.run(move |writer| writer.admit_refused(&key, by, &reason)).await?;
    tracing::info!(fact = %fact, by = %by, "a refused fact was let in");
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves what was refused out for good; its bytes and the reason stay.
#[utoipa::path(
    post, path = "/api/quarantine/{key}/discard", tag = "technicians", request_body = DecisionBody,
    params(("key" = String, Path, description = "Its key in the list")),
    responses(
        (status = 204, description = "It stays out"),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "already_done", body = ErrorBody),
        (status = 422, description = "missing_field, not_admissible", body = ErrorBody),
    )
)]
pub(crate) async fn discard_refused(
    State(office): State<Arc<Office>>,
    permit: Permit<Decides>,
    Path(key): Path<String>,
    Body(body): Body<DecisionBody>,
) -> Result<StatusCode, ApiError> {
    let (key, reason) = (read_key(&key)?, required("reason", body.reason.as_deref())?.to_owned());
    let by = permit.signed.person.id;
    office.committer.run(move |writer| writer.discard_refused(&key, by, &reason)).await?;
    tracing::info!(by = %by, "a refused change was left out");
    Ok(StatusCode::NO_CONTENT)
}

/// A decision about everything that waits of one order, or of one device.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DecisionsBody {
    /// Whether it is let in; else it is left out.
    admit: Option<bool>,
    /// In words; the authors' devices show it.
    reason: Option<String>,
    /// What waits of this order; with `device` what that device carried here for it.
    order: Option<String>,
    /// What this device carried here.
    device: Option<String>,
    /// `next` of the answer before.
    after: Option<String>,
}

/// What became of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Decisions {
    /// Changes that were decided about now.
    decided: usize,
    /// What was not, and why.
    left: Vec<LeftItem>,
    /// There may be more: ask again with this as `after`.
    next: Option<String>,
}

/// A change that was not decided about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeftItem {
    key: String,
    /// Stable code.
    code: &'static str,
}

/// Decides in the same way about everything that waits of one order or device, at most 256 changes at once.
#[utoipa::path(
    post, path = "/api/quarantine/decisions", tag = "technicians", request_body = DecisionsBody,
    responses(
        (status = 200, description = "What became of it", body = Decisions),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field, invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn decide_quarantine(
    State(office): State<Arc<Office>>,
    permit: Permit<Decides>,
    Body(body): Body<DecisionsBody>,
) -> Result<Json<Decisions>, ApiError> {
    let reason = required("reason", body.reason.as_deref())?.to_owned();
    let admit = body.admit.ok_or_else(|| ApiError::missing_field("admit"))?;
    let (order, device) = (id_in_body("order", body.order)?, id_in_body("device", body.device)?);
    if order.is_none() && device.is_none() {
        return Err(ApiError::missing_field("order"));
    }
    let after = body.after.map(|after| read_key(&after)).transpose()?;
    let by = permit.signed.person.id;
    let (keys, next) = blocking(&office, move |office| waiting_keys(office, order, device, after)).await?;
    let mut done = Decisions { next, ..Decisions::default() };
    // In the order of their chains: what is held comes behind what it waits for.
    for key in keys {
        let (deciding, why) = (key.clone(), reason.clone());
        let decided = office.committer.run(move |writer| {
            if admit {
                writer.admit_refused(&deciding, by, &why).map(drop)
            } else {
                writer.discard_refused(&deciding, by, &why)
            }
        });
        match decided.await.map_err(ApiError::from) {
            Ok(()) => done.decided = done.decided.saturating_add(1),
            Err(error) if error.status().is_server_error() => return Err(error),
            Err(error) => {
                let (key, code) = (data_encoding::HEXLOWER.encode(&key), error.body().code);
                done.left.push(LeftItem { key, code });
            }
        }
    }
    tracing::info!(by = %by, decided = done.decided, left = done.left.len(), "much of the quarantine was decided about");
    Ok(Json(done))
}

fn id_in_body<T: FromStr>(field: &str, text: Option<String>) -> Result<Option<T>, ApiError> {
    let parse = |text: String| text.parse().map_err(|_no_id| ApiError::invalid_field(field, "this is no id"));
    text.map(parse).transpose()
}

/// Keys of what waits of an order or a device, oldest key first, and where the rest begins. Between two reads commits go
/// on.
#[expect(clippy::type_complexity, reason = "one use, taken apart at once")]
fn waiting_keys(
    office: &Office,
    order: Option<DocumentId>,
    device: Option<DeviceId>,
    after: Option<Vec<u8>>,
) -> Result<(Vec<Vec<u8>>, Option<String>), ApiError> {
    let mut range = order.map_or_else(KeyRange::all, |order| KeyRange::prefix(order.0));
    if let Some(after) = after {
        range = range.continued_after(after);
    }
    let mut keys = Vec::new();
    loop {
        let reading = Reading::begin(office);
        let entries = reading.store().scan(Table::Quarantine, &range, ENTRIES_AT_ONCE, Order::Forward)?;
        let is_end = entries.len() < ENTRIES_AT_ONCE;
        for (key, bytes) in entries {
            let entry = record::decode::<QuarantineEntry>("quarantine entry", &bytes).map_err(CommitError::from)?;
            range = range.continued_after(key.clone());
            if entry.decided.is_none() && device.is_none_or(|device| device == entry.device) {
                keys.push(key);
            }
            if keys.len() == DECIDED_AT_ONCE {
                let next = keys.last().map(|key| data_encoding::HEXLOWER.encode(key));
                return Ok((keys, next));
            }
        }
        if is_end {
            return Ok((keys, None));
        }
    }
}

fn read_key(key: &str) -> Result<Vec<u8>, ApiError> {
    let read = data_encoding::HEXLOWER.decode(key.as_bytes());
    read.map_err(|_not_hexadecimal| ApiError::not_found("change in quarantine"))
}

/// The cursor is the key of the last item. Between two reads commits go on: a long page holds nobody up.
fn page(office: &Office, paging: &Paging, language: Language) -> Result<Page<QuarantineItem>, ApiError> {
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
        let reading = Reading::begin(office);
        let entries = reading.store().scan(Table::Quarantine, &range, wanted, Order::Reverse)?;
        let is_end = entries.len() < wanted;
        for (key, bytes) in entries {
            if items.len() == paging.limit {
                let next = Some(hexadecimal.encode(&last));
                return Ok(Page { items, next, total: quarantine_total(reading.store())? });
            }
            let entry = record::decode::<QuarantineEntry>("quarantine entry", &bytes).map_err(CommitError::from)?;
            items.push(QuarantineItem::of(&reading, &key, &entry, language)?);
            last = key;
        }
        if is_end {
            return Ok(Page { items, next: None, total: quarantine_total(reading.store())? });
        }
        range = range.continued_before(last.clone());
    }
}
