//! Each of the twelve merge rules, broken on purpose: some story of the pairs must notice, and every story that shows
//! something else under a broken rule must have cited that rule.

use std::collections::BTreeMap;

use super::super::scenario::{STORIES, Scenario, Stage, Who};
use crate::lifecycle::fold;
use crate::lifecycle::view::Rule;
use crate::sabotage::breaking;

/// The stories that fail under a broken rule.
fn failing(rule: Rule) -> Vec<&'static str> {
    let mut failing = Vec::new();
    for story in STORIES {
        let differs = breaking(rule, || {
            let mut scenario = Scenario::default();
            (story.play)(&mut scenario);
            let facts = scenario.facts();
            let person = |who: Who| scenario.person(who);
            !(story.expected)().differences(&fold(&facts), &facts, &person).is_empty()
        });
        if differs {
            failing.push(story.name);
        }
    }
    failing
}

#[test]
fn every_broken_merge_rule_is_noticed_by_a_story() {
    let mut table = BTreeMap::new();
    for rule in Rule::ALL {
        table.insert(rule.to_string(), failing(*rule));
    }
    for (rule, stories) in &table {
        println!("{rule}: {}", stories.join(", "));
    }
    for rule in Rule::ALL {
        let cites = |name: &str| {
            let story = STORIES.iter().find(|story| story.name == name).unwrap();
            (story.expected)().cites.iter().any(|(cited, _)| cited == rule)
        };
        let noticed = &table[&rule.to_string()];
        assert!(!noticed.is_empty(), "nothing notices that {rule} is broken");
        assert!(noticed.iter().any(|name| cites(name)), "{rule}: none of {noticed:?} is about it");
    }
    assert!(
        STORIES.iter().all(|story| {
            let mut scenario = Scenario::default();
            (story.play)(&mut scenario);
            let facts = scenario.facts();
            (story.expected)().differences(&fold(&facts), &facts, &|who| scenario.person(who)).is_empty()
        }),
        "every story holds again once nothing is broken"
    );
}
