//! Form, proof and right of one change.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chained, Place};
use super::coverage::Coverage;
use super::evidence::{Spent, check_evidence, spends};
use super::form::{check_form, check_time};
use super::{GateStore, Ground, Maker, Verdict};
use crate::document::{FactReader, FirstStatement, Record};
use crate::facts::{Audience, Author, Fact, FactBody, Origin, StatedFact, Statement};
use crate::ids::{ActorId, ChangeHash, DocumentId, PersonId};
use crate::lifecycle::suggested_role;
use crate::limits;
use crate::sync::frames::QuarantineCode;
use crate::time::UnixMillis;

/// Judges the records of one document in turn.
pub(super) struct DocumentJudge<'a> {
    pub(super) store: &'a dyn GateStore,
    pub(super) document: DocumentId,
    pub(super) coverage: &'a Coverage,
    pub(super) now: UnixMillis,
    /// First refused sequence of each actor in this push.
    pub(super) broken: BTreeMap<ActorId, u64>,
    /// What actors that begin in this push stated; the store does not know them yet.
    firsts: BTreeMap<ActorId, FirstStatement>,
    /// Actors of which a change in this push has no proof.
    unproven: BTreeSet<ActorId>,
    /// Whether this push begins the document.
    begun: bool,
    /// People whose order it becomes by a fact of this push: who takes it himself, or takes a visit over.
    entered: BTreeSet<PersonId>,
    /// One-time things that this push has used up so far, whatever the order.
    spent: &'a mut Spent,
}

impl<'a> DocumentJudge<'a> {
    pub(super) fn new(
        store: &'a dyn GateStore,
        document: DocumentId,
        coverage: &'a Coverage,
        now: UnixMillis,
        spent: &'a mut Spent,
    ) -> Self {
        let (broken, firsts, unproven) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { store, document, coverage, now, broken, firsts, unproven, begun: false, entered: BTreeSet::new(), spent }
    }

    pub(super) fn one(&mut self, chained: Chained) -> (Record, Verdict) {
        let Chained { record, place } = chained;
        let verdict = match place {
            Place::Known(_) => Verdict::Duplicate,
            Place::Twin(hash) => self.twin(&record, hash),
            Place::Behind { missing, hash: None } => Verdict::Held { missing, hash: None, good: None },
            Place::Behind { missing, hash: Some(hash) } => self.behind(&record, hash, missing),
            Place::Next(hash) => match self.broken.get(&record.actor) {
                Some(missing) => self.behind(&record, hash, *missing),
                None if matches!(self.coverage, Coverage::Unknown) => {
                    Verdict::Held { missing: record.sequence, hash: Some(hash), good: None }
                }
                None => self.next(&record, hash),
            },
        };
        if let Verdict::Quarantine { .. } | Verdict::Held { .. } = verdict {
            self.broken.entry(record.actor).or_insert(record.sequence);
        }
        (record, verdict)
    }

    fn next(&mut self, record: &Record, hash: ChangeHash) -> Verdict {
        match self.check(record, hash) {
            Ok((fact, first)) => {
                if let Some(first) = &first {
                    self.firsts.insert(record.actor, first.clone());
                }
                self.begun |= !self.store.is_known(self.document);
                self.note(&fact);
                Verdict::Accept { hash, fact: Box::new(fact), first }
            }
            // It may have its ground again once a device has brought back what the store lost.
            Err(code) if self.may_return(code) => {
                Verdict::Held { missing: record.sequence, hash: Some(hash), good: None }
            }
            Err(code) => {
                self.keep_first(record);
                if code == QuarantineCode::NoProof {
                    self.unproven.insert(record.actor);
                }
                Verdict::Quarantine { code, hash }
            }
        }
    }

    /// What an accepted fact changes for those behind it.
    fn note(&mut self, fact: &Fact) {
        if let Some(once) = spends(fact) {
            self.spent.insert(once, (self.document, fact.id));
        }
        if matches!(fact.body(), FactBody::SelfDispatch(_)) {
            self.entered.extend(fact.person());
        }
        if let FactBody::HandoverVisit(handover) = fact.body() {
            self.entered.insert(handover.to);
        }
    }

    fn may_return(&self, code: QuarantineCode) -> bool {
        let lost = matches!(
            code,
            QuarantineCode::UnknownDocument
                | QuarantineCode::OutOfScope
                | QuarantineCode::BadWitness
                | QuarantineCode::BadCode
                | QuarantineCode::ForeignNumber
        );
        let may_be_news = matches!(
            code,
            QuarantineCode::TimeAhead
                | QuarantineCode::NotPermitted
                | QuarantineCode::NewerKind
                | QuarantineCode::Revoked
        );
        match self.store.ground() {
            Ground::Whole => false,
            Ground::MayReturn => lost,
            Ground::OnDevice => lost || may_be_news,
        }
    }

    /// A second content for a known place, carried by somebody who did not make it: kept apart, and what speaks
    /// against it besides is said first.
    fn twin(&self, record: &Record, hash: ChangeHash) -> Verdict {
        let code = self.check(record, hash).err().unwrap_or(QuarantineCode::TwoContents);
        Verdict::Quarantine { code, hash }
    }

    /// What stands behind a refused change is held; but what would be refused by itself is refused at once. Held,
    /// it would be stated again only to be refused then, one round and one copy of all behind it for each.
    fn behind(&self, record: &Record, hash: ChangeHash, missing: u64) -> Verdict {
        let known = self.first(record.actor).filter(|_| !matches!(self.coverage, Coverage::Unknown));
        match (self.check(record, hash), known) {
            (Err(code), Some(_)) if !self.may_return(code) => Verdict::Quarantine { code, hash },
            // Whom a first fact names that nothing vouches for says nothing about those behind it.
            (Ok((fact, _)), Some(first)) if !self.unproven.contains(&record.actor) => {
                let good = FirstStatement { origin: first.origin, author: Some(fact.author) };
                Verdict::Held { missing, hash: Some(hash), good: Some(good) }
            }
            (Err(_) | Ok(_), _) => Verdict::Held { missing, hash: Some(hash), good: None },
        }
    }

    /// The origin that a refused first change states holds for those behind it: the actor is its digest.
    fn keep_first(&mut self, record: &Record) {
        let Ok(stated) = StatedFact::from_bytes(&record.bytes) else { return };
        let StatedFact { statement: Statement { origin, author, .. }, .. } = stated;
        if record.sequence == 1 && origin.is_some_and(|origin| origin.actor() == record.actor) {
            self.firsts.insert(record.actor, FirstStatement { origin, author });
        }
    }

    fn check(&self, record: &Record, hash: ChangeHash) -> Result<(Fact, Option<FirstStatement>), QuarantineCode> {
        let stated = check_form(record)?;
        let begins = record.sequence == 1;
        let known = if begins { None } else { self.first(record.actor) };
        let first = known.unwrap_or_else(|| FirstStatement {
            origin: stated.statement.origin,
            author: stated.statement.author.clone(),
        });
        let origin = first.origin.ok_or(QuarantineCode::WrongActor)?;
        if origin.actor() != record.actor || (begins && stated.statement.author.is_none()) {
            return Err(QuarantineCode::WrongActor);
        }
        let restates = stated.statement.restates;
        let mut reader = FactReader::starting_with(self.document, record.actor, first.clone());
        let fact = reader.resolve(record, stated);
        match self.coverage {
            Coverage::Receipt(covered) if covered.contains(&hash) => {}
            Coverage::By(maker, covered) if covered.contains(&hash) => {
                // What a receipt covers was judged once, by a clock that may have been another.
                check_time(record.time, fact.lo(), self.now)?;
                self.check_maker(maker, &origin, restates.map(|first| first.actor))?;
                self.check_right(maker, &fact)?;
            }
            Coverage::Nothing | Coverage::Unknown | Coverage::Receipt(_) | Coverage::By(..) => {
                return Err(QuarantineCode::NoProof);
            }
        }
        Ok((fact, begins.then_some(first)))
    }

    fn check_maker(&self, maker: &Maker, origin: &Origin, restated: Option<ActorId>) -> Result<(), QuarantineCode> {
        if maker.revoked {
            return Err(QuarantineCode::Revoked);
        }
        let is_own = |origin: &Origin| matches!(origin, Origin::Device { device, .. } if *device == maker.device);
        if !is_own(origin) {
            return Err(QuarantineCode::WrongActor);
        }
        let foreign = restated
            .and_then(|actor| self.first(actor))
            .and_then(|first| first.origin)
            .is_some_and(|origin| !is_own(&origin));
        if foreign { Err(QuarantineCode::WrongActor) } else { Ok(()) }
    }

    /// What an actor's first fact stated, in this push or before it.
    fn first(&self, actor: ActorId) -> Option<FirstStatement> {
        self.firsts.get(&actor).cloned().or_else(|| self.store.first(self.document, actor))
    }

    fn check_right(&self, maker: &Maker, fact: &Fact) -> Result<(), QuarantineCode> {
        let Author::Person(person) = &fact.author else {
            return Err(QuarantineCode::ForgedAuthor);
        };
        if !maker.persons.contains(person) {
            return Err(QuarantineCode::ForgedAuthor);
        }
        let kind = fact.kind().ok_or(QuarantineCode::NewerKind)?;
        if kind.is_office_act() {
            return Err(QuarantineCode::NotPermitted);
        }
        if !kind.lies_in(Audience::Field) {
            return Err(QuarantineCode::OfficeKind);
        }
        let roles = self.store.roles(*person, fact.lo().max(maker.since));
        if !kind.right().roles.iter().any(|role| roles.contains(role)) {
            return Err(QuarantineCode::NotPermitted);
        }
        // The role ranks intents (R2), opens corrections and decides reviews: only one that the author holds, be it
        // stated or read from the kind.
        let read = || kind.role_counts().then(|| suggested_role(kind));
        if fact.content.head.role.or_else(read).is_some_and(|role| !roles.contains(&role)) {
            return Err(QuarantineCode::NotPermitted);
        }
        check_evidence(self.store, maker, self.document, fact, self.spent)?;
        if self.begun {
            return Ok(());
        }
        if !self.store.is_known(self.document) {
            if !kind.begins_order() {
                return Err(QuarantineCode::UnknownDocument);
            }
            // A phone's clock may be years ahead; the time of a digest lies further off.
            let latest = self.now.plus(limits::CLOCK_AHEAD_MAX_MS);
            return if self.document.is_made_until(latest) { Ok(()) } else { Err(QuarantineCode::Malformed) };
        }
        // Who dispatches himself makes it his (C-048); who takes a visit over was given it.
        let enters = matches!(fact.body(), FactBody::SelfDispatch(_)) || self.entered.contains(person);
        let is_his = enters || self.store.was_in_scope(self.document, *person);
        if is_his {
            return Ok(());
        }
        // A program that knows the kind may find it his.
        let waits = self.store.ground() == Ground::Whole && self.store.holds_unknown(self.document);
        Err(if waits { QuarantineCode::NewerKind } else { QuarantineCode::OutOfScope })
    }
}
