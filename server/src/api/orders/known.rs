//! Time travel (U-18): an order as a person knew it at a time, or as the author of a fact knew it.
//!
//! By knowledge, not by clock: what counts as known is what he says to have seen in facts that he had stated by then.
//! What had arrived by then and he does not say to have seen is listed beside it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use docket_sync_core::ids::{DocumentId, FactId, FactRef, PersonId};
use docket_sync_core::lifecycle::{FactSet, fold, known_by, known_to};
use docket_sync_core::time::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::detail::{OrderDetail, detail_of, references};
use super::load::{Loaded, load};
use super::offers::Looker;
use crate::api::guard::{Permit, Reads};
use crate::api::reading::{Reading, blocking};
use crate::api::request::{Params, id_in_path};
use crate::commit::RowRecord;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// Whose knowledge, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KnownQuery {
    /// A fact: what its author knew when he stated it.
    fact: Option<String>,
    /// A person; together with `at`.
    person: Option<String>,
    /// Milliseconds since 1970; absent is now.
    at: Option<i64>,
}

/// An order as somebody knew it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownOrder {
    /// The person; null where a rule stated the fact.
    person: Option<String>,
    /// The time.
    at: i64,
    /// The order, folded from what he knew.
    order: OrderDetail,
    /// Facts that had arrived here by then and that he does not say to have seen.
    had_arrived: Vec<String>,
    /// Facts that arrived here later.
    arrived_later: Vec<String>,
}

/// The order as a person knew it.
#[utoipa::path(
    get, path = "/api/orders/{id}/known", tag = "orders",
    params(("id" = String, Path, description = "The order"), KnownQuery),
    responses(
        (status = 200, description = "The order as he knew it", body = KnownOrder),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found: the order, or the fact", body = ErrorBody),
        (status = 422, description = "missing_field: neither a fact nor a person", body = ErrorBody),
    )
)]
pub(crate) async fn get_known_order(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Path(id): Path<String>,
    Params(query): Params<KnownQuery>,
) -> Result<Json<KnownOrder>, ApiError> {
    let document: DocumentId = id_in_path(&id, "order")?;
    blocking(&office, move |office| known(office, document, &query)).await.map(Json)
}

fn known(office: &Office, document: DocumentId, query: &KnownQuery) -> Result<KnownOrder, ApiError> {
    let loaded = load(&Reading::begin(office), document)?.ok_or_else(|| ApiError::not_found("order"))?;
    let (facts, person, at) = match (&query.fact, &query.person) {
        (Some(fact), _) => {
            let fact: FactRef = id_in_path(fact, "fact")?;
            let stated = loaded.facts.iter().find(|other| other.id.reference() == fact);
            let stated = stated.ok_or_else(|| ApiError::not_found("fact"))?;
            (known_to(&loaded.facts, stated.id), stated.person(), stated.lo())
        }
        (None, Some(person)) => {
            let person: PersonId = id_in_path(person, "person")?;
            let at = query.at.map_or_else(|| office.platform.clock.now(), UnixMillis);
            (known_by(&loaded.facts, person, at), Some(person), at)
        }
        (None, None) => return Err(ApiError::missing_field("person")),
    };
    let (had_arrived, arrived_later): (Vec<FactId>, Vec<FactId>) =
        missing(&loaded.facts, &facts).into_iter().partition(|id| {
            let arrived = loaded.facts.get(*id).and_then(|fact| loaded.received_at(*id, fact.digest));
            arrived.is_some_and(|arrived| arrived <= at)
        });
    let view = fold(&facts);
    let row = RowRecord::of(&view, loaded.row.number);
    let then: Loaded = loaded.as_known(facts, row);
    Ok(KnownOrder {
        person: person.map(|person| person.to_string()),
        at: at.0,
        order: detail_of(office, &then, &view, &Looker::of_nobody())?,
        had_arrived: references(&had_arrived),
        arrived_later: references(&arrived_later),
    })
}

fn missing(all: &FactSet, known: &FactSet) -> Vec<FactId> {
    let is_known = |id: FactId| known.get(id).is_some();
    all.iter().map(|fact| fact.id).filter(|id| !is_known(*id)).collect()
}
