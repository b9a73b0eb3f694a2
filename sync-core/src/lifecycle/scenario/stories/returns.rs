//! Goods that go back: inspected, and by him who has them (R9, C-134, C-135).

use super::super::{Expected, ReviewExpected, Stage, Who, part};
use super::custody::{booked_in_from_a, confirms, exception, in_custody, taken};
use super::{review, story};
use crate::facts::values::{BenchStep, ReceiptFate, ReviewChoice};
use crate::facts::{Role, bodies};
use crate::ids::FactId;
use crate::lifecycle::view::{OrderState, ReviewKind, ReviewStatus};

/// Inspected; then, knowing that or not, the bench fits another part, and the goods go back.
fn worked_on_beside_the_inspection(stage: &mut dyn Stage, knowing: bool) {
    let custody = taken(stage);
    let reference = custody.reference();
    let work = |step, line| bodies::BenchWork { custody: reference, step, line, note: None };
    stage.does(Who::A, work(BenchStep::Repaired, None));
    stage.everyone_looks();
    if !knowing {
        stage.does(Who::A, work(BenchStep::Line, Some(part("Mainboard", 9_000))));
    }
    stage.does(Who::Supervisor, bodies::Inspect { custody: reference, passed: true, remarks: None });
    stage.everyone_looks();
    if knowing {
        stage.does(Who::A, work(BenchStep::Line, Some(part("Mainboard", 9_000))));
    }
    stage.gives_back(Who::A, custody, ReceiptFate::TakenBack);
}

fn back() -> Expected {
    Expected {
        assigned: Some(Who::A),
        facets: vec![("custody", "returned"), ("holder", "customer"), ("receipt", "void")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// What was inspected is worked on again: it needs another inspection.
    c_134_work_after_the_inspection_is_inspected_again(stage) {
        worked_on_beside_the_inspection(stage, true);
    } => Expected { reviews: vec![exception()], ..back() }
}

story! {
    /// The inspector did not know of the part that the bench had fitted: he has not inspected it.
    c_134_work_that_the_inspector_did_not_know_is_inspected_again(stage) {
        worked_on_beside_the_inspection(stage, false);
    } => Expected { reviews: vec![exception()], ..back() }
}

/// The storekeeper has the goods, and A, who knows it, says that he gave them back.
fn returned_by_another(stage: &mut dyn Stage) -> FactId {
    let custody = taken(stage);
    let booked = booked_in_from_a(stage, custody);
    confirms(stage, Who::A, booked);
    stage.everyone_looks();
    stage.gives_back(Who::A, custody, ReceiptFate::TakenBack);
    custody
}

fn conflict() -> ReviewExpected {
    review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)
}

story! {
    /// Nobody gives back what he knows another to hold: the receipt lives until a supervisor has found out.
    r9_nobody_gives_back_what_he_does_not_hold(stage) {
        returned_by_another(stage);
    } => Expected {
        reviews: vec![conflict()],
        told: vec![("notice.who_holds", Role::Technician)],
        facets: vec![("holder", "conflict"), ("receipt", "live"), ("custody", "booked_in")],
        ..in_custody()
    }
}

story! {
    /// The storekeeper has them on his shelf: so it was only said.
    r9_the_holder_keeps_what_another_said_to_have_given_back(stage) {
        returned_by_another(stage);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CustodyConflict, ReviewChoice::First);
    } => Expected {
        reviews: vec![ReviewExpected { status: ReviewStatus::Resolved, ..conflict() }],
        facets: vec![("holder", "Storekeeper"), ("receipt", "live")],
        ..in_custody()
    }
}

story! {
    /// He had let A have them without a word: the customer has them.
    r9_what_another_gave_back_is_back_when_the_supervisor_says_so(stage) {
        returned_by_another(stage);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CustodyConflict, ReviewChoice::Second);
    } => Expected { reviews: vec![ReviewExpected { status: ReviewStatus::Resolved, ..conflict() }], ..back() }
}
