//! What is kept of a store with a journal before its format changes: a folder that the program of before opens.
//!
//! It is `store.format-N-TIME` in the folder of the store: the small files and the journal, the closed segments of it
//! under a second name (nobody ever writes to them again), everything else copied. The engine is not in it: the
//! program of before makes it from the journal.
//!
//! Invariant: a folder of that name is whole and durable; until it is, it is called `store.format-N.part` and is begun
//! again. The format changes only after it, and no copy ever takes the place of another.

use std::io;

use super::JournaledOptions;
use super::format::{SMALL_FILES, io_error};
use super::report::Progress;
use crate::store::StoreError;
use crate::store::disk::{self, Disk, DiskFile, length_of};
use crate::store::journal::{FOLDER, segment};

/// Bytes copied at once.
const COPIED_AT_ONCE: usize = 1 << 20;
/// Bytes between two lines of the log.
const TOLD_BYTES: u64 = 256 << 20;

/// One file that is kept.
struct Item {
    path: String,
    bytes: u64,
    /// A closed segment: it may be kept under a second name instead of copied.
    is_closed: bool,
}

/// Keeps the store of the format `before`, durably. Gives the name of the folder it lies in.
///
/// # Errors
/// [`StoreError::NoRoom`] when the copies find no room, else when the disk fails: the store is as it was.
pub(super) fn keep(disk: &dyn Disk, before: u32, options: &JournaledOptions) -> Result<String, StoreError> {
    let name = format!("store.format-{before}");
    let items = items(disk).map_err(io_error("reading", disk, ""))?;
    // The last start may have come as far as this and no further.
    if let Some(kept) = same_copy(disk, &name, &items).map_err(io_error("reading", disk, ""))? {
        return Ok(kept);
    }
    let part = format!("{name}.part");
    remove(disk, &part)?;
    let making = |path: &str| disk.make_folder(path).map_err(io_error("making the folder", disk, path));
    making(&part)?;
    making(&format!("{part}/{FOLDER}"))?;
    let linked = |item: &Item| item.is_closed && disk.link(&item.path, &format!("{part}/{}", item.path)).is_ok();
    let copied: Vec<&Item> = items.iter().filter(|item| !linked(item)).collect();
    let of = copied.iter().map(|item| item.bytes).fold(0, u64::saturating_add);
    check_room(disk, of, options)?;
    let mut copying = Copying::new(disk, of, options);
    for item in copied {
        copying.file(&item.path, &format!("{part}/{}", item.path))?;
    }
    for folder in [&format!("{part}/{FOLDER}"), &part] {
        disk.sync_folder(folder).map_err(io_error("syncing", disk, folder))?;
    }
    let kept = free_name(disk, &format!("{name}-{}", options.dated()))?;
    disk.rename(&part, &kept).and_then(|()| disk.sync_folder("")).map_err(io_error("naming the copy in", disk, ""))?;
    Ok(kept)
}

/// Removes a file or folder that is half made.
pub(super) fn remove(disk: &dyn Disk, name: &str) -> Result<(), StoreError> {
    let removed = disk::holds(disk, "", name).and_then(|is_there| if is_there { disk.remove(name) } else { Ok(()) });
    removed.map_err(io_error("removing", disk, name))
}

/// `name`, or the next one that is free.
pub(super) fn free_name(disk: &dyn Disk, name: &str) -> Result<String, StoreError> {
    let taken = disk.list("").map_err(io_error("reading", disk, ""))?;
    let numbered = (2..1_000_u32).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let full = || io_error("naming a copy in", disk, "")(io::ErrorKind::AlreadyExists.into());
    free.ok_or_else(full)
}

/// Refuses what needs more than there is beside what must stay free.
pub(super) fn check_room(disk: &dyn Disk, bytes: u64, options: &JournaledOptions) -> Result<(), StoreError> {
    let needed = bytes.saturating_add(options.journal.reserve_bytes);
    let free = disk.free_space().map_err(io_error("reading the free space of", disk, ""))?;
    if free >= needed { Ok(()) } else { Err(StoreError::NoRoom { path: disk.full_path("").into(), needed, free }) }
}

/// Copies files and says how far it is.
pub(super) struct Copying<'a> {
    disk: &'a dyn Disk,
    options: &'a JournaledOptions,
    bytes: u64,
    of: u64,
    said: u64,
}

impl<'a> Copying<'a> {
    /// `of` bytes are to be copied.
    pub(super) fn new(disk: &'a dyn Disk, of: u64, options: &'a JournaledOptions) -> Self {
        Self { disk, options, bytes: 0, of, said: 0 }
    }

    /// Copies a file under a new name. Its bytes are durable then, its name is when its folder is synced.
    pub(super) fn file(&mut self, from: &str, to: &str) -> Result<(), StoreError> {
        let copied = self.copy(from, to);
        copied.map_err(io_error("copying", self.disk, from))
    }

    fn copy(&mut self, from: &str, to: &str) -> io::Result<()> {
        let source = self.disk.open_to_read(from)?;
        let copy = self.disk.create(to)?;
        let mut buffer = vec![0; COPIED_AT_ONCE];
        let mut at = 0_u64;
        loop {
            let read = source.read_at(at, &mut buffer)?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return copy.sync();
            }
            copy.write_at(at, bytes)?;
            at = at.saturating_add(length_of(bytes));
            self.tell(length_of(bytes));
        }
    }

    fn tell(&mut self, more: u64) {
        self.bytes = self.bytes.saturating_add(more);
        let (bytes, of) = (self.bytes, self.of);
        if let Some(told) = &self.options.progress {
            told(Progress::Copying { bytes, of });
        }
        if bytes.saturating_sub(self.said) >= TOLD_BYTES {
            self.said = bytes;
            tracing::info!(bytes, of, "copying the store before it is upgraded");
        }
    }
}

/// What the program of before reads of this folder: the small files and the segments of the journal.
fn items(disk: &dyn Disk) -> io::Result<Vec<Item>> {
    let names = disk.list("")?;
    let small = SMALL_FILES.iter().filter(|name| names.iter().any(|found| found == *name));
    let mut paths: Vec<(String, bool)> = small.map(|name| ((*name).to_owned(), false)).collect();
    let mut segments = segments(disk, FOLDER)?;
    let open = segments.pop();
    paths.extend(segments.into_iter().map(|path| (path, true)));
    paths.extend(open.map(|path| (path, false)));
    let item =
        |(path, is_closed): (String, bool)| Ok(Item { bytes: disk.open_to_read(&path)?.length()?, path, is_closed });
    paths.into_iter().map(item).collect()
}

/// Paths of the segments in a folder, in their order.
fn segments(disk: &dyn Disk, folder: &str) -> io::Result<Vec<String>> {
    let names = disk.list(folder)?;
    Ok(names.iter().filter(|name| segment::is_segment(name)).map(|name| format!("{folder}/{name}")).collect())
}

/// A copy that holds exactly these files, if there is one: the same lengths, and the same bytes of what still changes.
fn same_copy(disk: &dyn Disk, name: &str, items: &[Item]) -> io::Result<Option<String>> {
    let prefix = format!("{name}-");
    for copy in disk.list("")?.into_iter().filter(|found| found.starts_with(&prefix)) {
        if is_same(disk, &copy, items)? {
            return Ok(Some(copy));
        }
    }
    Ok(None)
}

fn is_same(disk: &dyn Disk, copy: &str, items: &[Item]) -> io::Result<bool> {
    let in_journal = items.iter().filter(|item| item.path.starts_with(FOLDER)).count();
    let names = disk.list(copy)?;
    let is_complete = names.len() == items.len().saturating_sub(in_journal).saturating_add(1)
        && segments(disk, &format!("{copy}/{FOLDER}")).is_ok_and(|segments| segments.len() == in_journal);
    if !is_complete {
        return Ok(false);
    }
    for item in items {
        let kept = match disk.open_to_read(&format!("{copy}/{}", item.path)) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let own = disk.open_to_read(&item.path)?;
        if kept.length()? != item.bytes || !(item.is_closed || have_same_bytes(own.as_ref(), kept.as_ref())?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn have_same_bytes(one: &dyn DiskFile, other: &dyn DiskFile) -> io::Result<bool> {
    let mut buffers = [vec![0; COPIED_AT_ONCE], vec![0; COPIED_AT_ONCE]];
    let mut at = 0_u64;
    loop {
        let [mine, theirs] = &mut buffers;
        let (read, other_read) = (one.read_at(at, mine)?, other.read_at(at, theirs)?);
        let (mine, theirs) = (mine.get(..read).unwrap_or_default(), theirs.get(..other_read).unwrap_or_default());
        if mine != theirs {
            return Ok(false);
        }
        if mine.is_empty() {
            return Ok(true);
        }
        at = at.saturating_add(length_of(mine));
    }
}
