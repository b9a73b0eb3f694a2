//! Devices: the list, codes that enrol one, and revoking.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{DeviceId, PersonId};
use docket_sync_core::limits::TEXT_BYTES_MAX;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Certificate;
use super::guard::{Administers, Permit, Reads};
use super::names::{Named, Names};
use super::paging::{Page, PageQuery};
use super::reading::{Reading, blocking};
use super::request::{Body, Params, id_in_path, required};
use crate::commit::CommitError;
use crate::error::{ApiError, ErrorBody};
use crate::feed::devices::{first_nonce, list_devices as read_devices};
use crate::office::Office;

/// Most devices of one company.
const DEVICES_MAX: usize = 20_000;

/// A device.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeviceItem {
    id: String,
    /// When it last had contact.
    pub(super) last_sync_at: Option<i64>,
    /// Facts that existed on it only, as of that contact.
    pending: u64,
    /// Time of the oldest of them.
    pending_oldest_at: Option<i64>,
    revoked: bool,
}

/// A device with its person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OwnedDeviceItem {
    #[serde(flatten)]
    device: DeviceItem,
    person: Named,
}

/// Every device with the person whose scope it pulls.
pub(super) fn device_items(reading: &Reading<'_>) -> Result<Vec<(PersonId, DeviceItem)>, ApiError> {
    let (office, store) = (reading.office, reading.store());
    let mut items = Vec::new();
    for (record, _) in read_devices(store, DEVICES_MAX)? {
        let Some(person) = record.persons.first() else { continue };
        let contact = office.contacts.get(store, record.device, first_nonce(&office.identity, record.device))?;
        let pending = contact.pending.filter(|pending| pending.count > 0);
        let item = DeviceItem {
            id: record.device.to_string(),
            last_sync_at: contact.last_sync_at.map(|at| at.0),
            pending: pending.map_or(0, |pending| pending.count),
            pending_oldest_at: pending.map(|pending| pending.oldest.0),
            revoked: record.revoked_at.is_some(),
        };
        items.push((*person, item));
    }
    Ok(items)
}

/// Every enrolled device.
#[utoipa::path(
    get, path = "/api/devices", tag = "administration", params(PageQuery),
    responses(
        (status = 200, description = "Devices", body = Page<OwnedDeviceItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn list_devices(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<OwnedDeviceItem>>, ApiError> {
    let paging = query.check()?;
    let items = blocking(&office, |office| {
        let reading = Reading::begin(office);
        let mut names = Names::default();
        device_items(&reading)?
            .into_iter()
            .map(|(person, device)| Ok(OwnedDeviceItem { device, person: names.person(&reading, person)? }))
            .collect::<Result<Vec<_>, ApiError>>()
    })
    .await?;
    let id = |item: &OwnedDeviceItem| item.device.id.clone();
    Ok(Json(paging.cut(items, id, id, |cursor| Some(cursor.to_owned()))?))
}

/// For whom a code is.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CodeBody {
    /// An active technician.
    person: Option<String>,
}

/// A code, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeAnswer {
    /// 26 letters and digits in groups of four.
    code: String,
    expires_at: i64,
    /// BLAKE3 of the server's certificate, which the device compares; empty without TLS.
    server_fingerprint: String,
}

/// Makes a code that enrols one device of a technician, once, within 15 minutes.
#[utoipa::path(
    post, path = "/api/devices/codes", tag = "administration", request_body = CodeBody,
    responses(
        (status = 201, description = "The code", body = CodeAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "not_a_technician", body = ErrorBody),
    )
)]
pub(crate) async fn create_code(
    State(office): State<Arc<Office>>,
    State(certificate): State<Option<Certificate>>,
    permit: Permit<Administers>,
    Body(body): Body<CodeBody>,
) -> Result<(StatusCode, Json<CodeAnswer>), ApiError> {
    let person: PersonId = required("person", body.person.as_deref())?
        .parse()
        .map_err(|_no_id| ApiError::invalid_field("person", "this is not the id of a person"))?;
    let by = permit.signed.person.id;
    let (code, record) = office
        .committer
        .run(move |writer| {
            if !writer.roles(person)?.contains(&Role::Technician) {
                let problem = "only an active technician gets a device: give the person that role first".to_owned();
                return Err(CommitError::Invalid { field: "person", code: "not_a_technician", problem });
            }
            writer.new_enrolment_code(person, by)
        })
        .await?;
    tracing::info!(person.id = %person, by = %by, "an enrolment code was made");
    let answer = CodeAnswer {
        code: code.reveal(),
        expires_at: record.expires_at().0,
        server_fingerprint: certificate.map(|Certificate(digest)| digest.to_string()).unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// What came of confirming a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfirmAnswer {
    /// Facts of it that had waited here and are in their orders now.
    admitted: u64,
}

/// Confirms a device that the store enrolled and has forgotten when it was restored.
#[utoipa::path(
    post, path = "/api/devices/{id}/confirm", tag = "administration",
    params(("id" = String, Path, description = "The device")),
    responses(
        (status = 200, description = "Confirmed", body = ConfirmAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "already_done: it was revoked", body = ErrorBody),
    )
)]
pub(crate) async fn confirm_device(
    State(office): State<Arc<Office>>,
    permit: Permit<Administers>,
    Path(id): Path<String>,
) -> Result<Json<ConfirmAnswer>, ApiError> {
    let device: DeviceId = id_in_path(&id, "device")?;
    let by = permit.signed.person.id;
    let admitted = office.committer.run(move |writer| writer.confirm_device(device, by)).await?;
    tracing::info!(device.id = %device, by = %by, admitted, "a forgotten device was confirmed");
    Ok(Json(ConfirmAnswer { admitted }))
}

/// Why a device is revoked.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RevokeBody {
    /// In words.
    reason: Option<String>,
}

/// Revokes a device: everything that arrives from it later is quarantined.
#[utoipa::path(
    post, path = "/api/devices/{id}/revoke", tag = "administration", request_body = RevokeBody,
    params(("id" = String, Path, description = "The device")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "already_done", body = ErrorBody),
        (status = 422, description = "missing_field", body = ErrorBody),
    )
)]
pub(crate) async fn revoke_device(
    State(office): State<Arc<Office>>,
    permit: Permit<Administers>,
    Path(id): Path<String>,
    Body(body): Body<RevokeBody>,
) -> Result<StatusCode, ApiError> {
    let device: DeviceId = id_in_path(&id, "device")?;
    let reason = required("reason", body.reason.as_deref())?.to_owned();
    if reason.len() > TEXT_BYTES_MAX {
        return Err(ApiError::invalid_field("reason", format!("at most {TEXT_BYTES_MAX} bytes")));
    }
    let by = permit.signed.person.id;
    office
        .committer
        .run(move |writer| {
            writer.revoke(device, by, reason)?;
            writer.touch_device(device);
            Ok(())
        })
        .await?;
    tracing::info!(device.id = %device, by = %by, "a device was revoked");
    Ok(StatusCode::NO_CONTENT)
}
