//! Technicians and their devices: the age of what they know, and what only they have.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use docket_sync_core::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use super::devices::{DeviceItem, device_items};
use super::guard::{Permit, Reads};
use super::paging::{Page, PageQuery};
use super::people::all_people;
use super::reading::{Reading, blocking};
use super::request::Params;
use crate::auth::people::PersonRecord;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// A technician.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TechnicianItem {
    pub(super) id: String,
    name: String,
    /// Codes of his skills.
    skills: Vec<String>,
    /// Whether he works here now.
    active: bool,
    devices: Vec<DeviceItem>,
}

impl TechnicianItem {
    /// Whether one of his devices had contact at or after `since`.
    pub(super) fn had_contact_since(&self, since: UnixMillis) -> bool {
        self.devices.iter().any(|device| device.last_sync_at.is_some_and(|at| at >= since.0))
    }
}

/// Every technician, or those whom `wanted` names, by name.
pub(super) fn technician_items(
    reading: &Reading<'_>,
    wanted: impl Fn(PersonId) -> bool,
) -> Result<Vec<TechnicianItem>, ApiError> {
    let mut devices: BTreeMap<PersonId, Vec<DeviceItem>> = BTreeMap::new();
    for (person, device) in device_items(reading)? {
        devices.entry(person).or_default().push(device);
    }
    let is_technician = |person: &PersonRecord| person.roles.contains(&Role::Technician) && wanted(person.id);
    let mut items: Vec<TechnicianItem> = all_people(reading)?
        .into_iter()
        .filter(is_technician)
        .map(|person| TechnicianItem {
            id: person.id.to_string(),
            skills: person.skills.into_iter().collect(),
            active: person.active,
            devices: devices.remove(&person.id).unwrap_or_default(),
            name: person.name,
        })
        .collect();
    items.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(items)
}

/// Technicians with their devices.
#[utoipa::path(
    get, path = "/api/technicians", tag = "technicians", params(PageQuery),
    responses(
        (status = 200, description = "Technicians by name", body = Page<TechnicianItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn list_technicians(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<TechnicianItem>>, ApiError> {
    let paging = query.check_whole()?;
    let items = blocking(&office, |office| technician_items(&Reading::begin(office), |_| true)).await?;
    let key = |item: &TechnicianItem| (item.name.clone(), item.id.clone());
    let cursor = |item: &TechnicianItem| format!("{}/{}", item.id, item.name);
    let read = |cursor: &str| cursor.split_once('/').map(|(id, name)| (name.to_owned(), id.to_owned()));
    Ok(Json(paging.cut(items, key, cursor, read)?))
}
