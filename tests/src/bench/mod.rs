//! The benchmarks: one row each, run by `cargo xtask bench`.
//!
//! To add one, write a file here with `pub(super) const ROW: Row` and name it in [`ROWS`].

mod cold_pull;
mod cpu;
mod device;
mod device_work;
mod documents;
mod durable_commits;
mod fan_out;
mod floor;
mod folding;
mod gate;
mod incremental;
mod large_store;
mod list;
mod memory;
mod no_op;
mod seed;
mod store;
mod work;

use std::pin::Pin;
use std::sync::Arc;

pub use large_store::{Step, Took, step};

use crate::table::Figure;

/// Any failure of a row: it is shown, and the other rows go on.
pub type RowError = Box<dyn core::error::Error + Send + Sync>;

/// A row that is being measured. It stays on one thread, so what it holds need not be `Send`.
pub type Running = Pin<Box<dyn Future<Output = Result<Vec<Figure>, RowError>>>>;

/// Changes of the store that opening and rebuilding are published for.
pub const LARGE_STORE: usize = 2_000_000;

/// Changes of that store when it is only to be seen that the row runs.
const QUICK_CHANGES: usize = 600;

/// What a row is given. Offices that one row had written are there for the next.
#[derive(Debug, Clone)]
pub struct Options {
    /// Work orders of the workload.
    pub orders: usize,
    /// How often what is repeated is repeated, in thousandths of what a published number needs.
    pub thoroughness: usize,
    /// Whether every message is shown, with its frames.
    pub frames: bool,
    /// Changes in the store of the row `large_store`.
    pub changes: usize,
    seeds: Arc<seed::Seeds>,
}

impl Options {
    /// A workload of `orders`, measured as thoroughly as published numbers are.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        Self { orders, thoroughness: 1_000, frames: false, changes: LARGE_STORE, seeds: Arc::default() }
    }

    /// Just enough to see that everything runs; the figures say nothing.
    #[must_use]
    pub fn quick(orders: usize) -> Self {
        Self { thoroughness: 10, changes: QUICK_CHANGES, ..Self::new(orders) }
    }

    /// How often something is done that a published number does `full` times; at least once.
    fn times(&self, full: usize) -> usize {
        full.saturating_mul(self.thoroughness).div_ceil(1_000).max(1)
    }

    /// A tenth of the workload and the workload.
    fn sizes(&self) -> Vec<usize> {
        vec![self.orders.div_ceil(10).max(2), self.orders]
    }

    /// The same and ten times the workload, where the numbers are to be published.
    fn sizes_and_larger(&self) -> Vec<usize> {
        let mut sizes = self.sizes();
        sizes.extend((self.thoroughness >= 1_000).then(|| self.orders.saturating_mul(10)));
        sizes
    }
}

/// Says what a long run is doing.
#[expect(clippy::print_stderr, reason = "progress of a program that people watch")]
fn progress(line: &str) {
    eprintln!("  {line}");
}

/// The value below which `share` of the sorted values lie.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let count = u32::try_from(sorted.len()).map_or(0.0, f64::from);
    let found = sorted.iter().zip(1_u32..).find(|(_, rank)| f64::from(*rank) >= share * count);
    found.map_or(0.0, |(value, _)| *value)
}

/// A count as floating point.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// Whether a row runs when none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Minutes at most: always.
    Usual,
    /// Longer: only when it is named.
    Heavy,
}

/// One benchmark.
#[derive(Debug)]
pub struct Row {
    /// Its name on the command line and in the results, in snake case.
    pub name: &'static str,
    /// What it measures, in one line.
    pub about: &'static str,
    /// Whether it runs when none is named.
    pub weight: Weight,
    /// Measures.
    pub run: fn(Options) -> Running,
}

/// All benchmarks, in the order they are run and shown.
pub const ROWS: &[Row] = &[
    floor::ROW,
    cold_pull::ROW,
    cold_pull::CUT,
    no_op::ROW,
    incremental::ROW,
    fan_out::ROW,
    durable_commits::ROW,
    device_work::ROW,
    folding::ROW,
    documents::ROW,
    gate::ROW,
    gate::VERIFY,
    list::ROW,
    memory::ROW,
    store::ROW,
    large_store::ROW,
];

/// The rows that `names` choose (a list with commas); the usual ones when there is none.
///
/// # Errors
/// The name that no row has.
pub fn choose(names: Option<&str>) -> Result<Vec<&'static Row>, String> {
    let Some(names) = names else { return Ok(ROWS.iter().filter(|row| row.weight == Weight::Usual).collect()) };
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| ROWS.iter().find(|row| row.name == name).ok_or_else(|| name.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_name_and_an_unknown_name_is_said() {
        assert_eq!(choose(Some("floor, ")).unwrap().len(), 1);
        assert_eq!(choose(Some("floor,nothing")).unwrap_err(), "nothing");
        assert!(!choose(None).unwrap().is_empty());
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((quantile(&values, 0.5) - 50.0).abs() < 0.1);
        assert!((quantile(&values, 0.99) - 99.0).abs() < 0.1);
        assert!((quantile(&[7.0], 0.99) - 7.0).abs() < 0.1);
        assert!(quantile(&[], 0.5).abs() < 0.1);
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }
}
