//! The log's hash chain: chain(n) = BLAKE3(chain(n-1), n, BLAKE3(record as stored)).
//!
//! Independent of files and segments, and still verifiable when a record's encryption key is destroyed.

use crate::ids::{Digest, StoreId};

/// chain(0) of a store.
#[must_use]
pub fn chain_start(store: StoreId) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-log-1");
    hasher.update(&store.0);
    Digest(*hasher.finalize().as_bytes())
}

/// chain(`number`) from chain(`number` - 1) and the record's bytes as stored.
#[must_use]
pub fn chain_next(previous: Digest, number: u64, stored: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&previous.0);
    hasher.update(&number.to_be_bytes());
    hasher.update(blake3::hash(stored).as_bytes());
    Digest(*hasher.finalize().as_bytes())
}
