//! How far a form is filled in: pure, from the order's lines.

use std::collections::BTreeSet;

use super::{Condition, Form, Lacking, Step, Takes};
use crate::facts::Author;
use crate::facts::values::{CheckResult, Demand, Line, LineKind, ORAL_WARNING, WARNING_TAG};
use crate::ids::{FactId, PersonId};
use crate::lifecycle::view::{LineStanding, LineView};
use crate::time::UnixMillis;

/// A form with what was filled in on an order. Everybody who works on the order fills in the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRecord<'a> {
    /// The form.
    pub form: &'a Form,
    /// Its steps, in its order.
    pub steps: Vec<StepRecord<'a>>,
}

/// One step with what was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord<'a> {
    /// The step.
    pub step: &'a Step,
    /// Where it stands.
    pub state: StepState,
    /// Lines that fill it in, in canonical order; the last one counts.
    pub lines: Vec<FactId>,
    /// Value of the line that counts: a result, a number with its unit, words, names.
    pub value: Option<Value<'a>>,
    /// The reading lies outside its range, or the check found a fault.
    pub at_fault: bool,
    /// It was filled in before a step that comes first (C-065).
    pub too_early: bool,
    /// Its photo is lacking.
    pub photo_lacking: bool,
}

/// What the line that counts says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// The line.
    pub line: &'a Line,
    /// When it was recorded.
    pub at: UnixMillis,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Its condition does not hold.
    NotAsked,
    /// Nobody has filled it in.
    Open,
    /// Filled in.
    Filled,
}

impl StepRecord<'_> {
    /// Nothing is lacking, or nothing is asked.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self.state {
            StepState::NotAsked => true,
            StepState::Open => self.step.lacking == Lacking::Optional,
            StepState::Filled => !self.too_early && !self.photo_lacking,
        }
    }
}

impl Form {
    /// What the order's lines have filled in. An entry of another version of the form counts where the step is still
    /// there: it is judged by what the form asks for now, and was recorded all the same (R10).
    #[must_use]
    pub fn record<'a>(&'a self, lines: &'a [LineView]) -> FormRecord<'a> {
        let mut steps: Vec<StepRecord<'a>> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let asked = step.when.as_ref().is_none_or(|condition| holds(condition, &steps));
            let record = fill(self, step, lines);
            let early = record.lines.first().is_some_and(|first| {
                let later = |before: &String| !is_before(&steps, before, *first, lines);
                step.after.iter().any(later)
            });
            let state = match (asked, record.lines.is_empty()) {
                (_, false) => StepState::Filled,
                (true, true) => StepState::Open,
                (false, true) => StepState::NotAsked,
            };
            steps.push(StepRecord { state, too_early: early, ..record });
        }
        FormRecord { form: self, steps }
    }
}

fn entries<'a>(form: &'a Form, step: &'a Step, lines: &'a [LineView]) -> impl Iterator<Item = &'a LineView> {
    lines.iter().filter(move |line| {
        let names = |entry: &crate::facts::values::FormEntry| entry.form == form.code && entry.step == step.code;
        line.standing == LineStanding::Effective && line.line.entry.as_ref().is_some_and(names)
    })
}

fn fill<'a>(form: &'a Form, step: &'a Step, lines: &'a [LineView]) -> StepRecord<'a> {
    let fits = |line: &&LineView| fills(&step.takes, line);
    let found: Vec<&LineView> = entries(form, step, lines).filter(fits).collect();
    let counts = found.last().copied();
    let photo = step.photo || step.takes == Takes::Photo;
    let has_photo = entries(form, step, lines).any(|line| line.line.blob.is_some());
    StepRecord {
        step,
        state: StepState::Open,
        lines: found.iter().map(|line| line.at.fact).collect(),
        value: counts.map(|line| Value { line: &line.line, at: line.at.time }),
        at_fault: counts.is_some_and(|line| is_at_fault(&step.takes, &line.line)),
        too_early: false,
        photo_lacking: photo && counts.is_some() && !has_photo,
    }
}

/// Whether a line says what the step asks for; a photo beside a check does not answer the check. Of people each counts
/// once, and he who recorded it is one of them (C-050).
fn fills(takes: &Takes, view: &LineView) -> bool {
    let line = &view.line;
    let entry = line.entry.as_ref();
    match takes {
        Takes::Check => line.kind == LineKind::Checklist && line.result.is_some(),
        Takes::Reading { unit, .. } => line.kind == LineKind::Reading && line.unit == *unit,
        Takes::Photo => line.kind == LineKind::Photo && line.blob.is_some(),
        Takes::Text => entry.is_some_and(|entry| entry.text.as_ref().is_some_and(|text| !text.trim().is_empty())),
        Takes::People { least } => {
            let named = entry.and_then(|entry| entry.people.as_ref()).into_iter().flatten();
            let mut people: BTreeSet<PersonId> = named.copied().collect();
            if let Author::Person(author) = view.by {
                people.insert(author);
            }
            people.len() >= usize::from(*least)
        }
    }
}

fn is_at_fault(takes: &Takes, line: &Line) -> bool {
    match takes {
        Takes::Check => line.result == Some(CheckResult::Fault),
        Takes::Reading { min, max, .. } => {
            min.is_some_and(|min| line.quantity < min.0) || max.is_some_and(|max| line.quantity > max.0)
        }
        Takes::Photo | Takes::Text | Takes::People { .. } => false,
    }
}

fn holds(condition: &Condition, earlier: &[StepRecord<'_>]) -> bool {
    let value = earlier.iter().find(|step| step.step.code == condition.step).and_then(|step| step.value.as_ref());
    value.is_some_and(|value| {
        condition.is.is_some_and(|is| value.line.result == Some(is))
            || condition.below.is_some_and(|below| value.line.quantity < below.0)
            || condition.above.is_some_and(|above| value.line.quantity > above.0)
    })
}

/// Whether the step `before` was filled in before the line `fact`, in canonical order. A step that was not asked
/// holds nobody up.
fn is_before(earlier: &[StepRecord<'_>], before: &str, fact: FactId, lines: &[LineView]) -> bool {
    let Some(step) = earlier.iter().find(|step| step.step.code == before) else { return true };
    let place = |fact: FactId| lines.iter().position(|line| line.at.fact == fact);
    match step.lines.first() {
        Some(first) => place(*first) < place(fact),
        None => step.state == StepState::NotAsked,
    }
}

/// What is owed when the work is reported done as the record stands (C-060, C-063, C-065, C-067).
#[must_use]
pub fn demands(records: &[FormRecord<'_>], lines: &[LineView]) -> Vec<Demand> {
    let lacking = records.iter().flat_map(|record| &record.steps).filter(|step| !step.is_whole());
    let mut demands: Vec<Demand> = lacking.map(|step| step.step.demand.unwrap_or(Demand::Record)).collect();
    if not_warned(lines).next().is_some() {
        demands.push(Demand::Warning);
    }
    demands.sort_unstable();
    demands.dedup();
    demands
}

/// The first step without which the work cannot be reported done (C-062): nobody has filled it in, or its photo is
/// lacking, in whatever order. An order of steps that was not kept cannot be mended; it is an exception.
#[must_use]
pub fn refused_step<'a>(records: &[FormRecord<'a>]) -> Option<&'a Step> {
    let steps = records.iter().flat_map(|record| &record.steps);
    let lacks = |step: &StepRecord<'a>| match step.state {
        StepState::NotAsked => false,
        StepState::Open => true,
        StepState::Filled => step.photo_lacking,
    };
    let needed = |step: &&StepRecord<'a>| step.step.lacking == Lacking::Refuse && lacks(step);
    steps.into_iter().find(needed).map(|record| record.step)
}

/// Lines after which something cannot be used yet, without a tag or an oral warning recorded later on their visit
/// (挂牌或口头警告, C-063).
pub fn not_warned(lines: &[LineView]) -> impl Iterator<Item = &LineView> {
    let effective = |line: &&LineView| line.standing == LineStanding::Effective;
    lines.iter().enumerate().filter_map(move |(index, line)| {
        let warned = lines.iter().skip(index).filter(effective).any(|later| {
            let code = later.line.code.as_deref();
            later.visit == line.visit && matches!(code, Some(WARNING_TAG | ORAL_WARNING))
        });
        (effective(&line) && line.line.usable_from.is_some() && !warned).then_some(line)
    })
}
