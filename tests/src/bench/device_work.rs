//! What the device does without a network: one fact, a list.

use std::time::Instant;

use docket_client::transport::Server;

use super::device::{on_its_thread, sync};
use super::work::{Bodies, state};
use super::{Options, Row, RowError, Running, Weight, quantile};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row =
    Row { name: "device_work", about: "one fact durable on the device", weight: Weight::Usual, run };

/// Orders of the office that the device works with.
const ORDERS: usize = 100;
const FACTS: usize = 500;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options).await })
}

async fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let mut seeded = options.seeds.office(ORDERS.min(options.orders)).await?;
    let server = Server::new(&format!("http://{}", seeded.serve().await?), None)?;
    let mut bodies = Bodies::after(seeded.workload());
    let (mut device, documents) = (seeded.device(0)?, seeded.documents().to_vec());
    let facts = options.times(FACTS);
    let (figures, _) = on_its_thread(move || async move {
        sync(&mut device, &server).await?;
        let opening = Instant::now();
        let rows = device.client.list()?.len();
        let listed = opening.elapsed().as_secs_f64();
        let mut times = Vec::new();
        for document in documents.iter().cycle().take(facts) {
            let body = bodies.take()?;
            let started = Instant::now();
            state(&mut device, *document, body)?;
            times.push(started.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        Ok(vec![
            Figure::new("fact_durable_p50", quantile(&times, 0.5), Unit::WallSeconds)
                .at_most(0.002)
                .named("one fact on the device, durable"),
            Figure::new("fact_durable_p99", quantile(&times, 0.99), Unit::WallSeconds),
            Figure::new(&format!("list_of_{rows}"), listed, Unit::WallSeconds),
        ])
    })
    .await?;
    seeded.office.kill().await?;
    Ok(figures)
}
