//! A restored store: new epoch, same id and keys, nothing that was valid for a moment only.

use std::sync::Arc;

use docket_sync_core::ids::{DeviceId, Epoch};
use docket_sync_core::sync::server::SessionRow;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::{CLAIMS, RESTORED, RETURNED};
use crate::commit::{CommitError, Tables, Writer, alone, keys};
use crate::feed::devices::{DeviceContact, first_nonce};
use crate::identity::{Identity, StoreKeys};
use crate::log::LogRecord;
use crate::platform::Platform;
use crate::store::{KeyRange, Store, Table, record};

/// Where a restored store comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredFrom {
    /// The backup, in words that a person recognises.
    pub backup: String,
    /// Last number of the log in it.
    pub until_number: u64,
    /// Time of its last record, where that is known.
    pub until_at: Option<UnixMillis>,
}

/// The last loss of a store, kept in it for ever.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Restored {
    /// The backup; for a loss that a device noticed, what it showed.
    #[n(0)]
    pub from: String,
    /// Last number that was kept.
    #[n(1)]
    pub until_number: u64,
    /// Time of the last record that was kept, where that is known.
    #[n(2)]
    pub until_at: Option<UnixMillis>,
    /// When it was restored, or when the loss was noticed.
    #[n(3)]
    pub at: UnixMillis,
    /// Epoch before.
    #[n(4)]
    pub epoch_before: Epoch,
    /// Epoch since; the same where nobody restored the store on purpose.
    #[n(5)]
    pub epoch: Epoch,
}

impl Restored {
    /// Whether nobody knew: the disk was rolled back, and a device showed it.
    #[must_use]
    pub fn was_unnoticed(&self) -> bool {
        self.epoch == self.epoch_before
    }
}

impl Writer {
    /// Makes a restored store of this one: a new epoch from random bytes, so that every device compares what it holds;
    /// store id and keys stay. Sessions of the office page and open enrolment codes are void with the epoch they
    /// were made in; counters and nonces of devices begin anew. The next start takes a new actor.
    ///
    /// Called on a store that nobody serves: see [`renew_epoch`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn restored(&mut self, from: RestoredFrom) -> Result<Identity, CommitError> {
        let before = *self.identity();
        let identity = Identity { epoch: Epoch(self.random()), ..before };
        self.write(Table::Meta, keys::IDENTITY, &identity);
        for (key, value) in self.scan(Table::Device, &KeyRange::all(), usize::MAX)? {
            let Some((device, b"c")) = key.split_at_checked(DeviceId::LENGTH) else { continue };
            let Some(device) = DeviceId::from_slice(device) else { continue };
            let contact: DeviceContact = record::decode("contact", &value)?;
            let session = SessionRow::new(first_nonce(&identity, device));
            self.keep_contact(device, &DeviceContact { session, stored_to: 0, stored: None, ahead: None, ..contact });
        }
        for prefix in [RETURNED, CLAIMS] {
            for (key, _) in self.scan(Table::Meta, &KeyRange::prefix(prefix), usize::MAX)? {
                self.remove(Table::Meta, key);
            }
        }
        self.claims_changed();
        self.keep_loss(Restored {
            from: from.backup,
            until_number: from.until_number,
            until_at: from.until_at,
            at: self.now(),
            epoch_before: before.epoch,
            epoch: identity.epoch,
        });
        Ok(identity)
    }

    /// Keeps a loss in the store and in the log.
    pub(super) fn keep_loss(&mut self, restored: Restored) {
        self.write(Table::Meta, RESTORED, &restored);
        let Restored { from, until_number, until_at, at, epoch_before, epoch } = restored;
        self.log(&LogRecord::Restored { from, until_number, until_at, epoch_before, epoch, at });
    }
}

/// The last loss of a store, if it ever lost something.
///
/// # Errors
/// When the store fails.
pub(crate) fn last_loss(tables: &(impl Tables + ?Sized)) -> Result<Option<Restored>, CommitError> {
    tables.read(Table::Meta, RESTORED)
}

/// Makes a restored store of the one in `store`, which nobody serves; durable when it returns.
///
/// # Errors
/// When there is no store, or it fails.
pub fn renew_epoch(
    store: Arc<dyn Store>,
    keys: StoreKeys,
    platform: Platform,
    from: RestoredFrom,
) -> Result<Identity, CommitError> {
    alone(store, keys, platform, |writer| writer.restored(from))
}
