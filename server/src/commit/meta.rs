//! What is kept beside a document's save, so that judging a push loads no document.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{Chains, FirstStatement};
use docket_sync_core::facts::Origin;
use docket_sync_core::ids::{ActorId, BlobId, ChangeHash, DeviceId, Digest, DocumentId, PersonId, RecordId, ReviewId};
use docket_sync_core::lifecycle::reviews::terms;
use docket_sync_core::lifecycle::view::{OrderView, Review, ReviewStatus};
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::reasons::Ended;

/// Metadata of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentMeta {
    /// Ends of the chains.
    #[n(0)]
    pub chains: Chains,
    /// What the first fact of each actor stated.
    #[n(1)]
    pub firsts: BTreeMap<ActorId, FirstStatement>,
    /// Sum of the digest terms of all its changes, skeleton included.
    #[n(2)]
    pub digest: Option<Digest>,
    /// Log number up to which the save in the Document table goes.
    #[n(3)]
    pub saved_to: u64,
    /// Log number of its last change.
    #[n(4)]
    pub last: u64,
    /// Changes since the save.
    #[n(5)]
    pub unsaved: u64,
    /// Scopes that hold it.
    #[n(6)]
    pub scopes: Vec<PersonId>,
    /// Reference records it names.
    #[n(7)]
    pub references: Vec<RecordId>,
    /// When something of it falls due: a review's default, the end of a scope.
    #[n(8)]
    pub due: Option<UnixMillis>,
    /// When the office first saw each open review: nobody can decide before that.
    #[n(9)]
    pub opened: Option<BTreeMap<ReviewId, UnixMillis>>,
    /// Content addresses of the proofs of its signatures, in the order of their arrival.
    #[n(10)]
    pub proofs: Option<Vec<BlobId>>,
    /// People whose reasons to hold it have ended.
    #[n(11)]
    pub ended: Option<BTreeMap<PersonId, Ended>>,
    /// The order whose OFFICE facts it holds; absent for an order's own document.
    #[n(12)]
    pub companion_of: Option<DocumentId>,
    /// Facts of kinds that the program did not know when it folded the order last (R10).
    #[n(13)]
    pub unknown: Option<u64>,
    /// Open reviews whose default found no room: they do not fall due again.
    #[n(14)]
    pub without_room: Option<BTreeSet<ReviewId>>,
}

impl DocumentMeta {
    /// Metadata of a document that holds only its skeleton.
    #[must_use]
    pub fn new(document: DocumentId) -> Self {
        let skeleton = docket_sync_core::document::skeleton_hash(document);
        let digest = DigestSum::of_change(document, skeleton).to_digest();
        Self { digest: Some(digest), ..Self::default() }
    }

    /// The device of an actor.
    #[must_use]
    pub fn maker(&self, actor: ActorId) -> Option<DeviceId> {
        match self.firsts.get(&actor)?.origin? {
            Origin::Device { device, .. } => Some(device),
            Origin::Server { .. } => None,
        }
    }

    /// When the default of an open review fires: its limit counts from the moment the office could see it,
    /// however long ago its causes happened without a signal.
    #[must_use]
    pub fn due_of(&self, review: &Review) -> Option<UnixMillis> {
        if self.without_room.as_ref().is_some_and(|reviews| reviews.contains(&review.id)) {
            return None;
        }
        let due = review.due?;
        let limit = terms(review.kind).limit_ms?;
        let opened = self.opened.as_ref().and_then(|opened| opened.get(&review.id));
        Some(opened.map_or(due, |opened| due.max(opened.plus(limit))))
    }

    /// Takes notice of the reviews that are open now.
    pub(super) fn note_reviews(&mut self, view: &OrderView, now: UnixMillis) {
        let known = self.opened.take().unwrap_or_default();
        let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
        let opened: BTreeMap<_, _> =
            open.map(|review| (review.id, known.get(&review.id).copied().unwrap_or(now))).collect();
        self.without_room = self.without_room.take().and_then(|mut reviews| {
            reviews.retain(|review| opened.contains_key(review));
            (!reviews.is_empty()).then_some(reviews)
        });
        self.opened = (!opened.is_empty()).then_some(opened);
    }

    /// The digest sum.
    #[must_use]
    pub fn sum(&self) -> DigestSum {
        self.digest.map(DigestSum::from_digest).unwrap_or_default()
    }
}

/// One thing in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ScopeEntry {
    /// Number at which it entered.
    #[n(0)]
    pub entered_at: u64,
    /// Number of its last change: its place in the feed.
    #[n(1)]
    pub number: u64,
    /// Number at which it left.
    #[n(2)]
    pub left_at: Option<u64>,
}

/// What is kept of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ChangeEntry {
    /// Its log number.
    #[n(0)]
    pub number: u64,
    /// Its hash.
    #[n(1)]
    pub hash: ChangeHash,
}

/// Last number and chain value of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Tip {
    /// The number.
    #[n(0)]
    pub number: u64,
    /// The chain value there.
    #[n(1)]
    pub chain: Digest,
}
