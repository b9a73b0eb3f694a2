//! Reading off the asynchronous threads, at one durable moment.

use std::sync::{Arc, RwLockReadGuard};

use crate::error::ApiError;
use crate::hub::Durable;
use crate::office::Office;
use crate::store::Store;

/// One durable moment of the store. No commit is applied while it lives: keep it short, and never two at once on
/// one thread.
pub struct Reading<'a> {
    /// The office.
    pub office: &'a Office,
    durable: RwLockReadGuard<'a, Durable>,
}

impl<'a> Reading<'a> {
    /// Begins to read.
    #[must_use]
    pub fn begin(office: &'a Office) -> Self {
        Self { office, durable: office.hub.read() }
    }

    /// What is read.
    #[must_use]
    pub fn store(&self) -> &'a dyn Store {
        self.office.store.as_ref()
    }

    /// The number that is durable at this moment.
    #[must_use]
    pub fn durable(&self) -> Durable {
        *self.durable
    }
}

/// Runs `work`, which reads or computes for long, on a thread that may block.
pub async fn blocking<T, W>(office: &Arc<Office>, work: W) -> Result<T, ApiError>
where
    T: Send + 'static,
    W: FnOnce(&Office) -> Result<T, ApiError> + Send + 'static,
{
    let office = office.clone();
    let joined = tokio::task::spawn_blocking(move || work(&office)).await;
    joined.unwrap_or_else(|error| Err(ApiError::internal("reading", &error)))
}
