//! Closed segments of the journal are read again, slowly, while the server runs: what the disk has changed is told
//! before a restore, or an engine that must be made anew, needs it.
//!
//! What it is not: a repair. It stops nothing, changes nothing and removes nothing; what to do is `docket doctor`'s.
//! Invariant: each damaged place is logged once, and stands in what is told as long as the last reading met it.

mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use docket_sync_core::time::UnixMillis;

use crate::office::Office;
use crate::store::disk::{Disk, RealDisk};
use crate::store::journal::{FOLDER, JournalError, Reader};

pub use pace::Pace;

/// What reading the closed segments again has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// When every segment that was closed had been read; absent before the first round ended.
    pub round_ended_at: Option<UnixMillis>,
    /// Segments that it read then.
    pub segments: u64,
    /// A sentence for each file that is damaged, by its path.
    pub damage: BTreeMap<String, String>,
}

/// What was shown last; every part of the office may look.
#[derive(Debug, Default)]
pub struct Scrub {
    shown: Mutex<Shown>,
}

impl Scrub {
    /// What was shown last.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A file was read: whole, or what is wrong with it.
    fn note(&self, file: &str, problem: Option<String>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match problem {
            Some(problem) => {
                if shown.damage.insert(file.to_owned(), problem.clone()).is_none() {
                    tracing::error!(
                        file,
                        problem,
                        "a file of the journal that was whole is DAMAGED; the server goes on: back up, and run `docket doctor`"
                    );
                }
            }
            None => {
                if shown.damage.remove(file).is_some() {
                    tracing::info!(file, "a file of the journal that was damaged reads whole again");
                }
            }
        }
    }

    /// Reads every segment that is closed now. `goes_on` is asked after each frame, with its bytes; `false` ends the
    /// round. Tells whether the round came to its end.
    pub fn round(&self, disk: &Arc<dyn Disk>, now: UnixMillis, goes_on: &mut dyn FnMut(u64) -> bool) -> bool {
        let reader = match Reader::open(disk.clone(), FOLDER) {
            Ok(reader) => reader,
            // Heads of all segments are read here; the error names the file.
            Err(error) => {
                self.note(file_of(&error).unwrap_or(FOLDER), Some(error.to_string()));
                return true;
            }
        };
        let segments = reader.segments();
        // All heads are whole now, whichever was said to be damaged.
        let closed: BTreeSet<String> = segments.iter().rev().skip(1).map(|one| disk.full_path(&one.path)).collect();
        for file in self.shown().damage.keys().filter(|file| !closed.contains(*file)) {
            self.note(file, None);
        }
        for (segment, next) in segments.iter().zip(segments.iter().skip(1)) {
            let file = disk.full_path(&segment.path);
            forget_cached(Path::new(&file));
            let mut last = segment.before;
            let mut problem = None;
            for frame in reader.frames(segment.before.number.saturating_add(1)) {
                match frame {
                    Ok(frame) => {
                        last = frame.header.position();
                        problem = frame.problem().map(|problem| problem.to_string());
                        let bytes = u64::try_from(frame.header.frame_bytes()).unwrap_or(u64::MAX);
                        if !goes_on(bytes) {
                            return false;
                        }
                    }
                    Err(error) => problem = Some(error.to_string()),
                }
                if problem.is_some() || last.number >= next.before.number {
                    break;
                }
            }
            if problem.is_none() && last != next.before {
                problem = Some("its last frame is not the one that the next segment continues".to_owned());
            }
            self.note(&file, problem);
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.round_ended_at = Some(now);
        shown.segments = u64::try_from(segments.len().saturating_sub(1)).unwrap_or(u64::MAX);
        true
    }
}

fn file_of(error: &JournalError) -> Option<&str> {
    match error {
        JournalError::Damaged { file, .. } | JournalError::Version { file, .. } => Some(file),
        JournalError::Io { .. }
        | JournalError::Absent { .. }
        | JournalError::Exists { .. }
        | JournalError::TooLarge { .. }
        | JournalError::Full { .. }
        | JournalError::NoFrame { .. }
        | JournalError::Stopped => None,
    }
}

/// What the system has in memory of a file says nothing about the disk.
fn forget_cached(path: &Path) {
    if let Ok(file) = std::fs::File::open(path) {
        let _only_advice = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    }
}

/// Starts the thread that reads the closed segments of the store in `folder`, round after round, until the office
/// stops.
///
/// # Errors
/// When the system has no thread.
pub fn start(office: &Arc<Office>, folder: &Path, mut pace: Pace) -> std::io::Result<std::thread::JoinHandle<()>> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(folder));
    let office = Arc::downgrade(office);
    std::thread::Builder::new().name("scrub".to_owned()).spawn(move || {
        // The office is held for a moment only, so that this thread keeps nothing open.
        let is_running = || office.upgrade().is_some_and(|office| !*office.stop_signal().borrow());
        while is_running() {
            let Some(shared) = office.upgrade() else { return };
            let (scrub, now) = (shared.scrub.clone(), shared.platform.clock.now());
            drop(shared);
            scrub.round(&disk, now, &mut |bytes| pace.take(bytes, &is_running));
            pace.rest(&is_running);
        }
    })
}

#[cfg(test)]
mod tests;
