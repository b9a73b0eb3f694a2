//! The one write path: gate, apply, fold, one atomic batch, flush, acknowledge, publish.
//!
//! A thread of its own runs *jobs*: closures over a [`Writer`]. Jobs that wait together are decided one after
//! the other, their writes become one batch, one flush makes them durable, and only then each caller gets its
//! answer. Nothing else writes documents or feeds. A failed flush ends the process; it is never retried.

pub mod companion;
pub mod denials;
mod error;
mod fullness;
mod inline;
mod judge_again;
pub mod keys;
pub mod listing;
mod look;
pub mod meta;
mod one_time;
mod order;
mod overlay;
mod passing;
mod push;
mod quarantine;
pub(crate) mod reasons;
mod reference;
mod resolve;
mod saves;
mod scope;
mod state;
pub mod tables;
#[cfg(test)]
mod tests;
mod thread;
mod tidy;
mod upgrade;
mod writer;

pub use error::CommitError;
pub use inline::{Inline, OpenedInline, open_inline};
pub use keys::{Item, ScopeId};
pub use one_time::IssuedCodes;
pub use order::{Order, RowRecord};
pub use push::PushDone;
pub use quarantine::{Decided, QuarantineEntry, quarantine_total};
pub use state::{Stated, Statement};
pub use tables::Tables;
pub(crate) use thread::alone;
pub use thread::{Committer, Opened, open};
pub use writer::{Touched, Writer};
