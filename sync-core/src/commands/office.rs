//! What the office fills in: intake, assignment, times, cancel, voucher, close, reviews.

use super::availability::{can_be_reinstated, decides};
use super::{Command, Desk, Made, Refusal, SkillMatch};
use crate::facts::bodies;
use crate::facts::values::{CustomerPerson, Money, ServiceClass, Skip, Urgency, Window};
use crate::ids::{FactRef, PersonId, ReviewId};
use crate::lifecycle::facets::WarrantyFacet;
use crate::lifecycle::view::SignatureFacet;
use crate::limits;

/// The fact of an office command; `None` for a command of the field.
pub(super) fn decide(desk: &Desk<'_>, command: &Command) -> Result<Option<Made>, Refusal> {
    let made = match command {
        Command::Register { .. } => (register(desk, command)?, None),
        Command::Confirm { content, window, amount, in_warranty, customer } => {
            let body = confirm(desk, content, *window, amount.as_ref(), *in_warranty)?;
            (body.into(), person(desk, customer.as_ref())?)
        }
        Command::Assign { technician, skipped, turn, reason, skill } => {
            (assign(desk, *technician, skipped, *turn, reason.as_deref(), *skill)?.into(), None)
        }
        Command::Unassign { technician, reason } => {
            if desk.view.technician() != Some(*technician) {
                return desk.wrong("not_assigned", "technician");
            }
            let reason = desk.text("reason", reason)?;
            (bodies::Unassign { technician: *technician, reason }.into(), None)
        }
        Command::Reschedule { window, confirmed, customer, reason } => {
            reschedule(desk, *window, *confirmed, customer.as_ref(), reason.as_deref())?
        }
        Command::Cancel { reason } => (bodies::CancelByOffice { reason: desk.text("reason", reason)? }.into(), None),
        Command::Reinstate { cancel, reason } => (reinstate(desk, *cancel, reason)?.into(), None),
        Command::ReturnVoucher { reason } => (return_voucher(desk, reason.as_deref())?.into(), None),
        Command::Close => (bodies::Close {}.into(), None),
        Command::ResolveReview { review, choice, reason } => {
            check_choice(desk, *review, *choice)?;
            let reason = desk.text("reason", reason)?;
            (bodies::ResolveReview { review: *review, choice: *choice, reason }.into(), None)
        }
        Command::Accept
        | Command::Refuse { .. }
        | Command::Seen
        | Command::Depart
        | Command::Arrive { .. }
        | Command::Start { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::End { .. }
        | Command::RecordLine { .. }
        | Command::ReverseLine { .. }
        | Command::Note { .. }
        | Command::Done { .. }
        | Command::Unfinished { .. }
        | Command::Sign { .. }
        | Command::RefuseSignature { .. }
        | Command::Withdraw { .. }
        | Command::Acknowledge { .. }
        | Command::State(_) => return Ok(None),
    };
    Ok(Some(made))
}

/// C-001: every request is entered with its mandatory fields; the form checks that the records have theirs.
fn register(desk: &Desk<'_>, command: &Command) -> Result<crate::facts::FactBody, Refusal> {
    let Command::Register { customer, site, unit, channel, class, urgency, problem, serial, skill, origin } = command
    else {
        return desk.refuse("not_permitted");
    };
    let body = bodies::RegisterCall {
        customer: *customer,
        site: *site,
        unit: *unit,
        channel: *channel,
        class: *class,
        urgency: *urgency,
        problem: desk.text("problem", problem)?,
        serial: desk.optional("serial", serial.as_deref())?,
        skill: desk.optional("skill", skill.as_deref())?,
        origin: desk.optional("origin", origin.as_deref())?,
    };
    Ok(body.into())
}

/// C-006: work, time, amount and the guarantee flag. Who pays must have heard an amount, 0 included.
fn confirm(
    desk: &Desk<'_>,
    content: &str,
    window: Option<Window>,
    amount: Option<&Money>,
    in_warranty: bool,
) -> Result<bodies::ConfirmRequest, Refusal> {
    let chargeable = desk.view.request.as_ref().is_some_and(|request| request.class == ServiceClass::Chargeable);
    if chargeable && !in_warranty && amount.is_none() {
        return desk.wrong("missing_field", "amount");
    }
    if amount.is_some_and(|amount| amount.minor < 0 || !is_currency(&amount.currency)) {
        return desk.wrong("wrong_amount", "amount");
    }
    let content = desk.text("content", content)?;
    let window = window.map(|window| desk.window("from", window)).transpose()?;
    Ok(bodies::ConfirmRequest { content, window, amount: amount.cloned(), in_warranty })
}

/// ISO 4217: three capital letters.
pub(super) fn is_currency(currency: &str) -> bool {
    currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_uppercase())
}

fn assign(
    desk: &Desk<'_>,
    technician: PersonId,
    skipped: &[Skip],
    turn: Option<u64>,
    reason: Option<&str>,
    skill: SkillMatch,
) -> Result<bodies::Assign, Refusal> {
    // C-006: confirmed with the customer before dispatch; where people are in danger, repair first (C-045).
    let danger = desk.view.request.as_ref().is_some_and(|request| request.urgency == Urgency::Hazard);
    if desk.view.confirmation.is_none() && !danger {
        return desk.refuse("not_confirmed");
    }
    // C-028: who pays is decided before anybody is sent as free or paid.
    if desk.view.facets.warranty == Some(WarrantyFacet::Disputed) && !danger {
        return desk.refuse("disputed");
    }
    if desk.view.technician() == Some(technician) {
        return desk.wrong("already_assigned", "technician");
    }
    let reason = desk.optional("reason", reason)?;
    // C-041: an override of the rotation, and taking the order from somebody, need a reason.
    if reason.is_none() && (turn.is_none() || desk.view.assignment().is_some()) {
        return desk.wrong("override_reason", "reason");
    }
    if reason.is_none() && skill == SkillMatch::Lacks {
        return desk.wrong("skill_missing", "technician");
    }
    if skipped.len() > limits::LIST_MAX {
        return desk.wrong("too_long", "skipped");
    }
    Ok(bodies::Assign { technician, skipped: skipped.to_vec(), reason, turn })
}

/// A time agreed with the customer names him, and how; a planned one does not bind him.
pub(super) fn reschedule(
    desk: &Desk<'_>,
    window: Window,
    confirmed: bool,
    customer: Option<&CustomerPerson>,
    reason: Option<&str>,
) -> Result<Made, Refusal> {
    let window = desk.window("from", window)?;
    if !confirmed {
        let reason = desk.optional("reason", reason)?;
        return Ok((bodies::ProposeAppointment { window, reason }.into(), None));
    }
    match person(desk, customer)? {
        Some(customer) => Ok((bodies::ConfirmAppointment { window }.into(), Some(customer))),
        None => desk.wrong("missing_field", "customer"),
    }
}

/// The customer's person, when one is named: then with name and relation.
pub(super) fn person(desk: &Desk<'_>, customer: Option<&CustomerPerson>) -> Result<Option<CustomerPerson>, Refusal> {
    let Some(customer) = customer else { return Ok(None) };
    let name = desk.text("name", &customer.name)?;
    let relation = desk.text("relation", &customer.relation)?;
    Ok(Some(CustomerPerson { name, relation, channel: customer.channel }))
}

fn reinstate(desk: &Desk<'_>, cancel: FactRef, reason: &str) -> Result<bodies::Reinstate, Refusal> {
    let known =
        desk.view.cancels.iter().any(|view| view.at.fact.reference() == cancel && can_be_reinstated(view.effect));
    if !known {
        return desk.wrong("not_cancelled", "cancel");
    }
    Ok(bodies::Reinstate { cancel, reason: desk.text("reason", reason)? })
}

/// Table 4.4: signed, by a code or on paper too (U-09), or with a reason.
fn return_voucher(desk: &Desk<'_>, reason: Option<&str>) -> Result<bodies::ReturnVoucher, Refusal> {
    let reason = desk.optional("reason", reason)?;
    let unsigned = matches!(desk.view.signature, SignatureFacet::Unsigned | SignatureFacet::Refused);
    if unsigned && reason.is_none() {
        return desk.wrong("unsigned_reason", "reason");
    }
    Ok(bodies::ReturnVoucher { reason })
}

fn check_choice(desk: &Desk<'_>, review: ReviewId, choice: crate::facts::values::ReviewChoice) -> Result<(), Refusal> {
    let Some(review) = desk.view.reviews.iter().find(|other| other.id == review) else {
        return desk.wrong("no_review", "review");
    };
    if !decides(desk, review) {
        return desk.wrong("review_not_yours", "review");
    }
    if !review.choices.contains(&choice) {
        return desk.wrong("wrong_choice", "choice");
    }
    Ok(())
}
