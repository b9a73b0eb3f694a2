//! The office: server, stores, people, import.

pub mod auth;
pub mod config;
pub mod error;
pub mod intake;
pub mod listen;
pub mod store;
pub mod telemetry;
