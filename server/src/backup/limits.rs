//! Bounds of a backup, each with its reason.

/// Bytes of frames in one piece, before compression: a piece that is damaged or cut off costs no more than this to
/// write again, and a copier of the folder moves files of a size that every service takes.
pub const PIECE_BYTES: u64 = 256 * 1024 * 1024;

/// Pieces of one series: an hourly backup for five years. Beyond it a new series begins, in few large pieces.
pub const PIECES_MAX: usize = 50_000;

/// Bytes of a manifest that is read: [`PIECES_MAX`] pieces of two series with room to spare.
pub const MANIFEST_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Recipients of a backup: more than the people who may ever open it, few enough for one command line.
pub const RECIPIENTS_MAX: usize = 16;

/// Bytes of the keys and certificates together: PEM files, a few KiB each.
pub const KEYS_BYTES_MAX: u64 = 1024 * 1024;

/// Files among them.
pub const KEYS_FILES_MAX: usize = 32;

/// Bytes of a file of identities: one line each.
pub const IDENTITY_BYTES_MAX: u64 = 64 * 1024;

/// Bytes of the record of the last backup in the data folder: one small JSON object.
pub const TOLD_BYTES_MAX: u64 = 4 * 1024;
