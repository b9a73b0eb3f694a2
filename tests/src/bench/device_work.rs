//! What the device does without a network: one fact, a fold, a list.

use std::time::Instant;

use docket_client::transport::Server;
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Fact, SeenRef};
use docket_sync_core::lifecycle::{FactSet, Folded, fold};

use super::device::{Device, on_its_thread, sync};
use super::work::{Bodies, state};
use super::{Options, Row, RowError, Running, Weight, float, quantile};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "device_work",
    about: "one fact durable on the device, a fold of 500 facts, a fact more",
    weight: Weight::Usual,
    run,
};

/// Orders of the office that the device works with.
const ORDERS: usize = 100;
const FACTS: usize = 500;
const FOLDS: usize = 100;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options).await })
}

async fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let mut seeded = options.seeds.office(ORDERS.min(options.orders)).await?;
    let server = Server::new(&format!("http://{}", seeded.serve().await?), None)?;
    let mut bodies = Bodies::after(seeded.workload());
    let (mut device, documents) = (seeded.device(0)?, seeded.documents().to_vec());
    let (facts, folds) = (options.times(FACTS), options.times(FOLDS));
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
        let mut figures = vec![
            Figure::new("fact_durable_p50", quantile(&times, 0.5), Unit::WallSeconds).at_most(0.002),
            Figure::new("fact_durable_p99", quantile(&times, 0.99), Unit::WallSeconds),
            Figure::new(&format!("list_of_{rows}"), listed, Unit::WallSeconds),
        ];
        figures.extend(fold_figures(&mut device, &documents, &mut bodies, folds)?);
        Ok(figures)
    })
    .await?;
    seeded.office.kill().await?;
    Ok(figures)
}

/// Folds of one order that grew to [`FACTS`] facts.
fn fold_figures(
    device: &mut Device,
    documents: &[docket_sync_core::ids::DocumentId],
    bodies: &mut Bodies,
    folds: usize,
) -> Result<Vec<Figure>, RowError> {
    let document = *documents.first().ok_or("there is no order")?;
    while device.client.show(document)?.facts.iter().count() < FACTS.min(folds.saturating_mul(5)) {
        state(device, document, bodies.take()?)?;
    }
    let facts: Vec<Fact> = device.client.show(document)?.facts.iter().cloned().collect();
    let set = |facts: &[Fact]| {
        let mut set = FactSet::new(document);
        set.extend(facts.iter().cloned());
        set
    };
    let all = set(&facts);
    let started = Instant::now();
    for _ in 0..folds {
        std::hint::black_box(fold(std::hint::black_box(&all)));
    }
    let whole = started.elapsed().as_secs_f64() / float(folds);
    let (last, before) = facts.split_last().ok_or("there is no fact")?;
    let mut grown: Vec<Folded> = std::iter::repeat_with(|| Folded::new(set(before))).take(folds).collect();
    let started = Instant::now();
    for folded in &mut grown {
        std::hint::black_box(folded.add(last.clone()));
    }
    let one_more = started.elapsed().as_secs_f64() / float(folds);
    let note = note_behind(last, grown.first().ok_or("there is no fold")?);
    let started = Instant::now();
    for folded in &mut grown {
        std::hint::black_box(folded.add(note.clone()));
    }
    let one_note = started.elapsed().as_secs_f64() / float(folds);
    let count = facts.len();
    Ok(vec![
        Figure::new(&format!("fold_of_{count}"), whole, Unit::WallSeconds).at_most(0.005),
        Figure::new("fold_of_one_more", one_more, Unit::WallSeconds).at_most(0.000_05),
        Figure::new("fold_of_one_more_note", one_note, Unit::WallSeconds).at_most(0.000_05),
    ])
}

/// A note by the author of `last` on the view that `folded` shows.
fn note_behind(last: &Fact, folded: &Folded) -> Fact {
    let mut note = last.clone();
    note.id.sequence = note.id.sequence.saturating_add(1_000);
    note.content.seen = folded.view().frontier.iter().map(|id| SeenRef::Fact(id.reference())).collect();
    note.content.body = AddNote { text: "compressor replaced".to_owned() }.into();
    note
}
