//! Writes that are decided but not yet applied: a layer over the store that the writer reads through.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::store::{Batch, Entry, KeyRange, Order, Store, StoreError, Table};

/// One layer of writes.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    writes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    /// Bytes written, rewritten ones counted again: an upper bound.
    bytes: usize,
}

impl Overlay {
    pub(super) fn put(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>) {
        let size = key.len().saturating_add(value.as_ref().map_or(0, Vec::len));
        self.bytes = self.bytes.saturating_add(size);
        self.writes.insert((table, key), value);
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.writes.get(&(table, key.to_vec()))
    }

    pub(super) fn clear(&mut self) {
        self.writes.clear();
        self.bytes = 0;
    }

    /// Upper bound of the bytes in this layer.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Moves the writes of `other` on top of this layer.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        // Not `append`: that builds the whole layer anew, and a group is many jobs.
        self.writes.extend(std::mem::take(&mut other.writes));
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
    }

    /// The writes as a batch; this layer is empty then.
    pub(super) fn take_batch(&mut self) -> Batch {
        self.bytes = 0;
        Batch::of_plain(std::mem::take(&mut self.writes))
    }

    fn within<'a>(
        &'a self,
        table: Table,
        range: &'a KeyRange,
    ) -> impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> + 'a {
        let from = match &range.from {
            Bound::Included(key) => Bound::Included((table, key.clone())),
            Bound::Excluded(key) => Bound::Excluded((table, key.clone())),
            Bound::Unbounded => Bound::Included((table, Vec::new())),
        };
        self.writes
            .range((from, Bound::Unbounded))
            .take_while(move |((found, key), _)| {
                *found == table
                    && match &range.to {
                        Bound::Included(to) => key <= to,
                        Bound::Excluded(to) => key < to,
                        Bound::Unbounded => true,
                    }
            })
            .map(|((_, key), value)| (key, value))
    }
}

/// The store with layers on top; later layers win.
pub(super) struct Layers<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) layers: [&'a Overlay; 2],
}

impl Layers<'_> {
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        for layer in self.layers.iter().rev() {
            if let Some(value) = layer.get(table, key) {
                return Ok(value.clone());
            }
        }
        self.store.get(table, key)
    }

    /// Forward scan, layers merged in. At most `limit` entries.
    pub(super) fn scan(&self, table: Table, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let mut changed: BTreeMap<&Vec<u8>, &Option<Vec<u8>>> = BTreeMap::new();
        for layer in self.layers {
            changed.extend(layer.within(table, range));
        }
        // Removed entries take places of the store's page, so ask for that many more.
        let asked = limit.saturating_add(changed.len());
        let stored = self.store.scan(table, range, asked, Order::Forward)?;
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, value) in changed {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }
}
