//! Lines, signatures, voucher and close (R5, R6, R7, R12).

#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "each story is a small module of this file"))]

use super::super::{Expected, Stage, Who, labour, part};
use super::review;
use crate::facts::values::ReviewChoice;
use crate::facts::values::{Line, LineKind};
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet, VoucherFacet};
use crate::time::DAY;

/// Two technicians fit parts: everything adds up.
pub(super) mod x_34_parts_of_two_technicians_add_up {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        stage.everyone_looks();
        let visit = stage.works(Who::A);
        let first = stage.line(Who::A, visit, part("Valve", 3_000));
        let other = stage.works(Who::B);
        let second = stage.line(Who::B, other, part("Hose", 1_500));
        stage.everyone_looks();
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[first, second, done]);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 2,
            assigned: Some(Who::B),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            billable: 4_500,
            cites: vec![(Rule::R5, "X-34")],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The customer signs A's voucher while B adds a line: the signature holds, the line is not billable.
pub(super) mod x_43_line_elsewhere_is_uncovered {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched_beside(Who::B);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        stage.everyone_looks();
        let helper = stage.depart(Who::B);
        stage.arrive(Who::B, helper);
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        stage.line(Who::B, helper, Line { kind: LineKind::Expense, ..part("Valve by courier", 3_000) });
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 2,
            assigned: Some(Who::A),
            signature: SignatureFacet::SignedPartial,
            coverage: Coverage::Partial,
            billable: 8_000,
            reviews: vec![review(ReviewKind::UncoveredLines, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
            cites: vec![(Rule::R6, "X-43")],
            told: vec![("notice.line_uncovered", Role::Technician)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The clerk obtained the customer's consent: the line is billable.
pub(super) mod x_43_customer_consents {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched_beside(Who::B);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        stage.everyone_looks();
        let helper = stage.depart(Who::B);
        stage.arrive(Who::B, helper);
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        stage.line(Who::B, helper, Line { kind: LineKind::Expense, ..part("Valve by courier", 3_000) });
        stage.everyone_looks();
        stage.resolve(Who::Clerk, ReviewKind::UncoveredLines, ReviewChoice::Consented);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 2,
            assigned: Some(Who::A),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Partial,
            billable: 11_000,
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::UncoveredLines, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)
            }],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The technician adds a line after the signature, on the same device.
pub(super) mod x_53_line_after_signing_is_uncovered {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        stage.line(Who::A, visit, part("Valve", 3_000));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            signature: SignatureFacet::SignedPartial,
            coverage: Coverage::Partial,
            billable: 8_000,
            reviews: vec![review(ReviewKind::UncoveredLines, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
            cites: vec![(Rule::R6, "X-53")],
            told: vec![("notice.line_uncovered", Role::Technician)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// Two clerks book the voucher back: one strike-off.
pub(super) mod x_62_voucher_returned_twice {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::ReturnVoucher { reason: None });
        stage.does(Who::OtherClerk, bodies::ReturnVoucher { reason: None });
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            billable: 8_000,
            voucher: VoucherFacet::Returned,
            cites: vec![(Rule::R10, "X-62")],
            ..Expected::new(OrderState::Returned)
        }
    }
}

/// Facts of the visit arrive after the clerk has closed: they count, and the books are amended.
pub(super) mod x_63_late_facts_amend_a_closed_order {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        stage.everyone_looks();
        let late = stage.line(Who::A, visit, part("Valve", 3_000));
        stage.sign(Who::A, &[late]);
        stage.does(Who::Clerk, bodies::ReturnVoucher { reason: None });
        stage.does(Who::Clerk, bodies::Close {});
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            billable: 11_000,
            voucher: VoucherFacet::Returned,
            reviews: vec![review(ReviewKind::Amendment, Role::Supervisor, Some(7 * DAY), ReviewChoice::Keep)],
            cites: vec![(Rule::R12, "X-63")],
            told: vec![("notice.amendment", Role::Supervisor)],
            ..Expected::new(OrderState::Closed)
        }
    }
}

/// The clerk has struck the call off for what was done. He who did it cannot undo that; a supervisor can.
pub(super) mod c_085_work_that_was_struck_off_is_the_supervisors_to_withdraw {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::ReturnVoucher { reason: Some("refused to sign".into()) });
        stage.everyone_looks();
        stage.does(Who::A, bodies::WithdrawOwn { fact: done.reference(), reason: "the leak is back".into() });
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            voucher: VoucherFacet::Returned,
            void: 1,
            reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)],
            ..Expected::new(OrderState::Returned)
        }
    }
}

/// He takes his DONE back while the clerk strikes it off: what happened on site stands over the office's act.
pub(super) mod r1_work_withdrawn_while_it_is_struck_off {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::ReturnVoucher { reason: Some("refused to sign".into()) });
        stage.does(Who::A, bodies::WithdrawOwn { fact: done.reference(), reason: "the leak is back".into() });
    }

    pub(crate) fn expected() -> Expected {
        Expected { assigned: Some(Who::A), voucher: VoucherFacet::Returned, ..Expected::new(OrderState::InProgress) }
    }
}
