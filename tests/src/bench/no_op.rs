//! Reconnecting when nothing is new: what a device costs that looks every few minutes.

use docket_client::transport::Server;

use super::device::{on_its_thread, sync};
use super::{Options, Row, RowError, Running, Weight, cpu, float};
use crate::proxy::Proxy;
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "no_op",
    about: "reconnect with nothing new, mean of 1,000; the connection is dropped without a goodbye",
    weight: Weight::Usual,
    run,
};

const RECONNECTS: usize = 1_000;

fn run(options: Options) -> Running {
    Box::pin(async move {
        let mut figures = Vec::new();
        for orders in options.sizes_and_larger() {
            figures.extend(measure(&options, orders).await?);
        }
        Ok(figures)
    })
}

async fn measure(options: &Options, orders: usize) -> Result<Vec<Figure>, RowError> {
    let times = options.times(RECONNECTS);
    let mut seeded = options.seeds.office(orders).await?;
    let proxy = Proxy::start(seeded.serve().await?).await?;
    let pid = seeded.office.process().ok_or("the server does not run")?.pid();
    let server = Server::new(&format!("http://{}", proxy.address()), None)?;
    let mut device = seeded.device(0)?;
    let pull_from = server.clone();
    let (device, _) = on_its_thread(move || async move {
        sync(&mut device, &pull_from).await?;
        sync(&mut device, &pull_from).await?;
        Ok(device)
    })
    .await?;
    seeded.rest().await?;
    proxy.reset_counts();
    let before = cpu::of_process(pid)?;
    let (messages, device_cpu) = on_its_thread(move || async move {
        let mut device = device;
        let mut messages = 0_usize;
        for _ in 0..times {
            let talk = sync(&mut device, &server).await?;
            messages = messages.saturating_add(talk.sent.len()).saturating_add(talk.received.len());
        }
        Ok(messages)
    })
    .await?;
    let server_cpu = cpu::of_process(pid)? - before;
    let counts = proxy.counts();
    seeded.office.kill().await?;
    let each = |sum: f64| sum / float(times);
    let name = |what: &str| format!("n{orders}_{what}");
    let bytes = float(usize::try_from(counts.total())?);
    Ok(vec![
        Figure::new(&name("bytes"), each(bytes), Unit::Bytes).at_most(300.0).named("no-op reconnect"),
        Figure::new(&name("round_trips"), each(float(usize::try_from(counts.requests)?)), Unit::Count)
            .at_most(1.0)
            .named("no-op reconnect, round trips"),
        Figure::new(&name("messages"), each(float(messages)), Unit::Count),
        Figure::new(&name("server_cpu"), each(server_cpu), Unit::ProcessorSeconds)
            .at_most(0.001)
            .named("no-op reconnect, server CPU"),
        Figure::new(&name("device_cpu"), each(device_cpu), Unit::ProcessorSeconds),
    ])
}
