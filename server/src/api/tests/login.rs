//! Sessions: how they begin and end, and what guards the door.

use super::*;

fn log_in(login: &str, password: &str) -> Request<Body> {
    post("/api/login", &json!({"login": login, "password": password}), &[])
}

#[tokio::test]
async fn a_right_password_begins_a_session_in_a_guarded_cookie() {
    let company = Company::new();
    let li = company.person("li.na", &[Role::Clerk]).await;
    let answer = company.send(log_in(" Li.Na ", PASSWORD)).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["docket_session=", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie} lacks {part}");
    }
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let person = answer.ok();
    assert_eq!(person, json!({"person": li.id.to_string(), "name": "li.na", "roles": ["clerk"], "language": "en"}));
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let session = Person { id: li.id, cookie };
    assert_eq!(company.get(&session, "/api/me").await.ok(), person);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_logins_get_the_same_answer_and_no_cookie() {
    let company = Company::new();
    company.person("li", &[Role::Clerk]).await;
    for (login, password) in [("li", "wrong horse"), ("nobody", PASSWORD), ("", ""), ("not a login", PASSWORD)] {
        let answer = company.send(log_in(login, password)).await;
        assert_eq!(answer.code(), (401, "wrong_login"), "{login}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        assert_eq!(answer.body["message"], "login or password is wrong");
    }
}

#[tokio::test]
async fn the_sixth_try_is_refused_until_time_has_passed() {
    let company = Company::new();
    company.person("li", &[Role::Clerk]).await;
    for _ in 0..5 {
        assert_eq!(company.send(log_in("li", "wrong horse")).await.code(), (401, "wrong_login"));
    }
    let braked = company.send(log_in("li", PASSWORD)).await;
    assert_eq!(braked.code(), (429, "too_many_tries"));
    assert!(braked.headers.contains_key(header::RETRY_AFTER));
    company.pass(16 * 60_000);
    assert_eq!(company.send(log_in("li", PASSWORD)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_ends_by_logging_out_and_by_idleness() {
    let company = Company::new();
    let li = company.person("li", &[Role::Clerk]).await;
    let na = company.person("na", &[Role::Clerk]).await;
    let out = company.post(&li, "/api/logout", &json!({})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(company.get(&li, "/api/me").await.code(), (401, "not_logged_in"));
    assert_eq!(company.get(&na, "/api/me").await.status, StatusCode::OK);
    company.pass(9 * 3_600_000);
    assert_eq!(company.get(&na, "/api/me").await.code(), (401, "not_logged_in"));
}

#[tokio::test]
async fn without_a_session_nothing_is_read() {
    let company = Company::new();
    let stranger = Person { id: PersonId([0; 16]), cookie: format!("{COOKIE}={}", "ab".repeat(32)) };
    for path in [
        "/api/me",
        "/api/orders",
        "/api/reviews",
        "/api/technicians",
        "/api/quarantine",
        "/api/people",
        "/api/devices",
        "/api/store",
        "/api/events",
    ] {
        assert_eq!(company.get(&stranger, path).await.code(), (401, "not_logged_in"), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let company = Company::new();
    let li = company.person("li", &[Role::Clerk]).await;
    let cookie = [(header::COOKIE.as_str(), li.cookie.as_str()), ("sec-fetch-site", "cross-site")];
    let answer = company.send(post("/api/orders", &call("x"), &cookie)).await;
    assert_eq!(answer.code(), (403, "other_site"));
    assert_eq!(company.get(&li, "/api/orders").await.ok()["total"], 0);
    let form =
        Request::post("/api/orders").header(header::COOKIE, &li.cookie).header(header::CONTENT_TYPE, "text/plain");
    let answer = company.send(form.body(Body::from(call("x").to_string())).unwrap()).await;
    assert_eq!(answer.code(), (415, "malformed_request"));
}

fn enrol(code: &str) -> Request<Body> {
    post(
        "/device/enrol",
        &json!({"code": code, "device_key": "11".repeat(32), "nonce": "22".repeat(16),
        "signature": "33".repeat(64)}),
        &[],
    )
}

#[tokio::test]
async fn guessing_enrolment_codes_is_braked_before_the_commit_thread() {
    let company = Company::new();
    let first = company.send(enrol("?")).await;
    assert_eq!((first.code(), &first.body["field"]), ((403, "code_malformed"), &json!("code")));
    for _ in 1..crate::auth::throttle::TRIES_WIDE_MAX {
        assert_eq!(company.send(enrol("?")).await.code(), (403, "code_malformed"));
    }
    let braked = company.send(enrol("?")).await;
    assert_eq!(braked.code(), (429, "too_many_tries"));
    assert!(braked.headers.contains_key(header::RETRY_AFTER));
    // Another address may go on.
    let mut elsewhere = enrol("?");
    let peer: std::net::SocketAddr = "10.0.0.9:4711".parse().unwrap();
    elsewhere.extensions_mut().insert(axum::extract::ConnectInfo(peer));
    assert_eq!(company.send(elsewhere).await.code(), (403, "code_malformed"));
    company.pass(16 * 60_000);
    assert_eq!(company.send(enrol("?")).await.code(), (403, "code_malformed"));
}

#[tokio::test]
async fn an_enrolment_that_cannot_be_read_is_answered_in_words() {
    let company = Company::new();
    for nonsense in [json!({}), json!([1]), json!({"code": 7}), Value::Null] {
        let answer = company.send(post("/device/enrol", &nonsense, &[])).await;
        assert_eq!(answer.code(), (400, "malformed_request"), "{nonsense}");
        assert!(answer.body["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.body);
    }
    let text = Request::post("/device/enrol").header(header::CONTENT_TYPE, "text/plain").body(Body::from("x")).unwrap();
    assert_eq!(company.send(text).await.code(), (415, "malformed_request"));
}
