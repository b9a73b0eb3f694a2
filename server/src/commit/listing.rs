//! Indexes behind the lists of the office: orders by state and technician, open reviews by due time, each with
//! the number of its entries, so that a page reads as much as it shows.
//!
//! Written in the commit that changes the order. Not here: what a list looks like.

use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{Money, ReviewChoice};
use docket_sync_core::ids::{DocumentId, PersonId, ReviewId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::lifecycle::reviews::stake;
use docket_sync_core::lifecycle::view::{OrderState, OrderView, Review, ReviewKind, ReviewStatus};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::order::RowRecord;
use super::tables::Tables;
use super::writer::Writer;
use crate::store::{KeyRange, Order, Store, Table};

/// Which orders a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderList {
    /// In this state.
    pub state: Option<OrderState>,
    /// This technician is to do them.
    pub technician: Option<PersonId>,
}

impl OrderList {
    /// Prefix of its keys in table Index; `None` for all orders, which are the rows of table View themselves.
    fn prefix(self) -> Option<Vec<u8>> {
        match (self.technician, self.state) {
            (None, None) => None,
            (None, Some(state)) => Some(vec![b'o', b's', state.number()]),
            (Some(person), None) => Some([b"ot".as_slice(), &person.0].concat()),
            (Some(person), Some(state)) => Some([b"ob".as_slice(), &person.0, &[state.number()]].concat()),
        }
    }

    /// Key of its length in table Index.
    fn counter(self) -> Vec<u8> {
        [b"n".as_slice(), &self.prefix().unwrap_or_default()].concat()
    }

    /// How many orders are on it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn length<T: Tables + ?Sized>(self, tables: &T) -> Result<u64, CommitError> {
        Ok(tables.read(Table::Index, &self.counter())?.unwrap_or(0))
    }

    /// At most `limit` of its orders, the newest first, those after `after`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn page(
        self,
        store: &dyn Store,
        after: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<DocumentId>, CommitError> {
        let prefix = self.prefix().unwrap_or_default();
        let table = if prefix.is_empty() { Table::View } else { Table::Index };
        let mut range = KeyRange::prefix(prefix.clone());
        if let Some(after) = after {
            range = range.continued_before([prefix.as_slice(), &after.0].concat());
        }
        let entries = store.scan_stored(table, &range, limit, Order::Reverse)?;
        let id = |key: &[u8]| key.get(prefix.len()..).and_then(DocumentId::from_slice);
        Ok(entries.iter().filter_map(|(key, _)| id(key)).collect())
    }

    /// The lists on which an order stands.
    fn of(row: &RowRecord) -> Vec<Self> {
        let state = Some(row.state);
        let mut lists = vec![Self::default(), Self { state, technician: None }];
        if let Some(technician) = row.technician {
            let technician = Some(technician);
            lists.extend([Self { state: None, technician }, Self { state, technician }]);
        }
        lists
    }
}

/// An open review as the list of reviews shows it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReviewRow {
    /// Its kind.
    #[n(0)]
    pub kind: ReviewKind,
    /// Who decides.
    #[n(1)]
    pub owner: Role,
    /// When the default applies; absent: never.
    #[n(2)]
    pub due: Option<UnixMillis>,
    /// What applies then.
    #[n(3)]
    pub default: ReviewChoice,
    /// What its owner may choose.
    #[n(4)]
    pub choices: Vec<ReviewChoice>,
    /// Whether it blocks closing.
    #[n(5)]
    pub blocking: bool,
    /// When the last of its causes happened, at the earliest.
    #[n(6)]
    pub opened_at: UnixMillis,
    /// The money at stake.
    #[n(7)]
    pub stake: Option<Money>,
}

/// How the list of open reviews is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sorted {
    /// Due first, then opened first; what has no limit comes last.
    #[default]
    Due,
    /// Opened first.
    Age,
    /// The most money first, then opened first; what has none comes last.
    Stake,
}

impl Sorted {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Due, Self::Age, Self::Stake];

    /// Prefix of its keys in table Review.
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Due => LISTED,
            Self::Age => b"a",
            Self::Stake => b"m",
        }
    }

    /// What the list is sorted by.
    fn ranks(self, row: &ReviewRow) -> [[u8; 8]; 2] {
        let sorts = |time: UnixMillis| u64::try_from(time.0).unwrap_or(0).to_be_bytes();
        let due = row.due.map_or([0xFF; 8], sorts);
        let minor = row.stake.as_ref().map_or(0, |stake| u64::try_from(stake.minor).unwrap_or(0));
        match self {
            Self::Due => [due, sorts(row.opened_at)],
            Self::Age => [sorts(row.opened_at), due],
            Self::Stake => [u64::MAX.saturating_sub(minor).to_be_bytes(), sorts(row.opened_at)],
        }
    }
}

/// One entry of the list of open reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReview {
    /// Its key: where the next page begins.
    pub key: Vec<u8>,
    /// The order.
    pub order: DocumentId,
    /// The review.
    pub id: ReviewId,
    /// What is shown of it.
    pub row: ReviewRow,
}

/// Table Review: prefix of the list.
const LISTED: &[u8] = b"l";
/// Table Review: how many are open.
const OPEN: &[u8] = b"n";
/// Table Review: prefix of where the reviews of each order are listed.
const PLACES: &[u8] = b"d";
/// Bytes of what a key is sorted by.
const TIMES: usize = 16;

/// The keys under which the open reviews of one order are listed.
#[derive(Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Places {
    #[n(0)]
    keys: Vec<minicbor::bytes::ByteVec>,
}

fn places_key(order: DocumentId) -> Vec<u8> {
    [PLACES, &order.0].concat()
}

fn review_key(sorted: Sorted, order: DocumentId, id: ReviewId, row: &ReviewRow) -> Vec<u8> {
    let [first, second] = sorted.ranks(row);
    [sorted.prefix(), &first, &second, &order.0, &id.0].concat()
}

fn review_row(review: &Review, view: &OrderView, facts: &FactSet) -> ReviewRow {
    let causes = review.causes.iter().filter_map(|cause| facts.get(*cause));
    ReviewRow {
        kind: review.kind,
        owner: review.owner,
        due: review.due,
        default: review.default,
        choices: review.choices.clone(),
        blocking: review.blocking,
        opened_at: causes.map(docket_sync_core::facts::Fact::lo).max().unwrap_or(view.updated),
        stake: stake(view, review),
    }
}

/// How many reviews are open.
///
/// # Errors
/// When the store fails.
pub fn open_reviews<T: Tables + ?Sized>(tables: &T) -> Result<u64, CommitError> {
    Ok(tables.read(Table::Review, OPEN)?.unwrap_or(0))
}

/// At most `limit` open reviews after the one with the key `after`.
///
/// # Errors
/// When the store fails or a row is damaged.
pub fn reviews_page<T: Tables + ?Sized>(
    tables: &T,
    sorted: Sorted,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<ListedReview>, CommitError> {
    let mut range = KeyRange::prefix(sorted.prefix());
    if let Some(after) = after.filter(|after| after.starts_with(sorted.prefix())) {
        range = range.continued_after(after);
    }
    let mut reviews = Vec::new();
    for (key, value) in tables.scan(Table::Review, &range, limit)? {
        let ids =
            key.get(LISTED.len().saturating_add(TIMES)..).and_then(|ids| ids.split_at_checked(DocumentId::LENGTH));
        let Some((order, id)) = ids else { continue };
        let (Some(order), Some(id)) = (DocumentId::from_slice(order), ReviewId::from_slice(id)) else { continue };
        let row = crate::store::record::decode("review row", &value)?;
        reviews.push(ListedReview { key, order, id, row });
    }
    Ok(reviews)
}

/// Where the lists lie: tables and prefixes of keys that hold nothing else.
const LISTS: [(Table, &[u8]); 9] = [
    (Table::Index, b"n"),
    (Table::Index, b"os"),
    (Table::Index, b"ot"),
    (Table::Index, b"ob"),
    (Table::Review, OPEN),
    (Table::Review, LISTED),
    (Table::Review, b"a"),
    (Table::Review, b"m"),
    (Table::Review, PLACES),
];

impl Writer {
    /// Removes at most `limit` entries of the lists and their counters; tells whether none is left.
    pub(super) fn clear_lists(&mut self, limit: usize) -> Result<bool, CommitError> {
        let mut left = limit;
        for (table, prefix) in LISTS {
            for (key, _) in self.scan(table, &KeyRange::prefix(prefix), left)? {
                self.remove(table, key);
                left = left.saturating_sub(1);
            }
        }
        Ok(left > 0)
    }

    /// Lists an order that is on no list.
    pub(super) fn list_again(&mut self, order: DocumentId, row: &RowRecord) -> Result<(), CommitError> {
        self.list_order(order, None, row)?;
        if row.open_reviews == 0 {
            return Ok(());
        }
        match self.order(order) {
            Ok(_) => {}
            Err(error) if error.is_damage() => {
                tracing::error!(work_order.id = %order, %error, "the reviews of an order that cannot be read are not listed");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let Some(known) = self.orders.remove(&order) else { return Ok(()) };
        let both = self.view_of_both(order, &known.view, &known.facts);
        self.orders.insert(order, known);
        let (view, facts) = both?;
        self.list_reviews(order, &view, &facts)
    }

    /// Moves a changed order on the lists.
    pub(super) fn list_order(
        &mut self,
        order: DocumentId,
        old: Option<&RowRecord>,
        new: &RowRecord,
    ) -> Result<(), CommitError> {
        let (old, new) = (old.map(OrderList::of).unwrap_or_default(), OrderList::of(new));
        for list in old.iter().filter(|list| !new.contains(list)) {
            if let Some(prefix) = list.prefix() {
                self.remove(Table::Index, [prefix.as_slice(), &order.0].concat());
            }
            let length = list.length(self)?.saturating_sub(1);
            self.write(Table::Index, list.counter(), &length);
        }
        for list in new.iter().filter(|list| !old.contains(list)) {
            if let Some(prefix) = list.prefix() {
                self.put(Table::Index, [prefix.as_slice(), &order.0].concat(), Vec::new());
            }
            let length = list.length(self)?.saturating_add(1);
            self.write(Table::Index, list.counter(), &length);
        }
        Ok(())
    }

    /// Moves the open reviews of a changed order on their list.
    pub(super) fn list_reviews(
        &mut self,
        order: DocumentId,
        view: &OrderView,
        facts: &FactSet,
    ) -> Result<(), CommitError> {
        let old: Places = self.read(Table::Review, &places_key(order))?.unwrap_or_default();
        let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
        let mut rows = Vec::new();
        for review in open {
            let row = review_row(review, view, facts);
            let keys = Sorted::ALL.map(|sorted| review_key(sorted, order, review.id, &row));
            rows.extend(keys.into_iter().map(|key| (key, row.clone())));
        }
        let new = Places { keys: rows.iter().map(|(key, _)| key.clone().into()).collect() };
        for key in old.keys.iter().filter(|key| !new.keys.contains(key)) {
            self.remove(Table::Review, key.to_vec());
        }
        for (key, row) in &rows {
            self.write(Table::Review, key.clone(), row);
        }
        if old == new {
            return Ok(());
        }
        // Each review stands once on every list.
        let each = Sorted::ALL.len();
        let count = |places: &Places| u64::try_from(places.keys.len().div_euclid(each)).unwrap_or(0);
        let (less, more) = (count(&old), count(&new));
        let length = open_reviews(self)?.saturating_sub(less).saturating_add(more);
        self.write(Table::Review, OPEN, &length);
        if rows.is_empty() {
            self.remove(Table::Review, places_key(order));
        } else {
            self.write(Table::Review, places_key(order), &new);
        }
        Ok(())
    }
}
