//! Frames that an engine has not seen are applied to it, many at once.

use super::open::JournaledOptions;
use super::{Engine, Progress};
use crate::store::journal::error::Damage;
use crate::store::journal::{JournalError, Position, Reader};
use crate::store::{Batch, StoreError};

/// Applies every frame after `from` to the engine. Gives how many there were.
pub(super) fn replay<E: Engine>(
    reader: &Reader,
    engine: &E,
    from: Position,
    end: Position,
    options: &JournaledOptions,
) -> Result<u64, StoreError> {
    if from.number == 0 && end.number > 0 {
        // An engine that is stopped before it has taken any other position goes on from here.
        engine.apply_at(&Batch::new(), from)?;
    }
    let mut pending = Batch::new();
    let mut bytes = 0_usize;
    let mut last = from;
    let mut writes = 0_u64;
    for frame in reader.frames(from.number.saturating_add(1)) {
        let frame = frame?;
        let unreadable = || JournalError::Damaged {
            file: reader.folder().to_owned(),
            offset: 0,
            last_good: last.number,
            problem: frame.problem().unwrap_or(Damage::Payload),
        };
        let batch = frame.batch().ok_or_else(unreadable)?;
        writes = writes.saturating_add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        bytes = bytes.saturating_add(batch.bytes());
        last = frame.header.position();
        pending.append(batch);
        if bytes >= options.gathered_bytes {
            give(engine, &std::mem::take(&mut pending), last)?;
            // Bounds what the engine holds that is not on the disk.
            engine.flush()?;
            bytes = 0;
            let progress = Progress::Reading { frame: last.number, frames: end.number, writes };
            tracing::info!(frame = last.number, frames = end.number, writes, "reading the journal into the engine");
            if let Some(report) = &options.progress {
                report(progress);
            }
        }
    }
    if last.number != from.number {
        give(engine, &pending, last)?;
    }
    if last != end {
        // The end was found by reading the same file a moment ago.
        return Err(JournalError::NoFrame { number: end.number }.into());
    }
    if let Some(report) = options.progress.as_ref().filter(|_| last != from) {
        report(Progress::Reading { frame: last.number, frames: end.number, writes });
    }
    Ok(last.number.saturating_sub(from.number))
}

/// Writes what was gathered and takes the position.
fn give<E: Engine>(engine: &E, gathered: &Batch, position: Position) -> Result<(), StoreError> {
    engine.apply_part(gathered, position)?;
    engine.apply_at(&Batch::new(), position)
}
