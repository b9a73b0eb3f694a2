//! Figures of the real disk, printed for whoever asks (`--nocapture`); small numbers unless a variable says more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::world::{cases, mixed};
use crate::platform::Platform;
use crate::store::{Batch, JournaledStore, SledOptions, SledStore, Store, Table};

/// As a commit of one fact writes: log, change, document, feed, view and the tip.
fn fact(number: u64) -> Batch {
    let noise = |salt: u64, length: u64| -> Vec<u8> {
        (0..length).flat_map(|at| mixed(number ^ salt ^ (at << 32)).to_be_bytes()).collect()
    };
    let mut batch = Batch::new();
    batch
        .put(Table::Log, number.to_be_bytes(), noise(1, 40))
        .put(Table::Change, noise(2, 4), noise(3, 5))
        .put(Table::Document, (number % 1_000).to_be_bytes(), noise(4, 60))
        .put(Table::Feed, noise(5, 2), noise(6, 2))
        .put(Table::Meta, "tip", number.to_be_bytes());
    batch
}

#[test]
fn rates_of_the_real_disk() {
    let folder = tempfile::tempdir().unwrap();
    let options = SledOptions { cache_bytes: 64 << 20, reserve_bytes: 0 };
    let open = || JournaledStore::<SledStore>::open(folder.path(), options, &Platform::system()).unwrap();
    let store = open();
    let commits = cases("DOCKET_MEASURE_COMMITS", 200) as u64;
    let began = Instant::now();
    (0..commits).for_each(|number| store.apply(&fact(number)).unwrap());
    let one = began.elapsed();
    let next = AtomicU64::new(commits);
    let groups = cases("DOCKET_MEASURE_COMMITS", 200) as u64;
    let began = Instant::now();
    // The commit thread makes one batch of what waits: 64 committers are groups of 64.
    for _ in 0..groups.div_ceil(16) {
        let mut group = Batch::new();
        for _ in 0..64 {
            group.append(fact(next.fetch_add(1, Ordering::SeqCst)));
        }
        store.apply(&group).unwrap();
    }
    let grouped = began.elapsed();
    let facts = next.load(Ordering::SeqCst);
    let end = store.position().number;
    let bytes: u64 = store.journal().unwrap().frames(1).map(|frame| frame.unwrap().header.frame_bytes() as u64).sum();
    drop(store);
    std::fs::remove_dir_all(folder.path().join("sled")).unwrap();
    let began = Instant::now();
    let store = open();
    let rebuilt = began.elapsed();
    assert_eq!(store.report().replayed_frames, end);
    println!(
        "{} commits alone: {:.0}/s; groups of 64: {:.0} facts/s; {} journal bytes a fact; rebuild {:.0} writes/s",
        commits,
        commits as f64 / one.as_secs_f64(),
        (facts - commits) as f64 / grouped.as_secs_f64(),
        bytes / facts,
        facts as f64 * 5.0 / rebuilt.as_secs_f64(),
    );
}
