//! Every place at which a write can be cut off, and every bit that can flip, on a journal of a few frames: the journal
//! alone, so that all of them are tried in a moment.

use docket_sync_core::time::UnixMillis;

use super::error::Damage;
use super::*;
use crate::store::disk::SimulatedDisk;
use crate::store::{Batch, Table};

const ID: JournalId = JournalId([0x5a; 16]);
/// Two small segments and the beginning of a third.
const SMALL: JournalOptions =
    JournalOptions { first_segment_bytes: 1_024, segment_bytes_max: 1_536, step_bytes: 512, reserve_bytes: 0 };

/// What a frame reads as.
type Read = Vec<Frame>;

/// One frame of the last segment.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    /// First byte, byte after the payload, byte after the padding.
    from: usize,
    payload_end: usize,
    end: usize,
}

struct Small {
    disk: SimulatedDisk,
    frames: Read,
    segments: Vec<String>,
}

impl Small {
    /// Frames of different lengths, until the last of three segments holds four: plain, packed, with and without padding.
    fn new() -> Self {
        let disk = SimulatedDisk::new();
        let mut journal = Journal::create(disk.mount(), FOLDER, ID, SMALL).unwrap();
        disk.mount().sync_folder("").unwrap();
        let mut number = 0;
        while number < 40 {
            number += 1;
            append(&mut journal, number);
            let segments = journal.reader().unwrap().segments().to_vec();
            if segments.len() == 3 && number >= segments[2].before.number + 4 {
                break;
            }
        }
        let reader = journal.reader().unwrap();
        let segments: Vec<String> = reader.segments().iter().map(|segment| segment.path.clone()).collect();
        assert_eq!(segments.len(), 3);
        Self { frames: reader.frames(1).collect::<Result<_, _>>().unwrap(), disk, segments }
    }

    /// Where the frames of a segment lie.
    fn places(&self, segment: usize) -> Vec<Place> {
        let reader = Reader::open(self.disk.mount(), FOLDER).unwrap();
        let info = &reader.segments()[segment];
        let last = reader.segments().get(segment + 1).map_or(u64::MAX, |next| next.before.number);
        let mut from = usize::try_from(segment::HEAD_BYTES).unwrap();
        let own = self.frames.iter().filter(|frame| (info.before.number + 1..=last).contains(&frame.header.number));
        own.map(|frame| {
            let at = from;
            from += frame.header.frame_bytes();
            Place { number: frame.header.number, from: at, payload_end: at + frame.header.payload_end(), end: from }
        })
        .collect()
    }

    /// The same disk with other bytes in one segment.
    fn with(&self, segment: usize, bytes: Vec<u8>) -> SimulatedDisk {
        let other = SimulatedDisk::new();
        other.restore(&self.disk.snapshot());
        other.put(&self.segments[segment], bytes).unwrap();
        other
    }

    fn bytes(&self, segment: usize) -> Vec<u8> {
        self.disk.bytes(&self.segments[segment]).unwrap()
    }
}

fn append(journal: &mut Journal, number: u64) {
    let mut batch = Batch::new();
    let length = usize::try_from(number * 11 % 70).unwrap();
    batch.put(Table::Log, number.to_be_bytes(), vec![7; length]);
    if number.is_multiple_of(4) {
        batch.put(Table::Document, "d", "the same words again and again; ".repeat(20));
    }
    journal.append(&NewFrame { batch: &batch, time: UnixMillis(1_000), is_base: false }).unwrap();
}

fn read(disk: &SimulatedDisk) -> Result<Read, JournalError> {
    Reader::open(disk.mount(), FOLDER)?.frames(1).collect()
}

/// Opening it gives exactly the frames up to `last`; what was cut is gone, and writing goes on.
fn check_cut(small: &Small, disk: &SimulatedDisk, last: u64, case: &str) {
    let opened = Journal::open(disk.mount(), FOLDER, SMALL).unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(opened.journal.position().number, last, "{case}");
    let whole: Read = small.frames.iter().filter(|frame| frame.header.number <= last).cloned().collect();
    assert!(read(disk).unwrap() == whole, "{case}: other frames");
    drop(opened);
    let mut again = Journal::open(disk.mount(), FOLDER, SMALL).unwrap();
    assert_eq!((again.cut_bytes, again.journal.position().number), (0, last), "{case}: cut twice");
    append(&mut again.journal, last + 1);
    let frames = read(disk).unwrap();
    assert!(frames.len() == whole.len() + 1 && frames.starts_with(&whole), "{case}: writing does not go on");
}

/// A journal that was closed in order has no torn tail: it is refused, and nothing of it is changed.
fn check_closed(disk: &SimulatedDisk, last: u64, case: &str) {
    let before: Vec<_> = disk.files().into_iter().map(|path| disk.bytes(&path)).collect();
    let error = Journal::open_after(disk.mount(), FOLDER, SMALL, Ended::InOrder).map(drop).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { last_good, problem: Damage::LastFrame, .. } if last_good == last),
        "{case}: {error}"
    );
    assert!(before == disk.files().into_iter().map(|path| disk.bytes(&path)).collect::<Vec<_>>(), "{case}: changed");
}

#[test]
fn a_write_that_is_cut_off_at_any_byte_of_any_frame_of_the_tail_is_cut_to_the_last_whole_frame() {
    let small = Small::new();
    let (bytes, places) = (small.bytes(2), small.places(2));
    assert!(places.len() >= 4 && places.iter().any(|place| place.end > place.payload_end));
    let before = places[0].number - 1;
    let mut cases = 0;
    for at in places[0].from..=places.last().unwrap().end {
        let whole = places.iter().filter(|place| place.payload_end <= at).map(|place| place.number).next_back();
        let whole = whole.unwrap_or(before);
        // The file ends here; zeros follow, as in a segment that was made ready; something else follows.
        let mut zeros = bytes.clone();
        zeros[at..].fill(0);
        // A frame may end with zeros of its own: it is whole with as many of them as were there anyway.
        let is_same = |place: &&Place| zeros[..place.payload_end] == bytes[..place.payload_end];
        let with_zeros = places.iter().rfind(is_same).map_or(before, |place| place.number);
        let mut garbage = bytes.clone();
        for (offset, byte) in garbage[at..].iter_mut().enumerate() {
            *byte = u8::try_from(offset * 31 % 251).unwrap() | 1;
        }
        let tails = [("short", bytes[..at].to_vec(), whole), ("zeros", zeros, with_zeros), ("garbage", garbage, whole)];
        for (kind, changed, last) in tails {
            let case = format!("{kind} from byte {at}");
            let rest_of =
                |last: u64| places.iter().find(|place| place.number == last).map_or(places[0].from, |p| p.end);
            let has_rest = changed.iter().skip(rest_of(last)).any(|byte| *byte != 0);
            let disk = small.with(2, changed);
            if has_rest {
                check_closed(&disk, last, &case);
            }
            check_cut(&small, &disk, last, &case);
            cases += 1;
        }
    }
    assert!(cases > 1_500, "{cases}");
}

#[test]
fn a_bit_flipped_anywhere_in_a_closed_segment_is_told_or_lies_in_its_unused_zeros() {
    let small = Small::new();
    let head = usize::try_from(segment::HEAD_BYTES).unwrap();
    for (closed, named) in [(0, "0000000001.journal"), (1, "0000000002.journal")] {
        let (bytes, places) = (small.bytes(closed), small.places(closed));
        assert!(places.len() >= 3 && bytes.len() > places.last().unwrap().end);
        let is_used = |at: usize| at < 112 || places.iter().any(|place| (place.from..place.payload_end).contains(&at));
        let mut told = 0;
        for at in 0..bytes.len() {
            assert!(is_used(at) || bytes[at] == 0, "byte {at} is neither used nor zero");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let disk = small.with(closed, flipped);
                let case = format!("{named}, bit {bit} of byte {at}");
                match read(&disk) {
                    // Bytes 8 to 11 of a head are its version, and the head's hash covers them.
                    Err(JournalError::Damaged { file, last_good, .. }) => {
                        assert!(is_used(at) && file.ends_with(named), "{case}: {file}");
                        let frame = places.iter().find(|place| place.from <= at && at < place.payload_end);
                        assert!(frame.is_none_or(|frame| last_good == frame.number - 1), "{case}: {last_good}");
                        told += 1;
                    }
                    Err(error) => panic!("{case}: {error}"),
                    Ok(frames) => assert!(!is_used(at) && frames == small.frames, "{case}: read as if nothing were"),
                }
                // Opening for writing lists every head.
                assert_eq!(Journal::open(disk.mount(), FOLDER, SMALL).is_err(), at < 112, "{case}");
            }
        }
        let used: usize = places.iter().map(|place| place.payload_end - place.from).sum();
        assert_eq!(told, (112 + used) * 8);
        assert!(used + head <= bytes.len());
    }
}

#[test]
fn a_bit_flipped_anywhere_in_the_open_segment_before_its_last_frame_is_told_and_nothing_is_changed() {
    let small = Small::new();
    let (bytes, places) = (small.bytes(2), small.places(2));
    let last = *places.last().unwrap();
    for at in places[0].from..last.end {
        let place = *places.iter().find(|place| at < place.end).unwrap();
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let disk = small.with(2, flipped.clone());
            let case = format!("bit {bit} of byte {at}, frame {}", place.number);
            if at >= place.payload_end {
                // A padding: nothing is lost.
                assert!(read(&disk).unwrap() == small.frames, "{case}");
            } else if place.number == last.number {
                check_closed(&disk, last.number - 1, &case);
                check_cut(&small, &disk, last.number - 1, &case);
            } else {
                let error = Journal::open(disk.mount(), FOLDER, SMALL).map(drop).unwrap_err();
                let is_told = matches!(
                    error,
                    JournalError::Damaged { last_good, problem: Damage::Frame, .. } if last_good == place.number - 1
                );
                assert!(is_told, "{case}: {error}");
                assert!(disk.bytes(&small.segments[2]) == Some(flipped), "{case}: the damaged file was changed");
            }
        }
    }
}
