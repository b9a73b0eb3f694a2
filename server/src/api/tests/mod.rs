//! The office API in one process: the router on a store in memory, a clock that the test moves.

mod description;
mod enrolment;
mod events;
mod login;
mod orders;
mod page;
mod quarantine;
mod roles;
mod units;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{Epoch, PersonId, StoreId};
use docket_sync_core::reference::Language;
use docket_sync_core::time::UnixMillis;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::auth::password::{self, PasswordCost};
use crate::auth::people::NewPerson;
use crate::auth::sessions::{COOKIE, SessionRecord, SessionToken};
use crate::identity::{Identity, StoreKeys};
use crate::office::Office;
use crate::platform::{Clock, Platform, Random};
use crate::store::{MemoryStore, Table};

pub(crate) const PASSWORD: &str = "correct horse";
const NOW: UnixMillis = UnixMillis(1_780_270_200_000);
const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, iterations: 1, lanes: 1 };

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = self.0.fetch_add(1, Ordering::SeqCst);
        blake3::Hasher::new().update(&drawn.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

/// An office with its routes.
pub(crate) struct Company {
    pub(crate) office: Arc<Office>,
    pub(crate) router: Router,
    clock: Arc<TestClock>,
}

/// A logged-in person.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) cookie: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn etag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }

    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.body);
        self.body
    }
}

impl Company {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(NOW.0)));
        let platform = Platform { clock: clock.clone(), random: Arc::new(TestRandom(AtomicU64::new(0))) };
        let new = Identity { store: StoreId([1; 16]), epoch: Epoch([2; 8]), node: 0, start: 0 };
        let keys = StoreKeys::from_secret(&[7; StoreKeys::LENGTH]);
        let (office, _thread) = Office::open(Arc::new(MemoryStore::new()), keys, platform, Some(new)).unwrap();
        let router = crate::app::router(office.clone(), None);
        Self { office, router, clock }
    }

    pub(crate) fn pass(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Enters a person with [`PASSWORD`] and logs him in.
    pub(crate) async fn person(&self, login: &str, roles: &[Role]) -> Person {
        let new = NewPerson::new(login, login, roles.iter().copied(), ["air"], Language::En).unwrap();
        let hash = password::hash(PASSWORD, [1; 16], CHEAP).unwrap();
        let job = move |writer: &mut crate::commit::Writer| Ok(writer.add_person(new, Some(hash), None)?.id);
        let id = self.office.committer.run(job).await.unwrap();
        self.session(id).await
    }

    /// The person has logged in just now.
    pub(crate) async fn session(&self, id: PersonId) -> Person {
        let token = SessionToken::new(self.office.platform.bytes());
        let digest = token.digest();
        let job = move |writer: &mut crate::commit::Writer| {
            let session = SessionRecord::new(id, writer.identity().epoch, writer.now());
            writer.put(Table::Session, digest.0, session.to_bytes());
            Ok(())
        };
        self.office.committer.run(job).await.unwrap();
        Person { id, cookie: format!("{COOKIE}={}", token.reveal()) }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, &person.cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, person: &Person, path: &str, body: &Value) -> Answer {
        self.send(post(path, body, &[(header::COOKIE.as_str(), &person.cookie)])).await
    }

    /// Runs a command on the view that `etag` names.
    pub(crate) async fn command(&self, person: &Person, order: &str, etag: &str, body: &Value) -> Answer {
        let path = format!("/api/orders/{order}/commands");
        self.send(post(&path, body, &[(header::COOKIE.as_str(), &person.cookie), ("if-match", etag)])).await
    }

    /// Registers a call; gives the order and its entity tag.
    pub(crate) async fn order(&self, clerk: &Person, problem: &str) -> (String, String) {
        let answer = self.post(clerk, "/api/orders", &call(problem)).await;
        let etag = answer.etag();
        (answer.ok()["id"].as_str().unwrap().to_owned(), etag)
    }
}

pub(crate) fn post(path: &str, body: &Value, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request =
        Request::builder().method(Method::POST).uri(path).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

/// A call with everything that C-001 asks for.
pub(crate) fn call(problem: &str) -> Value {
    json!({
        "customer": {"name": "陈静", "phone": "021-5550100"},
        "site": {"address": "南京西路 1266 号"},
        "unit": {"model": "KFR-35GW", "serial": "SN-1"},
        "channel": "phone", "class": "chargeable", "urgency": "normal",
        "problem": problem,
    })
}
