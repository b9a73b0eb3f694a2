//! Lines, plans and work items that two people touch (R1, R2, R5).

use super::super::{Expected, Stage, Who, labour, morning, part};
use super::{review, story};
use crate::facts::values::{Line, ReviewChoice};
use crate::facts::{Head, Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet};
use crate::time::DAY;

fn coded(code: &str) -> Line {
    Line { code: Some(code.into()), ..part("Valve", 3_000) }
}

story! {
    /// Two technicians record what may be one part: both count until one is reversed.
    x_37_what_may_be_one_part(stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        stage.everyone_looks();
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, coded("V-1"));
        let other = stage.works(Who::B);
        stage.line(Who::B, other, coded("V-1"));
    } => Expected {
        visits: 2,
        assigned: Some(Who::B),
        reviews: vec![
            review(ReviewKind::PossibleDuplicate, Role::Technician, Some(7 * DAY), ReviewChoice::Keep),
        ],
        cites: vec![(Rule::R5, "X-34"), (Rule::R5, "X-37")],
        told: vec![("notice.possible_duplicate", Role::Technician)],
        facets: vec![("lines", "effective,effective")],
        ..Expected::new(OrderState::InProgress)
    }
}

story! {
    /// The technician fits a part while the office takes it off the plan: what was fitted stands.
    x_38_used_while_taken_off_the_plan(stage) {
        stage.dispatched();
        let planned = stage.does(Who::Clerk, bodies::PlanLine { line: coded("V-1") });
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::DropPlannedLine { line: planned.reference(), reason: None });
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, coded("V-1"));
    } => Expected {
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-38")],
        facets: vec![("planned", "0"), ("lines", "effective")],
        ..Expected::new(OrderState::InProgress)
    }
}

story! {
    /// A edits one line on his phone and on his tablet: the later edit shows until he has said which.
    x_39_one_line_edited_on_two_devices(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let line = stage.line(Who::A, visit, part("Valve", 3_000));
        stage.everyone_looks();
        let edit = |new| bodies::ReplaceLine { visit: visit.reference(), line: line.reference(), new };
        stage.does(Who::A, edit(part("Valve", 2_000)));
        stage.does(Who::ATablet, edit(part("Valve", 2_500)));
    } => Expected {
        assigned: Some(Who::A),
        reviews: vec![review(ReviewKind::LineConflict, Role::Technician, Some(DAY), ReviewChoice::Second)],
        cites: vec![(Rule::R2, "X-39")],
        told: vec![("notice.which_edit", Role::Technician)],
        facets: vec![("lines", "replaced,replaced,effective")],
        ..Expected::new(OrderState::InProgress)
    }
}

story! {
    /// He has said that the first edit counts.
    x_39_the_technician_says_which(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let line = stage.line(Who::A, visit, part("Valve", 3_000));
        stage.everyone_looks();
        let edit = |new| bodies::ReplaceLine { visit: visit.reference(), line: line.reference(), new };
        stage.does(Who::A, edit(part("Valve", 2_000)));
        stage.does(Who::ATablet, edit(part("Valve", 2_500)));
        stage.everyone_looks();
        stage.resolve(Who::A, ReviewKind::LineConflict, ReviewChoice::First);
    } => Expected {
        assigned: Some(Who::A),
        reviews: vec![crate::lifecycle::scenario::ReviewExpected {
            status: ReviewStatus::Resolved,
            ..review(ReviewKind::LineConflict, Role::Technician, Some(DAY), ReviewChoice::Second)
        }],
        facets: vec![("lines", "replaced,effective,replaced")],
        cites: vec![(Rule::R2, "X-39")],
        ..Expected::new(OrderState::InProgress)
    }
}

story! {
    /// A line recorded under the tariff he held, while a newer one is used elsewhere: the price he showed stands.
    x_40_an_older_tariff(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let held = |tariff| Head { tariff: Some(tariff), ..Head::default() };
        let line = part("Valve", 3_000);
        let line = stage.act(Who::A, held(3), bodies::RecordLine { visit: visit.reference(), line }.into());
        let amount = crate::facts::values::Money { minor: 3_500, currency: "CNY".into() };
        let (name, unit, code) = ("Valve".into(), "piece".into(), None);
        let lines = vec![crate::facts::values::QuoteLine { name, quantity: 1_000, unit, amount, code }];
        let quote = bodies::IssueQuote { version: 1, lines, tariff: Some(4), reason: None };
        stage.act(Who::Clerk, held(4), quote.into());
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[line, done]);
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 3_000,
        cites: vec![(Rule::R7, "X-40")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// B ends item 2 unfinished while the customer signs for A's item 1: each stands for itself.
    x_50_one_item_done_another_unfinished(stage) {
        stage.dispatched_beside(Who::B);
        stage.promises(Who::Clerk, bodies::AddWorkItem { item: 2, name: "Clean the filter".into() });
        stage.everyone_looks();
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let other = stage.works(Who::B);
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[hours, done]);
        let body = bodies::OutcomeUnfinished {
            visit: other.reference(),
            reason: crate::facts::values::UnfinishedReason::Parts,
            text: None,
            next: Some(morning(3)),
        };
        stage.on_item(Who::B, 2, body);
    } => Expected {
        visits: 2,
        appointment: Some(morning(3)),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        cites: vec![(Rule::R4, "X-50")],
        facets: vec![("items", "1:done,2:unfinished")],
        ..Expected::new(OrderState::Unfinished)
    }
}

story! {
    /// An item is dropped with the customer: the order is complete without it.
    a_dropped_item_is_not_waited_for(stage) {
        stage.dispatched();
        stage.promises(Who::Clerk, bodies::AddWorkItem { item: 2, name: "Clean the filter".into() });
        stage.everyone_looks();
        let visit = stage.works(Who::A);
        stage.done(Who::A, visit);
        stage.promises(Who::A, bodies::DropWorkItem { item: 2, reason: "not wanted".into() });
    } => Expected {
        assigned: Some(Who::A),
        facets: vec![("items", "1:done,2:dropped")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// What cannot be repaired waits for a decision: exchange or refund.
    c_029_not_repairable_needs_a_decision(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let finding = "Compressor seized".into();
        stage.does(Who::A, bodies::OutcomeNotRepairable { visit: visit.reference(), finding });
    } => Expected {
        reviews: vec![review(ReviewKind::NotRepairable, Role::Supervisor, None, ReviewChoice::Keep)],
        facets: vec![("items", "1:not_repairable")],
        ..Expected::new(OrderState::Unfinished)
    }
}

story! {
    /// A supervisor corrects a line downwards: what was signed is charged as corrected, in the customer's favour.
    a_correction_in_favour_applies(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let line = stage.line(Who::A, visit, part("Valve", 3_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[line, done]);
        stage.everyone_looks();
        let correction = crate::facts::values::Correction::Line(part("Valve", 2_000));
        stage.does(Who::Supervisor, bodies::CorrectFact { fact: line.reference(), correction, reason: "typo".into() });
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 2_000,
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// He signed the line as corrected. It is corrected again, upwards: he owes what he saw.
    r7_a_price_that_he_signed_does_not_rise(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let line = stage.line(Who::A, visit, part("Valve", 3_000));
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        let corrects = |stage: &mut dyn Stage, fen| {
            let correction = crate::facts::values::Correction::Line(part("Valve", fen));
            stage.does(Who::Supervisor, bodies::CorrectFact { fact: line.reference(), correction, reason: "typo".into() });
        };
        corrects(stage, 2_000);
        stage.everyone_looks();
        stage.sign(Who::A, &[line, done]);
        stage.everyone_looks();
        corrects(stage, 2_500);
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 2_000,
        ..Expected::new(OrderState::Completed)
    }
}
