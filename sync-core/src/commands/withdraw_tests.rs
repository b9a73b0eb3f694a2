//! What is taken back: every physical fact, by its author (table 4.4, `withdraw_own`).

use super::tests::{context, refused};
use super::*;
use crate::facts::values::{BenchStep, CustodyPlace, Goods, Money};
use crate::facts::{Class, FactKind};
use crate::ids::{ActorId, FactId, FactRef};
use crate::lifecycle::fold;
use crate::lifecycle::scenario::{Scenario, Stage, Who, labour, part};
use crate::lifecycle::view::{LineStanding, OrderView};

fn fen(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

fn nothing() -> FactRef {
    FactId { actor: ActorId([0xee; ActorId::LENGTH]), sequence: 9 }.reference()
}

fn withdraw(fact: FactId) -> Command {
    Command::Withdraw { fact: fact.reference(), reason: "typed wrongly".into() }
}

/// What of a view the facts of one kind make.
fn shown(view: &OrderView) -> String {
    let facets = &view.facets;
    let effective = view.lines.iter().filter(|line| line.standing == LineStanding::Effective);
    let lines: Vec<_> = effective.map(|line| (line.at.fact, &line.line)).collect();
    format!(
        "{:?}",
        (
            (&view.state, &view.visits, &lines, &view.billable, &view.completed),
            (&facets.custody, &facets.money, &facets.payments, &facets.contacts, &facets.units, &facets.handed_to),
        )
    )
}

/// One fact of each physical kind that can be taken back, stated on an order where it is at home.
fn stated(kind: FactKind) -> (Scenario, Who, FactId, String) {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let (to, keeper, me) = (stage.person(Who::B), stage.person(Who::Storekeeper), stage.person(Who::A));
    let visit = if matches!(kind, FactKind::Depart | FactKind::Arrive) { None } else { Some(stage.works(Who::A)) };
    let goods = |stage: &mut dyn Stage| {
        let goods = Goods { name: "Cooler".into(), serial: None, unit: None, pieces: 1, condition: None };
        let receipt = "D07-R1".to_owned();
        stage.does(Who::A, bodies::TakeCustody { goods, receipt, due: None, countersigned: None })
    };
    let named = visit.map_or(nothing(), |visit| visit.reference());
    let mut who = Who::A;
    let body: FactBody = match kind {
        FactKind::Depart => bodies::Depart {}.into(),
        FactKind::Arrive => bodies::Arrive { visit: None, place: None }.into(),
        FactKind::Start => bodies::Start { visit: named }.into(),
        FactKind::Pause => bodies::Pause { visit: named, reason: "keys".into() }.into(),
        FactKind::Resume => {
            stage.does(Who::A, bodies::Pause { visit: named, reason: "keys".into() });
            bodies::Resume { visit: named }.into()
        }
        FactKind::End => bodies::End { visit: named }.into(),
        FactKind::RecordLine => bodies::RecordLine { visit: named, line: labour(1_000, 80_000) }.into(),
        FactKind::ReplaceLine => {
            let line = stage.line(Who::A, visit.unwrap(), part("Valve", 3_000)).reference();
            bodies::ReplaceLine { visit: named, line, new: part("Valve", 30_000) }.into()
        }
        FactKind::OutcomeDone => bodies::OutcomeDone { visit: named, finding: None }.into(),
        FactKind::OutcomeUnfinished => {
            let reason = crate::facts::values::UnfinishedReason::Parts;
            bodies::OutcomeUnfinished { visit: named, reason, text: Some("valve".into()), next: None }.into()
        }
        FactKind::OutcomeNotRepairable => {
            bodies::OutcomeNotRepairable { visit: named, finding: "cracked".into() }.into()
        }
        FactKind::HandoverVisit => bodies::HandoverVisit { visit: named, to, open: Vec::new() }.into(),
        FactKind::TakeCustody => {
            let goods =
                Goods { name: "Cooler".into(), serial: Some("SN-6".into()), unit: None, pieces: 1, condition: None };
            bodies::TakeCustody { goods, receipt: "D07-R1".into(), due: None, countersigned: None }.into()
        }
        FactKind::TransferCustody => {
            let custody = goods(stage).reference();
            stage.look(Who::A);
            stage.look(Who::Storekeeper);
            who = Who::Storekeeper;
            bodies::TransferCustody { custody, from: me, to: keeper, place: CustodyPlace::Store }.into()
        }
        FactKind::ReturnCustody => {
            let custody = goods(stage).reference();
            let receipt = crate::facts::values::ReceiptFate::TakenBack;
            bodies::ReturnCustody { custody, receipt, signed: None, statement: None }.into()
        }
        FactKind::BenchWork => {
            let custody = goods(stage).reference();
            stage.look(Who::A);
            stage.look(Who::Storekeeper);
            who = Who::Storekeeper;
            let line = Some(labour(1_000, 8_000));
            bodies::BenchWork { custody, step: BenchStep::Line, line, note: None }.into()
        }
        FactKind::CollectCash => {
            bodies::CollectCash { amount: fen(300_000), receipt: "D07-C1".into(), reason: Some("ahead".into()) }.into()
        }
        FactKind::RemitCash => {
            stage.collects(Who::A, 8_000, "D07-C1");
            let to = stage.person(Who::Accountant);
            bodies::RemitCash { amount: fen(8_000), to, collected: Vec::new() }.into()
        }
        FactKind::ReportContact => {
            bodies::ReportContact { name: "Lin".into(), phone: Some("139".into()), note: None }.into()
        }
        FactKind::SwapUnit => {
            bodies::SwapUnit { old: None, old_serial: None, new_serial: "SN-10".into(), model: None }.into()
        }
        other => panic!("{other} can be taken back: say here how it is stated"),
    };
    let before = shown(&fold(&scenario.shown(who)));
    let fact = scenario.stage().does(who, body);
    (scenario, who, fact, before)
}

/// Kinds of the table that say what happened, without those that take back or confirm, and without what an order begins
/// with.
fn retractable() -> Vec<FactKind> {
    let beside = [FactKind::WithdrawOwn, FactKind::Acknowledge, FactKind::ReverseLine, FactKind::CreateEmergencyOrder];
    let kinds = FactKind::ALL.iter().copied().filter(|kind| kind.class() == Class::Physical);
    kinds.filter(|kind| !beside.contains(kind)).collect()
}

/// Table 4.4: whatever happened is taken back by him who stated it, and then it is as if he had not.
#[test]
fn r12_every_physical_fact_that_was_typed_wrongly_is_taken_back_by_its_author() {
    for kind in retractable() {
        let (mut scenario, who, fact, before) = stated(kind);
        let after = shown(&fold(&scenario.shown(who)));
        let told_only = matches!(kind, FactKind::ReturnCustody | FactKind::RemitCash | FactKind::Start);
        assert!(told_only || before != after, "{kind} shows nothing");
        let view = fold(&scenario.shown(who));
        let stranger = if who == Who::A { Who::B } else { Who::A };
        assert!(offered(&view, &context(&scenario, who)).contains(&CommandCode::Withdraw), "{kind}");
        let by_him = decide(&view, &withdraw(fact), &context(&scenario, who));
        let by_another = decide(&view, &withdraw(fact), &context(&scenario, stranger));
        let refusal = by_another.unwrap_err();
        assert!(["not_your_fact", "no_fact"].contains(&refusal.code), "{kind}: {}", refusal.code);
        let decision = by_him.unwrap_or_else(|refusal| panic!("{kind}: {}", refusal.code));
        scenario.stage().act(who, decision.head, decision.body);
        let view = fold(&scenario.shown(who));
        assert_eq!(view.void, Vec::new(), "{kind}");
        assert_eq!(shown(&view), before, "{kind} is still there");
        let twice = refused(&scenario, who, &withdraw(fact));
        assert_eq!(twice.map(|(code, _)| code), Some("no_fact"), "{kind} twice");
        // A page has the right for it at the gate, too: the roles of the kind may withdraw.
        let roles = kind.right().roles;
        assert!(roles.iter().all(|role| FactKind::WithdrawOwn.right().roles.contains(role)), "{kind}");
    }
}

/// C-093: 3000.00 for 300.00: the pocket, what was paid too much and the close follow what he really took.
#[test]
fn c_093_cash_that_was_typed_wrongly_is_taken_back_and_stated_again() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.works_and_signs(Who::A);
    let wrong = stage.collects(Who::A, 800_000, "D07-C1");
    let view = fold(&scenario.shown(Who::A));
    assert_eq!(view.facets.money.overpaid.get("CNY"), Some(&792_000));
    let decision = decide(&view, &withdraw(wrong), &context(&scenario, Who::A)).unwrap();
    scenario.stage().act(Who::A, decision.head, decision.body);
    scenario.stage().collects(Who::A, 8_000, "D07-C2");
    let money = fold(&scenario.shown(Who::A)).facets.money;
    assert_eq!(money.pockets.values().copied().collect::<Vec<_>>(), [8_000]);
    assert!(money.overpaid.is_empty() && money.due.is_empty(), "{money:?}");
}

/// The other side has confirmed it: then a supervisor takes it back.
#[test]
fn r9_a_confirmed_hand_over_is_the_supervisors_to_take_back() {
    let (mut scenario, who, fact, _) = stated(FactKind::TransferCustody);
    let stage = scenario.stage();
    stage.look(who);
    stage.look(Who::A);
    let digest = stage.digest(fact);
    stage.does(Who::A, bodies::Acknowledge { fact: fact.reference(), digest });
    stage.everyone_looks();
    assert_eq!(refused(&scenario, who, &withdraw(fact)), Some(("relied_on", Some("fact"))));
    assert_eq!(refused(&scenario, Who::Supervisor, &withdraw(fact)), None);
}

/// What a withdrawal names and cannot take back is said to be void, not passed over in silence (R10).
#[test]
fn r10_a_withdrawal_of_a_promise_is_void() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    let assigned = stage.dispatched();
    let body = bodies::WithdrawOwn { fact: assigned.reference(), reason: "never".into() };
    let withdrawal = stage.does(Who::A, body);
    let view = fold(&scenario.facts());
    assert_eq!(view.void, [withdrawal]);
    assert!(view.assignment().is_some());
}
