//! Forms over HTTP: the list, a new version of one, and how far those of an order are filled in.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use docket_sync_core::forms::{Form, StepRecord, StepState, Takes};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::fold;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{WriteFormError, forms};
use crate::api::{
    Administers, Both, Named, Names, Page, PageQuery, Params, Permit, Reading, Reads, blocking, id_in_path, load,
};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// Largest form file in bytes, with room for white space.
const FORM_FILE_MAX: usize = 64 * 1_024;

#[derive(OpenApi)]
#[openapi(paths(list_service_forms, write_service_form, list_order_forms))]
struct Description;

/// The description of these routes.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The routes of forms.
pub(crate) fn router() -> Router<Arc<Office>> {
    let forms = get(list_service_forms).post(write_service_form).layer(DefaultBodyLimit::max(FORM_FILE_MAX));
    Router::new().route("/api/service-forms", forms).route("/api/orders/{id}/forms", get(list_order_forms))
}

/// A form in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormItem {
    code: String,
    version: u32,
    title: Both,
    /// Skills whose orders it is for; empty is every one.
    skills: Vec<String>,
    /// Service classes that it is for; empty is every one.
    classes: Vec<&'static str>,
    /// Number of steps.
    steps: usize,
}

/// A form with what was filled in on an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormRecordItem {
    code: String,
    version: u32,
    title: Both,
    /// Whether nothing is lacking.
    whole: bool,
    steps: Vec<StepItem>,
}

/// One step with what was filled in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepItem {
    code: String,
    title: Both,
    /// `check`, `reading`, `photo`, `text` or `people`.
    takes: &'static str,
    /// Unit of a reading.
    unit: Option<String>,
    /// Least reading that is in order, as a decimal.
    min: Option<String>,
    /// Greatest reading that is in order, as a decimal.
    max: Option<String>,
    /// `not_asked`, `open` or `filled`.
    state: &'static str,
    /// Nothing is lacking here.
    whole: bool,
    /// A check found a fault, or a reading is out of range.
    at_fault: bool,
    /// Filled in before a step that comes first (C-065).
    too_early: bool,
    /// Its photo is lacking.
    photo_lacking: bool,
    /// `ok`, `fault` or `not_applicable`.
    result: Option<&'static str>,
    /// The reading in thousandths of its unit.
    reading_thousandths: Option<i64>,
    /// Words that were filled in.
    text: Option<String>,
    /// Who worked beside the author, who leads (C-050).
    people: Vec<Named>,
    /// When the line that counts was recorded, milliseconds since 1970 UTC.
    time_at: Option<i64>,
}

fn both(text: &docket_sync_core::reference::Translated) -> Both {
    Both { en: text.en.clone(), zh: text.zh.clone() }
}

fn item(form: &Form) -> FormItem {
    FormItem {
        code: form.code.clone(),
        version: form.version,
        title: both(&form.title),
        skills: form.applies.skills.clone(),
        classes: form.applies.classes.iter().map(|class| class.code()).collect(),
        steps: form.steps.len(),
    }
}

/// Forms in force, by code.
#[utoipa::path(
    get, path = "/api/service-forms", tag = "administration", params(PageQuery),
    responses(
        (status = 200, description = "Forms by code", body = Page<FormItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn list_service_forms(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<FormItem>>, ApiError> {
    let paging = query.check()?;
    let items = blocking(&office, |office| {
        let reading = Reading::begin(office);
        Ok(forms(reading.store())?.iter().map(item).collect::<Vec<_>>())
    })
    .await?;
    Ok(Json(paging.cut(items, |form| form.code.clone(), |form| form.code.clone(), |code| Some(code.to_owned()))?))
}

/// Writes a form or a later version of one.
#[utoipa::path(
    post, path = "/api/service-forms", tag = "administration",
    request_body(content = String, description = "A form of schemas/forms/service-form.schema.json", content_type = "application/json"),
    responses(
        (status = 201, description = "Written; devices get it with their next pull", body = FormItem),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 409, description = "form_not_later", body = ErrorBody),
        (status = 422, description = "invalid_form, with the key", body = ErrorBody),
    )
)]
pub(crate) async fn write_service_form(
    State(office): State<Arc<Office>>,
    permit: Permit<Administers>,
    body: Bytes,
) -> Result<(StatusCode, Json<FormItem>), ApiError> {
    let by = permit.signed.person.id;
    let written = office.committer.run(move |writer| Ok(writer.write_form(&body, Some(by)))).await?;
    match written {
        Ok(form) => Ok((StatusCode::CREATED, Json(item(&form)))),
        Err(WriteFormError::Commit(error)) => Err(error.into()),
        Err(error @ WriteFormError::NotLater { .. }) => {
            Err(ApiError::new(StatusCode::CONFLICT, "form_not_later", error.to_string()))
        }
        Err(error @ (WriteFormError::Form(_) | WriteFormError::TooMany)) => {
            Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_form", error.to_string()))
        }
    }
}

/// The forms of an order, and how far they are filled in.
#[utoipa::path(
    get, path = "/api/orders/{id}/forms", tag = "orders",
    params(("id" = String, Path, description = "The order"), PageQuery),
    responses(
        (status = 200, description = "Forms by code", body = Page<FormRecordItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
    )
)]
pub(crate) async fn list_order_forms(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Path(id): Path<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<FormRecordItem>>, ApiError> {
    let paging = query.check()?;
    let document: DocumentId = id_in_path(&id, "order")?;
    let items = blocking(&office, move |office| {
        let reading = Reading::begin(office);
        let loaded = load(&reading, document)?.ok_or_else(|| ApiError::not_found("order"))?;
        let view = fold(&loaded.facts);
        let mut names = Names::default();
        let mut items = Vec::new();
        for form in forms(reading.store())?.iter().filter(|form| form.is_for(&view)) {
            let record = form.record(&view.lines);
            let steps = record.steps.iter().map(|step| step_item(&reading, &mut names, step));
            items.push(FormRecordItem {
                code: form.code.clone(),
                version: form.version,
                title: both(&form.title),
                whole: record.steps.iter().all(StepRecord::is_whole),
                steps: steps.collect::<Result<_, ApiError>>()?,
            });
        }
        Ok(items)
    })
    .await?;
    Ok(Json(paging.cut(items, |form| form.code.clone(), |form| form.code.clone(), |code| Some(code.to_owned()))?))
}

fn step_item(reading: &Reading<'_>, names: &mut Names, record: &StepRecord<'_>) -> Result<StepItem, ApiError> {
    let (takes, unit, min, max) = match &record.step.takes {
        Takes::Check => ("check", None, None, None),
        Takes::Reading { unit, min, max } => ("reading", Some(unit.clone()), *min, *max),
        Takes::Photo => ("photo", None, None, None),
        Takes::Text => ("text", None, None, None),
        Takes::People { .. } => ("people", None, None, None),
    };
    let value = record.value.as_ref();
    let entry = value.and_then(|value| value.line.entry.as_ref());
    let people = entry.and_then(|entry| entry.people.as_deref()).unwrap_or_default();
    Ok(StepItem {
        code: record.step.code.clone(),
        title: both(&record.step.title),
        takes,
        unit,
        min: min.map(|min| min.to_string()),
        max: max.map(|max| max.to_string()),
        state: match record.state {
            StepState::NotAsked => "not_asked",
            StepState::Open => "open",
            StepState::Filled => "filled",
        },
        whole: record.is_whole(),
        at_fault: record.at_fault,
        too_early: record.too_early,
        photo_lacking: record.photo_lacking,
        result: value.and_then(|value| value.line.result).map(|result| result.code()),
        reading_thousandths: value.filter(|_| takes == "reading").map(|value| value.line.quantity),
        text: entry.and_then(|entry| entry.text.clone()),
        people: people.iter().map(|person| names.person(reading, *person)).collect::<Result<_, _>>()?,
        time_at: value.map(|value| value.at.0),
    })
}
