//! Whatever one technician states, a fold ends in time that grows with the number of facts and not with its square.

use std::time::{Duration, Instant};

use crate::facts::values::{ApprovalWay, Matter, Money};
use crate::facts::{FactBody, Head, bodies};
use crate::ids::Digest;
use crate::lifecycle::scenario::{Scenario, Stage, Who};
use crate::lifecycle::{FactSet, fold};

/// Facts of each of three kinds: together just below what an order holds.
const EACH: u32 = 3_100;
/// A fold of so many honest facts takes well under a second, without optimisation some; a cube of them takes hours.
const DEADLINE: Duration = Duration::from_secs(60);

fn folded_in_time(facts: &FactSet) {
    let begun = Instant::now();
    let view = fold(facts);
    assert!(begun.elapsed() < DEADLINE, "{} facts took {:?}", facts.len(), begun.elapsed());
    assert_eq!(view.facts, facts.len());
}

fn fen(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

#[test]
fn discounts_approvals_and_rejections_of_one_technician_are_folded_in_time() {
    let mut scenario = Scenario::default();
    let mut facts = FactSet::new(scenario.facts().document());
    let approver = scenario.person(Who::Supervisor);
    let (matter, way) = (Matter::Discount, ApprovalWay::Code);
    let mut state = |scenario: &mut Scenario, body: FactBody| {
        let fact = scenario.fact(Who::A, Vec::new(), Head::default(), body);
        let about = (fact.id.reference(), fact.digest);
        facts.insert(fact);
        about
    };
    let mut discounts = Vec::new();
    for _ in 0..EACH {
        discounts.push(state(&mut scenario, bodies::GrantDiscount { amount: fen(1), reason: "x".into() }.into()));
    }
    for ((subject, digest), number) in discounts.into_iter().zip(0..) {
        let (code, reason) = (Some(number), None);
        let body = bodies::Approve { matter, subject, digest, approver, way, code, reason, secret: None };
        state(&mut scenario, body.into());
        let (approver, way, code, reason) = (Some(approver), Some(way), Some(number + EACH), "x".into());
        state(
            &mut scenario,
            bodies::Reject { matter, subject, digest, reason, approver, way, code, secret: None }.into(),
        );
    }
    folded_in_time(&facts);
}

#[test]
fn approvals_and_rejections_of_one_discount_are_folded_in_time() {
    let mut scenario = Scenario::default();
    let mut facts = FactSet::new(scenario.facts().document());
    let approver = scenario.person(Who::Supervisor);
    let (matter, way) = (Matter::Discount, ApprovalWay::Code);
    let discount = bodies::GrantDiscount { amount: fen(1), reason: "x".into() };
    let discount = scenario.fact(Who::A, Vec::new(), Head::default(), discount.into());
    let (subject, digest): (_, Digest) = (discount.id.reference(), discount.digest);
    facts.insert(discount);
    for number in 0..EACH {
        let (approver, way, code, reason) = (Some(approver), Some(way), Some(number), "x".into());
        let body = bodies::Reject { matter, subject, digest, reason, approver, way, code, secret: None };
        facts.insert(scenario.fact(Who::A, Vec::new(), Head::default(), body.into()));
    }
    for number in EACH..3 * EACH {
        let (code, reason) = (Some(number), None);
        let body = bodies::Approve { matter, subject, digest, approver, way, code, reason, secret: None };
        facts.insert(scenario.fact(Who::A, Vec::new(), Head::default(), body.into()));
    }
    folded_in_time(&facts);
}

#[test]
fn payments_and_confirmations_are_folded_in_time() {
    let mut scenario = Scenario::default();
    let mut facts = FactSet::new(scenario.facts().document());
    let to = scenario.person(Who::B);
    for number in 0..EACH {
        let body = bodies::CollectCash { amount: fen(1), receipt: number.to_string(), reason: None };
        facts.insert(scenario.fact(Who::A, Vec::new(), Head::default(), body.into()));
        let body = bodies::RemitCash { amount: fen(1), to, collected: Vec::new() };
        let remitted = scenario.fact(Who::A, Vec::new(), Head::default(), body.into());
        let body = bodies::Acknowledge { fact: remitted.id.reference(), digest: remitted.digest };
        facts.insert(remitted);
        facts.insert(scenario.fact(Who::B, Vec::new(), Head::default(), body.into()));
    }
    folded_in_time(&facts);
}
