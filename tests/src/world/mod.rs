//! A whole company in one process: the real server core on a store in memory, the real device library on
//! stores in memory, clocks that the test moves. Messages are carried by hand: no sockets, no time-outs.
//!
//! [`Device`] is a technician's phone that can be restarted, restored, cloned and renewed; [`field`] has what he and
//! his customer do with it.

mod clock;
pub(crate) mod device;
pub mod field;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use docket_client::enrolment::{EnrolledAt, accept, request};
use docket_client::sync::{Exchange, SyncReport};
use docket_server::auth::people::NewPerson;
use docket_server::commit::{Tables, keys};
use docket_server::feed::{adapter, enrol};
use docket_server::identity::{Identity, StoreKeys};
use docket_server::intake::register::{NewCall, NewConfirmation, NewCustomer, OnFile};
use docket_server::office::Office;
use docket_server::platform::{Clock as _, Platform};
use docket_server::restore::{RestoredFrom, renew_epoch};
use docket_server::store::{KeyRange, MemoryStore, Table};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::ids::{DocumentId, Epoch, FactId, FactRef, PersonId, StoreId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::policy::{DEFAULT_JSON, ServicePolicy};
use docket_sync_core::reference::{Language, PolicyRecord};
use docket_sync_core::time::UnixMillis;

use crate::condition::eventually;
pub use clock::at_once;
use clock::clock_and_platform;
pub(crate) use clock::{OfficeClock, SeededRandom};
pub use device::Device;

/// When the story begins: a Monday morning in Shanghai.
pub const MORNING: UnixMillis = UnixMillis(1_780_270_200_000);

/// A company.
pub struct World {
    /// The office.
    pub office: Arc<Office>,
    /// Its store.
    pub store: Arc<MemoryStore>,
    /// The clerk who is also dispatcher and supervisor, unless a story adds others.
    pub clerk: PersonId,
    clock: Arc<OfficeClock>,
    seed: u64,
    people: AtomicU64,
    platform: Platform,
    commits: Commits,
}

/// Who runs the jobs of the commit path.
enum Commits {
    /// A thread of its own, as in the real server.
    Thread(std::thread::JoinHandle<()>),
    /// Whoever asks: nothing happens by itself, and no default fires.
    Inline,
}

const FIRST: Identity = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };

fn store_keys() -> StoreKeys {
    StoreKeys::from_secret(&[7; StoreKeys::LENGTH])
}

/// A story went wrong in a way that no check names.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

impl World {
    /// A company with one clerk, dispatcher and supervisor, at [`MORNING`].
    pub async fn new(seed: u64) -> Result<Self, Trouble> {
        let store = Arc::new(MemoryStore::new());
        Self::on(store, seed).await
    }

    /// The same on a given store; a store that was used before is opened again.
    pub async fn on(store: Arc<MemoryStore>, seed: u64) -> Result<Self, Trouble> {
        let (clock, platform) = clock_and_platform(seed, MORNING);
        let (office, thread) = Office::open(store.clone(), store_keys(), platform.clone(), Some(FIRST))?;
        Self::peopled(store, seed, (clock, platform), (office, Commits::Thread(thread))).await
    }

    /// A company at `now` in which nothing happens by itself: see [`at_once`].
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn stepped(seed: u64, now: UnixMillis) -> Result<Self, Trouble> {
        let store = Arc::new(MemoryStore::new());
        let (clock, platform) = clock_and_platform(seed, now);
        let (office, _) = Office::open_inline(store.clone(), store_keys(), platform.clone(), Some(FIRST))?;
        at_once(Self::peopled(store, seed, (clock, platform), (office, Commits::Inline)))?
    }

    async fn peopled(
        store: Arc<MemoryStore>,
        seed: u64,
        (clock, platform): (Arc<OfficeClock>, Platform),
        (office, commits): (Arc<Office>, Commits),
    ) -> Result<Self, Trouble> {
        let (clerk, people) = (PersonId([0; 16]), AtomicU64::new(0));
        let mut world = Self { office, store, clerk, clock, seed, people, platform, commits };
        world.clerk = world.person("Wang Fang", &[Role::Clerk, Role::Dispatcher, Role::Supervisor]).await?;
        let policy = ServicePolicy::from_json(DEFAULT_JSON.as_bytes())?;
        let record = PolicyRecord { version: policy.version, json: DEFAULT_JSON.as_bytes().to_vec() };
        world.office.committer.run(move |writer| writer.write_company("Northern Air", record, None)).await?;
        Ok(world)
    }

    /// What is durable at the office now, and the last number of its log.
    #[must_use]
    pub fn backup(&self) -> (MemoryStore, u64) {
        let durable = self.office.hub.read();
        (self.store.copy(), durable.number)
    }

    /// The office is lost and begins again on a backup, under a new epoch.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn restore(&mut self, (store, until_number): (MemoryStore, u64)) -> Result<(), Trouble> {
        let store = Arc::new(store);
        let from = RestoredFrom { backup: "yesterday".to_owned(), until_number, until_at: None };
        renew_epoch(store.clone(), store_keys(), self.platform.clone(), from)?;
        self.reopen(store)
    }

    /// The disk goes back to what it was, and nobody notices.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn roll_back(&mut self, (store, _): (MemoryStore, u64)) -> Result<(), Trouble> {
        self.reopen(Arc::new(store))
    }

    fn reopen(&mut self, store: Arc<MemoryStore>) -> Result<(), Trouble> {
        let (office, thread) = Office::open(store.clone(), store_keys(), self.platform.clone(), None)?;
        (self.office, self.store, self.commits) = (office, store, Commits::Thread(thread));
        Ok(())
    }

    /// The server ends; `between` does something to its store; the server starts again.
    ///
    /// # Errors
    /// When the store cannot be opened again, or what `between` says. Somebody else must not hold the office.
    pub fn restarted(self, between: impl FnOnce(&MemoryStore) -> Result<(), Trouble>) -> Result<Self, Trouble> {
        let Self { office, store, clerk, clock, seed, people, platform, commits } = self;
        office.stop();
        drop(office);
        if let Commits::Thread(thread) = commits {
            thread.join().map_err(|_panic| "the commit thread panicked")?;
        }
        between(&store)?;
        let (office, thread) = Office::open(store.clone(), store_keys(), platform.clone(), None)?;
        Ok(Self { office, store, clerk, clock, seed, people, platform, commits: Commits::Thread(thread) })
    }

    /// Lets time pass at the office.
    pub fn pass(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Lets time pass at the office and on `devices`.
    pub fn pass_for(&self, devices: &[&Device], millis: i64) {
        self.pass(millis);
        for device in devices {
            device.clock.pass(millis);
        }
    }

    /// The office's time.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Adds a person; technicians know air conditioning.
    pub async fn person(&self, name: &str, roles: &[Role]) -> Result<PersonId, Trouble> {
        self.skilled(name, roles, "air").await
    }

    /// Adds a person with one skill.
    pub async fn skilled(&self, name: &str, roles: &[Role], skill: &str) -> Result<PersonId, Trouble> {
        let login = format!("p{}", self.people.fetch_add(1, Ordering::SeqCst));
        let new = NewPerson::new(&login, name, roles.iter().copied(), [skill], Language::En)?;
        Ok(self.office.committer.run(move |writer| writer.add_person(new, None, None)).await?.id)
    }

    /// Adds a technician with an enrolled device.
    pub async fn technician(&self, name: &str) -> Result<Device, Trouble> {
        let person = self.person(name, &[Role::Technician]).await?;
        self.enrol(person).await
    }

    /// Enrols a new device for `person` by a one-time code.
    pub async fn enrol(&self, person: PersonId) -> Result<Device, Trouble> {
        let by = self.clerk;
        let (code, _) = self.office.committer.run(move |writer| writer.new_enrolment_code(person, by)).await?;
        let draws = self.people.fetch_add(1, Ordering::SeqCst);
        let blank = device::Blank::new(self.now(), self.seed.wrapping_mul(1_000_003).wrapping_add(draws));
        let platform = blank.platform();
        let mut store = blank.disk.open()?;
        let wish = request(&store, &platform, &code.reveal())?;
        let answer = enrol::enrol(&self.office, wish).await.map_err(|error| format!("{error:?}"))?;
        let at = EnrolledAt { server: "http://127.0.0.1".to_owned(), fingerprint: None };
        accept(&mut store, &platform, &answer, at)?;
        Ok(blank.enrolled(store, person)?)
    }

    /// Gives a device ten numbers for each kind of receipt; it has them after its next sync.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn give_numbers(&self, device: &Device) -> Result<(), Trouble> {
        let id = device.client.replica().identity().device;
        let job = move |writer: &mut docket_server::commit::Writer| {
            for ledger in docket_sync_core::facts::Ledger::ALL {
                writer.issue_block(id, *ledger, 10, None)?;
            }
            Ok(())
        };
        Ok(self.office.committer.run(job).await?)
    }

    /// Registers and confirms a call; it waits to be dispatched.
    pub async fn order(&self, problem: &str) -> Result<DocumentId, Trouble> {
        self.order_needing(problem, None).await
    }

    /// The same for work that needs a skill.
    pub async fn order_needing(&self, problem: &str, skill: Option<&str>) -> Result<DocumentId, Trouble> {
        let clerk = self.clerk;
        let call = NewCall {
            customer: OnFile::New(NewCustomer { name: "陈静".to_owned(), phone: "021-5550100".to_owned() }),
            site: OnFile::New("南京西路 1266 号".to_owned()),
            unit: None,
            channel: Channel::Phone,
            class: ServiceClass::Chargeable,
            urgency: Urgency::Normal,
            problem: problem.to_owned(),
            skill: skill.map(str::to_owned),
            origin: None,
        };
        let content = problem.to_owned();
        let registered = self
            .office
            .committer
            .run(move |writer| {
                let registered = writer.register_call(clerk, call)?;
                let given = NewConfirmation { content, window: None, amount: None, in_warranty: false };
                writer.confirm_call(clerk, registered.document, given)?;
                Ok(registered)
            })
            .await?;
        Ok(registered.document)
    }

    /// The order as the office sees it.
    pub async fn view(&self, order: DocumentId) -> Result<Arc<OrderView>, Trouble> {
        Ok(self.office.committer.run(move |writer| writer.current_view(order)).await?)
    }

    /// A person at the office acts on the present view.
    pub async fn act(&self, person: PersonId, order: DocumentId, command: Command) -> Result<FactId, Trouble> {
        let seen = self.frontier(order).await?;
        self.act_on(person, order, &seen, command).await
    }

    /// A person at the office acts on the view that `seen` names.
    pub async fn act_on(
        &self,
        person: PersonId,
        order: DocumentId,
        seen: &[FactRef],
        command: Command,
    ) -> Result<FactId, Trouble> {
        let seen = seen.to_vec();
        let job =
            move |writer: &mut docket_server::commit::Writer| writer.office_command(order, person, &seen, &command);
        Ok(self.office.committer.run(job).await?.fact)
    }

    /// The frontier of the present view.
    pub async fn frontier(&self, order: DocumentId) -> Result<Vec<FactRef>, Trouble> {
        Ok(self.view(order).await?.frontier.iter().map(FactId::reference).collect())
    }

    /// Assigns an order to a technician, with a reason.
    pub async fn assign(&self, order: DocumentId, technician: PersonId) -> Result<(), Trouble> {
        let command = Command::Assign {
            technician,
            skipped: Vec::new(),
            turn: None,
            reason: Some("nearest".to_owned()),
            skill: docket_sync_core::commands::SkillMatch::Fits,
        };
        self.act(self.clerk, order, command).await.map(drop)
    }

    /// A complete sync of a device, over single messages.
    pub async fn sync(&self, device: &mut Device) -> Result<SyncReport, Trouble> {
        let replica = device.client.replica_mut();
        let mut exchange = Exchange::begin(replica);
        while let Some(message) = exchange.next_message(replica)? {
            let answer = self.carry(&message).await?;
            exchange.answered(replica, &answer)?;
        }
        Ok(exchange.report(replica))
    }

    /// Carries one message to the server; gives its answer.
    pub async fn carry(&self, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        Ok(adapter::answer_message(self.office.clone(), message).await?)
    }

    /// The first message of a sync arrives and its answer is lost on the way.
    pub async fn sync_losing_the_answer(&self, device: &mut Device) -> Result<(), Trouble> {
        self.sync_losing_answer(device, 0).await
    }

    /// A sync of which `good` messages are answered; the next one arrives, and its answer is lost on the way.
    pub async fn sync_losing_answer(&self, device: &mut Device, good: usize) -> Result<(), Trouble> {
        let replica = device.client.replica_mut();
        let mut exchange = Exchange::begin(replica);
        for _ in 0..good {
            let message = exchange.next_message(replica)?.ok_or("a message")?;
            exchange.answered(replica, &self.carry(&message).await?)?;
        }
        let message = exchange.next_message(replica)?.ok_or("one more message")?;
        self.carry(&message).await.map(drop)
    }

    /// Syncs all devices until nothing is new to any of them, timers that fall due in between included.
    ///
    /// # Errors
    /// When a device keeps facts back, its digest differs, or it does not settle.
    pub async fn settle(&self, devices: &mut [&mut Device]) -> Result<(), Trouble> {
        for _ in 0..20 {
            let before = self.log_length();
            for device in devices.iter_mut() {
                let report = self.sync(device).await?;
                if report.verified != Some(true) || report.unsent != 0 {
                    return Err(format!("a device did not come to rest: {report:?}").into());
                }
            }
            let due = eventually("what fell due to be done", Duration::from_secs(20), || async {
                (!self.is_due().unwrap_or(true)).then_some(())
            });
            due.await?;
            if self.log_length() == before {
                return Ok(());
            }
        }
        Err("the company does not come to rest".into())
    }

    /// Whether a timer waits to fire.
    fn is_due(&self) -> Result<bool, Trouble> {
        let _durable = self.office.hub.read();
        let first = Tables::scan(self.office.store.as_ref(), Table::Timer, &KeyRange::all(), 1)?;
        let due = first.first().and_then(|(key, _)| keys::read_timer(key));
        Ok(due.is_some_and(|(due, _)| due <= self.now()))
    }

    /// Waits until the office's view of an order is as `look` wants it: for timers, which fire by themselves.
    ///
    /// # Errors
    /// When it does not within ten seconds.
    pub async fn until(&self, what: &str, order: DocumentId, look: impl Fn(&OrderView) -> bool) -> Result<(), Trouble> {
        eventually(what, Duration::from_secs(10), || async {
            self.view(order).await.ok().filter(|view| look(view)).map(drop)
        })
        .await?;
        Ok(())
    }

    /// Number of log records.
    #[must_use]
    pub fn log_length(&self) -> u64 {
        self.office.hub.durable().number
    }

    /// Facts of an order in the office's log.
    pub fn facts(&self, order: DocumentId) -> Result<usize, Trouble> {
        let _durable = self.office.hub.read();
        Ok(self.office.store.as_ref().facts_after(order, 0)?.len())
    }
}
