//! Who does the order (R2, R4).

#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "each story is a small module of this file"))]

use super::super::{Expected, Stage, Who, labour};
use super::review;
use crate::facts::values::ReviewChoice;
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, Rule, SignatureFacet, VoucherFacet};
use crate::time::{DAY, HOUR};

/// The office gives the order to B while A works on it: A's visit stands, B comes later.
pub(super) mod x_14_reassigned_while_working {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        stage.works(Who::A);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::B),
            reviews: vec![review(ReviewKind::WorkByReplaced, Role::Dispatcher, Some(DAY), ReviewChoice::Release)],
            cites: vec![(Rule::R4, "X-14")],
            told: vec![("notice.other_on_site", Role::Technician), ("notice.other_on_site", Role::Dispatcher)],
            ..Expected::new(OrderState::InProgress)
        }
    }
}

/// The office gives the order to B while A finishes it: A did it, B is released.
pub(super) mod x_15_reassigned_but_done {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
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
            cites: vec![(Rule::R4, "X-15")],
            told: vec![("notice.released", Role::Technician), ("notice.released_by_done", Role::Dispatcher)],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// A and B both did the work: the earlier is billable, the other's lines are internal cost.
pub(super) mod x_16_both_did_the_work {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        stage.look(Who::B);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        let visit = stage.works(Who::B);
        let hours = stage.line(Who::B, visit, labour(2_000, 16_000));
        let done = stage.done(Who::B, visit);
        stage.sign(Who::B, &[hours, done]);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 2,
            assigned: Some(Who::B),
            signature: SignatureFacet::Signed,
            coverage: Coverage::Full,
            billable: 8_000,
            reviews: vec![review(ReviewKind::DoubleVisit, Role::Supervisor, Some(7 * DAY), ReviewChoice::Keep)],
            cites: vec![(Rule::R7, "X-16")],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The office gives the order to B while A accepts it: both are told.
pub(super) mod x_17_reassigned_but_accepted {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        let assignment = stage.assign(Who::Dispatcher, Who::A);
        stage.look(Who::A);
        stage.accept(Who::A, assignment);
        stage.assign(Who::Dispatcher, Who::B);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            assigned: Some(Who::B),
            reviews: vec![review(ReviewKind::DoubleAssigned, Role::Dispatcher, Some(2 * HOUR), ReviewChoice::First)],
            cites: vec![(Rule::R2, "X-17")],
            told: vec![("notice.reassigned", Role::Technician), ("notice.other_under_way", Role::Technician)],
            ..Expected::new(OrderState::Dispatched)
        }
    }
}

/// The office gives the order to B while A sets out: A shows as on the way.
pub(super) mod x_17_reassigned_but_departed {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        stage.depart(Who::A);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::B),
            reviews: vec![review(ReviewKind::DoubleAssigned, Role::Dispatcher, Some(2 * HOUR), ReviewChoice::First)],
            cites: vec![(Rule::R2, "X-17")],
            ..Expected::new(OrderState::InProgress)
        }
    }
}

/// Two dispatchers assign: the later one counts, the other is superseded.
pub(super) mod x_18_two_dispatchers_assign {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.assign(Who::Dispatcher, Who::B);
        stage.assign(Who::OtherDispatcher, Who::C);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            assigned: Some(Who::C),
            cites: vec![(Rule::R2, "X-18")],
            told: vec![("notice.released", Role::Technician), ("notice.superseded", Role::Dispatcher)],
            ..Expected::new(OrderState::Dispatched)
        }
    }
}

/// A supervisor's assignment counts over a dispatcher's later one.
pub(super) mod x_18_supervisor_outranks_a_later_dispatcher {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        stage.assign(Who::Supervisor, Who::B);
        stage.assign(Who::Dispatcher, Who::C);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            visits: 0,
            voucher: VoucherFacet::NotOut,
            assigned: Some(Who::B),
            cites: vec![(Rule::R2, "X-18")],
            ..Expected::new(OrderState::Dispatched)
        }
    }
}

/// A refuses while the dispatcher takes the order from him: he is out once.
pub(super) mod x_21_refused_and_unassigned {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.registered();
        let assignment = stage.assign(Who::Dispatcher, Who::A);
        stage.look(Who::A);
        let technician = stage.person(Who::A);
        stage.does(Who::Dispatcher, bodies::Unassign { technician, reason: "ill".into() });
        stage.does(Who::A, bodies::Refuse { assignment: assignment.reference(), reason: "ill".into() });
    }

    pub(crate) fn expected() -> Expected {
        Expected { visits: 0, voucher: VoucherFacet::NotOut, ..Expected::new(OrderState::Ready) }
    }
}
