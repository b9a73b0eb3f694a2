//! Writes as sled is given them: a batch at once, or a part of what is replayed.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::{SledStore, full_key, piece_key};
use crate::store::journal::Position;
use crate::store::layout::{AIM_KEY, Head, IN_PIECES, PIECE_BYTES, WHOLE};
use crate::store::{Batch, Store as _, StoreError, Table, batch};

/// One write of a batch: table, key, and value unless it is removed.
type Write<'a> = (Table, &'a [u8], Option<&'a [u8]>);

#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Numbers of tables that may hold values in pieces: others need no look at the old value.
    pub(super) in_pieces: BTreeSet<u8>,
}

impl SledStore {
    /// The sled batch that does what `batch` says, or the conflict that forbids it. The caller holds the writer.
    fn translate(&self, batch: &Batch, writer: &mut Writer) -> Result<::sled::Batch, StoreError> {
        for (table, key, expect) in batch.expectations() {
            let stored = self.get_stored(table, key)?;
            if !expect.holds(stored.as_deref()) {
                return Err(StoreError::Conflict { table, key: key.to_vec() });
            }
        }
        let mut translated = ::sled::Batch::default();
        for write in batch.writes() {
            self.translate_one(&mut translated, write, writer)?;
        }
        Ok(translated)
    }

    fn translate_one(
        &self,
        to: &mut ::sled::Batch,
        (table, key, value): Write<'_>,
        writer: &mut Writer,
    ) -> Result<(), StoreError> {
        let number = table.number();
        if writer.in_pieces.contains(&number) {
            for piece in 0..self.pieces_of(table, key)? {
                to.remove(piece_key(number, key, piece));
            }
        }
        match value {
            None => to.remove(full_key(number, key)),
            Some(value) if value.len() < PIECE_BYTES => to.insert(full_key(number, key), whole_value(value)),
            Some(value) => {
                writer.in_pieces.insert(number);
                put_pieces(to, number, key, value)?;
            }
        }
        Ok(())
    }

    /// One write by itself, where nobody reads meanwhile.
    fn write_alone(&self, (table, key, value): Write<'_>, writer: &mut Writer) -> Result<(), StoreError> {
        let full = full_key(table.number(), key);
        match value {
            _ if writer.in_pieces.contains(&table.number())
                || value.is_some_and(|value| value.len() >= PIECE_BYTES) =>
            {
                let mut one = ::sled::Batch::default();
                self.translate_one(&mut one, (table, key, value), writer)?;
                self.contained("applying a value", || self.db.apply_batch(one))
            }
            Some(value) => self.contained("writing a value", || self.db.insert(full, whole_value(value))).map(drop),
            None => self.contained("removing a value", || self.db.remove(full)).map(drop),
        }
    }

    /// Applies the writes of `batch` at once; conditions and room are the caller's.
    pub(super) fn write(&self, batch: &Batch, also: impl FnOnce(&mut ::sled::Batch)) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_running()?;
        let mut translated = self.translate(batch, &mut writer)?;
        also(&mut translated);
        let _writing = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.contained("applying a batch", || self.db.apply_batch(translated))
    }

    /// Pieces of all values: tests look for those that belong to none.
    #[cfg(test)]
    pub(in crate::store) fn pieces(&self) -> ::sled::Result<usize> {
        self.db.scan_prefix([crate::store::layout::PIECES_PREFIX]).try_fold(0, |count, found| found.map(|_| count + 1))
    }

    /// Number of pieces of the present value.
    fn pieces_of(&self, table: Table, key: &[u8]) -> Result<u32, StoreError> {
        let head = self.contained("reading a head", || self.db.get(full_key(table.number(), key)))?;
        Ok(match head.as_ref().and_then(|head| Head::read(head)) {
            Some(Head::InPieces { pieces, .. }) => pieces,
            Some(Head::Whole(_)) | None => 0,
        })
    }

    /// Not as one batch: sled frees what a batch replaced after the batch, and 300,000 changes in batches of 20,000
    /// keys took 5 GB of memory.
    pub(super) fn write_part(&self, batch: &Batch, aim: Position) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_running()?;
        let _writing = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.contained("writing the aim", || self.db.insert(AIM_KEY, aim.to_bytes().as_slice()))?;
        batch.writes().try_for_each(|write| self.write_alone(write, &mut writer))
    }
}

fn whole_value(value: &[u8]) -> Vec<u8> {
    [&[WHOLE], value].concat()
}

fn put_pieces(to: &mut ::sled::Batch, table: u8, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let too_large = |_| StoreError::TooLarge { what: "value", size: value.len(), limit: batch::VALUE_BYTES_MAX };
    let length = u32::try_from(value.len()).map_err(too_large)?;
    to.insert(full_key(table, key), [&[IN_PIECES], length.to_be_bytes().as_slice()].concat());
    for (number, piece) in (0..).zip(value.chunks(PIECE_BYTES)) {
        to.insert(piece_key(table, key, number), piece);
    }
    Ok(())
}
