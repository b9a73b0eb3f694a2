//! The books over HTTP: the register of goods, cash, stocks, what was found. Lists with filter and page.
//!
//! A filter is applied while the list is read, at most [`SCANNED_MAX`] rows of it: `total` counts what was found in
//! them.

mod cash;
mod custody;
mod findings;
mod stock;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::reference::Reference;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::api::{Named, Names, Page, PageQuery, Paging, Reading};
use crate::commit::{CommitError, RowRecord, Tables};
use crate::error::ApiError;
use crate::office::Office;
use crate::store::{KeyRange, Table};

/// Rows that one request looks at: 20,000 repairs in custody are more than a company has.
const SCANNED_MAX: usize = 20_000;
/// Longest text of a filter, in characters.
const FILTER_MAX: usize = 100;

#[derive(OpenApi)]
#[openapi(paths(
    custody::list_custody,
    custody::list_bench,
    custody::list_holdings,
    cash::list_cash,
    cash::list_cash_moves,
    cash::list_refunds,
    stock::list_stock,
    stock::post_stock_move,
    stock::post_stock_count,
    stock::post_stock_share,
    findings::list_findings,
))]
struct Description;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The routes of the books.
pub fn router() -> Router<Arc<Office>> {
    Router::new()
        .route("/api/custody", get(custody::list_custody))
        .route("/api/bench", get(custody::list_bench))
        .route("/api/holdings", get(custody::list_holdings))
        .route("/api/cash", get(cash::list_cash))
        .route("/api/cash/moves", get(cash::list_cash_moves))
        .route("/api/refunds", get(cash::list_refunds))
        .route("/api/stock", get(stock::list_stock))
        .route("/api/stock/moves", post(stock::post_stock_move))
        .route("/api/stock/counts", post(stock::post_stock_count))
        .route("/api/stock/shares", post(stock::post_stock_share))
        .route("/api/findings", get(findings::list_findings))
}

/// An order in a row of the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OrderNamed {
    /// The order.
    id: String,
    /// Its serial in the register.
    serial: String,
    /// The customer's name; empty where it is not known any more.
    customer: String,
}

/// Which rows of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BooksQuery {
    /// Which of them; each list says what there is.
    state: Option<String>,
    /// Only those of this person.
    person: Option<String>,
    /// Words that all occur in the row.
    q: Option<String>,
    /// Most items, 1 to 1000.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A filter, checked.
#[derive(Debug, Clone)]
struct Filter {
    state: Option<String>,
    person: Option<PersonId>,
    words: Vec<String>,
    paging: Paging,
}

impl BooksQuery {
    fn check(self, states: &[&str]) -> Result<Filter, ApiError> {
        let Self { state, person, q, limit, after } = self;
        let state = state.filter(|state| !state.is_empty());
        if state.as_deref().is_some_and(|state| !states.contains(&state)) {
            let message = if states.is_empty() {
                "this list has no states".to_owned()
            } else {
                format!("write one of: {}", states.join(", "))
            };
            return Err(ApiError::invalid_field("state", message));
        }
        let no_person = |_| ApiError::invalid_field("person", "this is nobody's id");
        let person = person.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(no_person)).transpose()?;
        let q = q.unwrap_or_default();
        if q.chars().count() > FILTER_MAX {
            return Err(ApiError::invalid_field("q", format!("a filter has at most {FILTER_MAX} characters")));
        }
        let words = q.split_whitespace().map(str::to_lowercase).collect();
        Ok(Filter { state, person, words, paging: PageQuery::new(limit, after).check()? })
    }
}

impl Filter {
    fn is(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state)
    }

    /// Whether every word occurs in one of the texts.
    fn finds(&self, texts: &[&str]) -> bool {
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

/// Reads a list under one prefix: rows that `row` makes of its keys, as much as the page shows, and their number.
fn listed<T>(
    reading: &Reading<'_>,
    filter: &Filter,
    prefixes: &[&[u8]],
    mut row: impl FnMut(&[u8]) -> Result<Option<T>, CommitError>,
) -> Result<Page<T>, ApiError> {
    let hexadecimal = data_encoding::HEXLOWER;
    let no_page = || ApiError::invalid_field("after", "this is not the end of a page");
    let after = match &filter.paging.after {
        Some(text) => Some(hexadecimal.decode(text.as_bytes()).map_err(|_no_key| no_page())?),
        None => None,
    };
    // With two prefixes the second list follows the first.
    let place = |prefix: &[u8], key: &[u8]| (prefixes.iter().position(|one| *one == prefix), key.to_vec());
    let after = after.as_ref().and_then(|key| {
        let prefix = prefixes.iter().find(|prefix| key.starts_with(prefix))?;
        Some(place(prefix, key))
    });
    let (mut items, mut total, mut last, mut more) = (Vec::new(), 0_usize, None, false);
    for prefix in prefixes {
        let keys = Tables::scan(reading.store(), Table::Books, &KeyRange::prefix(prefix.to_vec()), SCANNED_MAX)?;
        for (key, _) in keys {
            let Some(found) = row(&key)? else { continue };
            total = total.saturating_add(1);
            if after.as_ref().is_some_and(|after| place(prefix, &key) <= *after) {
                continue;
            }
            if items.len() < filter.paging.limit {
                items.push(found);
                last = Some(key);
            } else {
                more = true;
            }
        }
    }
    let next = last.filter(|_| more).map(|key| hexadecimal.encode(&key));
    Ok(Page { items, next, total })
}

/// Serial and customer of an order.
fn order_named(reading: &Reading<'_>, names: &mut Names, order: DocumentId) -> Result<OrderNamed, CommitError> {
    let row: Option<RowRecord> = reading.store().read(Table::View, &order.0)?;
    let customer = match row.as_ref().and_then(|row| row.customer) {
        Some(record) => match names.record(reading, record)? {
            Some(Reference::Customer(customer)) => customer.name.clone(),
            Some(_) | None => String::new(),
        },
        None => String::new(),
    };
    Ok(OrderNamed { id: order.to_string(), serial: row.and_then(|row| row.serial).unwrap_or_default(), customer })
}

/// Names of people.
fn named(reading: &Reading<'_>, names: &mut Names, people: &[PersonId]) -> Result<Vec<Named>, CommitError> {
    people.iter().map(|person| names.person(reading, *person)).collect()
}
