//! What a person with the right says over what somebody stated: a correction (R12: a red entry), a reopening, a
//! rejection. The original stays; beside it stands what counts now, and why.

use std::collections::BTreeMap;

use super::causality::Node;
use super::facets::{DiscountView, Facets};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment};
use super::line_edits::line_of;
use super::view::{LineView, Moment, NoteView, Outcome, Rule, Visit};
use crate::facts::values::Correction;
use crate::facts::{Author, FactBody, bodies};
use crate::ids::FactId;
use crate::time::UnixMillis;

/// A correction that counts; the fact that it is about stays as it was stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionView {
    /// When and by which fact.
    pub at: Moment,
    /// Who corrected.
    pub by: Author,
    /// The fact that is corrected.
    pub fact: FactId,
    /// What it should say.
    pub correction: Correction,
    /// Why.
    pub reason: String,
}

impl Facets {
    /// The time that a supervisor found for a fact whose own time was wrong.
    #[must_use]
    pub fn corrected_time(&self, fact: FactId) -> Option<UnixMillis> {
        let of_fact = self.corrections.iter().filter(|correction| correction.fact == fact);
        of_fact.into_iter().find_map(|correction| match &correction.correction {
            Correction::Time(time) => Some(*time),
            Correction::Line(_) | Correction::Text(_) => None,
        })
    }
}

/// What of a fact a correction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Time,
    Line,
    Text,
}

/// Corrections by what they are about; the last one counts.
#[derive(Default)]
pub(super) struct Corrections<'a> {
    stated: BTreeMap<(usize, About), Vec<Entry<'a>>>,
}

#[derive(Clone, Copy)]
struct Entry<'a> {
    node: Node<'a>,
    of: Node<'a>,
    body: &'a bodies::CorrectFact,
}

/// A correction fits where the fact has what it corrects: a line, words of ours, or the time of what a person stated.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds have no words of ours")]
fn about(of: Node<'_>, correction: &Correction) -> Option<About> {
    match (correction, of.fact.body()) {
        (Correction::Time(_), _) => of.fact.person().map(|_| About::Time),
        (Correction::Line(_), _) => line_of(of).map(|_| About::Line),
        (
            Correction::Text(_),
            FactBody::AddNote(_)
            | FactBody::OutcomeDone(_)
            | FactBody::OutcomeUnfinished(_)
            | FactBody::OutcomeNotRepairable(_),
        ) => Some(About::Text),
        _ => None,
    }
}

impl<'a> Corrections<'a> {
    pub(super) fn new(ground: &Ground<'a>) -> Self {
        let mut corrections = Self::default();
        for (node, body) in each!(ground, CorrectFact) {
            for of in ground.causality.resolve(body.fact) {
                if let Some(about) = about(of, &body.correction) {
                    let entry = Entry { node, of, body };
                    corrections.stated.entry((of.place(), about)).or_default().push(entry);
                }
            }
        }
        corrections
    }

    /// Those that count.
    fn last(&self) -> impl Iterator<Item = (About, Entry<'a>, &[Entry<'a>])> {
        self.stated.iter().filter_map(|((_, about), all)| {
            let (last, before) = all.split_last()?;
            Some((*about, *last, before))
        })
    }

    /// The time that a supervisor found for a fact.
    pub(super) fn time(&self, node: Node<'a>) -> Option<UnixMillis> {
        match &self.stated.get(&(node.place(), About::Time))?.last()?.body.correction {
            Correction::Time(time) => Some(*time),
            Correction::Line(_) | Correction::Text(_) => None,
        }
    }

    /// Those that count, for the view.
    pub(super) fn views(&self) -> Vec<CorrectionView> {
        let view = |(_, entry, _): (About, Entry<'a>, &[Entry<'a>])| CorrectionView {
            at: moment(entry.node),
            by: entry.node.fact.author.clone(),
            fact: entry.of.id(),
            correction: entry.body.correction.clone(),
            reason: entry.body.reason.clone(),
        };
        self.last().map(view).collect()
    }

    /// Words as they should read.
    pub(super) fn reword(&self, visits: &mut [Visit], notes: &mut [NoteView]) {
        let texts: BTreeMap<FactId, &String> = self
            .last()
            .filter_map(|(_, entry, _)| match &entry.body.correction {
                Correction::Text(text) => Some((entry.of.id(), text)),
                Correction::Time(_) | Correction::Line(_) => None,
            })
            .collect();
        for note in notes {
            if let Some(text) = texts.get(&note.at.fact) {
                note.text.clone_from(text);
            }
        }
        for outcome in visits.iter_mut().filter_map(|visit| visit.outcome.as_mut()) {
            let (at, words) = match outcome {
                Outcome::Done { at, finding: words } | Outcome::Unfinished { at, text: words, .. } => (at, words),
                Outcome::NotRepairable { at, finding } => {
                    if let Some(text) = texts.get(&at.fact) {
                        finding.clone_from(text);
                    }
                    continue;
                }
            };
            if let Some(text) = texts.get(&at.fact) {
                *words = Some((*text).clone());
            }
        }
    }

    /// Why a time, a line or words are not as they were stated. A line that was made dearer is shown so and charged as it
    /// was agreed (R7).
    pub(super) fn explain(&self, findings: &mut Findings<'a>, lines: &[LineView]) {
        let lines: BTreeMap<FactId, &LineView> = lines.iter().map(|line| (line.at.fact, line)).collect();
        for (about, entry, before) in self.last() {
            let as_agreed = || {
                lines.get(&entry.of.id()).is_some_and(|line| line.charge.is_some() && line.charge != line.line.amount)
            };
            let (field, value, rule, pair, message) = match about {
                About::Time => ("time", "corrected", Rule::R11, Some("X-77"), "explain.time_corrected"),
                About::Line if as_agreed() => ("line", "charged_as_agreed", Rule::R7, None, "explain.line_as_agreed"),
                About::Line => ("line", "corrected", Rule::R12, None, "explain.corrected"),
                About::Text => ("text", "corrected", Rule::R12, None, "explain.corrected"),
            };
            let losers: Vec<Node<'a>> =
                core::iter::once(entry.of).chain(before.iter().map(|earlier| earlier.node)).collect();
            findings.explain(Because { field, value, rule, pair, message }, &[entry.node], &losers);
        }
    }
}

/// A close that was taken back, what was not approved, a discount that waits for its approval: said with the fact that
/// it is about.
pub(super) fn said_over<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, discounts: &[DiscountView]) {
    for (node, body) in each!(ground, Reopen) {
        let closes: Vec<Node<'a>> = ground.causality.resolve(body.close).collect();
        let because =
            Because { field: "state", value: "reopened", rule: Rule::R12, pair: None, message: "explain.reopened" };
        findings.explain(because, &[node], &closes);
    }
    for (node, body) in each!(ground, Reject).filter(|(node, _)| !findings.is_void(*node)).collect::<Vec<_>>() {
        let subject = ground.causality.resolve(body.subject).find(|fact| fact.fact.digest == body.digest);
        let because =
            Because { field: "approval", value: "rejected", rule: Rule::R6, pair: None, message: "explain.rejected" };
        findings.explain(because, &[node], subject.as_slice());
    }
    for discount in discounts.iter().filter(|discount| !discount.counts && discount.amount.minor >= 0) {
        let granted: Vec<Node<'a>> = ground.causality.resolve(discount.at.fact.reference()).collect();
        let (value, message) = ("awaits_approval", "explain.discount_awaits_approval");
        findings.explain(Because { field: "money", value, rule: Rule::R10, pair: None, message }, &[], &granted);
    }
}
