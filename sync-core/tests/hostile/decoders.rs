//! Every decoder against random and mutated bytes, from fixed seeds: a value or an error, never a panic, and no
//! memory for what is only claimed. `HOSTILE_ROUNDS` multiplies the number of mutations.

use docket_sync_core::DecodeError;
use docket_sync_core::document::{FactReader, Record, read_saved_heads};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::FactRef;
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::limits;
use docket_sync_core::proof::{Certificate, Envelope, Receipt};
use docket_sync_core::reference::ReferenceRecord;
use docket_sync_core::sync::message::{frame_bytes, unpack};
use docket_sync_core::voucher::copy::{CustomerCopy, verify_copy};
use docket_sync_core::voucher::strokes::Strokes;
use docket_sync_core::voucher::{Proof, Statement, Voucher};

use super::golden::Room;
use super::sample::{Device, NOON, ORDER};

/// Mutations of one golden file; each goes to every decoder.
const MUTATIONS: u64 = 150;

/// What a decoder makes of bytes: the bytes of the value that it read.
type Decoder = fn(&[u8]) -> Result<Vec<u8>, DecodeError>;

fn decoders() -> Vec<(&'static str, Decoder)> {
    vec![
        ("fact", |bytes| StatedFact::from_bytes(bytes).map(|value| value.to_bytes())),
        ("message", |bytes| {
            unpack(bytes).map(|frames| [vec![1, 0], frames.iter().flat_map(frame_bytes).collect()].concat())
        }),
        ("frame", |bytes| {
            let frames = unpack(&[&[1, 0], bytes].concat())?;
            Ok(frames.iter().flat_map(frame_bytes).collect())
        }),
        ("envelope", |bytes| Envelope::from_bytes(bytes).map(|value| value.to_bytes())),
        ("receipt", |bytes| Receipt::from_bytes(bytes).map(|value| value.to_bytes())),
        ("certificate", |bytes| Certificate::from_bytes(bytes).map(|value| value.to_bytes())),
        ("reference", |bytes| ReferenceRecord::from_bytes(bytes).map(|value| value.to_bytes())),
        ("voucher", |bytes| Voucher::from_bytes(bytes).map(|value| value.to_bytes())),
        ("statement", |bytes| Statement::from_bytes(bytes).map(|value| value.to_bytes())),
        ("proof", |bytes| Proof::from_bytes(bytes).map(|value| value.to_bytes())),
        ("copy", |bytes| CustomerCopy::from_bytes(bytes).map(|value| value.to_bytes())),
        ("strokes", |bytes| Strokes::from_bytes(bytes).map(|value| value.to_bytes())),
    ]
}

/// A seeded generator (`SplitMix64`; Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    /// One to three edits: a byte set, a bit turned, a byte put in or taken out, the end cut off.
    fn mutate(&mut self, golden: &[u8]) -> Vec<u8> {
        let mut bytes = golden.to_vec();
        for _ in 0..=self.below(3) {
            let position = self.below(bytes.len());
            let byte = self.byte();
            match self.below(16) {
                _ if bytes.is_empty() => bytes.push(byte),
                0..=5 => bytes[position] = byte,
                6..=10 => bytes[position] ^= 1 << (byte % 8),
                11..=12 => bytes.insert(position, byte),
                13..=14 => drop(bytes.remove(position)),
                _ => bytes.truncate(position),
            }
        }
        bytes
    }
}

fn rounds() -> u64 {
    std::env::var("HOSTILE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

fn goldens() -> Vec<(String, Vec<u8>)> {
    let mut goldens = Vec::new();
    for room in ["fact", "frames", "proof", "voucher"] {
        let files = Room::open(room);
        goldens.extend(files.names().into_iter().map(|name| (format!("{room}/{name}"), files.read(&name))));
    }
    assert!(goldens.len() > 100);
    goldens
}

/// Gives `bytes` to every decoder. What is read and written again is read as the same.
fn try_all(bytes: &[u8], from: &str) -> usize {
    let mut read = 0;
    for (decoder, decode) in decoders() {
        if let Ok(written) = decode(bytes) {
            assert_eq!(decode(&written).as_ref(), Ok(&written), "{decoder} of {from}");
            read += 1;
        }
    }
    drop((read_saved_heads(bytes), FactRef::from_bytes(bytes), verify_copy(bytes, None)));
    read
}

#[test]
fn mutated_goldens_are_values_or_errors_at_every_decoder() {
    let mut random = Random(1);
    let mut read = 0;
    for (name, golden) in goldens() {
        for _ in 0..MUTATIONS * rounds() {
            read += try_all(&random.mutate(&golden), &name);
        }
    }
    // If nothing were read any more the mutations would have stopped to reach what they are for.
    assert!(read > 1_000, "{read}");
}

#[test]
fn random_bytes_are_errors_at_every_decoder() {
    let mut random = Random(2);
    let mut read = 0;
    for _ in 0..20_000 * rounds() {
        let length = random.below(80);
        read += try_all(&random.bytes(length), "random bytes");
    }
    assert!(read < 2_000 * usize::try_from(rounds()).unwrap(), "{read}");
}

#[test]
fn mutated_facts_that_are_read_can_be_folded() {
    let device = Device(0xd1);
    let goldens: Vec<(String, Vec<u8>)> = goldens().into_iter().filter(|(name, _)| name.starts_with("fact/")).collect();
    for seed in 0..20 * rounds() {
        let mut random = Random(seed);
        let mut reader = FactReader::new(ORDER);
        let mut facts = FactSet::new(ORDER);
        for sequence in 1..=40 {
            let (_, golden) = &goldens[random.below(goldens.len())];
            let actor = device.origin().actor();
            let record = Record { actor, sequence, time: NOON, bytes: random.mutate(golden) };
            if let Ok(fact) = reader.read(&record) {
                facts.insert(fact);
            }
        }
        assert!(!facts.is_empty());
        let view = fold(&facts);
        assert_eq!(view.facts, facts.len(), "seed {seed}");
    }
}

#[test]
fn lengths_that_are_only_claimed_cost_nothing() {
    let claims: [&[u8]; 4] =
        [&[0x9a, 0xff, 0xff, 0xff, 0xff], &[0x9b, 0, 0, 1, 0, 0, 0, 0, 0], &[0xbb, 0, 0, 1, 0, 0, 0, 0, 0], &[0x9f]];
    for (name, golden) in goldens() {
        for position in (0..golden.len()).filter(|position| (0x80..0x98).contains(&golden[*position])).take(60) {
            for claim in claims {
                let bytes = [&golden[..position], claim, &golden[position + 1..]].concat();
                try_all(&bytes, &name);
            }
        }
    }
    // Two thousand million seen references, one proof of a terabyte.
    let fact = [0x82, 0x80, 0x85, 18, 1, 0x9a, 0x7f, 0xff, 0xff, 0xff, 0, 0xa0, 0x81, 0x60];
    assert!(StatedFact::from_bytes(&fact).is_err());
    let fact = [0x82, 0x80, 0x85, 18, 1, 0x80, 0xa0, 0x81, 0x7b, 0, 0, 1, 0, 0, 0, 0, 0];
    assert!(StatedFact::from_bytes(&fact).is_err());
}

#[test]
fn a_message_of_many_small_items_is_refused_before_it_is_read() {
    // Batch [from, to, actors, documents, references, proofs] with two million empty references.
    let cursor = [0x83, 0x48, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x48, 0, 0, 0, 0, 0, 0, 0, 0];
    let references = |count: u32| {
        let empty = vec![0x40; usize::try_from(count).unwrap()];
        [vec![0x9a], count.to_be_bytes().to_vec(), empty].concat()
    };
    let batch = |count| {
        let head = [&[1, 0, 0x82, 0x05, 0x81, 0x86, 0x00], cursor.as_slice(), &[0x80, 0x80]].concat();
        [head, references(count), vec![0x80]].concat()
    };
    assert_eq!(unpack(&batch(70_000)).unwrap().len(), 1);
    assert!(unpack(&batch(2_000_000)).unwrap_err().to_string().contains("too many items"));
}

#[test]
fn nesting_bombs_are_errors_at_every_decoder() {
    for opener in [0x81, 0x82, 0xa1, 0x9f, 0xbf, 0xc1, 0xd8] {
        for levels in [limits::NESTING_MAX + 1, 10_000, 60_000] {
            let bomb = vec![opener; levels];
            for prefix in [&[][..], &[0x82, 0x80], &[0x82, 0x80, 0x85, 200, 1, 0x80, 0xa0], &[1, 0], &[1, 0, 0x82, 5]] {
                assert_eq!(try_all(&[prefix, &bomb].concat(), "a bomb"), 0);
            }
        }
    }
}

#[test]
fn drawings_of_any_bytes_are_strokes_or_errors() {
    let drawing =
        br#"{"width":600,"height":220,"strokes":[[{"x":1.5,"y":2,"t":0,"pressure":0.5},{"x":9,"y":3,"t":8}]]}"#;
    let mut random = Random(3);
    let mut read = 0;
    for _ in 0..3_000 * rounds() {
        if let Ok(strokes) = Strokes::from_json(&random.mutate(drawing)) {
            assert_eq!(Strokes::from_bytes(&strokes.to_bytes()).unwrap(), strokes);
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
    let nested = [b"{\"strokes\":".as_slice(), &vec![b'['; 100_000]].concat();
    assert!(Strokes::from_json(&nested).is_err());
}
