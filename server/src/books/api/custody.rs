//! The customer's goods with us: the in/out register (客户商品进出登记簿), the bench's repair cards (修护卡), and who
//! holds each thing now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::facts::values::FindingKind;
use docket_sync_core::ids::{DocumentId, FactRef};
use serde::Serialize;
use utoipa::ToSchema;

use super::{BooksQuery, Filter, OrderNamed, listed, named, order_named};
use crate::api::{Named, Names, Page, Params, Permit, Reading, Reads, blocking};
use crate::books::desk::{due_of, entries_of};
use crate::books::entries::{Entries, Held};
use crate::books::records::{self, letter};
use crate::commit::CommitError;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// One line of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CustodyItem {
    /// Order and fact of the taking.
    id: String,
    order: OrderNamed,
    /// Number of the custody receipt (客户商品领取收据).
    receipt: String,
    /// `live`, `void` or `void_without_paper`.
    receipt_state: &'static str,
    /// What.
    goods: String,
    /// Its serial number.
    serial: Option<String>,
    /// Pieces.
    pieces: u32,
    /// State at the hand-over, in words.
    condition: Option<String>,
    taken_at: i64,
    taken_by: Option<Named>,
    /// Whether the customer countersigned (C-131).
    countersigned: bool,
    /// Who holds it now: nobody once it is back, one, or everybody who claims to.
    holders: Vec<Named>,
    /// CUSTODY_CONFLICT: more than one claims to hold it (R9).
    conflict: bool,
    /// Hand-overs that the other side has not confirmed.
    unconfirmed: u32,
    /// `van`, `store` or `bench`.
    place: &'static str,
    /// `taken`, `booked_in`, `on_bench`, `repaired`, `inspected`, `returning` or `returned`.
    stage: &'static str,
    /// When the store or the bench received it.
    received_at: Option<i64>,
    /// Until when it is due: as promised, or by the bench's batch (C-137).
    due_at: Option<i64>,
    /// Whether that is over.
    late: bool,
    returned_at: Option<i64>,
    /// Thousandths of an hour on the repair card (C-133).
    hours_thousandths: i64,
    /// Parts on the repair card.
    parts: Vec<String>,
}

/// What somebody holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct HoldingItem {
    /// What it is and where it is entered.
    id: String,
    person: Named,
    /// `goods`, `core` or `cash`.
    kind: &'static str,
    /// In words: the goods, the part's code, the amount's currency.
    name: String,
    /// Minor units of `name`'s currency, for cash.
    minor: Option<i64>,
    order: OrderNamed,
    since: i64,
    /// Whether somebody else claims to hold it, too.
    conflict: bool,
}

/// The register, the latest taken first. `state`: `open` (default), `conflict`, `late`, `returned`, `all`.
#[utoipa::path(
    get, path = "/api/custody", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Goods", body = Page<CustodyItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_custody(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<CustodyItem>>, ApiError> {
    let filter = query.check(&["open", "conflict", "late", "returned", "all"])?;
    blocking(&office, move |office| goods(&Reading::begin(office), &filter, |_| true)).await.map(Json)
}

/// Goods that wait for the bench or lie on it, with their repair cards. `state`: `late`.
#[utoipa::path(
    get, path = "/api/bench", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Repair cards", body = Page<CustodyItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_bench(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<CustodyItem>>, ApiError> {
    let filter = query.check(&["late"])?;
    blocking(&office, move |office| goods(&Reading::begin(office), &filter, Held::is_on_bench)).await.map(Json)
}

/// Who holds each thing now: goods, old parts that are owed, cash. `state`: `goods`, `core` or `cash`.
#[utoipa::path(
    get, path = "/api/holdings", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Things", body = Page<HoldingItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_holdings(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<HoldingItem>>, ApiError> {
    let filter = query.check(&["goods", "core", "cash"])?;
    blocking(&office, move |office| holdings(&Reading::begin(office), &filter)).await.map(Json)
}

fn goods(
    reading: &Reading<'_>,
    filter: &Filter,
    is_wanted: impl Fn(&Held) -> bool,
) -> Result<Page<CustodyItem>, ApiError> {
    let policy = crate::company::policy(reading.store(), reading.office.identity.store)?;
    let now = reading.office.platform.clock.now();
    let mut names = Names::default();
    let both: &[&[u8]] = &[&[letter::REGISTER], &[letter::RETURNED]];
    let lists = match filter.state.as_deref() {
        Some("all") => both,
        Some("returned") => both.get(1..).unwrap_or_default(),
        Some(_) | None => both.get(..1).unwrap_or_default(),
    };
    listed(reading, filter, lists, |key| {
        let Some((order, fact)) = records::order_and_fact(key, records::TIMED) else { return Ok(None) };
        let entries = entries_of(reading.store(), order)?;
        let Some(held) = entries.goods.into_iter().find(|held| held.fact == fact) else { return Ok(None) };
        let due = due_of(reading.store(), &policy, &held)?;
        let late = due.is_some_and(|due| held.returned_at.unwrap_or(now) > due);
        let is_his = filter.person.is_none_or(|person| held.holders.contains(&person) || held.taken_by == Some(person));
        let in_state = (!filter.is("conflict") || held.is_conflict()) && (!filter.is("late") || late);
        if !is_his || !in_state || !is_wanted(&held) {
            return Ok(None);
        }
        let named_order = order_named(reading, &mut names, order)?;
        let serial = held.goods.serial.as_deref().unwrap_or_default();
        let texts = [&named_order.serial, &named_order.customer, &held.receipt, &held.goods.name].map(String::as_str);
        if !filter.finds(&[&texts[..], &[serial]].concat()) {
            return Ok(None);
        }
        let holders = named(reading, &mut names, &held.holders)?;
        let taken_by = held.taken_by.map(|person| names.person(reading, person)).transpose()?;
        Ok(Some(CustodyItem {
            id: format!("{order}.{fact}"),
            order: named_order,
            conflict: held.is_conflict(),
            receipt_state: held.receipt_state.code(),
            goods: held.goods.name,
            serial: held.goods.serial,
            pieces: held.goods.pieces,
            condition: held.goods.condition,
            receipt: held.receipt,
            taken_at: held.taken_at.0,
            taken_by,
            countersigned: held.countersigned,
            holders,
            unconfirmed: held.unconfirmed,
            place: held.place.code(),
            stage: held.stage.code(),
            received_at: held.received_at.map(|at| at.0),
            due_at: due.map(|due| due.0),
            late,
            returned_at: held.returned_at.map(|at| at.0),
            hours_thousandths: held.hours,
            parts: held.parts,
        }))
    })
}

/// What an order's entries say about one key of the three lists.
fn holding(key: &[u8], entries: &Entries, order: DocumentId) -> Vec<Holding> {
    match key.first() {
        Some(&letter::REGISTER) => {
            let fact = records::order_and_fact(key, records::TIMED).map(|(_, fact)| fact);
            let held = entries.goods.iter().filter(|held| Some(held.fact) == fact);
            held.flat_map(|held| {
                held.holders.iter().map(|person| Holding {
                    id: format!("{order}.{}.{person}", held.fact),
                    person: *person,
                    kind: "goods",
                    name: held.goods.name.clone(),
                    minor: None,
                    since: held.taken_at.0,
                    conflict: held.is_conflict(),
                })
            })
            .collect()
        }
        Some(&letter::OPEN) => {
            let fact: Option<FactRef> = records::order_and_fact(key, records::TIMED).map(|(_, fact)| fact);
            let owed =
                entries.found.iter().filter(|found| found.kind == FindingKind::CoreOwed && Some(found.fact) == fact);
            owed.filter_map(|found| {
                Some(Holding {
                    id: format!("{order}.{}", found.fact),
                    person: found.person?,
                    kind: "core",
                    name: found.subject.clone(),
                    minor: None,
                    since: found.at.0,
                    conflict: false,
                })
            })
            .collect()
        }
        Some(&letter::POCKET) => {
            let his = entries.pockets.iter().filter(|(person, _)| key.get(1..17) == Some(person.0.as_slice()));
            his.map(|(person, money)| Holding {
                id: format!("{order}.{person}.{}", money.currency),
                person: *person,
                kind: "cash",
                name: money.currency.clone(),
                minor: Some(money.minor),
                since: entries
                    .cash
                    .iter()
                    .filter(|cash| cash.person == *person)
                    .map(|cash| cash.at.0)
                    .min()
                    .unwrap_or(0),
                conflict: false,
            })
            .collect()
        }
        Some(_) | None => Vec::new(),
    }
}

struct Holding {
    id: String,
    person: docket_sync_core::ids::PersonId,
    kind: &'static str,
    name: String,
    minor: Option<i64>,
    since: i64,
    conflict: bool,
}

fn holdings(reading: &Reading<'_>, filter: &Filter) -> Result<Page<HoldingItem>, ApiError> {
    let mut names = Names::default();
    let lists: &[(&str, &[u8])] =
        &[("goods", &[letter::REGISTER]), ("core", &[letter::OPEN]), ("cash", &[letter::POCKET])];
    let prefixes: Vec<&[u8]> = lists
        .iter()
        .filter(|(kind, _)| filter.state.as_deref().is_none_or(|state| state == *kind))
        .map(|(_, prefix)| *prefix)
        .collect();
    let page = listed(reading, filter, &prefixes, |key| {
        let order = match key.first() {
            Some(&letter::POCKET) => records::last_order(key),
            _ => records::order_and_fact(key, records::TIMED).map(|(order, _)| order),
        };
        let Some(order) = order else { return Ok(None) };
        let entries = entries_of(reading.store(), order)?;
        let mut found = Vec::new();
        for one in holding(key, &entries, order) {
            if filter.person.is_some_and(|person| person != one.person) {
                continue;
            }
            found.push(item(reading, &mut names, order, one)?);
        }
        let texts =
            |one: &HoldingItem| filter.finds(&[&one.name, &one.person.name, &one.order.serial, &one.order.customer]);
        found.retain(texts);
        Ok((!found.is_empty()).then_some(found))
    })?;
    let items: Vec<HoldingItem> = page.items.into_iter().flatten().collect();
    Ok(Page { items, next: page.next, total: page.total })
}

fn item(reading: &Reading<'_>, names: &mut Names, order: DocumentId, one: Holding) -> Result<HoldingItem, CommitError> {
    let Holding { id, person, kind, name, minor, since, conflict } = one;
    let (person, order) = (names.person(reading, person)?, order_named(reading, names, order)?);
    Ok(HoldingItem { id, person, kind, name, minor, order, since, conflict })
}
