//! Acts: commands that are named as the kind that they state. Here: when each is there, and what it must say.
//!
//! Checked against the author's own view (table 4.4). Rights come from the table of kinds, limits from the bodies.

use super::availability::{is_over, knows_done, own_assignment, own_visits, reverse, signable};
use super::field::{on_the_card, own_visit, replacing};
use super::office::person;
use super::{Act, CommandCode, Desk, Made, Refusal, money, names};
use crate::attachments::needs_photo;
use crate::facts::values::{ApprovalWay, HoldReason, Liability, ReceiptFate};
use crate::facts::{FactBody, FactKind, Role, bodies};
use crate::ids::{FactRef, PersonId};
use crate::lifecycle::facets::{ConsentState, CustodyStage, CustodyView, Holder, ItemState, WarrantyFacet};
use crate::lifecycle::view::{OrderState, VisitState};

/// Kinds that go on after closing: what the customer says, what is filed, what the office corrects.
pub(super) fn goes_on_after_closing(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::OpenComplaint
            | FactKind::FileDocument
            | FactKind::Reopen
            | FactKind::CorrectFact
            | FactKind::LinkDuplicate
            | FactKind::Unlink
            | FactKind::BookTransfer
            | FactKind::RemitCash
            | FactKind::ReportContact
            | FactKind::Approve
            | FactKind::Reject
            | FactKind::Invoice
            | FactKind::Credit
            | FactKind::Settle
            | FactKind::RecordCost
            | FactKind::SetLiability
            | FactKind::RecordCallback
            | FactKind::HandleComplaint
    )
}

/// Whether the act is there for this person, before he fills anything in.
pub(super) fn available(desk: &Desk<'_>, code: CommandCode) -> Result<(), Refusal> {
    let Some(kind) = code.act() else {
        return desk.refuse("not_permitted");
    };
    planning(desk, kind)?;
    terms(desk, kind)?;
    on_site(desk, kind)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the arms above name every obstacle")]
fn planning(desk: &Desk<'_>, kind: FactKind) -> Result<(), Refusal> {
    let (view, facets) = (desk.view, &desk.view.facets);
    let over = is_over(view);
    let waits_for_parts = || facets.holds.iter().any(|hold| hold.reason == HoldReason::Parts);
    match kind {
        FactKind::Hold
        | FactKind::RequestParts
        | FactKind::Escalate
        | FactKind::EditHeader
        | FactKind::AddWorkItem
        | FactKind::PlanLine
        | FactKind::SelfDispatch
        | FactKind::IssueQuote
            if over =>
        {
            desk.refuse("order_over")
        }
        FactKind::Release if facets.holds.is_empty() => desk.refuse("no_hold"),
        FactKind::ReceiveParts if !waits_for_parts() => desk.refuse("no_hold"),
        FactKind::Decline
            if view.state != OrderState::Registered
                || !(view.visits.is_empty() && facets.custody.is_empty() && facets.money.taken.is_empty()) =>
        {
            desk.refuse("not_declinable")
        }
        FactKind::DropWorkItem if facets.items.iter().all(|item| !can_be_dropped(item.state)) => desk.refuse("no_item"),
        FactKind::CompletePaperwork if !facets.paperwork_due => desk.refuse("no_paperwork"),
        FactKind::SelfDispatch if own_assignment(desk).is_some() => desk.refuse("already_assigned"),
        FactKind::RequestParts | FactKind::Escalate | FactKind::ReportContact | FactKind::CollectCash
            if !is_his(desk) =>
        {
            desk.refuse("not_assigned")
        }
        FactKind::Reopen if view.closed.is_none() => desk.refuse("not_closed"),
        FactKind::Unlink if facets.linked.is_empty() => desk.refuse("no_fact"),
        FactKind::DropPlannedLine if facets.planned.is_empty() => desk.refuse("no_line"),
        FactKind::FileDocument if facets.missing.is_empty() => desk.refuse("nothing_missing"),
        FactKind::RecordCallback if view.completed.is_none() => desk.refuse("not_done"),
        FactKind::HandleComplaint if facets.complaints.is_empty() => desk.refuse("no_complaint"),
        _ => Ok(()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the arms above name every obstacle")]
fn terms(desk: &Desk<'_>, kind: FactKind) -> Result<(), Refusal> {
    let (view, facets) = (desk.view, &desk.view.facets);
    let quote = facets.current_quote();
    match kind {
        FactKind::QualityVerdict if facets.warranty != Some(WarrantyFacet::Disputed) => desk.refuse("not_disputed"),
        FactKind::GiveConsent | FactKind::RefuseConsent
            if quote.is_none_or(|quote| quote.consent == ConsentState::Given) =>
        {
            desk.refuse("no_quote")
        }
        // R3(b): knowing a DONE, cancel is not offered.
        FactKind::CancelByCustomer if knows_done(desk) => desk.refuse("already_done"),
        FactKind::CancelByCustomer if is_over(view) => desk.refuse("order_over"),
        FactKind::CancelByCustomer if view.state == OrderState::CancelContested => desk.refuse("cancel_contested"),
        FactKind::Invoice if view.billable.values().all(|minor| *minor == 0) => desk.refuse("nothing_billable"),
        FactKind::SignByCode | FactKind::AttachPaper | FactKind::PrintVoucher
            if view.visits.iter().all(|visit| visit.outcome.is_none()) =>
        {
            desk.refuse("no_outcome")
        }
        FactKind::SignByCode | FactKind::AttachPaper | FactKind::PrintVoucher => signable(desk),
        _ => Ok(()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the arms above name every obstacle")]
fn on_site(desk: &Desk<'_>, kind: FactKind) -> Result<(), Refusal> {
    let facets = &desk.view.facets;
    let open = || facets.custody.iter().filter(|custody| custody.is_open());
    let holds = |custody: &&CustodyView| custody.holder == Holder::Person(desk.context.person);
    match kind {
        FactKind::HandoverVisit if own_visits(desk).all(|visit| visit.state == VisitState::Ended) => {
            desk.refuse("no_visit")
        }
        FactKind::TakeCustody | FactKind::SwapUnit if own_visits(desk).all(|visit| visit.arrived.is_none()) => {
            desk.refuse("no_visit")
        }
        FactKind::OutcomeNotRepairable
            if own_visits(desk).all(|visit| visit.started.is_none() || visit.outcome.is_some()) =>
        {
            desk.refuse("not_started")
        }
        FactKind::TransferCustody | FactKind::BenchWork if open().next().is_none() => desk.refuse("no_custody"),
        FactKind::ReturnCustody if !open().any(|custody| holds(&custody)) => desk.refuse("no_custody"),
        FactKind::Inspect if open().all(|custody| custody.stage != CustodyStage::Repaired) => {
            desk.refuse("not_repaired")
        }
        FactKind::RemitCash if money::pocket(desk, None) <= 0 => desk.refuse("no_cash"),
        FactKind::ReplaceLine => reverse(desk),
        _ => Ok(()),
    }
}

fn can_be_dropped(state: ItemState) -> bool {
    !matches!(state, ItemState::Done | ItemState::Dropped)
}

/// Assigned to him, or visited by him.
fn is_his(desk: &Desk<'_>) -> bool {
    own_assignment(desk).is_some() || own_visits(desk).next().is_some()
}

/// Promises that are made with the customer: who he was is stated.
pub(super) fn is_with_customer(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::AddWorkItem
            | FactKind::DropWorkItem
            | FactKind::GiveConsent
            | FactKind::RefuseConsent
            | FactKind::CancelByCustomer
    )
}

/// The fact of an act.
pub(super) fn decide(desk: &Desk<'_>, act: &Act) -> Result<Made, Refusal> {
    if act.body.kind() != desk.code.act() {
        return desk.refuse("not_permitted");
    }
    if let Some((code, field)) = act.body.problem() {
        return desk.wrong(code, field);
    }
    let customer = person(desk, act.customer.as_ref())?;
    if act.body.kind().is_some_and(is_with_customer) && customer.is_none() {
        return desk.wrong("missing_field", "customer");
    }
    check_plan(desk, &act.body)?;
    check_terms(desk, act)?;
    check_goods(desk, &act.body)?;
    money::check(desk, &act.body)?;
    names::check(desk, &act.body)?;
    Ok((with_its_line(desk, &act.body)?, customer))
}

/// The body, its line checked as any other line is (C-133, U-13).
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds have no line of their author's")]
fn with_its_line(desk: &Desk<'_>, body: &FactBody) -> Result<FactBody, Refusal> {
    Ok(match body {
        FactBody::ReplaceLine(body) => {
            bodies::ReplaceLine { new: replacing(desk, body.line, &body.new)?, ..body.clone() }.into()
        }
        FactBody::BenchWork(body) => {
            let line = body.line.as_ref().map(|line| on_the_card(desk, line)).transpose()?;
            bodies::BenchWork { line, ..body.clone() }.into()
        }
        other => other.clone(),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds need no more than complete fields")]
fn check_plan(desk: &Desk<'_>, body: &FactBody) -> Result<(), Refusal> {
    let facets = &desk.view.facets;
    match body {
        FactBody::Release(body) if !facets.holds.iter().any(|hold| hold.at.fact.reference() == body.hold) => {
            desk.wrong("no_hold", "hold")
        }
        FactBody::EditHeader(body) if body.changes.is_empty() => desk.wrong("missing_field", "changes"),
        FactBody::RequestParts(body) if body.parts.is_empty() => desk.wrong("missing_field", "parts"),
        FactBody::AddWorkItem(body) if body.item < 2 || facets.items.iter().any(|item| item.number == body.item) => {
            desk.wrong("item_taken", "item")
        }
        FactBody::DropWorkItem(body)
            if !facets.items.iter().any(|item| item.number == body.item && can_be_dropped(item.state)) =>
        {
            desk.wrong("no_item", "item")
        }
        FactBody::HandoverVisit(body) => {
            if body.to == desk.context.person {
                return desk.wrong("missing_field", "to");
            }
            own_visit(desk, body.visit).map(|_| ())
        }
        FactBody::OutcomeNotRepairable(body) => own_visit(desk, body.visit).map(|_| ()),
        FactBody::DropPlannedLine(body)
            if !facets.planned.iter().any(|planned| planned.at.fact.reference() == body.line) =>
        {
            desk.wrong("no_line", "line")
        }
        FactBody::FileDocument(body) => {
            let lacks = facets
                .missing
                .iter()
                .any(|missing| missing.fact.reference() == body.fact && missing.demand == body.demand);
            if !lacks {
                return desk.wrong("nothing_missing", "demand");
            }
            // C-084: a seal is on paper; its photo closes it.
            if needs_photo(body.demand) && body.blob.is_none() { desk.wrong("missing_field", "blob") } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds need no more than complete fields")]
fn check_terms(desk: &Desk<'_>, act: &Act) -> Result<(), Refusal> {
    let facets = &desk.view.facets;
    let is_current = |quote: FactRef, version: u32| {
        facets.current_quote().is_some_and(|current| current.at.fact.reference() == quote && current.version == version)
    };
    match &act.body {
        FactBody::IssueQuote(body) => {
            let last = facets.quotes.iter().map(|quote| quote.version).max().unwrap_or(0);
            if body.lines.is_empty() {
                return desk.wrong("missing_field", "lines");
            }
            if last.checked_add(1) == Some(body.version) { Ok(()) } else { desk.wrong("wrong_version", "version") }
        }
        FactBody::GiveConsent(body) if !is_current(body.quote, body.version) => desk.wrong("no_quote", "quote"),
        FactBody::RefuseConsent(body) if !is_current(body.quote, body.version) => desk.wrong("no_quote", "quote"),
        FactBody::SignByCode(body) if body.covered.is_empty() => desk.wrong("voucher_incomplete", "covered"),
        // A code is good once.
        FactBody::SignByCode(body) if facets.proofs.iter().any(|proof| proof.code == Some(body.code)) => {
            desk.wrong("code_used", "code")
        }
        FactBody::PrintVoucher(body) if body.covered.is_empty() => desk.wrong("voucher_incomplete", "covered"),
        FactBody::AttachPaper(body) if body.covered.is_empty() => desk.wrong("voucher_incomplete", "covered"),
        FactBody::Approve(_) | FactBody::Reject(_) => check_word(desk, act),
        // C-028: a clerk disputes what was decided; he does not decide it.
        FactBody::SetWarranty(body) if !body.disputed && facets.verdict.is_some() => {
            desk.wrong("verdict_given", "class")
        }
        FactBody::SetLiability(body) => {
            let sum: u32 = body.shares.iter().map(|share| u32::from(share.permille)).sum();
            let whole = body.case != Liability::Joint || sum == 1_000;
            if whole { Ok(()) } else { desk.wrong("wrong_shares", "shares") }
        }
        _ => Ok(()),
    }
}

/// U-21: a technician's word alone approves nothing, and rejects nothing.
fn check_word(desk: &Desk<'_>, act: &Act) -> Result<(), Refusal> {
    let Some(word) = act.body.word().filter(|_| !desk.context.has(Role::Supervisor)) else { return Ok(()) };
    let is_witness = |approver| act.witnesses.iter().any(|witness| witness.person == approver);
    let shown = match word.way {
        ApprovalWay::Presence => {
            word.approver.is_some_and(|approver| approver != desk.context.person && is_witness(approver))
        }
        ApprovalWay::Code => word.approver.is_some() && word.code.is_some(),
        ApprovalWay::Office => !desk.context.has(Role::Technician),
    };
    if shown { Ok(()) } else { desk.wrong("no_witness", "approver") }
}

fn custody<'a>(desk: &Desk<'a>, reference: FactRef) -> Result<&'a CustodyView, Refusal> {
    let found = desk.view.facets.custody.iter().find(|custody| custody.at.fact.reference() == reference);
    match found.filter(|custody| custody.is_open()) {
        Some(custody) => Ok(custody),
        None => desk.wrong("no_custody", "custody"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are not about goods")]
fn check_goods(desk: &Desk<'_>, body: &FactBody) -> Result<(), Refusal> {
    let me: PersonId = desk.context.person;
    match body {
        FactBody::TransferCustody(body) => {
            let custody = custody(desk, body.custody)?;
            let gives = body.from == me && custody.holder == Holder::Person(me) && body.to != me;
            let holds = match &custody.holder {
                Holder::Person(holder) => *holder == body.from,
                Holder::Conflict(claims) => claims.contains(&body.from),
                Holder::Customer => false,
            };
            let takes = body.to == me && body.from != me && holds;
            if gives || takes { Ok(()) } else { desk.wrong("not_holder", "from") }
        }
        FactBody::ReturnCustody(body) => {
            let custody = custody(desk, body.custody)?;
            if custody.holder != Holder::Person(me) {
                return desk.wrong("not_holder", "custody");
            }
            // C-134: what was on the bench is inspected before it goes back.
            if matches!(custody.stage, CustodyStage::OnBench | CustodyStage::Repaired) {
                return desk.wrong("not_inspected", "custody");
            }
            if body.receipt == ReceiptFate::Lost && body.statement.is_none() {
                return desk.wrong("missing_field", "statement");
            }
            Ok(())
        }
        FactBody::BenchWork(body) => custody(desk, body.custody).map(|_| ()),
        FactBody::Inspect(body) => {
            let custody = custody(desk, body.custody)?;
            if custody.stage == CustodyStage::Repaired { Ok(()) } else { desk.wrong("not_repaired", "custody") }
        }
        _ => Ok(()),
    }
}
