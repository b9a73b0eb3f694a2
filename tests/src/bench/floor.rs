//! What the workload weighs before any protocol: the floor under every pull.

use std::time::Instant;

use docket_sync_core::document::{Document, Record};

use super::{Options, Row, RowError, Running, Weight};
use crate::table::{Figure, Unit};
use crate::workload::{Order, Workload};

pub(super) const ROW: Row = Row {
    name: "floor",
    about: "the workload's facts and saved documents, raw and as one zstd-3 stream",
    weight: Weight::Usual,
    run,
};

/// The level that the server's session stream uses.
const LEVEL: i32 = 3;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options) })
}

fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let started = Instant::now();
    let mut facts: u64 = 0;
    let (mut records, mut saves) = (Vec::new(), Vec::new());
    for order in Workload::new(options.orders).iter() {
        records.extend(order.document.0);
        for fact in &order.facts {
            let (_, _, _, bytes) = fact.record();
            records.extend(bytes);
            facts = facts.saturating_add(1);
        }
        saves.extend(saved(&order)?);
    }
    let generated = started.elapsed();
    let compressed = zstd::encode_all(records.as_slice(), LEVEL)?;
    let compressed_saves = zstd::encode_all(saves.as_slice(), LEVEL)?;
    Ok(vec![
        Figure::count("facts", facts),
        Figure::bytes("fact_bytes", u64::try_from(records.len())?),
        Figure::bytes("fact_bytes_zstd_3", u64::try_from(compressed.len())?),
        Figure::bytes("saved_bytes", u64::try_from(saves.len())?),
        Figure::bytes("saved_bytes_zstd_3", u64::try_from(compressed_saves.len())?),
        Figure::new("generated_in", generated.as_secs_f64(), Unit::WallSeconds),
    ])
}

/// The order as the store saves it.
fn saved(order: &Order) -> Result<Vec<u8>, RowError> {
    let mut document = Document::new(order.document)?;
    for fact in &order.facts {
        let (actor, sequence, time, bytes) = fact.record();
        document.append(&Record { actor, sequence, time, bytes })?;
    }
    Ok(document.save())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workload_compresses_as_work_orders_do() {
        let figures = measure(&Options::quick(200)).unwrap();
        let value = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap().value;
        assert!((value("facts") - 6_000.0).abs() < 0.5);
        let ratio = value("fact_bytes") / value("fact_bytes_zstd_3");
        assert!((2.5..8.0).contains(&ratio), "{ratio}");
    }
}
