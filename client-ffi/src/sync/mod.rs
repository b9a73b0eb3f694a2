//! Drives sessions: which message goes out next, what its answer means, when a sync is done.
//!
//! [`Exchange`] is a sync over single requests, without I/O: [`post`] carries its messages over HTTP. [`live`]
//! keeps one session on a WebSocket. Whatever is cut begins again; every message may arrive twice.

#[cfg(feature = "network")]
mod attachments;
#[cfg(feature = "network")]
mod live;
#[cfg(feature = "network")]
mod post;

#[cfg(feature = "network")]
pub use attachments::{AttachmentReport, fetch_attachment, send_attachments};
#[cfg(feature = "network")]
pub use live::{LiveEnd, live};
#[cfg(feature = "network")]
pub use post::post;

use docket_sync_core::ids::Epoch;
use docket_sync_core::limits::MESSAGE_BYTES_MAX;
use docket_sync_core::sync::device::{DeviceSession, Ending};
use docket_sync_core::sync::frames::{Frame, Stop};
use docket_sync_core::sync::message::{Light, frame_bytes, pack, unpack};

use crate::replica::{DeviceReplica, ReplicaError};
use crate::store::DeviceStore;

/// Requests of one sync: a first pull of everything takes some hundreds.
const ROUNDS_MAX: u32 = 5_000;

/// Times that a server may ask to begin again in one sync: a new nonce, then perhaps a new incarnation.
const AGAIN_MAX: u32 = 5;

/// Bytes and number of frames carried in one message; the rest follows in the next.
const CARRIED_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 2;
const CARRIED_FRAMES_MAX: usize = 48;

/// Why a sync ended early.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The device's own store or platform failed.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// The message did not get through.
    #[cfg(feature = "network")]
    #[error(transparent)]
    Transport(#[from] crate::transport::TransportError),
    /// The server's message is not of the protocol.
    #[error("the server's message cannot be understood: {0}")]
    Malformed(#[from] docket_sync_core::DecodeError),
    /// The server spoke out of order.
    #[error("the server's answer does not fit the question")]
    OutOfOrder,
    /// The server ended the session.
    #[error("the server stopped the sync ({})", .0.code)]
    Stopped(Stop),
    /// It went on without coming to an end.
    #[error("the sync did not come to an end")]
    Endless,
}

/// What a sync did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Requests it took.
    pub rounds: u32,
    /// Facts that the server took.
    pub sent: usize,
    /// Facts that still wait.
    pub unsent: usize,
    /// Whether everything in scope is as the server has it; absent when they were not compared.
    pub verified: Option<bool>,
}

/// A sync over single requests.
#[derive(Debug, Default)]
pub struct Exchange {
    session: Option<DeviceSession>,
    carried: Vec<Frame>,
    rounds: u32,
    again: u32,
    unsent_before: usize,
    before: Option<Progress>,
    done: bool,
}

/// What must change from one request to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    cursor: Option<u64>,
    unsent: usize,
    healed: Epoch,
}

impl Exchange {
    /// A sync that begins now.
    pub fn begin<S: DeviceStore>(replica: &mut DeviceReplica<S>) -> Self {
        replica.begin_session();
        Self { unsent_before: unsent(replica), ..Self::default() }
    }

    /// The next message to send; `None` when the sync is done.
    ///
    /// # Errors
    /// When the device's store fails.
    pub fn next_message<S: DeviceStore>(
        &mut self,
        replica: &mut DeviceReplica<S>,
    ) -> Result<Option<Vec<u8>>, SyncError> {
        if self.done {
            return Ok(None);
        }
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > ROUNDS_MAX || self.again > AGAIN_MAX {
            return Err(SyncError::Endless);
        }
        let mut session = DeviceSession::single_carrying(take_part(&mut self.carried));
        let frames = session.start(replica)?;
        self.session = Some(session);
        Ok(Some(pack(&frames, &mut Light)))
    }

    /// Takes the answer to the last message.
    ///
    /// # Errors
    /// When the device's store fails, the answer is not of the protocol, or the server stopped the sync.
    pub fn answered<S: DeviceStore>(
        &mut self,
        replica: &mut DeviceReplica<S>,
        message: &[u8],
    ) -> Result<(), SyncError> {
        let Some(mut session) = self.session.take() else { return Err(SyncError::OutOfOrder) };
        // The compression stream is as long as the session: one answer.
        let frames = unpack(message)?;
        self.carried.extend(session.receive(replica, frames)?);
        match session.ending() {
            Some(Ending::Again) => {
                self.again = self.again.saturating_add(1);
                self.carried.clear();
                replica.begin_session();
                return Ok(());
            }
            Some(Ending::Stopped(_)) if session.wants_more(replica) => {
                self.carried.clear();
                return Ok(());
            }
            Some(Ending::Stopped(stop)) => return Err(SyncError::Stopped(stop)),
            Some(Ending::Confused) => return Err(SyncError::OutOfOrder),
            None if !session.is_open() => return Err(SyncError::OutOfOrder),
            None => {}
        }
        let state = replica.state();
        let cursor = state.cursor.map(|cursor| cursor.number);
        let now = Progress { cursor, unsent: unsent(replica), healed: state.healed_epoch };
        let moved = self.before.replace(now) != Some(now);
        let wants_more = session.wants_more(replica) || !replica.is_caught_up();
        self.done = self.carried.is_empty() && !(wants_more && moved);
        Ok(())
    }

    /// Whether nothing more is to be sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// What the sync did, once it is done.
    #[must_use]
    pub fn report<S: DeviceStore>(&self, replica: &DeviceReplica<S>) -> SyncReport {
        let unsent = unsent(replica);
        let verified = replica.state().verified.filter(|_| replica.is_caught_up());
        SyncReport { rounds: self.rounds, sent: self.unsent_before.saturating_sub(unsent), unsent, verified }
    }
}

fn unsent<S: DeviceStore>(replica: &DeviceReplica<S>) -> usize {
    replica.journal().filter(|entry| entry.waits()).count()
}

/// Takes what fits into one message from the front.
fn take_part(carried: &mut Vec<Frame>) -> Vec<Frame> {
    let mut bytes = 0_usize;
    let fits = carried
        .iter()
        .take(CARRIED_FRAMES_MAX)
        .take_while(|frame| {
            bytes = bytes.saturating_add(frame_bytes(frame).len());
            bytes <= CARRIED_BYTES_MAX
        })
        .count();
    carried.drain(..fits.max(1).min(carried.len())).collect()
}
