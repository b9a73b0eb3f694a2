//! Relaying to the store what colleagues handed over, under their envelopes and its own receipts.

use docket_sync_core::ids::{DeviceId, DocumentId};
use docket_sync_core::sync::frames::{Ack, Cover, Push};

use super::super::sealed_rows::signed_blobs;
use super::super::stored::{row_key, to_bytes};
use super::super::{DeviceReplica, ReplicaError, Work};
use super::CarriedPush;
use crate::store::{DeviceStore, Table, scan_all};

/// Pushes for others in one message: it has room for a Hello, an own push and 62 more frames.
const PUSHES_AT_ONCE: usize = 32;
/// Bytes of them in one message.
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// After so many sessions without an answer a push waits until this device's own facts have been answered: whatever
/// stops it does not stop them.
const TRIES: u32 = 3;

/// Pushes for others that are under way in this session.
#[derive(Debug, Default)]
pub(in crate::replica) struct UnderWay {
    /// By the maker's device and the counter of his envelope.
    counted: Vec<(DeviceId, u64, u64)>,
    /// Those under receipts, in the order in which they were sent: the store answers in that order.
    uncounted: Vec<u64>,
    /// Those that the store could not take in this session.
    put_off: Vec<u64>,
}

impl UnderWay {
    fn holds(&self, row: u64) -> bool {
        self.uncounted.contains(&row)
            || self.put_off.contains(&row)
            || self.counted.iter().any(|(_, _, under_way)| *under_way == row)
    }

    fn answered(&mut self, ack: &Ack) -> Option<u64> {
        let at = match ack.device {
            Some(device) => {
                let of_it = |(maker, counter, _): &(DeviceId, u64, u64)| *maker == device && *counter == ack.counter;
                return self.counted.iter().position(of_it).map(|at| self.counted.remove(at).2);
            }
            None if ack.counter == 0 && !self.uncounted.is_empty() => 0,
            None => return None,
        };
        Some(self.uncounted.remove(at))
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Whether something of others waits that this session may still send.
    pub(in crate::replica) fn has_relays(&self) -> bool {
        !self.is_healing() && self.relays().next().is_some()
    }

    fn relays(&self) -> impl Iterator<Item = (u64, &CarriedPush)> {
        let own_wait = self.journal.values().any(super::super::stored::JournalEntry::waits);
        let waits = move |carried: &CarriedPush| {
            let may_wait_longer = carried.tries >= TRIES && own_wait;
            carried.relayed.is_none() && !may_wait_longer
        };
        let all = self.carried.iter().map(|(row, carried)| (*row, carried));
        all.filter(move |(row, carried)| waits(carried) && !self.flight.relays.holds(*row))
    }

    /// The next pushes for others.
    pub(in crate::replica) fn make_relays(&mut self) -> Result<Vec<Push>, ReplicaError> {
        if !self.has_relays() {
            return Ok(Vec::new());
        }
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        for (row, carried) in self.relays().take(PUSHES_AT_ONCE) {
            bytes = bytes.saturating_add(to_bytes(&carried.push).len());
            if bytes > BYTES_AT_ONCE && !rows.is_empty() {
                break;
            }
            rows.push(row);
        }
        let mut work = Work::default();
        let mut pushes = Vec::new();
        for row in rows {
            let Some(carried) = self.carried.get_mut(&row) else { continue };
            carried.tries = carried.tries.saturating_add(1);
            work.batch.put(Table::Carried, row_key(row), to_bytes(carried));
            match &carried.push.cover {
                Cover::Relayed { envelope, .. } => {
                    self.flight.relays.counted.push((envelope.device, envelope.counter, row));
                }
                Cover::Own { .. } | Cover::Receipt { .. } | Cover::None => self.flight.relays.uncounted.push(row),
            }
            pushes.push(carried.push.clone());
        }
        self.commit(work)?;
        Ok(pushes)
    }

    /// Settles the answer to a push for others; tells whether it was one. Whatever the store said of its facts, it has
    /// them now: accepted, known before, held, or waiting for a person.
    pub(in crate::replica) fn settle_relay(&mut self, ack: &Ack, work: &mut Work) -> bool {
        let Some(row) = self.flight.relays.answered(ack) else { return ack.device.is_some() };
        if ack.damaged.is_some() {
            // The store kept nothing of it: it goes on being carried, and is tried in another session.
            self.flight.relays.put_off.push(row);
            return true;
        }
        if let Some(carried) = self.carried.get_mut(&row) {
            carried.relayed = Some(ack.number);
            work.batch.put(Table::Carried, row_key(row), to_bytes(carried));
        }
        true
    }

    /// A store that was restored, or stands before the number with which it answered, has lost what was relayed to it.
    pub(in crate::replica) fn relay_again(&mut self, is_restored: bool, durable_to: u64, work: &mut Work) {
        for (row, carried) in &mut self.carried {
            if carried.relayed.is_some_and(|at| is_restored || at > durable_to) {
                carried.relayed = None;
                work.batch.put(Table::Carried, row_key(*row), to_bytes(carried));
            }
        }
    }

    /// Drops what the store has and would have sent by `number`, had it been for this device.
    pub(in crate::replica) fn drop_relayed(&mut self, number: u64, work: &mut Work) -> Result<(), ReplicaError> {
        let mut done = Vec::new();
        for (row, carried) in &self.carried {
            let behind = |id: DocumentId| self.flight.behind.contains(&id) || self.flight.asked.contains(&id);
            if carried.documents().any(behind) {
                continue;
            }
            let answered = carried.relayed.is_some_and(|at| at <= number);
            if answered || (carried.waiting() == 0 && self.store_has(carried, work)?) {
                done.push(*row);
            }
        }
        for row in done {
            let Some(carried) = self.carried.remove(&row) else { continue };
            work.batch.delete(Table::Carried, row_key(row));
            for (id, records) in carried.records() {
                work.touched.insert(id);
                let is_here = work.bases.contains_key(&id) || self.meta(id)?.is_some();
                for blob in signed_blobs(&records).into_iter().filter(|_| !is_here) {
                    work.batch.delete(Table::Proof, blob.0);
                }
            }
        }
        if self.carried.is_empty() {
            for (key, _) in scan_all(&self.store, Table::Told)? {
                work.batch.delete(Table::Told, key);
            }
        }
        Ok(())
    }

    /// Whether the store has sent all of it.
    fn store_has(&self, carried: &CarriedPush, work: &Work) -> Result<bool, ReplicaError> {
        for entered in &carried.entered {
            let id = entered.document;
            let loaded = if work.bases.contains_key(&id) { None } else { self.load_base(id)? };
            let base = work.bases.get(&id).or(loaded.as_ref());
            let hash = base.and_then(|base| base.document.change_hash(entered.actor, entered.sequence));
            if hash != Some(entered.hash) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
