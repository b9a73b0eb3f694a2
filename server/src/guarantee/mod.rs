//! The guarantee for repairs (C-026): a new call on a unit that was repaired within the policy's days is free for the
//! customer and names the order that it repeats; an emergency order on it as well.
//!
//! What the rule finds is a fact, `set_warranty` by `system:repair-guarantee`, once for each call; a clerk who knows
//! better sets another class after it. Orders without a unit are left alone.

pub mod rules;

use docket_sync_core::facts::bodies::SetWarranty;
use docket_sync_core::facts::values::ServiceClass;
use docket_sync_core::facts::{Fact, FactBody, FactKind, StatedFact};
use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::lifecycle::view::Outcome;
use docket_sync_core::time::{Between, UnixMillis};

use self::rules::{Repair, done_at, repeat};
use crate::commit::{CommitError, Tables, Writer, keys};
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor};
use crate::store::{KeyRange, Table};

/// The rule's name.
pub const RULE: &str = "repair-guarantee";
/// Orders of one unit that are looked at, the newest first.
const HISTORY_MAX: usize = 50;

/// Recognises repeats.
#[derive(Debug)]
pub struct RepairGuarantee;

impl Reactor for RepairGuarantee {
    fn name(&self) -> &'static str {
        RULE
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        let LogRecord::Fact(fact) = record else { return None };
        let kind = StatedFact::from_bytes(&fact.bytes).ok().and_then(|fact| fact.content.body.kind());
        kind.is_some_and(names_unit).then_some(Concern::Order(fact.document))
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        let days = crate::company::policy(writer, writer.identity().store)?.guarantee.repair_days;
        for order in page.orders() {
            page.for_order(order, || judge(writer, order, days))?;
        }
        Ok(())
    }
}

fn judge(writer: &mut Writer, order: DocumentId, days: u32) -> Result<(), CommitError> {
    let Some(known) = writer.order(order)? else { return Ok(()) };
    // An emergency order is a call, too; its unit is named on site, or when its paper is completed.
    let cause = known.facts.iter().filter(|fact| unit_of(fact).is_some()).map(|fact| (fact.time, fact.digest)).min();
    let Some((_, cause)) = cause else { return Ok(()) };
    let view = writer.current_view(order)?;
    let Some(request) = view.request.as_ref() else { return Ok(()) };
    // A contract pays by its own terms; somebody who has judged already knew the unit's history.
    let unjudged = view.facets.class == Some(request.class) && view.facets.verdict.is_none();
    let open = request.class == ServiceClass::Chargeable && unjudged;
    let Some(unit) = request.unit.filter(|_| open) else { return Ok(()) };
    let repairs = repairs(writer, unit, order, request.at.time)?;
    let Some(repeat) = repeat(&repairs, request.at.time, days) else { return Ok(()) };
    let body = SetWarranty {
        class: ServiceClass::Free,
        until: Some(repeat.until),
        disputed: false,
        reason: None,
        repeat_of: Some(repeat.of.order),
    };
    writer.state_by_rule(order, RULE, &[cause], body.into())?;
    Ok(())
}

/// Kinds that say for which unit somebody called.
fn names_unit(kind: FactKind) -> bool {
    matches!(kind, FactKind::RegisterCall | FactKind::CreateEmergencyOrder | FactKind::CompletePaperwork)
}

/// The unit for which somebody called, where the fact names it.
fn unit_of(fact: &Fact) -> Option<RecordId> {
    match fact.body() {
        FactBody::RegisterCall(call) => call.unit,
        FactBody::CreateEmergencyOrder(order) => order.unit,
        FactBody::CompletePaperwork(paper) => paper.unit,
        _ => None,
    }
}

/// Finished repairs of a unit, without `order` itself.
fn repairs(
    writer: &mut Writer,
    unit: RecordId,
    order: DocumentId,
    called_at: UnixMillis,
) -> Result<Vec<Repair>, CommitError> {
    let range = KeyRange::prefix(keys::unit_orders(unit));
    let found = writer.scan(Table::Index, &range, usize::MAX)?;
    // Ids begin with the time at which the order was made (UUIDv7): the last ones are the newest.
    let orders: Vec<DocumentId> =
        found.iter().rev().take(HISTORY_MAX).filter_map(|(key, _)| keys::read_unit_order(key)).collect();
    let mut repairs = Vec::new();
    for other in orders.into_iter().filter(|other| *other != order) {
        let view = match writer.current_view(other) {
            Ok(view) => view,
            Err(CommitError::NoOrder(_)) => continue,
            Err(error) => return Err(error),
        };
        let done = view.visits.iter().filter_map(|visit| match &visit.outcome {
            Some(Outcome::Done { at, .. }) => Some(*at),
            Some(Outcome::Unfinished { .. } | Outcome::NotRepairable { .. }) | None => None,
        });
        let mut last = None;
        for at in done {
            let between = Between { lo: at.lo, hi: writer.received_at(other, at.fact)? };
            last = last.max(Some(done_at(at.claimed, between, called_at)));
        }
        if let (Some(_), Some(done_at)) = (view.completed, last) {
            repairs.push(Repair { order: other, done_at });
        }
    }
    Ok(repairs)
}
