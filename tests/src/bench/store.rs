//! What a store takes on disk, its backup, and its engine made anew from the journal.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use docket_server::backup::limits::PIECE_BYTES;
use docket_server::backup::reading::Backup;
use docket_server::backup::sealing::{Identities, Recipients, make_identity};
use docket_server::backup::take::{Request, take};
use docket_server::backup::verify::verify;
use docket_server::platform::Platform;
use docket_server::store::disk::RealDisk;
use docket_server::store::journal::{self, Reader};
use docket_server::store::{JournaledStore, SledOptions, SledStore};

use super::seed::store_keys;
use super::{Options, Row, RowError, Running, Weight, cpu, float};
use crate::table::{Figure, Unit};
use crate::workload::FACTS_PER_ORDER;

pub(super) const ROW: Row = Row {
    name: "store",
    about: "bytes on disk for each order, backup and its verification, the engine made anew",
    weight: Weight::Usual,
    run,
};

/// Changes a second at which the log of 100,000 orders is read in a minute.
const REBUILD: f64 = 50_000.0;

fn run(options: Options) -> Running {
    Box::pin(async move {
        let seeded = options.seeds.office(options.orders).await?;
        let data = PathBuf::from(seeded.office.data());
        let orders = float(seeded.documents().len());
        tokio::task::spawn_blocking(move || measure(&data, orders)).await?
    })
}

fn measure(data: &Path, orders: f64) -> Result<Vec<Figure>, RowError> {
    let mut figures = sizes(data, orders)?;
    figures.extend(backup(data, orders)?);
    remove_engine(data)?;
    let (began, before) = (Instant::now(), cpu::of_process(std::process::id())?);
    let opened = open_without_engine(data)?;
    let (wall, processor) = (began.elapsed().as_secs_f64(), cpu::of_process(std::process::id())? - before);
    drop(opened);
    figures.extend(engine_made(wall, processor, orders * float(FACTS_PER_ORDER)));
    let engine = bytes_under(&data.join("store").join("sled"))?;
    figures.push(on_disk("engine_made_anew", engine, orders));
    Ok(figures)
}

fn on_disk(what: &str, bytes: u64, orders: f64) -> Figure {
    let bytes = Figure::bytes("", bytes).value / orders;
    Figure::new(&format!("{what}_per_order"), bytes, Unit::Bytes).named("bytes on disk per order")
}

fn sizes(data: &Path, orders: f64) -> Result<Vec<Figure>, RowError> {
    let store = data.join("store");
    Ok(vec![
        on_disk("journal_frames", frame_bytes(&store)?, orders),
        on_disk("journal", bytes_under(&store.join(journal::FOLDER))?, orders),
        on_disk("engine", bytes_under(&store.join("sled"))?, orders),
    ])
}

/// Bytes of all frames of a journal.
fn frame_bytes(store: &Path) -> Result<u64, RowError> {
    let reader = Reader::open(Arc::new(RealDisk::new(store)), journal::FOLDER)?;
    let mut bytes = 0_u64;
    for frame in reader.frames(1) {
        bytes = bytes.saturating_add(u64::try_from(frame?.to_bytes().len())?);
    }
    Ok(bytes)
}

/// Bytes that a folder takes on the disk.
pub(super) fn bytes_under(folder: &Path) -> Result<u64, RowError> {
    let mut bytes = 0_u64;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        let taken = if about.is_dir() { bytes_under(&entry.path())? } else { about.blocks().saturating_mul(512) };
        bytes = bytes.saturating_add(taken);
    }
    Ok(bytes)
}

fn backup(data: &Path, orders: f64) -> Result<Vec<Figure>, RowError> {
    let folder = tempfile::tempdir()?;
    let (identity, recipient) = make_identity("");
    let key = folder.path().join("identity");
    std::fs::write(&key, identity.as_bytes())?;
    let to = folder.path().join("backup");
    let (recipients, keys) = (Recipients::read(&[recipient])?, store_keys(data)?);
    let request = Request { data, to: &to, recipients: &recipients, keys: &keys, piece_bytes: PIECE_BYTES };
    let frames = Figure::bytes("", frame_bytes(&data.join("store"))?).value;
    let clock = Platform::system().clock;
    let taking = Timed::new(|| Ok(take(&request, clock.as_ref(), &mut |_| {})?))?;
    let verifying = Timed::new(|| {
        let backup = Backup::open(&to, Identities::read(&key)?, None)?;
        Ok(verify(&backup, docket_server::backup::folding::MEMORY_BYTES, |_| {})?)
    })?;
    let rate = |name: &str, seconds: f64| Figure::new(name, frames / seconds, Unit::BytesPerSecond);
    let each = |name: &str, seconds: f64| Figure::new(name, seconds / orders, Unit::ProcessorSeconds);
    Ok(vec![
        on_disk("backup", bytes_under(&to)?, orders),
        rate("backup_of_frames", taking.wall).named("backup throughput"),
        each("backup_cpu_per_order", taking.cpu),
        rate("backup_verified", verifying.wall).named("backup verify"),
        each("verify_cpu_per_order", verifying.cpu),
    ])
}

/// What something took.
struct Timed {
    wall: f64,
    cpu: f64,
}

impl Timed {
    fn new<T>(work: impl FnOnce() -> Result<T, RowError>) -> Result<Self, RowError> {
        let (began, before) = (Instant::now(), cpu::of_this_thread()?);
        drop(work()?);
        Ok(Self { wall: began.elapsed().as_secs_f64(), cpu: cpu::of_this_thread()? - before })
    }
}

/// Figures of an engine that was made anew with so many changes, in wall and processor seconds.
pub(super) fn engine_made(wall: f64, processor: f64, changes: f64) -> Vec<Figure> {
    vec![
        Figure::new("engine_from_journal", changes / wall, Unit::PerSecond)
            .at_least(REBUILD)
            .named("rebuild from the log"),
        Figure::new("engine_from_journal_wall", wall, Unit::WallSeconds),
        Figure::new("engine_from_journal_cpu_per_change", processor / changes, Unit::ProcessorSeconds),
    ]
}

/// Removes the engine of the store in `data`.
pub(super) fn remove_engine(data: &Path) -> Result<(), RowError> {
    Ok(std::fs::remove_dir_all(data.join("store").join("sled"))?)
}

/// Opens the store in `data`, whose engine was removed; it is made from the journal.
pub(super) fn open_without_engine(data: &Path) -> Result<JournaledStore<SledStore>, RowError> {
    let opened = JournaledStore::open(&data.join("store"), SledOptions::default(), &Platform::system())?;
    if opened.report().rebuild.is_none() {
        return Err("the engine was not made anew".into());
    }
    Ok(opened)
}
