//! Opening a store: the journal first, then an engine that agrees with it, made anew when it must be.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::engine::{Aside, BEFORE_POWER_LOSS, EngineHome};
use super::report::{OpenReport, Progress, Rebuild, RebuildReason};
use super::{Engine, JournaledStore, Writer, format, keeping, replay, upgrade};
use crate::platform::{Clock, Platform};
use crate::store::disk::{self, Disk};
use crate::store::journal::{self, Ended, Journal, JournalId, JournalOptions, Position, Reader};
use crate::store::{KeyRange, Order, StoreError, Table};

/// How to open a journaled store.
#[derive(Clone)]
pub struct JournaledOptions {
    /// Sizes of segments.
    pub journal: JournalOptions,
    /// Bytes of frames after which the engine is made durable.
    pub checkpoint_bytes: u64,
    /// Bytes of keys and values that are gathered of frames before the engine is given them, in the order of their keys:
    /// what they write again and again is written once, and neighbours together.
    pub gathered_bytes: usize,
    /// The time of frames.
    pub clock: Arc<dyn Clock>,
    /// Id of the journal, should one have to be made. Random.
    pub new_journal: JournalId,
    /// Which start of the machine this is; two that cannot be told apart have the same text.
    pub boot: String,
    /// Told how far a long step has come: reading the journal into the engine, copying before an upgrade.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl core::fmt::Debug for JournaledOptions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("JournaledOptions").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// Bytes of frames between two checkpoints of the engine: reading them again takes a few seconds.
const CHECKPOINT_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes gathered at once: some seconds of work, and as much memory again.
const GATHERED_BYTES: usize = 64 * 1024 * 1024;

impl JournaledOptions {
    /// The usual sizes, with time and randomness of `platform`, and the system's own name of its start.
    #[must_use]
    pub fn of_system(platform: &Platform, reserve_bytes: u64) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        // Where the system has no name for its start, every process counts as one.
        let unknown = || format!("process {}", data_encoding::HEXLOWER.encode(&platform.bytes::<16>()));
        Self {
            journal: JournalOptions { reserve_bytes, ..JournalOptions::default() },
            checkpoint_bytes: CHECKPOINT_BYTES,
            gathered_bytes: GATHERED_BYTES,
            clock: platform.clock.clone(),
            new_journal: JournalId(platform.bytes()),
            boot: if boot.trim().is_empty() { unknown() } else { boot.trim().to_owned() },
            progress: None,
        }
    }

    /// The time as part of a file's name.
    pub(super) fn dated(&self) -> String {
        self.clock.now().to_string().replace(':', "-")
    }
}

impl<E: Engine> JournaledStore<E> {
    /// Opens the store on `disk` with the engine of `home`, or makes it. The caller holds the lock of the folder.
    ///
    /// # Errors
    /// When the folder has a newer format, the journal is damaged before its tail, or the disk or engine fails.
    pub fn open_on<H: EngineHome<Engine = E>>(
        disk: Arc<dyn Disk>,
        home: &H,
        options: JournaledOptions,
    ) -> Result<Self, StoreError> {
        let mut report = OpenReport::default();
        prepare_folder(&disk, home, &options, &mut report)?;
        let ended = if format::running(disk.as_ref())?.is_some() { Ended::AnyHow } else { Ended::InOrder };
        let opened = Journal::open_after(disk.clone(), journal::FOLDER, options.journal, ended)?;
        report.cut_bytes = opened.cut_bytes;
        let end = opened.journal.position();
        let journal = opened.journal;
        if report.cut_bytes > 0 {
            let (bytes, frame) = (report.cut_bytes, end.number);
            tracing::warn!(bytes, frame, "the journal had a torn tail, which was cut: nobody was told it was written");
        }
        let reader = journal.reader()?;
        let here = disk.as_ref();
        let distrust = match (format::rebuild(here)?, format::running(here)?) {
            (Some(why), _) => Some(RebuildReason::Failed(why)),
            (None, Some(boot)) if boot != options.boot => Some(RebuildReason::PowerLoss),
            (None, _) => None,
        };
        let found = if let Some(reason) = distrust {
            Err(reason)
        } else {
            format::write_running(here, &options.boot)?;
            trusted(home, &reader, end)?
        };
        let (engine, from) = match found {
            Ok((engine, from)) => {
                if from.number == 0 && end.number > 0 {
                    report.rebuild = Some(Rebuild { reason: RebuildReason::NoPosition, aside: None });
                }
                (engine, from)
            }
            Err(reason) => {
                let engine = anew(here, home, reason, &options, &mut report)?;
                (engine, reader.id().start())
            }
        };
        let replayed = replay::replay(&reader, &engine, from, end, &options);
        report.replayed_frames = replayed.inspect_err(|error| distrust_next(here, error, &report, &options))?;
        if report.rebuild.is_some() {
            engine.flush()?;
            tracing::info!(frames = end.number, "the engine was made anew from the journal");
        }
        let writer = Mutex::new(Writer { journal, since_checkpoint: 0 });
        let (clock, checkpoint_bytes) = (options.clock, options.checkpoint_bytes);
        let has_stopped = AtomicBool::new(false);
        Ok(Self { engine, writer, has_stopped, disk, clock, checkpoint_bytes, report, lock: None })
    }
}

/// Sees to it that there is a journal, and a file that says so.
fn prepare_folder<H: EngineHome>(
    disk: &Arc<dyn Disk>,
    home: &H,
    options: &JournaledOptions,
    report: &mut OpenReport,
) -> Result<(), StoreError> {
    let here = disk.as_ref();
    let said = format::check(here)?;
    let has_journal = disk::holds(here, "", journal::FOLDER).map_err(format::io_error("reading", here, ""))?;
    let is_behind = said.is_some_and(|said| said >= format::WITH_JOURNAL);
    if is_behind && !has_journal {
        return Err(journal::JournalError::Absent { folder: disk.full_path(journal::FOLDER) }.into());
    }
    if said == Some(format::FORMAT) {
        return Ok(());
    }
    // The folder itself may be new to the disk: its name is durable before anything says what it is.
    let sync = || disk.sync_folder("").map_err(format::io_error("syncing", here, ""));
    match said.filter(|_| is_behind) {
        Some(before) => {
            let kept = keeping::keep(here, before, options)?;
            report.upgraded = Some(here.full_path(&kept));
        }
        None => report.upgraded = upgrade::from_format_1(disk, home, options, has_journal)?,
    }
    sync()?;
    format::write_format(here)?;
    if let Some(kept) = &report.upgraded {
        let (before, format) = (said.unwrap_or(1), format::FORMAT);
        tracing::info!(before, format, kept, "the store was upgraded; what it was is kept beside it for a way back");
    }
    Ok(())
}

/// The engine and its position when it can be used, or why it cannot.
fn trusted<H: EngineHome>(
    home: &H,
    reader: &Reader,
    end: Position,
) -> Result<Result<(H::Engine, Position), RebuildReason>, StoreError> {
    let opened = home.open().and_then(|engine| engine.position().map(|position| (engine, position)));
    let (engine, position) = match opened {
        Ok(opened) => opened,
        Err(error @ (StoreError::Open { .. } | StoreError::Engine { .. } | StoreError::Damaged { .. })) => {
            return Ok(Err(RebuildReason::Unusable(error.to_string())));
        }
        Err(error) => return Err(error),
    };
    let Some(position) = position else {
        // A new one is as good as one that was emptied.
        let is_empty = is_empty(&engine)?;
        return Ok(if is_empty { Ok((engine, reader.id().start())) } else { Err(RebuildReason::NoPosition) });
    };
    // What a start was giving it when it was stopped counts as in it.
    let aim = engine.aim()?.filter(|aim| aim.number > position.number);
    for reached in [Some(position), aim].into_iter().flatten() {
        if reached.number > end.number {
            return Ok(Err(RebuildReason::Ahead { engine: reached.number, journal: end.number }));
        }
        if !is_of(reader, reached)? {
            return Ok(Err(RebuildReason::Differs { number: reached.number }));
        }
    }
    Ok(Ok((engine, position)))
}

/// Whether the journal's frame of that number is this one.
fn is_of(reader: &Reader, position: Position) -> Result<bool, StoreError> {
    let frame = match reader.frames(position.number).next() {
        _ if position.number == 0 => reader.id().start(),
        Some(frame) => frame?.header.position(),
        None => return Err(journal::JournalError::NoFrame { number: position.number }.into()),
    };
    Ok(frame == position)
}

fn is_empty<E: Engine>(engine: &E) -> Result<bool, StoreError> {
    for table in Table::ALL {
        if !engine.scan_stored(*table, &KeyRange::all(), 1, Order::Forward)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An engine that was trusted and fails when it is given frames is made anew at the next start, by itself. Not one that
/// was just made, which would be put aside for ever again, nor where there is no room.
fn distrust_next(disk: &dyn Disk, error: &StoreError, report: &OpenReport, options: &JournaledOptions) {
    let is_the_engines = matches!(error, StoreError::Engine { .. } | StoreError::Damaged { .. });
    let has_room = disk.free_space().is_ok_and(|free| free > options.journal.reserve_bytes);
    if !is_the_engines || report.rebuild.is_some() || !has_room {
        return;
    }
    if let Err(marking) = format::write_rebuild(disk, &error.to_string()) {
        tracing::error!(error = %marking, "the failure of the engine could not be noted for the next start");
    }
}

/// Puts the engine aside and gives an empty one. Marks are set so that whatever happens meanwhile, the next start
/// does not trust what is half made.
fn anew<H: EngineHome>(
    disk: &dyn Disk,
    home: &H,
    reason: RebuildReason,
    options: &JournaledOptions,
    report: &mut OpenReport,
) -> Result<H::Engine, StoreError> {
    let name = if reason == RebuildReason::PowerLoss {
        Aside::Replacing(BEFORE_POWER_LOSS.to_owned())
    } else {
        Aside::Kept(format!("sled.aside-{}", options.dated()))
    };
    let aside = home.set_aside(&name)?;
    let said = aside.as_deref().unwrap_or("nowhere");
    if matches!(reason, RebuildReason::Ahead { .. }) {
        tracing::error!(%reason, aside = said, "the engine is put aside and made anew; run `docket doctor`");
    } else {
        tracing::warn!(%reason, aside = said, "the engine is put aside and made anew from the journal");
    }
    format::write_running(disk, &options.boot)?;
    format::remove_rebuild(disk)?;
    report.rebuild = Some(Rebuild { reason, aside });
    home.open()
}
