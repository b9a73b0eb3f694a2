//! A sync over HTTP POST: for the background, where nothing stays open.

use super::{Exchange, SyncError, SyncReport};
use crate::replica::DeviceReplica;
use crate::store::DeviceStore;
use crate::transport::Http;

/// Syncs once: sends what waits, takes what is new, until both sides have the same.
///
/// # Errors
/// When the server cannot be reached or stops the sync; what was done until then is durable on both sides.
pub async fn post<S: DeviceStore>(replica: &mut DeviceReplica<S>, http: &mut Http) -> Result<SyncReport, SyncError> {
    let mut exchange = Exchange::begin(replica);
    while let Some(message) = exchange.next_message(replica)? {
        let answer = http.post_message(message).await?;
        exchange.answered(replica, &answer)?;
    }
    Ok(exchange.report(replica))
}
