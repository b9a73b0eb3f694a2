//! Registering a call (叫修登记): the mandatory fields of C-001, the reference records of a new customer, the
//! serial of the register, and the fact, all in one commit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::ids::{PersonId, RecordId};
use docket_sync_core::limits::TEXT_BYTES_MAX;
use docket_sync_core::reference::Reference;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::etag::{etag, etag_header};
use crate::api::guard::{Permit, Works};
use crate::api::idempotency::Repeatable;
use crate::api::request::{DigestedBody, coded, required};
use crate::commit::{CommitError, Tables, Writer};
use crate::error::{ApiError, ErrorBody};
use crate::intake::register::{NewCall, NewCustomer, NewUnit, OnFile, Registered};
use crate::office::Office;

/// Who asks: an id, or a new customer's name and phone.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CustomerBody {
    id: Option<String>,
    name: Option<String>,
    phone: Option<String>,
}

/// Where: an id, or the address of a new site.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SiteBody {
    id: Option<String>,
    address: Option<String>,
}

/// What is to be serviced: an id, or model and serial number of a new unit.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UnitBody {
    id: Option<String>,
    model: Option<String>,
    serial: Option<String>,
}

/// A call.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CallBody {
    #[serde(default)]
    customer: CustomerBody,
    #[serde(default)]
    site: SiteBody,
    unit: Option<UnitBody>,
    /// `phone`, `walk_in`, ... (C-003).
    channel: Option<String>,
    /// `chargeable`, `contract`, `free` or `internal` (C-020).
    class: Option<String>,
    /// `normal`, `urgent` or `hazard` (C-004).
    urgency: Option<String>,
    /// The customer's words.
    problem: Option<String>,
    /// Code of the skill that the work needs.
    skill: Option<String>,
}

/// The call is in the register.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CallAnswer {
    /// The order.
    id: String,
    /// Its serial in the register.
    serial: String,
    /// Entity tag of the new order.
    etag: String,
}

/// Registers a call.
#[utoipa::path(
    post, path = "/api/orders", tag = "orders", request_body = CallBody,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again for a day"),
    ),
    responses(
        (status = 201, description = "Registered", body = CallAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field (C-001), invalid_field, idempotency_key_reused", body = ErrorBody),
    )
)]
pub(crate) async fn create_order(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    headers: HeaderMap,
    DigestedBody(body, digest): DigestedBody<CallBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 2], Json<CallAnswer>), ApiError> {
    let call = check(&body)?;
    let person = permit.signed.person.id;
    let repeatable = Repeatable::of(&headers, person, digest)?;
    let job = move |writer: &mut Writer| match repeatable {
        Some(request) => request.once(writer, |writer| register(writer, person, call)),
        None => register(writer, person, call),
    };
    let answer = office.committer.run(job).await?;
    let location = HeaderValue::from_str(&format!("/api/orders/{}", answer.id))
        .map_err(|error| ApiError::internal("writing the location", &error))?;
    let headers = [(header::ETAG, etag_header(&answer.etag)?), (header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(answer)))
}

/// The mandatory fields in the order of the form (C-001).
fn check(body: &CallBody) -> Result<NewCall, ApiError> {
    let customer = match known("customer.id", body.customer.id.as_deref())? {
        Some(id) => OnFile::Known(id),
        None => OnFile::New(NewCustomer {
            name: text("customer.name", body.customer.name.as_deref())?,
            phone: text("customer.phone", body.customer.phone.as_deref())?,
        }),
    };
    let site = match known("site.id", body.site.id.as_deref())? {
        Some(id) => OnFile::Known(id),
        None => OnFile::New(text("site.address", body.site.address.as_deref())?),
    };
    let problem = text("problem", body.problem.as_deref())?;
    Ok(NewCall {
        customer,
        site,
        unit: body.unit.as_ref().map(unit).transpose()?,
        channel: coded("channel", body.channel.as_deref(), Channel::from_code)?,
        class: coded("class", body.class.as_deref(), ServiceClass::from_code)?,
        urgency: coded("urgency", body.urgency.as_deref(), Urgency::from_code)?,
        problem,
        skill: optional("skill", body.skill.as_deref())?,
        origin: None,
    })
}

fn unit(body: &UnitBody) -> Result<OnFile<NewUnit>, ApiError> {
    if let Some(id) = known("unit.id", body.id.as_deref())? {
        return Ok(OnFile::Known(id));
    }
    let serial = optional("unit.serial", body.serial.as_deref())?.unwrap_or_default();
    Ok(OnFile::New(NewUnit { model: text("unit.model", body.model.as_deref())?, serial }))
}

fn known(field: &str, id: Option<&str>) -> Result<Option<RecordId>, ApiError> {
    let id = id.map(str::trim).filter(|id| !id.is_empty());
    id.map(|id| id.parse().map_err(|_no_id| ApiError::invalid_field(field, "this is not the id of a record")))
        .transpose()
}

fn text(field: &str, text: Option<&str>) -> Result<String, ApiError> {
    let text = required(field, text)?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(ApiError::invalid_field(field, format!("at most {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text.to_owned())
}

fn optional(field: &str, given: Option<&str>) -> Result<Option<String>, ApiError> {
    given.filter(|given| !given.trim().is_empty()).map(|given| text(field, Some(given))).transpose()
}

fn register(writer: &mut Writer, person: PersonId, call: NewCall) -> Result<CallAnswer, CommitError> {
    check_records(writer, &call)?;
    let Registered { document, serial } = writer.register_call(person, call)?;
    let frontier = etag(&writer.current_view(document)?.frontier);
    Ok(CallAnswer { id: document.to_string(), serial, etag: frontier })
}

/// Records that are on file are of their kind and belong together.
fn check_records(writer: &Writer, call: &NewCall) -> Result<(), CommitError> {
    if let OnFile::Known(id) = call.customer {
        let Some(Reference::Customer(_)) = on_file(writer, id)? else { return Err(unknown("customer.id")) };
    }
    if let OnFile::Known(id) = call.site {
        let Some(Reference::Site(site)) = on_file(writer, id)? else { return Err(unknown("site.id")) };
        if call.customer != OnFile::Known(site.customer) {
            return Err(unknown("site.id"));
        }
    }
    if let Some(OnFile::Known(id)) = call.unit {
        let Some(Reference::Unit(unit)) = on_file(writer, id)? else { return Err(unknown("unit.id")) };
        if call.site != OnFile::Known(unit.site) {
            return Err(unknown("unit.id"));
        }
    }
    Ok(())
}

fn on_file(writer: &Writer, id: RecordId) -> Result<Option<Reference>, CommitError> {
    Ok(writer.reference(id)?.filter(|record| !record.deleted).map(|record| record.content))
}

fn unknown(field: &'static str) -> CommitError {
    let problem = "there is no such record, or it belongs to another customer".to_owned();
    CommitError::Invalid { field, code: "invalid_field", problem }
}
