//! Goods taken away: one holder, or a conflict that nobody guesses (R9).

use super::super::{Expected, Stage, Who, labour, part};
use super::{review, story};
use crate::facts::values::{BenchStep, CustodyPlace, Goods, HeaderField, ReceiptFate, ReviewChoice};
use crate::facts::{Role, bodies};
use crate::ids::FactId;
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, Rule, SignatureFacet};
use crate::time::DAY;

/// A has taken the goods and everybody knows.
pub(super) fn taken(stage: &mut dyn Stage) -> FactId {
    stage.dispatched();
    let visit = stage.works(Who::A);
    let custody = stage.takes(Who::A, "D07-R1");
    stage.does(Who::A, bodies::End { visit: visit.reference() });
    stage.everyone_looks();
    custody
}

pub(super) fn in_custody() -> Expected {
    Expected { assigned: Some(Who::A), ..Expected::new(OrderState::InCustody) }
}

story! {
    /// A takes the goods while the office says "repair on site only".
    x_54_taken_while_told_to_repair_on_site(stage) {
        stage.dispatched();
        stage.edits(Who::Dispatcher, HeaderField::RepairPlace, "on_site");
        let visit = stage.works(Who::A);
        stage.takes(Who::A, "D07-R1");
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected { cites: vec![(Rule::R1, "X-54")], facets: vec![("holder", "A")], ..in_custody() }
}

story! {
    /// A and B both claim to have taken the same unit: conflict, both receipts live.
    x_55_both_took_the_same_unit(stage) {
        stage.dispatched_beside(Who::B);
        stage.takes(Who::A, "D07-R1");
        stage.takes(Who::B, "D08-R1");
    } => Expected {
        visits: 0,
        reviews: vec![review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R9, "X-55")],
        told: vec![("notice.who_holds", Role::Technician)],
        facets: vec![("holder", "conflict,conflict"), ("receipt", "live,live")],
        ..in_custody()
    }
}

story! {
    /// B takes what A holds, and knows it; nobody handed it over.
    x_55_taken_from_a_colleague_who_holds_it(stage) {
        stage.dispatched_beside(Who::B);
        stage.takes(Who::A, "D07-R1");
        stage.everyone_looks();
        stage.takes(Who::B, "D08-R1");
    } => Expected {
        visits: 0,
        reviews: vec![review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R9, "X-55")],
        told: vec![("notice.who_holds", Role::Technician)],
        facets: vec![("holder", "conflict,conflict"), ("receipt", "live,live")],
        ..in_custody()
    }
}

story! {
    /// One technician takes the same thing on his two devices: he holds it, and both receipts are out.
    x_55_taken_twice_by_one_person(stage) {
        stage.dispatched();
        stage.takes(Who::A, "D07-R1");
        stage.takes(Who::ATablet, "D08-R1");
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        reviews: vec![review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R9, "X-55")],
        facets: vec![("holder", "A,A"), ("receipt", "live,live")],
        ..in_custody()
    }
}

story! {
    /// The customer signs for the return while the office extends the date: closed, the extension is without effect.
    x_56_returned_while_the_date_is_extended(stage) {
        let custody = taken(stage);
        stage.edits(Who::Clerk, HeaderField::BenchDue, "2024-07-01T00:00:00Z");
        stage.gives_back(Who::A, custody, ReceiptFate::TakenBack);
    } => Expected {
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-56")],
        facets: vec![("custody", "returned"), ("receipt", "void"), ("holder", "customer")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// The customer signs for the return while the bench adds a part: as X-43.
    x_57_returned_while_the_bench_adds_a_part(stage) {
        stage.dispatched_beside(Who::B);
        let visit = stage.works(Who::A);
        let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
        let custody = stage.takes(Who::A, "D07-R1");
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        stage.gives_back(Who::A, custody, ReceiptFate::TakenBack);
        stage.sign(Who::A, &[hours, done]);
        stage.does(Who::B, bodies::BenchWork {
            custody: custody.reference(), step: BenchStep::Line, line: Some(part("Valve", 3_000)), note: None,
        });
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::SignedPartial,
        coverage: Coverage::Partial,
        billable: 8_000,
        reviews: vec![review(ReviewKind::UncoveredLines, Role::Clerk, Some(7 * DAY), ReviewChoice::WriteOff)],
        cites: vec![(Rule::R6, "X-57")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// The goods are back and the customer has lost the receipt: void by his signed statement.
    x_58_returned_without_the_receipt(stage) {
        let custody = taken(stage);
        stage.gives_back(Who::A, custody, ReceiptFate::Lost);
    } => Expected {
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-58")],
        facets: vec![("receipt", "void_without_paper"), ("custody", "returned")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// The storekeeper books the goods in, the technician has not confirmed it: a conflict.
    x_59_booked_in_unconfirmed(stage) {
        let custody = taken(stage);
        let (from, to) = (stage.person(Who::A), stage.person(Who::Storekeeper));
        let place = CustodyPlace::Store;
        stage.does(Who::Storekeeper, bodies::TransferCustody { custody: custody.reference(), from, to, place });
    } => Expected {
        reviews: vec![review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R9, "X-59")],
        told: vec![("notice.confirm_goods", Role::Technician)],
        facets: vec![("holder", "conflict")],
        ..in_custody()
    }
}

story! {
    /// The technician confirms: the storekeeper holds them.
    x_59_booked_in_and_confirmed(stage) {
        let custody = taken(stage);
        let (from, to) = (stage.person(Who::A), stage.person(Who::Storekeeper));
        let body = bodies::TransferCustody { custody: custody.reference(), from, to, place: CustodyPlace::Store };
        let booked = stage.does(Who::Storekeeper, body);
        stage.everyone_looks();
        let digest = stage.digest(booked);
        stage.does(Who::A, bodies::Acknowledge { fact: booked.reference(), digest });
    } => Expected { facets: vec![("holder", "Storekeeper"), ("custody", "booked_in")], ..in_custody() }
}

story! {
    /// Given back without the customer's second signature: the custody stays open (C-082).
    c_082_a_return_without_signature_stays_open(stage) {
        let custody = taken(stage);
        let (receipt, signed) = (ReceiptFate::TakenBack, None);
        stage.does(Who::A, bodies::ReturnCustody { custody: custody.reference(), receipt, signed, statement: None });
    } => Expected {
        told: vec![("notice.second_signature", Role::Technician)],
        facets: vec![("custody", "taken"), ("receipt", "live")],
        ..in_custody()
    }
}

story! {
    /// He takes the goods with him; the receipt that he leaves has its final number.
    c_130_the_receipt_has_its_number_on_site(stage) {
        taken(stage);
    } => Expected {
        facets: vec![("custody", "taken"), ("receipt", "live"), ("countersigned", "true"), ("holder", "A")],
        ..in_custody()
    }
}

story! {
    /// The customer did not countersign: the goods are with us all the same, and that shows.
    c_131_a_receipt_without_countersignature_shows(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let goods = Goods { name: "Cooler".into(), serial: None, unit: None, pieces: 1, condition: None };
        let receipt = "D07-R1".into();
        stage.does(Who::A, bodies::TakeCustody { goods, receipt, due: None, countersigned: None });
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected { facets: vec![("countersigned", "false"), ("receipt", "live"), ("holder", "A")], ..in_custody() }
}

story! {
    /// Returned, and the customer signs a second time: the receipt is void, and he has the goods.
    c_135_the_second_signature_voids_the_receipt(stage) {
        let custody = taken(stage);
        stage.gives_back(Who::A, custody, ReceiptFate::TakenBack);
    } => Expected {
        assigned: Some(Who::A),
        facets: vec![("custody", "returned"), ("receipt", "void"), ("holder", "customer")],
        ..Expected::new(OrderState::Dispatched)
    }
}

fn void() -> crate::lifecycle::scenario::ReviewExpected {
    review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)
}

pub(super) fn exception() -> crate::lifecycle::scenario::ReviewExpected {
    review(ReviewKind::PolicyException, Role::Clerk, Some(7 * DAY), ReviewChoice::Keep)
}

/// A has taken the goods and B has them from him, as both say; everybody knows.
fn passed_on(stage: &mut dyn Stage) -> FactId {
    stage.dispatched_beside(Who::B);
    let visit = stage.works(Who::A);
    let custody = stage.takes(Who::A, "D07-R1");
    let (from, to) = (stage.person(Who::A), stage.person(Who::B));
    let body = bodies::TransferCustody { custody: custody.reference(), from, to, place: CustodyPlace::Van };
    stage.witnessed(Who::A, &[Who::B], body);
    stage.does(Who::A, bodies::End { visit: visit.reference() });
    stage.everyone_looks();
    custody
}

/// The storekeeper books goods in as from A.
pub(super) fn booked_in_from_a(stage: &mut dyn Stage, custody: FactId) -> FactId {
    let (from, to) = (stage.person(Who::A), stage.person(Who::Storekeeper));
    let body = bodies::TransferCustody { custody: custody.reference(), from, to, place: CustodyPlace::Store };
    stage.does(Who::Storekeeper, body)
}

/// He sees it and confirms it.
pub(super) fn confirms(stage: &mut dyn Stage, who: Who, fact: FactId) {
    stage.everyone_looks();
    let digest = stage.digest(fact);
    stage.does(who, bodies::Acknowledge { fact: fact.reference(), digest });
}

story! {
    /// B has the goods; the storekeeper books them in as from A, and A confirms it. A had nothing to pass on.
    r9_nobody_passes_on_what_he_does_not_hold(stage) {
        let custody = passed_on(stage);
        let booked = booked_in_from_a(stage, custody);
        confirms(stage, Who::A, booked);
    } => Expected {
        reviews: vec![review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R9, "X-59")],
        told: vec![("notice.who_holds", Role::Storekeeper)],
        facets: vec![("holder", "conflict")],
        ..in_custody()
    }
}

story! {
    /// The supervisor has found out that B has them; from him they go to the store.
    r9_the_holder_is_found_and_passes_them_on(stage) {
        let custody = passed_on(stage);
        let booked = booked_in_from_a(stage, custody);
        confirms(stage, Who::A, booked);
        stage.everyone_looks();
        stage.resolve(Who::Supervisor, ReviewKind::CustodyConflict, ReviewChoice::First);
        stage.everyone_looks();
        let (from, to) = (stage.person(Who::B), stage.person(Who::Storekeeper));
        let body = bodies::TransferCustody { custody: custody.reference(), from, to, place: CustodyPlace::Store };
        let booked = stage.does(Who::Storekeeper, body);
        confirms(stage, Who::B, booked);
    } => Expected { facets: vec![("holder", "Storekeeper"), ("custody", "booked_in")], ..in_custody() }
}

story! {
    /// B says that he has the goods from A; A passes them on to the store all the same. B's claim stands.
    r9_a_claim_does_not_end_by_what_two_others_do(stage) {
        stage.dispatched_beside(Who::B);
        let custody = stage.takes(Who::A, "D07-R1");
        stage.everyone_looks();
        let (from, to) = (stage.person(Who::A), stage.person(Who::B));
        let body = bodies::TransferCustody { custody: custody.reference(), from, to, place: CustodyPlace::Van };
        stage.does(Who::B, body);
        stage.everyone_looks();
        let booked = booked_in_from_a(stage, custody);
        confirms(stage, Who::A, booked);
    } => Expected {
        visits: 0,
        reviews: vec![review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First)],
        cites: vec![(Rule::R9, "X-59")],
        facets: vec![("holder", "conflict")],
        ..in_custody()
    }
}

story! {
    /// The storekeeper has booked the goods in. He who took them cannot say that he never did.
    r9_goods_that_went_on_are_not_withdrawn(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let goods = Goods { name: "Cooler".into(), serial: None, unit: None, pieces: 1, condition: None };
        let receipt = "D07-R1".into();
        let custody = stage.does(Who::A, bodies::TakeCustody { goods, receipt, due: None, countersigned: None });
        stage.does(Who::A, bodies::End { visit: visit.reference() });
        stage.everyone_looks();
        booked_in_from_a(stage, custody);
        stage.does(Who::A, bodies::WithdrawOwn { fact: custody.reference(), reason: "never".into() });
    } => Expected {
        void: 1,
        reviews: vec![
            void(),
            exception(),
            review(ReviewKind::CustodyConflict, Role::Supervisor, None, ReviewChoice::First),
        ],
        cites: vec![(Rule::R9, "X-59")],
        facets: vec![("holder", "conflict")],
        ..in_custody()
    }
}

story! {
    /// The customer countersigned for what was taken: only a supervisor takes that back.
    c_131_what_the_customer_countersigned_is_not_withdrawn(stage) {
        let custody = taken(stage);
        stage.does(Who::A, bodies::WithdrawOwn { fact: custody.reference(), reason: "never".into() });
    } => Expected { void: 1, reviews: vec![void()], facets: vec![("holder", "A")], ..in_custody() }
}

story! {
    /// Booked in without the customer's countersignature: an exception.
    c_131_booked_in_without_countersignature_is_an_exception(stage) {
        stage.dispatched();
        let goods = Goods { name: "Cooler".into(), serial: None, unit: None, pieces: 1, condition: None };
        let receipt = "D07-R1".into();
        let custody = stage.does(Who::A, bodies::TakeCustody { goods, receipt, due: None, countersigned: None });
        stage.everyone_looks();
        let booked = booked_in_from_a(stage, custody);
        confirms(stage, Who::A, booked);
    } => Expected {
        visits: 0,
        reviews: vec![exception()],
        told: vec![("notice.not_countersigned", Role::Supervisor)],
        facets: vec![("countersigned", "false"), ("holder", "Storekeeper")],
        ..in_custody()
    }
}

/// Repaired on the bench, and back with the customer, who signed; inspected before that, or not.
fn repaired(stage: &mut dyn Stage, inspected: bool) {
    let custody = taken(stage);
    let reference = custody.reference();
    stage.does(Who::A, bodies::BenchWork { custody: reference, step: BenchStep::Repaired, line: None, note: None });
    if inspected {
        stage.everyone_looks();
        stage.does(Who::Supervisor, bodies::Inspect { custody: reference, passed: true, remarks: None });
        stage.everyone_looks();
    }
    stage.gives_back(Who::A, custody, ReceiptFate::TakenBack);
}

story! {
    /// Repaired goods go back and nobody has inspected them: they are back, and somebody asks why.
    c_134_an_uninspected_return_is_an_exception(stage) {
        repaired(stage, false);
    } => Expected {
        assigned: Some(Who::A),
        reviews: vec![exception()],
        facets: vec![("custody", "returned"), ("holder", "customer")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// The supervisor has inspected them.
    c_134_an_inspected_return_is_none(stage) {
        repaired(stage, true);
    } => Expected {
        assigned: Some(Who::A),
        facets: vec![("custody", "returned"), ("holder", "customer")],
        ..Expected::new(OrderState::Dispatched)
    }
}
