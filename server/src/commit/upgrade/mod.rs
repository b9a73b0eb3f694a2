//! The first opening of a store by a program that keeps more of it than the one before: what is missing is made up
//! for, before anybody is served.
//!
//! That is the lists of the office ([`super::listing`]), orders with facts that were not known, which are folded again,
//! and the changes in quarantine that could not be judged ([`super::judge_again`]). Each job is small. Cut off
//! anywhere, it begins again from the start at the next opening: the record that says that everything is done is written last. It names the start that wrote it, so that a program
//! which does not know of it and wrote in between is noticed.

use docket_sync_core::facts::{FactKind, known_level};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::reference::ReferenceRecord;
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::keys;
use super::order::RowRecord;
use super::quarantine::QuarantineEntry;
use super::tables::Tables;
use super::writer::Writer;
use crate::store::{Entry, KeyRange, Table, record};

/// Version of the lists. Raised when one is added, or its keys change: they are then made anew. Since 3 what the store
/// gives is signed.
const LISTS: u64 = 3;
/// Entries of old lists removed in one job.
const CLEARED_PER_JOB: usize = 4_096;
/// Orders listed in one job: those with open reviews are loaded, about 60 KB each.
const ORDERS_PER_JOB: usize = 256;
/// Changes in quarantine looked at in one job; each holds its fact, up to 64 KB.
const QUARANTINED_PER_JOB: usize = 64;
/// Reference records looked at in one job.
const RECORDS_PER_JOB: usize = 1_024;
/// Orders after which the log says how far it has come.
const ORDERS_PER_LINE: u64 = 10_000;

/// What the program that opened the store last had done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct OpenedBy {
    /// The start that wrote this.
    #[n(0)]
    start: u64,
    /// Version of the lists.
    #[n(1)]
    lists: u64,
    /// How many kinds of facts it knew.
    #[n(2)]
    kinds: u64,
}

impl OpenedBy {
    fn this(start: u64) -> Self {
        let known = FactKind::ALL.iter().filter(|kind| kind.level() <= known_level()).count();
        Self { start, lists: LISTS, kinds: u64::try_from(known).unwrap_or(u64::MAX) }
    }
}

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Clear,
    Orders {
        after: Option<Vec<u8>>,
    },
    /// What enters may be what something in front of it, by key, waited for: then all of it is gone through again.
    Quarantine {
        after: Option<Vec<u8>>,
        has_entered: bool,
    },
    Given {
        after: Option<Vec<u8>>,
    },
    Keep,
    Done,
}

/// An upgrade on its way, job by job.
#[derive(Debug)]
pub(super) struct Upgrade {
    step: Step,
    orders: u64,
}

impl Upgrade {
    /// What is to be done in a store whose last start was `last_start`. Part of the job that begins a new start: from
    /// then on the store says that it is not done.
    pub(super) fn begin(writer: &mut Writer, last_start: u64) -> Result<Self, CommitError> {
        let opened: Option<OpenedBy> = writer.read(Table::Meta, keys::OPENED)?;
        let is_done = opened == Some(OpenedBy::this(last_start));
        if is_done {
            let start = writer.identity.start;
            writer.write(Table::Meta, keys::OPENED, &OpenedBy::this(start));
        } else {
            writer.remove(Table::Meta, keys::OPENED);
        }
        let step = if is_done { Step::Done } else { Step::Clear };
        Ok(Self { step, orders: 0 })
    }

    pub(super) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Whether an error of the last job concerns one change in quarantine only, which then waits on.
    pub(super) fn goes_on_after(&self, error: &CommitError) -> bool {
        matches!(self.step, Step::Quarantine { .. }) && (error.is_damage() || !matches!(error, CommitError::Store(_)))
    }

    /// The next job.
    pub(super) fn next(&mut self, writer: &mut Writer) -> Result<(), CommitError> {
        match self.step.clone() {
            Step::Clear => {
                if writer.clear_lists(CLEARED_PER_JOB)? {
                    self.step = Step::Orders { after: None };
                }
            }
            Step::Orders { after } => self.list_orders(writer, after)?,
            Step::Quarantine { after, has_entered } => self.judge_again(writer, after, has_entered)?,
            Step::Given { after } => self.sign_given(writer, after)?,
            Step::Keep => {
                let start = writer.identity.start;
                writer.write(Table::Meta, keys::OPENED, &OpenedBy::this(start));
                self.step = Step::Done;
            }
            Step::Done => {}
        }
        Ok(())
    }

    fn list_orders(&mut self, writer: &mut Writer, after: Option<Vec<u8>>) -> Result<(), CommitError> {
        let rows = page(writer, Table::View, after, ORDERS_PER_JOB)?;
        let before = self.orders;
        for (key, value) in &rows {
            let Some(order) = DocumentId::from_slice(key) else { continue };
            // Whoever reads a damaged row next writes it anew, and lists it then.
            match record::decode::<RowRecord>("order row", value) {
                Ok(row) => {
                    if let Some(serial) = &row.serial {
                        writer.put(Table::Index, keys::serial(serial, order), Vec::new());
                    }
                    writer.list_again(order, &row)?;
                }
                Err(error) => tracing::error!(work_order.id = %order, %error, "a damaged row is on no list"),
            }
            self.orders = self.orders.saturating_add(1);
        }
        let line = |orders: u64| orders.checked_div(ORDERS_PER_LINE);
        if line(before) != line(self.orders) {
            tracing::info!(orders = self.orders, "making the lists of orders and reviews anew");
        }
        for (key, _) in &rows {
            let Some(order) = DocumentId::from_slice(key) else { continue };
            // What it says now shows in its row, its feeds and its timers, as if it had come today (R10).
            if writer.meta(order)?.is_some_and(|meta| meta.unknown.is_some()) {
                tracing::info!(work_order.id = %order, "an order with facts that were not known is folded again");
                writer.order(order)?;
                writer.fire(order)?;
                writer.read_again(order)?;
            }
        }
        let last = rows.last().filter(|_| rows.len() == ORDERS_PER_JOB).map(|(key, _)| key.clone());
        if last.is_none() && self.orders > 0 {
            tracing::info!(orders = self.orders, "the lists of orders and reviews were made anew");
        }
        self.step = match last {
            Some(last) => Step::Orders { after: Some(last) },
            None => Step::Quarantine { after: None, has_entered: false },
        };
        Ok(())
    }

    /// At most one change is judged in one job: one that fails takes no other with it, and the next one finds the
    /// order as the one before left it, scopes included.
    fn judge_again(
        &mut self,
        writer: &mut Writer,
        after: Option<Vec<u8>>,
        has_entered: bool,
    ) -> Result<(), CommitError> {
        let entries = page(writer, Table::Quarantine, after, QUARANTINED_PER_JOB)?;
        let count = entries.len();
        for (key, value) in entries {
            self.step = Step::Quarantine { after: Some(key.clone()), has_entered };
            let entry: QuarantineEntry = record::decode("quarantine entry", &value)?;
            if writer.may_enter_now(&entry)? {
                tracing::info!(work_order.id = %entry.document, "a change that an older program refused is judged again");
                let enters = writer.judge_again(&key, entry)?;
                self.step = Step::Quarantine { after: Some(key), has_entered: has_entered || enters };
                return Ok(());
            }
        }
        if count < QUARANTINED_PER_JOB {
            self.step = if has_entered {
                Step::Quarantine { after: None, has_entered: false }
            } else {
                Step::Given { after: None }
            };
        }
        Ok(())
    }

    /// Codes and blocks that a program gave without signing them: in their next version they are, so that devices can
    /// give them back.
    fn sign_given(&mut self, writer: &mut Writer, after: Option<Vec<u8>>) -> Result<(), CommitError> {
        let rows = page(writer, Table::Reference, after, RECORDS_PER_JOB)?;
        for (_, value) in &rows {
            let Ok(record) = ReferenceRecord::from_bytes(value) else { continue };
            if record.content.signature() == Some(None) && !record.deleted {
                writer.write_reference(record.id, record.content, None)?;
            }
        }
        let last = rows.last().filter(|_| rows.len() == RECORDS_PER_JOB).map(|(key, _)| key.clone());
        self.step = last.map_or(Step::Keep, |last| Step::Given { after: Some(last) });
        Ok(())
    }
}

fn page(writer: &Writer, table: Table, after: Option<Vec<u8>>, limit: usize) -> Result<Vec<Entry>, CommitError> {
    let range = after.map_or_else(KeyRange::all, KeyRange::after);
    Ok(writer.scan(table, &range, limit)?)
}

#[cfg(test)]
mod tests;
