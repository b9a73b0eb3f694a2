//! The description of the office API (`OpenAPI`), made from the handlers. `schemas/openapi.json` is its golden form.

use axum::Json;
use utoipa::OpenApi;

use super::{
    codes, devices, events, healing, health, login, one_time, orders, people, quarantine, reviews, store_status,
    technicians, units,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Docket office",
        description = "Times are milliseconds since 1970 UTC. Ids are texts. Every error is {code, message, field}.",
        version = "1",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        health::get_health,
        health::get_readiness,
        login::log_in,
        login::log_out,
        login::get_me,
        orders::list::list_orders,
        orders::create::create_order,
        orders::detail::get_order,
        orders::known::get_known_order,
        orders::commands::run_command,
        orders::command_forms::list_forms,
        orders::proof::get_proof,
        orders::proof::get_copy,
        orders::proof::get_copy_page,
        codes::issue_codes,
        reviews::list_reviews,
        technicians::list_technicians,
        units::list_units,
        quarantine::list_quarantine,
        quarantine::admit_refused,
        quarantine::decide_quarantine,
        quarantine::discard_refused,
        people::list_people,
        people::create_person,
        people::change_person,
        devices::list_devices,
        devices::create_code,
        devices::revoke_device,
        devices::confirm_device,
        one_time::create_number_block,
        one_time::create_approval_codes,
        store_status::get_store,
        healing::get_healing,
        get_openapi,
        events::get_events,
    )
)]
struct Description;

/// The description of every route. Features with routes of their own merge theirs here.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    description.merge(crate::dispatch::api::openapi());
    description.merge(crate::callbacks::api::openapi());
    description.merge(crate::forms::api::openapi());
    description.merge(crate::books::api::openapi());
    description.merge(crate::attachments::api::openapi());
    description
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "server", responses((status = 200, description = "OpenAPI", body = Object)))]
pub(crate) async fn get_openapi() -> Json<utoipa::openapi::OpenApi> {
    std::future::ready(()).await;
    Json(openapi())
}
