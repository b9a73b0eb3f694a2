//! What was planned and done: assignments, visits, lines, notes, cancels.

use docket_sync_core::facts::Author as FactAuthor;
use docket_sync_core::facts::values::{Money, UnfinishedReason, Window};
use docket_sync_core::lifecycle::view::{LineView, Moment, OrderView, Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::load::Loaded;
use super::moments::{ArrivalItem, arrival};
use crate::api::both::Both;
use crate::api::names::{Author, Named, Names};
use crate::api::reading::Reading;
use crate::commit::CommitError;

/// One technician's visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VisitItem {
    /// Reference of its first fact.
    id: String,
    technician: Named,
    /// `en_route`, `on_site`, `working`, `paused` or `ended`.
    state: &'static str,
    departed_at: Option<i64>,
    arrived_at: Option<i64>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    /// When he came, as an interval, and whether that was in time.
    arrival: Option<ArrivalItem>,
    outcome: Option<OutcomeItem>,
}

/// How a visit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum OutcomeItem {
    /// Done.
    Done {
        at: i64,
        /// What was found (C-031).
        finding: Option<String>,
    },
    /// Not finished.
    Unfinished {
        at: i64,
        /// Stable code.
        reason: &'static str,
        text: Option<String>,
        /// The next visit, as agreed.
        next: Option<WindowItem>,
    },
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct WindowItem {
    from: i64,
    to: i64,
}

impl WindowItem {
    fn of(window: Window) -> Self {
        Self { from: window.from.0, to: window.to.0 }
    }
}

/// An amount in minor units (fen, cents).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AmountItem {
    minor: i64,
    /// ISO 4217.
    currency: String,
}

impl AmountItem {
    fn of(money: &Money) -> Self {
        Self { minor: money.minor, currency: money.currency.clone() }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LineItem {
    fact: String,
    /// `labour`, `part`, `expense`, `reading`, `photo` or `checklist`.
    kind: &'static str,
    name: String,
    quantity_thousandths: i64,
    unit: String,
    /// Total price; null is free of charge.
    amount: Option<AmountItem>,
    /// Serial number of a part.
    serial: Option<String>,
    /// `effective`, `reversed`, `withdrawn` or `void`.
    standing: &'static str,
    /// Covered by a signature.
    covered: bool,
    billable: bool,
    /// Why it is not billed; null where it is: `gone`, `no_charge`, `free`, `internal_visit`, `cancelled`,
    /// `after_closing`, `signed_as_free`, `outside_signature`, `no_prior_consent`, `not_agreed`, `written_off`, `ledger_asks`,
    /// `awaits_decision` or `awaits_call`.
    held: Option<&'static str>,
    held_text: Option<Both>,
    /// What is charged for it where it is billed: corrections in the customer's favour apply (R7).
    charge: Option<AmountItem>,
    technician: Option<Named>,
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct NoteItem {
    fact: String,
    author: Author,
    text: String,
    time_at: i64,
}

/// One cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CancelItem {
    fact: String,
    by: Author,
    reason: String,
    /// `cancelled`, `terminated`, `contested`, `late`, `withdrawn`, `void` or `duplicate`.
    effect: &'static str,
    time_at: i64,
}

/// One technician passed over (C-040).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SkipItem {
    technician: Named,
    /// Stable code.
    reason: &'static str,
    reason_text: Both,
}

/// One assignment ever made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AssignmentItem {
    fact: String,
    technician: Named,
    by: Author,
    /// `pending`, `seen`, `accepted`, `refused`, `superseded` or `released`.
    facet: &'static str,
    time_at: i64,
    /// Turn of the rotation that it took.
    turn: Option<u64>,
    reason: Option<String>,
    skipped: Vec<SkipItem>,
}

pub(super) fn visits(
    reading: &Reading<'_>,
    names: &mut Names,
    loaded: &Loaded,
    view: &OrderView,
) -> Result<Vec<VisitItem>, CommitError> {
    let at = |moment: Option<Moment>| moment.map(|moment| moment.time.0);
    let mut items = Vec::new();
    for visit in &view.visits {
        items.push(VisitItem {
            id: visit.id.reference().to_string(),
            technician: names.person(reading, visit.technician)?,
            state: visit.state.code(),
            departed_at: at(visit.departed),
            arrived_at: at(visit.arrived),
            started_at: at(visit.started),
            ended_at: at(visit.ended),
            arrival: arrival(loaded, view, visit),
            outcome: visit.outcome.as_ref().map(outcome),
        });
    }
    Ok(items)
}

fn outcome(outcome: &Outcome) -> OutcomeItem {
    match outcome {
        Outcome::Done { at, finding } => OutcomeItem::Done { at: at.time.0, finding: finding.clone() },
        Outcome::Unfinished { at, reason, text, next } => OutcomeItem::Unfinished {
            at: at.time.0,
            reason: reason.code(),
            text: text.clone(),
            next: next.map(WindowItem::of),
        },
        // The page knows two outcomes; what cannot be repaired is unfinished until it is decided (C-029).
        Outcome::NotRepairable { at, finding } => OutcomeItem::Unfinished {
            at: at.time.0,
            reason: UnfinishedReason::Other.code(),
            text: Some(finding.clone()),
            next: None,
        },
    }
}

pub(super) fn lines(reading: &Reading<'_>, names: &mut Names, view: &OrderView) -> Result<Vec<LineItem>, CommitError> {
    view.lines.iter().map(|line| line_item(reading, names, line)).collect()
}

fn line_item(reading: &Reading<'_>, names: &mut Names, view: &LineView) -> Result<LineItem, CommitError> {
    let technician = match &view.by {
        FactAuthor::Person(person) => Some(names.person(reading, *person)?),
        FactAuthor::System(_) => None,
    };
    let line = &view.line;
    Ok(LineItem {
        fact: view.at.fact.reference().to_string(),
        kind: line.kind.code(),
        name: line.name.clone(),
        quantity_thousandths: line.quantity,
        unit: line.unit.clone(),
        amount: line.amount.as_ref().map(AmountItem::of),
        serial: line.serial.clone(),
        standing: view.standing.code(),
        covered: view.covered,
        billable: view.billable,
        held: view.held.map(|held| held.code()),
        held_text: view.held.map(|held| Both::coded("not_billable", held.code())),
        charge: view.charge.as_ref().map(AmountItem::of),
        technician,
    })
}

pub(super) fn notes(reading: &Reading<'_>, names: &mut Names, view: &OrderView) -> Result<Vec<NoteItem>, CommitError> {
    let item = |note: &docket_sync_core::lifecycle::view::NoteView| {
        Ok(NoteItem {
            fact: note.at.fact.reference().to_string(),
            author: names.author(reading, &note.by)?,
            text: note.text.clone(),
            time_at: note.at.time.0,
        })
    };
    view.notes.iter().map(item).collect()
}

pub(super) fn cancels(
    reading: &Reading<'_>,
    names: &mut Names,
    view: &OrderView,
) -> Result<Vec<CancelItem>, CommitError> {
    let item = |cancel: &docket_sync_core::lifecycle::view::CancelView| {
        Ok(CancelItem {
            fact: cancel.at.fact.reference().to_string(),
            by: names.author(reading, &cancel.by)?,
            reason: cancel.reason.clone(),
            effect: cancel.effect.code(),
            time_at: cancel.at.time.0,
        })
    };
    view.cancels.iter().map(item).collect()
}

pub(super) fn assignments(
    reading: &Reading<'_>,
    names: &mut Names,
    view: &OrderView,
) -> Result<Vec<AssignmentItem>, CommitError> {
    let mut items = Vec::new();
    for assignment in &view.assignments {
        let mut skipped = Vec::new();
        for skip in &assignment.skipped {
            skipped.push(SkipItem {
                technician: names.person(reading, skip.technician)?,
                reason: skip.reason.code(),
                reason_text: Both::coded("skip", skip.reason.code()),
            });
        }
        items.push(AssignmentItem {
            fact: assignment.at.fact.reference().to_string(),
            technician: names.person(reading, assignment.technician)?,
            by: names.author(reading, &assignment.by)?,
            facet: assignment.facet.code(),
            time_at: assignment.at.time.0,
            turn: assignment.turn,
            reason: assignment.reason.clone(),
            skipped,
        });
    }
    Ok(items)
}
