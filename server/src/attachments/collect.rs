//! Tidying up: uploads that were left, and files that no fact names.
//!
//! A file is kept as long as a fact of any order names it, for ever; one that none names for so many days was sent for
//! a fact that was never made. What waits in quarantine counts as made until somebody has decided.

use std::sync::Arc;

use docket_sync_core::attachments::named_by;
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::{BlobId, DocumentId};
use docket_sync_core::time::UnixMillis;

use super::limits::{COLLECTED_AT_ONCE, TICK};
use super::{Place, records};
use crate::api::{Reading, blocking};
use crate::commit::{CommitError, QuarantineEntry, Tables};
use crate::error::ApiError;
use crate::office::Office;
use crate::store::{KeyRange, Table, record};

/// What was tidied up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Uploads that were left.
    pub uploads: usize,
    /// Rows of orders whose file no fact names.
    pub rows: usize,
    /// Files that no row has.
    pub files: usize,
}

/// Tidies up from time to time until the office stops.
pub async fn run(office: Arc<Office>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = office.stopping() => return,
            _ = tick.tick() => {}
        }
        let Ok(place) = office.attachments.place() else { return };
        match collect(&office, &place, office.platform.clock.now()).await {
            Ok(done) if done == Collected::default() => {}
            Ok(Collected { uploads, rows, files }) => {
                tracing::info!(uploads, rows, files, "attachments that nobody names are gone");
            }
            // It was logged where it failed; the next round tries again.
            Err(_) => {}
        }
    }
}

/// Tidies up once.
///
/// # Errors
/// When disk or store fail; what was done stays done.
pub async fn collect(office: &Arc<Office>, place: &Arc<Place>, now: UnixMillis) -> Result<Collected, ApiError> {
    let mut done = Collected { uploads: leave_uploads(office, place, now).await?, ..Collected::default() };
    let before = UnixMillis(now.0.saturating_sub(place.limits.orphan_ms));
    let mut at: Option<Vec<u8>> = None;
    loop {
        let from = at.clone();
        let (orphans, next) = blocking(office, move |office| orphans(office, from.as_deref(), before)).await?;
        for (order, blob) in orphans {
            let _settling = place.settling.lock().await;
            if office.committer.run(move |writer| records::remove(writer, order, blob)).await? {
                remove_file(office, place, blob).await?;
                done.files = done.files.saturating_add(1);
            }
            done.rows = done.rows.saturating_add(1);
        }
        match next {
            Some(next) => at = Some(next),
            None => break,
        }
    }
    done.files = done.files.saturating_add(sweep(office, place, before).await?);
    Ok(done)
}

/// Forgets uploads that nobody has gone on with.
async fn leave_uploads(office: &Arc<Office>, place: &Arc<Place>, now: UnixMillis) -> Result<usize, ApiError> {
    let left = place.uploads.untouched_since(UnixMillis(now.0.saturating_sub(place.limits.upload_ms)));
    let mut forgotten = 0_usize;
    for id in left {
        let Some(_held) = place.uploads.hold(id) else { continue };
        let forgetting = place.clone();
        blocking(office, move |_| {
            forgetting.uploads.forget(id).map_err(|error| ApiError::internal("forgetting an upload", &error))
        })
        .await?;
        forgotten = forgotten.saturating_add(1);
    }
    Ok(forgotten)
}

/// Files of one page of rows that arrived before `before` and that nothing names; and where the next page begins.
#[expect(clippy::type_complexity, reason = "one use, taken apart at once")]
fn orphans(
    office: &Office,
    after: Option<&[u8]>,
    before: UnixMillis,
) -> Result<(Vec<(DocumentId, BlobId)>, Option<Vec<u8>>), ApiError> {
    let reading = Reading::begin(office);
    let rows = records::after(reading.store(), after, COLLECTED_AT_ONCE)?;
    let next = rows.last().filter(|_| rows.len() == COLLECTED_AT_ONCE).map(|(key, ..)| key.clone());
    let mut orphans = Vec::new();
    for (_, order, blob, row) in rows {
        let old = row.received.as_ref().is_some_and(|received| received.at < before);
        if old && row.named.is_none() && !is_named_in_quarantine(reading.store(), order, blob)? {
            orphans.push((order, blob));
        }
    }
    Ok((orphans, next))
}

fn is_named_in_quarantine<T: Tables + ?Sized>(
    tables: &T,
    order: DocumentId,
    blob: BlobId,
) -> Result<bool, CommitError> {
    for (_, value) in tables.scan(Table::Quarantine, &KeyRange::prefix(order.0), usize::MAX)? {
        let Ok(entry) = record::decode::<QuarantineEntry>("quarantine", &value) else { continue };
        let stated = StatedFact::from_bytes(&entry.record.bytes).ok();
        let names = stated.and_then(|stated| named_by(&stated.content.body)).is_some_and(|named| named.blob == blob);
        if names && entry.decided.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes files that lie there without a row: a crash came between the two, or a restore brought more than the log.
async fn sweep(office: &Arc<Office>, place: &Arc<Place>, before: UnixMillis) -> Result<usize, ApiError> {
    let looking = place.clone();
    let old = blocking(office, move |office| {
        let mut old = Vec::new();
        let failed = |error| ApiError::internal("listing attachments", &error);
        let mut note = |blob, modified: UnixMillis| {
            Ok(if modified < before {
                old.push(blob)
            })
        };
        looking.blobs.each(&mut note).map_err(failed)?;
        let reading = Reading::begin(office);
        let mut lonely = Vec::new();
        for blob in old {
            if !records::is_kept(reading.store(), blob)? {
                lonely.push(blob);
            }
        }
        Ok(lonely)
    })
    .await?;
    let mut removed = 0_usize;
    for blob in old {
        let _settling = place.settling.lock().await;
        let kept = blocking(office, move |office| {
            let reading = Reading::begin(office);
            Ok(records::is_kept(reading.store(), blob)?)
        })
        .await?;
        if !kept {
            remove_file(office, place, blob).await?;
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}

async fn remove_file(office: &Arc<Office>, place: &Arc<Place>, blob: BlobId) -> Result<(), ApiError> {
    let place = place.clone();
    blocking(office, move |_| {
        let failed = |error| ApiError::internal("removing an attachment", &error);
        place.blobs.remove(blob).map_err(failed)?;
        place.thumbnails.remove(blob).map_err(failed)
    })
    .await
}
