//! The guarantee for repairs (C-026): a new call on a unit that was repaired within the policy's days is free for the
//! customer and names the order that it repeats.
//!
//! What the rule finds is a fact, `set_warranty` by `system:repair-guarantee`, once for each call; a clerk who knows
//! better sets another class after it. Orders without a unit are left alone.

pub mod rules;

use docket_sync_core::facts::bodies::SetWarranty;
use docket_sync_core::facts::values::ServiceClass;
use docket_sync_core::facts::{Fact, FactKind, StatedFact};
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
        (kind == Some(FactKind::RegisterCall)).then_some(Concern::Order(fact.document))
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
    let is_call = |fact: &&Fact| fact.kind() == Some(FactKind::RegisterCall);
    let Some(cause) = known.facts.iter().find(is_call).map(|fact| fact.digest) else { return Ok(()) };
    let view = writer.current_view(order)?;
    let Some(request) = view.request.as_ref() else { return Ok(()) };
    // A contract pays by its own terms; somebody who has judged already knew the unit's history.
    let open = request.class == ServiceClass::Chargeable && view.facets.class == Some(request.class);
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
