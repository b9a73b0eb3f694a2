//! Dispatch over HTTP: the dispatcher's board, and sending somebody to an order.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::lifecycle::Causality;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::desk::{Desk, DispatchChoice, dispatch_order};
use super::records::{self, DispatchRecord, Dispatched};
use super::rules::{Needs, is_out};
use crate::api::{Body, Both, Named, Names, OrderRow, Permit, Reading, Reads, Works, blocking, id_in_path};
use crate::api::{etag, if_match, load, order_row, refused};
use crate::commit::{CommitError, RowRecord, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::log::LogRecord;
use crate::office::Office;
use crate::store::{KeyRange, Table};

/// Orders that wait, shown at once.
const WAITING_SHOWN: usize = 500;
/// Records looked at for the last dispatches.
const LAST_SHOWN: usize = 50;

#[derive(OpenApi)]
#[openapi(paths(get_board, post_dispatch))]
struct Description;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The routes of dispatch.
pub fn router() -> Router<Arc<Office>> {
    Router::new().route("/api/dispatch", get(get_board)).route("/api/orders/{id}/dispatch", post(post_dispatch))
}

/// The rotation as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DispatchBoard {
    /// Technicians in the fixed order of the rotation.
    roster: Vec<RosterRow>,
    /// Orders without a technician, the first to be dispatched at the top (C-044).
    waiting: Vec<WaitingOrder>,
    /// The last dispatches, newest first.
    last: Vec<DispatchItem>,
}

/// An order with the view that a dispatcher decides on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingOrder {
    #[serde(flatten)]
    row: OrderRow,
    /// The frontier of this view, joined by `.`: what `If-Match` sends back.
    etag: String,
}

/// One technician of the rotation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RosterRow {
    technician: Named,
    /// Codes of his skills.
    skills: Vec<String>,
    /// On duty.
    active: bool,
    /// Not returned: he has as many open orders as the policy allows at once.
    out: bool,
    /// The turn is his, for an order that needs no skill.
    next: bool,
}

/// One dispatch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DispatchItem {
    /// The order.
    order: String,
    /// Its serial.
    serial: String,
    technician: Named,
    /// The turn he took; null when he took none.
    turn: Option<u64>,
    /// Who was passed over (C-040).
    skipped: Vec<SkipItem>,
    /// The dispatcher's reason (C-041).
    reason: Option<String>,
    /// When.
    at: i64,
}

/// Somebody who was passed over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkipItem {
    technician: Named,
    /// `skill`, `not_returned`, `inactive`, `overridden` or `refused`.
    reason: &'static str,
    reason_text: Both,
}

/// Who is to go.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct DispatchBody {
    /// The technician; without one the rotation's next goes.
    #[serde(default)]
    technician: Option<String>,
    /// Why the rotation is passed over (C-041).
    #[serde(default)]
    reason: Option<String>,
}

/// Somebody was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DispatchAnswer {
    /// The assignment.
    fact: String,
    /// The order with it.
    order: Option<WaitingOrder>,
    /// Facts that the dispatcher had not seen.
    not_seen: Vec<String>,
}

/// The view is not known here; nothing was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnknownDispatchView {
    /// `unknown_frontier`.
    code: &'static str,
    message: &'static str,
    field: Option<String>,
    /// The order as it is.
    order: WaitingOrder,
}

/// The roster, what waits, and the last dispatches.
#[utoipa::path(
    get, path = "/api/dispatch", tag = "dispatch",
    responses(
        (status = 200, description = "The rotation", body = DispatchBoard),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn get_board(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
) -> Result<Json<DispatchBoard>, ApiError> {
    let board = blocking(&office, |office| {
        let reading = Reading::begin(office);
        let mut names = Names::default();
        Ok(DispatchBoard {
            roster: roster(&reading, &mut names)?,
            waiting: waiting(&reading, &mut names)?,
            last: last(&reading, &mut names)?,
        })
    });
    Ok(Json(board.await?))
}

/// Sends the rotation's next technician, or the one whom the dispatcher chose.
#[utoipa::path(
    post, path = "/api/orders/{id}/dispatch", tag = "dispatch", request_body = DispatchBody,
    params(
        ("id" = String, Path, description = "The order"),
        ("If-Match" = String, Header, description = "ETag of the view that the dispatcher decided on"),
    ),
    responses(
        (status = 200, description = "Dispatched", body = DispatchAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "unknown_frontier: nothing was done", body = UnknownDispatchView),
        (status = 413, description = "order_full: nothing was stated", body = ErrorBody),
        (status = 422, description = "override_reason, nobody_fits, not_a_technician, or a refusal", body = ErrorBody),
        (status = 428, description = "precondition_required", body = ErrorBody),
    )
)]
pub(crate) async fn post_dispatch(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<DispatchBody>,
) -> Result<Response, ApiError> {
    let order: DocumentId = id_in_path(&id, "order")?;
    let Some(frontier) = if_match(&headers)? else { return unknown_view(&office, order).await };
    let no_id = || ApiError::invalid_field("technician", "this is nobody's id");
    let technician = body.technician.filter(|id| !id.is_empty());
    let technician: Option<PersonId> = technician.map(|id| id.parse().map_err(|_not_an_id| no_id())).transpose()?;
    let choice = DispatchChoice { technician, reason: body.reason.filter(|text| !text.trim().is_empty()), frontier };
    let person = permit.signed.person.id;
    let done = office.committer.run(move |writer| dispatch_order(writer, order, person, &choice)).await;
    let stated = match done {
        Ok(stated) => stated,
        Err(CommitError::UnknownFrontier(_)) => return unknown_view(&office, order).await,
        Err(CommitError::Refused(refusal)) => return Err(refused(&refusal, permit.signed.language())),
        Err(error) => return Err(error.into()),
    };
    Ok(Json(DispatchAnswer {
        fact: stated.fact.reference().to_string(),
        order: present(&office, order).await?,
        not_seen: stated.not_seen.iter().map(|fact| fact.reference().to_string()).collect(),
    })
    .into_response())
}

async fn present(office: &Arc<Office>, order: DocumentId) -> Result<Option<WaitingOrder>, ApiError> {
    blocking(office, move |office| Ok(row(&Reading::begin(office), &mut Names::default(), order)?)).await
}

async fn unknown_view(office: &Arc<Office>, order: DocumentId) -> Result<Response, ApiError> {
    let order = present(office, order).await?.ok_or_else(|| ApiError::not_found("order"))?;
    let message = "this store does not know the view that the dispatch was decided on; nothing was done";
    let answer = UnknownDispatchView { code: "unknown_frontier", message, field: None, order };
    Ok((StatusCode::CONFLICT, Json(answer)).into_response())
}

fn roster(reading: &Reading<'_>, names: &mut Names) -> Result<Vec<RosterRow>, CommitError> {
    let desk = Desk::open(reading.store(), reading.office.identity.store)?;
    let next = desk.next(&Needs::default()).ok().map(|decision| decision.technician);
    let mut rows = Vec::with_capacity(desk.roster.len());
    for candidate in &desk.roster {
        rows.push(RosterRow {
            technician: names.person(reading, candidate.place.technician)?,
            skills: candidate.skills.iter().cloned().collect(),
            active: candidate.active,
            out: is_out(&desk.policy.dispatch, candidate),
            next: next == Some(candidate.place),
        });
    }
    Ok(rows)
}

fn waiting(reading: &Reading<'_>, names: &mut Names) -> Result<Vec<WaitingOrder>, CommitError> {
    let queue = KeyRange::prefix(records::QUEUE);
    let keys = Tables::scan(reading.store(), Table::Dispatch, &queue, WAITING_SHOWN)?;
    let mut rows = Vec::with_capacity(keys.len());
    for order in keys.iter().filter_map(|(key, _)| records::queued_order(key)) {
        rows.extend(row(reading, names, order)?);
    }
    Ok(rows)
}

fn last(reading: &Reading<'_>, names: &mut Names) -> Result<Vec<DispatchItem>, CommitError> {
    let newest = KeyRange::prefix(records::RECORDS);
    let mut items = Vec::new();
    for (key, _) in Tables::scan(reading.store(), Table::Dispatch, &newest, LAST_SHOWN)? {
        let Some(number) = records::record_number(&key) else { continue };
        let Some(LogRecord::Office { bytes, .. }) = reading.store().log_entry(number)?.map(|entry| entry.record) else {
            continue;
        };
        if let DispatchRecord::Dispatched(dispatched) = crate::store::record::decode("dispatch record", &bytes)? {
            items.push(item(reading, names, dispatched)?);
        }
    }
    Ok(items)
}

fn item(reading: &Reading<'_>, names: &mut Names, dispatched: Dispatched) -> Result<DispatchItem, CommitError> {
    let row: Option<RowRecord> = reading.store().read(Table::View, &dispatched.order.0)?;
    let mut skipped = Vec::with_capacity(dispatched.skipped.len());
    for skip in dispatched.skipped {
        skipped.push(SkipItem {
            technician: names.person(reading, skip.technician)?,
            reason: skip.reason.code(),
            reason_text: Both::coded("skip", skip.reason.code()),
        });
    }
    Ok(DispatchItem {
        order: dispatched.order.to_string(),
        serial: row.and_then(|row| row.serial).unwrap_or_default(),
        technician: names.person(reading, dispatched.technician.technician)?,
        turn: dispatched.turn,
        skipped,
        reason: dispatched.reason,
        at: dispatched.at.0,
    })
}

fn row(reading: &Reading<'_>, names: &mut Names, order: DocumentId) -> Result<Option<WaitingOrder>, CommitError> {
    let Some(loaded) = load(reading, order)? else { return Ok(None) };
    Ok(Some(WaitingOrder {
        row: order_row(reading, names, order, &loaded.row)?,
        etag: etag(&Causality::new(&loaded.facts).frontier()),
    }))
}
