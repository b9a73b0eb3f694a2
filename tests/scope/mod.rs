//! What a device gets and keeps (sync.md, "Scope", "The session"), and what is told about what it says it saw.

mod cold_pull;
mod knowledge;
mod signatures;
mod stays;
mod ways_of_signing;
