//! A range of keys of one table, and the direction in which it is read.

use std::ops::Bound;

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// From the least key to the greatest.
    #[default]
    Forward,
    /// From the greatest key to the least.
    Reverse,
}

/// Keys between two bounds, compared byte by byte. A range whose end lies before its start is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The lower bound.
    pub from: Bound<Vec<u8>>,
    /// The upper bound.
    pub to: Bound<Vec<u8>>,
}

impl KeyRange {
    /// All keys.
    #[must_use]
    pub fn all() -> Self {
        Self { from: Bound::Unbounded, to: Bound::Unbounded }
    }

    /// Keys from `from` (included) to `to` (excluded).
    #[must_use]
    pub fn new(from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> Self {
        Self { from: Bound::Included(from.into()), to: Bound::Excluded(to.into()) }
    }

    /// Keys from `from`, included.
    #[must_use]
    pub fn starting_at(from: impl Into<Vec<u8>>) -> Self {
        Self { from: Bound::Included(from.into()), to: Bound::Unbounded }
    }

    /// Keys greater than `key`.
    #[must_use]
    pub fn after(key: impl Into<Vec<u8>>) -> Self {
        Self { from: Bound::Excluded(key.into()), to: Bound::Unbounded }
    }

    /// Keys less than `key`.
    #[must_use]
    pub fn before(key: impl Into<Vec<u8>>) -> Self {
        Self { from: Bound::Unbounded, to: Bound::Excluded(key.into()) }
    }

    /// Keys that begin with `prefix`.
    #[must_use]
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        let prefix = prefix.into();
        let to = successor(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Self { from: Bound::Included(prefix), to }
    }

    /// The keys of this range that are greater than `key`: the next page of a forward scan.
    #[must_use]
    pub fn continued_after(self, key: impl Into<Vec<u8>>) -> Self {
        Self { from: Bound::Excluded(key.into()), to: self.to }
    }

    /// The keys of this range that are less than `key`: the next page of a reverse scan.
    #[must_use]
    pub fn continued_before(self, key: impl Into<Vec<u8>>) -> Self {
        Self { from: self.from, to: Bound::Excluded(key.into()) }
    }

    /// Whether no key can lie in this range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(from), Bound::Included(to)) => from > to,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to))
            | (Bound::Excluded(from), Bound::Included(to)) => from >= to,
        }
    }
}

/// The least key that is greater than every key with `prefix`; `None` when there is none.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if let Some(next) = last.checked_add(1) {
            bytes.push(next);
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(KeyRange::prefix("ab"), KeyRange::new("ab", "ac"));
        assert_eq!(KeyRange::prefix([1, 0xff, 0xff]), KeyRange::new([1, 0xff, 0xff], [2]));
        assert_eq!(KeyRange::prefix([0xff, 0xff]).to, Bound::Unbounded);
        assert_eq!(KeyRange::prefix([]).to, Bound::Unbounded);
    }

    #[test]
    fn emptiness_is_seen_without_reading() {
        assert!(KeyRange::new("b", "a").is_empty() && KeyRange::new("a", "a").is_empty());
        assert!(KeyRange::new("a", "b").continued_after("b").is_empty());
        let point = KeyRange { from: Bound::Included(vec![1]), to: Bound::Included(vec![1]) };
        assert!(!point.is_empty() && !KeyRange::all().is_empty());
    }
}
