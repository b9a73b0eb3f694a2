//! Saving what is readable of a damaged journal into a new folder. The damaged one is only read.
//!
//! ```text
//! store/journal/            the frames that follow each other from the first one on, a journal again
//! behind-damage.frames      each whole frame behind damage: its length (4 bytes, big endian), the frame
//! log-records.jsonl         every readable log record: number, frame, whether behind damage, bytes in hexadecimal
//! ```

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::scan::{ScanError, Scanned, journal_id, scan};
use crate::backup::contents::{batch_of, log_records};
use crate::backup::restore::Copying;
use crate::store::disk::{Disk, RealDisk};
use crate::store::journal::{FOLDER, Frame, Journal, JournalError, JournalId, JournalOptions};

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// What looking through the journal found.
    pub scanned: Scanned,
    /// Log records written.
    pub records: u64,
}

/// Why nothing could be saved.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// The damaged journal.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The new journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The folder is not empty.
    #[error("{} is not empty: name a new folder", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A file operation failed.
    #[error("writing {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes everything readable of the store in the data folder `data` into the new folder `to`; `known` are ids that its
/// journal may have.
///
/// # Errors
/// When the journal cannot be read at all or the new folder cannot be written.
pub fn salvage(data: &Path, to: &Path, known: &[JournalId]) -> Result<Salvaged, SalvageError> {
    salvage_from(&RealDisk::new(&data.join("store")), to, known)
}

/// The same of the folder of a store on any disk.
///
/// # Errors
/// As [`salvage`].
pub fn salvage_from(damaged: &dyn Disk, to: &Path, known: &[JournalId]) -> Result<Salvaged, SalvageError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| SalvageError::Io { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(to.join("store")).map_err(io(to))?;
    if std::fs::read_dir(to).map_err(io(to))?.count() != 1 {
        return Err(SalvageError::NotEmpty { folder: to.to_owned() });
    }
    // The id is known before the first frame is.
    let journal = journal_id(damaged, FOLDER, known)?;
    let disk = Arc::new(RealDisk::new(&to.join("store")));
    let (behind, records) = (to.join("behind-damage.frames"), to.join("log-records.jsonl"));
    let mut saving = Saving {
        journal: Copying::new(Journal::create(disk, FOLDER, journal, JournalOptions::default())?),
        behind: BufWriter::new(private(&behind).map_err(io(&behind))?),
        records: BufWriter::new(private(&records).map_err(io(&records))?),
        count: 0,
    };
    let mut failed = None;
    let scanned = scan(damaged, FOLDER, &[journal], &mut |frame, is_behind| {
        if failed.is_none() {
            failed = saving.save(frame, is_behind).err();
        }
    })?;
    if let Some(failed) = failed {
        return Err(match failed {
            Failed::Journal(error) => error.into(),
            Failed::Io(source) => SalvageError::Io { path: to.to_owned(), source },
        });
    }
    saving.journal.finish()?;
    for file in [saving.behind, saving.records] {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error).map_err(io(to))?;
        file.sync_all().map_err(io(to))?;
    }
    Ok(Salvaged { scanned, records: saving.count })
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

enum Failed {
    Journal(JournalError),
    Io(io::Error),
}

struct Saving {
    journal: Copying,
    behind: BufWriter<File>,
    records: BufWriter<File>,
    count: u64,
}

impl Saving {
    fn save(&mut self, frame: &Frame, is_behind: bool) -> Result<(), Failed> {
        if is_behind {
            let bytes = frame.to_bytes();
            let length = u32::try_from(bytes.len()).map_err(io::Error::other).map_err(Failed::Io)?;
            let written = self.behind.write_all(&length.to_be_bytes()).and_then(|()| self.behind.write_all(&bytes));
            written.map_err(Failed::Io)?;
        } else {
            self.journal.add(frame.clone()).map_err(Failed::Journal)?;
        }
        // A frame whose writes cannot be read is saved as it is; its records are not.
        let Ok(batch) = batch_of(frame) else { return Ok(()) };
        for record in log_records(&batch).flatten() {
            let hex = data_encoding::HEXLOWER.encode(&record.bytes);
            let line = serde_json::json!({
                "number": record.number,
                "frame": frame.header.number,
                "behind_damage": is_behind,
                "record": hex,
            });
            writeln!(self.records, "{line}").map_err(Failed::Io)?;
            self.count = self.count.saturating_add(1);
        }
        Ok(())
    }
}
