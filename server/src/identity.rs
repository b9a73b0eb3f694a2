//! Who this store is: its id, epoch, start counter and keys.

use docket_sync_core::facts::Origin;
use docket_sync_core::ids::{ActorId, Epoch, StoreId};
use docket_sync_core::proof::Fingerprint;
use docket_sync_core::proof::sealed::{self, SealedFor};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::SigningKey;
use minicbor::{Decode, Encode};

/// What the store's Meta table holds about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Identity {
    /// The store, for ever.
    #[n(0)]
    pub store: StoreId,
    /// Renewed by a restore.
    #[n(1)]
    pub epoch: Epoch,
    /// The node, 0 where there is one.
    #[n(2)]
    pub node: u16,
    /// Start counter of this node: it only grows, and every start is a new actor.
    #[n(3)]
    pub start: u64,
}

impl Identity {
    /// Origin of this start's actor.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::Server { store: self.store, epoch: self.epoch, node: self.node, start: self.start }
    }

    /// The counter of the next start. It is no mere successor: a disk that was rolled back unnoticed would count the
    /// same starts again, and facts of one actor with two contents can never be healed.
    #[must_use]
    pub fn next_start(&self, now: UnixMillis, [random]: [u8; 1]) -> u64 {
        let by_clock = u64::try_from(now.0).unwrap_or(0).saturating_mul(256).saturating_add(u64::from(random));
        self.start.saturating_add(1).max(by_clock)
    }

    /// This start's actor.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.origin().actor()
    }
}

/// The store's secret keys. They lie in a file of their own, apart from the store.
#[derive(Clone)]
pub struct StoreKeys {
    signing: SigningKey,
    sealing: x25519_dalek::StaticSecret,
}

impl core::fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "StoreKeys({})", self.fingerprint())
    }
}

impl StoreKeys {
    /// Number of secret bytes.
    pub const LENGTH: usize = 64;

    /// Keys from 64 secret bytes: the Ed25519 seed, then the X25519 secret.
    #[must_use]
    pub fn from_secret(secret: &[u8; Self::LENGTH]) -> Self {
        let (mut seed, mut sealing) = ([0; 32], [0; 32]);
        seed.copy_from_slice(secret.get(..32).unwrap_or(&[0; 32]));
        sealing.copy_from_slice(secret.get(32..).unwrap_or(&[0; 32]));
        Self { signing: SigningKey::from_bytes(&seed), sealing: x25519_dalek::StaticSecret::from(sealing) }
    }

    /// The signing key.
    #[must_use]
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The public signing key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// The public sealing key.
    #[must_use]
    pub fn sealing_public(&self) -> [u8; 32] {
        x25519_dalek::PublicKey::from(&self.sealing).to_bytes()
    }

    /// Opens what was sealed to this store.
    pub(crate) fn open_sealed(&self, belongs: SealedFor, bytes: &[u8]) -> Option<Vec<u8>> {
        sealed::open(&self.sealing, belongs, bytes)
    }

    /// What people compare.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.public())
    }
}
