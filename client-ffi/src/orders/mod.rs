//! Orders as the device shows them: the small rows of lists, and names from reference records.
//!
//! What it is not: states and amounts come from the fold in the core; nothing is decided here.

pub mod find;
mod row;

pub(crate) use row::Beside;
pub use row::OrderRow;
