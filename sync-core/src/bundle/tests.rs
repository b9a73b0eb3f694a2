//! Laws of the parts, and what opening a bundle refuses.

use proptest::prelude::*;

use super::*;
use crate::facts::Role;
use crate::ids::{DeviceId, PersonId};
use crate::proof::Certified;
use crate::sync::frames::{Introduce, Stored};

const STORE: StoreId = StoreId([1; 16]);

fn store_key() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

fn device_key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn certificate(store: StoreId, store_key: &SigningKey) -> Certificate {
    let said = Certified {
        store,
        number: 1,
        device: DeviceId([4; 16]),
        device_key: device_key().verifying_key().to_bytes(),
        persons: vec![(PersonId([5; 16]), vec![Role::Technician])],
        issued_at: UnixMillis(1_780_000_000_000),
        sealing_key: [6; 32],
    };
    Certificate::issue(said, store_key)
}

fn trusted() -> Trusted {
    Trusted { store: STORE, store_key: store_key().verifying_key().to_bytes() }
}

fn bundle() -> Bundle {
    let sender = certificate(STORE, &store_key());
    let frames = vec![Frame::Introduce(Introduce { certificate: sender.to_bytes() })];
    Bundle { store: STORE, sender, made_at: UnixMillis(1_780_000_100_000), frames }
}

fn refused(bytes: &[u8]) -> &'static str {
    Bundle::open(bytes, &trusted()).map_or_else(|error| error.code(), |_| "taken")
}

#[test]
fn u_08_a_bundle_survives_its_bytes_and_no_changed_byte_does() {
    let bytes = bundle().seal(&device_key()).unwrap();
    assert_eq!(Bundle::open(&bytes, &trusted()), Ok(bundle()));
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        assert_ne!(refused(&changed), "taken", "byte {position}");
        assert_ne!(refused(&bytes[..position]), "taken", "cut at {position}");
    }
}

#[test]
fn u_08_each_wrong_bundle_has_its_own_refusal() {
    let good = bundle();
    let sealed = |bundle: &Bundle| bundle.seal(&device_key()).unwrap();
    let (foreign, elsewhere) = (SigningKey::from_bytes(&[9; 32]), StoreId([8; 16]));
    let cases = [
        ("bundle_malformed", vec![]),
        ("bundle_malformed", b"a photo of a cat, perhaps, and longer than a signature is, which has 64 bytes".to_vec()),
        ("bundle_other_company", sealed(&Bundle { store: elsewhere, ..good.clone() })),
        ("bundle_other_company", sealed(&Bundle { sender: certificate(STORE, &foreign), ..good.clone() })),
        ("bundle_other_company", sealed(&Bundle { sender: certificate(elsewhere, &store_key()), ..good.clone() })),
        (
            "bundle_certificate",
            sealed(&Bundle { sender: Certificate { number: 7, ..certificate(STORE, &store_key()) }, ..good.clone() }),
        ),
        ("bundle_signature", good.seal(&foreign).unwrap()),
        ("bundle_malformed", sealed(&Bundle { frames: vec![Frame::Stored(Stored { to: 1 })], ..good.clone() })),
        ("bundle_too_large", vec![0; limits::BUNDLE_BYTES_MAX + 1]),
    ];
    for (expected, bytes) in cases {
        assert_eq!(refused(&bytes), expected);
    }
    let many = Bundle { frames: vec![Frame::Stored(Stored { to: 1 }); limits::BUNDLE_FRAMES_MAX + 1], ..good };
    assert_eq!(many.seal(&device_key()).map_err(|error| error.code()), Err("bundle_too_large"));
}

#[test]
fn u_08_the_largest_part_fits_its_code_and_a_sequence_has_a_limit() {
    let longest = vec![0xa5; limits::BUNDLE_PARTS_MAX * 800];
    let parts = split(&longest).unwrap();
    assert_eq!(parts.len(), limits::BUNDLE_PARTS_MAX);
    let last = parts.last().unwrap();
    assert_eq!(last.qr_modules().len(), 117);
    assert!(last.qr_svg().contains("viewBox=\"0 0 125 125\""));
    assert_eq!(split(&vec![0; longest.len() + 1]).map_err(|error| error.code()), Err("bundle_too_large"));
}

#[test]
fn u_08_parts_refuse_what_does_not_belong_and_forget_nothing() {
    let bytes: Vec<u8> = (0..2_500_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let parts = split(&bytes).unwrap();
    let mut read = Parts::default();
    let code = |outcome: Result<Added, PartError>| outcome.map_err(|error| error.code());
    assert_eq!(code(read.add("DOCKET:ABCDEFGH")), Err("part_unknown"));
    assert_eq!(code(read.add(&parts[2].text())), Ok(Added::New));
    assert_eq!(code(read.add(&format!(" {}\n", parts[2].text().to_lowercase()))), Ok(Added::Again));
    let mut damaged = parts[0].text();
    damaged.replace_range(40..41, if &damaged[40..41] == "A" { "B" } else { "A" });
    assert_eq!(code(read.add(&damaged)), Err("part_damaged"));
    assert_eq!(code(read.add(&split(&bytes[1..]).unwrap()[0].text())), Err("part_of_other_bundle"));
    let other_total = Part::new(parts[0].bundle, 1, 9, parts[0].bytes.clone());
    assert_eq!(code(read.add(&other_total.text())), Err("part_contradicts"));
    let other_bytes = Part::new(parts[2].bundle, 3, 4, vec![0; 800]);
    assert_eq!(code(read.add(&other_bytes.text())), Err("part_contradicts"));
    let short = Part::new(parts[0].bundle, 1, 4, vec![0; 799]);
    assert_eq!(code(read.add(&short.text())), Err("part_unknown"));
    assert_eq!(read.whole(), Err(PartError::Missing { missing: vec![1, 2, 4], total: 4 }));
    for part in &parts {
        read.add(&part.text()).unwrap();
    }
    assert_eq!(read.whole(), Ok(bytes));
    // Every part says the same of a whole that none of them is of.
    let forged = Part::new([7; NAME], 1, 1, vec![1]);
    let mut read = Parts::default();
    read.add(&forged.text()).unwrap();
    assert_eq!(read.whole(), Err(PartError::Damaged));
}

const NAME: usize = 16;

proptest! {
    /// Any order, any repetition: complete exactly when every part was read.
    #[test]
    fn u_08_parts_come_in_any_order_and_as_often_as_they_like(
        bytes in proptest::collection::vec(any::<u8>(), 1..6_000),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let parts = split(&bytes).unwrap();
        let mut read = Parts::default();
        let mut seen = std::collections::BTreeSet::new();
        for index in order {
            let part = index.get(&parts);
            let added = read.add(&part.text()).unwrap();
            prop_assert_eq!(added == Added::New, seen.insert(part.number()));
        }
        if seen.len() == parts.len() {
            prop_assert_eq!(read.whole().unwrap(), bytes);
        } else if !seen.is_empty() {
            prop_assert_eq!(read.missing().len(), parts.len() - seen.len());
            prop_assert!(read.whole().is_err());
        }
    }

    #[test]
    fn u_08_opening_and_reading_are_total(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,80}") {
        prop_assert_ne!(refused(&bytes), "taken");
        prop_assert!(Part::read(&text).is_err());
        prop_assert!(Part::read(&["DOCKET-PART:", text.as_str()].concat()).is_err());
    }
}
