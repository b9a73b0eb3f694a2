//! The companion document: which of an order's facts never leave the office, and how knowledge crosses between the two
//! documents (sync.md, Audience).
//!
//! The office folds the union of both; a device folds the field document alone. Invariant: no field fact names an
//! office fact as seen, so that what concerns the field is the same in both folds.

use super::causality::Causality;
use super::fact_set::FactSet;
use super::view::OrderView;
use crate::facts::{Audience, Fact, FactBody};
use crate::ids::{FactId, FactRef, ReviewId};

/// The facts of the order's own document: what a device has.
#[must_use]
pub fn field_facts(facts: &FactSet) -> FactSet {
    let mut field = FactSet::new(facts.document());
    field.extend(facts.iter().filter(|fact| !fact.is_of_office()).cloned());
    field
}

/// What somebody who saw `frontier` of both documents had seen of the order's own: the field facts that he knew and
/// that no other of them had seen, sorted. An office fact's name in `seen` would tell devices of it, and they could
/// not follow it.
#[must_use]
pub fn field_frontier(facts: &FactSet, frontier: &[FactId]) -> Vec<FactId> {
    if facts.iter().all(|fact| !fact.is_of_office()) {
        return frontier.to_vec();
    }
    let causality = Causality::new(facts);
    let named = || causality.nodes().iter().copied().filter(|node| frontier.contains(&node.id()));
    let known = causality.known_to_any(named());
    let mut field = FactSet::new(facts.document());
    for node in causality.nodes() {
        let is_known = known.contains(*node) || frontier.contains(&node.id());
        if is_known && !node.fact.is_of_office() {
            field.insert(node.fact.clone());
        }
    }
    Causality::new(&field).frontier()
}

/// Whether a fact with this body belongs into the companion document: by its kind, or because it is about a fact or a
/// review that lies there. `facts` and `view` are of both documents.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "every other kind has one audience")]
pub fn belongs_to_office(body: &FactBody, facts: &FactSet, view: &OrderView) -> bool {
    let Some(kind) = body.kind() else { return false };
    if kind.audience() == Audience::Office {
        return true;
    }
    match body {
        FactBody::Approve(body) => is_of_office(body.subject, facts),
        FactBody::Reject(body) => is_of_office(body.subject, facts),
        FactBody::CorrectFact(body) => is_of_office(body.fact, facts),
        FactBody::FileDocument(body) => is_of_office(body.fact, facts),
        FactBody::ResolveReview(body) => is_caused_there(body.review, facts, view),
        FactBody::ReviewDefault(body) => is_caused_there(body.review, facts, view),
        _ => false,
    }
}

fn is_of_office(reference: FactRef, facts: &FactSet) -> bool {
    facts.iter().any(|fact| fact.is_of_office() && fact.id.reference() == reference)
}

/// A review of which a device cannot know all causes is decided where it cannot know the decision either.
fn is_caused_there(review: ReviewId, facts: &FactSet, view: &OrderView) -> bool {
    let causes = view.reviews.iter().filter(|one| one.id == review).flat_map(|one| &one.causes);
    causes.flat_map(|cause| facts.under(*cause)).any(Fact::is_of_office)
}
