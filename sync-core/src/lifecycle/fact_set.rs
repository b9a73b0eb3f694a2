//! The facts of one document as a set: what the fold reads. Not a document: no bytes, no chains, no proofs.
//!
//! Invariant: iteration never depends on the order of insertion (promise 4: everyone converges).

use std::collections::BTreeMap;

use crate::facts::{Fact, FactBody};
use crate::ids::{Digest, DocumentId, FactId};

/// All facts of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactSet {
    document: DocumentId,
    // Invariant: the key is the fact's identity and digest. Same identity and digest is one fact; same identity
    // and another digest is two facts, both kept (a cloned device, X-76).
    facts: BTreeMap<(FactId, Digest), Fact>,
}

impl FactSet {
    /// The empty set of one document.
    #[must_use]
    pub fn new(document: DocumentId) -> Self {
        Self { document, facts: BTreeMap::new() }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.document
    }

    /// Adds a fact; `false` when it was there already (restated, or delivered twice). A fact that a supervisor let in
    /// counts as its author's, beside the supervisor's own.
    pub fn insert(&mut self, fact: Fact) -> bool {
        if let FactBody::Admit(admit) = fact.body() {
            if let Some(contained) = admit.fact(self.document) {
                self.insert_one(contained);
            }
        }
        self.insert_one(fact)
    }

    fn insert_one(&mut self, fact: Fact) -> bool {
        match self.facts.entry((fact.id, fact.digest)) {
            std::collections::btree_map::Entry::Occupied(_) => false,
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(fact);
                true
            }
        }
    }

    /// Number of facts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Every fact, by identity and digest.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    /// Every fact under one identity: one, or several when a device was cloned.
    pub fn under(&self, id: FactId) -> impl Iterator<Item = &Fact> {
        self.facts.range((id, Digest([0; 32]))..=(id, Digest([0xff; 32]))).map(|(_, fact)| fact)
    }

    /// The first fact under one identity.
    #[must_use]
    pub fn get(&self, id: FactId) -> Option<&Fact> {
        self.under(id).next()
    }
}

impl Extend<Fact> for FactSet {
    fn extend<T: IntoIterator<Item = Fact>>(&mut self, facts: T) {
        for fact in facts {
            self.insert(fact);
        }
    }
}
