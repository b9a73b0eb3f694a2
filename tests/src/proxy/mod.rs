//! A TCP proxy on the loopback: counts bytes both ways and cuts, delays, throttles or refuses by a fault plan.
//!
//! It never reorders inside one connection: the protocol above assumes TCP's order. Bytes are counted as they
//! are passed on; the *opening* of a connection (up to the first empty line in each direction, the HTTP
//! request and its answer) is counted apart, so that figures start after the upgrade.

mod counts;
mod faults;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use counts::{Counts, Direction};
pub use faults::{Cut, Faults};

use counts::Counters;

/// Bytes read at once: one small frame or a part of a batch.
const CHUNK: usize = 16 * 1024;

/// Borders kept; more belong to no session that a test records.
const BORDERS_MAX: usize = 10_000;

/// A running proxy; it ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    faults: watch::Sender<Faults>,
    counters: Counters,
    /// Where pieces ended, of all connections.
    borders: Mutex<Vec<Border>>,
    /// Grows by one to cut every connection that is open.
    generation: watch::Sender<u64>,
}

/// Where a piece ended that was passed on: bytes of its connection in its direction, itself included. What one side
/// says at once is one piece when it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Border {
    /// The direction.
    pub direction: Direction,
    /// Bytes up to here.
    pub at: u64,
}

impl Shared {
    fn faults(&self) -> Faults {
        self.faults.borrow().clone()
    }

    /// The faults in force, once they do not hold this direction any more.
    async fn faults_passing(&self, direction: Direction) -> Faults {
        let mut faults = self.faults.subscribe();
        match faults.wait_for(|faults| faults.hold != Some(direction)).await {
            Ok(faults) => faults.clone(),
            Err(_) => Faults::default(),
        }
    }

    fn keep_border(&self, border: Border) {
        let mut borders = self.borders.lock().unwrap_or_else(PoisonError::into_inner);
        if borders.len() < BORDERS_MAX {
            borders.push(border);
        }
    }

    fn target(&self) -> SocketAddr {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Listens on a free port of the loopback and passes connections on to `target`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            faults: watch::Sender::default(),
            counters: Counters::default(),
            borders: Mutex::default(),
            generation: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where to connect instead of the target.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Later connections go to `target`: a server that was started again on another port.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Faults of the connections made from now on, and of the bytes passed on from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.faults.send_replace(faults);
    }

    /// Cuts every open connection now, without a goodbye.
    pub fn cut_all(&self) {
        self.shared.generation.send_modify(|generation| *generation = generation.wrapping_add(1));
    }

    /// What has been passed on since the start or the last [`Self::reset_counts`].
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counters.read()
    }

    /// Where pieces ended since the start or the last [`Self::reset_counts`], in the order of their passing.
    #[must_use]
    pub fn borders(&self) -> Vec<Border> {
        self.shared.borders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts counting at zero.
    pub fn reset_counts(&self) {
        self.shared.borders.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.counters.reset();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((device, _)) = listener.accept().await {
        let faults = shared.faults();
        if faults.refuse {
            // Dropping it with unread bytes resets the connection, as a dead network's gateway does.
            continue;
        }
        tokio::spawn(carry(device, Arc::clone(&shared)));
    }
}

/// One connection, until an end closes it or a fault cuts it.
async fn carry(device: TcpStream, shared: Arc<Shared>) {
    let mut generation = shared.generation.subscribe();
    let born = *generation.borrow_and_update();
    let Ok(server) = TcpStream::connect(shared.target()).await else { return };
    if device.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    shared.counters.connection();
    let (from_device, to_device) = device.into_split();
    let (from_server, to_server) = server.into_split();
    let up = pass_on(Direction::Up, from_device, to_server, &shared);
    let down = pass_on(Direction::Down, from_server, to_device, &shared);
    let both = async {
        // Half-closed connections live on: an end that stopped writing may still read.
        tokio::try_join!(up, down)
    };
    tokio::select! {
        _ended = both => {}
        _cut = generation.wait_for(|now| *now != born) => {}
    }
}

/// Passes bytes on until the stream ends; an error ends the connection in both directions.
async fn pass_on(
    direction: Direction,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut opening = counts::Opening::default();
    let mut passed: u64 = 0;
    let started = Instant::now();
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let chunk = buffer.get(..read).unwrap_or_default();
        let faults = shared.faults_passing(direction).await;
        if faults.swallow == Some(direction) {
            continue;
        }
        let allowed = faults.allowed(direction, passed, started.elapsed());
        let part = chunk.get(..read.min(usize::try_from(allowed).unwrap_or(usize::MAX))).unwrap_or_default();
        if let Some(pause) = faults.pause_for(part.len()) {
            tokio::time::sleep(pause).await;
        }
        to.write_all(part).await?;
        let length = u64::try_from(part.len()).unwrap_or(0);
        passed = passed.saturating_add(length);
        shared.keep_border(Border { direction, at: passed });
        let opened = opening.take(part);
        shared.counters.passed(direction, opened, length.saturating_sub(opened));
        if part.len() < read {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

#[cfg(test)]
mod tests;
