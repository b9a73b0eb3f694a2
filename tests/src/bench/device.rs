//! A technician's device of a benchmark: the real device library on SQLite, sealed, on disk, and one live
//! session that is driven by hand, so that every message can be counted.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use docket_client::client::Client;
use docket_client::enrolment::data_key;
use docket_client::platform::terminal::{SystemClock, SystemRandom};
use docket_client::platform::testing::MemoryKeyStore;
use docket_client::platform::{KeyStore, Platform, SecretName};
use docket_client::store::sealed::SealedStore;
use docket_client::store::sqlite::SqliteStore;
use docket_client::transport::{Live, Server};
use docket_sync_core::sync::device::{DeviceSession, Ending};
use docket_sync_core::sync::frames::{Frame, News};
use docket_sync_core::sync::message::{Light, frame_bytes, pack, unpack};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use super::RowError;

/// The device's store.
pub(super) type Store = SealedStore<SqliteStore, SystemRandom>;

/// How long a message may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// An enrolled device that never pulled, to be copied for each use.
#[derive(Debug)]
pub(super) struct Kit {
    folder: PathBuf,
    keys: MemoryKeyStore,
}

/// A device in use. Its folder goes with it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) client: Client<Store>,
    keys: MemoryKeyStore,
    folder: TempDir,
}

/// A device that was opened anew and showed its list.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) device: Device,
    pub(super) rows: usize,
    pub(super) wall: Duration,
    pub(super) processor_seconds: f64,
}

impl Device {
    /// Ends the program on this device and begins it again, until the list is there.
    pub(super) fn open_and_list(self) -> Result<Opened, RowError> {
        let Self { client, keys, folder } = self;
        drop(client);
        let (began, before) = (Instant::now(), super::cpu::of_this_thread()?);
        let platform = platform(keys.clone())?;
        let client = Client::open(open(folder.path(), &platform)?, platform)?;
        let rows = client.list()?.len();
        let (wall, processor_seconds) = (began.elapsed(), super::cpu::of_this_thread()? - before);
        Ok(Opened { device: Self { client, keys, folder }, rows, wall, processor_seconds })
    }
}

/// One message of a session.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) bytes: usize,
    pub(super) frames: String,
}

/// What one session said.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) sent: Vec<Said>,
    pub(super) received: Vec<Said>,
    /// From the first message of the server until it was durable here.
    pub(super) first_order: Option<Duration>,
}

impl Kit {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, keys: MemoryKeyStore::new() }
    }

    /// The platform that the device is enrolled with.
    pub(super) fn platform(&self) -> Result<Platform, RowError> {
        platform(self.keys.clone())
    }

    /// Its store, made when it is not there yet.
    pub(super) fn store(&self) -> Result<Store, RowError> {
        open(&self.folder, &self.platform()?)
    }

    /// Another device with the same identity, on a copy of the folder.
    pub(super) fn copy(&self) -> Result<Device, RowError> {
        let folder = tempfile::tempdir()?;
        for file in std::fs::read_dir(&self.folder)? {
            let file = file?;
            std::fs::copy(file.path(), folder.path().join(file.file_name()))?;
        }
        let keys = MemoryKeyStore::new();
        for name in [SecretName::SigningKey, SecretName::DataKey, SecretName::Incarnation] {
            if let Some(secret) = self.keys.get(name)? {
                keys.put(name, &secret)?;
            }
        }
        let store = open(folder.path(), &platform(keys.clone())?)?;
        Ok(Device { client: Client::open(store, platform(keys.clone())?)?, keys, folder })
    }
}

fn platform(keys: MemoryKeyStore) -> Result<Platform, RowError> {
    let clock = SystemClock::new(&SystemRandom)?;
    Ok(Platform { keys: Box::new(keys), clock: Box::new(clock), random: Box::new(SystemRandom) })
}

fn open(folder: &Path, platform: &Platform) -> Result<Store, RowError> {
    let key = data_key(platform)?;
    Ok(SealedStore::new(SqliteStore::open(folder)?, SystemRandom, &key))
}

impl Kit {
    /// The key that signs the device's envelopes.
    pub(super) fn signing_key(&self) -> Result<SigningKey, RowError> {
        let secret = self.keys.get(SecretName::SigningKey)?.ok_or("the device has no key")?;
        let seed: [u8; 32] = secret.as_slice().try_into()?;
        Ok(SigningKey::from_bytes(&seed))
    }
}

/// An open live session.
pub(super) struct Link {
    pub(super) connection: Live,
    session: DeviceSession,
    pub(super) talk: Talk,
    began: Option<Instant>,
}

impl Link {
    /// Connects and says Hello, with what waits.
    pub(super) async fn open(device: &mut Device, server: &Server) -> Result<Self, RowError> {
        let replica = device.client.replica_mut();
        replica.begin_session();
        let connection = Live::connect(server).await?;
        let mut link = Self { connection, session: DeviceSession::live(), talk: Talk::default(), began: None };
        let first = link.session.start(replica)?;
        link.send(&first).await?;
        Ok(link)
    }

    /// Takes one message, makes durable what it says, answers it.
    pub(super) async fn step(&mut self, device: &mut Device) -> Result<(), RowError> {
        let message = tokio::time::timeout(PATIENCE, self.connection.receive()).await??;
        let message = message.ok_or("the server closed the connection")?;
        let began = *self.began.get_or_insert_with(Instant::now);
        let frames = unpack(&message)?;
        self.talk.received.push(Said { bytes: message.len(), frames: described(&frames) });
        let answer = self.session.receive(device.client.replica_mut(), frames)?;
        if self.talk.first_order.is_none() {
            self.talk.first_order = Some(began.elapsed());
        }
        match self.session.ending() {
            None => self.send(&answer).await,
            Some(Ending::Stopped(stop)) => Err(format!("the server stopped the session: {stop:?}").into()),
            Some(ending) => Err(format!("the session ended: {ending:?}").into()),
        }
    }

    /// Until the store said that nothing more comes and every push is acknowledged.
    pub(super) async fn catch_up(&mut self, device: &mut Device) -> Result<(), RowError> {
        while !self.session.is_open()
            || !device.client.replica().is_caught_up()
            || self.session.awaiting_acks() > 0
            || device.client.status().pending.is_some()
        {
            self.step(device).await?;
        }
        Ok(())
    }

    /// Sends what was stated since.
    pub(super) async fn nudge(&mut self, device: &mut Device) -> Result<(), RowError> {
        let frames = self.session.nudge(device.client.replica_mut())?;
        self.send(&frames).await
    }

    /// Takes messages until every push is acknowledged.
    pub(super) async fn acknowledged(&mut self, device: &mut Device) -> Result<(), RowError> {
        while self.session.awaiting_acks() > 0 {
            self.step(device).await?;
        }
        Ok(())
    }

    async fn send(&mut self, frames: &[Frame]) -> Result<(), RowError> {
        if frames.is_empty() {
            return Ok(());
        }
        let message = pack(frames, &mut Light);
        self.talk.sent.push(Said { bytes: message.len(), frames: described(frames) });
        Ok(self.connection.send(message).await?)
    }
}

/// A complete sync over the WebSocket; the connection is dropped at its end.
pub(super) async fn sync(device: &mut Device, server: &Server) -> Result<Talk, RowError> {
    let mut link = Link::open(device, server).await?;
    link.catch_up(device).await?;
    if device.client.status().verified != Some(true) {
        return Err("the digests differ after a sync".into());
    }
    Ok(link.talk)
}

/// Names and sizes of the frames of one message.
fn described(frames: &[Frame]) -> String {
    let one = |frame: &Frame| {
        let bytes = frame_bytes(frame).len();
        match frame {
            Frame::Batch(batch) => {
                let whole = batch.documents.iter().filter(|news| matches!(news.news, News::Whole { .. })).count();
                let (documents, references) = (batch.documents.len(), batch.references.len());
                format!("Batch {bytes} B ({documents} documents, {whole} whole, {references} records)")
            }
            Frame::Push(push) => format!("Push {bytes} B ({} documents)", push.records.documents.len()),
            other => {
                let text = format!("{other:?}");
                format!("{} {bytes} B", text.split(['(', ' ']).next().unwrap_or_default())
            }
        }
    };
    frames.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Runs a device's part on a thread of its own; gives what it made and the processor seconds it took.
pub(super) async fn on_its_thread<T, W, F>(work: W) -> Result<(T, f64), RowError>
where
    T: Send + 'static,
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, RowError>>,
{
    let (send, receive) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("device".to_owned()).spawn(move || {
        let measured = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let before = super::cpu::of_this_thread()?;
            let made = runtime.block_on(work())?;
            Ok((made, super::cpu::of_this_thread()? - before))
        };
        let _nobody_waits = send.send(measured());
    })?;
    let result = receive.await.unwrap_or_else(|_| Err("the device's thread panicked".into()));
    let _ended = thread.join();
    result
}
