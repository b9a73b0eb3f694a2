//! How fast the disk makes a small write durable: the bound of every acknowledgement (reliability.md 4.1).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of one write: about a frame of one small commit.
const WRITE_BYTES: usize = 4_096;

/// Bytes of the file that is written over and over, as the journal writes into prepared segments.
const FILE_BYTES: u64 = 4 * 1_048_576;

/// Flushes after which measuring ends early: enough for a 99th percentile.
const FLUSHES_MAX: usize = 100_000;

/// Name of the file; it is removed when the measurement ends.
const FILE: &str = ".flush-rate";

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlushRate {
    /// Flushes in a second.
    pub per_second: u64,
    /// Half of them took at most this long, microseconds.
    pub p50_us: u64,
    /// 99 of 100 took at most this long, microseconds.
    pub p99_us: u64,
    /// How many were measured.
    pub flushes: usize,
}

/// What a rate means for those who wait for acknowledgements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A write is said to be durable faster than any disk can: a cache answers that a power failure empties, unless
    /// it has a battery.
    TooGood,
    /// Good for the figures the product promises.
    Good,
    /// A phone waits noticeably when many push at once.
    Slow,
    /// Each acknowledgement waits for this disk more than for anything else.
    VerySlow,
}

impl FlushRate {
    /// Writes and flushes in `folder` for about `time`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn measure(folder: &Path, time: Duration) -> io::Result<Self> {
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let measured = measure(&file, time);
        drop(file);
        std::fs::remove_file(&path)?;
        measured
    }

    /// What it means.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.per_second {
            0..50 => Verdict::VerySlow,
            50..500 => Verdict::Slow,
            500..50_000 => Verdict::Good,
            50_000.. => Verdict::TooGood,
        }
    }
}

fn measure(file: &File, time: Duration) -> io::Result<FlushRate> {
    let bytes = [0x5a; WRITE_BYTES];
    let length = u64::try_from(WRITE_BYTES).unwrap_or(u64::MAX);
    let places = FILE_BYTES.checked_div(length).unwrap_or(1);
    for place in 0..places {
        file.write_all_at(&bytes, place.saturating_mul(length))?;
    }
    file.sync_all()?;
    let mut taken: Vec<u64> = Vec::new();
    let began = Instant::now();
    while began.elapsed() < time && taken.len() < FLUSHES_MAX {
        let place = u64::try_from(taken.len()).unwrap_or(0).checked_rem(places).unwrap_or(0);
        let before = Instant::now();
        file.write_all_at(&bytes, place.saturating_mul(length))?;
        file.sync_data()?;
        taken.push(u64::try_from(before.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    let elapsed = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
    Ok(summary(&mut taken, elapsed))
}

fn summary(taken: &mut [u64], elapsed_us: u64) -> FlushRate {
    taken.sort_unstable();
    let count = taken.len();
    let at = |percent: usize| {
        let position = count.saturating_mul(percent).div_ceil(100).saturating_sub(1);
        taken.get(position).copied().unwrap_or(0)
    };
    let per_second =
        u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(1_000_000).checked_div(elapsed_us).unwrap_or(0);
    FlushRate { per_second, p50_us: at(50), p99_us: at(99), flushes: count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let mut taken: Vec<u64> = (1..=200).rev().collect();
        let rate = summary(&mut taken, 2_000_000);
        assert_eq!(rate, FlushRate { per_second: 100, p50_us: 100, p99_us: 198, flushes: 200 });
        assert_eq!(summary(&mut [7], 1_000).p99_us, 7);
        assert_eq!(summary(&mut [], 0).flushes, 0);
    }

    #[test]
    fn a_disk_is_measured_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let rate = FlushRate::measure(folder.path(), Duration::from_millis(20)).unwrap();
        assert!(rate.flushes > 0 && rate.per_second > 0 && rate.p50_us <= rate.p99_us, "{rate:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(FlushRate::measure(&folder.path().join("absent"), Duration::ZERO).is_err());
    }

    #[test]
    fn a_verdict_fits_the_rate() {
        let verdict = |per_second| FlushRate { per_second, p50_us: 0, p99_us: 0, flushes: 0 }.verdict();
        assert_eq!(
            [verdict(20), verdict(120), verdict(2_700), verdict(200_000)],
            [Verdict::VerySlow, Verdict::Slow, Verdict::Good, Verdict::TooGood]
        );
    }
}
