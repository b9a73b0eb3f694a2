//! Loading stored documents, and reading their heads without loading them.

use automerge::{Automerge, ReadDoc};

use super::change::SKELETON_OPERATIONS;
use super::{ChainHead, Chains, Changes, Document, DocumentError, contained, rebuild_unchecked, skeleton_hash};
use crate::ids::{ActorId, ChangeHash, DocumentId};
use crate::limits;
use crate::time::UnixMillis;

/// A document loaded from bytes.
pub type Loaded = Document;

impl Document {
    /// Loads a saved document, or one with raw changes appended to it. Only for bytes of our own store or of
    /// a server whose receipt covers them: the library is not safe on hostile documents.
    ///
    /// # Errors
    /// When the bytes are damaged, made for another id, or hold a change that is not of an actor's chain.
    pub fn load(id: DocumentId, bytes: &[u8]) -> Result<Self, DocumentError> {
        contained(id, || {
            let inner = Automerge::load(bytes)
                .map_err(|error| DocumentError::Unreadable { document: id, problem: error.to_string() })?;
            let (chains, changes) = chains_of(id, &inner)?;
            let document = Self { id, inner, chains, changes };
            // The hashes of a saved document are computed from its content, those of raw changes from bytes that
            // may say the same in another form; saved again, such a change would have another hash.
            if read_saved_heads(bytes).is_none_or(|saved| saved.has_tail) {
                document.check_forms()?;
            }
            Ok(document)
        })
    }

    /// Whether every change is the one that its record stands for.
    fn check_forms(&self) -> Result<(), DocumentError> {
        let mut rebuilt = Chains::new();
        for record in self.records()? {
            let hash = rebuild_unchecked(self.id, rebuilt.get(&record.actor), &record).hash;
            rebuilt.insert(record.actor, ChainHead { sequence: record.sequence, hash });
        }
        if rebuilt == self.chains {
            return Ok(());
        }
        let problem = "a change that its record does not give".to_owned();
        Err(DocumentError::Unreadable { document: self.id, problem })
    }
}

/// The save of bytes that hold a save and raw changes behind it.
///
/// # Errors
/// When the library cannot read them, or finds other heads than `heads`.
pub(super) fn saved_anew(id: DocumentId, bytes: &[u8], heads: &[ChangeHash]) -> Result<Vec<u8>, DocumentError> {
    let unreadable = |problem: String| DocumentError::Unreadable { document: id, problem };
    contained(id, || {
        let inner = Automerge::load(bytes).map_err(|error| unreadable(error.to_string()))?;
        let mut found: Vec<ChangeHash> = inner.get_heads().iter().map(|hash| ChangeHash(hash.0)).collect();
        found.sort_unstable();
        if found != heads {
            return Err(unreadable("its heads are others than its changes give".to_owned()));
        }
        Ok(inner.save_nocompress())
    })
}

/// The chains and changes of a loaded document. Every change must have the form that its actor and sequence give it: its
/// actor's previous change as the only dependency, one operation at the place of the sequence, nothing besides.
fn chains_of(id: DocumentId, inner: &Automerge) -> Result<(Chains, Changes), DocumentError> {
    let unreadable = |problem: &str| DocumentError::Unreadable { document: id, problem: problem.to_owned() };
    let skeleton = skeleton_hash(id);
    let mut metas = inner.get_changes_meta(&[]);
    let all = metas.len();
    metas.retain(|meta| meta.hash.0 != skeleton.0);
    if metas.len() == all {
        return Err(DocumentError::WrongSkeleton { document: id });
    }
    if !inner.get_missing_deps(&[]).is_empty() {
        return Err(unreadable("a change waits for one that is not there"));
    }
    // Changes come in any order; along a chain only the sequence is sure to grow.
    metas.sort_by_key(|meta| meta.seq);
    let (mut chains, mut changes) = (Chains::new(), Changes::new());
    for meta in &metas {
        let actor = ActorId::from_slice(meta.actor.to_bytes()).ok_or_else(|| unreadable("an actor of wrong length"))?;
        let previous = chains.get(&actor).copied();
        if !is_of_chain(meta, previous, skeleton) {
            return Err(unreadable("a change that is not of its actor's chain"));
        }
        let hash = ChangeHash(meta.hash.0);
        chains.insert(actor, ChainHead { sequence: meta.seq, hash });
        changes.insert((actor, meta.seq), (hash, UnixMillis(meta.timestamp)));
    }
    Ok((chains, changes))
}

fn is_of_chain(meta: &automerge::ChangeMetadata<'_>, previous: Option<ChainHead>, skeleton: ChangeHash) -> bool {
    let known = previous.map_or(0, |head| head.sequence);
    let dependency = previous.map_or(skeleton, |head| head.hash);
    let start_op = meta.seq.checked_add(SKELETON_OPERATIONS);
    let follows = known.checked_add(1) == Some(meta.seq) && meta.deps == [automerge::ChangeHash(dependency.0)];
    let at_its_place = Some(meta.start_op) == start_op && meta.max_op == meta.start_op;
    let sane_time = (limits::TIME_MIN.0..=limits::TIME_MAX.0).contains(&meta.timestamp);
    let bare = meta.message.is_none() && meta.author.is_none() && meta.extra.is_empty();
    follows && at_its_place && sane_time && bare
}

/// The heads that the first chunk of saved bytes claims, and how long that chunk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedHeads {
    /// Claimed heads, sorted.
    pub heads: Vec<ChangeHash>,
    /// Whether raw changes follow, so that the heads of the whole are later ones.
    pub has_tail: bool,
}

/// Reads the heads from the header of an Automerge document chunk, without decoding the document.
///
/// The claim is proved when the document is loaded: the library recomputes every hash.
#[must_use]
pub fn read_saved_heads(bytes: &[u8]) -> Option<SavedHeads> {
    // Chunk: magic 4, checksum 4, type 1 (0 = document), length LEB128; then actors, then heads.
    let mut reader = Leb { bytes, position: 8 };
    if bytes.get(..4)? != [0x85, 0x6f, 0x4a, 0x83] || reader.take(1)? != [0] {
        return None;
    }
    let length = reader.number()?;
    let end = reader.position.checked_add(length)?;
    for _ in 0..reader.number()? {
        let actor = reader.number()?;
        reader.take(actor)?;
    }
    let count = reader.number()?;
    let mut heads = Vec::new();
    for _ in 0..count {
        heads.push(ChangeHash::from_slice(reader.take(ChangeHash::LENGTH)?)?);
    }
    heads.sort_unstable();
    Some(SavedHeads { heads, has_tail: end < bytes.len() })
}

struct Leb<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Leb<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(length)?;
        let taken = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number: u64 = 0;
        for shift in (0..63).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
        }
        None
    }
}
