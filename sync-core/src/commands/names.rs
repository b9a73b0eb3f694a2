//! Facts that a body names: they are there, and they are what the kind asks for (table 4.4). What names nothing is
//! refused where its author can still mend it; what arrives all the same the fold keeps and shows (R10).

use super::{Desk, Refusal};
use crate::facts::values::{Correction, HoldReason};
use crate::facts::{FactBody, FactKind, bodies};
use crate::ids::{Digest, FactRef};
use crate::lifecycle::view::{LineStanding, Moment, Outcome};

/// Whether what the body names is there.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds name nothing, or are checked with what they are about")]
pub(super) fn check(desk: &Desk<'_>, body: &FactBody) -> Result<(), Refusal> {
    let (view, facets) = (desk.view, &desk.view.facets);
    match body {
        FactBody::Approve(body) if !is_version(desk, body.subject, body.digest) => desk.wrong("no_fact", "subject"),
        FactBody::Reject(body) if !is_version(desk, body.subject, body.digest) => desk.wrong("no_fact", "subject"),
        FactBody::CorrectFact(body) => correctable(desk, body),
        FactBody::ReceiveParts(body)
            if !facets.holds.iter().any(|hold| hold.reason == HoldReason::Parts && is(hold.at, body.request)) =>
        {
            desk.wrong("no_hold", "request")
        }
        FactBody::RecordCallback(body) if !is_done(desk, body.about) => desk.wrong("not_done", "about"),
        FactBody::HandleComplaint(body) if !facets.complaints.iter().any(|one| is(one.at, body.complaint)) => {
            desk.wrong("no_complaint", "complaint")
        }
        FactBody::Reopen(body) if !view.closed.is_some_and(|closed| is(closed, body.close)) => {
            desk.wrong("not_closed", "close")
        }
        FactBody::Unlink(body) if !is_of(desk, body.link, FactKind::LinkDuplicate) => desk.wrong("no_fact", "link"),
        FactBody::LinkDuplicate(body) if body.other == view.document => desk.wrong("same_order", "other"),
        FactBody::Settle(body) if !body.lines.iter().all(|line| is_effective(desk, *line)) => {
            desk.wrong("no_line", "lines")
        }
        FactBody::Credit(body)
            if body.invoice.is_some_and(|named| !view.office.invoices.iter().any(|one| is(one.at, named))) =>
        {
            desk.wrong("no_fact", "invoice")
        }
        _ => Ok(()),
    }
}

fn is(moment: Moment, reference: FactRef) -> bool {
    moment.fact.reference() == reference
}

/// Whether the view has this version of a fact.
fn is_version(desk: &Desk<'_>, fact: FactRef, digest: Digest) -> bool {
    desk.view.stated(fact).any(|stated| stated.digest == digest)
}

fn is_of(desk: &Desk<'_>, fact: FactRef, kind: FactKind) -> bool {
    desk.view.stated(fact).any(|stated| stated.kind == Some(kind))
}

fn is_effective(desk: &Desk<'_>, line: FactRef) -> bool {
    desk.view.lines.iter().any(|view| view.standing == LineStanding::Effective && is(view.at, line))
}

/// A DONE that stands.
fn is_done(desk: &Desk<'_>, fact: FactRef) -> bool {
    let done = |outcome: &Outcome| matches!(outcome, Outcome::Done { at, .. } if is(*at, fact));
    desk.view.completed.is_some_and(|completed| is(completed, fact))
        || desk.view.visits.iter().filter_map(|visit| visit.outcome.as_ref()).any(done)
}

/// A line as it should read, of a line that counts; a time, of what happened or what a wrong clock stamped; words, of
/// our own.
fn correctable(desk: &Desk<'_>, body: &bodies::CorrectFact) -> Result<(), Refusal> {
    let facets = &desk.view.facets;
    let fits = match &body.correction {
        Correction::Line(_) => is_effective(desk, body.fact),
        Correction::Time(_) => {
            let low = facets.low_confidence.iter().any(|fact| fact.reference() == body.fact);
            low || facets.physical.iter().any(|(fact, _)| fact.reference() == body.fact)
        }
        Correction::Text(_) => {
            let outcomes = [FactKind::OutcomeDone, FactKind::OutcomeUnfinished, FactKind::OutcomeNotRepairable];
            is_of(desk, body.fact, FactKind::AddNote) || outcomes.iter().any(|kind| is_of(desk, body.fact, *kind))
        }
    };
    if desk.view.stated(body.fact).next().is_none() {
        return desk.wrong("no_fact", "fact");
    }
    if fits { Ok(()) } else { desk.wrong("wrong_correction", "correction") }
}

/// A two-party fact that waits for this person's word, in the version that he was shown.
pub(super) fn confirmable(desk: &Desk<'_>, fact: FactRef, digest: Digest) -> Result<(), Refusal> {
    let mut of_fact = desk
        .view
        .facets
        .unconfirmed
        .iter()
        .filter(|one| one.fact.reference() == fact && one.person == desk.context.person);
    match of_fact.next() {
        None => desk.wrong("no_fact", "fact"),
        Some(one) if one.digest == digest || of_fact.any(|other| other.digest == digest) => Ok(()),
        Some(_) => desk.wrong("no_fact", "digest"),
    }
}
