//! The office: server, stores, people, dispatch, callbacks, office page.

pub mod auth;
pub mod commit;
pub mod hub;
pub mod identity;
pub mod log;
pub mod platform;
pub mod store;
