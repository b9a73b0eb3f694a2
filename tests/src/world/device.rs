//! A technician's phone: its library over a disk and a key store that outlive it, so that it can be restarted,
//! restored from a backup, cloned, and made to renew itself.

use docket_client::client::Client;
use docket_client::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use docket_client::platform::{KeyStore, Platform, SecretName};
use docket_client::replica::ReplicaError;
use docket_client::store::memory::{MemoryDisk, MemoryStore};
use docket_sync_core::ids::PersonId;
use docket_sync_core::sync::device::Replica;
use docket_sync_core::sync::frames::{Renew, RenewReason};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::SigningKey;

use super::Trouble;

/// A technician's device.
pub struct Device {
    /// The device library.
    pub client: Client<MemoryStore>,
    /// Its clocks.
    pub clock: ManualClock,
    /// Its secrets.
    pub keys: MemoryKeyStore,
    /// Its technician.
    pub person: PersonId,
    disk: MemoryDisk,
    random: CountingRandom,
}

/// A device that is not enrolled yet.
pub(crate) struct Blank {
    pub(crate) disk: MemoryDisk,
    clock: ManualClock,
    keys: MemoryKeyStore,
    random: CountingRandom,
}

impl Blank {
    pub(crate) fn new(now: UnixMillis, seed: u64) -> Self {
        Self {
            disk: MemoryDisk::new(),
            clock: ManualClock::new(now),
            keys: MemoryKeyStore::new(),
            random: CountingRandom::new(seed),
        }
    }

    pub(crate) fn platform(&self) -> Platform {
        platform(&self.clock, &self.keys, &self.random)
    }

    pub(crate) fn enrolled(self, store: MemoryStore, person: PersonId) -> Result<Device, ReplicaError> {
        let client = Client::open(store, self.platform())?;
        let Self { disk, clock, keys, random } = self;
        Ok(Device { client, clock, keys, person, disk, random })
    }
}

fn platform(clock: &ManualClock, keys: &MemoryKeyStore, random: &CountingRandom) -> Platform {
    Platform { keys: Box::new(keys.clone()), clock: Box::new(clock.clone()), random: Box::new(random.clone()) }
}

impl Device {
    /// What is durable on it now, as a backup takes it.
    #[must_use]
    pub fn backup(&self) -> MemoryDisk {
        self.disk.copy()
    }

    /// Its disk, to plan faults of it.
    #[must_use]
    pub fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    /// It starts again on what was durable.
    ///
    /// # Errors
    /// When its store cannot be read.
    pub fn restart(&mut self) -> Result<(), Trouble> {
        self.restore(self.backup())
    }

    /// It starts again on a backup.
    ///
    /// # Errors
    /// When the backup cannot be read.
    pub fn restore(&mut self, backup: MemoryDisk) -> Result<(), Trouble> {
        self.client = Client::open(backup.open()?, platform(&self.clock, &self.keys, &self.random))?;
        self.disk = backup;
        Ok(())
    }

    /// Another phone with the same content and the same secrets; `seed` is its own luck.
    ///
    /// # Errors
    /// When its store cannot be read.
    pub fn cloned(&self, seed: u64) -> Result<Self, Trouble> {
        let keys = MemoryKeyStore::new();
        for name in [SecretName::SigningKey, SecretName::DataKey, SecretName::Incarnation] {
            if let Some(secret) = self.keys.get(name)? {
                keys.put(name, &secret)?;
            }
        }
        let (disk, clock, random) = (self.backup(), self.clock.clone(), CountingRandom::new(seed));
        let client = Client::open(disk.open()?, platform(&clock, &keys, &random))?;
        Ok(Self { client, clock, keys, person: self.person, disk, random })
    }

    /// Its key store has lost the incarnation, as after a restore on the same hardware; it starts again.
    ///
    /// # Errors
    /// When its store cannot be read.
    pub fn lose_incarnation(&mut self) -> Result<(), Trouble> {
        self.keys.lose(SecretName::Incarnation);
        self.restart()
    }

    /// The server's frame that asks for a new incarnation arrives.
    ///
    /// # Errors
    /// When its store fails.
    pub fn renew(&mut self) -> Result<(), Trouble> {
        let renew = Renew { actor: None, sequence: 1, reason: RenewReason::TwoContents };
        Ok(self.client.replica_mut().renew(&renew)?)
    }

    /// Its signing key, as an attacker with root on the phone has it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn signing_key(&self) -> Result<SigningKey, Trouble> {
        let secret = self.keys.get(SecretName::SigningKey)?.ok_or("a signing key")?;
        let secret: [u8; 32] = secret.as_slice().try_into()?;
        Ok(SigningKey::from_bytes(&secret))
    }
}
