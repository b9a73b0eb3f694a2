//! The rotation at work: follows the log, keeps the queue, and sends the next technician to what became ready.

use std::collections::BTreeSet;

use docket_sync_core::facts::{FactKind, StatedFact};
use docket_sync_core::reference::{ReferenceKind, ReferenceRecord};

use super::desk::Desk;
use super::records::{self, Waiting};
use super::rules::{Needs, is_out};
use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor, is_set_aside};
use crate::store::{KeyRange, Table};

/// Waiting orders read at once.
const READ_AT_ONCE: usize = 512;
/// Orders that one job dispatches; the others are dispatched with the next page or tick.
const DISPATCHED_MAX: usize = 2_000;
/// Kinds of needs that nobody meets, remembered in one job.
const HOPELESS_MAX: usize = 1_000;

/// Dispatches by rotation (C-040).
#[derive(Debug)]
pub struct Rotation;

const NAME: &str = "dispatch";

impl Reactor for Rotation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        match record {
            LogRecord::Fact(fact) => {
                // What cannot be read is left to the fold.
                let kind = StatedFact::from_bytes(&fact.bytes).ok().and_then(|fact| fact.content.body.kind());
                kind.is_none_or(concerns).then_some(Concern::Order(fact.document))
            }
            LogRecord::Person { .. } => Some(Concern::Roster),
            LogRecord::Reference { bytes, .. } => {
                let kind = ReferenceRecord::from_bytes(bytes).ok().and_then(|record| record.content.kind());
                let counts = matches!(kind, Some(ReferenceKind::Person | ReferenceKind::PolicyRecord));
                counts.then_some(Concern::Roster)
            }
            LogRecord::Started { .. }
            | LogRecord::Envelope { .. }
            | LogRecord::Enrolled { .. }
            | LogRecord::Revoked { .. }
            | LogRecord::Quarantined { .. }
            | LogRecord::Proof { .. }
            | LogRecord::Restored { .. }
            | LogRecord::Confirmed { .. }
            | LogRecord::Decided { .. }
            | LogRecord::Office { .. } => None,
        }
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        let mut desk = Desk::open(writer, writer.identity().store)?;
        for order in page.orders() {
            page.for_order(order, || desk.follow(writer, order))?;
        }
        if page.roster_changed() || page.is_tick() || desk.freed {
            return try_all(writer, &mut desk, page);
        }
        for key in std::mem::take(&mut desk.began_to_wait) {
            let Some(order) = records::queued_order(&key) else { continue };
            page.for_order(order, || desk.dispatch_by_rotation(writer, order))?;
        }
        Ok(())
    }
}

/// Tries everything that waits, in the order of the queue (C-044). However many orders at its head nobody can do,
/// those behind them get their turn: what the same need has found nobody for is passed over without asking.
fn try_all(writer: &mut Writer, desk: &mut Desk, page: &Page) -> Result<(), CommitError> {
    let mut range = KeyRange::prefix(records::QUEUE);
    let mut hopeless: BTreeSet<Needs> = BTreeSet::new();
    let mut dispatched = 0_usize;
    loop {
        let queue = writer.scan(Table::Dispatch, &range, READ_AT_ONCE)?;
        let next_page = queue.last().filter(|_| queue.len() == READ_AT_ONCE).map(|(key, _)| key.clone());
        for (key, bytes) in queue {
            if dispatched >= DISPATCHED_MAX || !is_anybody_free(desk) {
                return Ok(());
            }
            let Some(order) = records::queued_order(&key) else { continue };
            let waiting: Waiting = crate::store::record::decode("waiting order", &bytes)?;
            let needs = waiting.needs();
            if !waiting.automatic || hopeless.contains(&needs) {
                continue;
            }
            if desk.next(&needs).is_err() {
                if hopeless.len() < HOPELESS_MAX {
                    hopeless.insert(needs);
                }
            } else if !is_set_aside(writer, NAME, order)? {
                page.for_order(order, || desk.dispatch_by_rotation(writer, order))?;
                dispatched = dispatched.saturating_add(1);
            }
        }
        match next_page {
            Some(key) => range = range.continued_after(key),
            None => return Ok(()),
        }
    }
}

fn is_anybody_free(desk: &Desk) -> bool {
    let rules = &desk.policy.dispatch;
    desk.roster.iter().any(|one| one.active && !(rules.skip_not_returned && is_out(rules, one)))
}

/// Whether a fact of this kind can change who is assigned, who is out, or what waits.
fn concerns(kind: FactKind) -> bool {
    !matches!(
        kind,
        FactKind::Seen
            | FactKind::ProposeAppointment
            | FactKind::ConfirmAppointment
            | FactKind::Pause
            | FactKind::Resume
            | FactKind::RecordLine
            | FactKind::ReverseLine
            | FactKind::AddNote
            | FactKind::SignDocument
            | FactKind::RefuseSignature
            | FactKind::RejectSignature
            | FactKind::Acknowledge
    )
}
