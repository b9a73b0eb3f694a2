//! Devices that stop reading on their live sockets: each holds one message in the server's memory for a bounded time, is
//! told, and cut; others are served meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use docket_client::replica::DeviceReplica;
use docket_client::store::DeviceStore;
use docket_client::sync::Exchange;
use docket_harness::condition::eventually;
use docket_harness::office::{ADMIN, PASSWORD};
use docket_harness::random::Random;
use docket_harness::world::{Device, Trouble, World};
use docket_server::feed::adapter::{Patience, router_with};
use docket_sync_core::commands::Command;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::sync::frames::{Frame, Stop, StopCode};
use docket_sync_core::sync::message::unpack;
use docket_sync_core::time::MINUTE;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::setting::{Phone, company, enrol, rest};

/// Devices that do not read, and sockets of each.
const DEAF: u64 = 20;
const SOCKETS: u64 = 3;
/// Notes pushed in one round, each as large as a note may be, and rounds: 1 MB for every socket.
const NOTES: usize = 20;
const ROUNDS: usize = 6;
/// Bytes of a note: 8 KiB, of which a compressor saves little.
const NOTE_BYTES: usize = 8 * 1024;
/// A device that reads syncs within this time, whatever the others do.
const ON_TIME: Duration = Duration::from_secs(10);
/// The window of a device that does not read: little beside the news, and more than one segment of the loopback, below
/// which every segment waits for a timer.
const WINDOW: u32 = 128 * 1024;

type Socket = WebSocketStream<TcpStream>;

/// Connects with a small window, says Hello, and reads nothing.
async fn connect<S: DeviceStore>(address: SocketAddr, replica: &mut DeviceReplica<S>) -> Result<Socket, Trouble> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(WINDOW)?;
    let stream = socket.connect(address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{address}/device/live"), stream).await?;
    let hello = Exchange::begin(replica).next_message(replica)?.ok_or("a Hello")?;
    socket.send(Message::binary(hello)).await?;
    Ok(socket)
}

fn noise(random: &mut Random) -> String {
    let bytes: Vec<u8> = (0..NOTE_BYTES * 5 / 8 / 32).flat_map(|_| random.bytes::<32>()).collect();
    data_encoding::BASE32_NOPAD.encode(&bytes)
}

/// Open files of a process.
fn files(pid: u32) -> Result<usize, Trouble> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// More phones of the first technician, as current as his first.
async fn more_phones(address: SocketAddr, order: DocumentId, count: u64) -> Result<Vec<Phone>, Trouble> {
    let given = json!({"login": ADMIN, "password": PASSWORD});
    let login = rest(address, "POST", "/api/login", None, Some(&given)).await?;
    let people = rest(address, "GET", "/api/technicians", login.cookie.as_deref(), None).await?.body;
    let wish = json!({"person": people["items"][0]["id"]});
    let mut phones = Vec::new();
    for seed in 0..count {
        let made = rest(address, "POST", "/api/devices/codes", login.cookie.as_deref(), Some(&wish)).await?;
        let code = made.body["code"].as_str().ok_or_else(|| format!("no code: {}", made.body))?.to_owned();
        let mut phone = enrol(address, &code, "li0", order, 200 + seed).await?;
        assert_eq!(phone.sync(address).await?.verified, Some(true));
        phones.push(phone);
    }
    Ok(phones)
}

#[tokio::test]
async fn sockets_that_do_not_read_hold_little_and_hold_nobody_up() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let pusher = &mut phones[0];
    let mut phones = more_phones(address, pusher.order, DEAF + 1).await?;
    let mut reader = phones.pop().ok_or("a phone that reads")?;
    let process = office.process().ok_or("a process")?;
    let (pid, before, open) = (process.pid(), process.usage()?, files(process.pid())?);
    let mut deaf = Vec::new();
    for phone in &mut phones {
        for _ in 0..SOCKETS {
            deaf.push(connect(address, phone.client.replica_mut()).await?);
        }
    }
    let mut random = Random::from_seed(3);
    let (mut slowest, began) = (Duration::ZERO, Instant::now());
    for _ in 0..ROUNDS {
        for _ in 0..NOTES {
            pusher.note(&noise(&mut random))?;
        }
        for phone in [&mut *pusher, &mut reader] {
            let started = Instant::now();
            let report = phone.sync(address).await?;
            assert_eq!((report.unsent, report.verified), (0, Some(true)));
            slowest = slowest.max(started.elapsed());
        }
    }
    assert_eq!(reader.notes()?.len(), NOTES * ROUNDS);
    let pushed = began.elapsed();
    let after = office.process().ok_or("a process")?.usage()?;
    let grown = after.memory_bytes_max.saturating_sub(before.memory_bytes);
    println!(
        "{} deaf sockets, {} MB of news each in {pushed:?}: the slowest sync {slowest:?}; the server grew by {} MB",
        DEAF * SOCKETS,
        NOTES * ROUNDS * NOTE_BYTES / 1_000_000,
        grown / 1_000_000
    );
    assert!(slowest < ON_TIME, "{slowest:?}");
    assert!(grown < GROWTH_MAX, "{grown}");
    // Gone, they leave nothing behind.
    drop(deaf);
    eventually("the server to let go of the deaf", ON_TIME, || async {
        files(pid).ok().filter(|now| *now <= open + 2)
    })
    .await?;
    Ok(())
}

/// By how much the server may grow, with what the order itself takes.
const GROWTH_MAX: u64 = 96 * 1024 * 1024;

/// A device on a live socket of a server with this patience.
async fn deaf_device(patience: Patience) -> Result<(World, Device, Socket, DocumentId), Trouble> {
    let world = World::new(77).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    let mut deaf = world.enrol(li.person).await?;
    world.settle(&mut [&mut deaf]).await?;
    // The system takes megabytes for a socket of its own size; what it does not take is the server's to hold.
    let listener = TcpSocket::new_v4()?;
    listener.set_send_buffer_size(WINDOW)?;
    listener.bind("127.0.0.1:0".parse()?)?;
    let listener = listener.listen(16)?;
    let address = listener.local_addr()?;
    let router = router_with(patience).with_state(Arc::clone(&world.office));
    drop(tokio::spawn(async move { axum::serve(listener, router).await }));
    let socket = connect(address, deaf.client.replica_mut()).await?;
    Ok((world, li, socket, order))
}

/// Reads until the server has said why it ends, or has closed the connection.
async fn rest_of(mut socket: Socket) -> Result<Vec<Frame>, Trouble> {
    let mut frames = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), socket.next()).await;
        match next.map_err(|_| format!("nothing follows {} frames", frames.len()))? {
            Some(Ok(Message::Binary(bytes))) => frames.extend(unpack(&bytes)?),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Ok(frames),
        }
        if last_words(&frames).is_some() {
            return Ok(frames);
        }
    }
}

fn last_words(frames: &[Frame]) -> Option<StopCode> {
    match frames.last() {
        Some(Frame::Stop(Stop { code, retry_after_ms: Some(_) })) => Some(*code),
        _ => None,
    }
}

/// Lets the server's patience run out.
async fn wait(time: Duration) -> Result<(), Trouble> {
    let started = Instant::now();
    Ok(eventually("patience to run out", time * 3, || async { (started.elapsed() > time).then_some(()) }).await?)
}

#[tokio::test]
async fn a_device_that_reads_again_is_told_that_it_did_not() -> Result<(), Trouble> {
    let send = Duration::from_millis(300);
    let patience = Patience { send, last: Duration::from_secs(90), ..Patience::USUAL };
    let (world, mut li, socket, order) = deaf_device(patience).await?;
    let mut random = Random::from_seed(4);
    for _ in 0..5 {
        for _ in 0..30 {
            li.act(order, &Command::Note { text: noise(&mut random) })?;
            // What he does takes his time; it is not ahead of the server's.
            world.pass(2 * MINUTE);
        }
        world.sync(&mut li).await?;
    }
    assert_eq!(world.view(order).await?.notes.len(), 150);
    wait(send * 4).await?;
    let frames = rest_of(socket).await?;
    assert_eq!(last_words(&frames), Some(StopCode::SlowReader), "{} frames", frames.len());
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Batch(_))), "what was on its way came whole");
    Ok(())
}

#[tokio::test]
async fn a_device_that_leaves_pings_unanswered_is_cut_with_a_word() -> Result<(), Trouble> {
    let ping = Duration::from_millis(150);
    let (_world, _li, socket, _) = deaf_device(Patience { ping, ..Patience::USUAL }).await?;
    // Unread, its pings are unanswered, too.
    wait(ping * 8).await?;
    assert_eq!(last_words(&rest_of(socket).await?), Some(StopCode::SlowReader));
    Ok(())
}

#[tokio::test]
async fn a_device_that_answers_pings_stays() -> Result<(), Trouble> {
    let ping = Duration::from_millis(150);
    let (world, mut li, mut socket, order) = deaf_device(Patience { ping, ..Patience::USUAL }).await?;
    let told = async {
        let started = Instant::now();
        let mut frames = Vec::new();
        let mut noted = false;
        while let Some(message) = socket.next().await {
            if let Message::Binary(bytes) = message? {
                frames.extend(unpack(&bytes)?);
            }
            if started.elapsed() > ping * 8 && !noted {
                noted = true;
                frames.clear();
                li.act(order, &Command::Note { text: "还在".to_owned() })?;
                world.sync(&mut li).await?;
            }
            if noted && !frames.is_empty() {
                return Ok::<Vec<Frame>, Trouble>(frames);
            }
        }
        Err("the socket was closed".into())
    };
    let frames = tokio::time::timeout(Duration::from_secs(30), told).await??;
    assert!(matches!(frames.as_slice(), [Frame::Batch(_), ..]), "{frames:?}");
    Ok(())
}
