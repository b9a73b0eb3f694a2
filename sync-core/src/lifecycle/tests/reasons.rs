//! `explain`: what decided is cited, in both languages, with the same bytes on every replica.

use super::super::scenario::{STORIES, Scenario, Story};
use crate::ids::FactId;
use crate::lifecycle::facets::{ConsentState, Holder, ReceiptState};
use crate::lifecycle::view::{
    AssignmentFacet, CancelEffect, LineStanding, NotBillable, OrderState, OrderView, ReviewStatus, Rule, SignatureFacet,
};
use crate::lifecycle::{Causality, FactSet, Language, explain, fold};

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

/// What a view shows that no single fact says, as fields of `explain` with the facts that compete for them; with no
/// facts, any reason about the field will do.
fn decided(facts: &FactSet, view: &OrderView) -> Vec<(&'static [&'static str], Vec<FactId>)> {
    let mut decided: Vec<(&'static [&'static str], Vec<FactId>)> = Vec::new();
    let causality = Causality::new(facts);
    let knows = |one: FactId, other: FactId| {
        let node = |id| causality.nodes().iter().find(|node| node.id() == id).copied();
        node(one).zip(node(other)).is_some_and(|(one, other)| causality.knows(one, other))
    };
    for cancel in view.cancels.iter().filter(|cancel| cancel.effect != CancelEffect::Cancelled) {
        // Whoever takes his own cancel back competes with nobody.
        if cancel.effect != CancelEffect::Withdrawn {
            decided.push((&["cancel", "state", "void"], vec![cancel.at.fact]));
        }
    }
    let effective = view.assigned.and_then(|index| view.assignments.get(index));
    for assignment in view.assignments.iter().filter(|one| one.facet == AssignmentFacet::Superseded) {
        let (lost, won) = (assignment.at.fact, effective.map(|one| one.at.fact));
        if won.is_some_and(|won| !knows(won, lost)) {
            decided.push((&["assignment"], vec![lost]));
        }
    }
    if !view.blocked_windows.is_empty() {
        decided.push((&["appointment"], Vec::new()));
    }
    for line in &view.lines {
        if line.held == Some(NotBillable::OutsideSignature) {
            decided.push((&["signature", "line"], vec![line.at.fact]));
        }
        if line.standing == LineStanding::Void {
            decided.push((&["line", "void"], vec![line.at.fact]));
        }
    }
    decided.extend(view.void.iter().map(|fact| (["void"].as_slice(), vec![*fact])));
    decided.extend(
        view.signatures.iter().filter(|one| one.rejected).map(|one| (["signature"].as_slice(), vec![one.at.fact])),
    );
    for custody in &view.facets.custody {
        let is_decided = matches!(custody.holder, Holder::Conflict(_));
        if is_decided || custody.receipt_state == ReceiptState::VoidWithoutPaper {
            decided.push((&["custody"], if is_decided { vec![custody.at.fact] } else { Vec::new() }));
        }
    }
    let facets = &view.facets;
    decided.extend(facets.corrections.iter().map(|one| (["time", "line", "text"].as_slice(), vec![one.at.fact])));
    decided.extend(
        facets.discounts.iter().filter(|one| !one.counts).map(|one| (["money", "void"].as_slice(), vec![one.at.fact])),
    );
    let rejected = facets.approvals.iter().filter(|one| one.way.is_none() && one.covers);
    decided.extend(rejected.map(|one| (["approval"].as_slice(), vec![one.at.fact])));
    for reopen in facts.iter().filter(|fact| fact.kind() == Some(crate::facts::FactKind::Reopen)) {
        decided.push((&["state"], vec![reopen.id]));
    }
    for quote in facets.quotes.iter().filter(|quote| quote.current && quote.consent == ConsentState::Open) {
        // An older version was agreed to, and neither knew of the other.
        let agreed = facets.quotes.iter().filter(|other| other.consent == ConsentState::Given);
        let mut answers = agreed.filter_map(|other| other.answer.as_ref());
        if answers.any(|answer| !knows(quote.at.fact, answer.at.fact) && !knows(answer.at.fact, quote.at.fact)) {
            decided.push((&["consent"], vec![quote.at.fact]));
        }
    }
    let any: [(bool, &'static [&'static str]); 6] = [
        (view.state == OrderState::CancelContested, &["state", "cancel"]),
        (view.signature == SignatureFacet::SignedPartial, &["signature"]),
        (!view.facets.money.overpaid.values().all(|minor| *minor == 0), &["money"]),
        (view.unknown_facts > 0, &["facts"]),
        (view.facets.paperwork_due, &["paperwork"]),
        (!view.facets.low_confidence.is_empty(), &["time"]),
    ];
    decided.extend(any.into_iter().filter(|(is_so, _)| *is_so).map(|(_, field)| (field, Vec::new())));
    decided
}

/// U-03: whatever competing facts decided is explained with the fact that it is about.
#[test]
fn every_field_that_facts_compete_for_is_explained_with_them() {
    let (mut silent, mut asked) = (Vec::new(), 0);
    for story in STORIES {
        let (facts, view) = played(story);
        for (fields, about) in decided(&facts, &view) {
            asked += 1;
            let said = view.explanations.iter().any(|reason| {
                let mut named = reason.winners.iter().chain(&reason.losers);
                fields.contains(&reason.field) && (about.is_empty() || named.any(|fact| about.contains(fact)))
            });
            if !said {
                silent.push(format!("{}: nothing says why {fields:?} is as it is, about {about:?}", story.name));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
    assert!(asked > 50, "the stories have {asked} fields to explain");
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

/// The device and the office say the same about the same field facts, word for word: what the office says besides is
/// about a fact that no device has.
#[test]
fn the_same_field_facts_are_explained_in_the_same_words_with_and_without_the_companion() {
    let mut besides = 0;
    for story in STORIES {
        let (facts, view) = played(story);
        let field = crate::lifecycle::companion::field_facts(&facts);
        let on_device = fold(&field);
        for language in Language::ALL {
            let words = |view: &OrderView, facts: &FactSet| -> Vec<(Vec<FactId>, String)> {
                let reasons = explain(view, facts, *language);
                let named = |list: &[(FactId, String)]| list.iter().map(|(fact, _)| *fact).collect::<Vec<_>>();
                let told = |reason: &crate::lifecycle::Reason| {
                    ([named(&reason.winners), named(&reason.losers)].concat(), format!("{reason:?}"))
                };
                reasons.iter().map(told).collect()
            };
            let at_office = words(&view, &facts);
            let (alike, beside): (Vec<_>, Vec<_>) =
                at_office.into_iter().partition(|(named, _)| named.iter().all(|fact| field.get(*fact).is_some()));
            assert_eq!(words(&on_device, &field), alike, "{}", story.name);
            besides += beside.len();
        }
    }
    assert!(besides > 4, "the stories have {besides} reasons about what only the office knows");
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
