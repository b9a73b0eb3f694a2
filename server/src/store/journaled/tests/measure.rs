//! Figures of the real disk, printed for whoever asks (`--nocapture`); small numbers unless a variable says more.

use std::sync::Arc;
use std::time::Instant;

use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Head};
use docket_sync_core::ids::{DocumentId, Epoch, PersonId, StoreId};

use super::world::cases;
use crate::commit::Statement;
use crate::identity::{Identity, StoreKeys};
use crate::office::Office;
use crate::platform::Platform;
use crate::store::{JournaledStore, SledOptions, SledStore};

const COMMITTERS: u64 = 64;
const DOCUMENTS: u64 = 500;

fn note(office: &Office, number: u64) {
    let mut document = [0x0d; 16];
    document[..8].copy_from_slice(&(number % DOCUMENTS).to_be_bytes());
    let text = format!("note {number}: compressor replaced, pressure checked, customer told");
    let state = move |writer: &mut crate::commit::Writer| {
        let author = Author::Person(PersonId([3; 16]));
        let body = AddNote { text }.into();
        let statement = Statement { author, head: Head::default(), body, seen: None };
        writer.state(DocumentId(document), statement).map(drop)
    };
    office.committer.run_blocking(state).unwrap();
}

#[test]
fn facts_through_the_commit_thread_survive_a_rebuild_and_their_rates_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let options = SledOptions { cache_bytes: 64 << 20, reserve_bytes: 0 };
    let open = || JournaledStore::<SledStore>::open(folder.path(), options, &Platform::system()).unwrap();
    let store = Arc::new(open());
    let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
    let keys = StoreKeys::from_secret(&[7; StoreKeys::LENGTH]);
    let (office, thread) = Office::open(store.clone(), keys, Platform::system(), Some(new)).unwrap();
    let alone = cases("DOCKET_MEASURE_COMMITS", 100) as u64;
    let began = Instant::now();
    (0..alone).for_each(|number| note(&office, number));
    let one = began.elapsed();
    let before = store.position().number;
    let each = alone.div_ceil(COMMITTERS / 8);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for committer in 0..COMMITTERS {
            let office = &office;
            scope.spawn(move || (0..each).for_each(|number| note(office, committer * each + number)));
        }
    });
    let together = began.elapsed();
    let groups = store.position().number - before;
    office.stop();
    drop(office);
    thread.join().unwrap();
    let expected = super::world::contents(&store);
    let end = store.position().number;
    let frames = store.journal().unwrap().frames(1).map(|frame| frame.unwrap());
    let (mut bytes, mut writes) = (0, 0);
    for frame in frames {
        bytes += frame.header.frame_bytes() as u64;
        writes += frame.batch().unwrap().len();
    }
    drop(store);
    std::fs::remove_dir_all(folder.path().join("sled")).unwrap();
    let began = Instant::now();
    let store = open();
    let rebuilt = began.elapsed();
    assert_eq!(store.report().replayed_frames, end);
    assert!(super::world::contents(&store) == expected, "the rebuilt engine differs");
    let facts = COMMITTERS * each;
    println!(
        "alone {:.0} commits/s; {COMMITTERS} committers {:.0} commits/s in {groups} groups; {} journal bytes and {:.1} \
         writes a fact; rebuild {:.0} writes/s",
        alone as f64 / one.as_secs_f64(),
        facts as f64 / together.as_secs_f64(),
        bytes / (facts + alone),
        writes as f64 / (facts + alone) as f64,
        writes as f64 / rebuilt.as_secs_f64(),
    );
}
