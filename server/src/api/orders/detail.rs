//! One order whole: what it is, why, what happened, and what this person may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::lifecycle::view::{OrderView, Rule};
use docket_sync_core::lifecycle::{Language, explain, fold, ground_of_state, summary};
use serde::Serialize;
use utoipa::ToSchema;

use super::etag::{etag, etag_header};
use super::history::{TimelineItem, timeline};
use super::load::{Loaded, load};
use super::offers::{Looker, OfferItem};
use super::row::{OrderRow, order_row};
use super::signatures::{ProofItem, SignatureItem, proofs, signatures};
use super::visits::{AssignmentItem, CancelItem, LineItem, NoteItem, VisitItem};
use super::visits::{assignments, cancels, lines, notes, visits};
use crate::api::both::Both;
use crate::api::guard::{Permit, Reads};
use crate::api::names::Names;
use crate::api::reading::{Reading, blocking};
use crate::api::request::id_in_path;
use crate::api::reviews::ReviewItem;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// Why a field is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ExplanationItem {
    /// `state`, `assignment`, `appointment`, ...
    field: &'static str,
    value: String,
    /// `R1` to `R12`.
    rule: &'static str,
    /// `X-04`, where a named pair decided.
    pair: Option<&'static str>,
    /// The facts that won.
    winners: Vec<String>,
    /// The facts that lost or wait.
    losers: Vec<String>,
    text: Both,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct OrderDetail {
    /// The row of lists.
    #[serde(flatten)]
    row: OrderRow,
    /// The frontier of this view, joined by `.`: what `If-Match` sends back.
    pub(super) etag: String,
    /// Facts that no other fact has seen.
    frontier: Vec<String>,
    /// Every fact, in canonical order.
    timeline: Vec<TimelineItem>,
    visits: Vec<VisitItem>,
    lines: Vec<LineItem>,
    notes: Vec<NoteItem>,
    signatures: Vec<SignatureItem>,
    /// Agreements by code and on paper.
    proofs: Vec<ProofItem>,
    /// The order whose repair this one repeats, within its guarantee (C-026).
    repeat_of: Option<String>,
    /// Minor units by currency.
    billable: BTreeMap<String, i64>,
    cancels: Vec<CancelItem>,
    assignments: Vec<AssignmentItem>,
    reviews: Vec<ReviewItem>,
    explanations: Vec<ExplanationItem>,
    /// Every command that this person's roles allow, with the reason for each that is not there now.
    commands: Vec<OfferItem>,
}

/// One order with its reasons.
#[utoipa::path(
    get, path = "/api/orders/{id}", tag = "orders", params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "The order; ETag is its frontier", body = OrderDetail),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
    )
)]
pub(crate) async fn get_order(
    State(office): State<Arc<Office>>,
    permit: Permit<Reads>,
    Path(id): Path<String>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<OrderDetail>), ApiError> {
    let document = id_in_path(&id, "order")?;
    let detail = order_detail(&office, document, Looker::of(&permit.signed)).await?;
    Ok(([(header::ETAG, etag_header(&detail.etag)?)], Json(detail)))
}

/// The order as `looker` sees it.
pub(super) async fn order_detail(
    office: &Arc<Office>,
    document: DocumentId,
    looker: Looker,
) -> Result<OrderDetail, ApiError> {
    blocking(office, move |office| {
        let loaded = load(&Reading::begin(office), document)?.ok_or_else(|| ApiError::not_found("order"))?;
        // The fold needs no store: commits go on meanwhile.
        let view = fold(&loaded.facts);
        detail_of(office, &loaded, &view, &looker)
    })
    .await
}

/// A folded order in full.
pub(super) fn detail_of(
    office: &Office,
    loaded: &Loaded,
    view: &OrderView,
    looker: &Looker,
) -> Result<OrderDetail, ApiError> {
    let commands = looker.offers(view);
    let explanations = explanations(view, loaded);
    let reading = Reading::begin(office);
    told(&reading, loaded, view, explanations, commands)
}

fn told(
    reading: &Reading<'_>,
    loaded: &Loaded,
    view: &OrderView,
    explanations: Vec<ExplanationItem>,
    commands: Vec<OfferItem>,
) -> Result<OrderDetail, ApiError> {
    let mut names = Names::default();
    Ok(OrderDetail {
        row: order_row(reading, &mut names, loaded.facts.document(), &loaded.row)?,
        etag: etag(&view.frontier),
        frontier: references(&view.frontier),
        timeline: timeline(reading, &mut names, loaded, view)?,
        visits: visits(reading, &mut names, loaded, view)?,
        lines: lines(reading, &mut names, view)?,
        notes: notes(reading, &mut names, view)?,
        signatures: signatures(reading, loaded, view)?,
        proofs: proofs(view),
        repeat_of: view.facets.repeat_of.map(|order| order.to_string()),
        billable: view.billable.clone(),
        cancels: cancels(reading, &mut names, view)?,
        assignments: assignments(reading, &mut names, view)?,
        reviews: view.reviews.iter().map(|review| ReviewItem::of(loaded, view, review)).collect(),
        explanations,
        commands,
    })
}

fn explanations(view: &OrderView, loaded: &Loaded) -> Vec<ExplanationItem> {
    let english = explain(view, &loaded.facts, Language::En);
    let chinese = explain(view, &loaded.facts, Language::Zh);
    let reasons = view.explanations.iter().zip(english).zip(chinese);
    let plain = plain_reason(view, loaded).filter(|_| view.explanations.iter().all(|one| one.field != "state"));
    let decided = reasons.map(|((explanation, english), chinese)| ExplanationItem {
        field: explanation.field,
        value: explanation.value.clone(),
        rule: explanation.rule.code(),
        pair: explanation.pair,
        winners: references(&explanation.winners),
        losers: references(&explanation.losers),
        text: Both { en: english.text, zh: chinese.text },
    });
    plain.into_iter().chain(decided).collect()
}

/// Why the state is what it is when no rule had to decide between facts: the fact it rests on.
fn plain_reason(view: &OrderView, loaded: &Loaded) -> Option<ExplanationItem> {
    let ground = ground_of_state(view, &loaded.facts)?;
    let fact = loaded.facts.get(ground)?;
    Some(ExplanationItem {
        field: "state",
        value: view.state.code().to_owned(),
        rule: Rule::R1.code(),
        pair: None,
        winners: references(&[ground]),
        losers: Vec::new(),
        text: Both { en: summary(fact, Language::En), zh: summary(fact, Language::Zh) },
    })
}

pub(super) fn references(facts: &[FactId]) -> Vec<String> {
    facts.iter().map(|fact| fact.reference().to_string()).collect()
}
