//! What the ledger found across orders and nobody has decided about: serial conflicts, stock disputes, time, cash.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::facts::values::FindingKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::{BooksQuery, Filter, OrderNamed, listed, order_named};
use crate::api::{Both, Named, Names, Page, Params, Permit, Reading, Reads, blocking};
use crate::books::desk::entries_of;
use crate::books::entries::{Entries, Found};
use crate::books::records::{self, letter};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// One side of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ClaimItem {
    order: OrderNamed,
    /// The fact.
    fact: String,
    person: Option<Named>,
}

/// A finding as one order has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FindingItem {
    /// Order and fact.
    id: String,
    /// Stable code.
    kind: &'static str,
    kind_text: Both,
    /// A serial number, a part's code, a day, a currency, a receipt.
    subject: String,
    /// Whose stock, time or cash.
    person: Option<Named>,
    /// This order's side first, then the others'.
    claims: Vec<ClaimItem>,
    at: i64,
}

/// What waits for somebody, the latest first. `state` is a kind: `serial_conflict`, `stock_dispute`, `time_overlap`,
/// `cash_overnight`, `core_owed`, `bench_late` or `goods_claimed`.
#[utoipa::path(
    get, path = "/api/findings", tag = "books", params(BooksQuery),
    responses(
        (status = 200, description = "Findings", body = Page<FindingItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_findings(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<BooksQuery>,
) -> Result<Json<Page<FindingItem>>, ApiError> {
    let kinds: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.code()).collect();
    let filter = query.check(&kinds)?;
    blocking(&office, move |office| findings(&Reading::begin(office), &filter)).await.map(Json)
}

fn findings(reading: &Reading<'_>, filter: &Filter) -> Result<Page<FindingItem>, ApiError> {
    let mut names = Names::default();
    listed(reading, filter, &[&[letter::OPEN]], |key| {
        let Some((order, fact)) = records::order_and_fact(key, records::TIMED) else { return Ok(None) };
        let entries = entries_of(reading.store(), order)?;
        let Some(found) = entries.found.iter().find(|found| found.fact == fact) else { return Ok(None) };
        let is_kind = filter.state.as_deref().is_none_or(|state| state == found.kind.code());
        let people =
            || found.others.iter().filter_map(|claim| claim.person).chain(found.person).chain(author(&entries, found));
        let is_his = filter.person.is_none_or(|person| people().any(|one| one == person));
        if !is_kind || !is_his {
            return Ok(None);
        }
        let own = author(&entries, found);
        let mut claims = vec![ClaimItem {
            order: order_named(reading, &mut names, order)?,
            fact: found.about.to_string(),
            person: own.map(|person| names.person(reading, person)).transpose()?,
        }];
        for other in &found.others {
            claims.push(ClaimItem {
                order: order_named(reading, &mut names, other.order)?,
                fact: other.fact.to_string(),
                person: other.person.map(|person| names.person(reading, person)).transpose()?,
            });
        }
        let serials: Vec<&str> = claims.iter().map(|claim| claim.order.serial.as_str()).collect();
        let people: Vec<&str> = claims.iter().filter_map(|claim| Some(claim.person.as_ref()?.name.as_str())).collect();
        if !filter.finds(&[&[found.subject.as_str()][..], &serials, &people].concat()) {
            return Ok(None);
        }
        Ok(Some(FindingItem {
            id: format!("{order}.{fact}"),
            kind: found.kind.code(),
            kind_text: Both::coded("finding", found.kind.code()),
            subject: found.subject.clone(),
            person: found.person.map(|person| names.person(reading, person)).transpose()?,
            claims,
            at: found.at.0,
        }))
    })
}

/// Who stated the fact that a finding is about.
fn author(entries: &Entries, found: &Found) -> Option<docket_sync_core::ids::PersonId> {
    let part = entries.parts.iter().find(|part| part.fact == found.about).and_then(|part| part.person);
    let held = || entries.goods.iter().find(|held| held.fact == found.about).and_then(|held| held.taken_by);
    part.or_else(held).or(found.person)
}
