//! From format 1, an engine alone, to format 2, a journal in front of it: its entries become the first frames.

use std::sync::Arc;

use super::format::io_error;
use super::open::JournaledOptions;
use crate::store::disk::{self, Disk};
use crate::store::journal::{FOLDER, Journal, NewFrame};
use crate::store::{Batch, KeyRange, Order, Store, StoreError, Table};

/// The journal until it is complete: a crash leaves it under this name, and it is begun again.
const NEW_FOLDER: &str = "journal.new";
/// Entries read at once.
const PAGE: usize = 1_000;
/// Bytes of entries in one frame.
const FRAME_BYTES: usize = 4 * 1024 * 1024;

/// Makes the journal of a folder that has none, with the entries of `old` as its first frames.
pub(super) fn make_journal(
    disk: &Arc<dyn Disk>,
    old: Option<&dyn Store>,
    options: &JournaledOptions,
) -> Result<(), StoreError> {
    let here = disk.as_ref();
    if disk::holds(here, "", NEW_FOLDER).map_err(io_error("reading", here, ""))? {
        disk.remove(NEW_FOLDER).map_err(io_error("removing", here, NEW_FOLDER))?;
    }
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
