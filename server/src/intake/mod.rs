//! How orders come in from outside: files of other systems. Calls and web forms come by the office page.

pub mod csv;
pub mod import_orders;

pub use import_orders::{Defaults, FileError, ImportedOrder, LineCode, LineError, OrderFile};
pub mod register;
