//! Cancel and everything else (R3).

#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "each story is a small module of this file"))]

use super::super::{Expected, Stage, Who, labour, morning, part};
use super::review;
use crate::facts::values::ReviewChoice;
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{CancelEffect, Coverage, OrderState, ReviewKind, Rule, SignatureFacet, VoucherFacet};
use crate::time::DAY;

/// The technician accepts while the office cancels: nothing had begun.
pub(super) mod x_01_cancel_meets_acceptance {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        let assignment = stage.assign(Who::Dispatcher, Who::A);
        stage.look(Who::A);
        stage.cancel(Who::Dispatcher);
        stage.accept(Who::A, assignment);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            cancels: vec![CancelEffect::Cancelled],
            voucher: VoucherFacet::NotOut,
            cites: vec![(Rule::R3, "X-01")],
            told: vec![("notice.stop", Role::Technician)],
            ..Expected::new(OrderState::Cancelled)
        }
    }
}

/// The technician sets out while the office cancels: the trip remains as cost.
pub(super) mod x_01_cancel_meets_departure {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.depart(Who::A);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            cancels: vec![CancelEffect::Cancelled],
            cites: vec![(Rule::R3, "X-01")],
            told: vec![("notice.stop", Role::Technician)],
            ..Expected::new(OrderState::Cancelled)
        }
    }
}

/// The office cancels, not knowing that the work is done: it counts, unsigned.
pub(super) mod x_03_done_work_beats_unaware_cancel {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, labour(1_000, 8_000));
        stage.done(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Late],
            reviews: vec![review(ReviewKind::LateCancel, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
            cites: vec![(Rule::R3, "X-03")],
            told: vec![("notice.late_cancel", Role::Dispatcher), ("notice.late_cancel", Role::Supervisor)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The office cancels, not knowing that the work is done and signed: it counts, and it is billable.
pub(super) mod x_04_signed_work_beats_unaware_cancel {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            billable: 8_000,
            cancels: vec![CancelEffect::Late],
            reviews: vec![review(ReviewKind::LateCancel, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
            cites: vec![(Rule::R3, "X-04")],
            told: vec![("notice.late_cancel", Role::Dispatcher), ("notice.late_cancel", Role::Supervisor)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The visit ended unfinished with a next visit agreed: the order ends, the visit stands.
pub(super) mod x_06_cancel_meets_unfinished {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
        stage.unfinished(Who::A, visit, morning(3));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            cancels: vec![CancelEffect::Terminated],
            cites: vec![(Rule::R3, "X-06")],
            told: vec![
                ("notice.tell_customer_cancelled", Role::Clerk),
                ("notice.tell_customer_time_withdrawn", Role::Clerk),
            ],
            ..Expected::new(OrderState::Terminated)
        }
    }
}

/// Somebody assigns and plans while another cancels: the safer intent counts, the others are kept.
pub(super) mod x_10_cancel_beats_other_intents {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.cancel(Who::Dispatcher);
        stage.assign(Who::OtherDispatcher, Who::A);
        stage.plan(Who::Clerk, morning(2));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            cancels: vec![CancelEffect::Cancelled],
            cites: vec![(Rule::R2, "X-10")],
            told: vec![("notice.superseded_by_cancel", Role::Dispatcher), ("notice.superseded_by_cancel", Role::Clerk)],
            ..Expected::new(OrderState::Cancelled)
        }
    }
}

/// A time is agreed with the customer while the office cancels: somebody calls him, and in doubt the promise is kept.
pub(super) mod x_11_cancel_meets_a_promise {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.cancel(Who::Dispatcher);
        stage.agree(Who::Clerk, morning(2));
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            appointment: Some(morning(2)),
            cancels: vec![CancelEffect::Contested],
            reviews: vec![review(ReviewKind::CancelContested, Role::Clerk, Some(DAY), ReviewChoice::Continue)],
            cites: vec![(Rule::R1, "X-11")],
            told: vec![("notice.call_customer", Role::Clerk)],
            ..Expected::new(OrderState::CancelContested)
        }
    }
}

/// Two dispatchers cancel: one cancel, two reasons.
pub(super) mod x_12_two_cancels_are_one {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.cancel(Who::Dispatcher);
        stage.cancel(Who::OtherDispatcher);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            cancels: vec![CancelEffect::Cancelled, CancelEffect::Duplicate],
            cites: vec![(Rule::R3, "X-12")],
            ..Expected::new(OrderState::Cancelled)
        }
    }
}

/// The technician knows of the cancel and works all the same: it stands, and nothing is billable without consent.
pub(super) mod x_80_work_after_a_known_cancel {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.look(Who::A);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            cancels: vec![CancelEffect::Late],
            reviews: vec![review(ReviewKind::WorkAfterCancel, Role::Supervisor, None, ReviewChoice::WriteOff)],
            cites: vec![(Rule::R3, "X-80")],
            told: vec![("notice.work_after_cancel", Role::Supervisor)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The canceller knew all work so far: it stands, the order ends.
pub(super) mod r3_b_known_work_is_terminated {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.works(Who::A);
        stage.everyone_looks();
        stage.cancel(Who::Dispatcher);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            cancels: vec![CancelEffect::Terminated],
            told: vec![("notice.stop", Role::Technician)],
            ..Expected::new(OrderState::Terminated)
        }
    }
}

/// A cancel by somebody who knew that the work was done contradicts itself.
pub(super) mod r3_b_cancel_knowing_done_is_void {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.cancel(Who::Dispatcher);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Void],
            void: 1,
            reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// A cancel is taken back: the assignment counts again.
pub(super) mod reinstate_takes_the_cancel_back {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let cancel = stage.cancel(Who::Dispatcher);
        let body = bodies::Reinstate { cancel: cancel.reference(), reason: "wrong order".into() };
        stage.does(Who::Dispatcher, body);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Withdrawn],
            ..Expected::new(OrderState::Dispatched)
        }
    }
}

/// A quote was agreed, the order is done and unsigned, and the office cancels: the charge waits for the supervisor.
pub(super) mod x_03_charges_wait_for_the_supervisor {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let quote = stage.quotes(Who::A, 1, "Valve", 3_000);
        stage.consents(Who::A, quote, 1);
        stage.everyone_looks();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, super::super::super::part("Valve", 3_000));
        stage.done(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Late],
            reviews: vec![review(ReviewKind::LateCancel, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
            cites: vec![(Rule::R3, "X-03")],
            facets: vec![("held", "awaits_decision")],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// He has decided that the work counts: what was agreed is charged.
pub(super) mod x_03_charged_after_the_decision {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        super::x_03_charges_wait_for_the_supervisor::play(stage);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::LateCancel, ReviewChoice::Acknowledged);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Late],
            billable: 3_000,
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: crate::lifecycle::view::ReviewStatus::Resolved,
                ..review(ReviewKind::LateCancel, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)
            }],
            facets: vec![("held", "")],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// Office and technician know of each other, the supervisor has not decided, and the customer signs a voucher that
/// charges the work: it is due.
pub(super) mod x_03_signed_after_both_knew {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.sign(Who::A, &[hours, done]);
    }

    pub(crate) fn expected() -> Expected {
        super::x_04_signed_work_beats_unaware_cancel::expected()
    }
}

/// Done knowing of the cancel, shown as not charged, and signed so. Taking the cancel back afterwards charges nothing on
/// that signature.
pub(super) mod x_80_signed_as_not_charged_and_reinstated {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        let cancel = stage.cancel(Who::Dispatcher);
        stage.everyone_looks();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        stage.everyone_looks();
        let reason = "he wanted it after all".into();
        stage.does(Who::Dispatcher, bodies::Reinstate { cancel: cancel.reference(), reason });
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            cancels: vec![CancelEffect::Withdrawn],
            reviews: vec![review(ReviewKind::NotCharged, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
            facets: vec![("held", "signed_as_free")],
            ..Expected::new(OrderState::Completed)
        }
    }
}
