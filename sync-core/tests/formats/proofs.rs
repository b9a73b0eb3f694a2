//! Room `proof`: what devices and stores sign, cursors, digests.
//!
//! The signed bytes are put together here from their parts, and the signatures are checked over them.

use docket_sync_core::document::{Document, skeleton_hash};
use docket_sync_core::ids::{ChangeHash, Digest, KeyId, Nonce, RecordId, Signature};
use docket_sync_core::proof::enrolment::EnrolmentRequest;
use docket_sync_core::proof::sealed::{SealedFor, open, seal};
use docket_sync_core::proof::{self, Envelope, EnvelopeDocument, Receipt, ReceiptDocument, chain_next, chain_start};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::sync::frames::{Hello, PROTOCOL, Pending};
use ed25519_dalek::SigningKey;

use super::golden::{Files, Room};
use super::samples::{DEVICE, EPOCH, INCARNATION, NOON, STORE, device_key, document, records, store_key};

fn whole() -> Document {
    let mut document = Document::new(document()).unwrap();
    for record in records() {
        document.append(&record).unwrap();
    }
    document
}

/// The changes of the device, in the order of its chain.
fn own_changes() -> Vec<ChangeHash> {
    let device = records()[2].actor;
    [1, 2].map(|sequence| whole().change_hash(device, sequence).unwrap()).to_vec()
}

pub(crate) fn envelope() -> Envelope {
    let documents = vec![EnvelopeDocument { document: document(), changes: own_changes() }];
    Envelope::signed(STORE, DEVICE, 42, documents, &device_key())
}

pub(crate) fn receipt() -> Receipt {
    let documents = vec![ReceiptDocument { document: document(), heads: whole().heads() }];
    Receipt::signed(STORE, EPOCH, 1_000, chain(), documents, &store_key())
}

/// Where the sealed bytes belong.
fn belongs() -> SealedFor {
    SealedFor { store: STORE, document: document() }
}

/// Three bytes sealed to the store whose sealing secret is 32 bytes `21`, with the one-time secret of 32 bytes `2c`.
pub(crate) fn sealed() -> Vec<u8> {
    let public = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from([0x21; 32])).to_bytes();
    seal(&public, belongs(), &[1, 2, 3], [0x2c; 32]).unwrap()
}

/// A chain value: after one record of three bytes.
pub(crate) fn chain() -> Digest {
    chain_next(chain_start(STORE), 1, &[1, 2, 3])
}

pub(crate) fn cursor() -> Cursor {
    Cursor::new(EPOCH, 1_000, chain())
}

/// The first Hello of a device, one with everything, and one in the middle of a walk.
pub(crate) fn hellos() -> [Hello; 3] {
    let first = Hello {
        protocol: PROTOCOL,
        device: DEVICE,
        incarnation: INCARNATION,
        counter: 1,
        nonce: Nonce([0x61; 16]),
        cursor: None,
        level: 1,
        signature: Signature([0; 64]),
        travels: None,
        pending: None,
        walk_from: None,
    };
    let full = Hello {
        counter: 70_000,
        cursor: Some(cursor()),
        travels: Some(Digest([0x62; 32])),
        pending: Some(Pending { count: 12, oldest: NOON }),
        ..first.clone()
    };
    let cut = Hello { walk_from: Some(0), ..full.clone() };
    [first, full, cut].map(|mut hello| {
        hello.signature = proof::sign(&device_key(), &hello.signed_bytes(STORE));
        hello
    })
}

/// The digest of a scope that holds the sample order and two reference records.
pub(crate) fn scope_digest() -> Digest {
    let document = whole();
    let changes = document.change_hashes().into_iter().map(|hash| DigestSum::of_change(document.id(), hash));
    let references = [(RecordId([1; 16]), 1), (RecordId([2; 16]), 300)];
    let references = references.into_iter().map(|(record, version)| DigestSum::of_reference(record, version));
    changes.chain(references).fold(DigestSum::default(), DigestSum::plus).to_digest()
}

fn files() -> Files {
    let [first, full, _] = hellos();
    vec![
        ("chain-start".into(), chain_start(STORE).0.to_vec()),
        ("chain-1".into(), chain().0.to_vec()),
        ("cursor".into(), minicbor::to_vec(cursor()).unwrap()),
        ("envelope".into(), envelope().to_bytes()),
        ("envelope-signed".into(), signed_by_device()),
        ("enrolment-signed".into(), enrolment_signed()),
        ("enrolment-signature".into(), enrolment().signature.0.to_vec()),
        ("hello-first-signed".into(), first.signed_bytes(STORE)),
        ("hello-full-signed".into(), full.signed_bytes(STORE)),
        ("receipt".into(), receipt().to_bytes()),
        ("receipt-signed".into(), signed_by_store()),
        ("scope-digest".into(), scope_digest().0.to_vec()),
        ("sealed".into(), sealed()),
    ]
}

/// `bytes` as a CBOR byte string shorter than 256 bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    let head = if length < 24 { vec![0x40 + length] } else { vec![0x58, length] };
    [head, bytes.to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [vec![0x60 + u8::try_from(text.len()).unwrap()], text.as_bytes().to_vec()].concat()
}

fn one_document(hashes: &[ChangeHash]) -> Vec<u8> {
    let count = 0x80 + u8::try_from(hashes.len()).unwrap();
    let hashes: Vec<u8> = hashes.iter().flat_map(|hash| string(&hash.0)).collect();
    [vec![0x81, 0x82], string(&document().0), vec![count], hashes].concat()
}

fn signed_by_device() -> Vec<u8> {
    let key = KeyId::of(device_key().verifying_key().as_bytes());
    [
        vec![0x86],
        text("docket-push-1"),
        string(&STORE.0),
        string(&DEVICE.0),
        string(&key.0),
        vec![0x18, 42],
        one_document(&own_changes()),
    ]
    .concat()
}

fn signed_by_store() -> Vec<u8> {
    [
        vec![0x86],
        text("docket-receipt-1"),
        string(&STORE.0),
        string(&EPOCH.0),
        vec![0x19, 0x03, 0xe8],
        string(&chain().0),
        one_document(&whole().heads()),
    ]
    .concat()
}

fn enrolment() -> EnrolmentRequest {
    EnrolmentRequest::signed("GAYT-EMZU", Nonce([3; 16]), &device_key())
}

fn enrolment_signed() -> Vec<u8> {
    let key = device_key().verifying_key().to_bytes();
    [vec![0x84], text("docket-enrol-1"), text("GAYT-EMZU"), string(&[3; 16]), string(&key)].concat()
}

fn verify(key: &SigningKey, bytes: &[u8], signature: &Signature) {
    proof::verify(&key.verifying_key(), "golden file", bytes, signature).unwrap();
}

#[test]
fn golden_proofs_are_what_this_version_writes() {
    Room::open("proof").check(&files());
}

#[test]
fn golden_proofs_are_read_and_their_signatures_hold_over_the_described_bytes() {
    let room = Room::open("proof");
    let read = Envelope::from_bytes(&room.read("envelope")).unwrap();
    assert_eq!(read, envelope());
    read.verify(&device_key().verifying_key()).unwrap();
    verify(&device_key(), &signed_by_device(), &read.signature);
    let read = Receipt::from_bytes(&room.read("receipt")).unwrap();
    assert_eq!(read, receipt());
    read.verify(&store_key().verifying_key()).unwrap();
    verify(&store_key(), &signed_by_store(), &read.signature);
    for (name, hello) in ["hello-first-signed", "hello-full-signed", "hello-full-signed"].into_iter().zip(hellos()) {
        verify(&device_key(), &room.read(name), &hello.signature);
    }
    verify(&device_key(), &enrolment_signed(), &enrolment().signature);
    let read: Cursor = minicbor::decode(&room.read("cursor")).unwrap();
    assert_eq!(read, cursor());
}

#[test]
fn golden_sealed_bytes_open_with_the_stores_secret_alone() {
    let room = Room::open("proof");
    let secret = |byte| x25519_dalek::StaticSecret::from([byte; 32]);
    assert_eq!(open(&secret(0x21), belongs(), &room.read("sealed")), Some(vec![1, 2, 3]));
    assert_eq!(open(&secret(0x22), belongs(), &room.read("sealed")), None);
}

#[test]
fn a_scope_digest_is_a_sum_of_little_endian_numbers() {
    let document = document();
    let mut terms: Vec<blake3::Hash> =
        whole().change_hashes().iter().map(|hash| blake3::hash(&[document.0.as_slice(), &hash.0].concat())).collect();
    for (record, version) in [([1; 16], 1_u64), ([2; 16], 300)] {
        terms.push(blake3::hash(&[b"docket-ref-1".as_slice(), &record, &version.to_be_bytes()].concat()));
    }
    let mut sum = [0_u32; 33];
    for term in terms {
        sum.iter_mut().zip(term.as_bytes()).for_each(|(to, byte)| *to += u32::from(*byte));
    }
    for position in 0..32 {
        sum[position + 1] += sum[position] / 256;
    }
    let sum: Vec<u8> = sum[..32].iter().map(|number| u8::try_from(number % 256).unwrap()).collect();
    assert_eq!(sum, Room::open("proof").read("scope-digest"));
    assert!(whole().change_hashes().contains(&skeleton_hash(document)));
}

#[test]
fn a_chain_value_follows_from_the_one_before_it() {
    let room = Room::open("proof");
    let start = blake3::hash(&[b"docket-log-1".as_slice(), &STORE.0].concat());
    assert_eq!(room.read("chain-start"), start.as_bytes());
    let record = blake3::hash(&[1, 2, 3]);
    let next = blake3::hash(&[start.as_bytes().as_slice(), &1_u64.to_be_bytes(), record.as_bytes()].concat());
    assert_eq!(room.read("chain-1"), next.as_bytes());
}
