//! Quarantined facts that a supervisor admitted: each counts as its author's, as if it had been there (sync.md, The
//! gate).
//!
//! The admitting fact contains the original whole, author and `seen` included. Who knows the admission knows the fact.

use std::borrow::Cow;

use super::fact_set::FactSet;
use crate::facts::{Content, Fact, FactBody, FactKind, SeenRef, StatedFact, Statement, bodies, content_digest};
use crate::ids::FactId;
use crate::wire;

/// The set with every admitted fact in it; the set itself where none was admitted.
pub(super) fn with_admitted(facts: &FactSet) -> Cow<'_, FactSet> {
    if facts.iter().all(|fact| fact.kind() != Some(FactKind::Admit)) {
        return Cow::Borrowed(facts);
    }
    let mut whole = FactSet::new(facts.document());
    for fact in facts.iter() {
        let FactBody::Admit(body) = fact.body() else {
            whole.insert(fact.clone());
            continue;
        };
        let mut admission = fact.clone();
        if let Some(admitted) = admitted(facts, body) {
            // A fact that arrived after all is that fact: it is not there twice.
            if facts.under(admitted.id).next().is_none() {
                admission.content.seen.push(SeenRef::Fact(admitted.id.reference()));
                whole.insert(admitted);
            }
        }
        whole.insert(admission);
    }
    Cow::Owned(whole)
}

/// The fact that an admission contains; `None` where the bytes are not a fact.
fn admitted(facts: &FactSet, body: &bodies::Admit) -> Option<Fact> {
    let id = FactId { actor: body.actor, sequence: body.sequence };
    let mut bytes = vec![0x82];
    bytes.extend(wire::encode(&Statement::default()));
    bytes.extend(body.content.iter());
    let stated = StatedFact::from_bytes(&bytes).ok()?;
    let digest = content_digest(facts.document(), id, &body.author, body.time, &stated.content_bytes);
    let content: Content = stated.content;
    Some(Fact { id, origin: None, author: body.author.clone(), time: body.time, content, digest })
}
