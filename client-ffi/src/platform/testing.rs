//! Platforms that a test or a simulation chooses: nothing here is random, secret or in step with the world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use docket_sync_core::time::UnixMillis;
use zeroize::Zeroizing;

use super::{Clock, KeyStore, Monotonic, PlatformError, Random, SecretName};

/// Secrets in memory; cloning gives another handle to the same secrets.
#[derive(Debug, Clone, Default)]
pub struct MemoryKeyStore {
    secrets: Arc<Mutex<BTreeMap<SecretName, Vec<u8>>>>,
}

impl MemoryKeyStore {
    /// An empty key store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses one secret, as a phone does whose backup was restored on other hardware.
    pub fn lose(&self, name: SecretName) {
        drop(self.secrets.lock().unwrap_or_else(PoisonError::into_inner).remove(&name));
    }
}

impl KeyStore for MemoryKeyStore {
    fn get(&self, name: SecretName) -> Result<Option<Zeroizing<Vec<u8>>>, PlatformError> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(secrets.get(&name).cloned().map(Zeroizing::new))
    }

    fn put(&self, name: SecretName, secret: &[u8]) -> Result<(), PlatformError> {
        drop(self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(name, secret.to_vec()));
        Ok(())
    }
}

/// Bytes of a hash stream: the same seed gives the same bytes. Never for real keys.
#[derive(Debug, Clone)]
pub struct CountingRandom {
    state: Arc<Mutex<(u64, u64)>>,
}

impl CountingRandom {
    /// The stream of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new((seed, 0))) }
    }
}

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PlatformError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = state.1.wrapping_add(1);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&state.0.to_be_bytes());
        hasher.update(&state.1.to_be_bytes());
        hasher.finalize_xof().fill(bytes);
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct Hands {
    wall: UnixMillis,
    monotonic: Monotonic,
}

/// Clocks that stand still until they are moved; cloning gives another handle to the same clocks.
#[derive(Debug, Clone)]
pub struct ManualClock {
    hands: Arc<Mutex<Hands>>,
}

impl ManualClock {
    /// Clocks of a machine that booted just now, at `wall`.
    #[must_use]
    pub fn new(wall: UnixMillis) -> Self {
        let monotonic = Monotonic { boot: [1; 16], millis: 0 };
        Self { hands: Arc::new(Mutex::new(Hands { wall, monotonic })) }
    }

    /// Lets `millis` pass on both clocks.
    pub fn pass(&self, millis: i64) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.wall = hands.wall.plus(millis);
        hands.monotonic.millis = hands.monotonic.millis.saturating_add(millis);
    }

    /// A person sets the wall clock.
    pub fn set_wall(&self, wall: UnixMillis) {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).wall = wall;
    }

    /// The machine starts again: another boot, whose clock begins at 0.
    pub fn reboot(&self) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in &mut hands.monotonic.boot {
            *byte = byte.wrapping_add(1);
        }
        hands.monotonic.millis = 0;
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> UnixMillis {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).wall
    }

    fn monotonic(&self) -> Monotonic {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).monotonic
    }
}
