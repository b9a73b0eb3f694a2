//! The fold of a long order, and what one more fact costs, for each class of kinds.

use std::collections::BTreeMap;

use docket_sync_core::document::{Document, FactReader, FirstStatement, Record};
use docket_sync_core::facts::{
    Class, Content, Fact, FactBody, FactKind, Head, SCHEMA_LEVEL, SeenRef, StatedFact, Statement,
};
use docket_sync_core::ids::FactId;
use docket_sync_core::lifecycle::{Added, Causality, FactSet, Folded, fold};

use super::work::Bodies;
use super::{Options, Row, RowError, Running, Weight, cpu, float};
use crate::table::{Figure, Unit};
use crate::workload::Workload;

pub(super) const ROW: Row = Row {
    name: "fold",
    about: "a fold of 500 facts, and one more fact of each class of kinds on the view that is shown",
    weight: Weight::Usual,
    run,
};

const FACTS: usize = 500;
const FOLDS: usize = 200;

/// Goals: the whole, one more, one more with its change.
const WHOLE: f64 = 0.005;
const ONE_MORE: f64 = 0.000_05;
const WITH_APPLY: f64 = 0.000_3;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options) })
}

fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let folds = options.times(FOLDS);
    let order = LongOrder::new(FACTS.min(folds.saturating_mul(5)))?;
    let whole = seconds_each(folds, || {
        std::hint::black_box(fold(std::hint::black_box(&order.facts)));
        Ok(())
    })?;
    let cpu_seconds = Unit::ProcessorSeconds;
    let count = order.facts.len();
    let mut figures =
        vec![Figure::new(&format!("fold_of_{count}"), whole, cpu_seconds).at_most(WHOLE).named("fold of 500 facts")];
    let mut slowest: BTreeMap<&str, (f64, FactKind)> = BTreeMap::new();
    let mut applied: f64 = 0.0;
    let mut folded_anew: usize = 0;
    for (kind, next) in order.one_more()? {
        let before = Folded::new(order.facts.clone());
        let mut copies = std::iter::repeat_n(before, folds).collect::<Vec<_>>().into_iter();
        let mut did = Added::Known;
        let each = seconds_each(folds, || {
            let mut folded = copies.next().ok_or("a copy for each fold")?;
            did = folded.add(next.fact.clone());
            std::hint::black_box(&folded);
            // Taking a view apart is not part of adding to it.
            core::mem::forget(folded);
            Ok(())
        })?;
        folded_anew = folded_anew.saturating_add(usize::from(did == Added::Refolded));
        let slot = slowest.entry(class_name(kind.class())).or_insert((each, kind));
        if each > slot.0 {
            *slot = (each, kind);
        }
        applied = applied.max(each + order.seconds_to_append(&next.record, folds)?);
    }
    for (class, (each, kind)) in slowest {
        let name = format!("one_more_{class}_slowest_{}", kind.code());
        figures.push(Figure::new(&name, each, cpu_seconds).at_most(ONE_MORE).named("one more fact, fold only"));
    }
    figures.extend([
        Figure::count("kinds_folded_anew", u64::try_from(folded_anew)?),
        Figure::new("one_more_with_apply_slowest", applied, cpu_seconds)
            .at_most(WITH_APPLY)
            .named("one more fact with apply"),
    ]);
    Ok(figures)
}

/// An order of the workload that went on.
struct LongOrder {
    document: Document,
    facts: FactSet,
    last: Next,
    frontier: Vec<FactId>,
    bodies: Bodies,
}

/// A fact that may come next.
struct Next {
    record: Record,
    fact: Fact,
}

impl LongOrder {
    fn new(length: usize) -> Result<Self, RowError> {
        let workload = Workload::new(1);
        let order = workload.order(0);
        let mut document = Document::new(order.document)?;
        let mut facts = FactSet::new(order.document);
        let mut reader = FactReader::new(order.document);
        let mut last = None;
        for fact in &order.facts {
            let (actor, sequence, time, bytes) = fact.record();
            let record = Record { actor, sequence, time, bytes };
            document.append(&record)?;
            let fact = reader.read(&record)?;
            facts.insert(fact.clone());
            last = Some(Next { record, fact });
        }
        let last = last.ok_or("the workload has no facts")?;
        let frontier = Causality::new(&facts).frontier();
        let mut order = Self { document, facts, last, frontier, bodies: Bodies::after(&workload) };
        while order.facts.len() < length {
            let body = order.bodies.take()?;
            // It has seen all before it, so it alone is what nobody has seen yet.
            let frontier = order.frontier.clone();
            let next = order.next(body, &frontier);
            order.document.append(&next.record)?;
            order.facts.insert(next.fact.clone());
            (order.frontier, order.last) = (vec![next.fact.id], next);
        }
        Ok(order)
    }

    /// The fact that the author of the last one states next, on a view with this frontier.
    fn next(&self, body: FactBody, frontier: &[FactId]) -> Next {
        let before = &self.last.record;
        let seen = frontier.iter().map(|id| SeenRef::Fact(id.reference())).collect();
        let statement = Statement { origin: None, author: Some(self.last.fact.author.clone()), restates: None };
        let content = Content { level: SCHEMA_LEVEL, seen, head: Head::default(), body };
        let stated = StatedFact::new(statement, content);
        let (sequence, time) = (before.sequence.saturating_add(1), before.time.plus(1_000));
        let record = Record { actor: before.actor, sequence, time, bytes: stated.to_bytes() };
        let first = FirstStatement { origin: self.last.fact.origin, author: None };
        let mut reader = FactReader::starting_with(self.document.id(), before.actor, first);
        let fact = reader.resolve(&record, stated);
        Next { record, fact }
    }

    /// One fact of each kind that the workload has, by its technicians and by the office.
    fn one_more(&self) -> Result<Vec<(FactKind, Next)>, RowError> {
        let mut kinds = BTreeMap::new();
        for stated in Workload::new(2).order(1).facts {
            let body = stated.stated.content.body;
            let kind = body.kind().ok_or("a kind of the workload")?;
            kinds.entry(kind).or_insert_with(|| self.next(body, &self.frontier));
        }
        Ok(kinds.into_iter().collect())
    }

    fn seconds_to_append(&self, record: &Record, times: usize) -> Result<f64, RowError> {
        let bytes = self.document.save();
        let loaded = (0..times).map(|_| Document::load(self.document.id(), &bytes)).collect::<Result<Vec<_>, _>>()?;
        let mut copies = loaded.into_iter();
        seconds_each(times, || {
            let mut document = copies.next().ok_or("a copy for each change")?;
            document.append(record)?;
            core::mem::forget(document);
            Ok(())
        })
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Physical => "physical",
        Class::Commitment => "commitment",
        Class::Intent => "intent",
        Class::Admin => "admin",
    }
}

/// Processor seconds of each of `times` runs of `work`.
fn seconds_each(times: usize, mut work: impl FnMut() -> Result<(), RowError>) -> Result<f64, RowError> {
    let before = cpu::of_this_thread()?;
    for _ in 0..times {
        work()?;
    }
    Ok((cpu::of_this_thread()? - before) / float(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_order_has_the_facts_that_its_document_has() {
        let order = LongOrder::new(60).unwrap();
        assert_eq!((order.facts.len(), order.document.length()), (60, 60));
        let kinds = order.one_more().unwrap();
        assert!(kinds.len() > 10);
        let last = &kinds.first().unwrap().1;
        assert!(order.document.facts().unwrap().iter().all(|fact| fact.id != last.fact.id));
    }
}
