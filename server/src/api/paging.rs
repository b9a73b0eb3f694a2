//! Paged lists: `?limit=50&after=CURSOR` and `{"items", "next", "total"}`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;

/// Items of a page unless asked otherwise.
const LIMIT_DEFAULT: usize = 50;
/// Most items of a page: a page of orders is about 300 KB then.
const LIMIT_MAX: usize = 1_000;
/// Longest cursor in bytes.
const CURSOR_BYTES_MAX: usize = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; null at the end.
    pub next: Option<String>,
    /// Items on all pages.
    pub total: usize,
}

/// The part of a list that is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most items, 1 to 1000.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The part of a list that is wanted, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// Most items, at least 1.
    pub limit: usize,
    /// Cursor of the item before the first one.
    pub after: Option<String>,
}

impl PageQuery {
    /// As given.
    #[must_use]
    pub fn new(limit: Option<String>, after: Option<String>) -> Self {
        Self { limit, after }
    }

    /// Checks limit and cursor.
    pub fn check(self) -> Result<Paging, ApiError> {
        self.check_or(LIMIT_DEFAULT)
    }

    /// The same for short lists that a page loads whole.
    pub fn check_whole(self) -> Result<Paging, ApiError> {
        self.check_or(LIMIT_MAX)
    }

    fn check_or(self, default: usize) -> Result<Paging, ApiError> {
        let limit = match self.limit.as_deref().filter(|text| !text.is_empty()) {
            None => default,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| ApiError::invalid_field("limit", format!("a page has 1 to {LIMIT_MAX} items")))?,
        };
        let after = self.after.filter(|after| !after.is_empty());
        if after.as_ref().is_some_and(|after| after.len() > CURSOR_BYTES_MAX) {
            return Err(ApiError::invalid_field("after", "this is not the end of a page"));
        }
        Ok(Paging { limit, after })
    }
}

impl Paging {
    /// The page of a list that is sorted by `key`. A cursor whose item is gone goes on behind its place.
    pub fn cut<T, K: Ord>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> K,
        cursor: impl Fn(&T) -> String,
        read_cursor: impl Fn(&str) -> Option<K>,
    ) -> Result<Page<T>, ApiError> {
        let after = match &self.after {
            None => None,
            Some(text) => Some(
                read_cursor(text).ok_or_else(|| ApiError::invalid_field("after", "this is not the end of a page"))?,
            ),
        };
        let total = items.len();
        let mut rest =
            items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after)).peekable();
        let page: Vec<T> = rest.by_ref().take(self.limit).collect();
        let next = if rest.peek().is_some() { page.last().map(cursor) } else { None };
        Ok(Page { items: page, next, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(limit: &str, after: &str) -> Result<Paging, ApiError> {
        PageQuery { limit: Some(limit.to_owned()), after: Some(after.to_owned()) }.check()
    }

    #[test]
    fn limits_are_checked() {
        assert_eq!(PageQuery::default().check().unwrap(), Paging { limit: 50, after: None });
        assert_eq!(query("2", "x").unwrap(), Paging { limit: 2, after: Some("x".to_owned()) });
        for limit in ["0", "1001", "-1", "many"] {
            assert_eq!(query(limit, "").unwrap_err().body().field.as_deref(), Some("limit"), "{limit}");
        }
        assert_eq!(query("1", &"x".repeat(201)).unwrap_err().body().field.as_deref(), Some("after"));
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let cut = |after: Option<&str>| {
            let paging = Paging { limit: 2, after: after.map(str::to_owned) };
            paging.cut(vec![1, 2, 4, 5], |item| *item, i32::to_string, |text| text.parse().ok()).unwrap()
        };
        assert_eq!(cut(None), Page { items: vec![1, 2], next: Some("2".to_owned()), total: 4 });
        assert_eq!(cut(Some("2")), Page { items: vec![4, 5], next: None, total: 4 });
        assert_eq!(cut(Some("3")).items, [4, 5], "the cursor's item is gone");
    }
}
