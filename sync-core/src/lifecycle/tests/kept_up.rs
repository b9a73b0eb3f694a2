//! A fold that is kept up is the fold of the whole.

use proptest::prelude::*;

use super::Dice;
use super::hostile::hostile_set;
use super::laws::{codes, honest_set, pick};
use crate::facts::{Fact, Head, SeenRef, bodies};
use crate::lifecycle::scenario::{Scenario, Who};
use crate::lifecycle::{Added, FactSet, Folded, fold};

/// Adds facts one by one, and behind some of them a note by somebody who saw everything.
fn kept_up(document: crate::ids::DocumentId, list: &[Fact], seed: u64) {
    let mut folded = Folded::new(FactSet::new(document));
    let mut scenario = Scenario::default();
    for (number, fact) in (0_u64..).zip(list) {
        folded.add(fact.clone());
        assert_eq!(*folded.view(), fold(folded.facts()), "after {fact:?}");
        if (seed ^ number).is_multiple_of(3) {
            let seen = folded.view().frontier.iter().map(|id| SeenRef::Fact(id.reference())).collect();
            let who = pick(Who::ALL, u8::try_from(number % 7).unwrap());
            let body = bodies::AddNote { text: format!("note {number}") }.into();
            let mut note = scenario.fact(who, seen, Head::default(), body);
            note.id.sequence += 1_000;
            note.time = note.time.plus(i64::try_from(number).unwrap() * 60_000);
            folded.add(note);
            assert_eq!(*folded.view(), fold(folded.facts()), "after a note behind {fact:?}");
        }
    }
}

#[test]
fn a_note_on_the_view_that_is_shown_is_not_folded_again() {
    let mut scenario = Scenario::default();
    let mut folded = Folded::new(FactSet::new(hostile_set(&[]).document()));
    for second in 0..5 {
        let body = bodies::AddNote { text: format!("at {second}") }.into();
        let mut fact = scenario.fact(Who::ALL[1], Vec::new(), Head::default(), body);
        fact.id.sequence += 100;
        folded.add(fact);
    }
    let seen = folded.view().frontier.iter().map(|id| SeenRef::Fact(id.reference())).collect();
    let body = bodies::AddNote { text: "seen by everybody".to_owned() }.into();
    let note = scenario.fact(Who::ALL[0], seen, Head::default(), body);
    let mut unaware = note.clone();
    unaware.id.sequence += 500;
    unaware.content.seen.clear();
    assert_eq!(folded.add(note.clone()), Added::Extended);
    assert_eq!(folded.add(note), Added::Known);
    assert_eq!(folded.add(unaware), Added::Refolded);
    assert_eq!(*folded.view(), fold(folded.facts()));
}

proptest! {
    // Every case folds some hundred times.
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A fold that is kept up is the fold of the whole after every fact, in any order of arrival.
    #[test]
    fn a_fold_kept_up_is_the_fold_of_the_whole(code in codes(40), honest in codes(60), seed in any::<u64>()) {
        for facts in [hostile_set(&code), honest_set(&honest)] {
            let mut list: Vec<Fact> = facts.iter().cloned().collect();
            for is_shuffled in [false, true] {
                if is_shuffled {
                    Dice(seed).shuffle(&mut list);
                } else {
                    list.sort_by_key(|fact| (fact.lo(), fact.id));
                }
                kept_up(facts.document(), &list, seed);
            }
        }
    }
}
