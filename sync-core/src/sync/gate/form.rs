//! The gate's first question: is a record of the layout, within the limits, at a sane time?

use crate::document::Record;
use crate::facts::{FactBody, StatedFact};
use crate::limits;
use crate::sync::frames::QuarantineCode;
use crate::time::UnixMillis;

/// Form: layout and limits.
pub(super) fn check_form(record: &Record) -> Result<StatedFact, QuarantineCode> {
    if record.bytes.len() > limits::FACT_BYTES_MAX {
        return Err(QuarantineCode::Limit);
    }
    if record.sequence > u64::try_from(limits::FACTS_PER_DOCUMENT_MAX).unwrap_or(u64::MAX) {
        return Err(QuarantineCode::Limit);
    }
    if record.time < limits::TIME_MIN || record.time > limits::TIME_MAX {
        return Err(QuarantineCode::TimeAhead);
    }
    let stated = StatedFact::from_bytes(&record.bytes).or(Err(QuarantineCode::Malformed))?;
    check_texts(&stated.content.body)?;
    Ok(stated)
}

/// Times that are not ahead of the server's.
pub(super) fn check_time(time: UnixMillis, lo: UnixMillis, now: UnixMillis) -> Result<(), QuarantineCode> {
    // The hybrid time may run ahead of `lo` by what it followed of others, which is bounded, too.
    let ahead =
        lo.since(now) > limits::HYBRID_AHEAD_MAX_MS || time.since(now) > limits::HYBRID_AHEAD_MAX_MS.saturating_mul(2);
    if ahead { Err(QuarantineCode::TimeAhead) } else { Ok(()) }
}

fn check_texts(body: &FactBody) -> Result<(), QuarantineCode> {
    match body {
        FactBody::AddNote(note) if note.text.len() > limits::NOTE_BYTES_MAX => Err(QuarantineCode::Limit),
        _ => Ok(()),
    }
}
