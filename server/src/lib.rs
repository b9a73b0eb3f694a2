//! The office: server, stores, people, dispatch, callbacks, office page.

pub mod api;
pub mod auth;
pub mod commit;
pub mod config;
pub mod error;
pub mod feed;
pub mod hub;
pub mod identity;
pub mod listen;
pub mod log;
pub mod office;
pub mod platform;
pub mod store;
pub mod telemetry;
