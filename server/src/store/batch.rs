//! What is written together: puts, removals and the conditions under which they may happen.

use std::collections::BTreeMap;

use docket_sync_core::ids::KeyId;

use super::{StoreError, Table, value};

/// Longest key in bytes, without the table.
pub const KEY_BYTES_MAX: usize = 512;

/// Largest value in bytes, header included: a document of the most and the largest facts is refused long
/// before, and an engine holds a batch in memory.
pub const VALUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Most bytes of keys and values in one batch: two such batches must fit in memory beside the cache.
pub const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the value under a key must be before a batch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// There is no value.
    Absent,
    /// There is a value, whatever it is.
    Present,
    /// The stored bytes are these, header included.
    Equals(Vec<u8>),
    /// The stored bytes begin with these, header included: a version that the owner writes in front.
    StartsWith(Vec<u8>),
}

impl Expect {
    /// Whether `stored` (header included) meets the condition.
    #[must_use]
    pub fn holds(&self, stored: Option<&[u8]>) -> bool {
        match (self, stored) {
            (Self::Absent, None) | (Self::Present, Some(_)) => true,
            (Self::Equals(expected), Some(stored)) => expected == stored,
            (Self::StartsWith(prefix), Some(stored)) => stored.starts_with(prefix),
            (Self::Absent, Some(_)) | (Self::Present | Self::Equals(_) | Self::StartsWith(_), None) => false,
        }
    }
}

/// Writes of several tables that happen together or not at all.
///
/// Several writes of one key: the last one counts. Conditions are about the state before the batch.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    expectations: Vec<(Table, Vec<u8>, Expect)>,
    // Invariant: values carry the header of `value`.
    writes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch of plain values and removals.
    pub(crate) fn of_plain(mut writes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>) -> Self {
        for payload in writes.values_mut().flatten() {
            value::make_plain(payload);
        }
        Self { expectations: Vec::new(), writes }
    }

    /// Writes a plain value.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, payload: impl AsRef<[u8]>) -> &mut Self {
        self.writes.insert((table, key.into()), Some(value::plain(payload.as_ref())));
        self
    }

    /// Writes a value that the caller has encrypted with `data_key`.
    pub fn put_encrypted(
        &mut self,
        table: Table,
        key: impl Into<Vec<u8>>,
        data_key: KeyId,
        ciphertext: impl AsRef<[u8]>,
    ) -> &mut Self {
        self.writes.insert((table, key.into()), Some(value::encrypted(data_key, ciphertext.as_ref())));
        self
    }

    /// Removes a value; nothing happens when there is none.
    pub fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.writes.insert((table, key.into()), None);
        self
    }

    /// Writes a value that has its header already, or removes it.
    pub(crate) fn put_stored(&mut self, table: Table, key: Vec<u8>, stored: Option<Vec<u8>>) {
        self.writes.insert((table, key), stored);
    }

    /// Demands that there is no value under `key`.
    pub fn expect_absent(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.expect(table, key, Expect::Absent)
    }

    /// Demands that there is a value under `key`.
    pub fn expect_present(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.expect(table, key, Expect::Present)
    }

    /// Demands that the plain value under `key` is `payload`.
    pub fn expect_equals(&mut self, table: Table, key: impl Into<Vec<u8>>, payload: impl AsRef<[u8]>) -> &mut Self {
        self.expect(table, key, Expect::Equals(value::plain(payload.as_ref())))
    }

    /// Demands that the plain value under `key` begins with `version`.
    pub fn expect_version(&mut self, table: Table, key: impl Into<Vec<u8>>, version: impl AsRef<[u8]>) -> &mut Self {
        self.expect(table, key, Expect::StartsWith(value::plain(version.as_ref())))
    }

    /// Takes over everything from `other`, whose writes come after those made so far.
    pub fn append(&mut self, other: Batch) -> &mut Self {
        self.expectations.extend(other.expectations);
        self.writes.extend(other.writes);
        self
    }

    /// The conditions, in the order they were demanded.
    pub fn expectations(&self) -> impl Iterator<Item = (Table, &[u8], &Expect)> {
        self.expectations.iter().map(|(table, key, expect)| (*table, key.as_slice(), expect))
    }

    /// The writes by table and key: `Some` is a value with its header, `None` a removal.
    pub fn writes(&self) -> impl Iterator<Item = (Table, &[u8], Option<&[u8]>)> {
        self.writes.iter().map(|((table, key), value)| (*table, key.as_slice(), value.as_deref()))
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Number of keys written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Bytes of keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.writes()
            .map(|(_, key, value)| key.len().saturating_add(value.map_or(0, <[u8]>::len)))
            .fold(0, usize::saturating_add)
    }

    /// Refuses keys, values and batches above the limits of this module.
    pub fn check_limits(&self) -> Result<(), StoreError> {
        let within = |what, size, limit| {
            if size <= limit { Ok(()) } else { Err(StoreError::TooLarge { what, size, limit }) }
        };
        let mut total = 0_usize;
        for (_, key, value) in self.writes() {
            let size = value.map_or(0, <[u8]>::len);
            within("key", key.len(), KEY_BYTES_MAX)?;
            within("value", size, VALUE_BYTES_MAX)?;
            total = total.saturating_add(key.len()).saturating_add(size);
        }
        within("batch", total, BATCH_BYTES_MAX)
    }

    fn expect(&mut self, table: Table, key: impl Into<Vec<u8>>, expect: Expect) -> &mut Self {
        self.expectations.push((table, key.into(), expect));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_write_of_a_key_counts() {
        let mut batch = Batch::new();
        batch.put(Table::Meta, "a", "1").remove(Table::Meta, "a").put(Table::Log, "a", "2");
        let writes: Vec<_> = batch.writes().collect();
        assert_eq!(writes, [(Table::Meta, b"a".as_slice(), None), (Table::Log, b"a", Some(&[1, 0, b'2'][..]))]);
    }

    #[test]
    fn keys_above_the_limit_are_refused() {
        let mut batch = Batch::new();
        batch.put(Table::Meta, vec![0; KEY_BYTES_MAX], "");
        assert!(batch.check_limits().is_ok());
        batch.put(Table::Meta, vec![0; KEY_BYTES_MAX + 1], "");
        assert!(matches!(batch.check_limits(), Err(StoreError::TooLarge { what: "key", size: 513, .. })));
    }
}
