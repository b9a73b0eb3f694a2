//! Planning and the header: holds, edits, emergency orders, paperwork, escalation, parts, duplicates.

use crate::facts::values::{
    Channel, EmergencyBasis, EscalationKind, HeaderChange, HoldReason, Line, PartWanted, ServiceClass, Urgency,
};
use crate::ids::{DocumentId, FactRef, RecordId};
use crate::time::UnixMillis;

bodies! {
    /// The order waits (挂起). Clocks pause only from the time the customer was told (C-043).
    Hold {
        /// Why.
        0 reason: HoldReason,
        /// In words.
        1 text: Option<String>,
        /// When the customer was told.
        2 told: Option<UnixMillis>,
    }

    /// A reason to wait is gone.
    Release {
        /// The hold, request of parts or escalation.
        0 hold: FactRef,
        /// In words.
        1 reason: Option<String>,
    }

    /// The office edits the header; each field counts by itself. The customer's words never change (C-031).
    EditHeader {
        /// The fields with their new values.
        0 changes: Vec<HeaderChange>,
        /// Why.
        1 reason: Option<String>,
    }

    /// The request is out of scope (不受理, C-007).
    Decline {
        /// Why.
        0 reason: String,
    }

    /// Repair first, paperwork after (先抢修后补单, C-045): the order begins on site.
    CreateEmergencyOrder {
        /// Why there is no paper.
        0 basis: EmergencyBasis,
        /// What is wrong.
        1 problem: String,
        /// Who asked and where, in words.
        2 contact: String,
        /// The customer's record, where it is on the device.
        3 customer: Option<RecordId>,
        /// The site's record, where it is on the device.
        4 site: Option<RecordId>,
        /// The unit's record, where it is on the device.
        5 unit: Option<RecordId>,
    }

    /// The office completes the paper of an emergency order.
    CompletePaperwork {
        /// The customer's record.
        0 customer: RecordId,
        /// The site's record.
        1 site: RecordId,
        /// The unit's record.
        2 unit: Option<RecordId>,
        /// How the request came in.
        3 channel: Channel,
        /// Service class.
        4 class: ServiceClass,
        /// Urgency.
        5 urgency: Urgency,
        /// Serial in the service call register, taken in the same commit.
        6 serial: Option<String>,
    }

    /// The technician takes the order himself (C-048).
    SelfDispatch {
        /// On what basis.
        0 basis: EmergencyBasis,
        /// In words.
        1 reason: Option<String>,
    }

    /// Parts are missing (C-069); the order waits for them.
    RequestParts {
        /// What is wanted.
        0 parts: Vec<PartWanted>,
        /// Whether they go to the site.
        1 to_site: bool,
        /// In words.
        2 reason: Option<String>,
    }

    /// Wanted parts have arrived in the store.
    ReceiveParts {
        /// The request, or a hold for parts.
        0 request: FactRef,
        /// In words.
        1 note: Option<String>,
    }

    /// The technician cannot solve it and reports at once (C-068).
    Escalate {
        /// What kind.
        0 kind: EscalationKind,
        /// In words.
        1 text: String,
    }

    /// A line that the office plans (C-052).
    PlanLine {
        /// The line.
        0 line: Line,
    }

    /// A planned line is taken off the plan.
    DropPlannedLine {
        /// The planned line.
        0 line: FactRef,
        /// Why.
        1 reason: Option<String>,
    }

    /// This order and another are the same call.
    LinkDuplicate {
        /// The other order.
        0 other: DocumentId,
        /// Whether this one survives.
        1 survives: bool,
        /// Why.
        2 reason: Option<String>,
    }

    /// The link was a mistake.
    Unlink {
        /// The link.
        0 link: FactRef,
        /// Why.
        1 reason: String,
    }
}
