//! Enrolled devices: their keys and persons, their sessions, what they reported.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use docket_sync_core::facts::Role;
use docket_sync_core::ids::{DeviceId, Nonce, PersonId};
use docket_sync_core::proof::{Certificate, Certified, Revocation};
use docket_sync_core::reference;
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::frames::Pending;
use docket_sync_core::sync::gate::Maker;
use docket_sync_core::sync::server::SessionRow;
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};

use crate::commit::{CommitError, ScopeId, Tables, Writer, keys};
use crate::identity::Identity;
use crate::log::LogRecord;
use crate::store::{KeyRange, Store, Table};

/// An enrolled device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceRecord {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its public signing key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// Who may be author on it; the first is whose scope it pulls.
    #[n(2)]
    pub persons: Vec<PersonId>,
    /// Its certificate.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// When it was enrolled.
    #[n(4)]
    pub enrolled_at: UnixMillis,
    /// When it was revoked.
    #[n(5)]
    pub revoked_at: Option<UnixMillis>,
}

impl DeviceRecord {
    /// The device as the gate wants it; `None` when its key is not a point of the curve (damage).
    #[must_use]
    pub fn maker(&self) -> Option<Maker> {
        Some(Maker {
            device: self.device,
            key: VerifyingKey::from_bytes(&self.key).ok()?,
            persons: self.persons.clone(),
            since: self.enrolled_at,
            revoked: self.revoked_at.is_some(),
        })
    }
}

/// What a device told in its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceContact {
    /// Counters and nonces.
    #[n(0)]
    pub session: SessionRow,
    /// Last time it was welcomed.
    #[n(1)]
    pub last_sync_at: Option<UnixMillis>,
    /// Number up to which it has everything on disk.
    #[n(2)]
    pub stored_to: u64,
    /// What existed on the device only, as of its last Hello.
    #[n(3)]
    pub pending: Option<Pending>,
    /// When it said so, the last ones of the numbers in `stored_to`, ascending.
    #[n(4)]
    pub stored: Option<Vec<StoredTo>>,
    /// Where it stood when it showed that it had seen more than this store has; kept until the store's next loss.
    #[n(5)]
    pub ahead: Option<Cursor>,
}

/// What a device said it has on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StoredTo {
    /// Everything up to this number.
    #[n(0)]
    pub number: u64,
    /// When, by the server's clock.
    #[n(1)]
    pub at: UnixMillis,
}

/// Reports kept of one device: what it states is a few sessions old at most, or older than all of them.
const STORED_KEPT: usize = 16;

impl DeviceContact {
    /// The device has everything up to `number` on disk.
    pub fn has_stored(&mut self, number: u64, at: UnixMillis) {
        if number > self.stored_to {
            self.stored_to = number;
            let stored = self.stored.get_or_insert_default();
            stored.push(StoredTo { number, at });
            if stored.len() > STORED_KEPT {
                stored.remove(0);
            }
        }
    }

    /// What it had on disk at a time, as far as it is still known.
    #[must_use]
    pub fn stored_at(&self, at: UnixMillis) -> Option<u64> {
        self.stored.iter().flatten().rev().find(|stored| stored.at <= at).map(|stored| stored.number)
    }
}

/// Contacts of all devices, in memory and lazily on disk: losing the last ones in a crash costs a device one
/// more round trip.
#[derive(Debug, Default)]
pub struct Contacts {
    rows: Mutex<BTreeMap<DeviceId, DeviceContact>>,
}

impl Contacts {
    /// The contact of a device; `first` is the nonce of one that never spoke.
    pub fn get(&self, store: &dyn Store, device: DeviceId, first: Nonce) -> Result<DeviceContact, CommitError> {
        if let Some(row) = self.lock().get(&device) {
            return Ok(row.clone());
        }
        let stored = store.read(Table::Device, &contact_key(device))?;
        let row = stored.unwrap_or_else(|| DeviceContact {
            session: SessionRow::new(first),
            last_sync_at: None,
            stored_to: 0,
            pending: None,
            stored: None,
            ahead: None,
        });
        Ok(self.lock().entry(device).or_insert(row).clone())
    }

    /// Replaces the contact of a device if its counter still is the one that was judged.
    #[must_use]
    pub fn swap(&self, device: DeviceId, judged: &SessionRow, next: DeviceContact) -> bool {
        let mut rows = self.lock();
        let unchanged = rows.get(&device).is_none_or(|row| row.session == *judged);
        if unchanged {
            rows.insert(device, next);
        }
        unchanged
    }

    /// Changes what is known of a device; gives the new contact.
    pub fn update(&self, device: DeviceId, change: impl FnOnce(&mut DeviceContact)) -> Option<DeviceContact> {
        let mut rows = self.lock();
        let row = rows.get_mut(&device)?;
        change(row);
        Some(row.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, DeviceContact>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Table Device: key of a device's contact.
pub(crate) fn contact_key(device: DeviceId) -> Vec<u8> {
    [device.0.as_slice(), b"c"].concat()
}

/// Reads the record of a device.
pub fn read_device(tables: &dyn Store, device: DeviceId) -> Result<Option<DeviceRecord>, CommitError> {
    tables.read(Table::Device, &device.0)
}

/// Every device with its contact; at most `limit`.
pub fn list_devices(
    store: &dyn Store,
    limit: usize,
) -> Result<Vec<(DeviceRecord, Option<DeviceContact>)>, CommitError> {
    let mut devices = Vec::new();
    for (key, value) in Tables::scan(store, Table::Device, &KeyRange::all(), limit.saturating_mul(2))? {
        if key.len() == DeviceId::LENGTH {
            let device: DeviceRecord = crate::store::record::decode("device", &value)?;
            let contact = store.read(Table::Device, &contact_key(device.device))?;
            devices.push((device, contact));
        }
    }
    Ok(devices)
}

impl Writer {
    /// Keeps the contact of a device.
    pub fn keep_contact(&mut self, device: DeviceId, contact: &DeviceContact) {
        self.write(Table::Device, contact_key(device), contact);
    }

    /// Enrols a device: certificate, record, log.
    pub fn enrol(&mut self, device: DeviceId, key: [u8; 32], person: PersonId) -> Result<Certificate, CommitError> {
        let roles: Vec<Role> = self.roles(person)?;
        if !roles.contains(&Role::Technician) {
            let problem = "only an active technician gets a device: give the person that role first".to_owned();
            return Err(CommitError::Invalid { field: "person", code: "not_a_technician", problem });
        }
        let number = self.next_number(keys::CERTIFICATES)?;
        let issued_at = self.now();
        let said = Certified {
            store: self.identity().store,
            number,
            device,
            device_key: key,
            persons: vec![(person, roles)],
            issued_at,
            sealing_key: self.store_keys().sealing_public(),
        };
        let certificate = Certificate::issue(said, self.store_keys().signing());
        let bytes = certificate.to_bytes();
        let record = DeviceRecord {
            device,
            key,
            persons: vec![person],
            certificate: bytes.clone(),
            enrolled_at: issued_at,
            revoked_at: None,
        };
        self.write(Table::Device, device.0, &record);
        self.log(&LogRecord::Enrolled { certificate: bytes, at: issued_at });
        Ok(certificate)
    }

    /// Revokes a device: everything that arrives from it later is quarantined.
    pub fn revoke(&mut self, device: DeviceId, by: PersonId, reason: String) -> Result<(), CommitError> {
        let mut record: DeviceRecord =
            self.read(Table::Device, &device.0)?.ok_or(CommitError::NotFound { what: "this device" })?;
        if record.revoked_at.is_some() {
            return Err(CommitError::AlreadyDone { what: "revoking this device" });
        }
        let at = self.now();
        record.revoked_at = Some(at);
        self.write(Table::Device, device.0, &record);
        self.log(&LogRecord::Revoked { device, by, reason: reason.clone(), at });
        let store = self.identity().store;
        let revocation = Revocation::signed(store, device, at, reason, self.store_keys().signing());
        self.tell_revocation(&revocation)
    }

    /// Tells every device of a revocation, so that any of them can bring it back to a store that has lost it.
    pub(crate) fn tell_revocation(&mut self, revocation: &Revocation) -> Result<(), CommitError> {
        let content = reference::Revocation { signed: revocation.to_bytes() };
        self.write_reference(Revocation::record(revocation.device), content.into(), None)?;
        self.touch_scope(ScopeId::standing(revocation.device));
        Ok(())
    }
}

/// The first nonce of a device that never spoke in this epoch: derived, so that a server that forgot says the same.
#[must_use]
pub fn first_nonce(identity: &Identity, device: DeviceId) -> Nonce {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-first-nonce-1");
    hasher.update(&identity.store.0);
    hasher.update(&identity.epoch.0);
    hasher.update(&device.0);
    let mut nonce = [0; Nonce::LENGTH];
    hasher.finalize_xof().fill(&mut nonce);
    Nonce(nonce)
}
