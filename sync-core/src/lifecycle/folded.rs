//! A set of facts with its fold, kept up when a fact is added: the whole is folded again unless the fact is known to
//! change one part of the view only.
//!
//! Invariant: the view is always what [`fold`] gives for the facts; a property test compares them after every fact.

use super::fact_set::FactSet;
use super::fold::{fold, note_view, stated_view};
use super::view::OrderView;
use crate::facts::{Author, Fact, FactBody, SeenRef};
use crate::ids::{FactId, FactRef};

/// What adding a fact took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was there already.
    Known,
    /// The part of the view that it concerns was extended.
    Extended,
    /// Everything was folded again.
    Refolded,
}

/// Facts and their fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    // Invariant: `view` is the fold of `facts`.
    facts: FactSet,
    view: OrderView,
}

impl Folded {
    /// Folds a set.
    #[must_use]
    pub fn new(facts: FactSet) -> Self {
        let view = fold(&facts);
        Self { facts, view }
    }

    /// The facts.
    #[must_use]
    pub fn facts(&self) -> &FactSet {
        &self.facts
    }

    /// Their fold.
    #[must_use]
    pub fn view(&self) -> &OrderView {
        &self.view
    }

    /// Adds one fact.
    pub fn add(&mut self, fact: Fact) -> Added {
        let is_note = self.is_plain_note(&fact);
        let note = if is_note { note_view(&fact) } else { None };
        let (id, time, stated) = (fact.id, fact.time, stated_view(&fact));
        if !self.facts.insert(fact) {
            return Added::Known;
        }
        let Some(note) = note else {
            self.view = fold(&self.facts);
            return Added::Refolded;
        };
        // It knows every other fact, so it comes last and is all that nobody has seen.
        self.view.notes.push(note);
        let at = self.view.stated.partition_point(|other| *other < stated);
        self.view.stated.insert(at, stated);
        self.view.frontier = vec![id];
        self.view.facts = self.facts.len();
        self.view.updated = self.view.updated.max(time);
        Added::Extended
    }

    /// Whether `fact` is a note that only joins the notes: a person's, decided on this very view, that no fact names.
    /// A note on a closed order is an amendment, and one by somebody who was replaced shows that he was told
    ///
    fn is_plain_note(&self, fact: &Fact) -> bool {
        let is_note = matches!(fact.body(), FactBody::AddNote(_)) && matches!(fact.author, Author::Person(_));
        let has_seen = |id: &FactId| {
            fact.content.seen.iter().any(|seen| match seen {
                SeenRef::Fact(reference) => *reference == id.reference(),
                SeenRef::Previous => id.actor == fact.id.actor && id.sequence.checked_add(1) == Some(fact.id.sequence),
            })
        };
        is_note
            && self.view.closed.is_none()
            && !self.view.explanations.iter().any(|explanation| explanation.pair == Some("X-17"))
            && self.view.frontier.iter().all(has_seen)
            && !self.facts.iter().any(|other| concerns(other, fact.id))
    }
}

/// Whether a fact has this identity's reference, or names it.
fn concerns(other: &Fact, id: FactId) -> bool {
    let reference = id.reference();
    let follows = other.id.actor == id.actor && id.sequence.checked_add(1) == Some(other.id.sequence);
    let is_seen = other.content.seen.iter().any(|seen| match seen {
        SeenRef::Fact(seen) => *seen == reference,
        SeenRef::Previous => follows,
    });
    other.id.reference() == reference || is_seen || names(other.body(), reference)
}

/// Whether a body names a fact that could be a note.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other kind names visits and assignments only, or nothing")]
fn names(body: &FactBody, reference: FactRef) -> bool {
    match body {
        FactBody::ReverseLine(body) => body.line == reference,
        FactBody::SignDocument(body) => body.covered.contains(&reference),
        FactBody::Acknowledge(body) => body.fact == reference,
        FactBody::WithdrawOwn(body) => body.fact == reference,
        FactBody::Reinstate(body) => body.cancel == reference,
        FactBody::RejectSignature(body) => body.signature == reference,
        FactBody::SignByCode(body) => body.covered.contains(&reference),
        FactBody::AttachPaper(body) => body.covered.contains(&reference) || body.printed == Some(reference),
        FactBody::PrintVoucher(body) => body.covered.contains(&reference),
        FactBody::CorrectFact(body) => body.fact == reference,
        FactBody::FileDocument(body) => body.fact == reference,
        FactBody::Approve(body) => body.subject == reference,
        FactBody::Reject(body) => body.subject == reference,
        FactBody::PassOver(body) => body.fact == reference || body.seen.contains(&reference),
        _ => false,
    }
}
