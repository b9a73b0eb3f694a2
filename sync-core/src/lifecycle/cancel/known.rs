//! What a reader knew of the cancels: whether his page showed the work as not charged.

use super::effects::late_terms;
use super::{began_knowing, stated};
use crate::facts::FactBody;
use crate::facts::values::ReviewChoice;
use crate::lifecycle::causality::Node;
use crate::lifecycle::findings::Findings;
use crate::lifecycle::ground::Ground;
use crate::lifecycle::reviews::terms;
use crate::lifecycle::view::ReviewKind;
use crate::lifecycle::visits::Visits;

/// Cancels that are looked at: honest orders have one or two.
const CANCELS_MAX: usize = 16;

/// Every cancel with what it holds, if it stands.
#[derive(Default)]
pub(in crate::lifecycle) struct Known<'a> {
    /// Facts that take a cancel back, with the cancel that each names.
    taken_back: Vec<(Node<'a>, Node<'a>)>,
    /// Late cancels, each with a DONE that did not know it.
    late: Vec<(Node<'a>, Node<'a>)>,
    /// Cancels with the visits whose work began knowing them.
    barred: Vec<(Node<'a>, usize)>,
}

impl<'a> Known<'a> {
    pub(super) fn new(
        ground: &Ground<'a>,
        findings: &Findings<'a>,
        visits: &Visits<'a>,
        taken_back: &[(Node<'a>, Node<'a>)],
    ) -> Self {
        let mut known = Self { taken_back: taken_back.to_vec(), ..Self::default() };
        let counting = stated(ground).into_iter().filter(|cancel| !findings.is_void(*cancel));
        for cancel in counting.take(CANCELS_MAX) {
            let unaware = visits.dones().filter(|(_, visit, _)| !began_knowing(ground, visit, cancel));
            known.late.extend(unaware.map(|(_, _, done)| (cancel, done)));
            for (index, visit) in visits.all.iter().enumerate() {
                let Some(first) = visit.work.first().copied() else { continue };
                // What he consented to since is his word.
                let decision = findings.decision(ground, &terms(ReviewKind::WorkAfterCancel), &[cancel, first]);
                let consented = decision.is_some_and(|decision| decision.choice == ReviewChoice::Consented);
                if !consented && began_knowing(ground, visit, cancel) {
                    known.barred.push((cancel, index));
                }
            }
        }
        known
    }

    /// The cancel for which nothing at all was charged as the author of `reader` saw it: written off, or the customer
    /// who cancelled was not called yet.
    pub(in crate::lifecycle) fn all_held_for(
        &self,
        ground: &Ground<'a>,
        findings: &Findings<'a>,
        reader: Node<'a>,
    ) -> Option<Node<'a>> {
        let holds = |(cancel, done): &&(Node<'a>, Node<'a>)| {
            if !ground.knows(reader, *done) || !self.stood(ground, reader, *cancel) {
                return false;
            }
            let by_customer = matches!(cancel.fact.body(), FactBody::CancelByCustomer(_));
            match findings.decision_known_to(ground, reader, &late_terms(*cancel), &[*cancel, *done]) {
                Some(choice) => choice == ReviewChoice::WriteOff,
                None => by_customer,
            }
        };
        self.late.iter().find(holds).map(|(cancel, _)| *cancel)
    }

    /// The cancel for which a line was not charged as the author of `reader` saw it: it was recorded knowing of it, on
    /// a visit that had begun so (R3(d)).
    pub(in crate::lifecycle) fn held_for(
        &self,
        ground: &Ground<'a>,
        visit: usize,
        line: Node<'a>,
        reader: Node<'a>,
    ) -> Option<Node<'a>> {
        let holds = |(cancel, index): &&(Node<'a>, usize)| {
            *index == visit && ground.knows(line, *cancel) && self.stood(ground, reader, *cancel)
        };
        self.barred.iter().find(holds).map(|(cancel, _)| *cancel)
    }

    /// Whether the reader knew the cancel, and nothing that takes it back.
    fn stood(&self, ground: &Ground<'a>, reader: Node<'a>, cancel: Node<'a>) -> bool {
        let takes = |(node, named): &(Node<'a>, Node<'a>)| {
            ground.knows(reader, *node) && (*named == cancel || ground.knows(*node, cancel))
        };
        ground.knows(reader, cancel) && !self.taken_back.iter().any(takes)
    }
}
