//! The order list of a device with many orders, from a cold open: stored rows, no folds.

use docket_client::transport::Server;

use super::device::{on_its_thread, sync};
use super::{Options, Row, RowError, Running, Weight, float, quantile};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "order_list",
    about: "the list of 5,000 orders from a cold open of the device",
    weight: Weight::Usual,
    run,
};

/// Orders on the device, for the usual workload of 1,000.
const ORDERS: usize = 5_000;
const OPENINGS: usize = 20;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options).await })
}

async fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let mut seeded = options.seeds.office(ORDERS.min(options.orders.saturating_mul(5))).await?;
    let server = Server::new(&format!("http://{}", seeded.serve().await?), None)?;
    let device = seeded.device(0)?;
    let openings = options.times(OPENINGS);
    let (figures, _) = on_its_thread(move || async move {
        let mut device = device;
        sync(&mut device, &server).await?;
        let (mut times, mut used, mut rows) = (Vec::new(), 0.0, 0);
        for _ in 0..openings {
            let opened = device.open_and_list()?;
            (device, rows) = (opened.device, opened.rows);
            times.push(opened.wall.as_secs_f64());
            used += opened.processor_seconds;
        }
        times.sort_by(f64::total_cmp);
        let name = |what: &str| format!("list_of_{rows}_{what}");
        Ok(vec![
            Figure::new(&name("cold"), quantile(&times, 0.5), Unit::WallSeconds)
                .at_most(0.05)
                .named("order list on the device"),
            Figure::new(&name("cpu"), used / float(openings), Unit::ProcessorSeconds),
        ])
    })
    .await?;
    seeded.office.kill().await?;
    Ok(figures)
}
