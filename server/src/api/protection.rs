//! What every answer carries and every request passes: headers, the same origin, a time limit, a trace without
//! personal data.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultOnFailure, DefaultOnResponse, MakeSpan, TraceLayer};
use tracing::{Level, Span};

use crate::error::ApiError;

/// How long an answer may take; streams of events have no such limit.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The page uses nothing but itself.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
                                       img-src 'self' data: blob:; frame-ancestors 'none'";

/// Two years, as browsers' lists ask for.
const STRICT_TRANSPORT: &str = "max-age=63072000";

/// Headers of every answer.
pub(super) async fn set_headers(mut response: Response) -> Response {
    std::future::ready(()).await;
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What people may see changes with their rights: nothing of it stays in a cache unless its handler says so.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Browsers come back by TLS only. Sent over TLS only (RFC 6797, 7.2).
pub(super) async fn set_strict_transport(mut response: Response) -> Response {
    std::future::ready(()).await;
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
    response
}

/// Refuses requests that change something and come from another site. Programs that are no browsers send neither
/// header and carry no cookie of a browser.
pub(super) async fn same_origin(request: Request, next: Next) -> Result<Response, ApiError> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_origin(request.headers(), request.uri().authority().map(axum::http::uri::Authority::as_str)) {
        Ok(next.run(request).await)
    } else {
        Err(ApiError::new(StatusCode::FORBIDDEN, "other_site", "this request was made by a page of another site"))
    }
}

fn is_same_origin(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    // HTTP/2 has the host in the request's address.
    let host = text(header::HOST).or(authority);
    let origin = origin.split_once("://").map(|(_, host)| host);
    origin.is_some() && origin == host
}

/// Answers 503 where an answer takes too long.
pub(super) async fn time_out(request: Request, next: Next) -> Result<Response, ApiError> {
    tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await.map_err(|_elapsed| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "the server took too long: try again")
    })
}

/// A span of method and route: no path, for ids and search texts stand there.
#[derive(Debug, Clone, Copy)]
pub(super) struct RouteSpan;

impl<B> MakeSpan<B> for RouteSpan {
    fn make_span(&mut self, request: &axum::http::Request<B>) -> Span {
        let route = request.extensions().get::<MatchedPath>().map_or("page", MatchedPath::as_str);
        tracing::info_span!("request", method = %request.method(), route)
    }
}

/// Traces requests: the route, the status, the time it took.
pub(super) fn tracing() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>, RouteSpan, ()> {
    TraceLayer::new_for_http()
        .make_span_with(RouteSpan)
        .on_request(())
        .on_response(DefaultOnResponse::new().level(Level::DEBUG))
        .on_failure(DefaultOnFailure::new().level(Level::WARN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_from_the_same_origin_or_from_no_browser() {
        let same = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            is_same_origin(&headers, None)
        };
        assert!(same(&[]));
        assert!(same(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil"), ("host", "a")]));
        assert!(same(&[("origin", "https://a:8443"), ("host", "a:8443")]));
        assert!(!same(&[("sec-fetch-site", "cross-site")]));
        assert!(!same(&[("sec-fetch-site", "same-site")]));
        assert!(!same(&[("origin", "https://evil"), ("host", "a")]));
        assert!(!same(&[("origin", "null"), ("host", "null")]));
        assert!(!same(&[("origin", "https://a")]));
    }
}
