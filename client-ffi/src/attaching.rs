//! Facts that stand on a file: a photo of a visit, a paper signed by hand, a document that was demanded.
//!
//! The file is kept on this device before its fact is stated, so that no fact of this device names what is nowhere. It
//! travels apart and later; the fact waits for nothing.

use docket_sync_core::attachments::{AttachmentError, covered_by_paper, describe};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::{AttachPaper, FileDocument};
use docket_sync_core::facts::values::{Blob, Demand, Line, LineKind, Opinion};
use docket_sync_core::ids::Digest;
use docket_sync_core::time::UnixMillis;

use crate::client::{Client, ExecuteError, Executed, Shown};
use crate::replica::{AttachError, ReplicaError};
use crate::store::DeviceStore;

/// Why nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum AttachingError {
    /// The file may not be attached, or there is no room.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The business says no, or the device failed.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The order has no visit of this person.
    #[error("this order has no visit of yours")]
    NoVisit,
    /// Nothing of the order demands this document.
    #[error("nothing on this order lacks this document")]
    NothingMissing,
}

impl From<AttachmentError> for AttachingError {
    fn from(error: AttachmentError) -> Self {
        Self::Attach(error.into())
    }
}

impl From<ReplicaError> for AttachingError {
    fn from(error: ReplicaError) -> Self {
        Self::Execute(error.into())
    }
}

/// A voucher signed by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Digest as printed on it; a form on which none is printed has that of what it covers.
    pub printed: Option<Digest>,
    /// Name as written.
    pub name: String,
    /// Relation to the customer.
    pub relation: String,
    /// The customer's opinion.
    pub opinion: Opinion,
    /// When it was signed, as written.
    pub signed_at: UnixMillis,
}

impl<S: DeviceStore> Client<S> {
    /// Keeps a photo and states it as a line of the visit that is under way.
    ///
    /// # Errors
    /// When the file may not be attached, the business says no, or the device fails.
    pub fn add_photo(&mut self, shown: &Shown, name: &str, bytes: &[u8]) -> Result<Executed, AttachingError> {
        let visit = shown.visit_of(self.person()).ok_or(AttachingError::NoVisit)?.id.reference();
        let line = Line { blob: Some(describe(bytes)?), ..Line::new(LineKind::Photo, name, 0, "") };
        self.attach(shown, &Command::RecordLine { visit, line }, bytes, Some(name), false)
    }

    /// Keeps the photo of a paper that the customer signed by hand and states it (U-09).
    ///
    /// # Errors
    /// As [`Client::add_photo`].
    pub fn attach_paper(&mut self, shown: &Shown, paper: Paper, bytes: &[u8]) -> Result<Executed, AttachingError> {
        let Blob { hash: photo, .. } = describe(bytes)?;
        let Paper { printed, name, relation, opinion, signed_at } = paper;
        let covered = covered_by_paper(&shown.view, &shown.facts, signed_at);
        let body = AttachPaper {
            voucher: printed.unwrap_or(covered.digest),
            covered: covered.facts,
            covered_digest: covered.digest,
            opinion,
            name,
            relation,
            signed_at,
            photo,
            printed: None,
        };
        self.attach(shown, &Command::State(Box::new(Act::new(body))), bytes, None, true)
    }

    /// Keeps the photo of a document that a fact lacks, a seal for instance (C-084), and states that it is there.
    ///
    /// # Errors
    /// As [`Client::add_photo`]; [`AttachingError::NothingMissing`] where no fact lacks it.
    pub fn file_document(
        &mut self,
        shown: &Shown,
        demand: Demand,
        reference: Option<String>,
        bytes: &[u8],
    ) -> Result<Executed, AttachingError> {
        let missing = shown.view.facets.missing.iter().find(|missing| missing.demand == demand);
        let fact = missing.ok_or(AttachingError::NothingMissing)?.fact.reference();
        let body = FileDocument { fact, demand, blob: Some(describe(bytes)?), reference };
        self.attach(shown, &Command::State(Box::new(Act::new(body))), bytes, None, true)
    }

    fn attach(
        &mut self,
        shown: &Shown,
        command: &Command,
        bytes: &[u8],
        name: Option<&str>,
        signs: bool,
    ) -> Result<Executed, AttachingError> {
        // A command that is refused keeps no file.
        self.decide(shown, command)?;
        self.replica_mut().attach(shown.id, bytes, name, signs)?;
        Ok(self.execute(shown, command)?)
    }
}
