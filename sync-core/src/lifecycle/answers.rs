//! What technicians said to their assignments: by words, or by setting out.

use std::collections::BTreeMap;

use super::causality::{Node, Places};
use super::dispatches::Dispatch;
use super::ground::{Ground, each};
use super::view::AssignmentFacet;
use crate::facts::FactBody;
use crate::ids::{FactRef, PersonId};

/// What technicians said to their assignments.
pub(super) struct Answers<'a> {
    accepts: BTreeMap<FactRef, Vec<Node<'a>>>,
    refuses: BTreeMap<FactRef, Vec<Node<'a>>>,
    /// Who sets out, or comes.
    departs: BTreeMap<PersonId, Vec<Node<'a>>>,
    /// What each of them had seen when he set out.
    known_departing: BTreeMap<PersonId, Places>,
    /// What each of them says to have seen.
    known_seen: BTreeMap<PersonId, Places>,
}

/// Answers to one assignment that are held against its refusals: honest people give one or two.
const ANSWERS_MAX: usize = 64;

impl<'a> Answers<'a> {
    pub(super) fn new(ground: &Ground<'a>) -> Self {
        let mut answers = Self {
            accepts: BTreeMap::new(),
            refuses: BTreeMap::new(),
            departs: BTreeMap::new(),
            known_departing: BTreeMap::new(),
            known_seen: BTreeMap::new(),
        };
        for (node, body) in each!(ground, Accept) {
            answers.accepts.entry(body.assignment).or_default().push(node);
        }
        for (node, body) in each!(ground, Refuse) {
            answers.refuses.entry(body.assignment).or_default().push(node);
        }
        let departs = ground
            .live()
            .filter(|node| matches!(node.fact.body(), FactBody::Depart(_) | FactBody::Arrive(_)))
            .filter(|node| !ground.is_withdrawn(*node));
        for node in departs {
            if let Some(person) = node.fact.person() {
                answers.departs.entry(person).or_default().push(node);
            }
        }
        let known = |nodes: &Vec<Node<'a>>| ground.causality.known_to_any(nodes.iter().copied());
        answers.known_departing = answers.departs.iter().map(|(person, nodes)| (*person, known(nodes))).collect();
        let mut seens: BTreeMap<PersonId, Vec<Node<'a>>> = BTreeMap::new();
        for (node, _) in each!(ground, Seen) {
            if let Some(person) = node.fact.person() {
                seens.entry(person).or_default().push(node);
            }
        }
        answers.known_seen = seens.iter().map(|(person, nodes)| (*person, known(nodes))).collect();
        answers
    }

    /// The technician's last answer; a refusal that does not know of the acceptance is the safer one (R2).
    pub(super) fn facet(&self, ground: &Ground<'a>, assign: Node<'a>, body: &Dispatch<'a>) -> AssignmentFacet {
        let reference = assign.id().reference();
        let his = |node: &&Node<'a>| node.fact.person() == Some(body.technician);
        let has = |known: &BTreeMap<PersonId, Places>| {
            known.get(&body.technician).is_some_and(|places| places.contains(assign))
        };
        let accepts = || self.accepts.get(&reference).into_iter().flatten().filter(his);
        let mut refuses = self.refuses.get(&reference).into_iter().flatten().filter(his).peekable();
        if refuses.peek().is_none() {
            // Who sets out knowing the assignment has taken it.
            return if body.by_himself || accepts().next().is_some() || has(&self.known_departing) {
                AssignmentFacet::Accepted
            } else if has(&self.known_seen) {
                AssignmentFacet::Seen
            } else {
                AssignmentFacet::Pending
            };
        }
        let refuses: Vec<Node<'a>> = refuses.copied().collect();
        let departs = self.departs.get(&body.technician).into_iter().flatten();
        let departs = departs.rev().take(ANSWERS_MAX).filter(|node| ground.knows(**node, assign));
        let answers = accepts().rev().take(ANSWERS_MAX).chain(departs);
        // The last refusals decide: who knows them knows those before.
        let known = ground.causality.known_to_any(refuses.iter().copied());
        let last: Vec<Node<'a>> = refuses.into_iter().filter(|refuse| !known.contains(*refuse)).collect();
        let knows_all = |answer: &Node<'a>| last.iter().all(|refuse| ground.knows(*answer, *refuse));
        if answers.into_iter().any(knows_all) { AssignmentFacet::Accepted } else { AssignmentFacet::Refused }
    }
}
