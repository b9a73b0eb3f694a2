//! How much room the disk has, so that a full disk is met before it happens.

use std::path::Path;

use super::StoreError;

/// Bytes that stay free on the disk of the store: enough to fold the engine's log and to end in order.
pub const RESERVE_BYTES: u64 = 256 * 1024 * 1024;

/// Bytes that this process may still write to the file system that holds `path`.
pub fn free_space(path: &Path) -> Result<u64, StoreError> {
    let status = rustix::fs::statvfs(path).map_err(|error| StoreError::Io {
        attempt: format!("reading the free space of {}", path.display()),
        source: error.into(),
    })?;
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

/// Refuses with [`StoreError::Full`] when less than `reserve` bytes are free where `path` lies.
pub fn check_reserve(path: &Path, reserve: u64) -> Result<(), StoreError> {
    let free = free_space(path)?;
    if free >= reserve { Ok(()) } else { Err(StoreError::Full { free, reserve }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_below_the_reserve_is_full() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_space(folder.path()).unwrap() > 0);
        assert!(check_reserve(folder.path(), 1).is_ok());
        assert!(matches!(check_reserve(folder.path(), u64::MAX), Err(StoreError::Full { reserve: u64::MAX, .. })));
        assert!(matches!(free_space(&folder.path().join("absent")), Err(StoreError::Io { .. })));
    }
}
