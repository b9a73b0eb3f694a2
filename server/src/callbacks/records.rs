//! The list of callbacks in its table, and the records it adds to the log. Format: `schemas/log-office.md`.

use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::rules::{Call, Callback, Outcome};
use crate::commit::{CommitError, Tables, Writer};
use crate::company;
use crate::log::LogRecord;
use crate::store::{Entry, KeyRange, Table, record};

/// The feature's name in the log.
pub const FEATURE: &str = "callbacks";

/// What callbacks add to the log [frozen].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CallbackRecord {
    /// The order is on the list, or its completion is another one.
    #[n(0)]
    Due(#[n(0)] Callback),
    /// The completion was withdrawn: it is off the list.
    #[n(1)]
    Withdrawn,
    /// A call was made.
    #[n(2)]
    Called(#[n(0)] Callback),
}

/// Which callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Those to be made, the one that is due first at the top.
    Due,
    /// Those made, the latest first.
    Done,
    /// All, the latest completed first.
    All,
}

impl Filter {
    /// The filter with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "due" => Some(Self::Due),
            "done" => Some(Self::Done),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Due => b"d",
            Self::Done => b"x",
            Self::All => b"a",
        }
    }

    fn counter(self) -> Vec<u8> {
        [b"n", self.prefix()].concat()
    }
}

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackPage {
    /// Order and callback.
    pub items: Vec<(DocumentId, Callback)>,
    /// Where the next page begins; absent at the end.
    pub next: Option<Vec<u8>>,
    /// How many there are in all.
    pub total: u64,
}

/// The callback of an order.
///
/// # Errors
/// When the store fails.
pub fn get<T: Tables + ?Sized>(tables: &T, order: DocumentId) -> Result<Option<Callback>, CommitError> {
    tables.read(Table::Callback, &row_key(order))
}

/// A page of the list; `after` is [`CallbackPage::next`] of the page before.
///
/// # Errors
/// When the store fails.
pub fn page<T: Tables + ?Sized>(
    tables: &T,
    filter: Filter,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<CallbackPage, CommitError> {
    let mut range = KeyRange::prefix(filter.prefix());
    if let Some(after) = after {
        range = range.continued_after([filter.prefix(), after].concat());
    }
    let found: Vec<Entry> = tables.scan(Table::Callback, &range, limit.saturating_add(1))?;
    let more = found.len() > limit;
    let shown = found.get(..limit).unwrap_or(&found);
    let mut items = Vec::with_capacity(shown.len());
    for (key, _) in shown {
        let Some(order) = key.get(9..).and_then(DocumentId::from_slice) else { continue };
        if let Some(callback) = get(tables, order)? {
            items.push((order, callback));
        }
    }
    let next = shown.last().filter(|_| more).and_then(|(key, _)| key.get(1..)).map(<[u8]>::to_vec);
    let total = tables.read(Table::Callback, &filter.counter())?.unwrap_or(0);
    Ok(CallbackPage { items, next, total })
}

/// Keeps the outcome of a call.
///
/// # Errors
/// [`CommitError::NotFound`] where the order has no callback, [`CommitError::AlreadyDone`] at the second answer.
pub fn call(writer: &mut Writer, order: DocumentId, call: Call) -> Result<Callback, CommitError> {
    let kept = get(writer, order)?.ok_or(CommitError::NotFound { what: "a callback for this order" })?;
    let (policy, by) = (company::policy(writer, writer.identity().store)?, call.by);
    let after = super::rules::answer(&policy, &kept, call)
        .map_err(|_done| CommitError::AlreadyDone { what: "this callback" })?;
    put(writer, order, Some(&after))?;
    log(writer, order, &CallbackRecord::Called(after.clone()), Some(by));
    Ok(after)
}

/// Writes or removes an order's callback, with its places in the lists and the counters.
pub(super) fn put(writer: &mut Writer, order: DocumentId, new: Option<&Callback>) -> Result<(), CommitError> {
    let old = get(writer, order)?;
    if let Some(old) = &old {
        for (filter, key) in places(order, old) {
            writer.remove(Table::Callback, key);
            count(writer, filter, |total| total.saturating_sub(1))?;
        }
    }
    match new {
        Some(new) => {
            writer.write(Table::Callback, row_key(order), new);
            for (filter, key) in places(order, new) {
                writer.put(Table::Callback, key, Vec::new());
                count(writer, filter, |total| total.saturating_add(1))?;
            }
        }
        None => writer.remove(Table::Callback, row_key(order)),
    }
    Ok(())
}

pub(super) fn log(writer: &mut Writer, order: DocumentId, record: &CallbackRecord, by: Option<PersonId>) {
    let at = writer.now();
    writer.log(&LogRecord::Office {
        feature: FEATURE.to_owned(),
        document: Some(order),
        bytes: record::encode(record),
        by,
        at,
    });
}

fn count(writer: &mut Writer, filter: Filter, change: impl FnOnce(u64) -> u64) -> Result<(), CommitError> {
    let total = writer.read(Table::Callback, &filter.counter())?.unwrap_or(0);
    writer.write(Table::Callback, filter.counter(), &change(total));
    Ok(())
}

fn row_key(order: DocumentId) -> Vec<u8> {
    [b"o".as_slice(), &order.0].concat()
}

/// The keys under which a callback stands in the lists: the list, 8 bytes that sort, the order.
fn places(order: DocumentId, callback: &Callback) -> [(Filter, Vec<u8>); 2] {
    let key = |filter: Filter, sort: u64| (filter, [filter.prefix(), &sort.to_be_bytes(), &order.0].concat());
    let millis = |time: UnixMillis| u64::try_from(time.0).unwrap_or(0);
    let latest_first = |time: UnixMillis| u64::MAX.saturating_sub(millis(time));
    let listed = match (callback.outcome, callback.called_at) {
        (Some(Outcome::Ok | Outcome::Redo | Outcome::Refill | Outcome::Complaint), Some(called_at)) => {
            key(Filter::Done, latest_first(called_at))
        }
        _ => key(Filter::Due, millis(callback.due_at)),
    };
    [listed, key(Filter::All, latest_first(callback.completion.at))]
}
