//! What a cold pull sends before its turn: the orders of a scope that ask for work, today's first.
//!
//! A pull walks the feed by number, and what changed last comes last there. A new device would show finished
//! orders for a while and not the one its owner drives to. So the first batches begin with these orders; the walk
//! goes on beside them, so that the cursor means what it always means, and passes over what was sent already. A
//! session that is cut forgets what it sent ahead: that, at most one batch, is sent again.

use std::collections::{BTreeMap, VecDeque};

use docket_sync_core::facts::values::Urgency;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::OrderState;
use docket_sync_core::limits::{BATCH_BYTES, FIRST_BATCH_BYTES};
use docket_sync_core::time::{DAY, UnixMillis};

use crate::commit::{CommitError, Item, RowRecord, ScopeId, Tables, keys};
use crate::store::{KeyRange, Store, Table};

/// Orders looked at for a place in front: many times what anybody has to do.
const ORDERS_MAX: usize = 2_000;

/// What is sent ahead in one session.
#[derive(Debug)]
pub struct Ahead {
    /// Orders that wait for their place, the most pressing first.
    waiting: VecDeque<DocumentId>,
    /// What was sent, and the durable number at which it was as it was sent.
    sent: BTreeMap<Item, u64>,
    /// Bytes that may still be sent ahead, and would be sent again after a cut.
    budget: usize,
}

impl Ahead {
    /// Nothing: the session does not begin at the beginning.
    #[must_use]
    pub fn none() -> Self {
        Self { waiting: VecDeque::new(), sent: BTreeMap::new(), budget: 0 }
    }

    /// For a session that stays open: at most one batch.
    pub(super) fn of_session(store: &dyn Store, scope: ScopeId, now: UnixMillis) -> Result<Self, CommitError> {
        Self::within(store, scope, now, BATCH_BYTES)
    }

    /// For a single answer: the next request remembers nothing of it, so only the small first batch.
    pub(super) fn of_answer(store: &dyn Store, scope: ScopeId, now: UnixMillis) -> Result<Self, CommitError> {
        Self::within(store, scope, now, FIRST_BATCH_BYTES)
    }

    fn within(store: &dyn Store, scope: ScopeId, now: UnixMillis, budget: usize) -> Result<Self, CommitError> {
        let mut ranked = Vec::new();
        let open = KeyRange::prefix(keys::open_orders(scope));
        for (key, _) in Tables::scan(store, Table::Index, &open, ORDERS_MAX)? {
            let Some(document) = keys::read_document(&key) else { continue };
            let row: Option<RowRecord> = match store.read(Table::View, &document.0) {
                Err(error) if error.is_damage() => None,
                row => row?,
            };
            ranked.extend(row.map(|row| (rank(&row, now), document)));
        }
        ranked.sort_unstable();
        let waiting = ranked.into_iter().map(|(_, document)| document).collect();
        Ok(Self { waiting, sent: BTreeMap::new(), budget })
    }

    /// The next order to send before its turn; `None` when there is none, or no more may be sent ahead.
    pub(super) fn take(&mut self) -> Option<DocumentId> {
        if self.budget == 0 {
            self.waiting.clear();
        }
        self.waiting.pop_front()
    }

    /// The item was sent as it is at `number`.
    pub(super) fn note(&mut self, item: Item, number: u64, bytes: usize) {
        self.sent.insert(item, number);
        self.budget = self.budget.saturating_sub(bytes);
    }

    /// From where on an item is news to the device, which asked for everything after `from`.
    pub(super) fn news_after(&self, item: Item, from: u64) -> u64 {
        self.sent.get(&item).map_or(from, |number| from.max(*number))
    }

    /// Whether the item was sent ahead.
    pub(super) fn has_sent(&self, item: Item) -> bool {
        self.sent.contains_key(&item)
    }
}

/// Under way first, then what is to be done within a day, then danger and urgency, then the earlier call.
fn rank(row: &RowRecord, now: UnixMillis) -> (u8, u8, UnixMillis) {
    let is_today = row.window.is_some_and(|window| window.from <= now.plus(DAY) && window.to >= now.plus(-DAY));
    let pressing = match row.state {
        OrderState::InProgress => 0,
        _ if is_today => 1,
        _ => 2,
    };
    let urgency = match row.urgency {
        Some(Urgency::Hazard) => 0,
        Some(Urgency::Urgent) => 1,
        Some(Urgency::Normal) | None => 2,
    };
    (pressing, urgency, row.registered_at)
}
