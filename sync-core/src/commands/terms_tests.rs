//! What is refused about money, goods and who pays, with which code and field.

use super::tests::{assign, play, refused};
use super::*;
use crate::facts::values::{Money, ServiceClass};
use crate::ids::FactRef;
use crate::lifecycle::fold;
use crate::lifecycle::scenario::{Scenario, Stage, Who, labour, part};

fn act(body: impl Into<FactBody>) -> Command {
    Command::State(Box::new(Act::new(body.into())))
}

fn fen(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

#[test]
fn c_093_cash_is_not_handed_in_to_oneself() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.works_and_signs(Who::A);
    stage.collects(Who::A, 8_000, "D07-C1");
    let remit = |to| act(bodies::RemitCash { amount: fen(8_000), to: scenario.person(to), collected: Vec::new() });
    assert_eq!(refused(&scenario, Who::A, &remit(Who::A)), Some(("not_to_yourself", Some("to"))));
    assert_eq!(refused(&scenario, Who::A, &remit(Who::Accountant)), None);
}

#[test]
fn r7_an_invoice_is_over_lines_that_can_be_charged_once_and_for_what_they_cost() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000)).reference();
    let valve = stage.line(Who::A, visit, part("Valve", 3_000)).reference();
    let done = stage.done(Who::A, visit);
    let covered: Vec<_> = scenario
        .facts()
        .iter()
        .map(|fact| fact.id)
        .filter(|id| [hours, valve, done.reference()].contains(&id.reference()))
        .collect();
    let stage = scenario.stage();
    stage.sign(Who::A, &covered);
    stage.everyone_looks();
    let bill = |lines: &[FactRef], minor| bodies::Invoice {
        number: "INV-1".into(),
        lines: lines.to_vec(),
        amount: fen(minor),
        payer: None,
    };
    let case = |scenario: &Scenario, body| refused(scenario, Who::Accountant, &act(body));
    assert_eq!(case(&scenario, bill(&[], 1)), Some(("missing_field", Some("lines"))));
    assert_eq!(case(&scenario, bill(&[done.reference()], 1)), Some(("nothing_billable", Some("lines"))));
    assert_eq!(case(&scenario, bill(&[hours, hours], 1)), Some(("line_billed", Some("lines"))));
    assert_eq!(case(&scenario, bill(&[hours], 8_001)), Some(("wrong_amount", Some("amount"))));
    assert_eq!(case(&scenario, bill(&[hours], 0)), Some(("wrong_amount", Some("amount"))));
    assert_eq!(case(&scenario, bill(&[hours, valve], 11_000)), None);
    // Of what is billable less than the lines cost is left.
    scenario.stage().does(Who::Accountant, bodies::GrantDiscount { amount: fen(1_000), reason: "waited".into() });
    assert_eq!(case(&scenario, bill(&[hours, valve], 11_000)), Some(("wrong_amount", Some("amount"))));
    scenario.stage().does(Who::Accountant, bill(&[hours], 8_000));
    assert_eq!(case(&scenario, bill(&[hours], 1)), Some(("line_billed", Some("lines"))));
    assert_eq!(case(&scenario, bill(&[valve], 3_000)), Some(("wrong_amount", Some("amount"))));
    assert_eq!(case(&scenario, bill(&[valve], 2_000)), None);
}

#[test]
fn c_027_without_agreed_shares_there_is_no_bill() {
    use crate::facts::values::{Answer, Liability, Share};
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.works_and_signs(Who::A);
    stage.everyone_looks();
    let lines = vec![fold(&scenario.facts()).lines[0].at.fact.reference()];
    let bill = |payer: Option<&str>, minor| {
        let (number, lines, payer) = ("INV-1".into(), lines.clone(), payer.map(str::to_owned));
        act(bodies::Invoice { number, lines, amount: fen(minor), payer })
    };
    let shares = |answer| {
        let share = |party: &str, permille, answer| Share { party: party.into(), permille, answer };
        let shares = vec![share("contractor", 600, Answer::Agreed), share("owner", 400, answer)];
        bodies::SetLiability { case: Liability::Joint, shares, reason: None }
    };
    let case = |scenario: &Scenario, command| refused(scenario, Who::Accountant, &command);
    scenario.stage().does(Who::Accountant, shares(Answer::Open));
    assert_eq!(case(&scenario, bill(Some("owner"), 3_200)), Some(("shares_open", Some("payer"))));
    scenario.stage().does(Who::Accountant, shares(Answer::Agreed));
    assert_eq!(case(&scenario, bill(None, 3_200)), Some(("no_share", Some("payer"))));
    assert_eq!(case(&scenario, bill(Some("owner"), 3_201)), Some(("wrong_amount", Some("amount"))));
    assert_eq!(case(&scenario, bill(Some("owner"), 3_200)), None);
    assert_eq!(case(&scenario, bill(Some("contractor"), 4_800)), None);
}

#[test]
fn what_others_build_on_is_withdrawn_by_a_supervisor() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let done = stage.done(Who::A, visit);
    stage.everyone_looks();
    let withdraw = Command::Withdraw { fact: done.reference(), reason: "the leak is back".into() };
    assert_eq!(refused(&scenario, Who::A, &withdraw), None);
    let stage = scenario.stage();
    stage.does(Who::Clerk, bodies::ReturnVoucher { reason: Some("refused to sign".into()) });
    assert_eq!(refused(&scenario, Who::A, &withdraw), None, "his page does not show it");
    scenario.stage().everyone_looks();
    assert_eq!(refused(&scenario, Who::A, &withdraw), Some(("relied_on", Some("fact"))));
    assert_eq!(refused(&scenario, Who::Supervisor, &withdraw), None);
}

#[test]
fn r9_goods_are_taken_from_who_holds_them() {
    use crate::facts::values::CustodyPlace;
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.works(Who::A);
    let custody = stage.takes(Who::A, "D07-R1").reference();
    stage.everyone_looks();
    let from = |who| {
        let (from, to) = (scenario.person(who), scenario.person(Who::Storekeeper));
        act(bodies::TransferCustody { custody, from, to, place: CustodyPlace::Store })
    };
    assert_eq!(refused(&scenario, Who::Storekeeper, &from(Who::B)), Some(("not_holder", Some("from"))));
    assert_eq!(refused(&scenario, Who::Storekeeper, &from(Who::A)), None);
}

fn judged(scenario: &mut Scenario, class: ServiceClass, disputed: bool) {
    let body = bodies::SetWarranty { class, until: None, disputed, reason: None, repeat_of: None };
    scenario.stage().does(Who::Clerk, body);
    scenario.stage().everyone_looks();
}

#[test]
fn c_020_a_free_order_takes_no_price_until_its_class_is_changed() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let old = stage.line(Who::A, visit, part("Valve", 0)).reference();
    let visit = visit.reference();
    let record = |minor| Command::RecordLine { visit, line: part("Valve", minor) };
    let replace = |minor| act(bodies::ReplaceLine { visit, line: old, new: part("Valve", minor) });
    for class in [ServiceClass::Free, ServiceClass::Internal] {
        judged(&mut scenario, class, false);
        assert_eq!(refused(&scenario, Who::A, &record(3_000)), Some(("free_order", Some("amount"))));
        assert_eq!(refused(&scenario, Who::A, &replace(3_000)), Some(("free_order", Some("new"))));
        assert_eq!(refused(&scenario, Who::A, &record(0)), None);
    }
    judged(&mut scenario, ServiceClass::Chargeable, false);
    assert_eq!(refused(&scenario, Who::A, &record(3_000)), None);
    judged(&mut scenario, ServiceClass::Free, true);
    assert_eq!(refused(&scenario, Who::A, &record(3_000)), None, "who pays is not decided");
}

#[test]
fn c_028_nobody_is_sent_while_it_is_disputed_who_pays() {
    let mut scenario = play(|stage| stage.registered());
    judged(&mut scenario, ServiceClass::Free, true);
    let send = |scenario: &Scenario| refused(scenario, Who::Dispatcher, &assign(scenario, Who::A, Some(4), None));
    assert_eq!(send(&scenario), Some(("disputed", None)));
    let set = |disputed| {
        let (class, until, reason, repeat_of) = (ServiceClass::Chargeable, None, None, None);
        act(bodies::SetWarranty { class, until, disputed, reason, repeat_of })
    };
    assert_eq!(refused(&scenario, Who::Clerk, &set(false)), None, "nothing was decided yet");
    let (verdict, evidence) = (crate::facts::values::Verdict::Free, "batch fault".into());
    scenario.stage().does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
    scenario.stage().everyone_looks();
    assert_eq!(send(&scenario), None);
    assert_eq!(refused(&scenario, Who::Clerk, &set(false)), Some(("verdict_given", Some("class"))));
    assert_eq!(refused(&scenario, Who::Clerk, &set(true)), None);
}

#[test]
fn c_134_repaired_goods_go_back_after_the_inspection() {
    use crate::facts::values::{BenchStep, ReceiptFate};
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.works(Who::A);
    let custody = stage.takes(Who::A, "D07-R1").reference();
    let (receipt, signed, statement) = (ReceiptFate::TakenBack, None, None);
    let back = act(bodies::ReturnCustody { custody, receipt, signed, statement });
    assert_eq!(refused(&scenario, Who::A, &back), None, "unrepaired");
    let stage = scenario.stage();
    stage.does(Who::A, bodies::BenchWork { custody, step: BenchStep::Repaired, line: None, note: None });
    assert_eq!(refused(&scenario, Who::A, &back), Some(("not_inspected", Some("custody"))));
    scenario.stage().everyone_looks();
    scenario.stage().does(Who::Supervisor, bodies::Inspect { custody, passed: true, remarks: None });
    scenario.stage().everyone_looks();
    assert_eq!(refused(&scenario, Who::A, &back), None);
}
