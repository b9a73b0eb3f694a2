//! Review items that wait for a decision.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::facts::values::{Money, ReviewChoice};
use docket_sync_core::lifecycle::reviews::stake;
use docket_sync_core::lifecycle::view::{self, ReviewStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::both::Both;
use super::guard::{Permit, Reads};
use super::orders::load::Loaded;
use super::paging::{Page, PageQuery};
use super::reading::{Reading, blocking};
use super::request::Params;
use crate::commit::listing::{self, ListedReview, Sorted};
use crate::commit::{RowRecord, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::Table;

/// A choice in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ChoiceItem {
    /// Stable code.
    choice: &'static str,
    text: Both,
}

/// A review item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ReviewItem {
    id: String,
    /// The order.
    order: String,
    serial: String,
    kind: &'static str,
    kind_text: Both,
    /// Role that decides.
    owner: &'static str,
    /// When the default applies; null never.
    due_at: Option<i64>,
    /// What applies then.
    default: &'static str,
    choices: Vec<ChoiceItem>,
    /// Whether it blocks closing.
    blocking: bool,
    status: &'static str,
    /// What was decided, by a person or by default; null while it is open.
    choice: Option<&'static str>,
    /// Whether it can be decided: it is open, or decided and may be decided again, which undoes the decision.
    decidable: bool,
    opened_at: i64,
    /// The money at stake; null where nothing has a price.
    stake: Option<StakeItem>,
}

/// The money at stake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StakeItem {
    /// Minor units.
    minor: i64,
    /// ISO 4217.
    currency: String,
}

impl StakeItem {
    fn of(amount: &Money) -> Self {
        Self { minor: amount.minor, currency: amount.currency.clone() }
    }
}

impl ReviewItem {
    pub(super) fn of(loaded: &Loaded, view: &view::OrderView, review: &view::Review) -> Self {
        let times =
            review.causes.iter().filter_map(|cause| loaded.facts.get(*cause)).map(docket_sync_core::facts::Fact::lo);
        Self {
            id: review.id.to_string(),
            order: loaded.facts.document().to_string(),
            serial: loaded.row.serial.clone().unwrap_or_default(),
            kind: review.kind.code(),
            kind_text: Both::coded("review", review.kind.code()),
            owner: review.owner.code(),
            due_at: review.due.map(|due| due.0),
            default: review.default.code(),
            choices: choices(&review.choices),
            blocking: review.blocking,
            status: review.status.code(),
            choice: review.choice.map(ReviewChoice::code),
            decidable: review.status != ReviewStatus::Lapsed,
            opened_at: times.max().unwrap_or(loaded.row.updated_at).0,
            stake: stake(view, review).as_ref().map(StakeItem::of),
        }
    }

    fn listed(review: &ListedReview, serial: Option<String>) -> Self {
        let row = &review.row;
        Self {
            id: review.id.to_string(),
            order: review.order.to_string(),
            serial: serial.unwrap_or_default(),
            kind: row.kind.code(),
            kind_text: Both::coded("review", row.kind.code()),
            owner: row.owner.code(),
            due_at: row.due.map(|due| due.0),
            default: row.default.code(),
            choices: choices(&row.choices),
            blocking: row.blocking,
            status: ReviewStatus::Open.code(),
            choice: None,
            decidable: true,
            opened_at: row.opened_at.0,
            stake: row.stake.as_ref().map(StakeItem::of),
        }
    }
}

fn choices(choices: &[ReviewChoice]) -> Vec<ChoiceItem> {
    let codes = choices.iter().map(|choice| choice.code());
    codes.map(|choice| ChoiceItem { choice, text: Both::coded("choice", choice) }).collect()
}

/// Which reviews are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewQuery {
    /// `open`, which is also the default.
    status: Option<String>,
    /// `due`, which is also the default, `age` or `stake` (the most money first).
    sort: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// Reviews that wait for a decision: by due time, by age, or by the money at stake.
#[utoipa::path(
    get, path = "/api/reviews", tag = "reviews", params(ReviewQuery),
    responses(
        (status = 200, description = "Open reviews", body = Page<ReviewItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn list_reviews(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<ReviewQuery>,
) -> Result<Json<Page<ReviewItem>>, ApiError> {
    let ReviewQuery { status, sort, limit, after } = query;
    let paging = PageQuery::new(limit, after).check()?;
    if status.is_some_and(|status| !matches!(status.as_str(), "" | "open")) {
        return Err(ApiError::invalid_field("status", "open reviews are listed; decided ones stand in their order"));
    }
    let sorted = match sort.as_deref() {
        None | Some("" | "due") => Sorted::Due,
        Some("age") => Sorted::Age,
        Some("stake") => Sorted::Stake,
        Some(_other) => return Err(ApiError::invalid_field("sort", "due, age or stake")),
    };
    let no_page = || ApiError::invalid_field("after", "this is not the end of a page");
    let hexadecimal = data_encoding::HEXLOWER;
    let after = paging.after.map(|after| hexadecimal.decode(after.as_bytes()).map_err(|_no_key| no_page()));
    let after = after.transpose()?;
    blocking(&office, move |office| page(&Reading::begin(office), sorted, after.as_deref(), paging.limit))
        .await
        .map(Json)
}

/// As much as is shown is read.
fn page(
    reading: &Reading<'_>,
    sorted: Sorted,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Page<ReviewItem>, ApiError> {
    let store = reading.store();
    let mut found = listing::reviews_page(store, sorted, after, limit.saturating_add(1))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| data_encoding::HEXLOWER.encode(&last.key));
    let mut items = Vec::with_capacity(found.len());
    for review in &found {
        let row: Option<RowRecord> = store.read(Table::View, &review.order.0)?;
        items.push(ReviewItem::listed(review, row.and_then(|row| row.serial)));
    }
    Ok(Page { items, next, total: usize::try_from(listing::open_reviews(store)?).unwrap_or(usize::MAX) })
}
