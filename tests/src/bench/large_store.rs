//! Opening and rebuilding a store with millions of changes.
//!
//! It is written with its engine in memory: the journal on the disk is what the same commits would have written, and
//! the engine on the disk is made from it, which is the first thing that is measured. Each step is a process of its
//! own, whose memory is that of this step and gone after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use docket_server::platform::Platform;
use docket_server::store::disk::RealDisk;
use docket_server::store::journaled::{JournaledOptions, MemoryHome};
use docket_server::store::{JournaledStore, SledOptions};
use serde::{Deserialize, Serialize};

use super::seed::Open;
use super::store::{bytes_under, engine_made, open_without_engine, remove_engine};
use super::{Options, Row, RowError, Weight, float, progress};
use crate::office::Office;
use crate::process::{binary, usage_of};
use crate::table::{Figure, Unit};
use crate::workload::{FACTS_PER_ORDER, Workload};

pub(super) const ROW: Row = Row {
    name: "large_store",
    about: "time to open a store with 2,000,000 changes (--changes), and to make its engine anew",
    weight: Weight::Heavy,
    run: |options| Box::pin(async move { measure(&options).await }),
};

/// The server of 100,000 orders is ready in this time.
const READY: f64 = 10.0;

/// A step of this row that runs in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Step {
    /// Writes the journal.
    Write,
    /// Makes the engine from the journal.
    Rebuild,
    /// Opens the store.
    Open,
}

/// What a step took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Took {
    /// Wall seconds.
    wall: f64,
    /// Processor seconds of the process.
    processor: f64,
    /// Memory of the process at its highest, in bytes.
    memory: u64,
}

async fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let orders = options.changes.div_ceil(FACTS_PER_ORDER);
    let changes = float(orders.saturating_mul(FACTS_PER_ORDER));
    let mut office = Office::init("Northern Air").await?;
    let data = PathBuf::from(office.data());
    let written = in_process(Step::Write, &data, orders).await?;
    progress(&format!("written in {:.0} s; the engine is made from the journal", written.wall));
    let rebuilt = in_process(Step::Rebuild, &data, orders).await?;
    progress(&format!("made in {:.0} s; the store is opened", rebuilt.wall));
    let opened = in_process(Step::Open, &data, orders).await?;
    let began = Instant::now();
    office.serve().await?;
    let ready = began.elapsed().as_secs_f64();
    let usage = office.process().ok_or("the server does not run")?.usage()?;
    office.kill().await?;
    let store = data.join("store");
    let per_order = |name: &str, bytes: u64| {
        let each = Figure::bytes("", bytes).value / float(orders);
        Figure::new(name, each, Unit::Bytes).named("bytes on disk per order")
    };
    let mut figures = engine_made(rebuilt.wall, rebuilt.processor, changes);
    figures.extend([
        Figure::bytes("engine_from_journal_memory", rebuilt.memory),
        Figure::new("store_opened", opened.wall, Unit::WallSeconds).named("time to open a store with 2 M changes"),
        Figure::new("store_opened_cpu", opened.processor, Unit::ProcessorSeconds),
        Figure::bytes("store_opened_memory", opened.memory),
        Figure::new("server_ready", ready, Unit::WallSeconds).at_most(READY).named("server start with 100,000 orders"),
        Figure::bytes("server_memory_when_ready", usage.memory_bytes),
        per_order("journal_per_order", bytes_under(&store.join("journal"))?),
        per_order("engine_per_order", bytes_under(&store.join("sled"))?),
    ]);
    Ok(figures)
}

async fn in_process(step: Step, data: &Path, orders: usize) -> Result<Took, RowError> {
    let mut command = tokio::process::Command::new(binary("docket-bench")?);
    let name = clap::ValueEnum::to_possible_value(&step).ok_or("a step without a name")?;
    command.arg("--step").arg(name.get_name()).arg("--data").arg(data).arg("--n").arg(orders.to_string());
    command.stderr(std::process::Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await?;
    if !output.status.success() {
        return Err(format!("the step {step:?} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Does a step of this row with the data folder of an office, in this process.
///
/// # Errors
/// When it fails; the row does.
pub async fn step(step: Step, data: &Path, orders: usize) -> Result<Took, RowError> {
    let before = usage_of(std::process::id())?.processor_seconds;
    if step == Step::Rebuild {
        remove_engine(data)?;
    }
    let began = Instant::now();
    let opened = match step {
        Step::Write => write(data, Workload::new(orders).finished_by(0)).await.map(|()| None)?,
        Step::Rebuild => Some(open_without_engine(data)?),
        Step::Open => Some(JournaledStore::open(&data.join("store"), SledOptions::default(), &Platform::system())?),
    };
    let wall = began.elapsed().as_secs_f64();
    let usage = usage_of(std::process::id())?;
    drop(opened);
    Ok(Took { wall, processor: usage.processor_seconds - before, memory: usage.memory_bytes_max })
}

/// Writes the workload with the engine in memory.
async fn write(data: &Path, workload: Workload) -> Result<(), RowError> {
    let platform = Platform::system();
    let options = JournaledOptions::of_system(&platform, SledOptions::default().reserve_bytes);
    let disk = Arc::new(RealDisk::new(&data.join("store")));
    let store = JournaledStore::open_on(disk, &MemoryHome::default(), options)?;
    let open = Open::over(Arc::new(store), data)?;
    open.write_orders(&workload).await?;
    open.close();
    Ok(())
}
