//! Master data, numbers, clocks, versions, policies (R1, R10, R11).

use super::super::{Expected, START, Stage, Who, customer, labour};
use super::{review, story};
use crate::facts::values::{Correction, Demand, HeaderField, ReviewChoice, ServiceClass};
use crate::facts::{FactBody, Head, Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet, VoucherFacet};
use crate::time::{DAY, HOUR};

fn in_progress() -> Expected {
    Expected { assigned: Some(Who::A), ..Expected::new(OrderState::InProgress) }
}

story! {
    /// Work on a weekday, the written notice not yet filed: the visit stands, the exception is open.
    x_33_weekday_work_without_notice(stage) {
        stage.dispatched();
        let head = Head { missing: Some(vec![Demand::WeekdayNotice]), ..Head::default() };
        stage.act(Who::A, head, bodies::Depart {}.into());
    } => Expected {
        reviews: vec![review(ReviewKind::PolicyException, Role::Clerk, Some(7 * DAY), ReviewChoice::Keep)],
        cites: vec![(Rule::R10, "X-33")],
        facets: vec![("missing", "weekday_notice")],
        ..in_progress()
    }
}

story! {
    /// The notice is filed: the exception is closed.
    x_33_the_notice_is_filed(stage) {
        stage.dispatched();
        let head = Head { missing: Some(vec![Demand::WeekdayNotice]), ..Head::default() };
        let depart = stage.act(Who::A, head, bodies::Depart {}.into());
        stage.everyone_looks();
        let (demand, reference) = (Demand::WeekdayNotice, Some("letter of 1 June".into()));
        stage.does(Who::Clerk, bodies::FileDocument { fact: depart.reference(), demand, blob: None, reference });
    } => Expected {
        reviews: vec![crate::lifecycle::scenario::ReviewExpected {
            status: ReviewStatus::Lapsed,
            ..review(ReviewKind::PolicyException, Role::Clerk, Some(7 * DAY), ReviewChoice::Keep)
        }],
        facets: vec![("missing", "")],
        cites: vec![(Rule::R10, "X-33")],
        ..in_progress()
    }
}

story! {
    /// The phone number changed in two places: both kept, what the customer said comes first.
    x_71_phone_changed_in_two_places(stage) {
        stage.dispatched();
        stage.act(
            Who::A,
            Head { customer: Some(customer()), ..Head::default() },
            bodies::ReportContact { name: "Lin".into(), phone: Some("139-1".into()), note: None }.into(),
        );
        stage.edits(Who::Clerk, HeaderField::Phone, "139-2");
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-71")],
        facets: vec![("contacts", "139-1,139-2")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// The unit is exchanged on site while the office judges the guarantee of the old one.
    x_72_unit_exchanged_while_judged(stage) {
        stage.dispatched();
        let (class, reason) = (ServiceClass::Free, Some("two years".into()));
        stage.does(Who::Clerk, bodies::SetWarranty { class, until: None, disputed: false, reason, repeat_of: None });
        let (old, old_serial) = (None, Some("SN-9".into()));
        stage.does(Who::A, bodies::SwapUnit { old, old_serial, new_serial: "SN-10".into(), model: None });
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        cites: vec![(Rule::R1, "X-72")],
        told: vec![("notice.check_unit", Role::Clerk)],
        facets: vec![("warranty", "free"), ("units", "SN-10")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// A document issued offline keeps its printed number as an alias of the official one.
    x_73_the_printed_number_stays_an_alias(stage) {
        stage.registered();
        let (ledger, number) = ("order".into(), "2024-06-001234".into());
        stage.does(Who::Clerk, bodies::AssignNumber { ledger, number, alias: Some("D07-0031".into()) });
    } => Expected {
        visits: 0,
        voucher: VoucherFacet::NotOut,
        cites: vec![(Rule::R10, "X-73")],
        facets: vec![("numbers", "2024-06-001234,D07-0031")],
        ..Expected::new(OrderState::Ready)
    }
}

story! {
    /// The device's clock was three hours slow: the fact stays, its time has low confidence.
    x_77_a_wrong_clock(stage) {
        stage.dispatched();
        let head = Head { claimed_offset: Some(-3 * HOUR), ..Head::default() };
        stage.act(Who::A, head, bodies::Depart {}.into());
    } => Expected { cites: vec![(Rule::R11, "X-77")], facets: vec![("low_confidence", "1")], ..in_progress() }
}

story! {
    /// A supervisor finds the true time of what a wrong clock stamped: it counts, and the clock's stays readable.
    x_77_a_supervisor_corrects_the_time(stage) {
        stage.dispatched();
        let head = Head { claimed_offset: Some(-3 * HOUR), ..Head::default() };
        let departed = stage.act(Who::A, head, bodies::Depart {}.into());
        stage.everyone_looks();
        let (fact, correction) = (departed.reference(), Correction::Time(START.plus(HOUR)));
        stage.does(Who::Supervisor, bodies::CorrectFact { fact, correction, reason: "gate log".into() });
    } => Expected {
        cites: vec![(Rule::R11, "X-77")],
        facets: vec![("low_confidence", "0"), ("corrections", "time")],
        ..in_progress()
    }
}

story! {
    /// A line that reads otherwise does not say when it was recorded: its time keeps its low confidence.
    x_77_a_corrected_line_says_nothing_about_the_clock(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let head = Head { claimed_offset: Some(-3 * HOUR), ..Head::default() };
        let line = labour(1_000, 8_000);
        let line = stage.act(Who::A, head, bodies::RecordLine { visit: visit.reference(), line }.into());
        stage.everyone_looks();
        let (fact, correction) = (line.reference(), Correction::Line(labour(2_000, 8_000)));
        stage.does(Who::Supervisor, bodies::CorrectFact { fact, correction, reason: "two hours".into() });
    } => Expected {
        cites: vec![(Rule::R11, "X-77")],
        facets: vec![("low_confidence", "1"), ("corrections", "line")],
        ..in_progress()
    }
}

story! {
    /// Words that were typed wrongly read as the supervisor corrected them; what was stated stays readable.
    r12_a_finding_is_corrected(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let done = stage.done(Who::A, visit);
        stage.everyone_looks();
        let (fact, correction) = (done.reference(), Correction::Text("Valve replaced".into()));
        stage.does(Who::Supervisor, bodies::CorrectFact { fact, correction, reason: "see photo".into() });
    } => Expected {
        assigned: Some(Who::A),
        facets: vec![("corrections", "text"), ("findings_in_words", "Valve replaced")],
        ..Expected::new(OrderState::Completed)
    }
}

story! {
    /// R12: a supervisor takes the close back; both stay visible, and who reads the order learns why it is open.
    r12_a_close_is_taken_back(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        stage.does(Who::Clerk, bodies::ReturnVoucher { reason: None });
        let close = stage.does(Who::Clerk, bodies::Close {}).reference();
        stage.everyone_looks();
        stage.does(Who::Supervisor, bodies::Reopen { close, reason: "a part was forgotten".into() });
    } => Expected {
        assigned: Some(Who::A),
        signature: SignatureFacet::Signed,
        coverage: Coverage::Full,
        billable: 8_000,
        voucher: VoucherFacet::Returned,
        ..Expected::new(OrderState::Returned)
    }
}

story! {
    /// A fact that an office of a newer version stated is kept and not interpreted.
    x_78_a_newer_kind_is_kept(stage) {
        stage.dispatched();
        stage.depart(Who::A);
        stage.act(Who::Clerk, Head::default(), FactBody::Unknown { kind: 250, bytes: vec![0x80] });
    } => Expected { cites: vec![(Rule::R10, "X-78")], facets: vec![("unknown", "1")], ..in_progress() }
}

story! {
    /// The order is judged by policy 1 offline while policy 2 is in force at the office.
    x_79_judged_by_the_policy_he_held(stage) {
        stage.dispatched();
        let held = |policy| Head { policy: Some(policy), ..Head::default() };
        stage.act(Who::Clerk, held(2), bodies::OpenComplaint {
            kind: crate::facts::values::ComplaintKind::Other,
            severity: crate::facts::values::Severity::Normal,
            text: "late".into(),
        }
        .into());
        stage.act(Who::A, held(1), bodies::Depart {}.into());
    } => Expected { cites: vec![(Rule::R11, "X-79")], ..in_progress() }
}
