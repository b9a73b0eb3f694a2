//! The office: server, stores, people, import.

pub mod auth;
pub mod store;
