//! The clerk enters what came in on paper: a voucher signed by hand (U-09), a document that was demanded (C-084).
//!
//! The photo is sent first and named here; what the paper covers follows from when it was signed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use docket_sync_core::attachments::{covered_by_paper, read_printed_digest};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::{AttachPaper, FileDocument};
use docket_sync_core::facts::values::{Blob, Demand, Opinion, OpinionGrade};
use docket_sync_core::ids::{BlobId, DocumentId, FactRef};
use docket_sync_core::time::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::records;
use crate::api::{Body, Permit, Works, id_in_path, if_match, refused};
use crate::commit::{CommitError, Stated, Writer};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// A voucher signed by hand.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(super) struct PaperBody {
    /// The photo that was sent.
    photo: Option<String>,
    /// Name as written.
    #[serde(default)]
    name: String,
    /// Relation to the customer.
    #[serde(default)]
    relation: String,
    /// When it was signed, as written; milliseconds since 1970 UTC.
    signed_at: Option<i64>,
    /// `none_given`, `satisfied`, `acceptable` or `dissatisfied`.
    opinion: Option<String>,
    /// The customer's words.
    opinion_text: Option<String>,
    /// Digest as printed on the paper; a form on which none is printed has that of what it covers.
    printed: Option<String>,
}

/// A document that a fact lacked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(super) struct DocumentBody {
    /// The fact that lacks it.
    fact: Option<String>,
    /// Which document.
    demand: Option<String>,
    /// Its photo that was sent.
    photo: Option<String>,
    /// Its number or date.
    reference: Option<String>,
}

/// It is a fact of the order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaperAnswer {
    /// The new fact.
    fact: String,
    /// Facts that its author had not seen.
    not_seen: Vec<String>,
}

/// Enters a voucher that the customer signed by hand.
#[utoipa::path(
    post, path = "/api/orders/{id}/paper", tag = "attachments", request_body = PaperBody,
    params(("id" = String, Path, description = "The order"), ("If-Match" = String, Header, description = "ETag of the view")),
    responses(
        (status = 200, description = "Stated", body = PaperAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "unknown_frontier", body = ErrorBody),
        (status = 422, description = "refused by the business, attachment_pending", body = ErrorBody),
        (status = 428, description = "precondition_required", body = ErrorBody),
    )
)]
pub(super) async fn enter_paper(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<PaperBody>,
) -> Result<Json<PaperAnswer>, ApiError> {
    state(&office, &permit, &id, &headers, move |writer, order, frontier| paper(writer, order, frontier, &body)).await
}

/// Files a document that a fact lacked, a seal for instance.
#[utoipa::path(
    post, path = "/api/orders/{id}/documents", tag = "attachments", request_body = DocumentBody,
    params(("id" = String, Path, description = "The order"), ("If-Match" = String, Header, description = "ETag of the view")),
    responses(
        (status = 200, description = "Stated", body = PaperAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "unknown_frontier", body = ErrorBody),
        (status = 422, description = "refused by the business, attachment_pending", body = ErrorBody),
        (status = 428, description = "precondition_required", body = ErrorBody),
    )
)]
pub(super) async fn file_document(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<DocumentBody>,
) -> Result<Json<PaperAnswer>, ApiError> {
    state(&office, &permit, &id, &headers, move |writer, order, _| document(writer, order, &body)).await
}

async fn state(
    office: &Arc<Office>,
    permit: &Permit<Works>,
    id: &str,
    headers: &HeaderMap,
    act: impl FnOnce(&mut Writer, DocumentId, &[FactRef]) -> Result<Act, CommitError> + Send + 'static,
) -> Result<Json<PaperAnswer>, ApiError> {
    let order: DocumentId = id_in_path(id, "order")?;
    let frontier = if_match(headers)?.ok_or_else(ApiError::precondition_required)?;
    let person = permit.signed.person.id;
    let job = move |writer: &mut Writer| {
        let act = act(writer, order, &frontier)?;
        writer.office_command(order, person, &frontier, &Command::State(Box::new(act)))
    };
    match office.committer.run(job).await {
        Ok(Stated { fact, not_seen }) => Ok(Json(PaperAnswer {
            fact: fact.reference().to_string(),
            not_seen: not_seen.iter().map(|fact| fact.reference().to_string()).collect(),
        })),
        Err(CommitError::Refused(refusal)) => Err(refused(&refusal, permit.signed.language())),
        Err(error) => Err(error.into()),
    }
}

fn invalid(field: &'static str, code: &'static str, problem: &str) -> CommitError {
    CommitError::Invalid { field, code, problem: problem.to_owned() }
}

/// A photo that has arrived for this order.
fn photo(writer: &Writer, order: DocumentId, text: Option<&str>) -> Result<Blob, CommitError> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| invalid("photo", "missing_field", "photo is missing"))?;
    let blob: BlobId = text.parse().map_err(|_no_id| invalid("photo", "invalid_field", "this names no attachment"))?;
    let received = records::row(writer, order, blob)?.and_then(|row| row.received);
    let pending = || invalid("photo", "attachment_pending", "send the photo first");
    let received = received.ok_or_else(pending)?;
    Ok(Blob { hash: blob, size: received.size, media_type: received.media_type })
}

fn paper(writer: &mut Writer, order: DocumentId, frontier: &[FactRef], body: &PaperBody) -> Result<Act, CommitError> {
    let photo = photo(writer, order, body.photo.as_deref())?;
    let signed_at = body.signed_at.ok_or_else(|| invalid("signed_at", "missing_field", "signed_at is missing"))?;
    let view = writer.view_at(order, frontier)?.view;
    let facts = &writer.order(order)?.ok_or(CommitError::NoOrder(order))?.facts;
    let covered = covered_by_paper(&view, facts, UnixMillis(signed_at));
    let voucher = match body.printed.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(text) => read_printed_digest(text)
            .ok_or_else(|| invalid("printed", "invalid_field", "copy the whole digest from the paper"))?,
        None => covered.digest,
    };
    let grade = match body.opinion.as_deref() {
        Some(code) => {
            OpinionGrade::from_code(code).ok_or_else(|| invalid("opinion", "invalid_field", "this is no opinion"))?
        }
        None => OpinionGrade::NoneGiven,
    };
    Ok(Act::new(AttachPaper {
        voucher,
        covered: covered.facts,
        covered_digest: covered.digest,
        opinion: Opinion { grade, text: body.opinion_text.clone().filter(|text| !text.trim().is_empty()) },
        name: body.name.trim().to_owned(),
        relation: body.relation.trim().to_owned(),
        signed_at: UnixMillis(signed_at),
        photo: photo.hash,
        printed: None,
    }))
}

fn document(writer: &mut Writer, order: DocumentId, body: &DocumentBody) -> Result<Act, CommitError> {
    let fact = body.fact.as_deref().unwrap_or_default().parse::<FactRef>();
    let fact = fact.map_err(|_no_id| invalid("fact", "invalid_field", "this names no fact"))?;
    let demand = Demand::from_code(body.demand.as_deref().unwrap_or_default())
        .ok_or_else(|| invalid("demand", "invalid_field", "this is no document that is demanded"))?;
    let blob = match body.photo.as_deref() {
        Some(text) => Some(photo(writer, order, Some(text))?),
        None => None,
    };
    Ok(Act::new(FileDocument { fact, demand, blob, reference: body.reference.clone() }))
}
