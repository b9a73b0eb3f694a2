//! Cash on site: the balance of each technician, what he took and handed in, and what goes back to customers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::facts::values::Money;
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use super::{BooksQuery, Filter, OrderNamed, listed, order_named};
use crate::api::{Named, Names, Page, Params, Permit, Reading, Reads, blocking};
use crate::books::desk::{cash_standings, entries_of};
use crate::books::records::{self, letter};
use crate::commit::Tables;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Table};

/// An amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// Hundredths, or whatever the currency's minor unit is.
    minor: i64,
    /// ISO 4217.
    currency: String,
}

impl Amount {
    fn of(money: &Money) -> Self {
        Self { minor: money.minor, currency: money.currency.clone() }
    }
}

/// What one technician has in his pocket, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CashBalance {
    /// Technician and currency.
    id: String,
    technician: Named,
    held: Amount,
    /// Orders of which he holds cash.
    orders: u64,
    /// When he took the oldest of it, in field time.
    oldest_at: Option<i64>,
    /// Until when that was to be handed in (C-093).
    due_at: Option<i64>,
    /// Whether some of it stayed overnight.
    overnight: bool,
}

/// Cash that was taken or handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CashMove {
    /// Order and fact.
    id: String,
    order: OrderNamed,
    technician: Named,
    /// `taken` or `handed_in`.
    kind: &'static str,
    amount: Amount,
    /// In field time, never that of the upload.
    at: i64,
    /// Number of the receipt.
    receipt: Option<String>,
    /// The accountant.
    to: Option<Named>,
    /// Whether he has confirmed it.
    confirmed: bool,
}

/// Money that goes back to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RefundItem {
    /// The order.
    id: String,
    order: OrderNamed,
    amounts: Vec<Amount>,
    /// When the last payment was made.
    at: i64,
}

/// The balance of every technician who holds cash. `state`: `overnight`.
#[utoipa::path(
    get, path = "/api/cash", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Balances", body = Page<CashBalance>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_cash(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<CashBalance>>, ApiError> {
    let filter = query.check(&["overnight"])?;
    blocking(&office, move |office| balances(&Reading::begin(office), &filter)).await.map(Json)
}

/// What a technician (`person`) took and handed in, the latest first. `state`: `taken` or `handed_in`.
#[utoipa::path(
    get, path = "/api/cash/moves", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Cash", body = Page<CashMove>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field or invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_cash_moves(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<CashMove>>, ApiError> {
    let filter = query.check(&["taken", "handed_in"])?;
    let person = filter.person.ok_or_else(|| ApiError::missing_field("person"))?;
    blocking(&office, move |office| moves(&Reading::begin(office), &filter, person)).await.map(Json)
}

/// What goes back to customers, the latest first (U-14).
#[utoipa::path(
    get, path = "/api/refunds", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Refunds", body = Page<RefundItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_refunds(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<RefundItem>>, ApiError> {
    let filter = query.check(&[])?;
    blocking(&office, move |office| refunds(&Reading::begin(office), &filter)).await.map(Json)
}

/// What is known of a balance while the orders are read.
#[derive(Default)]
struct Sum {
    minor: i64,
    orders: u64,
    oldest: Option<(UnixMillis, UnixMillis)>,
    overnight: bool,
}

fn balances(reading: &Reading<'_>, filter: &Filter) -> Result<Page<CashBalance>, ApiError> {
    let store = reading.store();
    let policy = crate::company::policy(store, reading.office.identity.store)?;
    let now = reading.office.platform.clock.now();
    let mut sums: BTreeMap<(PersonId, String), Sum> = BTreeMap::new();
    let keys = Tables::scan(store, Table::Books, &KeyRange::prefix([letter::POCKET]), super::SCANNED_MAX)?;
    for (key, _) in keys {
        let person = key.get(1..17).and_then(PersonId::from_slice);
        let (Some(person), Some(order)) = (person, records::last_order(&key)) else { continue };
        let entries = entries_of(store, order)?;
        let standings = cash_standings(&policy, &entries);
        for (_, money) in entries.pockets.iter().filter(|(one, _)| *one == person) {
            let sum = sums.entry((person, money.currency.clone())).or_default();
            sum.minor = sum.minor.saturating_add(money.minor);
            sum.orders = sum.orders.saturating_add(1);
            let open = standings.iter().filter(|(taken, standing)| {
                taken.person == person && taken.currency == money.currency && standing.open > 0
            });
            for (taken, standing) in open {
                let oldest = sum.oldest.get_or_insert((taken.at, standing.due));
                *oldest = (*oldest).min((taken.at, standing.due));
                sum.overnight |= standing.is_overnight(now);
            }
        }
    }
    let mut names = Names::default();
    let mut items = Vec::new();
    for ((person, currency), sum) in sums {
        let technician = names.person(reading, person)?;
        let is_wanted = filter.person.is_none_or(|one| one == person)
            && (!filter.is("overnight") || sum.overnight)
            && filter.finds(&[&technician.name, &currency]);
        if is_wanted {
            items.push(CashBalance {
                id: format!("{person}.{currency}"),
                technician,
                held: Amount { minor: sum.minor, currency },
                orders: sum.orders,
                oldest_at: sum.oldest.map(|(at, _)| at.0),
                due_at: sum.oldest.map(|(_, due)| due.0),
                overnight: sum.overnight,
            });
        }
    }
    filter.paging.cut(items, |item| item.id.clone(), |item| item.id.clone(), |text| Some(text.to_owned()))
}

fn moves(reading: &Reading<'_>, filter: &Filter, person: PersonId) -> Result<Page<CashMove>, ApiError> {
    let mut names = Names::default();
    let prefix = records::cash_prefix(person);
    // Person and time stand before order and fact.
    let skip = prefix.len().saturating_add(8);
    listed(reading, filter, &[&prefix], |key| {
        let Some((order, fact)) = records::order_and_fact(key, skip) else { return Ok(None) };
        let entries = entries_of(reading.store(), order)?;
        let Some(cash) = entries.cash.into_iter().find(|cash| cash.fact == fact) else { return Ok(None) };
        let kind = if cash.receipt.is_some() { "taken" } else { "handed_in" };
        let named_order = order_named(reading, &mut names, order)?;
        let texts = [&named_order.serial, &named_order.customer].map(String::as_str);
        let receipt = cash.receipt.as_deref().unwrap_or_default();
        if filter.state.as_deref().is_some_and(|state| state != kind) || !filter.finds(&[texts[0], texts[1], receipt]) {
            return Ok(None);
        }
        Ok(Some(CashMove {
            id: format!("{order}.{fact}"),
            order: named_order,
            technician: names.person(reading, person)?,
            kind,
            amount: Amount::of(&cash.amount),
            at: cash.at.0,
            receipt: cash.receipt,
            to: cash.to.map(|to| names.person(reading, to)).transpose()?,
            confirmed: cash.confirmed,
        }))
    })
}

fn refunds(reading: &Reading<'_>, filter: &Filter) -> Result<Page<RefundItem>, ApiError> {
    let mut names = Names::default();
    listed(reading, filter, &[&[letter::REFUND]], |key| {
        let order: Option<DocumentId> = records::last_order(key);
        let Some(order) = order else { return Ok(None) };
        let entries = entries_of(reading.store(), order)?;
        let Some(refund) = entries.refund else { return Ok(None) };
        let his = |person| entries.cash.iter().any(|cash| cash.person == person);
        if filter.person.is_some_and(|person| !his(person)) {
            return Ok(None);
        }
        let order = order_named(reading, &mut names, order)?;
        if !filter.finds(&[&order.serial, &order.customer]) {
            return Ok(None);
        }
        let amounts = refund.amounts.iter().map(Amount::of).collect();
        Ok(Some(RefundItem { id: order.id.clone(), order, amounts, at: refund.at.0 }))
    })
}
