//! Measures the layout of facts on the published workload: sizes of saves, streams and increments, CPU times.
//!
//! `cargo run --release -p docket-sync-core --example layout -- 1000`; the figures of
//! `docs/adr/0001-layout-of-facts.md` are its output. CPU times are of this thread, the best of several runs.

#![expect(clippy::print_stdout, reason = "a command-line program talks to its terminal")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails has no result")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "figures are far from every border"
)]

#[path = "../../tests/src/random.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a part of the harness, which uses the rest")]
mod random;
#[path = "../../tests/src/workload/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a part of the harness, which uses the rest")]
mod workload;

use docket_sync_core::document::{Chains, Document, Record, rebuild_unchecked};
use docket_sync_core::ids::{DocumentId, KeyId, Signature};
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::sync::frames::{Cover, Frame, Push, RecordSet};
use docket_sync_core::sync::message::{frame_bytes, unpack};

/// Runs of each measurement; the best counts.
const RUNS: usize = 5;
/// Uncompressed bytes of one batch (limits.rs).
const BATCH: usize = docket_sync_core::limits::BATCH_BYTES;
/// Level of zstd on the server.
const LEVEL: i32 = 3;

struct Built {
    id: DocumentId,
    records: Vec<Record>,
    document: Document,
    saved: Vec<u8>,
}

/// Nanoseconds this process has spent on a processor.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Best CPU time of one of `count` runs of `work`, in microseconds for one.
fn best_us(count: usize, mut work: impl FnMut()) -> f64 {
    let mut best = u64::MAX;
    for _ in 0..RUNS {
        let started = cpu_ns();
        work();
        best = best.min(cpu_ns() - started);
    }
    best as f64 / 1_000.0 / count as f64
}

fn build(orders: usize) -> Vec<Built> {
    let workload = workload::Workload::new(orders);
    workload
        .iter()
        .map(|order| {
            let mut document = Document::new(order.document).unwrap();
            let record = |fact: &workload::WorkloadFact| {
                let (actor, sequence, time, bytes) = fact.record();
                Record { actor, sequence, time, bytes }
            };
            let records: Vec<Record> = order.facts.iter().map(record).collect();
            for record in &records {
                document.append(record).unwrap();
            }
            let saved = document.save();
            Built { id: order.document, records, document, saved }
        })
        .collect()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, LEVEL).unwrap()
}

/// A push of the last `each` facts of each of twenty orders.
fn increment(built: &[Built], each: usize) -> Vec<u8> {
    let chosen = built.iter().step_by((built.len() / 20).max(1)).take(20);
    let documents = chosen.map(|one| (one.id, &one.records[one.records.len() - each..]));
    let cover = Cover::Own { key: KeyId([1; 8]), counter: 1_000, signature: Signature(noise()) };
    frame_bytes(&Frame::Push(Push { cover, records: RecordSet::pack(documents), proofs: vec![] }))
}

/// A signature looks like noise to a compressor.
fn noise() -> [u8; 64] {
    random::Random::from_seed(1).bytes()
}

fn sizes(built: &[Built]) {
    let saves: Vec<u8> = built.iter().flat_map(|one| one.saved.clone()).collect();
    let records: Vec<u8> = built.iter().flat_map(frame_records).collect();
    let changes: usize = built.iter().flat_map(raw_changes).sum();
    let facts: usize = built.iter().flat_map(|one| &one.records).map(|record| record.bytes.len()).sum();
    let alone: usize = built.iter().map(|one| zstd(&one.saved).len()).sum();
    println!("facts, bytes                              {facts}");
    println!("raw change chunks, bytes                  {changes}");
    println!("save_nocompress, sum, bytes               {}", saves.len());
    println!("  one zstd -3 stream                      {}", zstd(&saves).len());
    println!("  one zstd -19 stream                     {}", zstd::encode_all(saves.as_slice(), 19).unwrap().len());
    for size in [BATCH, 2 * BATCH, 4 * BATCH, 8 * BATCH] {
        println!("  zstd -3, a message for each {:4} KiB    {}", size / 1024, messages(built, size));
    }
    println!("  zstd -3, each document alone            {alone}");
    println!("whole history as records, bytes           {}", records.len());
    println!("  one zstd -3 stream                      {}", zstd(&records).len());
    for each in [1, 3] {
        let push = increment(built, each);
        println!(
            "push of {:2} facts on 20 orders, bytes      {} ({} zstd -3)",
            each * 20,
            push.len(),
            zstd(&push).len()
        );
    }
}

/// Sum of the compressed messages of a cold pull, each with `size` bytes of saves.
fn messages(built: &[Built], size: usize) -> usize {
    let (mut sum, mut batch) = (0, Vec::new());
    for one in built {
        batch.extend(&one.saved);
        if batch.len() >= size {
            sum += zstd(&batch).len();
            batch.clear();
        }
    }
    sum + zstd(&batch).len()
}

fn frame_records(one: &Built) -> Vec<u8> {
    let records = RecordSet::pack([(one.id, one.records.as_slice())]);
    frame_bytes(&Frame::Push(Push { cover: Cover::None, records, proofs: vec![] }))
}

fn raw_changes(one: &Built) -> Vec<usize> {
    let mut document = Document::new(one.id).unwrap();
    one.records.iter().map(|record| document.append(record).unwrap().raw_bytes().len()).collect()
}

fn times(built: &[Built]) {
    let count = built.len();
    let facts: usize = built.iter().map(|one| one.records.len()).sum();
    let mut sink = 0_usize;
    let load = best_us(count, || {
        for one in built {
            sink += Document::load(one.id, &one.saved).unwrap().chains().len();
        }
    });
    println!("load a document, us                       {load:.1}");
    let read = best_us(count, || {
        for one in built {
            sink += one.document.facts().unwrap().len();
        }
    });
    println!("read its facts, us                        {read:.1}");
    let folded = best_us(count, || {
        for one in built {
            let mut facts = FactSet::new(one.id);
            one.document.facts().unwrap().into_iter().for_each(|fact| sink += usize::from(facts.insert(fact)));
            sink += fold(&facts).facts;
        }
    });
    println!("read and fold, us                         {folded:.1}");
    let rebuild = best_us(facts, || {
        for one in built {
            let mut chains = Chains::new();
            for record in &one.records {
                let hash = rebuild_unchecked(one.id, chains.get(&record.actor), record).hash;
                chains.insert(record.actor, docket_sync_core::document::ChainHead { sequence: record.sequence, hash });
            }
            sink += chains.len();
        }
    });
    println!("rebuild a change from its record, us      {rebuild:.2}");
    let append = best_us(facts, || {
        for one in built {
            let mut document = Document::new(one.id).unwrap();
            one.records.iter().for_each(|record| drop(document.append(record).unwrap()));
            sink += document.chains().len();
        }
    });
    println!("rebuild and apply, us                     {append:.2}");
    let save = best_us(count, || built.iter().for_each(|one| sink += one.document.save().len()));
    println!("save_nocompress, us                       {save:.1}");
    let push = [&[1, 0], increment(built, 3).as_slice()].concat();
    // Often enough that the kernel's clock of processor time, which moves in steps, says something.
    let decode = best_us(60 * 2_000, || (0..2_000).for_each(|_| sink += unpack(&push).unwrap().len()));
    println!("decode a push, us for a record            {decode:.2}");
    assert!(sink > 0);
}

fn main() {
    let orders = std::env::args().nth(1).map_or(1_000, |number| number.parse().unwrap());
    let built = build(orders);
    println!("{orders} orders, {} facts each, seed {}", workload::FACTS_PER_ORDER, workload::SEED);
    sizes(&built);
    times(&built);
}
