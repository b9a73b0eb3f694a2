//! What one order says to the books: parts, time, cash, goods, findings. A pure function of its facts and its fold;
//! kept beside the order, so that a question across orders loads no document.

use docket_sync_core::facts::values::{
    BenchStep, Claim, CustodyPlace, FindingKind, Goods, HeaderField, LineKind, Money, PartSource,
};
use docket_sync_core::facts::{Author, Fact, FactBody};
use docket_sync_core::ids::{Digest, FactId, FactRef, PersonId};
use docket_sync_core::lifecycle::facets::{CustodyStage, CustodyView, Holder, ReceiptState};
use docket_sync_core::lifecycle::view::{LineStanding, OrderView, ReviewKind, ReviewStatus};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

/// A part that was fitted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Part {
    /// The line.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// Who recorded it.
    #[n(2)]
    pub person: Option<PersonId>,
    /// Field time.
    #[n(3)]
    pub at: UnixMillis,
    /// Log number under which the store has it.
    #[n(4)]
    pub number: u64,
    /// Name.
    #[n(5)]
    pub name: String,
    /// Catalogue code.
    #[n(6)]
    pub code: Option<String>,
    /// Serial number.
    #[n(7)]
    pub serial: Option<String>,
    /// Thousandths of `unit`.
    #[n(8)]
    pub quantity: i64,
    /// Unit.
    #[n(9)]
    pub unit: String,
    /// Source as stated.
    #[n(10)]
    pub source: Option<PartSource>,
}

impl Part {
    /// Whether it came out of a stock of ours: whoever does not say otherwise took it from his van.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !matches!(self.source, Some(PartSource::Customer | PartSource::Unknown))
    }
}

/// Work from a start to a pause or an end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Work {
    /// The first start of the visit.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// The technician.
    #[n(2)]
    pub person: PersonId,
    /// From, in field time.
    #[n(3)]
    pub from: UnixMillis,
    /// Until.
    #[n(4)]
    pub to: UnixMillis,
}

/// Cash taken or handed in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cash {
    /// The fact.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// The technician.
    #[n(2)]
    pub person: PersonId,
    /// How much.
    #[n(3)]
    pub amount: Money,
    /// Field time.
    #[n(4)]
    pub at: UnixMillis,
    /// Number of the receipt; absent for cash handed in.
    #[n(5)]
    pub receipt: Option<String>,
    /// The accountant; absent for cash taken.
    #[n(6)]
    pub to: Option<PersonId>,
    /// Whether he has confirmed it.
    #[n(7)]
    pub confirmed: bool,
    /// The collections that a hand-over names.
    #[n(8)]
    pub collected: Vec<FactRef>,
}

/// The customer's goods with us: one line of the register (客户商品进出登记簿).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Held {
    /// The fact by which they were taken.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// What.
    #[n(2)]
    pub goods: Goods,
    /// Number of the receipt.
    #[n(3)]
    pub receipt: String,
    /// The receipt.
    #[n(4)]
    pub receipt_state: ReceiptState,
    /// Who took them.
    #[n(5)]
    pub taken_by: Option<PersonId>,
    /// When, in field time.
    #[n(6)]
    pub taken_at: UnixMillis,
    /// Who holds them now: nobody of us, one, or everybody who claims to.
    #[n(7)]
    pub holders: Vec<PersonId>,
    /// Where they are.
    #[n(8)]
    pub place: CustodyPlace,
    /// How far the repair is.
    #[n(9)]
    pub stage: CustodyStage,
    /// Whether the customer countersigned (C-131).
    #[n(10)]
    pub countersigned: bool,
    /// Hand-overs that the other side has not confirmed.
    #[n(11)]
    pub unconfirmed: u32,
    /// When they were promised back.
    #[n(12)]
    pub promised: Option<UnixMillis>,
    /// When they came to the store or the bench (C-132).
    #[n(13)]
    pub received_at: Option<UnixMillis>,
    /// When they went back.
    #[n(14)]
    pub returned_at: Option<UnixMillis>,
    /// Thousandths of an hour on the repair card (C-133).
    #[n(15)]
    pub hours: i64,
    /// Parts on the repair card.
    #[n(16)]
    pub parts: Vec<String>,
}

impl Held {
    /// Whether they are with us.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage != CustodyStage::Returned
    }

    /// Whether more than one claims to hold them (R9).
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.holders.len() > 1
    }

    /// Whether they are on the bench, or wait for it.
    #[must_use]
    pub fn is_on_bench(&self) -> bool {
        self.is_open() && self.received_at.is_some() && self.stage < CustodyStage::Inspected
    }

    /// What makes the thing the same wherever it is named: its serial, or its unit's record.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let serial = self.goods.serial.as_deref().map(super::rules::serials::compared);
        serial.filter(|serial| !serial.is_empty()).or_else(|| self.goods.unit.map(|unit| unit.to_string()))
    }
}

/// A finding that the order holds and that was not lifted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Found {
    /// The fact that states it.
    #[n(0)]
    pub fact: FactRef,
    /// Its kind.
    #[n(1)]
    pub kind: FindingKind,
    /// The fact that it is about.
    #[n(2)]
    pub about: FactRef,
    /// What it is about, as people name it.
    #[n(3)]
    pub subject: String,
    /// Whose stock, time or cash.
    #[n(4)]
    pub person: Option<PersonId>,
    /// The facts of other orders.
    #[n(5)]
    pub others: Vec<Claim>,
    /// When it was stated.
    #[n(6)]
    pub at: UnixMillis,
    /// Whether nobody has decided about it.
    #[n(7)]
    pub is_open: bool,
}

/// Money that goes back to the customer (X-60, X-61, U-14).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Refund {
    /// Minor units by currency.
    #[n(0)]
    pub amounts: Vec<Money>,
    /// When the last payment was made.
    #[n(1)]
    pub at: UnixMillis,
}

/// Everything that one order says to the books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entries {
    /// Parts.
    #[n(0)]
    pub parts: Vec<Part>,
    /// Time.
    #[n(1)]
    pub work: Vec<Work>,
    /// Cash.
    #[n(2)]
    pub cash: Vec<Cash>,
    /// Goods.
    #[n(3)]
    pub goods: Vec<Held>,
    /// Findings.
    #[n(4)]
    pub found: Vec<Found>,
    /// What is to be given back.
    #[n(5)]
    pub refund: Option<Refund>,
    /// Cash in somebody's pocket.
    #[n(6)]
    pub pockets: Vec<(PersonId, Money)>,
    /// When something of it falls due.
    #[n(7)]
    pub due: Option<UnixMillis>,
}

impl Entries {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads an order; `number_of` is the log number of a fact.
pub(super) fn of(facts: &FactSet, view: &OrderView, number_of: impl Fn(FactId) -> u64) -> Entries {
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
    let fitted = view
        .lines
        .iter()
        .filter(|line| line.standing == LineStanding::Effective && line.line.kind == LineKind::Part);
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
    for visit in &view.visits {
        let (Some(started), Some(ended)) = (visit.started, visit.ended) else { continue };
        let mut steps: Vec<(UnixMillis, bool)> = facts
            .iter()
            .filter(|fact| !view.void.contains(&fact.id))
            .filter_map(|fact| Some((fact.lo(), step(fact)?)))
            .filter(|(_, (of, _))| *of == visit.id.reference())
            .map(|(at, (_, begins))| (at, begins))
            .collect();
        steps.sort_unstable();
        let mut since = None;
        for (at, begins) in steps.into_iter().filter(|(at, _)| *at <= ended.lo) {
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

/// Facts that were taken back.
fn withdrawn(facts: &FactSet, id: FactId) -> bool {
    facts.iter().any(|fact| matches!(fact.body(), FactBody::WithdrawOwn(body) if body.fact == id.reference()))
}

/// Whether `person` has confirmed a two-party fact: as its witness, or later.
fn confirmed(facts: &FactSet, fact: &Fact, person: PersonId) -> bool {
    let by_witness = fact.content.head.witnesses.iter().flatten().any(|witness| witness.person == person);
    let later = |other: &Fact| {
        matches!(other.body(), FactBody::Acknowledge(body) if body.digest == fact.digest)
            && other.person() == Some(person)
    };
    by_witness || fact.person() == Some(person) || facts.iter().any(later)
}

fn cash(facts: &FactSet, view: &OrderView) -> Vec<Cash> {
    let stands = |fact: &&Fact| !withdrawn(facts, fact.id) && !view.void.contains(&fact.id);
    let mut all = Vec::new();
    for fact in facts.iter().filter(stands) {
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
    let edited = edited.and_then(|field| super::instant(field.value.as_deref()?));
    let mut times = Vec::new();
    let mut returned_at = None;
    let (mut hours, mut parts) = (0_i64, Vec::new());
    for fact in facts.iter() {
        match fact.body() {
            FactBody::TransferCustody(body) if body.custody == reference && body.place != CustodyPlace::Van => {
                times.push(fact.lo());
            }
            FactBody::ReturnCustody(body) if body.custody == reference && body.signed.is_some() => {
                returned_at = Some(fact.lo());
            }
            FactBody::BenchWork(body) if body.custody == reference && body.step == BenchStep::Line => {
                match body.line.as_ref() {
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
    let waits = |review: &&docket_sync_core::lifecycle::view::Review| {
        review.kind == ReviewKind::RefundDue && review.status == ReviewStatus::Open
    };
    let review = view.reviews.iter().find(waits)?;
    let at = review.causes.iter().filter_map(|cause| facts.get(*cause)).map(Fact::lo).max().unwrap_or(view.updated);
    let money = &view.facets.money.overpaid;
    let amounts = money.iter().map(|(currency, minor)| Money { minor: *minor, currency: currency.clone() });
    Some(Refund { amounts: amounts.collect(), at })
}

fn pockets(view: &OrderView) -> Vec<(PersonId, Money)> {
    let pockets = view.facets.money.pockets.iter();
    pockets
        .map(|((person, currency), minor)| (*person, Money { minor: *minor, currency: currency.clone() }))
        .collect()
}
