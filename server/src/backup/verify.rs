//! Verifying a backup: everything a restore does, without writing anything, and more: the log's chain is checked
//! record by record and every document is folded.
//!
//! Pieces are read one frame at a time; documents are gathered as many at once as fit into memory, and the pieces read
//! again for the rest: see [`folding`].

use docket_sync_core::ids::Digest;
use docket_sync_core::proof::chain_start;

use super::attachments::Expected;
use super::contents::{batch_of, content, log_records};
use super::error::BackupError;
use super::folding::{Folded, Gathering};
use super::reading::{Backup, Cut, Reached};
use crate::store::Batch;
use crate::store::journal::Frame;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How far the series goes.
    pub reached: Reached,
    /// Pieces of frames in all series.
    pub pieces: usize,
    /// Pieces with keys.
    pub keys: usize,
    /// Writes of keys and values.
    pub writes: u64,
    /// Attachments.
    pub attachments: u64,
    /// Documents and facts.
    pub folded: Folded,
}

/// What a verification is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// A piece is done.
    Piece(String),
    /// So many documents are folded.
    Documents(u64),
    /// More documents than fit into memory: the pieces are read again, for the so-manieth time.
    Again(u64),
}

/// Checks every file that the manifest names, every frame and log record of the series, and every document; at most
/// `memory_bytes` of documents are in memory at once, or the largest one.
///
/// # Errors
/// At the first thing that is not as it should be: the sentence names the piece, the record or the document.
pub fn verify(backup: &Backup, memory_bytes: u64, mut told: impl FnMut(Doing)) -> Result<Verified, BackupError> {
    backup.keys()?;
    let keys = backup.check_all_keys()?;
    let read = backup.series()?.number;
    let pieces = backup.manifest().series.iter().map(|series| series.pieces.len()).sum();
    for series in &backup.manifest().series {
        for piece in series.pieces.iter().filter(|_| series.number != read) {
            backup.check_piece(piece)?;
            told(Doing::Piece(piece.name.clone()));
        }
    }
    let mut log = LogWalk::new(chain_start(backup.manifest().store));
    let mut gathering = Gathering::new(memory_bytes);
    let reached = backup.walk(
        Cut::Nothing,
        |frame| gathering.take(&log.take(&frame)?),
        |piece| told(Doing::Piece(piece.name.clone())),
    )?;
    let last = backup.series()?.last();
    if last.is_some_and(|last| last.log_chain != log.chain || last.log_to != log.number) {
        return Err(content("the log does not end with the chain value that the manifest says"));
    }
    let mut folded = Folded::default();
    let mut next = gathering.fold(&mut folded, &mut |folded| told(Doing::Documents(folded.documents)));
    while let Some(mut gathering) = next {
        told(Doing::Again(folded.passes.saturating_add(1)));
        backup.walk(Cut::Nothing, |frame| gathering.take(&batch_of(&frame)?), |_| {})?;
        next = gathering.fold(&mut folded, &mut |folded| told(Doing::Documents(folded.documents)));
    }
    if let Some(problem) = folded.problems.first() {
        return Err(content(&format!("{problem} ({} documents are wrong)", folded.wrong)));
    }
    let attachments = backup.check_attachments(&log.attachments)?;
    Ok(Verified { reached, pieces, keys, writes: log.writes, attachments, folded })
}

/// The end of the log in the frames read so far.
#[derive(Debug)]
pub struct LogWalk {
    /// Last number of the log.
    pub number: u64,
    /// Chain value there.
    pub chain: Digest,
    /// Writes seen.
    pub writes: u64,
    /// Attachments that have arrived.
    pub attachments: Expected,
}

impl LogWalk {
    /// Nothing is read yet; `chain` is that before the first log record.
    #[must_use]
    pub fn new(chain: Digest) -> Self {
        Self { number: 0, chain, writes: 0, attachments: Expected::default() }
    }

    /// The writes of the next frame, whose log records continue the log.
    ///
    /// # Errors
    /// When they do not.
    pub fn take(&mut self, frame: &Frame) -> Result<Batch, BackupError> {
        let batch = batch_of(frame)?;
        for logged in log_records(&batch) {
            let logged = logged?;
            if !logged.continues(self.number, self.chain) {
                let problem = format!("log record {} does not continue the chain of the one before", logged.number);
                return Err(content(&problem));
            }
            (self.number, self.chain) = (logged.number, logged.chain);
        }
        self.writes = self.writes.saturating_add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        self.attachments.take(&batch);
        Ok(batch)
    }
}
