//! How the device stands with its server.

use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::sync::frames::{Pending, QuarantineCode};
use docket_sync_core::time::UnixMillis;

use super::Client;
use crate::replica::CarriedHere;
use crate::store::DeviceStore;

/// How the device stands with its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Facts that exist on this device only.
    pub pending: Option<Pending>,
    /// Facts that the server did not accept, with their orders.
    pub refused: Vec<(DocumentId, FactId, QuarantineCode)>,
    /// Server time of the last contact.
    pub last_sync: Option<UnixMillis>,
    /// Whether everything in scope was equal at the last comparison.
    pub verified: Option<bool>,
    /// How often it was not although the store had lost nothing: damage on one side, or a bug. It stays at zero; what
    /// a restored store lacked until its devices gave it back is not counted.
    pub differences: u64,
    /// Orders that the server said, in the last session, that it holds and cannot read: what was stated in them waits
    /// here until somebody has mended it.
    pub damaged_there: Vec<DocumentId>,
    /// Number of the server's log up to which this device has everything.
    pub number: Option<u64>,
    /// Everything up to here is in a backup of the server.
    pub backed_up_to: u64,
    /// What this device carries for others.
    pub carried: CarriedHere,
}

impl<S: DeviceStore> Client<S> {
    /// How the device stands with its server.
    #[must_use]
    pub fn status(&self) -> Status {
        let state = self.replica.state();
        let refused = self.replica.journal().filter_map(|entry| Some((entry.document, entry.id(), entry.refused?)));
        Status {
            pending: self.replica.pending(),
            refused: refused.collect(),
            last_sync: state.last_sync,
            verified: state.verified,
            differences: state.differences,
            damaged_there: self.replica.damaged_there().collect(),
            number: state.cursor.map(|cursor| cursor.number),
            backed_up_to: state.backed_up_to,
            carried: self.replica.carried(),
        }
    }
}
