//! Work orders over HTTP: the list, registering a call, one order with its reasons, commands, proofs.

pub(super) mod command_forms;
pub(super) mod commands;
pub(super) mod create;
pub(super) mod detail;
pub(super) mod etag;
mod history;
pub(super) mod known;
pub(super) mod list;
pub(super) mod load;
mod moments;
mod offers;
pub(super) mod proof;
pub(super) mod row;
mod signatures;
mod visits;
