//! Cold pull: a new device gets everything in its scope; and the same, cut in the middle.

use std::time::{Duration, Instant};

use docket_client::transport::Server;

use super::device::{Device, Link, Talk, on_its_thread, sync};
use super::seed::Seeded;
use super::{Options, Row, RowError, Running, Weight, cpu, float, progress, quantile};
use crate::proxy::{Counts, Cut, Direction, Faults, Proxy};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row =
    Row { name: "cold_pull", about: "everything for a new device, over the WebSocket", weight: Weight::Usual, run };

pub(super) const CUT: Row = Row {
    name: "cold_pull_cut",
    about: "the same, cut in the middle and resumed",
    weight: Weight::Usual,
    run: run_cut,
};

/// New devices that pull from one office; all but the first are averaged, so that the store's cache is warm.
const PULLS: usize = 6;

/// Bytes of the goals, for N = 1,000.
const BYTES: f64 = 850_000.0;
const BYTES_FOR: usize = 1_000;

struct Pulled {
    counts: Counts,
    talk: Talk,
    server_cpu: f64,
    device_cpu: f64,
    wall: Duration,
}

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
    let mut seeded = options.seeds.office(orders).await?;
    let proxy = Proxy::start(seeded.serve().await?).await?;
    let pid = seeded.office.process().ok_or("the server does not run")?.pid();
    let memory = |seeded: &mut Seeded| -> Result<u64, RowError> {
        Ok(seeded.office.process().ok_or("the server does not run")?.usage()?.memory_bytes)
    };
    let memory_before = memory(&mut seeded)?;
    let mut pulls = Vec::new();
    let mut memory_added = Vec::new();
    for number in 0..PULLS.min(options.times(PULLS).max(2)).min(seeded.devices()) {
        let device = seeded.device(number)?;
        proxy.reset_counts();
        let before = cpu::of_process(pid)?;
        let started = Instant::now();
        let ((talk, wall), device_cpu) = pull(device, &proxy, started).await?;
        let server_cpu = cpu::of_process(pid)? - before;
        pulls.push(Pulled { counts: proxy.counts(), talk, server_cpu, device_cpu, wall });
        memory_added.push(memory(&mut seeded)?.saturating_sub(memory_before));
    }
    seeded.office.kill().await?;
    if let (true, Some(pull)) = (options.frames, pulls.first()) {
        show(&pull.talk);
    }
    figures(orders, &pulls, memory_added.first().copied().unwrap_or(0), memory_added.last().copied().unwrap_or(0))
}

async fn pull(device: Device, proxy: &Proxy, started: Instant) -> Result<((Talk, Duration), f64), RowError> {
    let server = Server::new(&format!("http://{}", proxy.address()), None)?;
    on_its_thread(move || async move {
        let mut device = device;
        let talk = sync(&mut device, &server).await?;
        Ok((talk, started.elapsed()))
    })
    .await
}

fn show(talk: &Talk) {
    for (who, said) in [("device", &talk.sent), ("server", &talk.received)] {
        for said in said {
            progress(&format!("{who}: {} B: {}", said.bytes, said.frames));
        }
    }
}

fn figures(orders: usize, pulls: &[Pulled], memory_first: u64, memory_all: u64) -> Result<Vec<Figure>, RowError> {
    let first = pulls.first().ok_or("nothing was pulled")?;
    let warm = pulls.get(1..).unwrap_or_default();
    let mean = |value: &dyn Fn(&Pulled) -> f64| warm.iter().map(value).sum::<f64>() / float(warm.len().max(1));
    let median = |value: &dyn Fn(&Pulled) -> f64| {
        let mut values: Vec<f64> = warm.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    let name = |what: &str| format!("n{orders}_{what}");
    let mut bytes = Figure::bytes(&name("bytes"), first.counts.total());
    if orders == BYTES_FOR {
        bytes = bytes.at_most(BYTES).named("cold pull, bytes both ways");
    }
    let share = float(orders) / float(BYTES_FOR);
    let seconds = |what: &str, value: f64, goal: f64, named: &'static str| {
        let figure = Figure::new(&name(what), value, Unit::ProcessorSeconds);
        if orders == BYTES_FOR { figure.at_most(goal * share).named(named) } else { figure }
    };
    let first_order = median(&|pull| pull.talk.first_order.map_or(0.0, |time| time.as_secs_f64()));
    let mut wall = Figure::new(&name("wall"), median(&|pull| pull.wall.as_secs_f64()), Unit::WallSeconds);
    if orders == BYTES_FOR {
        wall = wall.at_most(0.4).named("cold pull, wall time, quiet machine");
    }
    Ok(vec![
        bytes,
        Figure::bytes(&name("bytes_up"), first.counts.up),
        Figure::count(&name("messages_down"), u64::try_from(first.talk.received.len())?),
        Figure::count(&name("requests"), u64::try_from(first.talk.sent.len())?)
            .at_most(2.0)
            .named("cold pull, requests from the device"),
        seconds("server_cpu", mean(&|pull| pull.server_cpu), 0.05, "cold pull, server CPU"),
        Figure::new(&name("server_cpu_cold_cache"), first.server_cpu, Unit::ProcessorSeconds),
        seconds("device_cpu", mean(&|pull| pull.device_cpu), 0.35, "cold pull, device CPU until usable"),
        wall,
        Figure::new(&name("first_order"), first_order, Unit::WallSeconds).at_most(0.01).named("cold pull, first order"),
        Figure::bytes(&name("server_memory_added"), memory_first)
            .at_most(10.0 * 1_048_576.0)
            .named("server memory, a cold pull"),
        Figure::bytes(&name("server_memory_added_by_all"), memory_all),
    ])
}

fn run_cut(options: Options) -> Running {
    Box::pin(async move { measure_cut(&options).await })
}

async fn measure_cut(options: &Options) -> Result<Vec<Figure>, RowError> {
    let mut seeded = options.seeds.office(options.orders).await?;
    let proxy = Proxy::start(seeded.serve().await?).await?;
    let started = Instant::now();
    let ((talk, _), _) = pull(seeded.device(0)?, &proxy, started).await?;
    let whole = proxy.counts().down;
    let largest = talk.received.iter().map(|said| said.bytes).max().unwrap_or(0);

    proxy.reset_counts();
    proxy.set_faults(Faults::cut(Cut::AfterBytes(Direction::Down, whole / 2)));
    let server = Server::new(&format!("http://{}", proxy.address()), None)?;
    let device = seeded.device(1)?;
    let (device, _) = on_its_thread(move || async move {
        let mut device = device;
        let mut link = Link::open(&mut device, &server).await?;
        match link.catch_up(&mut device).await {
            Ok(()) => Err("the cut did not come".into()),
            Err(_the_cut) => Ok(device),
        }
    })
    .await?;
    proxy.set_faults(Faults::default());
    pull(device, &proxy, started).await?;
    let both = proxy.counts().down;
    seeded.office.kill().await?;
    Ok(vec![
        Figure::bytes("bytes_down_uncut", whole),
        Figure::bytes("bytes_down_cut_and_resumed", both),
        Figure::bytes("bytes_sent_again", both.saturating_sub(whole))
            .at_most(float(largest))
            .named("cold pull cut in the middle"),
        Figure::bytes("largest_message", u64::try_from(largest)?),
    ])
}
