//! Facts that the server states itself: office commands of people, and rules of the system.

use std::collections::BTreeSet;

use docket_sync_core::commands::{Command, Context, Decision, decide, default_author, review_default};
use docket_sync_core::document::{FactReader, FirstStatement, Record};
use docket_sync_core::facts::{
    self as facts, Author, Content, FactBody, Head, Origin, SeenRef, StatedFact, known_level, once_digest,
};
use docket_sync_core::ids::{Digest, DocumentId, FactId, FactRef, PersonId};
use docket_sync_core::lifecycle::companion::field_frontier;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::lifecycle::{Causality, FactSet, fold};
use docket_sync_core::limits;
use docket_sync_core::time::UnixMillis;

use super::error::CommitError;
use super::order::Admission;
use super::writer::Writer;

/// What the server is to state.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Who makes it.
    pub author: Author,
    /// Rare envelope fields; times are set by the writer.
    pub head: Head,
    /// What it says.
    pub body: FactBody,
    /// The frontier of the view it was decided on; `None` is the present one.
    pub seen: Option<Vec<FactId>>,
}

/// An order as somebody had it before him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorView {
    /// The frontier that he named, as identities.
    pub seen: Vec<FactId>,
    /// The fold of what he knew.
    pub view: OrderView,
    /// Facts that he did not know.
    pub not_seen: Vec<FactId>,
}

/// What came of an office command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The new fact.
    pub fact: FactId,
    /// Facts that its author had not seen.
    pub not_seen: Vec<FactId>,
}

impl Writer {
    /// States a fact on the server's own chain in the order, or in its companion where it never leaves the office.
    pub fn state(&mut self, document: DocumentId, statement: Statement) -> Result<FactId, CommitError> {
        if self.lies_in_companion(document, &statement.body)? {
            return self.state_in_companion(document, statement);
        }
        let seen = match statement.seen {
            Some(seen) if self.has_companion(document)? => Some(field_frontier(&self.both(document)?, &seen)),
            seen => seen,
        };
        self.state_as(self.origin(), document, Statement { seen, ..statement })
    }

    pub(super) fn state_as(
        &mut self,
        origin: Origin,
        document: DocumentId,
        statement: Statement,
    ) -> Result<FactId, CommitError> {
        self.begin_order(document)?;
        let actor = origin.actor();
        let now = self.now();
        let time = self.hybrid.stamp(now);
        let order = self.known_order(document)?;
        let sequence = order.meta.chains.get(&actor).map_or(1, |head| head.sequence.saturating_add(1));
        let mut frontier = statement.seen.unwrap_or_else(|| Causality::new(&order.facts).frontier());
        // Knowing less than there is to know is honest; a fact that names too much could not be read again.
        frontier.truncate(limits::SEEN_MAX);
        let lo_offset = Some(now.since(time)).filter(|offset| *offset != 0);
        let content = Content {
            level: known_level(),
            seen: seen_refs(&frontier, FactId { actor, sequence }),
            head: Head { lo_offset, claimed_offset: lo_offset, ..statement.head },
            body: statement.body,
        };
        let begins = sequence == 1;
        let stated = StatedFact::new(
            facts::Statement {
                origin: begins.then_some(origin),
                author: Some(statement.author.clone()),
                restates: None,
            },
            content,
        );
        let record = Record { actor, sequence, time, bytes: stated.to_bytes() };
        // What cannot be read again must never enter, least of all from here.
        let readable = StatedFact::from_bytes(&record.bytes);
        readable.map_err(docket_sync_core::document::DocumentError::from)?;
        let first = FirstStatement { origin: Some(origin), author: Some(statement.author) };
        let fact = FactReader::starting_with(document, actor, first.clone()).resolve(&record, stated);
        let id = fact.id;
        let first = begins.then_some(first);
        self.admit(Admission { document, record: &record, fact, first, carried_by: None })?;
        Ok(id)
    }

    /// States a fact by a rule of the system, once for its cause.
    pub fn state_by_rule(
        &mut self,
        document: DocumentId,
        rule: &str,
        causes: &[Digest],
        body: FactBody,
    ) -> Result<FactId, CommitError> {
        let head = Head { once: Some(once_digest(rule, causes)), ..Head::default() };
        let author = Author::System(rule.to_owned());
        self.state(document, Statement { author, head, body, seen: None })
    }

    /// The view that a frontier names, of both documents, and what its reader had not seen.
    pub fn view_at(&mut self, document: DocumentId, frontier: &[FactRef]) -> Result<AuthorView, CommitError> {
        let facts = self.both(document)?;
        let causality = Causality::new(&facts);
        let mut nodes = Vec::new();
        for reference in frontier {
            let before = nodes.len();
            nodes.extend(causality.resolve(*reference));
            if nodes.len() == before {
                return Err(CommitError::UnknownFrontier(*reference));
            }
        }
        let seen: Vec<FactId> = nodes.iter().map(|node| node.id()).collect();
        let known = causality.known_to_any(nodes.iter().copied());
        let mut then = FactSet::new(document);
        let mut not_seen = BTreeSet::new();
        for node in causality.nodes() {
            if known.contains(*node) || nodes.iter().any(|named| named.place() == node.place()) {
                then.insert(node.fact.clone());
            } else {
                not_seen.insert(node.id());
            }
        }
        Ok(AuthorView { seen, view: fold(&then), not_seen: not_seen.into_iter().collect() })
    }

    /// A person's command, decided on the view he had: `frontier` names it.
    pub fn office_command(
        &mut self,
        document: DocumentId,
        person: PersonId,
        frontier: &[FactRef],
        command: &Command,
    ) -> Result<Stated, CommitError> {
        let roles = self.roles(person)?;
        self.office_act(document, frontier, Context::new(person, &roles), command)
    }

    /// The same, in a context that says more: the work item.
    pub fn office_act(
        &mut self,
        document: DocumentId,
        frontier: &[FactRef],
        context: Context,
        command: &Command,
    ) -> Result<Stated, CommitError> {
        let person = context.person;
        let AuthorView { seen, view, not_seen } = self.view_at(document, frontier)?;
        let decision = decide(&view, command, &context).map_err(|refusal| CommitError::Refused(Box::new(refusal)))?;
        let statement =
            Statement { author: Author::Person(person), head: decision.head, body: decision.body, seen: Some(seen) };
        let fact = self.state(document, statement)?;
        Ok(Stated { fact, not_seen })
    }

    /// States the defaults of reviews that nobody decided in time (U-19).
    pub(super) fn fire_defaults(&mut self, document: DocumentId, now: UnixMillis) -> Result<(), CommitError> {
        let view = self.current_view(document)?;
        let facts = self.both(document)?;
        let order = self.known_order(document)?;
        let fires = view.reviews.iter().filter(|review| order.meta.due_of(review).is_some_and(|due| due <= now));
        let decisions: Vec<_> = fires.filter_map(|review| Some((review.id, review_default(review, &facts)?))).collect();
        for (review, Decision { body, head }) in decisions {
            let stated = self.state(document, Statement { author: default_author(), head, body, seen: None });
            let stated = CommitError::unless_full(stated, "the default of a review")?;
            // Nothing ever leaves an order: it would fall due, and find no room, for ever.
            if let (None, Some(order)) = (stated, self.orders.get_mut(&document)) {
                order.meta.without_room.get_or_insert_default().insert(review);
            }
        }
        Ok(())
    }
}

/// References to a frontier from the fact `id`: one byte for the fact just before it.
#[must_use]
fn seen_refs(frontier: &[FactId], id: FactId) -> Vec<SeenRef> {
    frontier
        .iter()
        .map(|seen| {
            if seen.actor == id.actor && seen.sequence.checked_add(1) == Some(id.sequence) {
                SeenRef::Previous
            } else {
                SeenRef::Fact(seen.reference())
            }
        })
        .collect()
}
