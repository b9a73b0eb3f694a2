//! Live fan-out: from an edit that is durable on one device until it is durable on another.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use docket_client::transport::Server;
use docket_sync_core::ids::DocumentId;

use super::device::{Device, Link, on_its_thread};
use super::work::{Bodies, state};
use super::{Options, Row, RowError, Running, Weight, quantile};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "fan_out",
    about: "an edit durable on one device until it is durable on another, over WebSockets",
    weight: Weight::Usual,
    run,
};

const EDITS: usize = 600;

/// Edits before the ones that count.
const WARM_UP: usize = 20;

/// How long one edit may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);

fn run(options: Options) -> Running {
    Box::pin(async move {
        let mut figures = Vec::new();
        for orders in options.sizes() {
            figures.extend(measure(&options, orders).await?);
        }
        Ok(figures)
    })
}

async fn measure(options: &Options, orders: usize) -> Result<Vec<Figure>, RowError> {
    let edits = options.times(EDITS);
    let mut seeded = options.seeds.office(orders).await?;
    let server = Server::new(&format!("http://{}", seeded.serve().await?), None)?;
    let bodies = Bodies::after(seeded.workload());
    let documents = seeded.documents().to_vec();
    let (sender, receiver) = (seeded.device(0)?, seeded.device(1)?);
    let (seen, sees) = mpsc::channel();
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let to = server.clone();
    let total = edits.saturating_add(WARM_UP);
    let watching = on_its_thread(move || watch(receiver, to, total, ready, seen));
    let editing = async {
        is_ready.await?;
        on_its_thread(move || edit(sender, server, documents, bodies, (total, sees))).await
    };
    let ((times, _), _) = tokio::try_join!(editing, watching)?;
    seeded.office.kill().await?;
    let mut times: Vec<f64> = times.into_iter().skip(WARM_UP).collect();
    times.sort_by(f64::total_cmp);
    let name = |what: &str| format!("n{orders}_{what}");
    Ok(vec![
        Figure::new(&name("p50"), quantile(&times, 0.5), Unit::WallSeconds).at_most(0.001_5).named("live fan-out"),
        Figure::new(&name("p99"), quantile(&times, 0.99), Unit::WallSeconds).at_most(0.004_5).named("live fan-out"),
        Figure::count(&name("edits"), u64::try_from(times.len())?),
    ])
}

/// The other device: tells when it has seen each edit.
async fn watch(
    mut device: Device,
    server: Server,
    edits: usize,
    ready: tokio::sync::oneshot::Sender<()>,
    seen: mpsc::Sender<Instant>,
) -> Result<(), RowError> {
    let mut link = Link::open(&mut device, &server).await?;
    link.catch_up(&mut device).await?;
    let _nobody_waits = ready.send(());
    for _ in 0..edits {
        let number = device.client.status().number;
        while device.client.status().number == number {
            link.step(&mut device).await?;
        }
        seen.send(Instant::now())?;
    }
    Ok(())
}

/// The device on which the edits are made; gives how long each took to be seen.
async fn edit(
    mut device: Device,
    server: Server,
    documents: Vec<DocumentId>,
    mut bodies: Bodies,
    (edits, sees): (usize, mpsc::Receiver<Instant>),
) -> Result<Vec<f64>, RowError> {
    let mut link = Link::open(&mut device, &server).await?;
    link.catch_up(&mut device).await?;
    let mut times = Vec::new();
    for document in documents.iter().cycle().take(edits) {
        state(&mut device, *document, bodies.take()?)?;
        let durable = Instant::now();
        link.nudge(&mut device).await?;
        link.acknowledged(&mut device).await?;
        let seen = sees.recv_timeout(PATIENCE)?;
        times.push(seen.saturating_duration_since(durable).as_secs_f64());
    }
    Ok(times)
}
