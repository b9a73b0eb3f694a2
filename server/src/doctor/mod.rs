//! Looking at a store without changing it: is it sound, what is damaged and where, what can be saved.
//!
//! It reads the files of the data folder, beside a running server too, and writes to the folder nothing but the file
//! of the flush measurement, which it removes. The engine is looked at in a copy, and only when no process has it.
//!
//! Invariant: nothing in the data folder is changed or removed, whatever is found.

mod attachments;
mod engine;
mod finding;
pub mod flush_rate;
mod folder;
mod journal;
pub mod salvage;
pub mod scan;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use docket_sync_core::time::UnixMillis;
use serde::Serialize;

pub use finding::{Finding, Level};

use crate::backup::BackedUp;
use crate::backup::manifest::Manifest;
use crate::store::disk::RealDisk;
use crate::store::journal::JournalId;

use flush_rate::{FlushRate, Verdict};
use scan::ScanError;

/// How to look.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of the disk that must stay free.
    pub reserve_bytes: u64,
    /// How long the disk's flushes are measured.
    pub flush_time: Duration,
    /// Where a copy of the engine may lie meanwhile.
    pub scratch: PathBuf,
    /// Bytes of documents in memory at once.
    pub memory_bytes: u64,
    /// The journal's id, where the one who looks knows it.
    pub journal: Option<JournalId>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of looking.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether something is damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Damage)
    }
}

/// Looks at the store in the data folder `data`; `told` hears how many documents are folded.
///
/// # Errors
/// When there is nothing to look at, or it cannot be read at all.
pub fn examine(
    data: &Path,
    options: &Options,
    now: UnixMillis,
    told: &mut dyn FnMut(u64),
) -> Result<Report, ScanError> {
    let store = data.join("store");
    match std::fs::metadata(&store) {
        Ok(metadata) if metadata.is_dir() => {}
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(ScanError::Io { path: store, source }),
        Ok(_) | Err(_) => return Err(ScanError::Absent { folder: store }),
    }
    let used = folder::look_at_lock(&store);
    let mut findings = vec![folder::format(&store)];
    findings.extend(folder::keys(data));
    findings.extend(folder::owner(data));
    let engine = engine::look(&store, &used, &options.scratch);
    let known = known_journals(data, options.journal);
    let (used, engine_at) = (&used, engine.position());
    let look =
        journal::Look { store: &store, used, engine: engine_at, known: &known, memory_bytes: options.memory_bytes };
    match journal::look(&look, told) {
        Ok(looked) => {
            findings.extend(looked.findings);
            findings.push(engine.finding(looked.end, looked.at_engine));
        }
        // Not to be allowed to read is no damage.
        Err(ScanError::Io { path, source }) if source.kind() == io::ErrorKind::PermissionDenied => {
            return Err(ScanError::Io { path, source });
        }
        Err(error) => findings.push(Finding::damage("journal", format!("{error}."), folder::RESTORE)),
    }
    findings.extend(attachments::look(data));
    findings.push(folder::room(&store, options.reserve_bytes));
    findings.push(folder::last_backup(data, now));
    findings.push(flushes(&store, options.flush_time));
    Ok(Report { findings })
}

/// Ids that the journal of the store in `data` may have: `given`, and those in the manifest of its last backup.
#[must_use]
pub fn known_journals(data: &Path, given: Option<JournalId>) -> Vec<JournalId> {
    let backup = BackedUp::read(data).ok().flatten().map(|last| RealDisk::new(Path::new(&last.to)));
    let manifest = backup.and_then(|backup| Manifest::read(&backup).ok().flatten());
    let series = manifest.into_iter().flat_map(|manifest| manifest.series);
    given.into_iter().chain(series.map(|series| JournalId(series.journal.0))).collect()
}

fn flushes(store: &Path, time: Duration) -> Finding {
    let rate = match FlushRate::measure(store, time) {
        Ok(rate) => rate,
        Err(error) => {
            return Finding::note(
                "disk",
                format!("The disk's flushes could not be measured: {error}."),
                "Run it as the owner of the folder.",
            );
        }
    };
    let FlushRate { per_second, p50_us, p99_us, flushes } = rate;
    let measured = format!(
        "{per_second} flushes of 4 KiB a second, half within {p50_us} us, 99 of 100 within {p99_us} us ({flushes} measured)"
    );
    match rate.verdict() {
        Verdict::Good => Finding::sound("disk", format!("{measured}: acknowledgements are not held up by this disk.")),
        Verdict::Slow => Finding::note(
            "disk",
            format!(
                "{measured}: every acknowledgement waits for one flush, so phones wait noticeably when many push at once."
            ),
            "A disk with a battery-backed or non-volatile cache makes it fast.",
        ),
        Verdict::VerySlow => Finding::note(
            "disk",
            format!(
                "{measured}: every acknowledgement waits for one flush, so phones wait for this disk more than for the network."
            ),
            "Use another disk for the data folder.",
        ),
        Verdict::TooGood => Finding::note(
            "disk",
            format!("{measured}: faster than a disk can be, so something answers from memory before it is durable."),
            "Make sure that this memory survives a power failure; on a file system in memory nothing does.",
        ),
    }
}
