//! Where facts are stated: a device in one incarnation, or a server in one start; and its chains in companions.

use minicbor::{Decode, Encode};

use crate::ids::{ActorId, DeviceId, Epoch, Incarnation, StoreId};
use crate::wire;

/// Where an actor comes from; the gate recomputes the actor from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Origin {
    /// A device in one incarnation.
    #[n(0)]
    Device {
        /// The device.
        #[n(0)]
        device: DeviceId,
        /// Its incarnation.
        #[n(1)]
        incarnation: Incarnation,
    },
    /// One start of one server process.
    #[n(1)]
    Server {
        /// The store.
        #[n(0)]
        store: StoreId,
        /// Its epoch.
        #[n(1)]
        epoch: Epoch,
        /// The node, 0 where there is one.
        #[n(2)]
        node: u16,
        /// How often the node has started, from 1.
        #[n(3)]
        start: u64,
    },
}

/// Bit of a server's node number that its chains in companion documents have: a fact's identity then names one fact
/// across both documents of an order, and `seen` reaches across the two.
const COMPANION_NODE: u16 = 0x8000;

impl Origin {
    /// The same server as it states facts in companion documents. A device has none.
    #[must_use]
    pub fn in_companion(self) -> Self {
        match self {
            Self::Server { store, epoch, node, start } => {
                Self::Server { store, epoch, node: node | COMPANION_NODE, start }
            }
            Self::Device { .. } => self,
        }
    }

    /// Whether facts of this origin lie in companion documents.
    #[must_use]
    pub fn is_in_companion(&self) -> bool {
        matches!(self, Self::Server { node, .. } if node & COMPANION_NODE != 0)
    }

    /// The actor: the first 16 bytes of BLAKE3 over a domain name and this origin's CBOR.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"docket-actor-1");
        hasher.update(&wire::encode(self));
        let mut actor = [0; ActorId::LENGTH];
        hasher.finalize_xof().fill(&mut actor);
        ActorId(actor)
    }
}
