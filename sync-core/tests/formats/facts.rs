//! Room `fact`: a fact of every kind, every form of a statement, identities and digests.

use docket_sync_core::facts::{Author, FactBody, FactKind, SeenRef, StatedFact, content_digest, once_digest};
use docket_sync_core::ids::{Digest, FactId};

use super::golden::{Files, Room};
use super::kinds::body;
use super::samples::{
    NOON, TECHNICIAN, by_device, content, device_origin, document, field, office, server_origin, special,
};

/// A fact of this kind, stated by the device behind its previous one.
fn fact(kind: FactKind) -> StatedFact {
    by_device(content(vec![SeenRef::Previous], body(kind)))
}

/// Its digest: the sequence is the number of its kind, the time that many seconds after [`NOON`].
fn digest(kind: FactKind) -> Digest {
    let number = kind.number();
    let id = FactId { actor: device_origin().actor(), sequence: u64::from(number) };
    let time = NOON.plus(i64::from(number) * 1_000);
    content_digest(document(), id, &Author::Person(TECHNICIAN), time, &fact(kind).content_bytes)
}

fn files() -> Files {
    let mut files: Files =
        FactKind::ALL.iter().map(|kind| (format!("{:02}-{kind}", kind.number()), fact(*kind).to_bytes())).collect();
    files.extend(special().into_iter().map(|(name, fact)| (name.to_owned(), fact.to_bytes())));
    files.push(("actor-device".into(), device_origin().actor().0.to_vec()));
    files.push(("actor-server".into(), server_origin().actor().0.to_vec()));
    files.push(("digests".into(), FactKind::ALL.iter().flat_map(|kind| digest(*kind).0).collect()));
    let causes = [Digest([1; 32]), Digest([2; 32])];
    files.push(("once-digest".into(), once_digest("review-default", &causes).0.to_vec()));
    let references = [field(1), office(255), office(256)];
    files.push(("references".into(), references.iter().flat_map(|fact| fact.to_bytes()).collect()));
    files.push(("keys".into(), references.map(|fact| fact.to_string()).join(" ").into_bytes()));
    files
}

#[test]
fn golden_facts_are_what_this_version_writes() {
    Room::open("fact").check(&files());
}

#[test]
fn golden_facts_are_read_to_the_same_values_and_bytes() {
    let room = Room::open("fact");
    let facts = FactKind::ALL.iter().map(|kind| (format!("{:02}-{kind}", kind.number()), fact(*kind)));
    let special = special().into_iter().map(|(name, fact)| (name.to_owned(), fact));
    for (name, expected) in facts.chain(special) {
        let bytes = room.read(&name);
        let read = StatedFact::from_bytes(&bytes).unwrap();
        assert_eq!(read, expected, "{name}");
        assert_eq!(read.to_bytes(), bytes, "{name}");
    }
}

#[test]
fn every_kind_has_a_body_of_its_own_kind() {
    for kind in FactKind::ALL {
        assert_eq!(body(*kind).kind(), Some(*kind));
    }
    let read = StatedFact::from_bytes(&Room::open("fact").read("special-newer-kind")).unwrap();
    assert!(matches!(read.content.body, FactBody::Unknown { kind: 200, .. }));
}

#[test]
fn an_actor_is_the_digest_of_its_origin() {
    let of_device = [b"docket-actor-1".as_slice(), &[0x82, 0, 0x82, 0x50], &[0xd1; 16], &[0x50], &[0xc1; 16]].concat();
    let actor = Room::open("fact").read("actor-device");
    assert_eq!(blake3::hash(&of_device).as_bytes()[..16], actor);
    let of_server = [b"docket-actor-1".as_slice(), &[0x82, 1, 0x84, 0x50], &[0x5a; 16], &[0x48], &[0xe0; 8], &[0, 3]];
    let actor = Room::open("fact").read("actor-server");
    assert_eq!(blake3::hash(&of_server.concat()).as_bytes()[..16], actor);
}

#[test]
fn a_digest_is_over_document_identity_author_time_and_content() {
    let kind = FactKind::AddNote;
    let content = &fact(kind).content_bytes;
    let parts: [&[u8]; 8] = [
        b"docket-fact-1",
        &document().0,
        &device_origin().actor().0,
        &18_u64.to_be_bytes(),
        &[0x50],
        &TECHNICIAN.0,
        &NOON.plus(18_000).0.to_be_bytes(),
        content,
    ];
    let digests = Room::open("fact").read("digests");
    assert_eq!(digests[17 * 32..18 * 32], blake3::hash(&parts.concat()).as_bytes()[..]);
}
