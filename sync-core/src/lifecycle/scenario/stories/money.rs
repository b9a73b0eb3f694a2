//! Cash and transfers (R5, R7).

use super::super::{Expected, Stage, Who, labour};
use super::{review, story};
use crate::facts::values::{Money, ReviewChoice};
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, Rule, SignatureFacet, VoucherFacet};
use crate::time::DAY;

fn paid_twice() -> Expected {
    Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        reviews: vec![review(ReviewKind::RefundDue, Role::Accountant, Some(7 * DAY), ReviewChoice::Refund)],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// A and B both collect: both count, what is too much goes back.
    x_60_both_collect(stage) {
        stage.dispatched_beside(Who::B);
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        stage.collects(Who::A, 8_000, "D07-C1");
        stage.collects(Who::B, 8_000, "D08-C1");
    } => Expected {
        cites: vec![(Rule::R5, "X-60")],
        facets: vec![("taken", "16000"), ("overpaid", "8000"), ("due", "0")],
        ..paid_twice()
    }
}

story! {
    /// A collects while the office books a transfer.
    x_61_collected_and_transferred(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        stage.collects(Who::A, 8_000, "D07-C1");
        let amount = Money { minor: 8_000, currency: "CNY".into() };
        stage.does(Who::Accountant, bodies::BookTransfer { amount, reference: "B-1".into() });
    } => Expected {
        cites: vec![(Rule::R5, "X-61")],
        facets: vec![("taken", "8000"), ("overpaid", "8000")],
        ..paid_twice()
    }
}

story! {
    /// Collected and handed in with the accountant as witness: nothing is left in the pocket.
    c_093_cash_is_handed_in(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        let cash = stage.collects(Who::A, 8_000, "D07-C1");
        let amount = Money { minor: 8_000, currency: "CNY".into() };
        let to = stage.person(Who::Accountant);
        let body = bodies::RemitCash { amount, to, collected: vec![cash.reference()] };
        stage.witnessed(Who::A, &[Who::Accountant], body);
    } => Expected {
        reviews: Vec::new(),
        facets: vec![("taken", "8000"), ("overpaid", "0"), ("due", "0")],
        ..paid_twice()
    }
}

story! {
    /// He says that he has handed the cash in, to himself: it stays in his pocket.
    c_093_nobody_hands_cash_in_to_himself(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        let cash = stage.collects(Who::A, 8_000, "D07-C1");
        let (to, amount) = (stage.person(Who::A), Money { minor: 8_000, currency: "CNY".into() });
        stage.does(Who::A, bodies::RemitCash { amount, to, collected: vec![cash.reference()] });
    } => Expected {
        void: 1,
        reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)],
        facets: vec![("pockets", "8000"), ("remitted", "0")],
        ..paid_twice()
    }
}

story! {
    /// Handed in without a witness: it stays in his pocket until the accountant has confirmed it.
    c_093_cash_waits_for_the_accountant(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        let cash = stage.collects(Who::A, 8_000, "D07-C1");
        let (to, amount) = (stage.person(Who::Accountant), Money { minor: 8_000, currency: "CNY".into() });
        stage.does(Who::A, bodies::RemitCash { amount, to, collected: vec![cash.reference()] });
    } => Expected {
        reviews: Vec::new(),
        told: vec![("notice.confirm_cash", Role::Accountant)],
        facets: vec![("pockets", "8000"), ("remitted", "0")],
        ..paid_twice()
    }
}

story! {
    /// The accountant has counted it. What was in the pocket then is not taken out of the books any more, and neither is
    /// the hand-over.
    c_093_what_was_handed_in_is_not_withdrawn(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        let cash = stage.collects(Who::A, 8_000, "D07-C1");
        let (to, amount) = (stage.person(Who::Accountant), Money { minor: 8_000, currency: "CNY".into() });
        let remit = stage.witnessed(Who::A, &[Who::Accountant], bodies::RemitCash { amount, to, collected: Vec::new() });
        for fact in [cash, remit] {
            stage.does(Who::A, bodies::WithdrawOwn { fact: fact.reference(), reason: "never".into() });
        }
    } => Expected {
        void: 2,
        reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged); 2],
        facets: vec![("taken", "8000"), ("remitted", "8000"), ("pockets", "")],
        ..paid_twice()
    }
}

story! {
    /// Paid in advance, done, and never signed: what he paid goes back when the clerk strikes the order off.
    r7_unsigned_and_paid_is_refunded_at_the_strike_off(stage) {
        stage.dispatched();
        stage.collects(Who::A, 8_000, "D07-C1");
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, labour(1_000, 8_000));
        stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::ReturnVoucher { reason: Some("he does not sign".into()) });
    } => Expected {
        signature: SignatureFacet::Unsigned,
        coverage: Coverage::None,
        billable: 0,
        voucher: VoucherFacet::Returned,
        facets: vec![("taken", "8000"), ("overpaid", "8000"), ("held", "not_agreed")],
        state: OrderState::Returned,
        ..paid_twice()
    }
}
