//! What a fold says in words: who must be told, and why a field is what it is. Keys of the catalogue, no texts.

use super::view::Rule;
use crate::facts::Role;
use crate::ids::{FactId, PersonId};

/// Somebody must be told; the message is a key of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whom: a person where one is named, else everybody with the role.
    pub person: Option<PersonId>,
    /// The role.
    pub role: Role,
    /// Message key.
    pub message: &'static str,
    /// The fact it is about.
    pub fact: FactId,
}

/// Why one field is what it is: the competing facts, the rule, the loser.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explanation {
    /// The field: `state`, `assignment`, `appointment`, `signature`, `line`, `cancel`, ...
    pub field: &'static str,
    /// The value that shows.
    pub value: String,
    /// The rule that decided.
    pub rule: Rule,
    /// The pair, where one of the named pairs decided (`X-04`).
    pub pair: Option<&'static str>,
    /// The facts that won.
    pub winners: Vec<FactId>,
    /// The facts that lost or wait.
    pub losers: Vec<FactId>,
    /// Message key of the sentence.
    pub message: &'static str,
}
