//! Offices that hold W(N), written through the server's own gate and commit path, and devices enrolled with them.
//!
//! The workload's facts arrive under a receipt signed by the store's own key, as they do when a device heals a
//! store: they are the bytes of the published workload, and nothing else about the path differs from a push. Nobody
//! serves the store meanwhile and its clock is stepped, so that nothing waits for orders to have been quiet.
//! An office is written once for each N and copied for each use.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use docket_client::enrolment::{EnrolledAt, accept, request};
use docket_server::auth::people::NewPerson;
use docket_server::commit::{CommitError, Inline, PushDone, Tables, Writer};
use docket_server::identity::StoreKeys;
use docket_server::office::Office as Core;
use docket_server::platform::{Clock, Platform};
use docket_server::store::{JournaledStore, SledOptions, Store};
use docket_sync_core::document::{Record, SavedDocument};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{Digest, DocumentId, PersonId};
use docket_sync_core::proof::{Receipt, ReceiptDocument};
use docket_sync_core::reference::{Customer, Language, Site, Unit};
use docket_sync_core::sync::frames::{Cover, Push, RecordSet};
use docket_sync_core::sync::gate::Proof;
use docket_sync_core::time::{HOUR, SECOND, UnixMillis};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::device::{Device, Kit};
use super::{RowError, cpu, progress};
use crate::condition::eventually;
use crate::office::Office;
use crate::workload::{Order, Workload};

/// Devices enrolled with each office, all of one technician.
const DEVICES: usize = 8;

/// Orders of one push: as many as its limit of records takes, and at most as many as one round of saving takes.
const ORDERS_PER_PUSH: usize = 150;
/// Pushes that are built before they are written.
const PUSHES_AHEAD: usize = 4;
/// Quiet after which an order is saved, and some.
const QUIET: i64 = SECOND + SECOND / 10;

/// A server that uses less than [`RESTING`] processor seconds in this time has nothing to do.
const REST: Duration = Duration::from_millis(700);
const RESTING: f64 = 0.003;

/// How long the store may take to fold loose changes into saves.
const FOLDING: Duration = Duration::from_secs(600);

/// Seeded offices by their number of orders.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    made: Mutex<BTreeMap<usize, Arc<Template>>>,
}

#[derive(Debug)]
struct Template {
    office: Office,
    documents: Vec<DocumentId>,
    workload: Workload,
    kits: Vec<Kit>,
    _folder: TempDir,
}

/// A copy of a seeded office, and its technician's devices.
#[derive(Debug)]
pub(super) struct Seeded {
    pub(super) office: Office,
    template: Arc<Template>,
}

impl Seeds {
    /// An office with W(`orders`), all of them in one technician's scope.
    pub(super) async fn office(&self, orders: usize) -> Result<Seeded, RowError> {
        let mut made = self.made.lock().await;
        let template = match made.get(&orders) {
            Some(template) => Arc::clone(template),
            None => {
                let template = Arc::new(Template::write(orders).await?);
                made.insert(orders, Arc::clone(&template));
                template
            }
        };
        Ok(Seeded { office: template.office.copy()?, template })
    }
}

impl Seeded {
    /// Serves the office, and waits until the server has nothing to do.
    pub(super) async fn serve(&mut self) -> Result<SocketAddr, RowError> {
        serve(&mut self.office).await
    }

    /// Waits until the server has nothing to do: projections have read what came, quiet orders are saved.
    pub(super) async fn rest(&mut self) -> Result<(), RowError> {
        rest(&mut self.office).await
    }

    /// One of the technician's devices, which never pulled.
    pub(super) fn device(&self, number: usize) -> Result<Device, RowError> {
        self.template.kits.get(number).ok_or("there are not so many devices")?.copy()
    }

    /// How many devices there are.
    pub(super) fn devices(&self) -> usize {
        self.template.kits.len()
    }

    /// The orders.
    pub(super) fn documents(&self) -> &[DocumentId] {
        &self.template.documents
    }

    /// What was written.
    pub(super) fn workload(&self) -> &Workload {
        &self.template.workload
    }
}

impl Template {
    async fn write(orders: usize) -> Result<Self, RowError> {
        let started = Instant::now();
        let office = Office::init("Northern Air").await?;
        let core = Open::new(Path::new(&office.data()))?;
        let people = core.people().await?;
        let mut workload = Workload::new(orders).finished_by(0);
        workload.dispatcher = people.dispatcher;
        if let Some(finisher) = workload.technicians.first_mut() {
            finisher.person = people.technician;
        }
        let folder = tempfile::tempdir()?;
        let mut kits = Vec::new();
        for number in 0..DEVICES {
            kits.push(core.enrol(folder.path().join(number.to_string()), &people).await?);
        }
        let documents = core.write_orders(&workload).await?;
        core.close();
        // The projections read the whole log once; measured is an office that has done so.
        let mut office = office;
        serve(&mut office).await?;
        office.stop().await?;
        progress(&format!("W({orders}) written in {:.1} s", started.elapsed().as_secs_f64()));
        Ok(Self { office, documents, workload, kits, _folder: folder })
    }
}

/// Serves an office, and waits until the server has nothing to do.
async fn serve(office: &mut Office) -> Result<SocketAddr, RowError> {
    let address = office.serve().await?;
    rest(office).await?;
    Ok(address)
}

async fn rest(office: &mut Office) -> Result<(), RowError> {
    let pid = office.process().ok_or("the server does not run")?.pid();
    let last = Cell::new((Instant::now(), cpu::of_process(pid)?));
    eventually("the server to have nothing to do", FOLDING, || async {
        let (since, used) = last.get();
        if since.elapsed() < REST {
            return None;
        }
        let now = cpu::of_process(pid).ok()?;
        last.set((Instant::now(), now));
        (now - used < RESTING).then_some(())
    })
    .await?;
    Ok(())
}

/// A technician and who dispatches him.
#[derive(Debug, Clone, Copy)]
pub(super) struct People {
    pub(super) dispatcher: PersonId,
    pub(super) technician: PersonId,
}

/// The office's store, open in this process: what it is asked is done when it has answered.
pub(super) struct Open {
    pub(super) core: Arc<Core>,
    inline: Inline,
    keys: StoreKeys,
    clock: Arc<Stepped>,
}

/// The system's clock as it was some hours ago, and as much later as it was stepped.
struct Stepped {
    system: Arc<dyn Clock>,
    /// Milliseconds that it is ahead.
    ahead: AtomicI64,
}

impl Clock for Stepped {
    fn now(&self) -> UnixMillis {
        self.system.now().plus(self.ahead.load(Ordering::Relaxed))
    }
}

impl Open {
    pub(super) fn new(data: &Path) -> Result<Self, RowError> {
        let store = JournaledStore::open(&data.join("store"), SledOptions::default(), &Platform::system())?;
        Self::over(Arc::new(store), data)
    }

    /// Over a store that was opened before.
    pub(super) fn over(store: Arc<dyn Store>, data: &Path) -> Result<Self, RowError> {
        let keys = store_keys(data)?;
        // Behind by more than it is ever stepped: a server that is started later finds nothing in the future.
        let platform = Platform::system();
        let clock = Arc::new(Stepped { system: platform.clock, ahead: AtomicI64::new(HOUR.saturating_mul(-24)) });
        let platform = Platform { clock: clock.clone(), random: platform.random };
        let (core, inline) = Core::open_inline(store, keys.clone(), platform, None)?;
        Ok(Self { core, inline, keys, clock })
    }

    pub(super) fn close(self) {
        self.core.stop();
    }

    async fn people(&self) -> Result<People, RowError> {
        let dispatcher = self.person("zhou", "周敏", Role::Dispatcher).await?;
        Ok(People { dispatcher, technician: self.person("li", "李师傅", Role::Technician).await? })
    }

    /// Adds a person.
    pub(super) async fn person(&self, login: &str, name: &str, role: Role) -> Result<PersonId, RowError> {
        let new = NewPerson::new(login, name, [role], ["air"], Language::Zh)?;
        Ok(self.core.committer.run(move |writer| writer.add_person(new, None, None)).await?.id)
    }

    /// Enrols a device by a one-time code.
    pub(super) async fn enrol(&self, folder: PathBuf, people: &People) -> Result<Kit, RowError> {
        let (technician, by) = (people.technician, people.dispatcher);
        let code = self.core.committer.run(move |writer| writer.new_enrolment_code(technician, by)).await?.0;
        let kit = Kit::new(folder);
        let (platform, mut store) = (kit.platform()?, kit.store()?);
        let wish = request(&store, &platform, &code.reveal())?;
        let answer = docket_server::feed::enrol::enrol(&self.core, wish).await;
        let answer = answer.map_err(|error| format!("enrolling a device: {error:?}"))?;
        let at = EnrolledAt { server: "http://127.0.0.1".to_owned(), fingerprint: None };
        accept(&mut store, &platform, &answer, at)?;
        Ok(kit)
    }

    /// Writes reference records and facts, and saves the orders; gives the documents.
    pub(super) async fn write_orders(&self, workload: &Workload) -> Result<Vec<DocumentId>, RowError> {
        let mut documents = Vec::new();
        let (built, ready) = sync_channel(PUSHES_AHEAD);
        let (signs, from) = (self.signs(), workload.clone());
        let builder = std::thread::spawn(move || {
            for first in (0..from.orders).step_by(ORDERS_PER_PUSH) {
                let last = first.saturating_add(ORDERS_PER_PUSH).min(from.orders);
                if built.send(signs.filled(&from, first..last)).is_err() {
                    return;
                }
            }
        });
        for filled in ready {
            let Filled { orders, references, push, proof } = filled?;
            let before = documents.len();
            documents.extend(&orders);
            let job = move |writer: &mut Writer| {
                for reference in references {
                    write_references(writer, reference)?;
                }
                writer.push(docket_sync_core::ids::DeviceId([0; 16]), &push, proof)
            };
            match self.core.committer.run(job).await? {
                PushDone::Acked(ack) if ack.exceptions.is_empty() => {}
                refused => return Err(format!("the workload was not taken: {refused:?}").into()),
            }
            self.clock.ahead.fetch_add(QUIET, Ordering::Relaxed);
            self.inline.tidy();
            self.check_saved(&orders)?;
            if documents.len() / 5_000 > before / 5_000 {
                progress(&format!("{} of {} orders written", documents.len(), workload.orders));
            }
        }
        builder.join().map_err(|_| "building the workload panicked")?;
        Ok(documents)
    }

    /// Fails unless every order lies in its save, as in a store that was left alone.
    fn check_saved(&self, orders: &[DocumentId]) -> Result<(), RowError> {
        let _durable = self.core.hub.read();
        for order in orders {
            let meta = self.core.store.meta(*order)?.ok_or("an order that was written is not there")?;
            if meta.unsaved > 0 {
                return Err("an order was not saved".into());
            }
        }
        Ok(())
    }

    fn signs(&self) -> Signs {
        let identity = &self.core.identity;
        Signs { store: identity.store, epoch: identity.epoch, keys: self.keys.clone() }
    }
}

/// The keys of the store in a data folder.
pub(super) fn store_keys(data: &Path) -> Result<StoreKeys, RowError> {
    let text = std::fs::read_to_string(data.join("keys").join("store.key"))?;
    let secret = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes())?;
    let secret: [u8; StoreKeys::LENGTH] = secret.try_into().map_err(|_| "the store's keys have another length")?;
    Ok(StoreKeys::from_secret(&secret))
}

/// Who signs receipts over the workload.
struct Signs {
    store: docket_sync_core::ids::StoreId,
    epoch: docket_sync_core::ids::Epoch,
    keys: StoreKeys,
}

/// Some orders, ready to be written.
struct Filled {
    orders: Vec<DocumentId>,
    references: Vec<crate::workload::Reference>,
    push: Push,
    proof: Proof,
}

impl Signs {
    /// The facts of some orders under a receipt of the store.
    fn filled(&self, workload: &Workload, range: core::ops::Range<usize>) -> Result<Filled, RowError> {
        let (mut orders, mut heads, mut records) = (Vec::new(), Vec::new(), RecordSet::default());
        let references = range.clone().map(|index| workload.reference(index)).collect();
        for order in range.map(|index| workload.order(index)) {
            let Order { document, facts, .. } = order;
            let mut saved = SavedDocument::new(document)?;
            let mut sorted: Vec<Record> = facts.iter().map(|fact| record(fact.record())).collect();
            sorted.sort();
            for record in &sorted {
                saved.append(record)?;
            }
            heads.push(ReceiptDocument { document, heads: saved.heads() });
            records.push(document, &sorted);
            orders.push(document);
        }
        let receipt = Receipt::signed(self.store, self.epoch, 0, Digest([0; 32]), heads, self.keys.signing());
        let cover = Cover::Receipt { receipt: receipt.to_bytes() };
        Ok(Filled {
            orders,
            references,
            push: Push { cover, records, proofs: Vec::new() },
            proof: Proof::Receipt(receipt),
        })
    }
}

fn record(
    (actor, sequence, time, bytes): (docket_sync_core::ids::ActorId, u64, docket_sync_core::time::UnixMillis, Vec<u8>),
) -> Record {
    Record { actor, sequence, time, bytes }
}

/// Customer, site and unit of an order, unless an order before it named them.
fn write_references(writer: &mut Writer, reference: crate::workload::Reference) -> Result<(), CommitError> {
    let (customer, site, unit) = (reference.customer, reference.site, reference.unit);
    if writer.reference(customer.id)?.is_some() {
        return Ok(());
    }
    let content = Customer { name: customer.name, phone: customer.phone, language: None, codes: None };
    writer.write_reference(customer.id, content.into(), None)?;
    let content = Site { customer: customer.id, address: site.address, zone: None, contact: None };
    writer.write_reference(site.id, content.into(), None)?;
    let content = Unit { site: site.id, model: unit.model, serial: unit.serial, warranty_until: None };
    writer.write_reference(unit.id, content.into(), None)?;
    Ok(())
}
