//! Which orders are in whose scope, and the feed index that devices pull from.

use std::collections::BTreeSet;

use docket_sync_core::ids::{DocumentId, PersonId, RecordId};
use docket_sync_core::lifecycle::view::{OrderState, OrderView, ReviewStatus};
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::time::{HOUR, UnixMillis};

use super::error::CommitError;
use super::keys::{self, Item, ScopeId};
use super::meta::{DocumentMeta, ScopeEntry};
use super::order::Order;
use super::reasons::{Holders, is_over};
use super::tables::Tables;
use super::writer::Writer;
use crate::log::LogRecord;
use crate::store::{KeyRange, Table};

/// Timers fired in one round.
const TIMERS_PER_ROUND: usize = 256;

/// The next moment at which something of the order falls due.
fn next_due(view: &OrderView, meta: &DocumentMeta, holders: &Holders, now: UnixMillis) -> Option<UnixMillis> {
    let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
    let reviews = open.filter_map(|review| meta.due_of(review));
    let scopes = holders.values().flatten().copied().filter(|until| *until > now);
    reviews.chain(scopes).min()
}

/// Whether the order still asks for somebody's work.
fn asks_for_work(view: &OrderView) -> bool {
    !is_over(view.state) && !matches!(view.state, OrderState::Completed | OrderState::Returned)
}

impl Writer {
    /// Moves a changed order in the feeds of everyone who has, had or gets it.
    pub(super) fn move_scopes(
        &mut self,
        document: DocumentId,
        order: &mut Order,
        holders: &Holders,
        before: DigestSum,
        after: DigestSum,
    ) -> Result<(), CommitError> {
        let now = self.now();
        let asks = asks_for_work(&order.view);
        let meta = &mut order.meta;
        let had: BTreeSet<PersonId> = meta.scopes.iter().copied().collect();
        let has: BTreeSet<PersonId> = holders
            .iter()
            .filter(|(_, until)| until.is_none_or(|until| until > now))
            .map(|(person, _)| *person)
            .collect();
        let item = Item::Document(document);
        for person in had.union(&has) {
            let scope = ScopeId::of(*person);
            let (was, is) = (had.contains(person), has.contains(person));
            let (less, more) =
                (if was { before } else { DigestSum::default() }, if is { after } else { DigestSum::default() });
            self.place(scope, item, meta.last, is)?;
            self.add_to_scope(scope, less, more)?;
            // Who has no reason left holds it, and has nothing to do.
            let is_work = asks && matches!(holders.get(person), Some(None));
            self.mark_open(scope, document, is_work)?;
            // Whoever has it already gets what it names in addition.
            let named: &[RecordId] = &meta.references;
            let before = order.named_before.as_deref().unwrap_or(named);
            let counted: Vec<RecordId> = match (was, is) {
                (true, false) => before.to_vec(),
                (false, true) => named.to_vec(),
                (true, true) => named.iter().filter(|record| !before.contains(record)).copied().collect(),
                (false, false) => Vec::new(),
            };
            for record in counted {
                self.count_reference(scope, record, meta.last, is)?;
            }
        }
        meta.scopes = has.into_iter().collect();
        order.named_before = None;
        Ok(())
    }

    /// Notes whether an order of the scope asks for work: such orders come first in a cold pull.
    fn mark_open(&mut self, scope: ScopeId, document: DocumentId, is_open: bool) -> Result<(), CommitError> {
        let key = keys::open_in_scope(scope, document);
        let was_open = self.get(Table::Index, &key)?.is_some();
        if is_open && !was_open {
            self.put(Table::Index, key, Vec::new());
        } else if was_open && !is_open {
            self.remove(Table::Index, key);
        }
        Ok(())
    }

    /// Puts an item at `number` in a scope's feed: one entry per item, so that many changes are sent once.
    fn place(&mut self, scope: ScopeId, item: Item, number: u64, is_in: bool) -> Result<(), CommitError> {
        let key = keys::scope_item(scope, item);
        let old: Option<ScopeEntry> = self.read(Table::Scope, &key)?;
        if let Some(old) = old {
            self.remove(Table::Feed, keys::feed(scope, old.number, item));
        }
        let stays = old.filter(|old| old.left_at.is_none());
        let entry = ScopeEntry {
            entered_at: stays.map_or(number, |old| old.entered_at),
            number,
            left_at: (!is_in).then_some(number),
        };
        self.write(Table::Scope, key, &entry);
        // One in eight: a bug that shows always would be found by anything.
        if !(sabotage::is_on(Bug::FeedEntryLost) && number.is_multiple_of(8)) {
            self.put(Table::Feed, keys::feed(scope, number, item), Vec::new());
        }
        self.job_touched.scopes.insert(scope);
        Ok(())
    }

    fn add_to_scope(&mut self, scope: ScopeId, less: DigestSum, more: DigestSum) -> Result<(), CommitError> {
        if sabotage::is_on(Bug::DigestNotUpdated) && less != DigestSum::default() {
            return Ok(());
        }
        let sum = self.scope_sum(scope)?.minus(less).plus(more);
        self.write(Table::Scope, keys::scope_digest(scope), &sum.to_digest());
        Ok(())
    }

    /// An order that names `record` entered or left a scope.
    fn count_reference(
        &mut self,
        scope: ScopeId,
        record: RecordId,
        number: u64,
        enters: bool,
    ) -> Result<(), CommitError> {
        let index = keys::reference_scope(record, scope);
        let count: u64 = self.read(Table::Index, &index)?.unwrap_or(0);
        let next = if enters { count.saturating_add(1) } else { count.saturating_sub(1) };
        if next == 0 {
            self.remove(Table::Index, index);
        } else {
            self.write(Table::Index, index, &next);
        }
        // Lost, and not yet given back: it moves in the scopes that count it when it comes.
        let Some(stored) = self.reference(record)? else { return Ok(()) };
        let term = DigestSum::of_reference(record, stored.version);
        let item = Item::Reference(record);
        if next == 0 {
            // The device drops the record by itself when it evicts the last order that names it.
            if let Some(old) = self.read::<ScopeEntry>(Table::Scope, &keys::scope_item(scope, item))? {
                self.remove(Table::Feed, keys::feed(scope, old.number, item));
                self.remove(Table::Scope, keys::scope_item(scope, item));
                self.add_to_scope(scope, term, DigestSum::default())?;
            }
            return Ok(());
        }
        if count == 0 {
            self.place(scope, item, number, true)?;
            self.add_to_scope(scope, DigestSum::default(), term)?;
        }
        Ok(())
    }

    /// A new version of a reference record moves in its own scope, or else in every one with an order that names it.
    pub(super) fn move_reference(
        &mut self,
        record: RecordId,
        scope: Option<ScopeId>,
        old_version: Option<u64>,
        version: u64,
        number: u64,
    ) -> Result<(), CommitError> {
        let mut scopes: Vec<ScopeId> = scope.into_iter().collect();
        if scopes.is_empty() {
            let range = KeyRange::prefix(keys::reference_scopes(record));
            for (key, _) in self.scan(Table::Index, &range, usize::MAX)? {
                let scope = key.get(17..).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
                scopes.extend(scope.map(ScopeId));
            }
        }
        let less = old_version.map(|version| DigestSum::of_reference(record, version)).unwrap_or_default();
        for scope in scopes {
            self.place(scope, Item::Reference(record), number, true)?;
            self.add_to_scope(scope, less, DigestSum::of_reference(record, version))?;
        }
        Ok(())
    }

    /// Whether an order ever was in a person's scope, or would have been: one that came back to a store that had lost
    /// it, long after the last reason to hold it, enters nobody's.
    pub(super) fn ever_in_scope(&self, document: DocumentId, person: PersonId) -> Result<bool, CommitError> {
        let key = keys::scope_item(ScopeId::of(person), Item::Document(document));
        if self.get(Table::Scope, &key)?.is_some() {
            return Ok(true);
        }
        let in_memory = self.orders.get(&document).map(|order| &order.meta);
        let ended = |meta: &DocumentMeta| meta.ended.as_ref().is_some_and(|ended| ended.contains_key(&person));
        match in_memory {
            Some(meta) => Ok(ended(meta)),
            None => Ok(self.meta(document)?.as_ref().is_some_and(ended)),
        }
    }

    pub(super) fn set_timer(
        &mut self,
        document: DocumentId,
        meta: &mut DocumentMeta,
        view: &OrderView,
        holders: &Holders,
    ) {
        let now = self.now();
        meta.note_reviews(view, now);
        let due = next_due(view, meta, holders, now);
        if due == meta.due {
            return;
        }
        if let Some(old) = meta.due {
            self.remove(Table::Timer, keys::timer(old, document));
        }
        if let Some(due) = due {
            self.put(Table::Timer, keys::timer(due, document), Vec::new());
        }
        meta.due = due;
    }

    /// Fires everything that fell due: defaults of reviews become facts, orders leave scopes.
    pub fn fire_due(&mut self) -> Result<(), CommitError> {
        for (_, document) in self.due()? {
            self.fire(document)?;
        }
        Ok(())
    }

    /// What fell due, at most one round of it.
    pub(super) fn due(&self) -> Result<Vec<(UnixMillis, DocumentId)>, CommitError> {
        let now = self.now();
        let range = KeyRange::new(Vec::new(), keys::timer(now.plus(1), DocumentId([0; 16])));
        let entries = self.scan(Table::Timer, &range, TIMERS_PER_ROUND)?;
        Ok(entries.into_iter().filter_map(|(key, _)| keys::read_timer(&key)).collect())
    }

    /// Fires what fell due for one order.
    pub(super) fn fire(&mut self, document: DocumentId) -> Result<(), CommitError> {
        let now = self.now();
        self.fire_defaults(document, now)?;
        // A record gives the number under which feeds move even when no fact was due.
        let number = self.log(&LogRecord::Office {
            feature: "scope".to_owned(),
            document: Some(document),
            bytes: Vec::new(),
            by: None,
            at: now,
        });
        if let Some(order) = self.orders.get_mut(&document) {
            order.meta.last = number;
            order.changed = true;
            self.job_orders.insert(document);
        }
        Ok(())
    }

    /// An order whose timer could not be fired is tried again later, so that it stops nobody else's.
    pub(super) fn postpone(&mut self, due: UnixMillis, document: DocumentId) {
        self.remove(Table::Timer, keys::timer(due, document));
        self.put(Table::Timer, keys::timer(self.now().plus(HOUR), document), Vec::new());
    }
}
