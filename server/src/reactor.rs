//! Reactors: features that follow the log and answer what they find there with writes of their own.
//!
//! Each has a name and a cursor in the store. A page of records becomes one job of the commit thread, which looks
//! at the present state again and writes effects and cursor together: a crash repeats a page whole or not at all,
//! so every effect happens exactly once. An order that a reactor cannot deal with is set aside with the reason
//! and holds nobody up. Not here: what the reactors do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::office::Office;
use crate::store::{KeyRange, StoreError, Table};

/// Records of the log in one page: one job, short enough that pushes do not wait long for it.
const PAGE: usize = 128;
/// Records without a concern after which the cursor is written all the same; a restart reads at most these again.
const UNSAVED_MAX: u64 = 4_096;
/// Time between two looks at what has fallen due.
const TICK: Duration = Duration::from_secs(30);
/// Time until the next try when the store is busy or full.
const RETRY: Duration = Duration::from_secs(1);
/// Table Reactor: prefix of what was set aside.
const DEAD: &[u8] = b"dead/";

/// What a record of the log means to a reactor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// An order changed.
    Order(DocumentId),
    /// People, skills or the policy changed.
    Roster,
}

/// A feature that follows the log.
pub trait Reactor: Send + Sync + 'static {
    /// Its name, for ever: the cursor is kept under it.
    fn name(&self) -> &'static str;

    /// What the record means to it, if anything. Reads nothing but the record.
    fn concern(&self, record: &LogRecord) -> Option<Concern>;

    /// Deals with a page. Must look at the present state, which may be ahead of the page, and must be able to see
    /// the same page again.
    ///
    /// # Errors
    /// When the store fails, or an order cannot be dealt with: the one that [`Page::for_order`] was at.
    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError>;
}

/// A page of the log, as far as it concerns one reactor.
#[derive(Debug, Default)]
pub struct Page {
    orders: BTreeSet<DocumentId>,
    roster: bool,
    tick: bool,
    through: u64,
    set_aside: BTreeSet<DocumentId>,
    at: Mutex<Option<DocumentId>>,
}

impl Page {
    /// The orders that changed, in the order of their ids, without those that were set aside.
    pub fn orders(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.orders.difference(&self.set_aside).copied()
    }

    /// Whether people, skills or the policy changed.
    #[must_use]
    pub fn roster_changed(&self) -> bool {
        self.roster
    }

    /// Whether it is time to look at what has fallen due, or was left undone.
    #[must_use]
    pub fn is_tick(&self) -> bool {
        self.tick
    }

    /// Does `work` for an order: when it fails or panics, this order is to blame and nobody else.
    ///
    /// # Errors
    /// What `work` says.
    pub fn for_order<T>(
        &self,
        order: DocumentId,
        work: impl FnOnce() -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        *self.at() = Some(order);
        let done = work()?;
        *self.at() = None;
        Ok(done)
    }

    fn at(&self) -> MutexGuard<'_, Option<DocumentId>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_empty(&self) -> bool {
        self.orders.is_empty() && !self.roster && !self.tick
    }
}

/// An order that a reactor could not deal with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeadLetter {
    /// The order.
    #[n(0)]
    pub order: DocumentId,
    /// Last log number of the page.
    #[n(1)]
    pub number: u64,
    /// What went wrong.
    #[n(2)]
    pub reason: String,
    /// When.
    #[n(3)]
    pub at: UnixMillis,
}

/// Everything that a reactor has set aside.
///
/// # Errors
/// When the store fails.
pub fn dead_letters<T: Tables + ?Sized>(tables: &T, name: &str) -> Result<Vec<DeadLetter>, CommitError> {
    let range = KeyRange::prefix([DEAD, name.as_bytes(), b"/"].concat());
    let entries = tables.scan(Table::Reactor, &range, usize::MAX)?;
    Ok(entries
        .into_iter()
        .map(|(_, bytes)| crate::store::record::decode("dead letter", &bytes))
        .collect::<Result<_, _>>()?)
}

/// Whether an order was set aside by a reactor and has not changed since.
///
/// # Errors
/// When the store fails.
pub fn is_set_aside<T: Tables + ?Sized>(tables: &T, name: &str, order: DocumentId) -> Result<bool, CommitError> {
    Ok(tables.get(Table::Reactor, &dead_key(name, order))?.is_some())
}

fn dead_key(name: &str, order: DocumentId) -> Vec<u8> {
    [DEAD, name.as_bytes(), b"/", &order.0].concat()
}

/// Starts every reactor of the office. They end when the office stops, after the job they are at.
#[must_use]
pub fn spawn_all(office: &Arc<Office>) -> Vec<JoinHandle<()>> {
    all(office).into_iter().map(|runner| tokio::spawn(runner.run())).collect()
}

/// A runner for every reactor of the office, to be stepped by hand.
#[must_use]
pub fn all(office: &Arc<Office>) -> Vec<Runner> {
    let reactors: Vec<Arc<dyn Reactor>> = vec![
        Arc::new(crate::dispatch::reactor::Rotation),
        Arc::new(crate::callbacks::reactor::FollowUp),
        Arc::new(crate::signatures::SignatureCheck),
        Arc::new(crate::guarantee::RepairGuarantee),
        Arc::new(crate::books::reactor::Bookkeeper),
        Arc::new(crate::attachments::reactor::NamedAttachments),
        Arc::new(crate::onsite::FoundOnSite),
    ];
    reactors.into_iter().map(|reactor| Runner::new(office.clone(), reactor)).collect()
}

/// Runs one reactor.
pub struct Runner {
    office: Arc<Office>,
    reactor: Arc<dyn Reactor>,
    /// The last record dealt with; read from the store at the first page.
    cursor: Option<u64>,
    saved: u64,
}

impl core::fmt::Debug for Runner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Runner").field("reactor", &self.reactor.name()).finish_non_exhaustive()
    }
}

impl Runner {
    /// A runner that continues where the reactor's cursor stands.
    #[must_use]
    pub fn new(office: Arc<Office>, reactor: Arc<dyn Reactor>) -> Self {
        Self { office, reactor, cursor: None, saved: 0 }
    }

    /// Follows the log until the office stops.
    pub async fn run(mut self) {
        let mut stop = self.office.stop_signal();
        let mut news = self.office.hub.news();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut failing, mut ticked) = (false, false);
        while !*stop.borrow() {
            match self.catch_up().await {
                Ok(()) if !ticked => failing = false,
                Ok(()) => {
                    ticked = false;
                    failing = self.tick().await.is_err();
                }
                Err(CommitError::Stopping) => return,
                Err(error) => {
                    if !failing {
                        tracing::warn!(reactor = self.reactor.name(), %error, "a reactor waits and tries again");
                    }
                    failing = true;
                }
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                heard = news.recv(), if !failing => match heard {
                    Err(RecvError::Closed) => break,
                    // Whatever else was heard meanwhile is in the log that is read now.
                    Ok(_) | Err(RecvError::Lagged(_)) => while !matches!(
                        news.try_recv(),
                        Err(tokio::sync::broadcast::error::TryRecvError::Empty
                            | tokio::sync::broadcast::error::TryRecvError::Closed)
                    ) {},
                },
                () = tokio::time::sleep(RETRY), if failing => {}
                _ = tick.tick() => ticked = true,
            }
        }
        if let Err(error) = self.save().await {
            tracing::debug!(reactor = self.reactor.name(), %error, "the cursor stays where it was");
        }
    }

    /// Deals with everything that is durable now.
    ///
    /// # Errors
    /// When the store is busy, full or failing: nothing is lost, try again.
    pub async fn catch_up(&mut self) -> Result<(), CommitError> {
        let stop = self.office.stop_signal();
        while !*stop.borrow() {
            let Some(page) = self.read_page()? else { break };
            self.deal_with(page).await?;
        }
        if self.cursor.unwrap_or(0).saturating_sub(self.saved) >= UNSAVED_MAX { self.save().await } else { Ok(()) }
    }

    /// The next page, at or below the durable number; `None` at the end.
    fn read_page(&mut self) -> Result<Option<Page>, CommitError> {
        let durable = self.office.hub.read();
        let tables = self.office.store.as_ref();
        let cursor = if let Some(cursor) = self.cursor {
            cursor
        } else {
            self.saved = tables.read(Table::Reactor, self.reactor.name().as_bytes())?.unwrap_or(0);
            *self.cursor.insert(self.saved)
        };
        if cursor >= durable.number {
            return Ok(None);
        }
        let mut page = Page { through: cursor, ..Page::default() };
        for (number, entry) in tables.log_after(cursor, PAGE)? {
            if number > durable.number {
                break;
            }
            page.through = number;
            match self.reactor.concern(&entry.record) {
                Some(Concern::Order(order)) => {
                    page.orders.insert(order);
                }
                Some(Concern::Roster) => page.roster = true,
                None => {}
            }
        }
        Ok((page.through > cursor).then_some(page))
    }

    /// Deals with a page; an order that cannot be dealt with is set aside and the rest is done without it.
    async fn deal_with(&mut self, mut page: Page) -> Result<(), CommitError> {
        let through = page.through;
        while !page.is_empty() {
            let shared = Arc::new(page);
            let Err(error) = self.react(shared.clone()).await else {
                self.saved = through;
                break;
            };
            // Without an order to blame, or when the store is in trouble, the page must be tried again.
            let blamed = shared.at().take().filter(|order| !shared.set_aside.contains(order));
            let Some(order) = blamed.filter(|_| !is_passing(&error)) else { return Err(error) };
            self.set_aside(order, through, &error).await?;
            let mut set_aside = shared.set_aside.clone();
            set_aside.insert(order);
            let (orders, roster, tick) = (shared.orders.clone(), shared.roster, shared.tick);
            page = Page { orders, roster, tick, through, set_aside, ..Page::default() };
        }
        self.cursor = Some(through);
        Ok(())
    }

    async fn react(&self, page: Arc<Page>) -> Result<(), CommitError> {
        let reactor = self.reactor.clone();
        self.office
            .committer
            .run(move |writer| {
                let name = reactor.name();
                for order in page.orders() {
                    // It changed, so it gets another try.
                    let key = dead_key(name, order);
                    if writer.get(Table::Reactor, &key)?.is_some() {
                        writer.remove(Table::Reactor, key);
                    }
                }
                reactor.react(writer, &page)?;
                let saved: u64 = writer.read(Table::Reactor, name.as_bytes())?.unwrap_or(0);
                if page.through > saved {
                    writer.write(Table::Reactor, name.as_bytes(), &page.through);
                }
                Ok(())
            })
            .await
    }

    /// Keeps what could not be dealt with, for people to look at.
    async fn set_aside(&self, order: DocumentId, number: u64, error: &CommitError) -> Result<(), CommitError> {
        let name = self.reactor.name();
        let reason = error.to_string();
        tracing::error!(reactor = name, work_order.id = %order, number, reason, "a reactor set an order aside");
        self.office
            .committer
            .run(move |writer| {
                let letter = DeadLetter { order, number, reason, at: writer.now() };
                writer.write(Table::Reactor, dead_key(name, order), &letter);
                Ok(())
            })
            .await
    }

    /// Looks at what has fallen due.
    ///
    /// # Errors
    /// As [`Runner::catch_up`].
    pub async fn tick(&mut self) -> Result<(), CommitError> {
        let page = Page { tick: true, through: self.cursor.unwrap_or(0), ..Page::default() };
        self.deal_with(page).await
    }

    async fn save(&mut self) -> Result<(), CommitError> {
        let (Some(cursor), name) = (self.cursor, self.reactor.name()) else { return Ok(()) };
        if cursor > self.saved {
            let write = move |writer: &mut Writer| {
                writer.write(Table::Reactor, name.as_bytes(), &cursor);
                Ok(())
            };
            self.office.committer.run(write).await?;
            self.saved = cursor;
        }
        Ok(())
    }
}

/// Errors that say nothing about the records: the same job may succeed later.
fn is_passing(error: &CommitError) -> bool {
    match error {
        CommitError::Busy | CommitError::Stopping => true,
        CommitError::Store(error) => !matches!(
            error,
            StoreError::Value { .. }
                | StoreError::Damaged { .. }
                | StoreError::Encrypted { .. }
                | StoreError::TooLarge { .. }
        ),
        CommitError::Refused(_)
        | CommitError::NoOrder(_)
        | CommitError::NotFound { .. }
        | CommitError::UnknownFrontier(_)
        | CommitError::AlreadyDone { .. }
        | CommitError::Invalid { .. }
        | CommitError::InvalidPath { .. }
        | CommitError::OrderFull(_)
        | CommitError::Record(_)
        | CommitError::Document(_)
        | CommitError::Internal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use docket_sync_core::facts::values::Urgency;

    use super::*;
    use crate::dispatch::world::{World, order};
    use crate::store::MemoryStore;

    /// Counts what it sees in table Callback; fails or panics at some orders while they are broken.
    struct Fussy {
        broken: Arc<Mutex<Vec<DocumentId>>>,
    }

    impl Reactor for Fussy {
        fn name(&self) -> &'static str {
            "fussy"
        }

        fn concern(&self, record: &LogRecord) -> Option<Concern> {
            match record {
                LogRecord::Fact(fact) => Some(Concern::Order(fact.document)),
                _ => None,
            }
        }

        fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
            for order in page.orders() {
                page.for_order(order, || {
                    let seen: u64 = writer.read(Table::Callback, &order.0)?.unwrap_or(0);
                    writer.write(Table::Callback, order.0, &(seen + 1));
                    let broken = self.broken.lock().unwrap().contains(&order);
                    assert!(!broken || order.0[0] != 3, "a defect");
                    if broken { Err(CommitError::Internal("broken".to_owned())) } else { Ok(()) }
                })?;
            }
            Ok(())
        }
    }

    fn seen(world: &World, number: u8) -> u64 {
        world.run(move |writer| Ok(writer.read(Table::Callback, &order(number).0)?.unwrap_or(0)))
    }

    #[tokio::test]
    async fn what_fails_is_set_aside_with_its_reason_and_blocks_nobody() {
        let world = World::open(Arc::new(MemoryStore::new()));
        let broken = Arc::new(Mutex::new(vec![order(2), order(3)]));
        for number in 1..=4 {
            world.register(number, Urgency::Normal, "");
        }
        let mut runner = Runner::new(world.office.clone(), Arc::new(Fussy { broken: broken.clone() }));
        runner.catch_up().await.unwrap();
        assert_eq!((1..=4).map(|number| seen(&world, number)).collect::<Vec<_>>(), [1, 0, 0, 1]);
        let letters = world.run(|writer| dead_letters(writer, "fussy"));
        assert_eq!(letters.iter().map(|letter| letter.order).collect::<Vec<_>>(), [order(2), order(3)]);
        assert!(letters[0].reason.contains("broken") && letters[1].reason.contains("panicked"), "{letters:?}");
        // It changes and is no longer broken: dealt with, and off the list.
        broken.lock().unwrap().clear();
        world.confirm(2);
        runner.catch_up().await.unwrap();
        assert_eq!(seen(&world, 2), 1);
        let letters = world.run(|writer| dead_letters(writer, "fussy"));
        assert_eq!(letters.iter().map(|letter| letter.order).collect::<Vec<_>>(), [order(3)]);
        assert!(world.run(|writer| is_set_aside(writer, "fussy", order(3))));
    }

    #[tokio::test]
    async fn a_restarted_runner_goes_on_where_the_last_one_was() {
        let world = World::open(Arc::new(MemoryStore::new()));
        let fussy = || Arc::new(Fussy { broken: Arc::default() });
        world.register(1, Urgency::Normal, "");
        Runner::new(world.office.clone(), fussy()).catch_up().await.unwrap();
        world.register(2, Urgency::Normal, "");
        Runner::new(world.office.clone(), fussy()).catch_up().await.unwrap();
        assert_eq!((seen(&world, 1), seen(&world, 2)), (1, 1));
    }

    #[tokio::test]
    async fn reactors_follow_the_news_are_idle_without_and_end_with_the_office() {
        let store = Arc::new(MemoryStore::new());
        let world = World::open(store.clone());
        world.hire("A");
        let tasks = spawn_all(&world.office);
        let mut news = world.office.hub.news();
        world.call(1, Urgency::Normal, "");
        let dispatched = async {
            while world.technician(1) != 'A' {
                let _heard = news.recv().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), dispatched).await.unwrap();
        world.office.stop();
        for task in tasks {
            tokio::time::timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
        }
    }
}
