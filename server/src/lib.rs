//! The office: server, stores, people, dispatch, callbacks, office page.

pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod callbacks;
pub mod cli;
pub mod commit;
pub mod company;
pub mod config;
pub mod dispatch;
pub mod doctor;
pub mod error;
pub mod feed;
pub mod guarantee;
pub mod hub;
pub mod identity;
pub mod intake;
pub mod listen;
pub mod log;
pub mod office;
pub mod platform;
pub mod reactor;
pub mod restore;
pub mod signatures;
pub mod store;
pub mod telemetry;
