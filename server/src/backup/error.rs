//! What a backup, a verification or a restore could not do: one sentence for the operator each.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::store::journal::JournalError;

/// Why a backup, a verification or a restore ended.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file operation failed.
    #[error("{attempt} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another backup writes into the same folder.
    #[error("another backup is writing into {}: let it end, then run this one again", folder.display())]
    Busy {
        /// The folder of the backup.
        folder: PathBuf,
    },
    /// No manifest.
    #[error("{} holds no backup: it has no manifest.json", folder.display())]
    NoBackup {
        /// The folder.
        folder: PathBuf,
    },
    /// The manifest is not what the store signed.
    #[error("{} is damaged: {problem}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The manifest was written by a newer program.
    #[error("{} has format {found}, this program knows {known}: use a newer docket", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The greatest known.
        known: u32,
    },
    /// The backup holds frames of a store whose format this program does not know.
    #[error(
        "{} is the backup of a store of format {found}, and this program knows formats up to {known}: use a newer \
         docket; nothing was changed",
        path.display()
    )]
    NewerStore {
        /// The manifest.
        path: PathBuf,
        /// Format of the store.
        found: u32,
        /// The greatest known.
        known: u32,
    },
    /// The folder holds another store's backup.
    #[error("{} holds the backup of store {theirs}, not of {ours}: choose another folder", folder.display())]
    OtherStore {
        /// The folder.
        folder: PathBuf,
        /// The store in the manifest.
        theirs: String,
        /// The store to be backed up.
        ours: String,
    },
    /// One piece is not as it was written.
    #[error("the piece {name} is damaged: {problem}")]
    Piece {
        /// Its file name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Not a recipient.
    #[error("'{text}' is not a recipient: it begins with age1 and `docket backup key` prints it")]
    Recipient {
        /// As given.
        text: String,
    },
    /// No recipient, or too many.
    #[error("a backup has 1 to {most} recipients, {given} are given")]
    Recipients {
        /// How many.
        given: usize,
        /// The limit.
        most: usize,
    },
    /// Not a file of identities.
    #[error("{} holds no identity (AGE-SECRET-KEY-1...): {problem}", file.display())]
    Identity {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The identity is nobody's for whom the piece was encrypted.
    #[error("this identity does not open {name}: it was encrypted to {}", recipients.join(", "))]
    WrongIdentity {
        /// The piece.
        name: String,
        /// For whom it was encrypted.
        recipients: Vec<String>,
    },
    /// The keys of the store cannot be used.
    #[error("{problem}")]
    Keys {
        /// What is wrong, a whole sentence.
        problem: String,
    },
    /// Nothing in the backup is as old as was asked for, or the series is not there.
    #[error("{problem}")]
    Range {
        /// What there is instead, a whole sentence.
        problem: String,
    },
    /// What the frames hold does not fold as it should.
    #[error("the backup is whole, but what it holds is not: {problem}")]
    Content {
        /// What is wrong.
        problem: String,
    },
    /// Attachments of the store are not what their names say; everything else is backed up.
    #[error(
        "{} attachments of the store cannot be backed up: {}; the rest is in the backup, but devices are told of it \
         only when each of these has its bytes again or is moved out of the data folder",
        problems.len(), named(problems)
    )]
    Attachments {
        /// A sentence each, with the path.
        problems: Vec<String>,
    },
    /// Attachments in the backup are missing or not what their names say; everything else in it is whole.
    #[error(
        "{} attachments are not whole in this backup, everything else is: {}; remove the damaged files, and the next \
         `docket backup` copies them from the store again",
        problems.len(), named(problems)
    )]
    SealedAttachments {
        /// A sentence each, with the name.
        problems: Vec<String>,
    },
    /// The store is of a format without a journal.
    #[error("{} has no journal yet: start `docket serve` once, which upgrades the store, then back it up", folder.display())]
    NoJournal {
        /// The folder of the store.
        folder: PathBuf,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Problems that are named one by one; the rest is counted.
const NAMED_MAX: usize = 20;

fn named(problems: &[String]) -> String {
    let mut named = problems.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join("; ");
    if let Some(more) = problems.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        named.push_str(&format!("; and {more} more"));
    }
    named
}

impl BackupError {
    /// The error of a file operation on `path`; `attempt` reads like "opening".
    pub(crate) fn io(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { attempt, path, source }
    }

    /// A damaged piece.
    pub(crate) fn piece(name: &str, problem: impl Into<String>) -> Self {
        Self::Piece { name: name.to_owned(), problem: problem.into() }
    }
}
