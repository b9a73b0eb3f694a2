//! What a cancel meets beside the visit: the customer's own word, goods, parts, cash, consents, complaints.

use super::super::{Expected, Stage, Who, labour, morning, part};
use super::{review, story};
use crate::facts::values::{ComplaintKind, HeaderField, HoldReason, ReviewChoice, Severity};
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{
    CancelEffect, Coverage, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet, VoucherFacet,
};
use crate::time::{DAY, MINUTE};

story! {
    /// The customer cancels by phone while somebody at his place signs for the finished work.
    x_05_customer_cancels_while_somebody_signs(stage) {
        stage.dispatched();
        stage.promises(Who::Clerk, bodies::CancelByCustomer { reason: "found another".into() });
        stage.works_and_signs(Who::A);
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        cancels: vec![CancelEffect::Late],
        reviews: vec![review(ReviewKind::LateCancel, Role::Supervisor, None, ReviewChoice::Acknowledged)],
        cites: vec![(Rule::R8, "X-05")],
        told: vec![("notice.late_cancel", Role::Supervisor)],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// The supervisor has called the customer: the work is charged.
    x_05_charged_after_the_call(stage) {
        stage.dispatched();
        stage.promises(Who::Clerk, bodies::CancelByCustomer { reason: "found another".into() });
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::LateCancel, ReviewChoice::Acknowledged);
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        cancels: vec![CancelEffect::Late],
        reviews: vec![crate::lifecycle::scenario::ReviewExpected {
            status: ReviewStatus::Resolved,
            ..review(ReviewKind::LateCancel, Role::Supervisor, None, ReviewChoice::Acknowledged)
        }],
        cites: vec![(Rule::R8, "X-05")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// The supervisor has not called yet, and everybody knows of the cancel: the voucher shows the work as not charged,
    /// and so the customer signs it. What is decided afterwards charges nothing on that signature.
    x_05_signed_while_the_call_is_awaited(stage) {
        stage.dispatched();
        stage.promises(Who::Clerk, bodies::CancelByCustomer { reason: "found another".into() });
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.sign(Who::A, &[hours, done]);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::LateCancel, ReviewChoice::Acknowledged);
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        cancels: vec![CancelEffect::Late],
        reviews: vec![
            crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::LateCancel, Role::Supervisor, None, ReviewChoice::Acknowledged)
            },
            review(ReviewKind::NotCharged, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff),
        ],
        facets: vec![("held", "signed_as_free")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// The customer cancels before anybody has come.
    r3_a_the_customer_cancels(stage) {
        stage.dispatched();
        stage.promises(Who::Clerk, bodies::CancelByCustomer { reason: "works again".into() });
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        cancels: vec![CancelEffect::Cancelled],
        ..Expected::new(OrderState::Cancelled)
    }
}

story! {
    /// The office cancels while the technician takes the goods with him: they stay in custody.
    x_07_cancel_meets_goods_taken_away(stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.takes(Who::A, "D07-R1");
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        cancels: vec![CancelEffect::Terminated],
        reviews: vec![review(ReviewKind::GoodsAfterCancel, Role::Clerk, Some(DAY), ReviewChoice::Return)],
        cites: vec![(Rule::R1, "X-07")],
        told: vec![("notice.goods_after_cancel", Role::Clerk)],
        facets: vec![("custody", "taken"), ("holder", "A")],
        ..Expected::new(OrderState::InCustody)
    }
}

story! {
    /// The goods went back: the order is terminated.
    x_07_goods_are_returned(stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        let custody = stage.takes(Who::A, "D07-R1");
        stage.does(Who::A, bodies::End { visit: visit.reference() });
        stage.everyone_looks();
        stage.gives_back(Who::A, custody, crate::facts::values::ReceiptFate::TakenBack);
    } => Expected {
        cancels: vec![CancelEffect::Terminated],
        facets: vec![("custody", "returned"), ("holder", "customer"), ("receipt", "void")],
        ..Expected::new(OrderState::Terminated)
    }
}

story! {
    /// The office cancels while a part is fitted: as X-02, and the part stays consumed.
    x_08_cancel_meets_a_part(stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
    } => Expected {
        assigned: Some(Who::A),
        cancels: vec![CancelEffect::Contested],
        reviews: vec![review(
            ReviewKind::CancelContested,
            Role::Supervisor,
            Some(30 * MINUTE),
            ReviewChoice::Continue,
        )],
        cites: vec![(Rule::R5, "X-08"), (Rule::R3, "X-02")],
        facets: vec![("lines", "effective")],
        ..Expected::new(OrderState::CancelContested)
    }
}

story! {
    /// The office cancels while cash is taken and the visit ends unfinished: the cash is kept, the rest goes back.
    x_09_cancel_meets_cash(stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.collects(Who::A, 5_000, "D07-C1");
        stage.unfinished(Who::A, visit, morning(3));
    } => Expected {
        cancels: vec![CancelEffect::Terminated],
        reviews: vec![review(ReviewKind::RefundDue, Role::Accountant, Some(7 * DAY), ReviewChoice::Refund)],
        cites: vec![(Rule::R3, "X-06"), (Rule::R5, "X-09")],
        facets: vec![("taken", "5000"), ("overpaid", "5000")],
        ..Expected::new(OrderState::Terminated)
    }
}

story! {
    /// The office cancels while others hold and edit the order: cancelled, the other intents are kept.
    x_10_cancel_beats_hold_and_edit(stage) {
        stage.registered();
        stage.holds(Who::Clerk, HoldReason::Customer);
        stage.edits(Who::OtherClerk, HeaderField::Phone, "139");
        stage.cancel(Who::Dispatcher);
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        cancels: vec![CancelEffect::Cancelled],
        cites: vec![(Rule::R2, "X-10")],
        facets: vec![("header", "phone=139")],
        ..Expected::new(OrderState::Cancelled)
    }
}

story! {
    /// The office cancels while the customer consents to the quote.
    x_11_cancel_meets_consent(stage) {
        stage.registered();
        let quote = stage.quotes(Who::Clerk, 1, "Valve", 3_000);
        stage.everyone_looks();
        stage.cancel(Who::Dispatcher);
        stage.consents(Who::Clerk, quote, 1);
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        cancels: vec![CancelEffect::Contested],
        reviews: vec![review(ReviewKind::CancelContested, Role::Clerk, Some(DAY), ReviewChoice::Continue)],
        cites: vec![(Rule::R1, "X-11")],
        facets: vec![("consent", "given")],
        ..Expected::new(OrderState::CancelContested)
    }
}

story! {
    /// The office cancels while somebody opens a complaint: it lives on its own.
    x_13_cancel_meets_a_complaint(stage) {
        stage.registered();
        stage.cancel(Who::Dispatcher);
        let text = "nobody came".into();
        stage.promises(Who::Clerk, bodies::OpenComplaint { kind: ComplaintKind::Service, severity: Severity::Normal, text });
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        cancels: vec![CancelEffect::Cancelled],
        cites: vec![(Rule::R1, "X-13")],
        facets: vec![("complaints", "1")],
        ..Expected::new(OrderState::Cancelled)
    }
}

story! {
    /// The goods are in custody and the canceller knows it: terminated once they are back.
    r3_b_known_custody_stays_open(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, labour(500, 4_000));
        stage.takes(Who::A, "D07-R1");
        stage.does(Who::A, bodies::End { visit: visit.reference() });
        stage.everyone_looks();
        stage.cancel(Who::Dispatcher);
    } => Expected {
        cancels: vec![CancelEffect::Terminated],
        facets: vec![("custody", "taken")],
        ..Expected::new(OrderState::InCustody)
    }
}
