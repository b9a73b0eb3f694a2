//! The event stream of the office page (server-sent events), resumable without a gap.
//!
//! An event's id is the log number, a point, and the store's epoch. A viewer first subscribes, then is sent what
//! the log added after the id he names, then what comes. An id of another epoch, beyond the durable number or too
//! far back is answered `reset`: the page loads its lists again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use docket_sync_core::ids::Digest;
use docket_sync_core::time::UnixMillis;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::board::{Board, Outgoing, Round, project, technician_events};
use super::guard::{Permit, Reads, find_session};
use super::reading::{Reading, blocking};
use super::request::Params;
use super::technicians::technician_items;
use crate::commit::Tables;
use crate::error::{ApiError, ErrorBody};
use crate::log::LogRecord;
use crate::office::Office;

/// A comment is sent when nothing else was for this long; the session is looked at again as often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events waiting for one viewer; beyond it his task waits, and then reads the log.
const BUFFER: usize = 64;
/// Log records that are replayed; a viewer who missed more loads his lists again.
const REPLAY_MAX: u64 = 50_000;

/// Where to resume.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Id of the last event; the header Last-Event-ID goes first.
    after: Option<String>,
}

/// Changes of orders, callbacks and technicians as they become durable.
#[utoipa::path(
    get, path = "/api/events", tag = "events",
    params(EventQuery, ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event")),
    responses(
        (status = 200, description = "Events: ready, order, callback, dispatch, attachment, technician, reset",
         content_type = "text/event-stream", body = String),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 503, description = "busy", body = ErrorBody),
    )
)]
pub(crate) async fn get_events(
    State(office): State<Arc<Office>>,
    State(board): State<Arc<Board>>,
    permit: Permit<Reads>,
    headers: HeaderMap,
    Params(query): Params<EventQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let busy = || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many viewers: try again later");
    let place = board.admit().ok_or_else(busy)?;
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = header.or(query.after).filter(|id| !id.is_empty());
    let (events, receiver) = mpsc::channel(BUFFER);
    let viewer = Viewer { rounds: board.watch(), office, events, session: permit.signed.session, at: 0, _place: place };
    tokio::spawn(viewer.run(asked));
    let stream = ReceiverStream::new(receiver);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")))
}

/// The stream is over: its viewer went, his session ended, or reading failed.
struct Over;

/// A failure of reading was logged where it happened.
fn over<E>(_: E) -> Over {
    Over
}

/// One open page.
struct Viewer {
    office: Arc<Office>,
    rounds: broadcast::Receiver<Arc<Round>>,
    events: mpsc::Sender<Result<Event, Infallible>>,
    session: Digest,
    /// Everything up to this number was sent.
    at: u64,
    _place: OwnedSemaphorePermit,
}

impl Viewer {
    async fn run(mut self, asked: Option<String>) {
        let stopping = self.office.stopping();
        let gone = self.events.clone();
        tokio::select! {
            () = stopping => {}
            () = gone.closed() => {}
            _over = self.feed(asked) => {}
        }
    }

    async fn feed(&mut self, asked: Option<String>) -> Result<(), Over> {
        self.start(asked).await?;
        self.catch_up().await?;
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                round = self.rounds.recv() => match round {
                    Ok(round) if round.from <= self.at => self.send_round(&round).await?,
                    Ok(_) | Err(RecvError::Lagged(_)) => self.catch_up().await?,
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = heartbeat.tick() => self.check_session().await?,
            }
        }
    }

    /// Finds the place to begin, and says where it is.
    async fn start(&mut self, asked: Option<String>) -> Result<(), Over> {
        let now = blocking(&self.office, |office| Ok(office.hub.durable().number)).await.map_err(over)?;
        let asked = asked.map(|id| self.known_number(&id).filter(|number| *number <= now));
        match asked {
            Some(Some(number)) if now.saturating_sub(number) <= REPLAY_MAX => {
                self.at = number;
                self.send_contacts_since(number).await
            }
            Some(_) => {
                self.at = now;
                self.send(&self.marker("reset")).await
            }
            None => {
                self.at = now;
                self.send(&self.marker("ready")).await
            }
        }
    }

    /// The number of an event id of this epoch. A bare number is one of this epoch.
    fn known_number(&self, id: &str) -> Option<u64> {
        let (number, epoch) = id.split_once('.').map_or((id, None), |(number, epoch)| (number, Some(epoch)));
        let same = epoch.is_none_or(|epoch| epoch == self.office.identity.epoch.to_string());
        if same { number.parse().ok() } else { None }
    }

    fn marker(&self, name: &'static str) -> Outgoing {
        Outgoing { number: Some(self.at), name, data: format!("{{\"number\":{}}}", self.at).into() }
    }

    /// Sends what the log has after the viewer's place.
    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let at = self.at;
            let round = blocking(&self.office, move |office| project(office, at, [].into())).await;
            let round = round.map_err(over)?;
            self.send_round(&round).await?;
            if round.to == at {
                return Ok(());
            }
        }
    }

    /// Contacts of devices are not in the log: those since `number` are sent again.
    async fn send_contacts_since(&mut self, number: u64) -> Result<(), Over> {
        let events = blocking(&self.office, move |office| {
            let reading = Reading::begin(office);
            let since = reading.store().log_entry(number)?.and_then(|entry| time_of(&entry.record));
            let mut items = technician_items(&reading, |_| true)?;
            items.retain(|item| item.had_contact_since(since.unwrap_or_default()));
            technician_events(&items)
        });
        for event in events.await.map_err(over)? {
            self.send(&event).await?;
        }
        Ok(())
    }

    async fn send_round(&mut self, round: &Round) -> Result<(), Over> {
        for event in &round.events {
            if event.number.is_none_or(|number| number > self.at) {
                self.send(event).await?;
            }
        }
        self.at = self.at.max(round.to);
        Ok(())
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<(), Over> {
        let mut event = Event::default().event(outgoing.name).data(&*outgoing.data);
        if let Some(number) = outgoing.number {
            event = event.id(format!("{number}.{}", self.office.identity.epoch));
        }
        self.events.send(Ok(event)).await.map_err(over)
    }

    /// A session that ended takes its stream with it.
    async fn check_session(&self) -> Result<(), Over> {
        let session = self.session;
        let found = blocking(&self.office, move |office| find_session(office, session)).await;
        let (person, _) = found.map_err(over)?;
        Permit::<Reads>::judge(super::guard::Signed { person, session }).map(|_| ()).map_err(over)
    }
}

/// Server time of a log record, where it has one.
fn time_of(record: &LogRecord) -> Option<UnixMillis> {
    match record {
        LogRecord::Fact(fact) => Some(fact.received_at),
        LogRecord::Started { at, .. }
        | LogRecord::Reference { at, .. }
        | LogRecord::Person { at, .. }
        | LogRecord::Enrolled { at, .. }
        | LogRecord::Revoked { at, .. }
        | LogRecord::Quarantined { at, .. }
        | LogRecord::Restored { at, .. }
        | LogRecord::Confirmed { at, .. }
        | LogRecord::Decided { at, .. }
        | LogRecord::Office { at, .. } => Some(*at),
        LogRecord::Envelope { .. } | LogRecord::Proof { .. } => None,
    }
}
