//! What the rules find beside the order's fields: reviews with their decisions, notices, explanations, void facts.

use std::collections::{BTreeMap, BTreeSet};

use super::causality::Node;
use super::ground::{Ground, each, r2};
use super::reviews::{Terms, review_id, terms};
use super::view::{Explanation, Notice, Review, ReviewKind, ReviewStatus, Rule};
use crate::facts::values::ReviewChoice;
use crate::facts::{Author, Role};
use crate::ids::{Digest, FactId, PersonId, ReviewId};

/// The author of defaults that fire.
pub const REVIEW_DEFAULT_RULE: &str = "review-default";

/// A decision about a review.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decision<'a> {
    /// The fact that states it.
    pub(super) node: Node<'a>,
    /// What was chosen.
    pub(super) choice: ReviewChoice,
    /// A default that fired, not a person.
    by_default: bool,
}

/// Collects what the rules find.
#[derive(Default)]
pub(super) struct Findings<'a> {
    decisions: BTreeMap<ReviewId, Vec<Decision<'a>>>,
    reviews: BTreeMap<ReviewId, Review>,
    notices: Vec<Notice>,
    told: BTreeSet<(Option<PersonId>, Role, &'static str, FactId)>,
    explanations: Vec<Explanation>,
    /// What was said.
    said: BTreeSet<Explanation>,
    void: BTreeMap<usize, FactId>,
}

/// One sentence of `explain` before its facts are named.
#[derive(Clone, Copy)]
pub(super) struct Because {
    /// The field.
    pub(super) field: &'static str,
    /// The value that shows.
    pub(super) value: &'static str,
    /// The rule.
    pub(super) rule: Rule,
    /// The named pair.
    pub(super) pair: Option<&'static str>,
    /// Message key.
    pub(super) message: &'static str,
}

impl<'a> Findings<'a> {
    /// Collects the decisions that people and the timer made about reviews.
    pub(super) fn hear_decisions(&mut self, ground: &Ground<'a>) {
        for (node, body) in each!(ground, ResolveReview) {
            let decision = Decision { node, choice: body.choice, by_default: false };
            self.decisions.entry(body.review).or_default().push(decision);
        }
        for (node, body) in each!(ground, ReviewDefault) {
            if matches!(&node.fact.author, Author::System(rule) if rule == REVIEW_DEFAULT_RULE) {
                let decision = Decision { node, choice: body.choice, by_default: true };
                self.decisions.entry(body.review).or_default().push(decision);
            } else {
                self.void(node, Rule::R10);
            }
        }
    }

    /// The decision that counts, without raising the review: a person's before a default's, the causally later
    /// one, else by R2.
    pub(super) fn decision(&self, ground: &Ground<'a>, terms: &Terms, causes: &[Node<'a>]) -> Option<Decision<'a>> {
        self.decision_that(ground, terms, causes, |_| true)
    }

    /// The same as the author of `reader` knew it.
    pub(super) fn decision_known_to(
        &self,
        ground: &Ground<'a>,
        reader: Node<'a>,
        terms: &Terms,
        causes: &[Node<'a>],
    ) -> Option<ReviewChoice> {
        self.decision_that(ground, terms, causes, |node| ground.knows(reader, node)).map(|decision| decision.choice)
    }

    fn decision_that(
        &self,
        ground: &Ground<'a>,
        terms: &Terms,
        causes: &[Node<'a>],
        passes: impl Fn(Node<'a>) -> bool,
    ) -> Option<Decision<'a>> {
        let id = review_id(terms.kind, &digests(causes));
        let offered = |decision: &&Decision<'a>| is_offered(terms, decision) && passes(decision.node);
        self.decisions.get(&id)?.iter().filter(offered).copied().reduce(|best, other| {
            let better = match (best.by_default, other.by_default) {
                (true, false) => true,
                (false, true) => false,
                _ if ground.knows(other.node, best.node) => true,
                _ if ground.knows(best.node, other.node) => false,
                _ => r2(other.node, best.node).is_gt(),
            };
            if better { other } else { best }
        })
    }

    /// Raises a review; answers the decision about it.
    pub(super) fn raise(
        &mut self,
        ground: &Ground<'a>,
        terms: &Terms,
        causes: &[Node<'a>],
        rule: Rule,
    ) -> Option<Decision<'a>> {
        let decision = self.decision(ground, terms, causes);
        let id = review_id(terms.kind, &digests(causes));
        let refused: Vec<_> = self
            .decisions
            .get(&id)
            .into_iter()
            .flatten()
            .filter(|stated| !is_offered(terms, stated))
            .map(|stated| stated.node)
            .collect();
        for node in refused {
            self.void(node, Rule::R10);
        }
        let status = match decision {
            None => ReviewStatus::Open,
            Some(Decision { by_default: true, .. }) => ReviewStatus::Defaulted,
            Some(_) => ReviewStatus::Resolved,
        };
        self.file(terms, causes, rule, status, decision.map(|decision| decision.choice));
        decision
    }

    /// Files a review that a later fact has made pointless.
    pub(super) fn lapse(&mut self, ground: &Ground<'a>, terms: &Terms, causes: &[Node<'a>], rule: Rule) {
        if self.raise(ground, terms, causes, rule).is_none() {
            self.file(terms, causes, rule, ReviewStatus::Lapsed, None);
        }
    }

    fn file(
        &mut self,
        terms: &Terms,
        causes: &[Node<'a>],
        rule: Rule,
        status: ReviewStatus,
        choice: Option<ReviewChoice>,
    ) {
        let id = review_id(terms.kind, &digests(causes));
        let mut ids: Vec<FactId> = causes.iter().map(Node::id).collect();
        ids.sort_unstable();
        let latest = causes.iter().map(|node| node.fact.lo()).max();
        let review = Review {
            id,
            kind: terms.kind,
            causes: ids,
            owner: terms.owner,
            due: terms.limit_ms.and_then(|limit| latest.map(|lo| lo.plus(limit))),
            default: terms.default,
            choices: terms.choices.to_vec(),
            blocking: terms.blocking,
            status,
            choice,
            rule,
        };
        self.reviews.insert(id, review);
    }

    /// Marks a fact void: it contradicts its own causal past. It stays visible, and its review says so (R10).
    pub(super) fn void(&mut self, node: Node<'a>, rule: Rule) {
        if self.void.insert(node.place(), node.id()).is_none() {
            let choice = None;
            self.file(&terms(ReviewKind::VoidFact), &[node], rule, ReviewStatus::Open, choice);
            let because = Because { field: "void", value: "void", rule, pair: None, message: "explain.void" };
            self.explain(because, &[], &[node]);
        }
    }

    /// Whether a rule marked the fact void so far.
    pub(super) fn is_void(&self, node: Node<'_>) -> bool {
        self.void.contains_key(&node.place())
    }

    /// Somebody must be told.
    pub(super) fn tell(&mut self, person: Option<PersonId>, role: Role, message: &'static str, about: Node<'a>) {
        if self.told.insert((person, role, message, about.id())) {
            self.notices.push(Notice { person, role, message, fact: about.id() });
        }
    }

    /// The author of `node` must be told of `about`.
    pub(super) fn tell_author(&mut self, node: Node<'a>, message: &'static str, about: Node<'a>) {
        self.tell(node.fact.person(), super::ground::role(node), message, about);
    }

    /// Says why a field is what it is, unless it was said of these very facts before.
    pub(super) fn explain_unless_said(&mut self, because: Because, winners: &[Node<'a>], losers: &[Node<'a>]) {
        if !self.said.contains(&reason(because, winners, losers)) {
            self.explain(because, winners, losers);
        }
    }

    /// Says why a field is what it is.
    pub(super) fn explain(&mut self, because: Because, winners: &[Node<'a>], losers: &[Node<'a>]) {
        let reason = reason(because, winners, losers);
        self.said.insert(reason.clone());
        self.explanations.push(reason);
    }

    /// Reviews of void facts get their decisions last, when all void facts are known.
    pub(super) fn finish(mut self, ground: &Ground<'a>) -> Report {
        let void: Vec<_> = self.void.keys().copied().collect();
        for place in void {
            if let Some(node) = ground.causality.nodes().get(place).copied() {
                self.raise(ground, &terms(ReviewKind::VoidFact), &[node], Rule::R10);
            }
        }
        let mut void: Vec<FactId> = self.void.into_values().collect();
        void.sort_unstable();
        void.dedup();
        Report {
            reviews: self.reviews.into_values().collect(),
            notices: self.notices,
            explanations: self.explanations,
            void,
        }
    }
}

fn reason<'a>(because: Because, winners: &[Node<'a>], losers: &[Node<'a>]) -> Explanation {
    Explanation {
        field: because.field,
        value: because.value.to_owned(),
        rule: because.rule,
        pair: because.pair,
        winners: winners.iter().map(Node::id).collect(),
        losers: losers.iter().map(Node::id).collect(),
        message: because.message,
    }
}

/// Whether the decision is one of the review's choices, by somebody who may take it: its owner, or a supervisor. A
/// default fires only where there is a limit.
fn is_offered(terms: &Terms, decision: &Decision<'_>) -> bool {
    let role = super::ground::role(decision.node);
    let owns = role == terms.owner || role == Role::Supervisor;
    let entitled = if decision.by_default { terms.limit_ms.is_some() } else { owns };
    entitled && terms.choices.contains(&decision.choice)
}

/// What the rules found, ready for the view.
pub(super) struct Report {
    pub(super) reviews: Vec<Review>,
    pub(super) notices: Vec<Notice>,
    pub(super) explanations: Vec<Explanation>,
    pub(super) void: Vec<FactId>,
}

fn digests(causes: &[Node<'_>]) -> Vec<Digest> {
    causes.iter().map(|node| node.fact.digest).collect()
}
