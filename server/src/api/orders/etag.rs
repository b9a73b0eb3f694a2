//! The frontier of a view as an entity tag: what its reader had seen (sync.md, "Knowledge is stated").

use axum::http::{HeaderMap, HeaderValue, header};
use docket_sync_core::ids::{FactId, FactRef};
use docket_sync_core::limits::SEEN_MAX;

use crate::error::ApiError;

/// The frontier as text: references joined by `.`.
pub(crate) fn etag(frontier: &[FactId]) -> String {
    let references: Vec<String> = frontier.iter().map(|fact| fact.reference().to_string()).collect();
    references.join(".")
}

/// The header for an entity tag.
pub(super) fn etag_header(etag: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(&format!("\"{etag}\"")).map_err(|error| ApiError::internal("writing an entity tag", &error))
}

/// The frontier that `If-Match` names. Absent, or `*`, which names no view: 428. What cannot be a frontier of any
/// view is one that this store does not know: `None`.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Vec<FactRef>>, ApiError> {
    let value = headers.get(header::IF_MATCH).ok_or_else(ApiError::precondition_required)?;
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    if text == "*" || text.is_empty() {
        return Err(ApiError::precondition_required());
    }
    let references: Result<Vec<FactRef>, _> = text.split('.').map(str::parse).collect();
    Ok(references.ok().filter(|references| references.len() <= SEEN_MAX))
}

#[cfg(test)]
mod tests {
    use docket_sync_core::ids::ActorId;

    use super::*;

    fn read(text: &'static str) -> Result<Option<usize>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static(text));
        if_match(&headers).map(|found| found.map(|found| found.len())).map_err(|error| error.body().code)
    }

    #[test]
    fn a_frontier_survives_its_tag() {
        let frontier =
            [FactId { actor: ActorId([1; 16]), sequence: 12 }, FactId { actor: ActorId([2; 16]), sequence: 3 }];
        let header = etag_header(&etag(&frontier)).unwrap();
        let headers = HeaderMap::from_iter([(header::IF_MATCH, header)]);
        let expected: Vec<FactRef> = frontier.iter().map(FactId::reference).collect();
        assert_eq!(if_match(&headers).unwrap(), Some(expected));
    }

    #[test]
    fn a_tag_that_names_no_view_is_told_apart_from_one_that_cannot_be() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap_err().body().code, "precondition_required");
        assert_eq!(read("*"), Err("precondition_required"));
        assert_eq!(read("\"\""), Err("precondition_required"));
        assert_eq!(read("\"not a fact\""), Ok(None));
        assert_eq!(read("W/\"vov2xk5l42.vov2xk5l43\""), Ok(Some(2)));
    }
}
