//! What the commit thread does beside committing: saves of quiet orders, writes that nobody waits for.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use docket_sync_core::facts::bodies::{AddNote, CreateEmergencyOrder};
use docket_sync_core::facts::values::EmergencyBasis;
use docket_sync_core::facts::{Author, Head};
use docket_sync_core::ids::{DocumentId, Epoch, PersonId, ReviewId, StoreId};
use docket_sync_core::lifecycle::reviews::terms;
use docket_sync_core::lifecycle::view::{OrderState, OrderView, Review, ReviewKind, ReviewStatus, Rule};
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::time::UnixMillis;

use super::listing::{OrderList, Sorted, open_reviews, reviews_page};
use super::{CommitError, RowRecord, Statement, Tables, Writer};
use crate::dispatch::world::{World, person};
use crate::identity::{Identity, StoreKeys};
use crate::office::Office;
use crate::platform::{Clock, Platform};
use crate::restore::CLAIMS;
use crate::store::memory::Faults;
use crate::store::{Batch, Entry, KeyRange, MemoryStore, Order, Store, StoreError, Table};

pub(super) struct HandClock(pub(super) AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

pub(super) fn open(
    store: &Arc<impl Store + 'static>,
    clock: &Arc<HandClock>,
) -> (Arc<Office>, std::thread::JoinHandle<()>) {
    let platform = Platform { clock: clock.clone(), ..Platform::system() };
    let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
    Office::open(store.clone(), StoreKeys::from_secret(&[7; StoreKeys::LENGTH]), platform, Some(new)).unwrap()
}

fn note(writer: &mut Writer, document: DocumentId) -> Result<(), CommitError> {
    let body = AddNote { text: "compressor replaced".to_owned() }.into();
    let author = Author::Person(PersonId([3; 16]));
    writer.state(document, Statement { author, head: Head::default(), body, seen: None }).map(drop)
}

#[test]
fn loose_changes_of_a_process_that_ended_are_folded_by_the_next() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let store = Arc::new(MemoryStore::new());
    let document = DocumentId([9; 16]);
    let unsaved = |store: &MemoryStore| {
        let store: &dyn Store = store;
        store.meta(document).unwrap().unwrap().unsaved
    };
    let (office, thread) = open(&store, &clock);
    office.committer.run_blocking(move |writer| note(writer, document)).unwrap();
    drop(office);
    thread.join().unwrap();
    assert_eq!(unsaved(&store), 1, "it was not quiet for long enough to be saved");

    let (office, _thread) = open(&store, &clock);
    // The first job shows that the thread runs; the second comes when it is time to tidy up.
    for _ in 0..2 {
        clock.0.fetch_add(2_000, Ordering::SeqCst);
        office.committer.run_blocking(|_| Ok(())).unwrap();
    }
    // Saves are written behind the answer.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while unsaved(&store) != 0 && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(unsaved(&store), 0);
    assert!(Store::get(store.as_ref(), Table::Document, &document.0).unwrap().is_some());
}

#[test]
fn loose_changes_that_found_a_full_disk_are_folded_when_there_is_room() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let store = Arc::new(MemoryStore::new());
    let document = DocumentId([9; 16]);
    let (office, _thread) = open(&store, &clock);
    office.committer.run_blocking(move |writer| note(writer, document)).unwrap();
    let pass = || {
        for _ in 0..2 {
            clock.0.fetch_add(2_000, Ordering::SeqCst);
            // Its group is refused with what the thread itself wanted to write.
            let _full = office.committer.run_blocking(|_| Ok(()));
        }
    };
    store.set_faults(Faults { full: Some(10), ..Faults::default() });
    pass();
    let unsaved = || Store::get(store.as_ref(), Table::Document, &document.0).unwrap().is_none();
    assert!(unsaved(), "the disk is full");
    store.set_faults(Faults::default());
    pass();
    assert!(!unsaved());
}

#[test]
fn what_nobody_waits_for_is_durable_with_the_next_that_somebody_waits_for() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let store = Arc::new(MemoryStore::new());
    let (office, _thread) = open(&store, &clock);
    office.committer.forget(|writer| {
        writer.put(Table::Meta, b"forgotten".to_vec(), b"x".to_vec());
        Ok(())
    });
    office
        .committer
        .run_blocking(|writer| {
            writer.put(Table::Meta, b"awaited".to_vec(), b"y".to_vec());
            Ok(())
        })
        .unwrap();
    for key in [b"forgotten".as_slice(), b"awaited"] {
        assert!(Store::get(store.as_ref(), Table::Meta, key).unwrap().is_some());
    }
}

/// Keeps every key that is read, and the first of every range.
#[derive(Default)]
struct Listening {
    store: MemoryStore,
    keys: Mutex<Vec<(Table, Vec<u8>)>>,
}

impl Listening {
    fn heard(&self) -> Vec<(Table, Vec<u8>)> {
        std::mem::take(&mut self.keys.lock().unwrap())
    }
}

impl Store for Listening {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.keys.lock().unwrap().push((table, key.to_vec()));
        self.store.get_stored(table, key)
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        if let std::ops::Bound::Included(from) = &range.from {
            self.keys.lock().unwrap().push((table, from.clone()));
        }
        self.store.scan_stored(table, range, limit, order)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.store.apply(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()
    }
}

#[test]
fn an_order_that_changed_is_asked_once_who_holds_it_and_for_claims_only_after_a_loss() {
    let store = Arc::new(Listening::default());
    let world = World::open(store.clone());
    world.hire("A:");
    let document = DocumentId([9; 16]);
    // He made it himself, so he holds it, when he is a technician.
    let call = CreateEmergencyOrder {
        basis: EmergencyBasis::CustomerOnSite,
        problem: "no hot water".to_owned(),
        contact: "4 Canal Street".to_owned(),
        customer: None,
        site: None,
        unit: None,
    };
    world.state(document, person('A'), call);
    let claims = |keys: &[(Table, Vec<u8>)]| {
        keys.iter().filter(|(table, key)| *table == Table::Meta && key.starts_with(CLAIMS)).count()
    };
    assert_eq!(claims(&store.heard()), 1, "it is looked once whether there are any");
    for _ in 0..3 {
        world.run(move |writer| note(writer, document));
        let keys = store.heard();
        let asked = keys.iter().filter(|(table, key)| *table == Table::Person && *key == person('A').0).count();
        assert_eq!((asked, claims(&keys)), (1, 0), "{keys:?}");
    }
}

/// Counts the values and entries that are read.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    read: AtomicUsize,
}

impl Counting {
    /// What `work` reads, and what it gives.
    fn reads<T>(&self, work: impl FnOnce(&dyn Store) -> T) -> (usize, T) {
        let before = self.read.load(Ordering::SeqCst);
        let done = work(self);
        (self.read.load(Ordering::SeqCst) - before, done)
    }
}

impl Store for Counting {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        self.store.get_stored(table, key)
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        let entries = self.store.scan_stored(table, range, limit, order)?;
        self.read.fetch_add(entries.len(), Ordering::SeqCst);
        Ok(entries)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.store.apply(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()
    }
}

const ROWS: u64 = 20_000;
const PAGE: usize = 50;

pub(super) fn made_up(number: u64) -> DocumentId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    DocumentId(id)
}

/// An order in one of three states, for one of ten technicians; every fourth has an open review.
fn view_of(number: u64) -> (OrderView, FactSet) {
    let facts = FactSet::new(made_up(number));
    let mut view = fold(&facts);
    view.state =
        [OrderState::Ready, OrderState::Dispatched, OrderState::Completed][usize::try_from(number % 3).unwrap()];
    if number % 4 == 0 {
        let terms = terms(ReviewKind::LateCancel);
        view.reviews.push(Review {
            id: ReviewId([7; 16]),
            kind: terms.kind,
            causes: Vec::new(),
            owner: terms.owner,
            // The first order is due last.
            due: Some(UnixMillis(i64::try_from(1_000_000 - number).unwrap())),
            default: terms.default,
            choices: terms.choices.to_vec(),
            blocking: terms.blocking,
            status: ReviewStatus::Open,
            choice: None,
            rule: Rule::R3,
        });
    }
    (view, facts)
}

pub(super) fn technician(number: u64) -> PersonId {
    PersonId([u8::try_from(number % 10).unwrap(); 16])
}

pub(super) fn list(writer: &mut Writer, number: u64, state: Option<OrderState>) -> Result<(), CommitError> {
    let (view, facts) = view_of(number);
    let row = RowRecord { technician: Some(technician(number)), ..RowRecord::of(&view, number) };
    let row = RowRecord { state: state.unwrap_or(row.state), ..row };
    let old: Option<RowRecord> = writer.read(Table::View, &made_up(number).0)?;
    writer.list_order(made_up(number), old.as_ref(), &row)?;
    writer.list_reviews(made_up(number), &view, &facts)?;
    writer.write(Table::View, made_up(number).0, &row);
    Ok(())
}

#[test]
fn lists_of_20_000_orders_read_as_much_as_they_show() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let store = Arc::new(Counting::default());
    let (office, _thread) = open(&store, &clock);
    for from in (0..ROWS).step_by(500) {
        office
            .committer
            .run_blocking(move |writer| (from..from + 500).try_for_each(|n| list(writer, n, None)))
            .unwrap();
    }
    let completed = OrderList { state: Some(OrderState::Completed), technician: None };
    let his = OrderList { state: None, technician: Some(technician(3)) };
    let both = OrderList { state: Some(OrderState::Completed), technician: Some(technician(3)) };
    let few = PAGE + 4;
    for (list, expected) in [(OrderList::default(), ROWS), (completed, ROWS / 3), (his, ROWS / 10), (both, 666)] {
        let (read, (page, length)) =
            store.reads(|store| (list.page(store, None, PAGE).unwrap(), list.length(store).unwrap()));
        assert_eq!((page.len(), length), (PAGE, expected), "{list:?}");
        assert!(read <= few, "{list:?}: {read} entries read for a page of {PAGE}");
        assert!(page.is_sorted_by(|one, other| one > other), "the newest first");
        // The pages follow each other to the end.
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = list.page(store.as_ref(), after, 1_000).unwrap();
            seen += page.len();
            if page.is_empty() {
                break;
            }
            after = page.last().copied();
        }
        assert_eq!(u64::try_from(seen).unwrap(), length, "{list:?}");
    }
    let (read, (page, open)) =
        store.reads(|store| (reviews_page(store, Sorted::Due, None, PAGE).unwrap(), open_reviews(store).unwrap()));
    assert_eq!((page.len(), open), (PAGE, ROWS / 4));
    assert!(read <= few, "{read} entries read for a page of {PAGE} reviews");
    assert_eq!(page[0].order, made_up(ROWS - 4), "what is due first comes first");
    // An order that moves is on its new list only, and its review stays listed once.
    let moved = 2;
    office.committer.run_blocking(move |writer| list(writer, moved, Some(OrderState::Closed))).unwrap();
    let closed = OrderList { state: Some(OrderState::Closed), technician: None };
    let dyn_store: &dyn Store = store.as_ref();
    assert_eq!((closed.length(dyn_store).unwrap(), completed.length(dyn_store).unwrap()), (1, ROWS / 3 - 1));
    assert_eq!(closed.page(dyn_store, None, PAGE).unwrap(), [made_up(moved)]);
    assert_eq!(OrderList::default().length(dyn_store).unwrap(), ROWS);
    assert_eq!(open_reviews(dyn_store).unwrap(), ROWS / 4);
}
