//! Devices that do not read on their live sockets, or read slowly, against the real server process: each holds one
//! message in its memory for a bounded time; one that takes something goes on, one that takes nothing is told and cut;
//! others are served meanwhile.
//!
//! The system's buffers on both sides are small here, so that what a device has not read is the server's to hold.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use docket_client::replica::NewFact;
use docket_client::sync::Exchange;
use docket_harness::condition::eventually;
use docket_harness::office::{ADMIN, Office, PASSWORD};
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Head};
use docket_sync_core::sync::frames::{Frame, Stop, StopCode, Want};
use docket_sync_core::sync::message::{Plain, pack, unpack};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::setting::{Phone, company, enrol, rest};

/// Nothing here takes longer, on a machine that does much beside.
const DEADLINE: Duration = Duration::from_secs(60);
/// A device that reads syncs within this time, whatever the others do.
const ON_TIME: Duration = Duration::from_secs(10);
/// Notes of the order, and bytes of each, of which a compressor saves little: what one answer carries.
const NOTES: usize = 80;
const NOTE_BYTES: usize = 8 * 1024;
/// The window of a device: more than one segment of the loopback, below which every segment waits for a timer.
const WINDOW: u32 = 128 * 1024;
/// The server's part of the system's buffers for each connection, in KiB.
const BUFFER_KIB: &str = "32";

type Socket = WebSocketStream<TcpStream>;

/// An office that serves with these patiences, and a phone with a large order.
struct Stage {
    office: Office,
    address: SocketAddr,
    phone: Phone,
}

impl Stage {
    async fn new(send: Duration, ping: Duration) -> Result<Self, Trouble> {
        let (mut office, address, mut phones) = company(1).await?;
        let mut phone = phones.remove(0);
        let mut random = Random::from_seed(3);
        let (person, _) = phone.client.replica().certificate().persons.first().cloned().ok_or("a person")?;
        for _ in 0..NOTES {
            let (document, author, body) =
                (phone.order, Author::Person(person), AddNote { text: noise(&mut random) }.into());
            let (seen, head) = (Vec::new(), Head::default());
            let fact = NewFact { document, author, seen, head, body, claimed: None, proof: None };
            phone.client.replica_mut().state_fact(fact)?;
        }
        assert_eq!(phone.sync(address).await?.unsent, 0);
        office.stop().await?;
        let (send, ping) = (send.as_millis().to_string(), ping.as_millis().to_string());
        let options = ["--live-send-ms", &send, "--live-ping-ms", &ping, "--send-buffer-kib", BUFFER_KIB];
        let address = office.serve_with(&options).await?;
        assert_eq!(phone.sync(address).await?.verified, Some(true));
        Ok(Self { office, address, phone })
    }

    /// A live socket with a small window whose Hello was answered; nothing is new to its device.
    async fn connect(&mut self) -> Result<Socket, Trouble> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(WINDOW)?;
        let stream = socket.connect(self.address).await?;
        let url = format!("ws://{}/device/live", self.address);
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await?;
        let replica = self.phone.client.replica_mut();
        let mut exchange = Exchange::begin(replica);
        socket.send(Message::binary(exchange.next_message(replica)?.ok_or("a Hello")?)).await?;
        exchange.answered(replica, &next_bytes(&mut socket).await?)?;
        assert!(exchange.is_done(), "the phone has everything");
        Ok(socket)
    }

    /// Asks for the whole order, `times` times, and reads nothing.
    async fn want(&self, socket: &mut Socket, times: usize) -> Result<(), Trouble> {
        let want = pack(&[Frame::Want(Want { documents: vec![self.phone.order] })], &mut Plain);
        for _ in 0..times {
            socket.send(Message::binary(want.clone())).await?;
        }
        Ok(())
    }

    /// Waits until the server has given up `count` sockets.
    async fn given_up(&mut self, count: usize) -> Result<(), Trouble> {
        let process = self.office.process().ok_or("a process")?;
        let told = || {
            let lines = process.output();
            lines.iter().filter(|line| line.contains("does not read what it is sent")).count()
        };
        eventually("the server to give up the deaf", DEADLINE, || async { (told() >= count).then_some(()) }).await?;
        Ok(())
    }

    /// Another phone of the same technician, as current as his first.
    async fn another_phone(&self) -> Result<Phone, Trouble> {
        let given = json!({"login": ADMIN, "password": PASSWORD});
        let cookie = rest(self.address, "POST", "/api/login", None, Some(&given)).await?.cookie;
        let people = rest(self.address, "GET", "/api/technicians", cookie.as_deref(), None).await?.body;
        let wish = json!({"person": people["items"][0]["id"]});
        let made = rest(self.address, "POST", "/api/devices/codes", cookie.as_deref(), Some(&wish)).await?;
        let code = made.body["code"].as_str().ok_or_else(|| format!("no code: {}", made.body))?.to_owned();
        let mut phone = enrol(self.address, &code, "li0", self.phone.order, 200).await?;
        assert_eq!(phone.sync(self.address).await?.verified, Some(true));
        Ok(phone)
    }
}

fn noise(random: &mut Random) -> String {
    let bytes: Vec<u8> = (0..NOTE_BYTES * 5 / 8 / 32).flat_map(|_| random.bytes::<32>()).collect();
    data_encoding::BASE32_NOPAD.encode(&bytes)
}

async fn next_bytes(socket: &mut Socket) -> Result<Vec<u8>, Trouble> {
    let next = async {
        while let Some(message) = socket.next().await {
            if let Message::Binary(bytes) = message? {
                return Ok::<_, Trouble>(bytes.to_vec());
            }
        }
        Err("the socket was closed".into())
    };
    tokio::time::timeout(DEADLINE, next).await?
}

/// Reads until the server has said why it ends, or has closed the connection.
async fn rest_of(socket: &mut Socket) -> Result<Vec<Frame>, Trouble> {
    let mut frames = Vec::new();
    while last_words(&frames).is_none() {
        match tokio::time::timeout(DEADLINE, socket.next()).await? {
            Some(Ok(Message::Binary(bytes))) => frames.extend(unpack(&bytes)?),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    Ok(frames)
}

fn last_words(frames: &[Frame]) -> Option<StopCode> {
    match frames.last() {
        Some(Frame::Stop(Stop { code, retry_after_ms: Some(_) })) => Some(*code),
        _ => None,
    }
}

/// Reads `bytes` as they come on a weak signal: `step` of them every `every`.
async fn read_slowly(socket: Socket, bytes: usize, step: usize, every: Duration) -> Result<Socket, Trouble> {
    // Nothing was on its way when the last message had been read.
    let mut stream = socket.into_inner();
    let (mut clock, mut read, mut part) = (tokio::time::interval(every), Vec::new(), vec![0; step]);
    while read.len() < bytes {
        clock.tick().await;
        match tokio::time::timeout(DEADLINE, stream.read(&mut part)).await?? {
            0 => break,
            count => read.extend_from_slice(&part[..count]),
        }
    }
    Ok(WebSocketStream::from_partially_read(stream, read, Role::Client, None).await)
}

/// Open files of a process.
fn files(pid: u32) -> Result<usize, Trouble> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// Sockets that do not read, and answers that each has asked for: together some hundred megabytes.
const DEAF: usize = 24;
const ANSWERS: usize = 40;

/// What one socket may take of the server's memory: an answer, the same packed, and the same in a frame.
const SOCKET_BYTES: u64 = 3 * 800 * 1024;
/// What else may grow meanwhile.
const ELSE_BYTES: u64 = 32 * 1024 * 1024;

#[tokio::test]
async fn sockets_that_do_not_read_hold_one_message_each_and_hold_nobody_up() -> Result<(), Trouble> {
    let mut stage = Stage::new(Duration::from_secs(4), Duration::from_secs(45)).await?;
    let mut reader = stage.another_phone().await?;
    // One answer is read, so that what everything takes once is taken.
    let mut socket = stage.connect().await?;
    stage.want(&mut socket, 1).await?;
    let answer = next_bytes(&mut socket).await?.len();
    assert!(answer > 300_000, "{answer} bytes in an answer: too few to fill the system's buffers");
    let process = stage.office.process().ok_or("a process")?;
    let (pid, before, open) = (process.pid(), process.usage()?, files(process.pid())?);

    let mut deaf = Vec::new();
    for _ in 0..DEAF {
        let mut socket = stage.connect().await?;
        stage.want(&mut socket, ANSWERS).await?;
        deaf.push(socket);
    }
    let mut slowest = Duration::ZERO;
    for round in 0..5 {
        stage.phone.note(&format!("{round}"))?;
        for phone in [&mut stage.phone, &mut reader] {
            let started = Instant::now();
            let report = phone.sync(stage.address).await?;
            assert_eq!((report.unsent, report.verified), (0, Some(true)));
            slowest = slowest.max(started.elapsed());
        }
    }
    assert!(slowest < ON_TIME, "{slowest:?}");

    // Each of them was sent to in vain. What they hold is one message, not what they asked for.
    stage.given_up(DEAF).await?;
    let after = stage.office.process().ok_or("a process")?.usage()?;
    let grown = after.memory_bytes_max.saturating_sub(before.memory_bytes);
    let asked = u64::try_from(DEAF * ANSWERS * answer)?;
    let bound = u64::try_from(DEAF)? * SOCKET_BYTES + ELSE_BYTES;
    println!(
        "{DEAF} deaf sockets asked for {asked} bytes: the server grew by {grown}, at most {bound}; slowest sync {slowest:?}"
    );
    assert!(grown < bound && bound * 3 < asked, "{grown} bytes, at most {bound} of {asked}");
    // Gone, they leave nothing behind.
    drop(deaf);
    eventually("the server to let go of the deaf", DEADLINE, || async {
        files(pid).ok().filter(|now| *now <= open + 2)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_device_that_reads_again_is_told_that_it_did_not() -> Result<(), Trouble> {
    let mut stage = Stage::new(Duration::from_millis(300), Duration::from_secs(45)).await?;
    let mut socket = stage.connect().await?;
    stage.want(&mut socket, 8).await?;
    stage.given_up(1).await?;
    let frames = rest_of(&mut socket).await?;
    assert_eq!(last_words(&frames), Some(StopCode::SlowReader), "{} frames", frames.len());
    let batches = frames.iter().filter(|frame| matches!(frame, Frame::Batch(_))).count();
    assert!((1..8).contains(&batches), "{batches}: what was on its way came whole, and nothing more");
    Ok(())
}

#[tokio::test]
async fn a_device_that_reads_slowly_and_steadily_gets_everything() -> Result<(), Trouble> {
    // A message takes longer than nothing may take.
    let send = Duration::from_secs(2);
    let mut stage = Stage::new(send, Duration::from_secs(45)).await?;
    let mut socket = stage.connect().await?;
    stage.want(&mut socket, 1).await?;
    let answer = next_bytes(&mut socket).await?.len();
    let (step, every) = (16 * 1024, Duration::from_millis(130));
    assert!(every * u32::try_from(answer / step)? > send * 5 / 4, "{answer} bytes are read too quickly");
    stage.want(&mut socket, 4).await?;
    let mut socket = read_slowly(socket, answer * 3, step, every).await?;
    for _ in 0..4 {
        let frames = unpack(&next_bytes(&mut socket).await?)?;
        assert!(matches!(frames.as_slice(), [Frame::Batch(_)]), "{frames:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_device_that_leaves_pings_unanswered_is_cut_with_a_word() -> Result<(), Trouble> {
    let mut stage = Stage::new(Duration::from_secs(30), Duration::from_millis(150)).await?;
    // Unread, its pings are unanswered, too.
    let mut socket = stage.connect().await?;
    stage.given_up(1).await?;
    assert_eq!(last_words(&rest_of(&mut socket).await?), Some(StopCode::SlowReader));
    Ok(())
}

#[tokio::test]
async fn a_device_that_answers_pings_stays() -> Result<(), Trouble> {
    let mut stage = Stage::new(Duration::from_secs(30), Duration::from_secs(1)).await?;
    let mut socket = stage.connect().await?;
    // Three pings are answered by reading; a device that answered none would be gone before the third.
    let mut pings = 0;
    while pings < 4 {
        match tokio::time::timeout(DEADLINE, socket.next()).await?.ok_or("the socket was closed")?? {
            Message::Ping(_) => pings += 1,
            other => return Err(format!("{other:?}").into()),
        }
    }
    stage.want(&mut socket, 1).await?;
    let frames = unpack(&next_bytes(&mut socket).await?)?;
    assert!(matches!(frames.as_slice(), [Frame::Batch(_)]), "{frames:?}");
    Ok(())
}
