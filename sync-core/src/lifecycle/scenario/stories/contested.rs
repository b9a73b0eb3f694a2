//! A cancel that meets somebody on site, and the supervisor who decides (R3, X-02).

#![cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "each story is a small module of this file"))]

use super::super::{Expected, Stage, Who};
use super::review;
use crate::facts::Role;
use crate::facts::values::ReviewChoice;
use crate::lifecycle::view::{CancelEffect, OrderState, ReviewKind, ReviewStatus, Rule};
use crate::time::{DAY, MINUTE};

/// He has only arrived: nobody may have let him in, so the default ends the visit.
pub(super) mod x_02_cancel_meets_arrival_and_is_contested {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.depart(Who::A);
        stage.arrive(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Contested],
            reviews: vec![review(
                ReviewKind::CancelContested,
                Role::Supervisor,
                Some(30 * MINUTE),
                ReviewChoice::Terminate,
            )],
            cites: vec![(Rule::R3, "X-02")],
            told: vec![("notice.ask_customer", Role::Technician)],
            ..Expected::new(OrderState::CancelContested)
        }
    }
}

/// He is working: the visit goes on until a supervisor decides, and by default it continues.
pub(super) mod x_02_cancel_meets_work_and_is_contested {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.works(Who::A);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Contested],
            reviews: vec![review(
                ReviewKind::CancelContested,
                Role::Supervisor,
                Some(30 * MINUTE),
                ReviewChoice::Continue,
            )],
            cites: vec![(Rule::R3, "X-02")],
            told: vec![("notice.ask_customer", Role::Technician), ("notice.decide_cancel", Role::Supervisor)],
            ..Expected::new(OrderState::CancelContested)
        }
    }
}

/// The supervisor lets the work go on: the cancel is taken back.
pub(super) mod x_02_supervisor_continues {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.works(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CancelContested, ReviewChoice::Continue);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Withdrawn],
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::CancelContested, Role::Supervisor, Some(30 * MINUTE), ReviewChoice::Continue)
            }],
            ..Expected::new(OrderState::InProgress)
        }
    }
}

/// The supervisor ends the visit: what was done stands.
pub(super) mod x_02_supervisor_terminates {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.works(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CancelContested, ReviewChoice::Terminate);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            cancels: vec![CancelEffect::Terminated],
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::CancelContested, Role::Supervisor, Some(30 * MINUTE), ReviewChoice::Continue)
            }],
            told: vec![("notice.stop", Role::Technician)],
            ..Expected::new(OrderState::Terminated)
        }
    }
}

/// Nobody decides, and two nodes let the default fire: it counts once.
pub(super) mod x_02_default_fires_twice_and_counts_once {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.works(Who::A);
        stage.everyone_looks();
        let facts = stage.office_facts();
        let reviews = crate::lifecycle::fold(&facts).reviews;
        let Some(open) = reviews.iter().find(|review| review.kind == ReviewKind::CancelContested) else { return };
        for _ in 0..2 {
            let (head, body) = crate::lifecycle::scenario::default_fact(open, &facts);
            stage.act(Who::Timer, head, body);
        }
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Withdrawn],
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Defaulted,
                ..review(ReviewKind::CancelContested, Role::Supervisor, Some(30 * MINUTE), ReviewChoice::Continue)
            }],
            ..Expected::new(OrderState::InProgress)
        }
    }
}

/// The supervisor let the work go on, and it was done: his decision stands, nobody is asked again.
pub(super) mod x_02_continued_work_is_done {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CancelContested, ReviewChoice::Continue);
        stage.look(Who::A);
        stage.done(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Withdrawn],
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::CancelContested, Role::Supervisor, Some(30 * MINUTE), ReviewChoice::Continue)
            }],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// The supervisor ended the visit while the technician finished it: the work was done in ignorance and counts.
pub(super) mod x_02_terminated_but_done {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CancelContested, ReviewChoice::Terminate);
        stage.done(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Late],
            reviews: vec![review(ReviewKind::LateCancel, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
            cites: vec![(Rule::R3, "X-03")],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// He finished it knowing that he was to stop: a supervisor decides, nothing is billable.
pub(super) mod x_80_done_knowing_the_decision_to_stop {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        let visit = stage.works(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CancelContested, ReviewChoice::Terminate);
        stage.look(Who::A);
        stage.done(Who::A, visit);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Late],
            reviews: vec![review(ReviewKind::WorkAfterCancel, Role::Supervisor, None, ReviewChoice::WriteOff)],
            cites: vec![(Rule::R3, "X-80")],
            ..Expected::new(OrderState::Completed)
        }
    }
}

/// Two cancels, one contested: the supervisor, who knew both, lets the work go on.
pub(super) mod x_12_continuing_takes_back_every_known_cancel {
    use super::*;

    pub(crate) fn play(stage: &mut dyn Stage) {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.cancel(Who::OtherDispatcher);
        stage.works(Who::A);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CancelContested, ReviewChoice::Continue);
    }

    pub(crate) fn expected() -> Expected {
        Expected {
            assigned: Some(Who::A),
            cancels: vec![CancelEffect::Withdrawn, CancelEffect::Withdrawn],
            reviews: vec![crate::lifecycle::scenario::ReviewExpected {
                status: ReviewStatus::Resolved,
                ..review(ReviewKind::CancelContested, Role::Supervisor, Some(30 * MINUTE), ReviewChoice::Continue)
            }],
            ..Expected::new(OrderState::InProgress)
        }
    }
}
