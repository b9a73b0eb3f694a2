//! The real server is killed again and again while devices push: nothing that it acknowledged is lost.
//!
//! `DOCKET_KILL_CYCLES` asks for more kills than those of every change.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use docket_client::transport::{Http, Server};
use docket_harness::condition::{DeadlineError, eventually};
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_sync_core::ids::FactId;

use crate::network::setting::{Phone, company, enrol};

/// Kills of every change.
const CYCLES: u64 = 20;
/// Phones that push.
const PHONES: usize = 4;

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where the server is now, how much it has acknowledged, and whether the phones go on.
struct Street {
    address: Mutex<SocketAddr>,
    acknowledged: AtomicUsize,
    over: AtomicBool,
}

impl Street {
    fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the server has acknowledged `more` facts.
    async fn acknowledges(&self, more: usize) -> Result<(), DeadlineError> {
        let enough = self.acknowledged.load(Ordering::SeqCst) + more;
        eventually("facts to be acknowledged", DEADLINE, || async {
            (self.acknowledged.load(Ordering::SeqCst) >= enough).then_some(())
        })
        .await
    }

    /// Waits until somebody listens at the address.
    async fn answers(&self) -> Result<(), DeadlineError> {
        eventually("the server to come back", DEADLINE, || async {
            let over = self.over.load(Ordering::SeqCst);
            (over || tokio::net::TcpStream::connect(self.address()).await.is_ok()).then_some(())
        })
        .await
    }
}

/// What a phone saw.
struct Worker {
    phone: Phone,
    stated: BTreeSet<FactId>,
    acknowledged: BTreeSet<FactId>,
    cuts: usize,
}

/// States a note and syncs, without a pause, through every kill.
async fn work(mut worker: Worker, street: Arc<Street>) -> Result<Worker, String> {
    let said = |error: Trouble| error.to_string();
    let mut number = 0_u64;
    while !street.over.load(Ordering::SeqCst) {
        number += 1;
        let fact = worker.phone.note(&format!("{} 第 {number} 条", worker.phone.login)).map_err(said)?;
        worker.stated.insert(fact);
        let server = Server::new(&format!("http://{}", street.address()), None).map_err(|error| error.to_string())?;
        let mut http = Http::new(server);
        if worker.phone.sync_with(&mut http).await.is_err() {
            worker.cuts += 1;
            street.answers().await.map_err(|error| error.to_string())?;
        }
        // What has left the journal was acknowledged, also in a sync that was cut later on.
        let waiting: BTreeSet<FactId> =
            worker.phone.client.replica().journal().map(docket_client::replica::JournalEntry::id).collect();
        let before = worker.acknowledged.len();
        worker.acknowledged.extend(worker.stated.difference(&waiting));
        street.acknowledged.fetch_add(worker.acknowledged.len() - before, Ordering::SeqCst);
    }
    Ok(worker)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_cycles_lose_no_acknowledged_fact() -> Result<(), Trouble> {
    let cycles = std::env::var("DOCKET_KILL_CYCLES").ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(CYCLES);
    let began = Instant::now();
    let (mut office, address, phones) = company(PHONES).await?;
    let street = Arc::new(Street {
        address: Mutex::new(address),
        acknowledged: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let workers: Vec<_> = phones
        .into_iter()
        .map(|phone| {
            let worker = Worker { phone, stated: BTreeSet::new(), acknowledged: BTreeSet::new(), cuts: 0 };
            tokio::spawn(work(worker, Arc::clone(&street)))
        })
        .collect();
    let mut random = Random::from_seed(20);
    for _ in 0..cycles {
        street.acknowledges(random.position(24)).await?;
        office.kill().await?;
        let address = office.serve().await?;
        *street.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
    street.acknowledges(PHONES).await?;
    street.over.store(true, Ordering::SeqCst);
    let mut done = Vec::new();
    for worker in workers {
        done.push(worker.await??);
    }
    // One more kill, so that only what is on the disk counts.
    office.kill().await?;
    let mut codes = Vec::new();
    for worker in &done {
        codes.push(office.enrolment_code(&worker.phone.login).await?);
    }
    let address = office.serve().await?;
    let (mut stated, mut acknowledged, mut cuts) = (0, 0, 0);
    for (worker, (code, seed)) in done.iter_mut().zip(codes.iter().zip(100..)) {
        // A fresh phone pulls what the server has, before the old one may heal anything.
        let mut fresh = enrol(address, code, &worker.phone.login, worker.phone.order, seed).await?;
        assert_eq!(fresh.sync(address).await?.verified, Some(true));
        let facts = fresh.client.show(worker.phone.order)?.facts;
        let lost: Vec<_> = worker.acknowledged.iter().filter(|fact| facts.get(**fact).is_none()).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        // The old phone sends the rest: then both have everything, once.
        let report = worker.phone.sync(address).await?;
        assert_eq!((report.unsent, report.verified), (0, Some(true)));
        fresh.sync(address).await?;
        let (one, other) = (fresh.client.show(worker.phone.order)?, worker.phone.client.show(worker.phone.order)?);
        assert_eq!(one.view, other.view);
        assert_eq!(one.view.notes.len(), worker.stated.len(), "every note is there once");
        assert_eq!(worker.phone.client.status().differences, 0);
        stated += worker.stated.len();
        acknowledged += worker.acknowledged.len();
        cuts += worker.cuts;
    }
    println!(
        "{cycles} kills in {:?}: {stated} facts by {PHONES} devices, {acknowledged} of them acknowledged before the end, \
         {cuts} syncs cut, none lost, none twice",
        began.elapsed()
    );
    assert!(acknowledged > 0 && cuts > 0);
    Ok(())
}
