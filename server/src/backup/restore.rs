//! Restoring: the frames of a backup become a journal again, up to a number or a time.
//!
//! What it is not: a store yet. The caller opens the folder, which makes the engine from the journal, renews the
//! epoch, and gives the keys their name last; until then nothing takes the folder for a store.

use std::sync::Arc;

use super::error::BackupError;
use super::manifest::Piece;
use super::reading::{Backup, Cut, Reached};
use crate::store::disk::Disk;
use crate::store::journal::{FOLDER, Journal, JournalError, JournalOptions};

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
) -> Result<Reached, BackupError> {
    let mut journal = Journal::create(disk.clone(), FOLDER, backup.journal()?, options)?;
    let reached = backup.walk(cut, |frame| Ok(journal.copy_frame(&frame)?), told)?;
    journal.finish_copying()?;
    drop(journal);
    disk.sync_folder("").map_err(|source| {
        let attempt = format!("making durable {}", disk.full_path(""));
        JournalError::Io { attempt, source }
    })?;
    Ok(reached)
}
