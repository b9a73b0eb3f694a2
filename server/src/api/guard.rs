//! Who is asking, and what his roles let him do here. Each handler names its [`Rule`] in its signature.
//!
//! What a role may state about an order is decided by the core; this guard only says who may use the office at
//! all. An auditor reads everything and writes nothing (C-265), whatever other roles he holds; a technician who
//! holds no office role may not read the office.

use core::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::Digest;
use docket_sync_core::lifecycle::Language;
use docket_sync_core::reference;

use super::reading::{Reading, blocking};
use crate::auth::people::PersonRecord;
use crate::auth::sessions::{COOKIE, SessionRecord, SessionToken};
use crate::commit::Tables;
use crate::error::ApiError;
use crate::office::Office;
use crate::store::Table;

/// The person whose session the request carries.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Who.
    pub person: PersonRecord,
    /// The session, by its digest.
    pub session: Digest,
}

impl Signed {
    /// His language, for refusals.
    #[must_use]
    pub fn language(&self) -> Language {
        match self.person.language {
            reference::Language::En => Language::En,
            reference::Language::Zh => Language::Zh,
        }
    }

    /// His roles.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.person.roles.iter().copied().collect()
    }

    /// Whether he is bound to read only.
    #[must_use]
    pub fn is_auditor(&self) -> bool {
        self.person.holds(Role::Auditor)
    }
}

impl<S> FromRequestParts<S> for Signed
where
    S: Send + Sync,
    Arc<Office>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let token = session_token(&parts.headers).ok_or_else(ApiError::not_logged_in)?;
        let office = Arc::<Office>::from_ref(state);
        let session = token.digest();
        let (person, record) = blocking(&office, move |office| find_session(office, session)).await?;
        if let Some(touched) = record.touched(office.platform.clock.now()) {
            office.committer.forget(move |writer| {
                // A session that was ended meanwhile stays ended.
                if Tables::get(writer, Table::Session, &session.0)?.is_some() {
                    writer.put(Table::Session, session.0, touched.to_bytes());
                }
                Ok(())
            });
        }
        Ok(Self { person, session })
    }
}

/// The session and its person, where both still stand.
pub(super) fn find_session(office: &Office, session: Digest) -> Result<(PersonRecord, SessionRecord), ApiError> {
    let reading = Reading::begin(office);
    let bytes = Tables::get(reading.store(), Table::Session, &session.0)?.ok_or_else(ApiError::not_logged_in)?;
    let record = SessionRecord::from_bytes(&bytes)?;
    record.check(office.identity.epoch, office.platform.clock.now())?;
    let person = reading.store().person(record.person)?.filter(|person| person.active);
    Ok((person.ok_or_else(ApiError::not_logged_in)?, record))
}

/// The token in the session cookie.
fn session_token(headers: &HeaderMap) -> Option<SessionToken> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).and_then(|(_, value)| value.parse().ok())
}

/// What a route asks of a person.
pub trait Rule {
    /// One of these roles.
    const ROLES: &'static [Role];
    /// Whether the route changes anything.
    const CHANGES: bool;
}

/// Reads the office.
#[derive(Debug, Clone, Copy)]
pub struct Reads;

impl Rule for Reads {
    const ROLES: &'static [Role] = &[
        Role::Clerk,
        Role::Dispatcher,
        Role::Supervisor,
        Role::Administrator,
        Role::Auditor,
        Role::Quality,
        Role::Accountant,
        Role::Storekeeper,
        Role::CallbackAgent,
    ];
    const CHANGES: bool = false;
}

/// Works at the desk: registers, dispatches, calls back.
#[derive(Debug, Clone, Copy)]
pub struct Works;

impl Rule for Works {
    const ROLES: &'static [Role] = &[Role::Clerk, Role::Dispatcher, Role::Supervisor];
    const CHANGES: bool = true;
}

/// Acts on an order; the core decides about each command.
#[derive(Debug, Clone, Copy)]
pub struct Acts;

impl Rule for Acts {
    const ROLES: &'static [Role] = &[
        Role::Clerk,
        Role::Dispatcher,
        Role::Supervisor,
        Role::Quality,
        Role::Accountant,
        Role::Storekeeper,
        Role::CallbackAgent,
    ];
    const CHANGES: bool = true;
}

/// Books parts into stocks, out of them, and counts them.
#[derive(Debug, Clone, Copy)]
pub struct KeepsStock;

impl Rule for KeepsStock {
    const ROLES: &'static [Role] = &[Role::Storekeeper, Role::Supervisor];
    const CHANGES: bool = true;
}

/// Manages people, devices and the store.
#[derive(Debug, Clone, Copy)]
pub struct Administers;

impl Rule for Administers {
    const ROLES: &'static [Role] = &[Role::Administrator];
    const CHANGES: bool = true;
}

/// A person whom the rule `R` lets pass.
#[derive(Debug, Clone)]
pub struct Permit<R> {
    /// Who.
    pub signed: Signed,
    rule: PhantomData<R>,
}

impl<R: Rule> Permit<R> {
    /// Judges a person.
    pub fn judge(signed: Signed) -> Result<Self, ApiError> {
        if R::CHANGES && signed.is_auditor() {
            return Err(ApiError::not_permitted("an auditor reads everything and changes nothing"));
        }
        if !R::ROLES.iter().any(|role| signed.person.holds(*role)) {
            return Err(ApiError::not_permitted("your role does not allow this"));
        }
        Ok(Self { signed, rule: PhantomData })
    }
}

impl<R, S> FromRequestParts<S> for Permit<R>
where
    R: Rule,
    S: Send + Sync,
    Arc<Office>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Self::judge(Signed::from_request_parts(parts, state).await?)
    }
}
