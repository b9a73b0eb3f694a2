//! A disk that loses power: an ext4 image on a loop device that is shut down under load and mounted again.
//!
//! [`LoopDisk::cut`] is `FS_IOC_SHUTDOWN` without a flush of the file system's journal: what was not synced is
//! gone, as after a power cut. What it is not: a test of the drive's own cache. Needs root, `mkfs.ext4`, `mount`
//! and perl (for the ioctl); [`LoopDisk::new`] says what is missing.
//!
//! Invariant: count only what was acknowledged before [`LoopDisk::cut`] is called. A sync that is under way while
//! the file system is shut down may answer that all is well.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::condition::{DeadlineError, eventually};

/// Bytes of the image; it is sparse.
const IMAGE_BYTES: u64 = 768 * 1024 * 1024;

/// A mount point is busy until the last process that used it is gone.
const FREE: Duration = Duration::from_secs(20);

/// `FS_IOC_SHUTDOWN` with `FS_SHUTDOWN_FLAGS_NOLOGFLUSH`, on the folder given.
const SHUTDOWN: &str = r#"my $flags = pack("L", 2); open(my $folder, "<", $ARGV[0]) or die "$!"; ioctl($folder, 0x8004587d, $flags) or die "$!";"#;

/// The disk cannot be had here, or a step failed.
#[derive(Debug, thiserror::Error)]
pub enum LoopDiskError {
    /// This machine or user cannot do it.
    #[error("not run: a power cut is simulated on a loop device, which needs {0}")]
    Missing(&'static str),
    /// The folder or the image.
    #[error("the disk image: {0}")]
    Image(#[from] std::io::Error),
    /// A program failed.
    #[error("`{command}` failed: {output}")]
    Step {
        /// What was called.
        command: String,
        /// What it said.
        output: String,
    },
    /// A process does not let go of the mount point.
    #[error(transparent)]
    Busy(#[from] DeadlineError),
}

/// A mounted disk; unmounted and removed when dropped.
#[derive(Debug)]
pub struct LoopDisk {
    folder: TempDir,
    mounted: bool,
}

impl LoopDisk {
    /// Makes an image, formats it and mounts it.
    ///
    /// # Errors
    /// [`LoopDiskError::Missing`] where it cannot be done; else the step that failed.
    pub fn new() -> Result<Self, LoopDiskError> {
        is_possible()?;
        let folder = tempfile::tempdir()?;
        let mut disk = Self { folder, mounted: false };
        std::fs::File::create(disk.image())?.set_len(IMAGE_BYTES)?;
        std::fs::create_dir(disk.path())?;
        run("mkfs.ext4", &[OsStr::new("-q"), OsStr::new("-F"), disk.image().as_os_str()])?;
        disk.mount()?;
        Ok(disk)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The power fails: nothing more reaches the image.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&self) -> Result<(), LoopDiskError> {
        run("perl", &[OsStr::new("-e"), OsStr::new(SHUTDOWN), self.path().as_os_str()])
    }

    /// The power comes back: unmounts, mounts, recovers the file system's journal. Whoever used it must be gone.
    ///
    /// # Errors
    /// When a process holds it or the file system cannot be mounted.
    pub async fn power_on(&mut self) -> Result<(), LoopDiskError> {
        eventually("nobody to use the disk", FREE, || async { self.unmount().ok() }).await?;
        self.mounted = false;
        self.mount()
    }

    fn mount(&mut self) -> Result<(), LoopDiskError> {
        let (image, path) = (self.image(), self.path());
        run("mount", &[OsStr::new("-o"), OsStr::new("loop"), image.as_os_str(), path.as_os_str()])?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&self) -> Result<(), LoopDiskError> {
        run("umount", &[self.path().as_os_str()])
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        if self.mounted {
            let path = self.path();
            let _stays_until_reboot = run("umount", &[OsStr::new("--lazy"), path.as_os_str()]);
        }
    }
}

fn is_possible() -> Result<(), LoopDiskError> {
    let user = Command::new("id").arg("-u").output()?;
    if user.stdout.trim_ascii() != b"0" {
        return Err(LoopDiskError::Missing("root"));
    }
    for (program, argument) in [("mkfs.ext4", "-V"), ("mount", "--version"), ("perl", "-v")] {
        if Command::new(program).arg(argument).output().is_err() {
            return Err(LoopDiskError::Missing(program));
        }
    }
    if !Path::new("/dev/loop-control").exists() {
        return Err(LoopDiskError::Missing("/dev/loop-control"));
    }
    Ok(())
}

fn run(program: &str, arguments: &[&OsStr]) -> Result<(), LoopDiskError> {
    let output = Command::new(program).args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    let command = format!("{program} {}", arguments.join(OsStr::new(" ")).to_string_lossy());
    let said = [output.stdout, output.stderr].concat();
    Err(LoopDiskError::Step { command, output: String::from_utf8_lossy(&said).trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn what_was_synced_outlives_a_power_cut_and_the_rest_does_not() -> Result<(), LoopDiskError> {
        let mut disk = match LoopDisk::new() {
            Err(error @ LoopDiskError::Missing(_)) => {
                println!("{error}");
                return Ok(());
            }
            disk => disk?,
        };
        let mut synced = std::fs::File::create(disk.path().join("synced"))?;
        synced.write_all(b"here")?;
        synced.sync_all()?;
        std::fs::File::open(disk.path())?.sync_all()?;
        std::fs::write(disk.path().join("not-synced"), b"gone")?;
        disk.cut()?;
        drop(synced);
        disk.power_on().await?;
        assert_eq!(std::fs::read(disk.path().join("synced"))?, b"here");
        assert!(std::fs::read(disk.path().join("not-synced")).unwrap_or_default().is_empty());
        Ok(())
    }
}
