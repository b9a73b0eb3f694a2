//! Stopping is a sequence (style.md 63): stop accepting, drain, flush, exit. Under load it loses nothing, and who does
//! not let go does not hold it up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use docket_client::replica::DeviceReplica;
use docket_client::sync::{SyncError, live};
use docket_client::transport::Server;
use docket_harness::condition::eventually;
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_server::listen::DRAIN;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::setting::{Phone, company};
use super::street::{Street, Totals, Way, check_nothing_lost_or_doubled, is_told};

/// Stops of every change.
const CYCLES: u64 = 6;
/// Phones that push, half of them over live sockets.
const PHONES: usize = 4;
/// How long a stop may take when everybody lets go: no connection waits for its end.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A phone that only listens, until the server ends its session. Its session is open when this returns.
async fn listen(mut phone: Phone, address: SocketAddr) -> Result<JoinHandle<(Phone, Option<SyncError>)>, Trouble> {
    let server = Server::new(&format!("http://{address}"), None)?;
    let is_open = Arc::new(AtomicBool::new(false));
    let opens = Arc::clone(&is_open);
    let listening = tokio::spawn(async move {
        let heard = |_: &DeviceReplica<_>| {
            opens.store(true, Ordering::SeqCst);
            false
        };
        let ended = live(phone.client.replica_mut(), &server, heard).await.err();
        (phone, ended)
    });
    eventually("a session to be open", DRAIN, || async { is_open.load(Ordering::SeqCst).then_some(()) }).await?;
    Ok(listening)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_tells_every_device_and_loses_nothing() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(PHONES + 1).await?;
    let mut idle = phones.pop().ok_or("a phone")?;
    let street = Street::new(address);
    let workers = street.begin(phones, &[Way::Post, Way::Live]);
    let mut random = Random::from_seed(63);
    let mut longest = Duration::ZERO;
    for cycle in 0..CYCLES {
        let listening = listen(idle, street.address()).await?;
        street.acknowledges(8 + random.position(16)).await?;
        let began = Instant::now();
        let status = office.stop().await?;
        longest = longest.max(began.elapsed());
        assert!(status.success(), "stop {cycle}: {status}");
        let (phone, ended) = listening.await?;
        let ended = ended.ok_or("the listening phone was left without a word")?;
        assert!(is_told(&ended), "stop {cycle}: {ended}");
        idle = phone;
        street.moved_to(office.serve().await?);
    }
    street.acknowledges(PHONES).await?;
    street.end();
    let mut done = Vec::new();
    for worker in workers {
        done.push(worker.await??);
    }
    assert!(office.stop().await?.success());
    let Totals { stated, acknowledged, cuts, told } = check_nothing_lost_or_doubled(&mut office, &mut done).await?;
    println!(
        "{CYCLES} stops, the longest {longest:?}: {stated} facts, {acknowledged} acknowledged before the end, {cuts} \
         syncs cut, {told} of them by a word of the server, none lost, none twice"
    );
    assert!(acknowledged > 0 && longest < AT_ONCE, "{acknowledged} acknowledged, the longest stop {longest:?}");
    Ok(())
}

#[tokio::test]
async fn what_never_lets_go_does_not_hold_the_stop_up() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let phone = phones.pop().ok_or("a phone")?;
    // Half a request, a socket that says nothing, one that opens a live connection and says nothing on it, and one
    // that is idle between two requests.
    let half = b"POST /device/sync HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\nhalf".as_slice();
    let upgrade = b"GET /device/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .as_slice();
    let idle = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".as_slice();
    let mut held = Vec::new();
    for words in [half, b"".as_slice(), upgrade, idle] {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(words).await?;
        held.push(stream);
    }
    let listening = listen(phone, address).await?;
    let began = Instant::now();
    let status = office.stop().await?;
    let took = began.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < DRAIN + AT_ONCE, "the stop took {took:?}");
    let (phone, ended) = listening.await?;
    assert!(ended.is_some(), "{}: its session ended", phone.login);
    drop(held);
    Ok(())
}
