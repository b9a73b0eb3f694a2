//! A wrapper that encrypts what reaches the disk: values always, keys where they would tell something.
//!
//! A value is sealed with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under a 256-bit data key that the
//! platform's key store keeps apart from the store; the nonce is 24 random bytes; the associated data are the
//! table and the row's key on disk, so that a row cannot be moved to another place. In tables of
//! [`KeyOrder::Any`] the key on disk is a keyed BLAKE3 digest, and the true key lies inside the sealed value.
//!
//! What still shows: how many rows a table has, roughly how large they are, and counters of the tables of
//! [`KeyOrder::Ascending`].

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use super::{Batch, DeviceStore, KeyOrder, Row, StoreError, Table};
use crate::platform::Random;

/// Length of the data key in bytes.
pub const DATA_KEY_BYTES: usize = 32;

/// First byte of a sealed value: which key and cipher; a later one means another format.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A store whose values are encrypted.
pub struct SealedStore<S, R> {
    inner: S,
    random: R,
    cipher: XChaCha20Poly1305,
    key_of_keys: Zeroizing<[u8; 32]>,
}

impl<S, R> core::fmt::Debug for SealedStore<S, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealedStore").finish_non_exhaustive()
    }
}

impl<S: DeviceStore, R: Random> SealedStore<S, R> {
    /// `inner`, sealed with keys derived from `data_key`; `random` gives the nonces.
    pub fn new(inner: S, random: R, data_key: &[u8; DATA_KEY_BYTES]) -> Self {
        let mut value_key = blake3::derive_key("docket device store 1 values", data_key);
        let key_of_keys = Zeroizing::new(blake3::derive_key("docket device store 1 keys", data_key));
        let cipher = XChaCha20Poly1305::new(&value_key.into());
        value_key.zeroize();
        Self { inner, random, cipher, key_of_keys }
    }

    /// The key under which the row lies in the inner store.
    fn stored_key(&self, table: Table, key: &[u8]) -> Vec<u8> {
        match table.order() {
            KeyOrder::Ascending => key.to_vec(),
            KeyOrder::Any => {
                let mut hasher = blake3::Hasher::new_keyed(&self.key_of_keys);
                hasher.update(&[table.number()]);
                hasher.update(key);
                hasher.finalize().as_bytes().to_vec()
            }
        }
    }

    fn seal(&self, table: Table, stored_key: &[u8], key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill(&mut nonce).map_err(|error| StoreError::engine("drawing a nonce", error))?;
        let mut message = Zeroizing::new(Vec::with_capacity(value.len().saturating_add(key.len()).saturating_add(1)));
        if table.order() == KeyOrder::Any {
            message.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
            message.extend_from_slice(key);
        }
        message.extend_from_slice(value);
        let aad = associated(table, stored_key);
        let payload = Payload { msg: &message, aad: &aad };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_opaque| StoreError::engine("sealing a row", "the cipher refused"))?;
        let mut bytes = Vec::with_capacity(sealed.len().saturating_add(NONCE_BYTES).saturating_add(1));
        bytes.push(FORMAT);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// The row that lies sealed under `stored_key`.
    fn unseal(&self, table: Table, stored_key: &[u8], bytes: &[u8]) -> Result<Row, StoreError> {
        self.try_unseal(table, stored_key, bytes).ok_or(StoreError::Damaged { table: table.label() })
    }

    fn try_unseal(&self, table: Table, stored_key: &[u8], bytes: &[u8]) -> Option<Row> {
        let (&FORMAT, rest) = bytes.split_first()? else { return None };
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let aad = associated(table, stored_key);
        let message = self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).ok()?;
        match table.order() {
            KeyOrder::Ascending => Some((stored_key.to_vec(), message)),
            KeyOrder::Any => {
                let (length, rest) = message.split_first()?;
                let (key, value) = rest.split_at_checked(usize::from(*length))?;
                Some((key.to_vec(), value.to_vec()))
            }
        }
    }
}

/// Associated data: the place of the row.
fn associated(table: Table, stored_key: &[u8]) -> Vec<u8> {
    core::iter::once(table.number()).chain(stored_key.iter().copied()).collect()
}

impl<S: DeviceStore, R: Random> DeviceStore for SealedStore<S, R> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let stored_key = self.stored_key(table, key);
        match self.inner.get(table, &stored_key)? {
            Some(bytes) => Ok(Some(self.unseal(table, &stored_key, &bytes)?.1)),
            None => Ok(None),
        }
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let after = after.map(|key| self.stored_key(table, key));
        let rows = self.inner.scan(table, after.as_deref(), limit)?;
        rows.into_iter().map(|(stored_key, bytes)| self.unseal(table, &stored_key, &bytes)).collect()
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut sealed = Batch::new();
        for change in batch.into_changes() {
            let stored_key = self.stored_key(change.table, &change.key);
            match change.value {
                Some(value) => {
                    let bytes = self.seal(change.table, &stored_key, &change.key, &value)?;
                    sealed.put(change.table, stored_key, bytes);
                }
                None => {
                    sealed.delete(change.table, stored_key);
                }
            }
        }
        self.inner.write(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::CountingRandom;
    use crate::store::memory::{MemoryDisk, MemoryStore};

    fn sealed(store: MemoryStore, key: u8) -> SealedStore<MemoryStore, CountingRandom> {
        SealedStore::new(store, CountingRandom::new(1), &[key; DATA_KEY_BYTES])
    }

    fn with_one_row() -> (MemoryDisk, Vec<u8>) {
        let disk = MemoryDisk::new();
        let id = vec![0xaa; 16];
        let mut batch = Batch::new();
        batch.put(Table::OrderRow, id.clone(), "漏水 at Mr. Wang's kitchen");
        batch.put(Table::Meta, "who", "Mr. Wang");
        sealed(disk.open().unwrap(), 7).write(batch).unwrap();
        (disk, id)
    }

    #[test]
    fn a_stolen_disk_shows_neither_values_nor_document_ids() {
        let (disk, id) = with_one_row();
        let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        for (_, key, value) in disk.dump() {
            assert!(!contains(&value, b"Wang") && !contains(&value, "漏水".as_bytes()));
            assert!(!contains(&value, &id) && !contains(&key, &id));
        }
        let store = sealed(disk.open().unwrap(), 7);
        assert_eq!(store.scan(Table::OrderRow, None, 10).unwrap()[0].0, id);
    }

    #[test]
    fn another_key_or_a_changed_byte_is_damage_never_garbage() {
        let (disk, _) = with_one_row();
        // Ascending keys are found and cannot be read; hidden keys are not even found under another key.
        let other = sealed(disk.copy().open().unwrap(), 8);
        assert!(matches!(other.get(Table::Meta, b"who"), Err(StoreError::Damaged { table: "meta" })));
        assert!(matches!(other.scan(Table::OrderRow, None, 1), Err(StoreError::Damaged { .. })));
        let (number, key, value) = disk.dump().into_iter().find(|(number, ..)| *number == 1).unwrap();
        assert_eq!(number, Table::Meta.number());
        for position in 0..value.len() {
            let copy = disk.copy();
            let mut store = copy.open().unwrap();
            let mut damaged = value.clone();
            damaged[position] ^= 1;
            let mut batch = Batch::new();
            batch.put(Table::Meta, key.clone(), damaged);
            store.write(batch).unwrap();
            assert!(sealed(store, 7).get(Table::Meta, b"who").is_err(), "byte {position}");
        }
    }

    #[test]
    fn a_row_moved_to_another_key_is_damage() {
        let (disk, _) = with_one_row();
        let (_, _, value) = disk.dump().into_iter().find(|(number, ..)| *number == 1).unwrap();
        let mut store = disk.open().unwrap();
        let mut batch = Batch::new();
        batch.put(Table::Meta, "other", value);
        store.write(batch).unwrap();
        assert!(sealed(store, 7).get(Table::Meta, b"other").is_err());
    }

    #[test]
    fn the_same_value_is_never_sealed_twice_to_the_same_bytes() {
        let disk = MemoryDisk::new();
        let mut store = sealed(disk.open().unwrap(), 7);
        let mut batch = Batch::new();
        batch.put(Table::Journal, [0, 1], "same").put(Table::Journal, [0, 2], "same");
        store.write(batch).unwrap();
        let dump = disk.dump();
        assert_ne!(dump[0].2, dump[1].2);
    }
}
