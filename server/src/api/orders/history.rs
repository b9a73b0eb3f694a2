//! The timeline: every fact with its author, its times and what its author had seen.

use docket_sync_core::facts::{Fact, SeenRef};
use docket_sync_core::ids::FactRef;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::lifecycle::{Causality, summary};
use serde::Serialize;
use utoipa::ToSchema;

use super::load::Loaded;
use crate::api::both::Both;
use crate::api::names::{Author, Names};
use crate::api::reading::Reading;
use crate::commit::CommitError;
use crate::commit::denials::denials;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TimelineItem {
    /// Its reference.
    fact: String,
    /// Stable code of its kind; `unknown` for one of a later version.
    kind: &'static str,
    kind_text: Both,
    author: Author,
    /// Hybrid time.
    time_at: i64,
    /// What the author's clock said.
    claimed_at: i64,
    /// Lower bound of the true time.
    lo_at: i64,
    /// Upper bound of the true time: when it arrived here.
    received_at: Option<i64>,
    /// It contradicts its own causal past and does not count.
    void: bool,
    summary: Both,
    /// What its author had seen: the frontier of his view.
    seen: Vec<String>,
    /// What his device had on disk by then, and he states not to have seen.
    denies: Vec<String>,
}

pub(super) fn timeline(
    reading: &Reading<'_>,
    names: &mut Names,
    loaded: &Loaded,
    view: &OrderView,
) -> Result<Vec<TimelineItem>, CommitError> {
    let causality = Causality::new(&loaded.facts);
    let denials = denials(reading.store(), loaded.facts.document())?;
    let item = |fact: &Fact| {
        let summary = Both::of(|language| summary(fact, language));
        let kind = fact.kind().map(docket_sync_core::facts::FactKind::code);
        Ok(TimelineItem {
            fact: fact.id.reference().to_string(),
            kind: kind.unwrap_or("unknown"),
            kind_text: kind.map_or_else(|| summary.clone(), |kind| Both::coded("kind", kind)),
            author: names.author(reading, &fact.author)?,
            time_at: fact.time.0,
            claimed_at: fact.claimed().0,
            lo_at: fact.lo().0,
            received_at: loaded.received_at(fact.id, fact.digest).map(|at| at.0),
            void: view.void.contains(&fact.id),
            summary,
            seen: fact.content.seen.iter().map(|seen| named(fact, *seen).to_string()).collect(),
            denies: denials.get(&fact.id).into_iter().flatten().map(ToString::to_string).collect(),
        })
    };
    causality.nodes().iter().map(|node| node.fact).map(item).collect()
}

fn named(fact: &Fact, seen: SeenRef) -> FactRef {
    match seen {
        SeenRef::Fact(reference) => reference,
        SeenRef::Previous => FactRef { sequence: fact.id.sequence.saturating_sub(1), ..fact.id.reference() },
    }
}
