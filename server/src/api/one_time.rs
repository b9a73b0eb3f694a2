//! What the office gives people for use without a network: codes of an approver, blocks of receipt numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use docket_sync_core::facts::{Block, Ledger};
use docket_sync_core::ids::DeviceId;
use docket_sync_core::time::{DAY, UnixMillis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guard::{Acts, Permit, Works};
use super::request::{Body, id_in_path, required};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;

/// Days for which codes are good unless something else is said.
const CODES_DAYS: i64 = 90;
/// Longest life of codes, in days.
const CODES_DAYS_MAX: i64 = 366;

/// How many codes the person who asks wants for himself.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ApprovalCodesBody {
    /// At most 100.
    count: u32,
    /// Days for which they are good, from 1 to 366; 90 where nothing is said.
    days: Option<i64>,
}

/// One code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalCodeItem {
    number: u32,
    /// Three groups of four letters, to be read out.
    code: String,
}

/// The codes, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalCodesAnswer {
    codes: Vec<ApprovalCodeItem>,
    /// Last moment at which an approval by one of them may be stated.
    until: i64,
}

/// Gives the person who asks one-time codes by which he approves over the phone (U-21), in place of those that he
/// has. Devices get their hashes with the next sync.
#[utoipa::path(
    post, path = "/api/approval-codes", tag = "administration", request_body = ApprovalCodesBody,
    responses(
        (status = 201, description = "The codes", body = ApprovalCodesAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 422, description = "not_permitted: he may approve nothing; invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn create_approval_codes(
    State(office): State<Arc<Office>>,
    permit: Permit<Acts>,
    Body(body): Body<ApprovalCodesBody>,
) -> Result<(StatusCode, Json<ApprovalCodesAnswer>), ApiError> {
    let person = permit.signed.person.id;
    let days = body.days.unwrap_or(CODES_DAYS);
    if !(1..=CODES_DAYS_MAX).contains(&days) {
        return Err(ApiError::invalid_field("days", format!("between 1 and {CODES_DAYS_MAX}")));
    }
    let count = body.count;
    let issued = office
        .committer
        .run(move |writer| {
            let until: UnixMillis = writer.now().plus(days.saturating_mul(DAY));
            writer.issue_codes(person, count, until)
        })
        .await?;
    tracing::info!(by = %person, count, "codes for approvals were given out");
    let codes = issued.codes.into_iter().map(|(number, code)| ApprovalCodeItem { number, code: code.to_string() });
    Ok((StatusCode::CREATED, Json(ApprovalCodesAnswer { codes: codes.collect(), until: issued.until.0 })))
}

/// Which numbers a device gets.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NumberBlockBody {
    /// `custody` or `cash`.
    ledger: Option<String>,
    /// At most 500.
    count: u64,
}

/// The block.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberBlockAnswer {
    ledger: &'static str,
    /// First number, as it is printed.
    first: String,
    /// Last number, as it is printed.
    last: String,
}

/// Gives a device its next numbers for receipts (lifecycle 4.8). When half of them are used, it gets as many again by
/// itself.
#[utoipa::path(
    post, path = "/api/devices/{id}/numbers", tag = "administration", request_body = NumberBlockBody,
    params(("id" = String, Path, description = "The device")),
    responses(
        (status = 201, description = "The block", body = NumberBlockAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 409, description = "already_done: it was revoked", body = ErrorBody),
        (status = 422, description = "missing_field, invalid_field", body = ErrorBody),
    )
)]
pub(crate) async fn create_number_block(
    State(office): State<Arc<Office>>,
    permit: Permit<Works>,
    Path(id): Path<String>,
    Body(body): Body<NumberBlockBody>,
) -> Result<(StatusCode, Json<NumberBlockAnswer>), ApiError> {
    let device: DeviceId = id_in_path(&id, "device")?;
    let ledger = Ledger::from_code(required("ledger", body.ledger.as_deref())?)
        .ok_or_else(|| ApiError::invalid_field("ledger", "custody or cash"))?;
    let (by, count) = (permit.signed.person.id, body.count);
    let Block { first, last, .. } =
        office.committer.run(move |writer| writer.issue_block(device, ledger, count, Some(by))).await?;
    tracing::info!(device.id = %device, by = %by, ledger = ledger.code(), count, "a block of numbers was given out");
    let (first, last) = (ledger.printed(first), ledger.printed(last));
    Ok((StatusCode::CREATED, Json(NumberBlockAnswer { ledger: ledger.code(), first, last })))
}
