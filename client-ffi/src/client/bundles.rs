//! Handing orders to a colleague where no network exists, and taking his (U-08).

use std::collections::BTreeSet;

use docket_sync_core::ids::DocumentId;

use super::Client;
use crate::replica::{ReplicaError, Share, Taken};
use crate::store::DeviceStore;

/// A bundle for a colleague.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The orders in it.
    pub orders: BTreeSet<DocumentId>,
    /// Its bytes: a file, or cut into QR codes by [`docket_sync_core::bundle::split`].
    pub bytes: Vec<u8>,
}

impl<S: DeviceStore> Client<S> {
    /// A bundle of `orders`, or of every order that is not over when none is named.
    ///
    /// # Errors
    /// When there is nothing to hand over or too much, or the store fails.
    pub fn hand_over(&mut self, orders: &[DocumentId], share: Share) -> Result<HandedOver, ReplicaError> {
        let orders: BTreeSet<DocumentId> = if orders.is_empty() {
            self.list()?.into_iter().filter(|(_, row)| !row.is_over() && !row.evicted).map(|(id, _)| id).collect()
        } else {
            orders.iter().copied().collect()
        };
        let bytes = self.replica.make_bundle(&orders, share)?;
        Ok(HandedOver { orders, bytes })
    }

    /// Takes a colleague's bundle. Everything in it that is not refused is durable when it returns.
    ///
    /// # Errors
    /// When nothing of it was taken, or the store fails.
    pub fn take_over(&mut self, bundle: &[u8]) -> Result<Taken, ReplicaError> {
        self.replica.take_bundle(bundle)
    }
}
