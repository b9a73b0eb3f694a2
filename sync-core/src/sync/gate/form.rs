//! The gate's first question: is a record of the layout, within the limits, at a sane time?

use crate::document::Record;
use crate::facts::values::{Correction, Line, LineKind, Money};
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
    if is_below_nothing(&stated.content.body) {
        return Err(QuarantineCode::Malformed);
    }
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

/// Whether the fact takes, gives, charges or uses less than nothing: no program that follows the format says so (R5).
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds name no amount")]
fn is_below_nothing(body: &FactBody) -> bool {
    let money = |amount: &Money| amount.minor < 0;
    let line =
        |line: &Line| line.amount.as_ref().is_some_and(money) || (line.quantity < 0 && line.kind != LineKind::Reading);
    match body {
        FactBody::CollectCash(body) => money(&body.amount),
        FactBody::RemitCash(body) => money(&body.amount),
        FactBody::BookTransfer(body) => money(&body.amount),
        FactBody::GrantDiscount(body) => money(&body.amount),
        FactBody::ConfirmRequest(body) => body.amount.as_ref().is_some_and(money),
        FactBody::IssueQuote(body) => body.lines.iter().any(|line| money(&line.amount) || line.quantity < 0),
        FactBody::RecordLine(body) => line(&body.line),
        FactBody::ReplaceLine(body) => line(&body.new),
        FactBody::BenchWork(body) => body.line.as_ref().is_some_and(line),
        FactBody::PlanLine(body) => line(&body.line),
        FactBody::CorrectFact(body) => match &body.correction {
            Correction::Line(corrected) => line(corrected),
            Correction::Time(_) | Correction::Text(_) => false,
        },
        _ => false,
    }
}
