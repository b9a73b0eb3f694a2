//! Reading an order's entries out of its facts and its fold.

use std::collections::BTreeSet;

use docket_sync_core::facts::values::{BenchStep, CustodyPlace, HeaderField, LineKind, Money};
use docket_sync_core::facts::{Author, Fact, FactBody};
use docket_sync_core::ids::{Digest, FactId, FactRef, PersonId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::lifecycle::facets::{CustodyView, Holder};
use docket_sync_core::lifecycle::view::{LineStanding, LineView, OrderView, Review, ReviewKind, ReviewStatus};
use docket_sync_core::time::UnixMillis;

use super::{Cash, Entries, Found, Held, Part, Refund, Work};

/// Reads an order; `number_of` is the log number of a fact.
pub(in crate::books) fn of(facts: &FactSet, view: &OrderView, number_of: impl Fn(FactId) -> u64) -> Entries {
    Entries {
        parts: parts(facts, view, number_of),
        work: work(facts, view),
        cash: cash(facts, view),
        goods: view.facets.custody.iter().map(|custody| held(facts, view, custody)).collect(),
        found: found(view),
        refund: refund(facts, view),
        pockets: pockets(view),
        due: None,
    }
}

fn digest(facts: &FactSet, id: FactId) -> Digest {
    facts.get(id).map_or(Digest([0; Digest::LENGTH]), |fact| fact.digest)
}

fn parts(facts: &FactSet, view: &OrderView, number_of: impl Fn(FactId) -> u64) -> Vec<Part> {
    let fitted =
        view.lines.iter().filter(|line| line.standing == LineStanding::Effective && line.line.kind == LineKind::Part);
    let parts = fitted.map(|view| Part {
        fact: view.at.fact.reference(),
        digest: digest(facts, view.at.fact),
        person: if let Author::Person(person) = view.by { Some(person) } else { None },
        at: view.at.lo,
        number: number_of(view.at.fact),
        name: view.line.name.clone(),
        code: view.line.code.as_deref().map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned),
        serial: view.line.serial.as_deref().map(str::trim).filter(|serial| !serial.is_empty()).map(str::to_owned),
        quantity: view.line.quantity,
        unit: view.line.unit.clone(),
        source: view.line.source,
    });
    parts.collect()
}

/// The visit that a step belongs to.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds neither begin nor end working")]
fn step(fact: &Fact) -> Option<(FactRef, bool)> {
    match fact.body() {
        FactBody::Start(body) => Some((body.visit, true)),
        FactBody::Resume(body) => Some((body.visit, true)),
        FactBody::Pause(body) => Some((body.visit, false)),
        FactBody::End(body) => Some((body.visit, false)),
        FactBody::OutcomeDone(body) => Some((body.visit, false)),
        FactBody::OutcomeUnfinished(body) => Some((body.visit, false)),
        FactBody::OutcomeNotRepairable(body) => Some((body.visit, false)),
        _ => None,
    }
}

/// Working time of visits that have ended; one that goes on is judged when it has.
fn work(facts: &FactSet, view: &OrderView) -> Vec<Work> {
    let mut all = Vec::new();
    let counting = Counting::new(facts, view);
    // as a supervisor corrected it.
    let at = |fact: FactId, lo: UnixMillis| view.facets.corrected_time(fact).unwrap_or(lo);
    for visit in &view.visits {
        let (Some(started), Some(ended)) = (visit.started, visit.ended) else { continue };
        let mut steps: Vec<(UnixMillis, bool)> = facts
            .iter()
            .filter(|fact| counting.has(fact))
            .filter_map(|fact| Some((at(fact.id, fact.lo()), step(fact)?)))
            .filter(|(_, (of, _))| *of == visit.id.reference())
            .map(|(at, (_, begins))| (at, begins))
            .collect();
        steps.sort_unstable();
        let mut since = None;
        for (at, begins) in steps.into_iter().filter(|(time, _)| *time <= at(ended.fact, ended.lo)) {
            match (since, begins) {
                (None, true) => since = Some(at),
                (Some(from), false) if at > from => {
                    let (fact, person) = (started.fact.reference(), visit.technician);
                    all.push(Work { fact, digest: digest(facts, started.fact), person, from, to: at });
                    since = None;
                }
                (Some(_), _) | (None, false) => {}
            }
        }
    }
    all
}

/// Facts that count: neither void nor taken back by somebody who could.
struct Counting<'a> {
    view: &'a OrderView,
    withdrawn: BTreeSet<FactRef>,
}

impl<'a> Counting<'a> {
    fn new(facts: &FactSet, view: &'a OrderView) -> Self {
        let stands = facts.iter().filter(|fact| !view.void.contains(&fact.id));
        let withdrawn = stands.filter_map(|fact| match fact.body() {
            FactBody::WithdrawOwn(body) => Some(body.fact),
            _ => None,
        });
        Self { view, withdrawn: withdrawn.collect() }
    }

    fn has(&self, fact: &Fact) -> bool {
        !self.view.void.contains(&fact.id) && !self.withdrawn.contains(&fact.id.reference())
    }
}

/// Whether `person` has confirmed a two-party fact of somebody else: as its witness, or later.
fn confirmed(facts: &FactSet, fact: &Fact, person: PersonId) -> bool {
    let by_witness = fact.content.head.witnesses.iter().flatten().any(|witness| witness.person == person);
    let later = |other: &Fact| {
        matches!(other.body(), FactBody::Acknowledge(body) if body.digest == fact.digest)
            && other.person() == Some(person)
    };
    fact.person() != Some(person) && (by_witness || facts.iter().any(later))
}

fn cash(facts: &FactSet, view: &OrderView) -> Vec<Cash> {
    let counting = Counting::new(facts, view);
    let mut all = Vec::new();
    for fact in facts.iter().filter(|fact| counting.has(fact)) {
        let Some(person) = fact.person() else { continue };
        let one = |amount: &Money| Cash {
            fact: fact.id.reference(),
            digest: fact.digest,
            person,
            amount: amount.clone(),
            at: fact.lo(),
            receipt: None,
            to: None,
            confirmed: true,
            collected: Vec::new(),
        };
        if let FactBody::CollectCash(body) = fact.body() {
            all.push(Cash { receipt: Some(body.receipt.clone()), ..one(&body.amount) });
        }
        if let FactBody::RemitCash(body) = fact.body() {
            let confirmed = confirmed(facts, fact, body.to);
            all.push(Cash { to: Some(body.to), confirmed, collected: body.collected.clone(), ..one(&body.amount) });
        }
    }
    all
}

fn held(facts: &FactSet, view: &OrderView, custody: &CustodyView) -> Held {
    let take = facts.get(custody.at.fact);
    let reference = custody.at.fact.reference();
    let promised = match take.map(Fact::body) {
        Some(FactBody::TakeCustody(body)) => body.due,
        _ => None,
    };
    let edited = view.facets.header.iter().find(|field| field.field == HeaderField::BenchDue);
    let edited = edited.and_then(|field| crate::books::instant(field.value.as_deref()?));
    let mut times = Vec::new();
    let mut returned_at = None;
    let (mut hours, mut parts) = (0_i64, Vec::new());
    let counting = Counting::new(facts, view);
    for fact in facts.iter().filter(|fact| counting.has(fact)) {
        match fact.body() {
            FactBody::TransferCustody(body) if body.custody == reference && body.place != CustodyPlace::Van => {
                times.push(fact.lo());
            }
            FactBody::ReturnCustody(body) if body.custody == reference && body.signed.is_some() => {
                returned_at = Some(fact.lo());
            }
            FactBody::BenchWork(body) if body.custody == reference && body.step == BenchStep::Line => {
                // C-133: as the line shows now: reversed, replaced or corrected.
                let shown = |line: &&LineView| line.at.fact == fact.id && line.standing == LineStanding::Effective;
                match view.lines.iter().find(shown).map(|view| &view.line) {
                    Some(line) if line.kind == LineKind::Labour => hours = hours.saturating_add(line.quantity),
                    Some(line) if line.kind == LineKind::Part => parts.push(line.name.clone()),
                    Some(_) | None => {}
                }
            }
            _ => {}
        }
    }
    Held {
        fact: reference,
        digest: digest(facts, custody.at.fact),
        goods: custody.goods.clone(),
        receipt: custody.receipt.clone(),
        receipt_state: custody.receipt_state,
        taken_by: take.and_then(Fact::person),
        taken_at: custody.at.lo,
        holders: match &custody.holder {
            Holder::Customer => Vec::new(),
            Holder::Person(person) => vec![*person],
            Holder::Conflict(people) => people.clone(),
        },
        place: custody.place,
        stage: custody.stage,
        countersigned: custody.countersigned,
        unconfirmed: u32::try_from(custody.unconfirmed.len()).unwrap_or(u32::MAX),
        promised: edited.or(promised),
        received_at: times.into_iter().min(),
        returned_at: returned_at.filter(|_| !custody.is_open()),
        hours,
        parts,
    }
}

fn found(view: &OrderView) -> Vec<Found> {
    let stands = view.facets.findings.iter().filter(|finding| finding.lifted.is_none());
    let found = stands.map(|finding| Found {
        fact: finding.at.fact.reference(),
        kind: finding.kind,
        about: finding.about,
        subject: finding.subject.clone(),
        person: finding.person,
        others: finding.others.clone(),
        at: finding.at.lo,
        is_open: finding.is_open,
    });
    found.collect()
}

fn refund(facts: &FactSet, view: &OrderView) -> Option<Refund> {
    let waits = |review: &&Review| review.kind == ReviewKind::RefundDue && review.status == ReviewStatus::Open;
    let review = view.reviews.iter().find(waits)?;
    let at = review.causes.iter().filter_map(|cause| facts.get(*cause)).map(Fact::lo).max().unwrap_or(view.updated);
    let money = &view.facets.money.overpaid;
    let amounts = money.iter().map(|(currency, minor)| Money { minor: *minor, currency: currency.clone() });
    Some(Refund { amounts: amounts.collect(), at })
}

fn pockets(view: &OrderView) -> Vec<(PersonId, Money)> {
    let pockets = view.facets.money.pockets.iter();
    pockets.map(|((person, currency), minor)| (*person, Money { minor: *minor, currency: currency.clone() })).collect()
}
