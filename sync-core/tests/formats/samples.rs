//! The inputs of every golden file: one order, one office, one device. `schemas/fact.md` names them too.

use docket_sync_core::document::Record;
use docket_sync_core::facts::values::{Channel, CustomerPerson, Demand, Witness};
use docket_sync_core::facts::{
    Author, Content, FactBody, FactKind, Head, Origin, Restates, Role, SCHEMA_LEVEL, SeenRef, StatedFact, Statement,
    bodies, once_digest,
};
use docket_sync_core::ids::{
    ActorId, DeviceId, Digest, DocumentId, Epoch, FactId, FactRef, Incarnation, KeyId, PersonId, Signature, StoreId,
};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::SigningKey;

pub(crate) const DEVICE: DeviceId = DeviceId([0xd1; 16]);
pub(crate) const INCARNATION: Incarnation = Incarnation([0xc1; 16]);
pub(crate) const STORE: StoreId = StoreId([0x5a; 16]);
pub(crate) const EPOCH: Epoch = Epoch([0xe0; 8]);
pub(crate) const TECHNICIAN: PersonId = PersonId([0x11; 16]);
pub(crate) const CLERK: PersonId = PersonId([0x22; 16]);
/// 2025-11-21T08:30:00Z.
pub(crate) const NOON: UnixMillis = UnixMillis(1_763_713_800_000);

pub(crate) fn document() -> DocumentId {
    DocumentId::new(NOON, [5; 10])
}

pub(crate) fn device_key() -> SigningKey {
    SigningKey::from_bytes(&[11; 32])
}

pub(crate) fn store_key() -> SigningKey {
    SigningKey::from_bytes(&[22; 32])
}

pub(crate) fn device_origin() -> Origin {
    Origin::Device { device: DEVICE, incarnation: INCARNATION }
}

pub(crate) fn server_origin() -> Origin {
    Origin::Server { store: STORE, epoch: EPOCH, node: 0, start: 3 }
}

/// The fact at `sequence` of the office.
pub(crate) fn office(sequence: u64) -> FactRef {
    FactId { actor: server_origin().actor(), sequence }.reference()
}

/// The fact at `sequence` of the device.
pub(crate) fn field(sequence: u64) -> FactRef {
    FactId { actor: device_origin().actor(), sequence }.reference()
}

pub(crate) fn content(seen: Vec<SeenRef>, body: impl Into<FactBody>) -> Content {
    let body = body.into();
    // The first level that knows the kind: bytes of the first version stay what they were.
    let level = body.kind().map_or(1, FactKind::level);
    Content { level, seen, head: Head::default(), body }
}

/// The office's statement of `content`; a server always states the author.
pub(crate) fn by_office(content: Content) -> StatedFact {
    StatedFact::new(Statement { origin: None, author: Some(Author::Person(CLERK)), restates: None }, content)
}

/// The device's statement of `content` after its first fact.
pub(crate) fn by_device(content: Content) -> StatedFact {
    StatedFact::new(Statement::default(), content)
}

/// The same as the first fact of its actor.
pub(crate) fn first(origin: Origin, author: PersonId, content: Content) -> StatedFact {
    let statement = Statement { origin: Some(origin), author: Some(Author::Person(author)), restates: None };
    StatedFact::new(statement, content)
}

pub(crate) fn note(text: &str) -> bodies::AddNote {
    bodies::AddNote { text: text.to_owned() }
}

/// Statements and heads that no kind needs by itself.
pub(crate) fn special() -> Vec<(&'static str, StatedFact)> {
    let head = Head {
        claimed_offset: Some(-86_400_000),
        lo_offset: Some(-1_500),
        customer: Some(CustomerPerson {
            name: "王秀英".into(), relation: "业主".into(), channel: Channel::OnSite
        }),
        witnesses: Some(vec![Witness { person: CLERK, key: KeyId([7; 8]), signature: Signature([8; 64]) }]),
        policy: Some(300),
        work_item: Some(2),
        once: Some(once_digest("review-default", &[Digest([1; 32]), Digest([2; 32])])),
        role: Some(Role::Supervisor),
        ..Head::default()
    };
    let missing = Some(vec![Demand::Seal, Demand::WeekdayNotice]);
    let later_head = Head { missing, tariff: Some(7), continues: Some(office(10)), ..Head::default() };
    let seen = vec![SeenRef::Previous, SeenRef::Fact(office(1)), SeenRef::Fact(office(256))];
    let every_head = Content { head, ..content(seen, note("full")) };
    let with_later_head =
        Content { level: SCHEMA_LEVEL, head: later_head, ..content(vec![SeenRef::Previous], bodies::Depart {}) };
    let plain = content(vec![SeenRef::Previous], note("same"));
    let restates = Restates { actor: ActorId([0xab; 16]), sequence: 24 };
    let again = Statement { restates: Some(restates), ..Statement::default() };
    let rule = Statement { author: Some(Author::System("review-default".into())), ..Statement::default() };
    let newer = FactBody::Unknown { kind: 200, bytes: vec![0x82, 0x01, 0x61, 0x78] };
    vec![
        ("special-first-of-device", first(device_origin(), TECHNICIAN, plain.clone())),
        ("special-first-of-server", first(server_origin(), CLERK, plain.clone())),
        ("special-head-and-seen", by_device(every_head)),
        ("special-head-of-level-2", by_device(with_later_head)),
        ("special-newer-kind", by_device(content(vec![], newer))),
        ("special-other-author", by_office(plain.clone())),
        ("special-restated", StatedFact::new(again, plain.clone())),
        ("special-system-author", StatedFact::new(rule, plain)),
    ]
}

/// The first two changes of the office and the first two of the device.
pub(crate) fn records() -> Vec<Record> {
    let (office_actor, device_actor) = (server_origin().actor(), device_origin().actor());
    let record = |actor, sequence: u64, later: i64, fact: StatedFact| Record {
        actor,
        sequence,
        time: NOON.plus(later),
        bytes: fact.to_bytes(),
    };
    let after_call = content(vec![SeenRef::Previous], note("客户要求下午三点以后上门"));
    let on_the_way = content(vec![SeenRef::Fact(office(2))], bodies::Depart {});
    let there = content(vec![SeenRef::Previous], bodies::Arrive { visit: Some(field(1)), place: None });
    let call = content(vec![], super::kinds::register_call());
    vec![
        record(office_actor, 1, 0, first(server_origin(), CLERK, call)),
        record(office_actor, 2, 60_000, by_office(after_call)),
        record(device_actor, 1, 3_600_000, first(device_origin(), TECHNICIAN, on_the_way)),
        record(device_actor, 2, 5_400_123, by_device(there)),
    ]
}
