//! The work-order documents of Docket, their rules and the sync protocol.
//!
//! A work order is an Automerge document that holds a grow-only set of *facts*. A user action is a typed
//! command; [`commands::decide`] turns it into one fact or a refusal; the state that people see is
//! [`lifecycle::fold`] over the facts, and [`lifecycle::explain`] says why it is what it is.
//!
//! Read in this order: [`facts`] (what can be said), [`document`] (how facts lie in Automerge), [`lifecycle`]
//! (what the facts mean together), [`proof`] (who vouches for them), [`sync`] (how they travel).
//!
//! The contract every module keeps: no I/O, no clock, no randomness. Time, random bytes and keys come in as
//! arguments, consequences go out as values, and the same inputs give the same bytes on a phone, on the
//! server and in a simulation. Decoding is total: no input makes it panic.
//!
//! Absent on purpose: networks, files, threads, stores (they live in `client-ffi` and `server`), status
//! fields (state is never stored), shared text objects (notes are facts).

pub mod attachments;
pub mod bundle;
pub mod commands;
pub mod document;
pub mod facts;
pub mod forms;
pub mod ids;
pub mod lifecycle;
pub mod limits;
pub mod policy;
pub mod proof;
pub mod reference;
pub mod sabotage;
pub mod sync;
pub mod time;
pub mod voucher;
mod wire;

pub use wire::{Bytes, DecodeError};
