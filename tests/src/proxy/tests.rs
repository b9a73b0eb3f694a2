use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Counts, Cut, Direction, Faults, Proxy};
use crate::condition::eventually;

/// A server that sends back what it gets.
async fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    address
}

async fn exchange(proxy: &Proxy, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(proxy.address()).await?;
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut back = Vec::new();
    match stream.read_to_end(&mut back).await {
        Err(error) if back.is_empty() => Err(error),
        // A reset may follow the bytes that came through.
        Ok(_) | Err(_) => Ok(back),
    }
}

#[tokio::test]
async fn bytes_are_counted_both_ways_and_the_opening_apart() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let message = b"GET / HTTP/1.1\r\n\r\n1234567890";
    assert_eq!(exchange(&proxy, message).await.unwrap(), message);
    let counts = eventually("both directions counted", Duration::from_secs(5), || async {
        Some(proxy.counts()).filter(|counts| counts.down == 10)
    });
    assert_eq!(counts.await.unwrap(), Counts { up: 10, down: 10, opening: 36, connections: 1, requests: 1 });
    proxy.reset_counts();
    assert_eq!(proxy.counts().total(), 0);
}

#[tokio::test]
async fn a_cut_lets_exactly_the_bytes_before_it_through() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    proxy.set_faults(Faults::cut(Cut::AfterBytes(Direction::Down, 40_000)));
    let back = exchange(&proxy, &vec![7; 100_000]).await.unwrap();
    assert!(back.len() <= 40_000, "{} bytes", back.len());
    assert_eq!(proxy.counts().down, 40_000);
    proxy.set_faults(Faults::default());
    assert_eq!(exchange(&proxy, &vec![7; 100_000]).await.unwrap().len(), 100_000);
}

#[tokio::test]
async fn without_network_nothing_reaches_the_server() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    proxy.set_faults(Faults::no_network());
    let back = exchange(&proxy, b"hello").await;
    assert!(back.as_ref().is_err() || back.as_ref().is_ok_and(Vec::is_empty), "{back:?}");
    assert_eq!(proxy.counts(), Counts::default());
}

#[tokio::test]
async fn open_connections_can_be_cut_at_once() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"a").await.unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).await.unwrap();
    proxy.cut_all();
    let end = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut byte)).await.expect("cut in time");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    assert_eq!(exchange(&proxy, b"again").await.unwrap(), b"again");
}

#[tokio::test]
async fn a_slow_network_takes_its_time() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    proxy.set_faults(Faults {
        bytes_per_second: Some(10_000),
        delay: Some(Duration::from_millis(10)),
        ..Faults::default()
    });
    let started = std::time::Instant::now();
    assert_eq!(exchange(&proxy, &[1; 1_000]).await.unwrap().len(), 1_000);
    // 100 ms and 10 ms in each direction.
    assert!(started.elapsed() >= Duration::from_millis(200), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_server_started_again_elsewhere_is_found() {
    let proxy = Proxy::start("127.0.0.1:1".parse().unwrap()).await.unwrap();
    proxy.lead_to(echo().await);
    assert_eq!(exchange(&proxy, b"there").await.unwrap(), b"there");
}

#[tokio::test]
async fn a_dead_direction_swallows_and_a_held_one_gives_back() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let mut byte = [0];
    stream.write_all(b"a").await.unwrap();
    stream.read_exact(&mut byte).await.unwrap();
    proxy.set_faults(Faults::holding(Direction::Down));
    stream.write_all(b"b").await.unwrap();
    let held = tokio::time::timeout(Duration::from_millis(100), stream.read_exact(&mut byte)).await;
    assert!(held.is_err(), "nothing comes back while it is held");
    proxy.set_faults(Faults::one_way(Direction::Up));
    stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"b");
    stream.write_all(b"c").await.unwrap();
    let swallowed = tokio::time::timeout(Duration::from_millis(100), stream.read_exact(&mut byte)).await;
    assert!(swallowed.is_err(), "it never arrived");
    assert_eq!(proxy.borders().len(), 4, "{:?}", proxy.borders());
}
