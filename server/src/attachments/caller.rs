//! Who asks for an attachment, and whether he may: a device by its key, a person by his session.
//!
//! A device reads what belongs to orders in its scope and sends for orders that are or were; a person reads and sends
//! as his roles allow him to at the office.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use docket_sync_core::ids::{DeviceId, DocumentId, PersonId};
use docket_sync_core::proof::request::{Asked, NONCE_HEADER, RequestProof, SCHEME};
use docket_sync_core::time::{MINUTE, UnixMillis};

use super::records::Sender;
use crate::api::{Permit, Reading, Reads, Signed, Works, blocking};
use crate::commit::meta::ScopeEntry;
use crate::commit::{CommitError, Item, ScopeId, Tables, keys};
use crate::error::ApiError;
use crate::feed::devices::read_device;
use crate::feed::standing::Standing;
use crate::office::Office;
use crate::store::Table;

/// Milliseconds for which a nonce is good: longer than a device takes from an answer to the next request.
const NONCE_MS: i64 = 10 * MINUTE;

/// Hands out nonces and knows them again, without remembering any. A restart voids them all.
#[derive(Clone)]
pub struct Nonces {
    key: [u8; 32],
}

impl core::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Nonces")
    }
}

impl Nonces {
    /// Nonces of one process: `key` is random.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A nonce that is good from now on.
    #[must_use]
    pub fn make(&self, now: UnixMillis) -> String {
        let time = now.0.to_be_bytes();
        let mark = blake3::keyed_hash(&self.key, &time);
        let mark = mark.as_bytes().get(..16).unwrap_or_default();
        data_encoding::HEXLOWER.encode(&[&time, mark].concat())
    }

    /// Whether it is good.
    #[must_use]
    pub fn is_good(&self, nonce: &str, now: UnixMillis) -> bool {
        let bytes = data_encoding::HEXLOWER.decode(nonce.as_bytes()).unwrap_or_default();
        let Some(time) = bytes.get(..8).and_then(|time| <[u8; 8]>::try_from(time).ok()) else { return false };
        let time = i64::from_be_bytes(time);
        let age = now.0.saturating_sub(time);
        (0..=NONCE_MS).contains(&age) && self.make(UnixMillis(time)) == nonce
    }
}

/// Adds a nonce to the answer for a device.
pub(super) async fn hand_out_nonce(State(office): State<Arc<Office>>, request: Request, next: Next) -> Response {
    let is_device = is_devices(request.headers());
    let mut response = next.run(request).await;
    if is_device
        && let Ok(place) = office.attachments.place()
        && let Ok(nonce) = HeaderValue::from_str(&place.nonces.make(office.platform.clock.now()))
    {
        response.headers_mut().insert(HeaderName::from_static(NONCE_HEADER), nonce);
    }
    response
}

fn is_devices(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.starts_with(SCHEME))
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A device, and the persons who may be author on it.
    Device {
        /// Which.
        device: DeviceId,
        /// Whose.
        persons: Vec<PersonId>,
    },
    /// A person at the office.
    Person(Signed),
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Arc<Office>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        if !is_devices(&parts.headers) {
            let signed = Signed::from_request_parts(parts, state).await;
            return signed.map(Self::Person).map_err(axum::response::IntoResponse::into_response);
        }
        let office = Arc::<Office>::from_ref(state);
        device(&office, parts).await.map_err(axum::response::IntoResponse::into_response)
    }
}

fn not_proven() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "request_not_proven", "sign the request with the nonce of this answer")
}

async fn device(office: &Arc<Office>, parts: &Parts) -> Result<Caller, ApiError> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let proof = RequestProof::from_header(text("authorization")).ok_or_else(not_proven)?;
    let place = office.attachments.place()?;
    if !place.nonces.is_good(&proof.nonce, office.platform.clock.now()) {
        return Err(not_proven());
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let asked = Asked {
        store: office.identity.store,
        method: parts.method.as_str(),
        target,
        offset: text("upload-offset"),
        length: text("upload-length"),
        metadata: text("upload-metadata"),
    };
    let device = proof.device;
    let (record, stop) = blocking(office, move |office| {
        let reading = Reading::begin(office);
        let Some(record) = read_device(reading.store(), device)? else { return Err(not_proven()) };
        let stop = Standing::of(reading.store(), &record)?.stop();
        Ok((record, stop))
    })
    .await?;
    let maker = record.maker().ok_or_else(not_proven)?;
    proof.verify(&asked, &maker.key).map_err(|_bad| not_proven())?;
    if stop.is_some() {
        let message = "this device may not send or fetch attachments any more";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "device_refused", message));
    }
    Ok(Caller::Device { device, persons: record.persons })
}

/// What somebody wants with an order's attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// To read them.
    Read,
    /// To send one.
    Send,
}

impl Caller {
    /// The caller as the sender of a file.
    #[must_use]
    pub fn sender(&self) -> Sender {
        match self {
            Self::Device { device, .. } => Sender::Device(*device),
            Self::Person(signed) => Sender::Person(signed.person.id),
        }
    }

    /// Whether his role lets him at all; which orders is [`Caller::may`].
    ///
    /// # Errors
    /// 403.
    pub fn check(&self, wants: Wants) -> Result<(), ApiError> {
        match (self, wants) {
            (Self::Device { .. }, _) => Ok(()),
            (Self::Person(signed), Wants::Read) => Permit::<Reads>::judge(signed.clone()).map(|_| ()),
            (Self::Person(signed), Wants::Send) => Permit::<Works>::judge(signed.clone()).map(|_| ()),
        }
    }

    /// Whether he may do it with this order; an order that he may not see is unknown to him.
    ///
    /// # Errors
    /// When the store fails.
    pub fn may<T: Tables + ?Sized>(&self, tables: &T, order: DocumentId, wants: Wants) -> Result<bool, CommitError> {
        if tables.get(Table::View, &order.0)?.is_none() {
            return Ok(false);
        }
        let Self::Device { persons, .. } = self else { return Ok(true) };
        for person in persons {
            let key = keys::scope_item(ScopeId::of(*person), Item::Document(order));
            let entry: Option<ScopeEntry> = tables.read(Table::Scope, &key)?;
            // Work on an order that went to somebody else meanwhile is work all the same.
            if entry.is_some_and(|entry| entry.left_at.is_none() || wants == Wants::Send) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_its_time_and_nobody_else_makes_one() {
        let (ours, others) = (Nonces::new([1; 32]), Nonces::new([2; 32]));
        let now = UnixMillis(1_790_000_000_000);
        let nonce = ours.make(now);
        assert!(ours.is_good(&nonce, now) && ours.is_good(&nonce, now.plus(NONCE_MS)));
        assert!(!ours.is_good(&nonce, now.plus(NONCE_MS + 1)) && !ours.is_good(&nonce, now.plus(-1)));
        assert!(!others.is_good(&nonce, now) && !ours.is_good("", now) && !ours.is_good(&nonce[2..], now));
    }
}
