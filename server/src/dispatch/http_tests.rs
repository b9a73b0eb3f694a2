//! The routes of dispatch and callbacks, through the whole router.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use docket_sync_core::facts::values::Urgency;
use docket_sync_core::time::DAY;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::reactor::Rotation;
use super::world::{CLERK, World, order, person};
use crate::auth::sessions::{COOKIE, SessionRecord, SessionToken};
use crate::callbacks::reactor::FollowUp;
use crate::store::{MemoryStore, Table};

struct Page {
    router: Router,
    cookie: String,
}

impl Page {
    fn open(world: &World) -> Self {
        let token = SessionToken::new([5; 32]);
        let digest = token.digest();
        world.run(move |writer| {
            let session = SessionRecord::new(CLERK, writer.identity().epoch, writer.now());
            writer.put(Table::Session, digest.0, session.to_bytes());
            Ok(())
        });
        let router = crate::api::router(world.office.clone(), None);
        Self { router, cookie: format!("{COOKIE}={}", token.reveal()) }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", &self.cookie)
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
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
    let (status, error) = page.ask("POST", &path, Some(json!({}))).await;
    assert_eq!((status, &error["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("nobody_fits")));
    let (status, error) = page.ask("POST", &path, Some(json!({ "technician": b }))).await;
    assert_eq!((status, &error["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("override_reason")), "{error}");
    let body = json!({ "technician": b, "reason": "he is near" });
    let (status, answer) = page.ask("POST", &path, Some(body)).await;
    assert_eq!((status, &answer["order"]["technician"]["id"]), (StatusCode::OK, &json!(b)), "{answer}");
    let (_, board) = page.ask("GET", "/api/dispatch", None).await;
    assert_eq!(board["waiting"], json!([]));
    assert_eq!(board["last"][0]["reason"], "he is near");
    assert_eq!(board["last"][0]["turn"], Value::Null);
    assert_eq!(board["last"][0]["skipped"][0]["reason"], "skill");
    assert_eq!(board["last"][0]["skipped"][0]["reason_text"]["zh"], "技能不符");
    let (status, _) = page.ask("POST", &format!("/api/orders/{}/dispatch", order(9)), Some(json!({}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
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
    let (status, error) = page.ask("POST", &path, Some(json!({}))).await;
    assert_eq!((status, &error["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("outcome")));
    let (status, item) = page.ask("POST", &path, answer("no_answer")).await;
    assert_eq!((status, &item["attempts"], &item["outcome"]), (StatusCode::OK, &json!(1), &Value::Null));
    let (status, item) = page.ask("POST", &path, answer("redo")).await;
    assert_eq!((status, &item["outcome"], &item["overdue"]), (StatusCode::OK, &json!("redo"), &json!(false)));
    let (status, error) = page.ask("POST", &path, answer("ok")).await;
    assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("already_done")));
    let (status, _) = page.ask("POST", &format!("/api/callbacks/{}", order(2)), answer("ok")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    for (state, total) in [("due", 0), ("done", 1), ("all", 1)] {
        let (_, list) = page.ask("GET", &format!("/api/callbacks?state={state}"), None).await;
        assert_eq!(list["total"], total, "{state}");
    }
    let (status, _) = page.ask("GET", "/api/callbacks?state=some", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}
