//! Devices and the office over real connections on the loopback: enrolling, a visit done offline, live changes.

use std::sync::Arc;
use std::time::Duration;

use docket_client::client::Client;
use docket_client::enrolment::{EnrolledAt, accept, request};
use docket_client::platform::Platform as DevicePlatform;
use docket_client::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use docket_client::signing::Consent;
use docket_client::store::memory::{MemoryDisk, MemoryStore};
use docket_client::sync::{LiveEnd, SyncReport, live, post};
use docket_client::transport::{Http, Server};
use docket_server::auth::people::NewPerson;
use docket_server::commit::Statement;
use docket_server::identity::{Identity, StoreKeys};
use docket_server::listen::{Listener, Transport};
use docket_server::office::Office;
use docket_server::platform::Platform;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::bodies::{AddNote, Assign, RegisterCall};
use docket_sync_core::facts::values::{Channel, Line, LineKind, Money, Opinion, OpinionGrade, ServiceClass, Urgency};
use docket_sync_core::facts::{Author, FactBody, Head, Role};
use docket_sync_core::ids::{DocumentId, Epoch, PersonId, RecordId, StoreId};
use docket_sync_core::lifecycle::view::{OrderState, SignatureFacet};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::proof::enrolment::EnrolmentAnswer;
use docket_sync_core::reference::{Customer, Language, PolicyRecord, Site};
use docket_sync_core::time::UnixMillis;
use docket_sync_core::voucher::strokes::{Drawing, DrawnPoint, Strokes};

/// Whatever a test waits for comes within this time, or the test fails.
const DEADLINE: Duration = Duration::from_secs(20);

struct World {
    office: Arc<Office>,
    url: String,
    technician: PersonId,
}

struct Device {
    disk: MemoryDisk,
    keys: MemoryKeyStore,
    seed: u64,
    server: Server,
}

async fn world() -> World {
    let new = Identity { store: StoreId([7; 16]), epoch: Epoch([1; 8]), node: 0, start: 0 };
    let keys = StoreKeys::from_secret(&[9; StoreKeys::LENGTH]);
    let store = Arc::new(docket_server::store::MemoryStore::new());
    let (office, _thread) = Office::open(store, keys, Platform::system(), Some(new)).unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Transport::InsecureHttp).unwrap();
    let url = listener.url().trim_end_matches('/').to_owned();
    let router = docket_server::app::router(office.clone(), None);
    let stopping = office.clone();
    drop(tokio::spawn(async move { listener.serve(router, stopping.stopping()).await }));
    let technician = office.committer.run(|writer| {
        let policy = ServicePolicy::shipped().unwrap();
        writer.write_company("清风", PolicyRecord { version: policy.version, json: policy.to_json() }, None)?;
        let person = NewPerson::new("li", "李师傅", [Role::Technician], [], Language::Zh).unwrap();
        Ok(writer.add_person(person, None, None)?.id)
    });
    let technician = technician.await.unwrap();
    World { office, url, technician }
}

impl World {
    /// An order that is assigned to the technician.
    async fn order(&self, number: u8) -> DocumentId {
        let id = DocumentId::new(UnixMillis(1_763_700_000_000), [number; 10]);
        let technician = self.technician;
        let (customer, site) = (RecordId([0xc0 + number; 16]), RecordId([0x50 + number; 16]));
        let run = self.office.committer.run(move |writer| {
            writer.write_reference(
                customer,
                Customer { name: "王秀英".into(), phone: "138".into(), language: None, codes: None }.into(),
                None,
            )?;
            let place = Site { customer, address: "解放路 12 号".into(), zone: None, contact: None };
            writer.write_reference(site, place.into(), None)?;
            let call = RegisterCall {
                customer,
                site,
                unit: None,
                channel: Channel::Phone,
                class: ServiceClass::Chargeable,
                urgency: Urgency::Normal,
                problem: "空调不制冷".into(),
                serial: Some(format!("S-{number}")),
                skill: None,
                origin: None,
            };
            let assign = Assign { technician, skipped: Vec::new(), reason: None, turn: Some(1) };
            writer.state(id, statement(call.into()))?;
            writer.state(id, statement(assign.into()))?;
            Ok(())
        });
        run.await.unwrap();
        id
    }

    async fn note(&self, order: DocumentId, text: &str) {
        let body = AddNote { text: text.to_owned() }.into();
        self.office.committer.run(move |writer| writer.state(order, statement(body))).await.unwrap();
    }

    async fn device(&self, seed: u64) -> Device {
        let technician = self.technician;
        let code = self.office.committer.run(move |writer| Ok(writer.new_enrolment_code(technician, technician)?.0));
        let code = code.await.unwrap().reveal();
        let server = Server::new(&self.url, None).unwrap();
        let device = Device { disk: MemoryDisk::new(), keys: MemoryKeyStore::new(), seed, server: server.clone() };
        let (mut store, platform) = (device.disk.open().unwrap(), device.platform());
        let question = serde_json::to_value(request(&store, &platform, &code).unwrap()).unwrap();
        let mut http = Http::new(server.clone());
        let answer = http.post_enrolment(&question).await.unwrap();
        assert_eq!(
            http.post_enrolment(&question).await.unwrap()["device"],
            answer["device"],
            "a lost answer is given again"
        );
        let answer: EnrolmentAnswer = serde_json::from_value(answer).unwrap();
        accept(&mut store, &platform, &answer, EnrolledAt { server: server.url(), fingerprint: None }).unwrap();
        device
    }
}

fn statement(body: FactBody) -> Statement {
    Statement { author: Author::System("test".to_owned()), head: Head::default(), body, seen: None }
}

impl Device {
    fn platform(&self) -> DevicePlatform {
        DevicePlatform {
            keys: Box::new(self.keys.clone()),
            clock: Box::new(ManualClock::new(UnixMillis(1_763_700_000_000))),
            random: Box::new(CountingRandom::new(self.seed)),
        }
    }

    fn open(&self) -> Client<MemoryStore> {
        Client::open(self.disk.open().unwrap(), self.platform()).unwrap()
    }

    async fn sync(&self, client: &mut Client<MemoryStore>) -> SyncReport {
        post(client.replica_mut(), &mut Http::new(self.server.clone())).await.unwrap()
    }
}

fn execute(client: &mut Client<MemoryStore>, order: DocumentId, command: &Command) {
    let shown = client.show(order).unwrap();
    client.execute(&shown, command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
}

fn consent() -> Consent {
    let point = |x: f64| DrawnPoint { x, y: 10.0, t: x, pressure: 0.5 };
    let drawing = Drawing { width: 300.0, height: 100.0, strokes: vec![vec![point(1.0), point(50.0)]] };
    Consent {
        strokes: Strokes::from_drawing(&drawing).unwrap(),
        name: "王秀英".to_owned(),
        relation: "owner".to_owned(),
        opinion: Opinion { grade: OpinionGrade::Satisfied, text: None },
    }
}

fn labour() -> Line {
    Line {
        kind: LineKind::Labour,
        name: "Repair".to_owned(),
        quantity: 1_000,
        unit: "h".to_owned(),
        amount: Some(Money { minor: 10_000, currency: "CNY".to_owned() }),
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    }
}

#[tokio::test]
async fn a_visit_done_and_signed_offline_reaches_the_office_and_both_sides_are_equal() {
    let world = world().await;
    let (order, _other) = (world.order(1).await, world.order(2).await);
    let device = world.device(1).await;
    let mut client = device.open();
    assert_eq!(device.sync(&mut client).await.verified, Some(true));
    assert_eq!(client.list().unwrap().len(), 2);
    assert_eq!(client.list().unwrap()[0].1.customer, "王秀英");

    let technician = world.technician;
    execute(&mut client, order, &Command::Accept);
    execute(&mut client, order, &Command::Depart);
    let visit = client.show(order).unwrap().visit_of(technician).unwrap().id.reference();
    execute(&mut client, order, &Command::Arrive { visit: Some(visit), place: None });
    execute(&mut client, order, &Command::Start { visit });
    execute(&mut client, order, &Command::RecordLine { visit, line: labour() });
    execute(&mut client, order, &Command::Done { visit, finding: Some("电容更换".to_owned()) });
    let shown = client.show(order).unwrap();
    let voucher = client.voucher(&shown, docket_sync_core::reference::Language::Zh).unwrap();
    client.sign(&shown, &voucher, consent()).unwrap();
    world.note(order, "meanwhile in the office").await;

    let report = device.sync(&mut client).await;
    assert_eq!((report.sent, report.unsent, report.verified), (7, 0, Some(true)));
    let view = world.office.committer.run(move |writer| writer.current_view(order)).await.unwrap();
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert_eq!(*view, client.show(order).unwrap().view, "the same facts give the same view");
    let again = device.sync(&mut client).await;
    assert_eq!((again.rounds, again.verified), (1, Some(true)));
}

#[tokio::test]
async fn two_devices_of_one_technician_converge() {
    let world = world().await;
    let order = world.order(1).await;
    let (first, second) = (world.device(1).await, world.device(2).await);
    let (mut one, mut two) = (first.open(), second.open());
    first.sync(&mut one).await;
    second.sync(&mut two).await;
    for number in 0..5 {
        execute(&mut one, order, &Command::Note { text: format!("one {number}") });
        execute(&mut two, order, &Command::Note { text: format!("two {number}") });
    }
    first.sync(&mut one).await;
    assert_eq!(second.sync(&mut two).await.verified, Some(true));
    assert_eq!(first.sync(&mut one).await.verified, Some(true));
    assert_eq!(one.show(order).unwrap().view, two.show(order).unwrap().view);
    assert_eq!(one.show(order).unwrap().view.notes.len(), 10);
}

#[tokio::test]
async fn a_live_device_sees_what_the_office_does_and_the_office_what_it_does() {
    let world = world().await;
    let order = world.order(1).await;
    let device = world.device(1).await;
    let mut client = device.open();
    execute_after_first_sync(&device, &mut client, order).await;
    let office = world.office.clone();
    let writes = async {
        // The device is connected once its note is there.
        let seen = async {
            loop {
                let view = office.committer.run(move |writer| writer.current_view(order)).await.unwrap();
                if view.notes.len() == 1 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, seen).await.expect("the device's note arrives");
        world.note(order, "from the office").await;
    };
    let session = live(client.replica_mut(), &device.server, |replica| {
        let notes =
            replica.facts(order).unwrap().iter().filter(|fact| matches!(fact.body(), FactBody::AddNote(_))).count();
        notes == 2 && replica.journal().next().is_none()
    });
    let (end, ()) = tokio::join!(tokio::time::timeout(DEADLINE, session), writes);
    assert_eq!(end.expect("the office's note arrives").unwrap(), LiveEnd::Enough);
    assert_eq!(device.sync(&mut client).await.verified, Some(true));
}

async fn execute_after_first_sync(device: &Device, client: &mut Client<MemoryStore>, order: DocumentId) {
    device.sync(client).await;
    execute(client, order, &Command::Note { text: "from the device".to_owned() });
}

#[tokio::test]
async fn x_76_a_restored_device_is_renewed_and_nothing_is_lost_or_doubled() {
    let world = world().await;
    let order = world.order(1).await;
    let device = world.device(1).await;
    let mut client = device.open();
    device.sync(&mut client).await;
    execute(&mut client, order, &Command::Note { text: "before the backup".to_owned() });
    let backup = device.disk.copy();
    execute(&mut client, order, &Command::Note { text: "after the backup".to_owned() });
    device.sync(&mut client).await;
    // The same secrets, an older store: the device does not know that it was restored.
    let restored = Device { disk: backup, ..device };
    let mut client = restored.open();
    execute(&mut client, order, &Command::Note { text: "on the restored one".to_owned() });
    let report = restored.sync(&mut client).await;
    assert_eq!(report.unsent, 0);
    let notes = client.show(order).unwrap().view.notes.len();
    let view = world.office.committer.run(move |writer| writer.current_view(order)).await.unwrap();
    assert_eq!((notes, view.notes.len()), (3, 3), "{:?}", view.notes);
    assert_eq!(restored.sync(&mut client).await.verified, Some(true));
}
