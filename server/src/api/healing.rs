//! The report of a healing: what came back after the store lost something, and what nobody has returned.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::guard::{Permit, Reads};
use super::names::{Named, Names};
use super::reading::{Reading, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::restore::Restored;
use crate::restore::report::{DeviceHealing, HealingReport, healing_report};

/// What was lost and what came back. It changes with every device that comes back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealingAnswer {
    /// Whether the store ever lost anything; without it everything else is empty.
    lost: bool,
    /// The backup, or what a device showed.
    from: Option<String>,
    /// Whether nobody restored it on purpose: its disk was rolled back.
    unnoticed: bool,
    /// When it was restored, or the loss was noticed.
    at: Option<i64>,
    /// Last number of the log that was kept.
    until_number: Option<u64>,
    /// Time of that record, where it is known.
    until_at: Option<i64>,
    /// Last number that a device has seen of the log that the loss cut off.
    seen_to: Option<u64>,
    /// The losses before this one, the first at the top.
    earlier: Vec<EarlierLoss>,
    /// Facts that came back under the store's own receipts.
    known_again: u64,
    /// Facts that came under envelopes of devices that knew more than the store: lost ones, or new work.
    brought: u64,
    /// Numbers that devices had seen and that nothing returned accounts for: acts of the office, envelopes, reference
    /// records, and facts that no device has brought yet.
    unaccounted: u64,
    devices: Vec<HealingDevice>,
    /// Devices that wait until an administrator confirms them.
    waiting: Vec<WaitingDevice>,
    /// Orders of which a device had seen more than anybody has returned; at most 1,000.
    gaps: Vec<GapItem>,
    /// How many there are.
    gaps_total: usize,
}

/// A loss before the last one: a device that was away since may still bring something of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EarlierLoss {
    from: String,
    unnoticed: bool,
    at: i64,
    /// Last number of the log that was kept then.
    until_number: u64,
    /// Last number that a device has seen of the log that it cut off.
    seen_to: Option<u64>,
}

/// A device and the loss.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealingDevice {
    device: String,
    /// Whether it has had contact since the loss.
    back: bool,
    /// The last number that it had seen of the last log that it knew of those that were lost.
    seen_to: Option<u64>,
    /// Facts that it gave back under receipts.
    known_again: u64,
    /// Facts that it brought under envelopes.
    brought: u64,
    /// Reference records that it gave back.
    references: u64,
}

/// A device that the store enrolled and has forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingDevice {
    device: String,
    /// Whose it is, by its certificate.
    person: Option<Named>,
    /// When it was enrolled.
    enrolled_at: Option<i64>,
    first_at: i64,
    last_at: i64,
    /// Facts of it that wait here.
    facts: u64,
}

/// What nobody has returned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GapItem {
    /// The order.
    document: String,
    /// The number up to which a device had seen it.
    number: u64,
    /// When the loss was that took it.
    lost_at: Option<i64>,
    /// That device.
    device: String,
}

impl HealingDevice {
    fn of(device: &DeviceHealing) -> Self {
        Self {
            device: device.device.to_string(),
            back: device.is_back,
            seen_to: device.seen_to,
            known_again: device.returned.known,
            brought: device.returned.brought,
            references: device.returned.references,
        }
    }
}

/// The report as of now.
#[utoipa::path(
    get, path = "/api/store/healing", tag = "administration",
    responses(
        (status = 200, description = "What was lost and what came back", body = HealingAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn get_healing(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
) -> Result<Json<HealingAnswer>, ApiError> {
    Ok(Json(blocking(&office, |office| answer(office, &healing_report(office)?)).await?))
}

fn answer(office: &Office, report: &HealingReport) -> Result<HealingAnswer, ApiError> {
    let reading = Reading::begin(office);
    let mut names = Names::default();
    let mut waiting = Vec::new();
    for (device, row) in &report.waiting {
        let certificate = row.certified();
        let person = certificate.as_ref().and_then(|certificate| certificate.persons.first().map(|(id, _)| *id));
        waiting.push(WaitingDevice {
            device: device.to_string(),
            person: person.map(|person| names.person(&reading, person)).transpose()?,
            enrolled_at: certificate.map(|certificate| certificate.issued_at.0),
            first_at: row.first_at.0,
            last_at: row.last_at.0,
            facts: row.facts,
        });
    }
    let loss = report.loss.as_ref();
    let gap = |gap: &crate::restore::report::Gap| GapItem {
        document: gap.document.to_string(),
        number: gap.number,
        lost_at: gap.lost_at.map(|at| at.0),
        device: gap.device.to_string(),
    };
    let earlier = |(loss, seen_to): &(Restored, Option<u64>)| EarlierLoss {
        from: loss.from.clone(),
        unnoticed: loss.was_unnoticed(),
        at: loss.at.0,
        until_number: loss.until_number,
        seen_to: *seen_to,
    };
    Ok(HealingAnswer {
        lost: loss.is_some(),
        from: loss.map(|loss| loss.from.clone()),
        unnoticed: loss.is_some_and(Restored::was_unnoticed),
        at: loss.map(|loss| loss.at.0),
        until_number: loss.map(|loss| loss.until_number),
        until_at: loss.and_then(|loss| loss.until_at).map(|at| at.0),
        seen_to: report.seen_to,
        earlier: report.earlier.iter().map(earlier).collect(),
        known_again: report.known_again(),
        brought: report.brought(),
        unaccounted: report.unaccounted(),
        devices: report.devices.iter().map(HealingDevice::of).collect(),
        waiting,
        gaps: report.gaps.iter().map(gap).collect(),
        gaps_total: report.gaps_total,
    })
}
