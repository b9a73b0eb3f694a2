//! Loading stored documents, and reading their heads without loading them.

use automerge::Automerge;

use super::{ChainHead, Chains, Document, DocumentError, contained, skeleton_hash};
use crate::ids::{ActorId, ChangeHash, DocumentId};

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
            let chains = chains_of(id, &inner)?;
            Ok(Self { id, inner, chains })
        })
    }
}

fn chains_of(id: DocumentId, inner: &Automerge) -> Result<Chains, DocumentError> {
    let mut chains = Chains::new();
    let mut changes: u64 = 0;
    let skeleton = skeleton_hash(id);
    let metas = inner.get_changes_meta(&[]);
    if !metas.iter().any(|meta| meta.hash.0 == skeleton.0) {
        return Err(DocumentError::WrongSkeleton { document: id });
    }
    for meta in metas.iter().filter(|meta| meta.hash.0 != skeleton.0) {
        changes = changes.saturating_add(1);
        let unreadable = |problem: &str| DocumentError::Unreadable { document: id, problem: problem.to_owned() };
        let actor = ActorId::from_slice(meta.actor.to_bytes()).ok_or_else(|| unreadable("an actor of wrong length"))?;
        let head = ChainHead { sequence: meta.seq, hash: ChangeHash(meta.hash.0) };
        chains
            .entry(actor)
            .and_modify(|known| {
                if known.sequence < head.sequence {
                    *known = head;
                }
            })
            .or_insert(head);
    }
    let complete = chains.values().fold(0_u64, |sum, head| sum.saturating_add(head.sequence)) == changes;
    if complete {
        Ok(chains)
    } else {
        Err(DocumentError::Unreadable { document: id, problem: "a chain has a gap".to_owned() })
    }
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
