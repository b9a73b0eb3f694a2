//! Pairs and laws of the fold. The stories themselves are in `scenario::stories`, one test each.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of tests")]

mod acts;
mod any;
mod bounded;
mod floods;
mod histories;
mod hostile;
mod kept_up;
mod knowledge;
mod laws;
mod pairs;
mod reasons;
#[cfg(feature = "sabotage")]
mod sabotage;
mod signing;

use super::scenario::{STORIES, Scenario, Stage, Story, Who};
use super::view::OrderView;
use super::{FactSet, Language, explain, fold, messages};
use crate::facts::Fact;
use crate::ids::DocumentId;

/// A small generator with a fixed seed (SplitMix64): tests must fail the same way every time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// How many random orders are tried: `DOCKET_ORDERS` asks for more.
fn random_orders() -> usize {
    std::env::var("DOCKET_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// Every order of up to six facts, else a thousand pseudo-random ones; some facts arrive twice.
pub(crate) fn orders(facts: &[Fact]) -> Vec<Vec<usize>> {
    let mut indices: Vec<usize> = (0..facts.len()).collect();
    if facts.len() <= 6 {
        let mut all = Vec::new();
        permute(&mut indices, 0, &mut all);
        return all;
    }
    let mut dice = Dice(7);
    (0..random_orders())
        .map(|_| {
            dice.shuffle(&mut indices);
            let mut order = indices.clone();
            order.push(dice.below(facts.len()));
            order
        })
        .collect()
}

fn permute(indices: &mut Vec<usize>, fixed: usize, all: &mut Vec<Vec<usize>>) {
    if fixed == indices.len() {
        all.push(indices.clone());
    }
    for other in fixed..indices.len() {
        indices.swap(fixed, other);
        permute(indices, fixed + 1, all);
        indices.swap(fixed, other);
    }
}

/// Plays a story and checks what everybody sees, whatever the order in which the facts arrived.
pub(crate) fn check_in_every_order(story: &Story) {
    let mut scenario = Scenario::default();
    (story.play)(&mut scenario);
    let facts = scenario.facts();
    let expected = (story.expected)();
    let view = fold(&facts);
    let person = |who: Who| scenario.person(who);
    let differences = expected.differences(&view, &facts, &person);
    assert!(differences.is_empty(), "{}:\n{}\n{:#?}", story.name, differences.join("\n"), view.explanations);
    let words = words(&view, &facts);
    let list: Vec<Fact> = facts.iter().cloned().collect();
    for order in orders(&list) {
        let mut other = FactSet::new(facts.document());
        other.extend(order.iter().map(|index| list[*index].clone()));
        let shuffled = fold(&other);
        assert_eq!(shuffled, view, "{} in the order {order:?}", story.name);
        assert_eq!(self::words(&shuffled, &other), words, "{}: same words", story.name);
    }
    let mut dice = Dice(5);
    let broken = super::invariants::all(&facts);
    assert!(broken.is_empty(), "{}: {broken:#?}", story.name);
    let (field, office): (Vec<Fact>, Vec<Fact>) = facts.iter().cloned().partition(|fact| !fact.is_of_office());
    for _ in 0..3 {
        let mut read = through_a_document(facts.document(), &field, &mut dice);
        read.extend(through_a_document(facts.document().companion(), &office, &mut dice).iter().cloned());
        assert_eq!(fold(&read), view, "{} through a document", story.name);
    }
}

/// A story's facts as records, each behind its chain, applied to a document in a random interleaving.
fn through_a_document(id: DocumentId, facts: &[Fact], dice: &mut Dice) -> FactSet {
    use crate::document::{Document, Record};
    use crate::facts::{StatedFact, Statement};
    let mut chains: Vec<Vec<Record>> = Vec::new();
    for fact in facts {
        let statement = Statement { origin: fact.origin, author: Some(fact.author.clone()), ..Statement::default() };
        let bytes = StatedFact::new(statement, fact.content.clone()).to_bytes();
        let record = Record { actor: fact.id.actor, sequence: fact.id.sequence, time: fact.time, bytes };
        match chains.iter_mut().find(|chain| chain.first().is_some_and(|first| first.actor == record.actor)) {
            Some(chain) => chain.push(record),
            None => chains.push(vec![record]),
        }
    }
    for chain in &mut chains {
        chain.sort_by_key(|record| std::cmp::Reverse(record.sequence));
    }
    let mut document = Document::new(id).unwrap();
    while !chains.is_empty() {
        let index = dice.below(chains.len());
        if let Some(record) = chains[index].pop() {
            document.append(&record).unwrap();
        }
        chains.retain(|chain| !chain.is_empty());
    }
    let mut read = FactSet::new(id);
    read.extend(document.facts().unwrap());
    read
}

fn words(view: &OrderView, facts: &FactSet) -> Vec<String> {
    Language::ALL.iter().map(|language| format!("{:?}", explain(view, facts, *language))).collect()
}

#[test]
fn every_message_that_a_story_uses_is_in_the_catalogue() {
    for story in STORIES {
        let mut scenario = Scenario::default();
        (story.play)(&mut scenario);
        let facts = scenario.facts();
        let view = fold(&facts);
        let used = view.notices.iter().map(|notice| notice.message);
        for key in used.chain(view.explanations.iter().map(|explanation| explanation.message)) {
            assert_ne!(messages::text(key, Language::Zh), "?", "{}: {key}", story.name);
        }
        for reason in explain(&view, &facts, Language::En) {
            assert!(!reason.text.contains('{') && !reason.text.contains("“”"), "{}: {}", story.name, reason.text);
        }
    }
}

#[test]
fn every_coded_value_that_people_see_has_a_name() {
    use super::view::{
        AssignmentFacet, CancelEffect, Coverage, LineStanding, OrderState, ReviewKind, ReviewStatus, Rule,
        SignatureFacet, VisitState, VoucherFacet,
    };
    use crate::facts::values::{LineKind, OpinionGrade, ReviewChoice, SkipReason, UnfinishedReason};
    use crate::facts::{FactKind, Role};
    let mut keys: Vec<String> = Vec::new();
    macro_rules! all {
        ($($group:literal $type:ty),* $(,)?) => {$(
            keys.extend(<$type>::ALL.iter().map(|value| format!("{}.{}", $group, value.code())));
        )*};
    }
    all!(
        "state" OrderState, "visit" VisitState, "assignment" AssignmentFacet, "signature" SignatureFacet,
        "coverage" Coverage, "cancel" CancelEffect, "voucher" VoucherFacet, "standing" LineStanding,
        "review" ReviewKind, "review_status" ReviewStatus, "rule" Rule, "line" LineKind, "opinion" OpinionGrade,
        "choice" ReviewChoice, "skip" SkipReason, "unfinished" UnfinishedReason, "kind" FactKind, "fact" FactKind,
        "role" Role, "command" crate::commands::CommandCode,
    );
    for key in keys {
        for language in Language::ALL {
            assert_ne!(messages::text(&key, *language), "?", "{key} in {language}");
        }
    }
}

#[test]
fn a_page_three_seconds_old_did_not_know_of_the_signature() {
    // The server serialises everything; only `seen` says what the canceller knew.
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let done = stage.done(Who::A, visit);
    stage.sign(Who::A, &[done]);
    stage.look(Who::A);
    let cancel = stage.cancel(Who::Dispatcher);
    let facts = scenario.facts();
    assert_eq!(fold(&facts).state, super::view::OrderState::Completed);
    let known = super::known_to(&facts, cancel);
    assert!(known.get(done).is_none(), "what the canceller saw is without the work (U-18)");
    assert_eq!(fold(&known).state, super::view::OrderState::Dispatched);
}
