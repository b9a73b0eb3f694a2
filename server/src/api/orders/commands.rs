//! A person's command on an order, decided on the view he had.
//!
//! `If-Match` names that view. Absent is 428; a frontier that this store does not know is 409 with the present
//! order, and nothing is done; a stale one is no error: the fact states what its author had seen, and the answer
//! says what he had not.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_sync_core::commands::form::{self, Filled, Form};
use docket_sync_core::commands::{Act, Command, CommandCode, Context, SkillMatch};
use docket_sync_core::facts::bodies::AttachPaper;
use docket_sync_core::facts::values::{Channel, CustomerPerson, Money, Opinion, OpinionGrade, ReviewChoice, Window};
use docket_sync_core::facts::{Audience, Role};
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::time::UnixMillis;
use docket_sync_core::voucher::VerificationCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::detail::{Looker, OrderDetail, order_detail, references};
use super::etag::{etag_header, if_match};
use super::office_facts::office_body;
use crate::api::error::refused;
use crate::api::guard::{Acts, Permit};
use crate::api::request::{Body, id_in_path};
use crate::commit::{CommitError, Stated, Writer};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// An amount in minor units.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct AmountBody {
    pub(super) minor: i64,
    /// ISO 4217.
    pub(super) currency: String,
}

/// The customer's person with whom a time was agreed.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct CustomerPersonBody {
    name: String,
    relation: String,
    channel: Option<String>,
}

/// A command.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum CommandBody {
    /// Gives the order to a technician by the dispatcher's own choice (C-041).
    Assign { technician: Option<String>, reason: Option<String> },
    /// Takes it back; without a technician from the one who has it in the view that was decided on.
    Unassign { technician: Option<String>, reason: Option<String> },
    /// Plans a time, or states one that was agreed with the customer.
    Reschedule {
        from: Option<i64>,
        to: Option<i64>,
        #[serde(default)]
        confirmed: bool,
        customer: Option<CustomerPersonBody>,
        reason: Option<String>,
    },
    /// Cancels the order.
    Cancel { reason: Option<String> },
    /// Takes a cancel back.
    Reinstate { cancel: Option<String>, reason: Option<String> },
    /// Confirms work, time and amount with the customer (C-006).
    Confirm {
        content: Option<String>,
        amount: Option<AmountBody>,
        #[serde(default)]
        in_warranty: bool,
        from: Option<i64>,
        to: Option<i64>,
        customer: Option<CustomerPersonBody>,
    },
    /// Books the voucher back and strikes the call off (C-085).
    ReturnVoucher { reason: Option<String> },
    /// Closes and files the order.
    Close {},
    /// Writes a note.
    Note { text: Option<String> },
    /// Decides a review.
    ResolveReview { review: Option<String>, choice: Option<String>, reason: Option<String> },
    /// Takes a line back.
    ReverseLine { line: Option<String>, reason: Option<String> },
    /// Enters a voucher that was signed by hand (U-09).
    AttachPaper {
        /// The code printed on the paper, or at least its first eight letters.
        code: Option<String>,
        name: Option<String>,
        relation: Option<String>,
        /// `none_given`, `satisfied`, `acceptable` or `dissatisfied` (C-081).
        opinion: Option<String>,
        comment: Option<String>,
        /// When it was signed, as written: milliseconds since 1970 UTC.
        signed_at: Option<i64>,
        /// Content address of the photo.
        photo: Option<String>,
    },
    /// An invoice over covered lines. It lies in the companion document, as the next six do.
    Invoice { number: Option<String>, lines: Vec<String>, amount: Option<AmountBody>, payer: Option<String> },
    /// A credit.
    Credit { invoice: Option<String>, amount: Option<AmountBody>, reason: Option<String> },
    /// Settles lines with a person for a period, as `2024-06`.
    Settle { period: Option<String>, payee: Option<String>, amount: Option<AmountBody>, lines: Vec<String> },
    /// A cost of this order.
    RecordCost { name: Option<String>, amount: Option<AmountBody>, about: Option<String> },
    /// Whose fault it was, and who bears which share, in thousandths (C-027).
    SetLiability {
        case: Option<String>,
        #[serde(default)]
        shares: Vec<ShareBody>,
        reason: Option<String>,
    },
    /// What a follow-up call found (C-150); without a DONE it is about the one that counts.
    RecordCallback { result: Option<String>, about: Option<String>, text: Option<String> },
    /// A step in handling a complaint (C-171).
    HandleComplaint {
        complaint: Option<String>,
        text: Option<String>,
        #[serde(default)]
        settled: bool,
    },
}

/// One party's share.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ShareBody {
    pub(super) party: String,
    /// Thousandths of the whole.
    pub(super) permille: u16,
    /// `open`, `agreed` or `refused`.
    pub(super) answer: Option<String>,
}

/// A command with fields of its own, or an act: `{"command": kind, ...}` with the fields of the kind's form.
#[derive(Debug)]
pub(crate) struct AnyCommand(Result<Wanted, ApiError>);

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// One of the commands with fields of its own.
    Plain(CommandBody),
    /// A fact of a kind, with what was filled in.
    Act(CommandCode, serde_json::Map<String, serde_json::Value>),
}

impl<'de> Deserialize<'de> for AnyCommand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        let named = fields.get("command").and_then(serde_json::Value::as_str).and_then(CommandCode::from_code);
        // What lies in the companion document has fields of its own above.
        let of_office = |code: &CommandCode| {
            code.act().is_some_and(|kind| kind.audience() == Audience::Office) || *code == CommandCode::AttachPaper
        };
        Ok(Self(match named.filter(|code| Form::of(*code).is_some() && !of_office(code)) {
            Some(code) => {
                fields.remove("command");
                Ok(Wanted::Act(code, fields))
            }
            None => serde_json::from_value(fields.into())
                .map(Wanted::Plain)
                .map_err(|error| ApiError::malformed(error.to_string())),
        }))
    }
}

/// The form of one command.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormItem {
    /// The command.
    command: &'static str,
    /// JSON Schema (draft 2020-12) of its fields.
    #[schema(value_type = Object)]
    schema: serde_json::Value,
}

/// The forms of all commands that state the kind of their name.
#[utoipa::path(
    get, path = "/api/command-forms", tag = "orders",
    responses(
        (status = 200, description = "Forms", body = Vec<FormItem>),
        (status = 401, description = "not_logged_in", body = ErrorBody),
    )
)]
pub(crate) async fn list_forms(_: Permit<Acts>) -> Json<Vec<FormItem>> {
    let item = |(command, form): (CommandCode, Form)| FormItem { command: command.code(), schema: form.schema() };
    Json(Form::all().into_iter().map(item).collect())
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

/// Runs a command: one of those described, or `{"command": kind}` with the fields of its form (`GET /api/command-forms`).
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
        (status = 422, description = "refused by the business, with the field", body = ErrorBody),
        (status = 428, description = "precondition_required", body = ErrorBody),
    )
)]
pub(crate) async fn run_command(
    State(office): State<Arc<Office>>,
    permit: Permit<Acts>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<AnyCommand>,
) -> Result<Response, ApiError> {
    let body = body.0?;
    let document: DocumentId = id_in_path(&id, "order")?;
    let looker = Looker::of(&permit.signed);
    let Some(frontier) = if_match(&headers)? else { return unknown_view(&office, document, looker).await };
    let person = permit.signed.person.id;
    let done = office.committer.run(move |writer| run(writer, document, person, &frontier, body)).await;
    match done {
        Ok(Stated { fact, not_seen }) => {
            let order = order_detail(&office, document, looker).await?;
            let etag = tag(&order)?;
            let answer = CommandAnswer { fact: fact.reference().to_string(), order, not_seen: references(&not_seen) };
            Ok((etag, Json(answer)).into_response())
        }
        Err(CommitError::UnknownFrontier(_)) => unknown_view(&office, document, looker).await,
        Err(CommitError::Refused(refusal)) => Err(refused(&refusal, permit.signed.language())),
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

fn run(
    writer: &mut Writer,
    document: DocumentId,
    person: PersonId,
    frontier: &[FactRef],
    wanted: Wanted,
) -> Result<Stated, CommitError> {
    let body = match wanted {
        Wanted::Act(code, filled) => return run_act(writer, document, person, frontier, (code, filled)),
        Wanted::Plain(body) => body,
    };
    let command = match body {
        CommandBody::Assign { technician, reason } => assign(writer, document, technician.as_deref(), reason)?,
        CommandBody::Unassign { technician, reason } => {
            let technician = match technician {
                Some(id) => read_id("technician", Some(&id))?,
                None => writer.view_at(document, frontier)?.view.technician().unwrap_or(PersonId([0; 16])),
            };
            Command::Unassign { technician, reason: reason.unwrap_or_default() }
        }
        CommandBody::Invoice { .. }
        | CommandBody::Credit { .. }
        | CommandBody::Settle { .. }
        | CommandBody::RecordCost { .. }
        | CommandBody::SetLiability { .. }
        | CommandBody::RecordCallback { .. }
        | CommandBody::HandleComplaint { .. } => {
            let done = writer.view_at(document, frontier)?.view.completed.map(|done| done.fact.reference());
            Command::State(Box::new(Act::new(office_body(body, done)?)))
        }
        CommandBody::AttachPaper { .. } => attach_paper(&writer.view_at(document, frontier)?.view, body)?,
        CommandBody::Reschedule { .. }
        | CommandBody::Cancel { .. }
        | CommandBody::Reinstate { .. }
        | CommandBody::Confirm { .. }
        | CommandBody::ReturnVoucher { .. }
        | CommandBody::Close {}
        | CommandBody::Note { .. }
        | CommandBody::ResolveReview { .. }
        | CommandBody::ReverseLine { .. } => plain(body)?,
    };
    writer.office_command(document, person, frontier, &command)
}

/// A fact of a kind: what was filled in over what follows from the view that he had.
fn run_act(
    writer: &mut Writer,
    document: DocumentId,
    person: PersonId,
    frontier: &[FactRef],
    (code, filled): (CommandCode, serde_json::Map<String, serde_json::Value>),
) -> Result<Stated, CommitError> {
    let form = Form::of(code).ok_or_else(|| CommitError::Internal("a command without a form".to_owned()))?;
    let context = Context::new(person, &writer.roles(person)?);
    let view = writer.view_at(document, frontier)?.view;
    let mut fields = form::defaults(&view, code, &context);
    fields.extend(filled);
    let Filled { act, work_item } = form.read(&fields.into()).map_err(|error| CommitError::InvalidPath {
        field: error.field,
        code: error.code,
        problem: error.problem,
    })?;
    writer.office_act(document, frontier, Context { work_item, ..context }, &Command::State(Box::new(act)))
}

/// Whether the technician has the skill is a matter of the present, not of the view (C-046).
fn assign(
    writer: &mut Writer,
    document: DocumentId,
    technician: Option<&str>,
    reason: Option<String>,
) -> Result<Command, CommitError> {
    let technician: PersonId = read_id("technician", technician)?;
    let record = writer.person(technician)?.filter(|person| person.holds(Role::Technician));
    let Some(record) = record else {
        let problem = "only an active technician gets an order".to_owned();
        return Err(CommitError::Invalid { field: "technician", code: "not_a_technician", problem });
    };
    let view = writer.current_view(document)?;
    let needed = view.request.as_ref().and_then(|request| request.skill.as_ref());
    let skill =
        if needed.is_none_or(|skill| record.skills.contains(skill)) { SkillMatch::Fits } else { SkillMatch::Lacks };
    Ok(Command::Assign { technician, skipped: Vec::new(), turn: None, reason, skill })
}

/// Commands that need nothing but what was filled in. Texts that are missing are refused by the core.
#[expect(clippy::wildcard_enum_match_arm, reason = "the caller sends no other command here")]
fn plain(body: CommandBody) -> Result<Command, CommitError> {
    Ok(match body {
        CommandBody::Reschedule { from, to, confirmed, customer, reason } => {
            let window = window(from, to)?.ok_or_else(|| missing("from"))?;
            Command::Reschedule { window, confirmed, customer: customer_person(customer)?, reason }
        }
        CommandBody::Cancel { reason } => Command::Cancel { reason: reason.unwrap_or_default() },
        CommandBody::Reinstate { cancel, reason } => {
            Command::Reinstate { cancel: read_id("cancel", cancel.as_deref())?, reason: reason.unwrap_or_default() }
        }
        CommandBody::Confirm { content, amount, in_warranty, from, to, customer } => Command::Confirm {
            content: content.unwrap_or_default(),
            window: window(from, to)?,
            amount: amount.map(|amount| Money { minor: amount.minor, currency: amount.currency }),
            in_warranty,
            customer: customer_person(customer)?,
        },
        CommandBody::ReturnVoucher { reason } => Command::ReturnVoucher { reason },
        CommandBody::Close {} => Command::Close,
        CommandBody::Note { text } => Command::Note { text: text.unwrap_or_default() },
        CommandBody::ResolveReview { review, choice, reason } => Command::ResolveReview {
            review: read_id("review", review.as_deref())?,
            choice: read_code("choice", choice.as_deref(), ReviewChoice::from_code)?,
            reason: reason.unwrap_or_default(),
        },
        CommandBody::ReverseLine { line, reason } => {
            Command::ReverseLine { line: read_id("line", line.as_deref())?, reason: reason.unwrap_or_default() }
        }
        _ => {
            return Err(CommitError::Internal("a command that needs the order came without it".to_owned()));
        }
    })
}

/// Which voucher the paper is, its code says.
fn attach_paper(view: &OrderView, body: CommandBody) -> Result<Command, CommitError> {
    let CommandBody::AttachPaper { code, name, relation, opinion, comment, signed_at, photo } = body else {
        return Err(CommitError::Internal("another command came as a paper".to_owned()));
    };
    let code = code.filter(|code| !code.trim().is_empty()).ok_or_else(|| missing("code"))?;
    let print = view.facets.prints.iter().find(|print| VerificationCode(print.voucher).begins_with(&code));
    let print = print.ok_or_else(|| CommitError::Invalid {
        field: "code",
        code: "no_print",
        problem: "no voucher with this code was printed for this order".to_owned(),
    })?;
    let grade = read_code("opinion", opinion.as_deref(), OpinionGrade::from_code)?;
    let body = AttachPaper {
        voucher: print.voucher,
        covered: print.covered.clone(),
        covered_digest: print.covered_digest,
        opinion: Opinion { grade, text: comment.filter(|words| !words.trim().is_empty()) },
        name: name.unwrap_or_default().trim().to_owned(),
        relation: relation.unwrap_or_default().trim().to_owned(),
        signed_at: UnixMillis(signed_at.ok_or_else(|| missing("signed_at"))?),
        photo: read_id("photo", photo.as_deref())?,
        printed: Some(print.at.fact.reference()),
    };
    Ok(Command::State(Box::new(Act::new(body))))
}

/// Both ends, or none.
fn window(from: Option<i64>, to: Option<i64>) -> Result<Option<Window>, CommitError> {
    match (from, to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) => Ok(Some(Window { from: UnixMillis(from), to: UnixMillis(to) })),
        (None, Some(_)) => Err(missing("from")),
        (Some(_), None) => Err(missing("to")),
    }
}

fn customer_person(body: Option<CustomerPersonBody>) -> Result<Option<CustomerPerson>, CommitError> {
    let Some(CustomerPersonBody { name, relation, channel }) = body else { return Ok(None) };
    let channel = read_code("channel", channel.as_deref(), Channel::from_code)?;
    Ok(Some(CustomerPerson { name, relation, channel }))
}

pub(super) fn missing(field: &'static str) -> CommitError {
    CommitError::Invalid { field, code: "missing_field", problem: format!("{field} is missing") }
}

pub(super) fn read_id<T: core::str::FromStr>(field: &'static str, text: Option<&str>) -> Result<T, CommitError> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| missing(field))?;
    text.parse().map_err(|_no_id| CommitError::Invalid {
        field,
        code: "invalid_field",
        problem: "this names nothing here".to_owned(),
    })
}

pub(super) fn read_code<T>(field: &'static str, code: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Result<T, CommitError> {
    let code = code.filter(|code| !code.is_empty()).ok_or_else(|| missing(field))?;
    read(code).ok_or_else(|| CommitError::Invalid {
        field,
        code: "invalid_field",
        problem: format!("'{code}' is not possible here"),
    })
}
