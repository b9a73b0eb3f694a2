//! The office: server, stores, people, import.

pub mod store;
