//! Appending to a journal: one frame, one flush. A failure is final, for nobody knows then what is on the disk.

use std::sync::Arc;

use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::time::UnixMillis;

use super::error::Damage;
use super::next::{self, Next};
use super::segment::{self, HEAD_BYTES};
use super::{Frame, JournalError, JournalId, JournalOptions, Position, Reader, cut, frame};
use crate::store::Batch;
use crate::store::disk::{Disk, DiskFile, fill_with_zeros, length_of};

/// A journal open for writing. There is one for a folder at a time: who opens it holds the lock of the store.
#[derive(Debug)]
pub struct Journal {
    disk: Arc<dyn Disk>,
    folder: String,
    id: JournalId,
    options: JournalOptions,
    file: Box<dyn DiskFile>,
    /// Number of the segment that is written to, its bytes, and where its next frame goes.
    segment: u64,
    length: u64,
    offset: u64,
    last: Position,
    next: Option<Next>,
    has_stopped: bool,
}

/// What one frame shall hold.
#[derive(Debug, Clone, Copy)]
pub struct NewFrame<'a> {
    /// The writes; conditions are not kept.
    pub batch: &'a Batch,
    /// Now.
    pub time: UnixMillis,
    /// Whether the writes are the state at the beginning of the journal.
    pub is_base: bool,
}

/// How whoever wrote a journal last ended, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In order: every frame was written to its end.
    InOrder,
    /// In any way: its last write may have been cut off, and nobody was told of that one.
    AnyHow,
}

/// A journal that was opened for writing, and what was found at its end.
#[derive(Debug)]
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// Bytes of a torn tail that were cut; 0 when the journal ended cleanly.
    pub cut_bytes: u64,
}

impl Journal {
    /// Makes an empty journal in `folder` of `disk`, which must not hold one. Durable when it returns, but for the
    /// name of the folder.
    ///
    /// # Errors
    /// When there is one already, or the disk fails.
    pub fn create(
        disk: Arc<dyn Disk>,
        folder: &str,
        id: JournalId,
        options: JournalOptions,
    ) -> Result<Self, JournalError> {
        let full = disk.full_path(folder);
        disk.make_folder(folder).map_err(JournalError::io("making the folder", &full))?;
        let path = format!("{folder}/{}", segment::file_name(1));
        let making = |error: std::io::Error| {
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                return JournalError::Exists { folder: full.clone() };
            }
            JournalError::io("making", &disk.full_path(&path))(error)
        };
        let file = disk.create(&path).map_err(making)?;
        let length = options.segment_bytes(1);
        fill_with_zeros(file.as_ref(), 0, length)
            .and_then(|()| file.write_at(0, &segment::head(id, 1, id.start())))
            .and_then(|()| file.sync())
            .and_then(|()| disk.sync_folder(folder))
            .map_err(JournalError::io("making", &disk.full_path(&path)))?;
        let (folder, last) = (folder.to_owned(), id.start());
        let (offset, next, has_stopped) = (HEAD_BYTES, None, false);
        Ok(Self { disk, folder, id, options, file, segment: 1, length, offset, last, next, has_stopped })
    }

    /// Opens the journal in `folder` for writing: finds its end, cuts a torn tail, and makes what it keeps durable.
    ///
    /// Every frame of the last segment is checked; the ones before are when they are read.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] when anything before the tail is not what was written: nothing is changed then.
    pub fn open(disk: Arc<dyn Disk>, folder: &str, options: JournalOptions) -> Result<Opened, JournalError> {
        Self::open_after(disk, folder, options, Ended::AnyHow)
    }

    /// The same, where it may be known that the last writer ended in order: then no write was cut off.
    ///
    /// # Errors
    /// As [`Journal::open`]; what is not whole at the end of a journal that was closed is damage, too.
    pub fn open_after(
        disk: Arc<dyn Disk>,
        folder: &str,
        options: JournalOptions,
        ended: Ended,
    ) -> Result<Opened, JournalError> {
        let reader = Reader::open(disk.clone(), folder)?;
        let absent = || JournalError::Absent { folder: disk.full_path(folder) };
        let last = reader.segments().last().cloned().ok_or_else(absent)?;
        let mut frames = reader.frames(last.before.number.saturating_add(1));
        for frame in frames.by_ref() {
            frame?;
        }
        let end = frames.end();
        let full = disk.full_path(&last.path);
        let file = disk.open(&last.path).map_err(JournalError::io("opening", &full))?;
        let cut_bytes = cut::tail_bytes(file.as_ref(), end.offset).map_err(JournalError::io("reading", &full))?;
        if ended == Ended::InOrder && cut_bytes > 0 {
            let (offset, last_good) = (end.offset, end.position.number);
            return Err(JournalError::Damaged { file: full, offset, last_good, problem: Damage::LastFrame });
        }
        cut::clear_tail(file.as_ref(), end.offset, cut_bytes).map_err(JournalError::io("cutting", &full))?;
        // After a flush that failed, the system may show what is not on the disk: the last frame is written again.
        let again = end.last_offset.unwrap_or(0);
        let mut bytes = vec![0; usize::try_from(end.offset.saturating_sub(again)).unwrap_or(0)];
        file.read_at(again, &mut bytes)
            .and_then(|_| file.write_at(again, &bytes))
            .and_then(|()| file.sync())
            .and_then(|()| disk.sync_folder(folder))
            .map_err(JournalError::io("flushing", &full))?;
        next::remove(disk.as_ref(), folder)?;
        let length = file.length().map_err(JournalError::io("reading", &full))?;
        let (id, folder) = (reader.id(), folder.to_owned());
        let (segment, offset, position) = (last.number, end.offset, end.position);
        let journal = Self {
            disk,
            folder,
            id,
            options,
            file,
            segment,
            length,
            offset,
            last: position,
            next: None,
            has_stopped: false,
        };
        Ok(Opened { journal, cut_bytes })
    }

    /// Where the journal ends: everything up to there is durable, as long as no append has failed.
    #[must_use]
    pub fn position(&self) -> Position {
        self.last
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> JournalId {
        self.id
    }

    /// The same journal for reading.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, JournalError> {
        Reader::open(self.disk.clone(), &self.folder)
    }

    /// Appends a frame; it is durable when this returns. Gives where the journal ends then, and the frame's bytes.
    ///
    /// # Errors
    /// [`JournalError::Full`] and [`JournalError::TooLarge`] before anything of the frame is written: the journal goes
    /// on when there is room. Every other one is final.
    pub fn append(&mut self, new: &NewFrame<'_>) -> Result<(Position, u64), JournalError> {
        if self.has_stopped {
            return Err(JournalError::Stopped);
        }
        let about = frame::About { previous: self.last, time: new.time, is_base: new.is_base };
        let (header, bytes) = frame::encode(self.id, about, new.batch)?;
        let length = length_of(&bytes);
        self.make_way(length)?;
        self.write(&bytes, header.position())?;
        if !sabotage::is_on(Bug::AcknowledgeBeforeFlush) {
            self.sync()?;
        }
        self.prepare();
        Ok((self.last, length))
    }

    /// Appends whole frames of another copy of this journal, one flush for all of them: a restore. While this runs,
    /// several frames are not durable, so the folder is nobody's store before it has returned for the last time.
    ///
    /// # Errors
    /// [`JournalError::NoFrame`] when a frame does not continue the journal, [`JournalError::Full`] when there is no
    /// room; frames before that one may be written. Every other one is final.
    pub fn append_frames(&mut self, frames: &[Frame]) -> Result<Position, JournalError> {
        if self.has_stopped {
            return Err(JournalError::Stopped);
        }
        for frame in frames {
            let header = &frame.header;
            if Some(header.number) != self.last.number.checked_add(1) || header.previous != self.last.hash {
                return Err(JournalError::NoFrame { number: self.last.number.saturating_add(1) });
            }
            let bytes = frame.to_bytes();
            if self.offset.saturating_add(length_of(&bytes)) > self.length {
                // A segment is closed only when all of it is durable.
                self.sync()?;
            }
            self.make_way(length_of(&bytes))?;
            self.write(&bytes, header.position())?;
        }
        self.sync()?;
        Ok(self.last)
    }

    /// Sees to it that a frame of `length` bytes fits, or refuses it before anything of it is written.
    ///
    /// A disk that turns out to be full here, whatever it said of its free space, is no failure: the segment that is
    /// written to is as it was, so the journal goes on in it when there is room.
    fn make_way(&mut self, length: u64) -> Result<(), JournalError> {
        let fits = self.offset == HEAD_BYTES || self.offset.saturating_add(length) <= self.length;
        self.check_room(length, fits)?;
        self.has_stopped = true;
        let changed = if fits { Ok(()) } else { self.change_segment() };
        let made = changed.and_then(|()| self.lengthen(self.offset.saturating_add(length)));
        self.has_stopped = !matches!(made, Ok(()) | Err(JournalError::Full { .. }));
        made
    }

    /// A frame longer than a segment gets its room, as zeros, before it is written.
    fn lengthen(&mut self, length: u64) -> Result<(), JournalError> {
        if length <= self.length {
            return Ok(());
        }
        let filled = fill_with_zeros(self.file.as_ref(), self.length, length).and_then(|()| self.file.sync());
        filled.map_err(JournalError::io("lengthening", &self.full_path())).map_err(|error| self.or_full(error))?;
        self.length = length;
        Ok(())
    }

    /// No room is told as such, everything else as it is.
    fn or_full(&self, error: JournalError) -> JournalError {
        if !error.is_full() {
            return error;
        }
        tracing::warn!(%error, "the disk is full, although it said that it had room");
        JournalError::Full { free: self.free_space().unwrap_or(0), reserve: self.options.reserve_bytes }
    }

    fn write(&mut self, bytes: &[u8], after: Position) -> Result<(), JournalError> {
        self.has_stopped = true;
        let full = self.full_path();
        self.file.write_at(self.offset, bytes).map_err(JournalError::io("writing", &full))?;
        self.has_stopped = false;
        self.offset = self.offset.saturating_add(length_of(bytes));
        self.length = self.length.max(self.offset);
        self.last = after;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.has_stopped = true;
        self.file.sync().map_err(JournalError::io("flushing", &self.full_path()))?;
        self.has_stopped = false;
        Ok(())
    }

    /// Path of the segment that is written to.
    fn full_path(&self) -> String {
        self.disk.full_path(&format!("{}/{}", self.folder, segment::file_name(self.segment)))
    }

    /// Refuses a frame that would take what must stay free.
    fn check_room(&self, length: u64, fits: bool) -> Result<(), JournalError> {
        let needed = if fits {
            self.offset.saturating_add(length).saturating_sub(self.length)
        } else {
            let next = self.options.segment_bytes(self.segment.saturating_add(1));
            let missing = self.next.as_ref().map_or(next, Next::missing);
            missing.saturating_add(HEAD_BYTES.saturating_add(length).saturating_sub(next))
        };
        let reserve = self.options.reserve_bytes.saturating_add(needed);
        let free = self.free_space()?;
        if free >= reserve { Ok(()) } else { Err(JournalError::Full { free, reserve }) }
    }

    fn free_space(&self) -> Result<u64, JournalError> {
        let full = self.disk.full_path(&self.folder);
        self.disk.free_space().map_err(JournalError::io("reading the free space of", &full))
    }

    /// Goes on in the next segment. Until its head is durable it has another name, so that a segment is never
    /// half made; what is made in vain on a full disk gives its room back.
    fn change_segment(&mut self) -> Result<(), JournalError> {
        let number = self.segment.saturating_add(1);
        let next = match self.make_next(number) {
            Ok(next) => next,
            Err(error) => {
                if error.is_full() {
                    if let Err(error) = next::remove(self.disk.as_ref(), &self.folder) {
                        tracing::warn!(%error, "what was prepared of the next segment stays until the next try");
                    }
                }
                return Err(self.or_full(error));
            }
        };
        let folder = self.disk.full_path(&self.folder);
        self.disk.sync_folder(&self.folder).map_err(JournalError::io("flushing", &folder))?;
        (self.file, self.length, self.segment, self.offset) = (next.file, next.length, number, HEAD_BYTES);
        Ok(())
    }

    /// The next segment, whole under its name; the name is not durable yet.
    fn make_next(&mut self, number: u64) -> Result<Next, JournalError> {
        let mut next = match self.next.take() {
            Some(next) => next,
            None => self.begin_next()?,
        };
        let missing = next.missing();
        next.fill(self.disk.as_ref(), &self.folder, missing)?;
        let (from, to) = (next::path(&self.folder), format!("{}/{}", self.folder, segment::file_name(number)));
        next.file
            .write_at(0, &segment::head(self.id, number, self.last))
            .and_then(|()| next.file.sync())
            .and_then(|()| self.disk.rename(&from, &to))
            .map_err(JournalError::io("beginning", &self.disk.full_path(&to)))?;
        Ok(next)
    }

    fn begin_next(&self) -> Result<Next, JournalError> {
        Next::new(self.disk.as_ref(), &self.folder, self.options.segment_bytes(self.segment.saturating_add(1)))
    }

    /// Does one step for the next segment when it is time. What fails here is tried again when it is needed.
    fn prepare(&mut self) {
        if !next::is_due(&self.options, self.segment, self.offset)
            || self.next.as_ref().is_some_and(|next| next.missing() == 0)
        {
            return;
        }
        let step = self.options.step_bytes;
        let has_room = self.free_space().is_ok_and(|free| free >= self.options.reserve_bytes.saturating_add(step));
        if !has_room {
            return;
        }
        let next = self.next.take().map_or_else(|| self.begin_next(), Ok);
        let stepped = next.and_then(|mut next| next.fill(self.disk.as_ref(), &self.folder, step).map(|()| next));
        match stepped {
            Ok(next) => self.next = Some(next),
            Err(error) => tracing::warn!(%error, "the next segment of the journal could not be prepared"),
        }
    }
}
