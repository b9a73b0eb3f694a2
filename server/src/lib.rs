//! The office: server, stores, people, dispatch, callbacks, office page.

pub mod auth;
pub mod callbacks;
pub mod commit;
pub mod dispatch;
pub mod config;
pub mod error;
pub mod feed;
pub mod hub;
pub mod identity;
pub mod listen;
pub mod log;
pub mod office;
pub mod platform;
pub mod policy;
pub mod reactor;
pub mod store;
pub mod telemetry;
