//! The server's memory: at its start, after pulls, for each connected device that says nothing.

use docket_client::transport::Server;

use super::device::{Link, sync};
use super::{Options, Row, RowError, Running, Weight, float};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "memory",
    about: "the server's resident memory, and what an idle connected device adds",
    weight: Weight::Usual,
    run,
};

const SOCKETS: usize = 100;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options).await })
}

async fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let mut seeded = options.seeds.office(options.orders).await?;
    let server = Server::new(&format!("http://{}", seeded.serve().await?), None)?;
    let mut device = seeded.device(0)?;
    let process = seeded.office.process().ok_or("the server does not run")?;
    let start = process.usage()?.memory_bytes;
    sync(&mut device, &server).await?;
    let pulled = process.usage()?.memory_bytes;
    // The first connections make what all later ones share.
    let mut links = Vec::new();
    for _ in 0..10 {
        links.push(connected(&mut device, &server).await?);
    }
    let before = process.usage()?.memory_bytes;
    let sockets = options.times(SOCKETS);
    for _ in 0..sockets {
        links.push(connected(&mut device, &server).await?);
    }
    let after = process.usage()?.memory_bytes;
    drop(links);
    let highest = process.usage()?.memory_bytes_max;
    seeded.office.kill().await?;
    let added = float(usize::try_from(after.saturating_sub(before))?);
    Ok(vec![
        Figure::bytes("at_start", start),
        Figure::bytes("after_one_pull", pulled),
        Figure::bytes("highest", highest),
        Figure::new("idle_device", added / float(sockets), Unit::Bytes)
            .at_most(30.0 * 1_024.0)
            .named("idle connected device"),
    ])
}

async fn connected(device: &mut super::device::Device, server: &Server) -> Result<Link, RowError> {
    let mut link = Link::open(device, server).await?;
    link.catch_up(device).await?;
    Ok(link)
}
