//! What the commit thread does beside committing: saves of quiet orders, writes that nobody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Head};
use docket_sync_core::ids::{DocumentId, Epoch, PersonId, StoreId};
use docket_sync_core::time::UnixMillis;

use super::{CommitError, Statement, Tables, Writer};
use crate::identity::{Identity, StoreKeys};
use crate::office::Office;
use crate::platform::{Clock, Platform};
use crate::store::memory::Faults;
use crate::store::{MemoryStore, Store, Table};

struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

fn open(store: &Arc<MemoryStore>, clock: &Arc<HandClock>) -> (Arc<Office>, std::thread::JoinHandle<()>) {
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
