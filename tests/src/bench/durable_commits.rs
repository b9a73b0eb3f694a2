//! Durable commits: many devices push at once, and every push waits until it is on the disk.
//!
//! The devices' facts are built and signed beforehand, so that the two processors work for the server: what is
//! measured is the gate, the commit path and the disk, over real connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use docket_client::transport::Server;
use docket_server::commit::Statement;
use docket_server::intake::register::{NewCall, NewCustomer, OnFile};
use docket_sync_core::document::Document;
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::facts::{Author, FactBody, Head, Origin, Role};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::proof::{Envelope, EnvelopeDocument};
use docket_sync_core::sync::frames::{Cover, Frame, Push, RecordSet};
use docket_sync_core::sync::message::{Light, pack, unpack};
use tempfile::TempDir;
use tokio::sync::Barrier;

use super::device::{Kit, Link};
use super::seed::{Open, People};
use super::work::note;
use super::{Options, Row, RowError, Running, Weight, float, quantile};
use crate::office::Office;
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "durable_commits",
    about: "acknowledged facts a second from 64 devices, with the disk's own rate of flushes",
    weight: Weight::Usual,
    run,
};

/// Devices that push at once, each of a technician of its own.
const DEVICES: usize = 64;

/// Orders of each technician; his facts go to them in turn.
const ORDERS: usize = 4;

/// Pushes of each device.
const PUSHES: usize = 60;

/// Facts of one push: one, as live work comes, and a morning without signal.
const FACTS: [usize; 2] = [1, 10];

/// Envelope counters far above those that the devices' libraries have used.
const COUNTERS_FROM: u64 = 1_000_000;

/// How long one acknowledgement may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn run(options: Options) -> Running {
    Box::pin(async move {
        let mut figures = vec![flush_rate(&options)?];
        for facts in FACTS {
            figures.extend(measure(&options, facts).await?);
        }
        Ok(figures)
    })
}

/// How often a second this disk overwrites 4 KiB and says that it is durable.
fn flush_rate(options: &Options) -> Result<Figure, RowError> {
    use std::os::unix::fs::FileExt as _;
    let folder = tempfile::tempdir()?;
    let file = std::fs::File::create(folder.path().join("flushes"))?;
    let block = [0x5a; 4_096];
    for number in 0..1_024_u64 {
        file.write_all_at(&block, number.saturating_mul(4_096))?;
    }
    file.sync_all()?;
    let began = Instant::now();
    let mut flushes = 0_u64;
    let time = Duration::from_millis(u64::try_from(options.times(2_000))?);
    while began.elapsed() < time {
        file.write_all_at(&block, flushes.rem_euclid(1_024).saturating_mul(4_096))?;
        file.sync_data()?;
        flushes = flushes.saturating_add(1);
    }
    let rate = float(usize::try_from(flushes)?) / began.elapsed().as_secs_f64();
    Ok(Figure::new("flushes_of_the_disk", rate, Unit::PerSecond))
}

async fn measure(options: &Options, facts: usize) -> Result<Vec<Figure>, RowError> {
    let devices = if options.thoroughness >= 1_000 { DEVICES } else { 4 };
    let mut crowd = Crowd::new(devices, options.times(PUSHES), facts).await?;
    let server = Server::new(&format!("http://{}", crowd.office.serve().await?), None)?;
    let start = Arc::new(Barrier::new(crowd.members.len().saturating_add(1)));
    let mut running = Vec::new();
    for member in std::mem::take(&mut crowd.members) {
        running.push(tokio::spawn(push_all(member, server.clone(), Arc::clone(&start))));
    }
    let process = crowd.office.process().ok_or("the server does not run")?.pid();
    start.wait().await;
    let (began, cpu) = (Instant::now(), super::cpu::of_process(process)?);
    let mut times = Vec::new();
    for member in running {
        times.extend(member.await??);
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), super::cpu::of_process(process)? - cpu);
    crowd.office.kill().await?;
    times.sort_by(f64::total_cmp);
    let acknowledged = float(times.len().saturating_mul(facts));
    let name = |what: &str| format!("facts{facts}_{what}");
    Ok(vec![
        Figure::new(&name("acknowledged"), acknowledged / wall, Unit::PerSecond)
            .at_least(5_000.0)
            .named("durable commits from 64 devices"),
        Figure::new(&name("p50"), quantile(&times, 0.5), Unit::WallSeconds),
        Figure::new(&name("p99"), quantile(&times, 0.99), Unit::WallSeconds)
            .at_most(0.05)
            .named("durable commits, p99"),
        Figure::new(&name("server_cpu_per_fact"), cpu / acknowledged, Unit::ProcessorSeconds),
    ])
}

/// An office with technicians, each with orders and a device with signed pushes.
struct Crowd {
    office: Office,
    members: Vec<Member>,
    _folder: TempDir,
}

/// A device and what it will push.
struct Member {
    kit: Kit,
    pushes: Vec<Push>,
}

impl Crowd {
    async fn new(devices: usize, pushes: usize, facts: usize) -> Result<Self, RowError> {
        let office = Office::init("Northern Air").await?;
        let folder = tempfile::tempdir()?;
        let core = Open::new(std::path::Path::new(&office.data()))?;
        let dispatcher = core.person("zhou", "周敏", Role::Dispatcher).await?;
        let mut members = Vec::new();
        for number in 0..devices {
            let technician = core.person(&format!("li{number}"), "李师傅", Role::Technician).await?;
            let people = People { dispatcher, technician };
            let kit = core.enrol(folder.path().join(number.to_string()), &people).await?;
            let mut orders = Vec::new();
            for _ in 0..ORDERS {
                orders.push(order(&core, people).await?);
            }
            let pushes = signed_pushes(&core, &kit, technician, &orders, (pushes, facts))?;
            members.push(Member { kit, pushes });
        }
        core.close();
        Ok(Self { office, members, _folder: folder })
    }
}

/// Registers a call and sends the technician.
async fn order(core: &Open, people: People) -> Result<DocumentId, RowError> {
    let call = NewCall {
        customer: OnFile::New(NewCustomer { name: "陈静".to_owned(), phone: "021-5550100".to_owned() }),
        site: OnFile::New("南京西路 1266 号".to_owned()),
        unit: None,
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Normal,
        problem: "空调不制冷，室外机有异响".to_owned(),
        skill: None,
        origin: None,
    };
    let assign = docket_sync_core::facts::bodies::Assign {
        technician: people.technician,
        skipped: Vec::new(),
        turn: None,
        reason: Some("nearest".to_owned()),
    };
    let work = move |writer: &mut docket_server::commit::Writer| {
        let document = writer.register_call(people.dispatcher, call)?.document;
        let author = Author::Person(people.dispatcher);
        let statement = Statement { author, head: Head::default(), body: FactBody::Assign(assign), seen: None };
        writer.state(document, statement)?;
        Ok(document)
    };
    Ok(core.core.committer.run(work).await?)
}

/// The pushes of a device: notes on its orders in turn, one chain in each order.
fn signed_pushes(
    core: &Open,
    kit: &Kit,
    person: PersonId,
    orders: &[DocumentId],
    (pushes, facts): (usize, usize),
) -> Result<Vec<Push>, RowError> {
    let device = kit.copy()?;
    let replica = device.client.replica();
    let id = replica.identity().device;
    let origin = Origin::Device { device: id, incarnation: replica.incarnation() };
    let (key, store) = (kit.signing_key()?, core.core.identity.store);
    let mut chains: Vec<Document> = orders.iter().map(|order| Document::new(*order)).collect::<Result<_, _>>()?;
    let mut made = Vec::new();
    let now = core.core.platform.clock.now();
    for (number, counter) in (0..pushes).zip(COUNTERS_FROM..) {
        let at = number.checked_rem(chains.len()).unwrap_or(0);
        let chain = chains.get_mut(at).ok_or("an order")?;
        let mut records = Vec::new();
        let mut changes = Vec::new();
        for _ in 0..facts {
            let sequence = chain.chains().get(&origin.actor()).map_or(1, |head| head.sequence.saturating_add(1));
            let record = note(origin, person, sequence, now);
            changes.push(chain.append(&record)?.hash);
            records.push(record);
        }
        let document = chain.id();
        let envelope = Envelope::signed(store, id, counter, vec![EnvelopeDocument { document, changes }], &key);
        let cover = Cover::Own { key: envelope.key, counter, signature: envelope.signature };
        let records = RecordSet::pack([(document, records.as_slice())]);
        made.push(Push { cover, records, proofs: Vec::new() });
    }
    Ok(made)
}

/// Opens a live session, waits for the others, pushes; gives how long each push waited for its acknowledgement.
async fn push_all(member: Member, server: Server, start: Arc<Barrier>) -> Result<Vec<f64>, RowError> {
    let mut device = member.kit.copy()?;
    let mut link = Link::open(&mut device, &server).await?;
    link.catch_up(&mut device).await?;
    start.wait().await;
    let mut times = Vec::new();
    for push in member.pushes {
        let message = pack(&[Frame::Push(push)], &mut Light);
        let began = Instant::now();
        link.connection.send(message).await?;
        tokio::time::timeout(PATIENCE, acknowledged(&mut link)).await??;
        times.push(began.elapsed().as_secs_f64());
    }
    Ok(times)
}

async fn acknowledged(link: &mut Link) -> Result<(), RowError> {
    loop {
        let message = link.connection.receive().await?.ok_or("the server closed the connection")?;
        for frame in unpack(&message)? {
            match frame {
                Frame::Ack(ack) if ack.exceptions.is_empty() => return Ok(()),
                Frame::Batch(_) => {}
                refused => return Err(format!("a push was not simply accepted: {refused:?}").into()),
            }
        }
    }
}
