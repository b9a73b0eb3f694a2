//! Attachments over HTTP: the routes, and what the office sees of an order's.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use axum::{Json, Router};
use docket_sync_core::attachments::MediaType;
use docket_sync_core::commands::{CommandCode, Context, offered};
use docket_sync_core::ids::{BlobId, DocumentId};
use docket_sync_core::lifecycle::fold;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::caller::hand_out_nonce;
use super::limits::LISTED_MAX;
use super::records::{self, AttachmentRow, Sender};
use super::{files, tus};
use crate::api::{Named, Names, Permit, Reading, Reads, blocking, id_in_path, load};
use crate::error::{ApiError, ErrorBody};
use crate::feed::devices::read_device;
use crate::office::Office;

#[derive(OpenApi)]
#[openapi(paths(
    list_attachments,
    files::get_attachment,
    files::get_thumbnail,
    tus::create::create_upload,
    tus::patch::patch,
    tus::head,
    tus::delete,
    tus::options,
))]
struct Description;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The route of the list.
pub fn router() -> Router<Arc<Office>> {
    Router::new().route("/api/orders/{id}/attachments", get(list_attachments))
}

/// The routes of bytes: they may take long, and devices use them too.
pub fn streams(office: Arc<Office>) -> Router<Arc<Office>> {
    Router::new()
        .route("/api/attachments", any(tus::collection))
        .route("/api/attachments/{upload}", any(tus::upload))
        .route("/api/orders/{id}/attachments/{blob}", get(files::get_attachment))
        .route("/api/orders/{id}/attachments/{blob}/thumbnail", get(files::get_thumbnail))
        .layer(from_fn_with_state(office, hand_out_nonce))
}

/// A device, as people know it: by whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceName {
    /// The id.
    id: String,
    /// Whose it is; null when it is not known here.
    person: Option<Named>,
}

/// The fact that names an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedItem {
    /// The first fact that names it.
    fact: String,
    /// When that was, milliseconds since 1970 UTC.
    at: i64,
    /// Who stated it.
    by: Option<Named>,
    /// The device on which it is; null when the office stated the fact.
    device: Option<DeviceName>,
}

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceivedItem {
    /// When, milliseconds since 1970 UTC.
    at: i64,
    /// The device that sent it.
    device: Option<DeviceName>,
    /// The person who sent it.
    person: Option<Named>,
    /// Number of the log under which it arrived.
    number: u64,
}

/// One attachment of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttachmentItem {
    /// Content address.
    blob: String,
    /// What people call it.
    name: Option<String>,
    /// Media type; null while only a fact without it names the file.
    media_type: Option<String>,
    /// Bytes; null while only a fact without it names the file.
    size: Option<u64>,
    /// `present`; `missing`: a fact names it and it is not here; `unnamed`: it is here and no fact names it yet.
    state: &'static str,
    /// Whether it stands for a signature: a signed paper, a seal, a filed document.
    signs: bool,
    /// Whether there is a small form.
    thumbnail: bool,
    /// The fact that names it.
    named: Option<NamedItem>,
    /// What arrived.
    received: Option<ReceivedItem>,
}

/// A document that a policy demands with a fact and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LackingItem {
    /// The fact that lacks it.
    fact: String,
    /// `seal`, `weekday_notice`, `appointment`, `safety_check`, `diagnosis`, `recycling_document` or `warning`.
    demand: &'static str,
}

/// The attachments of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttachmentList {
    /// In the order of their times.
    items: Vec<AttachmentItem>,
    /// Whether this server keeps attachments.
    kept: bool,
    /// Whether this person may enter a voucher signed by hand.
    paper: bool,
    /// Documents that facts of the order lack.
    lacking: Vec<LackingItem>,
    /// Largest file in bytes.
    most_bytes: u64,
}

/// The attachments of an order, also those that are not here yet.
#[utoipa::path(
    get, path = "/api/orders/{id}/attachments", tag = "attachments",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "All of them", body = AttachmentList),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
    )
)]
async fn list_attachments(
    State(office): State<Arc<Office>>,
    permit: Permit<Reads>,
    Path(id): Path<String>,
) -> Result<Json<AttachmentList>, ApiError> {
    let order: DocumentId = id_in_path(&id, "order")?;
    let place = office.attachments.place().ok();
    let context = Context::new(permit.signed.person.id, &permit.signed.roles());
    let list = blocking(&office, move |office| {
        let (rows, view) = {
            let reading = Reading::begin(office);
            let loaded = load(&reading, order)?.ok_or_else(|| ApiError::not_found("order"))?;
            (records::of_order(reading.store(), order, LISTED_MAX)?, fold(&loaded.facts))
        };
        let paper = !permit.signed.is_auditor() && offered(&view, &context).contains(&CommandCode::AttachPaper);
        let lacking = view.facets.missing.iter();
        let lacking = lacking
            .map(|lacking| LackingItem { fact: lacking.fact.reference().to_string(), demand: lacking.demand.code() })
            .collect();
        let mut names = Names::default();
        let mut items = Vec::with_capacity(rows.len());
        for (blob, row) in rows {
            // The file itself may be gone: a disk that was damaged says so here.
            let here = match &place {
                Some(place) if row.received.is_some() => place.size(blob)?.is_some(),
                _ => false,
            };
            items.push(item(&Reading::begin(office), &mut names, blob, &row, here)?);
        }
        items.sort_by_key(|item| {
            let named = item.named.as_ref().map(|named| named.at);
            (named.or_else(|| item.received.as_ref().map(|received| received.at)), item.blob.clone())
        });
        let most_bytes = place.as_ref().map_or(0, |place| place.limits.file_bytes);
        Ok(AttachmentList { items, kept: place.is_some(), paper, lacking, most_bytes })
    })
    .await?;
    Ok(Json(list))
}

fn item(
    reading: &Reading<'_>,
    names: &mut Names,
    blob: BlobId,
    row: &AttachmentRow,
    here: bool,
) -> Result<AttachmentItem, ApiError> {
    let (named, received) = (row.named.as_ref(), row.received.as_ref());
    let media_type = received.map(|received| received.media_type.clone());
    let media_type = media_type.or_else(|| named.and_then(|named| named.media_type.clone()));
    let medium = media_type.as_deref().and_then(MediaType::from_name);
    let device = |names: &mut Names, id| device_name(reading, names, id);
    let named_item = match named {
        Some(named) => Some(NamedItem {
            fact: named.fact.to_string(),
            at: named.at.0,
            by: named.by.map(|person| names.person(reading, person)).transpose()?,
            device: named.device.map(|id| device(names, id)).transpose()?,
        }),
        None => None,
    };
    let received_item = match received {
        Some(received) => {
            let (device, person) = match received.sender {
                Sender::Device(id) => (Some(device(names, id)?), None),
                Sender::Person(person) => (None, Some(names.person(reading, person)?)),
            };
            Some(ReceivedItem { at: received.at.0, device, person, number: received.number })
        }
        None => None,
    };
    Ok(AttachmentItem {
        blob: blob.to_string(),
        name: named
            .and_then(|named| named.name.clone())
            .or_else(|| received.and_then(|received| received.name.clone())),
        media_type,
        size: received.map(|received| received.size).or_else(|| named.and_then(|named| named.size)),
        state: match (here, named) {
            (true, Some(_)) => "present",
            (true, None) => "unnamed",
            (false, _) => "missing",
        },
        signs: named.is_some_and(|named| named.signs),
        thumbnail: here && medium.is_some_and(MediaType::has_thumbnail),
        named: named_item,
        received: received_item,
    })
}

fn device_name(
    reading: &Reading<'_>,
    names: &mut Names,
    id: docket_sync_core::ids::DeviceId,
) -> Result<DeviceName, ApiError> {
    let owner = read_device(reading.store(), id)?.and_then(|record| record.persons.first().copied());
    let person = owner.map(|person| names.person(reading, person)).transpose()?;
    Ok(DeviceName { id: id.to_string(), person })
}
