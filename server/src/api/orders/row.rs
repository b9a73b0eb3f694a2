//! One order as lists and events show it.

use docket_sync_core::facts::values::Window;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::AssignmentFacet;
use docket_sync_core::reference::Reference;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::both::Both;
use crate::api::names::{Named, Names};
use crate::api::reading::Reading;
use crate::commit::{CommitError, RowRecord};

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderRow {
    /// The order.
    pub id: String,
    /// Serial in the service call register; empty before it has one.
    pub serial: String,
    /// Stable code of the state.
    pub state: &'static str,
    /// The state in words.
    pub state_text: Both,
    /// Service class; empty for an order without its request.
    pub class: &'static str,
    /// Urgency; empty for an order without its request.
    pub urgency: &'static str,
    /// Who asked.
    pub customer: Named,
    /// Where.
    pub site: SiteRow,
    /// The customer's words.
    pub problem: String,
    /// Who is to do it.
    pub technician: Option<TechnicianRow>,
    /// `pending`, `seen`, `accepted` or `refused`.
    pub assignment: Option<&'static str>,
    /// When.
    pub appointment: Option<AppointmentRow>,
    /// `unsigned`, `signed`, `signed_partial` or `refused`.
    pub signature: &'static str,
    /// `none`, `partial` or `full`.
    pub coverage: &'static str,
    /// `not_out`, `out` or `returned`.
    pub voucher: &'static str,
    /// Reviews that wait for a decision.
    pub open_reviews: u64,
    /// When it was registered.
    pub registered_at: i64,
    /// Time of its latest fact.
    pub updated_at: i64,
    /// Log number of its last change.
    pub number: u64,
}

/// Where the work is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteRow {
    /// Its record.
    pub id: String,
    /// As a driver reads it.
    pub address: String,
}

/// The technician of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TechnicianRow {
    /// Who.
    #[serde(flatten)]
    pub named: Named,
    /// When a device of his last had contact.
    pub last_sync_at: Option<i64>,
}

/// A time planned or promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AppointmentRow {
    /// Earliest arrival.
    pub from: i64,
    /// Latest arrival.
    pub to: i64,
    /// Whether the customer agreed.
    pub confirmed: bool,
}

/// The row of an order.
pub fn order_row(
    reading: &Reading<'_>,
    names: &mut Names,
    id: DocumentId,
    row: &RowRecord,
) -> Result<OrderRow, CommitError> {
    let technician = match row.technician {
        None => None,
        Some(person) => Some(TechnicianRow {
            named: names.person(reading, person)?,
            last_sync_at: names.last_sync(reading, person)?.map(|at| at.0),
        }),
    };
    Ok(OrderRow {
        id: id.to_string(),
        serial: row.serial.clone().unwrap_or_default(),
        state: row.state.code(),
        state_text: Both::coded("state", row.state.code()),
        class: row.class.map_or("", |class| class.code()),
        urgency: row.urgency.map_or("", |urgency| urgency.code()),
        customer: customer(reading, names, row)?,
        site: site(reading, names, row)?,
        problem: row.problem.clone(),
        technician,
        assignment: row.assignment.map(AssignmentFacet::code),
        appointment: row.window.map(|window| appointment(window, row.confirmed)),
        signature: row.signature.code(),
        coverage: row.coverage.code(),
        voucher: row.voucher.code(),
        open_reviews: row.open_reviews,
        registered_at: row.registered_at.0,
        updated_at: row.updated_at.0,
        number: row.number,
    })
}

fn appointment(window: Window, confirmed: bool) -> AppointmentRow {
    AppointmentRow { from: window.from.0, to: window.to.0, confirmed }
}

pub(super) fn customer(reading: &Reading<'_>, names: &mut Names, row: &RowRecord) -> Result<Named, CommitError> {
    let Some(id) = row.customer else { return Ok(Named { id: String::new(), name: String::new() }) };
    let name = match names.record(reading, id)? {
        Some(Reference::Customer(customer)) => customer.name.clone(),
        Some(_) | None => String::new(),
    };
    Ok(Named { id: id.to_string(), name })
}

pub(super) fn site(reading: &Reading<'_>, names: &mut Names, row: &RowRecord) -> Result<SiteRow, CommitError> {
    let Some(id) = row.site else { return Ok(SiteRow { id: String::new(), address: String::new() }) };
    let address = match names.record(reading, id)? {
        Some(Reference::Site(site)) => site.address.clone(),
        Some(_) | None => String::new(),
    };
    Ok(SiteRow { id: id.to_string(), address })
}
