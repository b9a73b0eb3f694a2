//! Backups: the frames of the journal in pieces, compressed and encrypted to recipients, with a signed manifest.
//!
//! A backup reads files of the data folder and nothing else: it needs no lock of the store and runs beside the
//! server. It only ever adds: a piece that is named in a manifest is never changed or removed here. Format:
//! `schemas/backup.md`; why it is so: `docs/adr/0005-backups-ship-frames.md`.
//!
//! Invariant: what a manifest names is whole and durable in the folder, and durable in the journal it was read from.

pub mod attachments;
pub mod contents;
pub mod error;
pub mod folder;
pub mod folding;
pub mod keys;
pub mod limits;
pub mod manifest;
pub mod piece;
pub mod reading;
pub mod restore;
pub mod sealing;
pub mod take;
#[cfg(test)]
mod tests;
pub mod told;
pub mod verify;

pub use error::BackupError;
pub use told::{BackedUp, LastBackup};
