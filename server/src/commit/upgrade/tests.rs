use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use docket_sync_core::facts::{Block, Ledger};
use docket_sync_core::ids::{DeviceId, Digest, Epoch, PersonId, StoreId};
use docket_sync_core::reference::ApprovalCodes;
use docket_sync_core::time::UnixMillis;

use super::super::listing::OrderList;
use super::super::tests::{HandClock, list, made_up, open, technician};
use crate::commit::{CommitError, keys};
use crate::identity::{Identity, StoreKeys};
use crate::office::Office;
use crate::platform::Platform;
use crate::store::{Batch, Entry, KeyRange, MemoryStore, Order, Store, StoreError, Table};

/// Orders of the old store: three jobs of them.
const ORDERS: u64 = 700;

/// A store that has room for some more batches only.
struct Filling {
    store: Arc<MemoryStore>,
    left: AtomicUsize,
}

impl Store for Filling {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get_stored(table, key)
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.scan_stored(table, range, limit, order)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| StoreError::Full { free: 1, reserve: 2 })?;
        self.store.apply(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()
    }
}

/// Everything of the lists of orders.
fn lists(store: &MemoryStore) -> Vec<Entry> {
    let all = |prefix: &[u8]| Store::scan(store, Table::Index, &KeyRange::prefix(prefix), 100_000, Order::Forward);
    [b"n".as_slice(), b"os", b"ot", b"ob"].into_iter().flat_map(|prefix| all(prefix).unwrap()).collect()
}

/// The store as a program without lists would have left it.
fn age(store: &MemoryStore) {
    let mut batch = Batch::new();
    for (key, _) in lists(store) {
        batch.remove(Table::Index, key);
    }
    batch.remove(Table::Meta, keys::OPENED.to_vec());
    store.apply(&batch).unwrap();
    store.flush().unwrap();
    assert_eq!(lists(store), []);
}

fn close((office, thread): (Arc<Office>, std::thread::JoinHandle<()>)) {
    drop(office);
    thread.join().unwrap();
}

/// A store with orders of three states for ten technicians, closed, and its lists.
fn old_store(clock: &Arc<HandClock>) -> (Arc<MemoryStore>, Vec<Entry>) {
    let store = Arc::new(MemoryStore::new());
    let opened = open(&store, clock);
    // Those without a review: made-up orders have no facts that could raise one.
    let job = |writer: &mut _| (0..ORDERS).filter(|n| n % 4 != 0).try_for_each(|n| list(writer, n, None));
    opened.0.committer.run_blocking(job).unwrap();
    close(opened);
    let whole = lists(&store);
    assert!(whole.len() > 1_000, "{}", whole.len());
    age(&store);
    (store, whole)
}

#[test]
fn lists_that_an_older_program_did_not_keep_are_there_after_the_first_opening() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let (store, whole) = old_store(&clock);
    let opened = open(&store, &clock);
    assert_eq!(lists(&store), whole);
    let his = OrderList { state: None, technician: Some(technician(3)) };
    let dyn_store: &dyn Store = store.as_ref();
    assert_eq!(his.page(dyn_store, None, 1_000).unwrap().len() as u64, his.length(dyn_store).unwrap());
    // What changes from now on moves on them as ever.
    opened
        .0
        .committer
        .run_blocking(|writer| list(writer, 1, Some(docket_sync_core::lifecycle::view::OrderState::Closed)))
        .unwrap();
    let closed = OrderList { state: Some(docket_sync_core::lifecycle::view::OrderState::Closed), technician: None };
    assert_eq!(closed.page(dyn_store, None, 10).unwrap(), [made_up(1)]);
    close(opened);
}

#[test]
fn lists_are_whole_wherever_the_making_of_them_was_cut_off() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let platform = Platform { clock: clock.clone(), ..Platform::system() };
    let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
    let keys = StoreKeys::from_secret(&[7; StoreKeys::LENGTH]);
    let mut cuts = 0;
    for room in 0.. {
        let (store, whole) = old_store(&clock);
        let filling = Arc::new(Filling { store: store.clone(), left: AtomicUsize::new(room) });
        match Office::open(filling, keys.clone(), platform.clone(), Some(new)) {
            Ok(opened) => {
                close(opened);
                assert_eq!(lists(&store), whole);
                break;
            }
            Err(CommitError::Store(StoreError::Full { .. })) => cuts += 1,
            Err(error) => panic!("{error}"),
        }
        close(open(&store, &clock));
        assert_eq!(lists(&store), whole, "cut off after {room} batches");
    }
    assert!(cuts > 4, "cut off in the middle of it, not only before: {cuts}");
}

#[test]
fn a_program_without_lists_that_wrote_in_between_is_noticed() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let (store, whole) = old_store(&clock);
    close(open(&store, &clock));
    // It keeps what it does not know, begins a start of its own, and lists nothing.
    let opened = Store::get(store.as_ref(), Table::Meta, keys::OPENED).unwrap().unwrap();
    close(open(&store, &clock));
    let mut batch = Batch::new();
    for (key, _) in lists(&store).into_iter().step_by(3) {
        batch.remove(Table::Index, key);
    }
    batch.put(Table::Meta, keys::OPENED.to_vec(), &opened);
    store.apply(&batch).unwrap();
    store.flush().unwrap();
    close(open(&store, &clock));
    assert_eq!(lists(&store), whole);
    // Where nobody wrote in between nothing is made again.
    let before = store.applies();
    close(open(&store, &clock));
    assert_eq!(store.applies() - before, 1, "only the start itself");
}

#[test]
fn numbers_and_codes_that_were_given_are_there_after_an_upgrade() {
    let clock = Arc::new(HandClock(AtomicI64::new(1_780_000_000_000)));
    let store = Arc::new(MemoryStore::new());
    let opened = open(&store, &clock);
    let (device, approver) = (DeviceId([6; 16]), PersonId([7; 16]));
    let block = Block { ledger: Ledger::Cash, first: 1, last: 4 };
    let codes =
        ApprovalCodes { approver, first: 1, hashes: vec![Digest([8; 32])], until: UnixMillis(1), signature: None };
    opened
        .0
        .committer
        .run_blocking(move |writer| {
            writer.know_blocks(device, &[block])?;
            writer.know_codes(&codes)
        })
        .unwrap();
    close(opened);
    age(&store);
    let opened = open(&store, &clock);
    let known = opened.0.committer.run_blocking(move |writer| {
        Ok((writer.all_blocks(device)?, writer.known_code(approver, 1)?.map(|code| code.hash)))
    });
    assert_eq!(known.unwrap(), (vec![block], Some(Digest([8; 32]))));
    close(opened);
}
