//! Where a device stands in the log.

use minicbor::{Decode, Encode};

use crate::ids::{Digest, Epoch};

/// Position of a device: epoch, number, and the first 8 bytes of the log's chain value there. A chain value
/// that does not match is treated as an unknown epoch, so that a disk rolled back unnoticed is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cursor {
    /// Epoch of the store.
    #[n(0)]
    pub epoch: Epoch,
    /// Number of the log.
    #[n(1)]
    pub number: u64,
    /// First 8 bytes of the chain value at `number`.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub chain: [u8; 8],
}

impl Cursor {
    /// The cursor at `number`, where the chain value is `chain`.
    #[must_use]
    pub fn new(epoch: Epoch, number: u64, chain: Digest) -> Self {
        let mut short = [0; 8];
        for (to, from) in short.iter_mut().zip(chain.0) {
            *to = from;
        }
        Self { epoch, number, chain: short }
    }
}
