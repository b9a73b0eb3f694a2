//! A technician's day on the typed API, without a network, against the store of the replica's tests.

use docket_sync_core::commands::{Act, Command, CommandCode};
use docket_sync_core::facts::bodies::{Assign, CancelByOffice, Hold};
use docket_sync_core::facts::values::{HoldReason, Line, LineKind, Money, Opinion, OpinionGrade};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{OrderState, SignatureFacet};
use docket_sync_core::reference::Language;
use docket_sync_core::voucher::copy::verify_copy;
use docket_sync_core::voucher::strokes::{Drawing, DrawnPoint, Strokes};

use super::{Client, ExecuteError};
use crate::replica::tests::fake_store::{FakeStore, PERSON};
use crate::replica::tests::{Device, sync};
use crate::signing::Consent;
use crate::store::memory::MemoryStore;

fn assigned(store: &mut FakeStore) -> DocumentId {
    let order = store.order(1);
    store.office(order, Assign { technician: PERSON, skipped: Vec::new(), reason: None, turn: Some(1) }.into());
    order
}

fn open(device: &Device) -> Client<MemoryStore> {
    Client::open(device.disk.open().unwrap(), device.platform()).unwrap()
}

fn do_it(client: &mut Client<MemoryStore>, order: DocumentId, command: &Command) {
    let shown = client.show(order).unwrap();
    client.execute(&shown, command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
}

fn labour() -> Line {
    Line {
        kind: LineKind::Labour,
        name: "Repair".to_owned(),
        quantity: 1_500,
        unit: "h".to_owned(),
        amount: Some(Money { minor: 15_000, currency: "CNY".to_owned() }),
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    }
}

fn consent() -> Consent {
    let point = |x: f64| DrawnPoint { x, y: 10.0, t: x, pressure: 0.5 };
    let drawing = Drawing { width: 300.0, height: 100.0, strokes: vec![vec![point(1.0), point(50.0), point(90.0)]] };
    Consent {
        strokes: Strokes::from_drawing(&drawing).unwrap(),
        name: " 王秀英 ".to_owned(),
        relation: "owner".to_owned(),
        opinion: Opinion { grade: OpinionGrade::Satisfied, text: None },
    }
}

/// Everything from accepting to the outcome.
fn work(client: &mut Client<MemoryStore>, order: DocumentId) {
    do_it(client, order, &Command::Accept);
    do_it(client, order, &Command::Depart);
    let visit = client.show(order).unwrap().visit_of(PERSON).unwrap().id.reference();
    do_it(client, order, &Command::Arrive { visit: Some(visit), place: None });
    do_it(client, order, &Command::Start { visit });
    do_it(client, order, &Command::RecordLine { visit, line: labour() });
    do_it(client, order, &Command::Done { visit, finding: Some("Capacitor replaced".to_owned()) });
}

#[test]
fn c_080_a_whole_visit_is_done_and_signed_offline_and_verifies_without_a_network() {
    let mut store = FakeStore::new();
    let order = assigned(&mut store);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut client = open(&device);
    work(&mut client, order);
    let shown = client.show(order).unwrap();
    let voucher = client.voucher(&shown, Language::Zh).unwrap();
    let signed = client.sign(&shown, &voucher, consent()).unwrap();
    assert_eq!((signed.order.view.state, signed.order.view.signature), (OrderState::Completed, SignatureFacet::Signed));
    let copy = client.customer_copy(&signed.order, signed.fact).unwrap().unwrap();
    let report = verify_copy(&copy.to_bytes(), Some(client.replica().certificate().fingerprint()));
    assert!(report.passed(), "{report:?}");
    assert_eq!(client.list().unwrap()[0].1.unsent, 7);

    let report = sync(client.replica_mut(), &mut store).unwrap();
    assert_eq!((report.sent, report.unsent, report.verified), (7, 0, Some(true)));
    assert_eq!(client.list().unwrap()[0].1.unsent, 0);
}

#[test]
fn x_04_signed_work_beats_a_cancel_that_did_not_know_of_it() {
    let mut store = FakeStore::new();
    let order = assigned(&mut store);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut client = open(&device);
    work(&mut client, order);
    let shown = client.show(order).unwrap();
    let voucher = client.voucher(&shown, Language::En).unwrap();
    store.office(order, CancelByOffice { reason: "customer called".to_owned() }.into());
    client.sign(&shown, &voucher, consent()).unwrap();
    sync(client.replica_mut(), &mut store).unwrap();
    let view = client.show(order).unwrap().view;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert!(view.explanations.iter().any(|explanation| explanation.pair == Some("X-04")), "{:?}", view.explanations);
}

#[test]
fn u_18_a_command_knows_what_was_shown_and_not_what_arrived_since() {
    let mut store = FakeStore::new();
    let order = assigned(&mut store);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut client = open(&device);
    let shown = client.show(order).unwrap();
    store.note(order, "arrives in the background");
    sync(client.replica_mut(), &mut store).unwrap();
    let done = client.execute(&shown, &Command::Note { text: "on the older page".to_owned() }).unwrap();
    assert_eq!(done.not_seen.len(), 1);
    assert_eq!(done.order.view.frontier.len(), 2, "two ends that did not know of each other");
}

#[test]
fn c_045_what_is_not_offered_is_refused_in_words_and_leaves_nothing() {
    let mut store = FakeStore::new();
    let order = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let mut client = open(&device);
    let shown = client.show(order).unwrap();
    assert!(!client.offered(&shown).unwrap().contains(&CommandCode::Depart));
    let Err(ExecuteError::Refused(refusal)) = client.execute(&shown, &Command::Depart) else { panic!("not refused") };
    assert_eq!(refusal.code, "not_assigned");
    assert_eq!(client.status().pending, None);
}

#[test]
fn an_order_is_named_by_id_serial_or_an_unambiguous_beginning() {
    let mut store = FakeStore::new();
    let (first, _) = (store.order(1), store.order(2));
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    let client = open(&device);
    assert_eq!(client.find(&first.to_string()).unwrap(), first);
    assert!(client.find("S-1").is_err(), "both have this serial");
    assert!(client.find("019").is_err(), "made at the same time");
    assert!(client.find("no such order").is_err());
    assert!(client.find(" ").is_err());
}

/// sync.md, Versions: servers are upgraded first, and a device waits for its server.
#[test]
fn u_15_a_device_states_only_kinds_that_its_server_knows() {
    let mut store = FakeStore::new();
    let order = assigned(&mut store);
    let device = Device::enrolled(&store);
    store.level = 1;
    device.sync(&mut store);
    let mut client = open(&device);
    let shown = client.show(order).unwrap();
    let hold = Hold { reason: HoldReason::Weather, text: None, told: None };
    let hold = Command::State(Box::new(Act::new(hold)));
    assert!(!client.offered(&shown).unwrap().contains(&CommandCode::Hold));
    assert!(client.offered(&shown).unwrap().contains(&CommandCode::Depart));
    let Err(ExecuteError::Refused(refusal)) = client.execute(&shown, &hold) else { panic!("not refused") };
    assert_eq!((refusal.code, client.status().pending), ("server_older", None));
    store.level = 2;
    sync(client.replica_mut(), &mut store).unwrap();
    assert!(client.offered(&shown).unwrap().contains(&CommandCode::Hold));
    client.execute(&shown, &hold).unwrap();
}
