//! The list of orders, the newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::OrderState;
use serde::Deserialize;
use utoipa::IntoParams;

use super::row::{OrderRow, customer, order_row, site};
use crate::api::guard::{Permit, Reads};
use crate::api::names::Names;
use crate::api::paging::{Page, PageQuery, Paging};
use crate::api::reading::{Reading, blocking};
use crate::api::request::Params;
use crate::commit::listing::OrderList;
use crate::commit::{CommitError, RowRecord, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::Table;

/// Rows looked at while no commit is applied.
const ROWS_AT_ONCE: usize = 512;
/// Longest free text in bytes.
const TEXT_BYTES_MAX: usize = 400;

/// Which orders are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// Code of a state.
    state: Option<String>,
    /// Id of the technician who is to do it.
    technician: Option<String>,
    /// Words that must all occur in serial, customer, address, problem or technician.
    q: Option<String>,
    /// Most items, 1 to 1000.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

struct Filter {
    list: OrderList,
    words: Vec<String>,
}

impl Filter {
    fn of(state: Option<&str>, technician: Option<&str>, text: Option<&str>) -> Result<Self, ApiError> {
        let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let state = match given(state) {
            None => None,
            Some(code) => Some(
                OrderState::from_code(&code)
                    .ok_or_else(|| ApiError::invalid_field("state", format!("'{code}' is not a state")))?,
            ),
        };
        let technician = match given(technician) {
            None => None,
            Some(id) => Some(
                id.parse().map_err(|_no_id| ApiError::invalid_field("technician", "this is not the id of a person"))?,
            ),
        };
        let text = given(text).unwrap_or_default().to_lowercase();
        if text.len() > TEXT_BYTES_MAX {
            return Err(ApiError::invalid_field("q", format!("at most {TEXT_BYTES_MAX} bytes")));
        }
        let list = OrderList { state, technician };
        Ok(Self { list, words: text.split_whitespace().map(str::to_owned).collect() })
    }

    fn matches(&self, reading: &Reading<'_>, names: &mut Names, row: &RowRecord) -> Result<bool, CommitError> {
        let mut texts = vec![row.serial.clone().unwrap_or_default(), row.problem.clone()];
        texts.push(customer(reading, names, row)?.name);
        texts.push(site(reading, names, row)?.address);
        if let Some(technician) = row.technician {
            texts.push(names.person(reading, technician)?.name);
        }
        let text = texts.join("\n").to_lowercase();
        Ok(self.words.iter().all(|word| text.contains(word)))
    }
}

/// Orders, the newest first.
#[utoipa::path(
    get, path = "/api/orders", tag = "orders", params(OrderQuery),
    responses(
        (status = 200, description = "Orders", body = Page<OrderRow>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_orders(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<OrderQuery>,
) -> Result<Json<Page<OrderRow>>, ApiError> {
    let filter = Filter::of(query.state.as_deref(), query.technician.as_deref(), query.q.as_deref())?;
    let paging = PageQuery::new(query.limit, query.after).check()?;
    blocking(&office, move |office| page(office, &filter, &paging)).await.map(Json)
}

/// Ids of orders begin with the time (UUIDv7), so the greatest key is the newest order.
fn page(office: &Office, filter: &Filter, paging: &Paging) -> Result<Page<OrderRow>, ApiError> {
    let not_an_end = |_| ApiError::invalid_field("after", "this is not the end of a page");
    let after: Option<DocumentId> = paging.after.as_deref().map(str::parse).transpose().map_err(not_an_end)?;
    if !filter.words.is_empty() {
        return searched(office, filter, after, paging.limit);
    }
    let reading = Reading::begin(office);
    let mut ids = filter.list.page(reading.store(), after, paging.limit.saturating_add(1))?;
    let more = ids.len() > paging.limit;
    ids.truncate(paging.limit);
    let mut names = Names::default();
    let mut items = Vec::with_capacity(ids.len());
    for id in &ids {
        let row: Option<RowRecord> = reading.store().read(Table::View, &id.0)?;
        if let Some(row) = row {
            items.push(order_row(&reading, &mut names, *id, &row)?);
        }
    }
    let total = usize::try_from(filter.list.length(reading.store())?).unwrap_or(usize::MAX);
    Ok(Page { items, next: ids.last().filter(|_| more).map(ToString::to_string), total })
}

/// Words are looked for in every order of the list: names and addresses are in no index.
fn searched(
    office: &Office,
    filter: &Filter,
    after: Option<DocumentId>,
    limit: usize,
) -> Result<Page<OrderRow>, ApiError> {
    let mut names = Names::default();
    let mut found = Page { items: Vec::new(), next: None, total: 0 };
    let mut last = None;
    loop {
        let reading = Reading::begin(office);
        let ids = filter.list.page(reading.store(), last, ROWS_AT_ONCE)?;
        for id in &ids {
            let row: Option<RowRecord> = reading.store().read(Table::View, &id.0)?;
            let Some(row) = row else { continue };
            if !filter.matches(&reading, &mut names, &row)? {
                continue;
            }
            found.total = found.total.saturating_add(1);
            if after.is_some_and(|after| *id >= after) {
                continue;
            }
            if found.items.len() < limit {
                found.items.push(order_row(&reading, &mut names, *id, &row)?);
            } else if found.next.is_none() {
                found.next = found.items.last().map(|row| row.id.clone());
            }
        }
        match ids.last() {
            Some(id) if ids.len() == ROWS_AT_ONCE => last = Some(*id),
            _ => return Ok(found),
        }
    }
}
