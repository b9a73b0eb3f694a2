//! A session on a WebSocket: for the foreground, where changes are seen as they happen.

use docket_sync_core::sync::device::{DeviceSession, Ending};
use docket_sync_core::sync::frames::Frame;
use docket_sync_core::sync::message::{Light, pack, unpack};

use super::{SyncError, take_part};
use crate::replica::DeviceReplica;
use crate::store::DeviceStore;
use crate::transport::{Live, Server};

/// Why a live session ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveEnd {
    /// The server closed the connection, or asked to begin again: connect again.
    Again,
    /// `until` was fulfilled.
    Enough,
}

/// Keeps one live session until the server ends it or `until` says so after a message.
///
/// # Errors
/// When the connection is cut or the server stops the session; what was done until then is durable.
pub async fn live<S: DeviceStore>(
    replica: &mut DeviceReplica<S>,
    server: &Server,
    mut until: impl FnMut(&DeviceReplica<S>) -> bool,
) -> Result<LiveEnd, SyncError> {
    replica.begin_session();
    loop {
        if let Some(end) = one(replica, server, &mut until).await? {
            return Ok(end);
        }
    }
}

/// One connection; `None` when another should follow at once, with what this one left.
async fn one<S: DeviceStore>(
    replica: &mut DeviceReplica<S>,
    server: &Server,
    until: &mut impl FnMut(&DeviceReplica<S>) -> bool,
) -> Result<Option<LiveEnd>, SyncError> {
    let mut connection = Live::connect(server).await?;
    let mut session = DeviceSession::live();
    let first = session.start(replica)?;
    connection.send(pack(&first, &mut Light)).await?;
    while let Some(message) = connection.receive().await? {
        let answer = session.receive(replica, unpack(&message)?)?;
        send(&mut connection, answer).await?;
        match session.ending() {
            Some(Ending::Again) => return Ok(Some(LiveEnd::Again)),
            Some(Ending::Stopped(_)) if session.wants_more(replica) => return Ok(None),
            Some(Ending::Stopped(stop)) => return Err(SyncError::Stopped(stop)),
            Some(Ending::Confused) => return Err(SyncError::OutOfOrder),
            None => {}
        }
        if until(replica) {
            connection.close().await;
            return Ok(Some(LiveEnd::Enough));
        }
    }
    Ok(Some(LiveEnd::Again))
}

/// Sends frames in as many messages as their size needs.
async fn send(connection: &mut Live, mut frames: Vec<Frame>) -> Result<(), SyncError> {
    while !frames.is_empty() {
        let part = take_part(&mut frames);
        connection.send(pack(&part, &mut Light)).await?;
    }
    Ok(())
}
