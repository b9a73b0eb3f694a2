//! The service policy: what one company demands of its service, as versioned data.
//!
//! Regulations contradict each other, so nothing here is a constant of the program: limits, the rotation's
//! rules, the callback plan and the voucher's terms come from a JSON file that the office writes and that
//! travels to devices as a reference record. Facts record the version they were judged by. A policy narrows
//! what is offered; it never decides what is admitted, and the fold does not read it.
//!
//! Not here: who may state a fact (a constant of the schema level, see [`crate::facts::FactKind::right`]).
//!
//! Schema: `schemas/policy/service-policy.schema.json`; what ships: `schemas/policy/default.json`.

mod keys;

use serde::{Deserialize, Serialize};

pub use keys::{PolicyError, PolicyProblem};

use crate::facts::values::{Channel, Urgency};
use crate::reference::Translated;
use crate::time::{DAY, HOUR, MINUTE, UnixMillis};

/// The policy that ships, as JSON.
pub const DEFAULT_JSON: &str = include_str!("../../../schemas/policy/default.json");

/// One version of a company's service policy. Made by [`ServicePolicy::from_json`], which validates it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePolicy {
    /// Format of the file; this program reads format 1.
    pub format: u32,
    /// The policy's own version, from 1; facts record it.
    pub version: u32,
    /// ISO 4217 code of amounts where nothing else names one.
    pub currency: String,
    /// Local time of the company, minutes east of UTC.
    pub utc_offset_minutes: i32,
    /// The service call register.
    pub intake: IntakePolicy,
    /// The rotation.
    pub dispatch: DispatchPolicy,
    /// Times agreed with customers.
    pub appointment: AppointmentPolicy,
    /// Cancelling.
    pub cancel: CancelPolicy,
    /// Signing.
    pub signature: SignaturePolicy,
    /// The follow-up call.
    pub callback: CallbackPolicy,
    /// The guarantee for repairs.
    pub guarantee: GuaranteePolicy,
    /// The service voucher.
    pub voucher: VoucherPolicy,
    /// Cash, goods and parts. A policy written before it was a section takes what ships.
    pub books: BooksPolicy,
}

/// Rules of what lies across orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BooksPolicy {
    /// Minutes after midnight, in the company's time, by which the cash of a day is handed in (C-093).
    pub remit_by_minutes: u32,
    /// Machines that the bench repairs in a day (C-137).
    pub bench_machines_per_day: u32,
    /// Classes of parts for which the old one comes back (交旧领新, C-116): the codes up to the first hyphen.
    pub core_classes: Vec<String>,
}

/// Rules of intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakePolicy {
    /// Work, time and amount are confirmed with the customer before dispatch (C-006).
    pub confirmation_before_dispatch: bool,
    /// Hours from registration to completion by urgency (C-004).
    pub limit_hours: UrgencyLimits,
}

/// Hours by urgency (C-004).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrgencyLimits {
    /// Normal requests.
    pub normal: u32,
    /// Urgent requests.
    pub urgent: u32,
    /// People or property in danger.
    pub hazard: u32,
}

/// Rules of the rotation (C-040). Who is not active is passed over always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of a policy file, not a state")]
pub struct DispatchPolicy {
    /// Pass over a technician whose skill does not fit.
    pub skip_unskilled: bool,
    /// Pass over a technician who has not returned from an earlier order.
    pub skip_not_returned: bool,
    /// Pass over a technician who has refused this order before.
    pub skip_refused: bool,
    /// Open orders with which a technician counts as not returned, from 1 to 100. Regulation says 1; who is
    /// sent out with the orders of a whole day writes more.
    pub orders_at_once: u32,
    /// A dispatch by the supervisor's own choice counts as the technician's turn (C-041).
    pub override_moves_pointer: bool,
}

/// Rules of appointments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppointmentPolicy {
    /// Hours within which the customer is called when two times were promised to him.
    pub conflict_limit_hours: u32,
}

/// Rules of cancelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelPolicy {
    /// Minutes until a contested cancel is decided by default.
    pub contested_minutes: u32,
}

/// Rules of signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignaturePolicy {
    /// Days until lines outside every signature are written off.
    pub write_off_days: u32,
    /// Contract maintenance is signed and sealed (签字盖章, C-084): until the photo of the seal is filed, it is missing.
    pub seal_for_contract: bool,
}

/// The callback plan (C-150, C-151).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackPolicy {
    /// Days after completion within which the customer is called (C-151).
    pub days: u32,
    /// How the customer is asked.
    pub channel: Channel,
    /// Hours until the next try when nobody answered.
    pub retry_hours: u32,
}

/// The repair itself is guaranteed (维修保证, C-026).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuaranteePolicy {
    /// Days after completion within which the same fault is repaired free of charge; 0 gives none.
    pub repair_days: u32,
}

/// The voucher's template and terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoucherPolicy {
    /// Name of the template.
    pub template: String,
    /// Version of the template.
    pub template_version: u32,
    /// The terms as the customer reads them.
    pub terms: Translated,
}

impl ServicePolicy {
    /// Reads and validates a policy file.
    ///
    /// # Errors
    /// Names the first key that is unknown, missing or wrong, and what to write instead.
    pub fn from_json(json: &[u8]) -> Result<Self, PolicyError> {
        let value = keys::checked(json)?;
        serde_json::from_value(value).map_err(|error| PolicyError::whole(&error))
    }

    /// The policy that ships with this version.
    ///
    /// # Errors
    /// Never in a released version: a test reads it.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::from_json(DEFAULT_JSON.as_bytes())
    }

    /// The policy file, as it is stored in a reference record.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// When a request of `urgency` registered at `registered` is due (C-004).
    #[must_use]
    pub fn due_at(&self, registered: UnixMillis, urgency: Urgency) -> UnixMillis {
        let limits = &self.intake.limit_hours;
        let hours = match urgency {
            Urgency::Normal => limits.normal,
            Urgency::Urgent => limits.urgent,
            Urgency::Hazard => limits.hazard,
        };
        registered.plus(HOUR.saturating_mul(hours.into()))
    }

    /// When the follow-up call for work completed at `completed` is due (C-151): the last millisecond of the
    /// last day, counted in the company's calendar. Completed on the 1st with 3 days is the end of the 4th.
    #[must_use]
    pub fn callback_due_at(&self, completed: UnixMillis) -> UnixMillis {
        let offset = MINUTE.saturating_mul(self.utc_offset_minutes.into());
        let day = completed.plus(offset).0.div_euclid(DAY);
        let after = day.saturating_add(self.callback.days.into()).saturating_add(1);
        UnixMillis(DAY.saturating_mul(after)).plus(offset.saturating_neg()).plus(-1)
    }

    /// When to try again after nobody answered at `tried`.
    #[must_use]
    pub fn callback_retry_at(&self, tried: UnixMillis) -> UnixMillis {
        tried.plus(HOUR.saturating_mul(self.callback.retry_hours.into()))
    }

    /// The instant in the company's local time, to the minute: `2026-11-21 19:30 +08:00`.
    #[must_use]
    pub fn local_time(&self, at: UnixMillis) -> String {
        let offset = self.utc_offset_minutes;
        let local = at.plus(MINUTE.saturating_mul(offset.into()));
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
        match chrono::DateTime::from_timestamp_millis(local.0) {
            Some(time) => format!("{} {sign}{hours:02}:{minutes:02}", time.format("%Y-%m-%d %H:%M")),
            None => at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> ServicePolicy {
        ServicePolicy::shipped().unwrap()
    }

    #[test]
    fn the_shipped_policy_is_valid_and_survives_its_json() {
        let policy = shipped();
        assert_eq!(ServicePolicy::from_json(&policy.to_json()).unwrap(), policy);
        assert_eq!(
            (policy.callback.days, policy.cancel.contested_minutes, policy.signature.write_off_days),
            (3, 30, 7)
        );
        assert!(policy.voucher.terms.zh.contains("服务凭证"));
    }

    #[test]
    fn c_004_due_follows_the_class() {
        let ten = UnixMillis(10 * HOUR);
        assert_eq!(shipped().due_at(ten, Urgency::Urgent), UnixMillis(14 * HOUR));
        assert_eq!(shipped().due_at(ten, Urgency::Hazard), UnixMillis(12 * HOUR));
        assert_eq!(shipped().due_at(ten, Urgency::Normal), UnixMillis(34 * HOUR));
    }

    #[test]
    fn c_151_callback_within_three_days() {
        // 08:00 on the 1st in the company's time; due when the 4th is over there.
        assert_eq!(shipped().callback_due_at(UnixMillis(0)), UnixMillis(4 * DAY - 8 * HOUR - 1));
        assert_eq!(
            shipped().callback_due_at(UnixMillis(16 * HOUR - 1)),
            UnixMillis(4 * DAY - 8 * HOUR - 1),
            "the last moment of that day"
        );
        assert_eq!(shipped().callback_due_at(UnixMillis(16 * HOUR)), UnixMillis(5 * DAY - 8 * HOUR - 1), "the 2nd");
        assert_eq!(shipped().callback_retry_at(UnixMillis(0)), UnixMillis(4 * HOUR));
    }

    #[test]
    fn local_time_is_the_companys() {
        let mut policy = shipped();
        assert_eq!(policy.local_time(UnixMillis(1_763_724_600_000)), "2025-11-21 19:30 +08:00");
        policy.utc_offset_minutes = -210;
        assert_eq!(policy.local_time(UnixMillis(1_763_724_600_000)), "2025-11-21 08:00 -03:30");
        assert_eq!(policy.local_time(UnixMillis(i64::MAX)), format!("{}ms", i64::MAX));
    }
}
