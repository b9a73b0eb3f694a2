//! A restored store: new epoch, same id and keys, nothing that was valid for a moment only.

use std::sync::Arc;

use docket_sync_core::ids::{DeviceId, Epoch};
use docket_sync_core::sync::server::SessionRow;
use docket_sync_core::time::UnixMillis;

use super::claims::Claim;
use super::losses::{Losses, Restored};
use super::returned::Returned;
use super::{CLAIMS, RETURNED};
use crate::commit::{CommitError, Tables, Writer, alone, keys};
use crate::feed::devices::{DeviceContact, first_nonce};
use crate::identity::{Identity, StoreKeys};
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
        self.begin_report()?;
        self.claims_changed();
        self.keep_loss(Restored {
            from: from.backup,
            until_number: from.until_number,
            until_at: from.until_at,
            at: self.now(),
            epoch_before: before.epoch,
            epoch: identity.epoch,
        })?;
        Ok(identity)
    }

    /// What came back is counted anew. What devices have shown of logs before stays, and so does what nobody has
    /// returned of them.
    fn begin_report(&mut self) -> Result<(), CommitError> {
        let unsaid = Losses::read(self)?.unsaid_epoch();
        for (key, value) in self.scan(Table::Meta, &KeyRange::prefix(RETURNED), usize::MAX)? {
            let returned: Returned = record::decode("what a device returned", &value)?;
            let shown = returned.shown(unsaid);
            if shown.is_empty() {
                self.remove(Table::Meta, key);
            } else {
                let claims = returned.claims;
                self.write(Table::Meta, key, &Returned { shown: Some(shown), claims, ..Returned::default() });
            }
        }
        for (key, value) in self.scan(Table::Meta, &KeyRange::prefix(CLAIMS), usize::MAX)? {
            let claim: Claim = record::decode("claim", &value)?;
            if claim.epoch.is_none() {
                self.write(Table::Meta, key, &Claim { epoch: unsaid, ..claim });
            }
        }
        Ok(())
    }
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
