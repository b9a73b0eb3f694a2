//! A bad line between phone and server: cut anywhere, half a message and silence, slow readers. And TLS.

use std::time::{Duration, Instant};

use docket_client::transport::{Http, Server, TransportError};
use docket_harness::proxy::{Cut, Direction, Faults, Proxy};
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_harness::process::{Process, binary};
use docket_sync_core::ids::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::setting::company;

#[tokio::test]
async fn a_line_that_is_cut_at_random_places_loses_nothing_and_doubles_nothing() -> Result<(), Trouble> {
    let (_office, address, mut phones) = company(1).await?;
    let proxy = Proxy::start(address).await?;
    let phone = &mut phones[0];
    let mut random = Random::from_seed(8);
    let (mut cuts, mut stated) = (0, Vec::new());
    for number in 0..40 {
        let text = format!("第 {number} 条");
        phone.note(&text)?;
        stated.push(text);
        let (direction, most) = if random.chance(1, 2) { (Direction::Up, 900) } else { (Direction::Down, 700) };
        proxy.set_faults(Faults::cut(Cut::AfterBytes(direction, random.below(most))));
        cuts += usize::from(phone.sync(proxy.address()).await.is_err());
        if number % 5 == 4 {
            proxy.set_faults(Faults::default());
            let report = phone.sync(proxy.address()).await?;
            assert_eq!((report.unsent, report.verified), (0, Some(true)));
        }
    }
    proxy.set_faults(Faults::default());
    phone.sync(proxy.address()).await?;
    assert_eq!(phone.notes()?, stated, "everything once, in its order");
    assert_eq!((phone.waiting(), phone.client.status().differences), (0, 0));
    println!("{cuts} of 40 syncs were cut");
    assert!(cuts > 10);
    Ok(())
}

#[tokio::test]
async fn half_a_message_and_silence_or_a_slow_reader_hold_nobody_up() -> Result<(), Trouble> {
    let (_office, address, mut phones) = company(1).await?;
    let phone = &mut phones[0];
    // Forty connections that promise a message and say half of it.
    let mut silent = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"POST /device/sync HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\nhalf").await?;
        silent.push(stream);
    }
    // One that asks for a page and does not read it, and one that reads a byte at a time.
    let mut deaf = TcpStream::connect(address).await?;
    deaf.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200).as_slice()).await?;
    let started = Instant::now();
    for number in 0..5 {
        phone.note(&format!("第 {number} 条"))?;
        let report = phone.sync(address).await?;
        assert_eq!((report.unsent, report.verified), (0, Some(true)));
    }
    assert!(started.elapsed() < Duration::from_secs(20), "others hold it up: {:?}", started.elapsed());
    let mut byte = [0];
    assert_eq!(deaf.read(&mut byte).await?, 1, "the slow reader gets its answer");
    drop(silent);
    // A weak signal: the sync takes its time and arrives.
    let proxy = Proxy::start(address).await?;
    proxy.set_faults(Faults { bytes_per_second: Some(2_000), ..Faults::default() });
    phone.note("地下室")?;
    assert_eq!(phone.sync(proxy.address()).await?.verified, Some(true));
    Ok(())
}

#[tokio::test]
async fn over_tls_a_phone_talks_to_its_own_server_only() -> Result<(), Trouble> {
    let (mut office, _, mut phones) = company(1).await?;
    office.stop().await?;
    let phone = &mut phones[0];
    let arguments = ["serve".to_owned(), "--listen".to_owned(), "127.0.0.1:0".to_owned(), "--data".to_owned(), office.data()];
    let mut process = Process::start(&binary("docket")?, arguments)?;
    let within = Duration::from_secs(60);
    let said = |line: &str| Some(line.split_once(" on https://")?.1.trim_end_matches('/').to_owned());
    let authority = process.wait_for_line("the address", within, said).await?;
    let shown = |line: &str| {
        let digits = line.split_once("TLS certificate fingerprint: ")?.1.replace([' ', ':', '-'], "").to_lowercase();
        digits.parse::<Digest>().ok()
    };
    let fingerprint = process.wait_for_line("the fingerprint", within, shown).await?;
    let proxy = Proxy::start(authority.parse()?).await?;
    let at = |fingerprint| Server::new(&format!("https://{}", proxy.address()), Some(fingerprint));

    phone.note("加密")?;
    let wrong = phone.sync_with(&mut Http::new(at(Digest([1; 32]))?)).await;
    assert!(wrong.is_err(), "another certificate than the pinned one");
    assert_eq!(phone.waiting(), 1, "nothing was given away");
    // The handshake, too, can be cut anywhere.
    let mut random = Random::from_seed(9);
    for _ in 0..12 {
        proxy.set_faults(Faults::cut(Cut::AfterBytes(Direction::Down, random.below(1_500))));
        let cut = phone.sync_with(&mut Http::new(at(fingerprint)?)).await;
        assert!(cut.is_err() || phone.waiting() == 0);
    }
    proxy.set_faults(Faults::default());
    let report = phone.sync_with(&mut Http::new(at(fingerprint)?)).await?;
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(phone.notes()?, ["加密"]);
    // Plain HTTP at the door of TLS.
    let plain = Server::new(&format!("http://{}", proxy.address()), None)?;
    let answer = Http::new(plain).post_message(vec![1, 2, 3]).await;
    assert!(matches!(answer, Err(TransportError::Unreachable { .. } | TransportError::Refused { .. })), "{answer:?}");
    process.kill().await?;
    Ok(())
}
