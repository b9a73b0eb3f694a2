//! Bytes in and out: the WebSocket for the foreground, one POST for a background wake-up. Same frames.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use docket_sync_core::limits::{BATCH_BYTES, MESSAGE_BYTES_MAX};
use docket_sync_core::sync::frames::{Frame, Stop, StopCode};
use docket_sync_core::sync::message::{Compress, Plain, pack, unpack};
use tokio::sync::Notify;

use super::compress::Zstd;
use super::enrol::enrol_device;
use super::session::{Answer, ServerSession};
use crate::commit::CommitError;
use crate::error::ApiError;
use crate::office::Office;

/// Batches in the answer of one POST: together below a message's limit, with room for a large order in each.
const BATCHES_PER_POST: usize = MESSAGE_BYTES_MAX / BATCH_BYTES - 1;
/// A device must say Hello within this time.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long one message may take to leave; a slower device is cut off and comes again.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// Read at once from a socket, and kept for each: most messages of devices are smaller.
const READ_BUFFER: usize = 4 * 1024;
/// Interval of pings on an idle socket.
const PING_EVERY: Duration = Duration::from_secs(45);

/// The routes of devices.
pub fn router() -> Router<Arc<Office>> {
    Router::new()
        .route("/device/enrol", post(enrol_device))
        .route("/device/sync", post(sync_once))
        .route("/device/live", get(live))
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES_MAX))
}

/// `POST /device/sync`: one message in, one message out.
async fn sync_once(State(office): State<Arc<Office>>, body: Bytes) -> Result<Response, ApiError> {
    let answer = answer_message(office, &body).await;
    let bytes = answer.map_err(|error| ApiError::internal("a device's session", &error))?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// A session of one message and one answer.
///
/// # Errors
/// When the store fails; what can be said to the device is an answer.
pub async fn answer_message(office: Arc<Office>, message: &[u8]) -> Result<Vec<u8>, CommitError> {
    let frames = match unpack(message) {
        Ok(frames) => frames,
        Err(error) => {
            tracing::info!(%error, "a message could not be read");
            return Ok(pack(&[bad_frame()], &mut Plain));
        }
    };
    let mut session = ServerSession::of_one_answer(office);
    let Answer { mut frames, ends } = session.receive(frames).await?;
    if !ends {
        for _ in 0..BATCHES_PER_POST {
            let Some(batch) = session.next_batch()? else { break };
            frames.push(Frame::Batch(batch));
        }
    }
    Ok(pack(&frames, &mut Zstd))
}

fn bad_frame() -> Frame {
    Frame::Stop(Stop { code: StopCode::BadFrame, retry_after_ms: None })
}

/// `GET /device/live`: the same frames for as long as the socket lives.
async fn live(State(office): State<Arc<Office>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            let mut connection =
                Connection { session: ServerSession::new(office.clone()), office, socket, notify: None };
            if let Err(error) = connection.run().await {
                tracing::debug!(%error, "a device's socket ended");
            }
        })
}

/// Why a socket ended.
#[derive(Debug, thiserror::Error)]
enum SocketEnd {
    #[error("the device was silent or too slow")]
    TimedOut,
    #[error("the device is gone: {0}")]
    Gone(#[from] axum::Error),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

struct Connection {
    office: Arc<Office>,
    session: ServerSession,
    socket: WebSocket,
    notify: Option<Arc<Notify>>,
}

impl Connection {
    async fn run(&mut self) -> Result<(), SocketEnd> {
        let first = tokio::time::timeout(HELLO_WITHIN, self.socket.recv()).await.or(Err(SocketEnd::TimedOut))?;
        let mut next = first;
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.reset();
        loop {
            if let Some(message) = next.take() {
                if !self.message(message?).await? {
                    return Ok(());
                }
                if self.notify.is_none() {
                    self.notify = self.session.scopes().map(|scopes| self.office.hub.listen(&scopes));
                    // What came between the pull and the listening.
                    self.send_batches(Vec::new()).await?;
                }
            }
            let notify = self.notify.clone();
            let stopping = self.office.stopping();
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(message) => next = Some(message),
                    None => return Ok(()),
                },
                () = news(notify.as_deref()) => {
                    if let Some(code) = self.session.must_stop()? {
                        let stop = Stop { code, retry_after_ms: None };
                        self.send(&[Frame::Stop(stop)]).await?;
                        return Ok(());
                    }
                    self.send_batches(Vec::new()).await?;
                }
                _ = ping.tick() => self.send_raw(Message::Ping(Bytes::new())).await?,
                () = stopping => {
                    let stop = Stop { code: StopCode::ShuttingDown, retry_after_ms: Some(2_000) };
                    self.send(&[Frame::Stop(stop)]).await?;
                    return Ok(());
                }
            }
        }
    }

    /// Handles one message; `false` ends the socket.
    async fn message(&mut self, message: Message) -> Result<bool, SocketEnd> {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Ping(_) => return Ok(true),
            Message::Pong(_) => {
                self.session.heard();
                return Ok(true);
            }
            Message::Close(_) => return Ok(false),
            Message::Text(_) => {
                self.send(&[bad_frame()]).await?;
                return Ok(false);
            }
        };
        let frames = match unpack(&bytes) {
            Ok(frames) => frames,
            Err(error) => {
                tracing::info!(%error, "a message could not be read");
                self.send(&[bad_frame()]).await?;
                return Ok(false);
            }
        };
        let Answer { frames, ends } = self.session.receive(frames).await?;
        if ends {
            self.send(&frames).await?;
            return Ok(false);
        }
        self.send_batches(frames).await?;
        Ok(true)
    }

    /// Sends `ready` together with the first batch, then the others one by one.
    async fn send_batches(&mut self, mut ready: Vec<Frame>) -> Result<(), SocketEnd> {
        loop {
            let batch = self.session.next_batch()?;
            let last = batch.as_ref().is_none_or(|batch| batch.digest.is_some());
            ready.extend(batch.map(Frame::Batch));
            if ready.is_empty() {
                return Ok(());
            }
            self.send(&ready).await?;
            ready.clear();
            if last {
                return Ok(());
            }
        }
    }

    async fn send(&mut self, frames: &[Frame]) -> Result<(), SocketEnd> {
        let has_news = frames.iter().any(|frame| matches!(frame, Frame::Batch(_)));
        let compress: &mut dyn Compress = if has_news { &mut Zstd } else { &mut Plain };
        self.send_raw(Message::Binary(pack(frames, compress).into())).await
    }

    async fn send_raw(&mut self, message: Message) -> Result<(), SocketEnd> {
        tokio::time::timeout(SEND_WITHIN, self.socket.send(message)).await.or(Err(SocketEnd::TimedOut))??;
        Ok(())
    }
}

async fn news(notify: Option<&Notify>) {
    match notify {
        Some(notify) => notify.notified().await,
        None => std::future::pending().await,
    }
}
