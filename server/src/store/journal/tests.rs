//! The format of the journal, and reading it while it is written.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of tests")]

#[path = "../../../../sync-core/tests/golden/mod.rs"]
mod golden;

use std::sync::Arc;

use docket_sync_core::ids::KeyId;
use docket_sync_core::time::UnixMillis;

use self::golden::{Files, Room};
use super::error::Damage;
use super::*;
use crate::store::disk::{RealDisk, SimulatedDisk};
use crate::store::{Batch, Table};

const ID: JournalId = JournalId([0x5a; 16]);
const SMALL: JournalOptions =
    JournalOptions { first_segment_bytes: 4_096, segment_bytes_max: 8_192, step_bytes: 1_024, reserve_bytes: 0 };

fn batches() -> Vec<Batch> {
    let mut plain = Batch::new();
    plain.put(Table::Meta, "count", [3]).put(Table::Log, 1_u64.to_be_bytes(), "first").remove(Table::Timer, "t");
    let mut packed = Batch::new();
    packed
        .put(Table::Log, 2_u64.to_be_bytes(), "second")
        .put(Table::Log, 3_u64.to_be_bytes(), "third")
        .put(Table::Document, "d", "the same words again and again; ".repeat(20))
        .put_encrypted(Table::Change, "c", KeyId([1, 2, 3, 4, 5, 6, 7, 8]), [9; 10]);
    vec![plain, packed]
}

fn time(number: u64) -> UnixMillis {
    UnixMillis(1_763_713_800_000).plus(i64::try_from(number).unwrap() * 1_000)
}

fn append(journal: &mut Journal, batch: &Batch) -> Position {
    let time = time(journal.position().number);
    journal.append(&NewFrame { batch, time, is_base: false }).unwrap().0
}

fn golden_files() -> Files {
    let mut files = Files::new();
    let mut previous = ID.start();
    files.push(("segment-head".into(), segment::head(ID, 1, previous)));
    for (number, batch) in (0..).zip(batches()) {
        let about = frame::About { previous, time: time(number), is_base: number == 0 };
        let (header, bytes) = frame::encode(ID, about, &batch).unwrap();
        previous = header.position();
        files.push((format!("frame-{}", previous.number), bytes));
    }
    files.push(("segment-head-2".into(), segment::head(ID, 2, previous)));
    files
}

#[test]
fn golden_journal_files_are_what_this_version_writes() {
    Room::open("journal").check(&golden_files());
}

#[test]
fn golden_journal_files_are_read_to_the_same_values() {
    let room = Room::open("journal");
    let mut previous = ID.start();
    for (number, batch) in (0..).zip(batches()) {
        let read = Frame::read(ID, &room.read(&format!("frame-{}", number + 1))).unwrap();
        let log = if number == 0 { (1, 1) } else { (2, 3) };
        assert_eq!((read.header.number, read.header.log, read.header.time), (number + 1, Some(log), time(number)));
        assert_eq!((read.header.previous, read.header.is_base()), (previous.hash, number == 0));
        let written: Vec<_> =
            batch.writes().map(|(table, key, value)| (table, key.to_vec(), value.map(<[u8]>::to_vec))).collect();
        let found = read.batch().unwrap();
        let found: Vec<_> =
            found.writes().map(|(table, key, value)| (table, key.to_vec(), value.map(<[u8]>::to_vec))).collect();
        assert_eq!(found, written);
        previous = read.header.position();
    }
    // The second frame is packed, the first one is not.
    assert_eq!((room.read("frame-1")[4], room.read("frame-2")[4]), (2, 1));
}

#[test]
fn a_frame_is_whole_or_not_a_frame() {
    let bytes = Room::open("journal").read("frame-1");
    let whole = Frame::read(ID, &bytes).unwrap().header.payload_end();
    for length in 0..whole {
        assert_eq!(Frame::read(ID, &bytes[..length]), None, "{length} bytes");
    }
    for at in 0..whole {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert_eq!(Frame::read(ID, &flipped), None, "byte {at}");
        }
    }
    assert_eq!(Frame::read(JournalId([0; 16]), &bytes), None, "of another journal");
}

#[test]
fn frames_are_read_from_any_number_while_they_are_written() {
    let disk = SimulatedDisk::new();
    let mut journal = Journal::create(disk.mount(), "journal", ID, SMALL).unwrap();
    let mut batch = Batch::new();
    batch.put(Table::Blob, "b", (0..700_u32).flat_map(u32::to_be_bytes).collect::<Vec<u8>>());
    for number in 1..=20 {
        let position = append(&mut journal, &batch);
        let reader = Reader::open(disk.mount(), "journal").unwrap();
        for first in 1..=number + 1 {
            let numbers: Vec<u64> = reader.frames(first).map(|frame| frame.unwrap().header.number).collect();
            assert_eq!(numbers, (first..=number).collect::<Vec<u64>>());
        }
        let last = reader.frames(number).next().unwrap().unwrap();
        assert_eq!(last.header.position(), position);
    }
    let reader = journal.reader().unwrap();
    assert!(reader.segments().len() > 3 && reader.id() == ID);
    // A frame that another process has written in part is the end, not damage.
    let path = reader.segments().last().unwrap().path.clone();
    let whole = disk.bytes(&path).unwrap();
    append(&mut journal, &batches()[0]);
    let reader = Reader::open(disk.mount(), "journal").unwrap();
    let path_now = reader.segments().last().unwrap().path.clone();
    let now = disk.bytes(&path_now).unwrap();
    if path_now == path {
        let changed: Vec<usize> = (0..now.len()).filter(|at| whole.get(*at) != now.get(*at)).collect();
        let middle = changed[changed.len() / 2];
        disk.put(&path, [&now[..middle], &whole[middle..]].concat()).unwrap();
        assert_eq!(reader.frames(1).map(|frame| frame.unwrap().header.number).last(), Some(20));
    }
    reader.sync_open_segment().unwrap();
}

#[test]
fn what_was_read_and_synced_survives_a_power_loss() {
    // A writer has written a frame and not yet flushed it; a backup has read it.
    let lost = [true, false].map(|syncs| {
        let kept = (0..20).filter(|seed| {
            let disk = SimulatedDisk::new();
            let mut journal = Journal::create(disk.mount(), "journal", ID, SMALL).unwrap();
            disk.mount().sync_folder("").unwrap();
            let previous = append(&mut journal, &batches()[0]);
            let about = frame::About { previous, time: time(1), is_base: false };
            let (_, bytes) = frame::encode(ID, about, &batches()[1]).unwrap();
            let reader = journal.reader().unwrap();
            let path = &reader.segments()[0].path;
            let first = reader.frames(1).next().unwrap().unwrap().header;
            let offset = 512 + u64::try_from(first.frame_bytes()).unwrap();
            disk.mount().open(path).unwrap().write_at(offset, &bytes).unwrap();
            assert_eq!(reader.frames(1).count(), 2);
            if syncs {
                reader.sync_open_segment().unwrap();
            }
            disk.crash(*seed);
            Reader::open(disk.mount(), "journal").unwrap().frames(1).count() == 2
        });
        20 - kept.count()
    });
    assert!(lost[0] == 0 && lost[1] > 3, "{lost:?}");
}

#[test]
fn a_restore_copies_frames_to_the_byte_and_refuses_a_gap() {
    let (disk, copy) = (SimulatedDisk::new(), SimulatedDisk::new());
    let mut journal = Journal::create(disk.mount(), "journal", ID, SMALL).unwrap();
    for _ in 0..40 {
        for batch in batches() {
            append(&mut journal, &batch);
        }
    }
    let frames: Vec<Frame> = journal.reader().unwrap().frames(1).collect::<Result<_, _>>().unwrap();
    for frame in &frames {
        assert_eq!(Frame::read(ID, &frame.to_bytes()).as_ref(), Some(frame));
    }
    let mut restored = Journal::create(copy.mount(), "journal", ID, SMALL).unwrap();
    copy.mount().sync_folder("").unwrap();
    assert!(matches!(restored.append_frames(&frames[1..]), Err(JournalError::NoFrame { number: 1 })));
    assert_eq!(restored.append_frames(&frames[..50]).unwrap(), frames[49].header.position());
    assert!(matches!(restored.append_frames(&frames[51..]), Err(JournalError::NoFrame { number: 51 })));
    copy.crash(0);
    let mut restored = Journal::open(copy.mount(), "journal", SMALL).unwrap().journal;
    assert_eq!(restored.append_frames(&frames[50..]).unwrap(), journal.position());
    for path in disk.files().into_iter().filter(|path| path.contains(".journal")) {
        assert!(disk.bytes(&path) == copy.bytes(&path), "{path}");
    }
}

#[test]
fn another_version_is_refused_by_name() {
    let disk = SimulatedDisk::new();
    drop(Journal::create(disk.mount(), "journal", ID, SMALL).unwrap());
    let path = "journal/0000000001.journal";
    let mut bytes = disk.bytes(path).unwrap();
    bytes[11] = 2;
    let hash = *blake3::hash(&bytes[..80]).as_bytes();
    bytes[80..112].copy_from_slice(&hash);
    disk.put(path, bytes).unwrap();
    let error = Journal::open(disk.mount(), "journal", SMALL).map(drop).unwrap_err();
    assert!(matches!(error, JournalError::Version { version: 2, .. }), "{error}");
    assert!(matches!(Reader::open(disk.mount(), "none").map(drop), Err(JournalError::Absent { .. })));
    assert!(matches!(Journal::create(disk.mount(), "journal", ID, SMALL).map(drop), Err(JournalError::Exists { .. })));
}

#[test]
fn a_frame_larger_than_a_segment_has_one_of_its_own() {
    let disk = SimulatedDisk::new();
    let mut journal = Journal::create(disk.mount(), "journal", ID, SMALL).unwrap();
    let mut large = Batch::new();
    let noise: Vec<u8> = (0..20_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    large.put(Table::Blob, "b", noise);
    for _ in 0..3 {
        append(&mut journal, &batches()[0]);
        append(&mut journal, &large);
    }
    assert_eq!(journal.reader().unwrap().frames(1).map(|frame| frame.unwrap().header.number).last(), Some(6));
    drop(journal);
    assert_eq!(Journal::open(disk.mount(), "journal", SMALL).unwrap().journal.position().number, 6);
}

#[test]
fn the_real_disk_keeps_the_same_journal() {
    let folder = tempfile::tempdir().unwrap();
    let real = Arc::new(RealDisk::new(folder.path()));
    let simulated = SimulatedDisk::new();
    let mut journals = [
        Journal::create(real.clone(), "journal", ID, SMALL).unwrap(),
        Journal::create(simulated.mount(), "journal", ID, SMALL).unwrap(),
    ];
    for _ in 0..60 {
        for batch in batches() {
            let positions = journals.each_mut().map(|journal| append(journal, &batch));
            assert_eq!(positions[0], positions[1]);
        }
    }
    assert!(simulated.files().len() > 4);
    for path in simulated.files() {
        assert!(std::fs::read(folder.path().join(&path)).unwrap() == simulated.bytes(&path).unwrap(), "{path}");
    }
    let [real_one, _] = journals;
    let end = real_one.position();
    drop(real_one);
    let opened = Journal::open(real, "journal", SMALL).unwrap();
    assert_eq!((opened.journal.position(), opened.cut_bytes), (end, 0));
}

#[test]
fn a_frame_of_a_newer_program_is_called_so_and_not_damaged() {
    let batch = &batches()[0];
    let about = frame::About { previous: ID.start(), time: UnixMillis(1), is_base: false };
    let (_, bytes) = frame::encode(ID, about, batch).unwrap();
    let whole = Frame::read(ID, &bytes).unwrap();
    assert_eq!(whole.problem(), None);
    for (table, expected) in [(29, Damage::NewerTable(29)), (0xEF, Damage::NewerTable(0xEF)), (0xF0, Damage::Payload)] {
        let newer = frame::with_first_table(ID, &whole, table);
        assert_eq!((newer.batch().is_none(), newer.problem()), (true, Some(expected)));
        assert_eq!(Frame::read(ID, &newer.to_bytes()).as_ref(), Some(&newer), "its hash is right");
    }
}
