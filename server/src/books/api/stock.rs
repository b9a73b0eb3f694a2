//! Parts in stocks: what is left, what was counted, quotas; and what the storekeeper books.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use docket_sync_core::ids::PersonId;
use docket_sync_core::time::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BooksQuery, Filter, listed};
use crate::api::{Body, KeepsStock, Named, Names, Page, Params, Permit, Reading, Reads, blocking};
use crate::books::records::{self, Account, StockBooked, letter};
use crate::books::stock;
use crate::commit::Tables;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::Table;

/// One part in one stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StockItem {
    /// Keeper and code.
    id: String,
    /// Whose stock: a van, or the store.
    keeper: Named,
    code: String,
    name: String,
    unit: String,
    /// Thousandths of `unit`; negative where more was drawn than came.
    left_thousandths: i64,
    /// By how much the last stocktake differed, as far as nothing explains it (C-118).
    variance_thousandths: i64,
    counted_at: Option<i64>,
    /// Whether its keeper's devices refuse to draw more than is left (U-13).
    quota: bool,
    /// Lines that compete for what was not there.
    disputed: u32,
}

/// A movement or a count.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StockBody {
    /// Whose stock.
    #[serde(default)]
    keeper: Option<String>,
    /// Catalogue code, at most 64 bytes.
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    unit: String,
    /// Thousandths of `unit` moved in (or out, negative), or counted.
    #[serde(default)]
    quantity_thousandths: i64,
    /// When it happened; absent is now.
    #[serde(default)]
    at: Option<i64>,
    /// From now on a quota: its keeper's devices refuse to draw more.
    #[serde(default)]
    quota: bool,
    #[serde(default)]
    note: Option<String>,
}

/// Who draws from whose stock from now on.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ShareBody {
    #[serde(default)]
    person: Option<String>,
    /// The same person: from his own again.
    #[serde(default)]
    keeper: Option<String>,
}

/// Every part in every stock. `person` is a keeper; `state`: `disputed`, `variance` or `quota`.
#[utoipa::path(
    get, path = "/api/stock", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Stocks", body = Page<StockItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_stock(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<StockItem>>, ApiError> {
    let filter = query.check(&["disputed", "variance", "quota"])?;
    blocking(&office, move |office| stocks(&Reading::begin(office), &filter)).await.map(Json)
}

/// Moves parts into a stock, or out of it.
#[utoipa::path(
    post, path = "/api/stock/moves", tag = "books", request_body = StockBody,
    responses(
        (status = 204, description = "Booked"),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field, wrong_quantity, unknown_record, too_long or stock_full", body = ErrorBody),
    )
)]
pub(crate) async fn post_stock_move(
    State(office): State<Arc<Office>>,
    permit: Permit<KeepsStock>,
    Body(body): Body<StockBody>,
) -> Result<StatusCode, ApiError> {
    book(&office, permit.signed.person.id, body, false).await
}

/// Counts a part in a stock (盘点).
#[utoipa::path(
    post, path = "/api/stock/counts", tag = "books", request_body = StockBody,
    responses(
        (status = 204, description = "Booked"),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field, wrong_quantity, unknown_record, too_long or stock_full", body = ErrorBody),
    )
)]
pub(crate) async fn post_stock_count(
    State(office): State<Arc<Office>>,
    permit: Permit<KeepsStock>,
    Body(body): Body<StockBody>,
) -> Result<StatusCode, ApiError> {
    book(&office, permit.signed.person.id, body, true).await
}

/// Lets a person draw from another one's stock, a crew from one van.
#[utoipa::path(
    post, path = "/api/stock/shares", tag = "books", request_body = ShareBody,
    responses(
        (status = 204, description = "Kept"),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field or unknown_record", body = ErrorBody),
    )
)]
pub(crate) async fn post_stock_share(
    State(office): State<Arc<Office>>,
    permit: Permit<KeepsStock>,
    Body(body): Body<ShareBody>,
) -> Result<StatusCode, ApiError> {
    let (person, keeper) = (person("person", body.person)?, person("keeper", body.keeper)?);
    let by = permit.signed.person.id;
    office.committer.run(move |writer| stock::share(writer, by, person, keeper)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn person(field: &'static str, text: Option<String>) -> Result<PersonId, ApiError> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::missing_field(field))?;
    text.parse().map_err(|_no_id| ApiError::invalid_field(field, "this is nobody's id"))
}

async fn book(office: &Arc<Office>, by: PersonId, body: StockBody, is_count: bool) -> Result<StatusCode, ApiError> {
    let keeper = person("keeper", body.keeper)?;
    let booked = StockBooked {
        keeper,
        code: body.code.trim().to_owned(),
        name: body.name.trim().to_owned(),
        unit: body.unit.trim().to_owned(),
        quantity: body.quantity_thousandths,
        at: body.at.map_or_else(|| office.platform.clock.now(), UnixMillis),
        is_quota: body.quota,
        note: body.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty()),
    };
    office.committer.run(move |writer| stock::book(writer, by, booked, is_count)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn stocks(reading: &Reading<'_>, filter: &Filter) -> Result<Page<StockItem>, ApiError> {
    let mut names = Names::default();
    listed(reading, filter, &[&[letter::ACCOUNT]], |key| {
        let Some((keeper, code)) = records::read_account(key) else { return Ok(None) };
        let Some(account) = reading.store().read::<Account>(Table::Books, key)? else { return Ok(None) };
        let in_state = match filter.state.as_deref() {
            Some("disputed") => account.disputed > 0,
            Some("variance") => account.variance != 0,
            Some(_) => account.is_quota,
            None => true,
        };
        let keeper_named = names.person(reading, keeper)?;
        let is_wanted = in_state
            && filter.person.is_none_or(|person| person == keeper)
            && filter.finds(&[&code, &account.name, &keeper_named.name]);
        Ok(is_wanted.then(|| StockItem {
            id: format!("{keeper}.{code}"),
            keeper: keeper_named,
            code,
            name: account.name,
            unit: account.unit,
            left_thousandths: account.left,
            variance_thousandths: account.variance,
            counted_at: account.counted_at.map(|at| at.0),
            quota: account.is_quota,
            disputed: account.disputed,
        }))
    })
}
