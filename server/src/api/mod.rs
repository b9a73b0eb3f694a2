//! The HTTP side of the office: one table of routes over the [`Office`], the page, and what guards both.
//!
//! A handler extracts, runs a job or reads, and maps; it holds no business rule. What leaves here has types of
//! its own (`*Item`, `*Row`, `*Answer`); domain types are not serialised.
//!
//! Not here: listening and TLS ([`crate::listen`]), the routes of devices (`feed::adapter`), the rules of dispatch
//! and callbacks.

mod board;
mod both;
mod codes;
mod devices;
mod error;
mod events;
mod guard;
mod healing;
mod health;
mod idempotency;
mod login;
mod names;
mod one_time;
mod openapi;
mod orders;
mod page;
mod paging;
mod people;
mod protection;
mod quarantine;
mod reading;
mod request;
mod reviews;
mod store_status;
mod technicians;
#[cfg(test)]
pub(crate) mod tests;
mod units;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, map_response};
use axum::{Extension, Router};
use docket_sync_core::ids::Digest;
use tower_http::catch_panic::CatchPanicLayer;

use crate::feed::adapter::Patience;
use crate::office::Office;

pub use both::Both;
pub(crate) use error::refused;
pub use guard::{Acts, Administers, KeepsStock, Permit, Reads, Rule, Signed, Works};
pub(crate) use login::{Door, Peer, address_of};
pub use names::{Author, Named, Names};
pub use openapi::openapi;
pub(crate) use orders::etag::{etag, if_match};
pub(crate) use orders::load::load;
pub use orders::row::{OrderRow, order_row};
pub use paging::{Page, PageQuery, Paging};
pub use reading::{Reading, blocking};
pub use request::{Body, Params, id_in_path};

/// Largest JSON body in bytes: the longest text is a note of 8 KiB, in which every character may be escaped.
const REQUEST_BYTES_MAX: usize = 128 * 1024;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Api {
    office: Arc<Office>,
    door: Arc<login::Door>,
    board: Arc<board::Board>,
    certificate: Option<Certificate>,
}

/// BLAKE3 of the certificate that devices and browsers see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Certificate(Digest);

impl FromRef<Api> for Arc<Office> {
    fn from_ref(api: &Api) -> Self {
        api.office.clone()
    }
}

impl FromRef<Api> for Arc<login::Door> {
    fn from_ref(api: &Api) -> Self {
        api.door.clone()
    }
}

impl FromRef<Api> for Arc<board::Board> {
    fn from_ref(api: &Api) -> Self {
        api.board.clone()
    }
}

impl FromRef<Api> for Option<Certificate> {
    fn from_ref(api: &Api) -> Self {
        api.certificate
    }
}

macro_rules! routes {
    ($($table:ident { $($method:ident $path:literal => $handler:path;)* })*) => {
        /// Every route of the office as method and path, for the description and its test.
        pub const ROUTES: &[(&str, &str)] = &[$($((stringify!($method), $path)),*),*];

        $(fn $table() -> Router<Api> {
            Router::new()$(.route($path, axum::routing::$method($handler)))*
        })*
    };
}

routes! {
    requests {
        get "/healthz" => health::get_health;
        get "/readyz" => health::get_readiness;
        post "/api/login" => login::log_in;
        post "/api/logout" => login::log_out;
        get "/api/me" => login::get_me;
        get "/api/orders" => orders::list::list_orders;
        post "/api/orders" => orders::create::create_order;
        get "/api/orders/{id}" => orders::detail::get_order;
        get "/api/orders/{id}/known" => orders::known::get_known_order;
        post "/api/orders/{id}/commands" => orders::commands::run_command;
        get "/api/command-forms" => orders::command_forms::list_forms;
        get "/api/orders/{id}/proof/{blob}" => orders::proof::get_proof;
        get "/api/orders/{id}/signatures/{fact}/copy" => orders::proof::get_copy;
        get "/api/orders/{id}/signatures/{fact}/page" => orders::proof::get_copy_page;
        post "/api/customers/{id}/codes" => codes::issue_codes;
        get "/api/reviews" => reviews::list_reviews;
        get "/api/technicians" => technicians::list_technicians;
        get "/api/units" => units::list_units;
        get "/api/quarantine" => quarantine::list_quarantine;
        post "/api/quarantine/decisions" => quarantine::decide_quarantine;
        post "/api/quarantine/{key}/admit" => quarantine::admit_refused;
        post "/api/quarantine/{key}/discard" => quarantine::discard_refused;
        get "/api/people" => people::list_people;
        post "/api/people" => people::create_person;
        post "/api/people/{id}" => people::change_person;
        get "/api/devices" => devices::list_devices;
        post "/api/devices/codes" => devices::create_code;
        post "/api/devices/{id}/revoke" => devices::revoke_device;
        post "/api/devices/{id}/confirm" => devices::confirm_device;
        post "/api/devices/{id}/numbers" => one_time::create_number_block;
        post "/api/approval-codes" => one_time::create_approval_codes;
        get "/api/store" => store_status::get_store;
        get "/api/store/healing" => healing::get_healing;
        get "/api/openapi.json" => openapi::get_openapi;
    }
    streams {
        get "/api/events" => events::get_events;
    }
}

/// Everything that this server answers, devices included. `certificate` is BLAKE3 of the TLS certificate that
/// clients see; without TLS there is none.
pub fn router(office: Arc<Office>, certificate: Option<Digest>, patience: Patience) -> Router {
    let door = Arc::new(Door::default());
    let api = Api {
        door: door.clone(),
        board: Arc::new(board::Board::new(&office)),
        certificate: certificate.map(Certificate),
        office: office.clone(),
    };
    // Features with routes of their own.
    let features: Router<Arc<Office>> = Router::new()
        .merge(crate::dispatch::api::router())
        .merge(crate::callbacks::api::router())
        .merge(crate::forms::api::router())
        .merge(crate::books::api::router())
        .merge(crate::attachments::api::router());
    let office_routes = requests()
        .merge(features.with_state(office.clone()))
        .layer(from_fn(protection::time_out))
        .merge(streams())
        .merge(crate::attachments::api::streams(office.clone()).with_state(office.clone()))
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn(protection::same_origin))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(api);
    let router = office_routes
        .merge(crate::feed::adapter::router_with(patience).with_state(office).layer(Extension(door)))
        .fallback(page::serve)
        .layer(map_response(protection::set_headers))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(protection::tracing());
    if certificate.is_some() { router.layer(map_response(protection::set_strict_transport)) } else { router }
}
