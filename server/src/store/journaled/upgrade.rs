//! From format 1, an engine alone, to format 2, a journal in front of it: its entries become the first frames.

use std::sync::Arc;

use super::engine::{Aside, EngineHome};
use super::format::io_error;
use super::keeping;
use super::open::JournaledOptions;
use crate::store::disk::Disk;
use crate::store::journal::{FOLDER, Journal, NewFrame, Reader};
use crate::store::{Batch, KeyRange, Order, Store, StoreError, Table};

/// The journal until it is complete: a crash leaves it under this name, and it is begun again.
const NEW_FOLDER: &str = "journal.new";
/// Entries read at once.
const PAGE: usize = 1_000;
/// Bytes of entries in one frame.
const FRAME_BYTES: usize = 4 * 1024 * 1024;

/// Gives a folder that says no format its journal, and puts the store of format 1 aside as it was, if one lies here.
/// Says where that is.
///
/// Until the format is written, an engine without a position is the store of format 1, and a journal beside it is that
/// of an upgrade that was cut off. The program of before may have written since, so it is made again.
pub(super) fn from_format_1<H: EngineHome>(
    disk: &Arc<dyn Disk>,
    home: &H,
    options: &JournaledOptions,
    has_journal: bool,
) -> Result<Option<String>, StoreError> {
    let here = disk.as_ref();
    let old = match home.open_alone(options) {
        // It cannot be opened as one: it is behind the journal, and only the file with the format was lost.
        Err(StoreError::Open { .. } | StoreError::Engine { .. } | StoreError::Damaged { .. }) if has_journal => None,
        old => old?,
    };
    let is_alone = old.is_some();
    if !has_journal || (is_alone && is_of_an_upgrade(disk)?) {
        keeping::remove(here, FOLDER)?;
        make_journal(disk, old.as_deref(), options)?;
    }
    drop(old);
    home.close_alone()?;
    if !is_alone {
        return Ok(None);
    }
    let name = keeping::free_name(here, &format!("store.format-1-{}", options.dated()))?;
    home.set_aside(&Aside::Upgraded(name))
}

/// Whether nothing was committed to the journal after the upgrade that made it.
fn is_of_an_upgrade(disk: &Arc<dyn Disk>) -> Result<bool, StoreError> {
    for frame in Reader::open(disk.clone(), FOLDER)?.frames(1) {
        if !frame?.header.is_base() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes the journal of a folder that has none, with the entries of `old` as its first frames.
fn make_journal(disk: &Arc<dyn Disk>, old: Option<&dyn Store>, options: &JournaledOptions) -> Result<(), StoreError> {
    let here = disk.as_ref();
    keeping::remove(here, NEW_FOLDER)?;
    let mut journal = Journal::create(disk.clone(), NEW_FOLDER, options.new_journal, options.journal)?;
    if let Some(old) = old {
        export(old, &mut journal, options)?;
    }
    drop(journal);
    disk.rename(NEW_FOLDER, FOLDER).and_then(|()| disk.sync_folder("")).map_err(io_error(
        "naming the new journal in",
        here,
        "",
    ))
}

fn export(old: &dyn Store, journal: &mut Journal, options: &JournaledOptions) -> Result<(), StoreError> {
    let mut frame = Batch::new();
    let mut bytes = 0_usize;
    let mut append = |frame: &mut Batch| {
        let batch = std::mem::take(frame);
        journal.append(&NewFrame { batch: &batch, time: options.clock.now(), is_base: true }).map(drop)
    };
    for table in Table::ALL {
        let mut range = KeyRange::all();
        loop {
            let entries = old.scan_stored(*table, &range, PAGE, Order::Forward)?;
            let Some((last, _)) = entries.last() else { break };
            range = KeyRange::after(last.clone());
            for (key, stored) in entries {
                bytes = bytes.saturating_add(key.len()).saturating_add(stored.len());
                frame.put_stored(*table, key, Some(stored));
                if bytes >= FRAME_BYTES {
                    append(&mut frame)?;
                    bytes = 0;
                }
            }
        }
    }
    if !frame.is_empty() {
        append(&mut frame)?;
    }
    Ok(())
}
