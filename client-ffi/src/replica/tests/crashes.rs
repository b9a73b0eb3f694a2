//! The device's store fails or the process ends inside every step of a command, of a received batch and of opening:
//! what was answered is there wholly, a batch is applied wholly or not at all, the cursor is never ahead of the data.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;

use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::reference::ReferenceRecord;
use docket_sync_core::sync::digest::DigestSum;

use super::fake_store::FakeStore;
use super::repair::signing;
use super::{START, note, sync, texts_of};
use crate::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use crate::platform::{KeyStore as _, Platform, SecretName};
use crate::replica::{DeviceReplica, ReplicaError};
use crate::store::sealed::SealedStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Batch, DeviceStore, Row, StoreError, Table, scan_all};

/// Where in a call the store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// Nothing of the call happened.
    Before,
    /// It happened, and the caller does not know.
    After,
}

/// A store that fails at one call and at every one after it, as when the process is gone.
struct Failing<S> {
    inner: S,
    calls: Rc<Cell<u64>>,
    fails_at: u64,
    point: Point,
}

impl<S> Failing<S> {
    fn call<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        if call > self.fails_at || (call == self.fails_at && self.point == Point::Before) {
            return Err(StoreError::engine("reaching the store", "the process is gone"));
        }
        let result = work()?;
        if call == self.fails_at { Err(StoreError::engine("answering", "the process is gone")) } else { Ok(result) }
    }
}

impl<S: DeviceStore> DeviceStore for Failing<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(|| self.inner.get(table, key))
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.call(|| self.inner.scan(table, after, limit))
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        if call > self.fails_at || (call == self.fails_at && self.point == Point::Before) {
            return Err(StoreError::engine("reaching the store", "the process is gone"));
        }
        self.inner.write(batch)?;
        if call == self.fails_at { Err(StoreError::engine("answering", "the process is gone")) } else { Ok(()) }
    }
}

type OnDisk = SealedStore<SqliteStore, CountingRandom>;

/// A phone: a folder, and secrets that outlive crashes.
struct Phone {
    folder: tempfile::TempDir,
    keys: MemoryKeyStore,
    clock: ManualClock,
}

fn store_in(folder: &Path, seed: u64) -> OnDisk {
    SealedStore::new(SqliteStore::open(folder).unwrap(), CountingRandom::new(seed), &[7; 32])
}

fn platform(keys: &MemoryKeyStore, clock: &ManualClock, seed: u64) -> Platform {
    let random = Box::new(CountingRandom::new(seed));
    Platform { keys: Box::new(keys.clone()), clock: Box::new(clock.clone()), random }
}

impl Phone {
    fn enrolled(store: &FakeStore) -> Self {
        let phone =
            Self { folder: tempfile::tempdir().unwrap(), keys: MemoryKeyStore::new(), clock: ManualClock::new(START) };
        store.enrol(&mut store_in(phone.folder.path(), 1), &phone.keys, &phone.clock);
        phone
    }

    /// The same phone on a copy of its folder.
    fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let keys = MemoryKeyStore::new();
        for name in [SecretName::SigningKey, SecretName::Incarnation] {
            if let Some(secret) = self.keys.get(name).unwrap() {
                keys.put(name, &secret).unwrap();
            }
        }
        Self { folder, keys, clock: self.clock.clone() }
    }

    fn open(&self) -> DeviceReplica<OnDisk> {
        DeviceReplica::open(store_in(self.folder.path(), 2), platform(&self.keys, &self.clock, 3)).unwrap()
    }

    fn open_failing(
        &self,
        fails_at: u64,
        point: Point,
    ) -> (Result<DeviceReplica<Failing<OnDisk>>, ReplicaError>, Rc<Cell<u64>>) {
        let calls = Rc::new(Cell::new(0));
        let inner = store_in(self.folder.path(), 2);
        let store = Failing { inner, calls: Rc::clone(&calls), fails_at, point };
        (DeviceReplica::open(store, platform(&self.keys, &self.clock, 3)), calls)
    }
}

/// Runs `check` with the store failing at every call that `count` counts, before and after it.
fn at_every_call(calls: u64, check: impl Fn(u64, Point)) {
    assert!(calls > 1, "the operation reaches the store");
    for fails_at in 0..calls {
        for point in [Point::Before, Point::After] {
            check(fails_at, point);
        }
    }
}

/// The digest that the state claims is the one of the data that lie there: nothing is half applied.
fn state_and_data_agree<S: DeviceStore>(replica: &DeviceReplica<S>) {
    let mut sum = DigestSum::default();
    for (key, _) in scan_all(replica.store(), Table::DocumentMeta).unwrap() {
        let id = DocumentId::from_slice(&key).unwrap();
        let meta = replica.meta(id).unwrap().unwrap();
        if meta.evicted_at.is_some() {
            continue;
        }
        let base = replica.load_base(id).unwrap().expect("a document with its metadata");
        let of_content = base.document.change_hashes().map(|hash| DigestSum::of_change(id, hash));
        let of_content = of_content.fold(DigestSum::default(), DigestSum::plus);
        assert_eq!(base.sum(), of_content, "metadata and content");
        assert_eq!(base.document.chains(), &base.meta.chains);
        sum = sum.plus(of_content);
    }
    for (_, bytes) in scan_all(replica.store(), Table::Reference).unwrap() {
        let record = ReferenceRecord::from_bytes(&bytes).unwrap();
        sum = sum.plus(DigestSum::of_reference(record.id, record.version));
    }
    assert_eq!(replica.sum(), sum, "state and data");
}

#[test]
fn a_command_that_was_answered_is_there_wholly_whichever_call_fails() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let phone = Phone::enrolled(&store);
    sync(&mut phone.open(), &mut store).unwrap();
    let act = |replica: &mut DeviceReplica<Failing<OnDisk>>| replica.state_fact(signing(document, b"strokes"));

    let whole = phone.copy();
    let (replica, calls) = whole.open_failing(u64::MAX, Point::Before);
    let mut replica = replica.unwrap();
    let opening = calls.get();
    act(&mut replica).unwrap();
    at_every_call(calls.get() - opening, |fails_at, point| {
        let phone = phone.copy();
        let (replica, _) = phone.open_failing(opening + fails_at, point);
        let mut replica = replica.unwrap();
        let answer = act(&mut replica);
        drop(replica);
        let replica = phone.open();
        let facts = replica.journal().count();
        let proofs = scan_all(replica.store(), Table::Proof).unwrap().len();
        let unsent = replica.rows().unwrap()[0].1.unsent;
        let parts = (facts, proofs, usize::try_from(unsent).unwrap());
        assert!(parts == (1, 1, 1) || parts == (0, 0, 0), "call {fails_at} {point:?}: {parts:?}");
        assert!(answer.is_err() || facts == 1, "call {fails_at} {point:?}: answered and lost");
        state_and_data_agree(&replica);
    });
}

#[test]
fn a_received_batch_is_applied_wholly_or_not_at_all_whichever_call_fails() {
    let mut store = FakeStore::new();
    let (kept, left) = (store.order(1), store.order(2));
    for (number, name) in [(1, "Mr. Wang"), (2, "Ms. Li")] {
        store.reference(RecordId([0xc0 + number; 16]), name);
    }
    let phone = Phone::enrolled(&store);
    sync(&mut phone.open(), &mut store).unwrap();
    let mut replica = phone.open();
    replica.state_fact(note(kept, "own")).unwrap();
    replica.state_fact(note(left, "own in what leaves")).unwrap();
    drop(replica);
    // Records, a whole document, an order that leaves, and acknowledgements.
    store.note(kept, "of the office");
    let entered = store.order(3);
    store.enter(entered);
    store.evict(left);

    let whole = phone.copy();
    let (replica, calls) = whole.open_failing(u64::MAX, Point::Before);
    let mut replica = replica.unwrap();
    let opening = calls.get();
    sync(&mut replica, &mut store.clone()).unwrap();
    at_every_call(calls.get() - opening, |fails_at, point| {
        let (phone, mut store) = (phone.copy(), store.clone());
        let (replica, _) = phone.open_failing(opening + fails_at, point);
        let report = sync(&mut replica.unwrap(), &mut store);
        assert!(report.is_err(), "call {fails_at} {point:?}");
        let mut replica = phone.open();
        state_and_data_agree(&replica);
        let cursor = replica.state().cursor.map_or(0, |cursor| cursor.number);
        let has_batch = replica.facts(entered).is_ok();
        let has_records = texts_of(&replica, kept).contains(&"of the office".to_owned());
        assert_eq!(has_batch, has_records, "call {fails_at} {point:?}: half a batch");
        assert_eq!(has_batch, cursor >= 6, "call {fails_at} {point:?}: the cursor and the data");
        let own = replica.journal().count() + usize::from(texts_of(&replica, kept).contains(&"own".to_owned()));
        assert!(own >= 1, "call {fails_at} {point:?}: own work is in the journal or in the base");
        let report = sync(&mut replica, &mut store).unwrap();
        assert_eq!((report.unsent, report.verified), (0, Some(true)), "call {fails_at} {point:?}");
        assert_eq!(store.texts(kept), ["of the office", "own"]);
        assert_eq!(store.texts(left), ["own in what leaves"]);
        state_and_data_agree(&replica);
    });
}

#[test]
fn opening_may_fail_at_any_call_and_loses_nothing() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let phone = Phone::enrolled(&store);
    sync(&mut phone.open(), &mut store).unwrap();
    let mut replica = phone.open();
    for number in 0..3 {
        replica.state_fact(note(document, &format!("note {number}"))).unwrap();
    }
    drop(replica);
    // A lost incarnation makes opening write: everything that waits is stated again.
    phone.keys.lose(SecretName::Incarnation);
    let whole = phone.copy();
    let (replica, calls) = whole.open_failing(u64::MAX, Point::Before);
    drop(replica.unwrap());
    at_every_call(calls.get(), |fails_at, point| {
        let phone = phone.copy();
        let (replica, _) = phone.open_failing(fails_at, point);
        assert!(replica.is_err(), "call {fails_at} {point:?}");
        drop(replica);
        let mut replica = phone.open();
        assert_eq!(replica.journal().count(), 3);
        let mut store = store.clone();
        let report = sync(&mut replica, &mut store).unwrap();
        assert_eq!((report.unsent, report.verified), (0, Some(true)), "call {fails_at} {point:?}");
        assert_eq!(store.texts(document), ["note 0", "note 1", "note 2"]);
    });
}

/// The folder that the child of the next test works in.
const CHILD: &str = "DOCKET_CRASH_FOLDER";
/// Facts after which it is killed, one round each.
const KILLS: [usize; 6] = [0, 1, 2, 5, 9, 14];

fn company() -> (FakeStore, DocumentId) {
    let mut store = FakeStore::new();
    let document = store.order(1);
    for customer in 2..30 {
        let other = store.order(customer);
        store.note(other, "of the office");
    }
    (store, document)
}

fn secrets(store: &FakeStore) -> (MemoryKeyStore, ManualClock) {
    let (keys, clock) = (MemoryKeyStore::new(), ManualClock::new(START));
    store.enrol(&mut crate::store::memory::MemoryStore::new(), &keys, &clock);
    (keys, clock)
}

/// Not a test by itself: what the killed process does. It pulls, then states facts for ever and says so.
#[test]
fn child_that_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let (mut store, document) = company();
    let (keys, clock) = secrets(&store);
    let rows = store_in(Path::new(&folder), 100);
    let mut replica = DeviceReplica::open(rows, platform(&keys, &clock, 101)).unwrap();
    println!("open");
    sync(&mut replica, &mut store).unwrap();
    println!("pulled");
    for number in 0_u64.. {
        let text = format!("{} {number}", std::process::id());
        replica.state_fact(note(document, &text)).unwrap();
        println!("stated {text}");
    }
}

#[test]
fn a_killed_process_leaves_every_fact_it_answered_and_no_half_batch() {
    let (store, document) = company();
    let folder = tempfile::tempdir().unwrap();
    let (keys, clock) = secrets(&store);
    store.enrol(&mut store_in(folder.path(), 1), &keys, &clock);
    let mut answered: Vec<String> = Vec::new();
    for kill_after in KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["replica::tests::crashes::child_that_is_killed", "--exact", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stated = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            // The first round ends in the middle of the first pull.
            if kill_after == 0 && line.ends_with("open") {
                break;
            }
            if let Some((_, text)) = line.split_once("stated ") {
                answered.push(text.to_owned());
                stated += 1;
                if stated >= kill_after {
                    break;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let replica = DeviceReplica::open(store_in(folder.path(), 2), platform(&keys, &clock, 3)).unwrap();
        state_and_data_agree(&replica);
        if !answered.is_empty() {
            let there = texts_of(&replica, document);
            let lost: Vec<_> = answered.iter().filter(|text| !there.contains(text)).collect();
            assert!(lost.is_empty(), "answered and lost: {lost:?}");
            assert_eq!(scan_all(replica.store(), Table::Document).unwrap().len(), 29);
        }
    }
    assert!(answered.len() >= KILLS.iter().sum(), "{}", answered.len());
}
