//! The platform of a terminal device: secrets in files of their owner, the system's clocks and randomness.
//!
//! Secrets lie in a directory apart from the store, so that a backup of the store does not hold them. A phone
//! has something better (hardware that never gives a key out); a shared computer has not, and disk encryption
//! is its owner's part.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use docket_sync_core::time::UnixMillis;
use zeroize::Zeroizing;

use super::{Clock, KeyStore, Monotonic, PlatformError, Random, SecretName, random_bytes};

/// Secrets in files of mode 0600 in a directory of mode 0700.
#[derive(Debug, Clone)]
pub struct FileKeyStore {
    directory: PathBuf,
}

impl FileKeyStore {
    /// The key store in `directory`, which is made when the first secret is kept.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    fn path(&self, name: SecretName) -> PathBuf {
        self.directory.join(name.code())
    }
}

impl KeyStore for FileKeyStore {
    fn get(&self, name: SecretName) -> Result<Option<Zeroizing<Vec<u8>>>, PlatformError> {
        match fs::read(self.path(name)) {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PlatformError::new("reading a secret", error)),
        }
    }

    /// Written beside, flushed, renamed: after a power failure the old or the new secret is there, never half.
    fn put(&self, name: SecretName, secret: &[u8]) -> Result<(), PlatformError> {
        let failed = |error: std::io::Error| PlatformError::new("keeping a secret", error);
        make_private_directory(&self.directory).map_err(failed)?;
        let beside = self.directory.join(format!("{}.new", name.code()));
        let mut file = private_file(&beside).map_err(failed)?;
        file.write_all(secret).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&beside, self.path(name)).map_err(failed)?;
        sync_directory(&self.directory).map_err(failed)
    }
}

#[cfg(unix)]
fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

/// A new file that only its owner may read; an older one of this name is removed first, with its mode.
fn private_file(path: &Path) -> std::io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PlatformError> {
        getrandom::fill(bytes).map_err(|error| PlatformError::new("drawing random bytes", error))
    }
}

/// The system's clocks.
///
/// On Linux the monotonic clock is the time since boot, sleep included, and the boot id is the kernel's, so
/// that readings of two runs of the program can be compared. Elsewhere every run of the program counts as a
/// boot of its own: `lo` then stays at the last kept value between runs, which is safe and less sharp.
#[derive(Debug, Clone)]
pub struct SystemClock {
    process: [u8; 16],
    started: Instant,
}

impl SystemClock {
    /// The clocks, as seen by this process.
    ///
    /// # Errors
    /// When the platform has no randomness to give.
    pub fn new(random: &impl Random) -> Result<Self, PlatformError> {
        Ok(Self { process: random_bytes(random)?, started: Instant::now() })
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the edge where the device's clock is read")]
    fn wall(&self) -> UnixMillis {
        let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => UnixMillis(millis(after)),
            Err(before) => UnixMillis(millis(before.duration()).saturating_neg()),
        }
    }

    fn monotonic(&self) -> Monotonic {
        linux_since_boot().unwrap_or_else(|| Monotonic {
            boot: self.process,
            millis: i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX),
        })
    }
}

/// The kernel's boot id (`proc_sys_kernel(5)`) and time since boot (`proc_uptime(5)`), where there are such files.
fn linux_since_boot() -> Option<Monotonic> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let hexadecimal: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let boot = data_encoding::HEXLOWER_PERMISSIVE.decode(hexadecimal.as_bytes()).ok()?.try_into().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    Some(Monotonic { boot, millis: parse_uptime(&uptime)? })
}

/// Milliseconds of "12345.67 ...".
fn parse_uptime(text: &str) -> Option<i64> {
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    let (seconds, hundredths): (i64, i64) = (seconds.parse().ok()?, hundredths.parse().ok()?);
    seconds.checked_mul(1_000)?.checked_add(hundredths.checked_mul(10)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_survive_and_only_their_owner_may_read_them() {
        let directory = tempfile::tempdir().unwrap();
        let keys = FileKeyStore::new(&directory.path().join("keys"));
        assert!(keys.get(SecretName::DataKey).unwrap().is_none());
        keys.put(SecretName::DataKey, &[1; 32]).unwrap();
        keys.put(SecretName::DataKey, &[2; 32]).unwrap();
        let again = FileKeyStore::new(&directory.path().join("keys"));
        assert_eq!(again.get(SecretName::DataKey).unwrap().unwrap().as_slice(), &[2; 32]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&directory.path().join("keys")), 0o700);
            assert_eq!(mode(&keys.path(SecretName::DataKey)), 0o600);
        }
    }

    #[test]
    fn the_monotonic_clock_goes_forward_within_one_boot() {
        let clock = SystemClock::new(&SystemRandom).unwrap();
        let (first, second) = (clock.monotonic(), clock.monotonic());
        assert_eq!(first.boot, second.boot);
        assert!(second.millis >= first.millis);
        assert_eq!(parse_uptime("1234.56 789.00\n"), Some(1_234_560));
        assert_eq!(parse_uptime("nonsense"), None);
    }
}
