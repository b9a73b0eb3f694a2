//! The real server is killed again and again while devices push: nothing that it acknowledged is lost.
//!
//! `DOCKET_KILL_CYCLES` asks for more kills than those of every change.

use std::time::Instant;

use docket_harness::random::Random;
use docket_harness::world::Trouble;

use crate::network::setting::company;
use crate::network::street::{Street, Totals, Way, check_nothing_lost_or_doubled};

/// Kills of every change.
const CYCLES: u64 = 20;
/// Phones that push.
const PHONES: usize = 4;

/// Kills of one office: orders that grow by thousands of notes would measure the phones' patience.
const CYCLES_OF_AN_OFFICE: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_cycles_lose_no_acknowledged_fact() -> Result<(), Trouble> {
    let cycles = std::env::var("DOCKET_KILL_CYCLES").ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(CYCLES);
    let mut done = 0;
    while done < cycles {
        let more = CYCLES_OF_AN_OFFICE.min(cycles - done);
        kill(more, 20 + done).await?;
        done += more;
    }
    Ok(())
}

/// An office is killed `cycles` times under load.
async fn kill(cycles: u64, seed: u64) -> Result<(), Trouble> {
    let began = Instant::now();
    let (mut office, address, phones) = company(PHONES).await?;
    let street = Street::new(address);
    let workers = street.begin(phones, &[Way::Post]);
    let mut random = Random::from_seed(seed);
    for _ in 0..cycles {
        street.acknowledges(random.position(24)).await?;
        office.kill().await?;
        street.moved_to(office.serve().await?);
    }
    street.acknowledges(PHONES).await?;
    street.end();
    let mut done = Vec::new();
    for worker in workers {
        done.push(worker.await??);
    }
    // One more kill, so that only what is on the disk counts.
    office.kill().await?;
    let Totals { stated, acknowledged, cuts, .. } = check_nothing_lost_or_doubled(&mut office, &mut done).await?;
    println!(
        "{cycles} kills in {:?}: {stated} facts by {PHONES} devices, {acknowledged} of them acknowledged before the end, \
         {cuts} syncs cut, none lost, none twice",
        began.elapsed()
    );
    assert!(acknowledged > 0 && cuts > 0);
    Ok(())
}
