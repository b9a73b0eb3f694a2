//! `Idempotency-Key`: a request that creates something, sent again because its answer was lost, creates nothing
//! twice. The same key with the same body gets the same answer, with another body a refusal; a day long.
//!
//! Kept in the commit that creates the thing. Keys are a person's own: nobody meets another's.

use axum::http::HeaderMap;
use docket_sync_core::ids::{Digest, PersonId};
use docket_sync_core::time::{DAY, UnixMillis};
use minicbor::{Decode, Encode};

use crate::commit::{CommitError, Tables, Writer, keys};
use crate::error::ApiError;
use crate::store::{KeyRange, Table};

/// The header.
pub(super) const HEADER: &str = "Idempotency-Key";
/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;
/// How long an answer is kept, in milliseconds.
const KEPT: i64 = DAY;
/// Old answers removed with each new one, so that they never pile up.
const REMOVED_AT_ONCE: usize = 8;

/// A request that may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeatable {
    /// Whose key, and which.
    key: Digest,
    /// Its body.
    body: Digest,
}

/// What the first request was answered.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
struct Kept {
    #[n(0)]
    body: Digest,
    #[n(1)]
    at: UnixMillis,
    #[cbor(n(2), with = "minicbor::bytes")]
    answer: Vec<u8>,
}

impl Repeatable {
    /// From the headers; `None` without a key.
    pub(super) fn of(headers: &HeaderMap, person: PersonId, body: Digest) -> Result<Option<Self>, ApiError> {
        let Some(key) = headers.get(HEADER) else { return Ok(None) };
        let key = key.to_str().ok().map(str::trim).filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
        let problem = || ApiError::invalid_field(HEADER, format!("a key has 1 to {KEY_BYTES_MAX} visible characters"));
        let mut hasher = blake3::Hasher::new();
        hasher.update(&person.0).update(key.ok_or_else(problem)?.as_bytes());
        Ok(Some(Self { key: Digest(*hasher.finalize().as_bytes()), body }))
    }

    /// Does `work` and keeps its answer, or gives the answer that the same request got before.
    pub(super) fn once<T>(
        self,
        writer: &mut Writer,
        work: impl FnOnce(&mut Writer) -> Result<T, CommitError>,
    ) -> Result<T, CommitError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        let now = writer.now();
        let known: Option<Kept> = writer.read(Table::Index, &keys::request(self.key))?;
        if let Some(kept) = known.filter(|kept| now.since(kept.at) < KEPT) {
            if kept.body != self.body {
                let problem = "this key was used for another request: take a new one".to_owned();
                return Err(CommitError::Invalid { field: HEADER, code: "idempotency_key_reused", problem });
            }
            return serde_json::from_slice(&kept.answer).map_err(|error| CommitError::Internal(error.to_string()));
        }
        let done = work(writer)?;
        let answer = serde_json::to_vec(&done).map_err(|error| CommitError::Internal(error.to_string()))?;
        writer.write(Table::Index, keys::request(self.key), &Kept { body: self.body, at: now, answer });
        writer.put(Table::Index, keys::request_at(now, self.key), Vec::new());
        forget_old(writer, now)?;
        Ok(done)
    }
}

fn forget_old(writer: &mut Writer, now: UnixMillis) -> Result<(), CommitError> {
    let old = KeyRange::new(keys::REQUESTS, keys::request_at(now.plus(-KEPT), Digest([0; 32])));
    for (key, _) in writer.scan(Table::Index, &old, REMOVED_AT_ONCE)? {
        if let Some(request) = keys::read_request(&key) {
            let kept: Option<Kept> = writer.read(Table::Index, &keys::request(request))?;
            // The key may have been used again since.
            if kept.is_some_and(|kept| now.since(kept.at) >= KEPT) {
                writer.remove(Table::Index, keys::request(request));
            }
        }
        writer.remove(Table::Index, key);
    }
    Ok(())
}
