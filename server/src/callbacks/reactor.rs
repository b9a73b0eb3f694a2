//! Follow-up calls follow the log: every completion puts its order on the clerk's list, a withdrawn one takes it
//! off again.

use docket_sync_core::facts::{FactKind, StatedFact};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{OrderView, Outcome};
use docket_sync_core::policy::ServicePolicy;

use super::records::{self, CallbackRecord};
use super::rules::{self, Change, Completion};
use crate::commit::{CommitError, Writer};
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor};

/// Puts completed orders on the list (C-150).
#[derive(Debug)]
pub struct FollowUp;

impl Reactor for FollowUp {
    fn name(&self) -> &'static str {
        "callbacks"
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        let LogRecord::Fact(fact) = record else { return None };
        // What cannot be read is left to the fold.
        let kind = StatedFact::from_bytes(&fact.bytes).ok().and_then(|fact| fact.content.body.kind());
        kind.is_none_or(concerns).then_some(Concern::Order(fact.document))
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        // Nothing falls due by itself: whether a call is overdue is computed when it is shown.
        let policy = crate::company::policy(writer, writer.identity().store)?;
        for order in page.orders() {
            page.for_order(order, || follow(writer, &policy, order))?;
        }
        Ok(())
    }
}

fn follow(writer: &mut Writer, policy: &ServicePolicy, order: DocumentId) -> Result<(), CommitError> {
    let view = match writer.current_view(order) {
        Ok(view) => view,
        Err(CommitError::NoOrder(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let kept = records::get(writer, order)?;
    match rules::follow(policy, kept.as_ref(), completion(&view)) {
        Change::None => {}
        Change::Put(callback) => {
            records::put(writer, order, Some(&callback))?;
            records::log(writer, order, &CallbackRecord::Due(callback), None);
        }
        Change::Withdraw => {
            records::put(writer, order, None)?;
            records::log(writer, order, &CallbackRecord::Withdrawn, None);
        }
    }
    Ok(())
}

/// The completion that counts, in field time (C-198).
fn completion(view: &OrderView) -> Option<Completion> {
    let done = view.completed?;
    let visit = view.visits.iter().find(|visit| match &visit.outcome {
        Some(Outcome::Done { at, .. }) => at.fact == done.fact,
        Some(Outcome::Unfinished { .. } | Outcome::NotRepairable { .. }) | None => false,
    });
    Some(Completion {
        fact: done.fact.reference(),
        at: done.lo,
        technician: visit.map(|visit| visit.technician).or_else(|| view.technician()),
    })
}

/// Whether a fact of this kind can complete an order, or undo that.
fn concerns(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::OutcomeDone
            | FactKind::OutcomeUnfinished
            | FactKind::OutcomeNotRepairable
            | FactKind::AddWorkItem
            | FactKind::DropWorkItem
            | FactKind::WithdrawOwn
            | FactKind::CorrectFact
            | FactKind::Admit
            | FactKind::ReturnCustody
            | FactKind::CancelByOffice
            | FactKind::CancelByCustomer
            | FactKind::Reinstate
            | FactKind::ReviewDefault
            | FactKind::ResolveReview
    )
}
