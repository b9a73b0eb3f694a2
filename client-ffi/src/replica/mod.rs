//! The device's replica: what the store acknowledged or sent, and a journal of what it has not yet.
//!
//! For each document there is a *base* (the store's state, as far as it is known here) and, in one journal,
//! this device's own facts that are not acknowledged. Views fold both; receipts, heads and digests concern the
//! base only. Everything an operation changes becomes durable in one batch before it returns; after an error
//! the next operation reads its state from the store again.
//!
//! What it is not: it opens no connection (see `transport`), and it decides nothing about work orders.

mod attachments;
mod base;
mod bundles;
mod coming_back;
mod files_safe;
mod heal;
mod journal;
mod lived;
mod one_time;
mod order_rows;
mod pull;
mod push;
mod reclaim;
mod retention;
mod sealed_rows;
mod session;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::DecodeError;
use docket_sync_core::bundle::BundleError;
use docket_sync_core::document::{DocumentError, Record};
use docket_sync_core::ids::{ChangeHash, DocumentId, Incarnation, KeyId, RecordId};
use docket_sync_core::proof::Certificate;
use docket_sync_core::reference::ReferenceRecord;
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::time::{HybridClock, TimeReading};
use ed25519_dalek::SigningKey;

pub use self::attachments::{AttachError, KEPT_BYTES_MAX, KeptAttachment};
use self::base::Base;
pub use self::bundles::{CarriedHere, Share, Taken, TakenOrder};
pub use self::files_safe::Confirmed;
pub use self::journal::NewFact;
pub use self::one_time::{CodeCheck, Numbers};
pub(crate) use self::stored::{COMPANY, DeviceState, IDENTITY, POLICY, STATE, to_bytes};
pub use self::stored::{Identity, JournalEntry};
use self::stored::{Journal, from_bytes, row_key, row_number};
use crate::platform::{Platform, PlatformError, SecretName, random_bytes};
use crate::store::{Batch, DeviceStore, StoreError, Table, scan_all};

/// Why the replica cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// This device was never enrolled.
    #[error("this device is not enrolled")]
    NotEnrolled,
    /// The device's signing key is not in the platform's key store: it was restored on other hardware.
    #[error("this device's key is gone; it must be enrolled again")]
    KeyMissing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A stored value is not of its layout.
    #[error("a stored value is damaged: {0}")]
    Damaged(#[from] DecodeError),
    /// A stored document is damaged.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A draft was signed by the other side, and this device has stated something else in the order since.
    #[error("this draft is outdated: something was stated in its order since")]
    DraftOutdated,
    /// A bundle is not made, or not taken.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The order is not on this device.
    #[error("order {0} is not on this device")]
    NoDocument(DocumentId),
}

/// Envelope counters reserved at once.
const ENVELOPES_RESERVED: u64 = 64;

/// The device's replica over a store.
pub struct DeviceReplica<S> {
    store: S,
    platform: Platform,
    identity: Identity,
    certificate: Certificate,
    key: SigningKey,
    state: DeviceState,
    journal: Journal,
    /// What colleagues handed over.
    carried: bundles::Carried,
    flight: Flight,
    retention: retention::Retention,
    // Invariant: at most what the stored state reserves; after opening, all of it counts as used.
    envelopes_used: u64,
    // Invariant: set while memory may differ from the store; nothing is used before it was read again.
    stale: bool,
}

impl<S> core::fmt::Debug for DeviceReplica<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DeviceReplica").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// What concerns one session only and is forgotten when the next begins.
#[derive(Debug, Default)]
struct Flight {
    /// Journal rows by the counter of the envelope they travel under.
    pushed: BTreeMap<u64, Vec<u64>>,
    /// Journal rows that wait for something else than this session (held behind a gap).
    parked: BTreeSet<u64>,
    /// Pushes for others.
    relays: bundles::UnderWay,
    /// How often a document was asked for.
    wanted: BTreeMap<DocumentId, u8>,
    /// Healing pushes not yet answered, and the epoch they heal.
    healing: Option<heal::Healing>,
    /// Pushes of what others stated and was put aside: the store lost it to another content.
    aside: Vec<docket_sync_core::sync::frames::Push>,
    /// Own facts that the store had acknowledged and lost, as they travel under an envelope of this session.
    given_back: BTreeMap<DocumentId, Vec<docket_sync_core::document::Record>>,
    /// Documents to ask for, whole.
    behind: BTreeSet<DocumentId>,
    /// Documents that were asked for and did not come yet.
    asked: BTreeSet<DocumentId>,
    /// Documents that cannot be read as they come: asking more than once does not help.
    unreadable: BTreeSet<DocumentId>,
    /// Documents that the store holds and cannot read: what this device stated in them stays here.
    damaged: BTreeSet<DocumentId>,
    /// Whether a batch was applied.
    has_pulled: bool,
    /// While everything is pulled again: the documents that came.
    came: Option<BTreeSet<DocumentId>>,
    /// While everything is pulled from the beginning: the reference records that came.
    came_references: Option<BTreeSet<RecordId>>,
    /// Whether unnamed reference records were dropped since something changed that may leave some behind.
    swept: bool,
    /// Whether heads were compared because digests differed: once is enough, what remains is for a person.
    compared: bool,
    /// Whether the store said that nothing more comes.
    caught_up: bool,
}

/// What one operation changes.
#[derive(Debug, Default)]
struct Work {
    batch: Batch,
    bases: BTreeMap<DocumentId, Base>,
    /// Documents whose view changes.
    touched: BTreeSet<DocumentId>,
    /// Journal rows of own facts that the store has lost, to be stated again.
    reclaimed: Vec<u64>,
    /// Documents that are not here any more, or only sealed.
    gone: BTreeSet<DocumentId>,
    /// Own facts that were acknowledged after their document had been sealed, and up to which number.
    behind_seal: BTreeMap<DocumentId, (u64, Vec<(Record, ChangeHash)>)>,
    /// Reference records that are new.
    references: BTreeMap<RecordId, ReferenceRecord>,
    /// The same, as a colleague's device told them.
    told: BTreeMap<RecordId, ReferenceRecord>,
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Opens the replica in `store`.
    ///
    /// # Errors
    /// [`ReplicaError::NotEnrolled`], [`ReplicaError::KeyMissing`], or what store and platform said.
    pub fn open(store: S, platform: Platform) -> Result<Self, ReplicaError> {
        let identity = store.get(Table::Meta, IDENTITY)?.ok_or(ReplicaError::NotEnrolled)?;
        let identity: Identity = from_bytes("identity", &identity)?;
        let certificate = Certificate::from_bytes(&identity.certificate)?;
        let secret = platform.keys.get(SecretName::SigningKey)?.ok_or(ReplicaError::KeyMissing)?;
        let secret: &[u8; 32] = secret.as_slice().try_into().map_err(|_ignored| ReplicaError::KeyMissing)?;
        let key = SigningKey::from_bytes(secret);
        let (state, journal) = read_state(&store)?;
        let carried = bundles::read_carried(&store)?;
        let flight = Flight::default();
        let envelopes_used = state.envelope_counter;
        let retention = retention::Retention::default();
        let mut replica = Self {
            store,
            platform,
            identity,
            certificate,
            key,
            state,
            journal,
            carried,
            flight,
            retention,
            envelopes_used,
            stale: false,
        };
        replica.settle_incarnation()?;
        Ok(replica)
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Who this device is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The incarnation whose actor states new facts.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.state.incarnation
    }

    /// The store's certificate for this device.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Id of the device's key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::of(self.key.verifying_key().as_bytes())
    }

    /// The device's key, for signing vouchers.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The store.
    pub(crate) fn store(&self) -> &S {
        &self.store
    }

    /// The platform.
    pub(crate) fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Documents that the store said, in this session or the last, that it holds and cannot read.
    pub(crate) fn damaged_there(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.flight.damaged.iter().copied()
    }

    /// Where the device stands.
    pub(crate) fn state(&self) -> &DeviceState {
        &self.state
    }

    /// Facts of this device that are not acknowledged, oldest first.
    pub fn journal(&self) -> impl Iterator<Item = &JournalEntry> {
        self.journal.values()
    }

    /// Where this device stands in the store's log.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.state.cursor
    }

    /// Whether the store said that nothing more comes, in the session that is going on or was last.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.flight.caught_up
    }

    /// What the device knows of the time.
    #[must_use]
    pub fn time(&self) -> TimeReading {
        TimeReading { claimed: self.platform.clock.wall(), lo: self.state.clock.at(self.platform.clock.monotonic()) }
    }

    /// Forgets what concerned the last session; call it before a new one starts.
    pub fn begin_session(&mut self) {
        self.flight = Flight::default();
    }

    /// Runs one operation; when it fails, what is in memory is not trusted any more and read again, at once where the
    /// store lets it: who only looks does not come through here.
    fn guarded<T>(&mut self, operation: impl FnOnce(&mut Self) -> Result<T, ReplicaError>) -> Result<T, ReplicaError> {
        if self.stale {
            self.read_again()?;
        }
        let result = operation(self);
        if result.is_err() {
            self.stale = true;
            let _next_time = self.read_again();
        }
        result
    }

    fn read_again(&mut self) -> Result<(), ReplicaError> {
        (self.state, self.journal) = read_state(&self.store)?;
        self.carried = bundles::read_carried(&self.store)?;
        self.flight = Flight::default();
        self.stale = false;
        Ok(())
    }

    /// Makes durable what `work` gathered, with the state.
    fn commit(&mut self, mut work: Work) -> Result<(), ReplicaError> {
        for (id, base) in &work.bases {
            base.write(*id, &mut work.batch);
        }
        for id in core::mem::take(&mut work.touched) {
            match self.write_order_row(id, &mut work) {
                // One order that cannot be read stops nothing: it is asked for once more.
                Err(ReplicaError::Damaged(_) | ReplicaError::Document(_)) => self.mark_unreadable(id, &mut work)?,
                result => result?,
            }
        }
        if self.envelopes_used >= self.state.envelope_counter {
            self.state.envelope_counter = self.envelopes_used.saturating_add(ENVELOPES_RESERVED);
        }
        work.batch.put(Table::Meta, STATE, to_bytes(&self.state));
        self.store.write(work.batch)?;
        Ok(())
    }

    /// The number of a new row in a table that counts.
    fn next_row(&mut self) -> u64 {
        let row = self.state.next_row;
        self.state.next_row = row.saturating_add(1);
        row
    }

    fn sum(&self) -> DigestSum {
        DigestSum::from_digest(self.state.sum)
    }

    fn hybrid_clock(&self) -> HybridClock {
        HybridClock::starting_after(self.state.hybrid)
    }

    /// The incarnation in the key store is the truth: a restored backup of the store does not know it, a
    /// crash may have come between the two, and where there is none the device is a new incarnation.
    fn settle_incarnation(&mut self) -> Result<(), ReplicaError> {
        let kept = self.platform.keys.get(SecretName::Incarnation)?;
        match kept.as_deref().and_then(|bytes| Incarnation::from_slice(bytes)) {
            Some(kept) if kept == self.state.incarnation => Ok(()),
            Some(kept) => self.guarded(|this| {
                let mut work = Work::default();
                this.restate_waiting(kept, &mut work)?;
                this.commit(work)
            }),
            None => self.guarded(|this| {
                let mut work = Work::default();
                let fresh = this.draw_incarnation()?;
                this.restate_waiting(fresh, &mut work)?;
                this.commit(work)
            }),
        }
    }

    /// A new incarnation, kept by the platform before anything uses it.
    fn draw_incarnation(&self) -> Result<Incarnation, ReplicaError> {
        let fresh = Incarnation(random_bytes(&self.platform.random)?);
        self.platform.keys.put(SecretName::Incarnation, &fresh.0)?;
        Ok(fresh)
    }
}

fn read_state<S: DeviceStore>(store: &S) -> Result<(DeviceState, Journal), ReplicaError> {
    let state = store.get(Table::Meta, STATE)?.ok_or(ReplicaError::NotEnrolled)?;
    let mut journal = Journal::new();
    for (key, value) in scan_all(store, Table::Journal)? {
        journal.insert(row_number(&key)?, from_bytes("journal", &value)?);
    }
    Ok((from_bytes("device state", &state)?, journal))
}

/// Keeps a journal entry under `row`.
fn put_entry(batch: &mut Batch, row: u64, entry: &JournalEntry) {
    batch.put(Table::Journal, row_key(row), to_bytes(entry));
}
