//! The replica as the session of the core sees it.

use docket_sync_core::facts::SCHEMA_LEVEL;
use docket_sync_core::ids::{Digest, Epoch, Signature};
use docket_sync_core::limits::HYBRID_AHEAD_MAX_MS;
use docket_sync_core::proof;
use docket_sync_core::sync::device::{Applied, Greeting, Healed, Replica};
use docket_sync_core::sync::frames::{
    Ack, Batch, Have, Heads, Hello, Introduce, NonceFrame, PROTOCOL, Pending, Push, References, Renew, Welcome,
};

use super::{DeviceReplica, ReplicaError, Work};
use crate::store::DeviceStore;

/// An epoch that no store has.
const NO_EPOCH: Epoch = Epoch([0; 8]);

impl<S: DeviceStore> Replica for DeviceReplica<S> {
    type Error = ReplicaError;

    fn has_unsent(&self) -> bool {
        self.has_rows_to_push() || self.has_relays()
    }

    fn next_pushes(&mut self) -> Result<Vec<Push>, ReplicaError> {
        self.guarded(|this| {
            // What colleagues handed over comes first: own facts may build on it.
            let mut pushes = this.make_relays()?;
            pushes.extend(this.make_push()?);
            Ok(pushes)
        })
    }

    fn hello(&mut self, travels: Option<Digest>) -> Result<Hello, ReplicaError> {
        self.guarded(|this| {
            this.state.session_counter = this.state.session_counter.saturating_add(1);
            this.commit(Work::default())?;
            let mut hello = Hello {
                protocol: PROTOCOL,
                device: this.identity.device,
                incarnation: this.state.incarnation,
                counter: this.state.session_counter,
                nonce: this.state.nonce,
                cursor: this.state.cursor,
                level: SCHEMA_LEVEL,
                signature: Signature([0; Signature::LENGTH]),
                travels,
                pending: this.pending(),
                walk_from: this.state.cursor.and(this.state.walk_from),
            };
            hello.signature = proof::sign(&this.key, &hello.signed_bytes(this.identity.store));
            Ok(hello)
        })
    }

    fn welcomed(&mut self, welcome: &Welcome) -> Result<Greeting, ReplicaError> {
        self.guarded(|this| {
            let now = this.platform.clock.monotonic();
            let state = &mut this.state;
            state.live_on(welcome.server_time, now);
            state.clock.welcomed(welcome.server_time, now);
            // Stamps that ran ahead while the estimate was wrong are not followed: what this device states next
            // would be refused until the world has caught up.
            if state.hybrid.since(welcome.server_time) > HYBRID_AHEAD_MAX_MS {
                state.hybrid = welcome.server_time;
            }
            state.nonce = welcome.nonce;
            state.durable_to = welcome.durable_to;
            state.backed_up_to = welcome.backed_up_to;
            state.server_level = welcome.level;
            state.limits = welcome.limits;
            state.last_sync = Some(welcome.server_time);
            let cursor = this.state.cursor.filter(|cursor| cursor.epoch == welcome.epoch);
            if cursor.is_some_and(|cursor| welcome.durable_to < cursor.number) {
                this.begin_anew();
            }
            let is_restored = welcome.epoch != this.state.healed_epoch;
            if is_restored {
                this.state.after_a_loss = Some(true);
            }
            if let Some(digest) = welcome.digest {
                this.compare_digest(digest);
            }
            let greeting = this.greeting(welcome)?;
            let mut work = Work::default();
            // Nothing is new: the store stands in the same log as this device.
            if welcome.digest.is_some() {
                this.drop_evicted(welcome.epoch, &mut work)?;
            }
            this.seal_evicted(&mut work)?;
            this.relay_again(is_restored, welcome.durable_to, &mut work);
            if welcome.digest.is_some() {
                this.drop_relayed(welcome.durable_to, &mut work)?;
            }
            this.commit(work)?;
            Ok(greeting)
        })
    }

    fn acknowledged(&mut self, ack: &Ack) -> Result<(), ReplicaError> {
        self.guarded(|this| this.settle(ack))
    }

    fn apply(&mut self, batch: Batch) -> Result<Applied, ReplicaError> {
        self.guarded(|this| this.apply_batch(&batch))
    }

    fn new_nonce(&mut self, nonce: &NonceFrame) -> Result<(), ReplicaError> {
        self.guarded(|this| {
            this.state.nonce = nonce.nonce;
            let mut work = Work::default();
            if nonce.last_counter > this.state.session_counter {
                // This store is an older copy of itself: whatever it states now must come from a new actor.
                this.state.session_counter = nonce.last_counter;
                let fresh = this.draw_incarnation()?;
                this.restate_waiting(fresh, &mut work)?;
            }
            this.commit(work)
        })
    }

    fn renew(&mut self, renew: &Renew) -> Result<(), ReplicaError> {
        self.guarded(|this| {
            let mut work = Work::default();
            this.reclaim(renew, &mut work)?;
            let fresh = this.draw_incarnation()?;
            this.restate_all(fresh, &mut work)?;
            this.commit(work)
        })
    }

    fn references(&mut self) -> Result<Vec<References>, ReplicaError> {
        self.guarded(|this| this.references_to_give_back())
    }

    fn introduction(&self) -> Option<Introduce> {
        let is_forgotten = self.state.forgotten == Some(true);
        is_forgotten.then(|| Introduce { certificate: self.identity.certificate.clone() })
    }

    fn forgotten(&mut self) -> Result<(), ReplicaError> {
        self.guarded(|this| {
            this.state.forgotten = Some(true);
            this.commit(Work::default())
        })
    }

    fn heads(&mut self) -> Result<Heads, ReplicaError> {
        self.guarded(|this| this.all_heads())
    }

    fn heal(&mut self, have: &Have) -> Result<Healed, ReplicaError> {
        self.guarded(|this| this.compared(have))
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// What exists on this device only.
    pub(crate) fn pending(&self) -> Option<Pending> {
        let mut waiting = self.journal.values().filter(|entry| entry.waits());
        let oldest = waiting.next()?.record.time;
        let count = u64::try_from(waiting.count()).unwrap_or(u64::MAX).saturating_add(1);
        Some(Pending { count, oldest })
    }

    fn greeting(&mut self, welcome: &Welcome) -> Result<Greeting, ReplicaError> {
        // Without a batch to follow, the digest in the Welcome says that nothing more comes.
        self.flight.caught_up = welcome.digest.is_some();
        if welcome.epoch != self.state.healed_epoch {
            if self.flight.healing.is_some() {
                // This session already compares heads.
                return Ok(Greeting::Known);
            }
            if self.holds_what_may_be_lost()? {
                self.flight.healing = Some(super::heal::Healing::of(welcome.epoch));
                // The first pull is compared when the store has back what it lost.
                self.flight.compared = true;
                return Ok(Greeting::NewEpoch);
            }
            self.state.healed_epoch = welcome.epoch;
        }
        let differs = welcome.digest.is_some() && self.state.verified == Some(false);
        Ok(if differs && self.may_compare() { Greeting::DigestDiffers } else { Greeting::Known })
    }

    /// The store lost what came after some number and does not know it: everything is pulled again, heads are compared
    /// as with an unknown epoch, until that is done, and files are offered anew.
    pub(super) fn begin_anew(&mut self) {
        self.state.cursor = None;
        self.state.healed_epoch = NO_EPOCH;
        self.state.after_a_loss = Some(true);
        self.state.losses = Some(self.state.losses.unwrap_or(0).saturating_add(1));
    }

    /// Whether the store may lack what new facts build on: they wait until it has it back.
    pub(super) fn is_healing(&self) -> bool {
        match self.state.cursor {
            Some(cursor) => cursor.epoch != self.state.healed_epoch,
            None => self.state.healed_epoch == NO_EPOCH,
        }
    }

    /// Whether heads are still to be compared in this session.
    pub(super) fn may_compare(&mut self) -> bool {
        !core::mem::replace(&mut self.flight.compared, true)
    }

    /// Compares the store's digest with the base's. Between a loss of the store and the first time that the two are
    /// equal again a difference is that loss, which this device is there to heal: it is not counted. Equal before
    /// everything was given back, what is sealed here included, they are so by chance.
    pub(super) fn compare_digest(&mut self, digest: Digest) -> bool {
        let equal = self.state.sum == digest;
        self.state.verified = Some(equal);
        if equal {
            self.state.pulled_again = None;
            if !self.is_healing() {
                self.state.after_a_loss = None;
            }
        } else if self.state.after_a_loss != Some(true) {
            self.state.differences = self.state.differences.saturating_add(1);
        }
        equal
    }
}
