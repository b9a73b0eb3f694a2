//! Review items that wait for a decision.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::fold;
use docket_sync_core::lifecycle::view::{self, ReviewStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::both::Both;
use super::guard::{Permit, Reads};
use super::orders::load::{Loaded, load};
use super::paging::{Page, PageQuery};
use super::reading::{Reading, blocking};
use super::request::Params;
use crate::commit::{RowRecord, Tables};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Table, record};

/// Rows looked at while no commit is applied.
const ROWS_AT_ONCE: usize = 1_024;

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
    opened_at: i64,
}

impl ReviewItem {
    pub(super) fn of(loaded: &Loaded, review: &view::Review) -> Self {
        let times =
            review.causes.iter().filter_map(|cause| loaded.facts.get(*cause)).map(docket_sync_core::facts::Fact::lo);
        let choices = review.choices.iter().map(|choice| choice.code());
        Self {
            id: review.id.to_string(),
            order: loaded.facts.document().to_string(),
            serial: loaded.row.serial.clone().unwrap_or_default(),
            kind: review.kind.code(),
            kind_text: Both::coded("review", review.kind.code()),
            owner: review.owner.code(),
            due_at: review.due.map(|due| due.0),
            default: review.default.code(),
            choices: choices.map(|choice| ChoiceItem { choice, text: Both::coded("choice", choice) }).collect(),
            blocking: review.blocking,
            status: review.status.code(),
            opened_at: times.max().unwrap_or(loaded.row.updated_at).0,
        }
    }

    /// What falls due first comes first; what has no limit comes last.
    fn key(&self) -> (i64, i64, String, String) {
        (self.due_at.unwrap_or(i64::MAX), self.opened_at, self.order.clone(), self.id.clone())
    }

    fn cursor(&self) -> String {
        let (due, opened, order, id) = self.key();
        format!("{due}/{opened}/{order}/{id}")
    }
}

fn read_cursor(cursor: &str) -> Option<(i64, i64, String, String)> {
    let mut parts = cursor.split('/');
    let (due, opened) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((due, opened, parts.next()?.to_owned(), parts.next()?.to_owned()))
}

/// Which reviews are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewQuery {
    /// `open`, which is also the default.
    status: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// Reviews that wait for a decision, by due time.
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
    let ReviewQuery { status, limit, after } = query;
    let paging = PageQuery::new(limit, after).check()?;
    if status.is_some_and(|status| !matches!(status.as_str(), "" | "open")) {
        return Err(ApiError::invalid_field("status", "open reviews are listed; decided ones stand in their order"));
    }
    let mut items = blocking(&office, open_reviews).await?;
    items.sort_by_key(ReviewItem::key);
    Ok(Json(paging.cut(items, ReviewItem::key, ReviewItem::cursor, read_cursor)?))
}

fn open_reviews(office: &Office) -> Result<Vec<ReviewItem>, ApiError> {
    let mut items = Vec::new();
    for document in with_open_reviews(office)? {
        let loaded = load(&Reading::begin(office), document)?;
        let Some(loaded) = loaded else { continue };
        let view = fold(&loaded.facts);
        let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
        items.extend(open.map(|review| ReviewItem::of(&loaded, review)));
    }
    Ok(items)
}

fn with_open_reviews(office: &Office) -> Result<Vec<DocumentId>, ApiError> {
    let mut documents = Vec::new();
    let mut range = KeyRange::all();
    loop {
        let rows = Tables::scan(Reading::begin(office).store(), Table::View, &range, ROWS_AT_ONCE)?;
        for (key, value) in &rows {
            let row: RowRecord = record::decode("order row", value)?;
            if row.open_reviews > 0 {
                documents.extend(DocumentId::from_slice(key));
            }
        }
        match rows.last() {
            Some((key, _)) if rows.len() == ROWS_AT_ONCE => range = range.continued_after(key.clone()),
            _ => return Ok(documents),
        }
    }
}
