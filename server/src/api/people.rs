//! People: the list, entering one, and changing what he may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use docket_sync_core::reference::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guard::{Administers, Permit, Reads};
use super::names::role_codes;
use super::paging::{Page, PageQuery};
use super::reading::{Reading, blocking};
use super::request::{Body, Params, id_in_path, required};
use crate::auth::PersonChange;
use crate::auth::password::{self, PasswordCost};
use crate::auth::people::{NewPerson, PersonRecord, check_new_password};
use crate::commit::Tables;
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Table};

/// Most people of one company.
const PEOPLE_MAX: usize = 10_000;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonItem {
    id: String,
    login: String,
    name: String,
    /// Codes of his roles.
    roles: Vec<&'static str>,
    /// Codes of his skills.
    skills: Vec<String>,
    /// Whether he works here now.
    active: bool,
    language: &'static str,
}

impl PersonItem {
    fn of(person: PersonRecord) -> Self {
        Self {
            id: person.id.to_string(),
            login: person.login.to_string(),
            roles: role_codes(&person.roles),
            skills: person.skills.into_iter().collect(),
            active: person.active,
            language: person.language.code(),
            name: person.name,
        }
    }
}

/// Everybody, as stored.
pub(super) fn all_people(reading: &Reading<'_>) -> Result<Vec<PersonRecord>, ApiError> {
    let entries = Tables::scan(reading.store(), Table::Person, &KeyRange::all(), PEOPLE_MAX)?;
    entries.iter().map(|(_, bytes)| Ok(PersonRecord::from_bytes(bytes)?)).collect()
}

/// Who works here.
#[utoipa::path(
    get, path = "/api/people", tag = "administration", params(PageQuery),
    responses(
        (status = 200, description = "People by login", body = Page<PersonItem>),
        (status = 403, description = "not_permitted", body = ErrorBody),
    )
)]
pub(crate) async fn list_people(
    State(office): State<Arc<Office>>,
    _: Permit<Reads>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<PersonItem>>, ApiError> {
    let paging = query.check_whole()?;
    let mut people = blocking(&office, |office| all_people(&Reading::begin(office))).await?;
    people.sort_by(|one, other| one.login.cmp(&other.login));
    let items = people.into_iter().map(PersonItem::of).collect();
    let login = |person: &PersonItem| person.login.clone();
    Ok(Json(paging.cut(items, login, login, |cursor| Some(cursor.to_owned()))?))
}

/// A person to enter.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PersonBody {
    /// 2 to 64 letters, digits or the signs . _ - @
    login: Option<String>,
    /// The name that colleagues and customers read.
    name: Option<String>,
    /// Codes of roles, at least one.
    #[serde(default)]
    roles: Vec<String>,
    /// Codes of skills (C-046).
    #[serde(default)]
    skills: Vec<String>,
    /// At least 10 characters. Only a technician may go without: he then uses a device only.
    password: Option<String>,
    /// Language of the office page, `en` or `zh`; `zh` unless said otherwise.
    language: Option<String>,
}

/// The person was entered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonAnswer {
    id: String,
}

/// Enters a person.
#[utoipa::path(
    post, path = "/api/people", tag = "administration", request_body = PersonBody,
    responses(
        (status = 201, description = "Entered", body = PersonAnswer),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 409, description = "login_taken", body = ErrorBody),
        (status = 422, description = "missing_field, invalid_name, password_too_short, ...", body = ErrorBody),
    )
)]
pub(crate) async fn create_person(
    State(office): State<Arc<Office>>,
    permit: Permit<Administers>,
    Body(body): Body<PersonBody>,
) -> Result<(StatusCode, Json<PersonAnswer>), ApiError> {
    let person = new_person(&body)?;
    let password = body.password.filter(|password| !password.is_empty());
    let hash = match password {
        Some(password) => {
            check_new_password(&password, person.login())?;
            let salt = office.platform.bytes();
            Some(blocking(&office, move |_| hashed(&password, salt)).await?)
        }
        None if body.roles == [Role::Technician.code()] => None,
        None => return Err(ApiError::missing_field("password")),
    };
    let by = permit.signed.person.id;
    let record = office.committer.run(move |writer| writer.add_person(person, hash, Some(by))).await?;
    tracing::info!(person.id = %record.id, by = %by, "a person was entered");
    Ok((StatusCode::CREATED, Json(PersonAnswer { id: record.id.to_string() })))
}

/// What is to be different; what is absent stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PersonChangeBody {
    /// Whether he works here. Who does not can neither log in nor state anything on a device.
    active: Option<bool>,
    /// Codes of all roles he is to have, at least one.
    roles: Option<Vec<String>>,
    /// Codes of all skills he is to have (C-046).
    skills: Option<Vec<String>>,
    /// A new password of at least 10 characters; it logs him out everywhere.
    password: Option<String>,
}

/// Changes a person from now on: roles, skills, password, whether he works here.
#[utoipa::path(
    post, path = "/api/people/{id}", tag = "administration", request_body = PersonChangeBody,
    params(("id" = String, Path, description = "The person")),
    responses(
        (status = 200, description = "Changed", body = PersonItem),
        (status = 403, description = "not_permitted", body = ErrorBody),
        (status = 404, description = "not_found", body = ErrorBody),
        (status = 422, description = "last_administrator, missing_role, password_too_short, ...", body = ErrorBody),
    )
)]
pub(crate) async fn change_person(
    State(office): State<Arc<Office>>,
    permit: Permit<Administers>,
    Path(id): Path<String>,
    Body(body): Body<PersonChangeBody>,
) -> Result<Json<PersonItem>, ApiError> {
    let id: PersonId = id_in_path(&id, "person")?;
    let roles = body.roles.as_deref().map(read_roles).transpose()?;
    let password_hash = match body.password.filter(|password| !password.is_empty()) {
        None => None,
        Some(password) => {
            let salt = office.platform.bytes();
            let hash = blocking(&office, move |office| {
                let person = Reading::begin(office).store().person(id)?;
                let person = person.ok_or_else(|| ApiError::not_found("person"))?;
                check_new_password(&password, &person.login)?;
                hashed(&password, salt)
            });
            Some(hash.await?)
        }
    };
    let skills = body.skills.map(|skills| skills.into_iter().collect());
    let change = PersonChange { active: body.active, roles, skills, password_hash };
    let by = permit.signed.person.id;
    let record = office.committer.run(move |writer| writer.change_person(id, change, by)).await?;
    tracing::info!(person.id = %id, by = %by, "a person was changed");
    Ok(Json(PersonItem::of(record)))
}

fn read_roles(codes: &[String]) -> Result<BTreeSet<Role>, ApiError> {
    let no_role = |code: &String| ApiError::invalid_field("roles", format!("'{code}' is not a role"));
    codes.iter().map(|code| Role::from_code(code).ok_or_else(|| no_role(code))).collect()
}

fn hashed(password: &str, salt: [u8; 16]) -> Result<String, ApiError> {
    password::hash(password, salt, PasswordCost::default())
        .map_err(|error| ApiError::internal("hashing a password", &error))
}

fn new_person(body: &PersonBody) -> Result<NewPerson, ApiError> {
    let login = required("login", body.login.as_deref())?;
    let name = required("name", body.name.as_deref())?;
    let roles = read_roles(&body.roles)?;
    let language = match body.language.as_deref() {
        None => Language::Zh,
        Some(code) => Language::from_code(code)
            .ok_or_else(|| ApiError::invalid_field("language", "the languages are en and zh"))?,
    };
    Ok(NewPerson::new(login, name, roles, body.skills.iter().map(String::as_str), language)?)
}
