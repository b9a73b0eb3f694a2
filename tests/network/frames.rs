//! Messages that are broken, repeated, stale, or out of order.

use std::net::SocketAddr;
use std::time::Duration;

use docket_client::sync::Exchange;
use docket_client::transport::{Http, Server, TransportError};
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_sync_core::ids::DeviceId;
use docket_sync_core::limits::MESSAGE_BYTES_MAX;
use docket_sync_core::sync::device::Replica;
use docket_sync_core::sync::frames::{Frame, Hello, Stop, StopCode, Stored, Want};
use docket_sync_core::sync::message::{Plain, pack, travels_digest, unpack};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::setting::{Phone, company};

/// Everything here answers within this time.
const DEADLINE: Duration = Duration::from_secs(30);

async fn ask(address: SocketAddr, message: Vec<u8>) -> Result<Vec<u8>, TransportError> {
    let server = Server::new(&format!("http://{address}"), None)?;
    let mut http = Http::new(server);
    tokio::time::timeout(DEADLINE, http.post_message(message)).await.expect("an answer in time")
}

async fn frames(address: SocketAddr, message: Vec<u8>) -> Result<Vec<Frame>, Trouble> {
    Ok(unpack(&ask(address, message).await?)?)
}

fn stopped(frames: &[Frame]) -> Option<StopCode> {
    match frames {
        [Frame::Stop(Stop { code, .. })] => Some(*code),
        _ => None,
    }
}

/// A good message of this phone, as bytes and as frames.
fn message(phone: &mut Phone) -> Result<Vec<u8>, Trouble> {
    let replica = phone.client.replica_mut();
    Ok(Exchange::begin(replica).next_message(replica)?.ok_or("a message")?)
}

fn hello_of(message: &[u8]) -> Result<(Hello, Vec<Frame>), Trouble> {
    let mut frames = unpack(message)?;
    let Frame::Hello(hello) = frames.remove(0) else { return Err("a Hello".into()) };
    Ok((hello, frames))
}

#[tokio::test]
async fn messages_that_are_broken_repeated_or_stale_have_typed_answers() -> Result<(), Trouble> {
    let (_office, address, mut phones) = company(1).await?;
    let phone = &mut phones[0];
    broken(address, phone).await?;
    repeated(address, phone).await?;
    strange(address, phone).await?;
    out_of_order(address, phone).await?;
    on_a_socket(address).await?;
    // After all of it the phone works as ever.
    phone.note("最后")?;
    let report = phone.sync(address).await?;
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(phone.notes()?, ["一", "二", "最后"], "nothing is lost, and nothing there twice");
    assert_eq!(phone.client.status().differences, 0);
    Ok(())
}

/// Noise, truncation, flipped bits, too much: never an error of the server.
async fn broken(address: SocketAddr, phone: &mut Phone) -> Result<(), Trouble> {
    let mut random = Random::from_seed(4);
    phone.note("一")?;
    let good = message(phone)?;
    for length in [0, 1, 2, 17, 4_096, 100_000] {
        let noise: Vec<u8> = (0..length).map(|_| random.bytes::<1>()[0]).collect();
        assert_eq!(stopped(&frames(address, noise).await?), Some(StopCode::BadFrame), "{length} bytes of noise");
    }
    for _ in 0..60 {
        let cut = random.position(good.len());
        let answer = frames(address, good[..cut].to_vec()).await?;
        assert_eq!(stopped(&answer), Some(StopCode::BadFrame), "cut after {cut} of {}", good.len());
        let mut flipped = good.clone();
        let at = random.position(good.len());
        flipped[at] ^= 1 << random.below(8);
        let answer = frames(address, flipped).await?;
        assert!(stopped(&answer).is_some(), "a flipped bit at {at}: {answer:?}");
    }
    match ask(address, vec![0; MESSAGE_BYTES_MAX + 1]).await {
        Err(TransportError::Refused { status: 413, .. } | TransportError::Unreachable { .. }) => {}
        other => return Err(format!("too large: {other:?}").into()),
    }
    Ok(())
}

/// The same bytes again are the same request; older ones are not.
async fn repeated(address: SocketAddr, phone: &mut Phone) -> Result<(), Trouble> {
    let first = message(phone)?;
    let answer = frames(address, first.clone()).await?;
    assert!(
        matches!(answer.as_slice(), [Frame::Welcome(_), Frame::Ack(ack), ..] if ack.exceptions.is_empty()),
        "{answer:?}"
    );
    let again = frames(address, first.clone()).await?;
    let (Some(Frame::Welcome(one)), Some(Frame::Welcome(other))) = (answer.first(), again.first()) else {
        return Err(format!("not welcomed: {again:?}").into());
    };
    assert_eq!((one.nonce, one.epoch), (other.nonce, other.epoch), "a lost answer is harmless");
    let Some(Frame::Ack(ack)) = again.get(1) else { return Err("an Ack".into()) };
    assert!(ack.exceptions.iter().all(|run| run.outcome == docket_sync_core::sync::frames::Outcome::Duplicate));
    phone.sync(address).await?;
    // Now it is old.
    assert!(matches!(frames(address, first.clone()).await?.as_slice(), [Frame::Nonce(_)]));
    // The counter of the last Hello with another content.
    let last = message(phone)?;
    frames(address, last.clone()).await?;
    let (mut hello, _) = hello_of(&last)?;
    hello.pending = None;
    hello.cursor = None;
    sign(phone, &mut hello, &[])?;
    let answer = frames(address, pack(&[Frame::Hello(hello)], &mut Plain)).await?;
    assert!(matches!(answer.as_slice(), [Frame::Renew(_)]), "{answer:?}");
    phone.note("二")?;
    phone.sync(address).await?;
    Ok(())
}

fn sign(phone: &Phone, hello: &mut Hello, travels: &[Frame]) -> Result<(), Trouble> {
    use docket_client::platform::{KeyStore, SecretName};
    let secret = phone.keys.get(SecretName::SigningKey)?.ok_or("a key")?;
    let key = ed25519_dalek::SigningKey::from_bytes(secret.as_slice().try_into()?);
    hello.travels = travels_digest(travels);
    hello.signature = docket_sync_core::proof::sign(&key, &hello.signed_bytes(phone.client.replica().identity().store));
    Ok(())
}

/// An unknown device, a wrong signature, another protocol, something added on the way.
async fn strange(address: SocketAddr, phone: &mut Phone) -> Result<(), Trouble> {
    let (good, rest) = hello_of(&message(phone)?)?;
    let one = |hello: Hello| pack(&[Frame::Hello(hello)], &mut Plain);
    let unknown = Hello { device: DeviceId([9; 16]), ..good.clone() };
    assert_eq!(stopped(&frames(address, one(unknown)).await?), Some(StopCode::UnknownDevice));
    let mut forged = good.clone();
    forged.signature.0[3] ^= 1;
    assert_eq!(stopped(&frames(address, one(forged)).await?), Some(StopCode::NotAuthentic));
    let newer = Hello { protocol: 9, ..good.clone() };
    assert_eq!(stopped(&frames(address, one(newer)).await?), Some(StopCode::Protocol));
    // A frame that the Hello does not cover.
    assert!(rest.is_empty());
    let added = [Frame::Hello(good.clone()), Frame::Want(Want { documents: vec![phone.order] })];
    assert_eq!(stopped(&frames(address, pack(&added, &mut Plain)).await?), Some(StopCode::NotAuthentic));
    // A counter far ahead is a device that counts on; one that is behind is told where it stands.
    let mut behind = Hello { counter: 0, ..good };
    sign(phone, &mut behind, &[])?;
    assert!(matches!(frames(address, one(behind)).await?.as_slice(), [Frame::Nonce(_)]));
    Ok(())
}

/// Frames where they are not allowed.
async fn out_of_order(address: SocketAddr, phone: &mut Phone) -> Result<(), Trouble> {
    let stored = Frame::Stored(Stored { to: 1 });
    assert_eq!(stopped(&frames(address, pack(&[stored], &mut Plain)).await?), Some(StopCode::OutOfOrder));
    assert_eq!(stopped(&frames(address, pack(&[], &mut Plain)).await?), Some(StopCode::OutOfOrder));
    // A frame of the server's, and a second Hello.
    let shutting = Frame::Stop(Stop { code: StopCode::Busy, retry_after_ms: None });
    let hello = phone.client.replica_mut().hello(travels_digest(std::slice::from_ref(&shutting)))?;
    let answer = frames(address, pack(&[Frame::Hello(hello), shutting], &mut Plain)).await?;
    assert!(matches!(answer.last(), Some(Frame::Stop(Stop { code: StopCode::OutOfOrder, .. }))), "{answer:?}");
    let (second, _) = hello_of(&message(phone)?)?;
    let second = Frame::Hello(second);
    let first = phone.client.replica_mut().hello(travels_digest(std::slice::from_ref(&second)))?;
    let answer = frames(address, pack(&[Frame::Hello(first), second], &mut Plain)).await?;
    let last = answer.last();
    assert!(matches!(last, Some(Frame::Stop(Stop { code: StopCode::OutOfOrder, .. }) | Frame::Nonce(_))), "{answer:?}");
    phone.sync(address).await?;
    Ok(())
}

/// Text and noise on the live connection: one typed answer, then it is closed.
async fn on_a_socket(address: SocketAddr) -> Result<(), Trouble> {
    for message in [Message::text("hello"), Message::binary(vec![0xff; 40])] {
        let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/device/live")).await?;
        socket.send(message).await?;
        let told = tokio::time::timeout(DEADLINE, socket.next()).await?.ok_or("an answer")??;
        let Message::Binary(told) = told else { return Err(format!("not binary: {told:?}").into()) };
        assert_eq!(stopped(&unpack(&told)?), Some(StopCode::BadFrame));
        while let Some(Ok(message)) = tokio::time::timeout(DEADLINE, socket.next()).await? {
            assert!(matches!(message, Message::Close(_)), "{message:?}");
        }
    }
    Ok(())
}
