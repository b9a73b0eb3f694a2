//! The terms of every kind of review (U-19): who decides, until when, what happens otherwise.
//!
//! Invariant 10: each has an owner, a limit or the quality of blocking, and a default. The limits are constants
//! of the schema level, since the fold knows no policy; a policy may ask for a shorter one.

use std::collections::BTreeMap;

use super::view::{LineStanding, OrderView, Review, ReviewKind};
use crate::facts::Role;
use crate::facts::values::{Money, ReviewChoice};
use crate::ids::{Digest, ReviewId};
use crate::time::{DAY, HOUR, MINUTE};

/// Who decides a review, until when, and what happens otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The kind.
    pub kind: ReviewKind,
    /// Who decides.
    pub owner: Role,
    /// Milliseconds from the latest cause's `lo` until the default fires; `None` never.
    pub limit_ms: Option<i64>,
    /// What the owner may choose.
    pub choices: &'static [ReviewChoice],
    /// What happens when nobody decides.
    pub default: ReviewChoice,
    /// Whether it blocks closing.
    pub blocking: bool,
}

/// The terms of a kind.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a table, one row for each kind")]
pub fn terms(kind: ReviewKind) -> Terms {
    use ReviewChoice::{
        Acknowledged, Consented, Continue, Exchange, First, Keep, Refund, Release, Return, Second, Terminate, WriteOff,
    };
    let (owner, limit_ms, choices, default, blocking): (_, _, &'static [ReviewChoice], _, _) = match kind {
        // 30 minutes. The caller replaces the default by "terminate" where nobody let the technician in.
        ReviewKind::CancelContested => (Role::Supervisor, Some(30 * MINUTE), &[Continue, Terminate], Continue, true),
        // within one day. The work stands unless the supervisor writes the charge off.
        ReviewKind::LateCancel => (Role::Supervisor, Some(DAY), &[Acknowledged, WriteOff], Acknowledged, false),
        // R3(d): nothing is billable without new consent, and nothing is closed before a person has decided.
        ReviewKind::WorkAfterCancel => (Role::Supervisor, None, &[Consented, WriteOff], WriteOff, true),
        // released by itself when the technician on site reports DONE; at the latest after a day.
        ReviewKind::WorkByReplaced => (Role::Dispatcher, Some(DAY), &[Keep, Release], Release, false),
        ReviewKind::DoubleVisit => (Role::Supervisor, Some(7 * DAY), &[Keep, WriteOff], Keep, false),
        // the first to arrive has the visit.
        ReviewKind::DoubleAssigned => (Role::Dispatcher, Some(2 * HOUR), &[First, Keep, Release], First, false),
        // R8: both times stay blocked until a person has talked to the customer, so the default keeps both.
        ReviewKind::AppointmentConflict => (Role::Clerk, Some(DAY), &[First, Second, Keep], Keep, false),
        // written off after seven days.
        ReviewKind::UncoveredLines => (Role::Clerk, Some(7 * DAY), &[Consented, WriteOff], WriteOff, false),
        // C-086: an objection is settled; the order itself is not held up by it.
        ReviewKind::SignatureRefused => (Role::Supervisor, Some(DAY), &[Acknowledged, WriteOff], Acknowledged, false),
        // never rejected.
        ReviewKind::Amendment => (Role::Supervisor, Some(7 * DAY), &[Keep, WriteOff], Keep, false),
        ReviewKind::ClonedDevice => (Role::Supervisor, Some(DAY), &[Acknowledged], Acknowledged, false),
        ReviewKind::VoidFact => (Role::Supervisor, Some(7 * DAY), &[Acknowledged, Keep], Acknowledged, false),
        // R8: two promises stand side by side until a person has talked to the customer.
        ReviewKind::ConflictingCommitments => (Role::Supervisor, None, &[First, Second], First, true),
        // C-080: it never was a signature. The order counts as unsigned; the technician asks for another one.
        ReviewKind::SignatureUnverified => (Role::Supervisor, Some(DAY), &[Acknowledged], Acknowledged, false),
        // C-045: the supervisor sees to the paper; the work counts meanwhile, and nothing is filed without it.
        ReviewKind::PaperworkDue => (Role::Supervisor, None, &[Acknowledged], Acknowledged, true),
        // its author reverses one; never by itself.
        ReviewKind::PossibleDuplicate => (Role::Technician, Some(7 * DAY), &[Keep], Keep, false),
        // the later edit shows until its author has said which.
        ReviewKind::LineConflict => (Role::Technician, Some(DAY), &[First, Second], Second, false),
        // R9: nobody guesses who has the goods.
        ReviewKind::CustodyConflict => (Role::Supervisor, None, &[First, Second], First, true),
        // the goods go back unrepaired unless the customer wants the repair after all.
        ReviewKind::GoodsAfterCancel => (Role::Clerk, Some(DAY), &[Return, Consented], Return, false),
        // R7: what was paid too much goes back.
        ReviewKind::RefundDue => (Role::Accountant, Some(7 * DAY), &[Refund, Keep], Refund, false),
        // C-028: the quality department decides by its verdict.
        ReviewKind::WarrantyDisputed => (Role::Quality, None, &[Acknowledged], Acknowledged, true),
        // charged only with a new consent.
        ReviewKind::NotCharged => (Role::Clerk, Some(7 * DAY), &[Consented, WriteOff], WriteOff, false),
        // X-33, C-084: open until the document is filed.
        ReviewKind::PolicyException => (Role::Clerk, Some(7 * DAY), &[Keep], Keep, false),
        // C-029: an exchange or a refund, before anything is closed.
        ReviewKind::NotRepairable => (Role::Supervisor, None, &[Exchange, Refund, Keep], Keep, true),
        // the approver is asked for the version that shows now.
        ReviewKind::ApprovalOutdated => (Role::Supervisor, Some(DAY), &[Acknowledged], Acknowledged, false),
        // the storekeeper asks both; nothing is charged before he has decided.
        ReviewKind::SerialConflict => (Role::Storekeeper, None, &[Keep, WriteOff], WriteOff, true),
        ReviewKind::StockDispute => (Role::Storekeeper, Some(7 * DAY), &[Acknowledged], Acknowledged, false),
        // the technician confirms the split, or corrects his lines.
        ReviewKind::TimeOverlap => (Role::Technician, Some(7 * DAY), &[Keep], Keep, false),
        ReviewKind::CashOvernight => (Role::Accountant, Some(DAY), &[Acknowledged], Acknowledged, false),
        // C-116: open until the storekeeper has the old part, or lets it go.
        ReviewKind::CoreOwed => (Role::Storekeeper, None, &[Return, WriteOff], Return, true),
        ReviewKind::BenchLate => (Role::Supervisor, Some(DAY), &[Acknowledged], Acknowledged, false),
        // C-064: never dropped.
        ReviewKind::PartSource => (Role::Storekeeper, Some(7 * DAY), &[Keep], Keep, false),
        // C-068: the company decides; an escalated order is never idle.
        ReviewKind::Escalation => (Role::Supervisor, Some(DAY), &[Acknowledged], Acknowledged, false),
        // C-063: the limit is the time from which the thing can be used. The default that fires then is the reminder.
        ReviewKind::NotUsableYet => (Role::Clerk, Some(0), &[Acknowledged], Acknowledged, false),
        // X-65, C-173: the service supervisor visits the customer.
        ReviewKind::ComplaintGoverns => (Role::Supervisor, Some(3 * DAY), &[Acknowledged], Acknowledged, false),
        // R7: the accountant credits it, or finds that it stands.
        ReviewKind::InvoiceDoubtful => (Role::Accountant, Some(7 * DAY), &[Refund, Keep], Refund, false),
        // C-027: no bill before every party has agreed to its share.
        ReviewKind::SharesOpen => (Role::Clerk, Some(7 * DAY), &[Acknowledged], Acknowledged, false),
    };
    Terms { kind, owner, limit_ms, choices, default, blocking }
}

/// The money at stake in a review, in the currency of most: what was paid too much, or the lines that caused it, or
/// else every line that counts. Absent where nothing has a price.
#[must_use]
pub fn stake(view: &OrderView, review: &Review) -> Option<Money> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let mut add = |currency, minor: i64| {
        let sum = sums.entry(currency).or_insert(0);
        *sum = sum.saturating_add(minor.saturating_abs());
    };
    if review.kind == ReviewKind::RefundDue {
        view.facets.money.overpaid.iter().for_each(|(currency, minor)| add(currency, *minor));
    } else {
        let causes = || view.lines.iter().filter(|line| review.causes.contains(&line.at.fact));
        let counts = || view.lines.iter().filter(|line| line.standing == LineStanding::Effective);
        let lines: Vec<_> = if causes().next().is_some() { causes().collect() } else { counts().collect() };
        lines
            .iter()
            .filter_map(|line| line.line.amount.as_ref())
            .for_each(|amount| add(&amount.currency, amount.minor));
    }
    let (currency, minor) = sums.into_iter().max_by_key(|(_, minor)| *minor).filter(|(_, minor)| *minor > 0)?;
    Some(Money { minor, currency: currency.to_owned() })
}

/// Id of a review: the first 16 bytes of BLAKE3 over a domain name, the kind's number and the sorted digests of
/// the facts that caused it.
#[must_use]
pub fn review_id(kind: ReviewKind, causes: &[Digest]) -> ReviewId {
    let mut causes = causes.to_vec();
    causes.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-review-1");
    hasher.update(&[kind.number()]);
    for cause in &causes {
        hasher.update(&cause.0);
    }
    let mut id = [0; ReviewId::LENGTH];
    hasher.finalize_xof().fill(&mut id);
    ReviewId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_review_has_an_owner_a_default_among_its_choices_and_a_limit_or_blocks() {
        for kind in ReviewKind::ALL {
            let terms = terms(*kind);
            assert!(terms.choices.contains(&terms.default), "{kind}");
            assert!(terms.limit_ms.is_some() || terms.blocking, "{kind}");
        }
    }

    #[test]
    fn the_id_does_not_depend_on_the_order_of_causes() {
        let (one, other) = (Digest([1; 32]), Digest([2; 32]));
        let id = review_id(ReviewKind::LateCancel, &[one, other]);
        assert_eq!(id, review_id(ReviewKind::LateCancel, &[other, one]));
        assert_ne!(id, review_id(ReviewKind::CancelContested, &[one, other]));
    }
}
