//! Golden bytes of log records, entries and stored values; the hash chain over three records.

#[path = "../../../sync-core/tests/golden/mod.rs"]
mod golden;

use docket_sync_core::ids::{Epoch, Incarnation, KeyId, StoreId};
use docket_sync_core::proof::{chain_next, chain_start};

use self::golden::{Files, Room};
use super::*;
use crate::store::value;

const STORE: StoreId = StoreId([0x5a; 16]);
const PERSON: PersonId = PersonId([0x22; 16]);
const DEVICE: DeviceId = DeviceId([0xd1; 16]);
const DOCUMENT: DocumentId = DocumentId([0x0d; 16]);
const ACTOR: ActorId = ActorId([0xac; 16]);
/// 2025-11-21T08:30:00Z.
const NOON: UnixMillis = UnixMillis(1_763_713_800_000);

fn fact(carried_by: Option<DeviceId>) -> LogRecord {
    LogRecord::Fact(FactRecord {
        document: DOCUMENT,
        actor: ACTOR,
        sequence: 300,
        time: NOON,
        bytes: vec![1, 2, 3],
        hash: ChangeHash([0xcc; 32]),
        received_at: NOON.plus(60_000),
        carried_by,
    })
}

fn restored(epoch: Epoch) -> LogRecord {
    let from = "backup of 2025-11-20".to_owned();
    let until_at = (epoch.0[0] == 0xe1).then_some(NOON);
    LogRecord::Restored { from, until_number: 70_000, until_at, epoch_before: Epoch([0xe0; 8]), epoch, at: NOON }
}

fn decided() -> LogRecord {
    let (document, actor, reason) = (DOCUMENT, ACTOR, "电话核实".to_owned());
    LogRecord::Decided { document, actor, sequence: 301, admitted: true, by: PERSON, reason, at: NOON }
}

/// A record of every kind, and of the kinds with something absent a second one.
fn records() -> Vec<(&'static str, LogRecord)> {
    let server = Origin::Server { store: STORE, epoch: Epoch([0xe0; 8]), node: 0, start: 3 };
    let device = Origin::Device { device: DEVICE, incarnation: Incarnation([0xc1; 16]) };
    let quarantined = |code| {
        let (document, actor, sequence, device, at) = (DOCUMENT, ACTOR, 301, DEVICE, NOON);
        LogRecord::Quarantined { document, actor, sequence, code, device, at }
    };
    let office = |document, by| {
        let feature = "dispatch".to_owned();
        LogRecord::Office { feature, document, bytes: vec![7], by, at: NOON }
    };
    vec![
        ("00-started", LogRecord::Started { origin: server, at: NOON }),
        ("00-started-by-device", LogRecord::Started { origin: device, at: NOON }),
        ("01-envelope", LogRecord::Envelope { bytes: vec![4, 5] }),
        ("02-fact", fact(Some(DEVICE))),
        ("02-fact-own", fact(None)),
        ("03-reference", LogRecord::Reference { bytes: vec![6], by: Some(PERSON), at: NOON }),
        ("03-reference-by-rule", LogRecord::Reference { bytes: vec![6], by: None, at: NOON }),
        ("04-person", LogRecord::Person { person: PERSON, roles: vec![0, 2], active: true, by: None, at: NOON }),
        ("05-enrolled", LogRecord::Enrolled { certificate: vec![8], at: NOON }),
        ("06-revoked", LogRecord::Revoked { device: DEVICE, by: PERSON, reason: "丢失".to_owned(), at: NOON }),
        ("07-quarantined", quarantined(Some(QuarantineCode::ForgedAuthor))),
        ("07-quarantined-held", quarantined(None)),
        ("08-proof", LogRecord::Proof { document: DOCUMENT, proof: BlobId([0x73; 32]) }),
        ("10-restored", restored(Epoch([0xe1; 8]))),
        ("10-restored-unnoticed", restored(Epoch([0xe0; 8]))),
        ("11-confirmed", LogRecord::Confirmed { device: DEVICE, by: PERSON, at: NOON }),
        ("12-decided", decided()),
        ("09-office", office(Some(DOCUMENT), Some(PERSON))),
        ("09-office-by-rule", office(None, None)),
    ]
}

/// The first three entries of a log: chain value, then record.
fn entries() -> [Vec<u8>; 3] {
    let mut chain = chain_start(STORE);
    let mut number = 0;
    [0, 2, 3].map(|index| {
        let record = records()[index].1.to_bytes();
        number += 1;
        chain = chain_next(chain, number, &record);
        entry_bytes(chain, &record)
    })
}

fn files() -> Files {
    let mut files: Files = records().iter().map(|(name, record)| ((*name).to_owned(), record.to_bytes())).collect();
    files.extend((1..).zip(entries()).map(|(number, entry)| (format!("entry-{number}"), entry)));
    files.push(("value-plain".into(), value::plain(b"abc")));
    files.push(("value-encrypted".into(), value::encrypted(KeyId([1, 2, 3, 4, 5, 6, 7, 8]), b"xy")));
    files
}

#[test]
fn golden_log_records_are_what_this_version_writes() {
    Room::open("log").check(&files());
}

#[test]
fn golden_log_records_are_read_to_the_same_values() {
    let room = Room::open("log");
    for (name, expected) in records() {
        let read: LogRecord = record::decode("log record", &room.read(name)).unwrap();
        assert_eq!(read, expected, "{name}");
    }
    let read = value::decode(room.read("value-encrypted")).unwrap();
    assert_eq!(read, value::StoredValue { key: Some(KeyId([1, 2, 3, 4, 5, 6, 7, 8])), payload: b"xy".to_vec() });
    assert_eq!(value::decode(room.read("value-plain")).unwrap().payload, b"abc");
}

#[test]
fn golden_entries_carry_the_chain_of_everything_before_them() {
    let room = Room::open("log");
    let mut chain = blake3::hash(&[b"docket-log-1".as_slice(), &STORE.0].concat());
    for number in 1..=3_u64 {
        let bytes = room.read(&format!("entry-{number}"));
        let record = blake3::hash(&bytes[32..]);
        chain = blake3::hash(&[chain.as_bytes().as_slice(), &number.to_be_bytes(), record.as_bytes()].concat());
        let entry = read_entry(&bytes).unwrap();
        assert_eq!(entry.chain.0, *chain.as_bytes(), "entry {number}");
        assert_eq!(entry.record.to_bytes(), bytes[32..]);
    }
    assert!(read_entry(&room.read("entry-1")[..31]).is_err());
}
