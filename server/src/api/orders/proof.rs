//! The bytes behind a signature: the proof, and the copy that the customer keeps.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use docket_sync_core::ids::{BlobId, DocumentId, FactRef};
use docket_sync_core::voucher::copy::CustomerCopy;

use super::load::load;
use super::signatures::{Evidence, read_proof};
use crate::api::guard::{Permit, Reads};
use crate::api::reading::{Reading, blocking};
use crate::api::request::id_in_path;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

const CBOR: &str = "application/cbor";

type File = ([(HeaderName, HeaderValue); 3], Vec<u8>);

/// A file to keep. It never changes under its address, but who may see it does: it is not cached.
fn file(name: &str, content_type: &'static str, bytes: Vec<u8>) -> Result<File, ApiError> {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(|error| ApiError::internal("naming a file", &error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    Ok((headers, bytes))
}

fn pending() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "proof_pending", "the proof has not arrived yet; the device still has it")
}

/// The proof of a signature of this order.
#[utoipa::path(
    get, path = "/api/orders/{id}/proof/{blob}", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("blob" = String, Path, description = "Content address")),
    responses(
        (status = 200, description = "Deterministic CBOR", content_type = "application/cbor", body = Vec<u8>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found, proof_pending", body = ErrorBody),
    )
)]
pub(crate) async fn get_proof(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Path((id, blob)): Path<(String, String)>,
) -> Result<File, ApiError> {
    let document: DocumentId = id_in_path(&id, "order")?;
    let blob: BlobId = id_in_path(&blob, "proof")?;
    let bytes = blocking(&office, move |office| {
        let reading = Reading::begin(office);
        let loaded = load(&reading, document)?.ok_or_else(|| ApiError::not_found("order"))?;
        // Only what a fact of this order names.
        let named = loaded.facts.iter().any(|fact| fact.body().proof() == Some(blob));
        if !named {
            return Err(ApiError::not_found("proof"));
        }
        read_proof(&reading, blob)?.ok_or_else(pending)
    })
    .await?;
    file(&format!("proof-{blob}.cbor"), CBOR, bytes)
}

/// The customer's signed copy, which `docket verify` checks.
#[utoipa::path(
    get, path = "/api/orders/{id}/signatures/{fact}/copy", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("fact" = String, Path, description = "The sign fact")),
    responses(
        (status = 200, description = "Deterministic CBOR", content_type = "application/cbor", body = Vec<u8>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found, proof_pending", body = ErrorBody),
    )
)]
pub(crate) async fn get_copy(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Path(named): Path<(String, String)>,
) -> Result<File, ApiError> {
    let (reference, copy) = copy_in_path(&office, &named).await?;
    file(&format!("signature-{reference}.cbor"), CBOR, copy.to_bytes())
}

/// The customer's signed copy as one page, which he reads, prints and verifies without us (U-22).
#[utoipa::path(
    get, path = "/api/orders/{id}/signatures/{fact}/page", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("fact" = String, Path, description = "The sign fact")),
    responses(
        (status = 200, description = "One self-contained page", content_type = "text/html", body = String),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found, proof_pending", body = ErrorBody),
    )
)]
pub(crate) async fn get_copy_page(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Path(named): Path<(String, String)>,
) -> Result<File, ApiError> {
    let (reference, copy) = copy_in_path(&office, &named).await?;
    let page = copy.to_page().map_err(|error| ApiError::internal("making a page of a copy", &error))?;
    // Always a file of the customer's, never a page of this server.
    file(&format!("signature-{reference}.html"), "text/html; charset=utf-8", page.into_bytes())
}

async fn copy_in_path(
    office: &Arc<Office>,
    (id, fact): &(String, String),
) -> Result<(FactRef, CustomerCopy), ApiError> {
    let document: DocumentId = id_in_path(id, "order")?;
    let reference: FactRef = id_in_path(fact, "signature")?;
    let copy = blocking(office, move |office| copy(&Reading::begin(office), document, reference)).await?;
    Ok((reference, copy))
}

fn copy(reading: &Reading<'_>, document: DocumentId, reference: FactRef) -> Result<CustomerCopy, ApiError> {
    let loaded = load(reading, document)?.ok_or_else(|| ApiError::not_found("order"))?;
    for fact in loaded.facts.iter().filter(|fact| fact.id.reference() == reference) {
        let Some(evidence) = Evidence::read(reading, fact)? else { continue };
        let device = evidence.device.ok_or_else(|| ApiError::not_found("device"))?;
        return Ok(CustomerCopy {
            document,
            claimed: fact.claimed(),
            device: device.device,
            body: evidence.body.clone(),
            proof: evidence.proof.ok_or_else(pending)?,
            certificate: device.certificate,
        });
    }
    Err(ApiError::not_found("signature"))
}
