//! What the operating system gives a device: a place for secrets, clocks, randomness.
//!
//! A phone implements these traits over its own key store and clocks; [`terminal`] does it for a computer;
//! [`testing`] gives values that a test chooses. Nothing else in this crate asks the platform for anything.

mod lower_bound;
#[cfg(feature = "cli")]
pub mod terminal;
pub mod testing;

use docket_sync_core::time::UnixMillis;
pub use lower_bound::{LowerBound, ServerTime};
use zeroize::Zeroizing;

/// The secrets that a device keeps. The list only grows; codes are names in the platform's key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretName {
    /// The Ed25519 key that signs sessions, pushes and vouchers: 32 bytes.
    SigningKey,
    /// The key of the sealed store: 32 bytes.
    DataKey,
    /// The incarnation: 16 bytes. It must not be part of any backup: a restored device is a new incarnation.
    Incarnation,
    /// The last numbers of receipts that were given out. Not part of any backup, either: no number is given twice.
    Numbers,
}

impl SecretName {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SigningKey => "signing-key",
            Self::DataKey => "data-key",
            Self::Incarnation => "incarnation",
            Self::Numbers => "numbers",
        }
    }
}

/// The platform failed.
#[derive(Debug, thiserror::Error)]
#[error("{attempt}: {source}")]
pub struct PlatformError {
    /// What was attempted.
    pub attempt: &'static str,
    /// What the platform said.
    pub source: Box<dyn core::error::Error + Send + Sync>,
}

impl PlatformError {
    /// A failure, with what was attempted.
    pub fn new(attempt: &'static str, source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { attempt, source: source.into() }
    }
}

/// Keeps secrets outside the store and outside backups ("this device only").
pub trait KeyStore {
    /// The secret, if there is one.
    ///
    /// # Errors
    /// When the key store cannot be read; a locked phone is such a case.
    fn get(&self, name: SecretName) -> Result<Option<Zeroizing<Vec<u8>>>, PlatformError>;

    /// Keeps a secret, durable when it returns; replaces an earlier one.
    ///
    /// # Errors
    /// When the key store cannot be written.
    fn put(&self, name: SecretName, secret: &[u8]) -> Result<(), PlatformError>;
}

/// A point on a clock that only goes forward while the machine runs, sleeping included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Monotonic {
    /// Which run of the machine: readings of different boots cannot be compared.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub boot: [u8; 16],
    /// Milliseconds on that clock.
    #[n(1)]
    pub millis: i64,
}

/// The platform's clocks.
pub trait Clock {
    /// What the wall clock says. A person may have set it to anything.
    fn wall(&self) -> UnixMillis;

    /// The clock that only goes forward.
    fn monotonic(&self) -> Monotonic;
}

/// The platform's randomness, fit for keys.
pub trait Random {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When the platform has no randomness to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PlatformError>;
}

/// Everything that a device takes from its platform.
pub struct Platform {
    /// Secrets.
    pub keys: Box<dyn KeyStore + Send + Sync>,
    /// Clocks.
    pub clock: Box<dyn Clock + Send + Sync>,
    /// Randomness.
    pub random: Box<dyn Random + Send + Sync>,
}

impl core::fmt::Debug for Platform {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

/// `N` random bytes.
///
/// # Errors
/// As [`Random::fill`].
pub fn random_bytes<const N: usize>(random: &(impl Random + ?Sized)) -> Result<[u8; N], PlatformError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

macro_rules! by_reference {
    ($($pointer:ty),*) => {$(
        impl<T: KeyStore + ?Sized> KeyStore for $pointer {
            fn get(&self, name: SecretName) -> Result<Option<Zeroizing<Vec<u8>>>, PlatformError> {
                (**self).get(name)
            }
            fn put(&self, name: SecretName, secret: &[u8]) -> Result<(), PlatformError> {
                (**self).put(name, secret)
            }
        }

        impl<T: Clock + ?Sized> Clock for $pointer {
            fn wall(&self) -> UnixMillis {
                (**self).wall()
            }
            fn monotonic(&self) -> Monotonic {
                (**self).monotonic()
            }
        }

        impl<T: Random + ?Sized> Random for $pointer {
            fn fill(&self, bytes: &mut [u8]) -> Result<(), PlatformError> {
                (**self).fill(bytes)
            }
        }
    )*};
}
by_reference!(Box<T>, std::sync::Arc<T>, &T);
