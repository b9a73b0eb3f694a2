//! What follows from a kind beside its row: in which documents it lies, what it names, and what it begins.

use super::kinds::{FactBody, FactKind};
use super::rights::Audience;
use super::values::ApprovalWay;
use crate::ids::PersonId;

/// By whose word something is approved or rejected, and how that is shown (U-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// Whose; its author's where it names nobody.
    pub approver: Option<PersonId>,
    /// How.
    pub way: ApprovalWay,
    /// Number of the one-time code.
    pub code: Option<u32>,
    /// The one-time code as it was read out.
    pub secret: Option<&'a str>,
}

impl FactBody {
    /// By whose word it approves or rejects; `None` for other kinds.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds approve nothing")]
    pub fn word(&self) -> Option<Word<'_>> {
        match self {
            Self::Approve(body) => Some(Word {
                approver: Some(body.approver),
                way: body.way,
                code: body.code,
                secret: body.secret.as_deref(),
            }),
            Self::Reject(body) => Some(Word {
                approver: body.approver,
                way: body.way.unwrap_or(ApprovalWay::Office),
                code: body.code,
                secret: body.secret.as_deref(),
            }),
            _ => None,
        }
    }

    /// The reference records that an order names by this fact: customer, site, unit.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds name no record that a device needs")]
    pub fn named_records(&self) -> Vec<crate::ids::RecordId> {
        let named = match self {
            Self::RegisterCall(call) => [Some(call.customer), Some(call.site), call.unit],
            Self::CreateEmergencyOrder(order) => [order.customer, order.site, order.unit],
            Self::CompletePaperwork(paper) => [Some(paper.customer), Some(paper.site), paper.unit],
            _ => [None; 3],
        };
        named.into_iter().flatten().collect()
    }
}

/// Kinds that may lie in either document of an order: what is stated about a fact lies where that fact lies.
const IN_BOTH: &[FactKind] = &[
    FactKind::AddNote,
    FactKind::Approve,
    FactKind::CorrectFact,
    FactKind::FileDocument,
    FactKind::Reject,
    FactKind::ResolveReview,
    FactKind::ReviewDefault,
];

impl FactKind {
    /// Whether facts of this kind may lie in the order's document, or in its companion.
    #[must_use]
    pub fn lies_in(self, audience: Audience) -> bool {
        self.audience() == audience || IN_BOTH.contains(&self)
    }

    /// Whether the role in which its author acts decides something: intents are ranked by it (R2), corrections and
    /// decisions depend on it. A fact that does not state it is read as by the first role of its row.
    #[must_use]
    pub fn role_counts(self) -> bool {
        self.level() > 1
            || matches!(
                self,
                Self::Assign
                    | Self::Unassign
                    | Self::ProposeAppointment
                    | Self::CancelByOffice
                    | Self::Reinstate
                    | Self::ReverseLine
                    | Self::WithdrawOwn
                    | Self::ResolveReview
            )
    }

    /// Kinds that may be the first fact of an order's document.
    #[must_use]
    pub fn begins_order(self) -> bool {
        matches!(self, Self::RegisterCall | Self::CreateEmergencyOrder)
    }

    /// Whether it is stated by the store's own server only, online (lifecycle 4.4): from a device, whoever uses it,
    /// it is refused.
    #[must_use]
    pub fn is_office_act(self) -> bool {
        matches!(
            self,
            Self::Admit | Self::Discard | Self::PassOver | Self::Renumber | Self::StateFinding | Self::LiftFinding
        )
    }
}
