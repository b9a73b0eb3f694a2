//! The benchmarks: one row each, run by `cargo xtask bench`.
//!
//! To add one, write a file here with `pub(super) const ROW: Row` and name it in [`ROWS`].

mod floor;

use std::pin::Pin;

use crate::table::Figure;

/// Any failure of a row: it is shown, and the other rows go on.
pub type RowError = Box<dyn core::error::Error + Send + Sync>;

/// A row that is being measured. It stays on one thread, so what it holds need not be `Send`.
pub type Running = Pin<Box<dyn Future<Output = Result<Vec<Figure>, RowError>>>>;

/// What a row is given.
#[derive(Debug, Clone)]
pub struct Options {
    /// Work orders of the workload.
    pub orders: usize,
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
pub const ROWS: &[Row] = &[floor::ROW];

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
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }
}
