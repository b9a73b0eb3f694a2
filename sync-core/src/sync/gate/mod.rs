//! The gate: judges form, proof and right of what arrives, never whether the moment was right.
//!
//! It decides each change by itself: accepted, there already, held behind a refused or missing one, or
//! quarantined with a code. It loads no document: chains are checked against metadata kept beside the saves.
//! `chain` finds a record's place, `coverage` what the proof vouches for, `evidence` what the fact itself shows
//! (witnesses, codes, numbers), `judge` decides.

mod chain;
mod coverage;
mod evidence;
mod form;
mod judge;

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;

use super::frames::{Cover, Push, QuarantineCode, Renew, RenewReason};
use crate::DecodeError;
use crate::document::{ChainHead, FirstStatement, Record, hash_behind};
use crate::facts::values::ApprovalWay;
use crate::facts::{Block, Fact, FactBody, Ledger, Origin, Role, receipt_number};
use crate::ids::{ActorId, ChangeHash, DeviceId, Digest, DocumentId, FactId, KeyId, PersonId, StoreId};
use crate::proof::{Checked, Envelope, EnvelopeDocument, Receipt};
use crate::time::UnixMillis;
use chain::{ByMaker, Chained, chain_up, hash_of};
use coverage::{Coverage, check_proof};
use evidence::Spent;
use judge::DocumentJudge;

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
    /// Every role the person held at some time from `since` until now.
    fn roles(&self, person: PersonId, since: UnixMillis) -> Vec<Role>;
    /// Whether the document was ever in the person's scope.
    fn was_in_scope(&self, document: DocumentId, person: PersonId) -> bool;
    /// Whether the document holds facts of kinds that this program does not know: they may say whose it is.
    fn holds_unknown(&self, _document: DocumentId) -> bool {
        false
    }
    /// The key with this id, where it is of a device on which the person may be author and which was not revoked
    /// before `at`.
    fn witness_key(&self, person: PersonId, key: KeyId, at: UnixMillis) -> Option<VerifyingKey>;
    /// What is known of one of the approver's one-time codes (U-21).
    fn code(&self, approver: PersonId, number: u32) -> Option<KnownCode>;
    /// Every block of receipt numbers that the device ever had.
    fn blocks(&self, device: DeviceId) -> Vec<Block>;
    /// The fact that used up a one-time thing.
    fn used_by(&self, once: &OneTime) -> Option<(DocumentId, FactId)>;
    /// Whether the store may have lost what the push builds on.
    fn ground(&self) -> Ground {
        Ground::Whole
    }
}

/// One of an approver's one-time codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownCode {
    /// Its hash.
    pub hash: Digest,
    /// Last moment at which an approval by it may be stated.
    pub until: UnixMillis,
}

/// What one fact of one order uses up for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OneTime {
    /// A one-time code.
    Code {
        /// Whose.
        approver: PersonId,
        /// Its number.
        number: u32,
    },
    /// The number of a receipt.
    Number {
        /// The ledger.
        ledger: Ledger,
        /// The number.
        number: u64,
    },
}

impl OneTime {
    /// What a fact uses up.
    #[must_use]
    pub fn of(body: &FactBody) -> Option<Self> {
        if let Some(word) = body.word() {
            let (approver, number) = (word.approver?, word.code?);
            return (word.way == ApprovalWay::Code).then_some(Self::Code { approver, number });
        }
        let (ledger, printed) = receipt_number(body)?;
        Some(Self::Number { ledger, number: ledger.read(printed)? })
    }
}

/// Whether the store may have lost what a push builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The store has everything that it ever told the sender.
    Whole,
    /// The sender has seen more than the store has: what is missing may come back by healing, so that work
    /// on it is held until then.
    MayReturn,
    /// A device judges what a colleague hands it: what depends on things that only the store has is held for it
    /// (people, blocks and codes are here as of this device's last sync).
    OnDevice,
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
    /// When its certificate was issued: it can have made nothing before, whatever its facts claim.
    pub since: UnixMillis,
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
    /// The same, whose signature was checked before by [`check_ahead`]: for the changes that it is about, not again.
    Checked {
        /// The device.
        maker: Maker,
        /// The envelope without its list.
        envelope: Envelope,
        /// What was checked.
        checked: Checked,
    },
    /// A receipt of this store with a good signature.
    Receipt(Receipt),
    /// Nothing.
    None,
}

impl Proof {
    /// The device that signed.
    fn maker(&self) -> Option<&Maker> {
        match self {
            Self::Envelope { maker, .. } | Self::Checked { maker, .. } => Some(maker),
            Self::Receipt(_) | Self::None => None,
        }
    }
}

/// The gate's decision about one change.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It may enter.
    Accept {
        /// Hash of its change.
        hash: ChangeHash,
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
        /// Where nothing but its place speaks against it (form, proof and right were looked at and are good): origin and
        /// author as they were read, which its first fact may have stated.
        good: Option<FirstStatement>,
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
    let by_maker = if matches!(push.cover, Cover::Own { .. }) { ByMaker::Yes } else { ByMaker::No };
    let mut chained = Vec::new();
    for (document, records) in documents {
        match chain_up(store, document, records, by_maker) {
            Ok(records) => chained.push((document, records)),
            Err(renew) => return Ok(Judged { documents: Vec::new(), envelope: None, renew: Some(renew) }),
        }
    }
    let speaker = proof.maker().map(|maker| maker.device);
    let (envelope, coverage) = check_proof(store_id, &chained, proof);
    if let (ByMaker::Yes, Coverage::Nothing, Some(speaker)) = (by_maker, &coverage, speaker)
        && let Some(renew) = behind_a_twin(store, &chained, speaker)
    {
        return Ok(Judged { documents: Vec::new(), envelope: None, renew: Some(renew) });
    }
    let mut spent = Spent::new();
    let judged = chained
        .into_iter()
        .map(|(document, records)| {
            let mut judge = DocumentJudge::new(store, document, &coverage, now, &mut spent);
            let records = records.into_iter().map(|chained| judge.one(chained)).collect();
            JudgedDocument { document, records }
        })
        .collect();
    Ok(Judged { documents: judged, envelope, renew: None })
}

/// X-74 with X-76: the store lost what a device states this behind, and has got it from a copy of the device with
/// another content. Signed was another chain than the one that is here, which looks like a forgery; the device states it
/// again, on a chain of its own.
fn behind_a_twin(store: &dyn GateStore, documents: &[(DocumentId, Vec<Chained>)], speaker: DeviceId) -> Option<Renew> {
    if store.ground() != Ground::MayReturn {
        return None;
    }
    let is_own = |document: DocumentId, actor: ActorId| {
        let first = store.first(document, actor).and_then(|first| first.origin);
        matches!(first, Some(Origin::Device { device, .. }) if device == speaker)
    };
    let all = documents.iter().flat_map(|(document, records)| records.iter().map(move |one| (*document, &one.record)));
    let mut behind = all.filter(|(document, record)| record.sequence > 1 && is_own(*document, record.actor));
    behind.next().map(|(_, record)| Renew {
        actor: Some(record.actor),
        sequence: record.sequence,
        reason: RenewReason::TwoContents,
    })
}

/// Checks the signature of a push before it is judged, so that the one thread that judges need not.
///
/// `end` tells where a chain ends as far as the caller can see. Where that is not where the push goes on, or the
/// signature is not good, the proof stays as it is: [`judge`] looks at it again in any case, and takes over only that
/// a signature over exactly what it finds is good.
#[must_use]
pub fn check_ahead(push: &Push, proof: Proof, mut end: impl FnMut(DocumentId, ActorId) -> Option<ChainHead>) -> Proof {
    let Proof::Envelope { maker, envelope } = proof else { return proof };
    let checked = list_behind(push, &mut end).and_then(|documents| {
        let listed = Envelope { documents, ..envelope.clone() };
        listed.check(&maker.key).ok()
    });
    match checked {
        Some(checked) if envelope.documents.is_empty() => Proof::Checked { maker, envelope, checked },
        _ => Proof::Envelope { maker, envelope },
    }
}

/// The list of an envelope over the changes of a push, when each simply follows on its chain.
fn list_behind(
    push: &Push,
    end: &mut impl FnMut(DocumentId, ActorId) -> Option<ChainHead>,
) -> Option<Vec<EnvelopeDocument>> {
    let mut documents = Vec::new();
    for (document, records) in push.records.unpack().ok()? {
        let mut ends: BTreeMap<ActorId, Option<ChainHead>> = BTreeMap::new();
        let mut changes = Vec::with_capacity(records.len());
        for record in &records {
            let tip = ends.entry(record.actor).or_insert_with(|| end(document, record.actor));
            if tip.map_or(0, |head| head.sequence).checked_add(1) != Some(record.sequence) {
                return None;
            }
            let hash = hash_behind(document, tip.as_ref(), record);
            *tip = Some(ChainHead { sequence: record.sequence, hash });
            changes.push(hash);
        }
        documents.push(EnvelopeDocument { document, changes });
    }
    Some(documents)
}

/// Judges a change again that was kept apart only because its kind was not known (sync.md, Versions). Its proof was
/// good when it came, and is not asked for again; form, place and right are, as of now. `maker` is the device of its
/// actor. `None` when its place holds another content by now.
#[must_use]
pub fn judge_again(
    store: &dyn GateStore,
    document: DocumentId,
    record: Record,
    maker: Maker,
    now: UnixMillis,
) -> Option<Verdict> {
    let chained = chain_up(store, document, vec![record], ByMaker::Yes).ok()?.pop()?;
    let covered = hash_of(&chained.place).into_iter().collect();
    let coverage = Coverage::By(Box::new(maker), covered);
    Some(DocumentJudge::new(store, document, &coverage, now, &mut Spent::new()).one(chained).1)
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
