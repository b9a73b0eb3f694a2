//! When a technician came, as an interval (U-10): a phone's clock says what it says, the server's contacts bound it.

use docket_sync_core::lifecycle::view::{OrderView, Visit};
use docket_sync_core::lifecycle::{fold, stated_before};
use docket_sync_core::limits;
use docket_sync_core::time::{Between, UnixMillis};
use serde::Serialize;
use utoipa::ToSchema;

use super::load::Loaded;

/// An arrival, with what the phone claimed and the bounds of the true time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ArrivalItem {
    /// What the phone's clock said.
    claimed_at: i64,
    /// Lower bound of the true time: the phone's last contact with the server, and the time that passed since.
    lo_at: i64,
    /// Upper bound: when the server had the fact.
    hi_at: Option<i64>,
    /// Whether the claimed time is more than five minutes outside the bounds, or off the hybrid time by as much.
    low_confidence: bool,
    /// End of the time that was agreed with the customer before.
    limit_at: Option<i64>,
    /// `met`, `breached` or `uncertain`: by the interval, never by the phone's clock.
    on_time: Option<&'static str>,
}

pub(super) fn arrival(loaded: &Loaded, view: &OrderView, visit: &Visit) -> Option<ArrivalItem> {
    let moment = visit.arrived?;
    let digest = loaded.facts.get(moment.fact)?.digest;
    // a supervisor has found the true time.
    let corrected = view.facets.corrected_time(moment.fact);
    let between = match corrected {
        Some(time) => Between { lo: time, hi: Some(time) },
        None => Between { lo: moment.lo, hi: loaded.received_at(moment.fact, digest) },
    };
    // Every clock is some seconds off.
    let near =
        Between { lo: between.lo.plus(-limits::CLOCK_OFF_MS), hi: between.hi.map(|hi| hi.plus(limits::CLOCK_OFF_MS)) };
    // What was promised when he came: his outcome has used that time up, and another may have been agreed since.
    let then = fold(&stated_before(&loaded.facts, moment.time));
    let agreed = then.appointment.as_ref().filter(|agreed| agreed.confirmed);
    let limit: Option<UnixMillis> = agreed.map(|agreed| agreed.window.to);
    Some(ArrivalItem {
        claimed_at: moment.claimed.0,
        lo_at: moment.lo.0,
        hi_at: between.hi.map(|hi| hi.0),
        low_confidence: corrected.is_none()
            && (view.facets.low_confidence.contains(&moment.fact) || !near.holds(moment.claimed)),
        limit_at: limit.map(|limit| limit.0),
        on_time: limit.map(|limit| between.against(limit).code()),
    })
}
