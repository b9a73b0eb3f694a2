//! Damage of every kind is found where it is, and what is whole around it is saved.

use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use docket_sync_core::time::UnixMillis;

use super::super::salvage::salvage;
use super::*;
use crate::store::disk::RealDisk;
use crate::store::journal::{FOLDER, Journal, JournalOptions, NewFrame, Reader};
use crate::store::{Batch, Table};

const OPTIONS: JournalOptions =
    JournalOptions { first_segment_bytes: 4_096, segment_bytes_max: 4_096, step_bytes: 1_024, reserve_bytes: 0 };

/// A data folder whose journal has `frames` frames of one write each, over several segments.
fn data(frames: u64) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("store")).unwrap();
    let disk = Arc::new(RealDisk::new(&data.path().join("store")));
    let mut journal = Journal::create(disk, FOLDER, JournalId([7; 16]), OPTIONS).unwrap();
    for number in 0..frames {
        let mut batch = Batch::new();
        batch.put(Table::View, number.to_be_bytes(), [0x5a; 100]);
        let time = UnixMillis(i64::try_from(number).unwrap());
        journal.append(&NewFrame { batch: &batch, time, is_base: false }).unwrap();
    }
    data
}

fn look(data: &Path) -> (Scanned, Vec<(u64, bool)>) {
    let mut seen = Vec::new();
    let scanned =
        scan(&data.join("store").join(FOLDER), &mut |frame, is_behind| seen.push((frame.header.number, is_behind)));
    (scanned.unwrap(), seen)
}

fn segment(data: &Path, number: u64) -> PathBuf {
    data.join("store").join(FOLDER).join(crate::store::journal::segment::file_name(number))
}

fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, offset).unwrap();
}

#[test]
fn a_sound_journal_is_read_to_its_end() {
    let data = data(40);
    let (scanned, seen) = look(data.path());
    assert_eq!((scanned.gaps_total, scanned.torn_bytes, scanned.behind), (0, 0, 0));
    assert_eq!(seen, (1..=40).map(|number| (number, false)).collect::<Vec<_>>());
    assert!(scanned.segments > 2, "the journal has several segments");
    let reader = Reader::open(Arc::new(RealDisk::new(&data.path().join("store"))), FOLDER).unwrap();
    assert_eq!(scanned.sound_to, reader.frames(40).next().unwrap().unwrap().header.position());
}

#[test]
fn a_changed_byte_of_a_frame_is_one_gap_and_what_follows_is_found() {
    let data = data(40);
    // In the middle of the third frame of the second segment.
    let (first, _) = frames_of(data.path(), 2);
    overwrite(&segment(data.path(), 2), 512 + 2 * 232 + 150, &[0xff]);
    let (scanned, seen) = look(data.path());
    let gap = &scanned.gaps[0];
    assert_eq!((scanned.gaps_total, gap.offset, gap.until), (1, 512 + 2 * 232, Some(512 + 3 * 232)));
    assert_eq!((gap.before, gap.after), (first + 1, Some(first + 3)));
    assert_eq!(scanned.sound_to.number, first + 1);
    assert_eq!(scanned.behind, 40 - (first + 2));
    assert!(seen.iter().all(|(number, is_behind)| *is_behind == (*number > first + 2)));
}

/// First frame of a segment and how many it has.
fn frames_of(data: &Path, number: u64) -> (u64, u64) {
    let reader = Reader::open(Arc::new(RealDisk::new(&data.join("store"))), FOLDER).unwrap();
    let index = usize::try_from(number).unwrap();
    let first = reader.segments()[index - 1].before.number + 1;
    (first, reader.segments()[index].before.number + 1 - first)
}

#[test]
fn a_lost_segment_and_a_damaged_head_are_said_and_the_rest_is_found() {
    let lost = data(40);
    let (first, count) = frames_of(lost.path(), 2);
    fs::remove_file(segment(lost.path(), 2)).unwrap();
    let (scanned, _) = look(lost.path());
    assert!(scanned.gaps_total > 0 && scanned.sound_to.number == first - 1, "{scanned:?}");
    assert_eq!(scanned.behind, 40 - (first - 1) - count);
    let head = data(40);
    overwrite(&segment(head.path(), 2), 20, b"XX");
    let (scanned, seen) = look(head.path());
    assert_eq!((scanned.gaps_total, scanned.gaps[0].offset), (1, 0));
    assert_eq!(seen.len(), 40, "every frame is still there");
}

#[test]
fn a_torn_write_at_the_end_is_no_damage() {
    let data = data(3);
    overwrite(&segment(data.path(), 1), 512 + 3 * 232, b"DktF half a frame");
    let (scanned, _) = look(data.path());
    assert_eq!((scanned.gaps_total, scanned.torn_bytes, scanned.sound_to.number), (0, 17, 3));
}

#[test]
fn salvage_saves_both_sides_of_damage_and_changes_nothing() {
    let data = data(40);
    let (first, _) = frames_of(data.path(), 2);
    overwrite(&segment(data.path(), 2), 512 + 150, &[0xff]);
    let before: Vec<_> = (1..=3).map(|number| fs::read(segment(data.path(), number)).unwrap()).collect();
    let to = tempfile::tempdir().unwrap();
    let saved = salvage(data.path(), &to.path().join("saved")).unwrap();
    let after: Vec<_> = (1..=3).map(|number| fs::read(segment(data.path(), number)).unwrap()).collect();
    assert_eq!(before, after);
    assert_eq!((saved.scanned.sound_to.number, saved.scanned.behind), (first - 1, 40 - first));
    let disk = Arc::new(RealDisk::new(&to.path().join("saved/store")));
    let reader = Reader::open(disk, FOLDER).unwrap();
    assert_eq!(reader.frames(1).map(Result::unwrap).last().unwrap().header.position(), saved.scanned.sound_to);
    let bytes = fs::read(to.path().join("saved/behind-damage.frames")).unwrap();
    let mut rest = bytes.as_slice();
    let mut count = 0;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap());
        assert!(Frame::read(saved.scanned.journal, frame).is_some());
        rest = after;
        count += 1;
    }
    assert_eq!(count, saved.scanned.behind);
    let again = salvage(data.path(), &to.path().join("saved")).unwrap_err().to_string();
    assert!(again.contains("is not empty"), "{again}");
}
