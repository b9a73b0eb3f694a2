//! Taking a backup: what the journal has beyond the last one becomes pieces, the manifest names them, and the data
//! folder is told how far it went.
//!
//! Order of what is made durable: the frames in the journal, the piece, the manifest, the record in the data folder.
//! So a run that is cut off leaves what it named, and the next one goes on from there.

use std::path::Path;
use std::sync::Arc;

use docket_sync_core::ids::{Digest, StoreId};
use docket_sync_core::proof::chain_start;
use docket_sync_core::time::UnixMillis;

use super::attachments::{self, Copied};
use super::contents::{log_chain_after, store_of};
use super::error::BackupError;
use super::folder::{self, io_error};
use super::keys::KeyFiles;
use super::limits::PIECES_MAX;
use super::manifest::{self, Manifest, Piece, Series};
use super::piece::PieceWriter;
use super::sealing::Recipients;
use super::told::BackedUp;
use crate::identity::StoreKeys;
use crate::platform::Clock;
use crate::store::disk::{self, Disk, RealDisk};
use crate::store::journal::{self, Frame, Frames, Reader};
use crate::store::journaled;

/// The folder of the store in a data folder.
const STORE: &str = "store";

/// What is to be backed up, and where to.
#[derive(Debug)]
pub struct Request<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The folder of the backup.
    pub to: &'a Path,
    /// Who can open it.
    pub recipients: &'a Recipients,
    /// The store's keys: they sign the manifest.
    pub keys: &'a StoreKeys,
    /// Bytes of frames in one piece.
    pub piece_bytes: u64,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The series it added to.
    pub series: u32,
    /// Why that series was begun, when this run began it.
    pub begun: Option<String>,
    /// Pieces added.
    pub pieces: usize,
    /// Frames added.
    pub frames: u64,
    /// Bytes of the files added, keys included.
    pub bytes: u64,
    /// Attachments added.
    pub attachments: Copied,
    /// Whether keys and certificates were written.
    pub with_keys: bool,
    /// Last frame in the backup.
    pub last_frame: u64,
    /// Last number of the log in it.
    pub log_to: u64,
    /// Time of its last frame.
    pub last_at: UnixMillis,
}

/// Where the journal goes on from in the backup.
struct Place {
    series: u32,
    begun: Option<String>,
    next_frame: u64,
    previous_hash: Digest,
    log_to: u64,
    log_chain: Digest,
    last_at: UnixMillis,
}

/// The disks that a backup reads and writes: every call to them can fail.
#[derive(Debug, Clone)]
pub(super) struct Disks {
    /// The data folder.
    pub(super) data: Arc<dyn Disk>,
    /// The folder of the backup.
    pub(super) to: Arc<dyn Disk>,
}

/// Takes a backup; `told` hears of each piece that is whole.
///
/// # Errors
/// When somebody else writes into the folder, it holds another store's backup, or a disk fails.
pub fn take(request: &Request<'_>, clock: &dyn Clock, told: &mut dyn FnMut(&Piece)) -> Result<Taken, BackupError> {
    let _held = folder::hold(request.to)?;
    let disks = Disks { data: Arc::new(RealDisk::new(request.data)), to: Arc::new(RealDisk::new(request.to)) };
    take_on(request, &disks, clock, told).inspect_err(|_| {
        if let Err(error) = folder::clear(disks.to.as_ref()) {
            tracing::warn!(%error, "what was half written stays until the next run");
        }
    })
}

/// The same by one who holds the folder.
pub(super) fn take_on(
    request: &Request<'_>,
    disks: &Disks,
    clock: &dyn Clock,
    told: &mut dyn FnMut(&Piece),
) -> Result<Taken, BackupError> {
    let reading = |name| io_error("reading the folder", disks.data.as_ref(), name);
    if disk::holds(disks.data.as_ref(), "", STORE).map_err(reading(""))?
        && !disk::holds(disks.data.as_ref(), STORE, journal::FOLDER).map_err(reading(STORE))?
    {
        return Err(BackupError::NoJournal { folder: request.data.join(STORE) });
    }
    let reader = Reader::open(disks.data.clone(), &format!("{STORE}/{}", journal::FOLDER))?;
    let store = store_of(&reader)?;
    let mut manifest = manifest_of(request, disks, store)?;
    let place = place(&manifest, &reader, store)?;
    let (pieces, frames, bytes) = (0, 0, 0);
    let mut run = Run { request, disks, clock, reader: &reader, manifest: &mut manifest, place, pieces, frames, bytes };
    let with_keys = run.write_keys()?;
    let mut frames = reader.frames(run.place.next_frame);
    while let Some(first) = frames.next().transpose()? {
        told(run.write_piece(first, &mut frames)?);
    }
    let Run { place, pieces, frames, bytes, .. } = run;
    // Behind the frames: whatever a frame says has arrived is there to be copied.
    let mut attachments = attachments::copy(disks.data.as_ref(), disks.to.as_ref(), request.recipients)?;
    let now = clock.now();
    if pieces == 0 {
        // The signature is new even where nothing else is: the manifest says when the store was last looked at.
        manifest.write(disks.to.as_ref(), request.keys.signing(), now)?;
    }
    if !attachments.problems.is_empty() {
        // A number that is told has its files.
        return Err(BackupError::Attachments { problems: std::mem::take(&mut attachments.problems) });
    }
    let to = std::path::absolute(request.to).unwrap_or_else(|_| request.to.to_owned());
    let record = BackedUp { number: place.log_to, chain: place.log_chain, at_ms: now.0, to: to.display().to_string() };
    record.write(disks.data.as_ref())?;
    Ok(Taken {
        series: place.series,
        begun: place.begun,
        pieces,
        frames,
        bytes,
        attachments,
        with_keys,
        last_frame: place.next_frame.saturating_sub(1),
        log_to: place.log_to,
        last_at: place.last_at,
    })
}

/// The manifest in the folder, or a new one; refuses another store's.
fn manifest_of(request: &Request<'_>, disks: &Disks, store: StoreId) -> Result<Manifest, BackupError> {
    let key = request.keys.signing().verifying_key();
    let Some(mut manifest) = Manifest::read(disks.to.as_ref())? else {
        let mut manifest = Manifest::new(store, &key);
        manifest.raise(journaled::format_in(disks.data.as_ref(), STORE)?);
        return Ok(manifest);
    };
    if manifest.store != store || manifest.store_key.0 != key.to_bytes() {
        return Err(BackupError::OtherStore {
            folder: request.to.to_owned(),
            theirs: manifest.store.to_string(),
            ours: store.to_string(),
        });
    }
    raise(&mut manifest, disks)?;
    Ok(manifest)
}

/// Takes notice of the format that the store has now. The program of before does not read the manifest then: as it was
/// it stays readable under another name.
fn raise(manifest: &mut Manifest, disks: &Disks) -> Result<(), BackupError> {
    let (kept, before) = (manifest.kept_name(), manifest.render());
    let to = disks.to.as_ref();
    if manifest.raise(journaled::format_in(disks.data.as_ref(), STORE)?)
        && !disk::holds(to, "", &kept).map_err(io_error("reading the folder", to, ""))?
    {
        folder::write_whole(to, &kept, &before)?;
    }
    Ok(())
}

/// Where to go on: after the last frame of the newest series when the journal still has that very frame.
fn place(manifest: &Manifest, reader: &Reader, store: StoreId) -> Result<Place, BackupError> {
    let new = |reason: &str| Place {
        series: u32::try_from(manifest.series.len()).unwrap_or(u32::MAX).saturating_add(1),
        begun: Some(reason.to_owned()),
        next_frame: 1,
        previous_hash: reader.id().start().hash,
        log_to: 0,
        log_chain: chain_start(store),
        last_at: UnixMillis(0),
    };
    let Some((series, last)) = manifest.newest().and_then(|series| series.last().map(|last| (series, last))) else {
        return Ok(new("the first backup into this folder"));
    };
    if series.journal.0 != reader.id().0 {
        return Ok(new("the store has a new journal"));
    }
    let found = reader.frames(last.last_frame).next().transpose()?;
    let agrees =
        found.is_some_and(|frame| frame.header.number == last.last_frame && frame.header.hash == last.last_hash);
    if !agrees {
        return Ok(new("the store no longer has the last frame of the series before: it was restored or rolled back"));
    }
    if series.pieces.len() >= PIECES_MAX {
        return Ok(new("the series before has as many pieces as one may have"));
    }
    Ok(Place {
        series: series.number,
        begun: None,
        next_frame: last.last_frame.saturating_add(1),
        previous_hash: last.last_hash,
        log_to: last.log_to,
        log_chain: last.log_chain,
        last_at: UnixMillis(last.last_at),
    })
}

/// One run.
struct Run<'a> {
    request: &'a Request<'a>,
    disks: &'a Disks,
    clock: &'a dyn Clock,
    reader: &'a Reader,
    manifest: &'a mut Manifest,
    place: Place,
    pieces: usize,
    frames: u64,
    bytes: u64,
}

impl Run<'_> {
    /// Writes keys and certificates when they or the recipients have changed.
    fn write_keys(&mut self) -> Result<bool, BackupError> {
        let files = KeyFiles::read(self.request.data)?;
        let (content, recipients) = (files.content(), self.request.recipients.names());
        if self.manifest.keys.last().is_some_and(|last| last.content == content && last.recipients == recipients) {
            return Ok(false);
        }
        let name = format!("keys-{:04}.age", self.manifest.keys.len().saturating_add(1));
        let now = self.clock.now();
        let piece = files.write(self.disks.to.as_ref(), &name, self.request.recipients, &now.to_string())?;
        self.bytes = self.bytes.saturating_add(piece.bytes);
        self.manifest.keys.push(piece);
        self.manifest.write(self.disks.to.as_ref(), self.request.keys.signing(), now)?;
        Ok(true)
    }

    /// Writes one piece that begins with `frame`, and names it in the manifest.
    fn write_piece(&mut self, frame: Frame, frames: &mut Frames) -> Result<&Piece, BackupError> {
        let (series, first_frame, first_at) = (self.place.series, frame.header.number, frame.header.time);
        let name = format!("frames-{series:04}-{first_frame:012}.age");
        let mut writer = PieceWriter::begin(&self.disks.to, &name, self.request.recipients)?;
        let (previous_hash, log_before) = (self.place.previous_hash, self.place.log_to);
        let mut with_log: Option<Frame> = None;
        let mut next = Some(frame);
        while let Some(frame) = next {
            writer.add(&frame.to_bytes())?;
            self.frames = self.frames.saturating_add(1);
            self.place.next_frame = frame.header.number.saturating_add(1);
            self.place.previous_hash = frame.header.hash;
            self.place.last_at = frame.header.time;
            if let Some((_, last)) = frame.header.log {
                self.place.log_to = last;
                with_log = Some(frame);
            }
            let is_full = writer.frame_bytes() >= self.request.piece_bytes;
            next = if is_full { None } else { frames.next().transpose()? };
        }
        if let Some(frame) = with_log {
            self.place.log_chain = log_chain_after(&frame)?;
        }
        // What was read is durable in the journal before the backup claims it.
        self.reader.sync_open_segment()?;
        let written = writer.finish()?;
        let piece = Piece {
            name,
            first_frame,
            last_frame: self.place.next_frame.saturating_sub(1),
            previous_hash,
            last_hash: self.place.previous_hash,
            log_before,
            log_to: self.place.log_to,
            log_chain: self.place.log_chain,
            first_at: first_at.0,
            last_at: self.place.last_at.0,
            frame_bytes: written.frame_bytes,
            recipients: self.request.recipients.names(),
            bytes: written.bytes,
            blake3: written.blake3,
        };
        self.pieces = self.pieces.saturating_add(1);
        self.bytes = self.bytes.saturating_add(written.bytes);
        self.name_piece(piece)
    }

    fn name_piece(&mut self, piece: Piece) -> Result<&Piece, BackupError> {
        // The store may have been upgraded since: its format is written before the first frame of it.
        raise(self.manifest, self.disks)?;
        let now = self.clock.now();
        if self.manifest.series.last().is_none_or(|series| series.number != self.place.series) {
            self.manifest.series.push(Series {
                number: self.place.series,
                journal: StoreId(self.reader.id().0),
                reason: self.place.begun.clone().unwrap_or_default(),
                begun_at: now.to_string(),
                pieces: Vec::new(),
            });
        }
        if let Some(series) = self.manifest.series.last_mut() {
            series.pieces.push(piece);
        }
        self.manifest.write(self.disks.to.as_ref(), self.request.keys.signing(), now)?;
        let named = self.manifest.newest().and_then(Series::last);
        named.ok_or_else(|| BackupError::Manifest {
            path: self.request.to.join(manifest::FILE),
            problem: "it names no piece".to_owned(),
        })
    }
}
