//! One-time codes for a customer: issued here, handed to him by message or on paper (U-09).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{PersonId, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guard::{Permit, Works};
use super::request::{Body, id_in_path};
use crate::commit::{CommitError, Writer};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// How many.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CodesBody {
    /// 1 to 20.
    count: Option<u32>,
}

/// One code.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeItem {
    /// Number in the customer's list.
    number: u32,
    /// 12 letters and digits in groups of four.
    code: String,
}

/// Codes, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodesAnswer {
    codes: Vec<CodeItem>,
}

/// Issues further one-time codes to a customer.
#[utoipa::path(
    post, path = "/api/customers/{id}/codes", tag = "orders", request_body = CodesBody,
    params(("id" = String, Path, description = "The customer's record")),
    responses(
        (status = 201, description = "The codes", body = CodesAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "invalid_field, not_found, too_many", body = ErrorBody),
    )
)]
pub(crate) async fn issue_codes(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Path(id): Path<String>,
    Body(body): Body<CodesBody>,
) -> Result<(StatusCode, Json<CodesAnswer>), ApiError> {
    let customer: RecordId = id_in_path(&id, "customer")?;
    let by = permit.signed.person.id;
    let platform = office.platform.clone();
    let issue = move |writer: &mut Writer| {
        permitted(writer, by)?;
        writer.issue_customer_codes(customer, body.count.unwrap_or(1), by, &mut || platform.bytes())
    };
    let issued = office.committer.run(issue).await?;
    let codes = issued.into_iter().map(|issued| CodeItem { number: issued.number, code: issued.code }).collect();
    Ok((StatusCode::CREATED, Json(CodesAnswer { codes })))
}

/// Who talks to customers.
fn permitted(writer: &Writer, by: PersonId) -> Result<(), CommitError> {
    let roles = writer.roles(by)?;
    if roles.iter().any(|role| matches!(role, Role::Clerk | Role::Supervisor)) {
        return Ok(());
    }
    let problem = "only a clerk or a supervisor issues codes".to_owned();
    Err(CommitError::Invalid { field: "customer", code: "not_permitted", problem })
}
