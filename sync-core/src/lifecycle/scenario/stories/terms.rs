//! Quotes, consents, signatures, verdicts, approvals (R6, R7, R8).

use super::super::{Expected, Stage, Who, labour, part};
use super::{review, story};
use crate::facts::values::{ApprovalWay, HeaderField, Matter, Money, ReviewChoice, ServiceClass, Verdict};
use crate::facts::{Head, Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, Rule, SignatureFacet, VoucherFacet};
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

story! {
    /// The customer signs while the office edits the address: the signature holds, the difference is shown.
    x_44_signed_while_the_header_is_edited(stage) {
        stage.dispatched();
        stage.edits(Who::Clerk, HeaderField::Address, "House 4");
        stage.works_and_signs(Who::A);
    } => Expected { cites: vec![(Rule::R6, "X-44")], facets: vec![("header", "address=House 4")], ..signed() }
}

story! {
    /// The customer signs A's voucher and another person B's: each counts for its visit.
    x_45_two_people_sign_two_vouchers(stage) {
        stage.dispatched_beside(Who::B);
        stage.promises(Who::Clerk, bodies::AddWorkItem { item: 2, name: "Clean the filter".into() });
        stage.everyone_looks();
        stage.works_and_signs(Who::A);
        let visit = stage.works(Who::B);
        let head = || Head { work_item: Some(2), ..Head::default() };
        let line = bodies::RecordLine { visit: visit.reference(), line: labour(500, 4_000) };
        let hours = stage.act(Who::B, head(), line.into());
        let done = bodies::OutcomeDone { visit: visit.reference(), finding: None };
        let done = stage.act(Who::B, head(), done.into());
        stage.sign(Who::B, &[hours, done]);
    } => Expected {
        visits: 2,
        billable: 12_000,
        cites: vec![(Rule::R5, "X-34"), (Rule::R6, "X-45")],
        facets: vec![("items", "1:done,2:done")],
        ..signed()
    }
}

story! {
    /// The customer signs while the office grants a discount: a credit on the signed terms.
    x_46_signed_while_a_discount_is_granted(stage) {
        stage.dispatched();
        let amount = Money { minor: 1_000, currency: "CNY".into() };
        stage.does(Who::Clerk, bodies::GrantDiscount { amount, reason: "waited long".into() });
        stage.works_and_signs(Who::A);
    } => Expected { billable: 7_000, cites: vec![(Rule::R7, "X-46")], ..signed() }
}

story! {
    /// The customer signs and pays while the quality department decides that it is free.
    x_47_signed_as_paid_judged_as_free(stage) {
        stage.dispatched();
        let (verdict, evidence) = (Verdict::Free, "batch fault".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
        stage.works_and_signs(Who::A);
        stage.collects(Who::A, 8_000, "D07-C1");
    } => Expected {
        billable: 0,
        reviews: vec![review(ReviewKind::RefundDue, Role::Accountant, Some(7 * DAY), ReviewChoice::Refund)],
        cites: vec![(Rule::R7, "X-47")],
        facets: vec![("warranty", "free"), ("overpaid", "8000")],
        ..signed()
    }
}

story! {
    /// The customer signs as free while the quality department decides that he pays: not on this signature.
    x_48_signed_as_free_judged_as_paid(stage) {
        stage.dispatched();
        let (class, reason) = (ServiceClass::Free, Some("in guarantee".into()));
        stage.does(Who::Clerk, bodies::SetWarranty { class, until: None, disputed: false, reason, repeat_of: None });
        stage.everyone_looks();
        let (verdict, evidence) = (Verdict::Paid, "broken by force".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
        stage.works_and_signs(Who::A);
    } => Expected {
        billable: 0,
        reviews: vec![review(ReviewKind::NotCharged, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
        cites: vec![(Rule::R7, "X-48")],
        facets: vec![("warranty", "paid")],
        ..signed()
    }
}

/// A clerk says who pays.
fn sets(stage: &mut dyn Stage, class: ServiceClass) {
    let reason = Some("in guarantee".into());
    stage.does(Who::Clerk, bodies::SetWarranty { class, until: None, disputed: false, reason, repeat_of: None });
}

story! {
    /// The same, where a clerk sets it as chargeable: he owes nothing on this signature either.
    x_48_signed_as_free_set_as_paid(stage) {
        stage.dispatched();
        sets(stage, ServiceClass::Free);
        stage.everyone_looks();
        sets(stage, ServiceClass::Chargeable);
        stage.works_and_signs(Who::A);
    } => Expected {
        billable: 0,
        reviews: vec![review(ReviewKind::NotCharged, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
        cites: vec![(Rule::R7, "X-48")],
        facets: vec![("warranty", "paid"), ("held", "signed_as_free")],
        ..signed()
    }
}

story! {
    /// And where he does so knowing the signature; a contract charges alike.
    x_48_signed_as_free_put_under_a_contract_later(stage) {
        stage.dispatched();
        sets(stage, ServiceClass::Free);
        stage.everyone_looks();
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        sets(stage, ServiceClass::Contract);
    } => Expected {
        billable: 0,
        reviews: vec![review(ReviewKind::NotCharged, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
        facets: vec![("warranty", "contract"), ("held", "signed_as_free")],
        ..signed()
    }
}

story! {
    /// The customer agrees to version 1 on site while the office issues version 2: only version 1 is billable.
    x_49_consent_to_an_older_quote(stage) {
        stage.dispatched();
        let first = stage.quotes(Who::Clerk, 1, "Valve", 3_000);
        stage.everyone_looks();
        stage.quotes(Who::Clerk, 2, "Pump", 9_000);
        stage.consents(Who::A, first, 1);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
        stage.line(Who::A, visit, part("Pump", 9_000));
        stage.done(Who::A, visit);
    } => Expected {
        assigned: Some(Who::A),
        billable: 3_000,
        cites: vec![(Rule::R6, "X-49")],
        told: vec![("notice.quote_pending", Role::Clerk)],
        facets: vec![("consent", "given,open"), ("no_consent", "true")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// The customer signs on the device and gives a code to the office: both proofs are kept.
    x_51_signature_and_code(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.sign(Who::A, &[hours, done]);
        stage.confirms_by_code(Who::Clerk, &[hours, done]);
    } => Expected { cites: vec![(Rule::R6, "X-51")], facets: vec![("proofs", "code")], ..signed() }
}

story! {
    /// One person refuses to sign in front of A while another signs for B: both kept, a supervisor calls.
    x_52_refused_and_signed(stage) {
        stage.dispatched_beside(Who::B);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.does(Who::A, bodies::RefuseSignature { name: "Lin".into(), reason: "too dear".into() });
        stage.sign(Who::B, &[hours, done]);
    } => Expected {
        reviews: vec![review(ReviewKind::ConflictingCommitments, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R8, "X-52")],
        ..signed()
    }
}

story! {
    /// The supervisor approves version 1 of a quote while version 2 is issued: the approval covers version 1 only.
    x_67_approved_an_older_version(stage) {
        stage.registered();
        let first = stage.quotes(Who::Clerk, 1, "Valve", 3_000);
        stage.everyone_looks();
        let digest = stage.digest(first);
        let approver = stage.person(Who::Supervisor);
        stage.does(Who::Supervisor, bodies::Approve {
            matter: Matter::Quote, subject: first.reference(), digest, approver,
            way: ApprovalWay::Office, code: None, reason: None, secret: None,
        });
        stage.quotes(Who::Clerk, 2, "Pump", 9_000);
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        reviews: vec![review(ReviewKind::ApprovalOutdated, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
        cites: vec![(Rule::R6, "X-67")],
        told: vec![("notice.approve_again", Role::Supervisor)],
        facets: vec![("approvals", "false")],
        ..Expected::new(OrderState::AwaitingConsent)
    }
}

story! {
    /// Work begins without consent to the quote: it is recorded, flagged, and not billable.
    c_023_no_consent_is_not_billable(stage) {
        stage.dispatched();
        stage.quotes(Who::A, 1, "Valve", 3_000);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
    } => Expected {
        assigned: Some(Who::A),
        facets: vec![("no_consent", "true"), ("consent", "open")],
        ..Expected::new(OrderState::InProgress)
    }
}
