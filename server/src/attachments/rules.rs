//! Whether one more upload may begin: pure. Sizes in bytes.

use super::limits::{Limits, UPLOADS_MAX};

/// What is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files of the order, unfinished ones included.
    pub order_files: u64,
    /// Their bytes, whole as announced.
    pub order_bytes: u64,
    /// The sender's unfinished uploads.
    pub sender_uploads: u64,
    /// Their bytes, whole as announced.
    pub sender_bytes: u64,
    /// Bytes of everything that has arrived.
    pub total_bytes: u64,
    /// Unfinished uploads of everybody.
    pub uploads: u64,
    /// Bytes free on the disk.
    pub free_bytes: u64,
}

/// What there would be too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The file itself.
    File,
    /// Files or bytes of the order.
    Order,
    /// The sender's unfinished uploads.
    Sender,
    /// Everything that may be kept, or remembered.
    Total,
    /// The disk.
    Disk,
}

impl Full {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::File => "attachment_too_large",
            Self::Order => "attachments_of_order_full",
            Self::Sender => "too_many_uploads",
            Self::Total => "attachments_full",
            Self::Disk => "disk_full",
        }
    }

    /// Whether the server lacks room: 507 instead of 413.
    #[must_use]
    pub fn is_the_servers(self) -> bool {
        matches!(self, Self::Total | Self::Disk)
    }
}

/// Whether an upload of `length` bytes may begin.
///
/// # Errors
/// What there would be too much of.
pub fn admit(limits: &Limits, usage: &Usage, length: u64) -> Result<(), Full> {
    let with = |bytes: u64| bytes.saturating_add(length);
    if length > limits.file_bytes {
        Err(Full::File)
    } else if usage.order_files >= limits.order_files || with(usage.order_bytes) > limits.order_bytes {
        Err(Full::Order)
    } else if usage.sender_uploads >= limits.sender_uploads || with(usage.sender_bytes) > limits.sender_bytes {
        Err(Full::Sender)
    } else if usage.uploads >= UPLOADS_MAX || with(usage.total_bytes) > limits.total_bytes {
        Err(Full::Total)
    } else if usage.free_bytes < with(limits.reserve_bytes) {
        Err(Full::Disk)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_met_exactly_and_not_passed() {
        let limits = Limits {
            file_bytes: 10,
            order_bytes: 100,
            order_files: 3,
            sender_bytes: 50,
            sender_uploads: 2,
            total_bytes: 1_000,
            reserve_bytes: 20,
            ..Limits::USUAL
        };
        let room = Usage { free_bytes: 30, ..Usage::default() };
        let cases = [
            (room, 10, Ok(())),
            (room, 11, Err(Full::File)),
            (Usage { order_files: 2, order_bytes: 90, ..room }, 10, Ok(())),
            (Usage { order_files: 3, ..room }, 1, Err(Full::Order)),
            (Usage { order_bytes: 91, ..room }, 10, Err(Full::Order)),
            (Usage { sender_uploads: 1, sender_bytes: 40, ..room }, 10, Ok(())),
            (Usage { sender_uploads: 2, ..room }, 1, Err(Full::Sender)),
            (Usage { sender_bytes: 41, ..room }, 10, Err(Full::Sender)),
            (Usage { total_bytes: 991, ..room }, 10, Err(Full::Total)),
            (Usage { uploads: UPLOADS_MAX, ..room }, 1, Err(Full::Total)),
            (Usage { free_bytes: 29, ..room }, 10, Err(Full::Disk)),
            (Usage { order_bytes: u64::MAX, ..room }, 10, Err(Full::Order)),
        ];
        for (usage, length, expected) in cases {
            assert_eq!(admit(&limits, &usage, length), expected, "{usage:?} {length}");
        }
    }
}
