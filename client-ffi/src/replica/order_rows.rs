//! The small row of each order that a list shows without loading the document.

use docket_sync_core::ids::DocumentId;

use super::{DeviceReplica, ReplicaError, Work};
use crate::store::DeviceStore;

impl<S: DeviceStore> DeviceReplica<S> {
    pub(super) fn write_order_row(&self, _id: DocumentId, _work: &mut Work) -> Result<(), ReplicaError> {
        Ok(())
    }
}
