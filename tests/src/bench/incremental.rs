//! A technician comes back into the network: 20 facts for him, 60 of his, on 20 orders.

use docket_client::transport::Server;

use super::device::{on_its_thread, sync};
use super::work::{Bodies, state};
use super::{Options, Row, RowError, Running, Weight, cpu, progress};
use crate::proxy::Proxy;
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "incremental",
    about: "20 facts down and 60 up on 20 orders, over the WebSocket",
    weight: Weight::Usual,
    run,
};

const ORDERS: usize = 20;
const FACTS_UP_PER_ORDER: usize = 3;

fn run(options: Options) -> Running {
    Box::pin(async move {
        let mut figures = Vec::new();
        let mut bytes = Vec::new();
        for orders in options.sizes_and_larger() {
            let measured = measure(&options, orders).await?;
            bytes.extend(measured.first().map(|figure| (orders, figure.value)));
            figures.extend(measured);
        }
        if let [_, (_, before), (largest, after)] = bytes.as_slice() {
            let grows = (after / before - 1.0).max(0.0) * 1_000.0;
            let figure = Figure::new(&format!("n{largest}_grows_by_thousandths"), grows, Unit::Count);
            figures.push(figure.at_most(50.0).named("the same at N = 10,000"));
        }
        Ok(figures)
    })
}

async fn measure(options: &Options, orders: usize) -> Result<Vec<Figure>, RowError> {
    let mut seeded = options.seeds.office(orders).await?;
    let proxy = Proxy::start(seeded.serve().await?).await?;
    let pid = seeded.office.process().ok_or("the server does not run")?.pid();
    let server = Server::new(&format!("http://{}", proxy.address()), None)?;
    let mut bodies = Bodies::after(seeded.workload());
    let step = seeded.documents().len().div_ceil(ORDERS).max(1);
    let documents: Vec<_> = seeded.documents().iter().copied().step_by(step).collect();
    let (mut device, mut colleague) = (seeded.device(0)?, seeded.device(1)?);
    let through = server.clone();
    let ((mut device, _), _) = on_its_thread(move || async move {
        sync(&mut device, &through).await?;
        sync(&mut colleague, &through).await?;
        for document in &documents {
            state(&mut colleague, *document, bodies.take()?)?;
            for _ in 0..FACTS_UP_PER_ORDER {
                state(&mut device, *document, bodies.take()?)?;
            }
        }
        sync(&mut colleague, &through).await?;
        Ok((device, ()))
    })
    .await?;
    seeded.rest().await?;
    proxy.reset_counts();
    let before = cpu::of_process(pid)?;
    let ((talk, refused), device_cpu) = on_its_thread(move || async move {
        let talk = sync(&mut device, &server).await?;
        Ok((talk, device.client.status().refused.len()))
    })
    .await?;
    let server_cpu = cpu::of_process(pid)? - before;
    let counts = proxy.counts();
    seeded.office.kill().await?;
    if options.frames {
        for (who, said) in [("device", &talk.sent), ("server", &talk.received)] {
            for said in said {
                progress(&format!("{who}: {} B: {}", said.bytes, said.frames));
            }
        }
    }
    let name = |what: &str| format!("n{orders}_{what}");
    let messages = talk.sent.len().saturating_add(talk.received.len());
    Ok(vec![
        Figure::bytes(&name("bytes"), counts.total()).at_most(10_000.0).named("incremental"),
        Figure::bytes(&name("bytes_up"), counts.up),
        Figure::bytes(&name("bytes_down"), counts.down),
        Figure::count(&name("messages"), u64::try_from(messages)?).at_most(4.0).named("incremental, messages"),
        Figure::new(&name("server_cpu"), server_cpu, Unit::ProcessorSeconds)
            .at_most(0.015)
            .named("incremental, server CPU"),
        Figure::new(&name("device_cpu"), device_cpu, Unit::ProcessorSeconds),
        Figure::count(&name("not_accepted"), u64::try_from(refused)?)
            .at_most(0.0)
            .named("incremental, nothing in conflict"),
    ])
}
