//! Follow-up calls over HTTP: the clerk's list, and what came of a call.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::Causality;
use docket_sync_core::reference::Reference;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::records::{self, Filter};
use super::rules::{Answer, Call, Callback, is_overdue};
use crate::api::{
    Body, Named, Names, Page, PageQuery, Params, Permit, Reading, Reads, Works, blocking, etag, id_in_path,
};
use crate::api::{if_match, load};
use crate::commit::{CommitError, RowRecord, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::Table;

/// Most characters of a note.
const NOTE_CHARACTERS_MAX: usize = 2_000;

#[derive(OpenApi)]
#[openapi(paths(list_callbacks, post_callback))]
struct Description;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The routes of callbacks.
pub fn router() -> Router<Arc<Office>> {
    Router::new().route("/api/callbacks", get(list_callbacks)).route("/api/callbacks/{id}", post(post_callback))
}

/// One callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallbackItem {
    /// The order.
    pub id: String,
    /// Its serial.
    pub serial: String,
    /// Whom to call.
    pub customer: CallbackCustomer,
    /// When the work was done, in field time (C-198).
    pub completed_at: i64,
    /// Until when he is to be called (C-151).
    pub due_at: i64,
    /// Whether he should have been called by now.
    pub overdue: bool,
    /// Not before: the next try after nobody answered.
    pub next_at: i64,
    /// Calls made.
    pub attempts: u32,
    /// `ok`, `redo`, `refill` or `complaint`; null while it is due.
    pub outcome: Option<&'static str>,
    /// What the clerk wrote.
    pub note: Option<String>,
    /// Who did the work.
    pub technician: Option<Named>,
    /// The frontier of the order as the clerk sees it, joined by `.`: what `If-Match` sends back.
    pub etag: String,
}

/// The view is not known here; nothing was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnknownCallbackView {
    /// `unknown_frontier`.
    code: &'static str,
    message: &'static str,
    field: Option<String>,
    /// The callback as it is.
    callback: Option<CallbackItem>,
}

/// The customer of a callback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallbackCustomer {
    /// His name; empty when it is not known any more.
    pub name: String,
    /// His number, where it is known.
    pub phone: Option<String>,
}

/// Which callbacks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    /// `due` (default), `done` or `all`.
    state: Option<String>,
    /// Most items, 1 to 1000.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What came of a call.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CallBody {
    /// `ok`, `redo`, `refill`, `complaint` or `no_answer`.
    #[serde(default)]
    outcome: Option<String>,
    /// What the customer said.
    #[serde(default)]
    note: Option<String>,
}

/// The callbacks of a list: due ones by their limit, others the latest first.
#[utoipa::path(
    get, path = "/api/callbacks", tag = "callbacks", params(CallbackQuery),
    responses(
        (status = 200, description = "Callbacks", body = Page<CallbackItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_callbacks(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<CallbackQuery>,
) -> Result<Json<Page<CallbackItem>>, ApiError> {
    let state = query.state.filter(|state| !state.is_empty()).unwrap_or_else(|| "due".to_owned());
    let no_state = || ApiError::invalid_field("state", "write due, done or all");
    let filter = Filter::from_code(&state).ok_or_else(no_state)?;
    let paging = PageQuery::new(query.limit, query.after).check()?;
    let no_page = || ApiError::invalid_field("after", "this is not the end of a page");
    let hexadecimal = data_encoding::HEXLOWER;
    let after = paging
        .after
        .map(|after| hexadecimal.decode(after.as_bytes()).map_err(|_not_hexadecimal| no_page()))
        .transpose()?;
    let page = blocking(&office, move |office| {
        let reading = Reading::begin(office);
        let page = records::page(reading.store(), filter, after.as_deref(), paging.limit)?;
        let mut names = Names::default();
        let items = page.items.iter().map(|(order, callback)| item(&reading, &mut names, *order, callback));
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next: page.next.map(|next| hexadecimal.encode(&next)),
            total: usize::try_from(page.total).unwrap_or(usize::MAX),
        })
    });
    Ok(Json(page.await?))
}

/// Keeps what came of a call.
#[utoipa::path(
    post, path = "/api/callbacks/{id}", tag = "callbacks", request_body = CallBody,
    params(
        ("id" = String, Path, description = "The order"),
        ("If-Match" = String, Header, description = "ETag of the view that the clerk had before him"),
    ),
    responses(
        (status = 200, description = "Kept", body = CallbackItem),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "already_done; unknown_frontier: nothing was done", body = UnknownCallbackView),
        (status = 413, description = "order_full: nothing was stated", body = ErrorBody),
        (status = 422, description = "missing_field or invalid_field", body = ErrorBody),
        (status = 428, description = "precondition_required", body = ErrorBody),
    )
)]
pub(crate) async fn post_callback(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<CallBody>,
) -> Result<Response, ApiError> {
    let order: DocumentId = id_in_path(&id, "callback")?;
    let Some(frontier) = if_match(&headers)? else { return unknown_view(&office, order).await };
    let outcome = body.outcome.filter(|code| !code.is_empty()).ok_or_else(|| ApiError::missing_field("outcome"))?;
    let no_outcome = || ApiError::invalid_field("outcome", "write ok, redo, refill, complaint or no_answer");
    let answer = Answer::from_code(&outcome).ok_or_else(no_outcome)?;
    let note = body.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    if note.as_ref().is_some_and(|note| note.chars().count() > NOTE_CHARACTERS_MAX) {
        return Err(ApiError::invalid_field("note", format!("a note has at most {NOTE_CHARACTERS_MAX} characters")));
    }
    let by = permit.signed.person.id;
    let call = move |writer: &mut crate::commit::Writer| {
        // What he had seen is stated, never inferred: X-65 asks whether he knew of a complaint.
        writer.view_at(order, &frontier)?;
        let at = writer.now();
        records::call(writer, order, Call { answer, note, by, at, seen: frontier })
    };
    let callback = match office.committer.run(call).await {
        Err(CommitError::UnknownFrontier(_)) => return unknown_view(&office, order).await,
        done => done?,
    };
    let item =
        blocking(&office, move |office| Ok(item(&Reading::begin(office), &mut Names::default(), order, &callback)?));
    Ok(Json(item.await?).into_response())
}

async fn unknown_view(office: &Arc<Office>, order: DocumentId) -> Result<Response, ApiError> {
    let present =
        blocking(office, move |office| Ok(callback_item(&Reading::begin(office), &mut Names::default(), order)?));
    let message = "this store does not know the view that the call was made on; nothing was done";
    let callback = present.await?;
    let answer = UnknownCallbackView { code: "unknown_frontier", message, field: None, callback };
    Ok((StatusCode::CONFLICT, Json(answer)).into_response())
}

/// The callback of an order as lists and events show it; `None` when it has none.
///
/// # Errors
/// When the store fails.
pub fn callback_item(
    reading: &Reading<'_>,
    names: &mut Names,
    order: DocumentId,
) -> Result<Option<CallbackItem>, CommitError> {
    let callback = records::get(reading.store(), order)?;
    callback.map(|callback| item(reading, names, order, &callback)).transpose()
}

fn item(
    reading: &Reading<'_>,
    names: &mut Names,
    order: DocumentId,
    callback: &Callback,
) -> Result<CallbackItem, CommitError> {
    let row: Option<RowRecord> = reading.store().read(Table::View, &order.0)?;
    let customer = match row.as_ref().and_then(|row| row.customer) {
        None => None,
        Some(record) => match names.record(reading, record)? {
            Some(Reference::Customer(customer)) => {
                let phone = Some(customer.phone.clone()).filter(|phone| !phone.is_empty());
                Some(CallbackCustomer { name: customer.name.clone(), phone })
            }
            Some(_) | None => None,
        },
    };
    let technician = callback.completion.technician.map(|technician| names.person(reading, technician)).transpose()?;
    Ok(CallbackItem {
        id: order.to_string(),
        serial: row.and_then(|row| row.serial).unwrap_or_default(),
        customer: customer.unwrap_or_default(),
        completed_at: callback.completion.at.0,
        due_at: callback.due_at.0,
        overdue: is_overdue(callback, reading.office.platform.clock.now()),
        next_at: callback.next_at.0,
        attempts: callback.attempts,
        outcome: callback.outcome.map(super::rules::Outcome::code),
        note: callback.note.clone(),
        technician,
        etag: match load(reading, order)? {
            Some(loaded) => etag(&Causality::new(&loaded.facts).frontier()),
            None => String::new(),
        },
    })
}
