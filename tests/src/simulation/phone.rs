//! A phone of a simulated company: the real device library over a disk that outlives it, and what travels.

use std::collections::{BTreeMap, BTreeSet};

use docket_client::client::{ExecuteError, Shown};
use docket_client::replica::{JournalEntry, ReplicaError};
use docket_client::store::memory::{Fault, FaultPoint, MemoryDisk};
use docket_client::sync::{Exchange, SyncError};
use docket_sync_core::facts::{Fact, FactKind, StatedFact};
use docket_sync_core::ids::{DeviceId, DocumentId, FactId};

use super::ledger::FactName;
use super::live::Line;
use crate::world::{Device, Trouble};

/// Which direction of a connection works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OneWay {
    /// Only what the phone sends arrives.
    Out,
    /// Nothing that the phone sends arrives.
    In,
}

/// What a phone stated in one order and the office acknowledged.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    /// The number of the log at which it was seen to be.
    pub(super) number: u64,
    pub(super) facts: BTreeSet<FactName>,
}

/// A phone's backup: its disk, and what could be read on it.
pub(super) struct Backup {
    pub(super) disk: MemoryDisk,
    read: BTreeMap<DocumentId, BTreeSet<FactName>>,
}

/// A phone.
pub(super) struct Phone {
    pub(super) device: Device,
    /// The page that its technician left open.
    pub(super) page: Option<Shown>,
    /// A sync that is going on.
    pub(super) exchange: Option<Exchange>,
    /// A live session that is open.
    pub(super) line: Option<Line>,
    /// What only works in one direction, and for how many messages more.
    pub(super) one_way: Option<(OneWay, u64)>,
    /// Facts that were in the journal when it was last looked at.
    pub(super) waiting: BTreeMap<FactId, FactName>,
    /// Orders with acknowledged work of its own.
    pub(super) own: BTreeMap<DocumentId, Own>,
    /// What each order held when it could last be read here; it may be sealed since.
    pub(super) read: BTreeMap<DocumentId, BTreeSet<FactName>>,
    pub(super) backup: Option<Backup>,
    pub(super) is_revoked: bool,
    /// It is in the wrong hands, too.
    pub(super) is_rogue: bool,
    /// It, or its twin, was cloned or went back to a backup: its identity is used twice.
    pub(super) is_doubled: bool,
    /// The office lost what it had acknowledged to it, unnoticed, and its cursor is of before that: nothing but the
    /// different digest tells.
    pub(super) is_ahead: bool,
    /// Its clock is that of the phone it was copied from.
    pub(super) is_twin: bool,
}

impl Phone {
    pub(super) fn new(device: Device, is_rogue: bool) -> Self {
        Self {
            device,
            page: None,
            exchange: None,
            line: None,
            one_way: None,
            waiting: BTreeMap::new(),
            own: BTreeMap::new(),
            read: BTreeMap::new(),
            backup: None,
            is_revoked: false,
            is_rogue,
            is_doubled: false,
            is_ahead: false,
            is_twin: false,
        }
    }

    pub(super) fn id(&self) -> DeviceId {
        self.device.client.replica().identity().device
    }

    /// Whatever was going on with the office is over.
    pub(super) fn hang_up(&mut self) {
        (self.exchange, self.line) = (None, None);
    }

    /// Orders on it.
    pub(super) fn orders(&self) -> Result<Vec<DocumentId>, Trouble> {
        Ok(self.device.client.list()?.into_iter().map(|(order, _)| order).collect())
    }

    /// Orders on it that he may write in. On one that a colleague handed to him and that is not his he writes nothing.
    pub(super) fn own_orders(&self) -> Result<Vec<DocumentId>, Trouble> {
        let replica = self.device.client.replica();
        let mut own = Vec::new();
        for order in self.orders()? {
            let begins = |entry: &JournalEntry| {
                let stated = StatedFact::from_bytes(&entry.record.bytes).ok();
                stated.and_then(|stated| stated.content.body.kind()).is_some_and(FactKind::begins_order)
            };
            let began_here = || replica.journal().any(|entry| entry.document == order && begins(entry));
            if replica.keeps(order)? || began_here() {
                own.push(order);
            }
        }
        Ok(own)
    }

    /// Everything it holds: what it shows, what it could not send, and what was refused.
    pub(super) fn holds(&self) -> Result<BTreeSet<FactName>, Trouble> {
        let mut held: BTreeSet<FactName> = BTreeSet::new();
        for order in self.orders()? {
            let shown = self.device.show(order)?;
            held.extend(shown.facts.iter().map(|fact| (order, fact.digest)));
            held.extend(shown.refused.iter().map(|refused| (order, refused.fact.digest)));
        }
        held.extend(self.waiting.values().copied());
        let replica = self.device.client.replica();
        for (order, facts) in &self.read {
            if replica.keeps(*order)? {
                held.extend(facts);
            }
        }
        Ok(held)
    }

    /// Looks at what can be read now: what is sealed from now on is that.
    pub(super) fn note_what_it_reads(&mut self) -> Result<(), Trouble> {
        let mut read = BTreeMap::new();
        for (order, row) in self.device.client.list()? {
            let replica = self.device.client.replica();
            let names = match self.read.remove(&order) {
                known if row.evicted => known.filter(|_| replica.keeps(order).unwrap_or(false)),
                _ => Some(self.device.show(order)?.facts.iter().map(|fact| (order, fact.digest)).collect()),
            };
            read.extend(names.map(|names| (order, names)));
        }
        // An order that is only sealed is in no list.
        let replica = self.device.client.replica();
        self.read.retain(|order, _| replica.keeps(*order).unwrap_or(false));
        self.read.append(&mut read);
        Ok(())
    }

    /// Takes a backup of the phone.
    pub(super) fn back_up(&mut self) {
        self.backup = Some(Backup { disk: self.device.backup(), read: self.read.clone() });
    }

    /// Goes back to its backup; `false` when it has none.
    pub(super) fn go_back(&mut self) -> Result<bool, Trouble> {
        let Some(backup) = &self.backup else { return Ok(false) };
        let (disk, read) = (backup.disk.copy(), backup.read.clone());
        self.hang_up();
        (self.page, self.is_doubled) = (None, true);
        self.own.clear();
        self.read = read;
        self.device.restore(disk)?;
        Ok(true)
    }

    /// Power goes at the n-th write from now.
    pub(super) fn plan_crash(&self, luck: u64) {
        let point = if luck & 64 == 0 { FaultPoint::BeforeCommit } else { FaultPoint::AfterCommit };
        self.device.disk().plan(Fault { after_writes: luck % 6, point });
    }

    /// Starts again on what was durable.
    pub(super) fn restart(&mut self) -> Result<(), Trouble> {
        self.hang_up();
        self.page = None;
        self.device.restart()
    }
}

/// Whether this is the planned failure of a phone's disk.
pub(super) trait IsCrash {
    fn is_crash(&self) -> bool;
}

impl IsCrash for ReplicaError {
    fn is_crash(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

impl IsCrash for ExecuteError {
    fn is_crash(&self) -> bool {
        matches!(self, Self::Replica(error) if error.is_crash())
    }
}

impl IsCrash for SyncError {
    fn is_crash(&self) -> bool {
        matches!(self, Self::Replica(error) if error.is_crash())
    }
}

/// Whether a fact is what an entry of the journal states: a copy of the phone may have stated something else under the
/// same identity, which came here by another way.
pub(super) fn states(entry: &JournalEntry, fact: &Fact) -> bool {
    let stated = StatedFact::from_bytes(&entry.record.bytes);
    entry.id() == fact.id && entry.record.time == fact.time && stated.is_ok_and(|stated| stated.content == fact.content)
}
