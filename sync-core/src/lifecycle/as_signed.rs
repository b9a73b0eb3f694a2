//! What a customer signed is what he owes: a line that his voucher showed as not charged is not charged on that
//! signature, whatever is judged or decided later, and a price that it showed does not rise (R6, R7, X-48).

use std::collections::BTreeMap;

use super::cancel::Cancels;
use super::causality::Node;
use super::findings::{Because, Findings};
use super::ground::Ground;
use super::header::Warranty;
use super::ledger::Ledger;
use super::line_edits::corrected_for;
use super::lines::charge;
use super::reviews::terms;
use super::view::{Request, ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::FactKind;
use crate::facts::values::{Line, Money, ReviewChoice};
use crate::sabotage::breaks;

/// What his page said about charges when a customer signed.
pub(super) struct AsSigned<'t, 'a> {
    pub(super) request: Option<&'t Request>,
    pub(super) warranty: &'t Warranty<'a>,
    pub(super) cancels: &'t Cancels<'a>,
    pub(super) ledger: &'t Ledger<'a>,
    pub(super) visits: &'t Visits<'a>,
    /// Why nothing at all was charged, by the place of the agreement.
    pub(super) all: BTreeMap<usize, Option<Shown<'a>>>,
    /// Whether he has not consented since, by the places of the cause and the agreement: asked and said once.
    pub(super) asked: BTreeMap<(usize, usize), bool>,
}

/// Why a voucher showed something as not charged.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    cause: Node<'a>,
    field: &'static str,
    pair: Option<&'static str>,
    message: &'static str,
}

impl<'a> AsSigned<'_, 'a> {
    /// Whether every agreement that covers the line showed it as not charged, and he has not consented since.
    pub(super) fn not_charged(&mut self, ground: &Ground<'a>, findings: &mut Findings<'a>, line: Node<'a>) -> bool {
        if breaks(Rule::R7) {
            return false;
        }
        let mut first = None;
        for proof in ground.covering(line) {
            let Some(shown) = self.shown(ground, findings, *proof, line) else { return false };
            first.get_or_insert((*proof, shown));
        }
        let Some((proof, Shown { cause, field, pair, message })) = first else { return false };
        *self.asked.entry((cause.place(), proof.place())).or_insert_with(|| {
            let because = Because { field, value: "not_charged", rule: Rule::R7, pair, message };
            findings.explain(because, &[proof], &[cause]);
            let decision = findings.raise(ground, &terms(ReviewKind::NotCharged), &[cause, proof], Rule::R7);
            decision.is_none_or(|decision| decision.choice != ReviewChoice::Consented)
        })
    }

    fn shown(
        &mut self,
        ground: &Ground<'a>,
        findings: &Findings<'a>,
        proof: Node<'a>,
        line: Node<'a>,
    ) -> Option<Shown<'a>> {
        let all = match self.all.get(&proof.place()) {
            Some(all) => *all,
            None => {
                let all = self.nothing_charged(ground, findings, proof);
                self.all.insert(proof.place(), all);
                all
            }
        };
        let by_visit = || {
            let (visit, _) = self.visits.of(line)?;
            self.cancels.known.held_for(ground, visit, line, proof)
        };
        let held = || self.ledger.held_for(ground, findings, line, proof).or_else(by_visit).map(held);
        all.or_else(held)
    }

    fn nothing_charged(&self, ground: &Ground<'a>, findings: &Findings<'a>, proof: Node<'a>) -> Option<Shown<'a>> {
        let was_free = |_: &Node<'a>| Warranty::was_free(ground, self.request, proof);
        let judged = self.warranty.charged.filter(was_free);
        let by_class =
            judged.map(|cause| Shown { cause, field: "warranty", pair: Some("X-48"), message: "explain.x_48" });
        by_class.or_else(|| self.cancels.known.all_held_for(ground, findings, proof).map(held))
    }
}

fn held(cause: Node<'_>) -> Shown<'_> {
    Shown { cause, field: "lines", pair: None, message: "explain.signed_as_not_charged" }
}

/// What may be charged for a line that a signature covers: no more than the dearest voucher said, with the corrections
/// that it knew (R7).
pub(super) fn at_most<'a>(
    ground: &Ground<'a>,
    node: Node<'a>,
    line: &'a Line,
    charge_now: Option<&'a Money>,
) -> Option<&'a Money> {
    let covering = ground.covering(node);
    if covering.is_empty() || !ground.has(&[FactKind::CorrectFact]) {
        return charge_now;
    }
    let now = charge_now?;
    let shown = covering.iter().filter_map(|proof| charge(line, corrected_for(ground, node, *proof)));
    shown.max_by_key(|shown| shown.minor).map(|shown| if shown.minor < now.minor { shown } else { now })
}
