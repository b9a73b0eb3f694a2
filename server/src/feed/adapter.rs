//! Bytes in and out: the WebSocket for the foreground, one POST for a background wake-up. Same frames.
//!
//! Nothing is queued for a device: the next batch is cut from the feed when the one before has left, so that a device
//! that does not read holds one message in memory, and that for a bounded time ([`Patience`]). News made meanwhile
//! wait in the store.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use docket_sync_core::limits::{BATCH_BYTES, MESSAGE_BYTES_MAX};
use docket_sync_core::sync::frames::{Frame, Stop, StopCode};
use docket_sync_core::sync::message::{Compress, Plain, frame_bytes, pack, unpack};
use tokio::sync::{Notify, watch};

use super::compress::Zstd;
use super::enrol::enrol_device;
use super::session::{Answer, ServerSession};
use crate::commit::CommitError;
use crate::error::ApiError;
use crate::listen::leaving::Leaving;
use crate::office::Office;

/// Batches in the answer of one POST: together below a message's limit, with room for a large order in each.
const BATCHES_PER_POST: usize = MESSAGE_BYTES_MAX / BATCH_BYTES - 1;
/// Bytes of the frames of one message: its header needs the rest.
const BODY_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 16;
/// Read at once from a socket, and kept for each: most messages of devices are smaller.
const READ_BUFFER: usize = 4 * 1024;
/// Bytes on their way to one device: a message, and what is said of it when it does not leave.
const WRITE_BUFFER_MAX: usize = 2 * MESSAGE_BYTES_MAX;
/// Pings in a row that a device may leave unanswered.
const UNANSWERED_MAX: u32 = 2;
/// Bytes a second that a device takes at least, over the whole of a message: a quarter of what a weak signal
/// carries. It bounds for how long one that takes a byte now and then holds a message.
const SLOWEST: u64 = 1_024;
/// Milliseconds after which a device that did not read tries again.
const SLOW_RETRY_MS: u64 = 5_000;

/// How long a device on a live socket may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until it has said Hello.
    pub hello: Duration,
    /// Until something of a message has left. As long as something does, a message may take as long as it needs at
    /// [`SLOWEST`].
    pub send: Duration,
    /// Until it has taken the last words, when it was too slow or the server stops.
    pub last: Duration,
    /// Between two pings. One that leaves two of them unanswered does not read.
    pub ping: Duration,
}

impl Patience {
    /// With devices out there.
    pub const USUAL: Self = Self {
        hello: Duration::from_secs(10),
        send: Duration::from_secs(30),
        last: Duration::from_secs(5),
        ping: Duration::from_secs(45),
    };
}

/// The routes of devices.
pub fn router_with(patience: Patience) -> Router<Arc<Office>> {
    let live = move |office, leaving, upgrade| live(office, leaving, upgrade, patience);
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
    let Answer { mut frames, ends, last_words } = session.receive(frames).await?;
    if !ends {
        let mut bytes = frames.iter().fold(0, |sum, frame| frame_bytes(frame).len().saturating_add(sum));
        for _ in 0..BATCHES_PER_POST {
            let Some(batch) = session.next_batch()? else { break };
            let batch = Frame::Batch(batch);
            bytes = bytes.saturating_add(frame_bytes(&batch).len());
            if bytes > BODY_BYTES_MAX {
                // The device asks again from where it stands.
                break;
            }
            frames.push(batch);
        }
        frames.extend(last_words.map(Frame::Stop));
    }
    Ok(pack(&frames, &mut Zstd))
}

/// Frames that are ready together, as messages that a device can read: one, but beside the largest orders.
fn in_messages(frames: &[Frame]) -> Vec<&[Frame]> {
    let (mut messages, mut bytes, mut rest, mut length) = (Vec::new(), 0_usize, frames, 0_usize);
    for frame in frames.iter().filter(|_| frames.len() > 1) {
        let size = frame_bytes(frame).len();
        if bytes.saturating_add(size) > BODY_BYTES_MAX && length > 0 {
            let (message, behind) = rest.split_at(length);
            messages.push(message);
            (bytes, rest, length) = (0, behind, 0);
        }
        bytes = bytes.saturating_add(size);
        length = length.saturating_add(1);
    }
    messages.push(rest);
    messages
}

fn bad_frame() -> Frame {
    Frame::Stop(Stop { code: StopCode::BadFrame, retry_after_ms: None })
}

/// `GET /device/live`: the same frames for as long as the socket lives.
async fn live(
    State(office): State<Arc<Office>>,
    leaving: Option<Extension<Leaving>>,
    upgrade: WebSocketUpgrade,
    patience: Patience,
) -> Response {
    let leaving = leaving.map(|Extension(leaving)| leaving).unwrap_or_default();
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .on_upgrade(move |socket| async move {
            let mut connection = Connection {
                session: ServerSession::new(office.clone()),
                stop: office.stop_signal(),
                office,
                socket,
                notify: None,
                leaving,
                patience,
                unanswered: 0,
            };
            match connection.run().await {
                Ok(()) => connection.see_off().await,
                Err(error) => tracing::debug!(%error, "a device's socket ended"),
            }
        })
}

/// Why a socket ended.
#[derive(Debug, thiserror::Error)]
enum SocketEnd {
    #[error("the device said no Hello in time")]
    Silent,
    #[error("the device did not read what it was sent")]
    TooSlow,
    #[error("the server stops and the device does not read")]
    Stopping,
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
    /// What has left on its connection.
    leaving: Leaving,
    patience: Patience,
    /// Pings since the device was heard.
    unanswered: u32,
    /// Held for as long as the socket lives: the server waits for it when it stops.
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn run(&mut self) -> Result<(), SocketEnd> {
        let first = tokio::time::timeout(self.patience.hello, self.socket.recv()).await.or(Err(SocketEnd::Silent))?;
        let mut next = first;
        let mut ping = tokio::time::interval(self.patience.ping);
        ping.reset();
        loop {
            if let Some(message) = next.take() {
                self.unanswered = 0;
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
            tokio::select! {
                // A device that always has something to say is told all the same.
                biased;
                () = stopped(&mut self.stop) => {
                    let stop = Stop { code: StopCode::ShuttingDown, retry_after_ms: Some(2_000) };
                    self.send(&[Frame::Stop(stop)]).await?;
                    return Ok(());
                }
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
                _ = ping.tick() => {
                    if self.unanswered >= UNANSWERED_MAX {
                        return self.give_up().await;
                    }
                    self.unanswered = self.unanswered.saturating_add(1);
                    self.send_raw(Message::Ping(Bytes::new())).await?;
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
        let Answer { frames, ends, last_words } = self.session.receive(frames).await?;
        if ends {
            self.send(&frames).await?;
            return Ok(false);
        }
        self.send_batches(frames).await?;
        if let Some(stop) = last_words {
            self.send(&[Frame::Stop(stop)]).await?;
            return Ok(false);
        }
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
        for message in in_messages(frames) {
            let has_news = message.iter().any(|frame| matches!(frame, Frame::Batch(_)));
            let compress: &mut dyn Compress = if has_news { &mut Zstd } else { &mut Plain };
            self.send_raw(Message::Binary(pack(message, compress).into())).await?;
        }
        Ok(())
    }

    /// Sends one message, and waits until it has left.
    async fn send_raw(&mut self, message: Message) -> Result<(), SocketEnd> {
        let last = self.patience.last;
        let length = match &message {
            Message::Binary(bytes) => bytes.len(),
            _ => 0,
        };
        let is_stuck = self.is_stuck(length);
        let mut stop = self.stop.clone();
        let is_over = async {
            stopped(&mut stop).await;
            tokio::time::sleep(last).await;
        };
        tokio::select! {
            sent = self.socket.send(message) => return Ok(sent?),
            () = is_over => return Err(SocketEnd::Stopping),
            () = is_stuck => {}
        }
        self.give_up().await
    }

    /// Ready when nothing has left for too long, or too little over all the time that `length` bytes may take.
    fn is_stuck(&self, length: usize) -> impl Future<Output = ()> + use<> {
        let (leaving, send) = (self.leaving.clone(), self.patience.send);
        let slowest = Duration::from_secs(u64::try_from(length).unwrap_or(u64::MAX) / SLOWEST);
        async move {
            let moves = async {
                let mut before = leaving.bytes();
                loop {
                    tokio::time::sleep(send).await;
                    let now = leaving.bytes();
                    if now == before {
                        return;
                    }
                    before = now;
                }
            };
            let _ended_or_too_slow = tokio::time::timeout(slowest.saturating_add(send), moves).await;
        }
    }

    /// The device does not read. It is told, behind what it has not taken yet, for as long as it is worth it.
    async fn give_up(&mut self) -> Result<(), SocketEnd> {
        let device = self.session.device().map(|device| device.to_string()).unwrap_or_default();
        tracing::info!(device.id = %device, "a device does not read what it is sent: it is told and cut");
        let stop = Frame::Stop(Stop { code: StopCode::SlowReader, retry_after_ms: Some(SLOW_RETRY_MS) });
        let words = Message::Binary(pack(&[stop], &mut Plain).into());
        match tokio::time::timeout(self.patience.last, self.socket.send(words)).await {
            Ok(Ok(())) => self.see_off().await,
            Ok(Err(_)) | Err(_) => {}
        }
        Err(SocketEnd::TooSlow)
    }

    /// Closes the socket so that the last words arrive: a connection that is closed over bytes that nobody has read
    /// is reset, and the device would lose them.
    async fn see_off(&mut self) {
        let closing = async {
            if self.socket.send(Message::Close(None)).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        let _in_time = tokio::time::timeout(self.patience.last, closing).await;
    }
}

/// Ready when the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _sender_gone = stop.wait_for(|stopped| *stopped).await;
}

async fn news(notify: Option<&Notify>) {
    match notify {
        Some(notify) => notify.notified().await,
        None => std::future::pending().await,
    }
}
