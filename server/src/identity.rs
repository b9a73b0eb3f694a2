//! Who this store is: its id, epoch, start counter and keys.

use docket_sync_core::facts::Origin;
use docket_sync_core::ids::{ActorId, Epoch, StoreId};
use docket_sync_core::proof::Fingerprint;
use docket_sync_core::proof::sealed::{self, SealedFor};
use docket_sync_core::sabotage::{self, Bug};
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
        if sabotage::is_on(Bug::ActorReused) {
            return Origin::Server { store: self.store, epoch: Epoch([0; 8]), node: self.node, start: 0 };
        }
        Origin::Server { store: self.store, epoch: self.epoch, node: self.node, start: self.start }
    }

    /// The counter of the next start. It is no mere successor: a disk that was rolled back unnoticed would count the
    /// same starts again, and facts of one actor with two contents can never be healed. Nor is the clock enough, which
    /// may have gone back with it: each start leaps by a random number, too. It stays below 2^53 as long as the clock
    /// of milliseconds below 2^44, the year 2527.
    #[must_use]
    pub fn next_start(&self, now: UnixMillis, [a, b, c]: [u8; 3]) -> u64 {
        let by_clock = u64::try_from(now.0).unwrap_or(0).saturating_mul(256);
        let leap = u64::from(u32::from_be_bytes([0, a, b, c]));
        self.start.max(by_clock).saturating_add(1).saturating_add(leap)
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

    /// A secret of this store for one purpose; it tells nothing of the keys.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.signing.to_bytes())
    }

    /// What people compare.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_after_an_unnoticed_rollback_is_a_new_actor_even_when_the_clock_went_back_too() {
        let start = |identity: &Identity, now, luck| Identity {
            start: identity.next_start(UnixMillis(now), luck),
            ..*identity
        };
        let kept = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 1_790_000_000_000 * 256 };
        // Both starts follow the same disk; the clock says the same, or less than when the disk was written.
        for now in [1_790_000_000_000, 1_480_000_000_000] {
            let (lost, again) = (start(&kept, now, [0, 1, 2]), start(&kept, now, [2, 1, 0]));
            assert_ne!(lost.actor(), again.actor());
            assert!(lost.start > kept.start && again.start > kept.start);
        }
    }
}
