//! The replica against a small store made of the core's own parts: the gate, documents, receipts, digests.

#![expect(clippy::arithmetic_side_effects, reason = "counters of a test")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind")]

#[cfg(feature = "sqlite")]
mod crashes;
pub(crate) mod fake_store;
mod files;
mod repair;
mod retention;

use docket_sync_core::facts::bodies::{AddNote, RegisterCall};
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::facts::{Author, FactBody, Head};
use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::time::UnixMillis;

use self::fake_store::{FakeStore, PERSON};
use super::{DeviceReplica, NewFact, ReplicaError};
use crate::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use crate::platform::{Platform, SecretName};
use crate::store::memory::{Fault, FaultPoint, MemoryDisk, MemoryStore};
use crate::store::{DeviceStore, Table};
use crate::sync::{Exchange, SyncError, SyncReport};

pub(crate) const START: UnixMillis = UnixMillis(1_763_700_000_000);

/// A device whose disk and secrets survive crashes.
pub(crate) struct Device {
    pub(crate) disk: MemoryDisk,
    keys: MemoryKeyStore,
    pub(crate) clock: ManualClock,
    random: CountingRandom,
}

impl Device {
    pub(crate) fn enrolled(store: &FakeStore) -> Self {
        let device = Self {
            disk: MemoryDisk::new(),
            keys: MemoryKeyStore::new(),
            clock: ManualClock::new(START),
            random: CountingRandom::new(7),
        };
        let mut rows = device.disk.open().unwrap();
        store.enrol(&mut rows, &device.keys, &device.clock);
        device
    }

    pub(crate) fn platform(&self) -> Platform {
        Platform {
            keys: Box::new(self.keys.clone()),
            clock: Box::new(self.clock.clone()),
            random: Box::new(self.random.clone()),
        }
    }

    fn open(&self) -> DeviceReplica<MemoryStore> {
        DeviceReplica::open(self.disk.open().unwrap(), self.platform()).unwrap()
    }

    /// Syncs to the end, beginning again after crashes of the device.
    pub(crate) fn sync(&self, store: &mut FakeStore) -> SyncReport {
        for _ in 0..10 {
            let mut replica = self.open();
            if let Ok(report) = sync(&mut replica, store) {
                return report;
            }
        }
        panic!("no sync came to an end");
    }
}

pub(crate) fn sync<S: DeviceStore>(
    replica: &mut DeviceReplica<S>,
    store: &mut FakeStore,
) -> Result<SyncReport, SyncError> {
    let mut exchange = Exchange::begin(replica);
    while let Some(message) = exchange.next_message(replica)? {
        let answer = store.answer(&message);
        exchange.answered(replica, &answer)?;
    }
    Ok(exchange.report(replica))
}

fn note(document: DocumentId, text: &str) -> NewFact {
    NewFact {
        document,
        author: Author::Person(PERSON),
        seen: Vec::new(),
        head: Head::default(),
        body: AddNote { text: text.to_owned() }.into(),
        claimed: None,
        proof: None,
    }
}

pub(crate) fn call(customer: RecordId) -> FactBody {
    RegisterCall {
        customer,
        site: RecordId([0x51; 16]),
        unit: None,
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Normal,
        problem: "漏水".to_owned(),
        serial: Some("S-1".to_owned()),
        skill: None,
        origin: None,
    }
    .into()
}

fn texts(replica: &DeviceReplica<MemoryStore>, document: DocumentId) -> Vec<String> {
    texts_of(replica, document)
}

fn texts_of<S: DeviceStore>(replica: &DeviceReplica<S>, document: DocumentId) -> Vec<String> {
    let mut facts = FactSet::new(document);
    facts.extend(replica.facts(document).unwrap());
    let mut texts: Vec<String> = facts
        .iter()
        .filter_map(|fact| match fact.body() {
            FactBody::AddNote(note) => Some(note.text.clone()),
            _ => None,
        })
        .collect();
    texts.sort();
    texts
}

#[test]
fn offline_facts_reach_the_store_and_both_digests_agree() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    assert_eq!(device.sync(&mut store).verified, Some(true));

    let mut replica = device.open();
    for number in 0..5 {
        replica.state_fact(note(document, &format!("note {number}"))).unwrap();
    }
    assert_eq!(texts(&replica, document).len(), 5, "shown at once");
    store.note(document, "meanwhile");
    let report = sync(&mut replica, &mut store).unwrap();
    assert_eq!((report.sent, report.unsent, report.verified), (5, 0, Some(true)));
    assert_eq!(store.texts(document), texts(&replica, document));
    assert_eq!(store.texts(document).len(), 6);
    // Nothing new: one request, nothing written again.
    assert_eq!(sync(&mut replica, &mut store).unwrap().rounds, 1);
}

#[test]
fn nothing_is_lost_or_doubled_when_any_write_of_a_sync_crashes() {
    for point in [FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        for after_writes in 0..14 {
            let mut store = FakeStore::new();
            let documents = [store.order(1), store.order(2)];
            let device = Device::enrolled(&store);
            device.sync(&mut store);
            let mut replica = device.open();
            for document in documents {
                replica.state_fact(note(document, "own")).unwrap();
                replica.state_fact(note(document, "and another")).unwrap();
                store.note(document, "of the office");
            }
            drop(replica);
            device.disk.plan(Fault { after_writes, point });
            let report = device.sync(&mut store);
            assert_eq!((report.unsent, report.verified), (0, Some(true)), "{point:?} after {after_writes}");
            for document in documents {
                assert_eq!(store.texts(document), ["and another", "of the office", "own"]);
                assert_eq!(texts(&device.open(), document), store.texts(document));
            }
        }
    }
}

#[test]
fn a_lost_answer_is_harmless() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut replica = device.open();
    replica.state_fact(note(document, "once")).unwrap();
    store.note(document, "of the office");
    let mut exchange = Exchange::begin(&mut replica);
    let message = exchange.next_message(&mut replica).unwrap().unwrap();
    drop(store.answer(&message));
    // What the store took is not known here; more is stated meanwhile.
    replica.state_fact(note(document, "twice")).unwrap();
    let report = sync(&mut replica, &mut store).unwrap();
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(store.texts(document), ["of the office", "once", "twice"]);
}

#[test]
fn a_refused_fact_stays_visible_and_what_follows_is_stated_again_without_it() {
    let mut store = FakeStore::new();
    let (document, other) = (store.order(1), store.order(2));
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut replica = device.open();
    replica.state_fact(note(document, "fine")).unwrap();
    let refused = replica.state_fact(note(document, "forbidden")).unwrap();
    let behind = replica.state_fact(note(document, "behind it")).unwrap();
    replica.state_fact(note(other, "elsewhere")).unwrap();
    store.forbid("forbidden");
    let report = sync(&mut replica, &mut store).unwrap();
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(store.texts(document), ["behind it", "fine"]);
    assert_eq!(texts(&replica, document), ["behind it", "fine"]);
    let kept: Vec<_> = replica.journal().map(|entry| (entry.id(), entry.refused)).collect();
    assert_eq!(kept, [(refused, Some(QuarantineCode::NotPermitted))]);
    // Stating again keeps the identity.
    assert!(replica.facts(document).unwrap().iter().any(|fact| fact.id == behind));
    // What comes later is not held behind it.
    replica.state_fact(note(document, "later")).unwrap();
    assert_eq!(sync(&mut replica, &mut store).unwrap().unsent, 0);
    assert_eq!(store.texts(document), ["behind it", "fine", "later"]);
}

#[test]
fn u_16_a_restored_store_is_healed_by_its_device() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let backup = store.clone();

    let mut replica = device.open();
    replica.state_fact(note(document, "own, covered by a receipt")).unwrap();
    sync(&mut replica, &mut store).unwrap();
    store.note(document, "of the office");
    sync(&mut replica, &mut store).unwrap();
    replica.state_fact(note(document, "own, after the last receipt")).unwrap();
    sync(&mut replica, &mut store).unwrap();
    let everything = store.texts(document);
    assert_eq!(everything.len(), 3);

    let mut restored = backup.restored();
    assert!(restored.texts(document).is_empty());
    let report = sync(&mut replica, &mut restored).unwrap();
    assert_eq!(restored.texts(document), everything);
    let report = if report.verified == Some(true) { report } else { sync(&mut replica, &mut restored).unwrap() };
    assert_eq!(report.verified, Some(true));
    // Healed once: the next session compares no heads.
    assert_eq!(sync(&mut replica, &mut restored).unwrap().rounds, 1);
}

#[test]
fn a_device_restored_from_a_backup_is_a_new_incarnation_and_loses_nothing() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    device.open().state_fact(note(document, "before the backup")).unwrap();
    let backup = device.disk.copy();
    device.open().state_fact(note(document, "after the backup")).unwrap();
    device.sync(&mut store);

    device.keys.lose(SecretName::Incarnation);
    let restored = Device { disk: backup, ..device };
    restored.open().state_fact(note(document, "on the restored device")).unwrap();
    let report = restored.sync(&mut store);
    assert_eq!(report.unsent, 0);
    let expected = ["after the backup", "before the backup", "on the restored device"];
    assert_eq!(store.texts(document), expected, "stated twice, counted once");
    assert_eq!(texts(&restored.open(), document), expected);
    assert_eq!(restored.sync(&mut store).verified, Some(true));
}

#[test]
fn a_batch_whose_receipt_does_not_fit_changes_no_document() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    store.note(document, "true");
    store.forge_receipts(1);
    let report = device.sync(&mut store);
    assert_eq!(report.verified, Some(true), "asked for again, whole");
    assert_eq!(texts(&device.open(), document), ["true"]);

    store.note(document, "false");
    store.forge_receipts(u32::MAX);
    let report = device.sync(&mut store);
    assert_eq!(report.verified, Some(false));
    assert_eq!(texts(&device.open(), document), ["true"], "keeps what it had");
}

#[test]
fn evicting_hides_the_order_and_keeps_its_work_until_it_is_safe() {
    let mut store = FakeStore::new();
    let (document, other) = (store.order(1), store.order(2));
    store.reference(RecordId([0xc1; 16]), "Mr. Wang");
    store.reference(RecordId([0xc2; 16]), "Ms. Li");
    let device = Device::enrolled(&store);
    assert_eq!(device.sync(&mut store).verified, Some(true));
    let rows = || device.open().into_store().scan(Table::OrderRow, None, 10).unwrap().len();
    assert_eq!(rows(), 2);
    device.open().state_fact(note(document, "unsent")).unwrap();
    store.evict(document);
    let report = device.sync(&mut store);
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(store.texts(document), ["unsent"]);
    assert_eq!(rows(), 1);
    assert!(device.open().reference(RecordId([0xc1; 16])).unwrap().is_none(), "named by no order in scope");
    assert!(device.open().reference(RecordId([0xc2; 16])).unwrap().is_some());
    assert!(matches!(device.open().facts(document), Err(ReplicaError::NoDocument(_))), "only sealed");
    assert!(device.open().facts(other).is_ok());
}

#[test]
fn a_changed_name_shows_in_the_list() {
    let mut store = FakeStore::new();
    store.order(1);
    store.reference(RecordId([0xc1; 16]), "Mr. Wang");
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let name = || device.open().rows().unwrap()[0].1.customer.clone();
    assert_eq!(name(), "Mr. Wang");
    store.reference(RecordId([0xc1; 16]), "Mr. Wang the younger");
    assert_eq!(device.sync(&mut store).verified, Some(true));
    assert_eq!(name(), "Mr. Wang the younger");
}

#[test]
fn lo_follows_the_server_and_never_the_wall_clock() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    device.clock.set_wall(UnixMillis(0));
    device.clock.pass(1_000);
    let mut replica = device.open();
    let id = replica.state_fact(note(document, "with a wrong clock")).unwrap();
    let facts = replica.facts(document).unwrap();
    let fact = facts.iter().find(|fact| fact.id == id).unwrap();
    assert_eq!(fact.lo(), START.plus(1_000));
    assert_eq!(fact.claimed(), UnixMillis(1_000));
    assert!(fact.time >= fact.lo());
}
