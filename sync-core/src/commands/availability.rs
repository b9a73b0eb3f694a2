//! Which commands a person has now: his rights, and the state of the order as he sees it.

use super::{CommandCode, Desk, Refusal, acts};
use crate::facts::{FactKind, Role};
use crate::ids::PersonId;
use crate::lifecycle::facets::ItemState;
use crate::lifecycle::view::{
    AssignmentFacet, CancelEffect, LineStanding, OrderState, OrderView, Outcome, Review, ReviewStatus, SignatureFacet,
    Visit, VisitState, VoucherFacet,
};

/// Whether the command is there for this person, before he fills anything in.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other command is an act")]
pub(super) fn available(desk: &Desk<'_>) -> Result<(), Refusal> {
    permitted(desk)?;
    exists(desk)?;
    match desk.code {
        CommandCode::Register
        | CommandCode::Confirm
        | CommandCode::Assign
        | CommandCode::Unassign
        | CommandCode::Reschedule
        | CommandCode::Cancel
        | CommandCode::Reinstate
        | CommandCode::ReturnVoucher
        | CommandCode::Close
        | CommandCode::ResolveReview => office(desk),
        CommandCode::Accept | CommandCode::Refuse | CommandCode::Seen => assignment(desk),
        CommandCode::Depart
        | CommandCode::Arrive
        | CommandCode::Start
        | CommandCode::Pause
        | CommandCode::Resume
        | CommandCode::End
        | CommandCode::RecordLine
        | CommandCode::Done
        | CommandCode::Unfinished
        | CommandCode::Sign
        | CommandCode::RefuseSignature => visit(desk),
        CommandCode::ReverseLine => reverse(desk),
        CommandCode::Withdraw => withdraw(desk),
        CommandCode::Note | CommandCode::Acknowledge => Ok(()),
        act => acts::available(desk, act),
    }
}

/// The kinds of facts that a command may make.
#[expect(clippy::wildcard_enum_match_arm, reason = "acts state the kind of their name")]
fn kinds(code: CommandCode) -> &'static [FactKind] {
    match code {
        CommandCode::Register => &[FactKind::RegisterCall],
        CommandCode::Confirm => &[FactKind::ConfirmRequest],
        CommandCode::Assign => &[FactKind::Assign],
        CommandCode::Unassign => &[FactKind::Unassign],
        CommandCode::Accept => &[FactKind::Accept],
        CommandCode::Refuse => &[FactKind::Refuse],
        CommandCode::Reschedule => &[FactKind::ProposeAppointment, FactKind::ConfirmAppointment],
        CommandCode::Seen => &[FactKind::Seen],
        CommandCode::Depart => &[FactKind::Depart],
        CommandCode::Arrive => &[FactKind::Arrive],
        CommandCode::Start => &[FactKind::Start],
        CommandCode::Pause => &[FactKind::Pause],
        CommandCode::Resume => &[FactKind::Resume],
        CommandCode::End => &[FactKind::End],
        CommandCode::RecordLine => &[FactKind::RecordLine],
        CommandCode::ReverseLine => &[FactKind::ReverseLine],
        CommandCode::Note => &[FactKind::AddNote],
        CommandCode::Done => &[FactKind::OutcomeDone],
        CommandCode::Unfinished => &[FactKind::OutcomeUnfinished],
        CommandCode::Sign => &[FactKind::SignDocument],
        CommandCode::RefuseSignature => &[FactKind::RefuseSignature],
        CommandCode::ReturnVoucher => &[FactKind::ReturnVoucher],
        CommandCode::Withdraw => &[FactKind::WithdrawOwn],
        CommandCode::Acknowledge => &[FactKind::Acknowledge],
        CommandCode::Cancel => &[FactKind::CancelByOffice],
        CommandCode::Reinstate => &[FactKind::Reinstate],
        CommandCode::Close => &[FactKind::Close],
        CommandCode::ResolveReview => &[FactKind::ResolveReview],
        _ => &[],
    }
}

fn permitted(desk: &Desk<'_>) -> Result<(), Refusal> {
    let allowed = |kind: &FactKind| desk.context.roles.iter().any(|role| kind.right().roles.contains(role));
    let act = desk.code.act();
    if kinds(desk.code).iter().chain(&act).any(allowed) { Ok(()) } else { desk.refuse("not_permitted") }
}

/// Everything but registering needs an order; nothing but notes and reviews goes on after closing (R12).
fn exists(desk: &Desk<'_>) -> Result<(), Refusal> {
    let register = matches!(desk.code, CommandCode::Register | CommandCode::CreateEmergencyOrder);
    match (desk.view.request.is_some(), register) {
        (false, false) => return desk.refuse("not_registered"),
        (true, true) => return desk.refuse("already_registered"),
        (true, false) | (false, true) => {}
    }
    let goes_on = matches!(desk.code, CommandCode::Note | CommandCode::Acknowledge | CommandCode::ResolveReview)
        || desk.code.act().is_some_and(acts::goes_on_after_closing);
    // A merged order may be closed too; the close counts.
    if desk.view.closed.is_some() && !goes_on { desk.refuse("order_closed") } else { Ok(()) }
}

pub(super) fn is_over(view: &OrderView) -> bool {
    // What was terminated with goods still with us shows as in custody (R3(b)).
    let cancelled = |effect| matches!(effect, CancelEffect::Cancelled | CancelEffect::Terminated);
    is_final(view.state) || view.cancels.iter().any(|cancel| cancelled(cancel.effect))
}

fn is_final(state: OrderState) -> bool {
    matches!(
        state,
        OrderState::Cancelled
            | OrderState::Terminated
            | OrderState::Closed
            | OrderState::Merged
            | OrderState::Declined
            | OrderState::Returned
    )
}

/// Whether this view knows of a DONE.
pub(super) fn knows_done(desk: &Desk<'_>) -> bool {
    desk.view.completed.is_some()
        || desk.view.visits.iter().any(|visit| matches!(visit.outcome, Some(Outcome::Done { .. })))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the arms above name every obstacle")]
fn office(desk: &Desk<'_>) -> Result<(), Refusal> {
    let view = desk.view;
    let over = is_over(view);
    let contested = view.state == OrderState::CancelContested;
    match desk.code {
        CommandCode::Confirm | CommandCode::Reschedule | CommandCode::Assign | CommandCode::Unassign if over => {
            desk.refuse("order_over")
        }
        CommandCode::Assign | CommandCode::Confirm | CommandCode::Reschedule | CommandCode::Cancel
            if contested && !knows_done(desk) =>
        {
            desk.refuse("cancel_contested")
        }
        // A rework is a new order with a link (lifecycle 4.3).
        CommandCode::Assign | CommandCode::Confirm if view.completed.is_some() => desk.refuse("already_done"),
        CommandCode::Unassign if view.assignment().is_none() => desk.refuse("not_assigned"),
        // R3(b): knowing a DONE, cancel is not offered.
        CommandCode::Cancel if knows_done(desk) => desk.refuse("already_done"),
        CommandCode::Cancel if over => desk.refuse("order_over"),
        CommandCode::Reinstate if !view.cancels.iter().any(|cancel| can_be_reinstated(cancel.effect)) => {
            desk.refuse("not_cancelled")
        }
        CommandCode::ReturnVoucher => returnable(desk),
        CommandCode::Close => closable(desk),
        CommandCode::ResolveReview if !view.reviews.iter().any(|review| decides(desk, review)) => {
            desk.refuse("no_review")
        }
        _ => Ok(()),
    }
}

/// Cancels that do something.
pub(super) fn can_be_reinstated(effect: CancelEffect) -> bool {
    match effect {
        CancelEffect::Cancelled | CancelEffect::Terminated | CancelEffect::Contested | CancelEffect::Duplicate => true,
        CancelEffect::Late | CancelEffect::Withdrawn | CancelEffect::Void => false,
    }
}

/// Whether this person may decide the review: it waits, or only its default has fired, which a person may undo
/// (U-19). A supervisor may decide for anybody.
pub(super) fn decides(desk: &Desk<'_>, review: &Review) -> bool {
    // A decision is undone by deciding again, knowing it; so is a default that fired (U-19).
    review.status != ReviewStatus::Lapsed && (desk.context.has(review.owner) || desk.context.has(Role::Supervisor))
}

/// C-085: struck off exactly once, when the trip is over.
fn returnable(desk: &Desk<'_>) -> Result<(), Refusal> {
    let ended = matches!(desk.view.state, OrderState::Completed | OrderState::Cancelled | OrderState::Terminated);
    match desk.view.voucher {
        VoucherFacet::Returned => desk.refuse("already_returned"),
        VoucherFacet::NotOut => desk.refuse("voucher_not_out"),
        VoucherFacet::Out if !ended => desk.refuse("not_done"),
        VoucherFacet::Out => Ok(()),
    }
}

/// Table 4.4, `close`: no blocking review; and the voucher is back (C-143).
fn closable(desk: &Desk<'_>) -> Result<(), Refusal> {
    let view = desk.view;
    let ended = matches!(view.state, OrderState::Returned | OrderState::Cancelled | OrderState::Terminated);
    if view.voucher == VoucherFacet::Out {
        return desk.refuse("voucher_out");
    }
    if !ended {
        return desk.refuse("not_done");
    }
    if view.reviews.iter().any(|review| review.blocking && review.status == ReviewStatus::Open) {
        return desk.refuse("blocking_review");
    }
    // Lifecycle 4.5: nothing is filed while goods or cash are still out.
    if view.facets.in_custody() {
        return desk.refuse("custody_open");
    }
    if !view.facets.money.pockets.is_empty() {
        return desk.refuse("cash_unremitted");
    }
    Ok(())
}

/// Whether the order is this person's, and how far he has answered.
pub(super) fn own_assignment(desk: &Desk<'_>) -> Option<AssignmentFacet> {
    let assignment = desk.view.assignment()?;
    (assignment.technician == desk.context.person).then_some(assignment.facet)
}

fn assignment(desk: &Desk<'_>) -> Result<(), Refusal> {
    let Some(facet) = own_assignment(desk) else { return desk.refuse("not_assigned") };
    match (desk.code, facet) {
        (CommandCode::Accept, AssignmentFacet::Accepted) => desk.refuse("already_accepted"),
        (CommandCode::Refuse, _) if own_visits(desk).next().is_some() => desk.refuse("visit_begun"),
        (CommandCode::Seen, AssignmentFacet::Seen | AssignmentFacet::Accepted) => desk.refuse("already_seen"),
        _ => Ok(()),
    }
}

/// This person's visits.
pub(super) fn own_visits<'a>(desk: &Desk<'a>) -> impl Iterator<Item = &'a Visit> + use<'a> {
    let person: PersonId = desk.context.person;
    desk.view.visits.iter().filter(move |visit| visit.technician == person)
}

/// Whether the command fits a visit in this state.
#[expect(clippy::wildcard_enum_match_arm, reason = "the arms above name every obstacle")]
pub(super) fn fits(code: CommandCode, visit: &Visit) -> Result<(), &'static str> {
    let open = visit.state != VisitState::Ended;
    let (fits, why) = match code {
        CommandCode::Arrive => (visit.state == VisitState::EnRoute, "already_there"),
        CommandCode::Start => (visit.state == VisitState::OnSite, "not_on_site"),
        CommandCode::Pause => (visit.state == VisitState::Working, "not_working"),
        CommandCode::Resume => (visit.state == VisitState::Paused, "not_paused"),
        CommandCode::End => (open, "visit_ended"),
        CommandCode::Done => (visit.started.is_some() && !has_done(visit), "not_started"),
        CommandCode::Unfinished => (visit.arrived.is_some() && visit.outcome.is_none(), "not_on_site"),
        // C-080: signed on completion; an unfinished visit is signed for what was done.
        CommandCode::Sign | CommandCode::RefuseSignature => (visit.outcome.is_some(), "no_outcome"),
        // Lines may follow the outcome.
        _ => (true, "visit_ended"),
    };
    if fits { Ok(()) } else { Err(why) }
}

/// The same, for the work item that the person acts on: another item may be done on a visit that has its outcome.
pub(super) fn fits_item(desk: &Desk<'_>, visit: &Visit) -> Result<(), &'static str> {
    let further = desk.context.work_item.filter(|item| *item > 1);
    let item = further.and_then(|number| desk.view.facets.items.iter().find(|item| item.number == number));
    match (desk.code, item) {
        (CommandCode::Done, Some(item)) if visit.started.is_none() || item.state == ItemState::Done => {
            Err("not_started")
        }
        (CommandCode::Unfinished, Some(item)) if visit.arrived.is_none() || item.state == ItemState::Done => {
            Err("not_on_site")
        }
        (CommandCode::Done | CommandCode::Unfinished, Some(_)) => Ok(()),
        _ => fits(desk.code, visit),
    }
}

fn has_done(visit: &Visit) -> bool {
    matches!(visit.outcome, Some(Outcome::Done { .. }))
}

fn visit(desk: &Desk<'_>) -> Result<(), Refusal> {
    let begins = matches!(desk.code, CommandCode::Depart | CommandCode::Arrive);
    let under_way = own_visits(desk).find(|visit| visit.state != VisitState::Ended);
    if begins && under_way.is_none() {
        // Nobody goes out without a work order (C-045).
        return match own_assignment(desk) {
            None if desk.view.facets.handed_to.contains(&desk.context.person) => Ok(()),
            None => desk.refuse("not_assigned"),
            Some(_) if is_over(desk.view) => desk.refuse("order_over"),
            Some(_) => Ok(()),
        };
    }
    if desk.code == CommandCode::Depart {
        return desk.refuse("visit_begun");
    }
    let mut why = "no_visit";
    for visit in own_visits(desk) {
        match fits_item(desk, visit) {
            Ok(()) => return signable(desk),
            Err(reason) => why = reason,
        }
    }
    desk.refuse(why)
}

/// C-083: the signed report carries content, fee and time; what lacks one is not offered for signing.
pub(super) fn signable(desk: &Desk<'_>) -> Result<(), Refusal> {
    if !matches!(
        desk.code,
        CommandCode::Sign | CommandCode::SignByCode | CommandCode::AttachPaper | CommandCode::PrintVoucher
    ) {
        return Ok(());
    }
    let view = desk.view;
    let effective = || view.lines.iter().filter(|line| line.standing == LineStanding::Effective);
    let findings = view.visits.iter().any(|visit| match &visit.outcome {
        Some(Outcome::Done { finding, .. }) => finding.is_some(),
        Some(Outcome::Unfinished { .. } | Outcome::NotRepairable { .. }) => true,
        None => false,
    });
    if !findings && view.confirmation.is_none() && effective().next().is_none() {
        return desk.wrong("voucher_incomplete", "content");
    }
    // A fee of 0 counts, but it must have been stated: by a line, with the customer, or by the class.
    let free = view.confirmation.as_ref().is_some_and(|confirmed| confirmed.in_warranty || confirmed.amount.is_some())
        || view.facets.class.is_some_and(|class| class != crate::facts::values::ServiceClass::Chargeable);
    if !free && !effective().any(|line| line.line.amount.is_some()) {
        return desk.wrong("voucher_incomplete", "fee");
    }
    let labour = effective().any(|line| line.line.kind == crate::facts::values::LineKind::Labour);
    if !labour && own_visits(desk).all(|visit| visit.started.is_none()) {
        return desk.wrong("voucher_incomplete", "time");
    }
    let all_covered = view.signature == SignatureFacet::Signed && effective().all(|line| line.covered);
    if all_covered { desk.refuse("already_signed") } else { Ok(()) }
}

pub(super) fn reverse(desk: &Desk<'_>) -> Result<(), Refusal> {
    let mine = |line: &crate::lifecycle::view::LineView| {
        line.standing == LineStanding::Effective && may_correct(desk, &line.by)
    };
    if desk.view.lines.iter().any(mine) { Ok(()) } else { desk.refuse("no_line") }
}

/// Its author, or a supervisor.
pub(super) fn may_correct(desk: &Desk<'_>, author: &crate::facts::Author) -> bool {
    desk.context.has(Role::Supervisor) || *author == crate::facts::Author::Person(desk.context.person)
}

fn withdraw(desk: &Desk<'_>) -> Result<(), Refusal> {
    let any = desk.view.facets.physical.iter().any(|(_, author)| may_correct(desk, author));
    if any { Ok(()) } else { desk.refuse("no_fact") }
}
