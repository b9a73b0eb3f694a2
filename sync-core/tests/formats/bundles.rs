//! Room `bundle`: what one device hands to another, and its parts as texts of QR codes.
//!
//! The array is put together here from its parts, and the signature is checked over it.

use docket_sync_core::bundle::{Bundle, Part, Trusted, split};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::Signature;
use docket_sync_core::proof::{self, Certificate, Certified, Envelope, EnvelopeDocument};
use docket_sync_core::sync::frames::{Cover, Frame, ProofBytes, Push, RecordSet, References};
use docket_sync_core::sync::message::{Plain, pack};

use super::golden::{Files, Room};
use super::proofs::envelope;
use super::samples::{DEVICE, NOON, STORE, TECHNICIAN, device_key, document, records, store_key};

fn certificate() -> Certificate {
    let said = Certified {
        store: STORE,
        number: 7,
        device: DEVICE,
        device_key: device_key().verifying_key().to_bytes(),
        persons: vec![(TECHNICIAN, vec![Role::Technician])],
        issued_at: NOON,
        sealing_key: [0x21; 32],
    };
    Certificate::issue(said, &store_key())
}

/// The device's own two facts of the sample order, and the name of a customer.
fn bundle() -> Bundle {
    let own = &records()[2..4];
    let push = Push {
        cover: Cover::Relayed { envelope: envelope(), certificate: certificate().to_bytes() },
        records: RecordSet::pack([(document(), own)]),
        proofs: vec![],
    };
    let told = References { receipt: None, records: vec![ProofBytes(vec![12])] };
    let frames = vec![Frame::Push(push), Frame::References(told)];
    Bundle { store: STORE, sender: certificate(), made_at: NOON, frames }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    minicbor::to_vec(minicbor::bytes::ByteVec::from(bytes.to_vec())).unwrap()
}

fn described() -> Vec<u8> {
    let domain = "docket-bundle-1";
    let message = pack(&bundle().frames, &mut Plain);
    let time = minicbor::to_vec(NOON.0).unwrap();
    let head = [vec![0x85, 0x60 + u8::try_from(domain.len()).unwrap()], domain.as_bytes().to_vec()].concat();
    [head, string(&STORE.0), string(&certificate().to_bytes()), time, string(&message)].concat()
}

fn sealed() -> Vec<u8> {
    bundle().seal(&device_key()).unwrap()
}

fn files() -> Files {
    let mut files = vec![("bundle".to_owned(), sealed())];
    let parts = split(&sealed()).unwrap();
    files.extend(parts.iter().map(|part| (format!("part-{}", part.number()), part.text().into_bytes())));
    files
}

#[test]
fn u_08_bundles_and_their_parts_keep_their_bytes() {
    Room::open("bundle").check(&files());
    let bytes = sealed();
    let (array, signature) = bytes.split_at(bytes.len() - 64);
    assert_eq!(array, described());
    let key = device_key().verifying_key();
    proof::verify(&key, "bundle", array, &Signature::from_slice(signature).unwrap()).unwrap();
    let trusted = Trusted { store: STORE, store_key: store_key().verifying_key().to_bytes() };
    assert_eq!(Bundle::open(&bytes, &trusted).unwrap(), bundle());
    for part in split(&bytes).unwrap() {
        assert_eq!(Part::read(&part.text()).unwrap(), part);
    }
    // The envelope in it is the one that the store verifies when a colleague relays it.
    let listed = EnvelopeDocument { document: document(), changes: envelope().documents[0].changes.clone() };
    let again = Envelope::signed(STORE, DEVICE, 42, vec![listed], &device_key());
    assert_eq!(again, envelope());
}
