//! The gate: judges form, proof and right of what arrives, never whether the moment was right.
//!
//! It decides each change by itself: accepted, there already, held behind a refused or missing one, or
//! quarantined with a code. It loads no document: chains are checked against metadata kept beside the saves.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;

use super::form::check_form;
use super::frames::{Cover, Push, QuarantineCode, Renew, RenewReason};
use crate::document::{BuiltChange, ChainHead, FactReader, FirstStatement, Record, rebuild_unchecked};
use crate::facts::{Author, Fact, FactKind, Origin, Role};
use crate::ids::{ActorId, ChangeHash, DeviceId, DocumentId, PersonId, StoreId};
use crate::proof::{Envelope, EnvelopeDocument, Receipt};
use crate::time::UnixMillis;
use crate::DecodeError;

/// What the gate looks up about what the store accepted or refused before.
pub trait GateStore {
    /// End of an actor's accepted chain.
    fn chain(&self, document: DocumentId, actor: ActorId) -> Option<ChainHead>;
    /// Hash of one accepted change.
    fn accepted(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash>;
    /// Hash of one change that is held or quarantined.
    fn refused(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash>;
    /// What the actor's first fact in the document stated.
    fn first(&self, document: DocumentId, actor: ActorId) -> Option<FirstStatement>;
    /// Whether the store knows the document.
    fn is_known(&self, document: DocumentId) -> bool;
    /// Every role the person held lately enough to matter.
    fn roles(&self, person: PersonId) -> Vec<Role>;
    /// Whether the document was ever in the person's scope.
    fn was_in_scope(&self, document: DocumentId, person: PersonId) -> bool;
}

/// The device that made the changes, as its certificate says.
#[derive(Debug, Clone)]
pub struct Maker {
    /// The device.
    pub device: DeviceId,
    /// Its key.
    pub key: VerifyingKey,
    /// Persons who may be author on it.
    pub persons: Vec<PersonId>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// What covers a push, once the certificate or receipt itself has been checked.
#[derive(Debug, Clone)]
pub enum Proof {
    /// An envelope by this device; its signature is still to be checked against the rebuilt hashes.
    Envelope {
        /// The device.
        maker: Maker,
        /// The envelope without, or with, its list.
        envelope: Envelope,
    },
    /// A receipt of this store with a good signature.
    Receipt(Receipt),
    /// Nothing.
    None,
}

/// The gate's decision about one change.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It may enter.
    Accept {
        /// The change, rebuilt.
        built: Box<BuiltChange>,
        /// Its fact.
        fact: Box<Fact>,
        /// Whether it is the first of its actor in the document, and what it stated.
        first: Option<FirstStatement>,
    },
    /// It is there already.
    Duplicate,
    /// It waits behind `missing`.
    Held {
        /// The missing or refused sequence.
        missing: u64,
        /// Its own hash, when that can be known.
        hash: Option<ChangeHash>,
    },
    /// Kept apart until a person decides.
    Quarantine {
        /// Why.
        code: QuarantineCode,
        /// Its hash.
        hash: ChangeHash,
    },
}

/// One document of a push, judged.
#[derive(Debug, Clone)]
pub struct JudgedDocument {
    /// The document.
    pub document: DocumentId,
    /// Every record with its verdict, in the order in which they travelled.
    pub records: Vec<(Record, Verdict)>,
}

/// A push, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The documents.
    pub documents: Vec<JudgedDocument>,
    /// The envelope with its list, when it was good.
    pub envelope: Option<Envelope>,
    /// Set when the device must take a new incarnation; nothing else of the push counts.
    pub renew: Option<Renew>,
}

/// Judges a push.
///
/// # Errors
/// When its frames contradict themselves (an unknown actor index, too many records): the sender is at fault
/// and nothing of it is kept.
pub fn judge(
    store: &dyn GateStore,
    store_id: StoreId,
    push: &Push,
    proof: Proof,
    now: UnixMillis,
) -> Result<Judged, DecodeError> {
    let documents = push.records.unpack()?;
    let mut chained = Vec::new();
    for (document, records) in documents {
        match chain_up(store, document, records) {
            Ok(records) => chained.push((document, records)),
            Err(renew) => return Ok(Judged { documents: Vec::new(), envelope: None, renew: Some(renew) }),
        }
    }
    let (envelope, coverage) = check_proof(store_id, &chained, proof);
    let judged = chained
        .into_iter()
        .map(|(document, records)| {
            let mut judge = DocumentJudge::new(store, document, &coverage, now);
            let records = records.into_iter().map(|chained| judge.one(chained)).collect();
            JudgedDocument { document, records }
        })
        .collect();
    Ok(Judged { documents: judged, envelope, renew: None })
}

/// A record with what could be found out about its place.
struct Chained {
    record: Record,
    place: Place,
}

enum Place {
    /// It follows its chain.
    Next(BuiltChange),
    /// The same change was accepted before.
    Known(ChangeHash),
    /// It follows a change that was refused, or a chain whose end is not known here.
    Behind { missing: u64, built: Option<BuiltChange> },
}

/// Rebuilds every change along its chain. A second content for one (actor, sequence) asks for a renewal.
fn chain_up(store: &dyn GateStore, document: DocumentId, records: Vec<Record>) -> Result<Vec<Chained>, Renew> {
    let mut ends: BTreeMap<ActorId, ChainEnd> = BTreeMap::new();
    let mut chained = Vec::new();
    for record in records {
        let end = ends.entry(record.actor).or_insert_with(|| ChainEnd::of(store, document, record.actor));
        let place = end.place(store, document, &record).ok_or(Renew {
            actor: Some(record.actor),
            sequence: record.sequence,
            reason: RenewReason::TwoContents,
        })?;
        chained.push(Chained { record, place });
    }
    Ok(chained)
}

/// The end of a chain while a push is read.
struct ChainEnd {
    /// Last accepted sequence.
    accepted: u64,
    /// The change that the next record must follow.
    tip: Option<ChainHead>,
    /// Whether everything up to the tip is accepted or may be.
    unbroken: bool,
}

impl ChainEnd {
    fn of(store: &dyn GateStore, document: DocumentId, actor: ActorId) -> Self {
        let tip = store.chain(document, actor);
        Self { accepted: tip.map_or(0, |head| head.sequence), tip, unbroken: true }
    }

    /// `None` when the same place holds another content.
    fn place(&mut self, store: &dyn GateStore, document: DocumentId, record: &Record) -> Option<Place> {
        let previous = record.sequence.saturating_sub(1);
        let missing = self.accepted.saturating_add(1);
        if record.sequence <= self.accepted {
            let known = store.accepted(document, record.actor, record.sequence)?;
            let before = head(previous, store.accepted(document, record.actor, previous));
            let built = rebuild_unchecked(document, before.as_ref(), record);
            return (built.hash == known).then_some(Place::Known(known));
        }
        if previous != self.tip.map_or(0, |head| head.sequence) {
            let Some(refused) = head(previous, store.refused(document, record.actor, previous)) else {
                return Some(Place::Behind { missing, built: None });
            };
            self.tip = Some(refused);
            self.unbroken = false;
        }
        let built = rebuild_unchecked(document, self.tip.as_ref(), record);
        self.tip = Some(ChainHead { sequence: record.sequence, hash: built.hash });
        Some(if self.unbroken { Place::Next(built) } else { Place::Behind { missing, built: Some(built) } })
    }
}

fn head(sequence: u64, hash: Option<ChangeHash>) -> Option<ChainHead> {
    hash.map(|hash| ChainHead { sequence, hash })
}

/// What a good proof covers.
enum Coverage {
    /// Everything, by this device.
    By(Maker),
    /// The changes with these hashes, judged once already.
    Receipt(BTreeSet<ChangeHash>),
    /// Nothing.
    Nothing,
}

fn check_proof(
    store: StoreId,
    documents: &[(DocumentId, Vec<Chained>)],
    proof: Proof,
) -> (Option<Envelope>, Coverage) {
    match proof {
        Proof::None => (None, Coverage::Nothing),
        Proof::Receipt(receipt) => (None, Coverage::Receipt(under_receipt(documents, &receipt))),
        Proof::Envelope { maker, mut envelope } => {
            let listed = !envelope.documents.is_empty();
            let rebuilt: Option<Vec<_>> = documents.iter().map(|(id, records)| hashes(*id, records)).collect();
            match rebuilt {
                Some(rebuilt) if listed && !covers(&envelope.documents, &rebuilt) => (None, Coverage::Nothing),
                Some(rebuilt) => {
                    if !listed {
                        envelope.documents = rebuilt;
                    }
                    let good = envelope.store == store && envelope.verify(&maker.key).is_ok();
                    if good { (Some(envelope), Coverage::By(maker)) } else { (None, Coverage::Nothing) }
                }
                // A predecessor is missing, so hashes are missing: such records are held, not judged.
                None => (None, Coverage::By(maker)),
            }
        }
    }
}

/// Changes that are a head in the receipt, or lie before one on its chain.
fn under_receipt(documents: &[(DocumentId, Vec<Chained>)], receipt: &Receipt) -> BTreeSet<ChangeHash> {
    let mut covered = BTreeSet::new();
    for (document, records) in documents {
        let heads = receipt.documents.iter().find(|line| line.document == *document).map(|line| &line.heads);
        let mut later_is_covered: BTreeSet<ActorId> = BTreeSet::new();
        for chained in records.iter().rev() {
            let Some(hash) = hash_of(&chained.place) else { continue };
            if heads.is_some_and(|heads| heads.contains(&hash)) {
                later_is_covered.insert(chained.record.actor);
            }
            if later_is_covered.contains(&chained.record.actor) {
                covered.insert(hash);
            }
        }
    }
    covered
}

fn covers(listed: &[EnvelopeDocument], rebuilt: &[EnvelopeDocument]) -> bool {
    rebuilt.iter().all(|document| {
        listed.iter().any(|list| {
            list.document == document.document && document.changes.iter().all(|hash| list.changes.contains(hash))
        })
    })
}

fn hashes(document: DocumentId, records: &[Chained]) -> Option<EnvelopeDocument> {
    let changes = records.iter().map(|chained| hash_of(&chained.place)).collect::<Option<Vec<_>>>()?;
    Some(EnvelopeDocument { document, changes })
}

fn hash_of(place: &Place) -> Option<ChangeHash> {
    match place {
        Place::Next(built) => Some(built.hash),
        Place::Known(hash) => Some(*hash),
        Place::Behind { built, .. } => built.as_ref().map(|built| built.hash),
    }
}

/// Judges the records of one document in turn.
struct DocumentJudge<'a> {
    store: &'a dyn GateStore,
    document: DocumentId,
    coverage: &'a Coverage,
    now: UnixMillis,
    /// First refused sequence of each actor in this push.
    broken: BTreeMap<ActorId, u64>,
    /// What actors that begin in this push stated; the store does not know them yet.
    firsts: BTreeMap<ActorId, FirstStatement>,
    /// Whether this push begins the document.
    begun: bool,
}

impl<'a> DocumentJudge<'a> {
    fn new(store: &'a dyn GateStore, document: DocumentId, coverage: &'a Coverage, now: UnixMillis) -> Self {
        let (broken, firsts) = (BTreeMap::new(), BTreeMap::new());
        Self { store, document, coverage, now, broken, firsts, begun: false }
    }

    fn one(&mut self, chained: Chained) -> (Record, Verdict) {
        let Chained { record, place } = chained;
        let verdict = match place {
            Place::Known(_) => Verdict::Duplicate,
            Place::Behind { missing, built } => Verdict::Held { missing, hash: built.map(|built| built.hash) },
            Place::Next(built) => match self.broken.get(&record.actor) {
                Some(missing) => Verdict::Held { missing: *missing, hash: Some(built.hash) },
                None => self.next(&record, built),
            },
        };
        if let Verdict::Quarantine { .. } | Verdict::Held { .. } = verdict {
            self.broken.entry(record.actor).or_insert(record.sequence);
        }
        (record, verdict)
    }

    fn next(&mut self, record: &Record, built: BuiltChange) -> Verdict {
        let hash = built.hash;
        match self.check(record, hash) {
            Ok((fact, first)) => {
                if let Some(first) = &first {
                    self.firsts.insert(record.actor, first.clone());
                }
                self.begun |= !self.store.is_known(self.document);
                Verdict::Accept { built: Box::new(built), fact: Box::new(fact), first }
            }
            Err(code) => Verdict::Quarantine { code, hash },
        }
    }

    fn check(
        &self,
        record: &Record,
        hash: ChangeHash,
    ) -> Result<(Fact, Option<FirstStatement>), QuarantineCode> {
        let stated = check_form(record, self.now)?;
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
            Coverage::Nothing => return Err(QuarantineCode::NoProof),
            Coverage::Receipt(covered) if covered.contains(&hash) => {}
            Coverage::Receipt(_) => return Err(QuarantineCode::NoProof),
            Coverage::By(maker) => {
                self.check_maker(maker, &origin, restates.map(|first| first.actor))?;
                self.check_right(maker, &fact)?;
            }
        }
        Ok((fact, begins.then_some(first)))
    }

    fn check_maker(
        &self,
        maker: &Maker,
        origin: &Origin,
        restated: Option<ActorId>,
    ) -> Result<(), QuarantineCode> {
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
        let roles = self.store.roles(*person);
        if !kind.right().roles.iter().any(|role| roles.contains(role)) {
            return Err(QuarantineCode::NotPermitted);
        }
        if self.begun {
            return Ok(());
        }
        if !self.store.is_known(self.document) {
            return if begins_document(kind) { Ok(()) } else { Err(QuarantineCode::UnknownDocument) };
        }
        if self.store.was_in_scope(self.document, *person) { Ok(()) } else { Err(QuarantineCode::OutOfScope) }
    }
}

/// Kinds that may be the first fact of a document.
fn begins_document(kind: FactKind) -> bool {
    kind == FactKind::RegisterCall
}

/// The proof that a push's cover claims, for covers that need nothing but the session's own device.
#[must_use]
pub fn own_proof(cover: &Cover, store: StoreId, maker: Maker) -> Proof {
    match cover {
        Cover::Own { key, counter, signature } => Proof::Envelope {
            envelope: Envelope {
                store,
                device: maker.device,
                key: *key,
                counter: *counter,
                documents: Vec::new(),
                signature: *signature,
            },
            maker,
        },
        Cover::Relayed { .. } | Cover::Receipt { .. } | Cover::None => Proof::None,
    }
}
