//! The page and what every answer carries.

use super::*;

async fn raw(company: &Company, path: &str) -> Answer {
    company.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let company = Company::new();
    for path in ["/", "/api/me", "/api/none", "/healthz", "/orders"] {
        let headers = raw(&company, path).await.headers;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self'; ") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "{path}: over plain HTTP it is not sent");
    }
    let tls = crate::app::router(company.office.clone(), Some(docket_sync_core::ids::Digest([5; 32])));
    let response = tls.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert!(response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
}

#[tokio::test]
async fn paths_of_the_page_show_its_index_and_paths_of_programs_do_not() {
    let company = Company::new();
    for path in ["/", "/index.html", "/orders/1"] {
        let answer = raw(&company, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html", "{path}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache", "{path}");
    }
    for path in ["/api", "/api/none", "/device/none", "/assets/gone-123.js"] {
        assert_eq!(raw(&company, path).await.code(), (404, "not_found"), "{path}");
    }
    let etag = raw(&company, "/").await.etag();
    let again = Request::get("/").header(header::IF_NONE_MATCH, etag).body(Body::empty()).unwrap();
    assert_eq!(company.send(again).await.status, StatusCode::NOT_MODIFIED);
    let wrong = Request::delete("/api/orders").body(Body::empty()).unwrap();
    assert_eq!(company.send(wrong).await.code(), (405, "method_not_allowed"));
}

#[tokio::test]
async fn the_server_says_that_it_lives_and_can_commit() {
    let company = Company::new();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(raw(&company, path).await.ok(), json!({"status": "ok"}), "{path}");
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let answer = company.post(&clerk, "/api/orders", &call(&"x".repeat(200_000))).await;
    assert_eq!(answer.code(), (413, "too_large"));
    let long = company.post(&clerk, "/api/orders", &call(&"x".repeat(3_000))).await;
    assert_eq!((long.code(), &long.body["field"]), ((422, "invalid_field"), &json!("problem")));
}
