//! Units that stand at customers' sites, for choosing one (C-010): the reference records, searched by words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::ids::RecordId;
use docket_sync_core::reference::{Reference, ReferenceRecord, Unit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::guard::{Permit, Reads};
use super::names::Names;
use super::paging::{PageQuery, Paging};
use super::reading::{Reading, blocking};
use super::request::Params;
use crate::commit::CommitError;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Order, Table};

/// Records read at once: commits wait while they are read.
const RECORDS_AT_ONCE: usize = 512;
/// Records looked at for one answer: some 20 ms. The next page goes on there.
const RECORDS_MAX: usize = 20_480;
/// Longest words to search for, in bytes.
const WORDS_BYTES_MAX: usize = 200;

/// Which units are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnitQuery {
    /// Words in the model or the serial number.
    q: Option<String>,
    /// Only units at this site.
    site: Option<String>,
    /// Most items, 1 to 1000.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitItem {
    id: String,
    model: String,
    /// The maker's number on its plate.
    serial: String,
    site: UnitSite,
}

/// Where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitSite {
    id: String,
    /// Empty where the site is not known any more.
    address: String,
}

/// Some of the units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitPage {
    items: Vec<UnitItem>,
    /// Where the next page begins, which may be empty; null at the end.
    next: Option<String>,
}

/// Units by their records' ids.
#[utoipa::path(
    get, path = "/api/units", tag = "orders", params(UnitQuery),
    responses(
        (status = 200, description = "Units that fit", body = UnitPage),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn list_units(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<UnitQuery>,
) -> Result<Json<UnitPage>, ApiError> {
    let wanted = Wanted::read(query.q.as_deref(), query.site.as_deref())?;
    let paging = PageQuery::new(query.limit, query.after).check()?;
    blocking(&office, move |office| page(office, &wanted, &paging)).await.map(Json)
}

/// What a unit must be.
struct Wanted {
    words: Vec<String>,
    site: Option<RecordId>,
}

impl Wanted {
    fn read(words: Option<&str>, site: Option<&str>) -> Result<Self, ApiError> {
        let words = words.unwrap_or_default();
        if words.len() > WORDS_BYTES_MAX {
            return Err(ApiError::invalid_field("q", format!("at most {WORDS_BYTES_MAX} bytes are searched for")));
        }
        let site = site.filter(|site| !site.is_empty()).map(str::parse::<RecordId>).transpose();
        let site = site.map_err(|_no_id| ApiError::invalid_field("site", "this is not the id of a site"))?;
        Ok(Self { words: words.to_lowercase().split_whitespace().map(str::to_owned).collect(), site })
    }

    fn fits(&self, unit: &Unit) -> bool {
        let text = format!("{} {}", unit.model, unit.serial).to_lowercase();
        self.site.is_none_or(|site| site == unit.site) && self.words.iter().all(|word| text.contains(word.as_str()))
    }
}

fn page(office: &Office, wanted: &Wanted, paging: &Paging) -> Result<UnitPage, ApiError> {
    let hexadecimal = data_encoding::HEXLOWER;
    let no_page = || ApiError::invalid_field("after", "this is not the end of a page");
    let mut after = match paging.after.as_deref() {
        None => None,
        Some(after) => Some(hexadecimal.decode(after.as_bytes()).map_err(|_not_hexadecimal| no_page())?),
    };
    let (mut names, mut items) = (Names::default(), Vec::new());
    for _ in 0..RECORDS_MAX / RECORDS_AT_ONCE {
        let reading = Reading::begin(office);
        let range = after.clone().map_or_else(KeyRange::all, KeyRange::after);
        let rows = reading.store().scan(Table::Reference, &range, RECORDS_AT_ONCE, Order::Forward)?;
        let is_end = rows.len() < RECORDS_AT_ONCE;
        for (key, bytes) in rows {
            let record = ReferenceRecord::from_bytes(&bytes)
                .map_err(|error| CommitError::Internal(format!("reference record: {error}")))?;
            after = Some(key);
            let Reference::Unit(unit) = record.content else { continue };
            if record.deleted || !wanted.fits(&unit) {
                continue;
            }
            let address = match names.record(&reading, unit.site)? {
                Some(Reference::Site(site)) => site.address.clone(),
                _ => String::new(),
            };
            let site = UnitSite { id: unit.site.to_string(), address };
            items.push(UnitItem { id: record.id.to_string(), model: unit.model, serial: unit.serial, site });
            if items.len() == paging.limit {
                return Ok(UnitPage { items, next: after.map(|key| hexadecimal.encode(&key)) });
            }
        }
        if is_end {
            return Ok(UnitPage { items, next: None });
        }
    }
    Ok(UnitPage { items, next: after.map(|key| hexadecimal.encode(&key)) })
}
