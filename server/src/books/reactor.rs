//! The books follow the log: every order that says something new to them is taken again, and what falls due by the
//! clock is looked at.

use docket_sync_core::facts::{FactKind, StatedFact};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::UnixMillis;

use super::desk::Desk;
use super::records::{self, letter};
use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor};
use crate::store::{KeyRange, Table};

/// Orders looked at in one tick; the others wait for the next.
const DUE_PER_TICK: usize = 256;

/// Keeps the books.
#[derive(Debug)]
pub struct Bookkeeper;

impl Reactor for Bookkeeper {
    fn name(&self) -> &'static str {
        "books"
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        let LogRecord::Fact(fact) = record else { return None };
        // What cannot be read is left to the fold.
        let kind = StatedFact::from_bytes(&fact.bytes).ok().and_then(|fact| fact.content.body.kind());
        kind.is_some_and(concerns).then_some(Concern::Order(fact.document))
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        for order in page.orders() {
            page.for_order(order, || Desk::open(writer)?.follow(order))?;
        }
        if page.is_tick() {
            for order in due(writer)? {
                page.for_order(order, || Desk::open(writer)?.follow(order))?;
            }
        }
        Ok(())
    }
}

/// Orders of which something has fallen due.
fn due(writer: &Writer) -> Result<Vec<DocumentId>, CommitError> {
    let from = records::due_key(UnixMillis(0), DocumentId([0; 16]));
    let to = records::due_key(writer.now().plus(1), DocumentId([0; 16]));
    debug_assert_eq!(from.first(), Some(&letter::DUE));
    let keys = writer.scan(Table::Books, &KeyRange::new(from, to), DUE_PER_TICK)?;
    Ok(keys.iter().filter_map(|(key, _)| records::last_order(key)).collect())
}

/// Whether a fact of this kind can change what an order says to the books.
fn concerns(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::RecordLine
            | FactKind::ReplaceLine
            | FactKind::ReverseLine
            | FactKind::CorrectFact
            | FactKind::WithdrawOwn
            | FactKind::Pause
            | FactKind::Resume
            | FactKind::End
            | FactKind::OutcomeDone
            | FactKind::OutcomeUnfinished
            | FactKind::OutcomeNotRepairable
            | FactKind::HandoverVisit
            | FactKind::TakeCustody
            | FactKind::TransferCustody
            | FactKind::ReturnCustody
            | FactKind::BenchWork
            | FactKind::Inspect
            | FactKind::EditHeader
            | FactKind::Acknowledge
            | FactKind::CollectCash
            | FactKind::RemitCash
            | FactKind::BookTransfer
            | FactKind::GrantDiscount
            | FactKind::SignDocument
            | FactKind::SignByCode
            | FactKind::AttachPaper
            | FactKind::RejectSignature
            | FactKind::CancelByOffice
            | FactKind::CancelByCustomer
            | FactKind::Reinstate
            | FactKind::QualityVerdict
            | FactKind::SetWarranty
            | FactKind::ResolveReview
            | FactKind::ReviewDefault
            | FactKind::Admit
            | FactKind::StateFinding
            | FactKind::LiftFinding
    )
}
