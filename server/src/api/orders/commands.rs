//! A person's command on an order, decided on the view he had.
//!
//! One way for all of them: `{"command": name, ...}` with the fields of the command's form (`command_forms`). What
//! follows from the view need not be said; what is wrong is named by the path of its field.
//!
//! `If-Match` names that view. Absent is 428; a frontier that this store does not know is 409 with the present
//! order, and nothing is done; a stale one is no error: the fact states what its author had seen, and the answer
//! says what he had not.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_sync_core::commands::form::{self, FieldType, Filled, Form, FormError};
use docket_sync_core::commands::{Command, CommandCode, Context, Refusal, SkillMatch};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::lifecycle::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::detail::{OrderDetail, order_detail, references};
use super::etag::{etag_header, if_match};
use super::offers::Looker;
use crate::api::error::refused;
use crate::api::guard::{Acts, Permit};
use crate::api::request::{Body, id_in_path};
use crate::attachments::sent_file;
use crate::commit::{CommitError, Stated, Writer};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// A command with what was filled in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct CommandBody {
    /// Its code: `assign`, `note`, `invoice`, ...
    command: String,
    /// The fields of its form, by name.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    fields: Map<String, Value>,
}

/// The command is a fact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommandAnswer {
    /// The new fact.
    fact: String,
    /// The order with it.
    order: OrderDetail,
    /// Facts that its author had not seen.
    not_seen: Vec<String>,
}

/// The view is not known here; nothing was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnknownView {
    /// `unknown_frontier`.
    code: &'static str,
    message: &'static str,
    field: Option<String>,
    /// The order as it is.
    order: OrderDetail,
}

/// Runs a command with the fields of its form (`GET /api/command-forms`).
#[utoipa::path(
    post, path = "/api/orders/{id}/commands", tag = "orders", request_body = CommandBody,
    params(
        ("id" = String, Path, description = "The order"),
        ("If-Match" = String, Header, description = "ETag of the view that the person decided on"),
    ),
    responses(
        (status = 200, description = "Stated", body = CommandAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "unknown_frontier: nothing was done", body = UnknownView),
        (status = 413, description = "order_full: nothing was stated", body = ErrorBody),
        (status = 422, description = "refused by the business, or a field is missing or wrong: its path is named", body = ErrorBody),
        (status = 428, description = "precondition_required", body = ErrorBody),
    )
)]
pub(crate) async fn run_command(
    State(office): State<Arc<Office>>,
    permit: Permit<Acts>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<CommandBody>,
) -> Result<Response, ApiError> {
    let (command, form) = form_of(&body.command)?;
    let document: DocumentId = id_in_path(&id, "order")?;
    let looker = Looker::of(&permit.signed);
    let Some(frontier) = if_match(&headers)? else { return unknown_view(&office, document, looker).await };
    let person = permit.signed.person.id;
    let fields = body.fields;
    let done = office.committer.run(move |writer| run(writer, document, person, &frontier, (command, fields))).await;
    match done {
        Ok(Stated { fact, not_seen }) => {
            let order = order_detail(&office, document, looker).await?;
            let etag = tag(&order)?;
            let answer = CommandAnswer { fact: fact.reference().to_string(), order, not_seen: references(&not_seen) };
            Ok((etag, Json(answer)).into_response())
        }
        Err(CommitError::UnknownFrontier(_)) => unknown_view(&office, document, looker).await,
        Err(CommitError::Refused(refusal)) => Err(refused_at(&form, &refusal, permit.signed.language())),
        Err(error) => Err(error.into()),
    }
}

async fn unknown_view(office: &Arc<Office>, document: DocumentId, looker: Looker) -> Result<Response, ApiError> {
    let order = order_detail(office, document, looker).await?;
    let etag = tag(&order)?;
    let message = "this store does not know the view that the command was decided on; nothing was done";
    let answer = UnknownView { code: "unknown_frontier", message, field: None, order };
    Ok((StatusCode::CONFLICT, etag, Json(answer)).into_response())
}

fn tag(order: &OrderDetail) -> Result<[(HeaderName, HeaderValue); 1], ApiError> {
    Ok([(header::ETAG, etag_header(&order.etag)?)])
}

/// The command of this name with its form.
fn form_of(name: &str) -> Result<(CommandCode, Form), ApiError> {
    let named = CommandCode::from_code(name).and_then(|command| Some((command, Form::of(command)?)));
    named
        .ok_or_else(|| ApiError::invalid_field("command", "no command of this name has a form: see /api/command-forms"))
}

/// A refusal names the field as the form does: `customer.relation`.
fn refused_at(form: &Form, refusal: &Refusal, language: Language) -> ApiError {
    let error = refused(refusal, language);
    match refusal.field {
        Some(field) => error.at(form.path_of(field)),
        None => error,
    }
}

impl From<FormError> for CommitError {
    fn from(error: FormError) -> Self {
        Self::InvalidPath { field: error.field, code: error.code, problem: error.problem }
    }
}

/// What was filled in over what follows from the view that he had.
fn run(
    writer: &mut Writer,
    document: DocumentId,
    person: PersonId,
    frontier: &[FactRef],
    (command, filled): (CommandCode, Map<String, Value>),
) -> Result<Stated, CommitError> {
    let form = Form::of(command).ok_or_else(|| CommitError::Internal("a command without a form".to_owned()))?;
    let context = Context::new(person, &writer.roles(person)?);
    let view = writer.view_at(document, frontier)?.view;
    let mut fields = form::defaults(&view, command, &context);
    fields.extend(filled.into_iter().filter(|(_, value)| !value.is_null()));
    name_files(writer, document, &form, &mut fields)?;
    let facts = writer.both(document)?;
    form::complete(command, &mut fields, &view, &facts)?;
    let Filled { mut command, work_item } = form.read(&fields.into())?;
    if let Command::Assign { technician, skill, .. } = &mut command {
        *skill = skill_of(writer, document, *technician)?;
    }
    writer.office_act(document, frontier, Context { work_item, ..context }, &command)
}

/// A file is named by its address; it has been sent before, and its row says the rest.
fn name_files(
    writer: &Writer,
    document: DocumentId,
    form: &Form,
    fields: &mut Map<String, Value>,
) -> Result<(), CommitError> {
    for field in &form.fields {
        let is_whole = match field.field_type {
            FieldType::File => true,
            FieldType::Id("attachment") => false,
            _ => continue,
        };
        let Some(Value::String(address)) = fields.get(field.name) else { continue };
        let file = sent_file(writer, document, field.name, address)?;
        if is_whole {
            let whole = json!({"hash": file.hash.to_string(), "size": file.size, "media_type": file.media_type});
            fields.insert(field.name.to_owned(), whole);
        }
    }
    Ok(())
}

/// Whether the technician has the skill is a matter of the present, not of the view (C-046).
fn skill_of(writer: &mut Writer, document: DocumentId, technician: PersonId) -> Result<SkillMatch, CommitError> {
    let record = writer.person(technician)?.filter(|person| person.holds(Role::Technician));
    let Some(record) = record else {
        let problem = "only an active technician gets an order".to_owned();
        return Err(CommitError::Invalid { field: "technician", code: "not_a_technician", problem });
    };
    let view = writer.current_view(document)?;
    let needed = view.request.as_ref().and_then(|request| request.skill.as_ref());
    let fits = needed.is_none_or(|skill| record.skills.contains(skill));
    Ok(if fits { SkillMatch::Fits } else { SkillMatch::Lacks })
}
