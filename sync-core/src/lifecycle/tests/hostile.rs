//! Facts that nobody honest would state.

use super::Dice;
use super::any::{self, person};
use super::laws::{Byte8, pick, signature};
use crate::facts::values::{Demand, ReviewChoice, UnfinishedReason, Window, Witness};
use crate::facts::{Author, Fact, FactBody, FactKind, Head, Role, SeenRef, bodies};
use crate::ids::{Digest, FactId, FactRef, KeyId, PersonId, ReviewId, Signature};
use crate::lifecycle::scenario::{START, Scenario, Who, customer, part};
use crate::lifecycle::{FactSet, SIGNATURE_CHECK_RULE};

fn reference(byte: u8) -> FactRef {
    let who = pick(Who::ALL, byte);
    FactId { actor: Scenario::origin(who).actor(), sequence: u64::from(byte / 16) + 1 }.reference()
}

/// A fact that nobody honest would state: any author, any kind, any head, any references, past and future.
fn hostile(scenario: &mut Scenario, code: Byte8) -> Fact {
    let [who, kind, target, seen, other, time, clone, value] = code;
    let who = pick(Who::ALL, who);
    // Kinds of the normal path as often as all the others, so that these have something to meet.
    let body = match usize::from(kind).checked_sub(128) {
        Some(index) => {
            any::body(FactKind::ALL[index % FactKind::ALL.len()], reference(target), reference(other), value)
        }
        None => body(kind, target, value),
    };
    let head = if other.is_multiple_of(2) { Head::default() } else { head(seen ^ time, reference(target)) };
    let mut references = vec![SeenRef::Fact(reference(seen)), SeenRef::Fact(reference(other))];
    if value.is_multiple_of(3) {
        references.push(SeenRef::Previous);
    }
    references.truncate(usize::from(value % 4));
    let mut fact = scenario.fact(who, references, head, body);
    if let Some(rule) = rule_of(fact.body()).filter(|_| clone.is_multiple_of(2)) {
        fact.author = Author::System(rule.to_owned());
    }
    if clone.is_multiple_of(8) {
        fact.id.sequence = u64::from(clone / 32) + 1;
        fact.digest = Digest([clone ^ value; 32]);
    }
    fact.time = fact.time.plus(i64::from(time) * 1_000 - 60_000);
    fact
}

/// The rule of the server that states such a fact, where the fold listens to one only.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds have no rule of their own")]
fn rule_of(body: &FactBody) -> Option<&'static str> {
    match body {
        FactBody::RejectSignature(_) => Some(SIGNATURE_CHECK_RULE),
        FactBody::StateFinding(body) => Some(body.kind.rule()),
        FactBody::LiftFinding(body) => Some(body.kind.rule()),
        FactBody::PassOver(_) => Some("quarantine"),
        _ => None,
    }
}

fn body(kind: u8, target: u8, value: u8) -> FactBody {
    let target_ref = reference(target);
    let reason = "reason".to_owned();
    let technician = PersonId([pick(&[7_u8, 8, 9], value); 16]);
    let window = Window { from: START.plus(i64::from(value)), to: START.plus(i64::from(value) * 2) };
    match kind % 32 {
        0 => bodies::ConfirmRequest { content: reason, window: Some(window), amount: None, in_warranty: true }.into(),
        1 | 2 => bodies::Assign { technician, skipped: Vec::new(), reason: None, turn: None }.into(),
        3 => bodies::Unassign { technician, reason }.into(),
        4 => bodies::Accept { assignment: target_ref }.into(),
        5 => bodies::Refuse { assignment: target_ref, reason }.into(),
        6 => bodies::ProposeAppointment { window, reason: None }.into(),
        7 => bodies::ConfirmAppointment { window }.into(),
        8 => bodies::Seen {}.into(),
        9 | 10 => bodies::Depart {}.into(),
        11 => bodies::Arrive { visit: value.is_multiple_of(2).then_some(target_ref), place: None }.into(),
        12 => bodies::Start { visit: target_ref }.into(),
        13 => bodies::Pause { visit: target_ref, reason }.into(),
        14 => bodies::Resume { visit: target_ref }.into(),
        15 => bodies::End { visit: target_ref }.into(),
        16 | 17 => bodies::RecordLine { visit: target_ref, line: part("x", i64::MAX - i64::from(value)) }.into(),
        18 => bodies::ReverseLine { line: target_ref, reason }.into(),
        19 => bodies::AddNote { text: reason }.into(),
        20 | 21 => bodies::OutcomeDone { visit: target_ref, finding: None }.into(),
        22 => {
            let reason = UnfinishedReason::Parts;
            bodies::OutcomeUnfinished { visit: target_ref, reason, text: None, next: Some(window) }.into()
        }
        23 => signature(vec![target_ref, reference(value)], Digest([1; 32])).into(),
        24 => bodies::RefuseSignature { name: "x".into(), reason }.into(),
        25 => bodies::ReturnVoucher { reason: None }.into(),
        26 => bodies::WithdrawOwn { fact: target_ref, reason }.into(),
        27 | 28 => bodies::CancelByOffice { reason }.into(),
        29 => bodies::Reinstate { cancel: target_ref, reason }.into(),
        30 => bodies::Close {}.into(),
        _ => {
            let choice = pick(ReviewChoice::ALL, value);
            bodies::ResolveReview { review: ReviewId([value; 16]), choice, reason }.into()
        }
    }
}

/// A head with whatever a device may put into one.
pub(super) fn head(value: u8, target: FactRef) -> Head {
    let witness = |person| Witness { person, key: KeyId([6; 8]), signature: Signature([6; 64]) };
    let wrong = pick(&[i64::MIN, -4_000_000, 1, i64::MAX], value);
    match value % 12 {
        0 => Head { claimed_offset: Some(wrong), ..Head::default() },
        1 => Head { lo_offset: Some(wrong), ..Head::default() },
        2 => Head { customer: Some(customer()), ..Head::default() },
        3 => Head { witnesses: Some(vec![witness(person(value)), witness(person(value / 4))]), ..Head::default() },
        4 => Head { policy: Some(u32::from(value)), ..Head::default() },
        5 => Head { work_item: Some(value / 64), ..Head::default() },
        6 => Head { once: Some(Digest([value / 64; 32])), ..Head::default() },
        7 => Head { role: Some(pick(Role::ALL, value / 12)), ..Head::default() },
        8 => Head { missing: Some(vec![pick(Demand::ALL, value), pick(Demand::ALL, value)]), ..Head::default() },
        9 => Head { tariff: Some(u32::from(value)), ..Head::default() },
        10 => Head { continues: Some(target), ..Head::default() },
        _ => Head::default(),
    }
}

pub(super) fn hostile_set(code: &[Byte8]) -> FactSet {
    let mut scenario = Scenario::default();
    let mut facts = FactSet::new(scenario.facts().document());
    facts.extend(code.iter().map(|code| hostile(&mut scenario, *code)).collect::<Vec<_>>());
    facts
}

/// The hostile laws are worth something only if every kind of fact and every field of a head is among what they meet.
#[test]
fn hostile_sets_hold_every_kind_and_every_field_of_a_head() {
    let mut dice = Dice(3);
    let mut kinds = std::collections::BTreeSet::new();
    let mut heads = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let code: Vec<Byte8> = (0..40).map(|_| dice.next().to_be_bytes()).collect();
        for fact in hostile_set(&code).iter() {
            kinds.insert(fact.body().kind_number());
            let head = &fact.content.head;
            let stated = [
                head.claimed_offset.is_some(),
                head.lo_offset.is_some(),
                head.customer.is_some(),
                head.witnesses.is_some(),
                head.policy.is_some(),
                head.work_item.is_some(),
                head.once.is_some(),
                head.role.is_some(),
                head.missing.is_some(),
                head.tariff.is_some(),
                head.continues.is_some(),
            ];
            heads.extend(stated.iter().enumerate().filter(|(_, is)| **is).map(|(field, _)| field));
        }
    }
    for kind in FactKind::ALL {
        assert!(kinds.contains(&kind.number()), "{kind} is never stated");
    }
    assert_eq!(heads.len(), 11);
}
