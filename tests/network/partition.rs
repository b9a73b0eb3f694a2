//! A network that is there in one direction only, that keeps bytes to itself, that is cut at every border between two
//! messages of a live session: both sides come to the same, nothing is lost, nothing is there twice.

use std::collections::BTreeSet;
use std::time::Duration;

use docket_client::sync::{LiveEnd, SyncError, live};
use docket_client::transport::Server;
use docket_harness::process::Usage;
use docket_harness::proxy::{Border, Cut, Direction, Faults, Proxy};
use docket_harness::world::Trouble;

use super::setting::{Phone, company};

/// How long a phone waits on a network that does not answer before it gives up, in these stories.
const PATIENCE: Duration = Duration::from_millis(700);
/// How long a session takes at most that nothing disturbs.
const DEADLINE: Duration = Duration::from_secs(20);
/// By how much the server may grow over all of a story.
const GROWTH_MAX: u64 = 48 * 1024 * 1024;

/// A live session until everything is acknowledged. Cut off, it is begun again only by the caller.
async fn session(phone: &mut Phone, proxy: &Proxy) -> Result<LiveEnd, SyncError> {
    let server = Server::new(&format!("http://{}", proxy.address()), None)?;
    let done = |replica: &docket_client::replica::DeviceReplica<_>| replica.journal().count() == 0;
    live(phone.client.replica_mut(), &server, done).await
}

/// Everything was sent, once, in its order, and a second phone of the same technician has it too.
async fn check(phone: &mut Phone, address: std::net::SocketAddr, stated: &[String]) -> Result<(), Trouble> {
    let report = phone.sync(address).await?;
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(phone.notes()?, stated, "everything once, in its order");
    assert_eq!((phone.waiting(), phone.client.status().differences), (0, 0));
    Ok(())
}

fn grown(before: Usage, after: Usage) -> u64 {
    after.memory_bytes_max.saturating_sub(before.memory_bytes)
}

#[tokio::test]
async fn one_way_partitions_and_holds_end_in_the_same_state() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let phone = &mut phones[0];
    let proxy = Proxy::start(address).await?;
    let before = office.process().ok_or("a process")?.usage()?;
    let (mut stated, mut given_up) = (Vec::new(), 0);
    let both = [Direction::Up, Direction::Down];
    let faults = both.into_iter().flat_map(|direction| [Faults::one_way(direction), Faults::holding(direction)]);
    for (round, faults) in faults.cycle().take(12).enumerate() {
        for way in ["POST", "WebSocket"] {
            let text = format!("第 {round} 轮 {way}");
            phone.note(&text)?;
            stated.push(text);
            proxy.set_faults(faults.clone());
            let tried = async {
                match way {
                    "POST" => phone.sync(proxy.address()).await.is_ok(),
                    _ => session(phone, &proxy).await.is_ok(),
                }
            };
            // The phone gives up in the middle of whatever it was doing.
            given_up += usize::from(tokio::time::timeout(PATIENCE, tried).await.is_err());
            assert_eq!(phone.waiting(), 1, "nothing counts as sent that was not acknowledged");
            if faults.swallow.is_some() {
                proxy.cut_all();
            }
            // What was held arrives now, beside the next try.
            proxy.set_faults(Faults::default());
            let report = tokio::time::timeout(DEADLINE, phone.sync(proxy.address())).await??;
            assert_eq!((report.unsent, report.verified), (0, Some(true)), "{faults:?}");
        }
    }
    check(phone, address, &stated).await?;
    let grown = grown(before, office.process().ok_or("a process")?.usage()?);
    println!("{given_up} of {} tries were given up; the server grew by {grown} bytes", stated.len());
    assert!(given_up == stated.len() && grown < GROWTH_MAX, "{given_up} given up, grown by {grown}");
    Ok(())
}

#[tokio::test]
async fn a_live_session_that_is_cut_at_any_border_of_its_messages_is_made_up_for() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let phone = &mut phones[0];
    let proxy = Proxy::start(address).await?;
    let mut stated = Vec::new();
    let mut state = |phone: &mut Phone| -> Result<(), Trouble> {
        let text = format!("第 {} 条", stated.len());
        phone.note(&text)?;
        stated.push(text);
        Ok(())
    };
    // One session undisturbed shows where the borders are.
    state(phone)?;
    assert_eq!(tokio::time::timeout(DEADLINE, session(phone, &proxy)).await??, LiveEnd::Enough);
    let recorded: BTreeSet<Border> = proxy.borders().into_iter().collect();
    assert!(recorded.len() >= 4, "an upgrade and a message, each way: {recorded:?}");
    let before = office.process().ok_or("a process")?.usage()?;
    let (mut cuts, mut tries) = (0, 0);
    for Border { direction, at } in &recorded {
        // Before the border, at it, and with the first byte of what comes behind.
        for bytes in [at.saturating_sub(1), *at, at + 1] {
            state(phone)?;
            proxy.set_faults(Faults::cut(Cut::AfterBytes(*direction, bytes)));
            let ended = tokio::time::timeout(DEADLINE, session(phone, &proxy)).await?;
            cuts += usize::from(!matches!(ended, Ok(LiveEnd::Enough)));
            tries += 1;
            proxy.set_faults(Faults::default());
            // The next session begins as ever, and sends what the one before could not.
            let next = tokio::time::timeout(DEADLINE, async {
                while session(phone, &proxy).await? != LiveEnd::Enough {}
                Ok::<(), SyncError>(())
            });
            next.await??;
            assert_eq!(phone.waiting(), 0, "{direction:?} after {bytes}");
        }
    }
    check(phone, address, &stated).await?;
    let grown = grown(before, office.process().ok_or("a process")?.usage()?);
    println!(
        "{cuts} of {tries} live sessions were cut at {} borders; the server grew by {grown} bytes",
        recorded.len()
    );
    assert!(cuts * 3 >= tries && grown < GROWTH_MAX, "{cuts} of {tries} cut, grown by {grown}");
    Ok(())
}
