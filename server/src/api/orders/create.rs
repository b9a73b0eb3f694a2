//! Registering a call (叫修登记): the mandatory fields of C-001, the reference records of a new customer, the
//! serial of the register, and the fact, all in one commit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use docket_sync_core::commands::{Command, Context, decide};
use docket_sync_core::facts::Author;
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::ids::{DocumentId, PersonId, RecordId};
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::limits::TEXT_BYTES_MAX;
use docket_sync_core::reference::{Customer, Reference, Site, Unit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::etag::{etag, etag_header};
use crate::api::guard::{Permit, Works};
use crate::api::request::{Body, coded, required};
use crate::commit::{CommitError, Statement, Tables, Writer};
use crate::error::{ApiError, ErrorBody};
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
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallAnswer {
    /// The order.
    id: String,
    /// Its serial in the register.
    serial: String,
    /// Entity tag of the new order.
    etag: String,
}

/// A record that is there, or its content.
enum Subject<T> {
    Known(RecordId),
    New(T),
}

/// A call, checked.
struct Call {
    customer: Subject<Customer>,
    /// The address.
    site: Subject<String>,
    /// Model and serial number.
    unit: Option<Subject<(String, String)>>,
    channel: Channel,
    class: ServiceClass,
    urgency: Urgency,
    problem: String,
    skill: Option<String>,
}

/// Registers a call.
#[utoipa::path(
    post, path = "/api/orders", tag = "orders", request_body = CallBody,
    responses(
        (status = 201, description = "Registered", body = CallAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "missing_field (C-001), invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn create_order(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Body(body): Body<CallBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 2], Json<CallAnswer>), ApiError> {
    let call = check(&body)?;
    let person = permit.signed.person.id;
    let answer = office.committer.run(move |writer| register(writer, person, call)).await?;
    let location = HeaderValue::from_str(&format!("/api/orders/{}", answer.id))
        .map_err(|error| ApiError::internal("writing the location", &error))?;
    let headers = [(header::ETAG, etag_header(&answer.etag)?), (header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(answer)))
}

/// The mandatory fields in the order of the form (C-001).
fn check(body: &CallBody) -> Result<Call, ApiError> {
    let customer = match known("customer.id", body.customer.id.as_deref())? {
        Some(id) => Subject::Known(id),
        None => Subject::New(Customer {
            name: text("customer.name", body.customer.name.as_deref())?,
            phone: text("customer.phone", body.customer.phone.as_deref())?,
            language: None,
        }),
    };
    let site = match known("site.id", body.site.id.as_deref())? {
        Some(id) => Subject::Known(id),
        None => Subject::New(text("site.address", body.site.address.as_deref())?),
    };
    let problem = text("problem", body.problem.as_deref())?;
    Ok(Call {
        customer,
        site,
        unit: body.unit.as_ref().map(unit).transpose()?,
        channel: coded("channel", body.channel.as_deref(), Channel::from_code)?,
        class: coded("class", body.class.as_deref(), ServiceClass::from_code)?,
        urgency: coded("urgency", body.urgency.as_deref(), Urgency::from_code)?,
        problem,
        skill: optional("skill", body.skill.as_deref())?,
    })
}

fn unit(body: &UnitBody) -> Result<Subject<(String, String)>, ApiError> {
    if let Some(id) = known("unit.id", body.id.as_deref())? {
        return Ok(Subject::Known(id));
    }
    let serial = optional("unit.serial", body.serial.as_deref())?.unwrap_or_default();
    Ok(Subject::New((text("unit.model", body.model.as_deref())?, serial)))
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

fn register(writer: &mut Writer, person: PersonId, call: Call) -> Result<CallAnswer, CommitError> {
    let customer = match call.customer {
        Subject::Known(id) => match referred(writer, id)? {
            Some(Reference::Customer(_)) => id,
            Some(_) | None => return Err(unknown("customer.id")),
        },
        Subject::New(customer) => new_record(writer, customer.into(), person)?,
    };
    let site = match call.site {
        Subject::Known(id) => match referred(writer, id)? {
            Some(Reference::Site(site)) if site.customer == customer => id,
            Some(_) | None => return Err(unknown("site.id")),
        },
        Subject::New(address) => {
            let site = Site { customer, address, zone: None, contact: None };
            new_record(writer, site.into(), person)?
        }
    };
    let unit = match call.unit {
        None => None,
        Some(Subject::Known(id)) => match referred(writer, id)? {
            Some(Reference::Unit(unit)) if unit.site == site => Some(id),
            Some(_) | None => return Err(unknown("unit.id")),
        },
        Some(Subject::New((model, serial))) => {
            let unit = Unit { site, model, serial, warranty_until: None };
            Some(new_record(writer, unit.into(), person)?)
        }
    };
    let document = DocumentId::new(writer.now(), writer.random());
    let context = Context::new(person, &writer.roles(person)?);
    let serial = writer.next_serial()?;
    let command = Command::Register {
        customer,
        site,
        unit,
        channel: call.channel,
        class: call.class,
        urgency: call.urgency,
        problem: call.problem,
        serial: Some(serial.clone()),
        skill: call.skill,
        origin: None,
    };
    let decision = decide(&fold(&FactSet::new(document)), &command, &context)
        .map_err(|refusal| CommitError::Refused(Box::new(refusal)))?;
    let statement = Statement {
        author: Author::Person(person),
        head: decision.head,
        body: decision.body,
        seen: Some(Vec::new()),
    };
    let fact = writer.state(document, statement)?;
    Ok(CallAnswer { id: document.to_string(), serial, etag: etag(&[fact]) })
}

fn referred(writer: &Writer, id: RecordId) -> Result<Option<Reference>, CommitError> {
    Ok(writer.reference(id)?.filter(|record| !record.deleted).map(|record| record.content))
}

fn unknown(field: &'static str) -> CommitError {
    let problem = "there is no such record, or it belongs to another customer".to_owned();
    CommitError::Invalid { field, code: "invalid_field", problem }
}

fn new_record(writer: &mut Writer, content: Reference, by: PersonId) -> Result<RecordId, CommitError> {
    let id = RecordId(writer.random());
    writer.write_reference(id, content, Some(by))?;
    Ok(id)
}
