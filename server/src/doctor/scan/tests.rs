//! Damage of every kind is found where it is, and what is whole around it is saved.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use docket_sync_core::time::UnixMillis;

use super::super::salvage::{salvage, salvage_from};
use super::*;
use crate::store::disk::{DiskFailure, DiskFile, RealDisk, SimulatedDisk};
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
    look_at(&RealDisk::new(&data.join("store")), &[]).unwrap()
}

fn look_at(disk: &dyn Disk, known: &[JournalId]) -> Result<(Scanned, Vec<(u64, bool)>), ScanError> {
    let mut seen = Vec::new();
    let scanned = scan(disk, FOLDER, known, &mut |frame, is_behind| seen.push((frame.header.number, is_behind)));
    scanned.map(|scanned| (scanned, seen))
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
    assert_eq!(seen, (1..=40).map(|number| (number, false)).collect::<Vec<_>>(), "the frames prove their own order");
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
    let saved = salvage(data.path(), &to.path().join("saved"), &[]).unwrap();
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
    let again = salvage(data.path(), &to.path().join("saved"), &[]).unwrap_err().to_string();
    assert!(again.contains("is not empty"), "{again}");
}

/// Bytes of a frame of these tests.
const FRAME: u64 = 232;

/// A journal of 300 frames in three segments of 32 KiB.
fn three_segments() -> SimulatedDisk {
    let options = JournalOptions { first_segment_bytes: 32_768, segment_bytes_max: 32_768, ..OPTIONS };
    let disk = SimulatedDisk::new();
    let mut journal = Journal::create(disk.mount(), FOLDER, JournalId([7; 16]), options).unwrap();
    for number in 0..300_u64 {
        let mut batch = Batch::new();
        batch.put(Table::View, number.to_be_bytes(), [0x5a; 100]);
        journal.append(&NewFrame { batch: &batch, time: UnixMillis(0), is_base: false }).unwrap();
    }
    disk
}

/// Files, each with the numbers and places of its frames.
fn places(disk: &SimulatedDisk) -> Vec<(String, Vec<(u64, Range<u64>)>)> {
    let reader = Reader::open(disk.mount(), FOLDER).unwrap();
    let first: Vec<u64> = reader.segments().iter().map(|segment| segment.before.number + 1).collect();
    let after = first.iter().skip(1).copied().chain([301]);
    let paths = reader.segments().iter().map(|segment| segment.path.clone());
    let frames = |first: u64, after: u64| {
        let place = |number| HEAD_BYTES + (number - first) * FRAME;
        (first..after).map(|number| (number, place(number)..place(number) + FRAME)).collect()
    };
    paths.zip(first.iter().zip(after)).map(|(path, (first, after))| (path, frames(*first, after))).collect()
}

/// A disk that gives every byte but these.
#[derive(Debug)]
struct Failing {
    disk: Arc<dyn Disk>,
    path: String,
    bytes: Range<u64>,
}

#[derive(Debug)]
struct FailingFile(Box<dyn DiskFile>, Range<u64>);

impl Disk for Failing {
    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.disk.open_to_read(path)?;
        Ok(if path == self.path { Box::new(FailingFile(file, self.bytes.clone())) } else { file })
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn full_path(&self, path: &str) -> String {
        self.disk.full_path(path)
    }

    fn create(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        Err(only_read())
    }

    fn open(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        Err(only_read())
    }

    fn make_folder(&self, _: &str) -> io::Result<()> {
        Err(only_read())
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Err(only_read())
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        Err(only_read())
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Err(only_read())
    }

    fn free_space(&self) -> io::Result<u64> {
        Err(only_read())
    }
}

impl DiskFile for FailingFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let end = offset + u64::try_from(buffer.len()).unwrap();
        if self.1.start < end && offset < self.1.end {
            // What a disk gives before it fails is no part of the answer.
            buffer.fill(0xee);
            return Err(io::Error::other("a sector of the disk is gone"));
        }
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(only_read())
    }

    fn sync(&self) -> io::Result<()> {
        Err(only_read())
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}

fn only_read() -> io::Error {
    io::Error::other("what is damaged is only read")
}

#[test]
fn a_sector_that_cannot_be_read_costs_the_frames_of_its_block_and_no_others() {
    let disk = three_segments();
    let places = places(&disk);
    assert_eq!(places.len(), 3);
    for (path, frames) in &places {
        for start in (0..32_768).step_by(4_096) {
            let block = start..start + 4_096;
            // One sector in it: the block is given up as a whole.
            let bytes = start + 1_024..start + 1_536;
            let failing = Failing { disk: disk.mount(), path: path.clone(), bytes };
            let (scanned, seen) = look_at(&failing, &[]).unwrap();
            let lost = |place: &Range<u64>| place.start < block.end && block.start < place.end;
            let lost: Vec<u64> = frames.iter().filter(|(_, place)| lost(place)).map(|(number, _)| *number).collect();
            let found: Vec<u64> = seen.iter().map(|(number, _)| *number).collect();
            let expected: Vec<u64> = (1..=300).filter(|number| !lost.contains(number)).collect();
            assert_eq!(found, expected, "{path} at {start}");
            let [unreadable] = scanned.unreadable.as_slice() else { panic!("{path} at {start}: {scanned:?}") };
            assert_eq!((unreadable.offset, unreadable.bytes), (start, 4_096));
            assert!(unreadable.problem.contains("sector") && !scanned.is_sound());
            // What stands behind it is known to: unless nothing of a frame was lost.
            let is_behind = |number: u64| lost.first().is_some_and(|first| number > *first);
            assert!(seen.iter().all(|(number, behind)| *behind == is_behind(*number)), "{path} at {start}");
            let is_last = places.last().is_some_and(|(last, _)| last == path);
            assert!(scanned.gaps_total > 0 || (lost.is_empty() && !is_last), "{path} at {start}: {scanned:?}");
        }
    }
}

#[test]
fn a_call_that_fails_once_ends_no_look_and_hides_nothing() {
    let disk = three_segments();
    let before = disk.calls();
    look_at(disk.mount().as_ref(), &[]).unwrap();
    let calls = disk.calls() - before;
    assert!(calls > 10, "{calls}");
    let mut ended = 0;
    for call in 1..=calls {
        disk.heal();
        disk.fail_call(disk.calls() + call, DiskFailure::Broken);
        match look_at(disk.mount().as_ref(), &[]) {
            Ok((scanned, seen)) => assert!(seen.len() == 300 || !scanned.is_sound(), "call {call}: {scanned:?}"),
            // The names of the files, once for the id and once for the frames.
            Err(_) => ended += 1,
        }
    }
    assert_eq!(ended, 2);
}

#[test]
fn salvage_saves_what_is_around_a_sector_that_cannot_be_read() {
    let disk = three_segments();
    let (path, frames) = places(&disk).swap_remove(1);
    let failing = Failing { disk: disk.mount(), path, bytes: 8_192..8_704 };
    let to = tempfile::tempdir().unwrap();
    let saved = salvage_from(&failing, &to.path().join("saved"), &[]).unwrap();
    let lost = frames.iter().filter(|(_, place)| place.start < 12_288 && 8_192 < place.end);
    let lost: Vec<u64> = lost.map(|(number, _)| *number).collect();
    assert_eq!(saved.scanned.sound_to.number, lost[0] - 1);
    assert_eq!(saved.scanned.behind, 300 - lost[lost.len() - 1]);
    let reader = Reader::open(Arc::new(RealDisk::new(&to.path().join("saved/store"))), FOLDER).unwrap();
    assert_eq!(reader.frames(1).map(Result::unwrap).last().unwrap().header.position(), saved.scanned.sound_to);
}

#[test]
fn a_changed_bit_of_the_only_head_hides_no_frame() {
    let data = data(8);
    let disk = RealDisk::new(&data.path().join("store"));
    let path = segment(data.path(), 1);
    let whole = fs::read(&path).unwrap();
    for bit in 0..112 * 8_usize {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        let (scanned, seen) = look_at(&disk, &[]).unwrap();
        assert_eq!(scanned.journal, JournalId([7; 16]), "bit {bit}");
        assert_eq!((scanned.gaps_total, scanned.gaps[0].offset, scanned.sound_to.number), (1, 0, 8), "bit {bit}");
        assert_eq!(seen.len(), 8);
    }
}

#[test]
fn a_head_that_is_gone_is_replaced_by_the_id_that_a_backup_knows_and_by_no_other() {
    let data = data(8);
    let disk = RealDisk::new(&data.path().join("store"));
    overwrite(&segment(data.path(), 1), 0, &[0; 512]);
    let said = look_at(&disk, &[JournalId([8; 16])]).unwrap_err().to_string();
    assert!(said.contains("--journal") && said.contains("manifest.json"), "{said}");
    let (scanned, seen) = look_at(&disk, &[JournalId([8; 16]), JournalId([7; 16])]).unwrap();
    assert_eq!((scanned.journal, scanned.sound_to.number, seen.len()), (JournalId([7; 16]), 8, 8));
    let to = tempfile::tempdir().unwrap();
    let saved = salvage(data.path(), &to.path().join("saved"), &[JournalId([7; 16])]).unwrap();
    assert_eq!((saved.scanned.sound_to.number, saved.scanned.behind), (8, 0), "a whole journal again");
}
