//! Reading a journal, also one that another process is writing to. Changes nothing, repairs nothing.

use std::sync::Arc;

use super::cut;
use super::error::Damage;
use super::frame::{Frame, FrameHeader, HEADER_BYTES};
use super::segment::{self, HEAD_BYTES, SegmentInfo};
use super::window::Window;
use super::{JournalError, JournalId, Position};
use crate::store::disk::Disk;

/// A journal open for reading.
#[derive(Debug, Clone)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    folder: String,
    id: JournalId,
    segments: Vec<SegmentInfo>,
}

impl Reader {
    /// Opens the journal in `folder` of `disk`: lists its segments and checks their heads.
    ///
    /// # Errors
    /// When there is none, or a head is damaged or of another version.
    pub fn open(disk: Arc<dyn Disk>, folder: &str) -> Result<Self, JournalError> {
        let (id, segments) = segment::list(disk.as_ref(), folder)?;
        Ok(Self { disk, folder: folder.to_owned(), id, segments })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> JournalId {
        self.id
    }

    /// Its folder on the disk.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Its segments in their order, as they were when it was opened. All but the last one are closed: their bytes
    /// never change again.
    #[must_use]
    pub fn segments(&self) -> &[SegmentInfo] {
        &self.segments
    }

    /// Makes everything that the last segment shows durable: what was read before this call may then be copied
    /// elsewhere, for the journal cannot lose it any more. Safe while another process writes.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync_open_segment(&self) -> Result<(), JournalError> {
        let Some(last) = self.segments.last() else { return Ok(()) };
        let full = self.disk.full_path(&last.path);
        let file = self.disk.open_to_read(&last.path).map_err(JournalError::io("opening", &full))?;
        file.sync().map_err(JournalError::io("flushing", &full))
    }

    /// Frames from number `first` on (1 is the first). An iterator of results: after an error it ends.
    ///
    /// It ends at the first frame that is not whole when no later one is: the tail of a journal that is being
    /// written, or a torn one. Anything else is [`JournalError::Damaged`].
    #[must_use]
    pub fn frames(&self, first: u64) -> Frames {
        let at = self.segments.partition_point(|segment| segment.before.number < first).saturating_sub(1);
        let before = self.segments.get(at).map_or(self.id.start(), |segment| segment.before);
        Frames {
            disk: self.disk.clone(),
            id: self.id,
            segments: self.segments.clone(),
            at,
            window: None,
            offset: HEAD_BYTES,
            last: before,
            last_offset: None,
            first,
            is_over: false,
        }
    }
}

/// Frames of a journal in their order.
#[derive(Debug)]
pub struct Frames {
    disk: Arc<dyn Disk>,
    id: JournalId,
    segments: Vec<SegmentInfo>,
    at: usize,
    window: Option<Window>,
    offset: u64,
    last: Position,
    last_offset: Option<u64>,
    first: u64,
    is_over: bool,
}

/// Where the frames that were read end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) position: Position,
    pub(super) offset: u64,
    /// Where the last frame read begins in the segment that reading stands in; `None` at its beginning.
    pub(super) last_offset: Option<u64>,
}

impl Frames {
    /// Where reading stands: the last frame read, and the byte after it in its segment.
    pub(super) fn end(&self) -> End {
        End { position: self.last, offset: self.offset, last_offset: self.last_offset }
    }

    fn step(&mut self) -> Result<Option<Frame>, JournalError> {
        loop {
            let Some(segment) = self.segments.get(self.at) else { return Ok(None) };
            let full = self.disk.full_path(&segment.path);
            let window = match &mut self.window {
                Some(window) => window,
                window @ None => {
                    let file = self.disk.open_to_read(&segment.path).map_err(JournalError::io("opening", &full))?;
                    window.insert(Window::new(file))
                }
            };
            let found = read_frame(window, self.offset, self.id).map_err(JournalError::io("reading", &full))?;
            if let Some(frame) = found.filter(|frame| continues(&frame.header, self.last)) {
                let length = u64::try_from(frame.header.frame_bytes()).unwrap_or(u64::MAX);
                self.last_offset = Some(self.offset);
                self.offset = self.offset.saturating_add(length);
                self.last = frame.header.position();
                if frame.header.number < self.first {
                    continue;
                }
                return Ok(Some(frame));
            }
            let damaged = |problem| JournalError::Damaged {
                file: full.clone(),
                offset: self.offset,
                last_good: self.last.number,
                problem,
            };
            match self.segments.get(self.at.saturating_add(1)) {
                Some(next) if next.before == self.last => {
                    self.at = self.at.saturating_add(1);
                    self.offset = HEAD_BYTES;
                    self.last_offset = None;
                    self.window = None;
                }
                Some(next) if next.before.number == self.last.number => return Err(damaged(Damage::SegmentChain)),
                Some(_) => return Err(damaged(Damage::Frame)),
                None => {
                    let later = cut::holds_later_frame(window, self.offset, self.id, self.last.number);
                    if !later.map_err(JournalError::io("reading", &full))? {
                        return Ok(None);
                    }
                    // Another process may have written it since: then it is whole now.
                    window.forget();
                    let again = read_frame(window, self.offset, self.id).map_err(JournalError::io("reading", &full))?;
                    if !again.is_some_and(|frame| continues(&frame.header, self.last)) {
                        return Err(damaged(Damage::Frame));
                    }
                }
            }
        }
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let step = self.step().transpose();
        self.is_over = !matches!(step, Some(Ok(_)));
        step
    }
}

fn continues(header: &FrameHeader, last: Position) -> bool {
    Some(header.number) == last.number.checked_add(1) && header.previous == last.hash
}

/// The whole frame at `offset`, if there is one.
pub(super) fn read_frame(window: &mut Window, offset: u64, id: JournalId) -> std::io::Result<Option<Frame>> {
    let Some(header) = FrameHeader::read(window.at(offset, HEADER_BYTES)?) else { return Ok(None) };
    Ok(Frame::read(id, window.at(offset, header.frame_bytes())?))
}
