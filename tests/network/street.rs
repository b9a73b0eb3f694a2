//! Phones at work on a server that comes and goes: each states notes and syncs without a pause, and remembers what was
//! acknowledged. What must hold at the end is in [`check_nothing_lost_or_doubled`].

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use docket_client::replica::JournalEntry;
use docket_client::sync::{LiveEnd, SyncError, live};
use docket_client::transport::{Http, Server};
use docket_harness::condition::{DeadlineError, eventually};
use docket_harness::office::Office;
use docket_harness::world::Trouble;
use docket_sync_core::ids::FactId;
use docket_sync_core::sync::frames::StopCode;
use tokio::task::JoinHandle;

use super::setting::{Phone, enrol};

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where the server is now, how much it has acknowledged, and whether the phones go on.
pub(crate) struct Street {
    address: Mutex<SocketAddr>,
    acknowledged: AtomicUsize,
    over: AtomicBool,
}

/// How a phone syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One request each time.
    Post,
    /// A live socket until everything is acknowledged.
    Live,
}

impl Street {
    pub(crate) fn new(address: SocketAddr) -> Arc<Self> {
        let (acknowledged, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Self { address: Mutex::new(address), acknowledged, over })
    }

    /// Every phone begins to work, the ways in turn.
    pub(crate) fn begin(self: &Arc<Self>, phones: Vec<Phone>, ways: &[Way]) -> Vec<JoinHandle<Result<Worker, String>>> {
        let workers = phones.into_iter().zip(ways.iter().cycle());
        workers.map(|(phone, way)| tokio::spawn(work(Worker::new(phone), *way, Arc::clone(self)))).collect()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server is somewhere else now.
    pub(crate) fn moved_to(&self, address: SocketAddr) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// The phones finish what they are at.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Waits until the server has acknowledged `more` facts.
    pub(crate) async fn acknowledges(&self, more: usize) -> Result<(), DeadlineError> {
        let enough = self.acknowledged.load(Ordering::SeqCst) + more;
        eventually("facts to be acknowledged", DEADLINE, || async {
            (self.acknowledged.load(Ordering::SeqCst) >= enough).then_some(())
        })
        .await
    }

    /// Waits until somebody listens at the address.
    pub(crate) async fn answers(&self) -> Result<(), DeadlineError> {
        eventually("the server to come back", DEADLINE, || async {
            let over = self.over.load(Ordering::SeqCst);
            (over || tokio::net::TcpStream::connect(self.address()).await.is_ok()).then_some(())
        })
        .await
    }
}

/// What a phone saw.
pub(crate) struct Worker {
    pub(crate) phone: Phone,
    pub(crate) stated: BTreeSet<FactId>,
    pub(crate) acknowledged: BTreeSet<FactId>,
    /// Syncs that did not come to their end.
    pub(crate) cuts: usize,
    /// Those in which the server said that it stops.
    pub(crate) told: usize,
}

impl Worker {
    fn new(phone: Phone) -> Self {
        Self { phone, stated: BTreeSet::new(), acknowledged: BTreeSet::new(), cuts: 0, told: 0 }
    }

    async fn sync(&mut self, way: Way, street: &Street) -> Result<(), SyncError> {
        let server = Server::new(&format!("http://{}", street.address()), None)?;
        match way {
            Way::Post => self.phone.sync_with(&mut Http::new(server)).await.map(drop),
            Way::Live => loop {
                let done = |replica: &docket_client::replica::DeviceReplica<_>| replica.journal().count() == 0;
                if live(self.phone.client.replica_mut(), &server, done).await? == LiveEnd::Enough {
                    return Ok(());
                }
            },
        }
    }
}

/// States a note and syncs, without a pause, through everything that happens to the server.
async fn work(mut worker: Worker, way: Way, street: Arc<Street>) -> Result<Worker, String> {
    let said = |error: Trouble| error.to_string();
    let mut number = 0_u64;
    while !street.over.load(Ordering::SeqCst) {
        number += 1;
        let fact = worker.phone.note(&format!("{} 第 {number} 条", worker.phone.login)).map_err(said)?;
        worker.stated.insert(fact);
        if let Err(error) = worker.sync(way, &street).await {
            worker.cuts += 1;
            worker.told += usize::from(is_told(&error));
            street.answers().await.map_err(|error| error.to_string())?;
        }
        // What has left the journal was acknowledged, also in a sync that was cut later on.
        let waiting: BTreeSet<FactId> = worker.phone.client.replica().journal().map(JournalEntry::id).collect();
        let before = worker.acknowledged.len();
        worker.acknowledged.extend(worker.stated.difference(&waiting));
        street.acknowledged.fetch_add(worker.acknowledged.len() - before, Ordering::SeqCst);
    }
    Ok(worker)
}

/// Whether the server said that it stops.
pub(crate) fn is_told(error: &SyncError) -> bool {
    matches!(error, SyncError::Stopped(stop) if stop.code == StopCode::ShuttingDown)
}

/// What all workers together came to.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) stated: usize,
    pub(crate) acknowledged: usize,
    pub(crate) cuts: usize,
    pub(crate) told: usize,
}

/// On the office, which must not be served now: every acknowledged fact is there before any phone may heal anything,
/// and when the phones have sent the rest, every fact is there once.
pub(crate) async fn check_nothing_lost_or_doubled(office: &mut Office, done: &mut [Worker]) -> Result<Totals, Trouble> {
    let mut codes = Vec::new();
    for worker in done.iter() {
        codes.push(office.enrolment_code(&worker.phone.login).await?);
    }
    let address = office.serve().await?;
    let mut totals = Totals::default();
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
        totals.stated += worker.stated.len();
        totals.acknowledged += worker.acknowledged.len();
        totals.cuts += worker.cuts;
        totals.told += worker.told;
    }
    Ok(totals)
}
