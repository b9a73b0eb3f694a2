//! Holds, escalation, declined calls, emergency orders, self-dispatch, hand-over (R1, R2, C-045, C-048, C-068).

use super::super::{Expected, Stage, Who, labour, part};
use super::{review, story};
use crate::facts::values::{
    EmergencyBasis, EscalationKind, HoldReason, PartWanted, ReviewChoice, ServiceClass, Skip, SkipReason, Urgency,
};
use crate::facts::{Head, Role, bodies};
use crate::ids::RecordId;
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet, VoucherFacet};
use crate::time::{DAY, HOUR};

story! {
    /// The office takes the order to B while A takes the goods: he keeps them until he passes them on.
    x_19_reassigned_while_goods_are_taken(stage) {
        stage.dispatched();
        stage.assign(Who::Dispatcher, Who::B);
        let visit = stage.works(Who::A);
        stage.takes(Who::A, "D07-R1");
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        assigned: Some(Who::B),
        cites: vec![(Rule::R9, "X-19")],
        told: vec![("notice.pass_goods_on", Role::Technician)],
        facets: vec![("holder", "A")],
        ..Expected::new(OrderState::InCustody)
    }
}

story! {
    /// The head dispatches C while A, who could not reach him, goes by himself.
    x_22_dispatched_while_he_went_by_himself(stage) {
        stage.registered();
        stage.assign(Who::Dispatcher, Who::C);
        stage.does(Who::A, bodies::SelfDispatch { basis: EmergencyBasis::HeadUnreachable, reason: None });
        stage.depart(Who::A);
    } => Expected {
        assigned: Some(Who::C),
        reviews: vec![review(ReviewKind::DoubleAssigned, Role::Dispatcher, Some(2 * HOUR), ReviewChoice::First)],
        cites: vec![(Rule::R2, "X-17"), (Rule::R2, "X-22")],
        told: vec![("notice.other_under_way", Role::Technician)],
        ..Expected::new(OrderState::InProgress)
    }
}

story! {
    /// He went by himself and nobody else was sent.
    c_048_he_goes_by_himself(stage) {
        stage.registered();
        stage.does(Who::A, bodies::SelfDispatch { basis: EmergencyBasis::HeadUnreachable, reason: None });
    } => Expected { visits: 0, assigned: Some(Who::A), ..Expected::new(OrderState::Dispatched) }
}

story! {
    /// A was passed over as not returned while he had come back: the skip stands, with a note.
    x_25_passed_over_while_he_returned(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        stage.everyone_looks();
        let technician = stage.person(Who::B);
        let skipped = vec![Skip { technician: stage.person(Who::A), reason: SkipReason::NotReturned }];
        stage.does(Who::Dispatcher, bodies::Assign { technician, skipped, reason: Some("urgent".into()), turn: None });
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        assigned: Some(Who::B),
        cites: vec![(Rule::R1, "X-25")],
        told: vec![("notice.returned_unknown", Role::Dispatcher)],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// The office holds for weather while the technician works: the visit stands, the hold is for the next one.
    x_30_hold_meets_work(stage) {
        stage.dispatched();
        stage.holds(Who::Dispatcher, HoldReason::Weather);
        let visit = stage.works(Who::A);
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-30")],
        facets: vec![("holds", "weather")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// The same, and he finished: the hold lapses.
    x_30_hold_lapses_on_done(stage) {
        stage.dispatched();
        stage.holds(Who::Dispatcher, HoldReason::Weather);
        let visit = stage.works(Who::A);
        stage.done(Who::A, visit);
    } => Expected {
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-30")],
        facets: vec![("holds", "")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// The dispatcher holds for parts while they are booked in at the store: released.
    x_31_hold_meets_arrived_parts(stage) {
        stage.dispatched();
        let name = "Valve".to_owned();
        let parts = vec![PartWanted { name, quantity: 1_000, unit: "piece".into(), code: None }];
        let wanted = stage.does(Who::A, bodies::RequestParts { parts, to_site: false, reason: None });
        stage.everyone_looks();
        stage.holds(Who::Dispatcher, HoldReason::Parts);
        stage.does(Who::Storekeeper, bodies::ReceiveParts { request: wanted.reference(), note: None });
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-31")],
        told: vec![("notice.parts_arrived", Role::Dispatcher)],
        facets: vec![("holds", "")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// Two parts are wanted and one has come: the order waits for the other, whatever hold was put beside.
    x_31_one_of_two_parts_has_come(stage) {
        stage.dispatched();
        let wanted = |name: &str| {
            let part = PartWanted { name: name.into(), quantity: 1_000, unit: "piece".into(), code: None };
            bodies::RequestParts { parts: vec![part], to_site: false, reason: None }
        };
        let valve = stage.does(Who::A, wanted("Valve"));
        stage.does(Who::A, wanted("Compressor"));
        stage.everyone_looks();
        stage.holds(Who::Dispatcher, HoldReason::Parts);
        stage.does(Who::Storekeeper, bodies::ReceiveParts { request: valve.reference(), note: None });
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        told: vec![("notice.parts_arrived", Role::Dispatcher)],
        facets: vec![("holds", "parts,parts")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// Parts came for a hold by its name: a request beside it waits on.
    x_31_what_is_named_is_met(stage) {
        stage.dispatched();
        let hold = stage.holds(Who::Dispatcher, HoldReason::Parts);
        let part = PartWanted { name: "Valve".into(), quantity: 1_000, unit: "piece".into(), code: None };
        stage.does(Who::A, bodies::RequestParts { parts: vec![part], to_site: false, reason: None });
        stage.everyone_looks();
        stage.does(Who::Storekeeper, bodies::ReceiveParts { request: hold.reference(), note: None });
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        told: vec![("notice.parts_arrived", Role::Dispatcher)],
        facets: vec![("holds", "parts")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// Two reasons to wait: the order waits for both.
    x_32_two_holds_are_two_reasons(stage) {
        stage.registered();
        stage.holds(Who::Dispatcher, HoldReason::Weather);
        stage.holds(Who::Clerk, HoldReason::Customer);
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        cites: vec![(Rule::R2, "X-32")],
        facets: vec![("holds", "weather,customer")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// One of two is released: the order still waits.
    x_32_one_of_two_is_released(stage) {
        stage.registered();
        let weather = stage.holds(Who::Dispatcher, HoldReason::Weather);
        stage.holds(Who::Clerk, HoldReason::Customer);
        stage.everyone_looks();
        stage.does(Who::Dispatcher, bodies::Release { hold: weather.reference(), reason: None });
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        facets: vec![("holds", "customer")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// The technician cannot solve it: the supervisor has it at once, and the order is not idle.
    c_068_escalated_is_not_idle(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        stage.does(Who::A, bodies::Escalate { kind: EscalationKind::CannotSolve, text: "leaks inside the wall".into() });
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        assigned: Some(Who::A),
        reviews: vec![review(ReviewKind::Escalation, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
        told: vec![("notice.escalated", Role::Supervisor)],
        facets: vec![("holds", "escalated")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// Out of scope: declined.
    c_007_declined(stage) {
        let problem = "car does not start".to_owned();
        stage.does(Who::Clerk, bodies::RegisterCall {
            customer: RecordId([1; 16]), site: RecordId([2; 16]), unit: None,
            channel: crate::facts::values::Channel::Phone, class: ServiceClass::Chargeable, urgency: Urgency::Normal,
            problem, serial: None, skill: None, origin: None,
        });
        stage.does(Who::Clerk, bodies::Decline { reason: "not our product".into() });
    } => Expected { visits: 0, voucher: VoucherFacet::NotOut, ..Expected::new(OrderState::Declined) }
}

story! {
    /// Repair first, paperwork after: the order is valid and its work counts; the paper is due.
    c_045_repair_first_paper_after(stage) {
        stage.does(Who::A, bodies::CreateEmergencyOrder {
            basis: EmergencyBasis::CustomerOnSite, problem: "burst pipe".into(), contact: "Wang, house 3".into(),
            customer: None, site: None, unit: None,
        });
        stage.does(Who::A, bodies::SelfDispatch { basis: EmergencyBasis::CustomerOnSite, reason: None });
        stage.works_and_signs(Who::A);
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        reviews: vec![review(ReviewKind::PaperworkDue, Role::Supervisor, None, ReviewChoice::Acknowledged)],
        facets: vec![("paperwork", "due"), ("no_consent", "false")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// Work on an order for which nobody asked the customer: flagged, and nothing is charged before he has signed.
    c_023_work_without_any_agreement_is_flagged(stage) {
        stage.does(Who::A, bodies::CreateEmergencyOrder {
            basis: EmergencyBasis::CustomerOnSite, problem: "burst pipe".into(), contact: "Wang, house 3".into(),
            customer: None, site: None, unit: None,
        });
        stage.does(Who::A, bodies::SelfDispatch { basis: EmergencyBasis::CustomerOnSite, reason: None });
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, labour(1_000, 8_000));
    } => Expected {
        assigned: Some(Who::A),
        reviews: vec![review(ReviewKind::PaperworkDue, Role::Supervisor, None, ReviewChoice::Acknowledged)],
        facets: vec![("no_consent", "true"), ("held", "not_agreed")],
        ..Expected::new(OrderState::InProgress)
    }
}

story! {
    /// Two days later the clerk completes the paper.
    c_045_paper_is_completed(stage) {
        stage.does(Who::A, bodies::CreateEmergencyOrder {
            basis: EmergencyBasis::CustomerOnSite, problem: "burst pipe".into(), contact: "Wang, house 3".into(),
            customer: None, site: None, unit: None,
        });
        stage.does(Who::A, bodies::SelfDispatch { basis: EmergencyBasis::CustomerOnSite, reason: None });
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::CompletePaperwork {
            customer: RecordId([1; 16]), site: RecordId([2; 16]), unit: None,
            channel: crate::facts::values::Channel::OnSite, class: ServiceClass::Chargeable,
            urgency: Urgency::Hazard, serial: Some("2024-06-000009".into()),
        });
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        reviews: vec![crate::lifecycle::scenario::ReviewExpected {
            status: ReviewStatus::Lapsed,
            ..review(ReviewKind::PaperworkDue, Role::Supervisor, None, ReviewChoice::Acknowledged)
        }],
        facets: vec![("paperwork", "ok")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// A hands his visit to B on site; B goes on and finishes; nothing is charged twice.
    u_08_a_visit_is_handed_over(stage) {
        stage.dispatched_beside(Who::B);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(500, 4_000));
        let to = stage.person(Who::B);
        let body = bodies::HandoverVisit { visit: visit.reference(), to, open: vec!["test".into()] };
        stage.witnessed(Who::A, &[Who::B], body);
        stage.everyone_looks();
        let head = Head { continues: Some(visit.reference()), ..Head::default() };
        let other = stage.act(Who::B, head, bodies::Arrive { visit: None, place: None }.into());
        stage.does(Who::B, bodies::Start { visit: other.reference() });
        let valve = stage.line(Who::B, other, part("Valve", 3_000));
        let done = stage.done(Who::B, other);
        stage.sign(Who::B, &[hours, valve, done]);
    } => Expected {
        visits: 2,
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 7_000,
        ..Expected::new(OrderState::Completed)
    }
}
