//! Which files of this device are safe at the server, which are asked for once more, and which may go.
//!
//! Invariant: a file goes only where the store is known to stand in the log of which the numbers here are, has it in a
//! backup, and has said that it is still there when it was asked after that, before it went.

use docket_sync_core::ids::{BlobId, DocumentId, Epoch};
use docket_sync_core::limits::ATTACHMENT_BYTES_MAX;
use minicbor::{Decode, Encode};

use super::attachments::KeptAttachment;
use super::{DeviceReplica, ReplicaError};
use crate::store::DeviceStore;

/// The server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Confirmed {
    /// Number of the server's log under which it arrived.
    #[n(0)]
    pub number: u64,
    /// The epoch of the store that said so: one that was restored since may have lost it.
    #[n(1)]
    pub epoch: Epoch,
    /// How often a store of this device had lost something by then: one that was rolled back since, unnoticed and
    /// within its epoch, may have lost it too.
    #[n(2)]
    pub losses: Option<u64>,
    /// Whether it said so once more when the file was about to go.
    #[n(3)]
    pub again: Option<bool>,
}

/// Whether the server was asked for the file once more and has it.
fn is_asked(entry: &KeptAttachment) -> bool {
    entry.confirmed.is_some_and(|confirmed| confirmed.again == Some(true))
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// Whether the store, as far as this device knows it, has the file.
    #[must_use]
    pub fn is_confirmed(&self, entry: &KeptAttachment) -> bool {
        let epoch = self.state.cursor.map(|cursor| cursor.epoch);
        entry.confirmed.is_some_and(|confirmed| {
            confirmed.losses.unwrap_or(0) == self.state.losses.unwrap_or(0)
                && epoch.is_none_or(|epoch| confirmed.epoch == epoch)
        })
    }

    /// What the server is to be offered: signatures first, then the oldest. After a loss of the server that is
    /// everything that is here; and what is about to go is asked for once more.
    ///
    /// # Errors
    /// When the device fails.
    pub fn attachments_to_send(&mut self) -> Result<Vec<KeptAttachment>, ReplicaError> {
        let kept = self.attachments()?;
        let due = self.due(&kept);
        let mut waiting: Vec<KeptAttachment> = kept
            .into_iter()
            .filter(|entry| entry.refused.is_none())
            .filter(|entry| !self.is_confirmed(entry) || (due.contains(&entry.row) && !is_asked(entry)))
            .collect();
        waiting.sort_by_key(|entry| (!entry.signs, entry.row));
        Ok(waiting)
    }

    /// The server took the file under this number of its log. One that it had confirmed before was lost there: it is
    /// as new as now.
    ///
    /// # Errors
    /// When the device fails.
    pub fn confirm_attachment(&mut self, order: DocumentId, blob: BlobId, number: u64) -> Result<(), ReplicaError> {
        let (confirmed, lived) = (self.confirmed(number), self.lived());
        self.change_entry(order, blob, |entry| {
            if entry.confirmed.is_some() {
                entry.kept_from = Some(lived);
            }
            entry.upload = None;
            entry.confirmed = Some(confirmed);
        })
    }

    /// The server has the file already, and has looked.
    ///
    /// # Errors
    /// When the device fails.
    pub fn confirm_there(&mut self, entry: &KeptAttachment, number: u64) -> Result<(), ReplicaError> {
        let again = self.is_confirmed(entry).then_some(true);
        let confirmed = Confirmed { again, ..self.confirmed(number) };
        self.change_entry(entry.order, entry.blob.hash, |entry| {
            entry.upload = None;
            entry.confirmed = Some(confirmed);
        })
    }

    /// Drops files that the server has in a backup and that are old enough, or for which there is no room; gives how
    /// many.
    ///
    /// # Errors
    /// When the device fails.
    pub fn drop_backed_up(&mut self) -> Result<usize, ReplicaError> {
        let mut kept = self.attachments()?;
        let due = self.due(&kept);
        let (safe, rest): (Vec<_>, Vec<_>) =
            kept.drain(..).partition(|entry| due.contains(&entry.row) && is_asked(entry));
        for entry in &safe {
            self.drop_file(entry, &rest)?;
        }
        Ok(safe.len())
    }

    /// What the store says now.
    pub(super) fn confirmed(&self, number: u64) -> Confirmed {
        let epoch = self.state.cursor.map_or(self.state.healed_epoch, |cursor| cursor.epoch);
        Confirmed { number, epoch, losses: self.state.losses, again: None }
    }

    /// Rows of what may go once the server has said again that it is there: what is old enough, and while there is no
    /// room for another file the oldest of the rest.
    fn due(&self, kept: &[KeptAttachment]) -> Vec<u64> {
        let Some(epoch) = self.state.cursor.map(|cursor| cursor.epoch) else { return Vec::new() };
        // As in `drop_evicted`: numbers of another log say nothing.
        if self.state.healed_epoch != epoch || self.state.verified != Some(true) {
            return Vec::new();
        }
        let room = self.retention.file_bytes_max.saturating_sub(ATTACHMENT_BYTES_MAX);
        let mut total = kept.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.blob.size));
        let is_safe = |entry: &&KeptAttachment| {
            let number = entry.confirmed.map_or(u64::MAX, |confirmed| confirmed.number);
            self.is_confirmed(entry) && number <= self.state.backed_up_to
        };
        let mut due = Vec::new();
        for entry in kept.iter().filter(is_safe) {
            if total > room || self.is_kept_long_enough(entry.kept_from) {
                total = total.saturating_sub(entry.blob.size);
                due.push(entry.row);
            }
        }
        due
    }
}
