//! `explain`: why every field that is not trivially set is what it is, in words (U-03).
//!
//! The same facts give the same bytes on device and server.

use super::causality::{Causality, Node};
use super::fact_set::FactSet;
use super::messages::{Language, coded, filled};
use super::summary::summary;
use super::view::{OrderView, Rule};
use crate::ids::{FactId, PersonId};
use crate::time::UnixMillis;

/// One reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The field that it is about.
    pub field: &'static str,
    /// The value that shows.
    pub value: String,
    /// The rule that decided.
    pub rule: Rule,
    /// The named pair, where one decided.
    pub pair: Option<&'static str>,
    /// The facts that won, with one line for each.
    pub winners: Vec<(FactId, String)>,
    /// The facts that lost or wait.
    pub losers: Vec<(FactId, String)>,
    /// The sentence.
    pub text: String,
    /// The rule in words.
    pub rule_text: &'static str,
}

/// The reasons of a view in one language. `facts` is the set that the view was folded from.
#[must_use]
pub fn explain(view: &OrderView, facts: &FactSet, language: Language) -> Vec<Reason> {
    let told = |ids: &[FactId]| -> Vec<(FactId, String)> {
        ids.iter().filter_map(|id| facts.get(*id).map(|fact| (*id, summary(fact, language)))).collect()
    };
    let first = |told: &[(FactId, String)]| told.first().map(|(_, text)| text.clone()).unwrap_or_default();
    view.explanations
        .iter()
        .map(|explanation| {
            let (winners, losers) = (told(&explanation.winners), told(&explanation.losers));
            let values = [("winner", first(&winners)), ("loser", first(&losers))];
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Reason {
                field: explanation.field,
                value: explanation.value.clone(),
                rule: explanation.rule,
                pair: explanation.pair,
                text: filled(explanation.message, language, &values),
                rule_text: coded("rule", explanation.rule.code(), language),
                winners,
                losers,
            }
        })
        .collect()
}

/// What a person knew of at a time: the facts that he had stated by then, and what they had seen (U-18). Only what he
/// says to have seen counts; what lay on his device unread does not.
#[must_use]
pub fn known_by(facts: &FactSet, person: PersonId, at: UnixMillis) -> FactSet {
    let causality = Causality::new(facts);
    let is_his = |node: &Node<'_>| node.fact.person() == Some(person) && node.fact.lo() <= at;
    let past = causality.known_to_any(causality.nodes().iter().copied().filter(is_his));
    let nodes = causality.nodes().iter().filter(|node| past.contains(**node) || is_his(node));
    let mut known = FactSet::new(facts.document());
    known.extend(nodes.map(|node| node.fact.clone()));
    known
}

/// What had been stated before a hybrid time, whoever knew of it: the order as it stood then.
#[must_use]
pub fn stated_before(facts: &FactSet, time: UnixMillis) -> FactSet {
    let mut before = FactSet::new(facts.document());
    before.extend(facts.iter().filter(|fact| fact.time < time).cloned());
    before
}

/// What one fact knew of, in canonical order: the order as its author saw it (U-18).
#[must_use]
pub fn known_to(facts: &FactSet, id: FactId) -> FactSet {
    let causality = Causality::new(facts);
    let mut known = FactSet::new(facts.document());
    let Some(reader) = causality.nodes().iter().find(|node| node.id() == id) else {
        return known;
    };
    known
        .extend(causality.nodes().iter().filter(|node| causality.knows(*reader, **node)).map(|node| node.fact.clone()));
    known
}
