//! Opening and rebuilding a store with millions of changes.
//!
//! It is written with its engine in memory: the journal on the disk is what the same commits would have written, and
//! the engine on the disk is made from it, which is the first thing that is measured.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use docket_server::platform::Platform;
use docket_server::store::disk::RealDisk;
use docket_server::store::journaled::{JournaledOptions, MemoryHome};
use docket_server::store::{JournaledStore, SledOptions};

use super::seed::Open;
use super::store::{bytes_under, rebuild};
use super::{Options, Row, RowError, Weight, cpu, float, progress};
use crate::office::Office;
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

async fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let workload = Workload::new(options.changes.div_ceil(FACTS_PER_ORDER)).finished_by(0);
    let orders = float(workload.orders);
    let mut office = Office::init("Northern Air").await?;
    let data = PathBuf::from(office.data());
    let began = Instant::now();
    write(&data, workload).await?;
    progress(&format!("written in {:.0} s; the engine is made from the journal", began.elapsed().as_secs_f64()));
    let folder = data.clone();
    let rebuilt = tokio::task::spawn_blocking(move || rebuild(&folder)).await??;
    let mut figures = rebuilt.figures(orders * float(FACTS_PER_ORDER));
    let store = data.join("store");
    let (began, before) = (Instant::now(), cpu::of_process(std::process::id())?);
    let opened = JournaledStore::open(&store, SledOptions::default(), &Platform::system())?;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu::of_process(std::process::id())? - before);
    drop(opened);
    let began = Instant::now();
    office.serve().await?;
    let ready = began.elapsed().as_secs_f64();
    let usage = office.process().ok_or("the server does not run")?.usage()?;
    office.kill().await?;
    let per_order = |name: &str, bytes: u64| Figure::new(name, Figure::bytes("", bytes).value / orders, Unit::Bytes);
    figures.extend([
        Figure::new("store_opened", wall, Unit::WallSeconds).named("time to open a store with 2 M changes"),
        Figure::new("store_opened_cpu", cpu, Unit::ProcessorSeconds),
        Figure::new("server_ready", ready, Unit::WallSeconds).at_most(READY).named("server start with 100,000 orders"),
        Figure::bytes("server_memory_when_ready", usage.memory_bytes),
        per_order("journal_per_order", bytes_under(&store.join("journal"))?).named("bytes on disk per order"),
        per_order("engine_per_order", bytes_under(&store.join("sled"))?).named("bytes on disk per order"),
    ]);
    Ok(figures)
}

/// Writes the workload with the engine in memory.
async fn write(data: &std::path::Path, workload: Workload) -> Result<(), RowError> {
    let platform = Platform::system();
    let options = JournaledOptions::of_system(&platform, SledOptions::default().reserve_bytes);
    let disk = Arc::new(RealDisk::new(&data.join("store")));
    let store = JournaledStore::open_on(disk, &MemoryHome::default(), options)?;
    let open = Open::over(Arc::new(store), data)?;
    open.write_orders(&workload).await?;
    open.close();
    Ok(())
}
