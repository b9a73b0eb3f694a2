//! Documents by themselves: loading and saving a thousand, and what one fact takes in each form.

use docket_sync_core::document::{Document, Record, SavedDocument};
use docket_sync_core::ids::DocumentId;

use super::{Options, Row, RowError, Running, Weight, cpu, float};
use crate::table::{Figure, Unit};
use crate::workload::Workload;

pub(super) const ROW: Row =
    Row { name: "documents", about: "load and save of 1,000 documents, bytes of a fact", weight: Weight::Usual, run };

const DOCUMENTS: usize = 1_000;
/// The level of what the server sends.
const LEVEL: i32 = 3;

fn run(options: Options) -> Running {
    Box::pin(async move { measure(&options) })
}

fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let documents = DOCUMENTS.min(options.orders);
    let (mut facts, mut stated) = (0_usize, 0_usize);
    let mut built = Vec::new();
    for order in Workload::new(documents).iter() {
        let mut document = Document::new(order.document)?;
        for fact in &order.facts {
            let (actor, sequence, time, bytes) = fact.record();
            facts = facts.saturating_add(1);
            stated = stated.saturating_add(bytes.len());
            document.append(&Record { actor, sequence, time, bytes })?;
        }
        built.push(document);
    }
    let (saves, saving) = timed(|| Ok(built.iter().map(Document::save).collect::<Vec<_>>()))?;
    let ids: Vec<DocumentId> = built.iter().map(Document::id).collect();
    drop(built);
    let each = || ids.iter().zip(&saves);
    let (loaded, loading) =
        timed(|| Ok(each().map(|(id, bytes)| Document::load(*id, bytes)).collect::<Result<Vec<_>, _>>()?))?;
    drop(loaded);
    let (read, reading) = timed(|| {
        let read = each().map(|(id, bytes)| SavedDocument::read(*id, bytes.clone()));
        Ok(read.collect::<Result<Vec<_>, _>>()?)
    })?;
    drop(read);
    let all = saves.concat();
    let per_fact = |name: &str, bytes: usize| Figure::new(name, float(bytes) / float(facts), Unit::Bytes);
    let seconds = |name: &str, value: f64| Figure::new(&format!("{name}_{documents}"), value, Unit::ProcessorSeconds);
    Ok(vec![
        seconds("load", loading).named("load and save of 1,000 documents"),
        seconds("save", saving).named("load and save of 1,000 documents"),
        seconds("read_on_the_device", reading),
        per_fact("fact_stated", stated).named("bytes per fact"),
        per_fact("fact_in_a_save", all.len()).named("bytes per fact"),
        per_fact("fact_in_saves_as_one_zstd_3", zstd::encode_all(all.as_slice(), LEVEL)?.len()).named("bytes per fact"),
    ])
}

/// What `work` gives, and the processor seconds it took.
fn timed<T>(work: impl FnOnce() -> Result<T, RowError>) -> Result<(T, f64), RowError> {
    let before = cpu::of_this_thread()?;
    let done = work()?;
    Ok((done, cpu::of_this_thread()? - before))
}
