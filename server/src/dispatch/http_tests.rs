//! The routes of dispatch and callbacks, through the whole router.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use docket_sync_core::facts::values::Urgency;
use docket_sync_core::ids::PersonId;
use docket_sync_core::time::DAY;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::reactor::Rotation;
use super::world::{CLERK, World, order, person};
use crate::auth::sessions::{COOKIE, SessionRecord, SessionToken};
use crate::callbacks::reactor::FollowUp;
use crate::store::{MemoryStore, Table};

/// The routes, and somebody who is logged in.
pub(crate) struct Page {
    router: Router,
    cookie: String,
}

impl Page {
    fn open(world: &World) -> Self {
        Self::open_as(world, CLERK)
    }

    pub(crate) fn open_as(world: &World, person: PersonId) -> Self {
        let token = SessionToken::new([5; 32]);
        let digest = token.digest();
        world.run(move |writer| {
            let session = SessionRecord::new(person, writer.identity().epoch, writer.now());
            writer.put(Table::Session, digest.0, session.to_bytes());
            Ok(())
        });
        let router = crate::app::router(world.office.clone(), None);
        Self { router, cookie: format!("{COOKIE}={}", token.reveal()) }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.ask_on(method, path, None, body).await
    }

    /// The same, decided on the view with this tag.
    async fn ask_on(&self, method: &str, path: &str, etag: Option<&str>, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", &self.cookie)
            .header("content-type", "application/json");
        if let Some(etag) = etag {
            request = request.header("if-match", format!("\"{etag}\""));
        }
        let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1_000_000).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn c_040_the_board_shows_roster_queue_and_reasons() {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire("A B:boiler");
    for (number, skill) in [(1, ""), (2, "boiler"), (3, "boiler")] {
        world.call(number, Urgency::Normal, skill);
        world.follow(Rotation).await;
    }
    let page = Page::open(&world);
    let (status, board) = page.ask("GET", "/api/dispatch", None).await;
    assert_eq!(status, StatusCode::OK, "{board}");
    let b = person('B').to_string();
    assert_eq!(board["roster"][1]["technician"]["id"], b);
    assert_eq!((&board["roster"][1]["out"], &board["roster"][1]["next"]), (&json!(true), &json!(false)));
    assert_eq!(board["waiting"].as_array().unwrap().len(), 1);
    assert_eq!(board["waiting"][0]["serial"], "2026-000003");
    assert_eq!(board["last"][0]["serial"], "2026-000002");
    assert_eq!(board["last"][0]["turn"], 2);

    let path = format!("/api/orders/{}/dispatch", order(3));
    let etag = board["waiting"][0]["etag"].as_str().unwrap();
    let (status, error) = page.ask_on("POST", &path, Some(etag), Some(json!({}))).await;
    assert_eq!((status, &error["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("nobody_fits")));
    let (status, error) = page.ask_on("POST", &path, Some(etag), Some(json!({ "technician": b }))).await;
    assert_eq!((status, &error["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("override_reason")), "{error}");
    let body = json!({ "technician": b, "reason": "he is near" });
    let (status, answer) = page.ask_on("POST", &path, Some(etag), Some(body)).await;
    assert_eq!((status, &answer["order"]["technician"]["id"]), (StatusCode::OK, &json!(b)), "{answer}");
    assert_eq!(answer["order"]["etag"], answer["fact"], "{answer}");
    let (_, board) = page.ask("GET", "/api/dispatch", None).await;
    assert_eq!(board["waiting"], json!([]));
    assert_eq!(board["last"][0]["reason"], "he is near");
    assert_eq!(board["last"][0]["turn"], Value::Null);
    assert_eq!(board["last"][0]["skipped"][0]["reason"], "skill");
    assert_eq!(board["last"][0]["skipped"][0]["reason_text"]["zh"], "技能不符");
    let nowhere = format!("/api/orders/{}/dispatch", order(9));
    for tag in [etag, "of nothing"] {
        let (status, _) = page.ask_on("POST", &nowhere, Some(tag), Some(json!({}))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{tag}");
    }
}

#[tokio::test]
async fn r_01_a_dispatch_says_what_its_author_had_seen_and_nothing_is_inferred() {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire("A");
    world.register(1, Urgency::Normal, "");
    world.confirm(1);
    world.run(|writer| crate::dispatch::Desk::open(writer, writer.identity().store)?.follow(writer, order(1)));
    let page = Page::open(&world);
    let (_, board) = page.ask("GET", "/api/dispatch", None).await;
    let shown = board["waiting"][0]["etag"].as_str().unwrap().to_owned();
    let (_, detail) = page.ask("GET", &format!("/api/orders/{}", order(1)), None).await;
    assert_eq!(detail["etag"], shown, "the board shows the same view as the order's page");
    let path = format!("/api/orders/{}/dispatch", order(1));
    let (status, error) = page.ask("POST", &path, Some(json!({}))).await;
    assert_eq!((status, &error["code"]), (StatusCode::PRECONDITION_REQUIRED, &json!("precondition_required")));
    for unknown in ["not a fact", "vov2xk5l42", &format!("{shown}.vov2xk5l42")] {
        let (status, error) = page.ask_on("POST", &path, Some(unknown), Some(json!({}))).await;
        assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("unknown_frontier")), "{unknown}");
        assert_eq!((&error["order"]["etag"], &error["order"]["technician"]), (&json!(shown), &Value::Null));
    }
    assert_eq!(world.technician(1), '-', "nothing was done");
    // A view that is behind is no error: what it did not show is named, and stays unseen.
    let note = json!({ "command": "note", "text": "the key is with the neighbour" });
    let commands = format!("/api/orders/{}/commands", order(1));
    let (status, noted) = page.ask_on("POST", &commands, Some(&shown), Some(note)).await;
    assert_eq!(status, StatusCode::OK, "{noted}");
    let (status, answer) = page.ask_on("POST", &path, Some(&shown), Some(json!({}))).await;
    assert_eq!((status, &answer["not_seen"]), (StatusCode::OK, &json!([noted["fact"]])), "{answer}");
    assert_eq!(world.technician(1), 'A');
}

#[tokio::test]
async fn c_151_the_clerks_list_shows_what_is_overdue_and_takes_one_answer() {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire("A");
    world.call(1, Urgency::Normal, "");
    world.complete(1, 'A');
    world.follow(FollowUp).await;
    world.pass(5 * DAY);
    let page = Page::open(&world);
    let (status, list) = page.ask("GET", "/api/callbacks", None).await;
    assert_eq!((status, &list["total"], &list["next"]), (StatusCode::OK, &json!(1), &Value::Null), "{list}");
    let item = &list["items"][0];
    assert_eq!((&item["overdue"], &item["attempts"], &item["outcome"]), (&json!(true), &json!(0), &Value::Null));
    assert_eq!(item["technician"]["id"], person('A').to_string());

    let path = format!("/api/callbacks/{}", order(1));
    let answer = |outcome: &str| Some(json!({ "outcome": outcome, "note": "said so" }));
    let etag = item["etag"].as_str().unwrap().to_owned();
    let (status, error) = page.ask("POST", &path, answer("ok")).await;
    assert_eq!((status, &error["code"]), (StatusCode::PRECONDITION_REQUIRED, &json!("precondition_required")));
    let (status, error) = page.ask_on("POST", &path, Some("vov2xk5l42"), answer("ok")).await;
    assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("unknown_frontier")));
    assert_eq!(error["callback"]["attempts"], 0, "nothing was done, and the present callback is shown");
    let etag = Some(etag.as_str());
    let (status, error) = page.ask_on("POST", &path, etag, Some(json!({}))).await;
    assert_eq!((status, &error["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("outcome")));
    let (status, item) = page.ask_on("POST", &path, etag, answer("no_answer")).await;
    assert_eq!((status, &item["attempts"], &item["outcome"]), (StatusCode::OK, &json!(1), &Value::Null));
    let (status, item) = page.ask_on("POST", &path, etag, answer("redo")).await;
    assert_eq!((status, &item["outcome"], &item["overdue"]), (StatusCode::OK, &json!("redo"), &json!(false)));
    let (status, error) = page.ask_on("POST", &path, etag, answer("ok")).await;
    assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("already_done")));
    let (status, _) = page.ask_on("POST", &format!("/api/callbacks/{}", order(2)), etag, answer("ok")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    for (state, total) in [("due", 0), ("done", 1), ("all", 1)] {
        let (_, list) = page.ask("GET", &format!("/api/callbacks?state={state}"), None).await;
        assert_eq!(list["total"], total, "{state}");
    }
    let (status, _) = page.ask("GET", "/api/callbacks?state=some", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}
