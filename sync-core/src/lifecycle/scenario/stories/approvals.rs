//! Discounts of technicians: approved, rejected, signed for (R7, C-095, U-21).

use super::super::{Expected, Stage, Who, labour};
use super::{review, story};
use crate::facts::values::{ApprovalWay, Matter, Money, ReviewChoice};
use crate::facts::{Role, bodies};
use crate::ids::FactId;
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, SignatureFacet};
use crate::time::DAY;

fn signed() -> Expected {
    Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        ..Expected::new(OrderState::Completed)
    }
}

/// A technician grants a discount of ten yuan.
fn grants(stage: &mut dyn Stage) -> FactId {
    let amount = Money { minor: 1_000, currency: "CNY".into() };
    stage.does(Who::A, bodies::GrantDiscount { amount, reason: "scratched the floor".into() })
}

/// The supervisor approves it, on his page or beside the technician.
fn approves(stage: &mut dyn Stage, who: Who, discount: FactId, way: ApprovalWay) {
    let (subject, digest) = (discount.reference(), stage.digest(discount));
    let approver = stage.person(Who::Supervisor);
    let matter = Matter::Discount;
    let approve = bodies::Approve { matter, subject, digest, approver, way, code: None, reason: None, secret: None };
    let witnesses: &[Who] = if way == ApprovalWay::Presence { &[Who::Supervisor] } else { &[] };
    stage.witnessed(who, witnesses, approve);
}

fn rejection(stage: &dyn Stage, discount: FactId, by: Option<(Who, ApprovalWay)>) -> bodies::Reject {
    let (matter, reason) = (Matter::Discount, "too much".into());
    let (subject, digest) = (discount.reference(), stage.digest(discount));
    let (approver, way) = (by.map(|(who, _)| stage.person(who)), by.map(|(_, way)| way));
    bodies::Reject { matter, subject, digest, reason, approver, way, code: None, secret: None }
}

story! {
    /// A technician's discount counts once the supervisor on site has countersigned it.
    u_21_a_discount_approved_in_person(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        let discount = grants(stage);
        approves(stage, Who::A, discount, ApprovalWay::Presence);
    } => Expected { billable: 7_000, facets: vec![("approvals", "true")], ..signed() }
}

story! {
    /// A colleague, and he himself, say that it is rejected: nobody with authority stands behind that.
    u_21_a_technicians_word_alone_rejects_nothing(stage) {
        stage.dispatched_beside(Who::B);
        let discount = grants(stage);
        approves(stage, Who::A, discount, ApprovalWay::Presence);
        stage.everyone_looks();
        for who in [Who::A, Who::B] {
            let body = rejection(stage, discount, None);
            stage.does(who, body);
        }
        stage.works_and_signs(Who::A);
    } => Expected {
        billable: 7_000,
        void: 2,
        reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged); 2],
        facets: vec![("approvals", "true,false,false")],
        ..signed()
    }
}

story! {
    /// The supervisor who stands beside them rejects it on the technician's device.
    u_21_a_discount_rejected_in_person(stage) {
        stage.dispatched();
        let discount = grants(stage);
        stage.everyone_looks();
        approves(stage, Who::Supervisor, discount, ApprovalWay::Office);
        stage.everyone_looks();
        let body = rejection(stage, discount, Some((Who::Supervisor, ApprovalWay::Presence)));
        stage.witnessed(Who::A, &[Who::Supervisor], body);
        stage.works_and_signs(Who::A);
    } => Expected { facets: vec![("approvals", "true,true")], ..signed() }
}

/// Approved, shown on the voucher and signed for; then the supervisor rejects it.
fn rejected_after_the_signature(stage: &mut dyn Stage, knowing: bool) {
    stage.dispatched();
    let discount = grants(stage);
    approves(stage, Who::A, discount, ApprovalWay::Presence);
    stage.everyone_looks();
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    stage.sign(Who::A, &[hours, done, discount]);
    if knowing {
        stage.everyone_looks();
    }
    let body = rejection(stage, discount, None);
    stage.does(Who::Supervisor, body);
}

story! {
    /// The customer has signed for it: it stays his.
    r7_a_signed_discount_is_not_rejected_any_more(stage) {
        rejected_after_the_signature(stage, true);
    } => Expected { billable: 7_000, ..signed() }
}

story! {
    /// Neither where the supervisor did not know of the signature.
    r7_a_discount_rejected_while_it_is_signed_stays(stage) {
        rejected_after_the_signature(stage, false);
    } => Expected { billable: 7_000, ..signed() }
}

story! {
    /// Whoever lets a customer sign for a discount that nobody has approved has not approved it.
    u_21_a_signature_approves_no_discount(stage) {
        stage.dispatched();
        let discount = grants(stage);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done, discount]);
    } => Expected { told: vec![("notice.approve_discount", Role::Supervisor)], ..signed() }
}
