//! What a technician fills in: answers, visits, lines, outcomes, signatures; and notes, which everybody writes.

use super::availability::{fits_item, may_correct, own_visits};
use super::office::{is_currency, person};
use super::{Command, Desk, Made, Refusal, names};
use crate::facts::bodies::{self, SignDocument};
use crate::facts::complete::Complete;
use crate::facts::values::{Line, LineKind, PartSource, UnfinishedReason, VisitRef, Window};
use crate::facts::{Author, FactBody, Role};
use crate::ids::{Digest, FactRef};
use crate::lifecycle::facets::WarrantyFacet;
use crate::lifecycle::view::{LineStanding, LineView, Visit, VisitState};
use crate::limits;

/// The fact of a field command.
pub(super) fn decide(desk: &Desk<'_>, command: &Command) -> Result<Made, Refusal> {
    if let Command::Unfinished { visit, reason, text, next, customer } = command {
        let body = unfinished(desk, *visit, *reason, text.as_deref(), *next)?;
        return Ok((body.into(), person(desk, customer.as_ref())?));
    }
    let body: FactBody = match command {
        Command::Accept => bodies::Accept { assignment: assignment(desk)? }.into(),
        Command::Refuse { reason } => {
            bodies::Refuse { assignment: assignment(desk)?, reason: desk.text("reason", reason)? }.into()
        }
        Command::Seen => bodies::Seen {}.into(),
        Command::Depart => bodies::Depart {}.into(),
        Command::Arrive { visit, place } => {
            if let Some(visit) = visit {
                own_visit(desk, *visit)?;
            } else if own_visits(desk).any(|visit| visit.state != VisitState::Ended) {
                return desk.wrong("missing_field", "visit");
            }
            bodies::Arrive { visit: *visit, place: *place }.into()
        }
        Command::Start { visit } => bodies::Start { visit: own_visit(desk, *visit)? }.into(),
        Command::Pause { visit, reason } => {
            bodies::Pause { visit: own_visit(desk, *visit)?, reason: desk.text("reason", reason)? }.into()
        }
        Command::Resume { visit } => bodies::Resume { visit: own_visit(desk, *visit)? }.into(),
        Command::End { visit } => bodies::End { visit: own_visit(desk, *visit)? }.into(),
        Command::RecordLine { visit, line } => {
            bodies::RecordLine { visit: own_visit(desk, *visit)?, line: checked(desk, line, 0)? }.into()
        }
        Command::ReverseLine { line, reason } => {
            bodies::ReverseLine { line: own_line(desk, *line)?, reason: desk.text("reason", reason)? }.into()
        }
        Command::Note { text } => bodies::AddNote { text: note(desk, text)? }.into(),
        Command::Done { visit, finding } => {
            let finding = desk.optional("finding", finding.as_deref())?;
            bodies::OutcomeDone { visit: own_visit(desk, *visit)?, finding }.into()
        }
        Command::Sign { visit, document } => {
            own_visit(desk, *visit)?;
            sign(desk, document)?.into()
        }
        Command::RefuseSignature { name, reason } => {
            bodies::RefuseSignature { name: desk.text("name", name)?, reason: desk.text("reason", reason)? }.into()
        }
        Command::Withdraw { fact, reason } => withdraw(desk, *fact, reason)?.into(),
        Command::Acknowledge { fact, digest } => {
            names::confirmable(desk, *fact, *digest)?;
            bodies::Acknowledge { fact: *fact, digest: *digest }.into()
        }
        Command::Unfinished { .. }
        | Command::Register { .. }
        | Command::Confirm { .. }
        | Command::Assign { .. }
        | Command::Unassign { .. }
        | Command::Reschedule { .. }
        | Command::Cancel { .. }
        | Command::Reinstate { .. }
        | Command::ReturnVoucher { .. }
        | Command::Close
        | Command::ResolveReview { .. }
        | Command::State(_) => return desk.refuse("not_permitted"),
    };
    Ok((body, None))
}

fn assignment(desk: &Desk<'_>) -> Result<FactRef, Refusal> {
    match desk.view.assignment().filter(|assignment| assignment.technician == desk.context.person) {
        Some(assignment) => Ok(assignment.at.fact.reference()),
        None => desk.refuse("not_assigned"),
    }
}

/// A visit that is his (R4) and in a state for the command.
pub(super) fn own_visit(desk: &Desk<'_>, visit: VisitRef) -> Result<VisitRef, Refusal> {
    let named = |other: &&Visit| other.id.reference() == visit;
    match own_visits(desk).find(named).map(|visit| fits_item(desk, visit)) {
        None => desk.wrong("not_your_visit", "visit"),
        Some(Err(why)) => desk.wrong(why, "visit"),
        Some(Ok(())) => Ok(visit),
    }
}

/// A line as it is recorded on a visit, stated anew or put on a repair card. Of a line that it takes the place of
/// `given_back` thousandths are its author's again (U-13).
fn checked(desk: &Desk<'_>, line: &Line, given_back: i64) -> Result<Line, Refusal> {
    let counted = matches!(line.kind, LineKind::Labour | LineKind::Part | LineKind::Expense);
    if counted && line.quantity <= 0 {
        return desk.wrong("wrong_quantity", "quantity");
    }
    if line.kind == LineKind::Photo && line.blob.is_none() {
        return desk.wrong("missing_field", "blob");
    }
    if let Some(code) = line.blob.as_ref().and_then(Complete::problem) {
        return desk.wrong(code, "blob");
    }
    if line.kind == LineKind::Checklist && line.result.is_none() {
        return desk.wrong("missing_field", "result");
    }
    if is_over_quota(desk, line, given_back) {
        return desk.wrong("over_quota", "source");
    }
    if is_priced_on_free_order(desk, line) {
        return desk.wrong("free_order", "amount");
    }
    if line.amount.as_ref().is_some_and(|amount| amount.minor < 0 || !is_currency(&amount.currency)) {
        return desk.wrong("wrong_amount", "amount");
    }
    let unit = if counted { desk.text("unit", &line.unit)? } else { desk.short("unit", line.unit.trim())? };
    Ok(Line {
        name: desk.text("name", &line.name)?,
        unit,
        code: desk.optional("code", line.code.as_deref())?,
        serial: desk.optional("serial", line.serial.as_deref())?,
        ..line.clone()
    })
}

/// U-13: offered only while his quota lasts; what was fitted all the same is recorded with an unknown source. Of a line
/// that is replaced `given_back` thousandths are his again.
fn is_over_quota(desk: &Desk<'_>, line: &Line, given_back: i64) -> bool {
    let left = drawn(line).and_then(|code| desk.context.quotas.get(code));
    left.is_some_and(|left| line.quantity > left.saturating_add(given_back))
}

/// The code of the part that a line takes from its author's van.
fn drawn(line: &Line) -> Option<&str> {
    let draws = line.kind == LineKind::Part && matches!(line.source, None | Some(PartSource::Van));
    draws.then(|| line.code.as_deref().map(str::trim).unwrap_or_default())
}

/// A line that takes the place of an own one.
pub(super) fn replacing(desk: &Desk<'_>, line: FactRef, new: &Line) -> Result<Line, Refusal> {
    let line = own_line(desk, line)?;
    let old = desk.view.lines.iter().find(|view| view.at.fact.reference() == line);
    let his = old.filter(|old| old.by == Author::Person(desk.context.person));
    let given_back = his.filter(|old| drawn(&old.line) == drawn(new)).map_or(0, |old| old.line.quantity);
    checked(desk, new, given_back).map_err(|refusal| whole(refusal, "new"))
}

/// A line on a repair card.
pub(super) fn on_the_card(desk: &Desk<'_>, line: &Line) -> Result<Line, Refusal> {
    checked(desk, line, 0).map_err(|refusal| whole(refusal, "line"))
}

/// What is wrong with the line as a whole names the line.
fn whole(refusal: Refusal, line: &'static str) -> Refusal {
    let is_whole = matches!(refusal.code, "over_quota" | "free_order");
    Refusal { field: if is_whole { Some(line) } else { refusal.field }, ..refusal }
}

/// C-020: nothing has a price where the customer pays nothing, unless somebody changes the class.
fn is_priced_on_free_order(desk: &Desk<'_>, line: &Line) -> bool {
    let free = matches!(desk.view.facets.warranty, Some(WarrantyFacet::Free | WarrantyFacet::Internal));
    free && line.amount.as_ref().is_some_and(|amount| amount.minor > 0)
}

pub(super) fn own_line(desk: &Desk<'_>, line: FactRef) -> Result<FactRef, Refusal> {
    match desk.view.lines.iter().find(|view| view.at.fact.reference() == line) {
        None => desk.wrong("no_line", "line"),
        Some(view) if view.standing != LineStanding::Effective => desk.wrong("line_gone", "line"),
        Some(view) if !may_correct(desk, &view.by) => desk.wrong("not_your_line", "line"),
        Some(_) => Ok(line),
    }
}

fn note(desk: &Desk<'_>, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return desk.wrong("missing_field", "text");
    }
    if text.len() > limits::NOTE_BYTES_MAX {
        return desk.wrong("too_long", "text");
    }
    Ok(text.to_owned())
}

/// C-140, C-141: the next visit is agreed with the customer, or the reason is noted.
fn unfinished(
    desk: &Desk<'_>,
    visit: VisitRef,
    reason: UnfinishedReason,
    text: Option<&str>,
    next: Option<Window>,
) -> Result<bodies::OutcomeUnfinished, Refusal> {
    let visit = own_visit(desk, visit)?;
    let text = desk.optional("text", text)?;
    let next = next.map(|next| desk.window("next", next)).transpose()?;
    if next.is_none() && text.is_none() {
        return desk.wrong("next_visit_or_reason", "next");
    }
    if reason == UnfinishedReason::Other && text.is_none() {
        return desk.wrong("missing_field", "text");
    }
    Ok(bodies::OutcomeUnfinished { visit, reason, text, next })
}

/// The voucher module made digests and signature; here only that they are there, and that they cover something.
fn sign(desk: &Desk<'_>, document: &SignDocument) -> Result<SignDocument, Refusal> {
    let empty = Digest([0; Digest::LENGTH]);
    if document.covered.is_empty() || document.covered_digest == empty || document.voucher == empty {
        return desk.wrong("voucher_incomplete", "covered");
    }
    if document.covered.len() > limits::LIST_MAX {
        return desk.wrong("too_long", "covered");
    }
    let name = desk.text("name", &document.name)?;
    let relation = desk.text("relation", &document.relation)?;
    Ok(SignDocument { name, relation, ..document.clone() })
}

/// The author of a physical fact that stands: of visits, lines, goods, cash, or what was found on site. A line that was
/// reversed or stated anew is gone already.
fn author<'a>(desk: &Desk<'a>, fact: FactRef) -> Option<&'a Author> {
    let gone = |line: &LineView| line.at.fact.reference() == fact && line.standing != LineStanding::Effective;
    if desk.view.lines.iter().any(gone) {
        return None;
    }
    desk.view.facets.physical.iter().find(|(id, _)| id.reference() == fact).map(|(_, author)| author)
}

/// Its author, until a signature covers it or somebody else's fact builds on it; then a supervisor (table 4.4).
fn withdraw(desk: &Desk<'_>, fact: FactRef, reason: &str) -> Result<bodies::WithdrawOwn, Refusal> {
    match author(desk, fact) {
        None => return desk.wrong("no_fact", "fact"),
        Some(author) if !may_correct(desk, author) => return desk.wrong("not_your_fact", "fact"),
        Some(_) => {}
    }
    let signed = desk.view.signatures.iter().flat_map(|signature| &signature.covered);
    let proven = desk.view.facets.proofs.iter().flat_map(|proof| &proof.covered);
    let covered = signed.chain(proven).any(|covered| covered.reference() == fact);
    if covered && !desk.context.has(Role::Supervisor) {
        return desk.wrong("signed_already", "fact");
    }
    let relied_on = desk.view.facets.relied_on.iter().any(|one| one.reference() == fact);
    if relied_on && !desk.context.has(Role::Supervisor) {
        return desk.wrong("relied_on", "fact");
    }
    Ok(bodies::WithdrawOwn { fact, reason: desk.text("reason", reason)? })
}
