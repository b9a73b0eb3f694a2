//! Bounds of attachments, each with its reason. Those of [`Limits`] are the operator's to set.

use docket_sync_core::limits::ATTACHMENT_BYTES_MAX;
use docket_sync_core::time::DAY;

/// Bytes that a PATCH without a checksum may lose in a crash: they are made durable as often.
pub const KEEP_BYTES: u64 = 1024 * 1024;

/// Bytes gathered before they are written: one write and one hash step.
pub const WRITE_BYTES: usize = 256 * 1024;

/// Bytes of a file read at once while it is sent.
pub const READ_BYTES: u64 = 256 * 1024;

/// How long a sender may be silent inside one PATCH; what came is kept.
pub const SILENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// How long somebody who asks for an offset waits for the request before, whose connection may be half dead.
pub const HAND_OVER: std::time::Duration = std::time::Duration::from_secs(5);

/// Unfinished uploads of everybody: beyond it nobody begins one.
pub const UPLOADS_MAX: u64 = 20_000;

/// Finished uploads that are remembered for one sender who may have lost the answer; the oldest are forgotten first.
pub const FINISHED_MAX: usize = 128;

/// How often what expired and what nobody names is looked for.
pub const TICK: std::time::Duration = std::time::Duration::from_secs(600);

/// Attachments of one order that are listed.
pub const LISTED_MAX: usize = 2_000;

/// Rows looked at in one step of the collection.
pub const COLLECTED_AT_ONCE: usize = 512;

/// Largest side of a small form, in pixels: sharp on a dense screen in a list of them.
pub const THUMBNAIL_SIDE: u32 = 480;

/// Bytes of a small form that is read: a JPEG of that side has a tenth of it.
pub const THUMBNAIL_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Pixels of a picture that is decoded: phones of today have up to 50 million that are used.
pub const PIXELS_MAX: u64 = 64 * 1024 * 1024;

/// Pixels of one side.
pub const SIDE_MAX: u32 = 16_384;

/// Bytes that one decoding may take: [`PIXELS_MAX`] pixels of four bytes.
pub const DECODE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Small forms waiting to be made; what finds no place is made when it is asked for again.
pub const THUMBNAILS_WAITING: usize = 64;

/// What the operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file in bytes; at most [`ATTACHMENT_BYTES_MAX`].
    pub file_bytes: u64,
    /// Bytes of one order, unfinished uploads included.
    pub order_bytes: u64,
    /// Files of one order, unfinished uploads included.
    pub order_files: u64,
    /// Bytes that one device or person may have unfinished.
    pub sender_bytes: u64,
    /// Uploads that one device or person may have unfinished.
    pub sender_uploads: u64,
    /// Bytes of everything; the disk's reserve is watched besides.
    pub total_bytes: u64,
    /// Bytes of the disk that stay free.
    pub reserve_bytes: u64,
    /// Milliseconds after its last byte until an unfinished upload is forgotten.
    pub upload_ms: i64,
    /// Milliseconds until a file that no fact names is removed.
    pub orphan_ms: i64,
}

impl Limits {
    /// Those of an operator who sets none.
    pub const USUAL: Self = Self {
        file_bytes: ATTACHMENT_BYTES_MAX,
        order_bytes: 1024 * 1024 * 1024,
        order_files: 500,
        sender_bytes: 512 * 1024 * 1024,
        sender_uploads: 64,
        total_bytes: 1 << 40,
        reserve_bytes: crate::store::space::RESERVE_BYTES,
        upload_ms: 7 * DAY,
        orphan_ms: 30 * DAY,
    };
}
