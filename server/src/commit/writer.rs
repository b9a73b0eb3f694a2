//! The writer: what a job of the commit thread works with. It reads through what is decided but not yet
//! applied, and everything it writes happens together with the rest of the job, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use docket_sync_core::facts::{Origin, Role};
use docket_sync_core::ids::{DeviceId, DocumentId, PersonId};
use docket_sync_core::proof::chain_next;
use docket_sync_core::time::{HybridClock, UnixMillis};

use super::error::CommitError;
use super::keys::{self, ScopeId};
use super::meta::Tip;
use super::order::Order;
use super::overlay::{Layers, Overlay};
use super::tables::Tables;
use crate::auth::people::PersonRecord;
use crate::feed::devices::DeviceContact;
use crate::identity::{Identity, StoreKeys};
use crate::log::{LogRecord, entry_bytes};
use crate::platform::Platform;
use crate::restore::CLAIMS;
use crate::store::{Entry, KeyRange, Store, StoreError, Table, record};

/// Orders kept decoded between commits; each takes about 60 KB.
const ORDERS_KEPT: usize = 1_000;

/// What a group of jobs changed, for those who wait for news.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Orders.
    pub orders: BTreeSet<DocumentId>,
    /// Scopes whose feed moved.
    pub scopes: BTreeSet<ScopeId>,
    /// Devices that made contact.
    pub devices: BTreeSet<DeviceId>,
    /// Whether anything else of the log moved.
    pub other: bool,
}

/// The single writer of documents and feeds.
pub struct Writer {
    store: Arc<dyn Store>,
    pub(super) identity: Identity,
    pub(super) store_keys: StoreKeys,
    pub(super) platform: Platform,
    group: Overlay,
    job: Overlay,
    tip: Tip,
    tip_before_job: Tip,
    pub(super) orders: BTreeMap<DocumentId, Order>,
    pub(super) job_orders: BTreeSet<DocumentId>,
    pub(super) job_touched: Touched,
    group_touched: Touched,
    pub(super) hybrid: HybridClock,
    pub(super) unsaved: BTreeMap<DocumentId, UnixMillis>,
    started_at: u64,
    /// Whether a device has claimed to hold what a restored store lacks; `None`: not looked up yet.
    has_claims: Option<bool>,
    has_claims_before_job: Option<bool>,
    /// The device whose message this job deals with, as it last made contact.
    pub(super) heard: Option<(DeviceId, DeviceContact)>,
}

impl core::fmt::Debug for Writer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer").field("tip", &self.tip).finish_non_exhaustive()
    }
}

impl Tables for Writer {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.layers().get(table, key)
    }

    fn scan(&self, table: Table, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.layers().scan(table, range, limit)
    }
}

impl Writer {
    pub(super) fn new(
        store: Arc<dyn Store>,
        identity: Identity,
        store_keys: StoreKeys,
        platform: Platform,
        tip: Tip,
    ) -> Self {
        Self {
            store,
            identity,
            store_keys,
            platform,
            group: Overlay::default(),
            job: Overlay::default(),
            tip,
            tip_before_job: tip,
            orders: BTreeMap::new(),
            job_orders: BTreeSet::new(),
            job_touched: Touched::default(),
            group_touched: Touched::default(),
            hybrid: HybridClock::default(),
            unsaved: BTreeMap::new(),
            started_at: tip.number.saturating_add(1),
            has_claims: None,
            has_claims_before_job: None,
            heard: None,
        }
    }

    /// Now, by the server's clock.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.platform.clock.now()
    }

    /// Random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.platform.bytes()
    }

    /// Who this store is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The store's keys.
    #[must_use]
    pub fn store_keys(&self) -> &StoreKeys {
        &self.store_keys
    }

    /// The last number of the log, this job's records included.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// Number of this process's first record of the log.
    #[must_use]
    pub fn started_at(&self) -> u64 {
        self.started_at
    }

    fn layers(&self) -> Layers<'_> {
        Layers { store: self.store.as_ref(), layers: [&self.group, &self.job] }
    }

    /// Writes a value.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: Vec<u8>) {
        self.job.put(table, key.into(), Some(value));
    }

    /// Writes a record.
    pub fn write<T: minicbor::Encode<()>>(&mut self, table: Table, key: impl Into<Vec<u8>>, value: &T) {
        self.put(table, key, record::encode(value));
    }

    /// Removes a value.
    pub fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.job.put(table, key.into(), None);
    }

    /// Appends a record to the log; gives its number.
    pub fn log(&mut self, record: &LogRecord) -> u64 {
        let bytes = record.to_bytes();
        let number = self.tip.number.saturating_add(1);
        let chain = chain_next(self.tip.chain, number, &bytes);
        self.tip = Tip { number, chain };
        self.put(Table::Log, keys::number(number), entry_bytes(chain, &bytes));
        self.job_touched.other = true;
        number
    }

    /// The next value of a gap-free counter: the register's serials, certificates.
    pub fn next_number(&mut self, counter: &[u8]) -> Result<u64, CommitError> {
        let last: u64 = self.read(Table::Meta, counter)?.unwrap_or(0);
        let next = last.saturating_add(1);
        self.write(Table::Meta, counter, &next);
        Ok(next)
    }

    /// The next serial of the service call register: year and number (C-260).
    pub fn next_serial(&mut self) -> Result<String, CommitError> {
        let year = self.now().to_string().get(..4).unwrap_or("0000").to_owned();
        let counter = [keys::SERIAL, year.as_bytes()].concat();
        let number = self.next_number(&counter)?;
        Ok(format!("{year}-{number:06}"))
    }

    /// A person, if known.
    pub fn person(&self, person: PersonId) -> Result<Option<PersonRecord>, CommitError> {
        match self.get(Table::Person, &person.0)? {
            Some(bytes) => Ok(Some(PersonRecord::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Every role that a person held at some time from `since` until now.
    pub fn roles_since(&self, person: PersonId, since: UnixMillis) -> Result<Vec<Role>, CommitError> {
        let mut roles = BTreeSet::new();
        for (key, value) in self.scan(Table::Index, &KeyRange::prefix(keys::roles_of(person)), usize::MAX)? {
            let from = keys::read_number(&key).and_then(|at| i64::try_from(at).ok()).unwrap_or(0);
            if from <= since.0 {
                roles.clear();
            }
            roles.extend(value.iter().filter_map(|number| Role::from_number(*number)));
        }
        Ok(roles.into_iter().collect())
    }

    /// Roles of an active person; none for anybody else.
    pub fn roles(&self, person: PersonId) -> Result<Vec<Role>, CommitError> {
        Ok(self
            .person(person)?
            .filter(|person| person.active)
            .map(|person| person.roles.into_iter().collect())
            .unwrap_or_default())
    }

    /// Those who listen to `scope` are woken.
    pub(crate) fn touch_scope(&mut self, scope: ScopeId) {
        self.job_touched.scopes.insert(scope);
    }

    /// Those who watch devices are told that this one made contact.
    pub fn touch_device(&mut self, device: DeviceId) {
        self.job_touched.devices.insert(device);
    }

    /// This job deals with a message of `device`; what is stored of its contact may be older.
    pub fn hear(&mut self, device: DeviceId, contact: Option<DeviceContact>) {
        self.heard = contact.map(|contact| (device, contact));
    }

    /// Origin of the facts that this server states.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.identity.origin()
    }

    /// Whether any order has a claim of a device on it: there are some only after a loss.
    pub(crate) fn has_claims(&mut self) -> Result<bool, CommitError> {
        if let Some(known) = self.has_claims {
            return Ok(known);
        }
        let found = !self.scan(Table::Meta, &KeyRange::prefix(CLAIMS), 1)?.is_empty();
        self.has_claims = Some(found);
        Ok(found)
    }

    /// A claim was written or removed: it is looked up again whether there are any.
    pub(crate) fn claims_changed(&mut self) {
        self.has_claims = None;
    }

    pub(super) fn begin_job(&mut self) {
        self.tip_before_job = self.tip;
        self.has_claims_before_job = self.has_claims;
        self.heard = None;
    }

    pub(super) fn keep_job(&mut self) {
        if self.tip.number != self.tip_before_job.number {
            let tip = self.tip;
            self.write(Table::Meta, keys::TIP, &tip);
        }
        self.group.absorb(&mut self.job);
        self.job_orders.clear();
        let touched = std::mem::take(&mut self.job_touched);
        self.group_touched.orders.extend(touched.orders);
        self.group_touched.scopes.extend(touched.scopes);
        self.group_touched.devices.extend(touched.devices);
        self.group_touched.other |= touched.other;
    }

    /// Takes back everything the job did.
    pub(super) fn drop_job(&mut self) {
        self.job.clear();
        self.tip = self.tip_before_job;
        self.has_claims = self.has_claims_before_job;
        self.job_touched = Touched::default();
        for document in std::mem::take(&mut self.job_orders) {
            self.orders.remove(&document);
        }
    }

    pub(super) fn group_is_empty(&self) -> bool {
        self.group.is_empty()
    }

    pub(super) fn job_bytes(&self) -> usize {
        self.job.bytes()
    }

    pub(super) fn group_bytes(&self) -> usize {
        self.group.bytes()
    }

    /// The group's writes as one batch, which is to be committed before anything else is read here.
    pub(super) fn take_group(&mut self) -> crate::store::Batch {
        self.group.take_batch()
    }

    /// The group is durable: gives what it touched.
    pub(super) fn group_done(&mut self) -> Touched {
        self.group.clear();
        while self.orders.len() > ORDERS_KEPT {
            self.orders.pop_first();
        }
        std::mem::take(&mut self.group_touched)
    }

    /// The group was not applied: nothing of it happened.
    pub(super) fn group_failed(&mut self, tip: Tip) {
        self.group.clear();
        self.group_touched = Touched::default();
        self.orders.clear();
        self.tip = tip;
        self.has_claims = None;
    }
}
