//! A small company in memory for tests of reactors: a store that keeps a copy of itself at every flush, so that
//! each of them can be the last before a crash.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use docket_sync_core::facts::bodies::{self, ConfirmRequest, RegisterCall};
use docket_sync_core::facts::values::{Channel, ServiceClass, Urgency};
use docket_sync_core::facts::{Author, FactBody, Head, Role};
use docket_sync_core::ids::{DocumentId, Epoch, FactId, FactRef, PersonId, RecordId, StoreId};
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference::{Language, PolicyRecord};
use docket_sync_core::time::UnixMillis;

use crate::auth::people::NewPerson;
use crate::commit::{CommitError, Statement, Writer};
use crate::identity::{Identity, StoreKeys};
use crate::log::LogRecord;
use crate::office::Office;
use crate::platform::{Clock, Platform, Random};
use crate::reactor::{Reactor, Runner};
use crate::store::{Batch, Entry, KeyRange, MemoryStore, Order, Store, StoreError, Table};

/// A store in memory with a copy of every durable state it was in. A crash between an apply and its flush leaves
/// the state of the flush before; so every crash leaves one of these.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    store: MemoryStore,
    states: Mutex<Vec<Arc<MemoryStore>>>,
}

impl Recorded {
    pub(crate) fn states(&self) -> Vec<Arc<MemoryStore>> {
        self.states.lock().unwrap().clone()
    }
}

/// The durable content of a store as another one: what was not flushed is lost on the way.
pub(crate) fn after_a_crash(store: &MemoryStore) -> MemoryStore {
    store.crash();
    let copy = MemoryStore::new();
    for table in Table::ALL {
        let mut batch = Batch::new();
        for (key, value) in Store::scan(store, *table, &KeyRange::all(), usize::MAX, Order::Forward).unwrap() {
            batch.put(*table, key, &value);
        }
        copy.apply(&batch).unwrap();
    }
    copy.flush().unwrap();
    copy
}

impl Store for Recorded {
    fn get_stored(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get_stored(table, key)
    }

    fn scan_stored(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.scan_stored(table, range, limit, order)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.store.apply(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()?;
        // Nothing is unflushed now, so the crash inside takes nothing from the store itself.
        self.states.lock().unwrap().push(Arc::new(after_a_crash(&self.store)));
        Ok(())
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<UnixMillis>);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        *self.0.lock().unwrap()
    }
}

struct CountingRandom(Mutex<u8>);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut next = self.0.lock().unwrap();
        *next = next.wrapping_add(1);
        bytes.fill(*next);
    }
}

/// The company.
pub(crate) struct World {
    pub(crate) office: Arc<Office>,
    pub(crate) clock: Arc<TestClock>,
}

pub(crate) const CLERK: PersonId = PersonId([0xC1; 16]);

/// The technician with this letter.
pub(crate) fn person(letter: char) -> PersonId {
    PersonId([u8::try_from(letter).unwrap(); 16])
}

/// The order with this number.
pub(crate) fn order(number: u8) -> DocumentId {
    DocumentId([number; 16])
}

impl World {
    pub(crate) fn open(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(TestClock(Mutex::new(UnixMillis(1_800_000_000_000))));
        let random = Arc::new(CountingRandom(Mutex::default()));
        let platform = Platform { clock: clock.clone(), random };
        let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
        let (office, _thread) = Office::open(store, StoreKeys::from_secret(&[7; 64]), platform, Some(new)).unwrap();
        Self { office, clock }
    }

    pub(crate) fn pass(&self, millis: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.plus(millis);
    }

    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    ) -> T {
        self.office.committer.run_blocking(job).unwrap()
    }

    /// A clerk, and technicians by letter with their skills: `"A:lift B C:lift,boiler"`.
    pub(crate) fn hire(&self, technicians: &str) {
        self.hire_clerk();
        for word in technicians.split_whitespace() {
            let (letter, skills) = word.split_once(':').unwrap_or((word, ""));
            let letter = letter.chars().next().unwrap();
            self.pass(1);
            self.hire_one(&format!("technician-{letter}"), person(letter), &[Role::Technician], skills);
        }
    }

    pub(crate) fn hire_clerk(&self) {
        self.hire_one("clerk", CLERK, &[Role::Clerk, Role::Dispatcher], "");
    }

    pub(crate) fn hire_one(&self, login: &str, id: PersonId, roles: &[Role], skills: &str) {
        let skills: BTreeSet<&str> = skills.split(',').filter(|skill| !skill.is_empty()).collect();
        let person = NewPerson::new(login, login, roles.to_vec(), skills, Language::Zh).unwrap();
        self.run(move |writer| {
            let record = person.into_record(id, None, writer.now());
            write_person(writer, &record);
            Ok(())
        });
    }

    /// The technician is on duty, or not.
    pub(crate) fn set_active(&self, letter: char, active: bool) {
        self.run(move |writer| {
            let mut record = writer.person(person(letter))?.unwrap();
            record.active = active;
            write_person(writer, &record);
            Ok(())
        });
    }

    pub(crate) fn set_policy(&self, change: impl FnOnce(&mut ServicePolicy)) {
        let mut policy = ServicePolicy::shipped().unwrap();
        change(&mut policy);
        self.run(move |writer| {
            let id = crate::company::policy_record(writer.identity().store);
            let record = PolicyRecord { version: policy.version, json: policy.to_json() };
            writer.write_reference(id, record.into(), None)
        });
    }

    pub(crate) fn state(&self, document: DocumentId, author: PersonId, body: impl Into<FactBody>) -> FactId {
        let statement =
            Statement { author: Author::Person(author), head: Head::default(), body: body.into(), seen: None };
        self.run(move |writer| writer.state(document, statement))
    }

    /// The same in a role that the kind does not suggest.
    pub(crate) fn state_as(
        &self,
        document: DocumentId,
        (author, role): (PersonId, Role),
        body: impl Into<FactBody>,
    ) -> FactId {
        let (author, head) = (Author::Person(author), Head { role: Some(role), ..Head::default() });
        let statement = Statement { author, head, body: body.into(), seen: None };
        self.run(move |writer| writer.state(document, statement))
    }

    /// A call that needs a skill, registered now.
    pub(crate) fn register(&self, number: u8, urgency: Urgency, skill: &str) {
        self.register_as(order(number), urgency, skill);
    }

    fn register_as(&self, document: DocumentId, urgency: Urgency, skill: &str) {
        let call = RegisterCall {
            customer: RecordId([1; 16]),
            site: RecordId([2; 16]),
            unit: None,
            channel: Channel::Phone,
            class: ServiceClass::Free,
            urgency,
            problem: "no hot water".to_owned(),
            serial: Some(format!("2026-{:06}", document.0[0])),
            skill: (!skill.is_empty()).then(|| skill.to_owned()),
            origin: None,
        };
        self.state(document, CLERK, call);
    }

    pub(crate) fn confirm(&self, number: u8) {
        self.confirm_as(order(number));
    }

    /// A call about any document.
    pub(crate) fn call_as(&self, document: DocumentId, urgency: Urgency, skill: &str) {
        self.register_as(document, urgency, skill);
        self.confirm_as(document);
    }

    fn confirm_as(&self, document: DocumentId) {
        let confirm = ConfirmRequest { content: "repair".to_owned(), window: None, amount: None, in_warranty: true };
        self.state(document, CLERK, confirm);
    }

    /// A call, registered and confirmed now.
    pub(crate) fn call(&self, number: u8, urgency: Urgency, skill: &str) {
        self.register(number, urgency, skill);
        self.confirm(number);
    }

    /// The technician goes there and does it; gives the fact that it is done.
    pub(crate) fn complete(&self, number: u8, letter: char) -> FactId {
        let (document, technician) = (order(number), person(letter));
        let visit = self.state(document, technician, bodies::Arrive { visit: None, place: None }).reference();
        self.state(document, technician, bodies::Start { visit });
        self.state(document, technician, bodies::OutcomeDone { visit, finding: Some("repaired".to_owned()) })
    }

    /// The technician goes there and must come again.
    pub(crate) fn leave_unfinished(&self, number: u8, letter: char) {
        let (document, technician) = (order(number), person(letter));
        let visit = self.state(document, technician, bodies::Arrive { visit: None, place: None }).reference();
        self.state(document, technician, bodies::Start { visit });
        let reason = docket_sync_core::facts::values::UnfinishedReason::Parts;
        self.state(document, technician, bodies::OutcomeUnfinished { visit, reason, text: None, next: None });
    }

    pub(crate) fn refuse(&self, number: u8, letter: char) {
        let view = self.view(number);
        let assignment = view.assignment().unwrap().at.fact.reference();
        self.state(order(number), person(letter), bodies::Refuse { assignment, reason: "ill".to_owned() });
    }

    pub(crate) fn unassign(&self, number: u8, letter: char) {
        let body = bodies::Unassign { technician: person(letter), reason: "needed elsewhere".to_owned() };
        self.state(order(number), CLERK, body);
    }

    pub(crate) fn view(&self, number: u8) -> Arc<OrderView> {
        self.run(move |writer| writer.current_view(order(number)))
    }

    /// The frontier of an order's present view.
    pub(crate) fn frontier(&self, number: u8) -> Vec<FactRef> {
        self.view(number).frontier.iter().map(FactId::reference).collect()
    }

    /// Letter of the technician who has the order; `-` for nobody.
    pub(crate) fn technician(&self, number: u8) -> char {
        self.view(number).technician().map_or('-', |technician| char::from(technician.0[0]))
    }

    /// Lets a reactor deal with everything.
    pub(crate) async fn follow(&self, reactor: impl Reactor) {
        Runner::new(self.office.clone(), Arc::new(reactor)).catch_up().await.unwrap();
    }
}

fn write_person(writer: &mut Writer, record: &crate::auth::people::PersonRecord) {
    writer.put(Table::Person, record.id.0, record.to_bytes());
    let roles: Vec<u8> = record.roles.iter().map(|role| role.number()).collect();
    let (person, active, at) = (record.id, record.active, writer.now());
    let held = if active { roles.clone() } else { Vec::new() };
    writer.put(Table::Index, crate::commit::keys::roles_from(person, at), held);
    writer.log(&LogRecord::Person { person, roles, active, by: None, at });
}
