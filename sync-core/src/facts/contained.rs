//! The fact that a supervisor let in: whole inside his own, and its author's all the same.

use super::bodies::{Admit, Discard};
use super::{Fact, FactBody, Restates, StatedFact, Statement, content_digest};
use crate::ids::{DocumentId, FactId};
use crate::wire::{self, Bytes};

impl Admit {
    /// Admits a refused fact of `document`.
    #[must_use]
    pub fn of(fact: &Fact, content_bytes: &[u8], code: crate::sync::frames::QuarantineCode, reason: String) -> Self {
        Self {
            actor: fact.id.actor,
            sequence: fact.id.sequence,
            origin: fact.origin,
            author: fact.author.clone(),
            time: fact.time,
            content: Bytes(content_bytes.to_vec()),
            code,
            reason,
        }
    }

    /// Identity of the fact that is let in.
    #[must_use]
    pub fn id(&self) -> FactId {
        FactId { actor: self.actor, sequence: self.sequence }
    }

    /// The fact that is let in, with the identity and digest it would have had by itself; `None` when the content is
    /// not of the layout, or is itself a decision about refused facts.
    #[must_use]
    pub fn fact(&self, document: DocumentId) -> Option<Fact> {
        let restates = Some(Restates { actor: self.actor, sequence: self.sequence });
        let mut bytes = vec![0x82];
        bytes.extend(wire::encode(&Statement { origin: None, author: None, restates }));
        bytes.extend(&self.content.0);
        let content = StatedFact::from_bytes(&bytes).ok()?.content;
        if matches!(content.body, FactBody::Admit(_) | FactBody::Discard(_)) {
            return None;
        }
        let digest = content_digest(document, self.id(), &self.author, self.time, &self.content.0);
        Some(Fact { id: self.id(), origin: self.origin, author: self.author.clone(), time: self.time, content, digest })
    }
}

impl Discard {
    /// Identity of the fact that stays out.
    #[must_use]
    pub fn id(&self) -> FactId {
        FactId { actor: self.actor, sequence: self.sequence }
    }
}
