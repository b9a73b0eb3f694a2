//! What lies in the companion document, and what it must not do to the field (X-65, R7).

use super::super::{Expected, ReviewExpected, Stage, Who};
use super::{review, story};
use crate::facts::values::{CallbackResult, ComplaintKind, Money, ReviewChoice, Severity};
use crate::facts::{Role, bodies};
use crate::ids::FactId;
use crate::lifecycle::view::{CancelEffect, Coverage, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet};
use crate::time::DAY;

fn fen(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

/// A has worked and the customer signed; everybody knows. Answers the DONE.
fn signed(stage: &mut dyn Stage) -> (FactId, FactId) {
    stage.dispatched();
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, super::super::labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    stage.sign(Who::A, &[hours, done]);
    stage.everyone_looks();
    (hours, done)
}

fn completed() -> Expected {
    Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        ..Expected::new(OrderState::Completed)
    }
}

fn satisfied(done: FactId) -> bodies::RecordCallback {
    bodies::RecordCallback { result: CallbackResult::Ok, about: done.reference(), text: None }
}

fn complains() -> bodies::OpenComplaint {
    bodies::OpenComplaint { kind: ComplaintKind::Other, severity: Severity::Normal, text: "it drips again".into() }
}

story! {
    /// Satisfied on the telephone, while the technician takes down a complaint: the complaint governs.
    x_65_satisfied_and_complained(stage) {
        let (_, done) = signed(stage);
        stage.does(Who::Clerk, satisfied(done));
        stage.does(Who::A, complains());
    } => Expected {
        reviews: vec![review(ReviewKind::ComplaintGoverns, Role::Supervisor, Some(3 * DAY), ReviewChoice::Acknowledged)],
        cites: vec![(Rule::R1, "X-65")],
        told: vec![("notice.visit_complainer", Role::Supervisor), ("notice.complaint_governs", Role::Clerk)],
        facets: vec![("callback", "complaint"), ("complaints", "1")],
        ..completed()
    }
}

story! {
    /// The complaint is settled: nobody need decide any more.
    x_65_the_complaint_is_settled(stage) {
        let (_, done) = signed(stage);
        stage.does(Who::Clerk, satisfied(done));
        let complaint = stage.does(Who::A, complains());
        stage.everyone_looks();
        let text = "visited, seal replaced".into();
        stage.does(Who::Supervisor, bodies::HandleComplaint { complaint: complaint.reference(), text, settled: true });
    } => Expected {
        reviews: vec![ReviewExpected {
            status: ReviewStatus::Lapsed,
            ..review(ReviewKind::ComplaintGoverns, Role::Supervisor, Some(3 * DAY), ReviewChoice::Acknowledged)
        }],
        facets: vec![("callback", "complaint")],
        cites: vec![(Rule::R1, "X-65")],
        ..completed()
    }
}

story! {
    /// The review is decided where its causes lie: a device hears nothing of it.
    x_65_the_supervisor_has_called(stage) {
        let (_, done) = signed(stage);
        stage.does(Who::Clerk, satisfied(done));
        stage.does(Who::A, complains());
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::ComplaintGoverns, ReviewChoice::Acknowledged);
    } => Expected {
        reviews: vec![ReviewExpected {
            status: ReviewStatus::Resolved,
            ..review(ReviewKind::ComplaintGoverns, Role::Supervisor, Some(3 * DAY), ReviewChoice::Acknowledged)
        }],
        facets: vec![("callback", "complaint")],
        cites: vec![(Rule::R1, "X-65")],
        ..completed()
    }
}

story! {
    /// Two invoices over one line: it is billed once.
    r7_a_line_is_invoiced_once(stage) {
        let (hours, _) = signed(stage);
        let invoice = |number: &str| bodies::Invoice {
            number: number.into(), lines: vec![hours.reference()], amount: fen(8_000), payer: None,
        };
        stage.does(Who::Accountant, invoice("INV-1"));
        stage.does(Who::Accountant, invoice("INV-2"));
    } => Expected {
        void: 1,
        reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)],
        facets: vec![("invoiced", "8000")],
        ..completed()
    }
}

story! {
    /// What somebody knew through an office fact he knew: his cancel is void on every device, too.
    r3_b_known_through_an_office_fact(stage) {
        let (_, done) = signed(stage);
        stage.does(Who::Accountant, bodies::RecordCost { name: "trip".into(), amount: fen(500), about: Some(done.reference()) });
        stage.look(Who::Dispatcher);
        stage.cancel(Who::Dispatcher);
    } => Expected {
        cancels: vec![CancelEffect::Void],
        void: 1,
        reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)],
        facets: vec![("costs", "500")],
        ..completed()
    }
}
