//! The folder of a store: who holds it, and that its entries are on disk. Knows no engine.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use super::StoreError;

/// Takes the lock of the store in `path` for this process, until the file is dropped or the process ends.
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let name = path.join("lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(io_error("opening the lock file", &name))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            let named = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if named { format!("process {}", holder.trim()) } else { "another process".into() };
            return Err(StoreError::Locked { path: path.to_owned(), holder });
        }
        Err(error) => return Err(io_error("locking", &name)(error.into())),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(io_error("writing the lock file", &name))?;
    Ok(file)
}

/// Makes the entries of `folder` durable.
pub(super) fn sync(folder: &Path) -> Result<(), StoreError> {
    // The parent of a relative path of one part is the empty path.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|file| file.sync_all()).map_err(io_error("syncing the folder", folder))
}

/// Bytes of a file, or of the files in a folder, as far down as they lie.
pub(super) fn bytes(path: &Path) -> Result<u64, StoreError> {
    let about = std::fs::symlink_metadata(path).map_err(io_error("reading", path))?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    let mut bytes = 0_u64;
    for entry in std::fs::read_dir(path).map_err(io_error("reading", path))? {
        let entry = entry.map_err(io_error("reading", path))?;
        bytes = bytes.saturating_add(self::bytes(&entry.path())?);
    }
    Ok(bytes)
}

/// The error of a file operation on `path`; `attempt` reads like "opening".
pub(super) fn io_error(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let attempt = format!("{attempt} {}", path.display());
    move |source| StoreError::Io { attempt, source }
}

/// Waits until nothing of this process holds the file `path` locked any more: engines let go in the background.
pub(super) fn wait_until_free(path: &Path) -> Result<(), StoreError> {
    for _ in 0..WAITS {
        let Ok(file) = File::open(path) else { return Ok(()) };
        if rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(());
        }
        std::thread::park_timeout(WAIT);
    }
    Err(StoreError::Locked { path: path.to_owned(), holder: "this process".into() })
}

/// How often [`wait_until_free`] looks, and how long it waits each time: five seconds together.
const WAITS: u32 = 250;
const WAIT: std::time::Duration = std::time::Duration::from_millis(20);
