//! Options of the command line about attachments.

use docket_sync_core::limits::ATTACHMENT_BYTES_MAX;
use docket_sync_core::time::DAY;

use super::limits::Limits;

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// Limits of attachments, as the operator sets them.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Attachments")]
pub struct AttachmentOptions {
    /// Largest attachment in MiB
    #[arg(long, value_name = "MIB", default_value_t = ATTACHMENT_BYTES_MAX / MIB, value_parser = clap::value_parser!(u64).range(1..=32))]
    pub attachment_mib: u64,
    /// Attachments of one order in MiB
    #[arg(long, value_name = "MIB", default_value_t = Limits::USUAL.order_bytes / MIB, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub order_attachments_mib: u64,
    /// Attachments of one order, in number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::USUAL.order_files, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    pub order_attachments: u64,
    /// All attachments in MiB
    #[arg(long, value_name = "MIB", default_value_t = Limits::USUAL.total_bytes / MIB, value_parser = clap::value_parser!(u64).range(1..))]
    pub attachments_mib: u64,
    /// Days after which an attachment that no fact names is removed
    #[arg(long, value_name = "DAYS", default_value_t = Limits::USUAL.orphan_ms / DAY, value_parser = clap::value_parser!(i64).range(1..=3_650))]
    pub unnamed_days: i64,
    /// Days after which an upload that nobody goes on with is forgotten
    #[arg(long, value_name = "DAYS", default_value_t = Limits::USUAL.upload_ms / DAY, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub upload_days: i64,
}

impl AttachmentOptions {
    /// The limits that they mean; `reserve_bytes` of the disk stay free.
    #[must_use]
    pub fn limits(&self, reserve_bytes: u64) -> Limits {
        Limits {
            file_bytes: self.attachment_mib.saturating_mul(MIB),
            order_bytes: self.order_attachments_mib.saturating_mul(MIB),
            order_files: self.order_attachments,
            total_bytes: self.attachments_mib.saturating_mul(MIB),
            reserve_bytes,
            orphan_ms: self.unnamed_days.saturating_mul(DAY),
            upload_ms: self.upload_days.saturating_mul(DAY),
            ..Limits::USUAL
        }
    }
}
