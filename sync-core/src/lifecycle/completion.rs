//! When all is done: every work item has its DONE, or needs none. And who took a visit over.

use super::causality::Node;
use super::findings::Findings;
use super::ground::{Ground, each, later};
use super::items::Items;
use super::visits::Visits;
use crate::facts::Role;

/// Every work item needs a DONE, unless it was dropped or a decision was taken about what cannot be repaired. Of
/// several the earliest in field time counts (R7); the order is complete with the last item.
pub(super) fn completed<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    items: &Items<'a>,
    visits: &Visits<'a>,
) -> Option<Node<'a>> {
    let mut last: Option<Node<'a>> = None;
    for wanted in items.all(ground) {
        let of_item = visits.dones().map(|(_, _, done)| done).filter(|done| items.of(ground, *done) == wanted);
        let done = of_item.min_by(|one, other| later(*one, *other));
        let hopeless = || {
            let outcomes = visits.all.iter().flat_map(|visit| visit.not_repairable.iter().copied());
            outcomes.into_iter().find(|outcome| items.of(ground, *outcome) == wanted)
        };
        let finished = match (done, hopeless()) {
            (Some(done), _) => done,
            (None, Some(outcome)) if Items::decided(ground, findings, outcome) => outcome,
            (None, _) => items.dropped(wanted)?,
        };
        last = Some(last.filter(|other| later(*other, finished).is_gt()).unwrap_or(finished));
    }
    last
}

/// A visit that was handed over counts as confirmed when the colleague has witnessed it; else he is asked.
pub(super) fn handed_over<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    for (node, body) in each!(ground, HandoverVisit) {
        if !ground.is_confirmed_by(node, body.to) {
            findings.tell(Some(body.to), Role::Technician, "notice.confirm_handover", node);
        }
    }
}
