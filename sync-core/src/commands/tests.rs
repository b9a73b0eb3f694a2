//! What is refused, with which code and field; what is offered; what the fact carries.

use super::*;
use crate::facts::bodies::SignDocument;
use crate::facts::values::{Channel, Line, Money, ReviewChoice, ServiceClass, UnfinishedReason, Urgency, Window};
use crate::ids::{FactRef, RecordId};
use crate::lifecycle::fold;
use crate::lifecycle::messages;
use crate::lifecycle::scenario::{Scenario, Stage, Who, customer, labour, morning, part};
use crate::lifecycle::view::{ReviewKind, SignatureFacet};

pub(super) fn context(scenario: &Scenario, who: Who) -> Context {
    Context::new(scenario.person(who), who.roles())
}

/// What `who` gets for a command on what his page shows.
pub(super) fn refused(
    scenario: &Scenario,
    who: Who,
    command: &Command,
) -> Option<(&'static str, Option<&'static str>)> {
    let view = fold(&scenario.shown(who));
    let refusal = decide(&view, command, &context(scenario, who)).err()?;
    for language in Language::ALL {
        let text = refusal.text(*language);
        assert!(!text.is_empty() && !text.contains('?') && !text.contains('{'), "{}: {text}", refusal.code);
    }
    Some((refusal.code, refusal.field))
}

fn offers(scenario: &Scenario, who: Who) -> Vec<CommandCode> {
    offered(&fold(&scenario.shown(who)), &context(scenario, who))
}

pub(super) fn play(steps: impl FnOnce(&mut dyn Stage)) -> Scenario {
    let mut scenario = Scenario::default();
    steps(&mut scenario);
    scenario.stage().everyone_looks();
    scenario
}

fn confirm(amount: Option<i64>) -> Command {
    let amount = amount.map(|minor| Money { minor, currency: "CNY".into() });
    Command::Confirm { content: "repair".into(), window: None, amount, in_warranty: false, customer: Some(customer()) }
}

pub(super) fn assign(scenario: &Scenario, technician: Who, turn: Option<u64>, reason: Option<&str>) -> Command {
    Command::Assign {
        technician: scenario.person(technician),
        skipped: Vec::new(),
        turn,
        reason: reason.map(str::to_owned),
        skill: SkillMatch::Fits,
    }
}

fn register(problem: &str) -> Command {
    Command::Register {
        customer: RecordId([1; 16]),
        site: RecordId([2; 16]),
        unit: None,
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Normal,
        problem: problem.into(),
        serial: None,
        skill: None,
        origin: None,
    }
}

#[test]
fn c_001_a_request_needs_its_fault() {
    let scenario = Scenario::default();
    assert_eq!(refused(&scenario, Who::Clerk, &register("  ")), Some(("missing_field", Some("problem"))));
    assert_eq!(refused(&scenario, Who::Clerk, &register("leak")), None);
    assert_eq!(refused(&scenario, Who::A, &register("leak")), Some(("not_permitted", None)));
}

#[test]
fn c_006_who_pays_must_have_heard_an_amount() {
    let mut scenario = Scenario::default();
    let decision = decide(&fold(&scenario.facts()), &register("leak"), &context(&scenario, Who::Clerk)).unwrap();
    scenario.act(Who::Clerk, decision.head, decision.body);
    scenario.stage().everyone_looks();
    assert_eq!(refused(&scenario, Who::Clerk, &confirm(None)), Some(("missing_field", Some("amount"))));
    assert_eq!(refused(&scenario, Who::Clerk, &confirm(Some(0))), None, "0 is stated too");
    let early = assign(&scenario, Who::A, Some(1), None);
    assert_eq!(refused(&scenario, Who::Dispatcher, &early), Some(("not_confirmed", None)));
}

#[test]
fn c_041_an_override_needs_a_reason() {
    let scenario = play(|stage| stage.registered());
    let case = |turn, reason| refused(&scenario, Who::Dispatcher, &assign(&scenario, Who::A, turn, reason));
    assert_eq!(case(None, None), Some(("override_reason", Some("reason"))));
    assert_eq!(case(None, Some(" ")), Some(("override_reason", Some("reason"))));
    assert_eq!(case(None, Some("knows the customer")), None);
    assert_eq!(case(Some(4), None), None, "the rotation's next man needs none");
    assert_eq!(
        refused(&scenario, Who::Clerk, &assign(&scenario, Who::A, Some(4), None)),
        Some(("not_permitted", None))
    );
}

#[test]
fn accept_is_only_for_the_assigned_technician() {
    let scenario = play(|stage| {
        stage.registered();
        stage.assign(Who::Dispatcher, Who::A);
    });
    assert_eq!(refused(&scenario, Who::B, &Command::Accept), Some(("not_assigned", None)));
    assert_eq!(refused(&scenario, Who::A, &Command::Accept), None);
    assert!(!offers(&scenario, Who::B).contains(&CommandCode::Depart), "nobody goes out without an order (C-045)");
    assert!(offers(&scenario, Who::A).contains(&CommandCode::Depart));
}

#[test]
fn r3_b_cancel_is_not_offered_to_who_knows_that_it_is_done() {
    let mut scenario = play(|stage| {
        stage.dispatched();
    });
    let stage = scenario.stage();
    let visit = stage.works(Who::A);
    stage.done(Who::A, visit);
    stage.look(Who::A);
    let cancel = Command::Cancel { reason: "twice".into() };
    assert_eq!(refused(&scenario, Who::Dispatcher, &cancel), None, "his page does not show it");
    scenario.look(Who::Dispatcher);
    assert_eq!(refused(&scenario, Who::Dispatcher, &cancel), Some(("already_done", None)));
    assert!(!offers(&scenario, Who::Dispatcher).contains(&CommandCode::Cancel));
}

#[test]
fn visit_steps_follow_each_other() {
    let mut scenario = play(|stage| {
        stage.dispatched();
    });
    let visit = scenario.stage().depart(Who::A);
    let on = |scenario: &Scenario, command| refused(scenario, Who::A, &command);
    let visit_ref = visit.reference();
    assert_eq!(on(&scenario, Command::Depart), Some(("visit_begun", None)));
    assert_eq!(on(&scenario, Command::Start { visit: visit_ref }), Some(("not_on_site", None)));
    scenario.stage().arrive(Who::A, visit);
    assert_eq!(on(&scenario, Command::Start { visit: visit_ref }), None);
    let done = Command::Done { visit: visit_ref, finding: None };
    assert_eq!(on(&scenario, done), Some(("not_started", None)));
}

#[test]
fn c_140_unfinished_needs_a_next_visit_or_a_reason() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A).reference();
    let command = |text: Option<&str>, next| Command::Unfinished {
        visit,
        reason: UnfinishedReason::Parts,
        text: text.map(str::to_owned),
        next,
        customer: None,
    };
    let case = |text, next| refused(&scenario, Who::A, &command(text, next));
    assert_eq!(case(None, None), Some(("next_visit_or_reason", Some("next"))));
    assert_eq!(case(Some("nobody could be reached"), None), None);
    assert_eq!(case(None, Some(morning(2))), None);
}

#[test]
fn c_083_a_voucher_without_content_fee_or_time_is_not_offered_for_signing() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    assert!(!offers(&scenario, Who::A).contains(&CommandCode::Sign), "not before an outcome (C-080)");
    let stage = scenario.stage();
    stage.line(Who::A, visit, labour(1_000, 0));
    stage.done(Who::A, visit);
    assert!(offers(&scenario, Who::A).contains(&CommandCode::Sign), "a fee of 0 counts");

    // The same, where nobody ever stated an amount to a customer who pays.
    let mut unpriced = Scenario::default();
    let decision = decide(&fold(&unpriced.facts()), &register("leak"), &context(&unpriced, Who::Clerk)).unwrap();
    unpriced.act(Who::Clerk, decision.head, decision.body);
    let stage = unpriced.stage();
    stage.everyone_looks();
    stage.assign(Who::Dispatcher, Who::A);
    stage.look(Who::A);
    let visit = stage.works(Who::A);
    let line = Line { amount: None, ..labour(1_000, 0) };
    let hours = stage.line(Who::A, visit, line);
    stage.done(Who::A, visit);
    let sign = Command::Sign { visit: visit.reference(), document: document(vec![hours.reference()]) };
    assert_eq!(refused(&unpriced, Who::A, &sign), Some(("voucher_incomplete", Some("fee"))));
}

fn document(covered: Vec<FactRef>) -> SignDocument {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    let sign = stage.sign(Who::A, &[]);
    let facts = scenario.facts();
    match facts.get(sign).map(crate::facts::Fact::body) {
        Some(FactBody::SignDocument(document)) => SignDocument { covered, ..document.clone() },
        other => panic!("{other:?}"),
    }
}

#[test]
fn c_085_an_unsigned_voucher_is_booked_back_only_with_a_reason() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
    let back = Command::ReturnVoucher { reason: None };
    stage.everyone_looks();
    assert_eq!(refused(&scenario, Who::Clerk, &back), Some(("not_done", None)));
    let stage = scenario.stage();
    let done = stage.done(Who::A, visit);
    stage.everyone_looks();
    assert_eq!(refused(&scenario, Who::Clerk, &back), Some(("unsigned_reason", Some("reason"))));
    assert_eq!(refused(&scenario, Who::Clerk, &Command::Close), Some(("voucher_out", None)));
    let stage = scenario.stage();
    stage.sign(Who::A, &[hours, done]);
    stage.everyone_looks();
    assert_eq!(refused(&scenario, Who::Clerk, &back), None);
    let stage = scenario.stage();
    stage.does(Who::Clerk, bodies::ReturnVoucher { reason: None });
    assert_eq!(refused(&scenario, Who::Clerk, &back), Some(("already_returned", None)));
    assert_eq!(refused(&scenario, Who::Clerk, &Command::Close), None);
}

#[test]
fn u_09_a_voucher_that_was_confirmed_by_a_code_is_booked_back_without_a_reason() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    stage.everyone_looks();
    stage.confirms_by_code(Who::Clerk, &[hours, done]);
    assert_eq!(refused(&scenario, Who::Clerk, &Command::ReturnVoucher { reason: None }), None);
}

#[test]
fn u_21_a_technician_rejects_with_a_witness_or_a_code_and_not_by_his_word_alone() {
    use crate::facts::values::{ApprovalWay, Matter, Money, Witness};
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let amount = Money { minor: 1_000, currency: "CNY".into() };
    let discount = stage.does(Who::A, bodies::GrantDiscount { amount, reason: "scratched".into() });
    stage.everyone_looks();
    let supervisor = scenario.person(Who::Supervisor);
    let (key, signature) = (crate::ids::KeyId([6; 8]), crate::ids::Signature([6; 64]));
    let rejects = |way: Option<ApprovalWay>, code: Option<u32>, witnesses: Vec<Witness>| {
        let (matter, subject) = (Matter::Discount, discount.reference());
        let (digest, reason) = (scenario.digest(discount), "too much".to_owned());
        let approver = way.map(|_| supervisor);
        let body = bodies::Reject { matter, subject, digest, reason, approver, way, code, secret: None };
        Command::State(Box::new(crate::commands::Act { witnesses, ..crate::commands::Act::new(body) }))
    };
    let (presence, by_code) = (Some(ApprovalWay::Presence), Some(ApprovalWay::Code));
    let no = Some(("no_witness", Some("approver")));
    assert_eq!(refused(&scenario, Who::A, &rejects(None, None, Vec::new())), no);
    assert_eq!(refused(&scenario, Who::A, &rejects(Some(ApprovalWay::Office), None, Vec::new())), no);
    assert_eq!(refused(&scenario, Who::A, &rejects(presence, None, Vec::new())), no);
    assert_eq!(refused(&scenario, Who::A, &rejects(by_code, None, Vec::new())), no);
    let himself = Witness { person: scenario.person(Who::A), key, signature };
    assert_eq!(refused(&scenario, Who::A, &rejects(presence, None, vec![himself])), no);
    let witness = Witness { person: supervisor, key, signature };
    assert_eq!(refused(&scenario, Who::A, &rejects(presence, None, vec![witness])), None);
    assert_eq!(refused(&scenario, Who::A, &rejects(by_code, Some(3), Vec::new())), None);
    assert_eq!(refused(&scenario, Who::Supervisor, &rejects(None, None, Vec::new())), None);
    assert_eq!(refused(&scenario, Who::Quality, &rejects(None, None, Vec::new())), None);
}

#[test]
fn a_blocking_review_blocks_closing_until_its_owner_decides() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.cancel(Who::Dispatcher);
    stage.look(Who::A);
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    stage.sign(Who::A, &[hours, done]);
    stage.everyone_looks();
    stage.does(Who::Clerk, bodies::ReturnVoucher { reason: None });
    assert_eq!(refused(&scenario, Who::Clerk, &Command::Close), Some(("blocking_review", None)));
    let view = fold(&scenario.facts());
    assert_eq!(view.billable.values().sum::<i64>(), 0);
    let review = view.reviews.iter().find(|review| review.kind == ReviewKind::WorkAfterCancel).unwrap();
    let command =
        Command::ResolveReview { review: review.id, choice: ReviewChoice::Consented, reason: "called".into() };
    assert_eq!(refused(&scenario, Who::Clerk, &command), Some(("no_review", None)));
    scenario.look(Who::Supervisor);
    assert_eq!(refused(&scenario, Who::Supervisor, &command), None);
    scenario.stage().resolve(Who::Supervisor, review.kind, ReviewChoice::Consented);
    scenario.look(Who::Clerk);
    assert_eq!(refused(&scenario, Who::Clerk, &Command::Close), None);
    let view = fold(&scenario.facts());
    assert_eq!(view.billable.values().sum::<i64>(), 8_000, "the customer consented (R3 d)");
    assert_eq!(view.signature, SignatureFacet::Signed);
}

#[test]
fn a_promise_names_the_customers_person_and_a_plan_does_not() {
    let scenario = play(|stage| stage.registered());
    let command = |confirmed, customer| Command::Reschedule { window: morning(1), confirmed, customer, reason: None };
    assert_eq!(refused(&scenario, Who::Clerk, &command(true, None)), Some(("missing_field", Some("customer"))));
    let view = fold(&scenario.facts());
    let decision = decide(&view, &command(true, Some(customer())), &context(&scenario, Who::Clerk)).unwrap();
    assert_eq!(decision.body.kind(), Some(FactKind::ConfirmAppointment));
    assert_eq!(decision.head.customer, Some(customer()));
    let decision = decide(&view, &command(false, None), &context(&scenario, Who::Clerk)).unwrap();
    assert_eq!(decision.body.kind(), Some(FactKind::ProposeAppointment));
    let Window { from, to } = morning(1);
    let reversed =
        Command::Reschedule { window: Window { from: to, to: from }, confirmed: false, customer: None, reason: None };
    assert_eq!(refused(&scenario, Who::Clerk, &reversed), Some(("window_reversed", Some("from"))));
}

#[test]
fn the_role_is_stated_where_it_ranks_above_what_the_kind_suggests() {
    let scenario = play(|stage| stage.registered());
    let view = fold(&scenario.facts());
    let role = |who: Who| {
        let command = assign(&scenario, Who::A, Some(1), None);
        decide(&view, &command, &context(&scenario, who)).unwrap().head.role
    };
    assert_eq!(role(Who::Dispatcher), None);
    assert_eq!(role(Who::Supervisor), Some(Role::Supervisor));
}

#[test]
fn lines_are_checked_and_only_their_author_or_a_supervisor_reverses_them() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, part("Valve", 3_000));
    stage.everyone_looks();
    let record = |line| Command::RecordLine { visit: visit.reference(), line };
    let case = |line| refused(&scenario, Who::A, &record(line));
    assert_eq!(case(Line { quantity: 0, ..part("Valve", 1) }), Some(("wrong_quantity", Some("quantity"))));
    assert_eq!(case(Line { name: " ".into(), ..part("Valve", 1) }), Some(("missing_field", Some("name"))));
    assert_eq!(case(part("Valve", -1)), Some(("wrong_amount", Some("amount"))));
    assert_eq!(case(part("Valve", 0)), None);
    let reverse = Command::ReverseLine { line: line.reference(), reason: "wrong part".into() };
    assert_eq!(refused(&scenario, Who::B, &reverse), Some(("no_line", None)));
    assert_eq!(refused(&scenario, Who::A, &reverse), None);
    assert_eq!(refused(&scenario, Who::Supervisor, &reverse), None);
}

#[test]
fn the_default_of_a_review_carries_the_same_once_wherever_it_is_stated() {
    let scenario = play(|stage| {
        stage.dispatched();
        stage.cancel(Who::Dispatcher);
        stage.works(Who::A);
    });
    let facts = scenario.facts();
    let view = fold(&facts);
    let review = view.reviews.iter().find(|review| review.kind == ReviewKind::CancelContested).unwrap();
    let decision = review_default(review, &facts).unwrap();
    assert!(decision.head.once.is_some());
    assert_eq!(review_default(review, &facts), Some(decision));
    let settled = Review { status: ReviewStatus::Resolved, ..review.clone() };
    assert_eq!(review_default(&settled, &facts), None);
}

#[test]
fn every_refusal_in_the_code_has_a_sentence() {
    let sources = [
        include_str!("acts.rs"),
        include_str!("availability.rs"),
        include_str!("money.rs"),
        include_str!("office.rs"),
        include_str!("field.rs"),
        include_str!("mod.rs"),
    ];
    let mut found = 0;
    for source in sources {
        for call in ["refuse(\"", "wrong(\""] {
            for part in source.split(call).skip(1) {
                let code = part.split('"').next().unwrap();
                assert_ne!(messages::text(&format!("refusal.{code}"), Language::En), "?", "{code}");
                found += 1;
            }
        }
    }
    assert!(found > 40, "{found}");
}
