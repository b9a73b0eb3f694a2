//! Who knew of what: explicit references, clones, circles, and facts that the system states twice.

use crate::facts::{Fact, Head, SeenRef, bodies, once_digest};
use crate::ids::{Digest, FactId};
use crate::lifecycle::scenario::{Scenario, Who, labour};
use crate::lifecycle::view::{AssignmentFacet, LineStanding, OrderState, ReviewKind, SignatureFacet};
use crate::lifecycle::{Causality, FactSet, fold};
use crate::voucher::covered_digest;

fn set(facts: &[Fact]) -> FactSet {
    let mut set = FactSet::new(Scenario::default().facts().document());
    set.extend(facts.iter().cloned());
    set
}

fn note(scenario: &mut Scenario, who: Who, seen: &[FactId]) -> Fact {
    let seen = seen.iter().map(|id| SeenRef::Fact(id.reference())).collect();
    scenario.fact(who, seen, Head::default(), bodies::AddNote { text: "x".into() }.into())
}

/// Whether `later` knows `earlier` in the set.
fn knows(facts: &FactSet, later: &Fact, earlier: &Fact) -> bool {
    let causality = Causality::new(facts);
    let node = |fact: &Fact| *causality.nodes().iter().find(|node| node.fact == fact).unwrap();
    causality.knows(node(later), node(earlier))
}

#[test]
fn knowledge_is_transitive_and_stated_not_inferred() {
    let mut scenario = Scenario::default();
    let first = note(&mut scenario, Who::A, &[]);
    let second = note(&mut scenario, Who::Clerk, &[first.id]);
    let third = note(&mut scenario, Who::B, &[second.id]);
    let silent = note(&mut scenario, Who::A, &[]);
    let facts = set(&[first.clone(), second, third.clone(), silent.clone()]);
    assert!(knows(&facts, &third, &first));
    assert!(!knows(&facts, &first, &third));
    assert!(!knows(&facts, &silent, &first), "the same actor's earlier fact is not known unless it is named");
}

#[test]
fn previous_is_the_identity_before_on_the_same_actor() {
    let mut scenario = Scenario::default();
    let first = note(&mut scenario, Who::A, &[]);
    let text = || bodies::AddNote { text: "y".into() }.into();
    let second = scenario.fact(Who::A, vec![SeenRef::Previous], Head::default(), text());
    let facts = set(&[first.clone(), second.clone()]);
    assert!(knows(&facts, &second, &first));
    assert_eq!(Causality::new(&facts).frontier(), vec![second.id]);
}

#[test]
fn what_has_not_arrived_is_simply_unknown() {
    let mut scenario = Scenario::default();
    let missing = note(&mut scenario, Who::A, &[]);
    let fact = note(&mut scenario, Who::B, &[missing.id]);
    let facts = set(std::slice::from_ref(&fact));
    assert_eq!(Causality::new(&facts).frontier(), vec![fact.id]);
    let whole = set(&[fact.clone(), missing.clone()]);
    assert!(knows(&whole, &fact, &missing), "and known as soon as it arrives");
}

#[test]
fn a_circle_is_broken_by_time_and_honest_facts_lose_nothing() {
    let mut scenario = Scenario::default();
    let before = note(&mut scenario, Who::Clerk, &[]);
    let one_id = FactId { actor: Scenario::origin(Who::A).actor(), sequence: 1 };
    let other_id = FactId { actor: Scenario::origin(Who::B).actor(), sequence: 1 };
    let one = note(&mut scenario, Who::A, &[other_id, before.id]);
    let other = note(&mut scenario, Who::B, &[one_id]);
    let honest = note(&mut scenario, Who::C, &[other.id]);
    let facts = set(&[honest.clone(), other.clone(), one.clone(), before.clone()]);
    assert!(knows(&facts, &other, &one), "the later of the circle has seen the earlier");
    assert!(!knows(&facts, &one, &other));
    for earlier in [&before, &one, &other] {
        assert!(knows(&facts, &honest, earlier));
    }
}

#[test]
fn x_76_a_cloned_device_keeps_both_contents_and_raises_one_review() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, labour(1_000, 8_000));
    let next = stage.line(Who::A, visit, labour(2_000, 16_000));
    let mut facts = scenario.facts();
    for id in [line, next] {
        let mut twin = facts.get(id).unwrap().clone();
        twin.digest = Digest([0xee; 32]);
        facts.insert(twin);
    }
    let view = fold(&facts);
    assert_eq!(view.lines.len(), 4, "both contents of both identities are kept");
    let clones: Vec<_> = view.reviews.iter().filter(|review| review.kind == ReviewKind::ClonedDevice).collect();
    assert_eq!(clones.len(), 1, "one review for the actor");
}

#[test]
fn x_76_a_signature_covers_the_content_that_was_shown_whatever_its_twin_stated() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    let covered = [line, done].map(|fact| (fact, stage.digest(fact)));
    let (body, covered_digest) = (stage.signing(&[line, done]), covered_digest(&covered));
    let signature = stage.does(Who::A, bodies::SignDocument { covered_digest, ..body });
    let mut facts = scenario.facts();
    let twin = Fact { digest: Digest([0; 32]), ..facts.get(line).unwrap().clone() };
    facts.insert(twin);
    let view = fold(&facts);
    assert_eq!(view.signatures[0].at.fact, signature);
    assert_eq!(view.signatures[0].covered, [line, done], "the twin's line comes first and takes nothing away");
    let billed: Vec<bool> = view.lines.iter().map(|line| line.covered).collect();
    assert_eq!(billed, [false, true], "the line that was shown is covered, its twin is not");
}

#[test]
fn r6_an_agreement_over_other_contents_than_the_facts_have_covers_nothing() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    let body = stage.signing(&[line, done]);
    let shown = covered_digest(&[(line, Digest([9; 32])), (done, stage.digest(done))]);
    stage.does(Who::A, bodies::SignDocument { covered_digest: shown, ..body });
    let facts = scenario.facts();
    let view = fold(&facts);
    assert_eq!(view.signatures.len(), 1, "the signature is kept");
    assert_eq!((view.signatures[0].covered.as_slice(), view.lines[0].covered), ([].as_slice(), false));
    assert_eq!(view.signature, SignatureFacet::SignedPartial);
    let reviews: Vec<_> = view.reviews.iter().map(|review| review.kind).collect();
    assert!(reviews.contains(&ReviewKind::SignatureUnverified), "{reviews:?}");
}

#[test]
fn r6_what_was_stated_after_a_signature_is_not_covered_though_it_was_named() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    // The device names the place of a line that it has not stated yet: its next but one.
    let next = FactId { sequence: done.sequence + 2, ..done };
    let body = stage.signing(&[line, done]);
    let covered = [line, done, next].map(|fact| fact.reference()).to_vec();
    stage.does(Who::A, bodies::SignDocument { covered, ..body });
    let later = stage.line(Who::A, visit, labour(9_000, 90_000));
    assert_eq!(later, next);
    let view = fold(&scenario.facts());
    assert!(view.lines.iter().all(|line| line.at.fact != later || !line.covered), "never covered");
    assert!(!view.signatures[0].covered.contains(&later));
}

#[test]
fn what_the_system_states_twice_counts_once_and_who_knows_one_knows_both() {
    let mut scenario = Scenario::default();
    let once = Some(once_digest("rule", &[]));
    let mut state = |lo_later: i64| {
        scenario.wait(lo_later);
        let body = bodies::ReturnVoucher { reason: Some("by rule".into()) }.into();
        scenario.fact(Who::Timer, Vec::new(), Head { once, ..Head::default() }, body)
    };
    let (first, second) = (state(0), state(10));
    let reader = note(&mut scenario, Who::Clerk, &[second.id]);
    let facts = set(&[first.clone(), second, reader.clone()]);
    assert!(knows(&facts, &reader, &first));
    assert!(fold(&facts).explanations.iter().all(|reason| reason.pair != Some("X-62")), "not two strike-offs");
}

#[test]
fn withdrawn_work_is_open_again_unless_it_is_signed() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let hours = stage.line(Who::A, visit, labour(1_000, 8_000));
    let done = stage.done(Who::A, visit);
    let body = bodies::WithdrawOwn { fact: done.reference(), reason: "the leak is back".into() };
    stage.does(Who::A, body);
    let view = fold(&scenario.facts());
    assert_eq!((view.state, view.completed), (OrderState::InProgress, None));

    let stage = scenario.stage();
    stage.sign(Who::A, &[hours]);
    let body = bodies::WithdrawOwn { fact: hours.reference(), reason: "typed twice".into() };
    let refused = stage.does(Who::A, body.clone());
    let view = fold(&scenario.facts());
    assert_eq!(view.lines[0].standing, LineStanding::Effective, "the customer signed for it");
    assert_eq!(view.void, vec![refused]);

    let stage = scenario.stage();
    stage.everyone_looks();
    stage.does(Who::Supervisor, body);
    let view = fold(&scenario.facts());
    assert_eq!(view.lines[0].standing, LineStanding::Withdrawn);
    assert_eq!(view.signature, SignatureFacet::Signed, "the signature stays valid");
}

#[test]
fn another_technicians_visit_cannot_be_written_in() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    stage.everyone_looks();
    let intruder = stage.done(Who::B, visit);
    let view = fold(&scenario.facts());
    assert_eq!(view.state, OrderState::InProgress);
    assert_eq!(view.void, vec![intruder]);
}

#[test]
fn a_visit_whose_beginning_has_not_arrived_counts_all_the_same() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    stage.cancel(Who::Dispatcher);
    let visit = stage.works(Who::A);
    stage.done(Who::A, visit);
    let whole = scenario.facts();
    let mut torn = FactSet::new(whole.document());
    torn.extend(whole.iter().filter(|fact| fact.id != visit).cloned());
    assert_eq!(fold(&torn).state, OrderState::Completed, "a DONE unknown to the canceller is never cancelled");
    assert_eq!(fold(&whole).visits.len(), 1);
}

#[test]
fn an_assignment_goes_through_its_facets() {
    let mut scenario = Scenario::default();
    let facet = |scenario: &Scenario| fold(&scenario.facts()).assignments[0].facet;
    let stage = scenario.stage();
    stage.registered();
    let assignment = stage.assign(Who::Dispatcher, Who::A);
    assert_eq!(facet(&scenario), AssignmentFacet::Pending);
    let stage = scenario.stage();
    stage.look(Who::A);
    stage.does(Who::A, bodies::Seen {});
    assert_eq!(facet(&scenario), AssignmentFacet::Seen);
    scenario.stage().accept(Who::A, assignment);
    assert_eq!(facet(&scenario), AssignmentFacet::Accepted);
}
