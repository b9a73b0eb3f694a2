//! Restoring: the frames of a backup become a journal again, up to a number or a time.
//!
//! What it is not: a store yet. The caller opens the folder, which makes the engine from the journal, renews the
//! epoch, and gives the keys their name last; until then nothing takes the folder for a store.

use std::sync::Arc;

use super::attachments::Expected;
use super::error::BackupError;
use super::manifest::Piece;
use super::reading::{Backup, Cut, Reached};
use crate::store::disk::Disk;
use crate::store::journal::{FOLDER, Frame, Journal, JournalError, JournalOptions};

/// What a restored journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How far it goes.
    pub reached: Reached,
    /// The attachments that had arrived by then.
    pub attachments: Expected,
}

/// Writes the frames of `backup` up to `cut` as the journal of the store on `disk`, an empty folder; durable when it
/// returns. `told` hears of each piece that is done.
///
/// # Errors
/// When a piece is damaged, nothing is as old as the cut, or the disk fails.
pub fn restore_journal(
    backup: &Backup,
    disk: &Arc<dyn Disk>,
    options: JournalOptions,
    cut: Cut,
    told: impl FnMut(&Piece),
) -> Result<Restored, BackupError> {
    let mut attachments = Expected::default();
    let mut copying = Copying::new(Journal::create(disk.clone(), FOLDER, backup.journal()?, options)?);
    let each = |frame: Frame| {
        // A frame that this program cannot read is said by the opening of the store.
        if let Some(batch) = frame.batch() {
            attachments.take(&batch);
        }
        Ok(copying.add(frame)?)
    };
    let reached = backup.walk(cut, each, told)?;
    copying.finish()?;
    disk.sync_folder("").map_err(|source| {
        let attempt = format!("making durable {}", disk.full_path(""));
        JournalError::Io { attempt, source }
    })?;
    Ok(Restored { reached, attachments })
}

/// Bytes of frames that are written with one flush.
const BYTES_AT_ONCE: usize = 8 * 1024 * 1024;

/// Frames of one journal that are written to another copy of it, many with one flush.
#[derive(Debug)]
pub struct Copying {
    journal: Journal,
    waiting: Vec<Frame>,
    bytes: usize,
}

impl Copying {
    /// Goes on where `journal` ends.
    #[must_use]
    pub fn new(journal: Journal) -> Self {
        Self { journal, waiting: Vec::new(), bytes: 0 }
    }

    /// Takes the next frame; it is durable after [`Copying::finish`].
    ///
    /// # Errors
    /// When it is not the next one, or the disk fails.
    pub fn add(&mut self, frame: Frame) -> Result<(), JournalError> {
        self.bytes = self.bytes.saturating_add(frame.header.frame_bytes());
        self.waiting.push(frame);
        if self.bytes >= BYTES_AT_ONCE { self.write() } else { Ok(()) }
    }

    /// Makes everything taken durable.
    ///
    /// # Errors
    /// As [`Copying::add`].
    pub fn finish(mut self) -> Result<(), JournalError> {
        self.write()
    }

    fn write(&mut self) -> Result<(), JournalError> {
        self.journal.append_frames(&self.waiting)?;
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}
