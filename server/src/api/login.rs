//! Logging in and out, and who is logged in.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_sync_core::ids::PersonId;
use docket_sync_core::time::UnixMillis;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::guard::Signed;
use super::names::role_codes;
use super::reading::{Reading, blocking};
use super::request::Body;
use crate::auth::password::{self, PasswordCost};
use crate::auth::people::{Login, PersonRecord};
use crate::auth::sessions::{ABSOLUTE_MS, COOKIE, SessionRecord, SessionToken};
use crate::auth::throttle::{Throttle, TooManyTries};
use crate::commit::{Tables, Writer};
use crate::error::{ApiError, ErrorBody};
use crate::office::Office;
use crate::store::{KeyRange, Table};

/// Passwords verified at once: each takes 19 MiB and one core for some tens of milliseconds.
const VERIFIED_AT_ONCE: usize = 2;

/// Sessions looked at when a new one begins, to remove those that are over.
const SESSIONS_SWEPT: usize = 256;

/// Longest login in bytes that is looked at.
const LOGIN_BYTES_MAX: usize = 256;

/// The brake on guessing, and the room before it.
pub(crate) struct Door {
    throttle: Mutex<Throttle>,
    verifying: Semaphore,
}

impl Default for Door {
    fn default() -> Self {
        Self { throttle: Mutex::default(), verifying: Semaphore::new(VERIFIED_AT_ONCE) }
    }
}

impl Door {
    fn throttle(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one try of an enrolment code.
    pub(crate) fn attempt_code(&self, address: IpAddr, now: UnixMillis) -> Result<(), TooManyTries> {
        self.throttle().attempt_code(address, now)
    }

    /// The try was no wrong guess.
    pub(crate) fn succeeded_code(&self, address: IpAddr) {
        self.throttle().succeeded_code(address);
    }
}

/// The address a request came from, where it came over a network.
pub(crate) type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Requests within the process share one address.
pub(crate) fn address_of(peer: Peer) -> IpAddr {
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip())
}

/// Login and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginBody {
    /// The login name.
    #[serde(default)]
    login: String,
    /// The password.
    #[serde(default)]
    password: String,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionAnswer {
    /// His id.
    person: String,
    /// His name.
    name: String,
    /// Codes of his roles.
    roles: Vec<&'static str>,
    /// `en` or `zh`.
    language: &'static str,
}

impl SessionAnswer {
    fn of(person: &PersonRecord) -> Self {
        Self {
            person: person.id.to_string(),
            name: person.name.clone(),
            roles: role_codes(&person.roles),
            language: person.language.code(),
        }
    }
}

/// Begins a session; the answer sets its cookie.
#[utoipa::path(
    post, path = "/api/login", tag = "session", request_body = LoginBody,
    responses(
        (status = 200, description = "Logged in", body = SessionAnswer),
        (status = 401, description = "wrong_login", body = ErrorBody),
        (status = 429, description = "too_many_tries", body = ErrorBody),
    )
)]
pub(crate) async fn log_in(
    State(office): State<Arc<Office>>,
    State(door): State<Arc<Door>>,
    peer: Peer,
    Body(body): Body<LoginBody>,
) -> Result<Response, ApiError> {
    let address = address_of(peer);
    if body.login.len() > LOGIN_BYTES_MAX {
        return Err(ApiError::wrong_login());
    }
    door.throttle().attempt(&body.login, address, office.platform.clock.now())?;
    let login = body.login.clone();
    let room = door.verifying.acquire().await.map_err(|closed| ApiError::internal("logging in", &closed))?;
    let person = blocking(&office, move |office| verified(office, &body)).await?;
    drop(room);
    let person = person.ok_or_else(ApiError::wrong_login)?;
    door.throttle().succeeded(&login, address);
    let token = SessionToken::new(office.platform.bytes());
    let (digest, id) = (token.digest(), person.id);
    office
        .committer
        .run(move |writer| {
            sweep_sessions(writer)?;
            let record = SessionRecord::new(id, writer.identity().epoch, writer.now());
            writer.put(Table::Session, digest.0, record.to_bytes());
            Ok(())
        })
        .await?;
    tracing::info!(person.id = %id, "a person logged in");
    let max_age = ABSOLUTE_MS.div_euclid(1_000);
    let cookie = format!("{COOKIE}={}; Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Strict", token.reveal());
    with_cookie(&cookie, Json(SessionAnswer::of(&person)).into_response())
}

/// The person whose password this is. A login that nobody has takes as long as a wrong password.
fn verified(office: &Office, body: &LoginBody) -> Result<Option<PersonRecord>, ApiError> {
    let person = match body.login.parse::<Login>() {
        Ok(login) => find_by_login(&Reading::begin(office), &login)?,
        Err(_no_login) => None,
    };
    let person = person.filter(|person| person.active);
    let hash = person.as_ref().and_then(|person| person.password_hash.as_deref());
    let right = match hash {
        Some(hash) => password::verify(&body.password, hash),
        None => password::verify_nobody(&body.password, PasswordCost::default()),
    };
    let right = right.map_err(|error| ApiError::internal("verifying a password", &error))?;
    Ok(person.filter(|_| right))
}

fn find_by_login(reading: &Reading<'_>, login: &Login) -> Result<Option<PersonRecord>, ApiError> {
    let id = Tables::get(reading.store(), Table::Login, login.as_str().as_bytes())?;
    match id.as_deref().and_then(PersonId::from_slice) {
        Some(id) => Ok(reading.store().person(id)?),
        None => Ok(None),
    }
}

/// Removes sessions that are over, some at each login.
fn sweep_sessions(writer: &mut Writer) -> Result<(), crate::commit::CommitError> {
    let (epoch, now) = (writer.identity().epoch, writer.now());
    // From a place that differs each time, so that all are looked at in the long run.
    let start: [u8; 1] = writer.random();
    let mut over = BTreeSet::new();
    for (key, bytes) in Tables::scan(writer, Table::Session, &KeyRange::starting_at(start), SESSIONS_SWEPT)? {
        let stands = SessionRecord::from_bytes(&bytes).is_ok_and(|record| record.check(epoch, now).is_ok());
        if !stands {
            over.insert(key);
        }
    }
    for key in over {
        writer.remove(Table::Session, key);
    }
    Ok(())
}

/// Ends the session.
#[utoipa::path(
    post, path = "/api/logout", tag = "session",
    responses((status = 204, description = "Logged out"), (status = 401, description = "not_logged_in", body = ErrorBody))
)]
pub(crate) async fn log_out(State(office): State<Arc<Office>>, signed: Signed) -> Result<Response, ApiError> {
    let session = signed.session;
    office
        .committer
        .run(move |writer| {
            writer.remove(Table::Session, session.0);
            Ok(())
        })
        .await?;
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    with_cookie(&cookie, StatusCode::NO_CONTENT.into_response())
}

/// Who is logged in.
#[utoipa::path(
    get, path = "/api/me", tag = "session",
    responses(
        (status = 200, description = "The person", body = SessionAnswer),
        (status = 401, description = "not_logged_in", body = ErrorBody),
    )
)]
pub(crate) async fn get_me(signed: Signed) -> Json<SessionAnswer> {
    std::future::ready(()).await;
    Json(SessionAnswer::of(&signed.person))
}

fn with_cookie(cookie: &str, mut response: Response) -> Result<Response, ApiError> {
    let value = HeaderValue::from_str(cookie).map_err(|error| ApiError::internal("setting the cookie", &error))?;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::SET_COOKIE, value);
    Ok(response)
}
