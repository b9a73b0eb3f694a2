//! Lines wherever they are stated, and what became of them by edits and corrections (X-39, R12).

use std::collections::BTreeMap;

use super::causality::{Node, Places};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, role};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::values::{Correction, Line, LineKind, ReviewChoice};
use crate::facts::{Author, FactBody, FactKind, Role};
use crate::time::HOUR;

/// A line with the fact that states it.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// The fact.
    pub(super) node: Node<'a>,
    /// The line as it was stated.
    pub(super) line: &'a Line,
}

/// The line of a fact: recorded on a visit, stated anew, or on a repair card.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds state no line")]
pub(super) fn line_of<'a>(node: Node<'a>) -> Option<Entry<'a>> {
    let line = match node.fact.body() {
        FactBody::RecordLine(body) => &body.line,
        FactBody::ReplaceLine(body) => &body.new,
        FactBody::BenchWork(body) => body.line.as_ref()?,
        _ => return None,
    };
    Some(Entry { node, line })
}

/// Every line, in canonical order.
pub(super) fn entries<'a>(ground: &Ground<'a>) -> Vec<Entry<'a>> {
    let kinds = [FactKind::RecordLine, FactKind::ReplaceLine, FactKind::BenchWork];
    let mut entries: Vec<Entry<'a>> =
        kinds.into_iter().flat_map(|kind| ground.of(kind).filter_map(line_of).collect::<Vec<_>>()).collect();
    entries.sort_by_key(|entry| entry.node.place());
    entries
}

/// Lines that a later edit took the place of. Of two edits of one line at once the later shows until the technician
/// has said which.
pub(super) fn replaced<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Places {
    let mut gone = Places::default();
    let mut edits: BTreeMap<usize, Vec<Node<'a>>> = BTreeMap::new();
    for (node, body) in each!(ground, ReplaceLine).filter(|(node, _)| !ground.is_withdrawn(*node)) {
        let mut targets = ground.causality.resolve(body.line).filter(|target| line_of(*target).is_some()).peekable();
        if targets.peek().is_none() {
            continue;
        }
        let own = targets.find(|target| target.fact.author == node.fact.author || role(node) == Role::Supervisor);
        match own {
            Some(target) => {
                gone.insert(target);
                edits.entry(target.place()).or_default().push(node);
            }
            None => findings.void(node, Rule::R4),
        }
    }
    for edits in edits.into_values() {
        let known = ground.causality.known_to_any(edits.iter().copied());
        for edit in edits.iter().filter(|edit| known.contains(**edit)) {
            gone.insert(*edit);
        }
        let mut last: Vec<Node<'a>> = edits.into_iter().filter(|edit| !known.contains(*edit)).collect();
        last.sort_by(|one, other| later(*one, *other));
        let (Some(first), Some(second)) = (last.first().copied(), last.last().copied()) else {
            continue;
        };
        if first == second {
            continue;
        }
        let because =
            Because { field: "line", value: "two_edits", rule: Rule::R2, pair: Some("X-39"), message: "explain.x_39" };
        findings.explain(because, &[second], &[first]);
        findings.tell_author(second, "notice.which_edit", first);
        let decision = findings.raise(ground, &terms(ReviewKind::LineConflict), &[first, second], Rule::R2);
        let keeps =
            if decision.is_some_and(|decision| decision.choice == ReviewChoice::First) { first } else { second };
        for edit in last.into_iter().filter(|edit| *edit != keeps) {
            gone.insert(edit);
        }
    }
    gone
}

/// The line as a supervisor corrected it: the last correction counts.
pub(super) fn corrected<'a>(ground: &Ground<'a>, node: Node<'a>) -> Option<&'a Line> {
    corrected_by(ground, node, |_| true)
}

/// The same as the author of `reader` knew it.
pub(super) fn corrected_for<'a>(ground: &Ground<'a>, node: Node<'a>, reader: Node<'a>) -> Option<&'a Line> {
    corrected_by(ground, node, |correction| ground.knows(reader, correction))
}

fn corrected_by<'a>(ground: &Ground<'a>, node: Node<'a>, passes: impl Fn(Node<'a>) -> bool) -> Option<&'a Line> {
    each!(ground, CorrectFact)
        .filter(|(correction, _)| passes(*correction))
        .filter(|(_, body)| ground.causality.resolve(body.fact).any(|fact| fact == node))
        .filter_map(|(_, body)| match &body.correction {
            Correction::Line(line) => Some(line),
            Correction::Time(_) | Correction::Text(_) => None,
        })
        .last()
}

/// Lines of one part that a line is held against, of one colleague and in all: honest orders have a few.
const OF_ONE_COLLEAGUE_MAX: usize = 16;
const BESIDE_MAX: usize = 64;

/// two people recorded what may be one part. Both count; its author reverses one. Said once for each line, against
/// the last of a colleague's that it may repeat: a review for every pair would be as many as the square of what two
/// people send.
pub(super) fn possible_duplicates<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, counting: &[Entry<'a>]) {
    let mut of_part: BTreeMap<(&str, LineKind), BTreeMap<&Author, Vec<Entry<'a>>>> = BTreeMap::new();
    for other in counting {
        let Some(code) = other.line.code.as_deref() else { continue };
        let by_author = of_part.entry((code, other.line.kind)).or_default();
        let others = by_author.iter().filter(|(author, _)| **author != &other.node.fact.author);
        let mut before = others.flat_map(|(_, lines)| lines.iter().rev().take(OF_ONE_COLLEAGUE_MAX)).take(BESIDE_MAX);
        let doubtful = before.find(|one| {
            let apart = other.node.fact.lo().since(one.node.fact.lo()).unsigned_abs();
            ground.concurrent(one.node, other.node) && apart <= HOUR.unsigned_abs()
        });
        if let Some(one) = doubtful {
            let because = Because {
                field: "line",
                value: "possible_duplicate",
                rule: Rule::R5,
                pair: Some("X-37"),
                message: "explain.x_37",
            };
            findings.explain(because, &[one.node, other.node], &[]);
            findings.tell_author(other.node, "notice.possible_duplicate", one.node);
            let causes = [one.node, other.node];
            findings.raise(ground, &terms(ReviewKind::PossibleDuplicate), &causes, Rule::R5);
        }
        by_author.entry(&other.node.fact.author).or_default().push(*other);
    }
}
