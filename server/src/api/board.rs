//! The office's board: what the log added, as events, made once for all viewers.
//!
//! One task follows the hub's news, reads what the log added since, and turns each touched order into JSON once,
//! whatever the number of viewers. Viewers get it by broadcast; one that is too slow reads the log itself, by the
//! same function, so that the two ways cannot differ.
//!
//! Invariant: events of a round are in the order of their numbers, and an event's number is the last one in the
//! round that touched its subject. So whoever resumes behind an event misses nothing: what was touched earlier has
//! been sent, or is touched again later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, Weak};

use docket_sync_core::ids::{DeviceId, DocumentId, PersonId};
use docket_sync_core::proof::Certificate;
use serde::Serialize;
use tokio::sync::{Semaphore, broadcast};

use super::names::Names;
use super::orders::row::{OrderRow, order_row};
use super::reading::{Reading, blocking};
use super::technicians::{TechnicianItem, technician_items};
use crate::callbacks::api::callback_item;
use crate::commit::{RowRecord, Tables};
use crate::error::ApiError;
use crate::feed::devices::read_device;
use crate::hub::News;
use crate::log::LogRecord;
use crate::office::Office;
use crate::store::Table;

/// Rounds kept for viewers that are slower than commits; beyond it they read the log.
const ROUNDS_KEPT: usize = 256;
/// Log records in one round.
const RECORDS_PER_ROUND: usize = 4_096;
/// Orders turned into rows while no commit is applied.
const ROWS_AT_ONCE: usize = 32;
/// Viewers at once: each costs a task and its buffer, about 20 KB.
const VIEWERS_MAX: usize = 2_000;

/// One event as it leaves.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    /// Log number after which to resume; a contact of a device has none.
    pub(super) number: Option<u64>,
    /// Name of the event.
    pub(super) name: &'static str,
    /// Its JSON.
    pub(super) data: Arc<str>,
}

/// What the log added between two numbers.
#[derive(Debug)]
pub(super) struct Round {
    /// Everything after this number ...
    pub(super) from: u64,
    /// ... up to this one.
    pub(super) to: u64,
    /// The events, in the order of their numbers; those without one last.
    pub(super) events: Vec<Outgoing>,
}

/// Where viewers listen.
pub(crate) struct Board {
    office: Weak<Office>,
    rounds: broadcast::Sender<Arc<Round>>,
    running: OnceLock<()>,
    viewers: Arc<Semaphore>,
}

impl Board {
    /// A board whose task begins with its first viewer.
    pub(super) fn new(office: &Arc<Office>) -> Self {
        Self {
            office: Arc::downgrade(office),
            rounds: broadcast::channel(ROUNDS_KEPT).0,
            running: OnceLock::new(),
            viewers: Arc::new(Semaphore::new(VIEWERS_MAX)),
        }
    }

    /// Room for one more viewer, as long as the result lives.
    pub(super) fn admit(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        self.viewers.clone().try_acquire_owned().ok()
    }

    /// Rounds from now on.
    pub(super) fn watch(&self) -> broadcast::Receiver<Arc<Round>> {
        let receiver = self.rounds.subscribe();
        self.running.get_or_init(|| {
            if let Some(office) = self.office.upgrade() {
                let news = office.hub.news();
                tokio::spawn(follow(self.office.clone(), news, self.rounds.clone()));
            }
        });
        receiver
    }
}

/// Turns news into rounds until the office ends.
async fn follow(office: Weak<Office>, mut news: broadcast::Receiver<News>, rounds: broadcast::Sender<Arc<Round>>) {
    let Some(mut at) = office.upgrade().map(|office| office.hub.durable().number) else { return };
    loop {
        let mut devices = BTreeSet::new();
        let mut number = at;
        match news.recv().await {
            Ok(first) => {
                number = first.number;
                devices.extend(&first.touched.devices);
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
        while let Ok(more) = news.try_recv() {
            number = more.number;
            devices.extend(&more.touched.devices);
        }
        if rounds.receiver_count() == 0 {
            at = at.max(number);
            continue;
        }
        let Some(office) = office.upgrade() else { return };
        loop {
            let touched = std::mem::take(&mut devices);
            // A failure is logged where it happens; viewers then miss a round and read the log.
            let Ok(round) = blocking(&office, move |office| project(office, at, touched)).await else { break };
            let done = round.to == at;
            at = round.to;
            if !round.events.is_empty() {
                let _nobody_listens = rounds.send(Arc::new(round));
            }
            if done {
                break;
            }
        }
    }
}

/// What a stretch of the log touched, each with its last number.
#[derive(Default)]
struct Touched {
    orders: BTreeMap<DocumentId, u64>,
    features: BTreeMap<(&'static str, DocumentId), u64>,
    devices: BTreeSet<DeviceId>,
    people: BTreeSet<PersonId>,
}

impl Touched {
    fn add(&mut self, number: u64, record: LogRecord) {
        match record {
            LogRecord::Fact(fact) => {
                self.orders.insert(fact.document, number);
            }
            LogRecord::Proof { document, .. } => {
                self.orders.insert(document, number);
            }
            LogRecord::Office { feature, document: Some(document), .. } => {
                if let Some(name) = event_of(&feature) {
                    self.features.insert((name, document), number);
                }
            }
            LogRecord::Enrolled { certificate, .. } => {
                let certificate = Certificate::from_bytes(&certificate).ok();
                self.devices.extend(certificate.map(|certificate| certificate.device));
            }
            LogRecord::Revoked { device, .. } | LogRecord::Confirmed { device, .. } => {
                self.devices.insert(device);
            }
            LogRecord::Person { person, .. } => {
                self.people.insert(person);
            }
            LogRecord::Started { .. }
            | LogRecord::Restored { .. }
            | LogRecord::Decided { .. }
            | LogRecord::Envelope { .. }
            | LogRecord::Reference { .. }
            | LogRecord::Quarantined { .. }
            | LogRecord::Office { document: None, .. } => {}
        }
    }
}

/// The event that a feature's record becomes.
fn event_of(feature: &str) -> Option<&'static str> {
    match feature {
        "dispatch" => Some("dispatch"),
        "callbacks" => Some("callback"),
        "attachments" => Some("attachment"),
        _other => None,
    }
}

/// What an `order` event says.
#[derive(Serialize)]
struct OrderEvent {
    number: u64,
    id: String,
    row: OrderRow,
}

/// What an event of a feature says: which order to look at again.
#[derive(Serialize)]
struct FeatureEvent {
    number: u64,
    id: String,
}

/// The events of what the log added after `after`, at most [`RECORDS_PER_ROUND`] records, and of `devices`.
pub(super) fn project(office: &Office, after: u64, devices: BTreeSet<DeviceId>) -> Result<Round, ApiError> {
    let mut touched = Touched { devices, ..Touched::default() };
    let mut to = after;
    for (number, entry) in Reading::begin(office).store().log_after(after, RECORDS_PER_ROUND)? {
        to = number;
        touched.add(number, entry.record);
    }
    let mut names = Names::default();
    let mut numbered: Vec<(u64, Outgoing)> = Vec::new();
    let orders: Vec<(DocumentId, u64)> = touched.orders.into_iter().collect();
    for part in orders.chunks(ROWS_AT_ONCE) {
        // A row may be newer than its number: it is sent again then, and the newest wins.
        let reading = Reading::begin(office);
        for (document, number) in part {
            if let Some(event) = order_event(&reading, &mut names, *document, *number)? {
                numbered.push((*number, event));
            }
        }
    }
    for ((name, document), number) in touched.features {
        let callback = match name {
            "callback" => callback_item(&Reading::begin(office), &mut names, document)?,
            _ => None,
        };
        let event = match callback {
            Some(item) => outgoing(Some(number), name, &item)?,
            // Withdrawn: there is nothing to show, and the order's own event tells why.
            None if name == "callback" => continue,
            None => outgoing(Some(number), name, &FeatureEvent { number, id: document.to_string() })?,
        };
        numbered.push((number, event));
    }
    numbered.sort_by_key(|(number, _)| *number);
    let mut events: Vec<Outgoing> = numbered.into_iter().map(|(_, event)| event).collect();
    if !touched.devices.is_empty() || !touched.people.is_empty() {
        let reading = Reading::begin(office);
        let mut people = touched.people;
        for device in touched.devices {
            people.extend(read_device(reading.store(), device)?.iter().flat_map(|device| &device.persons));
        }
        events.extend(technician_events(&technician_items(&reading, |person| people.contains(&person))?)?);
    }
    Ok(Round { from: after, to, events })
}

fn order_event(
    reading: &Reading<'_>,
    names: &mut Names,
    document: DocumentId,
    number: u64,
) -> Result<Option<Outgoing>, ApiError> {
    // A fact of the companion is news of its order.
    let meta = reading.store().meta(document)?;
    let document = meta.and_then(|meta| meta.companion_of).unwrap_or(document);
    let row: Option<RowRecord> = reading.store().read(Table::View, &document.0)?;
    let Some(row) = row else { return Ok(None) };
    let row = order_row(reading, names, document, &row)?;
    Ok(Some(outgoing(Some(number), "order", &OrderEvent { number, id: document.to_string(), row })?))
}

/// `technician` events.
pub(super) fn technician_events(items: &[TechnicianItem]) -> Result<Vec<Outgoing>, ApiError> {
    items.iter().map(|item| outgoing(None, "technician", item)).collect()
}

fn outgoing(number: Option<u64>, name: &'static str, data: &impl Serialize) -> Result<Outgoing, ApiError> {
    let json = serde_json::to_string(data).map_err(|error| ApiError::internal("writing an event", &error))?;
    Ok(Outgoing { number, name, data: json.into() })
}
