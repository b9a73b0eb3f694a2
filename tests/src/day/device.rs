//! A technician's device of the day: the real device library on its own sealed store, syncing over TLS through its
//! own network.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use docket_client::client::Client;
use docket_client::enrolment::{EnrolledAt, accept, data_key, request};
use docket_client::platform::testing::MemoryKeyStore;
use docket_client::platform::{Platform, PlatformError, Random as DeviceRandom};
use docket_client::store::sealed::SealedStore;
use docket_client::store::sqlite::SqliteStore;
use docket_client::sync::{LiveEnd, SyncError, live, post, send_attachments};
use docket_client::transport::{Http, Server, TransportError};
use docket_server::office::Office;
use docket_sync_core::ids::{Digest, PersonId};
use docket_sync_core::proof::enrolment::EnrolmentAnswer;

use super::Trouble;
use super::clock::{DayClock, DeviceClock};
use crate::proxy::{Faults, Proxy};

/// The device library as the day uses it.
pub type DayClient = Client<SealedStore<SqliteStore, SystemRandom>>;

/// How long one live session may take: it ends when both sides have the same.
const LIVE_WITHIN: Duration = Duration::from_secs(20);

/// Tries on a good line before the day gives up: the server may be busy for a moment.
const GOOD_TRIES_MAX: u32 = 5;

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl DeviceRandom for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PlatformError> {
        getrandom::fill(bytes).map_err(|error| PlatformError::new("drawing random bytes", error))
    }
}

/// One device.
pub struct Device {
    /// The device library.
    pub client: DayClient,
    /// Its network.
    pub proxy: Proxy,
    server: Server,
    /// What its syncs came to.
    pub counts: SyncCounts,
}

/// How a device's syncs went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SyncCounts {
    /// Syncs that got through.
    pub syncs: u64,
    /// Of those on a live connection.
    pub live: u64,
    /// Connections that broke.
    pub cuts: u64,
    /// Tries without a signal.
    pub without_signal: u64,
}

/// How a sync is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// One request after the other, as from the background.
    Post,
    /// On a WebSocket, as from the foreground.
    Live,
}

impl Device {
    /// Enrols a device for `person` with a one-time code, over its own network.
    ///
    /// # Errors
    /// When anything fails.
    pub async fn enrol(
        office: &Office,
        (address, fingerprint): (SocketAddr, Digest),
        person: PersonId,
        folder: &Path,
        clock: (DayClock, i64),
    ) -> Result<Self, Trouble> {
        let proxy = Proxy::start(address).await?;
        let server = Server::new(&format!("https://{}", proxy.address()), Some(fingerprint))?;
        let (code, _) = office.committer.run(move |writer| writer.new_enrolment_code(person, person)).await?;
        let platform = Platform {
            keys: Box::new(MemoryKeyStore::new()),
            clock: Box::new(DeviceClock::new(clock.0, clock.1)),
            random: Box::new(SystemRandom),
        };
        let key = data_key(&platform)?;
        let mut store = SealedStore::new(SqliteStore::open(folder)?, SystemRandom, &key);
        let question = serde_json::to_value(request(&store, &platform, &code.reveal())?)?;
        let answer = Http::new(server.clone()).post_enrolment(&question).await?;
        let answer: EnrolmentAnswer = serde_json::from_value(answer)?;
        let at = EnrolledAt { server: server.url(), fingerprint: server.pin() };
        accept(&mut store, &platform, &answer, at)?;
        let client = Client::open(store, platform)?;
        Ok(Self { client, proxy, server, counts: SyncCounts::default() })
    }

    /// Tries to sync where there is no signal.
    ///
    /// # Errors
    /// When it gets through all the same, or the device fails.
    pub async fn try_without_signal(&mut self) -> Result<(), Trouble> {
        self.proxy.set_faults(Faults::no_network());
        self.counts.without_signal = self.counts.without_signal.saturating_add(1);
        match self.once(Carrier::Post).await {
            Ok(()) => Err("a sync got through without a network".into()),
            Err(error) if is_broken_line(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Syncs, each try with its faults; the last of them must let it through.
    ///
    /// # Errors
    /// When the last try fails, or anything but the line does.
    pub async fn sync(&mut self, tries: &[Faults], carrier: Carrier) -> Result<(), Trouble> {
        for faults in tries {
            self.proxy.set_faults(faults.clone());
            match self.once(carrier).await {
                Ok(()) => {
                    self.went_through(carrier);
                    return Ok(());
                }
                Err(error) if is_broken_line(&error) => self.counts.cuts = self.counts.cuts.saturating_add(1),
                Err(error) => return Err(error.into()),
            }
        }
        self.proxy.set_faults(Faults::default());
        let mut last = None;
        for _ in 0..GOOD_TRIES_MAX {
            match self.once(Carrier::Post).await {
                Ok(()) => {
                    self.went_through(Carrier::Post);
                    return Ok(());
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| "no try was made".into(), Into::into))
    }

    /// Sends the files that the server has not yet; a line that breaks leaves them for the next time.
    ///
    /// # Errors
    /// When anything but the line fails.
    pub async fn send_files(&mut self) -> Result<(), Trouble> {
        match send_attachments(self.client.replica_mut(), &mut Http::new(self.server.clone())).await {
            Ok(_) => Ok(()),
            Err(error) if is_broken_line(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn went_through(&mut self, carrier: Carrier) {
        self.counts.syncs = self.counts.syncs.saturating_add(1);
        if carrier == Carrier::Live {
            self.counts.live = self.counts.live.saturating_add(1);
        }
    }

    async fn once(&mut self, carrier: Carrier) -> Result<(), SyncError> {
        let replica = self.client.replica_mut();
        match carrier {
            Carrier::Post => post(replica, &mut Http::new(self.server.clone())).await.map(drop),
            Carrier::Live => {
                let session = live(replica, &self.server, |replica| {
                    replica.is_caught_up() && !replica.journal().any(docket_client::replica::JournalEntry::waits)
                });
                let ended = tokio::time::timeout(LIVE_WITHIN, session).await;
                match ended {
                    Ok(Ok(LiveEnd::Enough)) => Ok(()),
                    Ok(Err(error)) => Err(error),
                    // The server asked to begin again, or went on for too long: the other way will do.
                    Ok(Ok(LiveEnd::Again)) | Err(_) => {
                        post(self.client.replica_mut(), &mut Http::new(self.server.clone())).await.map(drop)
                    }
                }
            }
        }
    }
}

/// Whether the line was to blame.
fn is_broken_line(error: &SyncError) -> bool {
    matches!(error, SyncError::Transport(TransportError::Unreachable { .. } | TransportError::Malformed(_)))
}
