//! Records and the Automerge changes they stand for; the skeleton.

use core::num::NonZeroU64;

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId as AutomergeActor, ExpandedChange, ObjId, ObjType, ReadDoc, ScalarValue};
use minicbor::{Decode, Encode};

use super::chunk::hash_of_skeleton;
use super::{ChainHead, DocumentError, limit};
use crate::ids::{ActorId, ChangeHash, DocumentId, FactId};
use crate::limits;
use crate::time::UnixMillis;

/// Operations of the skeleton: the map of facts, and the document's id.
pub(super) const SKELETON_OPERATIONS: u64 = 2;

/// One fact as it travels: everything else of its change follows from actor and sequence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Record {
    /// The chain.
    #[n(0)]
    pub actor: ActorId,
    /// Number on the chain, from 1.
    #[n(1)]
    pub sequence: u64,
    /// Hybrid time: the change's time.
    #[n(2)]
    pub time: UnixMillis,
    /// Bytes of the stated fact.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A change rebuilt from a record.
#[derive(Debug, Clone)]
pub struct BuiltChange {
    /// Its hash.
    pub hash: ChangeHash,
    pub(super) change: automerge::Change,
}

impl BuiltChange {
    /// The change as Automerge stores it, uncompressed; may be appended to a saved document.
    #[must_use]
    pub fn raw_bytes(&self) -> &[u8] {
        self.change.raw_bytes()
    }
}

/// Rebuilds the change of `record`, which must follow `previous` on its actor's chain.
///
/// # Errors
/// A gap in the sequence, a fact larger than the limit, or a time outside [`limits::TIME_MIN`] and
/// [`limits::TIME_MAX`].
pub fn rebuild(
    document: DocumentId,
    previous: Option<&ChainHead>,
    record: &Record,
) -> Result<BuiltChange, DocumentError> {
    check_record(previous, record)?;
    Ok(rebuild_unchecked(document, previous, record))
}

/// Whether `record` may follow `previous`: its sequence, its size and its time.
pub(super) fn check_record(previous: Option<&ChainHead>, record: &Record) -> Result<(), DocumentError> {
    let known = previous.map_or(0, |head| head.sequence);
    let sequence = record.sequence;
    if known.checked_add(1) != Some(sequence) {
        return Err(DocumentError::Sequence { actor: record.actor, known, found: sequence });
    }
    limit("size of a fact in bytes", record.bytes.len(), limits::FACT_BYTES_MAX)?;
    limit("sequence of an actor", usize::try_from(sequence).unwrap_or(usize::MAX), limits::FACTS_PER_DOCUMENT_MAX)?;
    if record.time < limits::TIME_MIN || record.time > limits::TIME_MAX {
        return Err(DocumentError::Limit {
            what: "time of a fact in milliseconds since 1970",
            found: u64::try_from(record.time.0).unwrap_or(0),
            limit: u64::try_from(limits::TIME_MAX.0).unwrap_or(u64::MAX),
        });
    }
    Ok(())
}

/// Rebuilds the change of `record` behind `previous` whatever its content: only to know its hash, or after the
/// gate has judged it.
#[must_use]
pub fn rebuild_unchecked(document: DocumentId, previous: Option<&ChainHead>, record: &Record) -> BuiltChange {
    let sequence = record.sequence;
    let dependency = previous.map_or_else(|| skeleton_hash(document), |head| head.hash);
    let skeleton_actor = skeleton_actor();
    let key = FactId { actor: record.actor, sequence }.reference().to_string();
    let change: automerge::Change = ExpandedChange {
        operations: vec![Op {
            action: OpType::Put(ScalarValue::Bytes(record.bytes.clone())),
            obj: ObjectId::Id(OpId::new(1, &skeleton_actor)),
            key: Key::Map(key.as_str().into()),
            pred: Vec::<OpId>::new().into(),
            insert: false,
        }],
        actor_id: AutomergeActor::from(record.actor.0),
        seq: sequence,
        start_op: NonZeroU64::MIN.saturating_add(SKELETON_OPERATIONS).saturating_add(sequence.saturating_sub(1)),
        time: record.time.0,
        deps: vec![automerge::ChangeHash(dependency.0)],
        hash: None,
        message: None,
        extra_bytes: Vec::new(),
        author: None,
    }
    .into();
    BuiltChange { hash: ChangeHash(change.hash().0), change }
}

/// The change that every replica computes from the document's id alone.
pub(super) fn skeleton(document: DocumentId) -> automerge::Change {
    let operation = |action, key: &str| Op {
        action,
        obj: ObjectId::Root,
        key: Key::Map(key.into()),
        pred: Vec::<OpId>::new().into(),
        insert: false,
    };
    ExpandedChange {
        operations: vec![
            operation(OpType::Make(ObjType::Map), "facts"),
            operation(OpType::Put(ScalarValue::Bytes(document.0.to_vec())), "id"),
        ],
        actor_id: skeleton_actor(),
        seq: 1,
        start_op: NonZeroU64::MIN,
        time: 0,
        deps: Vec::new(),
        hash: None,
        message: None,
        extra_bytes: Vec::new(),
        author: None,
    }
    .into()
}

/// Hash of the skeleton change of `document`.
#[must_use]
pub fn skeleton_hash(document: DocumentId) -> ChangeHash {
    hash_of_skeleton(document)
}

/// Bytes of the skeleton change of `document`.
#[must_use]
pub fn skeleton_bytes(document: DocumentId) -> Vec<u8> {
    skeleton(document).raw_bytes().to_vec()
}

pub(super) fn skeleton_actor() -> AutomergeActor {
    AutomergeActor::from([0_u8; 4])
}

/// The map of facts, if the document has one.
pub(super) fn facts_object(document: &automerge::Automerge) -> Option<ObjId> {
    document.get(automerge::ROOT, "facts").ok().flatten().map(|(_, id)| id)
}

/// Actor and sequence of the change that made the operation `id`.
pub(super) fn place_of(id: &ObjId) -> Option<(ActorId, u64)> {
    match id {
        ObjId::Id(counter, actor, _) => {
            Some((ActorId::from_slice(actor.to_bytes())?, counter.checked_sub(SKELETON_OPERATIONS)?))
        }
        ObjId::Root => None,
    }
}
