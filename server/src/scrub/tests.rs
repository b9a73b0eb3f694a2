//! Damage in a closed segment is told once and stays told until it reads whole; nothing is changed by it.

use docket_sync_core::time::UnixMillis;

use super::*;
use crate::store::disk::SimulatedDisk;
use crate::store::journal::{Journal, JournalId, JournalOptions, NewFrame};
use crate::store::{Batch, Table};

const SMALL: JournalOptions =
    JournalOptions { first_segment_bytes: 4_096, segment_bytes_max: 4_096, step_bytes: 1_024, reserve_bytes: 0 };

/// A journal of several segments, its paths, and the disk.
fn journal() -> (SimulatedDisk, Arc<dyn Disk>, Vec<String>, u64) {
    let disk = SimulatedDisk::new();
    let mut journal = Journal::create(disk.mount(), FOLDER, JournalId([3; 16]), SMALL).unwrap();
    disk.mount().sync_folder("").unwrap();
    let mut batch = Batch::new();
    batch.put(
        Table::Blob,
        "b",
        (0..200_u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()).collect::<Vec<u8>>(),
    );
    let mut bytes = 0;
    for _ in 0..16 {
        bytes += journal.append(&NewFrame { batch: &batch, time: UnixMillis(1), is_base: false }).unwrap().1;
    }
    let segments: Vec<String> = journal.reader().unwrap().segments().iter().map(|one| one.path.clone()).collect();
    assert!(segments.len() >= 4, "{segments:?}");
    let mounted = disk.mount();
    (disk, mounted, segments, bytes)
}

#[test]
fn a_round_reads_every_closed_segment_and_says_when() {
    let (_disk, mounted, segments, bytes) = journal();
    let scrub = Scrub::default();
    let mut read = 0;
    assert!(scrub.round(&mounted, UnixMillis(7), &mut |bytes| {
        read += bytes;
        true
    }));
    let closed = u64::try_from(segments.len() - 1).unwrap();
    let shown = Shown { round_ended_at: Some(UnixMillis(7)), segments: closed, damage: BTreeMap::new() };
    assert_eq!(scrub.shown(), shown);
    assert!(read > 0 && read < bytes, "the open segment is not read");
    // It ends when it is told to, and says nothing of a round that did not come to its end.
    let mut frames = 0;
    assert!(!scrub.round(&mounted, UnixMillis(8), &mut |_| {
        frames += 1;
        frames < 3
    }));
    assert_eq!((frames, scrub.shown().round_ended_at), (3, Some(UnixMillis(7))));
}

#[test]
fn damage_in_a_closed_segment_is_told_by_its_file_and_nothing_is_changed() {
    let (disk, mounted, segments, _) = journal();
    let scrub = Scrub::default();
    let mut go = |_| true;
    let files = || disk.files().into_iter().map(|path| disk.bytes(&path)).collect::<Vec<_>>();
    // Two segments at once, one of them in its last frame; the open one is not this reader's.
    let last = disk.bytes(&segments[1]).unwrap().iter().rposition(|byte| *byte != 0).unwrap();
    assert!(disk.flip(&segments[0], 700, 4) && disk.flip(&segments[1], u64::try_from(last).unwrap(), 1));
    assert!(disk.flip(&segments[segments.len() - 1], 700, 4));
    let before = files();
    for _ in 0..2 {
        assert!(scrub.round(&mounted, UnixMillis(7), &mut go));
        let damage = scrub.shown().damage;
        let named: Vec<&String> = damage.keys().collect();
        assert_eq!(named, [&mounted.full_path(&segments[0]), &mounted.full_path(&segments[1])], "{damage:?}");
        assert!(damage.values().all(|said| said.contains("damaged")), "{damage:?}");
    }
    assert!(files() == before, "it was changed");
    // A head: all of them are read before anything else.
    assert!(disk.flip(&segments[2], 50, 1));
    assert!(scrub.round(&mounted, UnixMillis(8), &mut go));
    assert!(scrub.shown().damage.contains_key(&mounted.full_path(&segments[2])));
    // The disk reads it right again.
    disk.flip(&segments[2], 50, 1);
    disk.flip(&segments[0], 700, 4);
    disk.flip(&segments[1], u64::try_from(last).unwrap(), 1);
    assert!(scrub.round(&mounted, UnixMillis(9), &mut go));
    assert_eq!(scrub.shown().damage, BTreeMap::new());
}
