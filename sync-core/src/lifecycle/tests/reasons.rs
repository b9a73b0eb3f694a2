//! `explain`: what decided is cited, in both languages, with the same bytes on every replica.

use super::super::scenario::{STORIES, Scenario, Story};
use super::words;
use crate::lifecycle::view::{OrderView, ReviewStatus, Rule};
use crate::lifecycle::{FactSet, Language, explain, fold};

fn played(story: &Story) -> (FactSet, OrderView) {
    let mut scenario = Scenario::default();
    (story.play)(&mut scenario);
    let facts = scenario.facts();
    let view = fold(&facts);
    (facts, view)
}

/// Whoever must decide something can read which rule asks him, and between which facts.
#[test]
fn every_review_has_a_reason_that_cites_its_rule_and_names_its_causes() {
    let mut silent = Vec::new();
    for story in STORIES {
        let (_, view) = played(story);
        for review in view.reviews.iter().filter(|review| review.status != ReviewStatus::Lapsed) {
            let said = view.explanations.iter().any(|reason| {
                let named = reason.winners.iter().chain(&reason.losers);
                named.into_iter().any(|fact| review.causes.contains(fact))
            });
            if !said {
                silent.push(format!("{}: {} ({})", story.name, review.kind, review.rule));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// The competing facts, the rule and the sentence, in both languages; no reason is said twice.
#[test]
fn every_reason_names_its_facts_and_its_rule_in_both_languages() {
    for story in STORIES {
        let (facts, view) = played(story);
        for language in Language::ALL {
            let reasons = explain(&view, &facts, *language);
            for reason in &reasons {
                assert!(!(reason.winners.is_empty() && reason.losers.is_empty()), "{}: {reason:?}", story.name);
                assert!(!reason.text.is_empty() && !reason.rule_text.is_empty(), "{}: {reason:?}", story.name);
                assert_ne!((reason.text.as_str(), reason.rule_text), ("?", "?"), "{}", story.name);
            }
            let mut again: Vec<String> = reasons.iter().map(|reason| format!("{reason:?}")).collect();
            let count = again.len();
            again.sort();
            again.dedup();
            assert_eq!(again.len(), count, "{}: a reason is said twice", story.name);
        }
    }
}

/// The device and the office say the same about the same field facts.
#[test]
fn the_same_field_facts_give_the_same_bytes_with_and_without_the_companion() {
    for story in STORIES {
        let (facts, view) = played(story);
        let field = crate::lifecycle::companion::field_facts(&facts);
        let said = words(&fold(&field), &field);
        if field.len() == facts.len() {
            assert_eq!(said, words(&view, &facts), "{}", story.name);
        }
        let again = FactSet::clone(&field);
        assert_eq!(said, words(&fold(&again), &again), "{}", story.name);
    }
}

/// What the canceller reads in X-04.
#[test]
fn x_04_is_told_in_words_that_a_clerk_understands() {
    let story = STORIES.iter().find(|story| story.name == "x_04_signed_work_beats_unaware_cancel").unwrap();
    let (facts, view) = played(story);
    let told = |language| {
        let reasons = explain(&view, &facts, language);
        let reason = reasons.into_iter().find(|reason| reason.pair == Some("X-04")).unwrap();
        assert_eq!((reason.rule, reason.field), (Rule::R3, "cancel"));
        (reason.text, reason.winners[0].1.clone(), reason.losers[0].1.clone())
    };
    insta::assert_debug_snapshot!((told(Language::En), told(Language::Zh)));
}
