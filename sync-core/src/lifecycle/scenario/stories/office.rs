//! What lies in the companion document, and what it must not do to the field (X-65, R7).

use super::super::{Expected, ReviewExpected, Stage, Who, labour};
use super::{review, story};
use crate::facts::values::{
    Answer, CallbackResult, ComplaintKind, Liability, Money, ReviewChoice, Severity, Share, Verdict,
};
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
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
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
        stage.does(Who::Accountant, invoice("INV-1", &[hours], 8_000));
        stage.does(Who::Accountant, invoice("INV-2", &[hours], 8_000));
    } => Expected {
        void: 1,
        reviews: vec![review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)],
        facets: vec![("invoiced", "8000")],
        ..completed()
    }
}

fn invoice(number: &str, lines: &[FactId], minor: i64) -> bodies::Invoice {
    let lines = lines.iter().map(FactId::reference).collect();
    bodies::Invoice { number: number.into(), lines, amount: fen(minor), payer: None }
}

fn void() -> ReviewExpected {
    review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged)
}

fn doubtful() -> ReviewExpected {
    review(ReviewKind::InvoiceDoubtful, Role::Accountant, Some(7 * DAY), ReviewChoice::Refund)
}

story! {
    /// An invoice over nothing, over one line twice, above what the line costs, and over what is no line: none counts.
    r7_an_invoice_bills_lines_and_not_more_than_they_cost(stage) {
        let (hours, done) = signed(stage);
        stage.does(Who::Accountant, invoice("INV-1", &[], 8_000));
        stage.does(Who::Accountant, invoice("INV-2", &[hours, hours], 8_000));
        stage.does(Who::Accountant, invoice("INV-3", &[hours], 8_001));
        stage.does(Who::Accountant, invoice("INV-4", &[done], 8_000));
        stage.does(Who::Accountant, invoice("INV-5", &[hours], -8_000));
    } => Expected { void: 5, reviews: vec![void(); 5], facets: vec![("invoiced", "0")], ..completed() }
}

story! {
    /// A line takes the place of one that was billed, and the customer signs it: not billed a second time. The first
    /// invoice bills what is not there any more.
    r7_a_replaced_line_is_not_billed_again(stage) {
        let (hours, done) = signed(stage);
        stage.does(Who::Accountant, invoice("INV-1", &[hours], 8_000));
        let (visit, new) = (stage.visit_of(hours), labour(1_500, 9_000));
        let replaced = stage.does(Who::A, bodies::ReplaceLine { visit, line: hours.reference(), new });
        stage.sign(Who::A, &[replaced, done]);
        stage.everyone_looks();
        stage.does(Who::Accountant, invoice("INV-2", &[replaced], 9_000));
    } => Expected {
        billable: 9_000,
        void: 1,
        reviews: vec![void(), doubtful()],
        facets: vec![("invoiced", "8000"), ("lines", "replaced,effective")],
        ..completed()
    }
}

story! {
    /// A wrong invoice is credited in full; then its line is free to be billed.
    r7_a_credited_line_is_billed_again(stage) {
        let (hours, _) = signed(stage);
        let wrong = stage.does(Who::Accountant, invoice("INV-1", &[hours], 8_000));
        let amount = fen(8_000);
        stage.does(Who::Accountant, bodies::Credit { invoice: Some(wrong.reference()), amount, reason: "name".into() });
        stage.does(Who::Accountant, invoice("INV-2", &[hours], 8_000));
    } => Expected { facets: vec![("invoiced", "16000"), ("credited", "8000")], ..completed() }
}

story! {
    /// Billed while the quality department decides that it is free: the invoice stands, and the accountant is asked.
    r7_an_invoice_over_what_is_free_meanwhile_is_doubtful(stage) {
        let (hours, _) = signed(stage);
        stage.does(Who::Accountant, invoice("INV-1", &[hours], 8_000));
        let (verdict, evidence) = (Verdict::Free, "batch fault".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
    } => Expected { billable: 0, reviews: vec![doubtful()], facets: vec![("invoiced", "8000")], ..completed() }
}

story! {
    /// The same, and the accountant has given it back: nobody need decide any more.
    r7_a_doubtful_invoice_is_credited(stage) {
        let (hours, _) = signed(stage);
        let bill = stage.does(Who::Accountant, invoice("INV-1", &[hours], 8_000));
        let (verdict, evidence) = (Verdict::Free, "batch fault".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
        stage.look(Who::Accountant);
        let amount = fen(8_000);
        stage.does(Who::Accountant, bodies::Credit { invoice: Some(bill.reference()), amount, reason: "free".into() });
    } => Expected {
        billable: 0,
        reviews: vec![ReviewExpected { status: ReviewStatus::Lapsed, ..doubtful() }],
        facets: vec![("credited", "8000")],
        ..completed()
    }
}

/// Joint costs, 600 and 400 thousandths.
fn shares(stage: &mut dyn Stage, answer: Answer) {
    let share = |party: &str, permille, answer| Share { party: party.into(), permille, answer };
    let shares = vec![share("contractor", 600, Answer::Agreed), share("owner", 400, answer)];
    stage.does(Who::Clerk, bodies::SetLiability { case: Liability::Joint, shares, reason: None });
    stage.look(Who::Accountant);
}

fn to(payer: &str, bill: bodies::Invoice) -> bodies::Invoice {
    bodies::Invoice { payer: Some(payer.into()), ..bill }
}

story! {
    /// Shares that both agreed to: two invoices over one line, each to its party; a third is one too many.
    c_027_agreed_shares_are_two_invoices(stage) {
        let (hours, _) = signed(stage);
        shares(stage, Answer::Agreed);
        stage.does(Who::Accountant, to("contractor", invoice("INV-1", &[hours], 4_800)));
        stage.does(Who::Accountant, to("owner", invoice("INV-2", &[hours], 3_200)));
        stage.does(Who::Accountant, to("owner", invoice("INV-3", &[hours], 3_200)));
    } => Expected {
        void: 1,
        reviews: vec![void()],
        facets: vec![("liability", "joint 600 400"), ("invoiced", "8000")],
        ..completed()
    }
}

story! {
    /// A second payer without agreed shares pays nothing.
    c_027_without_shares_there_is_one_payer(stage) {
        let (hours, _) = signed(stage);
        stage.does(Who::Accountant, to("contractor", invoice("INV-1", &[hours], 4_800)));
        stage.does(Who::Accountant, to("owner", invoice("INV-2", &[hours], 3_200)));
    } => Expected { void: 1, reviews: vec![void()], facets: vec![("invoiced", "4800")], ..completed() }
}

story! {
    /// Shares to which one party has not agreed are an open item; an invoice made all the same is doubtful.
    c_027_shares_that_are_not_agreed_stay_open(stage) {
        let (hours, _) = signed(stage);
        shares(stage, Answer::Open);
        stage.does(Who::Accountant, to("contractor", invoice("INV-1", &[hours], 4_800)));
    } => Expected {
        reviews: vec![
            review(ReviewKind::SharesOpen, Role::Clerk, Some(7 * DAY), ReviewChoice::Acknowledged),
            doubtful(),
        ],
        facets: vec![("liability", "joint 600 400"), ("invoiced", "4800")],
        ..completed()
    }
}

story! {
    /// Everybody has agreed since: the item is closed.
    c_027_shares_are_agreed_at_last(stage) {
        signed(stage);
        shares(stage, Answer::Refused);
        shares(stage, Answer::Agreed);
    } => Expected {
        reviews: vec![ReviewExpected {
            status: ReviewStatus::Lapsed,
            ..review(ReviewKind::SharesOpen, Role::Clerk, Some(7 * DAY), ReviewChoice::Acknowledged)
        }],
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
