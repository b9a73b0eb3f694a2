//! The time promised to the customer (R1, R2, R8).

#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "each story is a small module of this file"))]

use super::super::{Expected, Stage, Who, morning};
use super::review;
use crate::facts::values::ReviewChoice;
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{OrderState, ReviewKind, ReviewStatus, Rule, VoucherFacet};
use crate::time::DAY;

/// A ends unfinished and promises the next visit while the office gives the order to B: B keeps the time.
pub(super) mod x_20_reassigned_keeps_the_promised_time {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        let visit = stage.works(Who::A);
        stage.unfinished(Who::A, visit, morning(3));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::B),
            appointment: Some(morning(3)),
            cites: vec![(Rule::R8, "X-20")],
            told: vec![("notice.time_promised", Role::Technician)],
            ..Expected::new(OrderState::Dispatched)
        }
    }
}

/// Two clerks plan a time: the later one shows, the other is told.
pub(super) mod x_26_two_plans_the_later_counts {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.plan(Who::Clerk, morning(3));
        stage.plan(Who::OtherClerk, morning(2));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            appointment: Some(morning(2)),
            cites: vec![(Rule::R2, "X-26")],
            told: vec![("notice.superseded", Role::Clerk)],
            ..Expected::new(OrderState::Ready)
        }
    }
}

/// Two clerks promise a time to the customer: the later one shows, both are blocked.
pub(super) mod x_27_two_promises_block_both {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.agree(Who::Clerk, morning(3));
        stage.agree(Who::OtherClerk, morning(2));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            appointment: Some(morning(2)),
            blocked: vec![morning(3)],
            reviews: vec![review(ReviewKind::AppointmentConflict, Role::Clerk, Some(DAY), ReviewChoice::Keep)],
            cites: vec![(Rule::R8, "X-27")],
            told: vec![("notice.call_customer_times", Role::Clerk)],
            ..Expected::new(OrderState::Ready)
        }
    }
}

/// The clerk has talked to the customer: the first time is kept, the other is free again.
pub(super) mod x_27_the_first_is_kept {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.agree(Who::Clerk, morning(3));
        stage.agree(Who::OtherClerk, morning(2));
        stage.everyone_looks();
        stage.resolve(Who::Clerk, ReviewKind::AppointmentConflict, ReviewChoice::First);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            appointment: Some(morning(3)),
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::AppointmentConflict, Role::Clerk, Some(DAY), ReviewChoice::Keep)
            }],
            ..Expected::new(OrderState::Ready)
        }
    }
}

/// A clerk plans a time while the technician agrees one face to face: his counts.
pub(super) mod x_28_promise_beats_plan {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.agree(Who::A, morning(2));
        stage.plan(Who::Clerk, morning(4));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            assigned: Some(Who::A),
            appointment: Some(morning(2)),
            cites: vec![(Rule::R1, "X-28")],
            told: vec![("notice.promise_stands", Role::Clerk)],
            ..Expected::new(OrderState::Dispatched)
        }
    }
}

/// The order is moved to tomorrow while the technician does it today: the new time is withdrawn.
pub(super) mod x_29_done_withdraws_the_new_time {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.agree(Who::Clerk, morning(1));
        let visit = stage.works(Who::A);
        stage.done(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cites: vec![(Rule::R1, "X-29")],
            told: vec![("notice.tell_customer_time_withdrawn", Role::Clerk)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The order is moved to tomorrow while the technician starts it today: the new time stays for the next visit.
pub(super) mod x_29_unfinished_keeps_the_new_time {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.agree(Who::Clerk, morning(1));
        let visit = stage.works(Who::A);
        let body = bodies::OutcomeUnfinished {
            visit: visit.reference(),
            reason: crate::facts::values::UnfinishedReason::Parts,
            text: Some("valve ordered".into()),
            next: None,
        };
        stage.does(Who::A, body);
    }

    pub(crate) fn expected() -> Expected {
        Expected { appointment: Some(morning(1)), ..Expected::new(OrderState::Unfinished) }
    }
}

/// The visit took place at the agreed time and ended unfinished without a new one: no time is left.
pub(super) mod c_141_unfinished_uses_up_its_time {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.agree(Who::Clerk, morning(1));
        stage.everyone_looks();
        let visit = stage.works(Who::A);
        let body = bodies::OutcomeUnfinished {
            visit: visit.reference(),
            reason: crate::facts::values::UnfinishedReason::Parts,
            text: Some("valve ordered".into()),
            next: None,
        };
        stage.does(Who::A, body);
    }

    pub(crate) fn expected() -> Expected {
        Expected::new(OrderState::Unfinished)
    }
}
