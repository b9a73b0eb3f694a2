//! Reading a backup: every frame of a series in its order, and nothing that is not proven whole.
//!
//! Proven means: the manifest is the store's, the file has the size and the BLAKE3 it names, the frames inside chain
//! from the beginning of the journal on, and each piece ends where the manifest says.

use std::path::{Path, PathBuf};

use docket_sync_core::time::UnixMillis;

use super::attachments::{self, Expected, PutBack};
use super::error::BackupError;
use super::keys::KeyFiles;
use super::manifest::{Manifest, Piece, Series};
use super::piece::{PieceReader, check_file};
use super::sealing::Identities;
use crate::identity::StoreKeys;
use crate::store::disk::{Disk, RealDisk};
use crate::store::journal::{Frame, JournalId, PAYLOAD_BYTES_MAX, Position};

/// Largest frame: its payload and its header.
const FRAME_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 4_096;

/// A backup, open for reading.
#[derive(Debug)]
pub struct Backup {
    folder: PathBuf,
    manifest: Manifest,
    identities: Identities,
    series: usize,
}

/// Where a restore ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// With everything there is.
    Nothing,
    /// Before the first frame that is later.
    Until(UnixMillis),
    /// Before the first frame that holds a greater log number.
    ToNumber(u64),
}

/// How far a reading of frames went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The last frame.
    pub position: Position,
    /// The last number of the log.
    pub log_to: u64,
    /// Time of the last frame.
    pub at: UnixMillis,
    /// Frames read.
    pub frames: u64,
    /// Whether something came after, which was left out.
    pub is_cut: bool,
}

impl Backup {
    /// Opens the backup in `folder`: the series with the number `series`, or the newest.
    ///
    /// # Errors
    /// When there is none, or its manifest is damaged.
    pub fn open(folder: &Path, identities: Identities, series: Option<u32>) -> Result<Self, BackupError> {
        let manifest = Manifest::require(folder)?;
        let count = manifest.series.len();
        let wanted = series.map_or(Some(count), |number| usize::try_from(number).ok());
        let series = wanted.and_then(|number| number.checked_sub(1)).filter(|index| *index < count);
        let absent = || BackupError::Range {
            problem: format!("{} has {count} series, none with that number", folder.display()),
        };
        Ok(Self { folder: folder.to_owned(), series: series.ok_or_else(absent)?, manifest, identities })
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The series that is read.
    pub fn series(&self) -> Result<&Series, BackupError> {
        let empty = || BackupError::Range { problem: format!("{} holds no frames", self.folder.display()) };
        self.manifest.series.get(self.series).ok_or_else(empty)
    }

    /// The journal that its frames are of.
    pub fn journal(&self) -> Result<JournalId, BackupError> {
        self.series().map(|series| JournalId(series.journal.0))
    }

    /// The newest keys and certificates, checked: they are those of the store that signed the manifest.
    pub fn keys(&self) -> Result<(KeyFiles, StoreKeys, [u8; StoreKeys::LENGTH]), BackupError> {
        let keys = |problem: &str| BackupError::Keys { problem: problem.to_owned() };
        let piece = self.manifest.keys.last().ok_or_else(|| keys("the backup holds no keys"))?;
        let files = KeyFiles::open(&self.folder, piece, &self.identities)?;
        let text = files.file("keys/store.key")?.ok_or_else(|| keys("the backup holds no keys/store.key"))?;
        let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim_ascii());
        let secret = decoded.ok().and_then(|bytes| <[u8; StoreKeys::LENGTH]>::try_from(bytes).ok());
        let secret = secret.ok_or_else(|| keys("keys/store.key in the backup is not a store's"))?;
        let store_keys = StoreKeys::from_secret(&secret);
        if store_keys.public() != self.manifest.store_key.0 {
            return Err(keys("the keys in the backup are not those of the store that signed its manifest"));
        }
        Ok((files, store_keys, secret))
    }

    /// The files of all pieces of keys are checked, the older ones too, which this identity may not open.
    pub fn check_all_keys(&self) -> Result<usize, BackupError> {
        for piece in &self.manifest.keys {
            check_file(&self.folder.join(&piece.name), &piece.name, piece.bytes, piece.blake3)?;
        }
        Ok(self.manifest.keys.len())
    }

    /// The file of a piece is checked without opening it: pieces of other series, or after a cut.
    pub fn check_piece(&self, piece: &Piece) -> Result<(), BackupError> {
        check_file(&self.folder.join(&piece.name), &piece.name, piece.bytes, piece.blake3).map(drop)
    }

    /// Checks that every expected attachment is there and has its digest; gives how many.
    ///
    /// # Errors
    /// When any is missing or damaged: the error names them all.
    pub fn check_attachments(&self, expected: &Expected) -> Result<u64, BackupError> {
        attachments::verify(&RealDisk::new(&self.folder), &self.identities, expected)
    }

    /// Puts the attachments into the data folder on `data`.
    ///
    /// # Errors
    /// When its disk fails; files that are damaged or are not in the backup are told.
    pub fn restore_attachments(&self, data: &dyn Disk, expected: &Expected) -> Result<PutBack, BackupError> {
        attachments::restore(&RealDisk::new(&self.folder), &self.identities, data, expected)
    }

    /// Gives every frame up to `cut` to `each`, and every piece that is done to `told`.
    ///
    /// # Errors
    /// At the first frame that is not whole, with the name of its piece; what `each` says.
    pub fn walk(
        &self,
        cut: Cut,
        mut each: impl FnMut(Frame) -> Result<(), BackupError>,
        mut told: impl FnMut(&Piece),
    ) -> Result<Reached, BackupError> {
        let series = self.series()?;
        let journal = self.journal()?;
        let mut reached = Reached { position: journal.start(), log_to: 0, at: UnixMillis(0), frames: 0, is_cut: false };
        for piece in &series.pieces {
            let path = self.folder.join(&piece.name);
            let file = check_file(&path, &piece.name, piece.bytes, piece.blake3)?;
            let mut reader =
                PieceReader::open(file, &piece.name, &piece.recipients, &self.identities, FRAME_BYTES_MAX)?;
            while let Some(bytes) = reader.next_frame()? {
                let frame = read_frame(journal, &bytes, reached.position, piece)?;
                if cut.is_before(&frame) {
                    reached.is_cut = true;
                    return check_cut(reached, &frame);
                }
                reached.position = frame.header.position();
                reached.log_to = frame.header.log.map_or(reached.log_to, |(_, last)| last);
                reached.at = frame.header.time;
                reached.frames = reached.frames.saturating_add(1);
                each(frame)?;
            }
            let end = Position { number: piece.last_frame, hash: piece.last_hash };
            if reached.position != end || reached.log_to != piece.log_to {
                return Err(BackupError::piece(&piece.name, "it does not end with the frame that the manifest says"));
            }
            told(piece);
        }
        Ok(reached)
    }
}

impl Cut {
    fn is_before(self, frame: &Frame) -> bool {
        match self {
            Self::Nothing => false,
            Self::Until(time) => frame.header.time > time,
            Self::ToNumber(number) => frame.header.log.is_some_and(|(_, last)| last > number),
        }
    }
}

/// Refuses a cut that leaves no whole store: before the first frame, or among those that the journal began with.
fn check_cut(reached: Reached, next: &Frame) -> Result<Reached, BackupError> {
    if reached.frames > 0 && !next.header.is_base() {
        return Ok(reached);
    }
    let (at, number) = (next.header.time, next.header.log.map_or(0, |(_, last)| last));
    let problem = format!("this backup begins at {at} with log number {number}: nothing in it is as old as that");
    Err(BackupError::Range { problem })
}

fn read_frame(journal: JournalId, bytes: &[u8], last: Position, piece: &Piece) -> Result<Frame, BackupError> {
    let place = last.number.saturating_add(1);
    let damaged = |problem: &str| BackupError::piece(&piece.name, format!("frame {place}: {problem}"));
    let frame = Frame::read(journal, bytes).ok_or_else(|| damaged("it is not whole"))?;
    if frame.header.number != place || frame.header.previous != last.hash {
        return Err(damaged("it does not follow the frame before it"));
    }
    Ok(frame)
}
